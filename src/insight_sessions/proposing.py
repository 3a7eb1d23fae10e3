"""Working out, on a state that nobody holds, what takes long: who gets which place, and which sessions to give up."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from insight_sessions.allocating.consolidating import consolidate
from insight_sessions.allocating.consolidation import Plan
from insight_sessions.allocating.deciding import BUILT_IN, decide_together, policy_named
from insight_sessions.commands.allocation import Allocate, Allotted, question
from insight_sessions.commands.base import Command
from insight_sessions.commands.calls import cancelled
from insight_sessions.commands.consolidation import Consolidate, Planned, after, room
from insight_sessions.domain.allocation import AllocationPolicy
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import InsightSessionsError, NotFound

Policies = Callable[[], Mapping[str, AllocationPolicy]]
"""Gives the policies that plugins bring, by name."""


def proposed(
    command: Command[Any], state: ProjectState, policies: Policies, now: datetime
) -> Allotted | Planned | None:
    """What a command would come to on a state; None when the rules say no before they look at it.

    Args:
        command: what somebody wants.
        state: the project, as it is or would be.
        policies: the policies that plugins bring.
        now: the present, in UTC.
    """
    if state.announced is None or state.announced.cancelled is not None:
        return None
    match command:
        case Allocate() if state.announced.places == "allocation":
            return _allotted(command, state, policies, now)
        case Consolidate():
            return _planned(command, state, now)
        case _:
            return None


def _allotted(command: Allocate, state: ProjectState, policies: Policies, now: datetime) -> Allotted:
    asked = question(state, now)
    try:
        policy = policy_named(command.policy, {**BUILT_IN, **policies()})
        answer = decide_together(policy, asked.candidates, asked.rooms, command.seed, command.balance)
    except InsightSessionsError as error:
        # Not raised here: a command that was done before has its answer, whatever would be said of it now.
        return Allotted(asked, error)
    return Allotted(asked, answer)


def _planned(command: Consolidate, state: ProjectState, now: datetime) -> Planned | None:
    here = room(state, now)
    cancel = None if command.cancel is None else frozenset(command.cancel)
    try:
        plan = consolidate(here.people, here.sessions, cancel)
    except NotFound:  # the rule will say so, or why not
        return None
    if here.lines and _falls_below(plan, state, now):
        # Somebody in line leaves the session that was to be filled: whoever is where others wait stays there, then.
        pinned = room(state, now, here.lines - (cancel or frozenset()))
        plan = consolidate(pinned.people, pinned.sessions, cancel)
    return Planned(here, plan)


def _falls_below(plan: Plan, state: ProjectState, now: datetime) -> bool:
    """Whether a session is left below its minimum by those who get the places that others leave."""
    for session_id in plan.given_up:
        state = state.put(cancelled(state, state.session(session_id), "", now))
    then = _numbers(after(state, plan, now))
    return any(
        then[session_id] < state.session(session_id).minimum
        for session_id, _ in plan.numbers
        if session_id not in plan.below
    )


def _numbers(state: ProjectState) -> Mapping[str, int]:
    return Counter(one.place for one in state.registrations.values() if one.place is not None)
