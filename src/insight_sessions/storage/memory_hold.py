"""What the store in memory keeps, and a project of it while it is held."""

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from insight_sessions.errors import StorageError
from insight_sessions.storage.checks import check_change
from insight_sessions.storage.forks import watch
from insight_sessions.storage.memory_outbox import Outbox
from insight_sessions.storage.port import Change, Entry, Receipt, Record
from insight_sessions.storage.turns import Turns


@dataclass(slots=True)
class Project:
    """One project, its records in the order last written."""

    version: int = 0
    wake_at: datetime | None = None
    records: dict[tuple[str, str], Record] = field(default_factory=dict[tuple[str, str], Record])
    uniques: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    journal: list[Entry] = field(default_factory=list[Entry])
    receipts: dict[str, Receipt] = field(default_factory=dict[str, Receipt])

    def changed(self, since: int) -> list[Record]:
        """Records written after a version: they stand at the end."""
        newest: list[Record] = []
        for record in reversed(self.records.values()):
            if record.version <= since:
                break
            newest.append(record)
        newest.reverse()
        return newest


NOTHING = Project()


class Shelf:
    """All projects, with the locks that guard them. Opened twice, it is still one."""

    def __init__(self, epoch: str) -> None:
        self.mutex = threading.Lock()
        self.epoch = epoch
        self.consumers: frozenset[str] = frozenset()
        self.projects: dict[str, Project] = {}
        self.subjects: dict[str, dict[tuple[str, str, str], Record]] = {}
        self.outbox = Outbox()
        self.holding: set[int] = set()
        self.process = 0
        self._turns: dict[str, Turns] = {}
        watch(self)

    def before_fork(self) -> None:
        """No other thread is half-way through a change while the process is copied."""
        self.mutex.acquire()

    def after_fork(self, *, child: bool) -> None:
        """The holders stayed in the parent."""
        if child:
            self.process += 1
            self.holding = set()
            self._turns = {}
        self.mutex.release()

    def enter(self, project_id: str) -> tuple[Turns, int]:
        """Wait until nobody else holds the project."""
        me = threading.get_ident()
        if me in self.holding:
            raise StorageError("this thread holds a project already: holds cannot be nested")
        with self.mutex:
            turns = self._turns.setdefault(project_id, Turns())
        turns.enter()
        self.holding.add(me)
        return turns, self.process

    def leave(self, entered: tuple[Turns, int]) -> None:
        """Let the next one hold it, unless the hold belongs to the parent of this process."""
        turns, process = entered
        if process == self.process:
            self.holding.discard(threading.get_ident())
            turns.leave()


class MemoryHold:
    """A project, held by one thread."""

    def __init__(self, shelf: Shelf, project_id: str) -> None:
        self.over = False
        self._shelf = shelf
        self._process = shelf.process
        self._project_id = project_id
        with shelf.mutex:
            self._project = shelf.projects.get(project_id) or Project()
            self.epoch = shelf.epoch
            self.version = self._project.version
            self.journal_end = len(self._project.journal)

    @property
    def consumers(self) -> frozenset[str]:
        """Every consumer the store knows."""
        return self._shelf.consumers

    def _check(self) -> None:
        if self.over or self._process != self._shelf.process:
            raise StorageError(f"the hold of {self._project_id!r} is over")

    def changed(self, since: int) -> Sequence[Record]:
        """Records written after a version, deletions included as records without a body."""
        self._check()
        return self._project.changed(since)

    def receipts(self, command_ids: Collection[str]) -> Mapping[str, Receipt]:
        """The receipts there are for these commands of this project."""
        self._check()
        receipts = self._project.receipts
        return {id: receipts[id] for id in command_ids if id in receipts}

    def commit(self, change: Change) -> None:
        """Write all of it or nothing."""
        self._check()
        self.over = True
        with self._shelf.mutex:
            self._check_all(change)
            self._write(change)

    def _check_all(self, change: Change) -> None:
        shelf, project = self._shelf, self._project
        check_change(
            change,
            project_id=self._project_id,
            version=self.version,
            journal_end=self.journal_end,
            consumers=shelf.consumers,
        )
        rewritten = {(record.kind, record.id) for record in change.records}
        given: set[str] = set()
        for record in change.records:
            if record.body is not None and record.unique is not None:
                holder = project.uniques.get(record.unique)
                if record.unique in given or (holder is not None and holder not in rewritten):
                    raise StorageError(f"record {record.kind}/{record.id}: its unique key is taken")
                given.add(record.unique)
        ids = [draft.id for draft in change.deliveries]
        if len(set(ids)) < len(ids) or any(id in shelf.outbox for id in ids):
            raise StorageError("a delivery with this id is in the outbox already")
        ids = [receipt.command_id for receipt in change.receipts]
        if len(set(ids)) < len(ids) or any(id in project.receipts for id in ids):
            raise StorageError("a command with this id has its receipt already")

    def _write(self, change: Change) -> None:
        shelf, project = self._shelf, self._project
        shelf.projects[self._project_id] = project
        project.version, project.wake_at = change.version, change.wake_at
        for record in change.records:
            self._forget((record.kind, record.id))
        for record in change.records:
            self._put(record)
        project.journal.extend(change.entries)
        project.receipts.update((receipt.command_id, receipt) for receipt in change.receipts)
        shelf.outbox.add(self._project_id, change.deliveries)

    def _forget(self, key: tuple[str, str]) -> None:
        old = self._project.records.pop(key, None)
        if old is None:
            return
        if old.unique is not None:
            del self._project.uniques[old.unique]
        if old.subject is not None:
            del self._shelf.subjects[old.subject][self._project_id, *key]

    def _put(self, record: Record) -> None:
        key = (record.kind, record.id)
        if record.body is None:
            record = record._replace(subject=None, unique=None)
        if record.unique is not None:
            self._project.uniques[record.unique] = key
        if record.subject is not None:
            self._shelf.subjects.setdefault(record.subject, {})[self._project_id, *key] = record
        self._project.records[key] = record
