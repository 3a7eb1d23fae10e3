from collections import Counter

import pytest

from insight_sessions.allocating import repairing
from insight_sessions.allocating.balanced import balanced
from insight_sessions.allocating.ballot import drawn
from insight_sessions.allocating.demands import demands, score
from insight_sessions.allocating.exchanging import Exchange
from insight_sessions.allocating.optimal import best, optimal
from insight_sessions.allocating.repairing import together
from insight_sessions.domain.allocation import Bound, Score
from tests.unit.allocating_kit import candidate, many, rooms, score_of

MIXED = (
    Bound(attribute="setting", at_least=2, at_most=8),
    Bound(attribute="country", at_least=3),
    Bound(attribute="role", at_least=3, at_most=7, hard=True),
)


def test_several_attributes_come_close_to_what_is_proven() -> None:
    """Far closer than the flow for any one of them, and written down: it is the same on every machine."""
    people, offered = many(80, 6, 15)
    proposal = balanced(people, offered, 1, MIXED)
    reached = score_of(proposal.places, people, offered, MIXED)
    assert (reached, proposal.proven) == (Score(0, 0, 3, 17), Score(0, 0, 3, 15))
    alone = [score_of(balanced(people, offered, 1, [one]).places, people, offered, MIXED) for one in MIXED]
    assert all(reached < one for one in alone)
    taken = Counter(proposal.places.values())
    assert max(taken.values()) <= 15


def test_where_places_are_short_none_is_given_twice() -> None:
    """Whoever is seated anew keeps to the places that the others leave."""
    people, offered = many(80, 6, 11)
    proposal = balanced(people, offered, 1, MIXED)
    assert set(Counter(proposal.places.values()).values()) == {11}
    reached = score_of(proposal.places, people, offered, MIXED)
    assert proposal.proven is not None
    assert reached.unplaced == proposal.proven.unplaced == 14


def test_a_search_that_is_cut_short_gives_something_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never worse than where it began."""
    people, offered = many(60, 5, 11)
    ballot = drawn(people, offered, 3)
    asked = demands(ballot, MIXED)
    start = best(ballot)
    for trials in (0, 1, 50, 400):
        found = Exchange(ballot, asked, start, trials).run()
        assert score(ballot, asked, found) <= score(ballot, asked, start)
        assert all(found.count(room) <= 11 for room in range(5))
    monkeypatch.setattr(repairing, "ROUNDS", 0)
    proposal = balanced(people, offered, 3, MIXED)
    assert len(proposal.places) == 55


def test_a_search_gives_places_and_takes_apart_those_who_are_too_many() -> None:
    """Each with a single move."""
    people = [candidate(number, "mon tue", setting="acute") for number in range(3)]
    ballot = drawn(people, rooms(mon=3, tue=3), 1)
    asked = demands(ballot, [Bound(attribute="setting", at_most=2)])
    assert score(ballot, asked, Exchange(ballot, asked, [None, None, None], 100).run()) == Score(0, 0, 0, 1)
    assert score(ballot, asked, Exchange(ballot, asked, [0, 0, 0], 100).run()) == Score(0, 0, 0, 1)


def test_unlimited_sessions_are_searched_too() -> None:
    """Nobody needs to make room there."""
    people, offered = many(40, 4, None)
    proposal = balanced(people, offered, 3, MIXED)
    assert len(proposal.places) == 40
    assert score_of(proposal.places, people, offered, MIXED) < score_of(
        optimal(people, offered, 3), people, offered, MIXED
    )


def test_what_is_proven_for_each_attribute_is_proven_for_all_together() -> None:
    """What is missed adds up, but only among those that are equal in what comes before."""
    assert together([Score(1, 2, 3, 4), Score(1, 2, 1, 9)]) == Score(2, 2, 4, 9)
    assert together([Score(0, 3, 1, 2), Score(0, 2, 5, 9)]) == Score(0, 3, 1, 2)


def test_a_flow_refuses_bounds_on_several_attributes() -> None:
    """It would count some people twice."""
    people, offered = many(4, 2, 2)
    ballot = drawn(people, offered, 3)
    with pytest.raises(ValueError, match="several attributes"):
        best(ballot, demands(ballot, MIXED))
