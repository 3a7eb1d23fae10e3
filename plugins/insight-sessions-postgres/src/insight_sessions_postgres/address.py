"""Where a store is: its URL, taken apart, and how long to wait for the server."""

from dataclasses import dataclass
from os import environ
from typing import Final
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from insight_sessions import StorageError

SCHEMA: Final = "insight_sessions"
_HELP: Final = "write postgresql://user@host/database, with ?schema=name for a schema of another name"
_LONGEST: Final = 86_400
_PLACE: Final = (
    ("host", "PGHOST", "local socket"),
    ("port", "PGPORT", "5432"),
    ("dbname", "PGDATABASE", ""),
    ("user", "PGUSER", ""),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a store waits, in seconds, and how many connections a process may have.

    Raises:
        ValueError: it could not wait so long, or had no connection.

    Args:
        connect: for the server to take a connection.
        pool: for another thread to give back a connection, when all are in use.
        lock: for a project that somebody else holds.
        statement: for one statement. A commit is waited for without a limit: a standby may have to confirm it.
        idle: between two statements of a transaction, before the server ends it.
        restart: for a server that answered before and does so no more, when nothing was written yet.
        connections: so many at most.
    """

    connect: float = 10
    pool: float = 30
    lock: float = 30
    statement: float = 60
    idle: float = 60
    restart: float = 10
    connections: int = 10

    def __post_init__(self) -> None:
        for name in ("connect", "pool", "lock", "statement", "idle"):
            if not 0 < getattr(self, name) <= _LONGEST:
                raise ValueError(f"{name} is seconds to wait: more than 0, and no more than a day")
        if not 0 <= self.restart <= _LONGEST:
            raise ValueError("restart is seconds to wait: 0 or more, and no more than a day")
        if not self.connections >= 1:
            raise ValueError("a process needs one of its connections at least")


@dataclass(frozen=True, slots=True)
class Address:
    """A server, a database, and a schema in it.

    Args:
        dsn: for the driver.
        schema: where the tables are.
        name: the server and the database, as messages name them; never the password.
    """

    dsn: str
    schema: str
    name: str

    @classmethod
    def of(cls, url: str) -> "Address":
        """Take a URL apart.

        Args:
            url: what libpq takes, and ``schema=`` among its parameters.

        Raises:
            StorageError: it is no URL of a PostgreSQL store.
        """
        base, mark, query = url.partition("?")
        # left as they are, for libpq takes a plus for a plus
        settings = query.split("&")
        ours = [unquote(one.removeprefix("schema=")) for one in settings if one.startswith("schema=")]
        schema = ours[-1] if ours else SCHEMA
        dsn = base + mark + "&".join(one for one in settings if not one.startswith("schema="))
        if not base.startswith(("postgresql://", "postgres://")):
            raise StorageError(f"this is no address of a PostgreSQL store: {_HELP}")
        authority, _, path = base.partition("://")[2].partition("/")
        if authority.count("@") > 1 or "@" in path or "/" in path:  # libpq would take a part of it for the host
            raise StorageError("in the address of the PostgreSQL store, write an @ of a password as %40 and a / as %2F")
        try:
            read = conninfo_to_dict(dsn)
        except psycopg.Error:  # which may name the password
            raise StorageError(f"the address of the PostgreSQL store cannot be read: {_HELP}") from None
        if not str(read.get("port", "0")).replace(",", "").isdecimal():
            raise StorageError(f"the port of the PostgreSQL store is no number: {_HELP}")
        try:
            length = len(schema.encode())
        except UnicodeEncodeError:
            length = 0
        if not 0 < length <= 63 or "\0" in schema or schema.startswith("pg_"):
            raise StorageError(f"{schema!r} cannot be the name of a schema of ours: choose another one")
        # What the address leaves out, libpq takes from the environment.
        host, port, database, user = (
            read.get(ours) or environ.get(theirs) or otherwise for ours, theirs, otherwise in _PLACE
        )
        return cls(dsn, schema, f"{host}:{port}/{database or user}")
