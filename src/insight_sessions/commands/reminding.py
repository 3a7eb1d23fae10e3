"""Reminding people of their session: each once, when so many come that it runs; else the organiser hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from insight_sessions.commands.base import Command, Facts, Ref, Ruling
from insight_sessions.commands.owing import AT_ONCE, owed_to
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.notices import NoticeKind, Owed
from insight_sessions.domain.reminding import Reminder, reminder_id
from insight_sessions.domain.session import Session, SessionStatus, Slot
from insight_sessions.text import Slug

if TYPE_CHECKING:
    from insight_sessions.domain.state import ProjectState
    from insight_sessions.runtime import Moment

MOST_TOLD: Final = 500
"""How many people are reminded in one step, so that a large session does not hold its project for long."""


class RemindDue(Command[Session]):
    """Remind people of a session; time itself does this, some hundred people in a step."""

    session_id: Slug

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Of several reminders that are due only the last one is made: those before it are too late."""
        del facts
        session = state.session(self.session_id)
        result = Ref("session", session.id)
        begun = next((one for one in _of(state, session) if one.left), None)
        if begun is not None:
            state, notices = _told(state, session, begun, moment)
            return Ruling(state, result, notices=notices)
        due = [one for one in _of(state, session) if not one.over and one.moment(session) <= moment.now]
        for one in due:
            state = state.put(replace(one, over=True))
        if not due or not session.is_open_at(moment.now):
            return Ruling(state, result)
        return _made(state, session, replace(due[-1], over=True), moment)


def _of(state: ProjectState, session: Session) -> list[Reminder]:
    """The reminders of a session, the earliest first."""
    return [
        state.reminders.get(reminder_id(session.id, hours)) or Reminder(session=session.id, hours=hours)
        for hours in state.definition.reminder_hours
    ]


def _made(state: ProjectState, session: Session, reminder: Reminder, moment: Moment) -> Ruling:
    """To those with a place at this moment, if there are enough of them."""
    result = Ref("session", session.id)
    holders = state.holders(session.id)
    if len(holders) < session.minimum:
        if reminder.warned:
            return Ruling(state, result)
        happened = Event(kind=EventKind.SESSION_BELOW_MINIMUM, at=moment.now, session=session.id)
        warning = owed_to(state, moment, NoticeKind.BELOW_MINIMUM)
        warning = replace(warning, slot=Slot.of(session), people=len(holders), minimum=session.minimum)
        return Ruling(state.put(replace(reminder, warned=True)), result, (happened,), notices=(warning,))
    had = set(reminder.told)
    left = tuple(one.id for one in holders if one.id not in had)
    if not left:
        return Ruling(state, result)
    happened = Event(kind=EventKind.SESSION_REMINDED, at=moment.now, session=session.id)
    state, notices = _told(state, session, replace(reminder, left=left), moment)
    return Ruling(state, result, (happened,), notices=notices)


def _told(
    state: ProjectState, session: Session, reminder: Reminder, moment: Moment
) -> tuple[ProjectState, tuple[Owed, ...]]:
    """The next ones who still have their place, as long as the session has not begun."""
    now, later = reminder.left[:MOST_TOLD], reminder.left[MOST_TOLD:]
    if not session.is_open_at(moment.now):
        return state.put(replace(reminder, left=())), ()
    told = tuple(id for id in now if (one := state.registrations.get(id)) is not None and one.place == session.id)
    slot = Slot.of(session)
    notices = tuple(
        replace(owed_to(state, moment, NoticeKind.REMINDER, state.registrations[id].person, id), slot=slot)
        for id in told
    )
    return state.put(replace(reminder, told=(*reminder.told, *told), left=later)), notices


def reminders_due(state: ProjectState) -> Iterator[tuple[datetime, str]]:
    """When reminders are due, and of which session."""
    for session in state.sessions.values() if state.definition.reminder_hours else ():
        for one in _of(state, session) if session.status is SessionStatus.SCHEDULED else ():
            if one.left:
                yield AT_ONCE, session.id
            elif not one.over:
                yield one.moment(session), session.id


def rearranged(state: ProjectState, session_ids: list[str], now: datetime) -> ProjectState:
    """The reminders of sessions that are new or at another time, or in a project that has other reminders now.

    Whose moment has passed by then is over, for whoever comes has just heard of the session. Whose moment lies ahead
    will be made, to those who did not have it before.
    """
    for id in session_ids:
        session = state.session(id)
        for one in _of(state, session) if session.status is SessionStatus.SCHEDULED else ():
            over = one.moment(session) <= now
            if over is not one.over:
                left = one.left if over else ()
                state = state.put(replace(one, over=over, left=left))
    return state
