"""Our own words for every kind of notice, in plain English.

Each kind says what is so, then what happens next, then what the person can do. One sentence per idea, and
dates stand on a line of their own. A fact that is not there leaves no gap: the words are chosen by the facts.
"""

from collections.abc import Mapping
from typing import Final

from insight_sessions.domain.notices import NoticeKind, Owed, Wording
from insight_sessions.wording.english_following import FOLLOWING
from insight_sessions.wording.english_learning import LEARNING
from insight_sessions.wording.english_organiser import ORGANISER
from insight_sessions.wording.english_people import PEOPLE
from insight_sessions.wording.english_places import PLACES
from insight_sessions.wording.english_sessions import SESSIONS
from insight_sessions.wording.phrases import Words

_SIGNED: Final = "With best wishes,\n{organiser}\n{organiser_email}"
_TO_ORGANISER: Final = "This message comes from the program that looks after “{project}”."

_KINDS: Final[Mapping[NoticeKind, Words]] = {
    **PLACES,
    **SESSIONS,
    **PEOPLE,
    **FOLLOWING,
    **LEARNING,
    **ORGANISER,
}


def default_wording(owed: Owed) -> Wording:
    """The words for a notice when the host has none of its own, chosen by its facts."""
    subject, body = _KINDS[owed.kind]
    title = subject if isinstance(subject, str) else subject(owed)
    paragraphs = ["Hello {name},", *body(owed), _SIGNED if owed.person else _TO_ORGANISER]
    join = " " if title.endswith("?") else ": "
    return Wording(f"{title}{join}{{project}}", "\n\n".join(paragraphs))
