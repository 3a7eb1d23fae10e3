import json
import os

import pytest

from insight_sessions.commands.calls import CancelProject, CloseCall, OpenCall
from insight_sessions.errors import StorageError
from insight_sessions.identity import HOUSEHOLD, Identity, identity_of
from insight_sessions.runtime import Runtime
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.port import Change, Record, Snapshot

from .desk_kit import P, interest

SECRET = "a secret of the host, long enough"


def store() -> MemoryStorage:
    """An empty one."""
    return MemoryStorage(os.urandom)


def body(storage: MemoryStorage) -> dict[str, object]:
    """What is kept of an identity."""
    (record,) = [one for one in storage.read(HOUSEHOLD).records if one.kind == "identity"]
    assert record.body is not None
    kept: dict[str, object] = json.loads(record.body)
    return kept


def test_a_store_makes_its_secret_once() -> None:
    """Everyone who opens it names people alike."""
    storage = store()
    first = identity_of(storage, Runtime(), None)
    again = identity_of(storage, Runtime(), None)
    assert first.person("ada") == again.person("ada")
    assert identity_of(store(), Runtime(), None).person("ada") != first.person("ada")


def test_a_secret_of_the_host_is_never_kept() -> None:
    """Only what it takes to recognise it."""
    storage = store()
    first = identity_of(storage, Runtime(), SECRET)
    assert identity_of(storage, Runtime(), SECRET.encode()).person("ada") == first.person("ada")
    assert body(storage)["secret"] is None
    assert SECRET not in json.dumps(body(storage))


@pytest.mark.parametrize(
    ("first", "second"), [(SECRET, SECRET + "!"), (SECRET, None), (None, SECRET)], ids=["other", "none", "one"]
)
def test_another_secret_than_the_store_was_made_with_is_refused(first: str | None, second: str | None) -> None:
    """People could not be recognised; nothing is overwritten."""
    storage = store()
    identity_of(storage, Runtime(), first)
    before = body(storage)
    with pytest.raises(StorageError, match="secret"):
        identity_of(storage, Runtime(), second)
    assert body(storage) == before


@pytest.mark.parametrize("secret", ["", "short", b"15 bytes of it."])
def test_a_short_secret_is_refused(secret: str | bytes) -> None:
    """It would keep nothing secret."""
    with pytest.raises(ValueError, match="at least 16 bytes"):
        identity_of(store(), Runtime(), secret)


def test_a_long_secret_is_taken_whole() -> None:
    """Its last letter counts."""
    one, other = (identity_of(store(), Runtime(), "x" * 500 + end) for end in "ab")
    assert one.person("ada") != other.person("ada")


class Late(MemoryStorage):
    """A store in which somebody else is quicker."""

    def read(self, project_id: str, since: int = 0) -> Snapshot:
        """Nothing was there, and then there is."""
        before = super().read(project_id, since)
        if not before.version:
            other = Record(HOUSEHOLD, "note", "n", 1, subject=None, unique=None, body='{"format":1}')
            with self.hold(project_id) as hold:
                hold.commit(Change(version=1, records=[other]))
            identity_of(self, Runtime(), None)
        return before


def test_whoever_comes_first_names_people() -> None:
    """Two processes that open a new store at once agree."""
    storage = Late(os.urandom)
    assert identity_of(storage, Runtime(), None).person("ada") == identity_of(storage, Runtime(), None).person("ada")
    assert body(storage)["format"] == 1


def test_a_persons_id_says_nothing_of_them() -> None:
    """It is the same in every project, and another one under another secret."""
    person = Identity(b"x" * 16).person("ada@example.org")
    assert person.startswith("p-")
    assert len(person) == 26
    assert "ada" not in person
    assert Identity(b"y" * 16).person("ada@example.org") != person


def test_a_fingerprint_is_of_what_is_said() -> None:
    """Not of who asked, or under which id."""
    identity = Identity(b"x" * 16)
    said = identity.fingerprint(CloseCall(project_id=P))
    assert identity.fingerprint(CloseCall(project_id=P, id="k-1", by="organiser:7")) == said
    assert identity.fingerprint(OpenCall(project_id=P)) != said
    assert identity.fingerprint(CloseCall(project_id="other")) != said
    assert identity.fingerprint(CancelProject(project_id=P, reason="a")) != identity.fingerprint(
        CancelProject(project_id=P, reason="b")
    )
    assert Identity(b"y" * 16).fingerprint(CloseCall(project_id=P)) != said


def test_a_fingerprint_tells_members_apart_and_holds_nothing_of_them() -> None:
    """The member's own id counts, although the command's does not."""
    identity = Identity(b"x" * 16)
    ada, ben = identity.fingerprint(interest("ada", "mon")), identity.fingerprint(interest("ben", "mon"))
    assert ada != ben
    assert len(ada) == 24
