"""What the threads of one process know of one another: who holds, whose turn it is, which versions they have seen."""

import threading
from collections import OrderedDict
from typing import Final
from weakref import WeakValueDictionary

from insight_sessions import StorageBusy, StorageError
from insight_sessions.storage.forks import watch
from insight_sessions.storage.turns import Turns

KNOWN: Final = 1024
"""Of how many projects a version is remembered."""


class Guard:
    """Lets one thread of this process at a time ask the server for a project, in the order they came.

    So those who wait take no connections.
    """

    def __init__(self) -> None:
        self._start_afresh()
        watch(self)

    def _start_afresh(self) -> None:
        self._mutex = threading.Lock()
        self._holding: set[int] = set()
        self._turns: WeakValueDictionary[str, Turns] = WeakValueDictionary()
        self._versions: OrderedDict[str, int] = OrderedDict()

    def enter(self, project_id: str, timeout: float) -> Turns:
        """Wait for this thread's turn; `leave` must follow.

        Args:
            project_id: what it wants to hold.
            timeout: how many seconds it waits.

        Raises:
            StorageBusy: others took too long.
            StorageError: it holds something already.
        """
        me = threading.get_ident()
        if me in self._holding:
            raise StorageError("this thread holds a project already: holds cannot be nested")
        with self._mutex:
            turns = self._turns.get(project_id)
            if turns is None:
                turns = self._turns[project_id] = Turns()
        if not turns.enter(timeout):
            raise StorageBusy(f"project {project_id!r} is held by others of this process for too long; try again")
        self._holding.add(me)
        return turns

    def leave(self, turns: Turns) -> None:
        """Let the next thread have its turn."""
        self._holding.discard(threading.get_ident())
        turns.leave()

    def saw(self, project_id: str, version: int) -> None:
        """Remember that somebody here has been told all that a project was at a version."""
        with self._mutex:
            self._versions[project_id] = version
            self._versions.move_to_end(project_id)
            while len(self._versions) > KNOWN:
                self._versions.popitem(last=False)

    def seen(self, project_id: str) -> int:
        """The version that was last seen here, 0 for none."""
        return self._versions.get(project_id, 0)

    def before_fork(self) -> None:
        """Nothing to wait for: a child begins with nobody in line."""

    def after_fork(self, *, child: bool) -> None:
        """Go on; in the child, nobody holds anything."""
        if child:
            self._start_afresh()
