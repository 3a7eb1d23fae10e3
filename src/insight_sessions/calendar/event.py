"""The calendar event of a session, made with icalendar, shown to plugins and checked.

icalendar is imported inside the functions: it costs 70 ms, and only those who write invites need it.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from insight_sessions.calendar.entry import Entry
from insight_sessions.calendar.lines import escape, mailto, parameter
from insight_sessions.calendar.times import Times
from insight_sessions.text import refuse_controls

if TYPE_CHECKING:
    from icalendar import Alarm, Component, Event

Prepare = Callable[["Event"], None]
"""Alters the event of a session in place, before anyone's own lines are filled in."""

PERSONAL: Final = ("DTSTAMP", "UID", "SEQUENCE", "ATTENDEE", "CREATED", "LAST-MODIFIED")
"""The properties of one person's copy."""

# A plugin has no say in these: they would change when the session is, or whose entry it is.
_NEVER: Final = ("METHOD", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID")
_ALARMS: Final = (timedelta(days=-1), timedelta(hours=-1))
_NAME: Final = re.compile(r"[A-Z0-9-]+")
_RELATIVE: Final = re.compile(r"[+-]?P")


def session_event(entry: Entry, times: Times, prepare: Prepare | None) -> "Event":
    """The event of an entry's session, with a place for each person's own lines.

    Args:
        entry: anyone's; only what is shared is used.
        times: when the session is.
        prepare: changes the event; what must not be changed is put right afterwards.

    Raises:
        ValueError: a property is not fit to be sent; the message begins with its name.
    """
    from icalendar import Event  # noqa: PLC0415

    event = Event()
    _describe(event, entry)
    _assert_ours(event, entry, times)
    if prepare is not None:
        prepare(event)
        _assert_ours(event, entry, times)
    _check(event)
    return event


def _describe(event: "Event", entry: Entry) -> None:
    """What a plugin may alter: the words, the links and the alarms."""
    from icalendar import vUri  # noqa: PLC0415

    link = entry.conference if entry.is_confirmed else None
    description, where = entry.description, entry.slot.where
    if link is not None:
        where = link if where is None else f"{where}, {link}"
        if link not in description:
            description = f"{description}\n\n{link}".lstrip()
        # A list, so that icalendar does not write the features as one quoted value (RFC 7986 §5.11).
        _add(event, "CONFERENCE", vUri(link, params={"VALUE": "URI", "FEATURE": ["AUDIO", "VIDEO"]}))
    texts = {"SUMMARY": entry.summary, "DESCRIPTION": description, "LOCATION": where, "URL": entry.url}
    for name, text in texts.items():
        if text:
            _add(event, name, text)
    _add(event, "TRANSP", "OPAQUE")
    for before in _ALARMS:
        event.add_component(_alarm(entry.summary, before))


def _add(part: "Component", name: str, value: object) -> None:
    part.add(name, value)  # pyright: ignore[reportUnknownMemberType]  # icalendar takes anything and says so


def _alarm(summary: str, before: timedelta) -> "Alarm":
    from icalendar import Alarm  # noqa: PLC0415

    alarm = Alarm()
    _add(alarm, "ACTION", "DISPLAY")
    _add(alarm, "DESCRIPTION", summary)
    _add(alarm, "TRIGGER", before)
    return alarm


def _assert_ours(event: "Event", entry: Entry, times: Times) -> None:
    """Put right what only we may say: identity, times, people, status."""
    from icalendar import vCalAddress  # noqa: PLC0415

    for name in (*PERSONAL, *_NEVER, "DTSTART", "DTEND", "ORGANIZER", "STATUS"):
        event.pop(name, None)
    for name in PERSONAL:
        event[name] = ""
    _add(event, "DTSTART", times.starts)
    _add(event, "DTEND", times.ends)
    organiser = entry.organiser
    event["ORGANIZER"] = vCalAddress(mailto(organiser.email), params={"CN": organiser.name})
    _add(event, "STATUS", entry.status)
    if not entry.is_confirmed:
        # Only who has the place joins, and is reminded.
        event.pop("CONFERENCE", None)
        event.subcomponents.clear()


def _check(event: "Event") -> None:
    if "SUMMARY" not in event:
        raise ValueError("SUMMARY: an invite must have one (RFC 5546 §3.2.2)")
    _refuse_repeated(event)
    if not str(event.get("URL", "https://")).startswith("https://"):
        raise ValueError("URL: must begin with https://")
    for part in event.subcomponents:
        _check_alarm(part)


def _check_alarm(part: "Component") -> None:
    """An alarm is a message on the screen, some time before or after (RFC 5545 §3.6.6)."""
    if part.name != "VALARM" or part.subcomponents:
        raise ValueError(f"{part.name}: an event may only hold alarms")
    _refuse_repeated(part)
    properties = {name: line.partition(":")[2] for name, line in _properties(part)}
    if properties.get("ACTION") != "DISPLAY" or "DESCRIPTION" not in properties or "ATTENDEE" in properties:
        raise ValueError("VALARM: must be ACTION:DISPLAY with a DESCRIPTION, for nobody else")
    if not _RELATIVE.match(properties.get("TRIGGER", "")):
        raise ValueError("TRIGGER: must be relative to the session")


def _refuse_repeated(part: "Component") -> None:
    singletons: tuple[str, ...] = part.singletons
    repeated = [name for name in singletons if isinstance(part.get(name), list)]
    if repeated:
        raise ValueError(f"{repeated[0]}: may be there only once (RFC 5545 §3.6)")


def content_lines(part: "Component") -> Iterator[str]:
    """The lines of an event with its alarms, not yet folded; an empty one for each of a person's own.

    Raises:
        ValueError: a property is not fit to be sent; the message begins with its name.
    """
    yield f"BEGIN:{part.name}"
    for _, line in _properties(part):
        yield line
    for inner in part.subcomponents:
        yield from content_lines(inner)
    yield f"END:{part.name}"


def _properties(part: "Component") -> Iterator[tuple[str, str]]:
    for name in part.sorted_keys():
        if part.name == "VEVENT" and name in PERSONAL:
            yield name, ""
            continue
        value: object = part[name]
        for each in cast("list[object]", value) if isinstance(value, list) else [value]:
            yield name, _content_line(name, each)


def _content_line(name: str, value: object) -> str:
    """One property as a line, checked: icalendar itself lets a line end through in names and X- values."""
    if not _NAME.fullmatch(name) or name in {"BEGIN", "END"}:
        raise ValueError(f"{name!r}: not the name of a property (RFC 5545 §3.1)")
    parameters, written = _written(name, value)
    if not written:
        raise ValueError(f"{name}: must not be empty")
    line = f"{name}{parameters}:{written}"
    try:
        refuse_controls(line, allowed="\t")
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return line


def _written(name: str, value: object) -> tuple[str, str]:
    r"""A property's parameters and its value as they are written.

    Texts and parameters are written here and not by icalendar, which makes a line break of ``\N`` in
    a text and puts RFC 6868 carets into names.
    """
    from icalendar import vText  # noqa: PLC0415

    try:
        given: dict[str, object] = getattr(value, "params", {})
        parameters = "".join(f";{key}={_parameter(given[key])}" for key in sorted(given))
        if isinstance(value, vText) or type(value) is str:
            return parameters, escape(str(value))
        return parameters, value.to_ical().decode()  # type: ignore[attr-defined]  # refused below when it has none
    except Exception as error:
        raise ValueError(f"{name}: cannot be written") from error


def _parameter(value: object) -> str:
    values = cast("Iterable[object]", value) if isinstance(value, list | tuple) else [value]
    return ",".join(parameter(str(each)) for each in values)
