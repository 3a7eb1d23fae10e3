"""A store in one SQLite file, for any number of threads and processes of one machine.

Two small files stand beside it, ``-hold`` and ``-turn``; they carry the lock between processes. After
putting a backup in place of the file, call `SQLiteStorage.restored` once: the copy carries the epoch of
the original, and running processes would take their memory of what came after for the truth.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from insight_sessions.errors import StorageError
from insight_sessions.storage import sqlite_outbox as outbox
from insight_sessions.storage.faults import DRIVER_ERRORS, translated
from insight_sessions.storage.file import PATIENCE, DatabaseFile
from insight_sessions.storage.port import Delivery, Entry, Record, Scrub, Settlement, Snapshot, Whole
from insight_sessions.storage.schema import ABOUT, BODIES, DUE, JOURNAL, PROJECT_IDS, STORE, number
from insight_sessions.storage.sqlite_hold import SQLiteHold, changed, names

_SCRUB_WAITS = 100  # milliseconds for readers; writers wait meanwhile


def open_sqlite(url: str, random_bytes: Callable[[int], bytes]) -> "SQLiteStorage":
    """Name a store by a URL; nothing is opened before it is used.

    Args:
        url: ``sqlite:///relative.db`` or ``sqlite:////absolute.db``. With ``?mode=rw`` a file that is not
            there is an error; otherwise it is made, in a folder that exists.
        random_bytes: gives so many unguessable bytes.

    Raises:
        StorageError: the URL is none of these.
    """
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    mode = query.pop("mode", "rwc")
    path = unquote(parts.path.removeprefix("/"))
    if (
        parts.scheme != "sqlite"
        or parts.netloc
        or parts.fragment
        or not path
        or "\0" in path
        or path == ":memory:"
        or query
        or mode not in ("rw", "rwc")
    ):
        raise StorageError(
            f"{url!r} names no SQLite store: write sqlite:///file.db, with ?mode=rw to never make it, or memory:"
        )
    return SQLiteStorage(Path(path), random_bytes, create=mode == "rwc")


class SQLiteStorage:
    """Keeps projects in one SQLite file.

    One project is held at a time. Readers see the last commit and never wait.

    Args:
        path: the file; it is made when it was never there and its folder exists.
        random_bytes: where the epoch and the tokens of claims come from.
        create: False refuses a file that is not there.
    """

    def __init__(self, path: Path, random_bytes: Callable[[int], bytes], *, create: bool = True) -> None:
        self._random_bytes = random_bytes
        self.file = DatabaseFile(path, create=create, epoch=self._secret)

    def _secret(self) -> str:
        return self._random_bytes(12).hex()

    def hold(self, project_id: str) -> SQLiteHold:
        """Hold a project alone. A nested hold in one thread raises `StorageError`."""
        return SQLiteHold(self.file, project_id)

    def read(self, project_id: str, since: int = 0) -> Snapshot:
        """A consistent view of what changed after a version, without waiting for a writer."""
        with self.file.reading() as connection:
            epoch, _, version, journal_end, _ = connection.execute(STORE, (project_id,)).fetchone()
            records = changed(connection, project_id, since) if version is not None and version > since else []
        return Snapshot(epoch, version or 0, journal_end or 0, records)

    def whole(self, project_id: str) -> Whole:
        """A consistent view of all that lives in a project, without waiting for a writer."""
        bodies = defaultdict[str, list[str]](list)
        with self.file.reading() as connection:
            epoch, _, version, journal_end, _ = connection.execute(STORE, (project_id,)).fetchone()
            for kind, body in connection.execute(BODIES, (project_id,)):
                bodies[kind].append(body)
        return Whole(epoch, version or 0, journal_end or 0, bodies)

    def project_ids(self) -> Sequence[str]:
        """Ids of all projects with at least one commit, sorted."""
        with self.file.reading() as connection:
            return [id for (id,) in connection.execute(PROJECT_IDS)]

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        """Projects whose ``wake_at`` has come, earliest first."""
        with self.file.reading() as connection:
            return [id for (id,) in connection.execute(DUE, (number(now), limit))]

    def about(self, subject: str) -> Sequence[Record]:
        """Every living record about one person, across projects."""
        with self.file.reading() as connection:
            return list(map(Record._make, connection.execute(ABOUT, (subject,))))

    def journal(self, project_id: str, after: int = 0, limit: int = 1000) -> Sequence[Entry]:
        """Journal entries with a number greater than ``after``, in order."""
        with self.file.reading() as connection:
            return [Entry(*row) for row in connection.execute(JOURNAL, (project_id, after, limit))]

    def consumers(self, add: Collection[str] = (), retire: Collection[str] = ()) -> frozenset[str]:
        """Make consumers known or forget them, with what waits for them; give all that are known now."""
        with self.file.reading() as connection:
            known = _known(connection)
        if known.issuperset(add) and known.isdisjoint(retire):
            return known
        with self.file.writing() as connection:
            known = (_known(connection) | set(add)) - set(retire)
            connection.execute("UPDATE store SET consumers = ?", (json.dumps(sorted(known)),))
            outbox.drop(connection, retire)
        return known

    def claim(
        self, consumers: Collection[str], *, worker: str, now: datetime, until: datetime, limit: int
    ) -> Sequence[Delivery]:
        """Take due deliveries for these consumers, oldest first, at most one per consumer and stream."""
        moment = number(now)
        with self.file.reading() as connection:
            numbers = outbox.due(connection, consumers, moment, limit)
        if not numbers:
            return []
        with self.file.writing() as connection:
            if not outbox.still_due(connection, numbers, consumers, moment):
                numbers = outbox.due(connection, consumers, moment, limit)
            return outbox.claim(connection, numbers, worker, number(until), self._secret)

    def settle(self, settlements: Sequence[Settlement]) -> int:
        """Say what became of claims; gives how many took effect."""
        if not settlements:
            return 0
        with self.file.writing() as connection:
            return sum(
                outbox.settle(connection, settlement, 0 if settlement.due is None else number(settlement.due))
                for settlement in settlements
            )

    def dead_letters(self, limit: int = 1000) -> Sequence[tuple[Delivery, str]]:
        """Deliveries given up on, oldest first, each with its reason."""
        with self.file.reading() as connection:
            return outbox.dead_letters(connection, limit)

    def requeue(self, delivery_id: str, now: datetime) -> bool:
        """Make a dead letter due again, its attempts begun again at 1; false when there is none such."""
        with self.file.writing() as connection:
            return outbox.requeue(connection, delivery_id, number(now), _known(connection))

    def forget_receipts(self, before: datetime) -> int:
        """Delete receipts older than a moment; gives how many."""
        with self.file.writing() as connection:
            return connection.execute("DELETE FROM receipt WHERE at < ?", (number(before),)).rowcount

    def backlog(self) -> Mapping[str, int]:
        """Unsettled deliveries for each known consumer."""
        with self.file.reading() as connection:
            waiting = outbox.backlog(connection)
            return {consumer: waiting.get(consumer, 0) for consumer in _known(connection)}

    def scrub(self) -> Scrub:
        """Write the file anew without what was erased, and empty its log; pending while somebody reads the old one.

        Needs as much free space as the file is long, and holds up writers meanwhile.
        """
        connection, process = self.file.begin(), self.file.process
        try:
            connection.execute("COMMIT")  # the turn to write is kept
            connection.execute(f"PRAGMA busy_timeout = {_SCRUB_WAITS}")
            # secure_delete alone is not enough: SQLite leaves copies behind where it moves rows between pages
            connection.execute("VACUUM")
            (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            connection.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000:.0f}")
        except DRIVER_ERRORS as error:
            return Scrub(clean=False, reason=str(translated(error, self.file.path)))
        finally:
            self.file.end(process)
        return Scrub(clean=False, reason="somebody still reads what was there before") if busy else Scrub(clean=True)

    def restored(self) -> None:
        """Begin a new epoch. Call it once after putting a backup in place."""
        with self.file.writing() as connection:
            connection.execute("UPDATE store SET epoch = ?", (self._secret(),))

    def close(self) -> None:
        """Let go of connections and files. Nothing may be called afterwards."""
        self.file.close()


def _known(connection: sqlite3.Connection) -> frozenset[str]:
    (text,) = connection.execute("SELECT consumers FROM store").fetchone()
    return names(text)
