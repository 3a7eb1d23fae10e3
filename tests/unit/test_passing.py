from datetime import UTC, datetime, timedelta

import pytest

from insight_sessions.commands.calls import CancelProject, CloseCall
from insight_sessions.commands.passing import MOST_EFFECTS, LetTimePass, wake_at
from insight_sessions.commands.sessions import CancelSession
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.project import Call, CallStatus
from insight_sessions.domain.session import SessionStatus
from insight_sessions.domain.state import ProjectState

from .desk_kit import DAY, NOW, P, Rehearsal, project, session

ENDS = datetime(2021, 7, 5, 11, tzinfo=UTC)
PASS = LetTimePass(project_id=P)


def scheduled(opens_at: datetime | None = None, closes_at: datetime | None = None) -> Rehearsal:
    """A project whose call opens and closes by itself, on Monday's session alone."""
    return Rehearsal(project(session("mon"), call=Call(opens_at=opens_at, closes_at=closes_at)), opened=False)


@pytest.mark.parametrize(
    ("now", "status", "events"),
    [
        (NOW + DAY - timedelta(microseconds=1), CallStatus.DRAFT, []),
        (NOW + DAY, CallStatus.OPEN, [EventKind.CALL_OPENED]),
        (NOW + 2 * DAY, CallStatus.CLOSED, [EventKind.CALL_OPENED, EventKind.CALL_CLOSED]),
    ],
)
def test_a_call_opens_and_closes_at_its_time(now: datetime, status: CallStatus, events: list[EventKind]) -> None:
    """Both at once when nobody came by in between."""
    room = scheduled(opens_at=NOW + DAY, closes_at=NOW + 2 * DAY)
    room.now = now
    assert room.do(PASS).call.status is status
    assert room.happened == events


def test_an_open_call_closes_at_its_time() -> None:
    """And does so once."""
    room = scheduled(opens_at=NOW, closes_at=NOW + DAY)
    room.do(PASS)
    assert room.state.call.is_open
    room.now = NOW + DAY
    assert room.do(PASS).call.status is CallStatus.CLOSED
    room.do(PASS)
    assert room.happened == []


def test_a_call_without_times_waits_for_a_person() -> None:
    """Nothing happens to it by itself, open or not."""
    room = scheduled()
    room.now = NOW + DAY
    assert room.do(PASS).call.status is CallStatus.DRAFT
    open_call = Rehearsal(project())
    open_call.now = NOW + DAY
    assert open_call.do(PASS).call.is_open


def test_a_session_is_held_once_it_has_ended() -> None:
    """Not while it goes on, and not when it was cancelled."""
    room = Rehearsal(project(session("mon"), session("tue", "2021-07-05T10:00")))
    room.do(CancelSession(project_id=P, session_id="tue"))
    room.now = ENDS - timedelta(microseconds=1)
    room.do(PASS)
    assert room.state.session("mon").status is SessionStatus.SCHEDULED
    room.now = ENDS
    room.do(PASS)
    assert room.state.session("mon").status is SessionStatus.HELD
    assert room.state.session("tue").status is SessionStatus.CANCELLED
    assert room.happened == [EventKind.SESSION_HELD]
    assert room.told == []


def test_nobody_waits_for_a_session_that_was_held() -> None:
    """Their registration stays as it was."""
    room = Rehearsal(project())
    room.register("ada", "mon")
    room.register("ben", "mon", "tue")
    room.register("cat", "mon", "tue")
    room.now = ENDS
    room.do(PASS)
    assert room.line("mon") == []
    assert room.line("tue") == ["cat"]


def test_at_most_500_things_happen_in_one_step() -> None:
    """A clock that jumps a year does not hold a project for long; the rest follows in the next."""
    many = [session(f"s{number}", "2021-07-05T10:00") for number in range(MOST_EFFECTS + 1)]
    room = Rehearsal(project(*many, call=Call(opens_at=NOW + DAY, closes_at=NOW + 2 * DAY)), opened=False)
    room.now = NOW + 366 * DAY
    room.do(PASS)
    assert len(room.happened) == MOST_EFFECTS == 500
    assert wake_at(room.state) == ENDS
    room.do(PASS)
    assert room.happened == [EventKind.SESSION_HELD] * 3
    assert wake_at(room.state) is None


def test_a_project_wakes_when_something_next_becomes_due() -> None:
    """First the call, then the ends of sessions, then never."""
    room = scheduled(opens_at=NOW + DAY, closes_at=NOW + 2 * DAY)
    assert wake_at(room.state) == NOW + DAY
    room.now = NOW + DAY
    room.do(PASS)
    assert wake_at(room.state) == NOW + 2 * DAY
    room.do(CloseCall(project_id=P))
    assert wake_at(room.state) == ENDS
    room.do(CancelProject(project_id=P))
    assert wake_at(room.state) is None


def test_a_draft_that_would_only_close_is_not_woken_for_it() -> None:
    """There is nothing to close yet."""
    assert wake_at(scheduled(closes_at=NOW + DAY).state) == ENDS


def test_a_project_that_does_not_exist_never_wakes() -> None:
    """Nothing is due in it."""
    assert wake_at(ProjectState(project_id=P)) is None
