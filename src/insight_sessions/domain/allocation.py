"""What an allocation policy is asked, and how it answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from insight_sessions.text import Line, Slug

_MOST = 1_000_000

BUILT_IN_POLICIES: Final = frozenset({"first-come", "lottery", "optimal", "balanced"})
"""The names of the policies that come with the library."""


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
        seated: the attributes of those who have a place there already and keep it, for balance.
    """

    session: str
    places: int | None
    minimum: int
    seated: tuple[Mapping[str, str], ...] = ()


class Bound(BaseModel):
    """How many people with something in common there should be in a session.

    Args:
        attribute: what they have in common, such as ``setting``.
        value: the value they share; None for each value there is among candidates and those seated, in turn.
        at_least: so many of them in each session.
        at_most: no more than so many of them in each session; None for no end.
        sessions: in which; every session with places to give when empty.
        hard: better no allocation than one that breaks it. A bound that is not hard never costs anybody a place.
    """

    model_config = ConfigDict(
        defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True, revalidate_instances="always"
    )

    attribute: Line
    value: Line | None = None
    at_least: Annotated[int, Field(strict=True, ge=0, le=_MOST)] = 0
    at_most: Annotated[int, Field(strict=True, ge=0, le=_MOST)] | None = None
    sessions: tuple[Slug, ...] = ()
    hard: bool = False

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if self.at_most is None and not self.at_least:
            raise ValueError("give at_least, at_most or both")
        if self.at_most is not None and self.at_most < self.at_least:
            raise ValueError("at_most must not be less than at_least")
        return self


@dataclass(frozen=True, slots=True, order=True)
class Score:
    """How good an allocation is: less is better, and what stands first counts before all the rest.

    Args:
        hard: by how many people hard bounds are missed, added up.
        unplaced: how many candidates have no place.
        soft: by how many people the other bounds are missed, added up.
        rank: how many wishes were passed over: 0 for somebody's first, 1 for their second, added up.
    """

    hard: int
    unplaced: int
    soft: int
    rank: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """An answer of a policy that keeps bounds.

    Args:
        places: the session of each registration that gets one.
        proven: no allocation has a better score; equal to that of the places when they are the best there are. None
            when nothing is proven.
    """

    places: Mapping[str, str]
    proven: Score | None = None


Allocating = Callable[[Sequence[Candidate], Sequence[Room], int], Mapping[str, str]]
"""From candidates, rooms and a seed to a session for each registration that gets one."""

Balancing = Callable[[Sequence[Candidate], Sequence[Room], int, Sequence[Bound]], Proposal]
"""The same under bounds, best by `Score`."""


@dataclass(frozen=True, slots=True)
class AllocationPolicy:
    """A named way to decide about places together.

    Args:
        name: what it is called by.
        allocate: decides without bounds.
        balance: decides under bounds; None when it knows none.
    """

    name: str
    allocate: Allocating
    balance: Balancing | None = None
