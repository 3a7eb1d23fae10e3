"""Giving a free place to somebody: the one place where it is done.

Every command that frees a place, or adds one, calls `fill`. The first in line gets it who can take
it: people who lost a place that is no longer there come first, then the order of arrival. Nobody's move
is undone for somebody else's, and whoever moves frees a place that is filled in its turn.

A project may want places to be offered, or to wait for an organiser. Then nobody moves up by themselves, and
whoever comes later gets no free place that somebody in line could take.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from insight_sessions.commands.base import Facts
from insight_sessions.domain.offering import deadline
from insight_sessions.domain.project import Project
from insight_sessions.domain.registration import Decision, Offer, Registration

if TYPE_CHECKING:
    from insight_sessions.domain.session import Session
    from insight_sessions.domain.state import ProjectState


def is_recent(registration: Registration, project: Project, now: datetime) -> bool:
    """Whether somebody's eligibility was checked recently enough to rely on."""
    if project.recheck_days is None:
        return True
    return now - registration.checked_at <= timedelta(days=project.recheck_days)


def is_current(registration: Registration, project: Project, now: datetime) -> bool:
    """Whether somebody can be given a place by what we know of them now."""
    return not registration.barred and is_recent(registration, project, now)


def first_free(
    state: ProjectState, person_id: str, wishes: Iterable[str], now: datetime, held: str | None = None
) -> str | None:
    """The first session of somebody's wishes that has a place they can take.

    Args:
        state: the project.
        person_id: whose wishes they are.
        wishes: sessions, in order of preference.
        now: the present, in UTC.
        held: a session in which a place is held for them.
    """
    for session_id in wishes:
        session = state.sessions[session_id]
        has_room = session_id == held or state.has_room(session)
        if has_room and session.is_open_at(now) and state.may_take(person_id, session):
            return session_id
    return None


def first_unclaimed(state: ProjectState, person_id: str, wishes: Iterable[str], now: datetime) -> str | None:
    """The same for somebody who asks only now: not where a place is free for those who wait already."""
    if state.definition.fill != "confirm":
        wishes = (wish for wish in wishes if next(_ready(state, wish, now), None) is None)
    return first_free(state, person_id, wishes, now)


def checked(state: ProjectState, registration: Registration, facts: Facts) -> ProjectState:
    """The state with what was found out again about somebody.

    While they have a place their name and address stay: their calendar knows them by these, and only a correction
    that cancels the old invite may change that.
    """
    if facts.member is not None:
        known = state.people[registration.person]
        renewed = known.renewed(facts.member) if registration.place else known.corrected(facts.member)
        renewed = renewed.with_past(facts.past)
        state = state if renewed == known else state.put(renewed)
    return state.put(registration.but(checked_at=facts.checked_at, barred=bool(facts.objections)))


def seated(registration: Registration, session_id: str) -> Registration:
    """The registration with a place in a session."""
    return registration.but(
        place=session_id, offer=None, decision=Decision.ACCEPTED, displaced=False, switching=False, attendance=None
    )


def offered(registration: Registration, session_id: str, until: datetime) -> Registration:
    """The registration with a place that is held for it until a moment."""
    return registration.but(offer=Offer(session_id, until), decision=Decision.ACCEPTED)


def released(registration: Registration, decision: Decision) -> Registration:
    """The registration without a place, and without a wait for one."""
    return registration.but(
        decision=decision, place=None, offer=None, displaced=False, switching=False, attendance=None
    )


def displace(state: ProjectState, people: Iterable[Registration], now: datetime) -> ProjectState:
    """Take a place away that is no longer there: another of their sessions, else first in line.

    What a place is worth does not depend on how free ones are filled: another one is theirs at once, and so is the one
    that is held for them.
    """
    freed: list[str] = []
    for one in people:
        others = (wish for wish in one.wishes if wish != one.place)
        held = None if one.offer is None else one.offer.session
        free = None if one.barred else first_free(state, one.person, others, now, held)
        if free is None:
            lost = one.but(decision=Decision.ACCEPTED, place=None, switching=False, displaced=True, attendance=None)
            state = state.put(lost)
        else:
            state = state.put(seated(one, free))
            freed += [held] if held is not None and held != free else []
    return fill(state, freed, now)


def taken_back(state: ProjectState, people: Iterable[Registration], now: datetime) -> ProjectState:
    """Take offers back that cannot stand: these people wait again, where they stood."""
    again: list[str] = []
    for one in people:
        after = one.but(offer=None)
        state = state.put(after)
        again += (*one.holds[-1:], *after.waits_for)
    return fill(state, again, now)


def fill(state: ProjectState, freed: Iterable[str], now: datetime) -> ProjectState:
    """Give the free places of these sessions, and those that this frees, to people in line, or offer them."""
    policy = state.definition.fill
    waiting = [] if policy == "manual" else list(dict.fromkeys(freed))
    lines: dict[str, Iterator[Registration]] = {}
    while waiting:
        session_id = waiting.pop(0)
        if not state.has_line(session_id):
            continue
        session = state.session(session_id)
        if not session.is_open_at(now):
            continue
        # Nobody joins a line meanwhile, so each is walked once, however often its session comes up again.
        line = lines.setdefault(session_id, _ready(state, session_id, now))
        if policy == "offer":
            state = _offer(state, session, line, now)
            continue
        while state.has_room(session):
            found = next((one for one in line if session_id in state.registrations[one.id].waits_for), None)
            if found is None:
                break
            found = state.registrations[found.id]
            if found.place is not None and found.place not in waiting:
                waiting.append(found.place)
            state = state.put(seated(found, session_id))
    return state


def _offer(state: ProjectState, session: Session, line: Iterator[Registration], now: datetime) -> ProjectState:
    """Offer the free places of a session to those in its line for whom it is not too late."""
    definition = state.definition
    held = deadline(definition, session, now)
    while held is not None and state.has_room(session):
        found = next((one for one in line if session.id in state.registrations[one.id].waits_for), None)
        if found is None:
            break
        place = None if found.place is None else state.session(found.place)
        until = held if place is None else deadline(definition, session, now, place)
        if until is not None:
            state = state.put(offered(state.registrations[found.id], session.id, until))
    return state


def _ready(state: ProjectState, session_id: str, now: datetime) -> Iterator[Registration]:
    """Who is in line, with facts that are current and a present place that has not begun; each looked at once."""
    definition = state.definition
    for registration in state.line(session_id):
        if is_current(registration, definition, now) and not state.has_begun(registration, now):
            yield registration
