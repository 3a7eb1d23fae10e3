from datetime import UTC, datetime

import pytest
import tzdata
from pydantic import TypeAdapter, ValidationError

from insight_sessions.domain.zone import (
    Timezone,
    instant,
    is_ambiguous,
    is_newer,
    rule,
    tzdata_version,
    zone,
    zone_names,
)


def local(text: str) -> datetime:
    """A wall-clock time."""
    return datetime.fromisoformat(text)


def utc(text: str) -> datetime:
    """An instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_zones_come_from_the_tzdata_package() -> None:
    """Never from the machine, so that two machines agree."""
    assert tzdata_version() == tzdata.IANA_VERSION
    assert {"Europe/London", "UTC", "America/Argentina/Ushuaia"} <= zone_names()
    assert zone("Europe/London").key == "Europe/London"


@pytest.mark.parametrize("name", ["Europe/Lodnon", "", "../zoneinfo/UTC", "europe/london", "/etc/localtime"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    """Nothing outside the package can be reached by a name."""
    with pytest.raises(ValueError, match="no such time zone"):
        zone(name)


def test_the_door_takes_known_zones_only() -> None:
    """As a pydantic field."""
    door: TypeAdapter[str] = TypeAdapter(Timezone)
    assert door.validate_python("Europe/London") == "Europe/London"
    with pytest.raises(ValidationError):
        door.validate_python("Mars/Olympus")


@pytest.mark.parametrize(("name", "footer"), [("Europe/London", "GMT0BST,M3.5.0/1,M10.5.0"), ("UTC", "UTC0")])
def test_the_rule_of_a_zone_is_its_posix_footer(name: str, footer: str) -> None:
    """RFC 8536 §3.3."""
    assert rule(name) == footer


@pytest.mark.parametrize(
    ("wall", "moment"),
    [
        ("2021-07-05T10:00", "2021-07-05T09:00"),
        ("2021-01-05T10:00", "2021-01-05T10:00"),
        ("2021-10-31T01:30", "2021-10-31T00:30"),
    ],
)
def test_wall_time_becomes_an_instant(wall: str, moment: str) -> None:
    """The first one where the clocks show it twice."""
    assert instant(local(wall), "Europe/London") == utc(moment)


def test_a_time_that_the_clocks_skip_is_refused() -> None:
    """As when summer time begins."""
    with pytest.raises(ValueError, match="the clocks in Europe/London skip 2021-03-28 01:30"):
        instant(local("2021-03-28T01:30"), "Europe/London")


@pytest.mark.parametrize(
    ("wall", "name"), [("0001-01-01T00:30", "Asia/Tokyo"), ("9999-12-31T23:30", "America/New_York")]
)
def test_a_time_beyond_the_calendar_is_refused(wall: str, name: str) -> None:
    """As a wrong value, not as a crash."""
    with pytest.raises(ValueError, match="out of range"):
        instant(local(wall), name)


@pytest.mark.parametrize(
    ("wall", "twice"), [("2021-10-31T01:30", True), ("2021-10-31T02:00", False), ("2021-03-28T01:30", False)]
)
def test_a_time_that_comes_twice_is_known(wall: str, twice: bool) -> None:
    """As when summer time ends."""
    assert is_ambiguous(local(wall), "Europe/London") is twice


IN_ORDER = ("1996a", "2024z", "2024za", "2024zb", "2025a", "2025b", "2025z", "2026a", "2026f", "9999a")


def test_releases_come_one_after_the_other() -> None:
    """By year and letter; after z comes za."""
    for place, release in enumerate(IN_ORDER):
        assert [other for other in IN_ORDER if is_newer(release, other)] == list(IN_ORDER[:place])


@pytest.mark.parametrize(
    ("release", "than", "newer"),
    [
        ("2025.2", "2025b", False),
        ("2025b", "2025.2", False),
        ("2025.3", "2025b", True),
        ("2025.10", "2025.9", True),
        ("2025.10", "2025i", True),
        ("2026.1.post1", "2025b", True),
        ("2025b-12-g1234567", "2025b", False),
        ("2026a", "2025.2", True),
        ("2025b", None, True),
        ("2025b", "", True),
        ("2025b", "of our own", True),
        ("of our own", "2025b", False),
        ("of our own", None, False),
        (None, "of our own", False),
        (None, None, False),
        ("2025", "2024a", False),
        ("20251", "2024a", False),
    ],
)
def test_a_release_is_newer_only_when_that_is_certain(release: str | None, than: str | None, newer: bool) -> None:
    """However it is written; what cannot be read moves nobody's session."""
    assert is_newer(release, than) is newer


def test_ours_can_be_read() -> None:
    """Or nothing would ever be newer."""
    assert is_newer(tzdata_version(), "2025a")
    assert is_newer(tzdata_version(), None)
    assert not is_newer(tzdata.__version__, tzdata_version())
    assert not is_newer(tzdata_version(), tzdata.__version__)
