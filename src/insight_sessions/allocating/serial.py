"""One after the other: each takes the best of their wishes that has a place left (a serial dictatorship).

What somebody gets depends on who came before them and on their own wishes, which are gone through in their own order:
nobody can gain by saying anything but the truth. That holds for any order that people cannot change by what they wish
for, so for the draw and for the order of arrival (Svensson 1999; with a drawn order, Abdulkadiroğlu and Sönmez 1998).
"""

from collections.abc import Sequence

from insight_sessions.allocating.ballot import Ballot, Places, by_arrival, drawn
from insight_sessions.domain.allocation import Candidate, Room


def in_turn(ballot: Ballot) -> Places:
    """The best free wish of each, in the order of the ballot."""
    left = list(ballot.limits)
    places: list[int | None] = []
    for wishes in ballot.wishes:
        room = next((room for room, _ in wishes if left[room] != 0), None)
        if room is not None:
            free = left[room]
            left[room] = None if free is None else free - 1
        places.append(room)
    return places


def first_come(candidates: Sequence[Candidate], rooms: Sequence[Room], seed: int) -> dict[str, str]:
    """Who came first chooses first; the seed changes nothing."""
    del seed
    ballot = by_arrival(candidates, rooms)
    return ballot.named(in_turn(ballot))


def lottery(candidates: Sequence[Candidate], rooms: Sequence[Room], seed: int) -> dict[str, str]:
    """Who is drawn first chooses first."""
    ballot = drawn(candidates, rooms, seed)
    return ballot.named(in_turn(ballot))
