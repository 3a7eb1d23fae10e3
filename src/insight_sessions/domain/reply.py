"""What members' calendars answer to their invites, and what becomes of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, TypeAlias

from insight_sessions.text import KeptMoment

Partstat: TypeAlias = Literal["ACCEPTED", "TENTATIVE", "DECLINED"]
"""An answer to an invitation (RFC 5545 §3.2.12)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replied:
    """The newest reply of somebody's calendar that was taken; holds no personal data.

    Args:
        answer: what it said.
        sequence: the revision of the invite that it answered.
        received: when it came, in UTC.
        stamped: when it was made, by its own word, in UTC; None when it does not say, or says what cannot be.
        asked_again: the revision for which they were asked to answer again, or None.
        asked_to_leave: the revision for which they were asked whether they give up their place, or None.
        doubtful: the answers to this revision, with the moments they name, that named none or one yet to come. A copy
            of one would look like a newer answer.
    """

    answer: Partstat
    sequence: int
    received: KeptMoment
    stamped: KeptMoment | None = None
    asked_again: int | None = None
    asked_to_leave: int | None = None
    doubtful: tuple[str, ...] = ()

    def is_newer_than(self, last: "Replied") -> bool:
        """Whether it counts and not the last one: by revision, then by when it was made (RFC 5546 §2.1.5)."""
        if self.repeats(last):
            return False
        if self.stamped is None:
            return self._made >= last._made
        return (*self._made, self.stamped) > (*last._made, last.stamped or last.received)

    def repeats(self, last: "Replied") -> bool:
        """Whether it says what the last one said, and nothing shows that it is not a copy."""
        same = (self.answer, self.sequence) == (last.answer, last.sequence)
        return same and (self.stamped is None or self.stamped == last.stamped)

    @property
    def _made(self) -> tuple[int, datetime]:
        # Nothing was made after it came: a clock that is ahead must not outdo every later answer.
        return self.sequence, min(self.stamped or self.received, self.received)


class ReplyReason(StrEnum):
    """What became of a calendar reply: first what was understood, then why something was not."""

    RECORDED = "recorded"
    PLACE_KEPT = "place_kept"
    WITHDRAWN = "withdrawn"
    EARLIER_INVITE = "earlier_invite"
    NOT_NEWER = "not_newer"
    NO_PLACE = "no_place"
    SESSION_BEGUN = "session_begun"

    UNKNOWN = "unknown"
    NEVER_SENT = "never_sent"
    TOO_LARGE = "too_large"
    TOO_MUCH = "too_much"
    NO_CALENDAR = "no_calendar"
    BROKEN = "broken"
    COUNTER = "counter"
    NOT_A_REPLY = "not_a_reply"
    NO_EVENT = "no_event"
    SEVERAL_EVENTS = "several_events"
    NO_UID = "no_uid"
    BAD_UID = "bad_uid"
    BAD_SEQUENCE = "bad_sequence"
    BAD_STAMP = "bad_stamp"
    NO_ATTENDEE = "no_attendee"
    SEVERAL_ATTENDEES = "several_attendees"
    DELEGATED = "delegated"
    NO_ANSWER = "no_answer"

    @property
    def understood(self) -> bool:
        """Whether it was somebody's answer to an invite of ours."""
        return self in _UNDERSTOOD

    @property
    def sentence(self) -> str:
        """The same for a person to read; it holds nothing of the message."""
        return _SENTENCES[self]


_UNDERSTOOD: Final = frozenset(
    {
        ReplyReason.RECORDED,
        ReplyReason.PLACE_KEPT,
        ReplyReason.WITHDRAWN,
        ReplyReason.EARLIER_INVITE,
        ReplyReason.NOT_NEWER,
        ReplyReason.NO_PLACE,
        ReplyReason.SESSION_BEGUN,
    }
)

_SENTENCES: Final = {
    ReplyReason.RECORDED: "The answer was recorded.",
    ReplyReason.PLACE_KEPT: "The answer was recorded; the place is kept until they give it up, which they were asked.",
    ReplyReason.WITHDRAWN: "The registration was withdrawn, because the reply can be trusted and declines.",
    ReplyReason.EARLIER_INVITE: "The answer is to an earlier invite; they were asked to answer the present one.",
    ReplyReason.NOT_NEWER: "The answer is not newer than the last one, so nothing changes.",
    ReplyReason.NO_PLACE: "The place that was answered for is gone, so nothing changes.",
    ReplyReason.SESSION_BEGUN: "The session has begun, so nothing changes.",
    ReplyReason.UNKNOWN: "The reply is about no place that is known under its address.",
    ReplyReason.NEVER_SENT: "The reply answers an invite that was never sent.",
    ReplyReason.TOO_LARGE: "The message has 5 MB or more.",
    ReplyReason.TOO_MUCH: "The message has more lines, parts or levels than a reply can have.",
    ReplyReason.NO_CALENDAR: "The message holds no calendar.",
    ReplyReason.BROKEN: "The calendar in the message cannot be read.",
    ReplyReason.COUNTER: "The message proposes another time, which cannot be taken up.",
    ReplyReason.NOT_A_REPLY: "The calendar in the message is not a reply.",
    ReplyReason.NO_EVENT: "The reply is not about an event.",
    ReplyReason.SEVERAL_EVENTS: "The reply is about several events.",
    ReplyReason.NO_UID: "The reply does not say which event it is about.",
    ReplyReason.BAD_UID: "The reply names an event in a way that we never do.",
    ReplyReason.BAD_SEQUENCE: "The reply does not say legibly which invite it answers.",
    ReplyReason.BAD_STAMP: "The reply does not say legibly when it was made.",
    ReplyReason.NO_ATTENDEE: "The reply does not say whose answer it is.",
    ReplyReason.SEVERAL_ATTENDEES: "The reply answers for several people.",
    ReplyReason.DELEGATED: "The reply sends somebody else, which is not possible.",
    ReplyReason.NO_ANSWER: "The reply neither accepts nor declines.",
}
