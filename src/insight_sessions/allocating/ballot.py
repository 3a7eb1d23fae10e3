"""Wishes and places in numbers, in an order that nothing but the seed decides.

The draw sorts people by ``sha256("{seed}:{registration}")``. So it is the same on every machine, in every language and
for every version of Python; anybody can check it; it does not depend on the order in which people are given; and it
changes for nobody when somebody else comes or goes. Nobody chooses the id of their registration.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from operator import getitem

from insight_sessions.domain.allocation import Candidate, Room

Places = Sequence[int | None]
"""The number of the room that each person gets, in the order of the ballot; None for no place."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """Wishes and places, in numbers.

    Args:
        people: in the order in which ties are broken.
        rooms: by id.
        wishes: of each person: the number of the room and how many wishes stand before it.
        limits: how many people each room can take; None for no limit.
    """

    people: tuple[Candidate, ...]
    rooms: tuple[Room, ...]
    wishes: tuple[tuple[tuple[int, int], ...], ...]
    limits: tuple[int | None, ...]

    def named(self, places: Places) -> dict[str, str]:
        """The session of each registration that gets one."""
        return {
            person.registration: self.rooms[room].session
            for person, room in zip(self.people, places, strict=True)
            if room is not None
        }

    def numbered(self, places: Mapping[str, str]) -> Places:
        """The number of the room that each person gets.

        Raises:
            ValueError: somebody unknown gets one, somebody gets what they did not wish for, or a room gets too many.
        """
        numbers = {room.session: number for number, room in enumerate(self.rooms)}
        found = [numbers.get(places.get(person.registration, "")) for person in self.people]
        if sum(room is not None for room in found) != len(places):
            raise ValueError("a place for somebody who is no candidate, or in a session that has none to give")
        for room, wishes in zip(found, self.wishes, strict=True):
            if room is not None and all(room != wish for wish, _ in wishes):
                raise ValueError("a place in a session that was not wished for")
        for room, limit in enumerate(self.limits):
            if limit is not None and found.count(room) > limit:
                raise ValueError(f"more people in {self.rooms[room].session} than it has places")
        return found

    def rank(self, person: int, room: int) -> int:
        """How many of somebody's wishes stand before a room that they wished for."""
        return next(rank for wish, rank in self.wishes[person] if wish == room)


def by_arrival(candidates: Iterable[Candidate], rooms: Iterable[Room]) -> Ballot:
    """A ballot in which those who came first come first.

    Raises:
        ValueError: a registration or a session is there twice.
    """
    return _ballot(candidates, rooms, lambda one: (one.arrived, one.registration.encode()))


def drawn(candidates: Iterable[Candidate], rooms: Iterable[Room], seed: int) -> Ballot:
    """A ballot in which the draw decides who comes first.

    Raises:
        ValueError: a registration or a session is there twice.
    """
    begun = sha256(f"{seed}:".encode())

    def order(one: Candidate) -> bytes:
        # As `lot`; what all have in common is worked out once.
        drawing = begun.copy()
        drawing.update(one.registration.encode())
        return drawing.digest()

    return _ballot(candidates, rooms, order)


def lot(seed: int, registration: str) -> bytes:
    """What somebody draws; the least comes first."""
    return sha256(f"{seed}:{registration}".encode()).digest()


def _ballot(
    candidates: Iterable[Candidate], rooms: Iterable[Room], order: Callable[[Candidate], tuple[int, bytes] | bytes]
) -> Ballot:
    people = tuple(sorted(candidates, key=order))
    offered = tuple(sorted(rooms, key=lambda room: room.session))
    numbers = {room.session: number for number, room in enumerate(offered)}
    if len(numbers) != len(offered) or len({one.registration for one in people}) != len(people):
        raise ValueError("a registration or a session is there twice")
    # The same few pairs for everybody: so many small ones would keep the garbage collector busy.
    longest = max((len(one.wishes) for one in people), default=0)
    pairs = [{session: (number, rank) for session, number in numbers.items()} for rank in range(longest)]
    return Ballot(
        people,
        offered,
        tuple([_wishes(one, pairs) for one in people]),
        tuple(None if room.places is None else max(0, room.places) for room in offered),
    )


def _wishes(candidate: Candidate, pairs: Sequence[Mapping[str, tuple[int, int]]]) -> tuple[tuple[int, int], ...]:
    """Those that have places to give; one that is named twice counts where it stands first."""
    wishes = candidate.wishes
    if len(set(wishes)) == len(wishes):
        try:
            return tuple(map(getitem, pairs, wishes))
        except KeyError:
            pass  # one of them has no places to give
    first: dict[str, int] = {}
    for rank, wish in enumerate(wishes):
        first.setdefault(wish, rank)
    return tuple([pairs[rank][wish] for wish, rank in first.items() if wish in pairs[rank]])
