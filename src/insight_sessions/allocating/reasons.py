"""Why each person got what they got."""

from collections.abc import Iterator, Mapping, Sequence

from insight_sessions.allocating.ballot import Ballot, Places
from insight_sessions.allocating.demands import Demand, given
from insight_sessions.domain.allocated import Missed, MissedReason, OutcomeReason, PersonOutcome
from insight_sessions.domain.allocation import Candidate

_WORST = 1 << 62


class Reasons:
    """Why each person got what they got.

    Args:
        ballot: wishes and places.
        asked: what the bounds ask.
        places: what each person got.
        plain: what each person would have got without bounds; None when there are none.
    """

    def __init__(self, ballot: Ballot, asked: Sequence[Demand], places: Places, plain: Places | None) -> None:
        self._ballot = ballot
        self._places = places
        self._plain = plain
        self._at: dict[int, list[tuple[Demand, int]]] = {room: [] for room in range(len(ballot.rooms))}
        for one, number in zip(asked, given(ballot, asked, places), strict=True):
            self._at[one.room].append((one, number))
        taken = [0] * len(ballot.rooms)
        for room in places:
            if room is not None:
                taken[room] += 1
        self._full = [number == limit for number, limit in zip(taken, ballot.limits, strict=True)]
        self._numbers: Mapping[str, int] = {room.session: number for number, room in enumerate(ballot.rooms)}

    def of_all(self) -> tuple[PersonOutcome, ...]:
        """What it came to for each person, in the order of arrival."""
        order = sorted(
            range(len(self._places)),
            key=lambda person: (self._ballot.people[person].arrived, self._ballot.people[person].registration),
        )
        return tuple(self._of(person) for person in order)

    def _of(self, person: int) -> PersonOutcome:
        candidate, room = self._ballot.people[person], self._places[person]
        missed = tuple(self._missed(candidate, room))
        return PersonOutcome(
            candidate.registration,
            None if room is None else self._ballot.rooms[room].session,
            None if room is None else self._ballot.rank(person, room) + 1,
            _reason(room, missed),
            missed,
            self._plain is not None and self._rank(person, room) > self._rank(person, self._plain[person]),
        )

    def _rank(self, person: int, room: int | None) -> int:
        return _WORST if room is None else self._ballot.rank(person, room)

    def _missed(self, candidate: Candidate, room: int | None) -> Iterator[Missed]:
        for wish in dict.fromkeys(candidate.wishes):
            number = self._numbers.get(wish)
            if number is None:
                yield Missed(wish, MissedReason.NOT_OFFERED)
            elif number == room:
                return
            elif self._full[number]:
                yield Missed(wish, MissedReason.FULL, _numbers(self._kept_for_others(candidate, number)))
            else:
                bounds = _numbers(self._in_the_way(candidate, room, number))
                yield Missed(wish, MissedReason.BALANCE if bounds else MissedReason.POLICY, bounds)

    def _in_the_way(self, candidate: Candidate, room: int | None, wish: int) -> Iterator[Demand]:
        """The bounds that let no more people like somebody in, or that need them where they are."""
        for one, number in self._at[wish]:
            if _counts(one, candidate) and one.over(number + 1):
                yield one
        for one, number in () if room is None else self._at[room]:
            if _counts(one, candidate) and one.missing(number - 1):
                yield one

    def _kept_for_others(self, candidate: Candidate, wish: int) -> Iterator[Demand]:
        """The bounds for which somebody else is in a room and could not make way."""
        return (one for one, number in self._at[wish] if not _counts(one, candidate) and one.missing(number - 1))


def _counts(demand: Demand, candidate: Candidate) -> bool:
    return candidate.attributes.get(demand.attribute) == demand.value


def _numbers(found: Iterator[Demand]) -> tuple[int, ...]:
    return tuple(sorted({one.bound for one in found}))


def _reason(room: int | None, missed: Sequence[Missed]) -> OutcomeReason:
    if room is not None:
        return OutcomeReason.PLACE_GIVEN
    offered = [one for one in missed if one.reason is not MissedReason.NOT_OFFERED]
    if not offered:
        return OutcomeReason.NOTHING_OFFERED
    if any(one.reason is MissedReason.POLICY for one in offered):
        return OutcomeReason.NOT_CHOSEN
    return OutcomeReason.KEPT_FOR_BALANCE if any(one.bounds for one in offered) else OutcomeReason.ALL_TAKEN
