"""The connections of one process to a server: opened when needed, kept, given up after a fork."""

import re
import select
import threading
from collections.abc import Sequence
from ctypes import py_object, pythonapi
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import ConnectionTimeout, Diagnostic
from psycopg.pq import TransactionStatus

from insight_sessions import Runtime, StorageBusy, StorageError
from insight_sessions.storage.forks import watch
from insight_sessions_postgres.address import Address, Limits
from insight_sessions_postgres.faults import DRIVER_ERRORS, is_lost, translated
from insight_sessions_postgres.schema import Connection, recognise
from insight_sessions_postgres.statements import BEGIN, COMMIT, LIMITS, NO_LIMIT, ROLLBACK, Call
from insight_sessions_postgres.transaction import Rows, Transaction

LONGEST_PAUSE: Final = 1.0
"""Seconds between two tries while a server restarts."""


_NUMBER: Final = re.compile(r"\d+")


class Source:
    """Gives transactions on connections of our own.

    Args:
        address: where the store is.
        limits: how long to wait, and how many connections to have.
        runtime: where the epoch of a new store, the spread of waiting and the waiting itself come from.
    """

    def __init__(self, address: Address, limits: Limits, runtime: Runtime) -> None:
        self.name = address.name
        self._address = address
        self._limits = limits
        self._runtime = runtime
        self.process = 0
        self._closed = False
        self._known = False
        times = (limits.statement, limits.lock, limits.idle)
        self._opening = (BEGIN, Call(LIMITS, [f"{seconds * 1000:.0f}ms" for seconds in times]))
        self._start_afresh()
        watch(self)

    def _start_afresh(self) -> None:
        self._mutex = threading.Lock()
        self._slots = threading.Semaphore(self._limits.connections)
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()

    # Transactions

    def begin(self, *calls: Call, end: bool = False) -> tuple[Transaction, int, list[Rows]]:
        """Begin a transaction, and try again while the server restarts.

        Args:
            calls: the statements: when they are ended at once, such as may be done twice.
            end: whether to end it at once.

        Returns:
            The transaction, for `give_back`; the process, the same; the rows that each statement gave.
        """
        waited, pause = 0.0, 0.0
        while True:
            try:
                return self._begin(*calls, end=end)
            except StorageError as error:
                if not (self._known and is_lost(error.__cause__) and waited < self._limits.restart):
                    raise
                if isinstance(error.__cause__, ConnectionTimeout):
                    waited += self._limits.connect
            self._runtime.sleep(pause * (0.5 + self._runtime.jitter()))
            waited += pause
            pause = min(max(pause * 2, 0.05), LONGEST_PAUSE)

    def _begin(self, *calls: Call, end: bool) -> tuple[Transaction, int, list[Rows]]:
        transaction = self.take()
        process = self.process
        try:
            return transaction, process, transaction.run(*calls, end=end)
        except BaseException as error:
            self.give_back(transaction, process)
            if isinstance(error, DRIVER_ERRORS):
                raise translated(error, self.name) from error
            raise

    def scrub(self, calls: Sequence[Call]) -> int:
        """Write tables anew; gives how many rows had to be kept although they are deleted."""
        transaction, process = self.take(), self.process
        kept: list[int] = []

        def count(said: Diagnostic) -> None:
            kept.extend(map(int, _NUMBER.findall(said.message_detail or "")[:1]))

        transaction.connection.add_notice_handler(count)
        try:
            transaction.run(*calls, end=True)
        finally:
            transaction.connection.remove_notice_handler(count)
            self.give_back(transaction, process)
        return sum(kept)

    # Connections

    def take(self) -> Transaction:
        """A transaction that is not begun yet, on a connection that nobody else uses; `give_back` must follow."""
        if self._closed:
            raise StorageError(f"{self.name}: this store is closed")
        slots = self._slots
        if not slots.acquire(timeout=self._limits.pool):
            raise StorageBusy(f"{self.name}: all {self._limits.connections} connections of this process are in use")
        try:
            connection = self._idle_one() or self._connect()
        except BaseException as error:
            slots.release()
            if isinstance(error, DRIVER_ERRORS):
                raise translated(error, self.name) from error
            raise
        return Transaction(connection, self._opening, (NO_LIMIT, COMMIT))

    def _idle_one(self) -> Connection | None:
        while True:
            with self._mutex:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            # A server that closed it said so; nobody else would say anything.
            waiting = select.poll()
            waiting.register(connection.fileno(), select.POLLIN)
            if not waiting.poll(0):
                return connection
            self._drop(connection)

    def _connect(self) -> Connection:
        connection: Connection = psycopg.connect(
            self._address.dsn,
            autocommit=True,
            prepare_threshold=None,
            **self._settings(),
        )
        try:
            if not self._known:
                epoch = self._runtime.random_bytes
                recognise(connection, self._address.schema, self.name, lambda: epoch(12).hex())
                self._known = True
        except BaseException:
            connection.close()
            raise
        with self._mutex:
            self._open.add(connection)
        return connection

    def _settings(self) -> dict[str, Any]:
        given = conninfo_to_dict(self._address.dsn)
        usual = {
            "application_name": "insight-sessions",
            "connect_timeout": max(2, round(self._limits.connect)),
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": 60_000,
        }
        return {"client_encoding": "utf8", **{name: value for name, value in usual.items() if name not in given}}

    def give_back(self, transaction: Transaction, process: int) -> None:
        """Undo what was not ended, and let others use the connection.

        Args:
            transaction: what `take` gave.
            process: `process` as it was then; in a forked child nothing is done.
        """
        if process != self.process:
            return
        connection = transaction.connection
        try:
            if connection.info.transaction_status not in (TransactionStatus.IDLE, TransactionStatus.UNKNOWN):
                transaction.send(ROLLBACK)
        except DRIVER_ERRORS:
            pass
        finally:
            if connection.info.transaction_status == TransactionStatus.IDLE and not self._closed:
                with self._mutex:
                    self._idle.append(connection)
            else:
                self._drop(connection)
            self._slots.release()

    def _drop(self, connection: Connection) -> None:
        with self._mutex:
            self._open.discard(connection)
        connection.close()

    def seal(self) -> Sequence[Call]:
        """Nothing more is needed at a commit."""
        return ()

    def sealed(self) -> None:
        """Nothing to remember of it."""

    # Closing and forking

    def close(self) -> None:
        """Close what is not in use now; the rest is closed when it is given back."""
        self._closed = True
        with self._mutex:
            idle, self._idle = self._idle, []
        for connection in idle:
            self._drop(connection)

    def before_fork(self) -> None:
        """Nothing to wait for."""

    def after_fork(self, *, child: bool) -> None:
        """Go on; in the child, with connections of its own."""
        if not child:
            return
        for connection in self._open:  # closing one would end it for the parent: not even at exit
            pythonapi.Py_IncRef(py_object(connection))
        self.process += 1
        self._start_afresh()
