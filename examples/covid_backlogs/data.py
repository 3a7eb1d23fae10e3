"""The two CSV files of the story, read as what they are: text from outside.

A wrong row is left out and named by its line, never by what it says: that may be somebody's name.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NaiveDatetime, StringConstraints, ValidationError

from insight_sessions import (
    Command,
    Member,
    NotFound,
    RegisterInterest,
    Registration,
    SwitchSession,
    Withdraw,
    hookimpl,
)

MAX_BYTES = 5_000_000
ATTRIBUTES = ("setting", "country", "role")
MEMBER_COLUMNS = ("id", "name", "email", "language", "active", "valid_until", *ATTRIBUTES)
SIGN_UP_COLUMNS = ("at", "who", "action", "sessions", "stage", "take_part", "updates", "note")

SessionId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
Short = Annotated[str, StringConstraints(max_length=200)]


@dataclass(frozen=True, slots=True)
class WrongRow:
    """A row that was left out.

    Args:
        file: the file's name.
        line: where the row ends, counted from 1 as editors do.
        problem: what is wrong with it.
    """

    file: str
    line: int
    problem: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.problem}"


class SignUp(BaseModel):
    """One line that the sign-up form wrote.

    Args:
        at: when, by the clock of the project's zone.
        who: an id or an e-mail address, as they typed it.
        action: what they asked for.
        sessions: those they can attend, in order of preference.
        stage: their answer to the organisers' question.
        take_part: whether they agreed to the first consent.
        updates: whether they agreed to the second.
        note: anything else they said.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)

    at: NaiveDatetime
    who: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    action: Literal["register", "switch", "withdraw"]
    sessions: Annotated[tuple[SessionId, ...], Field(max_length=20)] = ()
    stage: Short = ""
    take_part: bool = False
    updates: bool = False
    note: Short = ""

    @classmethod
    def from_row(cls, row: dict[str, str]) -> "SignUp":
        """From the cells of a row; an empty one says nothing."""
        cells: dict[str, object] = {name: cell for name, cell in row.items() if cell}
        one = cls.model_validate({**cells, "sessions": tuple(row["sessions"].split())})
        if one.action != "withdraw" and not one.sessions:
            raise ValueError("sessions: name at least one")
        return one

    def command(self, project_id: str, mine: Registration | None) -> Command[Registration]:
        """What it asks of the desk.

        Args:
            project_id: where.
            mine: the registration of whoever asks, if they have one.

        Raises:
            NotFound: there is no registration to change.
        """
        if self.action == "register":
            agreed = {"take-part": self.take_part, "updates": self.updates}
            return RegisterInterest(
                project_id=project_id,
                member=self.who,
                sessions=self.sessions,
                answers={"stage": self.stage} if self.stage else {},
                consents=tuple(purpose for purpose, yes in agreed.items() if yes),
            )
        if mine is None:
            raise NotFound("registration", "of theirs")
        if self.action == "switch":
            return SwitchSession(project_id=project_id, registration_id=mine.id, sessions=self.sessions)
        return Withdraw(project_id=project_id, registration_id=mine.id, reason=self.note)


class Directory:
    """The host's member directory, as a plugin: it knows members by id and by e-mail address.

    Args:
        members: all of them; those who left are in it too, and say so themselves.
    """

    name = "member-directory"

    def __init__(self, members: Sequence[Member]) -> None:
        self._known = {key.casefold(): member for member in members for key in (member.id, member.email)}

    @hookimpl
    def insight_sessions_find_member(self, key: str) -> Member | None:
        """The member somebody means, however they write their address."""
        return self._known.get(key.strip().casefold())


def read_members(path: Path) -> tuple[list[Member], list[WrongRow]]:
    """The members in a file, and the rows that were left out."""
    members: list[Member] = []
    wrong: list[WrongRow] = []
    seen: set[str] = set()
    for line, row in _rows(path, MEMBER_COLUMNS):
        try:
            member = _member(row)
        except ValueError as error:
            wrong.append(WrongRow(path.name, line, _reason(error)))
            continue
        keys = {member.id.casefold(), member.email.casefold()}
        if seen & keys:
            wrong.append(WrongRow(path.name, line, "the id or the e-mail address stands in an earlier row too"))
            continue
        seen |= keys
        members.append(member)
    return members, wrong


def read_sign_ups(path: Path) -> tuple[list[SignUp], list[WrongRow]]:
    """The sign-ups in a file in the order of their time, and the rows that were left out."""
    sign_ups: list[SignUp] = []
    wrong: list[WrongRow] = []
    for line, row in _rows(path, SIGN_UP_COLUMNS):
        try:
            sign_ups.append(SignUp.from_row(_complete(row, SIGN_UP_COLUMNS)))
        except ValueError as error:
            wrong.append(WrongRow(path.name, line, _reason(error)))
    return sorted(sign_ups, key=lambda one: one.at), wrong


def _member(row: dict[str | None, object]) -> Member:
    cells = {name: cell for name, cell in _complete(row, MEMBER_COLUMNS).items() if cell}
    attributes = {name: cells.pop(name) for name in ATTRIBUTES if name in cells}
    return Member.model_validate({**cells, "attributes": attributes})


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str | None, object]]]:
    """Each row with its line.

    Raises:
        ValueError: the file as a whole cannot be used.
    """
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path.name}: larger than {MAX_BYTES:,} bytes")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            if tuple(reader.fieldnames or ()) != tuple(columns):
                raise ValueError(f"{path.name}, line 1: the columns must be {', '.join(columns)}")
            for row in reader:
                yield reader.line_num, dict(row)
        except UnicodeDecodeError:
            raise ValueError(f"{path.name}: not UTF-8 text") from None
        except csv.Error as error:
            raise ValueError(f"{path.name}, after line {reader.line_num}: {error}") from None


def _complete(row: dict[str | None, object], columns: Sequence[str]) -> dict[str, str]:
    """The row, when it has a cell for every column and no more."""
    cells = {name: cell.strip() for name in columns if isinstance(cell := row.get(name), str)}
    if len(cells) < len(columns):
        raise ValueError(f"{len(cells)} cells where {len(columns)} are expected")
    if None in row:
        raise ValueError(f"more than {len(columns)} cells")
    return cells


def _reason(error: ValueError) -> str:
    """What is wrong, without what was written there."""
    if not isinstance(error, ValidationError):
        return str(error)
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{one['loc'][0]}: {one['msg'].removeprefix('Value error, ')}" for one in found)
