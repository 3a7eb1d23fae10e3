"""Bringing the outbox to the plugins: claim, render, call, settle.

Every consumer is called alone, at least once, and never while a project is held. A plugin that
fails is tried again later, ever more slowly; after `MOST_ATTEMPTS` claims the delivery becomes a
dead letter that an organiser can see and requeue, and those behind it go out. One that is raised as `Undeliverable`
becomes a dead letter at once.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from traceback import extract_tb
from typing import Final

from insight_sessions.correspondence import Correspondence
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.notices import Notice, NoticeKind
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import NotFound, StorageError, Undeliverable
from insight_sessions.hooks.admission import FAILURES
from insight_sessions.hooks.manager import Plugins
from insight_sessions.records import owed_text, read_event, read_owed
from insight_sessions.runtime import Runtime
from insight_sessions.storage.port import Delivery, Settlement, Storage, Verdict
from insight_sessions.superseding import current, merged

log: Final = logging.getLogger(__name__)

MOST_ATTEMPTS: Final = 12
"""After how many claims a delivery is given up; with the pauses below, after about 14 hours."""

FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(hours=6)
LEASE: Final = timedelta(minutes=10)
CLAIMED_TOGETHER: Final = 20

ALONE_FROM: Final = 4
"""From which claim on a delivery is claimed alone: what ends a process counts against all that it had claimed."""

_GONE: Final = frozenset({"registration", "recipient", "feedback", "work"})
"""What is not found when whoever a notice is for was erased, left or was forgotten, or what they said was."""


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What became of deliveries, in numbers.

    Args:
        sent: taken by their consumer.
        failed: to be tried again later.
        dead: given up.
        superseded: overtaken by a later one, or by the erasure of whom it was for, and not sent; or they left.
    """

    sent: int = 0
    failed: int = 0
    dead: int = 0
    superseded: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.sent + self.failed + self.dead + self.superseded


@dataclass(frozen=True, slots=True)
class Heed:
    """Who is to hear what of deliveries.

    Args:
        farewell_settled: the last message to somebody was taken or given up: its project, what was their registration,
            and by which consumer.
        erase_late: something was handed over to somebody, by the host's id or an address, who may be erased by now.
        bounced: an address takes no messages: the project, our id of the person, the address, and what was answered.
    """

    farewell_settled: Callable[[str, str, str], None]
    erase_late: Callable[[str], None]
    bounced: Callable[[str, str, str, str], object]


class Courier:
    """Takes what is due to the consumers that this process has.

    Args:
        storage: whose outbox.
        plugins: the consumers.
        runtime: the time.
        correspondence: turns what is kept into notices.
        state_of: gives the committed state of a project.
        heed: who is to hear what of it.
    """

    def __init__(
        self,
        storage: Storage,
        plugins: Plugins,
        runtime: Runtime,
        correspondence: Correspondence,
        state_of: Callable[[str], ProjectState],
        heed: Heed,
    ) -> None:
        self._storage = storage
        self._notifiers = plugins.notifiers
        self._listeners = plugins.listeners
        self._runtime = runtime
        self._correspondence = correspondence
        self._state_of = state_of
        self._heed = heed
        self._is_kept = bool(plugins.erasers)
        self._worker = runtime.mint("w-")

    def deliver(self, limit: int | None = None) -> Deliveries:
        """Deliver what is due now, once around, up to a limit."""
        counts = dict.fromkeys(Verdict, 0)
        consumers = [*self._notifiers, *self._listeners]
        left = limit
        together, is_slow = 1, False  # what waited longest says whether something went wrong before
        while consumers and (left is None or left > 0):
            now = self._runtime.utc_now()
            size = together if left is None else min(left, together)
            claimed = self._storage.claim(consumers, worker=self._worker, now=now, until=now + LEASE, limit=size)
            if not claimed:
                break
            is_safe = not is_slow and all(one.attempts < ALONE_FROM for one in claimed)
            together = CLAIMED_TOGETHER if is_safe else 1
            for delivery in claimed:
                if self._runtime.utc_now() >= now + LEASE / 2:
                    # The rest is better left to lapse than sent by two workers. A claim counts as an attempt, so
                    # from here on no more is taken than can be handed over within a lease.
                    together, is_slow = 1, True
                    break
                settlement = self._settlement(delivery)
                if self._storage.settle([settlement]):
                    counts[settlement.verdict] += 1
                    if settlement.verdict is not Verdict.RETRY:
                        self._ended(delivery)
            left = None if left is None else left - len(claimed)
        return Deliveries(
            sent=counts[Verdict.SENT],
            failed=counts[Verdict.RETRY],
            dead=counts[Verdict.DEAD],
            superseded=counts[Verdict.SUPERSEDED],
        )

    def _settlement(self, delivery: Delivery) -> Settlement:
        if delivery.attempts > MOST_ATTEMPTS:
            return Settlement(delivery.id, delivery.token, Verdict.DEAD, reason="never settled")
        try:
            overtaken = self._overtaken(delivery)
            if overtaken is not None:
                return overtaken
            hand_over = self._ready(delivery)
            if hand_over is None:
                return Settlement(delivery.id, delivery.token, Verdict.SUPERSEDED)
        except NotFound as error:
            if error.kind in _GONE:
                # There is nobody to write to any more, or nothing to write about, and nothing went wrong.
                return Settlement(delivery.id, delivery.token, Verdict.SUPERSEDED)
            # Their address is gone, and will not come back.
            return Settlement(delivery.id, delivery.token, Verdict.DEAD, reason=type(error).__name__)
        except FAILURES as error:
            return self._failed(delivery, error)
        try:
            hand_over()
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001 - a plugin's fault is contained, even a cancelled task's
            return self._failed(delivery, error)
        return Settlement(delivery.id, delivery.token, Verdict.SENT)

    def _ended(self, delivery: Delivery) -> None:
        """Of a last message to somebody, take note that this consumer awaits it no more."""
        if delivery.consumer in self._notifiers and f'"{NoticeKind.FAREWELL}"' in delivery.body:
            owed = read_owed(delivery.body)
            if owed.kind is NoticeKind.FAREWELL:
                self._heed.farewell_settled(delivery.project_id, owed.registration, delivery.consumer)

    def _overtaken(self, delivery: Delivery) -> Settlement | None:
        """Leave out a notice that nobody ever took, when the next one says it all."""
        if delivery.attempts > 1 or not delivery.behind or delivery.consumer not in self._notifiers:
            return None
        following = delivery.behind[0]
        news = merged(read_owed(delivery.body), read_owed(following.body))
        if news is None:
            return None
        return Settlement(delivery.id, delivery.token, Verdict.SUPERSEDED, successor=following.id, body=owed_text(news))

    def _ready(self, delivery: Delivery) -> Callable[[], None] | None:
        """Everything but the call of the plugin; None when all that there was to say is over."""
        listener = self._listeners.get(delivery.consumer)
        if listener is not None:
            return partial(listener, read_event(delivery.body))
        state = self._state_of(delivery.project_id)
        owed = current(read_owed(delivery.body), state, self._runtime.utc_now())
        if owed is None:
            return None
        notice = self._correspondence.notice(owed, state)
        return partial(self._hand_over, delivery.consumer, notice, state)

    def _hand_over(self, consumer: str, notice: Notice, state: ProjectState) -> None:
        to = notice.recipient
        try:
            self._notifiers[consumer](notice)
        except Undeliverable as error:
            # Told before it is settled: whoever is killed between the two is refused, and tells, once more.
            if to.person:
                self._heed.bounced(state.project_id, to.person, to.email, error.code)
            raise
        finally:
            # Plugins may have been asked to forget them before this one kept the notice, even if it failed then.
            whom = notice.concerns or to
            if self._is_kept and whom.person and self._was_erased_from(state):
                self._heed.erase_late(whom.member_id or whom.email)

    def _was_erased_from(self, state: ProjectState) -> bool:
        """Whether anybody was erased from a project since."""
        after = state.journal_end
        with suppress(StorageError):  # what came of the notice counts, and is told in any case
            while entries := self._storage.journal(state.project_id, after=after):
                if any(read_event(entry.body).kind is EventKind.MEMBER_ERASED for entry in entries):
                    return True
                after = entries[-1].number
        return False

    def _failed(self, delivery: Delivery, error: BaseException) -> Settlement:
        """Try again later, or give up; the reason is the fault's kind, for its text may hold a name."""
        reason = type(error).__name__
        hopeless = isinstance(error, Undeliverable) and delivery.consumer in self._notifiers
        if isinstance(error, Undeliverable):
            reason = f"{reason} {error.code}"
        where = extract_tb(error.__traceback__)[-1]
        told = (delivery.id, delivery.consumer, reason, where.filename, where.lineno)
        log.warning("delivery %s to %s failed: %s at %s:%s", *told)
        if hopeless or delivery.attempts >= MOST_ATTEMPTS:
            return Settlement(delivery.id, delivery.token, Verdict.DEAD, reason=reason)
        due = self._runtime.utc_now() + self._pause(delivery.attempts)
        return Settlement(delivery.id, delivery.token, Verdict.RETRY, due=due, reason=reason)

    def _pause(self, attempts: int) -> timedelta:
        """Twice as long each time, up to six hours, and a little at random so that not all come at once."""
        pause = min(FIRST_PAUSE * (1 << (attempts - 1)), LONGEST_PAUSE)
        return timedelta(seconds=pause.total_seconds() * (0.75 + self._runtime.jitter() / 2))
