"""What is asked that nobody could ever fulfil takes no longer than what somebody could."""

import pytest

from insight_sessions.allocating.balanced import balanced
from insight_sessions.allocating.consolidating import consolidate
from insight_sessions.allocating.consolidation import Running, Seated
from insight_sessions.allocating.network import Network
from insight_sessions.domain.allocation import Bound

from .allocating_kit import SESSIONS, SETTINGS, candidate, rooms, score_of

MOST_STEPS = 1_000
PEOPLE = [
    candidate(number, "mon tue thu", setting=SETTINGS[number % 2], country=("Wales", "Eire")[number // 2 % 2])
    for number in range(12)
]


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail when a flow takes more steps than there are ways for so few people."""
    steps = 0
    push = vars(Network)["_push"]

    def counted(network: Network, path: list[int]) -> None:
        nonlocal steps
        steps += 1
        assert steps <= MOST_STEPS
        push(network, path)

    monkeypatch.setattr(Network, "_push", counted)


@pytest.mark.parametrize("attributes", [["setting"], ["setting", "country"]])
def test_a_bound_that_asks_for_a_million_people(attributes: list[str]) -> None:
    """The best is what it would be if it asked for everybody."""
    offered = rooms(mon=3, thu=3, tue=None)
    given = [[Bound(attribute=name, at_least=least) for name in attributes] for least in (12, 1_000_000)]
    few, many = (balanced(PEOPLE, offered, 1, bounds) for bounds in given)
    assert few.places == many.places
    reached = score_of(many.places, PEOPLE, offered, given[1])
    missing = len(SESSIONS) * 2 * len(attributes) * 1_000_000 - len(many.places) * len(attributes)
    assert (reached.unplaced, reached.soft) == (0, missing)


def test_a_minimum_that_nobody_could_reach() -> None:
    """Without a limit of places there is none to how many may be asked for."""
    people = [Seated(f"r-{number}", "mon", ("mon", "tue"), number) for number in range(12)]
    found = consolidate(people, [Running("mon", None, 1_000_000_000), Running("tue", None, 2)])
    assert found.given_up == ("mon",)
    assert found.numbers == (("tue", 12),)
