"""What an allocation came to, as it is kept: in numbers for the organisers, and for each person why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from insight_sessions.domain.allocation import Bound, Score
from insight_sessions.text import KeptLabels, KeptMoment, Labels


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
    NOT_ELIGIBLE = "not_eligible"
    """They may not take part in it, such as because their membership ends before."""


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

    def is_about(self, wishes: tuple[str, ...], place: str | None) -> bool:
        """Whether somebody has now what they got, and still wishes for it and for what they would rather have had.

        Args:
            wishes: theirs now.
            place: the session they have a place in now.
        """
        asked = tuple(one.session for one in self.missed)
        known = wishes if place is None else wishes[: len(asked) + 1]
        return self.session == place and known == (asked if place is None else (*asked, place))


@dataclass(frozen=True, slots=True)
class Unmet:
    """A bound that is missed in a session.

    Args:
        bound: its number, from 0.
        session: the session's id.
        value: the value that is counted, when it is known: it comes from members, so it is kept nowhere and belongs in
            no journal or log. In an `Allocation` it is None unless the bound names it, and `Report.unmet` says it anew.
        missing: how many are missing.
        over: how many are too many.
    """

    bound: int
    session: str
    value: str | None = None
    missing: int = 0
    over: int = 0


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


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """An allocation that was applied: what everybody got, and why. It holds ids and codes, no personal data.

    Args:
        id: ours.
        number: the how-manieth of its project it is, from 1.
        at: when it was applied, in UTC.
        policy: the name of the policy.
        seed: what its draw began with.
        bounds: what it had to keep, as the command said it under ``balance``.
        ranks: how many people got their first wish, their second …
        unplaced: how many people who took part got no place.
        score: how good it is; less is better.
        proven: no allocation could be better than this; None when nothing is known.
        unmet: the bounds that are missed, where, and by how much.
        costs: what each bound costs.
        outcomes: what it came to for each registration, in short; `people` and `outcome_of` read it.
    """

    id: str
    number: int
    at: KeptMoment
    policy: str
    seed: int
    bounds: tuple[Bound, ...]
    ranks: tuple[int, ...]
    unplaced: int
    score: Score
    proven: Score | None = None
    unmet: tuple[Unmet, ...]
    costs: tuple[BoundCost, ...]
    outcomes: KeptLabels

    @property
    def is_best(self) -> bool:
        """Whether it is proven that no allocation is better, by `Score`."""
        return self.score == self.proven

    @property
    def people(self) -> tuple[PersonOutcome, ...]:
        """What it came to for each person, in the order of arrival."""
        return tuple(_read(registration, kept) for registration, kept in self.outcomes.items())

    @property
    def places(self) -> Mapping[str, str]:
        """The session of each registration that got one."""
        return MappingProxyType({one.registration: one.session for one in self.people if one.session is not None})

    def outcome_of(self, registration_id: str) -> PersonOutcome | None:
        """What it came to for one person; None when they took no part in it."""
        kept = self.outcomes.get(registration_id)
        return None if kept is None else _read(registration_id, kept)


def in_short(people: Iterable[PersonOutcome]) -> Labels:
    """Outcomes as an `Allocation` keeps them: a tenth of what they would take field by field."""
    return Labels({one.registration: _written(one) for one in people})


def _written(one: PersonOutcome) -> str:
    """Such as ``tue/2/place_given/ mon:full:0,2``; ids of sessions hold neither space, slash nor colon."""
    wish = "" if one.wish is None else str(one.wish)
    first = f"{one.session or ''}/{wish}/{one.reason}/{'displaced' if one.displaced else ''}"
    return " ".join((first, *(f"{it.session}:{it.reason}:{','.join(map(str, it.bounds))}" for it in one.missed)))


def _read(registration: str, kept: str) -> PersonOutcome:
    first, *missed = kept.split(" ")
    session, wish, reason, displaced = first.split("/")
    return PersonOutcome(
        registration,
        session or None,
        int(wish) if wish else None,
        OutcomeReason(reason),
        tuple(_missed(one) for one in missed),
        bool(displaced),
    )


def _missed(kept: str) -> Missed:
    session, reason, bounds = kept.split(":")
    return Missed(session, MissedReason(reason), tuple(int(number) for number in bounds.split(",") if number))
