"""What would become of what is open now: rules write nothing, so anything can be tried, and histories stay the same."""

from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from insight_sessions.commands.attendance import RecordAttendance
from insight_sessions.commands.base import Command, Facts
from insight_sessions.commands.offering import RefuseOffer
from insight_sessions.commands.passing import LetTimePass
from insight_sessions.commands.sessions import RescheduleSession
from insight_sessions.domain.registration import Attendance, Registration
from insight_sessions.domain.session import SessionStatus
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import Refusal
from insight_sessions.runtime import Moment
from insight_sessions.testing.invariants_answers import check_lapsed, check_moved, check_refused
from insight_sessions.testing.world import expect


def check_what_if(state: ProjectState, now: datetime) -> None:
    """If somebody refused their offer, or did not answer, or its session came soon; or attendance came too early."""
    for one in state.registrations.values():
        if one.offer is not None and one.offer.until > now:
            _if_refused(state, one, now)
            _if_nobody_answers(state, one, one.offer.until)
            _if_it_came_soon(state, one.offer.session, now)
        for session in state.sessions.values():
            early = one.place == session.id and session.is_open_at(now)
            elsewhere = one.place != session.id and session.status is SessionStatus.HELD
            if early or elsewhere:
                _if_they_came(state, session.id, one.id, now)
                break


def _tried(state: ProjectState, command: Command[Any], now: datetime) -> ProjectState:
    """The project as a command would leave it; as it is, when the command would be refused."""
    try:
        return command.rule(state, Facts(now), Moment(now, str)).state
    except (Refusal, ValidationError):  # at the door, too: two hours from now may be a time that the clocks skip
        return state


def _if_refused(state: ProjectState, one: Registration, now: datetime) -> None:
    after = _tried(state, RefuseOffer(project_id=state.project_id, registration_id=one.id), now)
    check_refused(one, after.registrations[one.id])


def _if_nobody_answers(state: ProjectState, one: Registration, until: datetime) -> None:
    after = _tried(state, LetTimePass(project_id=state.project_id), until)
    check_lapsed(state, one, after.registrations[one.id])


def _if_it_came_soon(state: ProjectState, session_id: str, now: datetime) -> None:
    session = state.sessions[session_id]
    sooner = session.starts - (session.begins - now) + timedelta(hours=2)
    starts = sooner.replace(second=0, microsecond=0)
    command = RescheduleSession(project_id=state.project_id, session_id=session_id, starts=starts)
    check_moved(state, _tried(state, command, now))


def _if_they_came(state: ProjectState, session_id: str, registration_id: str, now: datetime) -> None:
    command = RecordAttendance(
        project_id=state.project_id, session_id=session_id, attendance={registration_id: Attendance.ATTENDED}
    )
    refused = _tried(state, command, now) is state
    expect(refused, "nobody attends before a session begins, or without a place in it", registration_id)
