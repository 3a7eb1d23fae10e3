"""What the words for several kinds of notices have in common."""

from collections.abc import Callable
from typing import Final

from insight_sessions.domain.notices import Method, Owed

Paragraphs = list[str]

Words = tuple[str | Callable[[Owed], str], Callable[[Owed], Paragraphs]]
"""How a kind of notice is said: the beginning of its subject, and its paragraphs."""

WRITE: Final = "write to {organiser} at {organiser_email}"
LEAVE: Final = f"To stop these messages, {WRITE}."
FOLLOWED: Final = f"You get this because you follow “{{project}}”. {LEAVE}"
REASON: Final = "In the organisers' words: {reason}"


def calendar(owed: Owed) -> Paragraphs:
    """What the calendar message does that comes along, if one does."""
    if owed.method is Method.CANCEL:
        return ["The calendar message that comes with this one takes the session out of your calendar."]
    if owed.method is Method.REQUEST and owed.begins:
        return ["A calendar invite comes with this message."]
    if owed.method is Method.REQUEST:
        return ["The calendar invite that comes with this message brings your calendar up to date."]
    return []
