"""Invites: bytes that every calendar reads, and chains that end right."""

import itertools
import warnings
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import icalendar
import pytest
import recurring_ical_events
import vobject
from ical.calendar_stream import IcsCalendarStream

from insight_sessions.calendar.event import Draft
from insight_sessions.calendar.invite import Entry, invite, template_for
from insight_sessions.calendar.lines import fold
from insight_sessions.calendar.times import times
from insight_sessions.domain.notices import Method
from insight_sessions.domain.project import Contact
from insight_sessions.domain.session import Slot
from insight_sessions.domain.zone import instant
from tests.calendar_client import Client, content_lines, event_of, read

GOLDEN = Path(__file__).parents[1] / "golden"
NOW = datetime(2021, 6, 14, 9, tzinfo=UTC)
LINK = "https://meet.example.org/backlogs?pwd=a,b;c"


def slot(starts: str, minutes: int = 120, zone: str = "Europe/London", **more: str) -> Slot:
    local = datetime.fromisoformat(starts)
    return Slot(id="x", starts=local, minutes=minutes, timezone=zone, starts_at=instant(local, zone), **more)


MON, TUE, THU = slot("2021-07-05T10:00"), slot("2021-07-06T14:00"), slot("2021-07-08T17:00")
ENTRY = Entry(
    uid="r-6f1d2c3b4a5968778695a4b3.insight-sessions",
    sequence=0,
    method=Method.REQUEST,
    stamped=NOW,
    created=NOW,
    modified=NOW,
    slot=TUE,
    summary="Exploring COVID-19 backlogs",
    description="A two-hour collaborative research session; bring your experiences, and promising work.",
    organiser=Contact(name="Q insight team", email="insight@example.org"),
    name="Ada Osei",
    email="ada@example.org",
)
CANCEL = replace(ENTRY, method=Method.CANCEL, sequence=1, stamped=NOW + timedelta(days=1))


def draft(entry: Entry = ENTRY) -> Draft:
    """The event of an entry's session, for plugins to alter."""
    where = entry.slot
    return Draft(entry, times(where.starts, where.starts_at, where.minutes, where.timezone))


@pytest.mark.parametrize(
    ("file", "entry"),
    [
        (
            "invite-mon.ics",
            replace(ENTRY, slot=MON, uid="r-0a.insight-sessions", name="Ben Ó Briain", email="ben@example.org"),
        ),
        ("invite-tue.ics", ENTRY),
        (
            "invite-thu.ics",
            replace(ENTRY, slot=THU, uid="r-0b.insight-sessions", name="Chloé Wū", email="chloe@example.org"),
        ),
        ("update-tue.ics", replace(ENTRY, stamped=NOW + timedelta(hours=1), partstat="ACCEPTED", conference=LINK)),
        ("cancel-tue.ics", CANCEL),
    ],
)
def test_the_invites_of_the_three_sessions_are_these_bytes(file: str, entry: Entry) -> None:
    """Golden files; compared to the byte."""
    assert invite(entry) == (GOLDEN / file).read_bytes()


def test_an_invite_names_one_organiser_one_person_and_what_rfc_5546_wants() -> None:
    """METHOD stands before every component and never in the event; no calendar UID."""
    calendar = read(invite(ENTRY))
    assert [one.name for one in calendar.properties] == ["VERSION", "PRODID", "CALSCALE", "METHOD"]
    assert [part.name for part in calendar.parts] == ["VTIMEZONE", "VEVENT"]
    event = calendar.part("VEVENT")
    assert event.all("METHOD") == []
    assert event.one("ORGANIZER").raw == "mailto:insight@example.org"
    assert event.one("ATTENDEE").raw == "mailto:ada@example.org"
    assert event.one("ATTENDEE").parameters == {
        "CN": "Ada Osei",
        "CUTYPE": "INDIVIDUAL",
        "PARTSTAT": "NEEDS-ACTION",
        "ROLE": "REQ-PARTICIPANT",
        "RSVP": "TRUE",
    }
    assert event.one("SEQUENCE").raw == "0"
    assert event.one("STATUS").raw == "CONFIRMED"
    assert event.one("TRANSP").raw == "OPAQUE"
    assert event.one("DTSTART").parameters == {"TZID": "Europe/London"}
    assert calendar.part("VTIMEZONE").one("TZID").raw == "Europe/London"


def test_an_invite_reminds_a_day_and_an_hour_before() -> None:
    """Relative alarms on the screen, with a text."""
    alarms = [part for part in read(invite(ENTRY)).part("VEVENT").parts if part.name == "VALARM"]
    assert [alarm.one("TRIGGER").raw for alarm in alarms] == ["-P1D", "-PT1H"]
    assert {alarm.one("ACTION").raw for alarm in alarms} == {"DISPLAY"}
    assert {alarm.one("DESCRIPTION").text for alarm in alarms} == {ENTRY.summary}


def test_a_cancellation_has_organiser_and_attendee_and_no_alarm() -> None:
    """RFC 5546 §3.2.5; nobody is asked to answer it, and it holds no link."""
    event = read(invite(replace(CANCEL, conference=LINK))).part("VEVENT")
    assert event.one("STATUS").raw == "CANCELLED"
    assert event.parts == []
    assert event.one("ORGANIZER").raw == "mailto:insight@example.org"
    assert event.one("ATTENDEE").raw == "mailto:ada@example.org"
    assert "RSVP" not in event.one("ATTENDEE").parameters
    assert LINK.encode() not in b"".join(invite(replace(CANCEL, conference=LINK)).split(b"\r\n "))


def test_an_offered_place_is_tentative_and_shows_no_joining_link() -> None:
    """Only confirmed people join, and are reminded."""
    event = read(invite(replace(ENTRY, tentative=True, conference=LINK))).part("VEVENT")
    assert event.one("STATUS").raw == "TENTATIVE"
    assert event.all("CONFERENCE") == []
    assert event.all("LOCATION") == []
    assert event.parts == []
    assert "meet.example.org" not in event.one("DESCRIPTION").text


@pytest.mark.parametrize(
    ("where", "description", "location", "text"),
    [
        (None, "About it", LINK, f"About it\n\n{LINK}"),
        ("Room 5", f"Join: {LINK}", f"Room 5, {LINK}", f"Join: {LINK}"),
        (None, "", LINK, LINK),
    ],
)
def test_the_joining_link_is_where_every_calendar_shows_it(
    where: str | None, description: str, location: str, text: str
) -> None:
    """In LOCATION and DESCRIPTION as text, and in CONFERENCE with its features as a list."""
    entry = replace(ENTRY, slot=replace(TUE, where=where), description=description, conference=LINK)
    event = read(invite(entry)).part("VEVENT")
    assert event.one("LOCATION").text == location
    assert event.one("DESCRIPTION").text == text
    assert event.one("CONFERENCE").raw == LINK
    assert f"CONFERENCE;FEATURE=AUDIO,VIDEO;VALUE=URI:{LINK}" in content_lines(invite(entry))


def test_nothing_is_written_empty() -> None:
    """Libical drops a property without a value; the reader of these tests refuses one."""
    event = read(invite(replace(ENTRY, description=""))).part("VEVENT")
    assert {"DESCRIPTION", "LOCATION", "URL", "CONFERENCE"}.isdisjoint(one.name for one in event.properties)


def test_texts_come_back_as_they_were() -> None:
    r"""Also a backslash before an N, which icalendar would make a line break."""
    text = "C:\\New\\notes; a, b\nand \\n, \\\\N …"
    event = read(invite(replace(ENTRY, description=text, summary="a\\Nb", url="https://example.org/a;b,c"))).part(
        "VEVENT"
    )
    assert event.one("DESCRIPTION").text == text
    assert event.one("SUMMARY").text == "a\\Nb"
    assert event.one("URL").raw == "https://example.org/a;b,c"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Ada", "CN=Ada;"),
        ("Ada Osei", 'CN="Ada Osei";'),
        ('Ada "Ace" Osei', "CN=\"Ada 'Ace' Osei\";"),
        ("Osei; Ada: x, y", 'CN="Osei; Ada: x, y";'),
        ("O\N{RIGHT SINGLE QUOTATION MARK}Neill", 'CN="O\N{RIGHT SINGLE QUOTATION MARK}Neill";'),
        ("^n^", "CN=^^n^^;"),
    ],
)
def test_a_name_is_quoted_and_its_carets_are_doubled(name: str, written: str) -> None:
    """RFC 6868 §3.2: who knows it must not read a line break into ``^n``; quotes become single for those who do not."""
    assert any(line.startswith(f"ATTENDEE;{written}") for line in content_lines(invite(replace(ENTRY, name=name))))


@pytest.mark.parametrize(
    ("email", "written"),
    [
        ("ann?bcc=x@example.org", "mailto:ann%3Fbcc%3Dx@example.org"),
        ("a&b%c/d#e{f}|`^@example.org", "mailto:a%26b%25c%2Fd%23e%7Bf%7D%7C%60%5E@example.org"),
        ("o'neill+x!$*-._~@example.org", "mailto:o'neill+x!$*-._~@example.org"),
    ],
)
def test_an_address_cannot_become_more_than_an_address(email: str, written: str) -> None:
    """RFC 6068 §2."""
    assert read(invite(replace(ENTRY, email=email))).part("VEVENT").one("ATTENDEE").raw == written


@pytest.mark.parametrize(
    ("where", "why"),
    [
        (slot("2021-10-31T01:30"), "the clocks show it twice"),
        (slot("2021-10-31T00:30", 60), "it ends at a time that the clocks show twice"),
        (slot("2026-07-05T10:00", zone="Africa/Cairo"), "the zone has no rule that can be sent"),
        (slot("2021-07-05T10:00", zone="Etc/UTC"), "the zone is UTC"),
        (replace(MON, starts_at=MON.starts_at + timedelta(hours=1)), "the instant was made with other rules"),
        (replace(slot("2021-03-28T03:30"), starts=datetime(2021, 3, 28, 1, 30)), "the clocks skip it"),  # noqa: DTZ001
    ],
)
def test_times_that_could_be_misread_go_in_utc(where: Slot, why: str) -> None:
    """Then the file needs no rules of a zone."""
    entry = replace(ENTRY, slot=where)
    calendar = read(invite(entry))
    assert [part.name for part in calendar.parts] == ["VEVENT"], why
    assert calendar.part("VEVENT").one("DTSTART").raw == f"{where.starts_at:%Y%m%dT%H%M%SZ}"
    assert event_of(invite(entry)).ends - where.starts_at == timedelta(minutes=where.minutes)


@pytest.mark.parametrize(
    "zone", ["Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Nuuk"]
)
def test_every_reader_finds_the_session_at_its_instant(zone: str) -> None:
    """Read by icalendar, ical, recurring-ical-events and vobject."""
    entry = replace(ENTRY, slot=slot("2026-07-06T14:00", zone=zone), conference=LINK, name="Ångström; Zoë")
    starts, data = entry.slot.starts_at, invite(entry)
    calendar = icalendar.Calendar.from_ical(data)
    assert isinstance(calendar, icalendar.Calendar)
    (first,) = calendar.events
    assert (first.start, first.end) == (starts, starts + timedelta(hours=2))
    assert not first.errors
    (again,) = recurring_ical_events.of(calendar).between(starts - timedelta(days=2), starts + timedelta(days=2))
    assert again.decoded("DTSTART") == starts
    (theirs,) = IcsCalendarStream.calendar_from_ics(data.decode()).events
    assert (theirs.start, theirs.end) == (starts, starts + timedelta(hours=2))
    assert theirs.attendees[0].common_name == entry.name
    assert (theirs.uid, theirs.sequence, theirs.summary) == (entry.uid, 0, entry.summary)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old = vobject.readOne(data.decode())
    assert old.vevent.dtstart.value == starts
    assert old.vevent.summary.value == entry.summary
    assert old.method.value == "REQUEST"


def test_moments_in_other_zones_are_written_in_utc() -> None:
    """DTSTAMP, CREATED and LAST-MODIFIED are in UTC (RFC 5545 §3.8.7)."""
    east = datetime(2021, 6, 14, 12, 0, 5, tzinfo=timezone(timedelta(hours=3)))
    event = read(invite(replace(ENTRY, stamped=east, created=east, modified=NOW))).part("VEVENT")
    assert [event.one(name).raw for name in ("DTSTAMP", "CREATED", "LAST-MODIFIED")] == [
        "20210614T090005Z",
        "20210614T090005Z",
        "20210614T090000Z",
    ]


def test_a_moment_without_a_zone_is_refused() -> None:
    """The machine's zone must not decide."""
    with pytest.raises(ValueError, match="need a zone"):
        invite(replace(ENTRY, stamped=datetime(2021, 6, 14, 9)))  # noqa: DTZ001


def test_an_answer_that_no_invitation_can_have_is_refused() -> None:
    """It would be written into a parameter."""
    with pytest.raises(ValueError, match="PARTSTAT"):
        invite(replace(ENTRY, partstat="X;CN=Eve"))


def test_a_template_serves_everyone_of_a_session() -> None:
    """The plugin is asked once, and each file is the same as if made alone."""
    asked: list[Draft] = []
    template = template_for(ENTRY, prepare=asked.append)
    people = [
        replace(ENTRY, uid=f"r-{number}", name=f"Member {number}", email=f"m{number}@example.org")
        for number in range(50)
    ]
    assert [template.fill(entry) for entry in people] == [invite(entry) for entry in people]
    assert len(asked) == 1


def test_an_equal_session_from_elsewhere_fits_the_template() -> None:
    """What counts is what it says."""
    again = replace(ENTRY, slot=replace(TUE), organiser=ENTRY.organiser.model_copy())
    assert template_for(ENTRY).fill(again) == invite(ENTRY)


@pytest.mark.parametrize("other", [replace(ENTRY, conference=LINK), replace(ENTRY, slot=MON), CANCEL])
def test_a_template_refuses_an_entry_that_says_something_else(other: Entry) -> None:
    """Nobody gets another session's link."""
    with pytest.raises(ValueError, match="another message"):
        template_for(ENTRY).fill(other)


def test_a_fold_is_never_after_a_backslash() -> None:
    """Some readers unescape before they unfold."""
    for length in range(70, 80):
        pieces = fold("x" * length + "\\n" + "y" * 80).split(b"\r\n ")
        assert all(not piece.endswith(b"\\") for piece in pieces)
        assert b"".join(pieces) == b"x" * length + b"\\n" + b"y" * 80 + b"\r\n"


CHAIN = [
    ENTRY,
    replace(ENTRY, stamped=NOW + timedelta(hours=1), conference=LINK, partstat="ACCEPTED"),
    replace(ENTRY, stamped=NOW + timedelta(hours=2), sequence=1, slot=THU),
    replace(ENTRY, stamped=NOW + timedelta(hours=3), sequence=2, slot=THU, method=Method.CANCEL),
    replace(ENTRY, stamped=NOW + timedelta(hours=4), sequence=3, slot=MON),
]


@pytest.mark.parametrize("length", range(1, 6))
def test_a_chain_ends_right_in_whatever_order_and_however_often_it_comes(length: int) -> None:
    """REQUEST, details, another session, CANCEL, a place again: the newest counts."""
    chain = [invite(entry) for entry in CHAIN[:length]]
    last = CHAIN[length - 1]
    for order in itertools.permutations(chain):
        client = Client()
        for data in (*order, *order[:2]):
            client.take(data)
        (event,) = client.events.values()
        assert (event.status, event.begins) == (last.status, last.slot.starts_at)
        assert (event.sequence, event.stamped) == (last.sequence, last.stamped)


def test_a_chain_keeps_its_uid_and_its_organiser() -> None:
    """One person's entry is one entry for life."""
    events = [read(invite(entry)).part("VEVENT") for entry in CHAIN]
    assert {event.one("UID").raw for event in events} == {ENTRY.uid}
    assert {event.one("ORGANIZER").raw for event in events} == {"mailto:insight@example.org"}
