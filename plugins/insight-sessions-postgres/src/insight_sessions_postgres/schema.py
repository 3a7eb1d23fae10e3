"""The tables of a store in PostgreSQL, and how a database gets them.

All lie in one schema of their own. Every table of a project begins with the project, so that projects can be moved
apart. `line` has one row for each consumer and stream in which something waits: who adds to the stream, claims from it
or settles it locks that row first, and a claim looks at nothing else, however long the queues are.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

import psycopg
from psycopg import errors
from psycopg.rows import tuple_row

from insight_sessions import StorageError, UpgradeNeeded
from insight_sessions_postgres import writing

MARK: Final = "insight_sessions"
_TABLES: Final = ("meta", "consumer", "project", "record", "journal", "receipt", "outbox", "line")

# Columns of text compare by code points, on every server alike.
_CREATE: Final = """
CREATE TABLE @.meta (
    one boolean PRIMARY KEY CHECK (one), program text COLLATE "C" NOT NULL, number integer NOT NULL,
    oldest integer NOT NULL, epoch text COLLATE "C" NOT NULL
);
CREATE TABLE @.consumer (name text COLLATE "C" PRIMARY KEY);
CREATE TABLE @.project (
    project_id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, journal_end bigint NOT NULL, wake_at bigint
) WITH (fillfactor = 50);
CREATE INDEX project_wake ON @.project (wake_at, project_id) WHERE wake_at IS NOT NULL;
CREATE TABLE @.record (
    project_id text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL,
    version bigint NOT NULL, subject text COLLATE "C", unique_key text COLLATE "C", body text COLLATE "C",
    PRIMARY KEY (project_id, kind, id), UNIQUE (project_id, unique_key) DEFERRABLE
);
CREATE INDEX record_version ON @.record (project_id, version);
CREATE INDEX record_subject ON @.record (subject) WHERE subject IS NOT NULL;
CREATE TABLE @.journal (
    project_id text COLLATE "C" NOT NULL, number bigint NOT NULL, body text COLLATE "C" NOT NULL,
    PRIMARY KEY (project_id, number)
);
CREATE TABLE @.receipt (
    project_id text COLLATE "C" NOT NULL, command_id text COLLATE "C" NOT NULL, fingerprint text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL, result text COLLATE "C" NOT NULL, version bigint NOT NULL, at bigint NOT NULL,
    PRIMARY KEY (project_id, command_id)
);
CREATE INDEX receipt_at ON @.receipt (at);
CREATE TABLE @.outbox (
    project_id text COLLATE "C" NOT NULL, number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text COLLATE "C" NOT NULL UNIQUE, consumer text COLLATE "C" NOT NULL, stream text COLLATE "C" NOT NULL,
    body text COLLATE "C" NOT NULL, ready bigint NOT NULL, attempts integer NOT NULL DEFAULT 0,
    touched boolean NOT NULL DEFAULT false, dead boolean NOT NULL DEFAULT false, token text COLLATE "C",
    worker text COLLATE "C", reason text COLLATE "C" NOT NULL DEFAULT ''
);
CREATE INDEX outbox_stream ON @.outbox (consumer, stream, number) WHERE NOT dead;
CREATE INDEX outbox_dead ON @.outbox (number) WHERE dead;
CREATE TABLE @.line (
    consumer text COLLATE "C" NOT NULL, stream text COLLATE "C" NOT NULL, head bigint NOT NULL, ready bigint NOT NULL,
    PRIMARY KEY (consumer, stream)
);
CREATE INDEX line_head ON @.line (consumer, head);
"""

MIGRATIONS: tuple[str, ...] = (_CREATE,)
"""What makes each number of the schema out of the one before. They only ever add, so that an older release works on."""

LEAST: int = 1
"""The oldest number that a release may know and still use a store of the newest."""

SEEN = """
SELECT current_setting('server_version_num')::integer >= 130000, current_setting('server_encoding'),
       pg_is_in_recovery(),
       ARRAY(SELECT relname::text FROM pg_class WHERE relnamespace = to_regnamespace(%s) AND relname = ANY(%s))
"""


def quoted(name: str) -> str:
    """A name as it stands in statements."""
    return '"' + name.replace('"', '""') + '"'


def key(*words: str) -> int:
    """The number of an advisory lock: 64 bits that hardly anything else in the database shares."""
    return int.from_bytes(sha256("\0".join(words).encode("utf-8", "surrogatepass")).digest()[:8], signed=True)


Connection = psycopg.Connection[tuple[Any, ...]]


def recognise(connection: Connection, schema: str, name: str, epoch: Callable[[], str] | None) -> None:
    """Make sure that the tables are ours and new enough, and make or extend them where needed.

    Args:
        connection: in autocommit mode; or, with no epoch, as it is.
        schema: where the tables are.
        name: the server and the database, for messages.
        epoch: gives the epoch of a new store; None leaves everything as it is.

    Raises:
        StorageError: this is no place for a store.
        UpgradeNeeded: a newer release made it.
    """
    number = _number(connection, schema, name)
    if number >= len(MIGRATIONS) and writing.is_there(connection, quoted(schema)):
        return
    if epoch is None:
        lack = "is of an older release, or was renamed or copied" if number else "is not there yet"
        raise StorageError(f"{name}: the store in the schema {schema} {lack}; open it once by its address")
    with connection.transaction():
        # So that of two that begin at once, the second finds what the first one made.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (key(MARK, "schema", schema),))
        _migrate(connection, schema, _number(connection, schema, name), epoch)
        connection.execute(writing.function(quoted(schema)))


def _number(connection: Connection, schema: str, name: str) -> int:
    """The number of the schema that is there, 0 for none."""
    at = quoted(schema)
    # With a cursor of our own making, for a lent connection may have another kind.
    cursor = psycopg.Cursor(connection, row_factory=tuple_row)
    row = cursor.execute(SEEN.encode(), (at, list(_TABLES))).fetchone()
    new_enough, encoding, standby, tables = row or (False, "", False, [])
    if not new_enough:
        raise StorageError(f"{name}: a store needs PostgreSQL 13 or newer")
    if encoding != "UTF8":
        raise StorageError(f"{name} is encoded in {encoding}: create a database with createdb -E UTF8 -T template0")
    if standby:
        raise StorageError(f"{name} is a standby and takes no writes: name the primary server")
    if not tables:
        return 0
    foreign = StorageError(
        f"{name}: the schema {schema} holds tables of another program; they were left as they are. "
        "Name another one with ?schema="
    )
    if "meta" not in tables:
        raise foreign
    try:
        found = cursor.execute(f"SELECT program, number, oldest FROM {at}.meta".encode()).fetchone()  # noqa: S608 - quoted
    except (errors.UndefinedColumn, errors.WrongObjectType) as error:
        raise foreign from error
    if found is None or found[0] != MARK:
        raise foreign
    check_age(name, found[2])
    return int(found[1])


def check_age(name: str, oldest: int) -> None:
    """Make sure that this release is new enough for a store.

    Args:
        name: the server and the database, for the message.
        oldest: the oldest number that may use it.

    Raises:
        UpgradeNeeded: it is not.
    """
    if oldest > len(MIGRATIONS):
        raise UpgradeNeeded(
            f"{name} was changed by a newer release: its schema needs number {oldest}, and this release knows "
            f"{len(MIGRATIONS)}. Install the newer insight-sessions-postgres here too"
        )


def _migrate(connection: Connection, schema: str, number: int, epoch: Callable[[], str]) -> None:
    at = quoted(schema)
    there = connection.execute("SELECT to_regnamespace(%s) IS NOT NULL", (at,)).fetchone()
    if there == (False,):  # asked first, for IF NOT EXISTS needs the right to create one even when it is there
        connection.execute(f"CREATE SCHEMA {at}".encode())
    for statements in MIGRATIONS[number:]:
        connection.execute(statements.replace("@", at).encode())
    place = at.replace("%", "%%")  # beside values, the driver would fill in a part of the name
    if not number:
        made = (True, MARK, len(MIGRATIONS), LEAST, epoch())
        connection.execute(f"INSERT INTO {place}.meta VALUES (%s, %s, %s, %s, %s)".encode(), made)  # noqa: S608 - quoted
    elif number < len(MIGRATIONS):
        now = (len(MIGRATIONS), LEAST)
        connection.execute(f"UPDATE {place}.meta SET number = %s, oldest = greatest(oldest, %s)".encode(), now)  # noqa: S608 - quoted
