"""Sessions that are too small: what is asked about them, and how it is answered."""

from dataclasses import dataclass

from insight_sessions.domain.consolidated import ConsolidationScore, ProposedMove


@dataclass(frozen=True, slots=True)
class Seated:
    """Somebody who has a place.

    Args:
        registration: our id of their registration.
        place: the session it is in.
        wishes: the sessions they can attend, in order of preference.
        arrived: their number in the order of arrival.
    """

    registration: str
    place: str
    wishes: tuple[str, ...]
    arrived: int


@dataclass(frozen=True, slots=True)
class Running:
    """A session that is to run.

    Args:
        session: its id.
        capacity: how many people it can take; None for no limit.
        minimum: below how many people it is not worth running.
        may_go: whether it may be given up.
    """

    session: str
    capacity: int | None
    minimum: int
    may_go: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """Which sessions are given up, and where their people go.

    Args:
        given_up: the sessions that do not run.
        moves: those who do not keep their place, in the order of arrival.
        below: the sessions that run below their minimum, because they must run and it cannot be avoided.
        numbers: how many people each session that runs has.
        score: how good it is; less is better.
        proven: no consolidation can be better than this.
    """

    given_up: tuple[str, ...]
    moves: tuple[ProposedMove, ...]
    below: tuple[str, ...]
    numbers: tuple[tuple[str, int], ...]
    score: ConsolidationScore
    proven: ConsolidationScore

    @property
    def is_best(self) -> bool:
        """Whether it is proven that none is better."""
        return self.score == self.proven
