"""What a worker does in one job: on a desk that only counts, and with jobs in memory."""

import asyncio
import logging
import sys
from types import ModuleType, SimpleNamespace
from typing import cast
from unittest.mock import patch

import psycopg
import pytest
from insight_sessions_procrastinate import Tasks, tasks, worker
from insight_sessions_procrastinate.waking import DELIVER, QUEUE
from procrastinate import App, PsycopgConnector
from procrastinate.connector import BaseAsyncConnector
from procrastinate.testing import InMemoryConnector

from insight_sessions import Deliveries, Desk
from insight_sessions.errors import StorageError

TICK = "insight_sessions.tick"
RECOVER = "insight_sessions.recover"
CLEAR = "insight_sessions.clear"


class CountingDesk:
    """A desk with so much to deliver.

    Args:
        due: how much.
        fault: what goes wrong instead.
    """

    def __init__(self, due: int = 0, fault: Exception | None = None) -> None:
        self.due = due
        self.fault = fault
        self.batches: list[int] = []
        self.ticks = 0
        self.closings = 0

    def deliver(self, limit: int) -> Deliveries:
        """Deliver some of it."""
        if self.fault:
            raise self.fault
        sent = min(limit, self.due)
        self.due -= sent
        self.batches.append(sent)
        return Deliveries(sent=sent)

    def tick(self) -> int:
        """Count it."""
        self.ticks += 1
        return 0

    def close(self) -> None:
        """Count it."""
        self.closings += 1


class Jobs:
    """An app over such a desk, with its jobs in memory unless told otherwise."""

    def __init__(self, desk: CountingDesk, connector: BaseAsyncConnector | None = None) -> None:
        self.memory = InMemoryConnector()
        self.app = App(connector=connector or self.memory)
        self.tasks = Tasks(lambda: cast("Desk", desk), every="0 0 29 2 *")
        with patch.object(tasks, "EVERY_NIGHT", "0 0 29 2 *"):  # or there is one job more for whoever tests at night
            self.tasks.add_to(self.app)

    def run(self, task: str) -> list[str]:
        """Run a job and those that it makes; how they ended."""
        with self.app.open():
            self.app.configure_task(task, queue=QUEUE, allow_unknown=False).defer()
        self.app.run_worker(wait=False, queues=[QUEUE], install_signal_handlers=False, listen_notify=False)
        return [job["status"] for job in self.memory.jobs.values()]


def test_a_little_is_delivered_by_one_job() -> None:
    """Who has nothing more to do calls nobody."""
    desk = CountingDesk(due=7)
    assert Jobs(desk).run(DELIVER) == ["succeeded"]
    assert desk.batches == [7, 0]


def test_who_has_much_to_deliver_calls_for_help() -> None:
    """At once, and the helper does the same; nobody waits twice."""
    desk = CountingDesk(due=30)
    assert Jobs(desk).run(DELIVER) == ["succeeded", "succeeded"]
    assert desk.batches == [20, 10, 0, 0]


def test_a_job_leaves_the_rest_to_another_after_a_thousand() -> None:
    """So that what is urgent, or a stop, has its turn."""
    desk = CountingDesk(due=2_050)
    jobs = Jobs(desk)
    assert jobs.run(DELIVER) == ["succeeded"] * 4
    assert (desk.due, len(desk.batches)) == (0, 103 + 2)


def test_a_job_that_is_to_stop_stops_between_two_batches() -> None:
    """What is left is for whoever takes the job that it leaves."""
    desk = CountingDesk(due=100)
    jobs = Jobs(desk)
    asked: list[bool] = []

    def should_abort() -> bool:
        asked.append(len(desk.batches) == 2)
        return asked[-1]

    with jobs.app.open():
        jobs.app.tasks[DELIVER].func(SimpleNamespace(app=jobs.app, should_abort=should_abort))
    assert desk.batches == [20, 20]
    assert [job["queueing_lock"] for job in jobs.memory.jobs.values()] == [f"{DELIVER}/help"]


def test_the_desk_is_opened_once_and_closed_at_the_end() -> None:
    """By the first job that needs it."""
    desk = CountingDesk()
    jobs = Jobs(desk)
    jobs.run(TICK)
    jobs.run(TICK)
    jobs.tasks.close()
    jobs.tasks.close()
    assert (desk.ticks, desk.closings) == (2, 1)


@pytest.mark.parametrize(
    ("fault", "said"),
    [(StorageError("the disk is full"), "StorageError: the disk is full"), (KeyError("Ada Example"), "KeyError")],
)
def test_a_fault_is_told_without_what_others_said(
    fault: Exception, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Procrastinate writes it into the log, where no name belongs."""
    with caplog.at_level(logging.DEBUG):
        assert Jobs(CountingDesk(fault=fault)).run(DELIVER) == ["failed"]
    assert f"JobFailed: {said}\n" in caplog.text + "\n"
    assert "Ada" not in caplog.text


@pytest.mark.parametrize("another_waits", [True, False])
def test_a_job_whose_worker_is_gone_is_taken_up(database: str, another_waits: bool) -> None:
    """Once, even when another like it waits already."""
    desk = CountingDesk(due=3)
    jobs = Jobs(desk, PsycopgConnector(conninfo=database, min_size=1))

    async def lose_a_worker() -> None:
        async with jobs.app.open_async():
            await jobs.app.schema_manager.apply_schema_async()
            deliver = jobs.app.configure_task(DELIVER, queue=QUEUE, queueing_lock="one")
            await deliver.defer_async()
            gone = await jobs.app.job_manager.register_worker()
            assert await jobs.app.job_manager.fetch_job([QUEUE], gone)
            if another_waits:
                await deliver.defer_async()

    asyncio.run(lose_a_worker())
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 minute'")
    jobs.run(RECOVER)
    with psycopg.connect(database) as connection:
        left = connection.execute("SELECT status FROM procrastinate_jobs ORDER BY id").fetchall()
    assert left == [("succeeded",)] * 2
    assert desk.batches[0] == 3


def test_what_failed_long_ago_is_cleared_away(database: str) -> None:
    """Of our own jobs, and no others."""
    jobs = Jobs(CountingDesk(), PsycopgConnector(conninfo=database, min_size=1))
    with jobs.app.open():
        jobs.app.schema_manager.apply_schema()
    with psycopg.connect(database) as connection:
        for queue, status in ((QUEUE, "failed"), (QUEUE, "todo"), ("theirs", "failed"), (QUEUE, "doing")):
            connection.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, scheduled_at, lock)"
                " VALUES (%s, 'nothing', now() + interval '1 day', %s)",
                [queue, status],
            )
        connection.execute("UPDATE procrastinate_jobs SET status = lock::procrastinate_job_status, lock = NULL")
        connection.execute("UPDATE procrastinate_events SET at = at - interval '9 days'")
    jobs.run(CLEAR)
    with psycopg.connect(database) as connection:
        left = connection.execute("SELECT queue_name, status FROM procrastinate_jobs ORDER BY id").fetchall()
    assert left == [(QUEUE, "todo"), ("theirs", "failed"), (QUEUE, "doing"), (QUEUE, "succeeded")]


@pytest.mark.parametrize("url", ["", "sqlite:///desk.db"])
def test_a_worker_without_its_database_says_what_to_set(url: str) -> None:
    """And repeats nothing of it, for it may hold a password."""
    with pytest.raises(SystemExit, match="set INSIGHT_SESSIONS_URL") as told:
        worker.app_of({"INSIGHT_SESSIONS_URL": url})
    assert "desk.db" not in str(told.value)


@pytest.mark.parametrize("named", ["nowhere_at_all:open", "insight_sessions:no_such_thing", "insight_sessions", ":x"])
def test_a_desk_that_cannot_be_found_is_told(named: str) -> None:
    """With how it is written."""
    with pytest.raises(SystemExit, match=r"module:function.*PYTHONPATH"):
        worker.app_of({"INSIGHT_SESSIONS_URL": "postgresql://x/y", "INSIGHT_SESSIONS_DESK": named})


def test_a_worker_opens_the_desk_that_the_host_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a function of the host's, once it needs it."""
    opened: list[CountingDesk] = []

    def open_desk() -> CountingDesk:
        opened.append(CountingDesk())
        return opened[-1]

    monkeypatch.setitem(sys.modules, "research_desks", cast("ModuleType", SimpleNamespace(open_desk=open_desk)))
    settings = {
        "INSIGHT_SESSIONS_URL": "postgresql://db.example.org/x",
        "INSIGHT_SESSIONS_DESK": "research_desks:open_desk",
    }
    app = worker.app_of(settings)
    assert opened == []
    memory = InMemoryConnector()
    with app.replace_connector(memory), app.open():
        app.tasks[DELIVER].func(SimpleNamespace(app=app, should_abort=lambda: False))
    assert [desk.batches for desk in opened] == [[0]]


def test_the_app_of_a_worker_has_its_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `procrastinate --app` finds it."""
    monkeypatch.setenv("INSIGHT_SESSIONS_URL", "postgresql://db.example.org/desk")
    app = App.from_path("insight_sessions_procrastinate.worker.app")
    assert {DELIVER, TICK, RECOVER, CLEAR} <= app.tasks.keys()
    assert {task for task, _ in app.periodic_registry.periodic_tasks} == {DELIVER, TICK, RECOVER, CLEAR}
    with pytest.raises(AttributeError, match="nothing"):
        _ = worker.nothing
