"""What judges simulated histories judges right: by cases that are few in them, and by states that are wrong."""

from dataclasses import replace
from datetime import date, datetime
from random import Random
from typing import Any, get_args

import pytest

from insight_sessions.commands.attendance import RecordAttendance
from insight_sessions.commands.base import Command
from insight_sessions.commands.people import CorrectMember
from insight_sessions.commands.places import Withdraw
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.member import Past, Person
from insight_sessions.domain.registration import Attendance, Offer
from insight_sessions.domain.rules import AbsencesAtMost, AllOf, AnyOf, NotOf, Rule
from insight_sessions.testing.devising import Deviser
from insight_sessions.testing.eligible import devised, holds, lets_in
from insight_sessions.testing.invariants import check_command, check_state
from insight_sessions.testing.world import Broken, World

from .desk_kit import DAY, NOW, P, Rehearsal, member, project, session

SEATED = AbsencesAtMost(most=0)
DAY_OF_MON = date(2021, 7, 5)


def person(past: Past | None = None, **more: Any) -> Person:  # noqa: ANN401 - whatever is tried
    """Ada, as a project knows her."""
    return Person.of(member("ada", **more), "p-ada").with_past(past)


def moved() -> Command[Any]:
    """Ada has another address."""
    return CorrectMember(project_id=P, member=member("ada", email="ada@new.example.org"))


def test_rules_put_together_are_worked_out_anew() -> None:
    """All, any, and not."""
    who, clean, absent = member("ada"), Past(), Past(absences=1)
    for rule, expected in ((AllOf(of=(SEATED,)), True), (AnyOf(of=(SEATED,)), True)):
        assert holds(rule, who, clean, DAY_OF_MON) is expected
        assert holds(rule, who, absent, DAY_OF_MON) is not expected
        assert holds(NotOf(of=rule, objection="No."), who, absent, DAY_OF_MON) is expected


def test_rules_of_every_kind_are_made_up() -> None:
    """Within each other too."""
    made = [devised(Random(number)) for number in range(200)]  # noqa: S311 - it must repeat
    assert {type(one) for one in made} == set(get_args(get_args(Rule)[0]))


def test_a_project_lets_in_whom_its_membership_and_rules_let_in() -> None:
    """And nobody whose past it asks for and does not know."""
    ruled = project(eligibility=(SEATED,))
    assert lets_in(ruled, person(Past()), DAY_OF_MON)
    assert not lets_in(ruled, person(Past(absences=1)), DAY_OF_MON)
    assert not lets_in(ruled, person(None), DAY_OF_MON)
    assert not lets_in(project(), person(active=False), DAY_OF_MON)
    assert not lets_in(project(), person(valid_until=date(2021, 7, 4)), DAY_OF_MON)


def test_an_empty_place_is_wrong_where_somebody_waits_who_is_not_offered_one() -> None:
    """Who is offered a place elsewhere is asked first."""
    room = Rehearsal(project(session("mon"), session("tue"), fill="offer"))
    for who, wishes in (("ada", ("mon",)), ("ben", ("tue",)), ("cas", ("mon", "tue"))):
        room.register(who, *wishes)
    room.do(Withdraw(project_id=P, registration_id=room.of("ada").id))
    offered = room.of("cas")
    assert offered.offer is not None
    assert offered.offer.session == "mon"
    freed = room.state.put(room.of("ben").but(place=None, wishes=("mon",)))
    check_state(freed, NOW)
    with pytest.raises(Broken, match="I6"):
        check_state(freed.put(offered.but(offer=None)), NOW)


def test_an_offer_is_of_a_wish_and_never_of_the_place_one_has() -> None:
    """Each wrong one is seen."""
    room = Rehearsal(project(session("mon", capacity=3), session("tue"), fill="manual"))
    ada = room.register("ada", "mon")
    until = datetime.fromisoformat("2021-06-20T10:00Z")
    for offer, said in ((Offer("tue", until), "of a wish"), (Offer("mon", until), "the place that they have")):
        with pytest.raises(Broken, match=said):
            check_state(room.state.put(ada.but(offer=offer)), NOW)


def test_a_former_address_is_left_before_the_new_one_is_invited() -> None:
    """And a message of another revision is wrong."""
    room = Rehearsal(project(session("mon")))
    room.register("ada", "mon")
    before = room.state
    command = moved()
    decided = room.decide(command)
    check_command(before, command, decided, NOW)
    left, invited = decided.notices
    late = replace(left, sequence=invited.sequence)
    with pytest.raises(Broken, match="left before"):
        check_command(before, command, decided._replace(notices=(late, invited)), NOW)


def test_somebody_says_who_came_once_a_session_has_begun() -> None:
    """Not in every history, so it is looked for here."""
    room = Rehearsal(project(session("mon")))
    ada = room.register("ada", "mon")
    world = World(5)
    world.pass_time(room.state.slots["mon"].starts_at + DAY - world.now)
    deviser = Deviser(world)
    made = [deviser.command(room.state) for _ in range(200)]
    marks = [one.attendance for one in made if isinstance(one, RecordAttendance)]
    assert any(set(mark) == {ada.id} for mark in marks)
    assert {answer for mark in marks for answer in mark.values()} <= {*Attendance, "unset"}


def test_who_is_known_and_has_never_registered_is_corrected_too() -> None:
    """There is no invite to move and nothing to fill."""
    room = Rehearsal(project(session("mon")))
    room.state = room.state.put(Person.of(member("ada"), "p-ada"))
    room.do(moved())
    assert room.happened == [EventKind.MEMBER_CORRECTED]
    assert room.notices == ()
