"""What workers do: deliver, look after time, and take care of jobs whose worker is gone."""

import atexit
import threading
from collections.abc import Callable
from typing import Final, TypeVar, Unpack

from insight_sessions_postgres.address import Address
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.app import WorkerOptions
from procrastinate.exceptions import AlreadyEnqueued, UniqueViolation
from procrastinate.jobs import Status

from insight_sessions import Desk
from insight_sessions.errors import InsightSessionsError, StorageError
from insight_sessions_procrastinate.waking import DELIVER, MISSING, QUEUE

T = TypeVar("T")

BATCH: Final = 20
"""How much is delivered before a worker looks whether it is to stop."""

MOST_BATCHES: Final = 50
"""How many batches one job delivers before it leaves the rest to another, so that what must be done meanwhile is."""

TICK: Final = "insight_sessions.tick"
RECOVER: Final = "insight_sessions.recover"
CLEAR: Final = "insight_sessions.clear"

EVERY_MINUTE: Final = "* * * * *"
EVERY_NIGHT: Final = "23 3 * * *"
STALLED_AFTER: Final = 30.0
KEPT_HOURS: Final = 24 * 7

_URGENT: Final = 10
"""The time goes on however much there is to send."""


class JobFailed(Exception):
    """A job could not do its work for now; the next one will try again.

    The text names the kind of the fault and holds nothing that a plugin or a driver said, which may be about people.
    """


class Tasks:
    """The tasks of workers, over a desk that each worker process opens when it first needs one.

    Args:
        open_desk: opens the desk, with the plugins that send.
        every: when the outbox and the clock are looked at although nobody asked, as cron says it; six fields when the
            last one is seconds.
        stalled_after: a worker that gave no sign of life for so many seconds is gone, and others take up its jobs. Our
            workers give three in that time; those of a host's own app must give one at least.
    """

    def __init__(
        self, open_desk: Callable[[], Desk], *, every: str = EVERY_MINUTE, stalled_after: float = STALLED_AFTER
    ) -> None:
        self._open_desk = open_desk
        self._every = every
        self._stalled_after = stalled_after
        self._opening = threading.Lock()
        self._desk: Desk | None = None

    def app(self, url: str) -> App:
        """A Procrastinate app with these tasks.

        Args:
            url: the database where the jobs are kept: the one of the desk, so that a change and its job are one.
        """
        app = _App(
            connector=PsycopgConnector(conninfo=Address.of(url).dsn, min_size=1, max_size=4),
            worker_defaults={
                "queues": [QUEUE],
                "concurrency": 4,
                "delete_jobs": "successful",
                "fetch_job_polling_interval": 2.0,
                "shutdown_graceful_timeout": 10.0,
                "update_heartbeat_interval": self._stalled_after / 3,
                "stalled_worker_timeout": self._stalled_after,
            },
        )
        self.add_to(app)
        return app

    def add_to(self, app: App) -> None:
        """Add these tasks to an app that a host has already; its workers must look at our queue.

        Args:
            app: the host's.
        """
        _add(app, DELIVER, self._deliver, self._every)
        _add(app, TICK, self._tick, self._every, priority=_URGENT)
        _add(app, RECOVER, self._recover, self._every, priority=_URGENT)
        _add(app, CLEAR, _clear, EVERY_NIGHT)

    def close(self) -> None:
        """Close the desk, if one was opened."""
        with self._opening:
            desk, self._desk = self._desk, None
        if desk is not None:
            desk.close()

    def _deliver(self, context: JobContext, timestamp: int = 0) -> None:
        """Deliver until nothing is due, and have another worker help when that is more than a little."""
        for turn in range(MOST_BATCHES):
            if context.should_abort():
                break
            done = _contained(lambda: self._opened().deliver(BATCH).total)
            if not done:
                return
            if turn == 0 and done == BATCH:
                self._call_for_help(context.app)
        self._call_for_help(context.app)

    def _call_for_help(self, app: App) -> None:
        """Wake one more worker, who wakes the next one in turn: all that are free, while there is much to send."""
        try:
            app.configure_task(DELIVER, queue=QUEUE, queueing_lock=f"{DELIVER}/help").defer()
        except AlreadyEnqueued:
            return

    def _tick(self, context: JobContext, timestamp: int = 0) -> None:
        """Do what is due because time passed."""
        _contained(lambda: self._opened().tick())

    async def _recover(self, context: JobContext, timestamp: int = 0) -> None:
        """Have jobs taken up whose worker was killed or lost."""
        manager = context.app.job_manager
        for job in await manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=self._stalled_after):
            try:
                await manager.retry_job(job)
            except UniqueViolation:
                # One like it waits already, and a wake-up twice is one.
                await manager.finish_job(job, status=Status.ABORTED, delete_job=True)

    def _opened(self) -> Desk:
        """The desk of this process."""
        with self._opening:
            if self._desk is None:
                self._desk = self._open_desk()
                atexit.register(self.close)
            return self._desk


def _add(app: App, name: str, work: Callable[..., object], cron: str, priority: int = 0) -> None:
    """A task that comes by the clock, with a lock of its own, so that no sweep waits for a job of a project."""
    task = app.task(name=name, queue=QUEUE, priority=priority, pass_context=True)(work)
    app.periodic(cron=cron, queue=QUEUE, queueing_lock=f"{name}/periodic")(task)


async def _clear(context: JobContext, **_: object) -> None:
    """Clear away our jobs that failed long ago; it reads all that there are, so it is not done often."""
    await context.app.job_manager.delete_old_jobs(
        nb_hours=KEPT_HOURS, queue=QUEUE, include_failed=True, include_cancelled=True, include_aborted=True
    )


class _App(App):
    """An app whose workers say what to do when they cannot begin."""

    async def run_worker_async(self, **kwargs: Unpack[WorkerOptions]) -> None:
        """Run a worker, on a database that has what it needs.

        Raises:
            StorageError: the tables of Procrastinate are missing.
        """
        if not await self.check_connection_async():
            raise StorageError(MISSING)
        await super().run_worker_async(**kwargs)


def _contained(step: Callable[[], T]) -> T:
    """What a step gives; its fault without what others said in it, for Procrastinate writes faults into the log."""
    try:
        return step()
    except InsightSessionsError as error:
        raise JobFailed(f"{type(error).__name__}: {error}") from None
    except Exception as error:  # noqa: BLE001 - whatever it was, what it says may be about people
        raise JobFailed(type(error).__name__) from None
