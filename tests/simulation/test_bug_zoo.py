"""The simulation can fail: it catches every fault of the zoo."""

import pytest

from tests.simulation.bug_zoo import PATIENCE, ZOO
from tests.simulation.untraced import run


@pytest.mark.parametrize("name", ZOO)
def test_the_simulation_catches(name: str) -> None:
    """Within so many histories, by some invariant; and it says how to see it again."""
    done = run("tests.simulation.bug_zoo", name)
    assert done.returncode == 0, done.stderr
    assert "--seed" in done.stdout, f"{name} survived {PATIENCE} histories"


def test_the_zoo_is_large() -> None:
    """And every fault in it says what it is."""
    assert len(ZOO) >= 30
    assert all(plant.__doc__ for plant in ZOO.values())
