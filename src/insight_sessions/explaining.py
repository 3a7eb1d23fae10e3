"""Why somebody's registration is as it is, in codes and in sentences.

The sentences are for the person themselves. They say how many others there are, and never who.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from insight_sessions.allocating.ballot import lot
from insight_sessions.commands.filling import is_current
from insight_sessions.domain.allocated import Allocation, Missed, MissedReason, OutcomeReason, PersonOutcome
from insight_sessions.domain.offering import deadline
from insight_sessions.domain.registration import Attendance, Registration, Status
from insight_sessions.domain.session import Session, SessionStatus
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import CHECK_FAILED, LAPSED
from insight_sessions.wording.naming import counted, ordinal, short_name
from insight_sessions.wording.times import at


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
    Attendance.ATTENDED: ("attended", "You were there."),
    Attendance.EXCUSED: ("excused", "You said in time that you could not come."),
    Attendance.LATE_CANCEL: ("late_cancel", "You said too late that you could not come."),
    Attendance.ABSENT: ("absent", "You stayed away without a word."),
    Attendance.TURNED_AWAY: ("turned_away", "You came and were not let in."),
}

_CHECK_DUE: Final = Because("check_due", "Your membership must be checked again before you can get a place.")

_ANSWERED: Final = {
    "ACCEPTED": "Your calendar answered ACCEPTED, so you mean to come.",
    "TENTATIVE": "Your calendar answered TENTATIVE, so you may come.",
    "DECLINED": "Your calendar answered DECLINED, and the place is yours until you give it up.",
}


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where somebody stands in one line.

    Args:
        position: from 1.
        elsewhere: how many of those before them are in line for each other session, too.
    """

    position: int
    elsewhere: Counter[str]


def explain(state: ProjectState, registration: Registration | None, now: datetime) -> Explanation:
    """Why somebody's part in a project is as it is.

    Args:
        state: the project.
        registration: theirs, or None when they have none.
        now: the present, in UTC.
    """
    if registration is None:
        return Explanation(None, None, (Because("not_registered", "You have not registered for this project."),))
    lines = _lines(state, registration, now)
    reasons = (
        *_standing(state, registration, lines, now),
        *_decided_together(state, registration),
        *_waiting(state, registration, lines, now),
    )
    position = min((line.position for line in lines.values()), default=None)
    return Explanation(registration.status, position, reasons)


def _lines(state: ProjectState, registration: Registration, now: datetime) -> dict[str, _Standing]:
    if not registration.waits_for:
        return {}
    open_ones = (one.id for one in state.sessions.values() if one.is_open_at(now))
    lines = {session_id: [one.id for one in state.line(session_id)] for session_id in open_ones}
    found: dict[str, _Standing] = {}
    for session_id in registration.waits_for:
        line = lines.get(session_id, [])
        if registration.id in line:
            before = set(line[: line.index(registration.id)])
            others = {id: len(before.intersection(other)) for id, other in lines.items() if id != session_id}
            found[session_id] = _Standing(len(before) + 1, Counter(others))
    return found


def _standing(
    state: ProjectState, registration: Registration, lines: dict[str, _Standing], now: datetime
) -> Iterator[Because]:
    match registration.status:
        case Status.CONFIRMED:
            where = _name(state, registration.place or "")
            yield Because("has_place", f"You have a place on {where}.", registration.place)
            if registration.attendance is not None:
                yield Because(*_CAME[registration.attendance], registration.place)
            yield from _answer(registration)
        case Status.INTERESTED:
            yield Because("not_decided", "Your interest was received; the organisers have not decided yet.")
        case Status.DECLINED if state.definition.cancelled is not None:
            yield Because("project_cancelled", "The project was cancelled.")
        case Status.DECLINED:
            yield Because("declined", "The organisers could not give you a place.")
        case Status.WITHDRAWN:
            yield Because("withdrawn", "You are no longer taking part.")
        case Status.OFFERED:
            pass
        case _ if lines:
            yield Because("waiting", "There is no place for you at the moment.")
        case _:
            yield Because("nothing_to_wait_for", "None of the sessions you said you can attend is open any more.")
    yield from _besides(state, registration, lines, now)


def _besides(
    state: ProjectState, registration: Registration, lines: dict[str, _Standing], now: datetime
) -> Iterator[Because]:
    """What may be so beside a place, or without one."""
    if registration.offer is not None:
        held = state.slots[registration.offer.session]
        until = at(registration.offer.until, held.timezone)
        said = f"A place on {_name(state, held.id)} is held for you. You can take it until {until}."
        if registration.offer.until <= now:  # and nobody has looked after the project since
            said = f"A place on {_name(state, held.id)} was held for you, and you could take it until {until}."
        yield Because("offered", said, held.id)
    if registration.displaced and lines:
        yield Because("displaced", "You lost a place you had, so you come before everyone who never had one.")
    if registration.switching:
        yield Because("switching", "You asked for another session, and keep your place until you have it.")


def _decided_together(state: ProjectState, registration: Registration) -> Iterator[Because]:
    """What allocations and consolidations have to do with it, while it is still as they left it."""
    newest = sorted(state.consolidations.values(), key=lambda one: -one.number)
    move = next((move for one in newest for move in one.moves if move.registration == registration.id), None)
    if move is not None:
        if registration.place is not None and registration.place == move.session:
            said = (
                f"You were moved from {_name(state, move.origin)}, so that every session that runs has enough people."
            )
            yield Because("consolidated", said, registration.place)
        return
    allocations = sorted(state.allocations.values(), key=lambda one: -one.number)
    found = next((one for one in allocations if registration.id in one.outcomes), None)
    outcome = None if found is None else found.outcome_of(registration.id)
    known = registration.status in {Status.CONFIRMED, Status.WAITING}
    if found is None or outcome is None or not known or not outcome.is_about(registration.wishes, registration.place):
        return
    yield _outcome(outcome)
    if found.policy == "lottery":
        yield Because("drawn", f"You were drawn number {_drawn(found, registration.id)} of {len(found.outcomes)}.")
    for missed in outcome.missed:
        yield _missed(state, missed)


def _outcome(outcome: PersonOutcome) -> Because:
    match outcome.reason:
        case OutcomeReason.PLACE_GIVEN:
            said = f"Places were decided about together, and this is number {outcome.wish} of your wishes."
            return Because("place_given", said, outcome.session)
        case OutcomeReason.ALL_TAKEN:
            return Because("all_taken", "Places were decided about together, and all that you wished for were taken.")
        case OutcomeReason.KEPT_FOR_BALANCE:
            said = (
                "Places were decided about together, and a bound on the mix of people stands between you and a place."
            )
            return Because("kept_for_balance", said)
        case OutcomeReason.NOT_CHOSEN:
            said = "Places were decided about together, and the policy did not give you one that was free."
            return Because("not_chosen", said)
        case _:
            said = "Places were decided about together, and none of the sessions you wished for had places to give."
            return Because("nothing_offered", said)


def _missed(state: ProjectState, missed: Missed) -> Because:
    """Why somebody did not get a session that they would rather have had."""
    session, name = missed.session, f"The session on {_name(state, missed.session)}"
    match missed.reason:
        case MissedReason.FULL:
            return Because("missed_full", f"{name}, which you wished for more, was full.", session)
        case MissedReason.BALANCE:
            said = f"{name}, which you wished for more, was not given to you to keep the mix of people."
            return Because("missed_balance", said, session)
        case MissedReason.POLICY:
            said = f"{name}, which you wished for more, was not given to you by the policy."
            return Because("missed_policy", said, session)
        case MissedReason.NOT_OFFERED:
            said = f"{name}, which you wished for more, had no places to give."
            return Because("missed_not_offered", said, session)
        case _:
            said = f"{name}, which you wished for more, is not open to you."
            return Because("missed_not_eligible", said, session)


def _drawn(found: Allocation, registration_id: str) -> int:
    mine = lot(found.seed, registration_id)
    return sum(lot(found.seed, other) <= mine for other in found.outcomes)


def _answer(registration: Registration) -> Iterator[Because]:
    if registration.partstat is not None:
        yield Because("calendar_answered", _ANSWERED[registration.partstat])
    elif registration.replied is not None:
        yield Because("earlier_invite_answered", "Your calendar answered an earlier invite, and not this one.")


def _waiting(
    state: ProjectState, registration: Registration, lines: dict[str, _Standing], now: datetime
) -> Iterator[Because]:
    undecided = registration.status is Status.INTERESTED and state.definition.places == "allocation"
    if (registration.waits_for or undecided) and registration.barred:
        yield Because("not_eligible", "At the last check you were not eligible, so you are passed over.")
    elif (registration.waits_for or undecided) and not is_current(registration, state.definition, now):
        yield _CHECK_DUE
    if lines and state.definition.fill == "manual":
        yield Because("organiser_decides", "The organisers decide who gets a place that becomes free.")
    for session_id in registration.hopes_for:
        session = state.session(session_id)
        if session_id in lines:
            yield Because("position", _position(state, session_id, lines[session_id]), session_id)
            yield from _held_up(state, registration, session, now)
        elif registration.waits_for or session.is_open_at(now):
            yield from _closed(state, registration, session)


def _position(state: ProjectState, session_id: str, line: _Standing) -> str:
    """Where somebody stands, and how many of those before them may get a place elsewhere."""
    said = f"You are {ordinal(line.position)} in line for {_name(state, session_id)}"
    # The session that most of them also wait for; of several, the earliest.
    most = max(line.elsewhere.values(), default=0)
    if not most:
        return f"{said}."
    other = next(one.id for one in state.in_order() if line.elsewhere[one.id] == most)
    before = "the person" if line.position == 2 else f"{counted(most)} of the people"
    return f"{said}; {before} before you could also attend {_name(state, other)}."


def _held_up(state: ProjectState, registration: Registration, session: Session, now: datetime) -> Iterator[Because]:
    """Why nobody moves up, although a place is free or somebody has left."""
    over = -(state.places_left(session.id) or 0)
    if over > 0:
        said = f"On {_name(state, session.id)} there are {over:,} more people than places, so nobody can be let in yet."
        yield Because("session_overfull", said, session.id)
    place = None if registration.place is None else state.session(registration.place)
    if state.definition.fill == "offer" and deadline(state.definition, session, now, place) is None:
        said = f"It is too late to offer a place on {_name(state, session.id)}; the organisers may still give one."
        yield Because("too_late_to_offer", said, session.id)


def _closed(state: ProjectState, registration: Registration, session: Session) -> Iterator[Because]:
    """Why somebody is in no line for a session they wish for."""
    name = _name(state, session.id)
    if session.status is SessionStatus.CANCELLED:
        yield Because("session_cancelled", f"The session on {name} was cancelled.", session.id)
        return
    against = state.against(registration.person, session)
    for one in against:
        if one == LAPSED:
            yield Because(LAPSED.code, f"Your membership ends before the session on {name}.", session.id)
        elif one == CHECK_FAILED:
            yield _CHECK_DUE
        else:
            yield Because(one.code, one.sentence, session.id)
    if registration.waits_for and not against:
        yield Because("session_begun", f"The session on {name} has begun.", session.id)


def _name(state: ProjectState, session_id: str) -> str:
    """A session by its day."""
    return short_name(state.slots[session_id], state.slots.values())
