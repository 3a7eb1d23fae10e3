"""Writing tables: as CSV that no spreadsheet takes for anything but text and numbers, or as JSON; row by row."""

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final, Literal, cast

from pydantic_core import to_json

from insight_sessions.domain.state import ProjectState
from insight_sessions.reporting import Report
from insight_sessions.tables.cells import inert
from insight_sessions.tables.lines import Delimiter
from insight_sessions.tables.reports import FIGURES, figures
from insight_sessions.tables.rosters import RosterRow, chosen, roster

Form = Literal["csv", "json"]
"""How a table is written."""

Cell = str | int
"""What a cell holds; numbers are ours, and text is somebody's."""

_BOM: Final = "\ufeff".encode()
_FIRST: Final = ("registration", "id", "name", "email", "language", "active", "valid_until", "sessions")
_THEN: Final = (
    *("status", "place", "starts", "offered", "offered_until", "waits_for", "arrived", "registered_at"),
    *("calendar", "attendance"),
)


def write_roster(
    state: ProjectState,
    target: str | Path | BinaryIO,
    session_id: str | None = None,
    *,
    form: Form = "csv",
    bom: bool = False,
    delimiter: Delimiter = ",",
) -> None:
    """Write everybody of a project, or of a session; personal data.

    Args:
        state: the project.
        target: a path, where only its owner can read a new file, or a file that is open for writing bytes.
        session_id: only those who have a place in this session, are offered one, or asked for it and wait.
        form: ``csv`` or ``json``.
        bom: whether CSV begins with a byte order mark, by which some spreadsheets know UTF-8.
        delimiter: what stands between cells of CSV; what the reader's spreadsheet expects.

    Raises:
        NotFound: there is no such session.
    """
    _write(target, stream_roster(state, session_id, form=form, bom=bom, delimiter=delimiter))


def stream_roster(
    state: ProjectState,
    session_id: str | None = None,
    *,
    form: Form = "csv",
    bom: bool = False,
    delimiter: Delimiter = ",",
) -> Iterator[bytes]:
    """The same as `write_roster` writes, piece by piece, such as for an answer to a browser.

    Args:
        state: the project.
        session_id: as for `write_roster`, like the other arguments.
        form: as for `write_roster`.
        bom: as for `write_roster`.
        delimiter: as for `write_roster`.

    Raises:
        NotFound: there is no such session.
    """
    rows = roster(state, session_id)
    if form == "json":
        return _json(rows)
    header = _header(state, session_id)
    return _csv(header, (_cells(row, header) for row in rows), bom=bom, delimiter=delimiter)


def write_report(
    report: Report,
    target: str | Path | BinaryIO,
    *,
    form: Form = "csv",
    bom: bool = False,
    delimiter: Delimiter = ",",
) -> None:
    """Write a project in numbers: one in each row of CSV, or the whole report as JSON.

    Args:
        report: the numbers.
        target: as for `write_roster`, like the other arguments.
        form: as for `write_roster`.
        bom: as for `write_roster`.
        delimiter: as for `write_roster`.
    """
    _write(target, stream_report(report, form=form, bom=bom, delimiter=delimiter))


def stream_report(
    report: Report, *, form: Form = "csv", bom: bool = False, delimiter: Delimiter = ","
) -> Iterator[bytes]:
    """The same as `write_report` writes, piece by piece.

    Args:
        report: the numbers.
        form: as for `write_roster`, like the other arguments.
        bom: as for `write_roster`.
        delimiter: as for `write_roster`.
    """
    if form == "json":
        return iter((to_json(report), b"\n"))
    return _csv(FIGURES, figures(report), bom=bom, delimiter=delimiter)


def _write(target: str | Path | BinaryIO, pieces: Iterable[bytes]) -> None:
    if isinstance(target, str | Path):
        with open(target, "wb", opener=_for_its_owner) as file:
            file.writelines(pieces)
    else:
        for piece in pieces:
            target.write(piece)


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class _Echo:
    """A file that gives back what is written into it."""

    def write(self, text: str) -> str:
        return text


def _csv(header: Sequence[str], rows: Iterable[Iterable[Cell]], *, bom: bool, delimiter: Delimiter) -> Iterator[bytes]:
    """RFC 4180: lines end in CR LF, text stands in quotes, and quotes in it are doubled."""
    writer = csv.writer(_Echo(), delimiter=delimiter, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    if bom:
        yield _BOM
    for cells in chain([header], rows):
        safe = [inert(cell) if isinstance(cell, str) else cell for cell in cells]
        yield str(writer.writerow(safe)).encode()


def _json(rows: Iterable[RosterRow]) -> Iterator[bytes]:
    """One array, an object to a line."""
    before = b"["
    for row in rows:
        yield before + b"\n" + to_json(row)
        before = b","
    yield b"[]\n" if before == b"[" else b"\n]\n"


def _header(state: ProjectState, session_id: str | None) -> list[str]:
    """The columns of a roster: what is known of anybody in it, and everything that the project asks."""
    people = {one.person for one in chosen(state, session_id)}
    known = {f"attribute:{name}" for person in people for name in state.people[person].attributes}
    asked = [f"answer:{question.id}" for question in state.definition.questions]
    agreed = [f"consent:{consent.purpose}" for consent in state.definition.consents]
    return [*_FIRST, *sorted(known), *asked, *agreed, *_THEN]


def _cells(row: RosterRow, header: Sequence[str]) -> Iterator[Cell]:
    said: dict[str, Cell] = {name: _cell(getattr(row, name)) for name in (*_FIRST, *_THEN)}
    said |= {f"attribute:{name}": value for name, value in row.attributes.items()}
    said |= {f"answer:{name}": value for name, value in row.answers.items()}
    said |= {f"consent:{purpose}": _cell(given) for purpose, given in row.consents.items()}
    return (said.get(name, "") for name in header)


def _cell(value: object) -> Cell:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case tuple():
            return " ".join(map(str, cast("tuple[object, ...]", value)))
        case datetime():
            return value.isoformat().replace("+00:00", "Z") if value.tzinfo else value.isoformat(timespec="minutes")
        case _:
            return value if isinstance(value, int) else str(value)
