"""Personal feeds: a member's places behind an address that is a key.

The secret part of the address, its *token*, is our id of the person and a keyed hash over that id and a nonce. The
nonce is kept while the address is good, and the token nowhere. So it can be given again, a stolen store does not
open it when the host has a secret of its own, and it is dead for good once its nonce is gone.
"""

import re
from collections.abc import Callable, Iterable
from hmac import compare_digest
from typing import Final

from pydantic_core import from_json, to_json

from insight_sessions.domain.registration import Registration
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import NotFound
from insight_sessions.identity import FEEDS, Identity
from insight_sessions.records import decode
from insight_sessions.runtime import Runtime
from insight_sessions.storage.port import Change, Record, Storage

_KIND: Final = "feed"
_TOKEN: Final = re.compile("[0-9a-f]{64}")
_PERSON: Final = 24
_NONE_OF_IT: Final = 2**53


class Subscriptions:
    """Knows the addresses of personal feeds, and what is behind them.

    Args:
        storage: where they are kept.
        identity: names people, and signs.
        runtime: randomness.
        state_of: gives the committed state of a project.
    """

    def __init__(
        self, storage: Storage, identity: Identity, runtime: Runtime, state_of: Callable[[str], ProjectState]
    ) -> None:
        self._storage = storage
        self._identity = identity
        self._runtime = runtime
        self._state_of = state_of

    def token(self, member_id: object) -> str:
        """The token of a member's feed, made when there is none."""
        person = self._person(member_id)
        nonce = self._kept(person) or self._made(person)
        return self._identity.feed_token(person, nonce)

    def revoke(self, member_id: object) -> None:
        """Make the address of a member's feed worthless."""
        person = self._person(member_id)
        if self._kept(person) is None:
            return
        with self._storage.hold(FEEDS) as hold:
            version = hold.version + 1
            gone = Record(FEEDS, _KIND, person, version, subject=None, unique=None, body=None)
            hold.commit(Change(version=version, records=[gone]))

    def calendar(self, token: object) -> bytes:
        """The feed behind a token.

        Raises:
            NotFound: there is none, or not any more; the error does not repeat the token.
        """
        from insight_sessions.calendar.feed import personal_feed  # noqa: PLC0415 - not every process writes calendars

        nobody = NotFound("personal feed", "at this address")
        # A web address without one gives None.
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise nobody
        person = f"p-{token[:_PERSON]}"
        records = self._storage.about(person)
        nonce = _nonce(records)
        if nonce is None or not compare_digest(self._identity.feed_token(person, nonce), token):
            raise nobody
        found = [thing for thing in decode(records).things if isinstance(thing, Registration)]
        states = {one.project_id: self._state_of(one.project_id) for one in found}
        # As they are in their project now, which may be later than what we just read.
        current = ((states[one.project_id], states[one.project_id].registrations.get(one.id)) for one in found)
        return personal_feed((state, registration) for state, registration in current if registration is not None)

    def _person(self, member_id: object) -> str:
        if not isinstance(member_id, str):
            raise TypeError("a member's id is text")
        return self._identity.person(member_id)

    def _kept(self, person: str) -> str | None:
        return _nonce(self._storage.about(person))

    def _made(self, person: str) -> str:
        """Keep a new nonce, unless somebody was quicker."""
        # First the version, without what is in it: whatever comes after our look is among what changed since.
        seen = self._storage.read(FEEDS, _NONE_OF_IT)
        theirs = self._kept(person)
        if theirs is not None:
            return theirs
        fresh = self._runtime.random_bytes(16).hex()
        with self._storage.hold(FEEDS) as hold:
            written = hold.changed(seen.version if seen.epoch == hold.epoch else 0)
            theirs = _nonce(record for record in written if record.id == person)
            if theirs is not None:
                return theirs
            version = hold.version + 1
            body = to_json({"format": 1, "nonce": fresh}).decode()
            record = Record(FEEDS, _KIND, person, version, subject=person, unique=None, body=body)
            hold.commit(Change(version=version, records=[record]))
        return fresh


def _nonce(records: Iterable[Record]) -> str | None:
    """What makes a person's address good, among records about them."""
    for record in records:
        if record.project_id == FEEDS and record.body is not None:
            nonce: str = from_json(record.body)["nonce"]
            return nonce
    return None
