"""Rows of cells from bytes, however long and however strange, in little memory."""

import csv
from codecs import getincrementaldecoder
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal

from insight_sessions.tables.problems import TableError, refusal

Source = str | Path | BinaryIO
"""A path, or a file that is open for reading bytes."""

Delimiter = Literal[",", ";", "\t"]
"""What stands between cells."""

MOST_IN_ROW: Final = 100_000
"""How many characters a row may have; below what the csv module allows a cell."""

_CHUNK: Final = 65_536


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a file may hold; one with more is refused.

    Args:
        rows: how many rows.
        bytes: how many bytes.
    """

    rows: int = 50_000
    bytes: int = 50_000_000


@contextmanager
def opened(source: Source) -> Generator[BinaryIO, None, None]:
    """The file, closed behind us when we opened it."""
    if isinstance(source, str | Path):
        path = Path(source)
        with path.open("rb") as file:
            try:
                yield file
            except TableError as error:
                raise TableError(error.problems, path.name) from None
    else:
        yield source


def rows(file: BinaryIO, delimiter: Delimiter, limits: Limits) -> Iterator[tuple[int, list[str]]]:
    """The rows of a file that say anything, each with the line where it begins.

    Raises:
        TableError: the file is no table of text, or holds too much.
        TypeError: the file was opened as text.
    """
    lines = _Lines(file, limits.bytes)
    reader = csv.reader(iter(lines), strict=True, delimiter=delimiter)
    while True:
        begins = reader.line_num + 1
        lines.in_row = 0
        try:
            cells = next(reader, None)
        except csv.Error:
            # Its message may quote the file.
            raise refusal(begins, "row_malformed", "The quotes or line breaks of this row are wrong.") from None
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield begins, cells


class _Lines:
    """The lines of a file as text.

    Args:
        file: what is read.
        most: how many bytes it may have.
    """

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file = file
        self._left = most
        self._number = 0
        self.in_row = 0

    def __iter__(self) -> Iterator[str]:
        decoder = getincrementaldecoder("utf-8-sig")()
        rest, raw, good = "", b"-", True
        while raw and good:
            raw = self._read()
            try:
                rest += decoder.decode(raw, final=not raw)
            except UnicodeDecodeError as error:
                # The lines before it come first, so that what is told does not depend on how the file is read.
                rest += error.object[: error.start].decode()
                good = False
            *whole, rest = rest.split("\n")
            for line in whole:
                yield self._checked(f"{line}\n")
            self._refuse_long(len(rest))
        if not good:
            sentence = "This is not UTF-8 text; save the file as CSV UTF-8."
            raise refusal(self._number + 1, "not_utf8", sentence)
        if rest:
            yield self._checked(rest)

    def _read(self) -> bytes:
        raw = self._file.read(_CHUNK)
        if not isinstance(raw, bytes):  # pyright: ignore[reportUnnecessaryIsInstance] # not everybody has a type checker
            raise TypeError("open the file for reading bytes, not text")
        self._left -= len(raw)
        if self._left < 0:
            raise refusal(self._number + 1, "file_too_large", "The file is too large; import it in parts.")
        return raw

    def _checked(self, line: str) -> str:
        self._refuse_long(len(line))
        self._number += 1
        self.in_row += len(line)
        if "\0" in line:
            raise refusal(self._number, "nul_byte", "There is a NUL byte, so this is no table of text.")
        return line

    def _refuse_long(self, more: int) -> None:
        if self.in_row + more > MOST_IN_ROW:
            sentence = f"This row has more than {MOST_IN_ROW:,} characters; perhaps a closing quote is missing."
            raise refusal(self._number + 1, "row_too_long", sentence)
