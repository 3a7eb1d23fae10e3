"""A search by small steps: move one, exchange two, or move one into the place of another who goes elsewhere."""

from collections.abc import Iterator, Sequence

from insight_sessions.allocating.ballot import Ballot, Places
from insight_sessions.allocating.demands import Demand
from insight_sessions.allocating.optimal import Weights


class Exchange:
    """An allocation that is made better, one move after the other."""

    def __init__(self, ballot: Ballot, asked: Sequence[Demand], start: Places, trials: int) -> None:
        self._ballot = ballot
        self._weights = Weights.of(ballot, asked)
        self._asked = asked
        self._where: list[int | None] = list(start)
        self._trials = trials
        self._members: list[dict[int, None]] = [{} for _ in ballot.rooms]
        self._counts = [0] * len(asked)
        self._counted: dict[tuple[int, int], list[int]] = {}
        places: dict[tuple[int, str, str | None], list[int]] = {}
        for number, one in enumerate(asked):
            places.setdefault((one.room, one.attribute, one.value), []).append(number)
        self._demands = places
        self._names = sorted({one.attribute for one in asked})
        for person, room in enumerate(start):
            if room is not None:
                self._enter(person, room)

    def run(self) -> Places:
        """The allocation when nothing helps any more, or enough was tried."""
        while self._trials > 0 and self._round():
            pass
        return self._where

    def _round(self) -> bool:
        helped = False
        for person in self._order():
            while self._trials > 0 and self._improve(person):
                helped = True
        return helped

    def _order(self) -> list[int]:
        """Those first who could bring what is missing, or are too many."""
        wanted = {number for number, one in enumerate(self._asked) if one.missing(self._counts[number])}
        crowded = {number for number, one in enumerate(self._asked) if one.over(self._counts[number])}

        def concerned(person: int) -> bool:
            here = self._where[person]
            if here is not None and not crowded.isdisjoint(self._of(person, here)):
                return True
            rooms = (room for room, _ in self._ballot.wishes[person] if room != here)
            return any(not wanted.isdisjoint(self._of(person, room)) for room in rooms)

        return sorted(range(len(self._where)), key=lambda person: not concerned(person))

    def _improve(self, person: int) -> bool:
        """Make the first move of somebody that helps."""
        here = self._where[person]
        for room in self._rooms(person):
            change = self._move(person, room)
            if self._fits(room):
                if change < 0:
                    return True
            elif room is not None and self._make_room(person, room, change):
                return True
            self._move(person, here)
        return False

    def _make_room(self, person: int, room: int, change: int) -> bool:
        """Move somebody else out of a room that is one too full, when all in all it helps."""
        for other in [one for one in self._members[room] if one != person]:
            for elsewhere in self._rooms(other):
                if self._trials <= 0:
                    return False
                further = self._move(other, elsewhere)
                if change + further < 0 and self._fits(elsewhere):
                    return True
                self._move(other, room)
        return False

    def _rooms(self, person: int) -> Iterator[int | None]:
        """Where else somebody could be."""
        here = self._where[person]
        for room, _ in self._ballot.wishes[person]:
            if room != here:
                yield room
        if here is not None:
            yield None

    def _fits(self, room: int | None) -> bool:
        limit = None if room is None else self._ballot.limits[room]
        return room is None or limit is None or len(self._members[room]) <= limit

    def _move(self, person: int, room: int | None) -> int:
        """Move somebody; what it costs."""
        self._trials -= 1
        here = self._where[person]
        change = 0 if here is None else self._leave(person, here)
        change += self._weights.unplaced * ((room is None) - (here is None))
        if room is not None:
            change += self._enter(person, room)
        self._where[person] = room
        return change

    def _leave(self, person: int, room: int) -> int:
        del self._members[room][person]
        return self._count(person, room, -1) - self._ballot.rank(person, room)

    def _enter(self, person: int, room: int) -> int:
        self._members[room][person] = None
        return self._count(person, room, 1) + self._ballot.rank(person, room)

    def _count(self, person: int, room: int, step: int) -> int:
        change = 0
        for number in self._of(person, room):
            one, before = self._asked[number], self._counts[number]
            self._counts[number] = after = before + step
            missed = one.missing(after) + one.over(after) - one.missing(before) - one.over(before)
            change += missed * (self._weights.hard if one.hard else self._weights.soft)
        return change

    def _of(self, person: int, room: int) -> list[int]:
        """The numbers of the demands that count somebody in a room."""
        found = self._counted.get((person, room))
        if found is None:
            attributes = self._ballot.people[person].attributes
            found = [
                number for name in self._names for number in self._demands.get((room, name, attributes.get(name)), ())
            ]
            self._counted[person, room] = found
        return found
