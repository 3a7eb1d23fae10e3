"""What a policy's answer came to."""

from collections.abc import Mapping
from dataclasses import dataclass

from insight_sessions.domain.allocated import BoundCost, PersonOutcome, Unmet
from insight_sessions.domain.allocation import Bound, Score


@dataclass(frozen=True, slots=True)
class Allotment:
    """Who would get which place, and why.

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
