"""Reading a table: its header is right or the file is refused; each row becomes something, or is told as wrong."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Generic, TypeVar

from pydantic import ValidationError

from insight_sessions.tables.cells import plain
from insight_sessions.tables.lines import Delimiter, Limits, Source, opened, rows
from insight_sessions.tables.problems import Problem, TableError, WrongCells, refusal

__all__ = ["Columns", "Limits", "Row", "Table", "read_table", "read_with"]

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

MOST_COLUMNS: Final = 200

_SIGNS: Final[tuple[Delimiter, ...]] = (";", "\t", ",")
"""What spreadsheets write between cells."""

_BY_NAME: Final = {"attributes": "attribute", "answers": "answer"}
"""Where a model keeps by name what has a column each."""


@dataclass(frozen=True, slots=True)
class Row(Generic[R_co]):
    """A row that could be read.

    Args:
        line: where it begins, counted from 1 as editors do.
        value: what it says.
    """

    line: int
    value: R_co


@dataclass(frozen=True, slots=True)
class Table(Generic[R]):
    """What was read from a file; every row that says anything is in one of the two.

    Args:
        rows: those that could be read, in the order of the file.
        problems: what is wrong with the others.
        titles: how the file calls each of our columns that it has.
    """

    rows: tuple[Row[R], ...]
    problems: tuple[Problem, ...]
    titles: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a kind of file.

    Args:
        needed: those that must be there.
        known: those that may be there; ``attribute:*`` stands for every name that begins so.
        names: what the file calls columns, and what we call them; None for those to leave alone.
        either: sets of columns of which one must be there, the first that is counts.
    """

    needed: Sequence[str]
    known: Collection[str] = ()
    names: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    either: Sequence[Sequence[str]] = ()

    def named(self, title: str) -> str | None:
        """Our name for a column of a file; empty for one that we do not know."""
        name = self.names.get(title, title)
        if name is None or name in self.needed or name in self.known:
            return name
        kind, colon, rest = name.partition(":")
        return name if colon and rest and f"{kind}:*" in self.known else ""

    def read(self, line: int, header: list[str]) -> list[str | None]:
        """Our names for the columns of a file, in its order.

        Raises:
            TableError: the header is wrong.
        """
        if len(header) > MOST_COLUMNS:
            raise refusal(line, "too_many_columns", f"There are more than {MOST_COLUMNS} columns.")
        found = [self.named(_title(cell)) for cell in header]
        problems = list(self._wrong(line, found))
        if problems:
            raise TableError([*problems, *_uncut(line, header)])
        return found

    def _wrong(self, line: int, found: Sequence[str | None]) -> Iterator[Problem]:
        for number, name in enumerate(found, 1):
            if name == "":
                # Not by its name: where the header is missing that may be somebody's own.
                known = ", ".join(dict.fromkeys((*self.needed, *self.known)))
                yield Problem(line, None, "column_unknown", f"Column {number} is none of: {known}.")
            elif name is not None and name in found[: number - 1]:
                yield Problem(line, None, "column_repeated", f"Column {number} is there twice.")
        if any(name not in found for name in self.needed):
            yield Problem(line, None, "column_missing", f"These columns must be there: {', '.join(self.needed)}.")
        if self.either and not any(all(name in found for name in some) for some in self.either):
            ways = "; or ".join(", ".join(some) for some in self.either)
            yield Problem(line, None, "column_missing", f"These columns must be there: {ways}.")


def _uncut(line: int, header: Sequence[str]) -> Iterator[Problem]:
    """What to do about a header that was taken for one column, because another sign stands between its cells."""
    if len(header) == 1:
        for sign in _SIGNS:
            if sign in header[0]:
                sentence = f"Cells seem to be kept apart by {sign!r} here: say so with delimiter={sign!r}."
                yield Problem(line, None, "column_missing", sentence)


def read_table(
    source: Source,
    row: Callable[[dict[str, str]], R],
    *,
    needed: Sequence[str],
    known: Collection[str] = (),
    names: Mapping[str, str | None] | None = None,
    delimiter: Delimiter = ",",
    limits: Limits | None = None,
) -> Table[R]:
    """Read a table of your own.

    Args:
        source: a path, or a file that is open for reading bytes.
        row: makes something of the cells of a row, by column; raises `ValueError` where they are wrong. What a
            pydantic model says about its fields is told without what stood there, any other error in its own words.
        needed: columns that must be there.
        known: columns that may be there; ``attribute:*`` stands for every name that begins so.
        names: what the file calls columns, and what you call them; None for those to leave alone.
        delimiter: what stands between cells.
        limits: how much it may hold.

    Raises:
        TableError: the file as a whole cannot be used.
        TypeError: the file was opened as text.
    """
    return read_with(source, row, Columns(needed, known, names or {}), delimiter, limits)


def read_with(
    source: Source,
    row: Callable[[dict[str, str]], R],
    columns: Columns,
    delimiter: Delimiter,
    limits: Limits | None,
) -> Table[R]:
    """The same, with the columns in one."""
    limits = limits or Limits()
    with opened(source) as file:
        found = rows(file, delimiter, limits)
        nothing: list[str] = []
        line, header = next(found, (1, nothing))
        names = columns.read(line, header)
        titles = {name: _title(cell) for name, cell in zip(names, header, strict=True) if name is not None}
        good: list[Row[R]] = []
        problems: list[Problem] = []
        for number, (line, cells) in enumerate(found, 1):
            if number > limits.rows:
                sentence = f"There are more than {limits.rows:,} rows; import the file in parts."
                raise refusal(line, "too_many_rows", sentence)
            if len(cells) != len(names):
                sentence = f"This row has {len(cells)} cells where {len(names)} are expected."
                problems.append(Problem(line, None, "row_ragged", sentence))
                continue
            said = {name: plain(cell) for name, cell in zip(names, cells, strict=True) if name is not None}
            try:
                good.append(Row(line, row(said)))
            except ValueError as error:
                problems.extend(_problems(line, error, titles))
        return Table(tuple(good), tuple(problems), titles)


class Once:
    """Notices what a file says twice, without keeping what it says."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def is_again(self, said: Collection[str]) -> bool:
        """Whether the same was said before."""
        whole = "\n".join(f"{len(part)} {part}" for part in said)
        digest = blake2b(whole.encode(errors="surrogatepass"), digest_size=16).digest()
        known = digest in self._seen
        self._seen.add(digest)
        return known


def _problems(line: int, error: ValueError, titles: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with a row, without what stands in it."""
    match error:
        case WrongCells():
            for name, code, sentence in error.cells:
                yield Problem(line, titles.get(name, name) or None, code, sentence)
        case ValidationError():
            for one in error.errors(include_url=False, include_context=False, include_input=False):
                column = _column(one["loc"])
                title = None if column is None else titles.get(column, column)
                yield Problem(line, title, "cell_wrong", _sentence(one["msg"]))
        case _:
            yield Problem(line, None, "row_wrong", str(error))


def _column(where: tuple[int | str, ...]) -> str | None:
    """The column behind a field of a model."""
    match where:
        case (str(kept), str(name), *_) if kept in _BY_NAME:
            return f"{_BY_NAME[kept]}:{name}"
        case (str(name), *_):
            return name
        case _:
            return None


def _title(cell: str) -> str:
    """What the file calls a column."""
    return plain(cell).strip()


def _sentence(message: str) -> str:
    """A message as a sentence."""
    said = message.removeprefix("Value error, ")
    return f"{said[:1].upper()}{said[1:]}."
