"""What is said to be the best allocation is the best, and no allocation gives what there is not."""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight_sessions.allocating.balanced import balanced
from insight_sessions.allocating.deciding import BUILT_IN
from insight_sessions.allocating.optimal import optimal
from insight_sessions.domain.allocation import Bound, Candidate, Room
from tests.unit.allocating_kit import best_score, bounds, candidate_lists, many, room_lists, score_of

seeds = st.integers(-(2**70), 2**70)
one_attribute = st.lists(bounds("setting"), max_size=3)
several = st.lists(bounds(), max_size=4)


@given(candidate_lists, room_lists, seeds)
def test_optimal_is_what_trying_everything_finds(people: list[Candidate], offered: list[Room], seed: int) -> None:
    """Fewest without a place, then fewest wishes passed over."""
    places = optimal(people, offered, seed)
    assert score_of(places, people, offered) == best_score(people, offered)


@given(candidate_lists, room_lists, seeds, one_attribute)
def test_balance_on_one_attribute_is_what_trying_everything_finds(
    people: list[Candidate], offered: list[Room], seed: int, asked: list[Bound]
) -> None:
    """Also where hard bounds cannot all be kept: then they are missed by as few as can be."""
    proposal = balanced(people, offered, seed, asked)
    reached = score_of(proposal.places, people, offered, asked)
    assert reached == proposal.proven == best_score(people, offered, asked)


@given(candidate_lists, room_lists, seeds, several)
def test_balance_on_several_attributes_proves_nothing_that_is_not_so(
    people: list[Candidate], offered: list[Room], seed: int, asked: list[Bound]
) -> None:
    """The best lies between what is proven and what was found."""
    proposal = balanced(people, offered, seed, asked)
    assert proposal.proven is not None
    best = best_score(people, offered, asked)
    assert proposal.proven <= best <= score_of(proposal.places, people, offered, asked)


@given(candidate_lists, room_lists, seeds, several, st.randoms(use_true_random=False))
def test_no_policy_gives_what_there_is_not_and_order_never_matters(
    people: list[Candidate], offered: list[Room], seed: int, asked: list[Bound], dice: random.Random
) -> None:
    """Wishes only, one place each, none over its places; the same however people, rooms and attributes are sorted."""
    shuffled = [
        Candidate(one.registration, one.wishes, one.arrived, dict(reversed(list(one.attributes.items()))))
        for one in dice.sample(people, len(people))
    ]
    rooms = dice.sample(offered, len(offered))
    for policy in BUILT_IN.values():
        places = policy.allocate(people, offered, seed)
        assert policy.allocate(shuffled, rooms, seed) == places
        _is_sound(places, people, offered)
    proposal = balanced(people, offered, seed, asked)
    assert balanced(shuffled, rooms, seed, asked) == proposal
    _is_sound(proposal.places, people, offered)


def _is_sound(places: Mapping[str, str], people: list[Candidate], offered: list[Room]) -> None:
    wishes = {one.registration: one.wishes for one in people}
    assert all(session in wishes[registration] for registration, session in places.items())
    taken = Counter(places.values())
    left = {room.session: room.places for room in offered}
    assert set(taken) <= set(left)
    assert all(left[session] is None or number <= max(0, left[session] or 0) for session, number in taken.items())


@given(candidate_lists, room_lists, seeds, one_attribute, st.integers(0, 2))
def test_more_places_and_fewer_bounds_never_make_it_worse(
    people: list[Candidate], offered: list[Room], seed: int, asked: list[Bound], number: int
) -> None:
    """One place more helps or changes nothing; so does one bound less, in what it does not count itself."""
    before = score_of(balanced(people, offered, seed, asked).places, people, offered, asked)
    room = offered[number]
    more = None if room.places is None else max(0, room.places) + 1
    larger = [*offered[:number], Room(room.session, more, 0, room.seated), *offered[number + 1 :]]
    assert score_of(balanced(people, larger, seed, asked).places, people, larger, asked) <= before
    fewer = asked[1:]
    assert score_of(balanced(people, offered, seed, fewer).places, people, offered, fewer) <= before


@pytest.mark.parametrize(
    ("number", "sessions", "places"), [(300, 10, 30), (300, 10, 25), (300, 25, 12), (200, 3, None), (400, 20, 21)]
)
def test_no_chain_of_moves_makes_an_optimal_allocation_of_hundreds_better(
    number: int, sessions: int, places: int | None
) -> None:
    """That is what being optimal means (Klein 1967): no way round from session to session gains anything."""
    people, offered = many(number, sessions, places)
    given = optimal(people, offered, 1)
    taken = Counter(given.values())
    steps: dict[tuple[str, str], int] = defaultdict(lambda: 1_000_000)
    for one in people:
        options = {wish: rank for rank, wish in enumerate(one.wishes)} | {"nobody": 10_000}
        here = given.get(one.registration, "nobody")
        for there, cost in options.items():
            steps[here, there] = min(steps[here, there], cost - options[here])
    for room in offered:
        if room.places is None or taken[room.session] < room.places:
            steps[room.session, "nobody"] = 0  # whoever comes in here pushes nobody out
    nodes = [*(room.session for room in offered), "nobody"]
    far = {(start, end): steps[start, end] for start in nodes for end in nodes}
    for middle in nodes:
        for start in nodes:
            for end in nodes:
                far[start, end] = min(far[start, end], far[start, middle] + far[middle, end])
    assert all(far[node, node] >= 0 for node in nodes)
