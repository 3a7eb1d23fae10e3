"""The policy ``or-tools``: the best allocations by OR-tools, exact under bounds on several attributes too."""

from collections.abc import Mapping, Sequence

from insight_sessions import AllocationPolicy, Candidate, Room, hookimpl
from insight_sessions.allocating.ballot import drawn
from insight_sessions.allocating.demands import demands, score
from insight_sessions.domain.allocation import Bound, Proposal


def allocate(candidates: Sequence[Candidate], rooms: Sequence[Room], seed: int) -> Mapping[str, str]:
    """The fewest people without a place, then the fewest wishes passed over."""
    from insight_sessions_allocation.flow import best  # noqa: PLC0415 - OR-tools takes a second to load

    ballot = drawn(candidates, rooms, seed)
    return ballot.named(best(ballot))


def balance(candidates: Sequence[Candidate], rooms: Sequence[Room], seed: int, bounds: Sequence[Bound]) -> Proposal:
    """The best places by `insight_sessions.domain.allocation.Score`, and what is proven."""
    from insight_sessions_allocation.flow import best  # noqa: PLC0415 - OR-tools takes a second to load
    from insight_sessions_allocation.search import best_found  # noqa: PLC0415 - the same

    ballot = drawn(candidates, rooms, seed)
    asked = demands(ballot, bounds)
    if len({one.attribute for one in asked}) > 1:
        places, proven = best_found(ballot, asked)
    else:
        places = best(ballot, asked)
        proven = score(ballot, asked, places)
    return Proposal(ballot.named(places), proven)


@hookimpl
def insight_sessions_allocation_policy() -> AllocationPolicy:
    """The policy that this distribution brings."""
    return AllocationPolicy("or-tools", allocate, balance)
