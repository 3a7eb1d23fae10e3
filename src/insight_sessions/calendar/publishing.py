"""Calendars that are published: whoever has the address reads them, and nobody answers (RFC 5546 §3.2.1).

They name nobody but the organiser, hold no joining link, and the same facts give the same bytes.
They never replace invites: Google asks for a feed once in 12 to 24 hours.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from insight_sessions.calendar.lines import PRODID, escape, fold, mailto, parameter, utc
from insight_sessions.calendar.times import Times, times
from insight_sessions.calendar.zones import vtimezone
from insight_sessions.domain.project import Contact, Project
from insight_sessions.domain.session import Slot

_ASK_AGAIN: Final = "PT12H"

# A calendar without any component is none (RFC 5545 §3.6), and some readers refuse it.
_NOTHING_YET: Final = (
    *("BEGIN:VTIMEZONE", "TZID:Etc/UTC", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZNAME:UTC"),
    *("TZOFFSETFROM:+0000", "TZOFFSETTO:+0000", "END:STANDARD", "END:VTIMEZONE"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One entry of a published calendar.

    Args:
        uid: the entry's, for life.
        sequence: the entry's revision.
        changed: when it last changed.
        project: what it is part of.
        slot: when and where it is.
        organiser: who to write to.
        cancelled: whether it will not take place, for whoever reads this.
        busy: whether it takes its reader's time.
    """

    uid: str
    sequence: int
    changed: datetime
    project: Project
    slot: Slot
    organiser: Contact
    cancelled: bool
    busy: bool


def published(entries: Iterable[Published], title: str | None = None) -> bytes:
    """A calendar file of entries.

    Args:
        entries: in the order in which they are to be listed.
        title: the calendar's name, when it is one to subscribe to (RFC 7986 §5).
    """
    listed = [(entry, _times(entry.slot)) for entry in entries]
    rules = _rules([when for _, when in listed])
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODID}", "CALSCALE:GREGORIAN", "METHOD:PUBLISH")
    parts = [fold(line) for line in (*head, *_about(title))]
    parts += [rule for rule in rules.values() if rule is not None]
    for entry, when in listed:
        # One set of rules serves a zone; where none is right for all its sessions, they go in UTC.
        known = when if when.timezone is None or rules[when.timezone] is not None else when.in_utc()
        parts += [fold(line) for line in _event(entry, known)]
    if not listed:
        parts += [fold(line) for line in _NOTHING_YET]
    return b"".join([*parts, b"END:VCALENDAR\r\n"])


def _about(title: str | None) -> tuple[str, ...]:
    if title is None:
        return ()
    name = escape(title)
    # Both names and both intervals, since each is the only one that some readers know.
    return (
        f"NAME:{name}",
        f"X-WR-CALNAME:{name}",
        f"REFRESH-INTERVAL;VALUE=DURATION:{_ASK_AGAIN}",
        f"X-PUBLISHED-TTL:{_ASK_AGAIN}",
    )


def _times(slot: Slot) -> Times:
    return times(slot.starts, slot.starts_at, slot.minutes, slot.timezone)


def _rules(listed: Sequence[Times]) -> dict[str, bytes | None]:
    """Each zone's rules from its first session on, by name."""
    names = sorted({when.timezone for when in listed if when.timezone is not None})
    first = {name: min(when.starts.year for when in listed if when.timezone == name) for name in names}
    return {name: vtimezone(name, year) for name, year in first.items()}


def _event(entry: Published, when: Times) -> Iterator[str]:
    project, slot, organiser = entry.project, entry.slot, entry.organiser
    changed = utc(entry.changed)
    title = project.title if slot.title is None else f"{project.title}: {slot.title}"
    yield "BEGIN:VEVENT"
    yield f"SUMMARY:{escape(title)}"
    yield from when.lines()
    yield f"DTSTAMP:{changed}"
    yield f"UID:{entry.uid}"
    yield f"SEQUENCE:{entry.sequence}"
    if project.summary:
        yield f"DESCRIPTION:{escape(project.summary)}"
    yield f"LAST-MODIFIED:{changed}"
    if slot.where is not None:
        yield f"LOCATION:{escape(slot.where)}"
    yield f"ORGANIZER;CN={parameter(organiser.name)}:{mailto(organiser.email)}"
    yield f"STATUS:{'CANCELLED' if entry.cancelled else 'CONFIRMED'}"
    yield f"TRANSP:{'OPAQUE' if entry.busy else 'TRANSPARENT'}"
    yield "END:VEVENT"
