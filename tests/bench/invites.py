"""Personal invites for everyone in a session, beside the icalendar library."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event, Timezone, vCalAddress, vText

from insight_sessions import Desk, Person, Registration
from insight_sessions.domain.state import ProjectState
from tests.bench.stage import PROJECT, ROOMY, desk, filled
from tests.bench.table import Row, Scale, at_least, at_most, in_turns, microseconds, rate, seconds


class _Invited(NamedTuple):
    registration: Registration
    person: Person


def _calendar(state: ProjectState, invited: _Invited) -> Calendar:
    """One person's invite as icalendar's documentation makes them, with what ours says."""
    project, session = state.definition, state.session(ROOMY)
    calendar = Calendar()
    calendar.add("prodid", "-//insight-sessions//insight-sessions//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "REQUEST")
    event = Event()
    starts = session.starts.replace(tzinfo=ZoneInfo(session.zone_name))
    event.add("dtstart", starts)
    event.add("dtend", starts + timedelta(minutes=session.minutes))
    stamped = invited.registration.stamped
    assert isinstance(stamped, datetime)
    for name in ("dtstamp", "created", "last-modified"):
        event.add(name, stamped)
    event.add("uid", invited.registration.uid)
    event.add("sequence", 0)
    event.add("summary", project.title)
    event.add("description", project.summary)
    event.add("status", "CONFIRMED")
    event.add("transp", "OPAQUE")
    organiser = vCalAddress(f"mailto:{project.organiser.email}")
    organiser.params["CN"] = vText(project.organiser.name)
    event["organizer"] = organiser
    attendee = vCalAddress(f"mailto:{invited.person.email}")
    attendee.params["CN"] = vText(invited.person.name)
    attendee.params["CUTYPE"] = vText("INDIVIDUAL")
    attendee.params["PARTSTAT"] = vText("NEEDS-ACTION")
    attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
    attendee.params["RSVP"] = vText("TRUE")
    event.add("attendee", attendee, encode=False)
    for before in (timedelta(days=-1), timedelta(hours=-1)):
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", project.title)
        alarm.add("trigger", before)
        event.add_component(alarm)
    calendar.add_component(event)
    return calendar


def _as_documented(state: ProjectState, invited: _Invited) -> bytes:
    calendar = _calendar(state, invited)
    calendar.add_missing_timezones()
    written: bytes = calendar.to_ical()
    return written


def _with_cached_zone(state: ProjectState, invited: _Invited, known: Timezone) -> bytes:
    calendar = _calendar(state, invited)
    calendar.subcomponents.insert(0, known)
    written: bytes = calendar.to_ical()
    return written


class _Session:
    """A session with so many people in it."""

    def __init__(self, found: Desk, size: int) -> None:
        self._desk, self._size = filled(found, size), size
        self.state = found.state(PROJECT)

    def ours(self, repeats: int = 1) -> float:
        """Seconds for one invite, when all are asked for."""

        def write() -> None:
            for _ in range(repeats):
                assert sum(1 for _ in self._desk.invites(PROJECT, ROOMY)) == self._size

        return seconds(write) / self._size / repeats

    def theirs(self, number: int, write: Callable[[ProjectState, _Invited], bytes]) -> float:
        """Seconds for one invite by icalendar."""
        people = [
            _Invited(one, self.state.people[one.person]) for one in islice(self.state.registrations.values(), number)
        ]
        return seconds(lambda: [write(self.state, invited) for invited in people]) / number


def invites(scale: Scale) -> Iterator[Row]:
    """Everybody's invite for one session."""
    large = scale.of(100_000, 40)
    some = scale.of(50, 2)
    with ExitStack() as stack:
        few, many = (_Session(stack.enter_context(desk()), size) for size in (10, large))
        many.ours()
        cached = Timezone.from_tzid("Europe/London")
        for_few, for_many, documented, with_cache = in_turns(
            scale.rounds,
            lambda: few.ours(repeats=some),
            many.ours,
            lambda: many.theirs(some, _as_documented),
            lambda: many.theirs(some * 4, lambda state, invited: _with_cached_zone(state, invited, cached)),
        )
    for name, theirs, bound in (("as documented", documented, 100), ("with a cached zone", with_cache, 20)):
        yield Row(
            name=f"invites for {large:,} people, beside icalendar",
            measured=rate(1 / for_many),
            limit=f"{rate(1 / theirs)} {name}",
            ratio=theirs / for_many,
            target=at_least(bound, theirs / for_many),
        )
    yield Row(
        name=f"one invite, of {large:,}",
        measured=microseconds(for_many),
        limit=f"{microseconds(for_few)} of 10",
        ratio=for_many / for_few,
        target=at_most(1.3, for_many / for_few),
    )
