"""Our own words for what comes after the sessions, in plain English."""

from collections.abc import Mapping
from typing import Final

from insight_sessions.domain.notices import NoticeKind, Owed
from insight_sessions.wording.phrases import WRITE, Paragraphs, Words, calendar

_QUESTION: Final = f"If you have a question, {WRITE}."


def _write_up(owed: Owed) -> Paragraphs:
    return [
        "This is what came out of “{project}”.",
        "It is an update: version {version}, which takes the place of the one before.",
        "{write_up}",
        "{write_up_text}",
        *calendar(owed),
        f"We would like to know what you think of it, until this time:\n{{feedback_until}}\nTo tell us, {WRITE}.",
        _QUESTION,
    ]


def _feedback_answered(owed: Owed) -> Paragraphs:
    return [
        "Thank you for your feedback on the write-up of “{project}”.",
        "You said:\n{feedback}",
        "Our answer:\n{answer}",
        *calendar(owed),
        _QUESTION,
    ]


KINDS: Final[Mapping[NoticeKind, Words]] = {
    NoticeKind.WRITE_UP: ("What came out of the sessions", _write_up),
    NoticeKind.FEEDBACK_ANSWERED: ("You said, we answer", _feedback_answered),
}
