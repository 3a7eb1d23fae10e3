"""A store in memory: the whole contract, for tests, previews and a first look.

It is gone when the process ends. A forked child goes on with a copy of its own.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from datetime import datetime
from typing import Self

from insight_sessions.errors import StorageError
from insight_sessions.storage.memory_hold import NOTHING, MemoryHold, Shelf
from insight_sessions.storage.port import Delivery, Entry, Hold, Record, Scrub, Settlement, Snapshot, Whole


class MemoryStorage:
    """Keeps projects in this process, without files.

    Args:
        random_bytes: where the epoch and the tokens of claims come from.
    """

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self._random_bytes = random_bytes
        self.shelf = Shelf(random_bytes(12).hex())
        self._closed = False

    def reopened(self) -> Self:
        """A store on the same projects, as a second process would open a file again."""
        other = copy(self)
        other._closed = False
        return other

    def restored(self) -> None:
        """Begin a new epoch, as after putting a backup in place."""
        shelf = self._open()
        with shelf.mutex:
            shelf.epoch = self._random_bytes(12).hex()

    def _open(self) -> Shelf:
        if self._closed:
            raise StorageError("this store is closed")
        return self.shelf

    @contextmanager
    def hold(self, project_id: str) -> Generator[Hold, None, None]:
        """Hold a project alone. A nested hold in one thread raises `StorageError`."""
        shelf = self._open()
        turns = shelf.enter(project_id)
        hold = MemoryHold(shelf, project_id)
        try:
            yield hold
        finally:
            hold.over = True
            shelf.leave(turns)

    def read(self, project_id: str, since: int = 0) -> Snapshot:
        """A consistent view of what changed after a version, without waiting for a holder."""
        shelf = self._open()
        with shelf.mutex:
            project = shelf.projects.get(project_id, NOTHING)
            return Snapshot(shelf.epoch, project.version, len(project.journal), project.changed(since))

    def whole(self, project_id: str) -> Whole:
        """A consistent view of all that lives in a project, without waiting for a holder."""
        shelf = self._open()
        bodies = defaultdict[str, list[str]](list)
        with shelf.mutex:
            project = shelf.projects.get(project_id, NOTHING)
            for (kind, _), record in project.records.items():
                if record.body is not None:
                    bodies[kind].append(record.body)
            return Whole(shelf.epoch, project.version, len(project.journal), bodies)

    def project_ids(self) -> Sequence[str]:
        """Ids of all projects with at least one commit, sorted."""
        shelf = self._open()
        with shelf.mutex:
            return sorted(shelf.projects)

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        """Projects whose ``wake_at`` has come, earliest first."""
        shelf = self._open()
        with shelf.mutex:
            wakes = [(project.wake_at, id) for id, project in shelf.projects.items() if project.wake_at is not None]
        return [id for wake_at, id in sorted(wakes) if wake_at <= now][:limit]

    def about(self, subject: str) -> Sequence[Record]:
        """Every living record about one person, across projects."""
        shelf = self._open()
        with shelf.mutex:
            return list(shelf.subjects.get(subject, {}).values())

    def journal(self, project_id: str, after: int = 0, limit: int = 1000) -> Sequence[Entry]:
        """Journal entries with a number greater than ``after``, in order."""
        shelf = self._open()
        with shelf.mutex:
            return shelf.projects.get(project_id, NOTHING).journal[after : after + limit]

    def consumers(self, add: Collection[str] = (), retire: Collection[str] = ()) -> frozenset[str]:
        """Make consumers known or forget them, with what waits for them; give all that are known now."""
        known = self._open().consumers
        if known.issuperset(add) and known.isdisjoint(retire):
            return known
        shelf = self._writing()
        with shelf.mutex:
            shelf.consumers = (shelf.consumers | set(add)) - set(retire)
            shelf.outbox.drop(retire)
            return shelf.consumers

    def _writing(self) -> Shelf:
        shelf = self._open()
        if threading.get_ident() in shelf.holding:
            raise StorageError("this thread holds a project: only the hold may write")
        return shelf

    def claim(
        self, consumers: Collection[str], *, worker: str, now: datetime, until: datetime, limit: int
    ) -> Sequence[Delivery]:
        """Take due deliveries for these consumers, oldest first, at most one per consumer and stream."""
        shelf = self._writing()
        with shelf.mutex:
            return shelf.outbox.claim(consumers, now, until, limit, lambda: self._random_bytes(12).hex())

    def settle(self, settlements: Sequence[Settlement]) -> int:
        """Say what became of claims; gives how many took effect."""
        shelf = self._writing()
        with shelf.mutex:
            return sum(shelf.outbox.settle(settlement) for settlement in settlements)

    def dead_letters(self, limit: int = 1000) -> Sequence[tuple[Delivery, str]]:
        """Deliveries given up on, oldest first, each with its reason."""
        shelf = self._open()
        with shelf.mutex:
            return shelf.outbox.dead(limit)

    def requeue(self, delivery_id: str, now: datetime) -> bool:
        """Make a dead letter due again, its attempts begun again at 1; false when there is none such."""
        shelf = self._writing()
        with shelf.mutex:
            return shelf.outbox.requeue(delivery_id, now, shelf.consumers)

    def forget_receipts(self, before: datetime) -> int:
        """Delete receipts older than a moment; gives how many."""
        shelf = self._writing()
        forgotten = 0
        with shelf.mutex:
            for project in shelf.projects.values():
                old = [id for id, receipt in project.receipts.items() if receipt.at < before]
                forgotten += len(old)
                for command_id in old:
                    del project.receipts[command_id]
        return forgotten

    def backlog(self) -> Mapping[str, int]:
        """Unsettled deliveries for each known consumer."""
        shelf = self._open()
        with shelf.mutex:
            return {consumer: shelf.outbox.backlog(consumer) for consumer in shelf.consumers}

    def scrub(self) -> Scrub:
        """Always clean: there are no files."""
        self._writing()
        return Scrub(clean=True)

    def close(self) -> None:
        """Let go. The projects live on in what `reopened` gave."""
        self._closed = True
