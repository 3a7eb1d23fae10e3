"""What commands would do: the same rules on the same value, and nothing written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from insight_sessions.commands.base import Command, Facts
from insight_sessions.commands.deciding import decide, pass_time
from insight_sessions.domain.notices import Owed
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import InsightSessionsError, Refusal
from insight_sessions.runtime import Moment
from insight_sessions.values import maker

if TYPE_CHECKING:
    from insight_sessions.reporting import Report

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[R]):
    """What became of one command.

    Args:
        command: the command.
        result: what it gave, if it was done.
        refusal: why the rules said no, if they did.
        error: what went wrong otherwise, such as `NotFound`.
    """

    command: Command[R]
    result: R | None = None
    refusal: Refusal | None = None
    error: Exception | None = None


_outcome: Final = maker(Outcome)


def outcome_of(command: Command[Any], result: object, error: Exception | None) -> Outcome[Any]:
    """The outcome of a command that gave a result, or failed."""
    if isinstance(error, Refusal):
        return Outcome(command, refusal=error)
    return _outcome(command, result, error=error)


@dataclass(frozen=True, slots=True)
class Preview:
    """What commands would do; nothing was written.

    Args:
        outcomes: one for each command.
        notices: what would be owed to whom, in order.
        state: the project as it would be.
    """

    outcomes: tuple[Outcome[Any], ...]
    notices: tuple[Owed, ...]
    state: ProjectState

    def report(self) -> "Report":
        """The project in numbers, as it would be."""
        from insight_sessions.reporting import report  # noqa: PLC0415 - few previews are counted

        return report(self.state)


def preview(
    state: ProjectState,
    commands: Sequence[Command[Any]],
    facts: Callable[[Command[Any], ProjectState], Facts],
    moment: Moment,
) -> Preview:
    """What commands would do to a state, one after the other.

    Args:
        state: the project as it is.
        commands: what somebody might want.
        facts: finds out what must be known of each, on the state that it would be done on.
        moment: when, and where new ids come from.
    """
    notices: list[Owed] = []
    outcomes: list[Outcome[Any]] = []
    for _, passed in pass_time(state, moment):
        state = passed.state
    for command in commands:
        try:
            decided = decide(state, command, facts(command, state), moment)
        except (InsightSessionsError, ValueError) as error:
            outcomes.append(outcome_of(command, None, error))
            continue
        state = decided.state
        notices.extend(decided.notices)
        outcomes.append(Outcome(command, state.find(*decided.result)))
    return Preview(tuple(outcomes), tuple(notices), state.settled())
