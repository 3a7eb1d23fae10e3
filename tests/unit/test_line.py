import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from insight_sessions import line as line_module
from insight_sessions.errors import StorageError
from insight_sessions.line import Line, Ticket

PATIENCE = 30


class Crash(BaseException):
    """What kills a thread."""


class Watched(deque[Any]):
    """A line in which one notices who joins."""

    def __init__(self) -> None:
        super().__init__()
        self.joined = threading.Semaphore(0)

    def append(self, item: Any) -> None:  # noqa: ANN401 - whatever is tried
        """Somebody joins."""
        super().append(item)
        self.joined.release()


class Counter:
    """Serves batches; the first one when it is told to."""

    def __init__(self, most: int = 10) -> None:
        self.batches: list[list[str]] = []
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.faults: list[BaseException | None] = []
        self.asks = False
        self.line: Line[str] = Line(self.serve, most)
        self.waiting = self.line._waiting = Watched()
        self.threads: list[threading.Thread] = []
        self.raised: dict[str, BaseException] = {}

    def serve(self, items: list[str], more: Callable[[], Sequence[str]]) -> None:
        """Note a batch, or fail as told."""
        self.begun.set()
        assert self.go_on.wait(PATIENCE)
        self.batches.append([*items, *(more() if self.asks else ())])
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault

    def bring(self, *items: str) -> None:
        """In a thread of its own, join the line."""

        def run() -> None:
            try:
                self.line.pass_through(items)
            except BaseException as error:  # noqa: BLE001 - looked at by the test
                self.raised["".join(items)] = error

        thread = threading.Thread(target=run)
        self.threads.append(thread)
        thread.start()
        assert self.waiting.joined.acquire(timeout=PATIENCE)
        if len(self.threads) == 1:
            assert self.begun.wait(PATIENCE)

    def finish(self) -> None:
        """Let everyone through."""
        self.go_on.set()
        for thread in self.threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()


def test_who_comes_before_it_begins_is_served_along() -> None:
    """As far as there is room, and answered with the others, also when it fails."""
    counter = Counter(most=3)
    counter.asks = True
    counter.faults = [OSError("disk"), None]
    for item in ("a", "b", "c", "d"):
        counter.bring(item)
    counter.finish()
    assert counter.batches == [["a", "b", "c"], ["d"]]
    assert sorted(counter.raised) == ["a", "b", "c"]


def test_who_brings_nothing_is_served_alone() -> None:
    """They come to hear whether it failed, which who joins others is told by what they brought."""
    counter = Counter(most=3)
    counter.asks = True
    counter.faults = [None, OSError("disk"), None]
    for items in (["a"], [], ["b"]):
        counter.bring(*items)
    counter.finish()
    assert counter.batches == [["a"], [], ["b"]]
    assert list(counter.raised) == [""]


def test_who_comes_alone_is_served_at_once() -> None:
    """And the line is free again for the next."""
    counter = Counter()
    counter.go_on.set()
    counter.line.pass_through(["a", "b"])
    counter.line.pass_through(["c"])
    counter.line.pass_through([])
    assert counter.batches == [["a", "b"], ["c"], []]


def test_those_who_wait_are_served_together_in_order() -> None:
    """Whoever is first of them leads."""
    counter = Counter()
    for item in "abcd":
        counter.bring(item)
    counter.finish()
    assert counter.batches == [["a"], ["b", "c", "d"]]
    assert counter.raised == {}


def test_only_where_there_is_company_somebody_lets_others_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was alone last time waits for nobody; whoever was not lets those who are just coming in first."""
    batches: list[int] = []
    counter = Counter()
    monkeypatch.setattr(line_module, "sched_yield", lambda: batches.append(len(counter.batches)))
    for item in "abc":
        counter.bring(item)
    counter.finish()
    assert counter.batches == [["a"], ["b", "c"]]
    assert batches == [1]  # "b" was not alone
    counter.line.pass_through(["d"])
    counter.line.pass_through(["e"])
    assert batches == [1, 2]  # "d" came after two together, and "e" after one alone


def test_a_batch_takes_no_more_than_it_may() -> None:
    """The rest goes with the next; a single larger ticket is served alone."""
    counter = Counter(most=3)
    counter.bring("a")
    counter.bring("b", "c")
    counter.bring("d", "e")
    counter.bring("f", "g", "h", "i")
    counter.bring("j")
    counter.finish()
    assert counter.batches == [["a"], ["b", "c"], ["d", "e"], ["f", "g", "h", "i"], ["j"]]


def test_a_thread_that_dies_leaves_nobody_hanging() -> None:
    """Those it led get an error that says why; those behind are led by the next."""
    counter = Counter(most=2)
    counter.faults = [None, Crash("killed")]
    for item in "abcd":
        counter.bring(item)
    counter.finish()
    assert counter.batches == [["a"], ["b", "c"], ["d"]]
    assert set(counter.raised) == {"b", "c"}
    assert isinstance(counter.raised["b"], Crash)
    error = counter.raised["c"]
    assert isinstance(error, StorageError)
    assert "died" in str(error)
    assert isinstance(error.__cause__, Crash)


def test_a_fault_reaches_who_led() -> None:
    """As it is, and the line goes on."""
    counter = Counter()
    counter.go_on.set()
    counter.faults = [ZeroDivisionError()]
    with pytest.raises(ZeroDivisionError):
        counter.line.pass_through(["a"])
    counter.line.pass_through(["b"])
    assert counter.batches == [["a"], ["b"]]


class Gate:
    """A gate at which a signal arrives, as when somebody presses Ctrl-C."""

    def __init__(self, arrive: Callable[[], object]) -> None:
        self.opened = threading.Event()
        self._arrive = arrive

    def acquire(self) -> None:
        """Wait, and be interrupted."""
        self._arrive()
        raise KeyboardInterrupt

    def release(self) -> None:
        """The lead was handed over."""
        self.opened.set()


def interrupted(monkeypatch: pytest.MonkeyPatch, counter: Counter, item: str, *, after_the_lead: bool) -> Gate:
    """Somebody joins the line who will be interrupted: at once, or when they get the lead."""
    gate = Gate(lambda: None)
    if after_the_lead:
        gate = Gate(lambda: gate.opened.wait(PATIENCE))

    class Impatient(Ticket[Any]):
        def __init__(self, items: Sequence[Any]) -> None:
            super().__init__(items)
            self.gate: Any = gate

    with monkeypatch.context() as patched:
        patched.setattr(line_module, "Ticket", Impatient)
        counter.bring(item)
    return gate


@pytest.mark.parametrize("after_the_lead", [False, True])
def test_who_is_interrupted_while_waiting_leaves_the_line(
    monkeypatch: pytest.MonkeyPatch, after_the_lead: bool
) -> None:
    """Their work is not done, and a lead they were just given goes on to the next."""
    counter = Counter(most=1)
    counter.bring("a")
    interrupted(monkeypatch, counter, "b", after_the_lead=after_the_lead)
    if not after_the_lead:
        counter.threads[1].join(PATIENCE)
    counter.bring("c")
    counter.finish()
    assert counter.batches == [["a"], ["c"]]
    assert isinstance(counter.raised.pop("b"), KeyboardInterrupt)
    assert counter.raised == {}
