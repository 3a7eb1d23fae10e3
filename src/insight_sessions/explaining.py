"""Why somebody's registration is as it is, in codes and in sentences."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from insight_sessions.commands.filling import is_current
from insight_sessions.domain.registration import Registration, Status
from insight_sessions.domain.session import Session, SessionStatus
from insight_sessions.domain.state import ProjectState


@dataclass(frozen=True, slots=True)
class Because:
    """One reason.

    Args:
        code: stable and machine-readable.
        sentence: the same for a person to read.
        session: the session it is about, if it is about one.
    """

    code: str
    sentence: str
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a registration is as it is.

    Args:
        status: what it is; None when there is none.
        position: the best place in any line they wait in, from 1; None when they do not wait.
        reasons: why, the most telling first.
    """

    status: Status | None
    position: int | None
    reasons: tuple[Because, ...]


_ANSWERED: Final = {
    "ACCEPTED": "Their calendar answered ACCEPTED, so they mean to come.",
    "TENTATIVE": "Their calendar answered TENTATIVE, so they may come.",
    "DECLINED": "Their calendar answered DECLINED, and the place is theirs until they give it up.",
}


def explain(state: ProjectState, registration: Registration | None, now: datetime) -> Explanation:
    """Why somebody's part in a project is as it is.

    Args:
        state: the project.
        registration: theirs, or None when they have none.
        now: the present, in UTC.
    """
    if registration is None:
        return Explanation(None, None, (Because("not_registered", "There is no registration for this project."),))
    places = _positions(state, registration)
    reasons = (*_standing(state, registration, places), *_waiting(state, registration, places, now))
    return Explanation(registration.status, min(places.values(), default=None), reasons)


def _positions(state: ProjectState, registration: Registration) -> dict[str, int]:
    found: dict[str, int] = {}
    for session_id in registration.waits_for:
        for position, other in enumerate(state.line(session_id), 1):
            if other.id == registration.id:
                found[session_id] = position
    return found


def _standing(state: ProjectState, registration: Registration, places: dict[str, int]) -> Iterator[Because]:
    match registration.status:
        case Status.CONFIRMED:
            yield Because("has_place", "The place is confirmed.", registration.place)
            yield from _answer(registration)
        case Status.INTERESTED:
            yield Because("not_decided", "The interest was received; the organisers have not decided yet.")
        case Status.DECLINED if state.definition.cancelled is not None:
            yield Because("project_cancelled", "The project was cancelled.")
        case Status.DECLINED:
            yield Because("declined", "The organisers could not give a place.")
        case Status.WITHDRAWN:
            yield Because("withdrawn", "The registration was withdrawn.")
        case _ if places:
            yield Because("waiting", "Every place they could take is taken.")
        case _:
            yield Because("nothing_to_wait_for", "None of the sessions they said they can attend is open any more.")
    if registration.displaced and places:
        yield Because("displaced", "They lost a place they had, so they come before everyone who never had one.")
    if registration.switching:
        yield Because("switching", "They asked for another session, and keep their place until they have it.")


def _answer(registration: Registration) -> Iterator[Because]:
    if registration.partstat is not None:
        yield Because("calendar_answered", _ANSWERED[registration.partstat])
    elif registration.replied is not None:
        yield Because("earlier_invite_answered", "Their calendar answered an earlier invite, and not this one.")


def _waiting(
    state: ProjectState, registration: Registration, places: dict[str, int], now: datetime
) -> Iterator[Because]:
    if registration.waits_for and registration.barred:
        yield Because("not_eligible", "At the last check they were not eligible, so they are passed over.")
    elif registration.waits_for and not is_current(registration, state.definition, now):
        yield Because("check_due", "Their membership must be checked again before they can get a place.")
    for session_id in registration.waits_for:
        session = state.session(session_id)
        if session_id in places and session.is_open_at(now):
            yield Because("position", f"Number {places[session_id]} in line for {session_id}.", session_id)
        else:
            yield _closed(state, registration, session)


def _closed(state: ProjectState, registration: Registration, session: Session) -> Because:
    """Why somebody is in no line for a session they wish for."""
    if session.status is SessionStatus.CANCELLED:
        return Because("session_cancelled", f"Session {session.id} was cancelled.", session.id)
    if not state.may_take(registration.person, session):
        return Because("membership_lapsed", f"The membership ends before session {session.id}.", session.id)
    return Because("session_begun", f"Session {session.id} has begun.", session.id)
