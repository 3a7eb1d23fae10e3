"""What is held of people goes when its time is over, some hundred records in a step, and the journal says how many."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from insight_sessions.commands.base import Command, Facts, Ref, Ruling
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.project import Project
from insight_sessions.domain.retention import Blanks, Drops, Forgets, Goes, rules
from insight_sessions.domain.session import SessionStatus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from insight_sessions.domain.state import ProjectState
    from insight_sessions.domain.thing import Thing
    from insight_sessions.runtime import Moment

MOST_FORGOTTEN: Final = 200
"""How many records are deleted or changed in one step, so that a large project is not held for long."""


class ForgetOld(Command[Project]):
    """Delete what is held of people longer than the project says; time itself does this, so many records in a step."""

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """What is due, and how many of each kind went; nobody is told, for nothing about their part changes."""
        del facts
        gone = Counter[str]()
        for due, goes in _expiries(state):
            left = MOST_FORGOTTEN - gone.total()
            if due <= moment.now and left > 0:
                state = _apply(state, goes, left, gone)
        happened = Event(kind=EventKind.RETENTION_APPLIED, at=moment.now, counts=tuple(sorted(gone.items())))
        return Ruling(state, Ref("project", state.project_id), (happened,))


def expiries(state: ProjectState) -> Iterator[datetime]:
    """When something of people must go; what went already is not due again."""
    # While a session lies ahead nothing is due yet, and nobody need be looked through for every command.
    ahead = any(session.status is SessionStatus.SCHEDULED for session in state.sessions.values())
    for due, goes in _expiries(state):
        if ahead or next(_concerned(state, goes), None) is not None:
            yield due


def retains(state: ProjectState) -> bool:
    """Whether a project says how long anything is kept."""
    return state.announced is not None and state.announced.retention is not None


def is_over(state: ProjectState, kind: str, now: datetime) -> bool:
    """Whether nothing of a kind is kept any more, so that whatever came now would be gone at once."""
    goes: tuple[Goes, ...] = (Drops(kind),) if kind == "follower" else (Drops(kind), Forgets())
    return any(due <= now for due, one in _expiries(state) if one in goes)


def _expiries(state: ProjectState) -> Iterator[tuple[datetime, Goes]]:
    """When what goes, by the project's settings and the end of its last session; nothing before there was one."""
    settings = state.definition.retention
    ends = [session.ends for session in state.sessions.values()]
    if settings is None or not ends:
        return
    asked = [one.feedback_until for one in state.write_ups.values()]
    work = state.definition.work
    windows: dict[Goes, list[datetime | None]] = {
        Drops("feedback"): asked,
        Drops("work"): [None if work is None else work.closes_at],
    }
    for name, goes in rules():
        days: int | None = getattr(settings, name)
        if days is not None:
            later = [end for end in windows.get(goes, ()) if end is not None]
            yield max([*ends, *later]) + timedelta(days=days), goes


def _concerned(state: ProjectState, goes: Goes) -> Iterator[tuple[str, str]]:
    """The records that must go or change, by kind and id."""
    if isinstance(goes, Blanks):
        things = state.kept_as(goes.kind).items()
        yield from ((goes.kind, id) for id, thing in things if _blanked(thing, goes) != thing)
        return
    kind = goes.kind if isinstance(goes, Drops) else "person"
    yield from ((kind, id) for id in state.kept_as(kind))


def _apply(state: ProjectState, goes: Goes, most: int, gone: Counter[str]) -> ProjectState:
    concerned = list(islice(_concerned(state, goes), most))
    if isinstance(goes, Forgets):
        concerned = state.about(*(id for _, id in concerned))
    for kind, id in concerned:
        if isinstance(goes, Blanks):
            state = state.put(_blanked(state.kept_as(kind)[id], goes))
        else:
            state = state.without(kind, id)
        gone[kind] += 1
    return state


def _blanked(thing: Thing, goes: Blanks) -> Thing:
    """The same with nothing in these fields; what has a place in a row leaves the place behind."""
    kept: Any = thing
    blank: dict[str, Any] = {}
    for field in fields(kept):
        if field.name in goes.fields:
            value: Any = getattr(kept, field.name)
            blank[field.name] = tuple("" for _ in value) if field.default == () else field.default
    changed: Thing = replace(kept, **blank)
    return changed
