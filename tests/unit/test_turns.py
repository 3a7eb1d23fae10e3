"""Threads are let in one at a time, in the order they came."""

from collections.abc import Callable
from functools import partial
from threading import Event, Lock

import pytest

from insight_sessions.errors import StorageError
from insight_sessions.storage import turns as module
from insight_sessions.storage.turns import Turns
from insight_sessions.testing.place import Aside


def interrupted(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], None]) -> None:
    """Let the next one who waits be interrupted by a signal, after something else has happened."""

    class Interrupted:
        def __init__(self) -> None:
            self._lock = Lock()

        def acquire(self, timeout: float | None = None) -> None:
            if timeout is None:
                self._lock.acquire()
                return
            meanwhile()
            raise KeyboardInterrupt

        def release(self) -> None:
            self._lock.release()

    monkeypatch.setattr(module, "Lock", Interrupted)


def held_by_another(turns: Turns) -> tuple[Aside, Event]:
    """Let another thread in, until the event is set."""
    inside, leave = Event(), Event()

    def stay() -> None:
        assert turns.enter()
        inside.set()
        leave.wait()
        turns.leave()

    thread = Aside(stay)
    inside.wait()
    return thread, leave


def test_those_who_wait_come_in_the_order_they_came() -> None:
    """First come, first served, and a newcomer does not overtake."""
    turns, order = Turns(), list[int]()

    def come(number: int, begun: Event) -> None:
        begun.set()
        turns.enter()
        order.append(number)
        turns.leave()

    turns.enter()
    waiting: list[Aside] = []
    for number in range(5):
        begun = Event()
        waiting.append(Aside(partial(come, number, begun)))
        begun.wait()
        while turns.waiting <= number:
            pass
    turns.leave()
    for thread in waiting:
        thread.result()
    assert order == [0, 1, 2, 3, 4]


def test_a_thread_that_is_in_is_told_so() -> None:
    """It would wait for itself."""
    turns = Turns()
    turns.enter()
    assert turns.mine
    with pytest.raises(StorageError, match="nested"):
        turns.enter()
    turns.leave()
    assert not turns.mine


def test_waiting_may_end_in_vain() -> None:
    """Who gives up is not counted any more."""
    turns = Turns()
    thread, leave = held_by_another(turns)
    assert not turns.enter(timeout=0.01)
    assert turns.waiting == 0
    leave.set()
    thread.result()
    assert turns.enter(timeout=0.01)


def test_an_interrupted_thread_waits_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal while waiting leaves the queue as if it had never come."""
    turns = Turns()
    thread, leave = held_by_another(turns)
    interrupted(monkeypatch, lambda: None)
    with pytest.raises(KeyboardInterrupt):
        turns.enter()
    assert turns.waiting == 0
    leave.set()
    thread.result()
    assert turns.enter()


def test_an_interrupted_thread_passes_its_turn_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal at the very moment the turn came loses no turn."""
    turns = Turns()
    thread, leave = held_by_another(turns)

    def turn_comes() -> None:
        leave.set()
        thread.result()

    interrupted(monkeypatch, turn_comes)
    with pytest.raises(KeyboardInterrupt):
        turns.enter()
    assert turns.enter(timeout=0.01)
