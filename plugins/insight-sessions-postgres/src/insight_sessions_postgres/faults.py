"""The one place where an error of the driver becomes one of ours."""

from typing import Final

import psycopg

from insight_sessions import StorageBusy, StorageError

DRIVER_ERRORS: Final = (psycopg.Error, OSError, UnicodeEncodeError, OverflowError)

NO_RIGHT: Final = "42501"

_AGAIN: Final = {
    "40001": "another transaction was in the way",
    "40P01": "two transactions waited for each other",
    "55P03": "somebody else held what is needed for too long",
    "57014": "a statement took too long, or somebody cancelled it",
    "25P03": "a transaction was left idle for too long",
    "53300": "the server has no connection left",
    "57P01": "the server is being stopped, or somebody ended our connection",
    "57P02": "the server crashed",
    "57P03": "the server is starting or stopping",
    "57P05": "the server ended an idle connection",
}

_GONE: Final = frozenset({"40001", "40P01", "53300", "57P01", "57P02", "57P03", "57P05"})
"""Of these, what whoever had nothing written yet may try again at once."""

_STANDBY: Final = (
    "takes no writes: it is a standby, or read-only. Name the primary server, or add target_session_attrs=read-write "
    "to the address"
)

_WHAT: Final = {
    "0A000": _STANDBY,
    "25006": _STANDBY,
    NO_RIGHT: "refuses for lack of rights. Let the role of the address use the schema, write its tables and execute "
    "its function; after an upgrade, let the owner open the store once",
    "53100": "has no disk space left",
    "53200": "has no memory left",
    "22021": "refused a text that it cannot store",
    "54000": "refused a text that is too long for an index",
}
# What libpq says when it could not connect carries no code, only the server's words.
_REFUSED: Final = {
    "password authentication failed": "refuses the password of the address. Put in the right one",
    "no password supplied": "asks for a password, and the address has none. Put one in, or use a password file",
    "no pg_hba.conf entry": "does not let this machine, role or database in. Ask for an entry in its pg_hba.conf",
    "database": "has no such database. Create it: createdb -E UTF8 -T template0 NAME",
    "role": "knows no such role. Create it, or name another one",
    "could not translate host name": "cannot be found: nobody knows a host of that name. Check the address",
    "failed to resolve host": "cannot be found: nobody knows a host of that name. Check the address",
    "permission denied": "does not let this role into the database. Ask for the right to CONNECT",
    "ssl": "and this machine do not agree on encryption. Set sslmode= in the address",
}
_PAIRED: Final = ("database", "role")


def code(error: BaseException) -> str:
    """The server's code for an error, empty when it has none."""
    return getattr(error, "sqlstate", None) or ""


def is_lost(error: BaseException | None) -> bool:
    """Whether it is the server's or the network's, or another transaction's, and may be gone a moment later."""
    if isinstance(error, psycopg.OperationalError) and not code(error):
        return not _reason(error)
    return error is not None and (code(error) in _GONE or code(error).startswith("08"))


def _reason(error: BaseException) -> str:
    said = str(error).lower()
    for words, reason in _REFUSED.items():
        if words in said and (words not in _PAIRED or "does not exist" in said):
            return reason
    return ""


def translated(error: BaseException, name: str) -> StorageError:
    """Say what an error of the driver or the system means; raise it ``from`` that error.

    Args:
        error: what was caught.
        name: the server and the database.
    """
    if isinstance(error, UnicodeEncodeError):
        return StorageError(f"{name}: text with half a surrogate pair cannot be stored")
    sqlstate = code(error)
    if sqlstate in _AGAIN:
        return StorageBusy(f"{name}: {_AGAIN[sqlstate]}; try again")
    if sqlstate in _WHAT:
        return StorageError(f"{name} {_WHAT[sqlstate]}")
    if sqlstate.startswith("08") or (isinstance(error, psycopg.OperationalError) and not sqlstate):
        reason = _reason(error)
        if reason:
            return StorageError(f"{name} {reason}")
        return StorageBusy(f"{name} cannot be reached, or the connection was lost; is the server running there?")
    return StorageError(f"{name} refused: {type(error).__name__} {sqlstate}".rstrip())
