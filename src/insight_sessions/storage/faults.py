"""The one place where a driver's error becomes one of ours."""

import sqlite3
from pathlib import Path

from insight_sessions.errors import StorageBusy, StorageError

DRIVER_ERRORS = (sqlite3.Error, sqlite3.Warning, OSError, UnicodeEncodeError, OverflowError)

_WHAT = {
    sqlite3.SQLITE_READONLY: "is read-only",
    sqlite3.SQLITE_FULL: "has no space left to grow",
    sqlite3.SQLITE_CORRUPT: "is damaged",
    sqlite3.SQLITE_NOTADB: "is no SQLite database, or is damaged",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened",
    sqlite3.SQLITE_IOERR: "could not be read or written",
}


def translated(error: BaseException, path: Path) -> StorageError:
    """Say what an error of the driver or the system means; raise it ``from`` that error.

    Args:
        error: what was caught.
        path: the store's file, named in the message.
    """
    if isinstance(error, UnicodeEncodeError):
        return StorageError(f"{path}: text with half a surrogate pair cannot be stored")
    if isinstance(error, OSError):
        return StorageError(f"{path}: {error.strerror or error} ({error.filename})")
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StorageBusy(f"{path} is in use by another program")
    return StorageError(f"{path} {_WHAT.get(code, 'refused')}: {error}")
