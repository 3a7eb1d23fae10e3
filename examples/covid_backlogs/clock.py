"""A clock that is set by hand, so that the story is the same every time."""

from datetime import datetime
from zoneinfo import ZoneInfo


class Clock:
    """A clock that stands until it is set.

    Args:
        zone: whose wall clock it is.
        shows: what it shows at first.
    """

    def __init__(self, zone: str, shows: datetime) -> None:
        self._zone = ZoneInfo(zone)
        self.set(shows)

    def set(self, shows: datetime) -> None:
        """Let it show this."""
        self._now = shows.replace(tzinfo=self._zone)

    def now(self) -> datetime:
        """What it shows."""
        return self._now
