"""Public files: a session's own and a project's feed."""

import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import icalendar
import pytest
import recurring_ical_events
import vobject
from ical.calendar_stream import IcsCalendarStream

from insight_sessions.calendar.feed import feed, session_calendar
from insight_sessions.domain.project import Contact, Project
from insight_sessions.domain.session import Session, SessionStatus
from tests.calendar_client import Client, event_in, event_of, read

GOLDEN = Path(__file__).parents[1] / "golden"
ANNOUNCED = datetime(2021, 6, 14, 9, tzinfo=UTC)


def project(*sessions: Session, summary: str = "Members' experiences of backlogs; promising work, too.") -> Project:
    return Project(
        id="covid-backlogs",
        title="Exploring COVID-19 backlogs",
        summary=summary,
        timezone="Europe/London",
        organiser=Contact(name="Q insight team", email="insight@example.org"),
        sessions=sessions,
    )


def session(id: str, starts: str, **more: object) -> Session:
    return Session.model_validate({"id": id, "starts": starts, "minutes": 120, "changed_at": ANNOUNCED, **more})


SEED = project(
    session("mon", "2021-07-05T10:00"), session("tue", "2021-07-06T14:00"), session("thu", "2021-07-08T17:00")
)


def test_the_seeds_public_files_are_these_bytes() -> None:
    """One file per slot, and the feed; compared to the byte."""
    for one in SEED.sessions:
        assert session_calendar(SEED, one) == (GOLDEN / f"session-{one.id}.ics").read_bytes()
    assert feed(SEED, SEED.sessions) == (GOLDEN / "feed.ics").read_bytes()


def test_a_public_file_names_nobody_but_the_organiser() -> None:
    """PUBLISH, no attendee, no alarm (RFC 5546 §3.2.1)."""
    calendar = read(session_calendar(SEED, SEED.sessions[0]))
    event = calendar.part("VEVENT")
    assert calendar.one("METHOD").raw == "PUBLISH"
    assert calendar.all("NAME") == []
    assert event.all("ATTENDEE") == []
    assert event.all("CONFERENCE") == []
    assert event.parts == []
    assert event.one("ORGANIZER").raw == "mailto:insight@example.org"
    assert event.one("UID").raw == "covid-backlogs.mon.insight-sessions"
    assert event.one("TRANSP").raw == "TRANSPARENT"


def test_a_feed_has_its_name_and_its_interval_in_both_ways() -> None:
    """RFC 7986 §5.1 and §5.7, and what came before."""
    lines = feed(SEED, SEED.sessions).split(b"\r\n")
    assert {
        b"NAME:Exploring COVID-19 backlogs",
        b"X-WR-CALNAME:Exploring COVID-19 backlogs",
        b"REFRESH-INTERVAL;VALUE=DURATION:PT12H",
        b"X-PUBLISHED-TTL:PT12H",
    } <= set(lines)


def test_a_cancelled_session_stays_in_the_feed_as_cancelled() -> None:
    """The same UID, a higher SEQUENCE; whoever has it learns of it."""
    client = Client()
    tuesday = SEED.sessions[1]
    gone = {"status": SessionStatus.CANCELLED, "sequence": 1, "changed_at": ANNOUNCED + timedelta(days=3)}
    cancelled = tuesday.model_copy(update=gone)
    client.take(session_calendar(SEED, tuesday))
    calendar = read(feed(SEED, [SEED.sessions[0], cancelled]))
    events = [event_in(calendar, part) for part in calendar.parts if part.name == "VEVENT"]
    assert [(event.uid, event.status, event.sequence) for event in events] == [
        ("covid-backlogs.mon.insight-sessions", "CONFIRMED", 0),
        ("covid-backlogs.tue.insight-sessions", "CANCELLED", 1),
    ]
    newer = event_of(session_calendar(SEED, cancelled).replace(b"METHOD:PUBLISH", b"METHOD:CANCEL"))
    assert (newer.sequence, newer.stamped) > (0, client.events[newer.uid].stamped)
    assert newer.begins == tuesday.starts_at


def test_equal_facts_give_equal_bytes_and_moments_come_from_the_last_change() -> None:
    """A poll that finds nothing new finds the same file."""
    assert feed(SEED, SEED.sessions) == feed(SEED, SEED.sessions)
    event = read(session_calendar(SEED, SEED.sessions[0])).part("VEVENT")
    assert event.one("DTSTAMP").raw == event.one("LAST-MODIFIED").raw == "20210614T090000Z"


def test_a_sessions_title_and_place_are_shown() -> None:
    """What is public of it."""
    shown = project(
        session("a", "2021-07-05T10:00", title="Mental health; a start", where="Room 5, London"), summary=""
    )
    event = read(session_calendar(shown, shown.sessions[0])).part("VEVENT")
    assert event.one("SUMMARY").text == "Exploring COVID-19 backlogs: Mental health; a start"
    assert event.one("LOCATION").text == "Room 5, London"
    assert event.all("DESCRIPTION") == []


def test_a_feed_has_each_zone_once_and_utc_where_a_zone_has_no_rules() -> None:
    """Every session is read at its instant."""
    mixed = project(
        session("london", "2026-07-05T10:00"),
        session("later", "2027-01-05T10:00"),
        session("nuuk", "2026-07-05T10:00", timezone="America/Nuuk"),
        session("cairo", "2026-07-05T10:00", timezone="Africa/Cairo"),
    )
    calendar = read(feed(mixed, mixed.sessions))
    zones = [part.one("TZID").raw for part in calendar.parts if part.name == "VTIMEZONE"]
    assert zones == ["America/Nuuk", "Europe/London"]
    events = [event_in(calendar, part) for part in calendar.parts if part.name == "VEVENT"]
    assert [event.begins for event in events] == [one.starts_at for one in mixed.sessions]
    assert [event.ends for event in events] == [one.ends for one in mixed.sessions]


def test_a_zone_whose_rules_changed_between_two_sessions_is_sent_in_utc_for_both() -> None:
    """One set of rules serves a whole file; New York's were new in 2007."""
    spread = project(
        session("old", "2005-07-05T10:00", timezone="America/New_York"),
        session("broken", "2007-07-05T10:00", timezone="America/New_York"),
        session("new", "2010-07-05T10:00", timezone="America/New_York"),
    )
    calendar = read(feed(spread, spread.sessions))
    events = [event_in(calendar, part) for part in calendar.parts if part.name == "VEVENT"]
    assert [event.begins for event in events] == [one.starts_at for one in spread.sessions]
    alone = read(session_calendar(spread, spread.sessions[2]))
    assert alone.part("VEVENT").one("DTSTART").parameters == {"TZID": "America/New_York"}


def test_an_empty_feed_is_a_calendar() -> None:
    """A call without sessions yet; a calendar holds one component at least (RFC 5545 §3.6)."""
    assert [(part.name, part.one("TZID").raw) for part in read(feed(SEED, [])).parts] == [("VTIMEZONE", "Etc/UTC")]


def test_a_session_that_was_never_announced_has_no_public_file() -> None:
    """There is no moment to stamp it with."""
    draft = SEED.sessions[0].model_copy(update={"changed_at": None})
    with pytest.raises(ValueError, match="'mon' has no public entry"):
        session_calendar(SEED, draft)


def test_every_reader_finds_the_sessions() -> None:
    """Read by icalendar, ical, recurring-ical-events and vobject."""
    data = feed(SEED, SEED.sessions)
    instants = [one.starts_at for one in SEED.sessions]
    calendar = icalendar.Calendar.from_ical(data)
    assert isinstance(calendar, icalendar.Calendar)
    assert [event.start for event in calendar.events] == instants
    found = recurring_ical_events.of(calendar).between(
        datetime(2021, 7, 1, tzinfo=UTC), datetime(2021, 8, 1, tzinfo=UTC)
    )
    assert sorted(event.decoded("DTSTART") for event in found) == instants
    assert [event.start for event in IcsCalendarStream.calendar_from_ics(data.decode()).events] == instants
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old = vobject.readOne(data.decode())
    assert [event.dtstart.value for event in old.vevent_list] == instants
