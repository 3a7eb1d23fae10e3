"""Reading a project from a file, and saying what is wrong with it: key, line and reason."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import ValidationError

from insight_sessions.errors import ProjectFileError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from insight_sessions.domain.project import Project

MAX_FILE_BYTES: Final = 1 << 20
MOST_DOTS: Final = 4_000
MOST_PROBLEMS: Final = 20


def read(kind: "type[Project]", path: Path) -> "Project":
    """The project in a file.

    Args:
        kind: the class of projects.
        path: the file.

    Raises:
        ProjectFileError: names the file, each wrong key with its line, and the reason.
    """
    text = _file_text(path)
    content = _content(path, text)
    kept = [(where, "is for the library to say") for where in _kept_in(content)]
    if kept:
        raise ProjectFileError(path, _problems(text, kept))
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        found = [(one["loc"], _reason(one)) for one in error.errors(include_input=False, include_url=False)]
        raise ProjectFileError(path, _problems(text, found)) from None


def _reason(error: "ErrorDetails") -> str:
    """What is wrong, for somebody who writes files and not classes."""
    if error["type"] == "union_tag_invalid":
        known = error.get("ctx", {})
        return f"there is no rule '{known['tag']}'; there are {known['expected_tags']}"
    return _REASONS.get(error["type"], error["msg"])


_REASONS: Final = {
    "missing": "must be there",
    "extra_forbidden": "there is no such key here",
    "tuple_type": "must be a list",
    "union_tag_not_found": "must have the key rule, which says what kind it is",
}


def _content(path: Path, text: str) -> dict[str, Any]:
    if text.count(".") > MOST_DOTS:
        # Reading a key of very many parts takes time that grows with their square.
        raise ProjectFileError(path, [f"holds more than {MOST_DOTS:,} dots"])
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProjectFileError(path, [str(error)]) from None
    except RecursionError:
        raise ProjectFileError(path, ["nested too deeply"]) from None
    except ValueError:
        raise ProjectFileError(path, ["holds a number that is too long"]) from None


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
    where = _written(where)
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).lstrip(".")
    line = _line_of(text, where)
    return f"{key or 'project'}{f' (line {line})' if line else ''}: {reason.removeprefix('Value error, ')}"


def _written(where: Sequence[int | str]) -> Sequence[int | str]:
    """A place in a file, without the kinds of rules that pydantic names on the way."""
    if where[:1] != ("eligibility",):
        return where
    from insight_sessions.domain.rules import KINDS  # noqa: PLC0415 - most projects have none

    return [part for part in where if part not in KINDS]


def _line_of(text: str, where: Sequence[int | str]) -> int | None:
    """The line a key stands in, or that of a key around it, after the header of its table (best effort)."""
    names = [part for part in where if isinstance(part, str)]
    nth = next((part for part in where if isinstance(part, int)), 0)
    lines = text.splitlines()
    start, in_table = 0, len(names) < len(where) or len(names) > 1
    if in_table:
        headers = [
            number for number, line in enumerate(lines) if re.match(rf"\s*\[+\s*{re.escape(names[0])}\s*\]", line)
        ]
        if headers and nth >= len(headers):
            return None
        if headers:
            start = headers[nth] + 1
        else:  # a value that is written inline, behind its key
            names, in_table = names[:1], False
    end = next((number for number, line in enumerate(lines[start:], start) if line.lstrip().startswith("[")), None)
    for name in reversed(names[in_table:]):
        for number, line in enumerate(lines[start:end], start + 1):
            if re.match(rf"\s*{re.escape(name)}\s*=", line):
                return number
    return start if in_table else _header(lines, names)


def _header(lines: Sequence[str], names: Sequence[str]) -> int | None:
    """The line where a table begins that is wrong as a whole."""
    headers = [rf"\s*\[\s*{re.escape(name)}\s*\]" for name in names[:1]]
    return next((number for number, line in enumerate(lines, 1) if any(re.match(one, line) for one in headers)), None)
