"""Our own words for every kind of notice, in plain English.

Each kind says what is so, then what happens next, then what the person can do. One sentence per idea, and
dates stand on a line of their own. A fact that is not there leaves no gap: the words are chosen by the facts.
"""

from collections.abc import Mapping
from typing import Final

from insight_sessions.domain.notices import NoticeKind, Owed, Wording
from insight_sessions.wording.english_following import FOLLOWING
from insight_sessions.wording.english_learning import KINDS
from insight_sessions.wording.english_reminding import REMINDING
from insight_sessions.wording.phrases import REASON as _REASON
from insight_sessions.wording.phrases import WRITE as _WRITE
from insight_sessions.wording.phrases import Paragraphs, Words
from insight_sessions.wording.phrases import calendar as _calendar

_SIGNED: Final = "With best wishes,\n{organiser}\n{organiser_email}"
_TO_ORGANISER: Final = "This message comes from the program that looks after “{project}”."
_NOTHING_TO_DO: Final = "You do not need to do anything."
_RELEASE: Final = (
    f"If you can no longer come, please {_WRITE} as soon as you can, so that somebody else can have your place."
)
_DOES_NOT_SUIT: Final = f"please {_WRITE} as soon as you can. Together we will see what is possible."


def default_wording(owed: Owed) -> Wording:
    """The words for a notice when the host has none of its own, chosen by its facts."""
    subject, body = _KINDS[owed.kind]
    title = subject if isinstance(subject, str) else subject(owed)
    paragraphs = ["Hello {name},", *body(owed), _SIGNED if owed.person else _TO_ORGANISER]
    join = " " if title.endswith("?") else ": "
    return Wording(f"{title}{join}{{project}}", "\n\n".join(paragraphs))


# What several kinds have in common


def _with_place(owed: Owed, opening: str) -> Paragraphs:
    """A sentence and, below it, the place they have."""
    where = "" if owed.slot is None or owed.slot.where is None else "\nWhere: {where}"
    return [opening, f"{{session}}{where}", "How to join:\n{joining}"]


def _had_the_cancelled_one(owed: Owed) -> bool:
    return owed.cancelled is not None and owed.previous is not None and owed.cancelled.id == owed.previous.id


def _cancelled(owed: Owed) -> Paragraphs:
    """News of a cancelled session inside another message."""
    if owed.cancelled is None:
        return []
    which = "The session you had a place in" if _had_the_cancelled_one(owed) else "This session"
    if owed.others_cancelled:
        which = "These sessions"
    return [f"{which} will not take place:\n{{cancelled}}", _REASON]


def _sorry_cancelled(owed: Owed) -> Paragraphs:
    """The same as the news itself."""
    if owed.cancelled is None:
        return ["We are sorry: a session of “{project}” will not take place.", _REASON]
    which = "these sessions" if owed.others_cancelled else "this session"
    return [f"We are sorry: {which} of “{{project}}” will not take place:\n{{cancelled}}", _REASON]


def _left(owed: Owed) -> Paragraphs:
    """The place they had, unless its session was cancelled and is named already."""
    if owed.previous is None or _had_the_cancelled_one(owed):
        return []
    return ["You no longer have your place in this session:\n{previous}"]


def _offer() -> Paragraphs:
    """A place that is held for them."""
    return [
        "We hold a place for you in this session until you answer:\n{offered}",
        f"Please tell us by this time whether you want it:\n{{until}}\nTo say yes or no, {_WRITE}.",
        "If we do not hear from you by then, somebody else can have it.",
    ]


def _released(owed: Owed) -> Paragraphs:
    """A place that is no longer held for them, unless its session was cancelled and is named already."""
    if owed.released is None or (owed.cancelled is not None and owed.cancelled.id == owed.released.id):
        return []
    return ["We no longer hold a place for you in this session:\n{released}"]


def _instead(owed: Owed) -> Paragraphs:
    """What somebody has whose offer has ended."""
    if owed.slot is not None:
        return [*_with_place(owed, "You keep the place that you have:"), *_kept(owed)]
    if owed.waits or owed.offered is not None:
        return _waiting(owed)
    return [f"You are not waiting for any other session. If you would like to take part after all, {_WRITE}."]


def _waiting(owed: Owed, other: str = "") -> Paragraphs:
    """For those without a place: what they wait for, or honestly that there is nothing to wait for."""
    if owed.offered is not None:
        return _offer()
    if not owed.waits:
        return [
            f"There is no {other}open session among those you told us you can attend, so we have no place for you now.",
            f"If you could come to another session, {_WRITE}, and we will see what is possible.",
        ]
    if owed.undecided:
        return [
            "Your interest stands for:\n{waiting_for}",
            f"What happens next: the organisers decide who can join, and we tell you. {_NOTHING_TO_DO}",
            f"If something changes for you, {_WRITE}.",
        ]
    return [
        "You are on the waiting list for:\n{waiting_for}",
        f"What happens next: as soon as there is a place for you, we write to you. {_NOTHING_TO_DO}",
        f"If you can no longer come, or could come to other sessions too, {_WRITE}.",
    ]


def _first_in_line(owed: Owed) -> Paragraphs:
    if owed.previous is None or not owed.waits:
        return []
    return ["Because you had a place, you come before everybody who has not had one yet."]


def _switching(owed: Owed) -> Paragraphs:
    """For those with a place who asked for another."""
    if owed.offered is not None:
        return [*_offer(), "Until you have said yes, you keep the place you have."]
    if not owed.waits:
        return []
    if owed.undecided:
        return ["The organisers decide about your wish for:\n{waiting_for}", "Until then your place is certain."]
    return [
        "As soon as there is a place for you here, we write to you:\n{waiting_for}",
        "Until then your place is certain.",
    ]


def _kept(owed: Owed) -> Paragraphs:
    return [*_switching(owed), *_calendar(owed), _RELEASE]


# One function for each kind


def _interest_received(owed: Owed) -> Paragraphs:
    return [
        "Thank you for telling us that you would like to take part in “{project}”. We have received your interest.",
        *_cancelled(owed),
        *_left(owed),
        "This is not a place yet. What happens next: the organisers decide who can join, and we tell you.",
        *_calendar(owed),
        f"{_NOTHING_TO_DO} If something changes for you, {_WRITE}.",
    ]


def _place_confirmed(owed: Owed) -> Paragraphs:
    return [
        *_with_place(owed, "Good news: you have a place in “{project}”."),
        *_cancelled(owed),
        *_left(owed),
        *_switching(owed),
        *_calendar(owed),
        "What happens next: we will be in touch with anything else you need to know before the session.",
        _RELEASE,
    ]


def _place_offered(owed: Owed) -> Paragraphs:
    cancelled = _sorry_cancelled(owed) if owed.cancelled is not None else []
    news = [*cancelled, "Good news: there is a place for you in “{project}”.", *_left(owed), *_released(owed)]
    if owed.slot is None:
        return [*news, *_offer(), *_calendar(owed)]
    return [*news, *_switching(owed), *_with_place(owed, "This is the place you have now:"), *_calendar(owed)]


def _offer_refused(owed: Owed) -> Paragraphs:
    thanks = "Thank you for your answer: you do not want the place in “{project}” that we held for you."
    return [thanks, "Somebody else can have it now:\n{released}", *_instead(owed)]


def _offer_lapsed(owed: Owed) -> Paragraphs:
    news = "We held a place in “{project}” for you, and have not heard from you in time."
    again = [] if owed.slot is not None or not owed.waits else ["You are at the end of the line again."]
    return [news, "Somebody else can have it now:\n{released}", *again, *_instead(owed)]


def _waiting_list(owed: Owed) -> Paragraphs:
    free = owed.offered is not None or not owed.waits
    taken = [] if free else ["There is no place for you at the moment in the sessions you can attend."]
    return [
        "Thank you for your interest in “{project}”.",
        *_cancelled(owed),
        *_left(owed),
        *taken,
        *_waiting(owed),
        *_calendar(owed),
    ]


def _no_place_yet(owed: Owed) -> Paragraphs:
    return [
        "Thank you for your interest in “{project}”, and for waiting while everybody's wishes were looked at together.",
        *(["We are sorry: we could not give everybody a place, and there is none for you yet."] if owed.waits else []),
        *_cancelled(owed),
        *_left(owed),
        *_waiting(owed),
        *_calendar(owed),
    ]


def _switch_waiting(owed: Owed) -> Paragraphs:
    so_far = "No place is free there yet" if owed.waits else "We cannot offer you one now"
    if owed.undecided:
        so_far = "The organisers will decide"
    opening = f"You asked for another session of “{{project}}”. {so_far}, so you keep the place you have:"
    return [*_with_place(owed, opening), *_cancelled(owed), *_left(owed), *_kept(owed)]


def _place_moved(owed: Owed) -> Paragraphs:
    if owed.cancelled is None:
        news = _with_place(owed, "Your place in “{project}” is in another session now:")
    else:
        found = "You have a place in another session that you told us you can attend:"
        news = [*_sorry_cancelled(owed), *_with_place(owed, found)]
    return [
        *news,
        *_left(owed),
        *_switching(owed),
        *_calendar(owed),
        f"If this session does not suit you, {_DOES_NOT_SUIT}",
    ]


def _session_rescheduled(owed: Owed) -> Paragraphs:
    if owed.slot is not None and owed.previous is not None:
        return [
            *_with_place(owed, "Your session of “{project}” has a new time:"),
            "Before, it was:\n{previous}",
            *_cancelled(owed),
            "You keep your place.",
            *_released(owed),
            *_switching(owed),
            *_calendar(owed),
            f"If you cannot come at the new time, {_DOES_NOT_SUIT}",
        ]
    news = ["A session of “{project}” that you asked for has a new time.", *_cancelled(owed)]
    if owed.slot is not None:
        return [*news, *_released(owed), *_with_place(owed, "Your own place has not changed:"), *_kept(owed)]
    return [*news, *_left(owed), *_released(owed), *_waiting(owed), *_calendar(owed)]


def _clocks_changed(owed: Owed) -> Paragraphs:
    cause = "A time zone has new rules for its clocks, and they concern"
    if owed.slot is not None and owed.previous is not None:
        return [
            *_with_place(owed, f"{cause} your session of “{{project}}”. It stays at the same local time:"),
            "With the rules before, it was:\n{previous}",
            "If you join it from another time zone, it is at another time of your day now.",
            *_cancelled(owed),
            "You keep your place.",
            *_released(owed),
            *_switching(owed),
            *_calendar(owed),
            f"If you cannot come at that time, {_DOES_NOT_SUIT}",
        ]
    news = [
        f"{cause} a session of “{{project}}” that you asked for. It stays at the same local time.",
        *_cancelled(owed),
    ]
    if owed.slot is not None:
        return [*news, *_released(owed), *_with_place(owed, "Your own place has not changed:"), *_kept(owed)]
    return [*news, *_left(owed), *_released(owed), *_waiting(owed), *_calendar(owed)]


def _details_changed(owed: Owed) -> Paragraphs:
    if owed.slot is None:
        news = "Some details of “{project}” have changed."
        return [news, *_cancelled(owed), *_left(owed), *_calendar(owed), f"If you have a question, {_WRITE}."]
    same = ["The date and the time stay as they were, and you keep your place."] if owed.previous is None else []
    return [
        *_with_place(owed, "Some details of “{project}” have changed. This is your session now:"),
        *_cancelled(owed),
        *_left(owed),
        *same,
        *_kept(owed),
    ]


def _joining_details(owed: Owed) -> Paragraphs:
    return [
        *_with_place(owed, "This is your session of “{project}”, and how to join it."),
        *_cancelled(owed),
        *_left(owed),
        "Please keep this to yourself: it is for those with a place only.",
        *_kept(owed),
    ]


def _address_corrected(owed: Owed) -> Paragraphs:
    return [
        "We write to you at this address from now on.",
        *_with_place(owed, "You keep your place in “{project}”:"),
        *_cancelled(owed),
        *_left(owed),
        *_kept(owed),
    ]


def _address_left(owed: Owed) -> Paragraphs:
    return [
        "We write to you about “{project}” at another address from now on. Your place stays as it is.",
        *_calendar(owed),
        f"{_NOTHING_TO_DO} If you did not ask for this, {_WRITE}.",
    ]


def _answer_again(owed: Owed) -> Paragraphs:
    return [
        "Thank you for your answer. It was to an earlier invite to “{project}”, which has changed since.",
        *_with_place(owed, "You keep your place. This is your session now:"),
        *_cancelled(owed),
        *_left(owed),
        "Please answer once more: accept or decline the new invite.",
        *_kept(owed),
    ]


def _give_up_place(owed: Owed) -> Paragraphs:
    return [
        *_with_place(owed, "Your answer to our invite says that you will not come to this session of “{project}”:"),
        f"Your place is still yours. To give it up, {_WRITE}, so that somebody else can have it.",
        "If you want to keep it, or if that answer was not yours, you do not need to do anything.",
        *_switching(owed),
        *_calendar(owed),
    ]


def _session_cancelled(owed: Owed) -> Paragraphs:
    news = [*_sorry_cancelled(owed), *_left(owed)]
    if owed.slot is not None:
        own = "Your own place has not changed:" if owed.previous is None else "You have a place in this session:"
        return [*news, *_with_place(owed, own), *_kept(owed)]
    asked = "You had asked for them." if owed.others_cancelled else "You had asked for it."
    before = asked if owed.previous is None else "This means that you have no place at the moment."
    return [*news, before, *_first_in_line(owed), *_waiting(owed, "other "), *_calendar(owed)]


def _zone_rules_changed(owed: Owed) -> Paragraphs:
    told = "whoever has a place in them or asked for one is told"
    untold = "They stay at the moment that was announced, and nobody is told."
    return [
        "A time zone has new rules for its clocks, and they concern sessions of “{project}”.",
        f"These sessions stay at the same local time, and {told}:\n{{shifted}}",
        f"The clocks will skip the local time of these sessions. {untold} Please give each a new time:\n{{skipped}}",
        *_calendar(owed),
    ]


def _project_cancelled(owed: Owed) -> Paragraphs:
    lost = [] if owed.previous is None else ["Your place in this session is cancelled with it:\n{previous}"]
    return [
        "We are sorry: “{project}” will not take place.",
        _REASON,
        *lost,
        *_calendar(owed),
        f"{_NOTHING_TO_DO} If you have a question, {_WRITE}.",
        "Thank you for wanting to take part.",
    ]


def _declined(owed: Owed) -> Paragraphs:
    return [
        "Thank you for your interest in “{project}”. We are sorry: we cannot offer you a place this time.",
        _REASON,
        *_left(owed),
        *_calendar(owed),
        f"{_NOTHING_TO_DO} If you have a question, {_WRITE}.",
    ]


def _withdrawn(owed: Owed) -> Paragraphs:
    free = [] if owed.previous is None else ["Your place in this session is free for somebody else now:\n{previous}"]
    return [
        "You have withdrawn from “{project}”.",
        *free,
        *_calendar(owed),
        f"{_NOTHING_TO_DO} If this is a mistake, or you would like to take part after all, {_WRITE}.",
    ]


def _farewell(owed: Owed) -> Paragraphs:
    free = [] if owed.previous is None else ["You have no place any more in this session:\n{previous}"]
    return [
        "As was asked for, what was kept about you for “{project}” is deleted, and so is your registration.",
        *free,
        *_calendar(owed),
        "This is the last message about it. Your name and address are deleted as soon as it is sent.",
        f"If this is a mistake, {_WRITE}.",
    ]


_KINDS: Final[Mapping[NoticeKind, Words]] = {
    **KINDS,
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
    NoticeKind.ADDRESS_CORRECTED: ("We have your new address", _address_corrected),
    NoticeKind.ADDRESS_LEFT: ("We write to you at another address", _address_left),
    NoticeKind.ANSWER_AGAIN: ("Please answer the new invite", _answer_again),
    NoticeKind.GIVE_UP_PLACE: ("Your place is still yours", _give_up_place),
    NoticeKind.SESSION_CANCELLED: ("A session will not take place", _session_cancelled),
    NoticeKind.PROJECT_CANCELLED: ("The project will not take place", _project_cancelled),
    NoticeKind.DECLINED: ("We cannot offer you a place this time", _declined),
    NoticeKind.WITHDRAWN: ("You have withdrawn", _withdrawn),
    **FOLLOWING,
    **REMINDING,
    NoticeKind.FAREWELL: ("Your data is deleted", _farewell),
    NoticeKind.ZONE_RULES_CHANGED: ("The clocks have new rules", _zone_rules_changed),
}
