"""Our own words for what becomes of somebody's interest: a place, an offer, a line to wait in, or none of them."""

from collections.abc import Mapping
from typing import Final

from insight_sessions.domain.notices import NoticeKind, Owed
from insight_sessions.wording.phrases import (
    ANSWERS,
    CHANGE,
    DOES_NOT_SUIT,
    GIVE_UP,
    NOTHING_TO_DO,
    REASON,
    RELEASE,
    WRITE,
    Paragraphs,
    Words,
    calendar,
    cancelled,
    instead,
    kept,
    left,
    offer,
    released,
    sorry_cancelled,
    switching,
    waiting,
    with_place,
)


def _interest_received(owed: Owed) -> Paragraphs:
    return [
        "Thank you for telling us that you would like to take part in “{project}”. We have received your interest.",
        *cancelled(owed),
        *left(owed),
        "This is not a place yet. What happens next: the organisers decide who can join, and we tell you.",
        *calendar(owed),
        f"{NOTHING_TO_DO} If something changes for you, {WRITE}.",
        CHANGE,
        ANSWERS,
    ]


def _place_confirmed(owed: Owed) -> Paragraphs:
    return [
        *with_place(owed, "Good news: you have a place in “{project}”."),
        *cancelled(owed),
        *left(owed),
        *switching(owed),
        *calendar(owed),
        "What happens next: we will be in touch with anything else you need to know before the session.",
        RELEASE,
        ANSWERS,
        "To see all your sessions in your own calendar, open this page:\n{feed_link}",
    ]


def _place_offered(owed: Owed) -> Paragraphs:
    sorry = sorry_cancelled(owed) if owed.cancelled is not None else []
    news = [*sorry, "Good news: there is a place for you in “{project}”.", *left(owed), *released(owed)]
    if owed.slot is None:
        return [*news, *offer(), *calendar(owed)]
    return [*news, *switching(owed), *with_place(owed, "This is the place you have now:"), *calendar(owed)]


def _offer_refused(owed: Owed) -> Paragraphs:
    thanks = "Thank you for your answer: you do not want the place in “{project}” that we held for you."
    return [thanks, "Somebody else can have it now:\n{released}", *instead(owed)]


def _offer_lapsed(owed: Owed) -> Paragraphs:
    news = "We held a place in “{project}” for you, and have not heard from you in time."
    again = [] if owed.slot is not None or not owed.waits else ["You are at the end of the line again."]
    return [news, "Somebody else can have it now:\n{released}", *again, *instead(owed)]


def _waiting_list(owed: Owed) -> Paragraphs:
    free = owed.offered is not None or not owed.waits
    taken = [] if free else ["There is no place for you at the moment in the sessions you can attend."]
    return [
        "Thank you for your interest in “{project}”.",
        *cancelled(owed),
        *left(owed),
        *taken,
        *waiting(owed),
        *calendar(owed),
        ANSWERS,
    ]


def _no_place_yet(owed: Owed) -> Paragraphs:
    return [
        "Thank you for your interest in “{project}”, and for waiting while everybody's wishes were looked at together.",
        *(["We are sorry: we could not give everybody a place, and there is none for you yet."] if owed.waits else []),
        *cancelled(owed),
        *left(owed),
        *waiting(owed),
        *calendar(owed),
    ]


def _switch_waiting(owed: Owed) -> Paragraphs:
    so_far = "No place is free there yet" if owed.waits else "We cannot offer you one now"
    if owed.undecided:
        so_far = "The organisers will decide"
    opening = f"You asked for another session of “{{project}}”. {so_far}, so you keep the place you have:"
    return [*with_place(owed, opening), *cancelled(owed), *left(owed), *kept(owed)]


def _place_moved(owed: Owed) -> Paragraphs:
    if owed.cancelled is None:
        news = with_place(owed, "Your place in “{project}” is in another session now:")
    else:
        found = "You have a place in another session that you told us you can attend:"
        news = [*sorry_cancelled(owed), *with_place(owed, found)]
    return [
        *news,
        *left(owed),
        *switching(owed),
        *calendar(owed),
        f"If this session does not suit you, {DOES_NOT_SUIT}",
    ]


def _give_up_place(owed: Owed) -> Paragraphs:
    return [
        *with_place(owed, "Your answer to our invite says that you will not come to this session of “{project}”:"),
        f"Your place is still yours. To give it up, {WRITE}, so that somebody else can have it.",
        GIVE_UP,
        "If you want to keep it, or if that answer was not yours, you do not need to do anything.",
        *switching(owed),
        *calendar(owed),
    ]


def _declined(owed: Owed) -> Paragraphs:
    return [
        "Thank you for your interest in “{project}”. We are sorry: we cannot offer you a place this time.",
        REASON,
        *left(owed),
        *calendar(owed),
        f"{NOTHING_TO_DO} If you have a question, {WRITE}.",
    ]


def _withdrawn(owed: Owed) -> Paragraphs:
    free = [] if owed.previous is None else ["Your place in this session is free for somebody else now:\n{previous}"]
    return [
        "You have withdrawn from “{project}”.",
        *free,
        *calendar(owed),
        f"{NOTHING_TO_DO} If this is a mistake, or you would like to take part after all, {WRITE}.",
    ]


PLACES: Final[Mapping[NoticeKind, Words]] = {
    NoticeKind.INTEREST_RECEIVED: ("We have received your interest", _interest_received),
    NoticeKind.PLACE_CONFIRMED: ("You have a place", _place_confirmed),
    NoticeKind.PLACE_OFFERED: ("A place is held for you", _place_offered),
    NoticeKind.OFFER_REFUSED: ("You said no to a place", _offer_refused),
    NoticeKind.OFFER_LAPSED: ("The place is no longer held for you", _offer_lapsed),
    NoticeKind.WAITING: (
        lambda owed: "You are on the waiting list" if owed.waits else "No place is free at the moment",
        _waiting_list,
    ),
    NoticeKind.NO_PLACE_YET: ("There is no place for you yet", _no_place_yet),
    NoticeKind.SWITCH_WAITING: ("You keep your place", _switch_waiting),
    NoticeKind.PLACE_MOVED: ("Your place is in another session now", _place_moved),
    NoticeKind.GIVE_UP_PLACE: ("Your place is still yours", _give_up_place),
    NoticeKind.DECLINED: ("We cannot offer you a place this time", _declined),
    NoticeKind.WITHDRAWN: ("You have withdrawn", _withdrawn),
}
