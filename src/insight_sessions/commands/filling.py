"""Giving a free place to somebody: the one place where it is done.

Every command that frees a place, or adds one, calls `fill`. The first in line gets it who can take
it: people who lost a place to a cancellation come first, then the order of arrival. Nobody's move
is undone for somebody else's, and whoever moves frees a place that is filled in its turn.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from insight_sessions.commands.base import Command, Facts, Ref, Ruling
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.member import Person
from insight_sessions.domain.project import Project
from insight_sessions.domain.registration import Decision, Registration
from insight_sessions.domain.state import ProjectState
from insight_sessions.runtime import Moment


def is_recent(registration: Registration, project: Project, now: datetime) -> bool:
    """Whether somebody's eligibility was checked recently enough to rely on."""
    if project.recheck_days is None:
        return True
    return now - registration.checked_at <= timedelta(days=project.recheck_days)


def is_current(registration: Registration, project: Project, now: datetime) -> bool:
    """Whether somebody can be given a place by what we know of them now."""
    return not registration.barred and is_recent(registration, project, now)


def first_free(state: ProjectState, registration: Registration, now: datetime) -> str | None:
    """The first session of somebody's wishes that has a place they can take."""
    for session_id in registration.wishes:
        session = state.sessions[session_id]
        if session.is_open_at(now) and state.has_room(session_id) and state.may_take(registration, session):
            return session_id
    return None


def seated(registration: Registration, session_id: str) -> Registration:
    """The registration with a place in a session."""
    return replace(
        registration, place=session_id, decision=Decision.ACCEPTED, displaced=False, switching=False, attendance=None
    )


def fill(state: ProjectState, freed: Iterable[str], now: datetime) -> ProjectState:
    """Give the free places of these sessions, and those that this frees, to people in line."""
    waiting = list(dict.fromkeys(freed))
    while waiting:
        session_id = waiting.pop(0)
        if not state.session(session_id).is_open_at(now):
            continue
        while state.has_room(session_id):
            found = _next_in_line(state, session_id, now)
            if found is None:
                break
            if found.place is not None and found.place not in waiting:
                waiting.append(found.place)
            state = state.put(seated(found, session_id))
    return state


def _next_in_line(state: ProjectState, session_id: str, now: datetime) -> Registration | None:
    """The first in line whose facts are current, and whose present place has not begun."""
    definition = state.definition
    for registration in state.line(session_id):
        begun = registration.place is not None and not state.session(registration.place).is_open_at(now)
        if is_current(registration, definition, now) and not begun:
            return registration
    return None


class RecheckEligibility(Command[Registration]):
    """Take note of what was found out again about somebody who waits, and fill what is free.

    The desk's ``tick`` does this for people whose facts are older than the project's
    ``recheck_days``.
    """

    registration_id: str

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Their facts are as new as this check; free places go to whoever is first now."""
        registration = state.registration(self.registration_id)
        if facts.member is not None:
            state = state.put(Person.of(facts.member, registration.person))
        barred = bool(facts.objections)
        state = state.put(replace(registration, checked_at=facts.checked_at, barred=barred))
        state = fill(state, registration.waits_for, moment.now)
        happened = Event(
            kind=EventKind.ELIGIBILITY_CHECKED,
            at=moment.now,
            registration=registration.id,
            person=registration.person,
        )
        return Ruling(state, Ref("registration", registration.id), (happened,))
