"""What every command shares: who asks, what was found out, and what a rule decides."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, ClassVar, Generic, NamedTuple, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from insight_sessions.domain.member import Member, Past
from insight_sessions.domain.project import Project
from insight_sessions.errors import NotPossible, Objection
from insight_sessions.text import OpaqueId, Slug

if TYPE_CHECKING:  # rules need them, and whoever only names a command does not
    from insight_sessions.commands.allocation import Allotted
    from insight_sessions.commands.consolidation import Planned
    from insight_sessions.commands.difference import Cause
    from insight_sessions.domain.events import Event
    from insight_sessions.domain.notices import Owed
    from insight_sessions.domain.state import ProjectState
    from insight_sessions.runtime import Moment

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found out about a command before the project was held.

    Args:
        checked_at: when, in UTC.
        member: the member it is about, if it is about one and they are known.
        person: our id of that member.
        objections: why they are not eligible.
        proposed: what was worked out for a command that takes long.
        past: what they did before, when the project's rules ask for it.
        also: our other ids of them, under which they follow, when they are to be erased.
        notifiers: the consumers of notices that the store knows, when somebody is to be erased.
    """

    checked_at: datetime
    member: Member | None = None
    person: str = ""
    objections: tuple[Objection, ...] = ()
    proposed: "Allotted | Planned | None" = None
    past: Past | None = None
    also: tuple[str, ...] = ()
    notifiers: tuple[str, ...] = ()


class Ref(NamedTuple):
    """The result of a command: something kept, by kind and id."""

    kind: str
    id: str


class Ruling(NamedTuple):
    """What a rule decides.

    Args:
        state: the next state.
        result: what the caller gets.
        events: what happened to the project or its sessions.
        cause: why others were affected.
        notices: what is owed besides what follows from the difference, such as to the organiser.
    """

    state: "ProjectState"
    result: Ref
    events: tuple["Event", ...] = ()
    cause: "Cause | None" = None
    notices: tuple["Owed", ...] = ()


class Command(BaseModel, Generic[R]):
    """Something a person can do; ``R`` is what they get.

    Args:
        project_id: where.
        id: give one to make a repeated call safe: the same id with the same content is done once.
        by: who asked, as an opaque id for the journal.
    """

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    works_out: ClassVar[bool] = False
    """Whether something is worked out for it before the project is held, which may take long."""

    project_id: Slug
    id: OpaqueId | None = None
    by: OpaqueId | None = None

    def __class_getitem__(cls, typevar_values: object) -> type[BaseModel]:
        """What a command gives is for type checkers; pydantic would make and build a class for each."""
        return cls

    @abstractmethod
    def rule(self, state: "ProjectState", facts: Facts, moment: "Moment") -> Ruling:
        """Decide; raise a `Refusal` or `NotFound` to change nothing."""


def _once_each(sessions: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sessions))


SessionIds = Annotated[tuple[Slug, ...], Field(min_length=1, max_length=100), AfterValidator(_once_each)]
"""Sessions in order of preference; a second mention says nothing new."""


def refuse_cancelled(project: Project) -> None:
    """A cancelled project takes no more changes."""
    if project.cancelled is not None:
        raise NotPossible("project_cancelled", "This project was cancelled.")
