"""Our own words for organisers."""

from collections.abc import Mapping
from typing import Final

from insight_sessions.domain.notices import NoticeKind, Owed
from insight_sessions.wording.phrases import Paragraphs, Words, calendar


def _zone_rules_changed(owed: Owed) -> Paragraphs:
    told = "whoever has a place in them or asked for one is told"
    untold = "They stay at the moment that was announced, and nobody is told."
    return [
        "A time zone has new rules for its clocks, and they concern sessions of “{project}”.",
        f"These sessions stay at the same local time, and {told}:\n{{shifted}}",
        f"The clocks will skip the local time of these sessions. {untold} Please give each a new time:\n{{skipped}}",
        *calendar(owed),
    ]


def _below_minimum(owed: Owed) -> Paragraphs:
    del owed
    return [
        "Too few people have a place in this session of “{project}”:",
        "{session}",
        "People with a place: {people}. Minimum: {minimum}.",
        "So they were not reminded of it. You may want to cancel it, or to find them another one.",
    ]


def _address_unreachable(owed: Owed) -> Paragraphs:
    del owed
    has = "their place, an offer, their turn in line"
    return [
        "Mail about “{project}” does not reach somebody who takes part, or hopes to.",
        "{whom}",
        "What the mail server answered: {refusal}.",
        f"They keep what they have: {has}. They may not know of it, so please reach them in another way.",
        "When you have corrected their address, mail goes there. You are told once of each address.",
    ]


ORGANISER: Final[Mapping[NoticeKind, Words]] = {
    NoticeKind.ADDRESS_UNREACHABLE: ("Mail does not arrive", _address_unreachable),
    NoticeKind.BELOW_MINIMUM: ("Too few people for a session", _below_minimum),
    NoticeKind.ZONE_RULES_CHANGED: ("The clocks have new rules", _zone_rules_changed),
}
