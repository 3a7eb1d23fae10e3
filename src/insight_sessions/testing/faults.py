"""What can happen to a store: a kill, an error, a full disk, a commit whose answer is lost.

A `Trap` springs once, at a chosen step. For a store in a SQLite file a step is one SQL statement, and a kill
leaves exactly the files that a killed process leaves; for any other store a step is one call of its port.
"""

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import NoReturn, Protocol, TypeVar, cast

from insight_sessions.errors import StorageBusy, StorageError
from insight_sessions.storage.port import Change, Hold, Receipt, Record, Storage

T = TypeVar("T")


class Crash(BaseException):
    """The process is killed here; nothing in it may catch this and go on."""


class Fault(StrEnum):
    """What a trap does when it springs."""

    CRASH = "crash"
    """The process is killed."""
    ERROR = "error"
    """The step fails; what it did, if anything, cannot be known."""
    BUSY = "busy"
    """Somebody else is writing."""
    FULL = "full"
    """The disk is full, and the transaction is gone already."""
    LOST = "lost"
    """The next commit succeeds, and its answer is lost."""


class Trap:
    """Springs once, at a chosen step.

    Args:
        killed: called at the moment of a kill, before anything is tidied away.
    """

    def __init__(self, killed: Callable[[], None]) -> None:
        self.sprung: Fault | None = None
        self.dead = False
        self._killed = killed
        self._fault: Fault | None = None
        self._left = 0

    def arm(self, fault: Fault, steps: int) -> None:
        """Spring after so many steps."""
        self._fault, self._left = fault, steps

    def disarm(self) -> Fault | None:
        """Spring no more; gives what happened since the last time."""
        sprung, self.sprung, self._fault = self.sprung, None, None
        return sprung

    def crash(self) -> NoReturn:
        """Kill the process."""
        self.dead = True
        self.sprung = Fault.CRASH
        self._killed()
        raise Crash

    def step(self, *, commits: bool = False) -> Fault | None:
        """One more step; gives the fault that is to happen here.

        Args:
            commits: whether the step is about to make something durable.
        """
        if self.dead:
            raise Crash
        self._left -= 1
        if self._fault is None or self._left > 0 or (self._fault is Fault.LOST and not commits):
            return None
        self.sprung, self._fault = self._fault, None
        if self.sprung is Fault.CRASH:
            self.crash()
        return self.sprung


class Ground(Protocol):
    """Where the stores of one history keep their projects."""

    @property
    def trap(self) -> Trap:
        """What its stores step on."""
        ...

    def open(self) -> Storage:
        """Open a store, as another process would."""
        ...

    def revive(self) -> None:
        """Be as it is after every process was killed."""
        ...

    def close(self) -> None:
        """Clear everything away."""
        ...


class PortGround:
    """A ground on any kind of store, where a step is a call of its port.

    Args:
        open_storage: opens a store; each call gives another one on the same projects.
    """

    def __init__(self, open_storage: Callable[[], Storage]) -> None:
        self._open_storage = open_storage
        self._opened: list[Storage] = []
        self.trap = Trap(lambda: None)

    def open(self) -> Storage:
        """Open a store, as another process would."""
        self._opened.append(self._open_storage())
        trapped: object = _TrappedStorage(self._opened[-1], self.trap)
        return cast("Storage", trapped)

    def revive(self) -> None:
        """What is in the store after a kill is for the store to say."""
        self.trap = Trap(lambda: None)

    def close(self) -> None:
        """Close what was opened."""
        while self._opened:
            self._opened.pop().close()


class _TrappedStorage:
    """A store whose every call is a step."""

    def __init__(self, real: Storage, trap: Trap) -> None:
        self._real = real
        self._trap = trap

    def __getattr__(self, name: str) -> Callable[..., object]:
        method: Callable[..., object] = getattr(self._real, name)
        return lambda *given, **named: _stepped(self._trap, lambda: method(*given, **named))

    def close(self) -> None:
        self._real.close()

    @contextmanager
    def hold(self, project_id: str) -> Generator[Hold, None, None]:
        _stepped(self._trap, lambda: None)
        with self._real.hold(project_id) as hold:
            yield _TrappedHold(hold, self._trap)
        _stepped(self._trap, lambda: None)


class _TrappedHold:
    """A hold whose every call is a step."""

    def __init__(self, real: Hold, trap: Trap) -> None:
        self._real = real
        self._trap = trap
        self.epoch = real.epoch
        self.version = real.version
        self.journal_end = real.journal_end
        self.consumers = real.consumers

    def changed(self, since: int) -> Sequence[Record]:
        return _stepped(self._trap, lambda: self._real.changed(since))

    def receipts(self, command_ids: Collection[str]) -> Mapping[str, Receipt]:
        return _stepped(self._trap, lambda: self._real.receipts(command_ids))

    def commit(self, change: Change) -> None:
        _stepped(self._trap, lambda: self._real.commit(change), commits=True)


def _stepped(trap: Trap, work: Callable[[], T], *, commits: bool = False) -> T:
    """A step before the work, and one after it."""
    before = trap.step(commits=commits)
    if before is Fault.LOST:
        work()
    _refuse(before)
    result = work()
    _refuse(trap.step())
    return result


def _refuse(fault: Fault | None) -> None:
    if fault is Fault.BUSY:
        raise StorageBusy("simulated: somebody else is writing")
    if fault is not None:
        raise StorageError(f"simulated: {fault}")
