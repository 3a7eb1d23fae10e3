"""When a session is, in words that nobody can misread."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from insight_sessions.domain.session import Slot
from insight_sessions.domain.zone import zone

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def when(slot: Slot) -> str:
    """When a session is, so that nobody can misread it.

    Such as ``Tuesday 6 July 2021, 14:00 to 16:00 (London time, BST)``. The names of days and months are
    ours: the machine's locale has no say.
    """
    begins = slot.starts.replace(tzinfo=zone(slot.timezone))
    if begins.astimezone(UTC) != slot.starts_at:
        # Told by other rules than today's: the distance from UTC is the one that it was told with.
        begins = begins.replace(tzinfo=timezone(slot.starts - slot.starts_at.replace(tzinfo=None)))
    ends = (begins.astimezone(UTC) + timedelta(minutes=slot.minutes)).astimezone(begins.tzinfo)
    until = f"{ends:%H:%M}" if ends.date() == begins.date() else f"{ends:%H:%M} on {written(ends)}"
    place, first, last = _city(slot.timezone), _clock(begins), _clock(ends)
    if first == last:
        return f"{written(begins)}, {begins:%H:%M} to {until} ({place}{first})"
    return f"{written(begins)}, {begins:%H:%M} {first} to {until} {last} ({place}the clocks change)"


def at(moment: datetime, name: str) -> str:
    """A moment by the clocks of a zone, such as ``Tuesday 6 July 2021, 17:00 (London time, BST)``."""
    wall = moment.astimezone(zone(name))
    return f"{written(wall)}, {wall:%H:%M} ({_city(name)}{_clock(wall)})"


def weekday(moment: datetime) -> str:
    """The name of its day."""
    return _DAYS[moment.weekday()]


def written(moment: datetime) -> str:
    """Its date, with the name of the day."""
    return f"{weekday(moment)} {moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def _city(name: str) -> str:
    """The place a zone is named after; the rest of the few without one is not for people."""
    area, _, place = name.rpartition("/")
    return f"{place.replace('_', ' ')} time, " if area and area != "Etc" else ""


def _clock(moment: datetime) -> str:
    """What the clock shows: an abbreviation where there is one, else the distance from UTC."""
    name, offset = f"{moment:%Z}", f"{moment:%z}"
    return name if name.isalpha() else f"UTC{offset[:3]}:{offset[3:5]}"
