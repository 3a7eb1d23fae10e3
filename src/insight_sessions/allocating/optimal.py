"""The best allocation there is, found as a flow: without bounds, or with bounds on one attribute.

Best means by `Score`: hard bounds kept, then the fewest people without a place, then the other bounds, then the fewest
wishes passed over. The four are one number, in which a step of one outweighs all that a chain of moves can change in
those behind it; so the flow that costs least is the best in that order (a chain visits each node at most once).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from insight_sessions.allocating.ballot import Ballot, Places, drawn
from insight_sessions.allocating.demands import Demand
from insight_sessions.allocating.gate import OPEN, Gate, Tally
from insight_sessions.allocating.network import Cell, Network, Option
from insight_sessions.domain.allocation import Candidate, Room


def optimal(candidates: Sequence[Candidate], rooms: Sequence[Room], seed: int) -> dict[str, str]:
    """The fewest people without a place, then the fewest wishes passed over; the draw breaks ties."""
    ballot = drawn(candidates, rooms, seed)
    return ballot.named(best(ballot))


def best(ballot: Ballot, asked: Sequence[Demand] = (), shared: Sequence[Demand] = ()) -> Places:
    """The best allocation under demands on one attribute, or none.

    Args:
        ballot: wishes and places.
        asked: demands on one attribute.
        shared: demands that count everybody in the ballot, whatever they are on.

    Raises:
        ValueError: the demands are on more than one attribute.
    """
    names = {one.attribute for one in asked}
    if len(names) > 1:
        raise ValueError("bounds on several attributes are no flow")
    parts = _Parts(ballot, asked, Weights.of(ballot, [*asked, *shared]))
    nobody = len(parts.cells)
    options = parts.options(names.pop() if names else "", nobody)
    network = Network(options, [*parts.cells, Cell(len(ballot.rooms))], [*parts.sessions(shared), OPEN])
    return [None if cell == nobody else parts.cells[cell].session for cell in network.solve()]


@dataclass(frozen=True, slots=True)
class Weights:
    """What one of each tier costs, so that it outweighs a whole chain of moves in the tiers behind it."""

    soft: int
    unplaced: int
    hard: int

    @classmethod
    def of(cls, ballot: Ballot, asked: Sequence[Demand]) -> "Weights":
        """Large enough for these people, rooms and demands."""
        ranks = max((wishes[-1][1] for wishes in ballot.wishes if wishes), default=0)
        longest = len(asked) + 2 * len(ballot.rooms) + 3
        soft = longest * (ranks + 1)
        unplaced = soft * (longest * len(asked) + 1)
        return cls(soft, unplaced, unplaced * 3)


class _Parts:
    """Each session's people by value: a cell for each value with a demand there, and one for all the others."""

    def __init__(self, ballot: Ballot, asked: Sequence[Demand], weights: Weights) -> None:
        self._ballot = ballot
        self._weights = weights
        self._numbers: dict[tuple[int, str | None], int] = {(room, None): room for room in range(len(ballot.rooms))}
        tallies: list[list[Tally]] = [[] for _ in ballot.rooms]
        coming = self._coming(asked[0].attribute) if asked else Counter[tuple[int, str | None]]()
        for one in asked:
            number = self._numbers.setdefault((one.room, one.value), len(tallies))
            if number == len(tallies):
                tallies.append([])
            tallies[number].append(self._tally(one, coming[one.room, one.value]))
        rooms = [room for room, _ in self._numbers]
        self.cells = [Cell(room, Gate(None, tuple(found))) for room, found in zip(rooms, tallies, strict=True)]

    def _coming(self, attribute: str | None = None) -> Counter[tuple[int, str | None]]:
        """How many people could be in each session, by their value of an attribute if one is given."""
        found = Counter[tuple[int, str | None]]()
        for person, wishes in zip(self._ballot.people, self._ballot.wishes, strict=True):
            value = None if attribute is None else person.attributes.get(attribute)
            found.update((room, value) for room, _ in wishes)
        return found

    def _tally(self, one: Demand, coming: int) -> Tally:
        most = None if one.most is None else max(0, one.most - one.seated)
        weight = self._weights.hard if one.hard else self._weights.soft
        # Those beyond all who could come are missing anyway; to count them one by one would take as many steps.
        return Tally(min(coming, max(0, one.least - one.seated)), most, weight)

    def sessions(self, shared: Sequence[Demand]) -> list[Gate]:
        """How all who are in each session are counted."""
        tallies: list[list[Tally]] = [[] for _ in self._ballot.rooms]
        coming = self._coming() if shared else Counter[tuple[int, str | None]]()
        for one in shared:
            tallies[one.room].append(self._tally(one, coming[one.room, None]))
        return [Gate(limit, tuple(found)) for limit, found in zip(self._ballot.limits, tallies, strict=True)]

    def options(self, attribute: str, nobody: int) -> list[list[Option]]:
        """What each person can have, and what it costs."""
        none = nobody, self._weights.unplaced
        if not attribute:
            return [[*wishes, none] for wishes in self._ballot.wishes]
        found: list[list[Option]] = []
        for person, wishes in zip(self._ballot.people, self._ballot.wishes, strict=True):
            value = person.attributes.get(attribute)
            found.append([(self._numbers.get((room, value), room), rank) for room, rank in wishes])
            found[-1].append(none)
        return found
