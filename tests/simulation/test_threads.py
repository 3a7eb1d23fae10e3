"""Many threads on one desk: exact, and nobody waits for ever, even when the thread that led died."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from insight_sessions import AnnounceProject, Desk, OpenCall, StorageBusy, StorageError
from insight_sessions.domain.registration import Registration, Status
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.port import Storage
from insight_sessions.storage.sqlite import SQLiteStorage
from insight_sessions.testing.place import PATIENCE
from insight_sessions.writer import Effort, Request, Writer
from tests.simulation.contenders import desk_on, project, register

THREADS = 16


class Killed(BaseException):
    """What ends the leading thread."""


@pytest.fixture(params=["memory", "sqlite"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A desk with an open call."""
    storage: Storage = MemoryStorage(os.urandom)
    if request.param == "sqlite":
        storage = SQLiteStorage(tmp_path / "store.db", os.urandom)
    with desk_on(storage) as made:
        made.do(AnnounceProject(project=project()))
        made.do(OpenCall(project_id="p"))
        yield made


class Crew:
    """Threads that each do one thing, and what became of it."""

    def __init__(self, works: Sequence[Callable[[], Any]]) -> None:
        self.results: list[Any] = [None] * len(works)
        self._threads = [
            threading.Thread(target=self._run, args=(number, work), daemon=True) for number, work in enumerate(works)
        ]

    def _run(self, number: int, work: Callable[[], Any]) -> None:
        try:
            self.results[number] = work()
        except BaseException as error:  # noqa: BLE001 - it is looked at later
            self.results[number] = error

    def start(self) -> "Crew":
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def finish(self) -> list[Any]:
        """What became of each, when all have come to an end."""
        for thread in self._threads:
            thread.join(PATIENCE)
        assert not any(thread.is_alive() for thread in self._threads), "a thread hangs"
        return self.results


def test_many_threads_share_one_desk_exactly(desk: Desk) -> None:
    """Nobody is oversold, everybody is answered, and what they were told is what is kept."""

    def work(number: int) -> list[Registration]:
        return [register(desk, f"m{number}-{one}") for one in range(5)]

    answers = Crew([partial(work, number) for number in range(THREADS)]).start().finish()
    registrations = [one for mine in answers for one in mine]
    stored = dict(desk.state("p").registrations)
    assert {one.id: one for one in registrations} == stored
    assert sorted(one.arrived for one in registrations) == list(range(1, 5 * THREADS + 1))
    assert sorted(one.place for one in registrations if one.place) == ["a", "a", "a", "b", "b"]
    assert [event.number for event in desk.history("p")] == list(range(1, 5 * THREADS + 3))


def test_the_same_command_from_many_threads_is_done_once(desk: Desk) -> None:
    """All of them get the same registration."""
    answers = Crew([lambda: register(desk, "twice") for _ in range(THREADS)]).start().finish()
    assert len({one.id for one in answers}) == 1
    assert len(desk.state("p").registrations) == 1


def test_nobody_hangs_when_the_leading_thread_dies(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those whose work it took get a `StorageError`; the lead goes on, and so does the desk."""
    leads, queued, batches = threading.Event(), threading.Event(), list[int]()
    attempt = Writer._attempt

    def dies(self: Writer, project_id: str, requests: list[Request[Any]], more: object, effort: Effort) -> None:
        batches.append(len(requests))
        if len(batches) == 1:
            leads.set()
            assert queued.wait(PATIENCE)
        if len(batches) == 2:
            raise Killed
        attempt(self, project_id, requests, lambda: (), effort)

    monkeypatch.setattr(Writer, "_attempt", dies)
    first = Crew([lambda: register(desk, "first")]).start()
    assert leads.wait(PATIENCE)
    others = Crew([partial(register, desk, f"m{number}") for number in range(THREADS)]).start()
    wait_until_in_line(desk, THREADS)
    queued.set()
    (answer,) = first.finish()
    ends = others.finish()
    assert isinstance(answer, Registration)
    assert answer.status is Status.CONFIRMED
    assert batches == [1, THREADS]
    assert sum(isinstance(end, Killed) for end in ends) == 1
    assert sum(isinstance(end, StorageError) for end in ends) == THREADS - 1
    assert list(desk.state("p").registrations) == [answer.id]
    assert register(desk, "m0").status is Status.CONFIRMED


def test_who_comes_while_a_busy_batch_is_tried_again_is_not_part_of_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have as many tries of their own."""
    batches, late = list[int](), list[Crew]()
    attempt = Writer._attempt

    def busy(
        self: Writer, project_id: str, requests: list[Request[Any]], more: Callable[[], Any], effort: Effort
    ) -> None:
        if not batches:
            batches.append(len(requests))
            effort.held = self._runtime.utc_now()
            raise StorageBusy("busy")
        if not late:
            late.append(Crew([lambda: register(desk, "late")]).start())
            wait_until_in_line(desk, 1)
        attempt(self, project_id, requests, more, effort)
        batches.append(len(requests))

    monkeypatch.setattr(Writer, "_attempt", busy)
    register(desk, "first")
    late[0].finish()
    assert batches == [1, 1, 1]


def test_nobody_hangs_when_a_thread_is_killed_while_it_holds_the_store(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it held is let go, half-way into a commit or before it decided anything."""
    for number, place in enumerate(("_caught_up", "_let_time_pass", "_decide")):
        with monkeypatch.context() as patch:
            patch.setattr(Writer, place, killed)
            with pytest.raises(Killed):
                register(desk, f"m{number}")
    (answer,) = Crew([lambda: register(desk, "after")]).start().finish()
    assert list(desk.state("p").registrations) == [answer.id]


def killed(*_: object) -> None:
    """Whatever it was to do, the thread ends."""
    raise Killed


def wait_until_in_line(desk: Desk, number: int) -> None:
    """Until so many threads wait behind the one that leads."""
    line = desk._writer._lines["p"]
    deadline = threading.Event()
    guard = threading.Timer(PATIENCE, deadline.set)
    guard.start()
    while len(line._waiting) < number and not deadline.is_set():
        os.sched_yield()
    guard.cancel()
    assert not deadline.is_set(), "they never came"
