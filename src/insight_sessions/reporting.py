"""A project in numbers: places, the way from sign-up to place, and who is in the room."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from insight_sessions.domain.registration import Registration, Status
from insight_sessions.domain.session import Session, SessionStatus
from insight_sessions.domain.state import ProjectState


@dataclass(frozen=True, slots=True)
class SessionReport:
    """One session in numbers.

    Args:
        session: what it is.
        confirmed: how many have a place.
        waiting: how many wait for one.
        left: how many places are free; None without a limit.
        viable: whether at least the minimum have a place.
        balance: how many there are of each value of each attribute.
    """

    session: Session
    confirmed: int
    waiting: int
    left: int | None
    viable: bool
    balance: Mapping[str, Mapping[str, int]]


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
    """

    project_id: str
    sessions: tuple[SessionReport, ...]
    funnel: Funnel
    balance: Mapping[str, Mapping[str, int]]


def report(state: ProjectState) -> Report:
    """A project in numbers, as it is now."""
    placed: dict[str, list[Registration]] = {session_id: [] for session_id in state.sessions}
    for registration in state.registrations.values():
        if registration.place is not None:
            placed[registration.place].append(registration)
    statuses = Counter(registration.status for registration in state.registrations.values())
    return Report(
        project_id=state.project_id,
        sessions=tuple(_session(state, session, placed[session.id]) for session in state.in_order()),
        funnel=Funnel(registered=len(state.registrations), **{status.value: statuses[status] for status in Status}),
        balance=_balance(state, [one for having in placed.values() for one in having]),
    )


def _session(state: ProjectState, session: Session, having: list[Registration]) -> SessionReport:
    return SessionReport(
        session=session,
        confirmed=len(having),
        waiting=len(state.waiting(session.id)),
        left=state.places_left(session.id),
        viable=session.status is not SessionStatus.CANCELLED and len(having) >= session.minimum,
        balance=_balance(state, having),
    )


def _balance(state: ProjectState, having: list[Registration]) -> Mapping[str, Mapping[str, int]]:
    counted: dict[str, Counter[str]] = {}
    for registration in having:
        for name, value in state.people[registration.person].attributes.items():
            counted.setdefault(name, Counter())[value] += 1
    return {name: dict(sorted(values.items())) for name, values in sorted(counted.items())}
