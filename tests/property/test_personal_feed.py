"""Whatever a project is called, wherever it is and whatever happens to a place, others read a member's feed right."""

import os
import warnings
from datetime import datetime, timedelta
from typing import Any

import icalendar
import vobject
from hypothesis import given
from hypothesis import strategies as st
from ical.calendar_stream import IcsCalendarStream

from insight_sessions.commands.base import Command
from insight_sessions.commands.calls import AmendProject, AnnounceProject, CancelProject, OpenCall
from insight_sessions.commands.places import RegisterInterest, SwitchSession, Withdraw
from insight_sessions.commands.sessions import CancelSession, RescheduleSession
from insight_sessions.desk import Desk
from insight_sessions.domain.member import Member
from insight_sessions.domain.project import Contact, Project
from insight_sessions.domain.session import Session
from insight_sessions.domain.zone import zone_names
from insight_sessions.errors import NotFound, Refusal
from insight_sessions.runtime import Runtime
from insight_sessions.storage.memory import MemoryStorage
from tests.calendar_client import Event, event_in, read
from tests.unit.desk_kit import NOW
from tests.unit.lines import lines

P = "p"
ADA = Member(id="ada", name="Zqx7 Ada", email="zqx7.ada@example.org")
BEN = Member(id="ben", name="Zqx7 Ben", email="zqx7.ben@example.org")

# No clock anywhere is changed in the middle of the day.
starts = st.integers(0, 900).map(lambda day: datetime(2021, 7, 1, 12) + timedelta(days=day))  # noqa: DTZ001
zones = st.sampled_from(sorted(zone_names()))


@st.composite
def projects(draw: st.DrawFn) -> Project:
    """A project with two sessions, each in a zone of its own."""
    sessions = [
        Session(
            id=id,
            starts=draw(starts),
            minutes=draw(st.integers(1, 600)),
            capacity=draw(st.sampled_from([1, 2, None])),
            title=draw(st.none() | lines()),
            where=draw(st.none() | lines()),
            timezone=draw(st.none() | zones),
        )
        for id in ("a", "b")
    ]
    return Project(
        id=P,
        title=draw(lines()),
        summary="\n".join(draw(st.lists(lines(), max_size=3))),
        timezone=draw(zones),
        organiser=Contact(name=draw(lines()), email="insight@example.org"),
        sessions=tuple(sessions),
    )


def commands(desk: Desk) -> st.SearchStrategy[Command[Any]]:
    """What may happen to Ada's place."""
    found = desk.state(P).registration_of("ada")
    id = "r-0" if found is None else found.id
    session = st.sampled_from(["a", "b"])
    wishes = st.permutations(["a", "b"]).map(tuple)
    return st.one_of(
        st.builds(RegisterInterest, project_id=st.just(P), member=st.sampled_from([ADA, BEN]), sessions=wishes),
        st.builds(SwitchSession, project_id=st.just(P), registration_id=st.just(id), sessions=wishes),
        st.builds(Withdraw, project_id=st.just(P), registration_id=st.just(id)),
        st.builds(CancelSession, project_id=st.just(P), session_id=session),
        st.builds(RescheduleSession, project_id=st.just(P), session_id=session, starts=starts),
        st.builds(AmendProject, project_id=st.just(P), title=lines()),
        st.builds(CancelProject, project_id=st.just(P)),
    )


@given(data=st.data(), project=projects())
def test_a_personal_feed_is_read_by_others_as_it_is_meant(data: st.DataObject, project: Project) -> None:
    """After every step: what stands in it is what is so, its revisions never fall, and nobody is named."""
    now = [NOW]
    desk = Desk(MemoryStorage(os.urandom), discover=False, runtime=Runtime(now=lambda: now[0]))
    desk.do(AnnounceProject(project=project))
    desk.do(OpenCall(project_id=P))
    token = desk.feed_token("ada")
    revisions: dict[str, int] = {}
    for _ in range(data.draw(st.integers(1, 6))):
        now[0] += timedelta(hours=1)
        try:
            desk.do(data.draw(commands(desk)))
        except (Refusal, NotFound):
            continue
        feed = desk.personal_feed(token)
        assert feed == desk.personal_feed(token)
        assert b"zqx7" not in feed.replace(b"\r\n ", b"").lower()
        assert b"ATTENDEE" not in feed
        shown = check(desk, feed)
        for uid, event in shown.items():
            assert event.sequence >= revisions.get(uid, 0)
            revisions[uid] = event.sequence


def check(desk: Desk, feed: bytes) -> dict[str, Event]:
    """What stands in a feed is what is so, by our own reader and by others."""
    calendar = read(feed)
    events = [event_in(calendar, part) for part in calendar.parts if part.name == "VEVENT"]
    state = desk.state(P)
    expected = {
        f"feed-{one.uid}": (slot, "CANCELLED" if one.place is None else "CONFIRMED")
        for one in desk.of_member("ada")
        if (slot := state.slot_of(one)) is not None
    }
    assert {event.uid for event in events} == set(expected)
    for event in events:
        slot, status = expected[event.uid]
        assert (event.begins, event.status) == (slot.starts_at, status)
        assert event.ends == slot.starts_at + timedelta(minutes=slot.minutes)
    instants = {event.uid: event.begins for event in events}
    theirs = icalendar.Calendar.from_ical(feed)
    assert isinstance(theirs, icalendar.Calendar)
    assert {str(event["UID"]): event.start for event in theirs.events} == instants
    strict = IcsCalendarStream.calendar_from_ics(feed.decode())
    assert {event.uid: event.start for event in strict.events} == instants
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old = vobject.readOne(feed.decode())
    assert {event.uid.value: event.dtstart.value for event in old.contents.get("vevent", [])} == instants
    return {event.uid: event for event in events}


def test_the_feed_of_one_who_has_nothing_yet_is_a_calendar_to_everybody() -> None:
    """It has no entry, and a component all the same."""
    with Desk(MemoryStorage(os.urandom), discover=False) as desk:
        feed = desk.personal_feed(desk.feed_token("ada"))
    theirs = icalendar.Calendar.from_ical(feed)
    assert isinstance(theirs, icalendar.Calendar)
    assert theirs.events == []
    assert IcsCalendarStream.calendar_from_ics(feed.decode()).events == []
    assert vobject.readOne(feed.decode()).contents.get("vevent") is None
