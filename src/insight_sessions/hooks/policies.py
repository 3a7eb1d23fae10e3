"""Asking a plugin's allocation policy: whatever it answers is looked at, and an error names the plugin."""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from insight_sessions.domain.allocation import AllocationPolicy, Bound, Candidate, Proposal, Room, Score
from insight_sessions.hooks.admission import FAILURES, Implementation


def guarded(asks: Implementation, policy: AllocationPolicy) -> AllocationPolicy:
    """The same policy, which fails in its plugin's name and gives nothing that it must not."""

    def allocate(candidates: Sequence[Candidate], rooms: Sequence[Room], seed: int) -> Mapping[str, str]:
        answer = _asked(asks, lambda: policy.allocate(candidates, rooms, seed))
        return _looked_at(asks, candidates, rooms, answer)

    def balance(candidates: Sequence[Candidate], rooms: Sequence[Room], seed: int, bounds: Sequence[Bound]) -> Proposal:
        answer = _asked(asks, lambda: balances(candidates, rooms, seed, bounds))
        if not isinstance(answer, Proposal) or not _is_score(answer.proven):
            raise asks.error(f"the policy {policy.name!r} must balance with a Proposal")
        return Proposal(_looked_at(asks, candidates, rooms, answer.places), answer.proven)

    if policy.balance is None:
        return AllocationPolicy(policy.name, allocate)
    balances = policy.balance
    return AllocationPolicy(policy.name, allocate, balance)


def _is_score(value: object) -> bool:
    return value is None or isinstance(value, Score)


def _asked(asks: Implementation, policy: Callable[[], object]) -> object:
    try:
        return policy()
    except FAILURES as error:
        raise asks.failed(error) from error


def _looked_at(
    asks: Implementation, candidates: Sequence[Candidate], rooms: Sequence[Room], answer: object
) -> Mapping[str, str]:
    from insight_sessions.allocating.ballot import by_arrival  # noqa: PLC0415 - most desks allocate nothing

    if not isinstance(answer, Mapping):
        raise asks.error("the policy must answer with a session for each registration that gets one")
    places = dict(cast("Mapping[str, str]", answer))
    try:
        by_arrival(candidates, rooms).numbered(places)
    except (ValueError, TypeError) as error:
        raise asks.error(f"the policy gave {error}") from None
    return places
