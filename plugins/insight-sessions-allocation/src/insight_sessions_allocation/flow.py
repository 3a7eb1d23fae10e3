"""The best allocation without bounds, or with bounds on one attribute, as a minimum-cost flow of OR-tools.

From each person an arc to each part of a session that they can be in, from each part to its session, from there to the
end. Bounds make a part's arc into several, each dearer than the one before, so that the cheap ones fill up first.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from insight_sessions.allocating.ballot import Ballot, Places
from insight_sessions.allocating.demands import Demand
from insight_sessions.allocating.optimal import Weights

Arc = tuple[int, int, int, int]
"""From where, to where, how many can go, and what each of them costs."""

Numbers = NDArray[np.int64]


class Solver(Protocol):
    """What we need of OR-tools, whose own description takes the type of the numbers for the shape of an array."""

    @property
    def OPTIMAL(self) -> object:  # noqa: N802 - their name
        """What `solve` gives when it went well."""
        ...

    def add_arcs_with_capacity_and_unit_cost(
        self, tails: Numbers, heads: Numbers, capacities: Numbers, unit_costs: Numbers, /
    ) -> object:
        """Add arcs; they are numbered from 0 in this order."""
        ...

    def set_nodes_supplies(self, nodes: Numbers, supplies: Numbers, /) -> object:
        """How many come from each node, or end there below 0."""
        ...

    def solve(self) -> object:
        """Whether it went well."""
        ...

    def flows(self, arcs: Numbers, /) -> Numbers:
        """How many go over each arc."""
        ...


def best(ballot: Ballot, asked: Sequence[Demand] = ()) -> Places:
    """The best allocation under demands on one attribute, or none."""
    return _Flow(ballot, asked).solved()


class _Flow:
    """The flow in numbers: first the people, then the parts of sessions, the sessions, and the end."""

    def __init__(self, ballot: Ballot, asked: Sequence[Demand]) -> None:
        self._ballot: Final = ballot
        self._weights: Final = Weights.of(ballot, asked)
        self._attribute: Final = next((one.attribute for one in asked), "")
        self._parts: Final[dict[tuple[int, str | None], list[Demand]]] = {
            (room, None): [] for room in range(len(ballot.rooms))
        }
        for one in asked:
            self._parts.setdefault((one.room, one.value), []).append(one)
        people = len(ballot.people)
        self._numbers: Final = {part: people + number for number, part in enumerate(self._parts)}
        self._first_session: Final = people + len(self._parts)
        self._end: Final = self._first_session + len(ballot.rooms)

    def solved(self) -> Places:
        """Which room each person gets."""
        people = len(self._ballot.people)
        tails, heads, costs = self._wishes()
        others = np.array(list(self._others()), dtype=np.int64).reshape(-1, 4).T
        everybody, each = np.arange(people, dtype=np.int64), np.ones(people, dtype=np.int64)
        flow = cast("Solver", SimpleMinCostFlow())
        flow.add_arcs_with_capacity_and_unit_cost(
            np.concatenate([np.array(tails, dtype=np.int64), everybody, others[0]]),
            np.concatenate([np.array(heads, dtype=np.int64), each * self._end, others[1]]),
            np.concatenate([np.ones(len(tails), dtype=np.int64), each, others[2]]),
            np.concatenate([np.array(costs, dtype=np.int64), each * self._weights.unplaced, others[3]]),
        )
        supplies = np.concatenate([each, np.zeros(self._end + 1 - people, dtype=np.int64)])
        supplies[self._end] = -people
        flow.set_nodes_supplies(np.arange(self._end + 1, dtype=np.int64), supplies)
        status = flow.solve()
        if status != flow.OPTIMAL:
            raise RuntimeError(f"OR-tools could not solve the flow: {status}")
        taken = np.flatnonzero(flow.flows(np.arange(len(tails), dtype=np.int64)))
        rooms = [room for room, _ in self._parts]
        places: list[int | None] = [None] * people
        for arc in taken.tolist():
            places[tails[arc]] = rooms[heads[arc] - people]
        return places

    def _wishes(self) -> tuple[list[int], list[int], list[int]]:
        """The arcs from people to what they wish for."""
        people, wishes = self._ballot.people, self._ballot.wishes
        tails = [person for person, each in enumerate(wishes) for _ in each]
        costs = [rank for each in wishes for _, rank in each]
        if not self._attribute:
            return tails, [len(people) + room for each in wishes for room, _ in each], costs
        values = [person.attributes.get(self._attribute) for person in people]
        numbers = self._numbers
        heads = [
            numbers.get((room, value), numbers[room, None])
            for value, each in zip(values, wishes, strict=True)
            for room, _ in each
        ]
        return tails, heads, costs

    def _others(self) -> Iterator[Arc]:
        """The arcs from parts to sessions, and from there to the end."""
        for part, demands in self._parts.items():
            for number, cost in self._steps(demands):
                yield self._numbers[part], self._first_session + part[0], number, cost
        for room, limit in enumerate(self._ballot.limits):
            yield self._first_session + room, self._end, len(self._ballot.people) if limit is None else limit, 0

    def _steps(self, demands: Sequence[Demand]) -> Iterator[tuple[int, int]]:
        """How many can go into a part at which cost, the cheapest first."""
        people = len(self._ballot.people)
        ends = {0, people}
        for one in demands:
            ends.update(max(0, min(people, end - one.seated)) for end in (one.least, one.most) if end is not None)
        for start, end in pairwise(sorted(ends)):
            yield end - start, sum(self._cost(one, start) for one in demands)

    def _cost(self, demand: Demand, before: int) -> int:
        """What one more costs where so many are given a place already."""
        weight = self._weights.hard if demand.hard else self._weights.soft
        return weight * (
            demand.over(before + 1) - demand.over(before) - demand.missing(before) + demand.missing(before + 1)
        )
