"""Seeded histories of commands, deliveries, crashes and clock jumps, with every invariant after each step."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict

import pytest

from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.testing.faults import PortGround
from insight_sessions.testing.simulation import simulate

PROVING = os.environ.get("INSIGHT_SESSIONS_PROVE") == "1"
HISTORIES = 50_000 if PROVING else 2_000
TOGETHER = 500 if PROVING else 125


@pytest.mark.parametrize("first", range(0, HISTORIES, TOGETHER))
def test_every_invariant_holds_in_every_history_on_sqlite(first: int) -> None:
    """Whatever people, clocks, disks and kills do; and the histories are eventful enough to say so."""
    numbers, faults = Counter[str](), Counter[str]()
    for seed in range(first, first + TOGETHER):
        history = simulate(seed)
        faults.update(history.faults)
        numbers.update({key: value for key, value in asdict(history).items() if key != "faults"})
    assert min(faults[fault] for fault in ("crash", "error", "busy", "full", "lost")) > TOGETHER // 6
    assert numbers["done"] > 5 * TOGETHER
    assert numbers["refused"] > TOGETHER
    assert numbers["copies"] > 4 * TOGETHER


def test_every_invariant_holds_on_a_store_known_only_by_its_port() -> None:
    """So authors of storage plugins run the same histories on theirs."""
    for seed in range(60):
        simulate(seed, _in_memory)


def _in_memory(random_bytes: Callable[[int], bytes]) -> PortGround:
    first = MemoryStorage(random_bytes)
    return PortGround(first.reopened)


def test_one_seed_is_one_history() -> None:
    """The command that a failure prints shows the same again."""
    program = [sys.executable, "-m", "insight_sessions.testing.simulation", "--seed", "3", "--histories", "2"]
    said = subprocess.run(program, capture_output=True, text=True, check=True, timeout=100).stdout
    assert said == f"{simulate(3)}\n{simulate(4)}\n"
