"""The best places for people who have one, when some sessions close and some must reach their minimum.

A flow, as in `optimal`: a session's minimum is worth more than everybody in it, then a lost place weighs most, then a
move against somebody's preference, then any move, then the wishes passed over.
"""

from collections.abc import Collection, Iterator, Sequence

from insight_sessions.allocating.consolidation import Running, Seated
from insight_sessions.allocating.gate import Gate, Tally
from insight_sessions.allocating.network import Cell, Network, Option
from insight_sessions.domain.consolidated import ConsolidationScore

Seats = Sequence[int | None]
"""The number of the session that each person gets, in the order of arrival; None for none."""


class Reseating:
    """People who have a place, and the sessions there are.

    Args:
        people: in any order; they are sorted by arrival.
        sessions: in any order; they are sorted by id.

    Raises:
        ValueError: a session or a registration is there twice, or somebody's place is in none of the sessions.
    """

    def __init__(self, people: Sequence[Seated], sessions: Sequence[Running]) -> None:
        self.people = tuple(sorted(people, key=lambda one: (one.arrived, one.registration)))
        self.sessions = tuple(sorted(sessions, key=lambda one: one.session))
        numbers = {one.session: number for number, one in enumerate(self.sessions)}
        if len(numbers) != len(self.sessions) or len({one.registration for one in people}) != len(people):
            raise ValueError("a registration or a session is there twice")
        if any(one.place not in numbers for one in people):
            raise ValueError("a place in none of the sessions")
        self._at = [numbers[one.place] for one in self.people]
        self._now = self.numbers(self._at)
        self._ranks = [self._ranks_of(one, numbers) for one in self.people]
        self._options = self._weigh()

    def best(self, closed: Collection[int], filled: Collection[int]) -> Seats:
        """The best places when some sessions take nobody, and some must reach their minimum.

        One that cannot has fewer people.
        """
        gates = [self._gate(number, closed, filled) for number in range(len(self.sessions))]
        nobody = len(self.sessions)
        network = Network(self._options, [Cell(number) for number in range(nobody + 1)], [*gates, Gate()])
        return [None if cell == nobody else cell for cell in network.solve()]

    def numbers(self, seats: Seats) -> list[int]:
        """How many people each session has."""
        found = [0] * len(self.sessions)
        for seat in seats:
            if seat is not None:
                found[seat] += 1
        return found

    def score(self, seats: Seats, below: int, given_up: int) -> ConsolidationScore:
        """How good these places are."""
        moves = list(self.moves(seats))
        return ConsolidationScore(
            below,
            sum(session is None for _, session, _ in moves),
            sum(is_against for _, _, is_against in moves),
            sum(session is not None for _, session, _ in moves),
            given_up,
            sum(ranks[seat] for ranks, seat in zip(self._ranks, seats, strict=True) if seat is not None),
        )

    def moves(self, seats: Seats) -> Iterator[tuple[Seated, str | None, bool]]:
        """Who does not keep their place, the session they get instead, and whether they like it less."""
        for person, ranks, here, seat in zip(self.people, self._ranks, self._at, seats, strict=True):
            if seat is None:
                yield person, None, False
            elif seat != here:
                yield person, self.sessions[seat].session, ranks[seat] > ranks[here]

    def _ranks_of(self, person: Seated, numbers: dict[str, int]) -> dict[int, int]:
        """Where somebody can be, and how many wishes stand before it.

        A place that they did not wish for comes after all of their wishes. Nobody moves into a session that has
        more people than it can take.
        """
        ranks: dict[int, int] = {}
        for rank, wish in enumerate((*person.wishes, person.place)):
            number = numbers.get(wish)
            if number is not None and (wish == person.place or not self._is_over(number)):
                ranks.setdefault(number, rank)
        return ranks

    def _is_over(self, number: int) -> bool:
        capacity = self.sessions[number].capacity
        return capacity is not None and self._now[number] > capacity

    def _gate(self, number: int, closed: Collection[int], filled: Collection[int]) -> Gate:
        session = self.sessions[number]
        if number in closed:
            return Gate(0)
        limit = None if session.capacity is None else max(session.capacity, self._now[number])
        # No more can come than there are; to count the others one by one would take as many steps.
        least = min(session.minimum, len(self.people))
        return Gate(limit, (Tally(least, None, self._shortfall),) if number in filled else ())

    def _weigh(self) -> list[list[Option]]:
        """What each person can have, and what it costs: each tier outweighs a chain of moves in the tiers behind it."""
        longest = 2 * len(self.sessions) + 4
        moved = longest * (max((rank for ranks in self._ranks for rank in ranks.values()), default=0) + 1)
        against, lost, self._shortfall = moved * longest, moved * longest**2, moved * longest**3

        def cost(ranks: dict[int, int], here: int, seat: int) -> int:
            rank = ranks[seat]
            return rank if seat == here else rank + moved + (against if rank > ranks[here] else 0)

        nobody = (len(self.sessions), lost)
        return [
            [*((seat, cost(ranks, here, seat)) for seat in ranks), nobody]
            for ranks, here in zip(self._ranks, self._at, strict=True)
        ]
