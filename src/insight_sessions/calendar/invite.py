"""Invites: one calendar message for one person, that every calendar understands (RFC 5545, 5546, 6047).

The event of a session is made once, as a template; each person's own lines are filled in as bytes.
"""

from typing import Final

from insight_sessions.calendar.entry import Entry
from insight_sessions.calendar.event import Draft, Prepare
from insight_sessions.calendar.lines import PRODID, fold, mailto, parameter, utc
from insight_sessions.calendar.times import times
from insight_sessions.calendar.zones import vtimezone
from insight_sessions.domain.notices import Method

__all__ = ["Entry", "Prepare", "Template", "invite", "template_for"]

_ANSWERS: Final = frozenset({"NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE"})


class Template:
    """The calendar message of a session, for everyone whose entry differs only in their own lines.

    Made by `template_for`.
    """

    __slots__ = ("_pieces", "_shared")

    def __init__(self, entry: Entry, pieces: tuple[bytes, ...]) -> None:
        self._shared = entry.shared
        self._pieces = pieces

    def fill(self, entry: Entry) -> bytes:
        """One person's message.

        Raises:
            ValueError: the entry is for another session, says something else in it, or its answer
                is none that an invitation can have (RFC 5545 §3.2.12).
        """
        if entry.shared != self._shared:
            raise ValueError("this template was made for another message")
        before, stamp, uid, sequence, attendee, created, modified = self._pieces
        return b"".join(
            (
                before,
                f"DTSTAMP:{utc(entry.stamped)}\r\n".encode(),
                stamp,
                fold(f"UID:{entry.uid}"),
                uid,
                b"SEQUENCE:%d\r\n" % entry.sequence,
                sequence,
                fold(_attendee(entry)),
                attendee,
                f"CREATED:{utc(entry.created)}\r\n".encode(),
                created,
                f"LAST-MODIFIED:{utc(entry.modified)}\r\n".encode(),
                modified,
            )
        )


def template_for(entry: Entry, *, prepare: Prepare | None = None) -> Template:
    """A template for everyone whose entry shares with this one what `Entry.shared` gives.

    Args:
        entry: anyone's.
        prepare: has the session's event altered in place. What nobody else has a say in, such as the
            times, is put right whenever it is settled.

    Raises:
        ValueError: a property is not fit to be sent; the message begins with its name.
    """
    slot = entry.slot
    when = times(slot.starts, slot.starts_at, slot.minutes, slot.timezone)
    draft = Draft(entry, when)
    if prepare is not None:
        prepare(draft)
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODID}", "CALSCALE:GREGORIAN", f"METHOD:{entry.method}")
    pieces = [bytearray(b"".join(map(fold, head)))]
    if when.timezone is not None:
        pieces[0] += vtimezone(when.timezone, when.starts.year) or b""
    for line in draft.content_lines:
        if line:
            pieces[-1] += fold(line)
        else:
            pieces.append(bytearray())
    pieces[-1] += b"END:VCALENDAR\r\n"
    return Template(entry, tuple(map(bytes, pieces)))


def invite(entry: Entry, *, prepare: Prepare | None = None) -> bytes:
    """One person's calendar message: the invitation, its update or its cancellation.

    For many people of one session, make a template once and fill it for each.

    Args:
        entry: what it says.
        prepare: has the event altered in place, before the person's own lines are filled in.

    Raises:
        ValueError: a property is not fit to be sent; the message begins with its name.
    """
    return template_for(entry, prepare=prepare).fill(entry)


def _attendee(entry: Entry) -> str:
    """The one person it is for; the parameters in icalendar's order (RFC 5545 §3.8.4.1)."""
    answer = entry.partstat or "NEEDS-ACTION"
    if answer not in _ANSWERS:
        raise ValueError(f"PARTSTAT: {answer!r} is no answer to an invitation")
    # Nobody answers a cancellation (RFC 5546 §3.2.5).
    reply = ";RSVP=TRUE" if entry.method is Method.REQUEST else ""
    return (
        f"ATTENDEE;CN={parameter(entry.name)};CUTYPE=INDIVIDUAL;PARTSTAT={answer};ROLE=REQ-PARTICIPANT{reply}"
        f":{mailto(entry.email)}"
    )
