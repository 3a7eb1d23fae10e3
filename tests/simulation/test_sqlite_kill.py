"""What was acknowledged survives `kill -9`, and nothing is half done: real processes, killed at random moments."""

import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from time import perf_counter

import pytest

from insight_sessions.storage.sqlite import SQLiteStorage
from tests.simulation.numbered_changes import numbered

KILLS = 500 if os.environ.get("INSIGHT_SESSIONS_PROVE") else 25
PARTS = 5
ROOT = Path(__file__).resolve().parents[2]


def killed(path: Path, wait_for: int, then: float) -> list[str]:
    """Run the process until so many lines, and a moment longer; what it said before it was killed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.simulation.numbered_changes", path],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(wait_for)]
    until = perf_counter() + then
    while perf_counter() < until:
        pass
    process.kill()
    rest, _ = process.communicate()
    return "".join([*lines, rest]).split("\n")[:-1]


def count(lines: Sequence[str], word: str) -> int:
    """How much was acknowledged."""
    return sum(1 if word == "committed" else int(line.split()[1]) for line in lines if line.startswith(word))


@pytest.mark.parametrize("part", range(PARTS))
def test_acknowledged_changes_survive_kills(tmp_path: Path, part: int) -> None:
    """One file, killed again and again: versions, journal, receipts and outbox agree with what was said."""
    random, committed, settled = Random(part), 0, 0  # noqa: S311 - a seed
    for _ in range(KILLS // PARTS):
        lines = killed(tmp_path / "store.db", random.randint(2, 30), random.random() * 0.002)
        committed, settled = committed + count(lines, "committed"), settled + count(lines, "settled")
        with closing(SQLiteStorage(tmp_path / "store.db", secrets.token_bytes, create=False)) as storage:
            snapshot = storage.read("p")
            assert snapshot.version in (committed, committed + 1)
            committed = snapshot.version
            assert sorted(snapshot.records, key=str) == sorted(numbered(committed).records, key=str)
            assert storage.journal("p", limit=committed + 1) == [
                entry for number in range(1, committed + 1) for entry in numbered(number).entries
            ]
            with storage.hold("p") as hold:
                receipts = hold.receipts([f"command {number}" for number in range(committed + 2)])
                assert list(receipts.values()) == [numbered(number).receipts[0] for number in range(1, committed + 1)]
            waiting = storage.backlog()["mail"]
            assert committed - waiting in (settled, settled + 1)
            settled = committed - waiting


@pytest.mark.parametrize("seed", range(KILLS // 5))
def test_a_kill_while_the_file_is_made_leaves_none_or_a_whole_one(tmp_path: Path, seed: int) -> None:
    """Whatever was left behind, the next process begins or goes on."""
    lines = killed(tmp_path / "store.db", 1, Random(seed).random() * 0.01)  # noqa: S311 - a seed
    with closing(SQLiteStorage(tmp_path / "store.db", secrets.token_bytes)) as storage:
        assert storage.read("p").version in (count(lines, "committed"), count(lines, "committed") + 1)
        storage.consumers(add=["mail"])
        with storage.hold("p") as hold:
            hold.commit(numbered(hold.version + 1))
