"""Replies: what a member's calendar answered to an invite (RFC 5546 §3.2.3, RFC 6047 §2).

Anybody can send one, so nothing in it is believed beyond what it says, and none makes this raise.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import unquote

from pydantic import TypeAdapter

from insight_sessions.calendar.mail import Part, address, calendar_parts, sender
from insight_sessions.calendar.moments import is_clock, moment
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
# What no calendar file has, and every mail: one may be made to begin like the other.
_FROM: Final = re.compile(rb"(?im)^From[ \t]*+:")
_NUMBER: Final = re.compile(r"[0-9]+")
_COMMENTS: Final = 10
_MAX_SEQUENCE: Final = 2**31 - 1
_DIGITS: Final = len(str(_MAX_SEQUENCE))
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
        stamped: when the answer was made, in UTC; None when it does not say, or not in which zone.
        starts: when the entry began that was answered, in UTC; None where that cannot be told.
        comment: what they wrote with it.
        sender: the address that the mail says it is from; None for a bare file.
        is_of_sender: whether who knows where it came from knows whose answer it is. True for a bare file. True for a
            mail only if it is from the attendee's address alone, brings the answer itself and not in a mail that it
            passes on, and nobody answered in the attendee's name.
    """

    uid: str
    attendee: str
    partstat: Partstat
    sequence: int
    stamped: datetime | None
    starts: datetime | None
    comment: str | None
    sender: str | None
    is_of_sender: bool


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
            return _answer_in([Part(raw)], None, is_file=_FROM.search(raw) is None)
        return _answer_in(calendar_parts(raw), sender(raw), is_file=False)
    except TooMuch:
        return NotUnderstood(ReplyReason.TOO_MUCH)


def _answer_in(parts: list[Part], writer: str | None, *, is_file: bool) -> Answer | NotUnderstood:
    """The answer in the first part that is a reply with one event; or what is wrong with the first part."""
    reasons = [ReplyReason.NO_CALENDAR] if not parts else []
    for part in parts:
        found = _replying(part)
        if isinstance(found, Component):
            answer = _answer(found, found.inner("VEVENT")[0], writer)
            if isinstance(answer, ReplyReason):
                return NotUnderstood(answer)
            return replace(answer, is_of_sender=is_file or (answer.is_of_sender and not part.passed_on))
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
    sequence, stamp = _sequence(event), event.first("DTSTAMP")
    if sequence is None:
        return ReplyReason.BAD_SEQUENCE
    if stamp is not None and not is_clock(stamp):
        return ReplyReason.BAD_STAMP
    return Answer(
        uid=uid,
        attendee=email,
        partstat=partstat,
        sequence=sequence,
        stamped=moment(stamp, calendar),
        starts=moment(event.first("DTSTART"), calendar),
        comment=_comment(event, person),
        sender=writer,
        is_of_sender=_wrote(writer, email, person),
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
    # Told apart as they were written: checking an address takes long, and anybody can write thousands.
    found: dict[tuple[str, str], Property] = {}
    for person in event.all("ATTENDEE"):
        found.setdefault((_written(person).lower(), (person.parameter("PARTSTAT") or "").upper()), person)
        if len(found) > 1:
            return ReplyReason.SEVERAL_ATTENDEES
    if not found:
        return ReplyReason.NO_ATTENDEE
    (((_, said), person),) = found.items()
    email = address(_written(person))
    return ReplyReason.NO_ATTENDEE if email is None else (email, said, person)


def _written(person: Property) -> str:
    """Their address: the line's own (RFC 5545 §3.3.3, RFC 6068 §2), or beside a name that only their server knows."""
    scheme, _, rest = person.value.strip().partition(":")
    if scheme.lower() == "mailto":
        # Outlook puts an address that it took for a name into quotes.
        plain = unquote(rest.partition("?")[0]).strip()
        return plain[1:-1] if plain.startswith("'") and plain.endswith("'") else plain
    return person.parameter("EMAIL") or ""


def _wrote(writer: str | None, email: str, person: Property) -> bool:
    """Whether the mail is from the person that answers, not from somebody in their name (RFC 5545 §3.2.18)."""
    return writer is not None and writer.lower() == email.lower() and person.parameter("SENT-BY") is None


def _sequence(event: Component) -> int | None:
    """The revision that it answers; the first when it does not say, None when that cannot be read."""
    given = {one.value.strip().removeprefix("+") for one in event.all("SEQUENCE")} or {"0"}
    if len(given) > 1 or not (read := _NUMBER.fullmatch(given.pop())):
        return None
    digits = read[0].lstrip("0")
    return min(int(digits or 0), _MAX_SEQUENCE) if len(digits) <= _DIGITS else _MAX_SEQUENCE


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
