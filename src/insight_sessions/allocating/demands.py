"""What bounds ask of each session, and how far an allocation keeps them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from insight_sessions.allocating.ballot import Ballot, Places
from insight_sessions.domain.allocation import Bound, Score


@dataclass(frozen=True, slots=True)
class Demand:
    """What one bound asks of one session for one value.

    Args:
        bound: its number among the bounds.
        room: the number of the session's room.
        attribute: the name that is counted.
        value: the value that is counted.
        least: so many at least.
        most: so many at most; None for no end.
        seated: how many are there already.
        hard: whether it must be kept.
    """

    bound: int
    room: int
    attribute: str
    value: str
    least: int
    most: int | None
    seated: int
    hard: bool

    def missing(self, given: int) -> int:
        """How many are missing when so many more are given a place."""
        return max(0, self.least - self.seated - given)

    def over(self, given: int) -> int:
        """How many are too many when so many more are given a place."""
        return 0 if self.most is None else max(0, self.seated + given - self.most)


def demands(ballot: Ballot, bounds: Sequence[Bound]) -> tuple[Demand, ...]:
    """What the bounds ask of each session, one after the other."""
    return tuple(
        Demand(number, room, bound.attribute, value, bound.at_least, bound.at_most, seated, bound.hard)
        for number, bound in enumerate(bounds)
        for value in _values(ballot, bound)
        for room, seated in _rooms(ballot, bound, value)
    )


def _values(ballot: Ballot, bound: Bound) -> list[str]:
    if bound.value is not None:
        return [bound.value]
    everybody = [one.attributes for one in ballot.people]
    everybody += [one for room in ballot.rooms for one in room.seated]
    return sorted({one[bound.attribute] for one in everybody if bound.attribute in one})


def _rooms(ballot: Ballot, bound: Bound, value: str) -> Iterator[tuple[int, int]]:
    for number, room in enumerate(ballot.rooms):
        if not bound.sessions or room.session in bound.sessions:
            yield number, sum(one.get(bound.attribute) == value for one in room.seated)


def given(ballot: Ballot, asked: Sequence[Demand], places: Places) -> list[int]:
    """How many people an allocation brings to each demand."""
    counts: dict[tuple[int, str, str | None], int] = {(one.room, one.attribute, one.value): 0 for one in asked}
    names = {one.attribute for one in asked}
    for person, room in zip(ballot.people, places, strict=True):
        if room is not None:
            for name in names:
                key = room, name, person.attributes.get(name)
                if key in counts:
                    counts[key] += 1
    return [counts[one.room, one.attribute, one.value] for one in asked]


def score(ballot: Ballot, asked: Sequence[Demand], places: Places) -> Score:
    """How good an allocation is."""
    missed = {True: 0, False: 0}
    for one, number in zip(asked, given(ballot, asked, places), strict=True):
        missed[one.hard] += one.missing(number) + one.over(number)
    rank = sum(ballot.rank(person, room) for person, room in enumerate(places) if room is not None)
    return Score(missed[True], sum(room is None for room in places), missed[False], rank)
