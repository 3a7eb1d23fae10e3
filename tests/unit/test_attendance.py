from typing import Any

import pytest
from pydantic import ValidationError

from insight_sessions.commands.attendance import RecordAttendance
from insight_sessions.commands.passing import LetTimePass
from insight_sessions.commands.places import Withdraw
from insight_sessions.commands.sessions import CancelSession, RescheduleSession
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.registration import Attendance, Registration
from insight_sessions.domain.rules import AbsencesAtMost
from insight_sessions.errors import NotEligible, NotFound, NotPossible
from insight_sessions.explaining import explain
from insight_sessions.reporting import report

from .desk_kit import DAY, P, Rehearsal, interest, project, session
from .desk_store import Clock, a_desk, open_call


def marked(who: dict[str, str], session_id: str = "mon") -> RecordAttendance:
    """What was seen at the door."""
    given: dict[str, Any] = {"project_id": P, "session_id": session_id, "attendance": who}
    return RecordAttendance.model_validate(given)


def begun() -> tuple[Rehearsal, Registration, Registration]:
    """Ada and Ben have a place in a session that has begun."""
    room = Rehearsal(project(session("mon", capacity=2), session("tue")))
    ada, ben = room.register("ada", "mon"), room.register("ben", "mon")
    room.now = room.state.session("mon").begins
    return room, ada, ben


@pytest.mark.parametrize("came", Attendance)
def test_it_is_recorded_once_a_session_has_begun(came: Attendance) -> None:
    """And shown wherever somebody looks; nobody is told."""
    room, ada, _ = begun()
    room.do(marked({ada.id: came}))
    assert room.of("ada").attendance is came
    assert room.last is not None
    assert room.last.notices == ()
    reasons = explain(room.state, room.of("ada"), room.now).reasons
    assert [one.code for one in reasons] == ["has_place", came.value]
    assert report(room.state).sessions[0].attendance == {came: 1}
    assert [one.code for one in explain(room.state, room.of("ben"), room.now).reasons] == ["has_place"]


def test_it_can_be_corrected_and_the_journal_keeps_both() -> None:
    """Each change is one event; saying the same again is none."""
    room, ada, ben = begun()
    trail: list[tuple[str | None, str | None, str | None]] = []
    for who in ({ada.id: "absent", ben.id: "attended"}, {ada.id: "excused", ben.id: "attended"}, {ada.id: "unset"}):
        room.do(marked(who))
        assert room.last is not None
        assert {one.kind for one in room.last.events} == {EventKind.ATTENDANCE_RECORDED}
        trail += [(one.registration, one.attendance, one.corrected) for one in room.last.events]
    assert trail == [
        (ada.id, "absent", None),
        (ben.id, "attended", None),
        (ada.id, "excused", "absent"),
        (ada.id, None, "excused"),
    ]
    assert room.of("ada").attendance is None
    room.do(marked({ada.id: "unset"}))
    assert room.last is not None
    assert room.last.events == ()


def refusal(room: Rehearsal, command: RecordAttendance) -> str:
    """Why it is refused; nothing of it is done."""
    before = room.state
    with pytest.raises(NotPossible) as caught:
        room.do(command)
    assert room.state is before
    return caught.value.reason


def test_nobody_was_at_a_session_that_has_not_begun_or_was_cancelled() -> None:
    """The clock may say so, or that it was held."""
    room, ada, _ = begun()
    room.do(CancelSession(project_id=P, session_id="tue"))
    assert refusal(room, marked({ada.id: "attended"}, "tue")) == "session_cancelled"
    room.now -= DAY
    assert refusal(room, marked({ada.id: "attended"})) == "session_not_begun"
    room.now += 2 * DAY
    room.do(LetTimePass(project_id=P))
    room.now -= 3 * DAY
    assert room.do(marked({ada.id: "attended"})).status == "held"


def test_who_has_no_place_there_was_not_there() -> None:
    """Then nothing of the whole list is recorded."""
    room, ada, _ = begun()
    cai = Rehearsal(project()).register("cai", "mon")
    room.now -= DAY
    dan = room.register("dan", "tue")
    room.now += DAY
    assert refusal(room, marked({ada.id: "attended", dan.id: "attended"})) == "no_place_there"
    assert room.of("ada").attendance is None
    with pytest.raises(NotFound, match="no registration 'r-0'"):
        room.do(marked({"r-0": "attended"}))
    with pytest.raises(NotFound, match="no session 'fri'"):
        room.do(marked({cai.id: "attended"}, "fri"))


@pytest.mark.parametrize(
    "who", [{}, {"r-1": "there"}, {"ada@example.org": "absent"}, {f"r-{n}": "absent" for n in range(1_001)}]
)
def test_what_is_no_list_of_attendance_is_refused_at_the_door(who: dict[str, str]) -> None:
    """And repeats nothing of what was given."""
    with pytest.raises(ValidationError) as caught:
        marked(who)
    assert "there" not in str(caught.value)


def test_a_place_that_is_no_more_was_not_attended() -> None:
    """When a clock is set back, and a session that had begun lies ahead again."""
    room, ada, ben = begun()
    room.do(marked({ada.id: "attended", ben.id: "attended"}))
    room.now -= DAY
    room.do(Withdraw(project_id=P, registration_id=ada.id))
    assert room.of("ada").attendance is None
    room.do(RescheduleSession(project_id=P, session_id="mon", starts="2021-07-07T10:00"))
    assert (room.of("ben").place, room.of("ben").attendance) == ("mon", None)
    room.now += 3 * DAY
    room.do(marked({ben.id: "attended"}))
    room.now -= 4 * DAY
    room.do(CancelSession(project_id=P, session_id="mon"))
    assert (room.of("ben").place, room.of("ben").attendance) == (None, None)


def test_rules_count_absences_in_all_projects() -> None:
    """Not those that were corrected."""
    clock = Clock()
    desk = a_desk(clock=clock, announced=project(session("mon", capacity=None)))
    ada = desk.do(interest("ada", "mon"))
    later = session("thu", "2021-09-01T10:00")
    open_call(desk, project(later, id="next", eligibility=(AbsencesAtMost(most=0),)))
    clock.moves(days=30)
    desk.do(marked({ada.id: "absent"}))
    again = interest("ada", "thu").model_copy(update={"project_id": "next"})
    with pytest.raises(NotEligible) as caught:
        desk.do(again)
    assert [one.code for one in caught.value.objections] == ["too_many_absences"]
    desk.do(marked({ada.id: "excused"}))
    assert desk.do(again).place == "thu"
