"""VTIMEZONE: what the file's own rules say is what the zone does."""

import os
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from itertools import pairwise
from zoneinfo import ZoneInfo

import icalendar
import pytest

from insight_sessions.calendar.rules import Rule, Yearly, parse
from insight_sessions.calendar.zones import vtimezone
from insight_sessions.domain.zone import rule, zone, zone_names
from tests.calendar_client import Zone, read

FIRST, LAST = 1996, 2045
STEP = timedelta(hours=1) if os.environ.get("INSIGHT_SESSIONS_PROVE") else timedelta(days=7)
"""How far apart a zone is looked at besides at the changes that its file lists, so that no hour is missed.

After those, its yearly rule holds, whose changes are months apart. `./dev prove` asks about every hour all the same.
"""

UTC_NAMES = {"Etc/UCT", "Etc/UTC", "Etc/Universal", "Etc/Zulu", "UCT", "UTC", "Universal", "Zulu"}
# Gaza follows the moon; Egypt's autumn change is on the day after a Thursday, in October or in November.
WITHOUT_RULES = UTC_NAMES | {
    "Africa/Cairo",
    "Asia/Gaza",
    "Asia/Hebron",
    "Egypt",
}

Change = tuple[datetime, timedelta]


def new_year(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=UTC)


def offset(at: datetime, known: ZoneInfo) -> timedelta:
    found = at.astimezone(known).utcoffset()
    assert found is not None
    return found


def listed(name: str) -> Iterator[datetime]:
    """The changes that a zone's file lists, read from its bytes (RFC 8536 §3.2)."""
    data = resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
    utc, standard, leap, times, types, letters = struct.unpack_from(">6I", data, 20)
    second = 44 + times * 5 + types * 6 + letters + leap * 8 + standard + utc
    assert data[second : second + 4] == b"TZif"
    (times,) = struct.unpack_from(">I", data, second + 32)
    for seconds in struct.unpack_from(f">{times}q", data, second + 44):
        if seconds > 0:
            yield datetime.fromtimestamp(seconds, UTC)


def changes(known: ZoneInfo, first: int, last: int) -> Iterator[Change]:
    """When a zone's offset changes, by asking zoneinfo."""
    begin, end = new_year(first), new_year(last)
    before = offset(begin, known)
    yield begin, before
    steps = {begin + number * STEP for number in range((end - begin) // STEP + 1)}
    looked = sorted(steps | {at for at in listed(str(known)) if begin < at <= end} | {end})
    for at, later in pairwise(looked):
        if offset(later, known) != before:
            early, late = at, later
            while late - early > timedelta(seconds=1):
                middle = early + (late - early) // timedelta(seconds=2) * timedelta(seconds=1)
                early, late = (middle, late) if offset(middle, known) == before else (early, middle)
            before = offset(late, known)
            yield late, before


def zones_by_data() -> list[list[str]]:
    """The names of every zone, those together that have the same data."""
    files = resources.files("tzdata").joinpath("zoneinfo")
    names: dict[bytes, list[str]] = {}
    for name in sorted(zone_names()):
        names.setdefault(files.joinpath(*name.split("/")).read_bytes(), []).append(name)
    return list(names.values())


def onsets_of(name: str, year: int, until: int | None = None) -> list[Change]:
    """What a zone's lines say, read by somebody else."""
    data = vtimezone(name, year)
    assert data is not None
    calendar = read(b"BEGIN:VCALENDAR\r\n" + data + b"END:VCALENDAR\r\n")
    return list(Zone.of(calendar.part("VTIMEZONE"), until or year + 2).onsets)


def within(listed: list[Change], first: datetime, last: datetime) -> list[Change]:
    """The changes between two moments, after the offset at the first."""
    before = [change for change in listed if change[0] <= first]
    return [(first, before[-1][1]), *(change for change in listed if first < change[0] <= last)]


def test_every_change_that_a_file_lists_is_looked_at() -> None:
    """However soon the next one comes; in these years Cairo went back for Ramadan in the middle of summer."""
    real = [at for at, _ in changes(zone("Africa/Cairo"), 2009, 2012)]
    assert set(real[1:]) == {at for at in listed("Africa/Cairo") if new_year(2009) < at < new_year(2012)}
    assert len(real) > 6


@pytest.mark.parametrize("names", zones_by_data(), ids=lambda names: names[0])
def test_a_zones_rules_give_tzdatas_offset_in_the_sessions_year_and_the_years_around_it(names: list[str]) -> None:
    """Every IANA zone, every year from 1996 to 2045, each change of the clocks to the second."""
    real = list(changes(zone(names[0]), FIRST - 2, LAST + 2))
    for year in range(FIRST, LAST + 1):
        data = [vtimezone(name, year) for name in names]
        if data[0] is None:
            assert set(data) == {None}
            continue
        onsets = onsets_of(names[0], year)
        first, last = new_year(year - 1), new_year(year + 2)
        assert within(onsets, first, last) == within(real, first, last), (names[0], year)
        for name, other in zip(names, data, strict=True):
            assert other == data[0].replace(f"TZID:{names[0]}\r".encode(), f"TZID:{name}\r".encode())


@pytest.mark.parametrize("name", {rule(name): name for name in sorted(zone_names())}.values())
def test_rules_hold_for_ever_after(name: str) -> None:
    """One zone for each rule there is, until 2100."""
    if vtimezone(name, 2030) is None:
        assert name in WITHOUT_RULES
        return
    real = list(changes(zone(name), 2028, 2100))
    assert within(onsets_of(name, 2030, 2100), new_year(2029), new_year(2100)) == within(
        real, new_year(2029), new_year(2100)
    )


def test_the_rules_of_london_are_those_that_every_reader_knows() -> None:
    """As CALENDAR.md has them, from two years before the session's."""
    assert vtimezone("Europe/London", 1998) == (
        b"BEGIN:VTIMEZONE\r\nTZID:Europe/London\r\n"
        b"BEGIN:DAYLIGHT\r\nDTSTART:19960331T010000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n"
        b"TZNAME:BST\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0100\r\nEND:DAYLIGHT\r\n"
        b"BEGIN:STANDARD\r\nDTSTART:19961027T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\n"
        b"TZNAME:GMT\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0000\r\nEND:STANDARD\r\n"
        b"END:VTIMEZONE\r\n"
    )


def test_a_zone_without_summer_time_gets_one_fixed_observance() -> None:
    """An observance needs no rule (RFC 5545 §3.6.5)."""
    assert vtimezone("Asia/Kolkata", 2021) == (
        b"BEGIN:VTIMEZONE\r\nTZID:Asia/Kolkata\r\n"
        b"BEGIN:STANDARD\r\nDTSTART:20190101T000000\r\n"
        b"TZNAME:IST\r\nTZOFFSETFROM:+0530\r\nTZOFFSETTO:+0530\r\nEND:STANDARD\r\n"
        b"END:VTIMEZONE\r\n"
    )


def test_the_time_that_is_ahead_is_the_summer_time_also_where_the_law_has_it_the_other_way_round() -> None:
    """Dublin's law calls the summer the standard; readers do not know negative summer time."""
    data = vtimezone("Europe/Dublin", 2021)
    assert data is not None
    daylight, _, standard = data.partition(b"END:DAYLIGHT")
    assert b"TZNAME:IST\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0100" in daylight
    assert b"TZNAME:GMT\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0000" in standard


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "America/Nuuk",
            b"DTSTART:20240330T230000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=24,25,26,27,28,29,30;BYDAY=SA",
        ),
        (
            "America/Santiago",
            b"DTSTART:20240908T000000\r\nRRULE:FREQ=YEARLY;BYMONTH=9;BYMONTHDAY=2,3,4,5,6,7,8;BYDAY=SU",
        ),
        (
            "Asia/Jerusalem",
            b"DTSTART:20240329T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=23,24,25,26,27,28,29;BYDAY=FR",
        ),
        ("Australia/Lord_Howe", b"TZOFFSETFROM:+1030\r\nTZOFFSETTO:+1100"),
        ("America/St_Johns", b"TZOFFSETFROM:-0330\r\nTZOFFSETTO:-0230"),
    ],
)
def test_a_change_on_the_day_before_or_after_the_rules_day_is_written_by_days_of_the_month(
    name: str, expected: bytes
) -> None:
    """POSIX hours may be negative or beyond 24; half hours are fine."""
    assert expected in (vtimezone(name, 2026) or b"").replace(b"\r\n ", b"")


@pytest.mark.parametrize(
    ("name", "year", "why"),
    [
        ("Africa/Casablanca", 2020, "it followed the moon"),
        ("Africa/Cairo", 2026, "its autumn change may fall into November"),
        ("America/New_York", 2005, "the rules changed in 2007"),
        ("Asia/Almaty", 2024, "the offset changed in 2024"),
        ("Etc/UTC", 2026, "it is UTC"),
        ("UTC", 2026, "it is UTC"),
        ("Europe/London", 1969, "long ago"),
    ],
)
def test_a_zone_whose_rule_cannot_be_written_is_sent_in_utc(name: str, year: int, why: str) -> None:
    """Then there is no VTIMEZONE."""
    assert vtimezone(name, year) is None, why


def test_nearly_all_zones_have_rules_and_those_that_have_none_are_known() -> None:
    """Sending UTC is right everywhere, and seldom needed."""
    assert {name for name in zone_names() if vtimezone(name, 2030) is None} == WITHOUT_RULES


def test_icalendar_reads_the_same_offsets() -> None:
    """A reader made by others agrees, at noon of every day."""
    for name in ("Europe/London", "America/Nuuk", "America/Santiago", "Asia/Jerusalem", "Asia/Tokyo"):
        data = vtimezone(name, 2026)
        assert data is not None
        read_back = icalendar.Timezone.from_ical(data.decode())
        assert isinstance(read_back, icalendar.Timezone)
        theirs = read_back.to_tz(lookup_tzid=False)
        for day in range(3 * 365):
            noon = datetime(2025, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)
            local = noon.astimezone(zone(name)).replace(tzinfo=None)
            assert local.replace(tzinfo=theirs).utcoffset() == offset(noon, zone(name)), (name, noon)


@pytest.mark.parametrize("footer", ["", "GMT0BST", "EST5EDT,J60/2,300", "nonsense"])
def test_a_footer_in_a_form_that_no_zone_uses_is_no_rule(footer: str) -> None:
    """Days counted through the year are legal and unused."""
    assert parse(footer) is None


def test_a_zone_without_a_readable_rule_is_sent_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """A footer may one day have a form that no zone uses today."""
    monkeypatch.setattr("insight_sessions.calendar.zones.rule", lambda name: f"{name} is odd")
    assert vtimezone.__wrapped__("Europe/London", 2021) is None


def test_a_footer_may_name_the_offset_of_its_summer_time() -> None:
    """Troll is two hours ahead in summer."""
    found = parse("<+00>0<+02>-2,M3.5.0/1,M10.5.0/3")
    assert found is not None
    assert [(change.name, change.after) for change in found.yearly] == [
        ("+02", timedelta(hours=2)),
        ("+00", timedelta()),
    ]
    assert parse("<+0545>-5:45") == Rule("+0545", timedelta(hours=5, minutes=45))


@pytest.mark.parametrize(("month", "week", "hours"), [(2, 1, 30), (3, 1, -1), (4, 5, 24), (2, 5, 2), (2, 3, -3)])
def test_a_change_that_crosses_months_has_no_simple_rule(month: int, week: int, hours: int) -> None:
    """February has no fixed end; the plain last Sunday of it is no trouble."""
    change = Yearly(month, week, 0, timedelta(hours=hours), timedelta(), timedelta(hours=1), "X")
    expected = "FREQ=YEARLY;BYMONTH=2;BYDAY=-1SU" if hours == 2 else None
    assert change.recurrence() == expected


@pytest.mark.parametrize(("year", "day"), [(2021, 28), (2032, 29), (2100, 28), (2000, 27)])
def test_the_last_sunday_of_february_knows_leap_years(year: int, day: int) -> None:
    """RFC 8536 §3.3.1: week 5 is the last."""
    change = Yearly(2, 5, 0, timedelta(hours=2), timedelta(), timedelta(hours=1), "X")
    assert change.clocks(year).day == day
