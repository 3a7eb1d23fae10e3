"""The tables of a SQLite store, and how a new file gets them.

Every table begins with the project, so that projects can be moved apart. `outbox.head` marks the first
unsettled delivery of each consumer and stream: a claim looks at nothing else, however long the queues are.
"""

import sqlite3
from datetime import UTC, datetime, timedelta
from functools import lru_cache

APPLICATION_ID = 0x1A515E55
USER_VERSION = 1

_TABLES = """
CREATE TABLE store (only INTEGER PRIMARY KEY CHECK (only = 1), epoch TEXT NOT NULL, consumers TEXT NOT NULL);
CREATE TABLE project (
    project_id TEXT PRIMARY KEY, version INTEGER NOT NULL, journal_end INTEGER NOT NULL, wake_at INTEGER
) WITHOUT ROWID;
CREATE INDEX project_wake ON project (wake_at, project_id) WHERE wake_at IS NOT NULL;
CREATE TABLE record (
    project_id TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    subject TEXT, unique_key TEXT, body TEXT, UNIQUE (project_id, kind, id)
);
CREATE INDEX record_version ON record (project_id, version);
CREATE UNIQUE INDEX record_unique ON record (project_id, unique_key) WHERE unique_key IS NOT NULL;
CREATE INDEX record_subject ON record (subject) WHERE subject IS NOT NULL;
CREATE TABLE journal (
    project_id TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (project_id, number)
) WITHOUT ROWID;
CREATE TABLE receipt (
    project_id TEXT NOT NULL, command_id TEXT NOT NULL, fingerprint TEXT NOT NULL, kind TEXT NOT NULL,
    result TEXT NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (project_id, command_id)
) WITHOUT ROWID;
CREATE INDEX receipt_at ON receipt (at);
CREATE TABLE outbox (
    project_id TEXT NOT NULL, number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, consumer TEXT NOT NULL,
    stream TEXT NOT NULL, body TEXT NOT NULL, ready INTEGER NOT NULL, head INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, touched INTEGER NOT NULL DEFAULT 0, dead INTEGER NOT NULL DEFAULT 0,
    token TEXT, worker TEXT, reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX outbox_head ON outbox (consumer, number, ready) WHERE head = 1;
CREATE INDEX outbox_stream ON outbox (consumer, stream, number) WHERE dead = 0;
CREATE INDEX outbox_dead ON outbox (number) WHERE dead = 1;
"""

PROJECT_IDS = "SELECT project_id FROM project ORDER BY project_id"
DUE = "SELECT project_id FROM project WHERE wake_at <= ? ORDER BY wake_at, project_id LIMIT ?"
STORE = """
SELECT store.epoch, store.consumers, project.version, project.journal_end, project.wake_at
FROM store LEFT JOIN project ON project.project_id = ?
"""
# An update writes to the index of every column that it names, changed or not: so these name what mostly stays apart.
NEW_PROJECT = "INSERT INTO project (version, journal_end, project_id) VALUES (?, ?, ?)"
NEXT_VERSION = "UPDATE project SET version = ?, journal_end = ? WHERE project_id = ?"
NEXT_WAKE = "UPDATE project SET wake_at = ? WHERE project_id = ?"
PUT_RECORD = """
INSERT INTO record (project_id, kind, id, version, subject, unique_key, body) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (project_id, kind, id) DO UPDATE SET version = excluded.version, body = excluded.body
WHERE subject IS excluded.subject AND unique_key IS excluded.unique_key
"""
PUT_RECORD_AND_KEYS = """
INSERT INTO record (project_id, kind, id, version, subject, unique_key, body) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (project_id, kind, id) DO UPDATE SET
version = excluded.version, subject = excluded.subject, unique_key = excluded.unique_key, body = excluded.body
WHERE version <> excluded.version
"""
FREE_KEY = "UPDATE record SET unique_key = NULL, version = 0 WHERE project_id = ? AND kind = ? AND id = ?"
CHANGED = """
SELECT project_id, kind, id, version, subject, unique_key, body FROM record
WHERE project_id = ? AND version > ? ORDER BY version, rowid
"""
BODIES = "SELECT kind, body FROM record WHERE project_id = ? AND body IS NOT NULL ORDER BY version, rowid"
ABOUT = """
SELECT project_id, kind, id, version, subject, unique_key, body FROM record
WHERE subject = ? ORDER BY project_id, version, rowid
"""
ADD_ENTRY = "INSERT INTO journal (project_id, number, body) VALUES (?, ?, ?)"
JOURNAL = "SELECT project_id, number, body FROM journal WHERE project_id = ? AND number > ? ORDER BY number LIMIT ?"
ADD_RECEIPT = """
INSERT INTO receipt (project_id, command_id, fingerprint, kind, result, version, at) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
RECEIPT = """
SELECT command_id, fingerprint, kind, result, version, at FROM receipt WHERE project_id = ? AND command_id = ?
"""
ADD_DELIVERY = """
INSERT INTO outbox (project_id, id, consumer, stream, body, ready, head) VALUES (?1, ?2, ?3, ?4, ?5, ?6,
NOT EXISTS (SELECT 1 FROM outbox WHERE consumer = ?3 AND stream = ?4 AND dead = 0))
"""


def create_tables(connection: sqlite3.Connection, epoch: str) -> None:
    """Turn an empty file into a store.

    Args:
        connection: open on the file, in autocommit mode.
        epoch: the new store's epoch.
    """
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(f"BEGIN IMMEDIATE; {_TABLES}")
    connection.execute("INSERT INTO store VALUES (1, ?, '[]')", (epoch,))
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {USER_VERSION}")
    connection.execute("COMMIT")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@lru_cache(maxsize=64)  # what is written together was mostly decided at one moment
def number(moment: datetime) -> int:
    """How a moment is stored: exact microseconds since 1970 in UTC."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment(number: int) -> datetime:
    """The moment that is stored as a number."""
    return _EPOCH + number * _MICROSECOND
