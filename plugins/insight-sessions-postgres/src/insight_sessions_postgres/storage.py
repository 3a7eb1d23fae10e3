"""A store in a PostgreSQL database, for any number of processes on any number of machines."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg

from insight_sessions import Runtime, StorageError
from insight_sessions.storage.port import Delivery, Entry, Record, Scrub, Settlement, Snapshot, Whole
from insight_sessions_postgres import outbox, statements, writing
from insight_sessions_postgres.address import SCHEMA, Address, Limits
from insight_sessions_postgres.faults import DRIVER_ERRORS, NO_RIGHT, code, translated
from insight_sessions_postgres.guard import Guard
from insight_sessions_postgres.hold import Also, PostgresHold, records
from insight_sessions_postgres.lent import Lent
from insight_sessions_postgres.letters import got, number, put
from insight_sessions_postgres.schema import quoted
from insight_sessions_postgres.source import Source
from insight_sessions_postgres.statements import Call, Statements
from insight_sessions_postgres.transaction import Connections, Rows


class PostgresStorage:
    """Keeps projects in a schema of a PostgreSQL database. Make one with `open`.

    Any number of projects are held at a time, each by one. Readers see the last commit and never wait.
    """

    def __init__(
        self, connections: Connections, schema: str, limits: Limits, runtime: Runtime, also: Also | None
    ) -> None:
        self._connections = connections
        self._limits = limits
        self._runtime = runtime
        self._also = also
        self._guard = Guard()
        self._sql = Statements(quoted(schema), {**statements.TEMPLATES, **writing.TEMPLATES, **outbox.TEMPLATES})

    @classmethod
    def open(
        cls, url: str, *, also: Also | None = None, limits: Limits | None = None, runtime: Runtime | None = None
    ) -> "PostgresStorage":
        """Name a store by its URL; nobody is connected before it is used.

        Args:
            url: ``postgresql://user@host/database``, with what else libpq takes; ``?schema=`` names the schema.
            also: called with the connection and the change inside the transaction of each commit, before it ends;
                what it writes there is committed with the change, and when it raises, neither is.
            limits: how long to wait for what, and how many connections to have.
            runtime: where randomness and waiting come from; the machine's when not given.

        Raises:
            StorageError: the URL names no PostgreSQL store.
        """
        address, limits, runtime = Address.of(url), limits or Limits(), runtime or Runtime()
        return cls(Source(address, limits, runtime), address.schema, limits, runtime, also)

    @classmethod
    def lent(
        cls,
        connection: Callable[[], psycopg.Connection[Any]],
        *,
        schema: str = SCHEMA,
        also: Also | None = None,
        limits: Limits | None = None,
        runtime: Runtime | None = None,
    ) -> "PostgresStorage":
        """A store inside one transaction of the host: what is changed here is committed, or undone, with it.

        Make one for each transaction, with a desk of its own, and let go of both when it ends: they remember what was
        never committed when the host undoes it. A store that outlives its transaction refuses to work.

        Args:
            connection: gives the host's connection. It is never committed, rolled back, or closed here.
            schema: the schema of the tables, which are there already.
            also: as in `open`.
            limits: as in `open`; of use here is only ``lock``, for other threads. The host's own limits hold.
            runtime: as in `open`.
        """
        limits, runtime = limits or Limits(), runtime or Runtime()
        return cls(Lent(connection, schema, runtime), schema, limits, runtime, also)

    def _secret(self) -> str:
        return self._runtime.random_bytes(12).hex()

    def _ask(self, name: str, *values: Any) -> Rows:  # noqa: ANN401 - whatever the driver can send
        """One statement that only reads."""
        return self._do(self._sql.call(name, *values))[0]

    def _do(self, *calls: Call) -> list[Rows]:
        """Statements in a transaction of their own, in one round trip; done again only when nothing was done."""
        transaction, process, rows = self._connections.begin(*calls, end=True)
        self._connections.give_back(transaction, process)
        return rows

    def _in_two(self, first: Sequence[Call], then: Callable[[list[Rows]], Sequence[Call]]) -> list[Rows]:
        """A transaction in two round trips; undone when the second has nothing to do."""
        transaction, process, rows = self._connections.begin(*first)
        try:
            calls = then(rows)
            if calls:
                transaction.run(*calls, end=True)
        except DRIVER_ERRORS as error:
            raise translated(error, self._connections.name) from error
        finally:
            self._connections.give_back(transaction, process)
        return rows

    def hold(self, project_id: str) -> PostgresHold:
        """Hold a project alone. A nested hold in one thread raises `StorageError`."""
        return PostgresHold(self._connections, self._guard, self._sql, project_id, self._limits.lock, self._also)

    def read(self, project_id: str, since: int = 0) -> Snapshot:
        """A consistent view of what changed after a version, without waiting for a writer."""
        (_, epoch, version, end, _, _), *rows = self._ask("read", put(project_id), put(project_id), since)
        self._guard.saw(project_id, version or 0)
        return Snapshot(epoch, version or 0, int(end or 0), records(project_id, rows))

    def whole(self, project_id: str) -> Whole:
        """A consistent view of all that lives in a project, without waiting for a writer."""
        (_, epoch, version, end), *rows = self._ask("whole", put(project_id), put(project_id))
        bodies = defaultdict[str, list[str]](list)
        for kind, body, _, _ in rows:
            bodies[kind].append(got(body))
        self._guard.saw(project_id, version or 0)
        return Whole(epoch, version or 0, end or 0, {got(kind): texts for kind, texts in bodies.items()})

    def project_ids(self) -> Sequence[str]:
        """Ids of all projects with at least one commit, sorted."""
        return [got(id) for (id,) in self._ask("project_ids")]

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        """Projects whose ``wake_at`` has come, earliest first."""
        return [got(id) for (id,) in self._ask("due", number(now), limit)]

    def about(self, subject: str) -> Sequence[Record]:
        """Every living record about one person, across projects."""
        return [record for row in self._ask("about", put(subject)) for record in records(got(row[0]), [row[1:]])]

    def journal(self, project_id: str, after: int = 0, limit: int = 1000) -> Sequence[Entry]:
        """Journal entries with a number greater than ``after``, in order."""
        rows = self._ask("journal", put(project_id), after, limit)
        return [Entry(project_id, place, got(body)) for place, body in rows]

    def consumers(self, add: Collection[str] = (), retire: Collection[str] = ()) -> frozenset[str]:
        """Make consumers known or forget them, with what waits for them; give all that are known now."""
        known = frozenset(got(name) for (name,) in self._ask("consumers"))
        if known.issuperset(add) and known.isdisjoint(retire):
            return known
        calls = [self._sql.call("add_consumers", [put(name) for name in add]), *outbox.retired(self._sql, retire)]
        *_, rows = self._do(*calls, self._sql.call("consumers"))
        return frozenset(got(name) for (name,) in rows)

    def claim(
        self, consumers: Collection[str], *, worker: str, now: datetime, until: datetime, limit: int
    ) -> Sequence[Delivery]:
        """Take due deliveries for these consumers, oldest first, at most one per consumer and stream."""
        names, later = sorted({put(name) for name in consumers}), number(until)
        values = (names, number(now), limit, limit, self._secret(), put(worker), later, later, outbox.BEHIND)
        return outbox.claimed(self._ask("claim", *values))

    def settle(self, settlements: Sequence[Settlement]) -> int:
        """Say what became of claims; gives how many took effect."""
        return sum(self._settle(group) for group in outbox.rounds(settlements))

    def _settle(self, group: Sequence[Settlement]) -> int:
        ids = [put(settlement.delivery_id) for settlement in group]
        first = (self._sql.call("lock_lines", ids), outbox.settled(self._sql, group))
        _, fit = self._in_two(first, lambda rows: outbox.moved(self._sql, rows[1]) if rows[1] else ())
        return len(fit)

    def dead_letters(self, limit: int = 1000) -> Sequence[tuple[Delivery, str]]:
        """Deliveries given up on, oldest first, each with its reason."""
        return outbox.dead_letters(self._ask("dead_letters", limit))

    def requeue(self, delivery_id: str, now: datetime) -> bool:
        """Make a dead letter due again, its attempts begun again at 1; false when there is none such."""
        id, call = put(delivery_id), self._sql.call
        first = (call("keep_consumer", id), call("hold_line", id), call("revive", number(now), id))
        *_, revived = self._in_two(first, lambda rows: outbox.moved(self._sql, rows[2]) if rows[2] else ())
        return bool(revived)

    def forget_receipts(self, before: datetime) -> int:
        """Delete receipts older than a moment; gives how many."""
        return int(self._ask("forget_receipts", number(before))[0][0])

    def backlog(self) -> Mapping[str, int]:
        """Unsettled deliveries for each known consumer."""
        return {got(name): count for name, count in self._ask("backlog")}

    def scrub(self) -> Scrub:
        """Write the tables anew without what was erased; pending while somebody sees what was there before.

        Needs as much free space as the tables are long, and holds up everybody meanwhile. It waits for others no longer
        than two seconds. The server's write-ahead log, its standbys and its backups are not the store's to clean.
        """
        calls = [self._sql.call(name) for name in ("scrub_limits", "scrub_records", "scrub_outbox")]
        try:
            kept = self._connections.scrub(calls)
        except DRIVER_ERRORS as error:
            if code(error) == NO_RIGHT:
                return Scrub(clean=False, reason="only the owner of the tables can write them anew: scrub as that role")
            return Scrub(clean=False, reason=str(translated(error, self._connections.name)))
        except StorageError as error:
            return Scrub(clean=False, reason=str(error))
        if kept:
            return Scrub(clean=False, reason="another transaction, or a standby, still sees what was there before")
        return Scrub(clean=True)

    def restored(self) -> None:
        """Begin a new epoch. Call it once after putting a backup in place."""
        self._ask("restored", self._secret())

    def close(self) -> None:
        """Let go of all connections. Nothing may be called afterwards."""
        self._connections.close()
