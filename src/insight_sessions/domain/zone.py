"""Time zones, from the pinned tzdata package and never from the machine.

Two machines with different system zone files must agree on when a session starts, so every zone
is read from the ``tzdata`` distribution, whose version is stored beside the instants made with it.
"""

from datetime import UTC, datetime
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import tzdata
from pydantic import AfterValidator

_FIRST: Final = 0
_SECOND: Final = 1


def tzdata_version() -> str:
    """The IANA release in use, such as ``"2026f"``."""
    return str(tzdata.IANA_VERSION)


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
    first = known.utcoffset(local.replace(tzinfo=known, fold=_FIRST))
    second = known.utcoffset(local.replace(tzinfo=known, fold=_SECOND))
    assert first is not None  # noqa: S101 - a ZoneInfo always knows its offset
    assert second is not None  # noqa: S101
    return first.total_seconds(), second.total_seconds()


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
