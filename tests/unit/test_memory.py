"""The store in memory: opening again, closing, and its own copy in a forked child."""

import secrets

import pytest

from insight_sessions.errors import StorageError
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.port import Change
from insight_sessions.testing.place import Forked, thing, write


@pytest.fixture
def storage() -> MemoryStorage:
    """A store with one project."""
    storage = MemoryStorage(secrets.token_bytes)
    write(storage, "p", thing("a"))
    return storage


def test_a_reopened_store_is_on_the_same_projects(storage: MemoryStorage) -> None:
    """What one writes, the other reads; closing one leaves the other open."""
    other = storage.reopened()
    assert write(other, "p") == 2
    assert storage.read("p").version == 2
    storage.close()
    with pytest.raises(StorageError, match="closed"):
        storage.read("p")
    assert storage.reopened().read("p") == other.read("p")


def test_only_a_hold_writes_while_its_thread_holds(storage: MemoryStorage) -> None:
    """As in any other store; reading goes on."""
    with storage.hold("p") as hold:
        for use in (lambda: storage.consumers(add=["x"]), lambda: storage.settle([]), storage.scrub):
            with pytest.raises(StorageError, match="only the hold may write"):
                use()
        assert storage.consumers() == hold.consumers == frozenset()
        assert storage.read("p").version == 1


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_a_copy_of_its_own(storage: MemoryStorage) -> None:
    """Its changes are not the parent's."""
    assert Forked(lambda: write(storage, "p")).result() == "2"
    assert storage.read("p").version == 1


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_hold_does_not_cross_a_fork(storage: MemoryStorage) -> None:
    """In the child the parent's hold is over, and a new one is free."""

    def child() -> int:
        with pytest.raises(StorageError, match="is over"):
            hold.commit(Change(2))
        return write(storage, "p")

    with storage.hold("p") as hold:
        forked = Forked(child)
        assert forked.result() == "2"
        hold.commit(Change(2))
    assert write(storage, "p") == 3


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_may_leave_the_parents_hold(storage: MemoryStorage) -> None:
    """The end of the block means nothing to the child."""

    def child() -> int:
        block.__exit__(None, None, None)
        return write(storage, "p")

    block = storage.hold("p")
    with block:
        assert Forked(child).result() == "2"
    assert write(storage, "p") == 2
