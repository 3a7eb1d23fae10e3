"""Our own words for what comes after the sessions, in plain English."""

from collections.abc import Mapping
from typing import Final

from insight_sessions.domain.notices import NoticeKind, Owed
from insight_sessions.wording.phrases import FOLLOWED, REASON, WRITE, Paragraphs, Words, calendar

_QUESTION: Final = f"If you have a question, {WRITE}."
_WORK: Final = "Your work:\n{work}"


def _write_up(owed: Owed) -> Paragraphs:
    asked = f"We would like to know what you think of it, until this time:\n{{feedback_until}}\nTo tell us, {WRITE}."
    here = "Or tell us on this page:\n{feedback_link}"
    end = [asked, here, _QUESTION] if owed.registration else [FOLLOWED]
    return [
        "This is what came out of “{project}”.",
        "It is an update: version {version}, which takes the place of the one before.",
        "{write_up}",
        "{write_up_text}",
        *calendar(owed),
        *end,
    ]


def _feedback_answered(owed: Owed) -> Paragraphs:
    return [
        "Thank you for your feedback on the write-up of “{project}”.",
        "You said:\n{feedback}",
        "Our answer:\n{answer}",
        *calendar(owed),
        _QUESTION,
    ]


def _work_received(owed: Owed) -> Paragraphs:
    return [
        "Thank you for sharing your work with “{project}”.",
        _WORK,
        *calendar(owed),
        "We will read it and let you know whether it may become a case study. You do not need to do anything.",
        _QUESTION,
    ]


def _work_shortlisted(owed: Owed) -> Paragraphs:
    return [
        "We have read the work that you shared with “{project}”. It is on our shortlist for a case study.",
        _WORK,
        REASON,
        *calendar(owed),
        "It is not published yet. We will let you know when we have decided.",
        _QUESTION,
    ]


def _work_published(owed: Owed) -> Paragraphs:
    return [
        "The work that you shared with “{project}” is published as a case study.",
        _WORK,
        REASON,
        *calendar(owed),
        f"Thank you for sharing it. You can take back your consent at any time: {WRITE}.",
    ]


def _work_declined(owed: Owed) -> Paragraphs:
    return [
        "Thank you for sharing your work with “{project}”. We have read it, and will not make a case study of it.",
        _WORK,
        REASON,
        *calendar(owed),
        _QUESTION,
    ]


LEARNING: Final[Mapping[NoticeKind, Words]] = {
    NoticeKind.WRITE_UP: ("What came out of the sessions", _write_up),
    NoticeKind.FEEDBACK_ANSWERED: ("You said, we answer", _feedback_answered),
    NoticeKind.WORK_RECEIVED: ("We have received your work", _work_received),
    NoticeKind.WORK_SHORTLISTED: ("Your work is on our shortlist", _work_shortlisted),
    NoticeKind.WORK_PUBLISHED: ("Your work is a case study", _work_published),
    NoticeKind.WORK_DECLINED: ("Your work was not chosen", _work_declined),
}
