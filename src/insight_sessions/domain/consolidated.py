"""What a consolidation came to, as it is kept: the sessions given up, and where their people went."""

from dataclasses import dataclass

from insight_sessions.text import KeptMoment


@dataclass(frozen=True, slots=True)
class ProposedMove:
    """Somebody who does not keep their place.

    Args:
        registration: theirs.
        origin: the session they had a place in.
        session: the one they get; None when they can have none.
        against: whether they wished for it less than for the one they had.
    """

    registration: str
    origin: str
    session: str | None = None
    against: bool = False


@dataclass(frozen=True, slots=True, order=True)
class ConsolidationScore:
    """How good a consolidation is: less is better, and what stands first counts before all the rest.

    Args:
        below: how many sessions run below their minimum.
        lost: how many people lose their place and get no other.
        against: how many get a session that they wished for less than the one they had.
        moved: how many get another session.
        given_up: how many sessions are given up.
        rank: how many wishes were passed over, added up for all who have a place.
    """

    below: int
    lost: int
    against: int
    moved: int
    given_up: int
    rank: int


@dataclass(frozen=True, kw_only=True)
class Consolidation:
    """A consolidation that was applied. It holds ids, no personal data.

    Args:
        id: ours.
        number: the how-manieth of its project it is, from 1.
        at: when it was applied, in UTC.
        given_up: the sessions that do not run.
        moves: those who did not keep their place, in the order of arrival.
        below: the sessions that run below their minimum, because it could not be avoided.
        numbers: how many people each session that runs had, before free places went to those in line.
        score: how good it is; less is better.
        proven: no consolidation could be better than this.
    """

    id: str
    number: int
    at: KeptMoment
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
