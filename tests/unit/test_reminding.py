"""People are reminded of a session that runs: each once, in time or not at all."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from insight_sessions import EventKind, NoticeKind
from insight_sessions.commands import reminding
from insight_sessions.commands.calls import AmendProject, CancelProject
from insight_sessions.commands.deciding import pass_time
from insight_sessions.commands.erasing import EraseMember
from insight_sessions.commands.joining import ReleaseJoiningDetails
from insight_sessions.commands.owing import AT_ONCE
from insight_sessions.commands.passing import wake_at
from insight_sessions.commands.places import Withdraw
from insight_sessions.commands.reminding import RemindDue
from insight_sessions.commands.sessions import AddSession, CancelSession, RescheduleSession, ResizeSession
from insight_sessions.domain.reminding import Reminder
from insight_sessions.domain.session import Slot
from insight_sessions.runtime import Moment
from insight_sessions.superseding import current, merged

from .desk_kit import DAY, NOW, P, Rehearsal, interest, project, session
from .desk_store import Clock, Post, a_desk

HOUR = timedelta(hours=1)
REMINDER = NoticeKind.REMINDER
WARNING = NoticeKind.BELOW_MINIMUM
STARTS = "2021-07-05T10:00"


def a_room(
    *who: str,
    hours: tuple[int, ...] = (168, 24),
    minimum: int = 0,
    starts: str = STARTS,
) -> Rehearsal:
    """A project that reminds, with people in its first session."""
    sessions = (session("mon", starts, capacity=20, minimum=minimum), session("tue", "2021-08-06T10:00", capacity=None))
    room = Rehearsal(project(*sessions, reminder_hours=hours))
    for one in who:
        room.register(one, "mon")
    return room


def begins(room: Rehearsal, session_id: str = "mon") -> datetime:
    """When that is."""
    return room.state.session(session_id).begins


def told(room: Rehearsal) -> list[tuple[str, NoticeKind]]:
    """Let time pass as the writer does; who is told what by it, nobody being the organiser."""
    found: list[tuple[str, NoticeKind]] = []
    for _, decided in pass_time(room.state, Moment(room.now, room.mint)):
        room.state, room.last = decided.state, decided
        found += [
            (room.state.people[owed.person].member_id if owed.person else "", owed.kind) for owed in decided.notices
        ]
    return found


def at(room: Rehearsal, hours: float, session_id: str = "mon") -> list[tuple[str, NoticeKind]]:
    """The same so many hours before a session."""
    room.now = begins(room, session_id) - timedelta(hours=hours)
    return told(room)


def move(starts: str) -> RescheduleSession:
    """Monday at another time."""
    return RescheduleSession(project_id=P, session_id="mon", starts=starts)


def test_whoever_has_a_place_is_reminded_at_each_moment_once() -> None:
    """And not before; with the place they have."""
    room = a_room("ada", "ben")
    assert wake_at(room.state) == begins(room) - 7 * DAY
    assert at(room, 168.01) == []
    assert at(room, 168) == [("ada", REMINDER), ("ben", REMINDER)]
    assert room.happened == [EventKind.SESSION_REMINDED]
    ada = room.owed_to("ada")
    assert (ada.slot, ada.method, ada.sequence) == (Slot.of(room.state.session("mon")), None, room.of("ada").sequence)
    assert (told(room), wake_at(room.state)) == ([], begins(room) - DAY)
    assert at(room, 24) == [("ada", REMINDER), ("ben", REMINDER)]
    assert at(room, 1) == []
    assert wake_at(room.state) == room.state.session("mon").ends


def test_who_gets_a_place_after_the_moment_waits_for_the_next() -> None:
    """And who left gets none."""
    room = a_room("ada", "ben")
    assert len(at(room, 168)) == 2
    room.register("cat", "mon")
    room.do(Withdraw(project_id=P, registration_id=room.of("ada").id))
    assert told(room) == []
    assert at(room, 24) == [("ben", REMINDER), ("cat", REMINDER)]


def test_who_waits_is_not_reminded() -> None:
    """Nor is anybody of a session in which nobody has a place."""
    room = a_room("ada")
    room.do(ResizeSession(project_id=P, session_id="mon", capacity=1))
    room.register("ben", "mon")
    assert at(room, 168) == [("ada", REMINDER)]
    room.do(Withdraw(project_id=P, registration_id=room.of("ada").id))
    room.do(Withdraw(project_id=P, registration_id=room.of("ben").id))
    assert (at(room, 24), room.happened) == ([], [])


def test_of_several_that_are_late_only_the_last_one_is_sent() -> None:
    """And none once the session has begun."""
    room = a_room("ada", hours=(168, 24, 2))
    assert at(room, 3) == [("ada", REMINDER)]
    assert {one.hours for one in room.state.reminders.values() if one.over} == {168, 24}
    assert at(room, 0) == []
    assert told(room) == []
    assert room.state.reminders["mon.2"] == Reminder(session="mon", hours=2, over=True)


@pytest.mark.parametrize("number", [2, 3])
def test_the_organiser_is_told_when_too_few_people_come(number: int) -> None:
    """Once at each moment, instead of them."""
    who = ("ada", "ben", "cat")[:number]
    room = a_room(*who, minimum=3)
    if number == 3:
        assert at(room, 168) == [(one, REMINDER) for one in who]
        return
    assert at(room, 168) == [("", WARNING)]
    assert room.happened == [EventKind.SESSION_BELOW_MINIMUM]
    (owed,) = room.notices
    assert (owed.people, owed.minimum, owed.slot) == (2, 3, Slot.of(room.state.session("mon")))
    assert told(room) == []
    room.register("cat", "mon")
    assert told(room) == []
    assert at(room, 24) == [("ada", REMINDER), ("ben", REMINDER), ("cat", REMINDER)]


def test_the_organiser_is_told_once_of_each_moment_whenever_it_is() -> None:
    """And the people when there are enough of them by then."""
    room = a_room("ada", minimum=2, hours=(24,))
    assert at(room, 24) == [("", WARNING)]
    room.do(move("2021-07-12T10:00"))
    assert at(room, 24) == []
    room.do(move("2021-07-19T10:00"))
    room.register("ben", "mon")
    assert at(room, 24) == [("ada", REMINDER), ("ben", REMINDER)]


@pytest.mark.parametrize("number", [1, 2, 3, 5])
def test_many_are_reminded_in_steps(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Each once, in order of arrival, and one event says so; a clock that is set back holds nobody up."""
    monkeypatch.setattr(reminding, "MOST_TOLD", 2)
    who = [f"m{one}" for one in range(number)]
    room = a_room(*who, hours=(24,))
    room.now = begins(room) - DAY
    room.do(RemindDue(project_id=P, session_id="mon"))
    assert [one for one, _ in room.told] == who[:2]
    assert room.happened == [EventKind.SESSION_REMINDED]
    assert (wake_at(room.state) == AT_ONCE) == (number > 2)
    room.now -= 100 * DAY
    assert [one for one, _ in told(room)] == who[2:]
    assert number < 3 or room.happened == []
    room.now += 100 * DAY
    assert told(room) == []


def test_between_the_steps_nobody_is_added_and_who_loses_the_place_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes to those who had one at the moment, and have it still."""
    monkeypatch.setattr(reminding, "MOST_TOLD", 1)
    room = a_room("ada", "ben", "cat", hours=(24,))
    room.now = begins(room) - DAY
    room.do(RemindDue(project_id=P, session_id="mon"))
    room.do(Withdraw(project_id=P, registration_id=room.of("ben").id))
    room.register("dan", "mon")
    assert told(room) == [("cat", REMINDER)]


def test_who_is_erased_between_the_steps_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known of them any more."""
    monkeypatch.setattr(reminding, "MOST_TOLD", 1)
    room = a_room("ada", "ben", "cat", hours=(24,))
    room.now = begins(room) - DAY
    room.do(RemindDue(project_id=P, session_id="mon"))
    gone = room.of("ben").id
    room.do(EraseMember(project_id=P, member_id="ben"))
    assert gone not in room.state.registrations
    assert told(room) == [("cat", REMINDER)]


@pytest.mark.parametrize("how", ["begins", "cancelled", "later"])
def test_what_is_left_ends_with_the_session(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Begun or cancelled; at a later time it is made then, to those who did not have it."""
    monkeypatch.setattr(reminding, "MOST_TOLD", 1)
    room = a_room("ada", "ben", "cat", hours=(24,))
    room.now = begins(room) - DAY
    room.do(RemindDue(project_id=P, session_id="mon"))
    if how == "begins":
        room.now = begins(room)
    elif how == "cancelled":
        room.do(CancelSession(project_id=P, session_id="mon"))
    else:
        room.do(move("2021-07-12T10:00"))
        assert told(room) == []
        assert at(room, 24) == [("ben", REMINDER), ("cat", REMINDER)]
        return
    assert told(room) == []
    assert wake_at(room.state) != AT_ONCE


def test_a_session_at_a_later_time_is_reminded_of_then_but_nobody_twice() -> None:
    """Who came since gets what the others had; what is still ahead comes to all."""
    room = a_room("ada")
    assert at(room, 100) == [("ada", REMINDER)]
    room.do(move("2021-09-06T10:00"))
    room.register("ben", "mon")
    assert at(room, 168) == [("ben", REMINDER)]
    assert at(room, 24) == [("ada", REMINDER), ("ben", REMINDER)]


def test_a_session_at_an_earlier_time_makes_up_for_nothing() -> None:
    """They have just heard of it."""
    room = a_room("ada", starts="2021-07-25T10:00")
    room.now = begins(room) - 10 * DAY
    room.do(move("2021-07-17T10:00"))
    assert told(room) == []
    assert wake_at(room.state) == begins(room) - DAY
    assert at(room, 24) == [("ada", REMINDER)]


def test_a_session_that_is_new_makes_up_for_nothing() -> None:
    """Whether it is announced or added."""
    room = a_room(starts="2021-06-16T10:00")
    assert begins(room) < NOW + 7 * DAY
    room.do(AddSession(project_id=P, session=session("wed", "2021-06-17T10:00", capacity=None)))
    room.register("ada", "mon")
    room.register("ben", "wed")
    assert told(room) == []
    assert at(room, 24) == [("ada", REMINDER)]
    assert at(room, 24, "wed") == [("ben", REMINDER)]


def test_other_reminders_count_from_now_on() -> None:
    """What is past is not made up for, and what was taken away is not made."""
    room = a_room("ada")
    room.now = begins(room) - 2 * DAY
    assert told(room) == [("ada", REMINDER)]
    room.do(AmendProject(project_id=P, reminder_hours=(72, 3)))
    assert room.state.definition.reminder_hours == (72, 3)
    assert at(room, 24) == []
    assert at(room, 3) == [("ada", REMINDER)]
    room.do(AmendProject(project_id=P, reminder_hours=()))
    room.do(AmendProject(project_id=P, title="Waits"))
    assert (at(room, 0.5), told(room)) == ([], [])


def test_a_clock_that_is_set_back_reminds_nobody_again() -> None:
    """Even when the same moment comes twice and what is said of reminders changes in between."""
    room = a_room("ada")
    assert at(room, 168) == [("ada", REMINDER)]
    assert at(room, 200) == []
    room.do(AmendProject(project_id=P, reminder_hours=(168,)))
    assert at(room, 168) == []


def test_sessions_that_are_over_remind_nobody() -> None:
    """Cancelled, held, or of a project that is cancelled."""
    room = a_room("ada")
    room.do(CancelSession(project_id=P, session_id="mon"))
    assert at(room, 24) == []
    other = a_room("ada")
    other.do(CancelProject(project_id=P))
    assert (at(other, 24), wake_at(other.state)) == ([], None)
    held = a_room("ada")
    assert at(held, -3) == []
    assert held.state.session("mon").status.value == "held"
    held.do(AmendProject(project_id=P, reminder_hours=(5,)))
    assert told(held) == []
    held.do(RemindDue(project_id=P, session_id="mon"))
    assert (held.notices, held.events) == ((), ())


@pytest.mark.parametrize("bad", [(0,), (-1,), (90 * 24 + 1,), (1.5,), tuple(range(1, 12)), ("x",)])
def test_hours_that_make_no_sense_are_refused(bad: tuple[Any, ...]) -> None:
    """A second mention of the same does no harm."""
    with pytest.raises(ValidationError):
        project(reminder_hours=bad)
    with pytest.raises(ValidationError):
        AmendProject(project_id=P, reminder_hours=bad)
    assert project(reminder_hours=(24, 168, 24)).reminder_hours == (168, 24)


# What waits in the outbox


def test_a_reminder_that_comes_too_late_is_not_sent() -> None:
    """The session began, is at another time, or is not theirs any more."""
    room = a_room("ada", hours=(24,))
    assert at(room, 24) == [("ada", REMINDER)]
    (owed,) = room.notices
    assert current(owed, room.state, room.now) == owed
    assert current(owed, room.state, begins(room)) is None
    before = room.state
    room.do(move("2021-07-05T12:00"))
    assert current(owed, room.state, room.now) is None
    room.state = before
    room.do(Withdraw(project_id=P, registration_id=room.of("ada").id))
    assert current(owed, room.state, room.now) is None
    (withdrawn,) = room.notices
    assert merged(owed, withdrawn) is None
    room.state = before
    room.do(CancelSession(project_id=P, session_id="mon"))
    assert current(owed, room.state, room.now) is None


def test_a_warning_that_comes_too_late_is_not_sent() -> None:
    """And one about nobody's session neither."""
    room = a_room(minimum=2, hours=(24,))
    assert at(room, 24) == [("", WARNING)]
    (owed,) = room.notices
    assert current(owed, room.state, room.now) == owed
    assert current(owed, room.state, begins(room)) is None
    assert current(owed, Rehearsal(project(session("x", "2021-07-20T10:00"))).state, room.now) is None


# On a desk


def test_tick_sends_reminders_with_what_is_needed_to_join() -> None:
    """Once, however often it comes by."""
    mail, clock = Post(), Clock()
    sessions = (session("mon", STARTS, capacity=2), session("tue", "2021-07-05T11:00", capacity=2, minimum=2))
    desk = a_desk(mail, clock=clock, announced=project(*sessions, reminder_hours=(24,)))
    desk.do(interest("ada", "mon"))
    desk.do(interest("ben", "tue"))
    desk.do(ReleaseJoiningDetails(project_id=P, session_id="mon", link="https://meet.example.org/backlogs"))
    desk.deliver()
    mail.taken.clear()
    clock.now = desk.state(P).session("mon").begins - HOUR
    assert (desk.tick(), desk.tick()) == (1, 0)
    desk.deliver()
    reminder, warning = sorted(mail.taken, key=lambda notice: notice.kind != REMINDER)
    assert mail.said.count(("ada", REMINDER)) == 1
    assert reminder.subject == "Your session is soon: Exploring COVID-19 backlogs"
    assert "How to join:\nhttps://meet.example.org/backlogs" in reminder.text
    assert (warning.kind, warning.recipient.email) == (WARNING, "insight@example.org")
    assert warning.subject == "Too few people for a session: Exploring COVID-19 backlogs"
    assert "People with a place: 1. Minimum: 2." in warning.text
    assert "ada" not in re.findall(r"\w+", repr(desk.history(P)).lower())  # and not as part of an id
