"""The two CSV files of the story, read as what they are: text from outside.

A wrong row is left out and named by its line, never by what it says: that may be somebody's name.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, NaiveDatetime, StringConstraints

from insight_sessions import (
    Command,
    Member,
    NotFound,
    RegisterInterest,
    Registration,
    SwitchSession,
    Withdraw,
    hookimpl,
    tables,
)

R = TypeVar("R")

LIMITS: Final = tables.Limits(bytes=5_000_000)
ATTRIBUTES: Final = {name: f"attribute:{name}" for name in ("setting", "country", "role")}
SIGN_UP_COLUMNS: Final = ("at", "who", "action", "sessions", "stage", "take_part", "updates", "note")

SessionId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
Short = Annotated[str, StringConstraints(max_length=200)]


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
            raise ValueError("Name at least one session.")
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


def read_members(path: Path) -> tuple[list[Member], list[str]]:
    """The members in a file, and what is wrong with the rows that were left out."""
    return _read(path, tables.read_members(path, names=ATTRIBUTES, limits=LIMITS))


def read_sign_ups(path: Path) -> tuple[list[SignUp], list[str]]:
    """The sign-ups in a file in the order of their time, and what is wrong with the rows that were left out."""
    found, wrong = _read(path, tables.read_table(path, SignUp.from_row, needed=SIGN_UP_COLUMNS, limits=LIMITS))
    return sorted(found, key=lambda one: one.at), wrong


def _read(path: Path, table: tables.Table[R]) -> tuple[list[R], list[str]]:
    return [row.value for row in table.rows], [f"{path.name}, {problem}" for problem in table.problems]
