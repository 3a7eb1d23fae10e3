"""The limit of every store on SQLite: a hand-written loop that writes the same rows, and nothing else."""

import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

from insight_sessions.storage.schema import create_tables
from tests.bench.stage import PROJECT

Cells: TypeAlias = tuple[str | int | None, ...]

_RECORDS = "SELECT kind, id, subject, unique_key, body FROM record WHERE kind = ? ORDER BY rowid"
_JOURNAL = 'SELECT body FROM journal WHERE body LIKE \'%"kind":"registered"%\' ORDER BY number'
_OUTBOX = "SELECT id, consumer, stream, body, ready FROM outbox ORDER BY number"
_RECEIPTS = "SELECT command_id, fingerprint, kind, result, at FROM receipt WHERE kind = 'registration'"

_MINTED = re.compile(r"(live:)?[a-z]-[0-9a-f]{24}(\.[0-9]+)?")
_HERE = "SELECT version, journal_end FROM project WHERE project_id = ?"
_NEXT = "UPDATE project SET version = ?, journal_end = ?, wake_at = ? WHERE project_id = ?"
_RECORD = """
INSERT INTO record (project_id, kind, id, version, subject, unique_key, body) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_ENTRY = "INSERT INTO journal (project_id, number, body) VALUES (?, ?, ?)"
_DELIVERY = """
INSERT INTO outbox (project_id, id, consumer, stream, body, ready, head) VALUES (?, ?, ?, ?, ?, ?, 1)
"""
_RECEIPT = """
INSERT INTO receipt (project_id, command_id, fingerprint, kind, result, at, version) VALUES (?, ?, ?, ?, ?, ?, ?)
"""


class Written(NamedTuple):
    """The rows that one registration wrote."""

    person: Cells
    registration: Cells
    entry: Cells
    delivery: Cells
    receipt: Cells

    def renamed(self, mark: str) -> "Written":
        """The same for somebody else, with ids and keys of their own."""
        return Written(*(tuple(_marked(cell, mark) for cell in cells) for cells in self))


def _marked(cell: str | int | None, mark: str) -> str | int | None:
    """An id or a key with the mark in place of its end; bodies and words stay."""
    return cell[: -len(mark)] + mark if isinstance(cell, str) and _MINTED.fullmatch(cell) else cell


def rows_of(path: Path) -> list[Written]:
    """The rows that registrations wrote in a real run, by registration."""
    connection = sqlite3.connect(path)
    try:
        receipts = {row[3]: row for row in connection.execute(_RECEIPTS)}
        people = connection.execute(_RECORDS, ("person",))
        registrations = connection.execute(_RECORDS, ("registration",))
        entries = connection.execute(_JOURNAL)
        deliveries = connection.execute(_OUTBOX)
        return [
            Written(person, registration, entry, delivery, receipts[registration[1]])
            for person, registration, entry, delivery in zip(people, registrations, entries, deliveries, strict=True)
        ]
    finally:
        connection.close()


class RawStore:
    """A file with our tables, indexes and settings, and no library before it.

    Args:
        path: the file; `make` makes it.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA secure_delete = ON")

    @classmethod
    def make(cls, path: Path) -> "RawStore":
        """A new file with a project in it."""
        connection = sqlite3.connect(path, isolation_level=None)
        create_tables(connection, "raw")
        connection.execute("INSERT INTO project VALUES (?, 0, 0, NULL)", (PROJECT,))
        connection.close()
        return cls(path)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def one_by_one(self, rows: Sequence[Written]) -> None:
        """One durable transaction for each registration."""
        for row in rows:
            self.write(row)

    def in_batches(self, rows: Sequence[Written], size: int) -> None:
        """One durable transaction for so many registrations."""
        for start in range(0, len(rows), size):
            self.write_together(rows[start : start + size])

    def write(self, row: Written) -> None:
        """One registration, durably."""
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        version, end = execute(_HERE, (PROJECT,)).fetchone()
        execute(_NEXT, (version + 1, end + 1, None, PROJECT))
        kind, id, *rest = row.person
        execute(_RECORD, (PROJECT, kind, id, version + 1, *rest))
        kind, id, *rest = row.registration
        execute(_RECORD, (PROJECT, kind, id, version + 1, *rest))
        execute(_ENTRY, (PROJECT, end + 1, *row.entry))
        execute(_DELIVERY, (PROJECT, *row.delivery))
        execute(_RECEIPT, (PROJECT, *row.receipt, version + 1))
        execute("COMMIT")

    def write_together(self, rows: Sequence[Written]) -> None:
        """Many registrations in one transaction."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        version, end = connection.execute(_HERE, (PROJECT,)).fetchone()
        connection.execute(_NEXT, (version + 1, end + len(rows), None, PROJECT))
        records = [record for row in rows for record in (row.person, row.registration)]
        connection.executemany(_RECORD, [(PROJECT, *one[:2], version + 1, *one[2:]) for one in records])
        connection.executemany(_ENTRY, [(PROJECT, number, *row.entry) for number, row in enumerate(rows, end + 1)])
        connection.executemany(_DELIVERY, [(PROJECT, *row.delivery) for row in rows])
        connection.executemany(_RECEIPT, [(PROJECT, *row.receipt, version + 1) for row in rows])
        connection.execute("COMMIT")
