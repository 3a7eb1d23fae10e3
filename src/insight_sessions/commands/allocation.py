"""Deciding about places together: everybody who takes part at once, by preference and balance.

Working it out may take long. So it is done before the project is held, on a state that others go on changing; the rule
looks whether all that it rests on is still the same, and applies it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from pydantic import Field

from insight_sessions.allocating.outcome import Allotment
from insight_sessions.commands.base import Command, Facts, Ref, Ruling, refuse_cancelled
from insight_sessions.commands.difference import Cause
from insight_sessions.commands.filling import is_current, seated
from insight_sessions.domain.allocated import Allocation, Missed, MissedReason, PersonOutcome, Unmet, in_short
from insight_sessions.domain.allocation import Bound, Candidate, Room
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.registration import Decision, Registration
from insight_sessions.errors import InsightSessionsError, NotPossible
from insight_sessions.text import Line

if TYPE_CHECKING:
    from datetime import datetime

    from insight_sessions.domain.state import ProjectState
    from insight_sessions.runtime import Moment

_BEFORE_ALL: Final = 1 << 40
"""How far before everybody those come who lost a place that they had."""


@dataclass(frozen=True, slots=True)
class Question:
    """All that an allocation rests on.

    Args:
        candidates: who takes part, in the order of arrival.
        rooms: the sessions with places to give.
    """

    candidates: tuple[Candidate, ...]
    rooms: tuple[Room, ...]

    def is_part_of(self, present: Question) -> bool:
        """Whether nothing of it has changed; people who came since are nothing of it."""
        now = {one.registration: one for one in present.candidates}
        return self.rooms == present.rooms and all(now.get(one.registration) == one for one in self.candidates)


@dataclass(frozen=True, slots=True)
class Allotted:
    """An allocation as it was worked out.

    Args:
        question: what it rests on.
        answer: who would get which place; or why there is no answer.
    """

    question: Question
    answer: Allotment | InsightSessionsError


class Allocate(Command[Allocation]):
    """Decide who gets which place, for everybody at once, in a project with ``places="allocation"``.

    Everybody takes part who has no place and is undecided or waits, unless the last check found them not eligible or is
    older than the project's ``recheck_days``: these are left as they are, and ``tick`` checks them again.
    Whoever has a place, or is offered one, keeps it; so a later allocation is for those who came late, and for places
    that became free. Each person is told once: that they have a place, with an invite, or that there is none yet.

    Args:
        policy: ``first-come``, ``lottery``, ``optimal``, ``balanced``, or the name of one that a plugin brings.
        seed: what the draw begins with; the same seed gives the same places. Choose it before you see who registered.
        balance: what each session should hold, for policies that keep bounds.

    Raises:
        BoundsMissed: hard bounds cannot be kept; nothing is allocated.
        PluginError: the policy is a plugin's, and failed or gave what it must not.
    """

    works_out: ClassVar[bool] = True

    policy: Line
    seed: Annotated[int, Field(strict=True, ge=0, lt=1 << 63)]
    balance: Annotated[tuple[Bound, ...], Field(max_length=100)] = ()

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """What was worked out, if it is still about the people and places there are."""
        project = state.definition
        refuse_cancelled(project)
        if project.places != "allocation":
            raise NotPossible("not_by_allocation", "In this project places are not decided about together.")
        present = question(state, moment.now)
        found = facts.proposed
        if not isinstance(found, Allotted) or not found.question.is_part_of(present):
            raise changed()
        if isinstance(found.answer, InsightSessionsError):
            raise found.answer
        if not found.question.candidates:
            raise _nobody(state)
        wishes = {one.registration: state.registrations[one.registration].wishes for one in found.question.candidates}
        kept = _kept(found.answer, wishes, state, moment)
        state, told = _applied(state.put(kept), wishes, found.answer.places)
        happened = Event(kind=EventKind.ALLOCATED, at=moment.now, outcome=kept.id, policy=kept.policy, seed=kept.seed)
        return Ruling(state, Ref("allocation", kept.id), (happened,), Cause(NoticeKind.NO_PLACE_YET, concerned=told))


def changed() -> NotPossible:
    """The refusal of what was worked out on a state that is no longer so."""
    return NotPossible("changed", "The registrations or sessions changed while this was worked out. Please try again.")


def _nobody(state: ProjectState) -> NotPossible:
    """The refusal when nobody takes part: all who might must be checked again first, or there is nobody."""
    for one in state.registrations.values():
        if _hopes(one) and not one.barred:
            return NotPossible("checks_due", "Everybody who waits for a decision must be checked again first.")
    return NotPossible("nobody_waits", "Nobody waits for a decision.")


def _hopes(one: Registration) -> bool:
    """Whether somebody is to be decided about, if nothing speaks against it."""
    return one.place is None and one.offer is None and bool(one.hopes_for)


def question(state: ProjectState, now: datetime) -> Question:
    """Who would take part in an allocation now, and what there is to give."""
    having: dict[str, list[Mapping[str, str]]] = {session_id: [] for session_id in state.sessions}
    candidates: list[Candidate] = []
    for one in sorted(state.registrations.values(), key=lambda one: one.arrived):
        if one.place is not None:
            having[one.place].append(state.people[one.person].attributes)
        elif _hopes(one) and is_current(one, state.definition, now):
            candidates.append(_candidate(state, one))
    rooms = (
        Room(each.id, state.places_left(each.id), each.minimum, tuple(having[each.id]))
        for each in state.in_order()
        if each.is_open_at(now)
    )
    return Question(tuple(candidates), tuple(rooms))


def _candidate(state: ProjectState, one: Registration) -> Candidate:
    wishes = tuple(wish for wish in one.wishes if state.may_take(one.person, state.sessions[wish]))
    arrived = one.arrived - _BEFORE_ALL if one.displaced else one.arrived
    return Candidate(one.id, wishes, arrived, state.people[one.person].attributes)


def _applied(
    state: ProjectState, candidates: Iterable[str], places: Mapping[str, str]
) -> tuple[ProjectState, frozenset[str]]:
    """The state with the places given, and who must hear that there is none for them."""
    told: set[str] = set()
    for id in candidates:
        one = state.registrations[id]
        session_id = places.get(id)
        if session_id is not None:
            state = state.put(seated(one, session_id))
        elif one.decision is Decision.PENDING:
            state = state.put(one.but(decision=Decision.ACCEPTED))
            told.add(one.id)
    return state, frozenset(told)


def _kept(found: Allotment, wishes: Mapping[str, tuple[str, ...]], state: ProjectState, moment: Moment) -> Allocation:
    people = [_in_full(one, wishes[one.registration]) for one in found.people]
    ranks = Counter(one.wish for one in people if one.wish is not None)
    return Allocation(
        id=moment.mint("a-"),
        number=len(state.allocations) + 1,
        at=moment.now,
        policy=found.policy,
        seed=found.seed,
        bounds=found.bounds,
        ranks=tuple(ranks[wish] for wish in range(1, max(ranks, default=0) + 1)),
        unplaced=len(found.unplaced),
        score=found.score,
        proven=found.proven,
        unmet=tuple(_nameless(found.bounds, found.unmet)),
        costs=found.costs,
        outcomes=in_short(people),
    )


def _in_full(one: PersonOutcome, wishes: tuple[str, ...]) -> PersonOutcome:
    """With those of their wishes that no policy may give them, because something speaks against them there."""
    before = len(wishes) if one.session is None else wishes.index(one.session)
    known = {missed.session: missed for missed in one.missed}
    missed = tuple(known.get(wish, Missed(wish, MissedReason.NOT_ELIGIBLE)) for wish in wishes[:before])
    return replace(one, wish=None if one.session is None else before + 1, missed=missed)


def _nameless(bounds: tuple[Bound, ...], unmet: Iterable[Unmet]) -> Iterator[Unmet]:
    """What is missed, without the values that come from members: they are kept with their person and nowhere else."""
    missing, over = Counter[tuple[int, str]](), Counter[tuple[int, str]]()
    for one in unmet:
        missing[one.bound, one.session] += one.missing
        over[one.bound, one.session] += one.over
    for number, session_id in sorted(missing):
        key = number, session_id
        yield Unmet(number, session_id, bounds[number].value, missing[key], over[key])
