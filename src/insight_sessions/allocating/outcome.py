"""What an allocation came to: for the organisers in numbers, and for each person why."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from insight_sessions.domain.allocation import Bound, Score


class OutcomeReason(StrEnum):
    """Why somebody got a place, or none."""

    PLACE_GIVEN = "place_given"
    """They have a place in a session they wished for."""
    ALL_TAKEN = "all_taken"
    """Every session they wished for is full."""
    KEPT_FOR_BALANCE = "kept_for_balance"
    """A bound stands between them and a place."""
    NOT_CHOSEN = "not_chosen"
    """A place is free among their wishes, and the policy did not give it to them."""
    NOTHING_OFFERED = "nothing_offered"
    """None of the sessions they wished for has places to give."""


class MissedReason(StrEnum):
    """Why somebody did not get a session that they would rather have had."""

    FULL = "full"
    """Every place is taken."""
    BALANCE = "balance"
    """A bound stands in the way."""
    POLICY = "policy"
    """A place is free, and the policy did not give it to them."""
    NOT_OFFERED = "not_offered"
    """The session has no places to give."""


@dataclass(frozen=True, slots=True)
class Missed:
    """A session that somebody would rather have had.

    Args:
        session: its id.
        reason: why they did not get it.
        bounds: the numbers, from 0, of the bounds that have a part in it: those that let no more people like them in,
            that need them where they are, or that keep places for others.
    """

    session: str
    reason: MissedReason
    bounds: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonOutcome:
    """What an allocation came to for one person.

    Args:
        registration: theirs.
        session: the session they get; None for none.
        wish: which of their wishes it is, from 1; None for none.
        reason: why, stable and machine-readable.
        missed: what they would rather have had, best first.
        displaced: without the bounds the same draw would have given them a better wish, or a place at all.
    """

    registration: str
    session: str | None
    wish: int | None
    reason: OutcomeReason
    missed: tuple[Missed, ...]
    displaced: bool


@dataclass(frozen=True, slots=True)
class Unmet:
    """A bound that is missed in a session.

    Args:
        bound: its number, from 0.
        session: the session's id.
        value: the value that is counted; it comes from members, so it belongs in no journal or log.
        missing: how many are missing.
        over: how many are too many.
    """

    bound: int
    session: str
    value: str
    missing: int
    over: int


@dataclass(frozen=True, slots=True)
class BoundCost:
    """What a bound costs: the allocation with all bounds, less the one without this bound.

    Args:
        bound: its number, from 0.
        unplaced: so many more people have no place.
        rank: so many more wishes were passed over; below 0 when those who lost their place had poor ones.
        exact: whether both allocations are the best there are.
    """

    bound: int
    unplaced: int
    rank: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Allocation:
    """What an allocation came to.

    Args:
        policy: the name of the policy.
        seed: what its draw began with.
        bounds: what it had to keep.
        places: the session of each registration that gets one.
        people: what it came to for each, in the order of arrival.
        ranks: how many people got their first wish, their second …
        score: how good it is; less is better.
        proven: no allocation can be better than this; None when nothing is known.
        unmet: the bounds that are missed, where, and by how much.
        costs: what each bound costs.
    """

    policy: str
    seed: int
    bounds: tuple[Bound, ...]
    places: Mapping[str, str]
    people: tuple[PersonOutcome, ...]
    ranks: tuple[int, ...]
    score: Score
    proven: Score | None
    unmet: tuple[Unmet, ...]
    costs: tuple[BoundCost, ...]

    @property
    def unplaced(self) -> tuple[str, ...]:
        """The registrations that get no place, in the order of arrival."""
        return tuple(one.registration for one in self.people if one.session is None)

    @property
    def is_best(self) -> bool:
        """Whether it is proven that no allocation is better, by `Score`."""
        return self.score == self.proven
