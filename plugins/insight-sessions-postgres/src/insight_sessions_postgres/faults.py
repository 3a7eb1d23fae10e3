"""The one place where an error of the driver becomes one of ours."""

import re
from collections.abc import Mapping
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
    "53300": "the server has no connection left: let each process have fewer, or the server more",
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

_ALSO: Final = (
    "was asked to go on in a transaction that is over: what `also` does must neither end nor undo it, nor hide that a "
    "statement failed"
)
_WHAT: Final = {
    "0A000": _STANDBY,
    "25006": _STANDBY,
    NO_RIGHT: "refuses for lack of rights. To make a store, the role of the address needs CREATE on the database, or a "
    "schema of its own; for one that is there, the right to use the schema, write its tables and execute its function. "
    "After an upgrade, let the owner open the store once",
    "42P01": "has no tables of a store there any more: put the schema back, or open the store anew",
    "25P01": _ALSO,
    "25P02": _ALSO,
    "3B001": _ALSO,
    "53100": "has no disk space left",
    "53200": "has no memory left",
    "22021": "refused a text that it cannot store",
    "54000": "refused a text that is too long for an index",
}
# What libpq says when it could not connect carries no code, only words: the server's, in its language, and its own.
_REFUSED: Final = {
    "password authentication failed": "refuses the password of the address. Put in the right one",
    "no password supplied": "asks for a password, and the address has none. Put one in, or use a password file",
    "no pg_hba.conf entry": "does not let this machine, role or database in. Ask for an entry in its pg_hba.conf",
    "pg_hba.conf rejects connection": "keeps this machine, role or database out. Ask for a change of its pg_hba.conf",
    "is not currently accepting connections": "lets nobody into this database: ALLOW_CONNECTIONS is off. Turn it on",
    "is not permitted to log in": "does not let this role log in. Give it the right to LOGIN, or name another one",
    "database does not exist": "has no such database. Create it: createdb -E UTF8 -T template0 NAME",
    "role does not exist": "knows no such role. Create it, or name another one",
    "could not translate host name": "cannot be found: nobody knows a host of that name. Check the address",
    "failed to resolve host": "cannot be found: nobody knows a host of that name. Check the address",
    "permission denied": "does not let this role into the database. Ask for the right to CONNECT",
    "invalid response to ssl negotiation": "is no PostgreSQL server, whatever answers there. Check host and port",
    "invalid sslmode value": "cannot be asked: there is no such sslmode= as in the address",
    "does not support ssl": "does not encrypt, and the address wants it to. Set it up there, or set sslmode=",
    "certificate": "and this machine do not trust each other's certificates. Set sslrootcert=, sslcert= or sslmode=",
}
_LATER: Final = {
    "too many connections": "53300",
    "too many clients": "53300",
    "connection slots": "53300",
    "the database system is": "57P03",
}
"""What it says when somebody else may be let in a moment later, and the code that the server would give it."""

_NAMES: Final = re.compile(r"\"[^\"]*\"|'[^']*'")


def code(error: BaseException) -> str:
    """The server's code for an error, empty when it has none."""
    return getattr(error, "sqlstate", None) or ""


def is_lost(error: BaseException | None) -> bool:
    """Whether it is the server's or the network's, or another transaction's, and may be gone a moment later."""
    if isinstance(error, psycopg.OperationalError) and not code(error):
        return not _found(_REFUSED, error)
    return error is not None and (code(error) in _GONE or code(error).startswith("08"))


def _found(meanings: Mapping[str, str], error: BaseException) -> str:
    """What the words of an error mean, but for the names in it, which can be anything; empty when nobody knows."""
    said = " ".join(_NAMES.sub("", str(error).lower()).split())
    return next((meaning for words, meaning in meanings.items() if words in said), "")


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
        refused, later = _found(_REFUSED, error), _found(_LATER, error)
        if refused:
            return StorageError(f"{name} {refused}")
        if later:
            return StorageBusy(f"{name}: {_AGAIN[later]}; try again")
        return StorageBusy(f"{name} cannot be reached, or the connection was lost; is the server running there?")
    return StorageError(f"{name} refused: {type(error).__name__} {sqlstate}".rstrip())
