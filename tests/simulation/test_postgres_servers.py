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

import pytest
from insight_sessions_postgres import PostgresStorage
from insight_sessions_postgres.sharded import ShardedStorage

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


def test_what_was_acknowledged_survives_crashes_of_the_server(own_postgres: Server, tmp_path: Path) -> None:
    """Six processes register people all the while; the server crashes and comes again; nobody is lost, or is twice."""
    dice, stop = chance(), tmp_path / "stop"
    program = [sys.executable, "-m", "tests.simulation.contenders", "endure"]
    said: dict[str, Any] = {}
    crashes: list[float] = []
    with subprocess.Popen(
        [*program, own_postgres.fresh(), str(WORKERS), str(stop)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as working:
        assert working.stdout is not None
        assert working.stdout.readline() == "begun\n"
        for _ in range(CRASHES):
            time.sleep(2 + dice.random())
            crashes.append(time.monotonic())
            own_postgres.crash()
            own_postgres.start()
        time.sleep(2)
        stop.touch()
        said = json.loads(working.communicate(timeout=120)[0])
    assert said["codes"] == [0] * WORKERS
    times = said["acknowledged"]
    assert times[0] < crashes[0]
    assert all(any(before < at < after for at in times) for before, after in pairwise([*crashes, times[-1] + 1]))
    assert (said["lost"], said["otherwise"]) == ([], [])
    assert said["registrations"] == len(times)
    assert said["places"] == PLACES
    assert said["journal"] == list(range(1, len(said["journal"]) + 1))


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
