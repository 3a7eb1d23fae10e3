from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from insight_sessions.commands.base import Command
from insight_sessions.commands.calls import CancelProject
from insight_sessions.commands.places import ConfirmPlace, SwitchSession, Withdraw
from insight_sessions.commands.sessions import AddSession, CancelSession, RescheduleSession, ResizeSession
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.registration import Status
from insight_sessions.domain.session import Session, SessionStatus
from insight_sessions.errors import NotFound, NotPossible, SessionFull

from .desk_kit import NOW, P, Rehearsal, member, project, session, until

BEGUN = datetime(2021, 7, 5, 9, tzinfo=UTC)


def add(one: Session) -> AddSession:
    """One more."""
    return AddSession(project_id=P, session=one)


def cancel(id: str = "mon", reason: str = "") -> CancelSession:
    """One that will not take place."""
    return CancelSession(project_id=P, session_id=id, reason=reason)


def resize(capacity: int | None, id: str = "mon") -> ResizeSession:
    """One with another number of places."""
    return ResizeSession(project_id=P, session_id=id, capacity=capacity)


def move(starts: str, id: str = "mon", minutes: int | None = None) -> RescheduleSession:
    """One at another time."""
    return RescheduleSession(project_id=P, session_id=id, starts=starts, minutes=minutes)


def test_a_session_is_added_as_a_new_one() -> None:
    """With its instant, and nothing that only time can make of it."""
    room = Rehearsal(project())
    added = room.do(add(session("fri", "2021-07-09T10:00", status="held", sequence=4, reason="x")))
    assert (added.status, added.sequence, added.reason) == (SessionStatus.SCHEDULED, 0, None)
    assert (added.begins, added.changed_at) == (datetime(2021, 7, 9, 9, tzinfo=UTC), NOW)
    assert (room.happened, room.told) == ([EventKind.SESSION_ADDED], [])
    assert room.register("ada", "fri").place == "fri"


def test_a_session_is_placed_among_the_others_by_its_time() -> None:
    """Not by when it was added."""
    room = Rehearsal(project(session("mon"), session("thu")))
    added = room.do(add(session("tue")))
    assert added.id == "tue"
    assert [one.id for one in room.state.project.sessions] == ["mon", "tue", "thu"]


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (session("mon", "2021-07-09T10:00"), "two sessions have the id 'mon'"),
        (session("dst", "2022-03-27T01:30"), "the clocks in Europe/London skip"),
    ],
)
def test_a_session_that_does_not_fit_its_project_is_refused(one: Session, reason: str) -> None:
    """As a wrong value, for it can only be seen there."""
    with pytest.raises(ValidationError, match=reason):
        Rehearsal(project()).do(add(one))


def test_a_session_that_has_begun_cannot_be_added() -> None:
    """Nobody could come."""
    with pytest.raises(NotPossible, match=r"That time is over already\.") as refusal:
        Rehearsal(project()).do(add(session("past", "2021-06-01T10:00")))
    assert refusal.value.reason == "session_begun"


def test_an_unknown_session_is_not_found() -> None:
    """By every command that names one."""
    commands: list[Command[Session]] = [cancel("fri"), resize(3, "fri"), move("2021-07-09T10:00", "fri")]
    for command in commands:
        with pytest.raises(NotFound, match="no session 'fri'"):
            Rehearsal(project()).do(command)


def test_a_session_that_is_over_takes_no_more_changes() -> None:
    """Cancelled or begun."""
    commands: list[Command[Session]] = [cancel(), resize(3), move("2021-07-09T10:00")]
    for command in commands:
        room = Rehearsal(project())
        room.do(cancel())
        with pytest.raises(NotPossible, match="was cancelled"):
            room.do(command)
        later = Rehearsal(project())
        later.now = BEGUN
        with pytest.raises(NotPossible, match="has begun"):
            later.do(command)


def test_a_cancelled_project_takes_no_more_sessions() -> None:
    """It is over."""
    room = Rehearsal(project())
    room.do(CancelProject(project_id=P))
    with pytest.raises(NotPossible, match="This project was cancelled"):
        room.do(add(session("fri", "2021-07-09T10:00")))


def test_cancelling_a_session_moves_each_person_or_puts_them_first_in_line() -> None:
    """And everybody concerned gets exactly one notice."""
    room = Rehearsal(project(session("mon", capacity=3), session("tue"), session("thu", capacity=0)))
    room.register("ada", "mon", "tue")
    room.register("ben", "mon", "tue")
    room.register("cat", "mon")
    room.register("dan", "mon", "thu")
    room.register("eve", "thu")
    cancelled = room.do(cancel(reason="The room is gone."))
    assert (cancelled.status, cancelled.sequence, cancelled.reason) == ("cancelled", 1, "The room is gone.")
    assert room.places() == {"ada": "tue", "ben": None, "cat": None, "dan": None, "eve": None}
    assert room.told == [
        ("ada", NoticeKind.PLACE_MOVED),
        ("ben", NoticeKind.SESSION_CANCELLED),
        ("cat", NoticeKind.SESSION_CANCELLED),
        ("dan", NoticeKind.SESSION_CANCELLED),
    ]
    assert (room.line("mon"), room.line("tue"), room.line("thu")) == ([], ["ben"], ["dan", "eve"])
    assert {room.of(who).status for who in ("ben", "cat", "dan")} == {Status.WAITING}
    ada, ben, dan = room.owed_to("ada"), room.owed_to("ben"), room.owed_to("dan")
    assert (ada.method, ada.slot and ada.slot.id, ada.previous and ada.previous.id) == ("REQUEST", "tue", "mon")
    assert {owed.cancelled and owed.cancelled.id for owed in (ada, ben, dan)} == {"mon"}
    assert (ben.method, ben.slot, ben.previous and ben.previous.id) == ("CANCEL", None, "mon")
    assert [slot.id for slot in ben.waits] == ["tue"]
    assert room.owed_to("cat").waits == ()


def test_those_who_waited_for_a_cancelled_session_are_told_too() -> None:
    """Whether they wait without a place, or wished to switch to it; their place is not touched."""
    room = Rehearsal(project())
    room.register("ada", "mon")
    room.register("ben", "mon")
    cat = room.register("cat", "tue")
    room.do(SwitchSession(project_id=P, registration_id=cat.id, sessions=("mon", "tue")))
    room.do(cancel())
    assert room.told == [(who, NoticeKind.SESSION_CANCELLED) for who in ("ada", "ben", "cat")]
    assert room.owed_to("ada").method == "CANCEL"
    assert (room.owed_to("ben").method, room.owed_to("cat").method) == (None, None)
    assert room.owed_to("cat").slot == room.state.slots["tue"]
    assert (room.of("cat").place, room.of("cat").sequence) == ("tue", 0)


def test_people_who_lost_a_place_get_the_next_one_before_those_who_never_had_one() -> None:
    """In order of arrival among themselves."""
    room = Rehearsal(project(session("mon", capacity=2), session("tue", capacity=1)))
    room.register("eve", "tue")
    room.register("dan", "tue")
    room.register("ada", "mon", "tue")
    room.register("ben", "mon", "tue")
    room.do(cancel())
    assert room.line("tue") == ["ada", "ben", "dan"]
    room.do(resize(2, "tue"))
    assert room.told == [("ada", NoticeKind.PLACE_CONFIRMED)]
    assert not room.of("ada").displaced
    assert room.owed_to("ada").sequence == 2


def test_more_places_are_filled_at_once() -> None:
    """By arrival; without a limit, everyone who waits gets one."""
    room = Rehearsal(project())
    for who in ("ada", "ben", "cat", "dan"):
        room.register(who, "mon")
    room.do(resize(2))
    assert room.told == [("ben", NoticeKind.PLACE_CONFIRMED)]
    assert room.happened == [EventKind.SESSION_RESIZED, EventKind.PLACE_GIVEN]
    assert room.do(resize(None)).capacity is None
    assert room.told == [("cat", NoticeKind.PLACE_CONFIRMED), ("dan", NoticeKind.PLACE_CONFIRMED)]


def test_fewer_places_take_nothing_from_anybody() -> None:
    """The session is overfull, and says so, until enough have left; then the first in line gets in again."""
    room = Rehearsal(project(session("mon", capacity=3), session("tue")))
    people = [room.register(who, "mon", "tue") for who in ("ada", "ben", "cat")]
    room.register("dan", "mon")
    room.do(resize(1))
    assert room.told == []
    assert room.happened == [EventKind.SESSION_RESIZED, EventKind.SESSION_OVERFULL]
    assert room.places() == {"ada": "mon", "ben": "mon", "cat": "mon", "dan": None}
    assert room.state.places_left("mon") == -2
    for one, told in zip(people, ([], [], [("dan", NoticeKind.PLACE_CONFIRMED)]), strict=True):
        room.do(Withdraw(project_id=P, registration_id=one.id))
        assert [(who, kind) for who, kind in room.told if kind is not NoticeKind.WITHDRAWN] == told


def test_nobody_gets_into_a_session_that_is_overfull() -> None:
    """Not by registering, switching or being confirmed; whoever is in it may leave for another."""
    room = Rehearsal(project(session("mon", capacity=2), session("tue", capacity=3)))
    ada, _ = room.register("ada", "mon"), room.register("ben", "mon")
    room.do(resize(1))
    room.register("cat", "mon", "tue")
    dan = room.register("dan", "tue")
    room.do(SwitchSession(project_id=P, registration_id=dan.id, sessions=("mon", "tue")))
    with pytest.raises(SessionFull):
        room.do(ConfirmPlace(project_id=P, registration_id=room.of("cat").id, session_id="mon"))
    room.do(SwitchSession(project_id=P, registration_id=ada.id, sessions=("tue",)))
    assert room.places() == {"ada": "tue", "ben": "mon", "cat": "tue", "dan": "tue"}
    assert (room.state.places_left("mon"), room.line("mon")) == (0, ["dan"])


def test_a_session_that_is_no_longer_overfull_says_nothing_of_it() -> None:
    """Nor does one without a limit."""
    room = Rehearsal(project(session("mon", capacity=2)))
    room.register("ada", "mon")
    for capacity in (1, 2, None):
        room.do(resize(capacity))
        assert room.happened == [EventKind.SESSION_RESIZED]


def test_resizing_to_what_is_taken_or_more_tells_nobody() -> None:
    """The minimum is never above the capacity."""
    room = Rehearsal(project(session("mon", capacity=9, minimum=6)))
    room.register("ada", "mon")
    assert room.do(resize(1)).minimum == 1
    assert room.told == []
    assert room.do(resize(None)).minimum == 1


def test_a_capacity_below_zero_is_refused_at_the_door() -> None:
    """Zero is fine: it lets nobody in."""
    with pytest.raises(ValidationError, match="capacity"):
        resize(-1)
    room = Rehearsal(project())
    room.register("ada", "mon")
    room.do(resize(0))
    room.register("ben", "mon")
    assert room.places() == {"ada": "mon", "ben": None}


def test_rescheduling_keeps_places_and_updates_each_invite_once() -> None:
    """Those who wait are told too."""
    room = Rehearsal(project())
    room.register("ada", "mon")
    room.register("ben", "mon")
    moved = room.do(move("2021-07-09T10:00", minutes=90))
    assert (moved.sequence, moved.minutes, moved.begins) == (1, 90, datetime(2021, 7, 9, 9, tzinfo=UTC))
    assert room.told == [("ada", NoticeKind.SESSION_RESCHEDULED), ("ben", NoticeKind.SESSION_RESCHEDULED)]
    assert room.happened == [EventKind.SESSION_RESCHEDULED]
    ada, ben = room.owed_to("ada"), room.owed_to("ben")
    assert (ada.method, ada.sequence, ada.slot) == ("REQUEST", 1, room.state.slots["mon"])
    assert ada.previous is not None
    assert ada.previous.starts.isoformat() == "2021-07-05T10:00:00"
    assert (ben.method, ben.slot, [slot.starts.day for slot in ben.waits]) == (None, None, [9])


def test_a_new_length_alone_is_a_new_time() -> None:
    """Calendars must know when it ends."""
    room = Rehearsal(project())
    room.register("ada", "mon")
    room.do(move("2021-07-05T10:00", minutes=60))
    assert room.told == [("ada", NoticeKind.SESSION_RESCHEDULED)]
    assert room.owed_to("ada").sequence == 1


def test_rescheduling_to_the_same_time_changes_nothing() -> None:
    """Nobody is told twice."""
    room = Rehearsal(project())
    room.register("ada", "mon")
    same = room.do(move("2021-07-05T10:00"))
    assert (room.told, room.happened, same.sequence) == ([], [], 0)


@pytest.mark.parametrize("starts", ["2022-03-27T01:30", "9999-12-31T23:59"])
def test_rescheduling_to_a_time_that_does_not_exist_is_refused(starts: str) -> None:
    """As a wrong value."""
    room = Rehearsal(project(session("mon", timezone="America/New_York" if starts > "9" else None)))
    with pytest.raises(ValidationError, match=r"skip|out of range"):
        room.do(move(starts))


def test_rescheduling_into_the_past_is_refused() -> None:
    """Nobody could come."""
    with pytest.raises(NotPossible, match=r"That time is over already\.") as refusal:
        Rehearsal(project()).do(move("2021-06-01T10:00"))
    assert refusal.value.reason == "session_begun"


def test_rescheduling_lets_those_in_whose_membership_now_covers_it() -> None:
    """A place that was free for nobody is filled."""
    room = Rehearsal(project(session("mon"), session("thu", capacity=2)))
    room.register("ada", "mon")
    room.register(member("ben", **until("2021-07-06")), "thu", "mon")
    assert room.line("thu") == []
    room.do(move("2021-07-02T10:00", "thu"))
    assert room.told == [("ben", NoticeKind.PLACE_CONFIRMED)]
    assert room.places() == {"ada": "mon", "ben": "thu"}


def test_the_other_sessions_stay_as_they_are() -> None:
    """One change is one change."""
    room = Rehearsal(project())
    before = dict(room.state.sessions)
    room.do(move("2021-07-09T10:00"))
    room.do(resize(4, "thu"))
    assert room.state.session("tue") is before["tue"]
    assert room.state.session("thu").begins == before["thu"].begins
