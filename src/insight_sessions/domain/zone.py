"""Time zones, from the pinned tzdata package and never from the machine.

Two machines with different system zone files must agree on when a session starts, so every zone
is read from the ``tzdata`` distribution, whose version is stored beside the instants made with it.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Annotated, Final, cast
from zoneinfo import ZoneInfo

import tzdata
from pydantic import AfterValidator

_FIRST: Final = 0
_SECOND: Final = 1
_RELEASE: Final = re.compile(r"([0-9]{4})(?:([a-z]+)|\.([0-9]+))")


def tzdata_version() -> str:
    """The IANA release in use, such as ``"2026f"``."""
    return str(tzdata.IANA_VERSION)


def is_newer(release: str | None, than: str | None) -> bool:
    """Whether one release of the zones' rules came after another.

    Both ways of writing one are understood: ``2025b`` as IANA does, and ``2025.2`` as the Python package is numbered.
    Nothing that cannot be read is newer than anything, for it must not move anybody's session.

    Args:
        release: the one that may be newer.
        than: the other one; None when it is not known.
    """
    return _order(release) > _order(than)


def _order(release: str | None) -> tuple[int, int]:
    found = _RELEASE.match(release or "")
    if found is None:
        return 0, 0
    year, letters, number = found.groups()
    # After 2025z comes 2025za.
    return int(year), int(number) if letters is None else 26 * (len(letters) - 1) + ord(letters[-1]) - ord("a") + 1


@cache
def zone_names() -> frozenset[str]:
    """Every IANA zone name of the pinned tzdata."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())


@cache
def zone_data(name: str) -> bytes:
    """The compiled file of a zone (RFC 8536).

    Raises:
        ValueError: the pinned tzdata has no such zone.
    """
    if name not in zone_names():
        raise ValueError(f"no such time zone: {name!r}; use an IANA name such as Europe/London")
    return packaged(name)


def packaged(name: str) -> bytes:
    """The file of a zone in the tzdata package."""
    return resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of that name.

    Raises:
        ValueError: the pinned tzdata has no such zone.
    """
    return ZoneInfo.from_file(BytesIO(zone_data(name)), key=name)


@cache
def rule(name: str) -> str:
    """The zone's own rule for the years after its table: the POSIX TZ footer (RFC 8536 §3.3)."""
    return zone_data(name).rstrip(b"\n").rpartition(b"\n")[2].decode("ascii")


def _offsets(local: datetime, name: str) -> tuple[float, float]:
    known = zone(name)
    # A ZoneInfo always knows its offset.
    first = cast("timedelta", known.utcoffset(local.replace(tzinfo=known, fold=_FIRST)))
    second = cast("timedelta", known.utcoffset(local.replace(tzinfo=known, fold=_SECOND)))
    return first.total_seconds(), second.total_seconds()


def readings(local: datetime, name: str) -> tuple[datetime, datetime]:
    """The two UTC instants that a wall-clock time may mean.

    They are the same unless the clocks show it twice, or skip it. Then they are what it is by the offsets before and
    after the change.
    """
    known = zone(name)
    first, second = (local.replace(tzinfo=known, fold=fold).astimezone(UTC) for fold in (_FIRST, _SECOND))
    return first, second


def is_ambiguous(local: datetime, name: str) -> bool:
    """Whether the clocks show that time twice, as when summer time ends."""
    first, second = _offsets(local, name)
    return first > second


def instant(local: datetime, name: str) -> datetime:
    """The UTC instant of a wall-clock time; the first one where the clocks show it twice.

    Raises:
        ValueError: the clocks skip that time, as when summer time begins, or it is out of range.
    """
    first, second = _offsets(local, name)
    if first < second:
        raise ValueError(f"the clocks in {name} skip {local:%Y-%m-%d %H:%M}")
    try:
        return local.replace(tzinfo=zone(name), fold=_FIRST).astimezone(UTC)
    except OverflowError:
        raise ValueError("that year is out of range") from None


def _known(name: str) -> str:
    zone(name)
    return name


Timezone = Annotated[str, AfterValidator(_known)]
"""The name of an IANA zone that the pinned tzdata knows."""
