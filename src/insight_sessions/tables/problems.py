"""What is wrong with a file, told without what stands in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from insight_sessions.errors import InsightSessionsError


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with a file, or a row that could not be done.

    Args:
        line: where the row begins, counted from 1 as editors do.
        column: the column's name in the file; None when it is about the row or the file.
        code: stable and machine-readable, such as ``"row_ragged"``.
        sentence: the same for a person to read; never what stands in a cell.
    """

    line: int
    column: str | None
    code: str
    sentence: str

    def __str__(self) -> str:
        where = f"line {self.line}" if self.column is None else f"line {self.line}, {self.column}"
        return f"{where}: {self.sentence}"


class TableError(InsightSessionsError, ValueError):
    """A file cannot be used; nothing was changed.

    Args:
        problems: what is wrong, by line.
        name: the file's name; empty when it has none.
    """

    def __init__(self, problems: Sequence[Problem], name: str = "") -> None:
        super().__init__(problems, name)
        self.problems = tuple(problems)
        self.name = name
        self.args = (self.problems, name)

    def __str__(self) -> str:
        shown = "; ".join(map(str, self.problems[:_SHOWN]))
        more = len(self.problems) - _SHOWN
        said = f"{shown}; and {more} more" if more > 0 else shown
        return f"{self.name}, {said}" if self.name else said


_SHOWN = 10


def refusal(line: int, code: str, sentence: str) -> TableError:
    """The refusal of a file for one reason."""
    return TableError((Problem(line, None, code, sentence),))


class WrongCells(ValueError):
    """Some cells of a row are wrong.

    Args:
        cells: the column, a code and a sentence for each.
    """

    def __init__(self, cells: Sequence[tuple[str, str, str]]) -> None:
        super().__init__(cells)
        self.cells = tuple(cells)
