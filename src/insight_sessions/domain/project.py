"""A project: what a research team announces, and the call that goes with it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from insight_sessions.domain.session import Session
from insight_sessions.domain.zone import Timezone, instant
from insight_sessions.errors import ProjectFileError
from insight_sessions.text import EmailAddress, Language, Line, Slug, Text, Url

MAX_FILE_BYTES = 1 << 20
MOST_DOTS = 4_000
MOST_PROBLEMS = 20

PlacesPolicy = Literal["first-come", "review", "allocation"]
"""How places are given: at once, by an organiser's decision, or decided together."""

_VALUE = ConfigDict(
    defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True, revalidate_instances="always"
)


class Contact(BaseModel):
    """Who to write to about a project; public."""

    model_config = _VALUE

    name: Line
    email: EmailAddress


class CallStatus(StrEnum):
    """Where a call stands."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


class Call(BaseModel):
    """The call for participants.

    Args:
        status: draft, open or closed; a closed call may open again.
        opens_at: when it opens by itself; local time is taken in the project's zone.
        closes_at: when it closes by itself.
        closed_message: what it says once closed.
    """

    model_config = _VALUE

    status: CallStatus = CallStatus.DRAFT
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    closed_message: Text = "This opportunity is now closed."

    @property
    def is_open(self) -> bool:
        """Whether members can register."""
        return self.status is CallStatus.OPEN

    @property
    def message(self) -> str:
        """What the call says of itself, for anyone to read."""
        if self.status is CallStatus.CLOSED:
            return self.closed_message
        return "This call is open." if self.is_open else "This call is not open yet."


class Question(BaseModel):
    """Something the organisers ask everyone who registers."""

    model_config = _VALUE

    id: Slug
    text: Line
    required: bool = False
    choices: tuple[Line, ...] = ()


class ConsentAsked(BaseModel):
    """A consent the organisers ask for, one purpose each.

    Args:
        purpose: such as ``take-part``, ``updates``, ``quotes``, ``recording``.
        text: what a member agrees to, in full.
        version: of the wording; it is kept with each answer.
        required: nobody can register without it.
    """

    model_config = _VALUE

    purpose: Slug
    text: Text
    version: Annotated[int, Field(ge=1)] = 1
    required: bool = False


class Project(BaseModel):
    """An insight project as it is announced.

    Args:
        id: short and stable, unique in the store.
        title: its name.
        summary: what it is about, in a paragraph.
        timezone: the IANA zone of its sessions.
        organiser: who members can write to.
        language: of its messages; ``en`` when not given.
        apply_url: where people who are not members can apply.
        members_only: whether only active members may take part.
        places: how places are given.
        recheck_days: after how many days someone's membership must be looked up again before a
            freed place is given to them; None to trust what was said when they registered.
        questions: asked of everyone who registers.
        consents: asked of everyone who registers.
        call: when the call opens and closes.
        sessions: what members choose from.

    Raises:
        pydantic.ValidationError: something in it is wrong.
    """

    model_config = _VALUE

    id: Slug
    title: Line
    summary: Text
    timezone: Timezone
    organiser: Contact
    language: Language = "en"
    apply_url: Url | None = None
    members_only: bool = True
    places: PlacesPolicy = "first-come"
    recheck_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    questions: tuple[Question, ...] = ()
    consents: tuple[ConsentAsked, ...] = ()
    call: Call = Field(default_factory=Call)
    sessions: tuple[Session, ...] = ()
    cancelled: Text | None = None

    @field_validator("call")
    @classmethod
    def _call_in_zone(cls, call: Call, info: ValidationInfo) -> Call:
        name = info.data.get("timezone")
        if name is None:
            return call
        moments = {key: getattr(call, key) for key in ("opens_at", "closes_at")}
        aware = {key: _aware(moment, name) for key, moment in moments.items()}
        return call.model_copy(update=aware)

    @field_validator("sessions")
    @classmethod
    def _sessions_in_zone(cls, sessions: tuple[Session, ...], info: ValidationInfo) -> tuple[Session, ...]:
        _refuse_twice("session", (session.id for session in sessions))
        name = info.data.get("timezone")
        return sessions if name is None else tuple(session.placed(name) for session in sessions)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _refuse_twice("question", (question.id for question in self.questions))
        _refuse_twice("consent", (consent.purpose for consent in self.consents))
        opens, closes = self.call.opens_at, self.call.closes_at
        if opens is not None and closes is not None and closes <= opens:
            raise ValueError("the call must not close before it opens")
        return self

    @classmethod
    def from_toml(cls, path: str | Path) -> "Project":
        """Read a project from a TOML file that mirrors this class.

        Top-level keys, ``[organiser]``, ``[call]``, ``[[sessions]]``, ``[[questions]]`` and
        ``[[consents]]``; a session's ``starts`` is a TOML local date-time.

        Raises:
            ProjectFileError: names the file, each wrong key with its line, and the reason.
        """
        import tomllib  # noqa: PLC0415 - most processes read no file

        path = Path(path)
        text = _file_text(path)
        if text.count(".") > MOST_DOTS:
            # Reading a key of very many parts takes time that grows with their square.
            raise ProjectFileError(path, [f"holds more than {MOST_DOTS:,} dots"])
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ProjectFileError(path, [str(error)]) from None
        except RecursionError:
            raise ProjectFileError(path, ["nested too deeply"]) from None
        except ValueError:
            raise ProjectFileError(path, ["holds a number that is too long"]) from None
        kept = [(where, "is for the library to say") for where in _kept_in(content)]
        if kept:
            raise ProjectFileError(path, _problems(text, kept))
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            found = [(one["loc"], one["msg"]) for one in error.errors(include_input=False, include_url=False)]
            raise ProjectFileError(path, _problems(text, found)) from None


_OF_THE_LIBRARY: Final = frozenset({"status", "sequence", "reason", "starts_at", "tzdata", "changed_at"})


def _kept_in(content: Mapping[str, Any]) -> Iterator[tuple[int | str, ...]]:
    """The keys of a file that only what happens may set."""
    if "cancelled" in content:
        yield ("cancelled",)
    if "status" in _keys(content.get("call")):
        yield ("call", "status")
    sessions: Any = content.get("sessions")
    if isinstance(sessions, list):
        for number, session in enumerate(cast("list[object]", sessions)):
            for key in sorted(_OF_THE_LIBRARY & _keys(session)):
                yield ("sessions", number, key)


def _keys(table: object) -> set[str]:
    return set(cast("dict[str, object]", table)) if isinstance(table, dict) else set()


def _aware(moment: datetime | None, name: str) -> datetime | None:
    if moment is None or moment.tzinfo is not None:
        return moment
    return instant(moment, name)


def _refuse_twice(kind: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise ValueError(f"two {kind}s have the id {name!r}")
        seen.add(name)


def _file_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ProjectFileError(path, [f"cannot be read: {error.strerror}"]) from error
    except ValueError:
        raise ProjectFileError(path, ["is no name of a file"]) from None
    if len(raw) > MAX_FILE_BYTES:
        raise ProjectFileError(path, ["is larger than 1 MiB"])
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ProjectFileError(path, ["is not UTF-8 text"]) from None


def _problems(text: str, found: Sequence[tuple[Sequence[int | str], str]]) -> list[str]:
    """The first problems of a file, and how many more there are."""
    named = [_problem(text, where, reason) for where, reason in found[:MOST_PROBLEMS]]
    more = len(found) - len(named)
    return [*named, f"and {more:,} more"] if more else named


def _problem(text: str, where: Sequence[int | str], reason: str) -> str:
    """Name a wrong key as a person would, with its line when it is there."""
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).lstrip(".")
    line = _line_of(text, where)
    return f"{key or 'project'}{f' (line {line})' if line else ''}: {reason.removeprefix('Value error, ')}"


def _line_of(text: str, where: Sequence[int | str]) -> int | None:
    """The line a key stands in: the last part, after the header of its table (best effort)."""
    names = [part for part in where if isinstance(part, str)]
    nth = next((part for part in where if isinstance(part, int)), 0)
    lines = text.splitlines()
    start = 0
    if len(names) > 1:
        headers = [
            number for number, line in enumerate(lines) if re.match(rf"\s*\[+\s*{re.escape(names[0])}\s*\]", line)
        ]
        if nth >= len(headers):
            return None
        start = headers[nth]
    for number, line in enumerate(lines[start:], start + 1):
        if names and re.match(rf"\s*{re.escape(names[-1])}\s*=", line):
            return number
        if line.lstrip().startswith("[") and not (len(names) > 1 and number == start + 1):
            break
    return start + 1 if len(names) > 1 else None
