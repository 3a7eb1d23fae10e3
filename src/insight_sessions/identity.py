"""Our own names for people and commands, made with a secret that only the store's owner has.

A person's id is a keyed hash of the host's id of them: the same in every project of a store, so
that everything about one person can be found again, and meaningless to whoever sees a journal.
"""

from hashlib import blake2b
from hmac import compare_digest
from json import dumps
from typing import Final, TypeVar

from pydantic_core import from_json, to_json

from insight_sessions.commands.base import Command
from insight_sessions.errors import StorageError
from insight_sessions.runtime import Runtime
from insight_sessions.storage.port import Change, Record, Storage
from insight_sessions.text import normal

R = TypeVar("R")

HOUSEHOLD: Final = "~store"
"""The project id under which a store keeps what belongs to no project; no slug begins like it."""

FEEDS: Final = "~feeds"
"""The same for the addresses of personal feeds, which are as many as there are members."""

LINKS: Final = "~links"
"""The same for what makes links worthless that somebody had."""

ERASURES: Final = "~erasures"
"""The same for erasures that are going on."""

_KIND: Final = "identity"
_UNSAID: Final = {"id", "by"}


class Identity:
    """Names people and commands.

    Args:
        secret: 16 to 64 bytes.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def person(self, member_id: str) -> str:
        """Our id of a person."""
        return "p-" + self._hashed(normal(member_id), b"person")

    def follower(self, email: str) -> str:
        """Our id of somebody of whom nothing but an address is known, however its letters are written."""
        return "f-" + self._hashed(normal(email).lower(), b"follower")

    def _hashed(self, said: str, purpose: bytes) -> str:
        raw = said.encode(errors="surrogatepass")
        return blake2b(raw, key=self._secret, digest_size=12, person=purpose).hexdigest()

    def feed_token(self, person: str, nonce: str) -> str:
        """The secret part of the address of somebody's feed: 64 letters and digits, 160 bits of them unguessable."""
        said = f"{person} {nonce}".encode()
        return person[2:] + blake2b(said, key=self._secret, digest_size=20, person=b"feed").hexdigest()

    def links_key(self, given: str | bytes = b"") -> bytes:
        """A key to sign links with, made with one of the host's if there is one; good in this store alone."""
        return blake2b(_stretched(given) if given else b"", key=self._secret, digest_size=32, person=b"links").digest()

    def fingerprint(self, command: Command[R]) -> str:
        """What a command says, without who asked, as a keyed hash."""
        # Sorted, for the order of answers and attributes says nothing.
        content = dumps(command.model_dump(mode="json", exclude=_UNSAID), sort_keys=True)
        said = f"{type(command).__name__} {content}".encode()
        return blake2b(said, key=self._secret, digest_size=12, person=b"command").hexdigest()


def is_household(project_id: str) -> bool:
    """Whether a store keeps something of its own under that id, and no project."""
    return project_id.startswith("~")


def identity_of(storage: Storage, runtime: Runtime, secret: str | bytes | None) -> Identity:
    """The identity of a store, made the first time it is used.

    Args:
        storage: whose.
        runtime: where a new secret comes from.
        secret: the host's own, which is then never kept in the store; None to keep one there.

    Raises:
        StorageError: the store was made with another secret.
        ValueError: the secret is too short to keep anything secret.
    """
    given = None if secret is None else _stretched(secret)
    body = _kept(storage)
    if body is None:
        body = _made(storage, runtime, given)
    kept = from_json(body)
    known = bytes.fromhex(kept["secret"]) if kept["secret"] is not None else given
    if known is None or (given is not None and not compare_digest(known, given)):
        raise StorageError("this store was made with a secret of its own: open it with the same secret")
    if not compare_digest(_check(known), kept["check"]):
        raise StorageError("this store was made with another secret: people could not be recognised")
    return Identity(known)


def _stretched(secret: str | bytes) -> bytes:
    raw = secret.encode() if isinstance(secret, str) else secret
    if len(raw) < 16:
        raise ValueError("a secret must have at least 16 bytes")
    return blake2b(raw, digest_size=32).digest()


def _check(secret: bytes) -> str:
    return blake2b(b"insight_sessions", key=secret, digest_size=12, person=b"check").hexdigest()


def _kept(storage: Storage) -> str | None:
    records = storage.read(HOUSEHOLD).records
    return next((record.body for record in records if record.kind == _KIND), None)


def _made(storage: Storage, runtime: Runtime, given: bytes | None) -> str:
    """Keep a new identity; whoever came first has made it, and ours is dropped."""
    with storage.hold(HOUSEHOLD) as hold:
        for record in hold.changed(0):
            if record.kind == _KIND and record.body is not None:
                return record.body
        fresh = given if given is not None else runtime.random_bytes(32)
        content = {"format": 1, "secret": None if given is not None else fresh.hex(), "check": _check(fresh)}
        body = to_json(content).decode()
        version = hold.version + 1
        record = Record(HOUSEHOLD, _KIND, _KIND, version, subject=None, unique=None, body=body)
        hold.commit(Change(version=version, records=[record]))
    return body
