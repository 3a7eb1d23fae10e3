"""Rules of eligibility from the door to the line: who is refused, who is passed over, who is told what."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from insight_sessions.commands.calls import AmendProject, AnnounceProject, CancelProject
from insight_sessions.commands.passing import RecheckEligibility
from insight_sessions.commands.places import ConfirmPlace, RegisterInterest, SwitchSession, Withdraw
from insight_sessions.commands.sessions import CancelSession, RescheduleSession
from insight_sessions.desk import Desk
from insight_sessions.domain.member import Past
from insight_sessions.domain.project import Project
from insight_sessions.domain.registration import Attendance, Decision, Registration
from insight_sessions.domain.rules import (
    AbsencesAtMost,
    ActiveMember,
    AnyOf,
    AttributeIn,
    NotOf,
    NotTakenPartIn,
    Rule,
    ValidOnTheDay,
)
from insight_sessions.eligibility import past_of
from insight_sessions.errors import CHECK_FAILED, LAPSED, NOT_A_MEMBER, NotEligible
from insight_sessions.explaining import explain
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.port import Record

from .desk_kit import DAY, NOW, P, Rehearsal, interest, member, project, session, until
from .desk_store import Clock, Directory, Door, a_desk, desk_on, open_call

ACUTE = AttributeIn(name="setting", values=("acute",))
NEW = NotTakenPartIn(projects=("pilot",))


def acute(id: str, **more: Any) -> Any:  # noqa: ANN401 - whatever is tried
    """A member of a hospital."""
    return member(id, attributes={"setting": "acute"}, **more)


def ruled(*rules: Rule, **more: Any) -> Project:  # noqa: ANN401 - whatever is tried
    """The project with these rules."""
    return project(eligibility=rules, **more)


def codes(act: Callable[[], object]) -> list[str]:
    """Why somebody is not eligible."""
    with pytest.raises(NotEligible) as caught:
        act()
    return [one.code for one in caught.value.objections]


def amend(*rules: Rule) -> AmendProject:
    """Other rules from now on."""
    return AmendProject(project_id=P, eligibility=rules)


# At the door


def test_whoever_a_rule_keeps_out_is_refused_with_its_objection() -> None:
    """And told where to apply."""
    told = ACUTE.model_copy(update={"objection": "For hospital staff."})
    desk = a_desk(announced=ruled(told))
    assert desk.do(interest(acute("ada"), "mon")).place == "mon"
    with pytest.raises(NotEligible) as caught:
        desk.do(interest("ben", "mon", "tue"))
    assert [(one.code, one.sentence) for one in caught.value.objections] == [
        ("attribute_not_in", "For hospital staff.")
    ]
    assert caught.value.public_message == "For hospital staff."
    assert caught.value.apply_url == "https://example.org/apply"
    assert len(desk.state(P).people) == 1


def test_a_rule_may_keep_somebody_out_of_one_session_and_let_them_in_another() -> None:
    """They get and wait for what they may."""
    room = Rehearsal(ruled(ValidOnTheDay(), members_only=False))
    guest = member("ada", **until("2021-07-06"))
    assert room.register(guest, "thu", "tue").place == "tue"
    ben = room.register(member("ben", **until("2021-07-06")), "thu", "tue")
    assert [room.state.waiting(id) for id in ("tue", "thu")] == [(ben,), ()]
    late = interest(member("cai", **until("2021-07-01")), "mon", "thu")
    assert codes(lambda: room.do(late)) == [LAPSED.code]


def test_a_membership_for_one_session_and_a_rule_for_another_let_nobody_in() -> None:
    """All that speaks against a session is said; of the sessions that the membership reaches."""
    room = Rehearsal(ruled(ACUTE))
    assert codes(lambda: room.register(member("ada", **until("2021-07-05")), "mon", "thu")) == ["attribute_not_in"]


def test_members_only_comes_before_every_rule() -> None:
    """No rule lets somebody in whom it keeps out, and nobody hears of a rule who is no member."""
    room = Rehearsal(ruled(AnyOf(of=(ActiveMember(), ACUTE)), AbsencesAtMost(most=0)))
    assert codes(lambda: room.register(acute("ada", active=False), "mon")) == [NOT_A_MEMBER.code]
    open_to_all = Rehearsal(ruled(AnyOf(of=(ActiveMember(), ACUTE)), members_only=False))
    assert open_to_all.register(acute("ada", active=False), "mon").place == "mon"


def test_rules_tell_a_stranger_nothing() -> None:
    """Whoever is known and no member is told the same as whoever is not known."""
    away = acute("ben", active=False)
    announced = ruled(AnyOf(of=(ActiveMember(), NotOf(of=ACUTE, objection="No."))), members_only=False)
    desk = a_desk(Directory(away), Door("ben"), announced=announced)
    said = set[str]()
    for key in ("nobody", "ben"):
        with pytest.raises(NotEligible) as caught:
            desk.do(RegisterInterest(project_id=P, member=key, sessions=("mon",)))
        said.add(caught.value.public_message)
    assert len(said) == 1


def test_the_checks_of_plugins_count_as_before() -> None:
    """With rules that let somebody in."""
    desk = a_desk(Door("ada"), announced=ruled(ACUTE))
    assert codes(lambda: desk.do(interest(acute("ada"), "mon"))) == ["unwanted"]


# Later


def test_nobody_is_confirmed_or_moved_against_a_rule() -> None:
    """Whoever decides it."""
    room = Rehearsal(ruled(ValidOnTheDay(objection="It ends."), members_only=False, places="review"))
    ada = room.register(member("ada", **until("2021-07-05")), "mon", "thu")
    confirm = ConfirmPlace(project_id=P, registration_id=ada.id, session_id="thu")
    assert codes(lambda: room.do(confirm)) == [LAPSED.code]
    assert room.do(confirm.model_copy(update={"session_id": "mon"})).place == "mon"
    switch = SwitchSession(project_id=P, registration_id=ada.id, sessions=("tue", "thu"))
    assert codes(lambda: room.do(switch)) == [LAPSED.code]


def test_whoever_is_displaced_is_not_seated_against_a_rule() -> None:
    """They wait where they may."""
    room = Rehearsal(ruled(ValidOnTheDay(), members_only=False))
    ada = room.register(member("ada", **until("2021-07-05")), "mon", "thu")
    room.do(CancelSession(project_id=P, session_id="mon"))
    assert (room.of("ada").place, room.state.waiting("thu")) == (None, ())
    room.do(RescheduleSession(project_id=P, session_id="thu", starts="2021-07-04T10:00"))
    assert room.of("ada").place == "thu"
    assert room.of("ada").id == ada.id


def test_what_is_found_out_again_counts_for_free_places() -> None:
    """Somebody in line who left the hospital is passed over, and has their number again when they are back."""
    clock, directory = Clock(), Directory(acute("ada"), acute("ben"), acute("cai"))
    desk = a_desk(directory, clock=clock, announced=ruled(ACUTE, recheck_days=7))
    ada, ben, cai = (desk.do(interest(acute(id), "mon")) for id in ("ada", "ben", "cai"))
    directory.members["ben"] = member("ben", attributes={"setting": "community"})
    clock.moves(days=8)
    desk.tick()
    explained = [one.code for one in desk.explain(P, "ben").reasons]
    assert "attribute_not_in" in explained
    assert not desk.state(P).registrations[ben.id].barred
    desk.do(Withdraw(project_id=P, registration_id=ada.id))
    assert desk.state(P).registrations[cai.id].place == "mon"
    directory.members["ben"] = acute("ben")
    clock.moves(days=8)
    desk.tick()
    assert [one.id for one in desk.state(P).waiting("mon")] == [ben.id]


def test_somebody_the_directory_no_longer_knows_is_no_member() -> None:
    """Where a rule asks for members; where nothing does, what is known stays."""
    for rules, active in (((AnyOf(of=(ActiveMember(), ACUTE)),), False), ((), True)):
        clock, directory = Clock(), Directory(member("ben"))
        desk = a_desk(directory, clock=clock, announced=ruled(*rules, members_only=False))
        desk.do(interest("ada", "mon"))
        ben = desk.do(interest("ben", "mon"))
        directory.members = {}
        desk.do(RecheckEligibility(project_id=P, registration_id=ben.id))
        state = desk.state(P)
        assert state.people[ben.person].active == active
        assert bool(state.waiting("mon")) == active


# Other rules


def test_other_rules_let_in_who_waited_and_take_no_place_away() -> None:
    """In order of arrival."""
    room = Rehearsal(ruled())
    room.register("ada", "mon")
    ben, cai = room.register("ben", "mon", "tue"), room.register("cai", "mon", "tue")
    dan = room.register(acute("dan"), "mon", "tue")
    assert (ben.place, cai.place, dan.place) == ("tue", None, None)
    room.do(amend(ACUTE))
    assert [room.of(id).place for id in ("ada", "ben", "cai", "dan")] == ["mon", "tue", None, None]
    assert room.state.waiting("mon") == (dan,)
    room.do(Withdraw(project_id=P, registration_id=room.of("ada").id))
    assert [room.of(id).place for id in ("cai", "dan")] == [None, "mon"]
    room.do(Withdraw(project_id=P, registration_id=ben.id))
    assert room.of("cai").place is None
    room.do(amend())
    assert room.of("cai").place == "tue"
    assert room.last is not None
    assert [owed.registration for owed in room.last.notices] == [cai.id]


def test_rules_that_are_not_given_stay() -> None:
    """As everything does that an organiser does not change."""
    room = Rehearsal(ruled(ACUTE))
    room.do(AmendProject(project_id=P, title="Waits"))
    assert room.state.definition.eligibility == (ACUTE,)
    assert room.do(amend()).eligibility == ()


# What somebody did before


def part(project_id: str, **more: Any) -> Registration:  # noqa: ANN401 - whatever is tried
    """A registration in some project."""
    return replace(Rehearsal(project()).register("ada", "mon"), project_id=project_id, **more)


def test_the_past_is_told_by_registrations() -> None:
    """Who has a place takes part, unless attendance says that they were not there."""
    known = [
        part(P, attendance=Attendance.ABSENT),
        part("pilot"),
        part("survey", attendance=Attendance.ATTENDED),
        part("other", attendance=Attendance.ABSENT),
        part("fourth", attendance=Attendance.EXCUSED),
        part("fifth", place=None, decision=Decision.WITHDRAWN),
    ]
    assert past_of(known, P) == Past(2, ("pilot", "survey"))
    assert past_of(known, "pilot") == Past(2, ("survey",))
    assert past_of([], P) == Past()


class Counting(MemoryStorage):
    """Counts how often somebody's records are asked for."""

    def __init__(self) -> None:
        super().__init__(os.urandom)
        self.asked: list[str] = []

    def about(self, subject: str) -> Sequence[Record]:
        """As the store does."""
        self.asked.append(subject)
        return super().about(subject)


def pilot(desk: Desk, *names: str) -> None:
    """Another project, with people who have a place in it."""
    open_call(desk, project(session("mon", capacity=None), id="pilot"))
    for name in names:
        desk.do(RegisterInterest(project_id="pilot", member=member(name), sessions=("mon",)))


def test_whoever_takes_part_elsewhere_is_refused_until_they_withdraw() -> None:
    """In the projects that a rule names, and in no other."""
    desk = a_desk(announced=ruled(NEW))
    pilot(desk, "ada")
    assert codes(lambda: desk.do(interest("ada", "mon"))) == ["has_taken_part"]
    theirs = desk.of_member("ada")[0]
    desk.do(Withdraw(project_id="pilot", registration_id=theirs.id))
    ada = desk.do(interest("ada", "mon"))
    assert (ada.place, desk.state(P).people[ada.person].past) == ("mon", Past())


@pytest.mark.parametrize(("rules", "times"), [((), 0), ((ACUTE,), 0), ((NEW,), 1)])
def test_nobody_is_looked_up_for_rules_that_do_not_ask(rules: tuple[Rule, ...], times: int) -> None:
    """It is a look at the store, and somebody's data."""
    store = Counting()
    desk = open_call(desk_on(store), ruled(*rules))
    ada = desk.do(interest(acute("ada"), "mon"))
    assert store.asked == [ada.person] * times
    assert (desk.state(P).people[ada.person].past is None) == (not times)


def test_a_past_is_looked_up_again_with_the_rest() -> None:
    """Before somebody who waits is given a place."""
    clock = Clock()
    desk = a_desk(clock=clock, announced=ruled(NEW, recheck_days=7))
    ada, ben = desk.do(interest("ada", "mon")), desk.do(interest("ben", "mon"))
    pilot(desk, "ben")
    clock.moves(days=8)
    desk.tick()
    assert [one.code for one in desk.explain(P, "ben").reasons][-1] == "has_taken_part"
    desk.do(Withdraw(project_id=P, registration_id=ada.id))
    assert desk.state(P).registrations[ben.id].place is None


def test_rules_that_ask_for_the_past_wait_until_it_is_known() -> None:
    """A tick finds it out for those who hope, once; nobody gets a place before."""
    clock = Clock()
    desk = a_desk(Door("cai"), clock=clock, announced=ruled(places="review"))
    desk.do(interest("ada", "mon"))
    ben = desk.do(interest("ben", "mon"))
    gone = desk.do(interest("dan", "mon"))
    desk.do(Withdraw(project_id=P, registration_id=gone.id))
    pilot(desk, "ben")
    desk.do(amend(NEW))
    confirm = ConfirmPlace(project_id=P, registration_id=ben.id, session_id="mon")
    assert codes(lambda: desk.do(confirm)) == [CHECK_FAILED.code]
    assert [one.code for one in desk.explain(P, "ada").reasons] == ["not_decided", "check_due"]
    clock.moves(hours=1)
    assert desk.tick() == 1
    assert [one.code for one in desk.explain(P, "ada").reasons] == ["not_decided"]
    assert [one.code for one in desk.explain(P, "ben").reasons] == ["not_decided", "has_taken_part"]
    assert codes(lambda: desk.do(confirm)) == ["has_taken_part"]
    clock.moves(hours=2)
    assert desk.tick() == 0


def test_the_barred_are_not_looked_up_every_hour() -> None:
    """What bars them is asked again when facts grow old, as always."""
    clock, directory = Clock(), Directory()
    desk = a_desk(directory, clock=clock, announced=ruled())
    desk.do(interest("ada", "mon"))
    desk.do(interest("ben", "mon"))
    desk.do(amend(NEW))
    clock.moves(hours=1)
    assert desk.tick() == 1
    clock.moves(hours=2)
    assert desk.tick() == 0


def test_a_desk_that_did_not_know_of_the_rules_asks_again() -> None:
    """Another process amended them; who registers notices nothing."""
    store = Counting()
    desk, other = open_call(desk_on(store), ruled()), desk_on(store)
    assert other.do(interest("ada", "mon")).place == "mon"
    pilot(desk, "cai")
    desk.do(amend(NEW))
    assert other.do(interest("ben", "tue")).place == "tue"
    desk.do(AmendProject(project_id=P, eligibility=()))
    other.state(P)
    desk.do(amend(NEW))
    assert codes(lambda: other.do(interest("cai", "thu"))) == ["has_taken_part"]


def test_what_a_plugin_could_not_check_is_not_asked_twice() -> None:
    """It says so at once."""
    door = Door()
    door.broken = True
    desk = a_desk(door, announced=ruled(NEW))
    assert codes(lambda: desk.do(interest("ada", "mon"))) == [CHECK_FAILED.code]
    assert len(door.asked) == 1


def test_a_preview_knows_the_past_and_writes_nothing() -> None:
    """As the command would."""
    desk = a_desk(announced=ruled(NEW))
    pilot(desk, "ada")
    refused, done = desk.preview(interest("ada", "mon"), interest("ben", "mon")).outcomes
    assert isinstance(refused.refusal, NotEligible)
    assert done.result is not None
    assert len(desk.state(P).people) == 0


def test_a_project_that_is_not_there_has_no_rules() -> None:
    """It can be previewed with its first registration."""
    desk = desk_on()
    outcomes = desk.preview(AnnounceProject(project=ruled(NEW)), interest("ada", "mon")).outcomes
    assert [one.refusal is None and one.error is None for one in outcomes] == [True, False]


# Explaining


def test_explanations_say_which_rule_speaks_against_whom() -> None:
    """For each session they hope for; not for those that are over anyway, nor for whom it does not matter any more."""
    room = Rehearsal(ruled(places="review"))
    ada, ben = room.register("ada", "mon", "thu"), room.register("ben", "mon")
    room.do(ConfirmPlace(project_id=P, registration_id=ben.id, session_id="mon"))
    told = ACUTE.model_copy(update={"objection": "For hospital staff."})
    room.do(amend(told))
    room.do(CancelSession(project_id=P, session_id="thu"))
    reasons = explain(room.state, room.of("ada"), room.now).reasons
    assert [(one.code, one.session) for one in reasons] == [("not_decided", None), ("attribute_not_in", "mon")]
    assert reasons[1].sentence == "For hospital staff."
    assert [one.code for one in explain(room.state, room.of("ben"), room.now).reasons] == ["has_place"]
    assert room.of("ada").id == ada.id
    room.do(CancelProject(project_id=P))
    assert [one.code for one in explain(room.state, room.of("ada"), NOW + DAY).reasons] == ["project_cancelled"]
