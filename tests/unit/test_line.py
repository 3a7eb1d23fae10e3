import dis
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import pytest

from insight_sessions import line as line_module
from insight_sessions.errors import StorageError
from insight_sessions.line import Batch, Line, Ticket

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

    def acquire(self, *, timeout: float) -> bool:
        """Wait, and be interrupted."""
        assert timeout > 0
        self._arrive()
        raise KeyboardInterrupt

    def locked(self) -> bool:
        """Whether nobody woke them yet."""
        return not self.opened.is_set()

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


class Signal:
    """Raises in the thread that runs under it, at one of the points of a line at which Python looks for signals.

    It does after calls, at the beginning of functions and where a loop goes round.

    Args:
        number: at which point, from 1.
    """

    def __init__(self, number: int) -> None:
        self.left = number
        self._last: dict[FrameType, str] = {}

    def trace(self, frame: FrameType, event: str, _: object) -> Any:  # noqa: ANN401 - as sys.settrace wants it
        """Count points, and raise at the last one."""
        if frame.f_code.co_filename != line_module.__file__:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            before, self._last[frame] = self._last.get(frame, ""), dis.opname[frame.f_code.co_code[frame.f_lasti]]
            if before.startswith(("CALL", "RESUME", "JUMP_BACKWARD")):
                self.left -= 1
                if self.left == 0:
                    raise KeyboardInterrupt
        return self.trace


def interrupted_at(point: int, *, takes_others: bool) -> bool:
    """Whether a leader was interrupted there, others having come meanwhile; all of whom get through."""
    counter, signal = Counter(), Signal(point)
    counter.asks = takes_others

    def lead() -> None:
        sys.settrace(signal.trace)
        try:
            counter.line.pass_through(["a"])
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)
            counter.begun.set()

    leader = threading.Thread(target=lead)
    leader.start()
    assert counter.begun.wait(PATIENCE)
    for item in "bc":
        counter.bring(item)
    counter.finish()
    leader.join(PATIENCE)
    assert not leader.is_alive()
    counter.line.pass_through(["z"])
    assert counter.batches[-1] == ["z"]
    assert {type(error) for error in counter.raised.values()} <= {StorageError}, (point, counter.raised)
    return signal.left <= 0


@pytest.mark.parametrize("takes_others", [True, False])
def test_a_leader_that_is_interrupted_anywhere_leaves_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch, takes_others: bool
) -> None:
    """A signal may come even while it leaves, and then nobody wakes the next."""
    monkeypatch.setattr(line_module, "LOOK_AGAIN", 0.01)
    points = 1
    while interrupted_at(points, takes_others=takes_others):
        points += 1
    assert points > 20


def left_behind(line: Line[str]) -> Ticket[str]:
    """Somebody whom a leader served, and was interrupted before it took them out of the line; they do not know yet."""
    ticket = Ticket(["x"])
    ticket.batch = Batch()
    ticket.batch.served = True
    ticket.gate.release()
    line._waiting.appendleft(ticket)
    return ticket


def test_who_was_served_and_is_still_in_line_is_not_served_again() -> None:
    """The next leader passes over them."""
    counter = Counter()
    counter.asks = True
    counter.bring("a")
    left_behind(counter.line)
    counter.bring("b")
    counter.finish()
    assert counter.batches == [["a", "b"]]


def test_who_was_served_and_is_given_the_lead_hands_it_on() -> None:
    """When they wake up and leave."""
    counter = Counter()
    counter.bring("a")
    ticket = left_behind(counter.line)
    counter.bring("b")
    counter.go_on.set()
    counter.threads[0].join(PATIENCE)
    assert ticket.leads
    counter.line._led = False
    counter.line._step_out(ticket)
    counter.finish()
    assert counter.batches == [["a"], ["b"]]


def test_who_leads_is_not_made_to_wait_for_itself() -> None:
    """A change that is begun within another one of the same project is refused, and the line goes on."""
    nested: list[StorageError] = []

    def serve(items: list[str], _: Callable[[], Sequence[str]]) -> None:
        if items == ["a"]:
            with pytest.raises(StorageError, match="one change cannot begin within another") as caught:
                line.pass_through(["b"])
            nested.append(caught.value)

    line = Line[str](serve, 10)
    line.pass_through(["a"])
    line.pass_through(["c"])
    assert len(nested) == 1
