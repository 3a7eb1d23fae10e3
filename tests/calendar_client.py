"""A small calendar, as a mail program has one: it reads messages and keeps what is newest.

It shares no code with the library: lines are unfolded and rules of zones are interpreted here anew.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache

_ESCAPED = re.compile(r"\\(.)")
_CARET = re.compile(r"\^([n'^])")
_UNQUOTED = re.compile(r'(?:[^":]|"[^"]*")*')
_PARAMETER = re.compile(r';([A-Z-]+)=((?:"[^"]*"|[^";])*)')
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True)
class Property:
    """One line."""

    name: str
    parameters: Mapping[str, str]
    raw: str

    @property
    def text(self) -> str:
        """Its value as a TEXT."""
        return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], self.raw)


@dataclass
class Component:
    """Something between BEGIN and END."""

    name: str
    properties: list[Property] = field(default_factory=list)
    parts: list["Component"] = field(default_factory=list)

    def all(self, name: str) -> list[Property]:
        """The properties of that name."""
        return [one for one in self.properties if one.name == name]

    def one(self, name: str) -> Property:
        """The only property of that name."""
        (found,) = self.all(name)
        return found

    def part(self, name: str) -> "Component":
        """The only component of that name in it."""
        (found,) = (part for part in self.parts if part.name == name)
        return found


def content_lines(data: bytes) -> list[str]:
    """A file's lines, unfolded; refuses what RFC 5545 §3.1 forbids."""
    assert data.endswith(b"\r\n")
    assert not data.startswith(b"\xef\xbb\xbf")
    physical = data[:-2].split(b"\r\n")
    for line in physical:
        assert 0 < len(line) <= 75, line
        assert b"\r" not in line, line
        assert b"\n" not in line, line
        line.decode()  # no character is broken by a fold
    return data[:-2].decode().replace("\r\n ", "").split("\r\n")


def read(data: bytes) -> Component:
    """A whole file."""
    root = Component("")
    open_ones = [root]
    for line in content_lines(data):
        head_match = _UNQUOTED.match(line)
        assert head_match is not None
        head, value = head_match[0], line[head_match.end() + 1 :]
        name = head.partition(";")[0]
        assert value, f"{name} is empty"
        if name == "BEGIN":
            part = Component(value)
            open_ones[-1].parts.append(part)
            open_ones.append(part)
        elif name == "END":
            closed = open_ones.pop()
            assert closed.name == value
        else:
            parameters = {key: _parameter(text) for key, text in _PARAMETER.findall(head)}
            open_ones[-1].properties.append(Property(name, parameters, value))
    return root.part("VCALENDAR")


def _parameter(text: str) -> str:
    """Without its quotes, with its carets undone (RFC 6868 §3.2)."""
    return _CARET.sub(lambda found: {"n": "\n", "'": '"', "^": "^"}[found[1]], text.strip('"'))


def moment(text: str) -> datetime:
    """A UTC date-time."""
    assert text.endswith("Z")
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _wall(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%S")  # noqa: DTZ007 - a wall clock


def _offset(text: str) -> timedelta:
    minutes = int(text[1:3]) * 60 + int(text[3:5])
    return timedelta(minutes=-minutes if text[0] == "-" else minutes)


@cache
def _days(rule: str, year: int) -> tuple[date, ...]:
    """The days of a year that a recurrence rule names, found by asking every day."""
    parts = dict(part.split("=") for part in rule.split(";"))
    frequency = parts.pop("FREQ")
    assert frequency == "YEARLY"
    month = int(parts.pop("BYMONTH"))
    ordinal, weekday = int(parts["BYDAY"][:-2] or 0), _WEEKDAYS.index(parts.pop("BYDAY")[-2:])
    numbers = [int(number) for number in parts.pop("BYMONTHDAY", "").split(",") if number]
    assert not parts, parts
    all_days = (date(year, 1, 1) + timedelta(days=number) for number in range(366))
    found = [day for day in all_days if (day.year, day.month, day.weekday()) == (year, month, weekday)]
    if numbers:
        assert not ordinal
        return tuple(day for day in found if day.day in numbers)
    return (found[ordinal if ordinal < 0 else ordinal - 1],)


@dataclass(frozen=True)
class Zone:
    """A VTIMEZONE's rules: the onsets up to some year, each with the offset from then on (RFC 5545 §3.6.5)."""

    onsets: Sequence[tuple[datetime, timedelta]]

    @classmethod
    def of(cls, timezone: Component, last_year: int) -> "Zone":
        """Read from its component."""
        assert timezone.parts
        found = [onset for part in timezone.parts for onset in _onsets(part, last_year)]
        return cls(sorted(found))

    def offset(self, at: datetime) -> timedelta:
        """The offset from UTC at an instant; fails before the first onset, when nobody knows."""
        index = bisect_right(self.onsets, at, key=lambda onset: onset[0])
        assert index > 0, at
        return self.onsets[index - 1][1]

    def instant(self, wall: datetime) -> datetime:
        """The only instant at which the clocks show a time."""
        offsets = {offset for _, offset in self.onsets}
        possible = [(wall - offset).replace(tzinfo=UTC) for offset in offsets]
        (found,) = (at for at in possible if (at + self.offset(at)).replace(tzinfo=None) == wall)
        return found


def _onsets(part: Component, last_year: int) -> Iterator[tuple[datetime, timedelta]]:
    starts = _wall(part.one("DTSTART").raw)
    before, after = _offset(part.one("TZOFFSETFROM").raw), _offset(part.one("TZOFFSETTO").raw)
    yield (starts - before).replace(tzinfo=UTC), after
    for rule in part.all("RRULE"):
        # An onset that the rule itself does not name would be counted by some and not by others.
        assert starts.date() in _days(rule.raw, starts.year)
        for year in range(starts.year + 1, last_year + 1):
            for day in _days(rule.raw, year):
                yield (datetime.combine(day, starts.time()) - before).replace(tzinfo=UTC), after


@dataclass(frozen=True)
class Event:
    """What the calendar shows."""

    uid: str
    sequence: int
    stamped: datetime
    status: str
    begins: datetime
    ends: datetime
    summary: str


def event_of(data: bytes) -> Event:
    """The event of a message, its times as instants by the message's own rules."""
    calendar = read(data)
    return event_in(calendar, calendar.part("VEVENT"))


def attendee_of(data: bytes) -> str:
    """The address of the one person a message is for."""
    return read(data).part("VEVENT").one("ATTENDEE").raw.removeprefix("mailto:")


def event_in(calendar: Component, event: Component) -> Event:
    """One event of a file that may have several."""
    return Event(
        uid=event.one("UID").text,
        sequence=int(event.one("SEQUENCE").raw),
        stamped=moment(event.one("DTSTAMP").raw),
        status=event.one("STATUS").raw,
        begins=_when(calendar, event.one("DTSTART")),
        ends=_when(calendar, event.one("DTEND")),
        summary=event.one("SUMMARY").text,
    )


def _when(calendar: Component, value: Property) -> datetime:
    name = value.parameters.get("TZID")
    if name is None:
        return moment(value.raw)
    (timezone,) = (part for part in calendar.parts if part.name == "VTIMEZONE" and part.one("TZID").raw == name)
    wall = _wall(value.raw)
    return Zone.of(timezone, wall.year + 1).instant(wall)


@dataclass
class Client:
    """A calendar that takes messages in any order: for each UID the newest (SEQUENCE, DTSTAMP) counts."""

    events: dict[str, Event] = field(default_factory=dict)

    def take(self, data: bytes) -> None:
        """Take a message."""
        method = read(data).one("METHOD").raw
        new = event_of(data)
        assert (method == "CANCEL") == (new.status == "CANCELLED")
        known = self.events.get(new.uid)
        if known is None or (known.sequence, known.stamped) <= (new.sequence, new.stamped):
            self.events[new.uid] = new
