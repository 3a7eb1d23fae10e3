"""A project while it is held, and the one place that writes to it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

import psycopg

from insight_sessions import StorageError
from insight_sessions.storage.checks import check_change
from insight_sessions.storage.port import Change, Receipt, Record
from insight_sessions_postgres.faults import DRIVER_ERRORS, translated
from insight_sessions_postgres.guard import Guard
from insight_sessions_postgres.letters import got, got_any, moment, put
from insight_sessions_postgres.schema import MARK, check_age, key
from insight_sessions_postgres.statements import ALSO, ALSO_DONE, LOCK, Call, Statements
from insight_sessions_postgres.transaction import Connections, Rows, Transaction
from insight_sessions_postgres.writing import written

AHEAD: Final = 500
"""So many changed records are asked for when a hold begins, before anybody wants them."""

ALL: Final = 2**62
"""More than there can be."""

Also = Callable[[psycopg.Connection[Any], Change], None]
"""What else is done in the transaction of each commit."""


def records(project_id: str, rows: Rows) -> list[Record]:
    """Rows of a project as records."""
    return [
        Record(project_id, got(kind), got(id), version, got_any(subject), got_any(unique), got_any(body))
        for kind, id, version, subject, unique, body in rows
    ]


class PostgresHold:
    """A project, held inside one transaction.

    Args:
        connections: where its transaction comes from.
        guard: of the threads of this process.
        sql: the statements.
        project_id: which project.
        patience: how many seconds it waits for other threads.
        also: what else is done in the transaction of the commit.
    """

    def __init__(
        self,
        connections: Connections,
        guard: Guard,
        sql: Statements,
        project_id: str,
        patience: float,
        also: Also | None,
    ) -> None:
        self._connections = connections
        self._guard = guard
        self._sql = sql
        self._project_id = project_id
        self._patience = patience
        self._also = also
        self._transaction: Transaction | None = None
        self._committed = False

    def __enter__(self) -> Self:
        id = self._project_id
        self._turns = self._guard.enter(id, self._patience)
        try:
            self._lock = Call(LOCK, (key(MARK, self._sql.schema, id),))
            self._since = self._guard.seen(id)
            calls = [self._lock, self._sql.call("project", put(id)), self._sql.call("store")]
            if self._since:
                calls.append(self._sql.call("changed", put(id), self._since, AHEAD + 1))
            self._transaction, self._process, (_, project, store, *ahead) = self._connections.begin(*calls)
            self._ahead = ahead[0] if ahead and len(ahead[0]) <= AHEAD else None
            self.epoch, least, consumers = store[0]
            self.version, self.journal_end = project[0] if project else (0, 0)
            self.consumers = frozenset(map(got, consumers))
            check_age(self._connections.name, least)
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        transaction, self._transaction = self._transaction, None
        try:
            if transaction is not None:
                self._connections.give_back(transaction, self._process)
        finally:
            self._guard.leave(self._turns)

    def _going_on(self) -> Transaction:
        transaction = self._transaction
        if transaction is None or self._committed or self._process != self._connections.process:
            raise StorageError(f"the hold of {self._project_id!r} is over")
        return transaction

    def changed(self, since: int) -> Sequence[Record]:
        """Records written after a version, deletions included as records without a body."""
        transaction = self._going_on()
        if self._ahead is not None and since >= self._since:
            found = [row for row in self._ahead if row[2] > since]
        else:
            found = self._run(transaction, self._sql.call("changed", put(self._project_id), since, ALL))
        self._guard.saw(self._project_id, self.version)
        return records(self._project_id, found)

    def receipts(self, command_ids: Collection[str]) -> Mapping[str, Receipt]:
        """The receipts there are for these commands of this project."""
        transaction = self._going_on()
        if not command_ids:
            return {}
        ids = [put(command_id) for command_id in command_ids]
        rows = self._run(transaction, self._sql.call("receipts", put(self._project_id), ids))
        found = (
            Receipt(got(id), got(mark), got(kind), got(result), at, moment(when))
            for id, mark, kind, result, at, when in rows
        )
        return {receipt.command_id: receipt for receipt in found}

    def _run(self, transaction: Transaction, call: Call) -> Rows:
        try:
            return transaction.run(call)[0]
        except DRIVER_ERRORS as error:
            raise translated(error, self._connections.name) from error

    def commit(self, change: Change) -> None:
        """Write all of it, durably, or nothing. A hold commits once.

        Raises:
            StorageBusy: nothing was written.
            StorageError: nothing was written, or it cannot be known whether it was.
        """
        transaction = self._going_on()
        self._committed = True
        check_change(
            change,
            project_id=self._project_id,
            version=self.version,
            journal_end=self.journal_end,
            consumers=self.consumers,
        )

        def write() -> None:
            transaction.send(written(self._sql, self._project_id, self.journal_end, change))
            if self._also is not None:
                transaction.send(ALSO)
                self._also(transaction.connection, change)
                transaction.send(ALSO_DONE)
            for call in self._connections.seal():
                transaction.send(call)

        try:
            transaction.end(write)
        except DRIVER_ERRORS as error:
            if not transaction.connection.closed:
                raise translated(error, self._connections.name) from error
            # Nothing the server says later settles it for certain: after a crash it may give a transaction's number
            # to another one. The next hold waits for whoever still commits, and then the receipts tell.
            self._leave_transaction(transaction)
            raise StorageError(
                f"{self._connections.name}: the connection was lost while a change was committed"
            ) from error
        self._connections.sealed()
        self._guard.saw(self._project_id, change.version)

    def _leave_transaction(self, transaction: Transaction) -> None:
        self._transaction = None
        self._connections.give_back(transaction, self._process)
