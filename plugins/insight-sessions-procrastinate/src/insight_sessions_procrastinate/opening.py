"""A store whose changes wake the workers."""

import psycopg
from insight_sessions_postgres import PostgresStorage
from insight_sessions_postgres.address import Address
from insight_sessions_postgres.faults import translated

from insight_sessions.errors import StorageError
from insight_sessions_procrastinate.waking import MISSING, wake


def open_storage(url: str) -> PostgresStorage:
    """A store in PostgreSQL whose changes wake the workers in the moment they are committed, to give to a `Desk`.

    Args:
        url: the database, which has the tables of Procrastinate too.

    Raises:
        StorageError: the database cannot be opened, or has no tables of Procrastinate.
    """
    _require_tables(Address.of(url))
    return PostgresStorage.open(url, also=wake)


def _require_tables(address: Address) -> None:
    """Say at once what every change would run into."""
    try:
        with psycopg.connect(address.dsn) as connection:
            found = connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()
    except psycopg.Error as error:
        raise translated(error, address.name) from error
    if found is None or found[0] is None:
        raise StorageError(f"{address.name}: {MISSING}")
