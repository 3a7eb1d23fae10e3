"""The moments that other calendars write, as instants where they can be told (RFC 5545 §3.3.5).

Nothing is guessed: a day, a time without a zone, and a zone that nobody explains give None.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from insight_sessions.calendar.reading import Component, Property
from insight_sessions.calendar.rules import Yearly
from insight_sessions.domain.zone import instant, zone_names

_DATE_TIME: Final = re.compile(r"[0-9]{8}T[0-9]{6}")
_OFFSET: Final = re.compile(r"([+-])([0-9]{2})([0-9]{2})(?:[0-9]{2})?")
_BYDAY: Final = re.compile(r"(-1|\+?[1-4])(SU|MO|TU|WE|TH|FR|SA)")
_DAYS: Final = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_LAST_WEEK: Final = 5
_OBSERVANCES: Final = 20


def moment(value: Property | None, calendar: Component) -> datetime | None:
    """The instant that a property names, in UTC; None where it cannot be told.

    Zones are found by their IANA name, also behind a prefix; by the name that Windows gives them;
    or by the rules in the same file.

    Args:
        value: a DTSTAMP or a DTSTART.
        calendar: the one it is from.
    """
    if value is None:
        return None
    clock, name = value.token, value.parameter("TZID")
    try:
        if clock.endswith("Z"):
            return _wall(clock[:-1]).replace(tzinfo=UTC)
        return _in_zone(_wall(clock), name, calendar) if name else None
    except (ValueError, OverflowError):
        return None


def is_clock(value: Property) -> bool:
    """Whether a property names a date and a time, in whatever zone."""
    try:
        _wall(value.token.removesuffix("Z"))
    except ValueError:
        return False
    return True


def _in_zone(wall: datetime, name: str, calendar: Component) -> datetime | None:
    known = _iana(name)
    return _by_rules(wall, name, calendar) if known is None else instant(wall, known)


def _wall(text: str) -> datetime:
    if not _DATE_TIME.fullmatch(text):
        raise ValueError("not a date and a time")
    return datetime.strptime(text, "%Y%m%dT%H%M%S")  # noqa: DTZ007 - a wall clock


def _iana(name: str) -> str | None:
    """The IANA name of a zone (``Europe/London``, ``/example.org/Europe/London``, ``GMT Standard Time``)."""
    if name in zone_names():
        return name
    words = name.split("/")
    for count in (3, 2):
        if (tail := "/".join(words[-count:])) in zone_names():
            return tail
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON  # noqa: PLC0415

    return WINDOWS_TO_OLSON.get(name)


def _by_rules(wall: datetime, name: str, calendar: Component) -> datetime | None:
    """The instant by the rules that the file itself gives for the zone (RFC 5545 §3.6.5)."""
    for zone in calendar.inner("VTIMEZONE"):
        called = zone.first("TZID")
        if called is not None and called.text.strip() == name:
            begun = [one for part in zone.parts[:_OBSERVANCES] if (one := _observance(part, wall)) is not None]
            return (wall - max(begun)[1]).replace(tzinfo=UTC) if begun else None
    return None


def _observance(part: Component, wall: datetime) -> tuple[datetime, timedelta] | None:
    """When an observance last began, by the wall clock, and its offset; None when it had not yet.

    Raises:
        ValueError: it is written in a way that is not understood.
    """
    values = {one.name: one.token for one in part.properties}
    if "RDATE" in values:
        raise ValueError("only yearly rules are understood")
    since = _wall(values.get("DTSTART", ""))
    onsets = [since]
    if "RRULE" in values:
        onsets += [_yearly(values["RRULE"], since).clocks(year) for year in (wall.year - 1, wall.year)]
    begun = [onset for onset in onsets if since <= onset <= wall]
    return (max(begun), _offset(values.get("TZOFFSETTO", ""))) if begun else None


def _yearly(rule: str, since: datetime) -> Yearly:
    parts = {"INTERVAL": "1"}
    for part in rule.split(";"):
        key, _, value = part.partition("=")
        parts[key] = value
    day, month = _BYDAY.fullmatch(parts.pop("BYDAY", "")), int(parts.pop("BYMONTH", since.month))
    parts.pop("WKST", None)
    if day is None or not 1 <= month <= 12 or parts != {"FREQ": "YEARLY", "INTERVAL": "1"}:
        raise ValueError("only one day a year is understood")
    week = _LAST_WEEK if day[1] == "-1" else int(day[1])
    clock = timedelta(hours=since.hour, minutes=since.minute)
    return Yearly(month, week, _DAYS.index(day[2]), clock, timedelta(), timedelta(), "")


def _offset(text: str) -> timedelta:
    found = _OFFSET.fullmatch(text)
    if found is None:
        raise ValueError("not an offset from UTC")
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return -offset if found[1] == "-" else offset
