"""What a file asks for, tried out and then done: one outcome for every row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from insight_sessions.commands.base import Command
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import AlreadyRegistered, NotEligible, NotFound, NotPossible, Refusal
from insight_sessions.tables.problems import Problem, TableError
from insight_sessions.tables.reading import Row

if TYPE_CHECKING:
    from insight_sessions.desk import Desk
    from insight_sessions.previewing import Outcome

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
C = TypeVar("C", bound=Command[Any])

UNCHANGED: Final[tuple[str, str]] = ("unchanged", "This is so already; nothing changes.")

_NOTHING_SAID: Final = ("nothing_said", "This row says nothing, so nothing changes.")

_TOGETHER: Final = 1_000
"""How many rows are done at a time, so that what came of them need not be kept."""


@dataclass(frozen=True, slots=True)
class Result(Generic[R_co]):
    """What comes of a row.

    Args:
        line: where it begins, counted from 1 as editors do.
        code: stable and machine-readable, such as ``"confirmed"`` or ``"unchanged"``.
        sentence: the same for a person to read.
        thing: what it gives, such as the registration; None when it asks for nothing.
    """

    line: int
    code: str
    sentence: str
    thing: R_co | None = None


@dataclass(frozen=True, slots=True)
class Imported(Generic[R]):
    """What comes of a file; every row that says anything is in one of the two.

    Args:
        rows: those that are done, in the order of the file.
        problems: why the others are not, by line.
    """

    rows: tuple[Result[R], ...]
    problems: tuple[Problem, ...]


Told = tuple[str, str, R]
"""A code, a sentence and what a row gives."""


@dataclass(frozen=True, slots=True)
class Import(Generic[C, R]):
    """What a file asks for; nothing is done yet.

    Args:
        project_id: in which project.
        rows: what each row asks for; None when it asks for nothing.
        problems: what is wrong with the others.
    """

    project_id: str
    rows: tuple[Row[C | None], ...]
    problems: tuple[Problem, ...]
    _tell: "Callable[[C, Outcome[R], ProjectState], Told[R] | None]" = field(repr=False)
    _titles: Mapping[str, str] = field(repr=False)
    _once: bool = field(repr=False)

    def preview(self, desk: "Desk") -> Imported[R]:
        """The dry run: what would come of every row if it were applied now; nothing is written."""
        before = desk.state(self.project_id)
        commands = [row.value for row in self.rows if row.value is not None]
        outcomes = list(desk.preview(*commands).outcomes) if commands else []
        return self._imported(self.rows, outcomes, before, self.problems)

    def apply(self, desk: "Desk", *, leave_out: bool = False) -> Imported[R]:
        """Do it, in batches; what the rules refuse is left out and told.

        Args:
            desk: where.
            leave_out: whether to do the good rows of a file in which others are wrong.

        Raises:
            TableError: rows are wrong, and were not to be left out; nothing was done.
        """
        if self.problems and not leave_out:
            wrong = TableError(self.problems)
            wrong.add_note("Nothing was done. Correct the file, or pass leave_out=True to do the other rows.")
            raise wrong
        before = desk.state(self.project_id)
        done: list[Result[R]] = []
        problems = list(self.problems)
        for first in range(0, len(self.rows), _TOGETHER):
            some = self.rows[first : first + _TOGETHER]
            commands = [self._safe(desk, row.value) for row in some if row.value is not None]
            these = self._imported(some, desk.do_many(self.project_id, commands), before, ())
            done += these.rows
            problems += these.problems
        return Imported(tuple(done), _by_line(problems))

    def _safe(self, desk: "Desk", command: C) -> C:
        """The command under an id made of what it says, so that it is done once however often the file is read."""
        return command.model_copy(update={"id": desk.command_id(command)}) if self._once else command

    def _imported(
        self,
        rows: tuple[Row[C | None], ...],
        outcomes: "list[Outcome[R]]",
        before: ProjectState,
        problems: tuple[Problem, ...],
    ) -> Imported[R]:
        done: list[Result[R]] = []
        wrong = list(problems)
        left = iter(outcomes)
        for row in rows:
            if row.value is None:
                done.append(Result(row.line, *_NOTHING_SAID))
                continue
            outcome = next(left)
            told = self._tell(row.value, outcome, before)
            if told is None:
                wrong.append(self._problem(row.line, outcome.refusal or outcome.error))
            else:
                done.append(Result(row.line, *told))
        return Imported(tuple(done), _by_line(wrong))

    def _problem(self, line: int, error: Exception | None) -> Problem:
        name, code, sentence = _said(error)
        return Problem(line, self._titles.get(name), code, sentence)


def _by_line(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda one: one.line))


def _said(error: Exception | None) -> tuple[str, str, str]:
    """The column that an error is about, its code, and a sentence for it."""
    match error:
        case NotEligible():
            return "member", error.objections[0].code, error.public_message
        case AlreadyRegistered():
            return "member", error.code, "They are registered for this project already."
        case NotPossible():
            return "session" if error.reason.startswith("session_") else "", error.reason, error.public_message
        case Refusal():
            return "", error.code, error.public_message
        case NotFound():
            return "", f"no_such_{error.kind}", f"There is no such {error.kind}."
        case _:
            return "", "not_done", "This could not be done now; the same file can be imported again."
