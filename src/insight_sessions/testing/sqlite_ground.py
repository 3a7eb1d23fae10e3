"""A ground of SQLite files, where a step is one SQL statement and a kill leaves what it really leaves.

At the moment of a kill the files are copied as they are, half a transaction in the log included, and the next
process begins with the copy: closing the old connections afterwards tidies up files that nobody reads again.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, cast

from insight_sessions.storage.file import DatabaseFile
from insight_sessions.storage.port import Storage
from insight_sessions.storage.sqlite import SQLiteStorage
from insight_sessions.testing.faults import Fault, Trap

_CODES: Final = {
    Fault.ERROR: sqlite3.SQLITE_IOERR,
    Fault.BUSY: sqlite3.SQLITE_BUSY,
    Fault.FULL: sqlite3.SQLITE_FULL,
    Fault.LOST: sqlite3.SQLITE_IOERR,
}


class SQLiteGround:
    """A ground on real SQLite files.

    Args:
        folder: an empty folder; one in memory (``/dev/shm``) is many times quicker.
        random_bytes: for the stores.
    """

    def __init__(self, folder: Path, random_bytes: Callable[[int], bytes]) -> None:
        self._folder = folder
        self._random_bytes = random_bytes
        self._lives = 0
        self._opened: list[Storage] = []
        self._begin()

    def _begin(self) -> None:
        self._here = self._folder / str(self._lives)
        self._here.mkdir(exist_ok=True)
        self.trap = Trap(self._keep_files)

    def _keep_files(self) -> None:
        """What the next life finds; the shared-memory index dies with the last process."""
        left = self._folder / str(self._lives + 1)
        left.mkdir()
        for file in self._here.iterdir():
            if not file.name.endswith("-shm"):
                shutil.copyfile(file, left / file.name)

    def open(self) -> Storage:
        """Open a store, as another process would."""
        storage = _TrappedStorage(self._here / "store.db", self._random_bytes, self.trap)
        self._opened.append(storage)
        return storage

    def revive(self) -> None:
        """Go on with the files as the kill left them."""
        self.close()
        # A connection that an error kept alive may end, and tidy away its files, at this very moment.
        shutil.rmtree(self._here, ignore_errors=True)
        self._lives += 1
        self._begin()

    def close(self) -> None:
        """Close what was opened."""
        while self._opened:
            self._opened.pop().close()


class _TrappedStorage(SQLiteStorage):
    """A store in a file whose every statement is a step."""

    def __init__(self, path: Path, random_bytes: Callable[[int], bytes], trap: Trap) -> None:
        super().__init__(path, random_bytes)
        self.file = _TrappedFile(path, random_bytes, trap)


class _TrappedFile(DatabaseFile):
    def __init__(self, path: Path, random_bytes: Callable[[int], bytes], trap: Trap) -> None:
        self._trap = trap
        super().__init__(path, create=True, epoch=lambda: random_bytes(12).hex())

    def _connect(self) -> sqlite3.Connection:
        connection = super()._connect()
        self._open.discard(connection)
        trapped: object = _TrappedConnection(connection, self._trap)
        return cast("sqlite3.Connection", trapped)


class _TrappedConnection:
    """A connection whose every statement is a step before it and a step after it."""

    def __init__(self, real: sqlite3.Connection, trap: Trap) -> None:
        self._real = real
        self._trap = trap

    @property
    def in_transaction(self) -> bool:
        return self._real.in_transaction

    @property
    def total_changes(self) -> int:
        return self._real.total_changes

    def execute(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        fault = self._trap.step(commits=statement == "COMMIT" and self._real.total_changes > 0)
        if fault is Fault.LOST:
            self._real.execute(statement, values)
        self._refuse(fault)
        cursor = self._real.execute(statement, values)
        fault = self._trap.step()
        if fault is not None:
            cursor.close()  # or it would keep its view of the file for as long as someone keeps the error
        self._refuse(fault)
        return cursor

    def executemany(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        for row in rows:
            self.execute(statement, row)

    def rollback(self) -> None:
        self._real.rollback()

    def close(self) -> None:
        self._real.close()

    def _refuse(self, fault: Fault | None) -> None:
        if fault is None:
            return
        if fault is Fault.FULL and self._real.in_transaction:
            self._real.rollback()
        error = sqlite3.OperationalError(f"simulated: {fault}")
        error.sqlite_errorcode = _CODES[fault]
        raise error
