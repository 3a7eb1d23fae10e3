"""Deciding about places together: everybody's wishes, and the best that can be made of them."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import cast

from insight_sessions_allocation import allocate as by_or_tools

from insight_sessions.allocating.balanced import balanced
from insight_sessions.allocating.optimal import optimal
from insight_sessions.domain.allocation import Bound, Candidate, Room
from tests.bench.table import TIMES, Row, Scale, at_most, in_turns, milliseconds, seconds

SESSIONS = 50
WISHES = 5
SETTINGS = ("acute", "acute", "acute", "community", "dental")


def project(size: int) -> tuple[list[Candidate], list[Room]]:
    """People with ranked wishes, some sessions far more popular than others, and a place for nine in ten."""
    dice = Random(1)  # noqa: S311 - people who are made up
    names = [f"session-{number}" for number in range(SESSIONS)]
    popular = [1 / (number + 1) ** 0.7 for number in range(SESSIONS)]
    people: list[Candidate] = []
    for number in range(size):
        liked = sorted(range(SESSIONS), key=lambda one: dice.random() ** (1 / popular[one]), reverse=True)
        wishes = tuple(names[one] for one in liked[:WISHES])
        people.append(Candidate(f"r-{number}", wishes, number, {"setting": dice.choice(SETTINGS)}))
    return people, [Room(name, -(-size * 9 // 10 // SESSIONS), 0) for name in names]


def _by_hand(people: Sequence[Candidate], rooms: Sequence[Room]) -> dict[str, str]:
    """The same by OR-tools as its manual has it: no draw, no checks."""
    import numpy as np  # noqa: PLC0415 - it takes a second, and other benchmarks do without
    from insight_sessions_allocation.flow import Solver  # noqa: PLC0415 - the same
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow  # noqa: PLC0415 - the same

    size, end = len(people), len(people) + len(rooms)
    numbers = {room.session: size + number for number, room in enumerate(rooms)}
    tails: list[int] = []
    heads: list[int] = []
    costs: list[int] = []
    for number, one in enumerate(people):
        for rank, wish in enumerate(one.wishes):
            tails.append(number)
            heads.append(numbers[wish])
            costs.append(rank)
        tails.append(number)
        heads.append(end)
        costs.append(1_000)
    first = len(tails)
    tails += numbers.values()
    heads += [end] * len(rooms)
    costs += [0] * len(rooms)
    places = [1] * first + [room.places or 0 for room in rooms]
    flow = cast("Solver", SimpleMinCostFlow())
    flow.add_arcs_with_capacity_and_unit_cost(np.array(tails), np.array(heads), np.array(places), np.array(costs))
    flow.set_nodes_supplies(np.arange(end + 1), np.array([1] * size + [0] * len(rooms) + [-size]))
    flow.solve()
    taken: list[int] = np.flatnonzero(flow.flows(np.arange(first))).tolist()
    return {people[tails[arc]].registration: rooms[heads[arc] - size].session for arc in taken if heads[arc] < end}


def allocating(scale: Scale) -> Iterator[Row]:
    """The fewest people without a place, then the best wishes: exactly."""
    size = scale.of(10_000, 100)
    people, rooms = project(size)
    bounds = [Bound(attribute="setting", at_least=scale.of(40, 1), at_most=scale.of(120, 3))]
    alone, fair, plugin, hand = in_turns(
        scale.rounds,
        lambda: seconds(lambda: optimal(people, rooms, 1)),
        lambda: seconds(lambda: balanced(people, rooms, 1, bounds)),
        lambda: seconds(lambda: by_or_tools(people, rooms, 1)),
        lambda: seconds(lambda: _by_hand(people, rooms)),
    )
    limit = f"{milliseconds(hand)} OR-tools by hand"
    yield Row(
        name=f"allocate {size:,} members {TIMES} {SESSIONS} sessions",
        measured=milliseconds(alone),
        limit=limit,
        ratio=alone / hand,
        target=at_most(1_500, alone * 1e3, "ms"),
        note="Pure Python, with the draw. The limit is a program that fills OR-tools' arrays, solves and reads.",
    )
    yield Row(
        name="the same with bounds on one attribute",
        measured=milliseconds(fair),
        limit=f"{milliseconds(alone)} without bounds",
        ratio=fair / alone,
        target=at_most(1_500, fair * 1e3, "ms"),
    )
    yield Row(
        name="the same by the plugin for OR-tools",
        measured=milliseconds(plugin),
        limit=limit,
        ratio=plugin / hand,
        target=at_most(1.5, plugin / hand),
    )
