"""The line before one project: whoever comes first leads and takes everyone's work along.

A leader answers everyone it took, whatever happens to it, and then hands the lead to the next.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from os import sched_yield
from typing import Generic, TypeVar

from insight_sessions.errors import StorageError

T = TypeVar("T")


class Ticket(Generic[T]):
    """Somebody's place in a line.

    Args:
        items: the work they brought; whoever leads fills in what became of it.
    """

    __slots__ = ("answered", "error", "gate", "items", "leads")

    def __init__(self, items: Sequence[T]) -> None:
        self.items = items
        self.gate = threading.Lock()
        self.gate.acquire()
        self.leads = False
        self.answered = False
        self.error: BaseException | None = None


class Line(Generic[T]):
    """Threads that want the same project, served together.

    Args:
        serve: does the work of several tickets at once, in order. It is given what those brought who came first, and a
            call that gives, once it is ready to begin, what those brought who have come since.
        most: how many items one batch takes; a single larger ticket is served alone.
    """

    def __init__(self, serve: Callable[[list[T], Callable[[], Sequence[T]]], None], most: int) -> None:
        self._serve = serve
        self._most = most
        self._mutex = threading.Lock()
        self._waiting: deque[Ticket[T]] = deque()
        self._led = False
        self._shared = False

    def pass_through(self, items: Sequence[T]) -> None:
        """Bring work, and come back when it is done.

        Raises:
            StorageError: the thread that led died before it could say what became of the work.
        """
        ticket = Ticket(items)
        try:
            with self._mutex:
                self._waiting.append(ticket)
                ticket.leads = not self._led
                self._led = True
            if not ticket.leads:
                ticket.gate.acquire()
            if ticket.leads and not ticket.answered:
                self._lead()
        finally:
            self._step_out(ticket)
        if ticket.error is not None:
            raise StorageError("the thread that led this batch died; what became of it is not known") from ticket.error

    def _lead(self) -> None:
        """Serve a batch; its tickets are answered even if this thread dies of it."""
        batch: list[Ticket[T]] = []
        error: BaseException | None = None
        try:
            if self._shared:
                sched_yield()  # who is just coming gets in line first: what is done together costs one commit
            self._serve(self._take(batch), lambda: self._take(batch) if self._waiting else ())
            self._shared = len(batch) > 1
        except BaseException as fault:
            error = fault
            raise
        finally:
            for ticket in batch:
                ticket.error = error
                ticket.answered = True
                ticket.gate.release()

    def _take(self, batch: list[Ticket[T]]) -> list[T]:
        """Have those who wait join a batch, as many as it has room for; what they brought."""
        brought: list[T] = []
        size = sum(len(ticket.items) for ticket in batch)
        with self._mutex:
            while self._waiting and (not batch or self._fits(batch, size)):
                batch.append(self._waiting.popleft())
                size += len(batch[-1].items)
                brought += batch[-1].items
        return brought

    def _fits(self, batch: Sequence[Ticket[T]], size: int) -> bool:
        """Whether the next one can join a batch; who brought nothing wants to know whether it failed, and is alone."""
        items = self._waiting[0].items
        return bool(items and batch[0].items) and size + len(items) <= self._most

    def _step_out(self, ticket: Ticket[T]) -> None:
        """Leave the line; a lead that this thread has goes to the next."""
        with self._mutex:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
            if not ticket.leads:
                return
            ticket.leads = False
            self._shared = self._shared or bool(self._waiting)
            if self._waiting:
                following = self._waiting[0]
                following.leads = True
                following.gate.release()
            else:
                self._led = False
