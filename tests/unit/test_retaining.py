"""What is held of people goes when its time is over: each by its own setting, in steps, told in numbers."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from insight_sessions import Desk, Project, Retention, WorkCall
from insight_sessions.commands import retaining
from insight_sessions.commands.attendance import RecordAttendance
from insight_sessions.commands.calls import AmendProject
from insight_sessions.commands.feedback import GiveFeedback
from insight_sessions.commands.following import ConfirmFollowing, Follow
from insight_sessions.commands.learning import ShareWriteUp
from insight_sessions.commands.passing import due_at, wake_at
from insight_sessions.commands.people import CorrectMember
from insight_sessions.commands.places import Withdraw
from insight_sessions.commands.sessions import AddSession
from insight_sessions.commands.work import ShareWork
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.learning import WriteUp
from insight_sessions.domain.registration import Attendance
from insight_sessions.domain.retention import rules
from insight_sessions.domain.rules import AbsencesAtMost
from insight_sessions.domain.state import ProjectState
from insight_sessions.domain.work import Work
from insight_sessions.errors import NotPossible
from insight_sessions.storage.memory import MemoryStorage

from .desk_kit import P, interest, member, project, session
from .desk_store import Clock, Directory, Post, desk_on, open_call

REPLY = (
    "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nSEQUENCE:{sequence}\r\nDTSTAMP:20210615T090000Z\r\n"
    "ATTENDEE;PARTSTAT=TENTATIVE:mailto:{email}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
NEW = Work(title="New", setting="ward", summary="We did that.")
SETTINGS = tuple(name for name, _ in rules())


class Lived:
    """A project in which everything was kept, some time after its last session.

    Args:
        retention: how long it is kept.
    """

    def __init__(self, retention: Retention | None = None) -> None:
        self.storage, self.clock, self.post = MemoryStorage(os.urandom), Clock(), Post()
        self.desk: Desk = desk_on(self.storage, self.post, clock=self.clock)
        asked = project(
            session("mon", capacity=9),
            session("tue", capacity=9),
            questions=[{"id": "role", "text": "Role?"}],
            consents=[{"purpose": "quotes", "text": "You may quote me."}],
            retention=retention,
            work={},
        )
        open_call(self.desk, asked)
        self._live()

    def _live(self) -> None:
        do = self.desk.do
        ada = member("ada", attributes={"setting": "acute"})
        mine = do(interest(ada, "mon", answers={"role": "Nurse"}))
        do(CorrectMember(project_id=P, member=ada.model_copy(update={"email": "ada@new.example.org"})))
        one = self.state.registration(mine.id)
        self.desk.receive_reply(REPLY.format(uid=one.uid, sequence=one.sequence, email="ada@new.example.org"))
        ben = do(interest("ben", "tue"))
        do(Withdraw(project_id=P, registration_id=ben.id, reason="On call."))
        self.clock.now = self.state.session("tue").ends
        self.end = self.clock.now
        self.desk.tick()
        do(RecordAttendance(project_id=P, session_id="mon", attendance={mine.id: Attendance.ATTENDED}))
        do(ShareWriteUp(project_id=P, write_up=WriteUp(title="Found", text="This.", feedback_until=20)))
        do(GiveFeedback(project_id=P, registration_id=mine.id, text="Well said."))
        do(Follow(project_id=P, email="eve@example.org", name="Eve"))
        (follower,) = self.state.followers
        do(ConfirmFollowing(project_id=P, follower_id=follower))
        work = Work(title="Wards", setting="hospital", summary="We did this.")
        do(ShareWork(project_id=P, member=ada, work=work))
        self.desk.deliver()
        self.post.taken.clear()
        self.full = self.state

    @property
    def state(self) -> ProjectState:
        """The project as it is."""
        return self.desk.state(P)

    def after(self, days: float) -> "Lived":
        """So many days after the last session ended, everything due done."""
        self.clock.now = self.end + timedelta(days=days)
        self.desk.tick()
        return self

    def applied(self) -> list[dict[str, int]]:
        """What the journal says of it."""
        found = [event for event in self.desk.history(P) if event.kind is EventKind.RETENTION_APPLIED]
        assert all(event.person is None and event.registration is None for event in found)
        return [dict(event.counts) for event in found]


def kept(state: ProjectState) -> dict[str, object]:
    """By setting, what is still there."""
    people, registrations = state.people.values(), state.registrations.values()
    return {
        "attributes_days": {one.id: dict(one.attributes) for one in people if one.attributes},
        "addresses_days": {one.id: one.former for one in people if any(one.former)},
        "replies_days": {one.id: one.replied for one in registrations if one.replied or one.partstat},
        "attendance_days": {one.id: one.attendance for one in registrations if one.attendance},
        "answers_days": dict(state.answers),
        "reasons_days": dict(state.reasons),
        "feedback_days": dict(state.feedback),
        "work_days": dict(state.works),
        "followers_days": dict(state.followers),
        "people_days": dict.fromkeys((*state.people, *state.registrations)),
    }


COUNTS = {
    "attributes_days": {"person": 1},
    "addresses_days": {"person": 1},
    "replies_days": {"registration": 1},
    "attendance_days": {"registration": 1},
    "answers_days": {"answers": 2},
    "reasons_days": {"reason": 1},
    "feedback_days": {"feedback": 1},
    "work_days": {"work": 1},
    "followers_days": {"follower": 1},
    "people_days": {
        "answers": 2,
        "consent": 2,
        "feedback": 1,
        "person": 2,
        "reason": 1,
        "registration": 2,
        "work": 1,
    },
}


@pytest.mark.parametrize("name", SETTINGS)
def test_each_goes_by_its_own_setting_and_nothing_else_does(name: str) -> None:
    """Not a moment before its time; nobody is told, and the journal has numbers."""
    lived = Lived(Retention.model_validate({name: 30}))
    before = kept(lived.full)
    assert all(before.values()), "there is something of each"
    days = 50 if name == "feedback_days" else 30
    lived.after(days - 0.01)
    assert (kept(lived.state), lived.applied()) == (before, [])
    lived.after(days)
    now = kept(lived.state)
    assert not now[name]
    if name != "people_days":
        assert {key: one for key, one in now.items() if key != name} == {
            key: one for key, one in before.items() if key != name
        }
    assert lived.applied() == [COUNTS[name]]
    lived.desk.deliver()
    assert lived.post.taken == []
    assert wake_at(lived.state) is None
    lived.after(400)
    assert len(lived.applied()) == 1


days = st.none() | st.sampled_from([1, 10, 30, 60])


@given(st.fixed_dictionaries(dict.fromkeys(SETTINGS, days)), st.lists(st.integers(0, 100), min_size=1, max_size=4))
def test_what_is_there_is_what_the_settings_say(settings: dict[str, int | None], visits: list[int]) -> None:
    """Whenever somebody comes by."""
    lived = Lived(Retention.model_validate(settings))
    before = kept(lived.full)
    for day in sorted(visits):
        now = kept(lived.after(day).state)
        everything = settings["people_days"]
        for name in SETTINGS:
            after = settings[name]
            over = after is not None and day >= after + (20 if name == "feedback_days" else 0)
            if everything is not None and day >= everything and name != "followers_days":
                assert not now[name]
            else:
                assert now[name] == ({} if over else before[name])


def test_a_large_project_is_done_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many records in each, each with its own numbers, until all is done."""
    monkeypatch.setattr(retaining, "MOST_FORGOTTEN", 2)
    clock = Clock()
    announced = project(session("mon", capacity=9), retention=Retention(attributes_days=1, people_days=2))
    desk = open_call(desk_on(clock=clock), announced)
    for name in "abcde":
        desk.do(interest(member(name, attributes={"setting": "acute"}), "mon"))
    clock.now = desk.state(P).session("mon").ends + timedelta(days=1)
    desk.tick()
    counts = [dict(event.counts) for event in desk.history(P) if event.kind is EventKind.RETENTION_APPLIED]
    assert counts == [{"person": 2}, {"person": 2}, {"person": 1}]
    clock.moves(days=1)
    desk.tick()
    counts = [dict(event.counts) for event in desk.history(P) if event.kind is EventKind.RETENTION_APPLIED][3:]
    assert counts == [{"person": n, "registration": n} for n in (2, 2, 1)]
    assert not desk.state(P).registrations


def test_several_at_once_share_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left of it is for the next."""
    monkeypatch.setattr(retaining, "MOST_FORGOTTEN", 3)
    lived = Lived(Retention(answers_days=1, reasons_days=1, attendance_days=1))
    lived.after(1)
    assert lived.applied() == [{"answers": 2, "registration": 1}, {"reason": 1}]


def test_a_session_that_is_added_later_moves_the_time() -> None:
    """Until it is over, everything is needed."""
    lived = Lived(Retention(answers_days=10))
    lived.clock.now = lived.end + timedelta(days=9)
    later = (lived.clock.now + timedelta(days=5)).strftime("%Y-%m-%dT%H:%M")
    lived.desk.do(AddSession(project_id=P, session=session("late", later)))
    lived.after(14)
    assert lived.state.answers
    lived.after(30)
    assert not lived.state.answers


def test_a_setting_that_comes_later_counts_at_once() -> None:
    """And one that is taken away no more."""
    lived = Lived()
    assert wake_at(lived.state) is None
    lived.after(100)
    lived.desk.do(AmendProject(project_id=P, retention=Retention(answers_days=200)))
    assert lived.state.answers
    lived.desk.do(AmendProject(project_id=P, retention=Retention(reasons_days=5)))
    lived.desk.tick()
    lived.after(300)
    assert lived.state.answers
    assert not lived.state.reasons


def test_work_is_kept_while_it_is_asked_for() -> None:
    """And so many days after that."""
    lived = Lived(Retention(work_days=10))
    lived.desk.do(AmendProject(project_id=P, work=WorkCall(closes_at=lived.end + timedelta(days=40))))
    lived.after(39.9)
    new = lived.desk.do(ShareWork(project_id=P, member=member("ben"), work=NEW))
    lived.desk.tick()
    assert new.id in lived.state.works
    assert len(lived.after(49.9).state.works) == 2
    assert not lived.after(50).state.works


@pytest.mark.parametrize("name", ["work_days", "people_days"])
def test_no_work_is_taken_that_would_be_gone_at_once(name: str) -> None:
    """However long it is asked for."""
    lived = Lived(Retention.model_validate({name: 10}))
    command = ShareWork(project_id=P, member=member("ben"), work=NEW)
    lived.after(9.9)
    with pytest.raises(NotPossible) as caught:
        lived.after(10).desk.do(command)
    assert caught.value.reason == "work_closed"


def test_nobody_is_asked_to_follow_what_keeps_no_followers() -> None:
    """They would be forgotten before they could confirm."""
    lived = Lived(Retention(followers_days=10, people_days=5))
    command = Follow(project_id=P, email="fay@example.org", name="Fay")
    assert lived.after(9).desk.do(command).id
    with pytest.raises(NotPossible) as caught:
        lived.after(10).desk.do(command)
    assert caught.value.reason == "following_over"


def test_a_project_without_sessions_has_no_end() -> None:
    """Nothing is due before there was one."""
    desk = open_call(desk_on(), project(retention=Retention(people_days=1)).model_copy(update={"sessions": ()}))
    state = desk.state(P)
    assert (wake_at(state), due_at(state, Clock().now + timedelta(days=999))) == (None, None)


def test_nobody_is_looked_up_again_when_nothing_lies_ahead() -> None:
    """Or what the directory says would come back as often as it went."""
    clock = Clock()
    directory = Directory(member("ada", attributes={"setting": "acute"}), member("ben"))
    settings = {"retention": Retention(attributes_days=5), "recheck_days": 1}
    rule = AbsencesAtMost(most=3)
    desk = open_call(desk_on(None, directory, clock=clock), project(session("mon"), eligibility=(rule,), **settings))
    desk.do(interest("ben", "mon"))
    desk.do(interest(member("ada", attributes={"setting": "acute"}), "mon"))
    clock.now = desk.state(P).session("mon").ends + timedelta(days=5)
    for _ in range(3):
        desk.tick()
        clock.moves(days=2)
    assert not any(one.attributes or one.past for one in desk.state(P).people.values())
    assert [event.kind for event in desk.history(P)].count(EventKind.RETENTION_APPLIED) == 1


def test_an_address_that_went_leaves_its_number_behind() -> None:
    """So that what goes to the present one still does."""
    lived = Lived(Retention(addresses_days=1)).after(1)
    person = lived.state.people[lived.state.members["ada"]]
    assert (person.former, person.address, person.address_at(1)) == (("",), 1, "ada@new.example.org")


def test_settings_can_be_written_in_a_project_file(tmp_path: Path) -> None:
    """A wrong one is told."""
    text = """
id = "backlogs"
title = "Backlogs"
summary = "What members see."
timezone = "Europe/London"
organiser = { name = "Team", email = "team@example.org" }

[retention]
answers_days = 90
people_days = 730
"""
    path = tmp_path / "project.toml"
    path.write_text(text, encoding="utf-8")
    assert Project.from_toml(path).retention == Retention(answers_days=90, people_days=730)
    for wrong in ({"answers_days": 0}, {"answers_days": "90"}, {"hats_days": 9}):
        with pytest.raises(ValidationError):
            Retention.model_validate(wrong)
