"""The lines that are filled in as bytes are those that icalendar would have written."""

import re
import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import icalendar
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from insight_sessions.calendar.invite import Entry, invite, template_for
from insight_sessions.calendar.lines import PRODID, mailto
from insight_sessions.domain.notices import Method
from insight_sessions.domain.project import Contact
from insight_sessions.domain.session import Slot
from insight_sessions.domain.zone import instant, zone, zone_names
from insight_sessions.text import EmailAddress, Line, Text, Url
from tests.calendar_client import content_lines, event_of, read

LINE, TEXT, EMAIL, URL = (TypeAdapter[str](kind) for kind in (Line, Text, EmailAddress, Url))
SPECIAL = "\\;,:\"^'\N{RIGHT SINGLE QUOTATION MARK}nN\N{OGHAM SPACE MARK}é𝔘 %?="
CHARACTERS = st.one_of(st.sampled_from(SPECIAL), st.characters(exclude_categories=("Cs", "Cc")))
MOMENTS = st.datetimes(datetime(1996, 1, 1), datetime(2045, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


def let_in(door: TypeAdapter[str], value: str) -> str:
    """What the door makes of a text, or another example."""
    try:
        return door.validate_python(value)
    except ValidationError:
        assume(condition=False)
        raise


lines = st.text(CHARACTERS, min_size=1, max_size=200).map(lambda value: let_in(LINE, value))
texts = st.text(st.one_of(CHARACTERS, st.sampled_from("\n\t")), max_size=600).map(lambda value: let_in(TEXT, value))
emails = st.text(string.ascii_letters + string.digits + "!#$%&'*+/=?^_`{|}~-", min_size=1, max_size=64).map(
    lambda local: let_in(EMAIL, f"{local}@example.org")
)
urls = st.text(CHARACTERS, max_size=120).map(lambda path: let_in(URL, f"https://example.org/{path}"))


@st.composite
def slots(draw: st.DrawFn) -> Slot:
    """A session at any time in any zone at which the clocks do not skip it."""
    name = draw(st.sampled_from(sorted(zone_names())))
    starts = draw(st.datetimes(datetime(1996, 1, 1), datetime(2045, 12, 31))).replace(second=0, microsecond=0)  # noqa: DTZ001
    try:
        starts_at = instant(starts, name)
    except ValueError:
        assume(condition=False)
        raise
    minutes = draw(st.integers(1, 24 * 60))
    where = draw(st.none() | lines)
    return Slot(id="x", starts=starts, minutes=minutes, timezone=name, starts_at=starts_at, where=where)


entries = st.builds(
    Entry,
    uid=st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=120).map(
        lambda id: f"{id}.insight-sessions"
    ),
    sequence=st.integers(0, 2**31 - 1),
    method=st.sampled_from(Method),
    stamped=MOMENTS,
    created=MOMENTS,
    modified=MOMENTS,
    slot=slots(),
    summary=lines,
    description=texts,
    organiser=st.builds(Contact, name=lines, email=emails),
    name=lines,
    email=emails,
    partstat=st.sampled_from([None, "NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE"]),
    tentative=st.booleans(),
    url=st.none() | urls,
    conference=st.none() | urls,
)


def address(email: str, name: str, **parameters: str) -> icalendar.vCalAddress:
    return icalendar.vCalAddress(mailto(email), params={"CN": name.replace('"', "'"), **parameters})


def links(event: icalendar.Event, entry: Entry) -> None:
    link = entry.conference if entry.is_confirmed else None
    where, description = entry.slot.where, entry.description
    if link is not None:
        where = f"{where}, {link}" if where else link
        description = description if link in description else f"{description}\n\n{link}".lstrip()
        event.add("conference", icalendar.vUri(link, params={"VALUE": "URI", "FEATURE": ["AUDIO", "VIDEO"]}))
    for name, text in {"description": description, "location": where, "url": entry.url}.items():
        if text:
            event.add(name, text)


def icalendars_event(entry: Entry, *, in_utc: bool) -> icalendar.Event:
    """The same event, all of it by icalendar."""
    event = icalendar.Event()
    event.add("summary", entry.summary)
    links(event, entry)
    known = UTC if in_utc else zone(entry.slot.timezone)
    starts = entry.slot.starts_at
    event.add("dtstart", starts.astimezone(known))
    event.add("dtend", (starts + timedelta(minutes=entry.slot.minutes)).astimezone(known))
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.stamped)
    event.add("created", entry.created)
    event.add("last-modified", entry.modified)
    event.add("transp", "OPAQUE")
    event.add("status", entry.status)
    reply = {"RSVP": "TRUE"} if entry.method is Method.REQUEST else {}
    answer = entry.partstat or "NEEDS-ACTION"
    person = {"CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT", "PARTSTAT": answer, **reply}
    event.add("attendee", address(entry.email, entry.name, **person))
    event.add("organizer", address(entry.organiser.email, entry.organiser.name))
    for before in (timedelta(days=1), timedelta(hours=1)) if entry.is_confirmed else ():
        alarm = icalendar.Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", entry.summary)
        alarm.add("trigger", -before)
        event.add_component(alarm)
    return event


def by_icalendar(entry: Entry, *, in_utc: bool) -> bytes:
    """The same calendar without the zone, whose rules icalendar would sort in another way."""
    calendar = icalendar.Calendar()
    for name, value in {"prodid": PRODID, "version": "2.0", "calscale": "GREGORIAN", "method": entry.method}.items():
        calendar.add(name, value)
    calendar.add_component(icalendars_event(entry, in_utc=in_utc))
    return bytes(calendar.to_ical())


def in_one_order(data: bytes) -> bytes:
    """With the parts of each recurrence rule sorted (RFC 5545 §3.3.10: in any order)."""
    return re.sub(rb"(?<=\nRRULE:)[^\r]+", lambda rule: b";".join(sorted(rule[0].split(b";"))), data)


def has_broken_newline(entry: Entry) -> bool:
    r"""Icalendar makes a line break of a backslash and an N."""
    return any("\\N" in text for text in (entry.summary, entry.description, entry.slot.where or ""))


@given(entries)
def test_the_bytes_are_those_that_icalendar_writes(entry: Entry) -> None:
    """For any names, texts, links, times and zones that may come in."""
    assume(not has_broken_newline(entry))
    data = invite(entry)
    before, begin, rules = data.partition(b"BEGIN:VTIMEZONE\r\n")
    if begin:
        data = before + rules.partition(b"END:VTIMEZONE\r\n")[2]
    assert data == by_icalendar(entry, in_utc=not begin)


@given(entries)
def test_what_went_in_comes_out(entry: Entry) -> None:
    """Read by a reader that shares no code: lines of at most 75 octets, every text, both instants."""
    data = invite(entry)
    event = read(data).part("VEVENT")
    assert event.one("SUMMARY").text == entry.summary
    assert "".join(one.text for one in event.all("DESCRIPTION")).startswith(entry.description)
    assert event.one("ATTENDEE").parameters["CN"] == entry.name.replace('"', "'")
    assert event.one("UID").raw == entry.uid
    shown = event_of(data)
    assert shown.begins == entry.slot.starts_at
    assert shown.ends == entry.slot.starts_at + timedelta(minutes=entry.slot.minutes)
    assert (shown.sequence, shown.stamped, shown.status) == (
        entry.sequence,
        entry.stamped.replace(microsecond=0),
        entry.status,
    )


@given(entries, lines, emails)
def test_two_people_of_a_session_differ_in_their_own_lines_alone(entry: Entry, name: str, email: str) -> None:
    """Nothing of one is in the other's file."""
    template = template_for(entry)
    other = replace(entry, name=name, email=email)
    one, two = content_lines(template.fill(entry)), content_lines(template.fill(other))
    different = [line for line in one if line not in two]
    assert all(line.startswith("ATTENDEE;") for line in different)
    assert template.fill(other) == invite(other)


@given(slots(), st.sampled_from(Method))
def test_icalendar_reads_the_zone_and_writes_the_same_again(slot: Slot, method: Method) -> None:
    """The whole file for any time and zone; only the parts of a rule, whose order means nothing, stand in another."""
    noon = datetime(2021, 6, 14, 12, tzinfo=UTC)
    data = invite(
        Entry(
            uid="r-1.insight-sessions",
            sequence=0,
            method=method,
            stamped=noon,
            created=noon,
            modified=noon,
            slot=replace(slot, where=None),
            summary="Exploring COVID-19 backlogs",
            description="A two-hour session; bring your experiences, and promising work.",
            organiser=Contact(name="Q insight team", email="insight@example.org"),
            name="Ada Osei",
            email="ada@example.org",
        )
    )
    assert in_one_order(icalendar.Calendar.from_ical(data).to_ical(sorted=False)) == in_one_order(data)
