"""Bounds on several attributes: the best allocation that a search finds, and how good one can be at most.

Two attributes split the same people in two ways that are no tree, so no flow counts both; finding the best is then as
hard as it gets (NP-hard: three attributes hold three-dimensional matching). Two things are still flows:

- Each attribute alone. Forgetting the others can only make things better, so these flows together prove how good an
  allocation can be at most.
- Those who share a value in every attribute but one, while all others stay where they are: in each session they count
  for all their other bounds together. Seating such a group anew, as well as possible, is one step of the search
  (a very large neighbourhood; Ahuja, Ergun, Orlin and Punnen 2002).

The search begins at the best of the first and goes on with the second, and with exchanges between groups, until nothing
helps any more or enough was tried.
"""

from collections.abc import Sequence
from dataclasses import replace

from insight_sessions.allocating.ballot import Ballot, Places
from insight_sessions.allocating.demands import Demand, given, score
from insight_sessions.allocating.exchanging import Exchange
from insight_sessions.allocating.optimal import best
from insight_sessions.domain.allocation import Score

TRIALS = 50_000
"""How many small moves are tried in each round, so that every machine stops at the same one."""

ROUNDS = 12
"""How many rounds there are at most."""


def best_found(ballot: Ballot, asked: Sequence[Demand]) -> tuple[Places, Score]:
    """The best allocation that is found under demands on any attributes, and a score that none can beat."""
    names = sorted({one.attribute for one in asked})
    parts = [[one for one in asked if one.attribute == name] for name in names] or [[]]
    flows = [best(ballot, part) for part in parts]
    proven = together([score(ballot, part, flow) for part, flow in zip(parts, flows, strict=True)])
    found = min(flows, key=lambda flow: score(ballot, asked, flow))
    reached = score(ballot, asked, found)
    for _ in range(ROUNDS):
        if reached == proven:
            break
        found = Exchange(ballot, asked, _seated_anew(ballot, asked, names, found), TRIALS).run()
        before, reached = reached, score(ballot, asked, found)
        if reached == before:
            break
    return found, proven


def together(alone: Sequence[Score]) -> Score:
    """A score that no allocation can beat, from what is best for the demands on each attribute alone.

    What is missed adds up, for each demand belongs to one attribute. Only those that are equal in everything before a
    number have a say in it: for the others it may get better when they give way there.
    """
    hard = sum(one.hard for one in alone)
    unplaced = max(one.unplaced for one in alone)
    fullest = [one for one in alone if one.unplaced == unplaced]
    return Score(hard, unplaced, sum(one.soft for one in fullest), max(one.rank for one in fullest))


def _seated_anew(ballot: Ballot, asked: Sequence[Demand], names: Sequence[str], places: Places) -> Places:
    """Seat each group that shares all values but one anew, one group after the other."""
    known = {name: {one.value for one in asked if one.attribute == name} for name in names}
    for free in names:
        others = [name for name in names if name != free]
        groups: dict[tuple[str | None, ...], list[int]] = {}
        for number, person in enumerate(ballot.people):
            values = (person.attributes.get(name) for name in others)
            key = tuple(value if value in known[name] else None for name, value in zip(others, values, strict=True))
            groups.setdefault(key, []).append(number)
        for key, group in groups.items():
            places = _group_anew(ballot, asked, places, group, dict(zip(others, key, strict=True)))
    return places


def _group_anew(
    ballot: Ballot, asked: Sequence[Demand], places: Places, group: Sequence[int], values: dict[str, str | None]
) -> Places:
    """Seat a group that shares these values as well as possible, while all others stay where they are."""
    stay = list(places)
    for person in group:
        stay[person] = None
    limits = tuple(None if limit is None else limit - stay.count(room) for room, limit in enumerate(ballot.limits))
    counts = given(ballot, asked, stay)
    rest = [replace(one, seated=one.seated + number) for one, number in zip(asked, counts, strict=True)]
    part = Ballot(
        tuple(ballot.people[person] for person in group),
        ballot.rooms,
        tuple(ballot.wishes[person] for person in group),
        limits,
    )
    shared = [one for one in rest if values.get(one.attribute) == one.value]
    seats = best(part, [one for one in rest if one.attribute not in values], shared)
    for person, seat in zip(group, seats, strict=True):
        stay[person] = seat
    return stay
