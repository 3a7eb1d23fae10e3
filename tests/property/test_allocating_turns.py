"""Who is asked in turn gains nothing by a lie."""

from itertools import permutations, product

import pytest

from insight_sessions.allocating.deciding import BUILT_IN
from insight_sessions.domain.allocation import Candidate
from tests.unit.allocating_kit import rooms

LISTS = [wishes for length in range(4) for wishes in permutations(("mon", "thu", "tue"), length)]


@pytest.mark.parametrize("policy", ["first-come", "lottery"])
@pytest.mark.parametrize(("mon", "tue", "thu"), [(1, 1, 1), (1, 1, None), (2, 0, 1)])
@pytest.mark.parametrize("seed", [1, 2])
def test_nobody_gains_by_lying(policy: str, mon: int, tue: int, thu: int | None, seed: int) -> None:
    """Three people, three sessions, everything they could want and everything they could say: all of it is tried."""
    allocate, offered = BUILT_IN[policy].allocate, rooms(mon=mon, tue=tue, thu=thu)
    results: dict[tuple[tuple[str, ...], ...], tuple[str | None, ...]] = {}
    for said in product(LISTS, repeat=3):
        given = allocate([Candidate(f"r-{at}", one, at, {}) for at, one in enumerate(said)], offered, seed)
        results[said] = tuple(given.get(f"r-{at}") for at in range(3))
    for true, places in results.items():
        for at, wants in enumerate(true):
            honest = _value(wants, places[at])
            lies = (results[(*true[:at], lie, *true[at + 1 :])][at] for lie in LISTS)
            assert all(_value(wants, place) <= honest for place in lies)


def _value(wants: tuple[str, ...], place: str | None) -> int:
    """What a place is worth to somebody: nothing is better than a session they cannot attend."""
    if place is None:
        return 0
    return len(wants) - wants.index(place) if place in wants else -1


def test_optimal_can_be_gamed_which_is_why_there_is_a_lottery() -> None:
    """The test above can fail."""
    offered = rooms(mon=1, tue=1)
    for seed in range(8):
        ada, ben = Candidate("a", ("mon", "tue"), 1, {}), Candidate("b", ("mon", "tue"), 2, {})
        places = BUILT_IN["optimal"].allocate([ada, ben], offered, seed)
        loser = next(one for one in (ada, ben) if places[one.registration] == "tue")
        liar = Candidate(loser.registration, ("mon",), loser.arrived, {})
        lied = BUILT_IN["optimal"].allocate([one for one in (ada, ben) if one != loser] + [liar], offered, seed)
        assert lied[liar.registration] == "mon"
