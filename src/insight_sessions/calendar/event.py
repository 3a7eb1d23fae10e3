"""The calendar event of a session, made with icalendar, shown to plugins and put right after each.

icalendar is imported inside the functions: it costs 70 ms, and only those who write invites need it.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from insight_sessions.calendar.entry import Entry
from insight_sessions.calendar.fitness import refuse_unfit
from insight_sessions.calendar.lines import mailto
from insight_sessions.calendar.times import Times
from insight_sessions.calendar.writing import PERSONAL, write

if TYPE_CHECKING:
    from icalendar import Alarm, Component, Event

# A plugin has no say in these: they would change when the session is, or whose entry it is.
_NEVER: Final = ("METHOD", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID")
_ALARMS: Final = (timedelta(days=-1), timedelta(hours=-1))


class Draft:
    """The event of a session, for those who alter it one after the other.

    Args:
        entry: anyone's; only what is shared is used.
        times: when the session is.

    Raises:
        ValueError: a property is not fit to be sent; the message begins with its name.
    """

    def __init__(self, entry: Entry, times: Times) -> None:
        from icalendar import Event  # noqa: PLC0415

        self.event: Final = Event()
        self._entry = entry
        self._times = times
        _describe(self.event, entry)
        self.content_lines = self._settled()

    def settle(self) -> str | None:
        """Put right what only we may say, and look at what somebody left.

        Returns:
            What is not fit to be sent, if anything: the name of the property and why, without its value.
        """
        try:
            self.content_lines = self._settled()
        except ValueError as error:
            return str(error)
        return None

    def _settled(self) -> tuple[str, ...]:
        """Its lines, not yet folded, with an empty one for each of a person's own."""
        _assert_ours(self.event, self._entry, self._times)
        written = write(self.event)
        refuse_unfit(written)
        return tuple(written.content_lines())


Prepare: TypeAlias = Callable[[Draft], None]
"""Has a session's event altered in place, and settled after each who did, before anyone's own lines are filled in."""


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
