"""Real processes on one store: exact with the lock, oversold without it, and whole after ``kill -9``."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.servers.postgres import database, postgres

__all__ = ["database", "postgres"]  # fixtures

PROVING = os.environ.get("INSIGHT_SESSIONS_PROVE") == "1"
CONTENDERS = 64 if PROVING else 16
EACH = 4
KILLS = 500 if PROVING else 25
ROOT = Path(__file__).resolve().parents[2]
PLACES = ["a", "a", "a", "b", "b"]


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store: a file that is not there yet, or a database on a real server."""
    return str(tmp_path / "store.db") if request.param == "sqlite" else str(request.getfixturevalue("database"))


def found(*arguments: object) -> dict[str, Any]:
    """What `tests.simulation.contenders` says became of it."""
    program = [sys.executable, "-m", "tests.simulation.contenders", *map(str, arguments)]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_many_processes_share_few_places_exactly(place: str) -> None:
    """Nobody is oversold, everybody is answered, and what they were told is what is kept."""
    said = found("contend", place, CONTENDERS, EACH)
    stored = {id: (place, arrived) for id, place, arrived in said["stored"]}
    assert said["codes"] == [0] * CONTENDERS
    assert len(said["answers"]) == len(stored) == CONTENDERS * EACH
    assert sorted(place for place, _ in stored.values() if place) == PLACES
    assert all(stored[id] == (place, arrived) for _, id, place, arrived in said["answers"])
    assert sorted(arrived for _, arrived in stored.values()) == list(range(1, CONTENDERS * EACH + 1))
    assert said["journal"] == list(range(1, len(said["journal"]) + 1))


def test_nobody_starves(place: str) -> None:
    """Everyone's first turn comes before anyone has had a hundred."""
    contenders, each = 8, 100
    said = found("contend", place, contenders, each)
    firsts = {number: min(arrived for by, _, _, arrived in said["answers"] if by == number) for number in range(8)}
    lasts = {number: max(arrived for by, _, _, arrived in said["answers"] if by == number) for number in range(8)}
    assert len(said["answers"]) == contenders * each
    assert max(firsts.values()) < min(lasts.values()), (firsts, lasts)


def test_without_the_lock_places_are_oversold(place: str) -> None:
    """The control: the test above can fail, and it is the lock that makes it pass."""
    said = found("lockless", place, CONTENDERS, 1)
    places = [place for _, place, _ in said["stored"] if place]
    assert len(places) > len(PLACES)
    assert places.count("a") > 3


def test_what_was_acknowledged_survives_kill_9(place: str) -> None:
    """And the command that was under way is done once, whether or not it had been stored."""
    said = found("kills", place, KILLS, 20_260_301)
    assert said["broken"] == []
    assert said["acknowledged"] > KILLS
    assert said["unsaid"] >= KILLS // 5, "some kills came between a commit and its answer"
    assert said["places"] == PLACES
    assert said["journal"] == list(range(1, len(said["journal"]) + 1))


def test_a_desk_goes_on_after_a_fork(place: str) -> None:
    """In the parent and in the child, at the same time, on the same store."""
    said = found("fork", place)
    assert said["code"] == 0
    assert len(said["ids"]) == len(set(said["ids"])) == 20
    assert len(said["stored"]) == 21
    assert set(said["ids"]) < set(said["stored"])
    assert said["journal"] == list(range(1, len(said["journal"]) + 1))
