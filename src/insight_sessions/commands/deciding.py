"""Deciding a command: its rule says what the next state is, and the difference that makes says who must be told."""

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

from insight_sessions.commands.base import Command, Facts, Ref, Ruling
from insight_sessions.commands.difference import Asked, differences
from insight_sessions.commands.passing import MOST_EFFECTS, due_at
from insight_sessions.domain.events import Event
from insight_sessions.domain.notices import Owed
from insight_sessions.domain.state import ProjectState
from insight_sessions.runtime import Moment

R = TypeVar("R")


class Decided(NamedTuple):
    """A ruling with all that follows from it.

    Args:
        state: the next state; what it `changed` since the one before is this command's.
        result: what the caller gets.
        events: for the journal, not yet numbered.
        notices: what is owed to whom.
    """

    state: ProjectState
    result: Ref
    events: tuple[Event, ...]
    notices: tuple[Owed, ...]


def decide(state: ProjectState, command: Command[R], facts: Facts, moment: Moment, id: str | None = None) -> Decided:
    """What a command does to a state: the next one, what happened, and who must be told.

    Args:
        state: the project as it is.
        command: what somebody wants.
        facts: what was found out beforehand.
        moment: when, and where new ids come from.
        id: the command's id, when it has none of its own.

    Raises:
        Refusal: the rules say no.
        NotFound: the command names something that is not there.
    """
    asked = Asked(state.project_id, command.id or id, command.by)
    return _conclude(state, command.rule(state, facts, moment), asked, moment)


def pass_time(state: ProjectState, moment: Moment) -> Iterator[tuple[Command[Any], Decided]]:
    """What time does to a project, one thing after the other, at most some hundred effects of it.

    Args:
        state: the project as it is.
        moment: the present, and where new ids come from.
    """
    effects = 0
    command = due_at(state, moment.now)
    while command is not None and effects < MOST_EFFECTS:
        decided = decide(state, command, Facts(moment.now), moment)
        yield command, decided
        effects += max(1, len(decided.events), len(decided.notices))
        state = decided.state
        command = due_at(state, moment.now)


def _conclude(before: ProjectState, ruling: Ruling, asked: Asked, moment: Moment) -> Decided:
    """Work out notices, invites and events from the difference a ruling makes."""
    state = ruling.state
    first = before.journal_end + 1
    events = [asked.numbered(event, number) for number, event in enumerate(ruling.events, first)]
    notices: list[Owed] = []
    for difference in differences(before, state, ruling.cause):
        events.extend(difference.events(moment.now, asked, first + len(events)))
        if difference.notice is None:
            continue
        if difference.method is not None:
            state = state.restamped(difference.restamped(state, moment.now))
        owed = difference.owed(difference.notice, state, moment)
        if difference.former is not None:
            notices.append(difference.farewell(owed, difference.former, moment))
        notices.append(owed)
    notices.extend(ruling.notices)
    return Decided(state.journalled(before.journal_end + len(events)), ruling.result, tuple(events), tuple(notices))
