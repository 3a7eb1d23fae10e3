"""Our own words for reminders, in plain English."""

from collections.abc import Mapping
from typing import Final

from insight_sessions.domain.notices import NoticeKind, Owed
from insight_sessions.wording.phrases import WRITE as _WRITE
from insight_sessions.wording.phrases import Paragraphs, Words


def _reminder(owed: Owed) -> Paragraphs:
    where = "" if owed.slot is None or owed.slot.where is None else "\nWhere: {where}"
    return [
        "This is a reminder. You have a place in “{project}”:",
        f"{{session}}{where}",
        "How to join:\n{joining}",
        f"If you can no longer come, please {_WRITE} as soon as you can, so that somebody else can have your place.",
    ]


def _below_minimum(owed: Owed) -> Paragraphs:
    del owed
    return [
        "Too few people have a place in this session of “{project}”:",
        "{session}",
        "People with a place: {people}. Minimum: {minimum}.",
        "So they were not reminded of it. You may want to cancel it, or to find them another one.",
    ]


REMINDING: Final[Mapping[NoticeKind, Words]] = {
    NoticeKind.REMINDER: ("Your session is soon", _reminder),
    NoticeKind.BELOW_MINIMUM: ("Too few people for a session", _below_minimum),
}
