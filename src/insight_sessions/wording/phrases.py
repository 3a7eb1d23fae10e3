"""What the words for several kinds of notices have in common."""

from collections.abc import Callable
from typing import Final

from insight_sessions.domain.notices import Method, Owed

Paragraphs = list[str]

Words = tuple[str | Callable[[Owed], str], Callable[[Owed], Paragraphs]]
"""How a kind of notice is said: the beginning of its subject, and its paragraphs."""

WRITE: Final = "write to {organiser} at {organiser_email}"
LEAVE: Final = f"To stop these messages, {WRITE}.\n\nOr stop them on this page:\n{{unfollow_link}}"
FOLLOWED: Final = f"You get this because you follow “{{project}}”. {LEAVE}"
REASON: Final = "In the organisers' words: {reason}"
NOTHING_TO_DO: Final = "You do not need to do anything."
GIVE_UP: Final = "Or give up your place on this page:\n{withdraw_link}"
SWITCH: Final = "To ask for another session, open this page:\n{switch_link}"
CHANGE: Final = (
    "Or tell us on this page which sessions you can attend:\n{switch_link}\n\n"
    "To say that you can no longer come, open this page:\n{withdraw_link}"
)
RELEASE: Final = (
    f"If you can no longer come, please {WRITE} as soon as you can, so that somebody else can have your place."
    f"\n\n{GIVE_UP}\n\n{SWITCH}"
)
DOES_NOT_SUIT: Final = (
    f"please {WRITE} as soon as you can. Together we will see what is possible.\n\n{SWITCH}\n\n{GIVE_UP}"
)
ANSWERS: Final = "To change your answers, open this page:\n{answers_link}"


def calendar(owed: Owed) -> Paragraphs:
    """What the calendar message does that comes along, if one does."""
    if owed.method is Method.CANCEL:
        return ["The calendar message that comes with this one takes the session out of your calendar."]
    if owed.method is Method.REQUEST and owed.begins:
        return ["A calendar invite comes with this message."]
    if owed.method is Method.REQUEST:
        return ["The calendar invite that comes with this message brings your calendar up to date."]
    return []


def with_place(owed: Owed, opening: str) -> Paragraphs:
    """A sentence and, below it, the place they have."""
    where = "" if owed.slot is None or owed.slot.where is None else "\nWhere: {where}"
    return [opening, f"{{session}}{where}", "How to join:\n{joining}"]


def _had_the_cancelled_one(owed: Owed) -> bool:
    return owed.cancelled is not None and owed.previous is not None and owed.cancelled.id == owed.previous.id


def cancelled(owed: Owed) -> Paragraphs:
    """News of a cancelled session inside another message."""
    if owed.cancelled is None:
        return []
    which = "The session you had a place in" if _had_the_cancelled_one(owed) else "This session"
    if owed.others_cancelled:
        which = "These sessions"
    return [f"{which} will not take place:\n{{cancelled}}", REASON]


def sorry_cancelled(owed: Owed) -> Paragraphs:
    """The same as the news itself."""
    if owed.cancelled is None:
        return ["We are sorry: a session of “{project}” will not take place.", REASON]
    which = "these sessions" if owed.others_cancelled else "this session"
    return [f"We are sorry: {which} of “{{project}}” will not take place:\n{{cancelled}}", REASON]


def left(owed: Owed) -> Paragraphs:
    """The place they had, unless its session was cancelled and is named already."""
    if owed.previous is None or _had_the_cancelled_one(owed):
        return []
    return ["You no longer have your place in this session:\n{previous}"]


def offer() -> Paragraphs:
    """A place that is held for them."""
    return [
        "We hold a place for you in this session until you answer:\n{offered}",
        f"Please tell us by this time whether you want it:\n{{until}}\nTo say yes or no, {WRITE}.",
        "Or say yes on this page:\n{accept_link}",
        "Or say no on this page:\n{refuse_link}",
        "If we do not hear from you by then, somebody else can have it.",
    ]


def released(owed: Owed) -> Paragraphs:
    """A place that is no longer held for them, unless its session was cancelled and is named already."""
    if owed.released is None or (owed.cancelled is not None and owed.cancelled.id == owed.released.id):
        return []
    return ["We no longer hold a place for you in this session:\n{released}"]


def instead(owed: Owed) -> Paragraphs:
    """What somebody has whose offer has ended."""
    if owed.slot is not None:
        return [*with_place(owed, "You keep the place that you have:"), *kept(owed)]
    if owed.waits or owed.offered is not None:
        return waiting(owed)
    return [f"You are not waiting for any other session. If you would like to take part after all, {WRITE}."]


def waiting(owed: Owed, other: str = "") -> Paragraphs:
    """For those without a place: what they wait for, or honestly that there is nothing to wait for."""
    if owed.offered is not None:
        return offer()
    if not owed.waits:
        return [
            f"There is no {other}open session among those you told us you can attend, so we have no place for you now.",
            f"If you could come to another session, {WRITE}, and we will see what is possible.",
            CHANGE,
        ]
    if owed.undecided:
        return [
            "Your interest stands for:\n{waiting_for}",
            f"What happens next: the organisers decide who can join, and we tell you. {NOTHING_TO_DO}",
            f"If something changes for you, {WRITE}.",
            CHANGE,
        ]
    return [
        "You are on the waiting list for:\n{waiting_for}",
        f"What happens next: as soon as there is a place for you, we write to you. {NOTHING_TO_DO}",
        f"If you can no longer come, or could come to other sessions too, {WRITE}.",
        CHANGE,
    ]


def switching(owed: Owed) -> Paragraphs:
    """For those with a place who asked for another."""
    if owed.offered is not None:
        return [*offer(), "Until you have said yes, you keep the place you have."]
    if not owed.waits:
        return []
    if owed.undecided:
        return ["The organisers decide about your wish for:\n{waiting_for}", "Until then your place is certain."]
    return [
        "As soon as there is a place for you here, we write to you:\n{waiting_for}",
        "Until then your place is certain.",
    ]


def kept(owed: Owed) -> Paragraphs:
    """What goes with a place that they keep."""
    return [*switching(owed), *calendar(owed), RELEASE]
