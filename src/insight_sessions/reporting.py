"""A project in numbers: places, the way from sign-up to place, wishes granted, and who is in the room."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from insight_sessions.domain.allocated import Unmet
from insight_sessions.domain.registration import Attendance, Decision, Registration, Status
from insight_sessions.domain.session import Session, SessionStatus
from insight_sessions.domain.state import ProjectState

_TAKING_PART: Final = frozenset({Decision.PENDING, Decision.ACCEPTED})
"""The decisions about people who are still in."""


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """How far wishes came true, of people who are still in: neither declined nor withdrawn.

    Args:
        granted: how many have their first wish, their second …
        elsewhere: how many have a place that they did not wish for.
        none: how many have no place.
    """

    granted: tuple[int, ...] = ()
    elsewhere: int = 0
    none: int = 0

    @property
    def people(self) -> int:
        """How many there are."""
        return sum(self.granted) + self.elsewhere + self.none


@dataclass(frozen=True, slots=True)
class SessionReport:
    """One session in numbers.

    Args:
        session: what it is.
        confirmed: how many have a place.
        waiting: how many wait for one.
        left: how many places are free; None without a limit, and below zero while the session is overfull.
        viable: whether at least the minimum have a place.
        balance: how many there are of each value of each attribute.
        wished: how many people wish for it first, second …; those who are still in.
        satisfaction: which of their wishes it is to those who have a place in it.
        attendance: how many attended, were absent and so on, as far as it is recorded.
    """

    session: Session
    confirmed: int
    waiting: int
    left: int | None
    viable: bool
    balance: Mapping[str, Mapping[str, int]]
    wished: tuple[int, ...]
    satisfaction: Satisfaction
    attendance: Mapping[Attendance, int]


@dataclass(frozen=True, slots=True)
class Funnel:
    """The way from sign-up to place: how many registered, and what became of them."""

    registered: int
    confirmed: int
    offered: int
    waiting: int
    interested: int
    declined: int
    withdrawn: int


@dataclass(frozen=True, slots=True)
class Report:
    """A project in numbers.

    Args:
        project_id: which.
        sessions: in the order of their time.
        funnel: the way from sign-up to place.
        balance: how many there are of each value of each attribute, of all with a place.
        satisfaction: how far wishes came true.
        satisfaction_of: the same for each value of each attribute.
        unmet: what is missed now of the bounds of the newest allocation.
    """

    project_id: str
    sessions: tuple[SessionReport, ...]
    funnel: Funnel
    balance: Mapping[str, Mapping[str, int]]
    satisfaction: Satisfaction
    satisfaction_of: Mapping[str, Mapping[str, Satisfaction]]
    unmet: tuple[Unmet, ...]


def report(state: ProjectState) -> Report:
    """A project in numbers, as it is now."""
    placed: dict[str, list[Registration]] = {session_id: [] for session_id in state.sessions}
    for registration in state.registrations.values():
        if registration.place is not None:
            placed[registration.place].append(registration)
    taking_part = [one for one in state.registrations.values() if one.decision in _TAKING_PART]
    wished = _wished(taking_part)
    statuses = Counter(registration.status for registration in state.registrations.values())
    return Report(
        project_id=state.project_id,
        sessions=tuple(_session(state, session, placed[session.id], wished) for session in state.in_order()),
        funnel=Funnel(registered=len(state.registrations), **{status.value: statuses[status] for status in Status}),
        balance=_balance(state, [one for having in placed.values() for one in having]),
        satisfaction=_satisfaction(taking_part),
        satisfaction_of={
            name: {value: _satisfaction(some) for value, some in sorted(values.items())}
            for name, values in sorted(_by_attribute(state, taking_part).items())
        },
        unmet=tuple(_unmet(state, taking_part)),
    )


def _session(
    state: ProjectState, session: Session, having: list[Registration], wished: Mapping[tuple[str, int], int]
) -> SessionReport:
    return SessionReport(
        session=session,
        confirmed=len(having),
        waiting=len(state.waiting(session.id)),
        left=state.places_left(session.id),
        viable=session.status is not SessionStatus.CANCELLED and len(having) >= session.minimum,
        balance=_balance(state, having),
        wished=_in_order({rank: number for (wish, rank), number in wished.items() if wish == session.id}),
        satisfaction=_satisfaction(having),
        attendance=_attendance(having),
    )


def _attendance(having: Iterable[Registration]) -> Mapping[Attendance, int]:
    counted = Counter(one.attendance for one in having)
    return {came: counted[came] for came in Attendance if counted[came]}


def _wished(people: Iterable[Registration]) -> Mapping[tuple[str, int], int]:
    """How often each session is wished for, by session and rank."""
    return Counter((wish, rank) for one in people for rank, wish in enumerate(one.wishes))


def _satisfaction(people: Iterable[Registration]) -> Satisfaction:
    granted, elsewhere, none = Counter[int](), 0, 0
    for one in people:
        if one.place is None:
            none += 1
        elif one.place in one.wishes:
            granted[one.wishes.index(one.place)] += 1
        else:
            elsewhere += 1
    return Satisfaction(_in_order(granted), elsewhere, none)


def _in_order(numbers: Mapping[int, int]) -> tuple[int, ...]:
    """Numbers by rank, from the first to the last that there is."""
    return tuple(numbers.get(rank, 0) for rank in range(max(numbers, default=-1) + 1))


def _by_attribute(state: ProjectState, people: Iterable[Registration]) -> dict[str, dict[str, list[Registration]]]:
    found: dict[str, dict[str, list[Registration]]] = {}
    for one in people:
        for name, value in state.people[one.person].attributes.items():
            found.setdefault(name, {}).setdefault(value, []).append(one)
    return found


def _unmet(state: ProjectState, people: Iterable[Registration]) -> Iterator[Unmet]:
    """What is missed of the newest allocation's bounds, in the sessions that are not cancelled."""
    newest = max(state.allocations.values(), key=lambda one: one.number, default=None)
    if newest is None:
        return
    by_attribute = _by_attribute(state, people)
    running = [one.id for one in state.in_order() if one.status is not SessionStatus.CANCELLED]
    for number, bound in enumerate(newest.bounds):
        known = by_attribute.get(bound.attribute, {})
        for value in sorted(known) if bound.value is None else (bound.value,):
            counted = Counter(one.place for one in known.get(value, ()))
            for session_id in (id for id in running if not bound.sessions or id in bound.sessions):
                missing = max(0, bound.at_least - counted[session_id])
                over = 0 if bound.at_most is None else max(0, counted[session_id] - bound.at_most)
                if missing or over:
                    yield Unmet(number, session_id, value, missing, over)


def _balance(state: ProjectState, having: list[Registration]) -> Mapping[str, Mapping[str, int]]:
    return {
        name: {value: len(some) for value, some in sorted(values.items())}
        for name, values in sorted(_by_attribute(state, having).items())
    }
