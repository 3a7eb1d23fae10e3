"""PostgreSQL for real: simulated histories, servers that crash under load, and two servers as one store."""

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from itertools import count, pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from insight_sessions_postgres import PostgresStorage, ShardedStorage

from insight_sessions import AnnounceProject, CloseCall, Desk, OpenCall, Runtime, StorageError
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.testing.faults import Fault, PortGround
from insight_sessions.testing.simulation import simulate
from tests.servers.postgres import Server, database, own_postgres, postgres, running
from tests.simulation.contenders import desk_on, project, register

__all__ = ["database", "own_postgres", "postgres"]  # fixtures

PROVING = os.environ.get("INSIGHT_SESSIONS_PROVE") == "1"
HISTORIES = 500 if PROVING else 40 if __debug__ else 5
CRASHES = 10 if PROVING else 2
WORKERS = 6
ROOT = Path(__file__).resolve().parents[2]
PLACES = ["a", "a", "a", "b", "b"]


def chance() -> random.Random:
    """The same in every run."""
    return random.Random(0)  # noqa: S311 - a seed


def test_every_history_is_the_same_on_postgresql_and_in_memory(database: str) -> None:
    """Every invariant after every step, with the same faults at the same calls, and the same end."""
    schemas, faults = count(), Counter[str]()

    def on_postgresql(random_bytes: Callable[[int], bytes]) -> PortGround:
        url, runtime = f"{database}&schema=history_{next(schemas)}", Runtime(random_bytes=chance().randbytes)
        return PortGround(lambda: PostgresStorage.open(url, runtime=runtime))

    def in_memory(random_bytes: Callable[[int], bytes]) -> PortGround:
        return PortGround(MemoryStorage(chance().randbytes).reopened)

    for seed in range(HISTORIES):
        history = simulate(seed, on_postgresql)
        faults.update(history.faults)
        assert asdict(history) == asdict(simulate(seed, in_memory))
    assert not __debug__ or min(faults[fault] for fault in Fault) > 0


class Work:
    """Six processes that register people all the while, until they are told to stop.

    Args:
        url: of the database.
        folder: for the word to stop.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self._stop = folder / "stop"
        program = [sys.executable, "-m", "tests.simulation.contenders", "endure", url, str(WORKERS), str(self._stop)]
        self._working = subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self._disturbed: list[float] = []
        assert self._working.stdout is not None
        assert self._working.stdout.readline() == "begun\n"

    def disturb(self, how: Callable[[], object]) -> None:
        """After a while, do something to the server."""
        time.sleep(2 + chance().random())
        self._disturbed.append(time.monotonic())
        how()

    def check(self) -> None:
        """They were at work before, between and after; what each was told is so, and nothing is there twice."""
        time.sleep(2)
        self._stop.touch()
        said: dict[str, Any] = json.loads(self._working.communicate(timeout=120)[0])
        times = said["acknowledged"]
        moments = [times[0] - 1, *self._disturbed, times[-1] + 1]
        assert said["codes"] == [0] * WORKERS
        assert all(any(before < at < after for at in times) for before, after in pairwise(moments))
        assert (said["lost"], said["otherwise"]) == ([], [])
        assert said["registrations"] == len(times)
        assert said["places"] == PLACES
        assert said["journal"] == list(range(1, len(said["journal"]) + 1))


def test_what_was_acknowledged_survives_crashes_of_the_server(own_postgres: Server, tmp_path: Path) -> None:
    """The server crashes and comes again, again and again."""

    def crash() -> None:
        own_postgres.crash()
        own_postgres.start()

    work = Work(own_postgres.fresh(), tmp_path)
    for _ in range(CRASHES):
        work.disturb(crash)
    work.check()


def test_a_promoted_replica_loses_nothing_that_was_acknowledged(own_postgres: Server, tmp_path: Path) -> None:
    """The server is gone for good; its synchronous standby takes over, and all go on with that."""
    url = own_postgres.fresh()
    with own_postgres.replica() as standby:
        both = f"{own_postgres.folder},{standby.folder}"
        name = urlsplit(url).path

        def fail_over() -> None:
            own_postgres.crash()
            standby.promote()

        work = Work(f"postgresql://postgres@{name}?host={quote(both)}&target_session_attrs=read-write", tmp_path)
        work.disturb(fail_over)
        work.check()


def test_two_servers_are_one_store(own_postgres: Server) -> None:
    """One desk keeps each project on its server; one server that is down fails what is on it alone."""
    with running() as other:
        urls = {"a": own_postgres.fresh(), "b": other.fresh()}

        def desk() -> Desk:
            servers = {name: PostgresStorage.open(url) for name, url in urls.items()}
            return desk_on(ShardedStorage(servers, choose=lambda id: "a" if id == "q" else "b"))

        with desk() as first:
            for id in ("p", "q"):
                first.do(AnnounceProject(project=project().model_copy(update={"id": id})))
                first.do(OpenCall(project_id=id))
            mine = register(first, "ada")
        with desk() as second:
            assert second.projects() == ["p", "q"]
            assert [one.id for one in second.of_member("ada")] == [mine.id]
            own_postgres.crash()
            assert register(second, "ada").id == mine.id
            assert register(second, "eve").place == "a"
            with pytest.raises(StorageError):
                second.do(CloseCall(project_id="q"))
            own_postgres.start()
            second.do(CloseCall(project_id="q"))
            assert [one.place for one in second.state("p").registrations.values()] == ["a", "a"]
            assert second.state("q").call.status == "closed"
