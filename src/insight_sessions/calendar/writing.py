"""How the event of a session becomes lines: written by us, for icalendar lets too much through.

Nothing here trusts what a plugin left in the event: each property is written once, and what was written
is what is checked and sent.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, cast

from insight_sessions.calendar.lines import escape, parameter
from insight_sessions.text import refuse_controls

if TYPE_CHECKING:
    from icalendar import Component

PERSONAL: Final = ("DTSTAMP", "UID", "SEQUENCE", "ATTENDEE", "CREATED", "LAST-MODIFIED")
"""The properties of one person's copy."""

# Our own longest text, with every character escaped and a link added, is a little shorter.
_LONGEST: Final = 30_000
_MOST: Final = 100_000
_NAME: Final = re.compile(r"(?!X?-*$)[A-Z0-9-]{1,100}")
_FIT_FOR_A_NAME: Final = re.compile(r"[A-Z0-9-]{0,40}")


class _Writable(Protocol):
    """A value of icalendar's; most give bytes, a place on the globe gives text."""

    def to_ical(self) -> bytes | str: ...


@dataclass(frozen=True, slots=True)
class Line:
    """One property, as it is written."""

    name: str
    parameters: Mapping[str, str]
    value: str

    def __str__(self) -> str:
        return "".join((self.name, *(f";{key}={text}" for key, text in self.parameters.items()), ":", self.value))


@dataclass(frozen=True, slots=True)
class Part:
    """An event or one of its alarms, as it is written; a person's own properties have an empty value."""

    name: str
    lines: tuple[Line, ...]
    alarms: tuple["Part", ...] = ()

    def content_lines(self) -> Iterator[str]:
        """Its lines with those of its alarms, not yet folded; an empty one for each of a person's own."""
        yield f"BEGIN:{self.name}"
        for line in self.lines:
            yield str(line) if line.value else ""
        for alarm in self.alarms:
            yield from alarm.content_lines()
        yield f"END:{self.name}"


def write(event: "Component") -> Part:
    """An event as it is written.

    Raises:
        ValueError: a property cannot be written; the message begins with its name, and holds no value.
    """
    alarms = tuple(_alarm(part) for part in event.subcomponents)
    written = Part(event.name or "", tuple(_lines(event, PERSONAL)), alarms)
    if sum(map(len, written.content_lines())) > _MOST:
        raise ValueError(f"{written.name}: must not be longer than {_MOST:,} characters in all")
    return written


def _alarm(part: "Component") -> Part:
    if part.name != "VALARM" or part.subcomponents:
        raise ValueError(f"{_shown(str(part.name))}: an event may only hold alarms")
    return Part("VALARM", tuple(_lines(part)))


def _lines(part: "Component", personal: Iterable[str] = ()) -> Iterator[Line]:
    for name in part.sorted_keys():
        if name in personal:
            yield Line(name, {}, "")
            continue
        value: object = part[name]
        for each in cast("list[object]", value) if isinstance(value, list) else [value]:
            yield _line(name, each)


def _line(name: str, value: object) -> Line:
    """One property, checked: icalendar itself lets a line end through in names and X- values."""
    if not _NAME.fullmatch(name) or name in {"BEGIN", "END"}:
        raise ValueError(f"{_shown(name)}: not the name of a property (RFC 5545 §3.1)")
    try:
        line = Line(name, _parameters(getattr(value, "params", {})), _value(value))
    except Exception as error:
        raise ValueError(f"{name}: cannot be written ({type(error).__name__})") from error
    if not line.value.strip() or not all(line.parameters.values()):
        raise ValueError(f"{name}: must not be empty, nor any parameter of it")
    if not all(_NAME.fullmatch(key.upper()) for key in line.parameters):
        raise ValueError(f"{name}: has a parameter without a proper name (RFC 5545 §3.1)")
    text = str(line)
    if len(text) > _LONGEST:
        raise ValueError(f"{name}: must not be longer than {_LONGEST:,} characters")
    try:
        refuse_controls(text, allowed="\t")
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return line


def _shown(name: str) -> str:
    """As much of a name as can be said to anybody: what is wrong in it may be somebody's name, or break a line."""
    found = _FIT_FOR_A_NAME.match(name)
    fit = "" if found is None else found[0]
    return fit if fit == name else f"{fit}…"


def _value(value: object) -> str:
    r"""A value as it is written.

    Texts are written here and not by icalendar, which makes a line break of ``\N`` in them.
    """
    from icalendar import vText  # noqa: PLC0415
    from icalendar.prop import vCategory  # noqa: PLC0415

    if isinstance(value, vText) or type(value) is str:
        return escape(str(value))
    if isinstance(value, vCategory):
        return ",".join(escape(str(each)) for each in cast("list[object]", value.cats))
    # Whatever has no such method, or gives something else, is refused.
    written = cast("_Writable", value).to_ical()
    return written if isinstance(written, str) else written.decode()


def _parameters(given: Mapping[str, object]) -> dict[str, str]:
    """Parameters as they are written: icalendar would write a double quote as RFC 6868 does, which few readers know."""
    return {key: _parameter(given[key]) for key in sorted(given)}


def _parameter(value: object) -> str:
    values = cast("Iterable[object]", value) if isinstance(value, list | tuple) else [value]
    return ",".join(parameter(str(each)) for each in values)
