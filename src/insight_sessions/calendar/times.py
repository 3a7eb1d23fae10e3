"""When a session is, as its calendar file says it (RFC 5545 §3.3.5)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from insight_sessions.calendar.lines import local, utc
from insight_sessions.calendar.zones import vtimezone
from insight_sessions.domain.zone import is_ambiguous, zone


@dataclass(frozen=True, slots=True)
class Times:
    """When a session begins and ends.

    Args:
        starts: in the session's zone, or in UTC where that could be misread.
        ends: in the same.
        timezone: the zone's name, or None for UTC.
    """

    starts: datetime
    ends: datetime
    timezone: str | None

    def in_utc(self) -> "Times":
        """The same in UTC."""
        return Times(self.starts.astimezone(UTC), self.ends.astimezone(UTC), None)

    def lines(self) -> tuple[str, str]:
        """DTSTART and DTEND."""
        if self.timezone is None:
            return f"DTSTART:{utc(self.starts)}", f"DTEND:{utc(self.ends)}"
        name = self.timezone
        return f"DTSTART;TZID={name}:{local(self.starts)}", f"DTEND;TZID={name}:{local(self.ends)}"


def times(starts: datetime, starts_at: datetime, minutes: int, timezone: str) -> Times:
    """A session's times: by the wall clock where every reader understands it, otherwise in UTC.

    UTC it is when the zone's rules cannot be sent, when the clocks show one of the times twice or
    never, and when the instant was made with other rules than today's: until it is made anew, the
    instant that everyone was told is the one that counts.

    Args:
        starts: by the wall clock, without a zone.
        starts_at: the instant that was made of it.
        minutes: how long it lasts.
        timezone: an IANA name.
    """
    known = zone(timezone)
    ends_at = starts_at + timedelta(minutes=minutes)
    begins, ends = starts_at.astimezone(known), ends_at.astimezone(known)
    wall = begins.replace(tzinfo=None)
    twice = is_ambiguous(wall, timezone) or is_ambiguous(ends.replace(tzinfo=None), timezone)
    if wall != starts or twice or vtimezone(timezone, begins.year) is None:
        return Times(begins, ends, timezone).in_utc()
    return Times(begins, ends, timezone)
