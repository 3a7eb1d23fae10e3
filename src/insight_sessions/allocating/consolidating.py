"""Which sessions to give up so that every session that runs is worth running, and the fewest people are lost.

A branch and bound, best first (Land and Doig 1960): some sessions are decided, the others are asked for nothing. With
that, the best places for everybody are a flow, and what it costs is the least that any decision about the others can
come to. A session that the flow leaves below its minimum is decided next: given up, or to reach its minimum. The first
case in which nobody is left below is the best there is. After a number of flows that depends on how many people there
are, and on nothing else, the best one found is the answer, and the best case left open says how far it may be off.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from heapq import heappop, heappush

from insight_sessions.allocating.consolidation import Plan, Running, Seated
from insight_sessions.allocating.reseating import Reseating, Seats
from insight_sessions.domain.consolidated import ConsolidationScore, ProposedMove
from insight_sessions.errors import NotFound

MOST_WORK = 400_000
"""How much is tried at most: a flow counts as one for each person, and ten for each session."""

LEAST_FLOWS = 60
"""How many flows are tried, however many people there are."""


class Fate(Enum):
    """What is decided about a session."""

    GIVEN_UP = "given up"
    FILLED = "filled"
    """It runs and reaches its minimum."""
    BELOW = "below"
    """It runs, and is below its minimum if need be."""


Fates = Mapping[int, Fate]
"""What is decided, by the number of the session."""


def consolidate(people: Sequence[Seated], sessions: Sequence[Running], cancel: Collection[str] | None = None) -> Plan:
    """Which sessions to give up, and where their people go.

    Everybody stays where they are unless moving them lets a session run or keeps somebody's place.

    Args:
        people: those who have a place, in any order.
        sessions: the sessions that are to run, in any order. Minimum sizes are theirs; one that may not be given up is
            left below its minimum only when that cannot be avoided.
        cancel: the sessions to give up, these and no others; None to find the best.

    Raises:
        NotFound: a session to give up is none of the sessions.
        ValueError: a session or a registration is there twice, or somebody's place is in none of the sessions.
    """
    reseating = Reseating(people, sessions)
    known = {one.session for one in sessions}
    for session in sorted(cancel or ()):
        if session not in known:
            raise NotFound("session", session)
    fates: dict[int, Fate] = {}
    if cancel is not None:
        fates = {number: Fate.GIVEN_UP for number, one in enumerate(reseating.sessions) if one.session in cancel}
    best, proven = _Search(reseating, settled=cancel is not None).run(fates)
    return _told(reseating, best, proven)


@dataclass(frozen=True, slots=True, order=True)
class _Case:
    """Some sessions decided, and the best places for everybody with that.

    It fails when a session that is to reach its minimum cannot.
    """

    score: ConsolidationScore
    number: int
    fates: Fates
    seats: Seats
    fails: bool


class _Search:
    def __init__(self, reseating: Reseating, *, settled: bool) -> None:
        self._reseating = reseating
        self._settled = settled
        self._left = max(LEAST_FLOWS, MOST_WORK // (len(reseating.people) + 10 * len(reseating.sessions) + 1))
        self._number = 0

    def run(self, fates: Fates) -> tuple[_Case, ConsolidationScore]:
        """The best case in which everything is decided, and a score that none can beat."""
        first = self._case(fates)
        best, queue = self._one_by_one(first), [first]
        if best.score > first.score:
            best = self._varied(best, fates)
        while queue:
            case = heappop(queue)
            undecided = self._undecided(case)
            if case.score < best.score:
                best = min(best, self._all_at_once(case, undecided))
            if case.score >= best.score:
                break
            if self._left <= 0:
                return best, case.score
            for fate in (Fate.FILLED, self._otherwise(undecided[0])):
                found = self._case({**case.fates, undecided[0]: fate})
                if not found.fails and found.score < best.score:
                    heappush(queue, found)
        return best, best.score

    def _case(self, fates: Fates) -> _Case:
        """The best places under these decisions."""
        self._left -= 1
        self._number += 1
        closed = {number for number, fate in fates.items() if fate is Fate.GIVEN_UP}
        filled = {number for number, fate in fates.items() if fate is Fate.FILLED}
        below = sum(fate is Fate.BELOW for fate in fates.values())
        seats = self._reseating.best(closed, filled)
        numbers = self._reseating.numbers(seats)
        fails = any(numbers[number] < self._reseating.sessions[number].minimum for number in filled)
        return _Case(self._reseating.score(seats, below, len(closed)), self._number, fates, seats, fails)

    def _undecided(self, case: _Case) -> list[int]:
        """The sessions below their minimum about which nothing is decided, those that miss most first."""
        numbers = self._reseating.numbers(case.seats)
        missing = {
            number: one.minimum - numbers[number]
            for number, one in enumerate(self._reseating.sessions)
            if number not in case.fates and numbers[number] < one.minimum
        }
        return sorted(missing, key=lambda number: (-missing[number], number))

    def _otherwise(self, number: int) -> Fate:
        may_go = self._reseating.sessions[number].may_go and not self._settled
        return Fate.GIVEN_UP if may_go else Fate.BELOW

    def _all_at_once(self, case: _Case, undecided: Sequence[int]) -> _Case:
        """The same with everything decided, quickly: all that are below their minimum go, or stay so.

        It never fails: whoever is in a session that reaches its minimum can stay there.
        """
        fates = dict.fromkeys(range(len(self._reseating.sessions)), Fate.FILLED)
        fates.update(case.fates)
        fates.update({number: self._otherwise(number) for number in undecided})
        return self._case(fates)

    def _one_by_one(self, case: _Case) -> _Case:
        """The same with everything decided: the smallest session goes, and the others are looked at again."""
        while undecided := self._undecided(case):
            case = self._case({**case.fates, undecided[0]: self._otherwise(undecided[0])})
        return case

    def _varied(self, best: _Case, given: Fates) -> _Case:
        """The same, or better: one session given up that was not, or not given up that was, while that helps.

        Half of the flows at most are spent on it.
        """
        half, free = self._left // 2, [number for number in range(len(self._reseating.sessions)) if number not in given]
        helps = True
        while helps:
            helps = False
            for number in free:
                if self._left <= half:
                    return best
                opposite = (
                    self._otherwise(number) if best.fates.get(number) is not self._otherwise(number) else Fate.FILLED
                )
                found = self._one_by_one(self._case({**best.fates, number: opposite}))
                if not found.fails and found.score < best.score:
                    best, helps = found, True
        return best


def _told(reseating: Reseating, best: _Case, proven: ConsolidationScore) -> Plan:
    """The answer, in ids."""
    sessions, numbers = reseating.sessions, reseating.numbers(best.seats)
    closed = {number for number, fate in best.fates.items() if fate is Fate.GIVEN_UP}
    running = [number for number in range(len(sessions)) if number not in closed]
    moves = [
        (person.arrived, ProposedMove(person.registration, person.place, session, is_against))
        for person, session, is_against in reseating.moves(best.seats)
    ]
    return Plan(
        tuple(sessions[number].session for number in sorted(closed)),
        tuple(move for _, move in sorted(moves, key=lambda one: (one[0], one[1].registration))),
        tuple(sessions[number].session for number in running if numbers[number] < sessions[number].minimum),
        tuple((sessions[number].session, numbers[number]) for number in running),
        best.score,
        proven,
    )
