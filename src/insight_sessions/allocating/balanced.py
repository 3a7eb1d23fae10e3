"""The best allocation under bounds: exact when they are on one attribute, else the best found, with what is proven."""

from collections.abc import Sequence

from insight_sessions.allocating.ballot import drawn
from insight_sessions.allocating.demands import demands, score
from insight_sessions.allocating.optimal import best
from insight_sessions.allocating.repairing import best_found
from insight_sessions.domain.allocation import Bound, Candidate, Proposal, Room


def balanced(candidates: Sequence[Candidate], rooms: Sequence[Room], seed: int, bounds: Sequence[Bound]) -> Proposal:
    """The best places by `Score`; the draw breaks ties.

    Proven is the score of the places themselves when the bounds are on one attribute. On several it is the best that
    can be shown to be out of reach for nobody; how far the places are from it is the gap.
    """
    ballot = drawn(candidates, rooms, seed)
    asked = demands(ballot, bounds)
    if len({one.attribute for one in asked}) > 1:
        places, proven = best_found(ballot, asked)
    else:
        places = best(ballot, asked)
        proven = score(ballot, asked, places)
    return Proposal(ballot.named(places), proven)
