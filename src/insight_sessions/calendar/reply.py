"""Replies: what a member's calendar answered to an invite (RFC 5546 §3.2.3, RFC 6047 §2).

Anybody can send one, so nothing in it is believed beyond what it says, and none makes this raise.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, TypeAlias
from urllib.parse import unquote

from pydantic import TypeAdapter

from insight_sessions.calendar.mail import Part, address, calendar_parts, sender
from insight_sessions.calendar.moments import moment
from insight_sessions.calendar.reading import Broken, Component, Property, TooMuch, read
from insight_sessions.text import Line, Text

LARGEST: Final = 5_000_000
"""The bytes of the largest mail that is looked at."""

Partstat: TypeAlias = Literal["ACCEPTED", "TENTATIVE", "DECLINED"]
"""An answer to an invitation (RFC 5545 §3.2.12)."""

_ANSWERS: Final[dict[str, Partstat]] = {
    "ACCEPTED": "ACCEPTED",
    "TENTATIVE": "TENTATIVE",
    "DECLINED": "DECLINED",
}
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_SEQUENCE: Final = re.compile(r"[0-9]{1,10}")
_COMMENTS: Final = 10
_MAX_SEQUENCE: Final = 2**31 - 1
_LINE: Final = TypeAdapter[str](Line)
_TEXT: Final = TypeAdapter[str](Text)


class Reason(StrEnum):
    """Why a reply was not understood."""

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
    NO_ATTENDEE = "no_attendee"
    SEVERAL_ATTENDEES = "several_attendees"
    DELEGATED = "delegated"
    NO_ANSWER = "no_answer"

    @property
    def sentence(self) -> str:
        """The same for a person to read."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    Reason.TOO_LARGE: "The message is larger than 5 MB.",
    Reason.TOO_MUCH: "The message has more lines, parts or levels than a reply can have.",
    Reason.NO_CALENDAR: "The message holds no calendar.",
    Reason.BROKEN: "The calendar in the message cannot be read.",
    Reason.COUNTER: "The message proposes another time, which cannot be taken up.",
    Reason.NOT_A_REPLY: "The calendar in the message is not a reply.",
    Reason.NO_EVENT: "The reply is not about an event.",
    Reason.SEVERAL_EVENTS: "The reply is about several events.",
    Reason.NO_UID: "The reply does not say which event it is about.",
    Reason.BAD_UID: "The reply names an event in a way that we never do.",
    Reason.NO_ATTENDEE: "The reply does not say whose answer it is.",
    Reason.SEVERAL_ATTENDEES: "The reply answers for several people.",
    Reason.DELEGATED: "The reply sends somebody else, which is not possible.",
    Reason.NO_ANSWER: "The reply neither accepts nor declines.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What somebody's calendar says they answered; personal data, and not proved by anything.

    Args:
        uid: of the calendar entry it is about.
        attendee: whose answer it is: their address, normalised.
        partstat: the answer.
        sequence: the revision of the entry that was answered; 0 when it does not say.
        stamped: when the answer was made, in UTC; None when it does not say.
        starts: when the entry began that was answered, in UTC; None where that cannot be told.
        comment: what they wrote with it.
        sender: the address that the mail says it is from; None for a bare file.
    """

    uid: str
    attendee: str
    partstat: Partstat
    sequence: int
    stamped: datetime | None
    starts: datetime | None
    comment: str | None
    sender: str | None

    def is_by(self, email: str) -> bool:
        """Whether it is that address's answer: calendars change its letters to small or capital ones."""
        return address_key(self.attendee) == address_key(email)


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A message that changes nothing, and why."""

    reason: Reason

    @property
    def sentence(self) -> str:
        """The reason for a person to read; it holds nothing of the message."""
        return self.reason.sentence


def address_key(email: str) -> str:
    """What is the same for two addresses that calendars take for one."""
    return email.lower()


def read_reply(raw: bytes) -> Answer | NotUnderstood:
    """Read what a member's calendar sent back.

    The first part that is a REPLY with one event counts; mails often carry two copies.

    Args:
        raw: a calendar file or a whole mail, as it came. Any bytes will do.

    Returns:
        The answer, or why there is none. Nothing is raised, logged or quoted.
    """
    if len(raw) > LARGEST:
        return NotUnderstood(Reason.TOO_LARGE)
    raw = raw.removeprefix(_BYTE_ORDER_MARK).lstrip()
    try:
        if raw[:15].upper() == b"BEGIN:VCALENDAR":
            return _answer_in([Part(raw)], None)
        return _answer_in(calendar_parts(raw), sender(raw))
    except TooMuch:
        return NotUnderstood(Reason.TOO_MUCH)


def _answer_in(parts: list[Part], writer: str | None) -> Answer | NotUnderstood:
    """The answer in the first part that is a reply with one event; or what is wrong with the first part."""
    reasons = [Reason.NO_CALENDAR] if not parts else []
    for part in parts:
        found = _replying(part)
        if isinstance(found, Component):
            answer = _answer(found, found.inner("VEVENT")[0], writer)
            return NotUnderstood(answer) if isinstance(answer, Reason) else answer
        reasons.append(found)
    return NotUnderstood(reasons[0])


def _replying(part: Part) -> Component | Reason:
    """The calendar in a part, when it is a reply with one event (RFC 5546 §3.2.3)."""
    try:
        calendars = [one for one in read(part.data, part.charset) if one.name == "VCALENDAR"]
    except Broken:
        return Reason.BROKEN
    if not calendars:
        return Reason.BROKEN
    methods = {method.token for one in calendars for method in one.all("METHOD")}
    if methods != {"REPLY"}:
        return Reason.COUNTER if methods == {"COUNTER"} else Reason.NOT_A_REPLY
    events = [event for one in calendars for event in one.inner("VEVENT")]
    if not events:
        return Reason.NO_EVENT
    return calendars[0] if len(calendars) == len(events) == 1 else Reason.SEVERAL_EVENTS


def _answer(calendar: Component, event: Component, writer: str | None) -> Answer | Reason:
    uid = _uid(event)
    if isinstance(uid, Reason):
        return uid
    attendee = _attendee(event)
    if isinstance(attendee, Reason):
        return attendee
    email, said, person = attendee
    partstat = _ANSWERS.get(said)
    if partstat is None:
        return Reason.DELEGATED if said == "DELEGATED" else Reason.NO_ANSWER
    return Answer(
        uid=uid,
        attendee=email,
        partstat=partstat,
        sequence=_sequence(event.first("SEQUENCE")),
        stamped=moment(event.first("DTSTAMP"), calendar),
        starts=moment(event.first("DTSTART"), calendar),
        comment=_comment(event, person),
        sender=writer,
    )


def _uid(event: Component) -> str | Reason:
    given = {one.value.strip(): one for one in event.all("UID")}
    given.pop("", None)
    if not given:
        return Reason.NO_UID
    try:
        (uid,) = given.values()
        return _LINE.validate_python(uid.text)
    except ValueError:
        return Reason.BAD_UID


def _attendee(event: Component) -> tuple[str, str, Property] | Reason:
    """The one person it is from: their address, their answer and their line."""
    found: tuple[str, str, Property] | None = None
    for person in event.all("ATTENDEE"):
        email = _email(person)
        if email is None:
            return Reason.NO_ATTENDEE
        said = (person.parameter("PARTSTAT") or "").upper()
        if found is not None and (address_key(found[0]), found[1]) != (address_key(email), said):
            return Reason.SEVERAL_ATTENDEES
        found = found or (email, said, person)
    return found or Reason.NO_ATTENDEE


def _email(person: Property) -> str | None:
    """Their address: the line's own (RFC 5545 §3.3.3, RFC 6068 §2), or beside a name that only their server knows."""
    scheme, _, rest = person.value.strip().partition(":")
    if scheme.lower() == "mailto":
        # Outlook puts an address that it took for a name into quotes.
        plain = unquote(rest.partition("?")[0]).strip()
        return address(plain[1:-1] if plain.startswith("'") and plain.endswith("'") else plain)
    return address(person.parameter("EMAIL") or "")


def _sequence(value: Property | None) -> int:
    text = "" if value is None else value.value.strip()
    return min(int(text), _MAX_SEQUENCE) if _SEQUENCE.fullmatch(text) else 0


def _comment(event: Component, person: Property) -> str | None:
    """What they wrote; Google puts it beside the person."""
    written = [one.text for one in event.all("COMMENT")[:_COMMENTS]]
    for text in (*written, person.parameter("X-RESPONSE-COMMENT") or ""):
        try:
            if comment := _TEXT.validate_python(text):
                return comment
        except ValueError:
            continue
    return None
