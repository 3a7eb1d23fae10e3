"""Taking turns: a lock for threads that serves them in the order they came."""

from collections import deque
from threading import Lock, get_ident

from insight_sessions.errors import StorageError


class Turns:
    """Lets one thread in at a time, first come, first served.

    The plain `threading.Lock` lets a thread that has just left overtake those who wait; under load
    some of them wait for seconds.
    """

    def __init__(self) -> None:
        self._mutex = Lock()
        self._waiting: deque[Lock] = deque()
        self._taken = False
        self._owner: int | None = None

    @property
    def mine(self) -> bool:
        """Whether the calling thread is in."""
        return self._owner == get_ident()

    @property
    def waiting(self) -> int:
        """How many threads wait for their turn."""
        return len(self._waiting)

    def enter(self, timeout: float = -1) -> bool:
        """Wait for this thread's turn.

        Args:
            timeout: seconds to wait at most; -1 waits for ever.

        Returns:
            False when the time ran out.

        Raises:
            StorageError: the thread is in already, and would wait for itself.
        """
        if self.mine:
            raise StorageError("this thread holds a project already: holds cannot be nested")
        gate: Lock | None = None
        with self._mutex:
            if self._taken:
                gate = Lock()
                gate.acquire()
                self._waiting.append(gate)
            self._taken = True
        if gate is not None and not self._wait(gate, timeout):
            return False
        self._owner = get_ident()
        return True

    def _wait(self, gate: Lock, timeout: float) -> bool:
        try:
            gate.acquire(timeout=timeout)
        except BaseException:  # a signal's: a turn that came meanwhile goes to the next
            if self._came(gate):
                self.leave()
            raise
        return self._came(gate)

    def _came(self, gate: Lock) -> bool:
        with self._mutex:
            if gate not in self._waiting:
                return True
            self._waiting.remove(gate)
            return False

    def leave(self) -> None:
        """Let the next thread in."""
        with self._mutex:
            self._owner = None
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False
