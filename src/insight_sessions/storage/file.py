"""One SQLite file as one process sees it: who may write, which connections are open, is it still the same file.

No connection is ever carried across a fork. SQLite keeps its locks by process and remembers them in memory, so
a child that inherits an open connection would believe in locks it does not have, and could lose commits.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from ctypes import py_object, pythonapi
from pathlib import Path

from insight_sessions.errors import StorageError, UpgradeNeeded
from insight_sessions.storage.faults import DRIVER_ERRORS, translated
from insight_sessions.storage.forks import watch
from insight_sessions.storage.locks import FileLock, beside
from insight_sessions.storage.schema import APPLICATION_ID, USER_VERSION, create_tables
from insight_sessions.storage.turns import Turns

IDLE_READERS = 8
PATIENCE = 5.0  # seconds, for programs that do not take turns, and for threads at a fork


class DatabaseFile:
    """A database file, opened when first needed, for the threads of one process.

    Args:
        path: the file.
        create: whether to make it when it was never there.
        epoch: gives the epoch of a new file.
    """

    def __init__(self, path: Path, *, create: bool, epoch: Callable[[], str]) -> None:
        self.path = path
        self._name = os.fspath(path)
        self.process = 0
        self._create = create
        self._epoch = epoch
        self._identity: tuple[int, int] | None = None
        self._closed = False
        self._stranded = False
        self._start_afresh()
        watch(self)

    def _start_afresh(self) -> None:
        self._turns = Turns()
        self._lock: FileLock | None = None
        self._writer: sqlite3.Connection | None = None
        self._readers: list[sqlite3.Connection] = []
        self._open: set[sqlite3.Connection] = set()
        self._gate = threading.Lock()
        self._idle = threading.Condition()
        self._reading = 0
        self._entered = False

    # writing

    @property
    def connections(self) -> int:
        """How many connections this process has open."""
        return len(self._open)

    def begin(self) -> sqlite3.Connection:
        """Wait for the turn to write, and begin a transaction; `end` must follow."""
        self._turns.enter()
        try:
            self._check_open()
            if self._lock is None:
                self._make()
                self._lock = FileLock(self.path)
            self._lock.enter()
            self._check()
            if self._writer is None:
                self._writer = self._connect()
                self._lock.mark()
            self._writer.execute("BEGIN IMMEDIATE")
        except BaseException as error:
            self.end(self.process)
            if isinstance(error, DRIVER_ERRORS):
                raise translated(error, self.path) from error
            raise
        return self._writer

    def end(self, process: int) -> None:
        """Undo what was not committed and let the next one write.

        Args:
            process: `process` as it was at `begin`; in a forked child nothing is done.
        """
        if process != self.process:
            return
        try:
            if self._writer is not None and self._writer.in_transaction:
                self._writer.rollback()
        except sqlite3.Error:
            self._drop_writer()
        finally:
            if self._lock is not None:
                self._lock.leave()
            self._turns.leave()

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._drop(self._writer)
        self._writer = None

    def _drop(self, connection: sqlite3.Connection) -> None:
        self._open.discard(connection)
        connection.close()

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection, None, None]:
        """One transaction that writes: committed at the end of the block, undone by an exception."""
        connection = self.begin()
        try:
            yield connection
            connection.execute("COMMIT")
        except DRIVER_ERRORS as error:
            raise translated(error, self.path) from error
        finally:
            self.end(self.process)

    # reading

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection, None, None]:
        """One consistent view of the file, which no writer waits for."""
        with self._gate, self._idle:
            self._reading += 1
            connection = self._readers.pop() if self._readers else None
        whole = False
        try:
            self._check()
            connection = connection or self._connect()
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")
            whole = True
        except DRIVER_ERRORS as error:
            raise translated(error, self.path) from error
        finally:
            self._give_back(connection, whole=whole)

    def _give_back(self, connection: sqlite3.Connection | None, *, whole: bool) -> None:
        with self._idle:
            self._reading -= 1
            self._idle.notify_all()
            if whole and not self._closed and connection and len(self._readers) < IDLE_READERS:
                self._readers.append(connection)
            elif connection:
                self._drop(connection)

    # opening

    def _check_open(self) -> None:
        if self._closed:
            raise StorageError(f"{self.path}: this store is closed")
        if self._stranded:
            raise StorageError(f"{self.path} was in use when this process was forked from its parent; start a new one")

    def _check(self) -> None:
        self._check_open()
        if self._identity is not None and self._identity != self._seen():
            raise StorageError(f"{self.path} is gone or was replaced; put it back, or open the store anew")

    def _seen(self) -> tuple[int, int] | None:
        try:
            seen = os.stat(self._name)  # noqa: PTH116 - each hold does it, and a path's own takes twice as long
        except FileNotFoundError:
            return None
        return seen.st_dev, seen.st_ino

    def _connect(self) -> sqlite3.Connection:
        self._make()
        seen = self._seen()
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=PATIENCE,
            isolation_level=None,
            check_same_thread=False,
        )
        self._open.add(connection)
        try:
            self._recognise(connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")
            self._identity = self._identity or seen
            self._check()
        except BaseException:
            self._drop(connection)
            raise
        return connection

    def _recognise(self, connection: sqlite3.Connection) -> None:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        if application != APPLICATION_ID:
            raise StorageError(f"{self.path} is a file of another program, or empty; it was left as it is")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > USER_VERSION:
            raise UpgradeNeeded(f"{self.path} was written by a newer release: version {version}, not {USER_VERSION}")
        if connection.execute("SELECT count(*) FROM store").fetchone() != (1,):
            raise StorageError(f"{self.path} is damaged: it does not say which store it is")

    def _make(self) -> None:
        if self._identity is not None or self.path.exists():
            return
        if not self._create:
            raise StorageError(f"{self.path} does not exist")
        if not self.path.parent.is_dir():
            raise StorageError(f"the folder {self.path.parent} does not exist")
        lock = FileLock(self.path)
        try:
            lock.enter()
            if not self.path.exists():
                if lock.marked or beside(self.path, "-wal").exists():
                    raise StorageError(
                        f"{self.path} is gone: there was a database here. Put it back, or delete "
                        f"{self.path.name}-hold and {self.path.name}-wal to begin anew"
                    )
                self._make_new()
            lock.mark()
        finally:
            lock.close()

    def _make_new(self) -> None:
        # under another name first, so that a crash leaves either no database or a whole one
        new = beside(self.path, "-new")
        for left_by_a_crash in ("-new", "-new-wal", "-new-shm", "-new-journal"):
            beside(self.path, left_by_a_crash).unlink(missing_ok=True)
        connection = sqlite3.connect(new, isolation_level=None)
        try:
            create_tables(connection, self._epoch())
        finally:
            connection.close()
        new.rename(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    # closing and forking

    def close(self) -> None:
        """Let go of everything; what is being read or written now is finished first."""
        self._turns.enter()
        with self._gate, self._idle:
            self._closed = True
            self._let_go()
        self._turns.leave()

    def _let_go(self) -> None:
        self._drop_writer()
        while self._readers:
            self._drop(self._readers.pop())
        if self._lock is not None:
            self._lock.close()
        self._lock = None

    def before_fork(self) -> None:
        """Wait for the threads that use the file, and close it."""
        self._entered = not self._turns.mine and self._turns.enter(PATIENCE)
        self._gate.acquire()
        with self._idle:
            resting = self._idle.wait_for(lambda: self._reading == 0, PATIENCE)
        if self._entered and resting:
            self._let_go()

    def after_fork(self, *, child: bool) -> None:
        """Go on in the parent; in the child, open the file anew when it is needed."""
        self._gate.release()
        if child:
            self._abandon()
        elif self._entered:
            self._turns.leave()

    def _abandon(self) -> None:
        if self._lock is not None:  # or the child would keep the parent's lock when the parent is killed
            self._lock.close()
        for connection in self._open:  # closing it would touch the parent's transaction: not even at exit
            pythonapi.Py_IncRef(py_object(connection))
        self._stranded = self._stranded or bool(self._open)
        self.process += 1
        self._start_afresh()
