"""Our own words for what becomes of sessions and of the whole project, for all whom it concerns."""

from collections.abc import Mapping
from typing import Final

from insight_sessions.domain.notices import NoticeKind, Owed
from insight_sessions.wording.phrases import (
    DOES_NOT_SUIT,
    NOTHING_TO_DO,
    REASON,
    RELEASE,
    WRITE,
    Paragraphs,
    Words,
    calendar,
    cancelled,
    kept,
    left,
    released,
    sorry_cancelled,
    switching,
    waiting,
    with_place,
)


def _first_in_line(owed: Owed) -> Paragraphs:
    if owed.previous is None or not owed.waits:
        return []
    return ["Because you had a place, you come before everybody who has not had one yet."]


def _keeps_place(owed: Owed, news: Paragraphs, when: str) -> Paragraphs:
    """For those whose own session is at another time."""
    return [
        *news,
        *cancelled(owed),
        "You keep your place.",
        *released(owed),
        *switching(owed),
        *calendar(owed),
        f"If you cannot come at {when}, {DOES_NOT_SUIT}",
    ]


def _asked_for(owed: Owed, news: str) -> Paragraphs:
    """For those who asked for a session that is at another time, and have no place in it."""
    known = [news, *cancelled(owed)]
    if owed.slot is not None:
        return [*known, *released(owed), *with_place(owed, "Your own place has not changed:"), *kept(owed)]
    return [*known, *left(owed), *released(owed), *waiting(owed), *calendar(owed)]


def _session_rescheduled(owed: Owed) -> Paragraphs:
    if owed.slot is None or owed.previous is None:
        return _asked_for(owed, "A session of “{project}” that you asked for has a new time.")
    news = with_place(owed, "Your session of “{project}” has a new time:")
    return _keeps_place(owed, [*news, "Before, it was:\n{previous}"], "the new time")


def _clocks_changed(owed: Owed) -> Paragraphs:
    cause = "A time zone has new rules for its clocks, and they concern"
    same = "It stays at the same local time"
    if owed.slot is None or owed.previous is None:
        return _asked_for(owed, f"{cause} a session of “{{project}}” that you asked for. {same}.")
    news = [
        *with_place(owed, f"{cause} your session of “{{project}}”. {same}:"),
        "With the rules before, it was:\n{previous}",
        "If you join it from another time zone, it is at another time of your day now.",
    ]
    return _keeps_place(owed, news, "that time")


def _details_changed(owed: Owed) -> Paragraphs:
    if owed.slot is None:
        news = "Some details of “{project}” have changed."
        return [news, *cancelled(owed), *left(owed), *calendar(owed), f"If you have a question, {WRITE}."]
    same = ["The date and the time stay as they were, and you keep your place."] if owed.previous is None else []
    return [
        *with_place(owed, "Some details of “{project}” have changed. This is your session now:"),
        *cancelled(owed),
        *left(owed),
        *same,
        *kept(owed),
    ]


def _joining_details(owed: Owed) -> Paragraphs:
    return [
        *with_place(owed, "This is your session of “{project}”, and how to join it."),
        *cancelled(owed),
        *left(owed),
        "Please keep this to yourself: it is for those with a place only.",
        *kept(owed),
    ]


def _reminder(owed: Owed) -> Paragraphs:
    return [*with_place(owed, "This is a reminder. You have a place in “{project}”:"), RELEASE]


def _session_cancelled(owed: Owed) -> Paragraphs:
    news = [*sorry_cancelled(owed), *left(owed)]
    if owed.slot is not None:
        own = "Your own place has not changed:" if owed.previous is None else "You have a place in this session:"
        return [*news, *with_place(owed, own), *kept(owed)]
    asked = "You had asked for them." if owed.others_cancelled else "You had asked for it."
    before = asked if owed.previous is None else "This means that you have no place at the moment."
    return [*news, before, *_first_in_line(owed), *waiting(owed, "other "), *calendar(owed)]


def _project_cancelled(owed: Owed) -> Paragraphs:
    lost = [] if owed.previous is None else ["Your place in this session is cancelled with it:\n{previous}"]
    return [
        "We are sorry: “{project}” will not take place.",
        REASON,
        *lost,
        *calendar(owed),
        f"{NOTHING_TO_DO} If you have a question, {WRITE}.",
        "Thank you for wanting to take part.",
    ]


SESSIONS: Final[Mapping[NoticeKind, Words]] = {
    NoticeKind.SESSION_RESCHEDULED: (
        lambda owed: "Your session has a new time" if owed.slot and owed.previous else "A session has a new time",
        _session_rescheduled,
    ),
    NoticeKind.CLOCKS_CHANGED: (
        lambda owed: f"{'Your' if owed.slot and owed.previous else 'A'} session keeps its local time",
        _clocks_changed,
    ),
    NoticeKind.DETAILS_CHANGED: ("Some details have changed", _details_changed),
    NoticeKind.JOINING_DETAILS: ("How to join your session", _joining_details),
    NoticeKind.REMINDER: ("Your session is soon", _reminder),
    NoticeKind.SESSION_CANCELLED: ("A session will not take place", _session_cancelled),
    NoticeKind.PROJECT_CANCELLED: ("The project will not take place", _project_cancelled),
}
