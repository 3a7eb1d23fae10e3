"""What becomes due when: a persistent calendar of numbers, by the minute."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from rpds import HashTrieMap

from insight_sessions.domain.queue import Queue

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE: Final = timedelta(minutes=1)
_NOTHING: Final[HashTrieMap[int, Queue]] = HashTrieMap()


def _minute(moment: datetime) -> int:
    return max((moment - _FIRST) // _MINUTE, 0)


@dataclass(frozen=True, slots=True)
class Agenda:
    """Numbers, each due at a moment; adding and removing give a new agenda and copy almost nothing."""

    _minutes: Queue = field(default_factory=Queue)
    _due: HashTrieMap[int, Queue] = _NOTHING

    def add(self, moment: datetime, number: int) -> Agenda:
        """With that number due at that moment."""
        minute = _minute(moment)
        numbers = self._due.get(minute) or Queue()
        return Agenda(self._minutes.add(minute), self._due.insert(minute, numbers.add(number)))

    def discard(self, moment: datetime, number: int) -> Agenda:
        """Without that number, which was due at that moment."""
        minute = _minute(moment)
        numbers = self._due[minute].discard(number)
        if numbers:
            return Agenda(self._minutes, self._due.insert(minute, numbers))
        return Agenda(self._minutes.discard(minute), self._due.remove(minute))

    @property
    def next(self) -> datetime | None:
        """The minute in which something becomes due first; None when nothing will."""
        found = next(iter(self._minutes), None)
        return None if found is None else _FIRST + found * _MINUTE

    def until(self, moment: datetime) -> Iterator[int]:
        """The numbers that are due in this minute or before, the earliest minute first, each in ascending order."""
        last = _minute(moment)
        for minute in self._minutes:
            if minute > last:
                return
            yield from self._due[minute]
