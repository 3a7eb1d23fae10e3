"""The kit notices what hangs or fails, and its model of the outbox does what it says."""

import runpy
import secrets
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from insight_sessions import testing
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.port import Verdict
from insight_sessions.testing import StorageContract
from insight_sessions.testing import place as kit
from insight_sessions.testing.outbox_model import OutboxModel
from insight_sessions.testing.place import Aside, Forked


def test_the_contract_wants_a_place() -> None:
    """Who inherits it is told what to override."""
    fixture = StorageContract.__dict__["place"]
    with pytest.raises(NotImplementedError, match="override"):
        fixture.__wrapped__(StorageContract())


def test_what_a_thread_raises_is_raised() -> None:
    """Where its result is asked for."""
    with pytest.raises(ZeroDivisionError):
        Aside(lambda: 1 // 0).result()


def test_a_thread_that_hangs_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of waiting for ever."""
    monkeypatch.setattr(kit, "PATIENCE", 0.01)
    go = threading.Event()
    thread = Aside(go.wait)
    with pytest.raises(AssertionError, match="hangs"):
        thread.result()
    go.set()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_that_fails_is_noticed() -> None:
    """With its trace."""
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        Forked(lambda: 1 // 0).result()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_that_says_much_is_heard_to_the_end() -> None:
    """However many reads it takes."""
    assert Forked(lambda: "x" * 200_000).result() == "x" * 200_000


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not waited for."""
    child = Forked(threading.Event().wait)
    monkeypatch.setattr(kit, "PATIENCE", 0.01)
    with pytest.raises(AssertionError, match="hangs"):
        child.result()


class Script:
    """Gives what a test wants where Hypothesis would choose."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def __call__(self, strategy: object, /) -> Any:  # noqa: ANN401 - as Hypothesis' own
        """The next one, whatever was asked for."""
        return self.values.pop(0)


class Told:
    """A model of the outbox, told by a script."""

    def __init__(self) -> None:
        self.script = Script()
        self.storage = MemoryStorage(secrets.token_bytes)
        self.storage.consumers(add=["mail", "web"])
        self.model = OutboxModel(self.storage, "p", ["mail", "web"])

    def do(self, step: str, *values: object) -> None:
        """Take a step with these choices."""
        self.script.values = list(values)
        getattr(self.model, step)(self.script)
        self.model.compare()
        assert self.script.values == []


@pytest.fixture
def told() -> Told:
    """Three deliveries to one stream, and one to another."""
    told = Told()
    told.do("post", 3, 7, 0, "mail", "a", 5, 0, "mail", "a", 1, 0, "mail", "a")
    told.do("post", 1, 1, 0, "mail", "b")
    return told


def test_the_model_begins_empty() -> None:
    """There is nothing to settle or requeue."""
    told = Told()
    for step in ("settle", "requeue"):
        told.do(step)


def test_the_model_follows_every_way_to_settle(told: Told) -> None:
    """With and without a successor, retried, dead and requeued, and a token that is no longer one."""
    told.do("claim", ["mail"], 1, 0)
    ids = ["7-1 p", "5-2 p", "1-3 p", "1-4 p"]
    claim = told.model.claims[0]
    for successor in ("gone", ids[0], ids[3]):
        told.do("settle", claim, Verdict.SUPERSEDED, 0, successor)
    told.do("settle", claim, Verdict.SUPERSEDED, 0, ids[1])
    told.do("settle", claim, Verdict.SENT, 0, None)
    told.do("claim", ["mail"], 1, 0)
    told.do("settle", told.model.claims[1], Verdict.DEAD, 0, None)
    told.do("claim", ["mail"], 1, 0)
    told.do("settle", told.model.claims[2], Verdict.RETRY, 2, None)
    told.do("requeue", told.model.rows[0])
    told.do("requeue", told.model.rows[0])
    told.do("claim", ["mail", "web"], 3, 0)
    told.do("wait", 3)
    told.do("claim", ["mail"], 3, 0)
    assert [delivery.id for delivery in told.model.claims] == [
        ids[0],
        ids[1],
        ids[2],
        ids[1],
        ids[3],
        ids[1],
        ids[3],
    ]
    assert told.storage.dead_letters() == []


def test_the_model_notices_a_store_that_differs(told: Told) -> None:
    """What the store forgets, the list remembers."""
    told.storage.consumers(retire=["mail"])
    told.storage.consumers(add=["mail"])
    with pytest.raises(AssertionError):
        told.model.compare()


def test_without_pytest_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where only the library is installed."""
    monkeypatch.setitem(sys.modules, "pytest", None)
    with pytest.raises(ImportError, match=r"install insight-sessions\[testing\]"):
        runpy.run_path(str(Path(testing.__file__)))
