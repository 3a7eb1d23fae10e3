"""Why somebody's registration is as it is, in codes and in sentences."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from insight_sessions.allocating.ballot import lot
from insight_sessions.commands.filling import is_current
from insight_sessions.domain.allocated import Allocation, Missed, MissedReason, OutcomeReason, PersonOutcome
from insight_sessions.domain.registration import Attendance, Registration, Status
from insight_sessions.domain.session import Session, SessionStatus
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import CHECK_FAILED, LAPSED


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


_CAME: Final = {
    Attendance.ATTENDED: ("attended", "They were there."),
    Attendance.EXCUSED: ("excused", "They said in time that they could not come."),
    Attendance.LATE_CANCEL: ("late_cancel", "They said too late that they could not come."),
    Attendance.ABSENT: ("absent", "They stayed away without a word."),
    Attendance.TURNED_AWAY: ("turned_away", "They came and were not let in."),
}

_CHECK_DUE: Final = Because("check_due", "Their membership must be checked again before they can get a place.")

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
    reasons = (
        *_standing(state, registration, places),
        *_decided_together(state, registration),
        *_waiting(state, registration, places, now),
    )
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
            if registration.attendance is not None:
                yield Because(*_CAME[registration.attendance], registration.place)
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


def _decided_together(state: ProjectState, registration: Registration) -> Iterator[Because]:
    """What allocations and consolidations have to do with it, while it is still as they left it."""
    newest = sorted(state.consolidations.values(), key=lambda one: -one.number)
    move = next((move for one in newest for move in one.moves if move.registration == registration.id), None)
    if move is not None:
        if registration.place is not None and registration.place == move.session:
            said = f"They were moved from {move.origin}, so that every session that runs has enough people."
            yield Because("consolidated", said, registration.place)
        return
    allocations = sorted(state.allocations.values(), key=lambda one: -one.number)
    found = next((one for one in allocations if registration.id in one.outcomes), None)
    outcome = None if found is None else found.outcome_of(registration.id)
    known = registration.status in {Status.CONFIRMED, Status.WAITING}
    if found is None or outcome is None or not known or outcome.session != registration.place:
        return
    yield _outcome(outcome)
    if found.policy == "lottery":
        yield Because("drawn", f"They were drawn number {_drawn(found, registration.id)} of {len(found.outcomes)}.")
    for missed in outcome.missed:
        yield _missed(missed)


def _outcome(outcome: PersonOutcome) -> Because:
    match outcome.reason:
        case OutcomeReason.PLACE_GIVEN:
            said = f"Places were decided about together, and this is number {outcome.wish} of their wishes."
            return Because("place_given", said, outcome.session)
        case OutcomeReason.ALL_TAKEN:
            return Because("all_taken", "Places were decided about together, and all that they wished for were taken.")
        case OutcomeReason.KEPT_FOR_BALANCE:
            said = (
                "Places were decided about together, and a bound on the mix of people stands between them and a place."
            )
            return Because("kept_for_balance", said)
        case OutcomeReason.NOT_CHOSEN:
            said = "Places were decided about together, and the policy did not give them one that was free."
            return Because("not_chosen", said)
        case _:
            said = "Places were decided about together, and none of the sessions they wished for had places to give."
            return Because("nothing_offered", said)


def _missed(missed: Missed) -> Because:
    """Why somebody did not get a session that they would rather have had."""
    session = missed.session
    match missed.reason:
        case MissedReason.FULL:
            return Because("missed_full", f"Session {session}, which they wished for more, was full.", session)
        case MissedReason.BALANCE:
            said = f"Session {session}, which they wished for more, was not given to them to keep the mix of people."
            return Because("missed_balance", said, session)
        case MissedReason.POLICY:
            said = f"Session {session}, which they wished for more, was not given to them by the policy."
            return Because("missed_policy", said, session)
        case MissedReason.NOT_OFFERED:
            said = f"Session {session}, which they wished for more, had no places to give."
            return Because("missed_not_offered", said, session)
        case _:
            said = f"Session {session}, which they wished for more, is not open to them."
            return Because("missed_not_eligible", said, session)


def _drawn(found: Allocation, registration_id: str) -> int:
    mine = lot(found.seed, registration_id)
    return sum(lot(found.seed, other) <= mine for other in found.outcomes)


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
        yield _CHECK_DUE
    for session_id in registration.hopes_for:
        session = state.session(session_id)
        if session_id in places and session.is_open_at(now):
            yield Because("position", f"Number {places[session_id]} in line for {session_id}.", session_id)
        elif registration.waits_for or session.is_open_at(now):
            yield from _closed(state, registration, session)


def _closed(state: ProjectState, registration: Registration, session: Session) -> Iterator[Because]:
    """Why somebody is in no line for a session they wish for."""
    if session.status is SessionStatus.CANCELLED:
        yield Because("session_cancelled", f"Session {session.id} was cancelled.", session.id)
        return
    against = state.against(registration.person, session)
    for one in against:
        if one == LAPSED:
            yield Because(LAPSED.code, f"The membership ends before session {session.id}.", session.id)
        elif one == CHECK_FAILED:
            yield _CHECK_DUE
        else:
            yield Because(one.code, one.sentence, session.id)
    if registration.waits_for and not against:
        yield Because("session_begun", f"Session {session.id} has begun.", session.id)
