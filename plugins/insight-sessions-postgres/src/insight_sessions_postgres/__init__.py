"""The storage of insight-sessions in PostgreSQL, for many processes and many machines."""

from typing import TYPE_CHECKING

from insight_sessions import Runtime, StorageBackend, StorageError, hookimpl
from insight_sessions.storage.port import Storage

if TYPE_CHECKING:
    from insight_sessions_postgres.address import Limits as Limits
    from insight_sessions_postgres.sharded import ShardedStorage as ShardedStorage
    from insight_sessions_postgres.storage import PostgresStorage as PostgresStorage

__all__ = ["Limits", "PostgresStorage", "ShardedStorage"]


def __getattr__(name: str) -> object:
    # Late: the driver takes longer to load than the whole library, and not every process opens a store.
    if name == "PostgresStorage":
        from insight_sessions_postgres.storage import PostgresStorage  # noqa: PLC0415

        return PostgresStorage
    if name == "Limits":
        from insight_sessions_postgres.address import Limits  # noqa: PLC0415

        return Limits
    if name == "ShardedStorage":
        from insight_sessions_postgres.sharded import ShardedStorage  # noqa: PLC0415

        return ShardedStorage
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _open(url: str, runtime: Runtime) -> Storage:
    try:
        from insight_sessions_postgres.storage import PostgresStorage  # noqa: PLC0415 - as above
    except ImportError as error:
        raise StorageError(
            "psycopg, the driver of PostgreSQL, finds no libpq: install insight-sessions-postgres[binary], or libpq"
        ) from error
    return PostgresStorage.open(url, runtime=runtime)


@hookimpl
def insight_sessions_storage_backend() -> StorageBackend:
    """The scheme ``postgresql:``, and how to open a store of that kind."""
    return StorageBackend("postgresql", _open)


class _Short:
    """The same kind of store, by the scheme that many hosting services write."""

    @hookimpl
    def insight_sessions_storage_backend(self) -> StorageBackend:
        """The scheme ``postgres:``."""
        return StorageBackend("postgres", _open)


short = _Short()
