"""What an allocation policy is asked, and how it answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody to be given a place, without personal data.

    Args:
        registration: our id of their registration.
        wishes: the sessions they can attend, in order of preference.
        arrived: their number in the order of arrival.
        attributes: free text by name, for balance.
    """

    registration: str
    wishes: tuple[str, ...]
    arrived: int
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Room:
    """A session with places to give.

    Args:
        session: its id.
        places: how many are free; None for no limit.
        minimum: below how many people it is not worth running.
    """

    session: str
    places: int | None
    minimum: int


Allocate = Callable[[Sequence[Candidate], Sequence[Room], int], Mapping[str, str]]
"""From candidates, rooms and a seed to a session for each registration that gets one."""


@dataclass(frozen=True, slots=True)
class AllocationPolicy:
    """A named way to decide about places together."""

    name: str
    allocate: Allocate
