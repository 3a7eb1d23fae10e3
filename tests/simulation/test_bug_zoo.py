"""The simulation can fail: it catches every fault of the zoo."""

from collections.abc import Iterator

import pytest

from insight_sessions.testing.simulation import simulate
from insight_sessions.testing.world import Broken
from tests.simulation.bug_zoo import ZOO

PATIENCE = 300


def caught(seeds: Iterator[int]) -> str:
    """What the first broken history says; nothing when none is."""
    for seed in seeds:
        try:
            simulate(seed)
        except Broken as broken:
            return str(broken)
    return ""


@pytest.mark.parametrize("name", ZOO)
def test_the_simulation_catches(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within so many histories, by some invariant; and it says how to see it again."""
    ZOO[name](monkeypatch)
    said = caught(iter(range(PATIENCE)))
    assert "--seed" in said, f"{name} survived {PATIENCE} histories"


def test_the_zoo_is_large() -> None:
    """And every fault in it says what it is."""
    assert len(ZOO) >= 25
    assert all(plant.__doc__ for plant in ZOO.values())
