"""The line before one project: whoever comes first leads and takes everyone's work along.

A leader answers everyone it took, whatever happens to it, and then hands the lead to the next. A signal may raise in it
at any call, even while it leaves: so what others must see is set by plain assignments, which nothing comes between, and
those who wait look for it when nobody wakes them.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from os import sched_yield
from typing import Final, Generic, TypeVar

from insight_sessions.errors import StorageError

T = TypeVar("T")

LOOK_AGAIN: Final = 1.0
"""After how many seconds whoever waits looks whether a leader that was interrupted forgot to wake them."""


class Batch(Generic[T]):
    """Those who are served together, and whether they were.

    Args:
        tickets: who they are.
        served: whether the leader is done with them, well or not.
        error: what it died of.
    """

    __slots__ = ("error", "served", "tickets")

    def __init__(self) -> None:
        self.tickets: list[Ticket[T]] = []
        self.served = False
        self.error: BaseException | None = None


class Ticket(Generic[T]):
    """Somebody's place in a line.

    Args:
        items: the work they brought; whoever leads fills in what became of it.
    """

    __slots__ = ("batch", "gate", "items", "leads")

    def __init__(self, items: Sequence[T]) -> None:
        self.items = items
        self.gate = threading.Lock()
        self.gate.acquire()
        self.leads = False
        self.batch: Batch[T] | None = None

    @property
    def answered(self) -> bool:
        """Whether somebody served them, well or not."""
        return self.batch is not None and self.batch.served


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
        self._leader: int | None = None
        self._shared = False

    def pass_through(self, items: Sequence[T]) -> None:
        """Bring work, and come back when it is done.

        Raises:
            StorageError: the thread that led died before it could say what became of the work; or this thread leads
                already, and would wait for itself.
        """
        if self._leader == threading.get_ident():
            raise StorageError("this thread is changing this project already: one change cannot begin within another")
        ticket = Ticket(items)
        try:
            with self._mutex:
                is_alone = not (self._led or self._waiting)
                self._waiting.append(ticket)
                if is_alone:
                    self._led = ticket.leads = True
            while not (ticket.leads or ticket.answered):
                self._wait(ticket)
            if not ticket.answered:
                self._lead()
        finally:
            if ticket.leads:
                self._led = False
            self._step_out(ticket)
        if ticket.batch is not None and ticket.batch.error is not None:
            raise StorageError(
                "the thread that led this batch died; what became of it is not known"
            ) from ticket.batch.error

    def _wait(self, ticket: Ticket[T]) -> None:
        """Wait to be woken; take the lead when it turns out that nobody has it."""
        if ticket.gate.acquire(timeout=LOOK_AGAIN):
            return
        with self._mutex:
            if not self._led and self._waiting and self._waiting[0] is ticket:
                self._led = ticket.leads = True

    def _lead(self) -> None:
        """Serve a batch; its tickets are answered even if this thread dies of it."""
        batch: Batch[T] = Batch()
        try:
            self._leader = threading.get_ident()
            if self._shared:
                sched_yield()  # who is just coming gets in line first: what is done together costs one commit
            self._serve(self._take(batch), lambda: self._take(batch) if self._waiting else ())
            self._shared = len(batch.tickets) > 1
        except BaseException as fault:
            batch.error = fault
            raise
        finally:
            self._leader = None
            batch.served = True
            for ticket in batch.tickets:
                ticket.gate.release()

    def _take(self, batch: Batch[T]) -> list[T]:
        """Have those who wait join a batch, as many as it has room for; what they brought."""
        brought: list[T] = []
        size = sum(len(ticket.items) for ticket in batch.tickets)
        with self._mutex:
            while self._waiting:
                ticket = self._waiting[0]
                if not ticket.answered:  # left in line by a leader that was interrupted just here
                    if batch.tickets and not self._fits(ticket, batch, size):
                        break
                    ticket.batch = batch
                    batch.tickets.append(ticket)
                    size += len(ticket.items)
                    brought += ticket.items
                self._waiting.popleft()
        return brought

    def _fits(self, ticket: Ticket[T], batch: Batch[T], size: int) -> bool:
        """Whether somebody can join a batch; who brought nothing wants to know whether it failed, and is alone."""
        return bool(ticket.items and batch.tickets[0].items) and size + len(ticket.items) <= self._most

    def _step_out(self, ticket: Ticket[T]) -> None:
        """Leave the line; a lead that this thread had goes to the next, unless they took it."""
        with self._mutex:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
            if not ticket.leads:
                return
            ticket.leads = False
            self._shared = self._shared or bool(self._waiting)
            if self._waiting and not self._led:
                following = self._waiting[0]
                self._led = following.leads = True
                if following.gate.locked():
                    following.gate.release()
