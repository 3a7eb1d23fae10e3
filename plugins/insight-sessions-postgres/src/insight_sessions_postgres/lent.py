"""A host's own connection, lent for what should be committed with the host's transaction."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import psycopg
from psycopg.pq import TransactionStatus

from insight_sessions import Runtime, StorageError
from insight_sessions_postgres.faults import DRIVER_ERRORS, translated
from insight_sessions_postgres.schema import Connection, recognise
from insight_sessions_postgres.statements import Call
from insight_sessions_postgres.transaction import Rows, Transaction

_SAVEPOINT: Final = Call(b"SAVEPOINT insight_sessions")
_RELEASE: Final = Call(b"RELEASE SAVEPOINT insight_sessions")
_UNDO: Final = Call(b"ROLLBACK TO SAVEPOINT insight_sessions")

# A setting that is local to the transaction follows it in everything: when the host undoes our last change, by a
# savepoint or as a whole, the setting goes back with it, and at the end of the transaction it is gone.
_LAST: Final = Call(b"SELECT coalesce(current_setting('insight_sessions.last_change', true), '')")
_INSIDE: Final = (TransactionStatus.INTRANS, TransactionStatus.INERROR)
_SEAL: Final = b"SELECT set_config('insight_sessions.last_change', %s, true)"


class Lent:
    """Gives parts of one transaction on the host's connection, each within a savepoint.

    Args:
        connection: gives the host's connection.
        schema: where the tables are.
        runtime: where the marks of changes come from.
    """

    process = 0

    def __init__(self, connection: Callable[[], psycopg.Connection[Any]], schema: str, runtime: Runtime) -> None:
        self._lend = connection
        self._schema = schema
        self._runtime = runtime
        self._last: str | None = None
        self._next = ""
        self._closed = False
        self.name = "the lent connection"

    def begin(self, *calls: Call, end: bool = False) -> tuple[Transaction, int, list[Rows]]:
        """Set a savepoint, after making sure that the host's transaction is the one it was."""
        connection = self._borrowed()
        transaction = Transaction(connection, (_SAVEPOINT,), (_RELEASE,), apart=True)
        try:
            (((last,),), *rows) = transaction.run(_LAST, *calls)
            self._check(last)
            if end:
                transaction.run(end=True)
        except BaseException as error:
            self.give_back(transaction, self.process)
            if isinstance(error, DRIVER_ERRORS):
                raise translated(error, self.name) from error
            raise
        return transaction, self.process, rows

    def _check(self, last: str) -> None:
        if self._last is None:
            self._last = last
        if last != self._last:
            raise StorageError(
                "the host's transaction ended, undid a change, or changed something by another desk: make a new "
                "desk on a newly lent store for each transaction"
            )

    def _borrowed(self) -> Connection:
        if self._closed:
            raise StorageError("this store is closed")
        connection = self._lend()
        status = connection.info.transaction_status
        if status == TransactionStatus.IDLE and connection.autocommit:
            raise StorageError("the lent connection is in no transaction: begin one, and end it after using the desk")
        if status == TransactionStatus.INERROR:
            raise StorageError("the host's transaction has failed already: undo it")
        if self._last is None:
            self._recognise(connection)
        return connection

    def _recognise(self, connection: Connection) -> None:
        info = connection.info
        try:
            encoding = info.encoding
            self.name = f"{info.host}:{info.port}/{info.dbname}"
            with connection.transaction():
                recognise(connection, self._schema, self.name, None)
        except DRIVER_ERRORS as error:
            raise translated(error, self.name) from error
        if encoding != "utf-8":
            raise StorageError("the lent connection must use UTF-8: SET client_encoding TO utf8")

    def give_back(self, transaction: Transaction, process: int) -> None:
        """Undo what was done since the savepoint, unless it was released."""
        if transaction.is_open and transaction.connection.info.transaction_status in _INSIDE:
            with suppress(*DRIVER_ERRORS):
                transaction.run(_UNDO, end=True)

    def seal(self) -> Sequence[Call]:
        """What marks a change, so that it shows when the host undoes it."""
        self._next = self._runtime.random_bytes(12).hex()
        return (Call(_SEAL, (self._next,)),)

    def sealed(self) -> None:
        """The change that was marked is part of the host's transaction now."""
        self._last = self._next

    def scrub(self, calls: Sequence[Call]) -> int:
        """Nothing can be written anew inside somebody else's transaction."""
        raise StorageError(
            "the tables cannot be written anew inside a host's transaction: scrub a store opened by address"
        )

    def close(self) -> None:
        """Let go of the connection, which is the host's to close."""
        self._closed = True
