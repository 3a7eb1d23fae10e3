"""A country changes its clocks: sessions keep their local time, and everybody concerned hears of it once."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from insight_sessions.calendar.feed import feed, session_calendar
from insight_sessions.commands.calls import CancelProject
from insight_sessions.commands.deciding import pass_time
from insight_sessions.commands.passing import LetTimePass
from insight_sessions.commands.places import SwitchSession
from insight_sessions.commands.sessions import AddSession, CancelSession, RescheduleSession, ResizeSession
from insight_sessions.commands.zones import FollowZoneRules, outdated
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.notices import Method, NoticeKind, Owed
from insight_sessions.domain.session import Session, SessionStatus, Slot
from insight_sessions.domain.zone import instant, packaged, tzdata_version
from insight_sessions.runtime import Moment
from insight_sessions.superseding import merged
from insight_sessions.testing.zone_rules import zone_release
from insight_sessions.wording import say
from insight_sessions.wording.times import when
from tests.calendar_client import Client, event_of

from .casablanca import CASABLANCA, NEW, OLD, ZONES, by
from .desk_kit import DAY, P, Rehearsal, interest, member, project, session

LOCAL = datetime(2026, 12, 15, 10)  # noqa: DTZ001 - a wall clock
BEFORE = datetime(2026, 12, 15, 9, tzinfo=UTC)
AFTER = datetime(2026, 12, 15, 10, tzinfo=UTC)
AUTUMN = datetime(2026, 11, 1, 9, tzinfo=UTC)
FOLLOW = FollowZoneRules(project_id=P)
K, E = NoticeKind, EventKind


def moroccan(id: str = "rabat", starts: str = "2026-12-15T10:00", capacity: int | None = 2, **more: object) -> Session:
    """A session on Moroccan clocks, with two places."""
    return session(id, starts, capacity, **{"timezone": CASABLANCA, **more})


def announced(*sessions: Session, **more: object) -> Rehearsal:
    """A project with an open call, announced under the older release."""
    with by(OLD):
        room = Rehearsal(project(*sessions or (moroccan(),), **more))
    room.now = AUTUMN
    return room


@pytest.fixture
def _new() -> Iterator[None]:
    with by(NEW):
        yield


def test_the_two_releases_are_what_they_say() -> None:
    """To the byte; and they are an hour apart."""
    told = (ZONES / "README.md").read_text(encoding="utf-8")
    for release, moment in ((OLD, BEFORE), (NEW, AFTER)):
        data = (ZONES / release / CASABLANCA).read_bytes()
        assert f"`{release}/{CASABLANCA}` | `{hashlib.sha256(data).hexdigest()}`" in told
        with by(release):
            assert tzdata_version() == release
            assert instant(LOCAL, CASABLANCA) == moment
            assert instant(LOCAL, "Europe/London") == AFTER


def test_another_release_is_gone_behind_its_block() -> None:
    """Also after an error; and one inside another keeps nothing of it."""
    ours, real = tzdata_version(), instant(LOCAL, CASABLANCA)

    def fail() -> None:
        with zone_release(OLD, {CASABLANCA: packaged("Asia/Tokyo")}):
            assert (tzdata_version(), instant(LOCAL, CASABLANCA)) == (OLD, AFTER - timedelta(hours=9))
            with zone_release("2099a"):
                assert (tzdata_version(), instant(LOCAL, CASABLANCA)) == ("2099a", real)
            assert (tzdata_version(), instant(LOCAL, CASABLANCA)) == (OLD, AFTER - timedelta(hours=9))
            raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        fail()
    assert (tzdata_version(), instant(LOCAL, CASABLANCA)) == (ours, real)


@pytest.mark.usefixtures("_new")
def test_a_session_keeps_its_local_time_and_gets_another_instant() -> None:
    """With the release that gave it, and a revision for its public file."""
    room = announced()
    before = room.state.session("rabat")
    assert (before.begins, before.tzdata) == (BEFORE, OLD)
    assert [one.id for one in outdated(room.state, room.now)] == ["rabat"]
    room.do(FOLLOW)
    after = room.state.session("rabat")
    assert (after.starts, after.begins, after.tzdata) == (LOCAL, AFTER, NEW)
    assert (after.sequence, after.changed_at) == (before.sequence + 1, room.now)
    (event,) = room.events
    assert (event.kind, event.session, event.begins, event.began) == (E.SESSION_SHIFTED, "rabat", AFTER, BEFORE)
    assert event.registration is event.person is None


@pytest.mark.usefixtures("_new")
def test_who_has_a_place_gets_one_update_with_the_next_revision() -> None:
    """Their calendar is brought up to date; what it answered was to another time."""
    room = announced()
    ada = room.register("ada", "rabat")
    room.state = room.state.put(ada.but(partstat="ACCEPTED"))
    room.do(FOLLOW)
    assert room.told == [("ada", K.CLOCKS_CHANGED)]
    owed = room.owed_to("ada")
    assert (owed.method, owed.sequence, owed.partstat, owed.begins) == (Method.REQUEST, 1, None, False)
    assert owed.slot is not None
    assert owed.previous is not None
    assert (owed.previous.starts, owed.previous.starts_at) == (LOCAL, BEFORE)
    assert (owed.slot.starts, owed.slot.starts_at) == (LOCAL, AFTER)
    mine = room.of("ada")
    assert (mine.place, mine.sequence, mine.partstat) == ("rabat", 1, None)


@pytest.mark.usefixtures("_new")
def test_who_asked_for_a_session_is_told_as_well() -> None:
    """As when an organiser moves it: at another time of their day they may not be able to come."""
    room = announced(moroccan(capacity=1), session("mon", "2026-12-14T10:00"))
    for who in ("ada", "ben", "cat"):
        room.register(who, *(("mon",) if who == "cat" else ("rabat",)))
    room.do(SwitchSession(project_id=P, registration_id=room.of("cat").id, sessions=("rabat", "mon")))
    room.do(FOLLOW)
    assert room.told == [(who, K.CLOCKS_CHANGED) for who in ("ada", "ben", "cat")]
    assert [room.owed_to(who).method for who in ("ada", "ben", "cat")] == [Method.REQUEST, None, None]
    assert [room.of(who).sequence for who in ("ada", "ben", "cat")] == [1, 0, 0]
    assert room.places() == {"ada": "rabat", "ben": None, "cat": "mon"}


@pytest.mark.usefixtures("_new")
def test_two_sessions_that_shift_are_one_message_to_each_person() -> None:
    """To the organiser too."""
    room = announced(moroccan(capacity=1), moroccan("fes", "2026-12-16T10:00", capacity=1))
    room.register("ada", "rabat", "fes")
    room.register("ben", "fes", "rabat")
    room.do(SwitchSession(project_id=P, registration_id=room.of("ada").id, sessions=("fes", "rabat")))
    room.do(FOLLOW)
    assert room.told == [("ben", K.CLOCKS_CHANGED), ("ada", K.CLOCKS_CHANGED)]
    assert room.happened == [E.SESSION_SHIFTED, E.SESSION_SHIFTED]
    (report,) = [owed for owed in room.notices if not owed.person]
    assert report.shifted is not None
    assert [(before.id, now.id) for before, now in report.shifted] == [("rabat", "rabat"), ("fes", "fes")]


@pytest.mark.usefixtures("_new")
def test_a_session_whose_instant_stays_is_noted_and_nobody_hears_of_it() -> None:
    """So that no release in between is taken for news later."""
    room = announced(session("london", "2026-12-15T10:00"))
    ada = room.register("ada", "london")
    before = room.state.session("london")
    room.do(FOLLOW)
    after = room.state.session("london")
    assert (room.events, room.notices) == ((), ())
    assert after == before.model_copy(update={"tzdata": NEW})
    assert room.of("ada") == ada
    assert not any(outdated(room.state, room.now))


@pytest.mark.parametrize("release", [OLD, NEW, "2026b"])
def test_rules_that_are_not_newer_move_nothing(release: str) -> None:
    """Nor do they note themselves; machines of two releases do not move a session back and forth."""
    room = announced()
    room.register("ada", "rabat")
    with by(NEW):
        room.do(FOLLOW)
    before = room.state
    with zone_release(release, {CASABLANCA: packaged("Asia/Tokyo")}):
        assert not any(outdated(room.state, room.now))
        room.do(FOLLOW)
    assert (room.events, room.notices) == ((), ())
    assert room.state.sessions is before.sessions
    assert room.state.registrations is before.registrations


@pytest.mark.usefixtures("_new")
def test_what_has_begun_or_will_not_take_place_is_not_touched() -> None:
    """Whatever the clocks were, that is over."""
    room = announced(
        moroccan("over"), moroccan("begun", "2026-12-16T10:00"), moroccan("off"), moroccan("ahead", "2026-12-17T10:00")
    )
    with by(OLD):
        room.do(CancelSession(project_id=P, session_id="off"))
        room.now = datetime(2026, 12, 16, 9, tzinfo=UTC)
        room.do(LetTimePass(project_id=P))
    before = dict(room.state.sessions)
    assert before["over"].status is SessionStatus.HELD
    room.do(FOLLOW)
    after = dict(room.state.sessions)
    assert [id for id in sorted(after) if after[id] != before[id]] == ["ahead"]
    assert [event.session for event in room.events] == ["ahead"]


@pytest.mark.usefixtures("_new")
def test_a_session_may_turn_out_to_have_begun() -> None:
    """When the clocks are ahead of what they were; the place stays, and the message goes out."""
    with by(NEW):
        room = Rehearsal(project(moroccan()))
        room.register("ada", "rabat")
    room.now = AFTER - timedelta(minutes=30)
    with zone_release("2027a", {CASABLANCA: (ZONES / OLD / CASABLANCA).read_bytes()}):
        room.do(FOLLOW)
    assert room.state.session("rabat").begins == BEFORE
    assert room.told == [("ada", K.CLOCKS_CHANGED)]
    assert room.places() == {"ada": "rabat"}


@pytest.mark.usefixtures("_new")
def test_a_place_that_was_free_when_it_seemed_too_late_is_filled() -> None:
    """Nobody may stand in line beside an empty place."""
    room = announced(moroccan(capacity=1))
    room.register("ada", "rabat")
    room.register("ben", "rabat")
    room.state = room.state.put(room.state.session("rabat").model_copy(update={"capacity": 2}))
    room.do(FOLLOW)
    assert room.told == [("ada", K.CLOCKS_CHANGED), ("ben", K.PLACE_CONFIRMED)]


def night() -> Rehearsal:
    """A session at half past one in a night in March, when Morocco did not change its clocks."""
    with zone_release("2025b", {CASABLANCA: packaged("Africa/Abidjan")}):
        room = Rehearsal(project(moroccan("night", "2026-03-29T01:30", capacity=1), moroccan()))
        room.register("ada", "night")
    room.now = datetime(2026, 3, 1, tzinfo=UTC)
    return room


def test_a_session_at_a_time_that_the_clocks_will_skip_stays_where_it_is() -> None:
    """The organiser is told, for only they can say what now; nobody else is, and nothing falls over."""
    room = night()
    before = room.state.session("night")
    with zone_release("2026f", {CASABLANCA: packaged("Europe/London")}):
        room.do(FOLLOW)
        after = room.state.session("night")
        assert after == before.model_copy(update={"tzdata": "2026f"})
        assert [(event.kind, event.session, event.begins, event.began) for event in room.events] == [
            (E.SESSION_SKIPPED, "night", before.begins, None)
        ]
        assert room.told == []
        (report,) = room.notices
        assert (report.shifted, report.skipped) == (None, (Slot.of(before),))
        assert event_of(session_calendar(room.state.project, after)).begins == before.begins
        room.do(FOLLOW)
        assert (room.events, room.notices) == ((), ())


def test_the_organiser_helps_a_skipped_session_out() -> None:
    """With another time; and other commands are not hindered by it."""
    room = night()
    with zone_release("2026f", {CASABLANCA: packaged("Europe/London")}):
        room.do(FOLLOW)
        room.do(AddSession(project_id=P, session=moroccan("other", "2026-04-01T10:00")))
        room.do(ResizeSession(project_id=P, session_id="night", capacity=5))
        room.do(RescheduleSession(project_id=P, session_id="night", starts="2026-03-29T01:30", minutes=60))
        assert room.told == [("ada", K.SESSION_RESCHEDULED)]
        room.do(RescheduleSession(project_id=P, session_id="night", starts="2026-03-29T03:30"))
    assert room.told == [("ada", K.SESSION_RESCHEDULED)]
    assert room.state.session("night").begins == datetime(2026, 3, 29, 2, 30, tzinfo=UTC)


def test_a_later_release_may_heal_a_skipped_session() -> None:
    """Then its local time is one again, at whatever instant it is."""
    room = night()
    with zone_release("2026f", {CASABLANCA: packaged("Europe/London")}):
        room.do(FOLLOW)
    with zone_release("2026g", {CASABLANCA: packaged("Africa/Lagos")}):
        room.do(FOLLOW)
    assert room.told == [("ada", K.CLOCKS_CHANGED)]
    assert room.state.session("night").begins == datetime(2026, 3, 29, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("release", [OLD, NEW])
def test_a_session_put_to_the_time_it_has_stays_at_its_instant(release: str) -> None:
    """Whatever rules the process has that is asked: the wall clock is the truth, and time zones are for the tick."""
    other = NEW if release == OLD else OLD
    with by(other):
        room = Rehearsal(project(moroccan()))
        room.register("ada", "rabat")
    room.now = AUTUMN
    before = room.state.session("rabat")
    with by(release):
        room.do(RescheduleSession(project_id=P, session_id="rabat", starts="2026-12-15T10:00"))
        assert (room.events, room.notices) == ((), ())
        room.do(RescheduleSession(project_id=P, session_id="rabat", starts="2026-12-15T10:00", minutes=60))
    after = room.state.session("rabat")
    assert (after.begins, after.tzdata, after.minutes) == (before.begins, before.tzdata, 60)
    assert room.told == [("ada", K.SESSION_RESCHEDULED)]


def test_a_session_moved_by_a_machine_with_older_rules_is_put_right_by_the_next_tick() -> None:
    """Its new time is theirs; its instant is not."""
    room = announced()
    room.register("ada", "rabat")
    with by(NEW):
        room.do(FOLLOW)
    with by(OLD):
        room.do(RescheduleSession(project_id=P, session_id="rabat", starts="2026-12-15T11:00"))
    assert (room.state.session("rabat").begins, room.told) == (AFTER, [("ada", K.SESSION_RESCHEDULED)])
    with by(NEW):
        room.do(FOLLOW)
    assert room.state.session("rabat").begins == AFTER + timedelta(hours=1)
    assert (room.told, room.of("ada").sequence) == ([("ada", K.CLOCKS_CHANGED)], 3)


@pytest.mark.usefixtures("_new")
def test_a_calendar_ends_at_the_right_instant() -> None:
    """Whether the update comes once or twice, or before the invite."""
    from insight_sessions.correspondence import Correspondence  # noqa: PLC0415
    from insight_sessions.hooks.manager import load_plugins  # noqa: PLC0415

    writing = Correspondence(load_plugins((), discover=False))
    with by(OLD):
        room = announced()
        ada = room.register("ada", "rabat")
        first = writing.invite(ada, room.state).data
    room.do(FOLLOW)
    update = writing.invite(room.of("ada"), room.state).data
    assert (event_of(first).begins, event_of(update).begins) == (BEFORE, AFTER)
    for order in ((first, update), (update, first), (first, update, update, first)):
        client = Client()
        for message in order:
            client.take(message)
        (shown,) = client.events.values()
        assert (shown.begins, shown.sequence) == (AFTER, 1)


def test_until_it_is_followed_an_invite_shows_the_instant_that_everyone_was_told() -> None:
    """In UTC, for by the new rules the local time is another instant."""
    room = Rehearsal(project(session("mon", "2026-12-15T10:00")))
    assert b"DTSTART;TZID=Europe/London:20261215T100000" in feed(room.state.project, room.state.in_order())
    with zone_release("2099a", {"Europe/London": packaged("Africa/Lagos")}):
        assert b"DTSTART:20261215T100000Z" in feed(room.state.project, room.state.in_order())
        room.do(FOLLOW)
        data = feed(room.state.project, room.state.in_order())
    assert b"DTSTART;TZID=Europe/London:20261215T100000" in data
    assert b"SEQUENCE:1" in data
    assert event_of(data).begins == BEFORE


def test_a_message_about_another_time_says_what_that_was() -> None:
    """The wall clock alone would read the same twice."""
    room = announced()
    slots = []
    for release in (OLD, NEW):
        with by(release):
            slots.append(Slot.of(moroccan().placed(CASABLANCA)))
    before, now = slots
    with by(NEW):
        assert when(before) == "Tuesday 15 December 2026, 10:00 to 12:00 (Casablanca time, UTC+01:00)"
        assert when(now) == "Tuesday 15 December 2026, 10:00 to 12:00 (Casablanca time, UTC+00:00)"
    with by(OLD):
        assert when(now) == "Tuesday 15 December 2026, 10:00 to 12:00 (Casablanca time, UTC)"
    assert now.has_shifted_from(before)
    assert not now.has_shifted_from(now)
    assert not now.has_shifted_from(replace(before, minutes=60))
    assert not replace(now, starts=now.starts + timedelta(hours=1)).has_shifted_from(before)
    assert room.state.slots["rabat"] == before


@pytest.mark.usefixtures("_new")
def test_what_people_read() -> None:
    """The member with a place, one who waits, and the organiser."""
    room = announced(moroccan(capacity=1))
    for who in ("ada", "ben"):
        room.register(who, "rabat")
    room.do(FOLLOW)

    def read(owed: Owed) -> str:
        person = room.state.people[owed.person]
        return "\n\n".join(say(owed, room.state.project, person))

    mine = read(room.owed_to("ada"))
    assert mine.startswith("Your session keeps its local time: Exploring COVID-19 backlogs\n\nHello Ada,")
    assert (
        "It stays at the same local time:\n\nTuesday 15 December 2026, 10:00 to 12:00 (Casablanca time, UTC+00:00)"
        in mine
    )
    assert "it was:\nTuesday 15 December 2026, 10:00 to 12:00 (Casablanca time, UTC+01:00)" in mine
    assert "You keep your place." in mine
    assert "brings your calendar up to date" in mine
    theirs = read(room.owed_to("ben"))
    assert theirs.startswith("A session keeps its local time: ")
    assert "You are on the waiting list for:" in theirs
    assert "You keep your place" not in theirs


@pytest.mark.parametrize("then", ["details", "moved", "withdrawn"])
@pytest.mark.usefixtures("_new")
def test_a_message_that_nobody_took_is_overtaken_by_the_next(then: str) -> None:
    """And what is still news of it is taken over."""
    room = announced(moroccan(), moroccan("fes", "2026-12-16T10:00"))
    ada = room.register("ada", "rabat")
    room.do(FOLLOW)
    first = room.owed_to("ada")
    assert first.slot is not None
    if then == "details":
        later = replace(first, id="n-x", kind=K.DETAILS_CHANGED, previous=None)
        news = merged(first, later)
        assert news is not None
        assert (news.kind, news.previous) == (K.CLOCKS_CHANGED, first.previous)
    elif then == "moved":
        room.do(RescheduleSession(project_id=P, session_id="rabat", starts="2026-12-15T12:00"))
        news = merged(first, room.owed_to("ada"))
        assert news is not None
        assert (news.kind, news.previous) == (K.SESSION_RESCHEDULED, first.previous)
    else:
        room.do(CancelProject(project_id=P))
        news = merged(first, room.owed_to("ada"))
        assert news is not None
        assert (news.kind, news.method, news.previous) == (K.PROJECT_CANCELLED, Method.CANCEL, first.previous)
    assert ada.sequence < first.sequence


@pytest.mark.usefixtures("_new")
def test_a_first_invite_that_nobody_took_is_still_the_first() -> None:
    """It just has the right instant."""
    room = announced()
    room.register("ada", "rabat")
    invited = room.owed_to("ada")
    room.do(FOLLOW)
    news = merged(invited, room.owed_to("ada"))
    assert news is not None
    assert (news.kind, news.previous, news.begins, news.sequence) == (K.PLACE_CONFIRMED, None, True, 1)
    assert news.slot is not None
    assert news.slot.starts_at == AFTER


def test_what_the_organiser_is_told_never_overtakes_anything() -> None:
    """It stands in a line of its own."""
    report = Owed(
        id="n-1",
        message_id="<n-1@example.org>",
        at=AUTUMN,
        kind=K.ZONE_RULES_CHANGED,
        registration="",
        person="",
        title="T",
    )
    assert merged(report, replace(report, id="n-2")) is None


@pytest.mark.usefixtures("_new")
@pytest.mark.usefixtures("_new")
def test_reminders_follow_the_new_instant_and_nobody_gets_one_twice() -> None:
    """Who came since gets the one that the others had."""
    room = announced(moroccan(capacity=3), reminder_hours=(24,))
    room.do(interest("ada", "rabat"))
    room.now = BEFORE - DAY
    assert reminded(room) == ["ada"]
    room.do(FOLLOW)
    room.do(interest("ben", "rabat"))
    assert reminded(room) == []
    room.now = AFTER - DAY
    assert reminded(room) == ["ben"]


def reminded(room: Rehearsal) -> list[str]:
    """Who is reminded when time passes."""
    told: list[str] = []
    for _, decided in pass_time(room.state, Moment(room.now, room.mint)):
        room.state = decided.state
        told += [room.state.people[owed.person].member_id for owed in decided.notices]
    return told


def test_many_sessions_are_followed_at_once() -> None:
    """In order of time, whatever they are called."""
    days = [f"{LOCAL + number * DAY:%Y-%m-%dT%H:%M}" for number in range(20)]
    room = announced(*(moroccan(f"s{99 - number}", starts) for number, starts in enumerate(days)))
    room.do(interest(member("ada"), "s99"))
    room.do(FOLLOW)
    assert [event.session for event in room.events] == [f"s{99 - number}" for number in range(20)]
    assert {one.begins - LOCAL.replace(tzinfo=UTC) for one in room.state.sessions.values()} == {
        number * DAY for number in range(20)
    }
    assert re.fullmatch(r"<n-\w+\.covid-backlogs@example\.org>", room.notices[-1].message_id)
