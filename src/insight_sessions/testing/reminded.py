"""What must hold of reminders in a simulated history."""

from collections import Counter
from datetime import datetime
from typing import Any

from insight_sessions.commands.base import Command
from insight_sessions.commands.deciding import Decided
from insight_sessions.commands.reminding import RemindDue, reminders_due
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.state import ProjectState
from insight_sessions.testing.world import expect


def check_reminders(before: ProjectState, command: Command[Any], decided: Decided, now: datetime) -> None:
    """Each reminder of a session reaches whoever has a place once, before it begins, and only if it runs."""
    after = decided.state
    noted = Counter[tuple[str, str]]()
    for id, one in after.reminders.items():
        known = before.reminders.get(id)
        earlier = () if known is None else known.told
        expect(one.told[: len(earlier)] == earlier, "who was reminded stays so", id)
        expect(len(set(one.told)) == len(one.told), "nobody is reminded twice", id)
        noted.update((one.session, who) for who in one.told[len(earlier) :])
    reminded = [owed for owed in decided.notices if owed.kind is NoticeKind.REMINDER]
    told = Counter((owed.slot.id, owed.registration) for owed in reminded if owed.slot is not None)
    expect(told == noted, "whoever is reminded is told so", f"{told} {noted}")
    for session_id, who in told:
        has = after.registrations[who].place == session_id and after.session(session_id).is_open_at(now)
        expect(has, "people are reminded of a place they have, in time", f"{who} {session_id}")
    for event in decided.events:
        if event.kind in {EventKind.SESSION_REMINDED, EventKind.SESSION_BELOW_MINIMUM}:
            session = before.session(event.session or "")
            runs = len(before.holders(session.id)) >= session.minimum
            right = runs == (event.kind is EventKind.SESSION_REMINDED)
            expect(right, "people are reminded if enough of them come, else the organiser is told", session.id)
    if isinstance(command, RemindDue):
        _check_made(before, command.session_id, after, now)


def _check_made(before: ProjectState, session_id: str, after: ProjectState, now: datetime) -> None:
    """Of the reminders whose moment came, the last one reaches everybody, or the organiser."""
    over = {id for id, one in before.reminders.items() if one.over}
    session = after.session(session_id)
    made = [one for id, one in after.reminders.items() if one.session == session_id and one.over and id not in over]
    if not made or not session.is_open_at(now):
        return
    last = min(made, key=lambda one: one.hours)
    holders = {one.id for one in before.holders(session_id)}
    if len(holders) < session.minimum:
        expect(last.warned, "the organiser is told that too few come", last.id)
    else:
        expect(holders.issubset({*last.told, *last.left}), "everybody with a place is reminded", last.id)


def check_reminded(state: ProjectState, now: datetime) -> None:
    """After a tick: no reminder is due."""
    if state.announced is None:  # whoever was to announce the project was killed each time
        return
    due = [session for moment, session in reminders_due(state) if moment <= now]
    expect(not due, "reminders are made in time", str(due))
