"""Rosters: everybody of a project or a session, a row each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from insight_sessions.domain.registration import Attendance, Registration, Status
from insight_sessions.domain.state import ProjectState

ABOUT_A_PLACE: Final = (
    "registration",
    "status",
    "place",
    "starts",
    "offered",
    "offered_until",
    "waits_for",
    "arrived",
    "registered_at",
    "calendar",
    "attendance",
)
"""The columns of a roster that say what became of somebody; importing sign-ups leaves them alone."""

_OF_PEOPLE: Final = ("id", "name", "email", "language", "active", "valid_until", "sessions")

EVERY_COLUMN: Final = (*ABOUT_A_PLACE, *_OF_PEOPLE, "attribute:*", "answer:*", "consent:*")
"""The columns of a roster; a star stands for names that depend on the project."""


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One registration with whom it is of; personal data.

    Args:
        registration: our id of it.
        id: the host's id of the member.
        name: what to call them.
        email: where to write to.
        language: of their messages.
        active: whether they were a member when this was last looked up.
        valid_until: the last day of their membership.
        sessions: those they can attend, in order of preference.
        status: what it is to its member.
        place: the session they have a place in.
        starts: when that is, by the clock on the wall there.
        offered: the session they are offered a place in.
        offered_until: until when, in UTC.
        waits_for: the sessions in whose lines they stand.
        arrived: their number in the order of arrival.
        registered_at: when, in UTC.
        calendar: what their calendar answered.
        attendance: what became of it on the day.
        attributes: what the host told about them, by name.
        answers: to the project's questions, by question.
        consents: what they agreed to or not, by purpose; the newest of each.
    """

    registration: str
    id: str
    name: str
    email: str
    language: str
    active: bool
    valid_until: date | None
    sessions: tuple[str, ...]
    status: Status
    place: str | None
    starts: datetime | None
    offered: str | None
    offered_until: datetime | None
    waits_for: tuple[str, ...]
    arrived: int
    registered_at: datetime
    calendar: str | None
    attendance: Attendance | None
    attributes: Mapping[str, str]
    answers: Mapping[str, str]
    consents: Mapping[str, bool]


def roster(state: ProjectState, session_id: str | None = None) -> Iterator[RosterRow]:
    """Everybody of a project by arrival, one after the other.

    Args:
        state: the project.
        session_id: only those who have a place in this session, are offered one, or asked for it and wait.

    Raises:
        NotFound: there is no such session.
    """
    if session_id is not None:
        state.session(session_id)
    consents = _consents(state)
    return (_row(state, one, consents.get(one.person, {})) for one in chosen(state, session_id))


def chosen(state: ProjectState, session_id: str | None) -> list[Registration]:
    """The registrations of a roster, by arrival."""
    some = (
        one
        for one in state.registrations.values()
        if session_id is None or session_id in one.holds or session_id in one.hopes_for
    )
    return sorted(some, key=lambda one: (one.arrived, one.id))


def _consents(state: ProjectState) -> dict[str, dict[str, bool]]:
    """The newest answer of each person to each purpose."""
    newest: dict[str, dict[str, bool]] = {}
    for consent in sorted(state.consents.values(), key=lambda one: one.at):
        newest.setdefault(consent.person, {})[consent.purpose] = consent.given
    return newest


def _row(state: ProjectState, one: Registration, consents: Mapping[str, bool]) -> RosterRow:
    person = state.people[one.person]
    answers = state.answers.get(one.id)
    return RosterRow(
        registration=one.id,
        id=person.member_id,
        name=person.name,
        email=person.email,
        language=person.language,
        active=person.active,
        valid_until=person.valid_until,
        sessions=one.wishes,
        status=one.status,
        place=one.place,
        starts=None if one.place is None else state.session(one.place).starts,
        offered=None if one.offer is None else one.offer.session,
        offered_until=None if one.offer is None else one.offer.until,
        waits_for=one.waits_for,
        arrived=one.arrived,
        registered_at=one.registered_at,
        calendar=one.partstat,
        attendance=one.attendance,
        attributes=person.attributes,
        answers={} if answers is None else answers.answers,
        consents=consents,
    )
