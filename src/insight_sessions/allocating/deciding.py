"""Asking a policy, and looking at what it answered."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from insight_sessions.allocating.balanced import balanced
from insight_sessions.allocating.ballot import Ballot, Places, by_arrival
from insight_sessions.allocating.demands import Demand, demands, given, score
from insight_sessions.allocating.optimal import best, optimal
from insight_sessions.allocating.outcome import Allotment
from insight_sessions.allocating.reasons import Reasons
from insight_sessions.allocating.serial import first_come, lottery
from insight_sessions.domain.allocated import BoundCost, Unmet
from insight_sessions.domain.allocation import AllocationPolicy, Bound, Candidate, Proposal, Room, Score
from insight_sessions.errors import NotFound, NotPossible

BUILT_IN: Final[Mapping[str, AllocationPolicy]] = MappingProxyType(
    {
        policy.name: policy
        for policy in (
            AllocationPolicy("first-come", first_come),
            AllocationPolicy("lottery", lottery),
            AllocationPolicy("optimal", optimal),
            AllocationPolicy("balanced", optimal, balanced),
        )
    }
)
"""The policies that come with the library, by name."""


class BoundsMissed(NotPossible):
    """Hard bounds cannot be kept, or no way was found to keep them; nothing is allocated.

    Args:
        reason: ``"bounds_impossible"`` when it is proven, else ``"bounds_not_kept"``.
        public_message: which bounds, where, and by how many people.
        unmet: the same in numbers, for the allocation that comes nearest.
    """

    def __init__(self, reason: str, public_message: str, unmet: Sequence[Unmet]) -> None:
        super().__init__(reason, public_message)
        self.unmet = tuple(unmet)
        self.args = (reason, public_message, self.unmet)

    def __repr__(self) -> str:
        """Without what is missed: its values come from members, and this may end in a log."""
        return f"{type(self).__name__}({self.reason!r}, {self.public_message!r})"


def policy_named(name: str, policies: Mapping[str, AllocationPolicy]) -> AllocationPolicy:
    """A policy by its name.

    Raises:
        NotPossible: there is none; the known ones are listed.
    """
    found = policies.get(name)
    if found is None:
        known = ", ".join(sorted(policies))
        raise NotPossible("unknown_policy", f"There is no allocation policy of that name. Known are: {known}.")
    return found


def decide_together(
    policy: AllocationPolicy, candidates: Sequence[Candidate], rooms: Sequence[Room], seed: int, bounds: Sequence[Bound]
) -> Allotment:
    """Ask a policy who gets which place, check its answer, and say what it came to.

    Args:
        policy: the policy.
        candidates: people to be given a place, in any order.
        rooms: sessions with places to give, in any order.
        seed: what the draw begins with: the same one gives the same places.
        bounds: what each session should hold.

    Raises:
        NotPossible: the policy knows no bounds.
        NotFound: a bound names a session that has no places to give.
        BoundsMissed: hard bounds cannot be kept.
        ValueError: the policy gave what it must not give: more places than there are, or what nobody wished for.
    """
    _refuse_unknown(bounds, rooms)
    ballot = by_arrival(candidates, rooms)
    question = _Question(policy, candidates, rooms, seed, ballot)
    answer = question.ask(tuple(bounds))
    asked = demands(ballot, bounds)
    unmet = tuple(_unmet(ballot, asked, answer.places))
    if answer.score.hard:
        raise _missed(bounds, answer, unmet)
    plain = question.ask(()).places if bounds else None
    return Allotment(
        policy.name,
        seed,
        tuple(bounds),
        MappingProxyType(ballot.named(answer.places)),
        Reasons(ballot, asked, answer.places, plain).of_all(),
        _ranks(ballot, answer.places),
        answer.score,
        answer.proven if bounds or answer.proven is not None else score(ballot, (), best(ballot)),
        unmet,
        tuple(question.cost(tuple(bounds), number) for number in range(len(bounds))),
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a policy answered, checked."""

    places: Places
    score: Score
    proven: Score | None

    @property
    def is_best(self) -> bool:
        """Whether none is better."""
        return self.score == self.proven


class _Question:
    """What a policy is asked, with one set of bounds or another; each is asked once."""

    def __init__(
        self,
        policy: AllocationPolicy,
        candidates: Sequence[Candidate],
        rooms: Sequence[Room],
        seed: int,
        ballot: Ballot,
    ) -> None:
        self._policy = policy
        self._candidates = candidates
        self._rooms = rooms
        self._seed = seed
        self._ballot = ballot
        self._answers: dict[tuple[Bound, ...], _Answer] = {}

    def ask(self, bounds: tuple[Bound, ...]) -> _Answer:
        """The policy's answer under these bounds."""
        found = self._answers.get(bounds)
        if found is None:
            proposal = self._proposal(bounds)
            places = self._ballot.numbered(proposal.places)
            reached = score(self._ballot, demands(self._ballot, bounds), places)
            self._answers[bounds] = found = _Answer(places, reached, proposal.proven)
        return found

    def _proposal(self, bounds: tuple[Bound, ...]) -> Proposal:
        if self._policy.balance is not None:
            return self._policy.balance(self._candidates, self._rooms, self._seed, bounds)
        if bounds:
            raise NotPossible("policy_without_bounds", "This allocation policy keeps no bounds; 'balanced' does.")
        return Proposal(self._policy.allocate(self._candidates, self._rooms, self._seed))

    def cost(self, bounds: tuple[Bound, ...], number: int) -> BoundCost:
        """What one of the bounds costs."""
        answer, without = self.ask(bounds), self.ask(bounds[:number] + bounds[number + 1 :])
        return BoundCost(
            number,
            answer.score.unplaced - without.score.unplaced,
            answer.score.rank - without.score.rank,
            answer.is_best and without.is_best,
        )


def _refuse_unknown(bounds: Sequence[Bound], rooms: Sequence[Room]) -> None:
    known = {room.session for room in rooms}
    for bound in bounds:
        for session in bound.sessions:
            if session not in known:
                raise NotFound("session", session)


def _ranks(ballot: Ballot, places: Places) -> tuple[int, ...]:
    """How many people got each of their wishes, the first one first."""
    found = Counter(ballot.rank(person, room) for person, room in enumerate(places) if room is not None)
    return tuple(found[rank] for rank in range(max(found, default=-1) + 1))


def _unmet(ballot: Ballot, asked: Sequence[Demand], places: Places) -> Iterator[Unmet]:
    for one, number in zip(asked, given(ballot, asked, places), strict=True):
        missing, over = one.missing(number), one.over(number)
        if missing or over:
            yield Unmet(one.bound, ballot.rooms[one.room].session, one.value, missing, over)


def _missed(bounds: Sequence[Bound], answer: _Answer, unmet: Sequence[Unmet]) -> BoundsMissed:
    """The refusal; it names what the organisers wrote, and no value that comes from a member."""
    hard = [one for one in unmet if bounds[one.bound].hard]
    said = "; ".join(_said(bounds, number, hard) for number in sorted({one.bound for one in hard}))
    if answer.proven is not None and answer.proven.hard:
        return BoundsMissed("bounds_impossible", f"No allocation keeps every hard bound: {said}.", hard)
    return BoundsMissed("bounds_not_kept", f"We found no allocation that keeps every hard bound: {said}.", hard)


def _said(bounds: Sequence[Bound], number: int, unmet: Sequence[Unmet]) -> str:
    bound, here = bounds[number], [one for one in unmet if one.bound == number]
    ends = [f"at least {bound.at_least}"] if bound.at_least else []
    ends += [] if bound.at_most is None else [f"at most {bound.at_most}"]
    whom = f"each {bound.attribute}" if bound.value is None else f"{bound.attribute} {bound.value}"
    people = sum(one.missing + one.over for one in here)
    sessions = ", ".join(sorted({one.session for one in here}))
    return f"bound {number + 1} ({' and '.join(ends)} of {whom}) is missed by {people} in {sessions}"
