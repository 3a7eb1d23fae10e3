"""Giving up sessions that are too small, so that every session that runs is worth running.

What to give up may take long to find. So it is worked out before the project is held, and applied if it is still about
the same people and sessions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from insight_sessions.allocating.consolidation import Plan, Running, Seated
from insight_sessions.commands.allocation import changed
from insight_sessions.commands.base import Command, Facts, Ref, Ruling, refuse_cancelled
from insight_sessions.commands.calls import cancelled
from insight_sessions.commands.difference import Cause
from insight_sessions.commands.filling import fill, seated, taken_back
from insight_sessions.commands.places import refuse_unbookable
from insight_sessions.domain.consolidated import Consolidation, ProposedMove
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.registration import Decision
from insight_sessions.text import Slug, Text

if TYPE_CHECKING:
    from datetime import datetime

    from insight_sessions.domain.registration import Registration
    from insight_sessions.domain.session import Session
    from insight_sessions.domain.state import ProjectState
    from insight_sessions.runtime import Moment


@dataclass(frozen=True, slots=True)
class Room:
    """All that a consolidation rests on.

    Args:
        people: who has a place in a session that is still to come, in the order of arrival.
        sessions: those sessions.
        lines: those of them that somebody waits for.
    """

    people: tuple[Seated, ...]
    sessions: tuple[Running, ...]
    lines: frozenset[str]


@dataclass(frozen=True, slots=True)
class Planned:
    """A consolidation as it was worked out.

    Args:
        room: what it rests on.
        plan: what to give up, and where its people go.
    """

    room: Room
    plan: Plan


class Consolidate(Command[Consolidation]):
    """Give up sessions that are too small, so that every session that runs reaches its minimum.

    Which ones, and who goes where, is found so that the fewest people lose their place, then the fewest are moved to a
    session they like less, then the fewest are moved at all. Preview it first. Everybody is told once: those who
    are moved, with one update of their invite; those for whom there is no other session, who come first on the
    waiting list; and those who had hoped for a session that is given up.

    Args:
        cancel: the sessions to give up, these and no others; the best ones when not given.
        reason: a sentence for the members.
    """

    works_out: ClassVar[bool] = True

    cancel: Annotated[tuple[Slug, ...], Field(max_length=100)] | None = None
    reason: Text = ""

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """What was worked out, if it is still about the people and sessions there are."""
        refuse_cancelled(state.definition)
        for session_id in self.cancel or ():
            refuse_unbookable(state.session(session_id), moment.now)
        found = facts.proposed
        if not isinstance(found, Planned) or found.room != room(state, moment.now):
            raise changed()
        plan = found.plan
        kept = Consolidation(
            id=moment.mint("g-"),
            number=len(state.consolidations) + 1,
            at=moment.now,
            given_up=plan.given_up,
            moves=plan.moves,
            below=plan.below,
            numbers=plan.numbers,
            score=plan.score,
            proven=plan.proven,
        )
        hoping = frozenset(one.id for session_id in plan.given_up for one in state.hoping(session_id))
        state, gone = _given_up(state.put(kept), plan.given_up, self.reason, moment)
        state = after(state, plan, moment.now)
        events = [Event(kind=EventKind.CONSOLIDATED, at=moment.now, outcome=kept.id)]
        events += [Event(kind=EventKind.SESSION_CANCELLED, at=moment.now, session=one.id) for one in gone]
        cause = Cause(NoticeKind.SESSION_CANCELLED, gone[0], hoping, gone[1:]) if gone else None
        return Ruling(state, Ref("consolidation", kept.id), tuple(events), cause)


def room(state: ProjectState, now: datetime, pinned: Collection[str] = ()) -> Room:
    """Who has a place in a session that is still to come, and what these sessions are.

    Args:
        state: the project.
        now: the present, in UTC.
        pinned: the sessions whose people stay there unless it is given up: those somebody waits for.
    """
    ahead = {one.id: one for one in state.in_order() if one.is_open_at(now)}
    having = [one for one in state.registrations.values() if one.place in ahead]
    people = tuple(
        Seated(one.id, one.place, () if one.place in pinned else _wishes(state, one), one.arrived)
        for one in sorted(having, key=lambda one: one.arrived)
        if one.place is not None
    )
    numbers = Counter(one.place for one in people)
    sessions = tuple(_running(state, one, numbers[one.id]) for one in ahead.values())
    return Room(people, sessions, frozenset(id for id in ahead if state.has_line(id)))


def _wishes(state: ProjectState, one: Registration) -> tuple[str, ...]:
    """Where somebody may be moved to."""
    return () if one.barred else tuple(wish for wish in one.wishes if state.may_take(one.person, state.sessions[wish]))


def _running(state: ProjectState, session: Session, people: int) -> Running:
    """A session, with as many places as are not held for those to whom they are offered."""
    left = state.places_left(session.id)
    return Running(session.id, None if left is None else left + people, session.minimum)


def _given_up(
    state: ProjectState, session_ids: Collection[str], reason: str, moment: Moment
) -> tuple[ProjectState, tuple[Session, ...]]:
    gone = tuple(cancelled(state, state.session(id), reason, moment.now) for id in session_ids)
    for one in gone:
        state = state.put(one)
    return state, gone


def after(state: ProjectState, plan: Plan, now: datetime) -> ProjectState:
    """The state with everybody moved, and with places that this frees given to those in line.

    Args:
        state: the project, in which the sessions are given up already.
        plan: who goes where.
        now: the present, in UTC.
    """
    offered = [one for id in plan.given_up for one in state.hoping(id) if id in one.holds and id != one.place]
    freed = dict.fromkeys(move.origin for move in plan.moves)
    for move in plan.moves:
        one = state.registrations[move.registration]
        state = state.put(_moved(one, move))
        freed.update(dict.fromkeys(one.holds))
    state = fill(state, [id for id in freed if id not in plan.given_up], now)
    left = (state.registrations[one.id] for one in offered)
    return taken_back(state, [one for one in left if one.offer is not None], now)


def _moved(one: Registration, move: ProposedMove) -> Registration:
    if move.session is not None:
        return seated(one, move.session)
    return one.but(decision=Decision.ACCEPTED, place=None, switching=False, displaced=True)
