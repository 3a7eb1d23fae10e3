"""What every command shares: who asks, what was found out, what a rule decides and what follows.

A rule only says what the next state is. Who must be told what follows from the difference it makes.
"""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Generic, NamedTuple, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from insight_sessions.commands.difference import Asked, Cause, differences
from insight_sessions.domain.events import Event
from insight_sessions.domain.member import Member
from insight_sessions.domain.notices import Owed
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import Objection
from insight_sessions.runtime import Moment
from insight_sessions.text import OpaqueId, Slug

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found out about a command before the project was held.

    Args:
        checked_at: when, in UTC.
        member: the member it is about, if it is about one and they are known.
        person: our id of that member.
        objections: why they are not eligible.
    """

    checked_at: datetime
    member: Member | None = None
    person: str = ""
    objections: tuple[Objection, ...] = ()


class Ref(NamedTuple):
    """The result of a command: something kept, by kind and id."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a rule decides.

    Args:
        state: the next state.
        result: what the caller gets.
        events: what happened to the project or its sessions.
        cause: why others were affected.
    """

    state: ProjectState
    result: Ref
    events: tuple[Event, ...] = ()
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """A ruling with all that follows from it.

    Args:
        state: the next state; what it `changed` is this command's.
        result: what the caller gets.
        events: for the journal, not yet numbered.
        notices: what is owed to whom.
    """

    state: ProjectState
    result: Ref
    events: tuple[Event, ...]
    notices: tuple[Owed, ...]


class Command(BaseModel, Generic[R]):
    """Something a person can do; ``R`` is what they get.

    Args:
        project_id: where.
        id: give one to make a repeated call safe: the same id with the same content is done once.
        by: who asked, as an opaque id for the journal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    project_id: Slug
    id: OpaqueId | None = None
    by: OpaqueId | None = None

    @abstractmethod
    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Decide; raise a `Refusal` or `NotFound` to change nothing."""


def _once_each(sessions: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sessions))


SessionIds = Annotated[tuple[Slug, ...], Field(min_length=1, max_length=100), AfterValidator(_once_each)]
"""Sessions in order of preference; a second mention says nothing new."""


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
    before = state.settled()
    asked = Asked(state.project_id, command.id or id, command.by)
    return _conclude(before, command.rule(before, facts, moment), asked, moment)


def _conclude(before: ProjectState, ruling: Ruling, asked: Asked, moment: Moment) -> Decided:
    """Work out notices, invites and events from the difference a ruling makes."""
    state = ruling.state
    first = before.journal_end + 1
    events = [asked.numbered(event, number) for number, event in enumerate(ruling.events, first)]
    notices: list[Owed] = []
    for difference in differences(before, state, ruling.cause):
        if difference.event is not None:
            events.append(difference.happened(difference.event, moment.now, asked, first + len(events)))
        if difference.notice is None:
            continue
        if difference.method is not None:
            state = state.restamped(difference.restamped(state, moment.now))
        notices.append(difference.owed(difference.notice, state, moment))
    return Decided(state.journalled(before.journal_end + len(events)), ruling.result, tuple(events), tuple(notices))
