"""Time zones as calendars want them: two yearly rules that are right (RFC 5545 §3.6.5).

A zone's own rule becomes one DAYLIGHT and one STANDARD observance. That rule speaks only for the
years after the zone's table, so it is compared with the table, from the year before the session on.
Where they differ there is no honest pair of rules, and the times are sent in UTC.
"""

import struct
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Final

from insight_sessions.calendar.lines import fold, local
from insight_sessions.calendar.rules import Change, Rule, parse
from insight_sessions.domain.zone import rule, zone, zone_data

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HEADER: Final = struct.Struct(">4sc15x6I")
_A_DAY: Final = timedelta(days=1)


@cache
def vtimezone(name: str, year: int) -> bytes | None:
    """A zone's rules as a calendar file needs them: right from the year before the session, and for ever after.

    Args:
        name: an IANA name.
        year: of the session, or of the first of them, by the zone's clocks.

    Returns:
        The VTIMEZONE's lines; None when the times must be sent in UTC.
    """
    found = parse(rule(name))
    # A zone that is UTC by another name is sent as UTC itself, which no reader misunderstands.
    if found is None or found == Rule("UTC", timedelta()):
        return None
    if year < _EPOCH.year or not _holds(found, name, year):
        return None
    observances = _observances(found, year - 2)
    if observances is None:
        return None
    lines = ["BEGIN:VTIMEZONE", f"TZID:{name}", *observances, "END:VTIMEZONE"]
    return b"".join(fold(line) for line in lines)


def _holds(found: Rule, name: str, year: int) -> bool:
    """Whether a rule is what the zone really does, from the year before the first session on."""
    begins = datetime(year - 1, 1, 1, tzinfo=UTC) - _A_DAY
    # After its table a zone follows its own rule (RFC 8536 §3.3), so that nothing is left to compare.
    table, ends = _table(name)
    earlier = found.changes(begins - 400 * _A_DAY, begins)
    expected = earlier[-1].offset if earlier else found.offset
    real = begins.astimezone(zone(name)).utcoffset()
    return real == expected and [change for change in table if change.at > begins] == found.changes(begins, ends)


@cache
def _table(name: str) -> tuple[tuple[Change, ...], datetime]:
    """When a zone's offset changes, as far as its data lists it, and until when (RFC 8536 §3.1 and §3.2)."""
    data = zone_data(name)
    # The first block repeats the second in 32 bits, for readers of long ago.
    _, _, ut, std, leaps, count, types, letters = _HEADER.unpack_from(data)
    start = _HEADER.size + count * 5 + types * 6 + letters + leaps * 8 + std + ut
    _, _, _, _, _, count, types, _ = _HEADER.unpack_from(data, start)
    start += _HEADER.size
    moments: tuple[int, ...] = struct.unpack_from(f">{count}q", data, start)
    kinds: tuple[int, ...] = struct.unpack_from(f">{count}B", data, start + count * 8)
    offsets: list[int] = [struct.unpack_from(">i", data, start + count * 9 + kind * 6)[0] for kind in range(types)]
    # Some entries change only the name of the time. Before the first one, the first kind holds.
    steps = zip(moments, pairwise((0, *kinds)), strict=True)
    changes = [
        Change(_EPOCH + timedelta(seconds=at), timedelta(seconds=offsets[after]))
        for at, (before, after) in steps
        if offsets[after] != offsets[before]
    ]
    return tuple(changes), _EPOCH + timedelta(seconds=moments[-1] if moments else 0)


def _observances(found: Rule, year: int) -> list[str] | None:
    """The lines of a rule's observances, in force from that year on."""
    if not found.yearly:
        starts = datetime(year, 1, 1)  # noqa: DTZ001 - a wall clock
        return _observance("STANDARD", starts, found.offset, found.offset, found.name)
    lines: list[str] = []
    # The summer time is the one that is ahead, also where the law has it the other way round (Dublin).
    for change in sorted(found.yearly, key=lambda change: change.after, reverse=True):
        recurrence = change.recurrence()
        if recurrence is None:
            return None
        kind = "DAYLIGHT" if change.after > change.before else "STANDARD"
        lines += _observance(kind, change.clocks(year), change.before, change.after, change.name, recurrence)
    return lines


def _observance(
    kind: str, starts: datetime, before: timedelta, after: timedelta, name: str, *recurrence: str
) -> list[str]:
    return [
        f"BEGIN:{kind}",
        f"DTSTART:{local(starts)}",
        *(f"RRULE:{each}" for each in recurrence),
        f"TZNAME:{name}",
        f"TZOFFSETFROM:{_signed(before)}",
        f"TZOFFSETTO:{_signed(after)}",
        f"END:{kind}",
    ]


def _signed(offset: timedelta) -> str:
    """An offset from UTC (RFC 5545 §3.3.14)."""
    minutes = abs(offset) // timedelta(minutes=1)
    return f"{'-' if offset < timedelta() else '+'}{minutes // 60:02}{minutes % 60:02}"
