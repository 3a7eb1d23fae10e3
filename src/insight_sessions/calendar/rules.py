"""A zone's own rule: what it does with its clocks every year, for ever after (RFC 8536 §3.3.1).

It is the POSIX TZ footer of the zone's data, such as ``GMT0BST,M3.5.0/1,M10.5.0``.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_DAYS: Final = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_MONTH_LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FEBRUARY: Final = 2
_LAST_WEEK: Final = 5
_NAME: Final = r"([A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)"
_HOURS: Final = r"([+-]?\d{1,3}(?::\d\d)?)"
_DAY: Final = rf",M(\d+)\.(\d)\.(\d)(?:/{_HOURS})?"
_FOOTER: Final = re.compile(rf"{_NAME}{_HOURS}(?:{_NAME}{_HOURS}?{_DAY}{_DAY})?")


@dataclass(frozen=True, slots=True)
class Change:
    """A moment at which a zone's clocks are changed, and the offset from UTC from then on."""

    at: datetime
    offset: timedelta


@dataclass(frozen=True, slots=True)
class Yearly:
    """A change of the clocks that comes every year (RFC 8536 §3.3.1).

    Args:
        month: 1 to 12.
        week: 1 to 4, or 5 for the last.
        day: of the week; 0 is Sunday.
        clock: how long after that day's midnight, by the clock before the change; it may be
            negative or more than a day.
        before: the offset from UTC until then.
        after: the offset from then on.
        name: what the time is called from then on.
    """

    month: int
    week: int
    day: int
    clock: timedelta
    before: timedelta
    after: timedelta
    name: str

    def clocks(self, year: int) -> datetime:
        """What the clocks show when they are changed in that year, before they are."""
        first = datetime(year, self.month, self._earliest(year))  # noqa: DTZ001 - a wall clock
        return first + timedelta(days=(self.day - first.isoweekday()) % 7) + self.clock

    def change(self, year: int) -> Change:
        """The same as an instant."""
        return Change((self.clocks(year) - self.before).replace(tzinfo=UTC), self.after)

    def recurrence(self) -> str | None:
        """The same as a recurrence rule (RFC 5545 §3.3.10), or None where none says it simply."""
        shift = self.clock // timedelta(days=1)
        if not shift:
            week = -1 if self.week == _LAST_WEEK else self.week
            return f"FREQ=YEARLY;BYMONTH={self.month};BYDAY={week}{_DAYS[self.day]}"
        length = _MONTH_LENGTHS[self.month - 1]
        first = self._earliest(1) + shift
        if self.month == _FEBRUARY or first < 1 or first + 6 > length:
            return None
        days = ",".join(str(number) for number in range(first, first + 7))
        return f"FREQ=YEARLY;BYMONTH={self.month};BYMONTHDAY={days};BYDAY={_DAYS[(self.day + shift) % 7]}"

    def _earliest(self, year: int) -> int:
        """The first of the seven days of the month among which the week's day is."""
        if self.week != _LAST_WEEK:
            return 7 * self.week - 6
        leap = self.month == _FEBRUARY and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return _MONTH_LENGTHS[self.month - 1] + leap - 6


@dataclass(frozen=True, slots=True)
class Rule:
    """What a zone does for ever after: an offset, and two yearly changes where clocks are changed."""

    name: str
    offset: timedelta
    yearly: tuple[Yearly, ...] = ()

    def changes(self, first: datetime, last: datetime) -> list[Change]:
        """Every change of the clocks between two moments, in order."""
        years = range(first.year - 1, last.year + 2)
        found = [change.change(year) for year in years for change in self.yearly]
        return sorted((change for change in found if first < change.at <= last), key=lambda change: change.at)


def parse(footer: str) -> Rule | None:
    """A zone's own rule, read from the POSIX footer; None for the forms that no zone uses."""
    match = _FOOTER.fullmatch(footer)
    if match is None:
        return None
    standard, west, summer, summer_west, *days = match.groups()
    standard = standard.strip("<>")
    # POSIX counts offsets westwards of Greenwich.
    offset = -_hours(west)
    if summer is None:
        return Rule(standard, offset)
    ahead = -_hours(summer_west) if summer_west else offset + timedelta(hours=1)
    begins = _yearly(days[:4], offset, ahead, summer.strip("<>"))
    ends = _yearly(days[4:], ahead, offset, standard)
    return Rule(standard, offset, (begins, ends))


def _yearly(day: list[str | None], before: timedelta, after: timedelta, name: str) -> Yearly:
    month, week, weekday, clock = (part or "" for part in day)
    return Yearly(int(month), int(week), int(weekday), _hours(clock or "2"), before, after, name)


def _hours(text: str) -> timedelta:
    hours, _, minutes = text.lstrip("+-").partition(":")
    found = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return -found if text.startswith("-") else found
