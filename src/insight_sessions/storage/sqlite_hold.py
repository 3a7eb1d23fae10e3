"""A project of a SQLite store while it is held, and the one place that writes to it."""

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from types import TracebackType
from typing import Self

from insight_sessions.errors import StorageError
from insight_sessions.storage.checks import check_change
from insight_sessions.storage.faults import DRIVER_ERRORS, translated
from insight_sessions.storage.file import DatabaseFile
from insight_sessions.storage.port import Change, Receipt, Record
from insight_sessions.storage.schema import (
    ADD_DELIVERY,
    ADD_ENTRY,
    ADD_RECEIPT,
    CHANGED,
    FREE_KEY,
    NEW_PROJECT,
    NEXT_VERSION,
    NEXT_WAKE,
    PUT_RECORD,
    PUT_RECORD_AND_KEYS,
    RECEIPT,
    STORE,
    moment,
    number,
)


@lru_cache(maxsize=64)
def names(text: str) -> frozenset[str]:
    """The consumers in the store's list of them."""
    return frozenset(json.loads(text))


def changed(connection: sqlite3.Connection, project_id: str, since: int) -> list[Record]:
    """Records of a project written after a version."""
    return list(map(Record._make, connection.execute(CHANGED, (project_id, since))))


class SQLiteHold:
    """A project, held inside one transaction."""

    def __init__(self, file: DatabaseFile, project_id: str) -> None:
        self._file = file
        self._project_id = project_id
        self._connection: sqlite3.Connection | None = None
        self._process = file.process

    def __enter__(self) -> Self:
        connection = self._file.begin()
        try:
            self.epoch, known, version, end, wakes = connection.execute(STORE, (self._project_id,)).fetchone()
        except BaseException as error:
            self._file.end(self._process)
            if isinstance(error, DRIVER_ERRORS):
                raise translated(error, self._file.path) from error
            raise
        self.version: int = version or 0
        self.journal_end: int = end or 0
        self._wakes: int | None = wakes
        self.consumers = names(known)
        self._process, self._connection = self._file.process, connection
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection = None
        self._file.end(self._process)

    def _transaction(self) -> sqlite3.Connection:
        connection = self._connection
        if connection is None or self._process != self._file.process or not connection.in_transaction:
            raise StorageError(f"the hold of {self._project_id!r} is over")
        return connection

    def changed(self, since: int) -> Sequence[Record]:
        """Records written after a version, deletions included as records without a body."""
        connection = self._transaction()
        try:
            return changed(connection, self._project_id, since)
        except DRIVER_ERRORS as error:
            raise translated(error, self._file.path) from error

    def receipts(self, command_ids: Collection[str]) -> Mapping[str, Receipt]:
        """The receipts there are for these commands of this project."""
        connection = self._transaction()
        found: dict[str, Receipt] = {}
        try:
            for command_id in command_ids:
                for row in connection.execute(RECEIPT, (self._project_id, command_id)):
                    found[command_id] = Receipt._make(row)._replace(at=moment(row[-1]))
        except DRIVER_ERRORS as error:
            raise translated(error, self._file.path) from error
        return found

    def commit(self, change: Change) -> None:
        """Write all of it, durably, or nothing. A hold commits once.

        Raises:
            StorageError: nothing was written, or it cannot be known whether it was.
        """
        connection = self._transaction()
        self._connection = None
        check_change(
            change,
            project_id=self._project_id,
            version=self.version,
            journal_end=self.journal_end,
            consumers=self.consumers,
        )
        try:
            self._write(connection, change)
            connection.execute("COMMIT")
        except DRIVER_ERRORS as error:
            raise translated(error, self._file.path) from error

    def _write(self, connection: sqlite3.Connection, change: Change) -> None:
        id = self._project_id
        wake_at = None if change.wake_at is None else number(change.wake_at)
        connection.execute(
            NEXT_VERSION if self.version else NEW_PROJECT,
            (change.version, self.journal_end + len(change.entries), id),
        )
        if wake_at != self._wakes:
            connection.execute(NEXT_WAKE, (wake_at, id))
        _put_records(connection, change)
        connection.executemany(ADD_ENTRY, change.entries)
        connection.executemany(ADD_DELIVERY, [(id, *draft[:-1], number(draft.due)) for draft in change.deliveries])
        connection.executemany(ADD_RECEIPT, [(id, *receipt[:-1], number(receipt.at)) for receipt in change.receipts])


def _put_records(connection: sqlite3.Connection, change: Change) -> None:
    rows = [row if row.body is not None else row._replace(subject=None, unique=None) for row in change.records]
    before = connection.total_changes
    try:
        connection.executemany(PUT_RECORD, rows)
        if connection.total_changes - before < len(rows):
            connection.executemany(PUT_RECORD_AND_KEYS, rows)
    except sqlite3.IntegrityError:
        # a key may only seem to be taken, by a record that gives it up in this same change
        connection.executemany(FREE_KEY, [row[:3] for row in rows])
        connection.executemany(PUT_RECORD_AND_KEYS, rows)
