"""Real workers on one outbox: each notice by one of them, again after a kill, and no late word that counts."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.servers.postgres import database, postgres
from tests.simulation.test_contention import place

__all__ = ["database", "place", "postgres"]  # fixtures

KILLS = 500 if os.environ.get("INSIGHT_SESSIONS_PROVE") == "1" else 25
ROOT = Path(__file__).resolve().parents[2]


def found(*arguments: object) -> dict[str, Any]:
    """What `tests.simulation.couriers` says became of it."""
    program = [sys.executable, "-m", "tests.simulation.couriers", *map(str, arguments)]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def copies(said: Iterable[list[Any]], word: str) -> Counter[str]:
    """How often each notice came that far."""
    return Counter(id for one, _, id, *_ in said if one == word)


def test_two_workers_never_send_one_notice(tmp_path: Path, place: str) -> None:
    """Four of them share sixty notices: each is sent by one worker, once."""
    told = found("share", place, tmp_path, 4, 60)
    everything = [line for lines in told["said"] for line in lines]
    assert told["codes"] == [0] * 4
    assert set(copies(everything, "begin").values()) == {1}
    assert len(copies(everything, "end")) == 60
    assert sum(bool(lines) for lines in told["said"]) > 1, "one worker had it all"
    assert (told["backlog"], told["dead"]) == ({}, 0)


def test_notices_survive_the_workers_that_send_them(tmp_path: Path, place: str) -> None:
    """After each kill what was being sent is sent again, the same to the byte, and nothing else is."""
    told = found("kills", place, tmp_path, KILLS, 20_260_301)
    (said,) = told["said"]
    begun, ended = copies(said, "begin"), copies(said, "end")
    assert told["codes"] == [0]
    assert len(begun) == len(ended) == KILLS * 4, "each notice was sent"
    assert sum(begun.values()) <= KILLS * 4 + KILLS, "a kill costs one copy more at the most"
    assert sum(begun.values()) > KILLS * 4, "some kills came in the middle of a sending"
    assert len({tuple(copy) for _, _, *copy in said}) == KILLS * 4, "every copy is the same"
    assert (told["backlog"], told["dead"]) == ({}, 0)


def test_a_worker_paused_beyond_its_lease_changes_nothing_afterwards(tmp_path: Path, place: str) -> None:
    """The other one sends all; the first, when it goes on, ends the one it was at, and begins no other."""
    told = found("pause", place, tmp_path, 8)
    first, second = told["said"]
    assert told["codes"] == [0, 0]
    assert len(copies(first, "begin")) == len(copies(first, "end")) == 1
    assert copies(second, "end") == dict.fromkeys(copies(second, "end"), 1)
    assert len(copies(second, "end")) == 8
    assert {tuple(copy) for _, _, *copy in first} < {tuple(copy) for _, _, *copy in second}
    assert (told["between"], told["backlog"], told["dead"]) == ({"backlog": {}, "dead": 0}, {}, 0)
