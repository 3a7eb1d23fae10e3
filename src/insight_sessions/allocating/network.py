"""Who goes where at the least cost: a minimum-cost flow in which people flow and only sessions are nodes.

Everybody starts where it costs them least; then those too many in one place are moved, one chain of moves at a time and
the cheapest chains first, until nobody is too many anywhere. What it costs to move *somebody* from one place to another
is the least over those who sit there, kept in a heap, so that the search walks over some dozens of nodes and not over
thousands of people.

Sources: successive shortest paths with potentials (Jewell 1958; Tomizawa 1971; Edmonds and Karp 1972); many equal paths
at a time by levels (Dinic 1970); heaps between the few sinks of a transportation problem (Tokuyama and Nakano 1995,
"Efficient algorithms for the Hitchcock transportation problem"). A convex cost of how many sit somewhere makes bounds
out of the same parts: a unit that a lower bound asks for is worth its weight, one above an upper bound costs it.

All numbers are integers, so the result is exact. Ties are broken by the order of the people, and by nothing else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Final

from insight_sessions.allocating.gate import OPEN, Gate

Option = tuple[int, int]
"""A cell that somebody can be in, and what it costs."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A part of a session: those in it who are counted together.

    Args:
        session: the number of the session it belongs to.
        gate: how they are counted.
    """

    session: int
    gate: Gate = OPEN


@dataclass(slots=True)
class _Search:
    """What one search found: how near each node is to those who are too many, and how far the nearest gap is."""

    labels: dict[int, int] = field(default_factory=dict[int, int])
    reach: int = 0


class Network:
    """People, the cells they can be in, and the sessions these belong to.

    Nodes are numbered: the cells, then the sessions, then the one end that everybody reaches.

    Args:
        options: of each person, at least one; cells they cannot be in are left out.
        cells: the cells.
        sessions: how all who are in each session are counted. Everybody needs an option that always has room.
    """

    def __init__(self, options: Sequence[Sequence[Option]], cells: Sequence[Cell], sessions: Sequence[Gate]) -> None:
        self._options: Final = options
        self._cells: Final = cells
        self._sessions: Final = sessions
        self._people: Final = len(options)
        self._first_session: Final = len(cells)
        self._end: Final = len(cells) + len(sessions)
        self._parts: Final[list[list[int]]] = [[] for _ in sessions]
        for number, cell in enumerate(cells):
            self._parts[cell.session].append(number)
        self._where = [min(one, key=_cost)[0] for one in options]
        self._crowds: list[dict[int, list[int]] | None] = [None] * len(cells)
        self._potentials = [0] * (self._end + 1)
        self._start()

    def solve(self) -> list[int]:
        """The cell of each person, at the least total cost.

        Raises:
            ValueError: somebody has no option with room.
        """
        while any(excess > 0 for excess in self._excess):
            search = self._search()
            self._settle(search)
            self._push_all(search)
        return self._where

    def _start(self) -> None:
        """Count everybody where it costs them least, and leave each count at its best: nothing can be gained yet."""
        self._began: list[list[int]] = [[] for _ in self._cells]
        for person, cell in enumerate(self._where):
            self._began[cell].append(person)
        members = [len(began) for began in self._began]
        self._counted = [cell.gate.best_near(number) for cell, number in zip(self._cells, members, strict=True)]
        inflow = [sum(self._counted[cell] for cell in parts) for parts in self._parts]
        self._taken = [session.best_near(number) for session, number in zip(self._sessions, inflow, strict=True)]
        self._excess = [number - counted for number, counted in zip(members, self._counted, strict=True)]
        self._excess += [number - taken for number, taken in zip(inflow, self._taken, strict=True)]
        self._excess.append(sum(self._taken) - self._people)

    # What leads where

    def _crowd(self, cell: int) -> dict[int, list[int]]:
        """Those in a cell by where else they could be: heaps of what the move costs and who it is, in one number.

        Made when the search first comes by, before which nobody moves in or out: most cells of a session that is not
        full are never asked.
        """
        found = self._crowds[cell]
        if found is None:
            found = dict[int, list[int]]()
            self._crowds[cell] = found
            for person in self._began[cell]:
                for other, key in self._moves(person, cell):
                    found.setdefault(other, []).append(key)
            for heap in found.values():
                heapify(heap)
        return found

    def _moves(self, person: int, cell: int) -> Iterator[tuple[int, int]]:
        """Where else somebody in a cell could be, with the key that a heap sorts them by."""
        options = self._options[person]
        here = next(cost for other, cost in options if other == cell)
        return ((other, (cost - here) * self._people + person) for other, cost in options if other != cell)

    def _cheapest(self, cell: int, other: int) -> int | None:
        """The key of who moves from one cell to another at the least cost; who has left since is dropped."""
        heap = self._crowd(cell).get(other)
        while heap:
            if self._where[heap[0] % self._people] == cell:
                return heap[0]
            heappop(heap)
        return None

    def _ahead(self, node: int) -> Sequence[int]:
        """The nodes that a node may lead to."""
        if node < self._first_session:
            return [*self._crowd(node), self._first_session + self._cells[node].session]
        if node < self._end:
            return [self._end, *self._parts[node - self._first_session]]
        return range(self._first_session, self._end)

    def _price(self, node: int, other: int) -> int | None:
        """What one more costs on the way from a node to another; None when none can go there."""
        if node < self._first_session:
            if other < self._first_session:
                key = self._cheapest(node, other)
                return None if key is None else key // self._people
            return self._cells[node].gate.one_more(self._counted[node])
        if node == self._end:
            return self._sessions[other - self._first_session].one_less(self._taken[other - self._first_session])
        if other == self._end:
            return self._sessions[node - self._first_session].one_more(self._taken[node - self._first_session])
        return self._cells[other].gate.one_less(self._counted[other])

    # The search

    def _search(self) -> _Search:
        """Dijkstra's search from all who are too many to the nearest gap; among equals, the way with the fewest steps.

        A label holds both: the distance, times more than there are steps, and the steps.
        """
        step, potentials, excess = self._end + 2, self._potentials, self._excess
        labels = {node: 0 for node, number in enumerate(excess) if number > 0}
        found = _Search()
        queue = [(0, node) for node in labels]
        end: int | None = None
        while queue:
            label, node = heappop(queue)
            if end is not None and label > end:
                break
            if label > labels[node]:
                continue
            found.labels[node] = label
            if end is None and excess[node] < 0:
                found.reach = label // step
                end = (found.reach + 1) * step - 1
            for other in self._ahead(node):
                price = self._price(node, other)
                if price is None:
                    continue
                further = label + (price + potentials[node] - potentials[other]) * step + 1
                if further < labels.get(other, further + 1):
                    labels[other] = further
                    heappush(queue, (further, other))
        if end is None:
            raise ValueError("somebody has no option with room")
        return found

    def _settle(self, search: _Search) -> None:
        """Raise the potentials, so that the ways just found cost nothing and none costs less; labels become levels."""
        step = self._end + 2
        for node in range(self._end + 1):
            label = search.labels.get(node)
            self._potentials[node] += search.reach if label is None else label // step
            if label is not None:
                search.labels[node] = label % step

    # The moves

    def _push_all(self, search: _Search) -> None:
        """Send people along the ways that were found, until none is left whole."""
        levels = search.labels
        ahead: dict[int, list[int]] = {}
        for source in [node for node, number in enumerate(self._excess) if number > 0]:
            path = [source]
            while path and self._excess[source] > 0:
                node = path[-1]
                if self._excess[node] < 0:
                    self._push(path)
                    path = [source]
                    continue
                onward = self._onward(node, levels, ahead)
                if onward is None:
                    path.pop()
                else:
                    path.append(onward)

    def _onward(self, node: int, levels: dict[int, int], ahead: dict[int, list[int]]) -> int | None:
        """The next node on a way that costs nothing more, one level up; dead ends are struck off."""
        left = ahead.get(node)
        if left is None:
            level = levels[node] + 1
            left = ahead[node] = [other for other in self._ahead(node) if levels.get(other) == level]
        while left:
            other = left[-1]
            price = self._price(node, other)
            is_free = price is not None and price + self._potentials[node] == self._potentials[other]
            if is_free and (self._excess[other] < 0 or ahead.get(other) != []):
                return other
            left.pop()
        return None

    def _push(self, path: Sequence[int]) -> None:
        """Send one along a path: the last step first, so that nobody moves twice."""
        for at in range(len(path) - 1, 0, -1):
            self._step(path[at - 1], path[at])
        self._excess[path[0]] -= 1
        self._excess[path[-1]] += 1

    def _step(self, node: int, other: int) -> None:
        if node == self._end:
            self._taken[other - self._first_session] -= 1
        elif other == self._end:
            self._taken[node - self._first_session] += 1
        elif node >= self._first_session:
            self._counted[other] -= 1
        elif other >= self._first_session:
            self._counted[node] += 1
        else:
            self._move(heappop(self._crowd(node)[other]) % self._people, other)

    def _move(self, person: int, cell: int) -> None:
        self._where[person] = cell
        crowd = self._crowd(cell)
        for other, key in self._moves(person, cell):
            heappush(crowd.setdefault(other, []), key)


def _cost(option: Option) -> int:
    return option[1]
