"""What happens because time passes: calls open and close, offers lapse, sessions become held, checks grow old.

The writer lets time pass whenever it holds a project, before any command; ``desk.tick`` does so
for projects where something is due and nobody else came by.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain, islice
from typing import Any

from insight_sessions.commands.base import Command, Facts, Ref, Ruling
from insight_sessions.commands.calls import with_call
from insight_sessions.commands.difference import Cause
from insight_sessions.commands.erasing import SettleFarewell
from insight_sessions.commands.filling import checked, fill
from insight_sessions.commands.following import ForgetUnconfirmed
from insight_sessions.commands.joining import ReleaseDue, releases
from insight_sessions.commands.learning import TellMore, tellings
from insight_sessions.commands.offering import lapse
from insight_sessions.commands.owing import AT_ONCE
from insight_sessions.commands.reminding import RemindDue, reminders_due
from insight_sessions.commands.retaining import ForgetOld, expiries
from insight_sessions.commands.telling import TellDue, told_of_opening
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.notices import NoticeKind, Owed
from insight_sessions.domain.project import CallStatus, Project
from insight_sessions.domain.registration import Registration
from insight_sessions.domain.session import SessionStatus
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import CHECK_FAILED, NotPossible
from insight_sessions.runtime import Moment

MOST_EFFECTS = 500
"""How much may become due in one step: a clock that jumps a year must not hold a project for long."""


class LetTimePass(Command[Project]):
    """Do what has become due, at most `MOST_EFFECTS` of it."""

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Calls first, then sessions that have ended, then offers that nobody answered."""
        del facts
        events: list[Event] = []
        state = _pass_call(state, moment.now, events)
        notices: tuple[Owed, ...] = ()
        if events:
            state, notices = told_of_opening(state, moment)
        ended = [one for one in state.in_order() if one.status is SessionStatus.SCHEDULED and one.ends <= moment.now]
        for session in ended[: MOST_EFFECTS - len(events)]:
            state = state.put(session.model_copy(update={"status": SessionStatus.HELD}))
            events.append(Event(kind=EventKind.SESSION_HELD, at=moment.now, session=session.id))
        late = list(islice(state.offered_until(moment.now), MOST_EFFECTS - len(events)))
        state = lapse(state, late, moment.now)
        cause = Cause(NoticeKind.OFFER_LAPSED) if late else None
        return Ruling(state, Ref("project", state.project_id), tuple(events), cause, notices)


def _pass_call(state: ProjectState, now: datetime, events: list[Event]) -> ProjectState:
    call = state.definition.call
    if call.status is CallStatus.DRAFT and call.opens_at is not None and call.opens_at <= now:
        closes = call.closes_at
        state = with_call(state, CallStatus.OPEN, now)
        events.append(Event(kind=EventKind.CALL_OPENED, at=now))
        if closes is not None and closes <= now:
            state = with_call(state, CallStatus.CLOSED, now)
            events.append(Event(kind=EventKind.CALL_CLOSED, at=now))
    elif call.is_open and call.closes_at is not None and call.closes_at <= now:
        state = with_call(state, CallStatus.CLOSED, now)
        events.append(Event(kind=EventKind.CALL_CLOSED, at=now))
    return state


def _due(state: ProjectState) -> Iterator[datetime]:
    """When calls and sessions need `LetTimePass`."""
    call = state.call
    if call.status is CallStatus.DRAFT and call.opens_at is not None:
        yield call.opens_at
    if call.is_open and call.closes_at is not None:
        yield call.closes_at
    for session in state.sessions.values():
        if session.status is SessionStatus.SCHEDULED:
            yield session.ends
    if state.offers.next is not None:
        yield state.offers.next


def wake_at(state: ProjectState) -> datetime | None:
    """When something next becomes due in a project; None when nothing will."""
    if state.announced is None:
        return None
    told = (due for due, _ in chain(releases(state), reminders_due(state), tellings(state)))
    return min(chain(_due(state), told, _for_followers(state), _forgetting(state)), default=None)


def _for_followers(state: ProjectState) -> Iterator[datetime]:
    """When some are to be told something, and when some are to be forgotten."""
    following = state.following
    if following.unfinished is not None:
        yield AT_ONCE
    if following.forgets_at is not None:
        yield following.forgets_at


def _forgetting(state: ProjectState) -> Iterator[datetime]:
    """When the address of somebody who was erased goes, and when what is held of people does."""
    return chain((one.until for one in state.farewells.values()), expiries(state))


def _forgets(state: ProjectState, now: datetime) -> Command[Any] | None:
    """What is to be forgotten next, if it is time."""
    forgets = state.following.forgets_at
    if forgets is not None and forgets <= now:
        return ForgetUnconfirmed(project_id=state.project_id)
    late = next((one for one in state.farewells.values() if one.until <= now), None)
    if late is not None:
        return SettleFarewell(project_id=state.project_id, registration_id=late.registration)
    return ForgetOld(project_id=state.project_id) if any(due <= now for due in expiries(state)) else None


def due_at(state: ProjectState, now: datetime) -> Command[Any] | None:
    """What time does next to a project, if it has come; calls and sessions first."""
    if state.announced is None:
        return None
    if any(due <= now for due in _due(state)):
        return LetTimePass(project_id=state.project_id)
    for due, session_id in releases(state):
        if due <= now:
            return ReleaseDue(project_id=state.project_id, session_id=session_id)
    for due, session_id in reminders_due(state):
        if due <= now:
            return RemindDue(project_id=state.project_id, session_id=session_id)
    telling = next(tellings(state), None)
    if telling is not None:
        return TellMore(project_id=state.project_id, write_up=telling[1])
    if state.following.unfinished is not None:
        return TellDue(project_id=state.project_id)
    return _forgets(state, now)


class RecheckEligibility(Command[Registration]):
    """Take note of what was found out again about somebody who waits, and fill what is free.

    The desk's ``tick`` does this for people whose facts are older than the project's
    ``recheck_days``.
    """

    registration_id: str

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Their facts are as new as this check; free places go to whoever is first now."""
        registration = state.registration(self.registration_id)
        if not registration.is_live or CHECK_FAILED in facts.objections:
            raise NotPossible("not_checked", "Nothing new was found out about this registration.")
        state = fill(checked(state, registration, facts), registration.waits_for, moment.now)
        happened = Event(
            kind=EventKind.ELIGIBILITY_CHECKED,
            at=moment.now,
            registration=registration.id,
            person=registration.person,
        )
        return Ruling(state, Ref("registration", registration.id), (happened,))
