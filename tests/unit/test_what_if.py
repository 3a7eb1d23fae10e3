"""What judges offers and attendance judges right: sound rules pass, and each broken one is noticed."""

from typing import Any

import pytest

from insight_sessions.commands.attendance import RecordAttendance
from insight_sessions.commands.base import Command
from insight_sessions.commands.offering import OfferPlace, RefuseOffer
from insight_sessions.commands.passing import LetTimePass
from insight_sessions.commands.places import Withdraw
from insight_sessions.commands.sessions import RescheduleSession
from insight_sessions.domain.offering import LapsePolicy, Offers
from insight_sessions.domain.registration import Attendance
from insight_sessions.testing.invariants_answers import check_unaccepted
from insight_sessions.testing.invariants_attendance import check_recorded
from insight_sessions.testing.what_if import check_what_if
from insight_sessions.testing.world import Broken
from tests.simulation.bug_zoo import ZOO

from .desk_kit import DAY, P, Rehearsal, project, session


def offered(**more: Any) -> Rehearsal:  # noqa: ANN401 - whatever is tried
    """Monday is offered to Ben, and Cas waits for it; Ada left."""
    room = Rehearsal(project(session("mon"), session("tue", capacity=None), fill="offer", **more))
    for who in ("ada", "ben", "cas"):
        room.register(who, "mon")
    room.do(Withdraw(project_id=P, registration_id=room.of("ada").id))
    assert room.of("ben").offer is not None
    return room


def judged(room: Rehearsal, command: Command[Any]) -> None:
    """Do it, and have it judged."""
    before = room.state
    room.do(command)
    assert room.last is not None
    check_unaccepted(before, command, room.last)
    check_recorded(before, command, room.last)
    check_what_if(room.state, room.now)


@pytest.mark.parametrize("policy", ["requeue", "withdraw"])
def test_sound_rules_pass(policy: LapsePolicy) -> None:
    """An offer is refused, lapses, and goes along with its session, whether it does or only would."""
    room = offered(offers=Offers(on_lapse=policy))
    judged(room, RescheduleSession(project_id=P, session_id="mon", starts="2021-06-17T10:00"))
    assert room.of("ben").offer is not None
    judged(room, RefuseOffer(project_id=P, registration_id=room.of("ben").id))
    assert room.of("cas").offer is not None
    room.now += 2 * DAY
    judged(room, LetTimePass(project_id=P))
    assert room.of("cas").offer is None
    room.now += 30 * DAY
    judged(room, LetTimePass(project_id=P))


@pytest.mark.parametrize("policy", ["requeue", "withdraw"])
def test_who_has_a_place_keeps_it_whatever_becomes_of_an_offer(policy: LapsePolicy) -> None:
    """And is out of the line, or last."""
    room = Rehearsal(project(session("mon"), session("tue"), fill="offer", offers=Offers(on_lapse=policy)))
    room.register("ada", "mon", "tue")
    room.do(OfferPlace(project_id=P, registration_id=room.of("ada").id, session_id="tue"))
    check_what_if(room.state, room.now)
    room.now += 3 * DAY
    judged(room, LetTimePass(project_id=P))
    assert room.of("ada").place == "mon"


def test_attendance_is_judged() -> None:
    """Recorded, corrected and taken back, with a trail; and refused when it is too early or elsewhere."""
    room = Rehearsal(project(session("mon"), session("tue")))
    room.register("ada", "mon")
    room.register("ben", "tue")
    check_what_if(room.state, room.now)
    room.now += 40 * DAY
    judged(room, LetTimePass(project_id=P))
    ada = room.of("ada").id
    marks: tuple[Any, ...] = (Attendance.ATTENDED, Attendance.ATTENDED, Attendance.ABSENT, "unset")
    for mark in marks:
        judged(room, RecordAttendance(project_id=P, session_id="mon", attendance={ada: mark}))
    assert room.last is not None
    again = RecordAttendance(project_id=P, session_id="mon", attendance={ada: "unset"})
    with pytest.raises(Broken, match="trail"):
        check_recorded(room.state, again, room.last)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("a_refused_offer_is_asked_again", "not made again"),
        ("who_does_not_answer_stays_first", "last in line"),
        ("offers_never_lapse", "ends"),
        ("an_offer_stays_where_its_session_went", "goes along"),
        ("attendance_before_the_session", "nobody attends"),
    ],
)
def test_a_broken_rule_is_noticed_before_anybody_meets_it(
    monkeypatch: pytest.MonkeyPatch, fault: str, says: str
) -> None:
    """By what would become of what is open."""
    room = offered()
    room.register("dan", "tue")
    check_what_if(room.state, room.now)
    ZOO[fault](monkeypatch)
    with pytest.raises(Broken, match=says):
        check_what_if(room.state, room.now)


def test_attendance_of_people_without_a_place_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a session was held."""
    room = offered()
    room.register("dan", "tue")
    room.now += 40 * DAY
    room.do(LetTimePass(project_id=P))
    check_what_if(room.state, room.now)
    ZOO["attendance_of_people_without_a_place"](monkeypatch)
    with pytest.raises(Broken, match="nobody attends"):
        check_what_if(room.state, room.now)
