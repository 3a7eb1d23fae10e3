"""A change and its wake-up are one transaction, and a wake-up never comes too early to see the change."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

import psycopg
import pytest
from insight_sessions_procrastinate import Tasks, open_storage, wake
from insight_sessions_procrastinate.waking import DELIVER
from procrastinate import App, PsycopgConnector

from insight_sessions import Desk
from insight_sessions.errors import StorageError
from insight_sessions.storage.port import Change, Draft, Entry

SOON = datetime(2021, 6, 14, tzinfo=UTC)


def owing(project_id: str = "p", *, deliveries: int = 1) -> Change:
    """A change that puts something into the outbox."""
    drafts = [Draft(f"d-{project_id}-{number}", "notify/mail", "r", "{}", SOON) for number in range(deliveries)]
    return Change(version=1, entries=[Entry(project_id, 1, "{}")], deliveries=drafts)


@pytest.fixture
def jobs(database: str) -> str:
    """A database with the tables of Procrastinate."""
    with App(connector=PsycopgConnector(conninfo=database)).open() as app:
        app.schema_manager.apply_schema()
    return database


def waiting(url: str) -> list[str]:
    """The locks of the jobs that wait."""
    with psycopg.connect(url) as connection:
        query = "SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id"
        return [str(row[0]) for row in connection.execute(query)]


def fetched(url: str) -> int | None:
    """The job that a worker takes now, as Procrastinate takes it."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT id FROM procrastinate_fetch_job_v2(NULL, NULL)").fetchone()
        assert row is not None
        return None if row[0] is None else int(row[0])


@contextmanager
def committing(url: str, change: Change) -> Iterator[None]:
    """In the block the change asked for its wake-up and is not committed yet."""
    with psycopg.connect(url) as connection:
        wake(connection, change)
        yield


def test_many_changes_leave_one_job_for_each_project(jobs: str) -> None:
    """A wake-up twice is one."""
    with psycopg.connect(jobs, autocommit=True) as connection:
        for number in range(90):
            wake(connection, owing(f"p{number % 3}"))
    assert waiting(jobs) == [f"{DELIVER}/p0", f"{DELIVER}/p1", f"{DELIVER}/p2"]


def test_a_change_that_owes_nothing_wakes_nobody(jobs: str) -> None:
    """Many changes are told to nobody."""
    with committing(jobs, owing(deliveries=0)):
        pass
    assert waiting(jobs) == []


def test_a_change_that_is_not_committed_wakes_nobody(jobs: str) -> None:
    """The job goes with it."""
    with pytest.raises(ZeroDivisionError), committing(jobs, owing()):
        raise ZeroDivisionError
    assert waiting(jobs) == []


def test_no_worker_takes_the_job_before_the_change_can_be_seen(jobs: str) -> None:
    """Otherwise it would look, find nothing, and the change would wait for the next sweep."""
    with committing(jobs, owing()):
        pass
    with committing(jobs, owing()):
        assert fetched(jobs) is None
    assert waiting(jobs) == [f"{DELIVER}/p"]
    job = fetched(jobs)
    assert job is not None
    with committing(jobs, owing()):
        assert fetched(jobs) is None
    assert fetched(jobs) not in {None, job}


def test_no_project_waits_for_another(jobs: str) -> None:
    """Each has a lock of its own, so a slow commit of one holds up no other."""
    done = threading.Event()

    def other() -> None:
        with committing(jobs, owing("q")):
            pass
        done.set()

    with committing(jobs, owing("p")):
        thread = threading.Thread(target=other)
        thread.start()
        assert done.wait(30)
    thread.join()
    assert sorted(waiting(jobs)) == [f"{DELIVER}/p", f"{DELIVER}/q"]


def test_a_database_that_is_not_there_is_told_without_its_password(database: str) -> None:
    """As the store itself tells it."""
    url = urlsplit(database)._replace(path="/nothing", netloc="postgres:secret-word@").geturl()
    with pytest.raises(StorageError, match="no such database") as told:
        open_storage(url)
    assert "secret-word" not in str(told.value)


def test_without_the_tables_of_procrastinate_it_says_what_to_run(database: str) -> None:
    """To whoever opens a store, to a worker, and to whoever changes something should the tables go later."""
    with pytest.raises(StorageError, match="schema --apply"):
        open_storage(database)
    with pytest.raises(StorageError, match="schema --apply"), committing(database, owing()):
        pass
    app = Tasks(lambda: Desk(open_storage(database))).app(database)
    with pytest.raises(StorageError, match="schema --apply"):
        app.run_worker(wait=False, install_signal_handlers=False)
