"""Our own words for what concerns a person: their address, their answer to an invite, and their data being deleted."""

from collections.abc import Mapping
from typing import Final

from insight_sessions.domain.notices import NoticeKind, Owed
from insight_sessions.wording.phrases import (
    NOTHING_TO_DO,
    WRITE,
    Paragraphs,
    Words,
    calendar,
    cancelled,
    kept,
    left,
    with_place,
)


def _address_corrected(owed: Owed) -> Paragraphs:
    return [
        "We write to you at this address from now on.",
        *with_place(owed, "You keep your place in “{project}”:"),
        *cancelled(owed),
        *left(owed),
        *kept(owed),
    ]


def _address_left(owed: Owed) -> Paragraphs:
    return [
        "We write to you about “{project}” at another address from now on. Your place stays as it is.",
        *calendar(owed),
        f"{NOTHING_TO_DO} If you did not ask for this, {WRITE}.",
    ]


def _answer_again(owed: Owed) -> Paragraphs:
    return [
        "Thank you for your answer. It was to an earlier invite to “{project}”, which has changed since.",
        *with_place(owed, "You keep your place. This is your session now:"),
        *cancelled(owed),
        *left(owed),
        "Please answer once more: accept or decline the new invite.",
        *kept(owed),
    ]


def _farewell(owed: Owed) -> Paragraphs:
    free = [] if owed.previous is None else ["You have no place any more in this session:\n{previous}"]
    return [
        "As was asked for, what was kept about you for “{project}” is deleted, and so is your registration.",
        *free,
        *calendar(owed),
        "This is the last message about it. Your name and address are deleted as soon as it is sent.",
        f"If this is a mistake, {WRITE}.",
    ]


PEOPLE: Final[Mapping[NoticeKind, Words]] = {
    NoticeKind.ADDRESS_CORRECTED: ("We have your new address", _address_corrected),
    NoticeKind.ADDRESS_LEFT: ("We write to you at another address", _address_left),
    NoticeKind.ANSWER_AGAIN: ("Please answer the new invite", _answer_again),
    NoticeKind.FAREWELL: ("Your data is deleted", _farewell),
}
