"""Which sessions are given up is the best there is, and nobody runs a session that is too small without need."""

import random
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from insight_sessions.allocating.consolidating import consolidate
from insight_sessions.allocating.consolidation import Plan, Running, Seated
from insight_sessions.domain.consolidated import ConsolidationScore
from tests.unit.allocating_kit import SESSIONS

people_lists = st.lists(
    st.tuples(st.sampled_from(SESSIONS), st.lists(st.sampled_from([*SESSIONS, "gone"]), max_size=3)), max_size=5
).map(lambda drawn: [Seated(f"r-{at}", place, tuple(wishes), at // 2) for at, (place, wishes) in enumerate(drawn)])

session_lists = st.tuples(
    *(
        st.builds(Running, st.just(one), st.none() | st.integers(0, 4), st.integers(0, 3), st.booleans())
        for one in SESSIONS
    )
).map(list)


def rank(person: Seated, session: str) -> int:
    """How many wishes stand before a session; a place that was not wished for comes last."""
    return person.wishes.index(session) if session in person.wishes else len(person.wishes)


def every_way(
    people: Sequence[Seated], sessions: Sequence[Running], closed: Collection[str]
) -> Iterator[list[str | None]]:
    """Every way to seat people in the sessions that run; one with too many people takes no more."""
    now = Counter(one.place for one in people)
    limits = {one.session: one.capacity for one in sessions}
    full = {one for one, limit in limits.items() if limit is not None and now[one] > limit}
    choices = [
        [
            None,
            *(
                {*one.wishes, one.place}
                & {session for session in limits if session == one.place or session not in full}
            ),
        ]
        for one in people
    ]
    for chosen in product(*choices):
        taken = Counter(chosen)
        fits = all(limit is None or taken[one] <= max(limit, now[one]) for one, limit in limits.items())
        if fits and not any(taken[one] for one in closed):
            yield list(chosen)


def score_of(
    chosen: Sequence[str | None], people: Sequence[Seated], sessions: Sequence[Running], closed: Collection[str]
) -> ConsolidationScore:
    """How good a way is, by counting heads."""
    taken = Counter(chosen)
    pairs = [(one, session) for one, session in zip(people, chosen, strict=True) if session is not None]
    return ConsolidationScore(
        sum(taken[one.session] < one.minimum for one in sessions if one.session not in closed),
        len(people) - len(pairs),
        sum(rank(one, session) > rank(one, one.place) for one, session in pairs),
        sum(one.place != session for one, session in pairs),
        len(closed),
        sum(rank(one, session) for one, session in pairs),
    )


def seats_of(found: Plan, people: Sequence[Seated]) -> list[str | None]:
    """Where everybody is afterwards."""
    moves = {move.registration: move.session for move in found.moves}
    return [moves.get(one.registration, one.place) for one in people]


@given(people_lists, session_lists)
def test_a_proposal_is_what_trying_everything_finds(people: list[Seated], sessions: list[Running]) -> None:
    """Nothing below its minimum, nobody lost, nobody moved against preference, in that order."""
    found = consolidate(people, sessions)
    chosen = seats_of(found, people)
    assert chosen in list(every_way(people, sessions, found.given_up))
    assert found.is_best
    assert found.score == score_of(chosen, people, sessions, found.given_up)
    may_go = [one.session for one in sessions if one.may_go]
    closings = [
        [one for one, goes in zip(may_go, kept, strict=True) if goes] for kept in product([0, 1], repeat=len(may_go))
    ]
    assert found.score == min(
        score_of(chosen, people, sessions, closed)
        for closed in closings
        for chosen in every_way(people, sessions, closed)
    )


@given(people_lists, session_lists, st.sets(st.sampled_from(SESSIONS)))
def test_a_given_choice_is_completed_as_well_as_can_be(
    people: list[Seated], sessions: list[Running], cancel: set[str]
) -> None:
    """These sessions and no others; even one that would not be proposed."""
    found = consolidate(people, sessions, cancel)
    assert set(found.given_up) == cancel
    assert found.is_best
    best = min(score_of(chosen, people, sessions, cancel) for chosen in every_way(people, sessions, cancel))
    assert found.score == score_of(seats_of(found, people), people, sessions, cancel) == best


@given(people_lists, session_lists, st.randoms(use_true_random=False))
def test_the_order_of_people_and_sessions_never_matters(
    people: list[Seated], sessions: list[Running], dice: random.Random
) -> None:
    """And what is told adds up."""
    found = consolidate(people, sessions)
    assert consolidate(dice.sample(people, len(people)), dice.sample(sessions, len(sessions))) == found
    taken = Counter(seats_of(found, people))
    running = [one for one in sessions if one.session not in found.given_up]
    assert dict(found.numbers) == {one.session: taken[one.session] for one in running}
    assert set(found.below) == {one.session for one in running if taken[one.session] < one.minimum}
    assert all(not one.may_go for one in running if one.session in found.below)
    places = {one.registration: one.place for one in people}
    assert all(places[move.registration] == move.origin != move.session for move in found.moves)
