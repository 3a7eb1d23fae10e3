"""Replies: what a member's calendar answered to an invite (RFC 5546 §3.2.3, RFC 6047 §2).

Anybody can send one, so nothing in it is believed beyond what it says, and none makes this raise.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import unquote

from pydantic import TypeAdapter

from insight_sessions.calendar.mail import Part, address, calendar_parts, sender
from insight_sessions.calendar.moments import moment
from insight_sessions.calendar.reading import Broken, Component, Property, TooMuch, read
from insight_sessions.domain.reply import Partstat, ReplyReason
from insight_sessions.text import Line, Text

LARGEST: Final = 4_999_999
"""The bytes of the largest mail that is looked at: less than 5 MB."""

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


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A message that changes nothing, and why."""

    reason: ReplyReason


def read_reply(raw: bytes) -> Answer | NotUnderstood:
    """Read what a member's calendar sent back.

    The first part that is a REPLY with one event counts; mails often carry two copies.

    Args:
        raw: a calendar file or a whole mail, as it came. Any bytes will do.

    Returns:
        The answer, or why there is none. Nothing is raised, logged or quoted.
    """
    if len(raw) > LARGEST:
        return NotUnderstood(ReplyReason.TOO_LARGE)
    raw = raw.removeprefix(_BYTE_ORDER_MARK).lstrip()
    try:
        if raw[:15].upper() == b"BEGIN:VCALENDAR":
            return _answer_in([Part(raw)], None)
        return _answer_in(calendar_parts(raw), sender(raw))
    except TooMuch:
        return NotUnderstood(ReplyReason.TOO_MUCH)


def _answer_in(parts: list[Part], writer: str | None) -> Answer | NotUnderstood:
    """The answer in the first part that is a reply with one event; or what is wrong with the first part."""
    reasons = [ReplyReason.NO_CALENDAR] if not parts else []
    for part in parts:
        found = _replying(part)
        if isinstance(found, Component):
            answer = _answer(found, found.inner("VEVENT")[0], writer)
            return NotUnderstood(answer) if isinstance(answer, ReplyReason) else answer
        reasons.append(found)
    return NotUnderstood(reasons[0])


def _replying(part: Part) -> Component | ReplyReason:
    """The calendar in a part, when it is a reply with one event (RFC 5546 §3.2.3)."""
    try:
        calendars = [one for one in read(part.data, part.charset) if one.name == "VCALENDAR"]
    except Broken:
        return ReplyReason.BROKEN
    if not calendars:
        return ReplyReason.BROKEN
    methods = {method.token for one in calendars for method in one.all("METHOD")}
    if methods != {"REPLY"}:
        return ReplyReason.COUNTER if methods == {"COUNTER"} else ReplyReason.NOT_A_REPLY
    events = [event for one in calendars for event in one.inner("VEVENT")]
    if not events:
        return ReplyReason.NO_EVENT
    return calendars[0] if len(calendars) == len(events) == 1 else ReplyReason.SEVERAL_EVENTS


def _answer(calendar: Component, event: Component, writer: str | None) -> Answer | ReplyReason:
    uid = _uid(event)
    if isinstance(uid, ReplyReason):
        return uid
    attendee = _attendee(event)
    if isinstance(attendee, ReplyReason):
        return attendee
    email, said, person = attendee
    partstat = _ANSWERS.get(said)
    if partstat is None:
        return ReplyReason.DELEGATED if said == "DELEGATED" else ReplyReason.NO_ANSWER
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


def _uid(event: Component) -> str | ReplyReason:
    given = {one.value.strip(): one for one in event.all("UID")}
    given.pop("", None)
    if not given:
        return ReplyReason.NO_UID
    try:
        (uid,) = given.values()
        return _LINE.validate_python(uid.text)
    except ValueError:
        return ReplyReason.BAD_UID


def _attendee(event: Component) -> tuple[str, str, Property] | ReplyReason:
    """The one person it is from: their address, their answer and their line."""
    found: tuple[str, str, Property] | None = None
    for person in event.all("ATTENDEE"):
        email = _email(person)
        if email is None:
            return ReplyReason.NO_ATTENDEE
        said = (person.parameter("PARTSTAT") or "").upper()
        if found is not None and (found[0].lower(), found[1]) != (email.lower(), said):
            return ReplyReason.SEVERAL_ATTENDEES
        found = found or (email, said, person)
    return found or ReplyReason.NO_ATTENDEE


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
