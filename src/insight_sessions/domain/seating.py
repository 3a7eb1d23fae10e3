"""Who has a place, who is offered one, and who waits for which session: kept by number, so that rules need not search.

All of it follows from the registrations, and is made anew when a project is opened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import Any, Final, NamedTuple

from rpds import HashTrieMap

from insight_sessions.domain.agenda import Agenda
from insight_sessions.domain.queue import Queue
from insight_sessions.domain.registration import Registration

_EMPTY: Final[HashTrieMap[Any, Any]] = HashTrieMap()
_NOBODY: Final = Queue()
_NOTHING_DUE: Final = Agenda()


class Seating(NamedTuple):
    """Places, offers and lines of a project, as a value.

    Args:
        arrivals: registrations that wait or are offered a place, by arrival number.
        taken: how many places of each session are taken or offered.
        displaced: who waits for each session after losing a place, by arrival.
        queue: who else waits for each session, by arrival.
        offers: who is offered a place, by arrival number, and until when.
        next_arrival: the next arrival number.
    """

    arrivals: HashTrieMap[int, str] = _EMPTY
    taken: HashTrieMap[str, int] = _EMPTY
    displaced: HashTrieMap[str, Queue] = _EMPTY
    queue: HashTrieMap[str, Queue] = _EMPTY
    offers: Agenda = _NOTHING_DUE
    next_arrival: int = 1

    @classmethod
    def of(cls, registrations: list[Registration], in_line: Callable[[Registration], Iterable[str]]) -> Seating:
        """The seating of these registrations: the same as putting each, ten times as fast.

        Args:
            registrations: all of a project's, by arrival.
            in_line: the sessions in whose line somebody stands.
        """
        taken = Counter(one.place for one in registrations if one.place is not None)
        listed = [one for one in registrations if _is_listed(one)]
        taken.update(one.offer.session for one in listed if one.offer is not None)
        waiting = [one for one in listed if one.waits_for]
        offers = _NOTHING_DUE
        for one in listed:
            if one.offer is not None:
                offers = offers.add(one.offer.until, one.arrived)
        return cls(
            arrivals=HashTrieMap((one.arrived, one.id) for one in listed),
            taken=HashTrieMap(taken),
            displaced=_lines((one for one in waiting if one.displaced), in_line),
            queue=_lines((one for one in waiting if not one.displaced), in_line),
            offers=offers,
            next_arrival=registrations[-1].arrived + 1 if registrations else 1,
        )

    def waits(self, session_id: str) -> bool:
        """Whether somebody waits for a session."""
        return bool(self.displaced.get(session_id) or self.queue.get(session_id))

    def line(self, session_id: str) -> Iterator[str]:
        """The registrations that wait for a session: those displaced by a cancellation first, then by arrival."""
        numbers = chain(self.displaced.get(session_id, _NOBODY), self.queue.get(session_id, _NOBODY))
        return map(self.arrivals.__getitem__, numbers)

    def offered_until(self, now: datetime) -> Iterator[str]:
        """The registrations whose offer ends in this minute or before, the earliest first."""
        return map(self.arrivals.__getitem__, self.offers.until(now))

    def moved(self, old: Registration | None, new: Registration | None, in_line: Iterable[str] = ()) -> Seating:
        """With a registration as it is now, and no longer as it was.

        Args:
            old: as it was; None when it was not there.
            new: as it is; None when it is gone.
            in_line: the sessions in whose line it belongs now.
        """
        arrivals, taken, displaced, queue, offers, next_arrival = self
        if old is not None and _is_listed(old):
            arrivals = arrivals.remove(old.arrived)
            displaced, queue = _left(displaced, old), _left(queue, old)
            if old.offer is not None:
                offers = offers.discard(old.offer.until, old.arrived)
        if new is not None:
            next_arrival = max(next_arrival, new.arrived + 1)
            if _is_listed(new):
                arrivals = arrivals.insert(new.arrived, new.id)
                displaced = _joined(displaced, new, in_line) if new.displaced else displaced
                queue = queue if new.displaced else _joined(queue, new, in_line)
                offers = offers if new.offer is None else offers.add(new.offer.until, new.arrived)
        return Seating(arrivals, _counted(taken, old, new), displaced, queue, offers, next_arrival)


def _is_listed(registration: Registration) -> bool:
    """Whether somebody waits, or is offered a place."""
    if registration.offer is None and registration.place is not None and not registration.switching:
        return False  # as most of a large project
    return bool(registration.waits_for) or registration.offer is not None


def _left(queues: HashTrieMap[str, Queue], old: Registration) -> HashTrieMap[str, Queue]:
    for session_id in old.waits_for:
        queue = queues.get(session_id)
        if queue is not None:
            queues = queues.insert(session_id, queue.discard(old.arrived))
    return queues


def _joined(queues: HashTrieMap[str, Queue], new: Registration, session_ids: Iterable[str]) -> HashTrieMap[str, Queue]:
    for session_id in session_ids:
        queues = queues.insert(session_id, queues.get(session_id, _NOBODY).add(new.arrived))
    return queues


def _counted(taken: HashTrieMap[str, int], old: Registration | None, new: Registration | None) -> HashTrieMap[str, int]:
    before = () if old is None else old.holds
    after = () if new is None else new.holds
    if before == after:
        return taken
    for session_id in before:
        taken = taken.insert(session_id, taken[session_id] - 1)
    for session_id in after:
        taken = taken.insert(session_id, taken.get(session_id, 0) + 1)
    return taken


def _lines(
    waiting: Iterable[Registration], in_line: Callable[[Registration], Iterable[str]]
) -> HashTrieMap[str, Queue]:
    numbers: dict[str, list[int]] = {}
    for one in waiting:
        for session_id in in_line(one):
            numbers.setdefault(session_id, []).append(one.arrived)
    return HashTrieMap({session_id: Queue.of(found) for session_id, found in numbers.items()})
