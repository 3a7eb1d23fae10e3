"""The best allocation under bounds on several attributes, by OR-tools' constraint solver CP-SAT.

What counts first is settled first: hard bounds, then people without a place, then the other bounds, then wishes passed
over. Each is made as small as can be while those before it stay as they are. The library's own search gives the first
allocation and its flows the first proof, so the solver begins where they differ.

The solver works alone and counts its steps, not seconds, so the same release of OR-tools gives the same answer again.
"""

from collections.abc import Sequence
from dataclasses import astuple
from math import ceil

from ortools.sat.python import cp_model

from insight_sessions.allocating.ballot import Ballot, Places
from insight_sessions.allocating.demands import Demand, score
from insight_sessions.allocating.repairing import best_found as quickly_found
from insight_sessions.domain.allocation import Score

PATIENCE = 60.0
"""How long the solver tries for each of the four, in its own time: on a machine of today about as many seconds."""

ROUNDING = 1e-6
"""The solver tells whole numbers as floating ones."""


def best_found(ballot: Ballot, asked: Sequence[Demand], patience: float = PATIENCE) -> tuple[Places, Score]:
    """The best allocation, or the best found until patience ends; and a score that none can beat."""
    places, proven = quickly_found(ballot, asked)
    return _Model(ballot, asked, patience).improved(places, proven)


class _Model:
    """An allocation for the solver: for each person and each wish, whether it is granted."""

    def __init__(self, ballot: Ballot, asked: Sequence[Demand], patience: float) -> None:
        self._ballot = ballot
        self._asked = asked
        self._patience = patience
        self._model = model = cp_model.CpModel()
        self._granted = [
            {room: model.new_bool_var(f"{person} {room}") for room, _ in wishes}
            for person, wishes in enumerate(ballot.wishes)
        ]
        for granted in self._granted:
            model.add_at_most_one(granted.values())
        for room, limit in enumerate(ballot.limits):
            if limit is not None:
                model.add(_sum([one[room] for one in self._granted if room in one]) <= limit)
        granted_all = _sum([one for granted in self._granted for one in granted.values()])
        missed = {True: [self._missed(one) for one in asked if one.hard]}
        missed[False] = [self._missed(one) for one in asked if not one.hard]
        self._tiers = (
            _sum(missed[True]),
            len(ballot.people) - granted_all,
            _sum(missed[False]),
            _sum(
                [
                    rank * granted[room]
                    for granted, wishes in zip(self._granted, ballot.wishes, strict=True)
                    for room, rank in wishes
                ]
            ),
        )

    def _missed(self, demand: Demand) -> cp_model.LinearExprT:
        """By how many people a demand is missed."""
        counted = [
            granted[demand.room]
            for person, granted in zip(self._ballot.people, self._granted, strict=True)
            if demand.room in granted and person.attributes.get(demand.attribute) == demand.value
        ]
        number = _sum(counted)
        missing = self._model.new_int_var(0, demand.missing(0), "")
        over = self._model.new_int_var(0, demand.over(len(counted)), "")
        self._model.add(number + missing >= demand.least - demand.seated)
        if demand.most is not None:
            self._model.add(number - over <= demand.most - demand.seated)
        return missing + over

    def improved(self, places: Places, proven: Score) -> tuple[Places, Score]:
        """The best allocation from a first one and a first proof."""
        for tier, expression in enumerate(self._tiers):
            reached = astuple(score(self._ballot, self._asked, places))
            if reached[tier] != astuple(proven)[tier] or reached[:tier] != astuple(proven)[:tier]:
                places, bound = self._made_small(expression, places)
                reached = astuple(score(self._ballot, self._asked, places))
                proven = max(proven, _from((*reached[:tier], bound)))
                if bound < reached[tier]:
                    return places, proven
            self._model.add(expression <= reached[tier])
        return places, proven

    def _made_small(self, expression: cp_model.LinearExprT, places: Places) -> tuple[Places, int]:
        """An allocation in which something is as small as can be, and how small it can be at most."""
        self._model.clear_hints()  # type: ignore[no-untyped-call] # OR-tools does not say that it gives nothing
        for granted, room in zip(self._granted, places, strict=True):
            for wish, variable in granted.items():
                self._model.add_hint(variable, wish == room)
        self._model.minimize(expression)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 1
        solver.parameters.max_deterministic_time = self._patience
        if solver.solve(self._model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return places, 0
        found = [
            next((wish for wish, variable in granted.items() if solver.boolean_value(variable)), None)
            for granted in self._granted
        ]
        better = min(places, found, key=lambda each: score(self._ballot, self._asked, each))
        return better, ceil(solver.best_objective_bound - ROUNDING)


def _sum(terms: Sequence[cp_model.LinearExprT]) -> cp_model.LinearExpr:
    return cp_model.LinearExpr.sum(terms)  # pyright: ignore[reportUnknownMemberType] # OR-tools does not say its type


def _from(numbers: Sequence[int]) -> Score:
    """A score of which only the first numbers are known; the others are 0 at least."""
    hard, unplaced, soft, rank = (*numbers, 0, 0, 0)[:4]
    return Score(hard, unplaced, soft, rank)
