"""The store in a file, used by several processes: forks, killed holders and fairness."""

import os
import secrets
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from time import perf_counter

import pytest

from insight_sessions.errors import StorageError
from insight_sessions.storage import file
from insight_sessions.storage.port import Change
from insight_sessions.storage.sqlite import SQLiteStorage
from insight_sessions.testing.place import Aside, Forked, thing, write

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "store.db"


@pytest.fixture
def storage(path: Path) -> Iterator[SQLiteStorage]:
    """A store that was used."""
    with closing(SQLiteStorage(path, secrets.token_bytes)) as storage:
        write(storage, "p", thing("a"))
        storage.read("p")
        yield storage


def test_no_connection_is_carried_across_a_fork(storage: SQLiteStorage) -> None:
    """Parent and child each open their own, and what the child commits survives the parent's closing."""
    assert storage.file.connections == 2
    go, told = os.pipe()

    def child() -> int:
        before = storage.file.connections
        write(storage, "p")
        os.read(go, 1)
        return before * 100 + write(storage, "p")

    forked = Forked(child)
    assert storage.file.connections == 0
    while storage.read("p").version < 2:
        os.sched_yield()
    storage.close()
    os.write(told, b"!")
    assert forked.result() == "3"
    os.close(go)
    os.close(told)
    with closing(SQLiteStorage(storage.file.path, secrets.token_bytes)) as again:
        assert again.read("p").version == 3


def test_a_hold_does_not_cross_a_fork(storage: SQLiteStorage) -> None:
    """Forked inside its own hold, a child is told that it cannot use the file; the parent goes on."""

    def child() -> bool:
        with pytest.raises(StorageError, match="is over"):
            hold.commit(Change(2))
        block.__exit__(None, None, None)
        for use in (lambda: storage.read("p"), lambda: write(storage, "p")):
            with pytest.raises(StorageError, match="forked"):
                use()
        return Forked(lambda: storage.file.connections).result() == "0"

    block = storage.hold("p")
    with block as hold:
        assert Forked(child).result() == "True"
        hold.commit(Change(2))
    assert write(storage, "p") == 3


def test_a_fork_does_not_wait_for_ever(storage: SQLiteStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that stays in its hold costs the child the file, not the parent its life."""
    monkeypatch.setattr(file, "PATIENCE", 0.01)
    inside, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with storage.hold("p") as hold:
            inside.set()
            leave.wait()
            hold.commit(Change(2))

    staying = Aside(stay)
    inside.wait()

    def child() -> None:
        with pytest.raises(StorageError, match="forked"):
            storage.read("p")

    assert Forked(child).result() == "None"
    leave.set()
    staying.result()
    assert write(storage, "p") == 3


def test_a_fork_of_an_unused_store_is_nothing(path: Path) -> None:
    """Both open it when they need it."""
    with closing(SQLiteStorage(path, secrets.token_bytes)) as storage:
        assert Forked(lambda: write(storage, "p")).result() == "1"
        assert write(storage, "p") == 2


def test_a_killed_holder_lets_go_though_its_child_lives(storage: SQLiteStorage) -> None:
    """A child that does not use the store does not keep its dead parent's lock."""
    stop, ready = os.pipe(), os.pipe()
    holder = os.fork()
    if holder == 0:
        with storage.hold("p"):
            if os.fork() == 0:
                os.write(ready[1], b"!")
            os.read(stop[0], 1)
            os._exit(0)
    os.read(ready[0], 1)
    os.kill(holder, signal.SIGKILL)
    os.waitpid(holder, 0)
    assert Aside(lambda: write(storage, "p")).result() == 2
    os.write(stop[1], b"!")
    for end in (*stop, *ready):
        os.close(end)


def hammer(storage: SQLiteStorage, ready: Barrier) -> str:
    """Commit as often as possible in a window of time that is the same for all; how often."""
    ready.wait(60)  # however long a busy machine takes to begin them
    count, begins = 0, perf_counter()
    while perf_counter() < begins + 0.5:
        write(storage, "p", thing("a"))
        count += 1
    return str(count)


def test_four_processes_share_the_file_fairly(storage: SQLiteStorage) -> None:
    """Nobody starves: the slowest commits at least half as often as the fastest.

    Whatever else the machine does takes time from one or the other, so the fairest of several windows counts; where
    the file is not shared fairly, none is fair.
    """
    shares: list[float] = []
    total = 1
    while len(shares) < 5 and max(shares, default=0.0) < 0.5:
        ready = get_context("fork").Barrier(4)
        processes = [Forked(partial(hammer, storage, ready)) for _ in range(4)]
        counts = [int(process.result()) for process in processes]
        shares.append(min(counts) / max(counts))
        total += sum(counts)
    assert max(shares) >= 0.5
    assert storage.read("p").version == total
