import os
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from insight_sessions import Desk, Member, hookimpl
from insight_sessions.commands.calls import AnnounceProject, OpenCall
from insight_sessions.commands.places import RegisterInterest, SwitchSession, Withdraw
from insight_sessions.commands.sessions import AddSession
from insight_sessions.domain.project import Project
from insight_sessions.domain.registration import Registration, Status
from insight_sessions.domain.zone import tzdata_version
from insight_sessions.errors import (
    AlreadyRegistered,
    InsightSessionsError,
    NotFound,
    PluginError,
    ProjectFileError,
    StorageError,
)
from insight_sessions.runtime import Runtime
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.port import Change

from .desk_kit import NOW, P, interest, member, project, session
from .desk_store import Clock, Ears, Post, a_desk, desk_on, open_call


def test_the_example_of_the_api_works_as_promised() -> None:
    """From a project to a place and a delivery."""
    clock = Runtime(now=lambda: NOW)
    with Desk.open("memory:", runtime=clock, discover=False) as desk:
        desk.do(AnnounceProject(project=project()))
        desk.do(OpenCall(project_id=P))
        mine = desk.do(RegisterInterest(project_id=P, member=member(), sessions=("tue", "thu")))
        assert (mine.status, mine.place) == (Status.CONFIRMED, "tue")
        assert mine.status == "confirmed"
        assert desk.deliver().total == 0
        state = desk.state(P)
        assert state.registration_of("ada") == mine
        assert state.people[mine.person].name == "Ada"
        assert (state.places_left("tue"), state.waiting("tue")) == (0, ())
        assert desk.projects() == [P]


def test_a_closed_desk_takes_nothing_more() -> None:
    """With a typed error."""
    with a_desk() as desk:
        pass
    with pytest.raises(StorageError):
        desk.do(interest("ada", "mon"))


def test_a_desk_opens_a_file_and_finds_everything_again(tmp_path: Path) -> None:
    """With the machine's clock when it is given none."""
    url = f"sqlite:///{tmp_path}/backlogs.db"
    late = project(session("far", "2999-07-05T10:00"))
    with Desk.open(url, discover=False) as desk:
        open_call(desk, late)
        first = desk.do(interest("ada", "far"))
    with Desk.open(url, discover=False) as desk:
        assert desk.of_member("ada") == [first]


@pytest.mark.parametrize("url", ["carrier-pigeon:", "nonsense", "", "//x:canary@host/db"])
def test_an_unknown_kind_of_store_is_refused(url: str) -> None:
    """With the known ones, and without the address, which may hold a password."""
    with pytest.raises(StorageError, match="memory:") as caught:
        Desk.open(url, discover=False)
    assert "canary" not in str(caught.value)


def test_a_desk_that_cannot_open_lets_go_of_its_store(tmp_path: Path) -> None:
    """So that it can be opened rightly afterwards."""
    url = f"sqlite:///{tmp_path}/backlogs.db"
    Desk.open(url, discover=False, secret="x" * 16).close()
    with pytest.raises(StorageError, match="secret"):
        Desk.open(url, discover=False, secret="y" * 16)
    Desk.open(url, discover=False, secret="x" * 16).close()


def test_a_wrong_plugin_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    """No file is made."""

    class Wrong:
        name = "wrong"

        @hookimpl
        def insight_sessions_notfy(self, notice: object) -> None:
            """A misspelt hook."""

    with pytest.raises(PluginError, match="wrong"):
        Desk.open(f"sqlite:///{tmp_path}/x.db", discover=False, plugins=[Wrong()])
    assert list(tmp_path.iterdir()) == []


def test_blocked_plugins_are_not_loaded() -> None:
    """By name, the built-in ones too."""
    with pytest.raises(StorageError, match="sqlite:"):
        Desk.open("memory:", discover=False, block=("memory",))
    assert "post" not in Desk.open("memory:", discover=False, plugins=[Post()], block=("post",)).health().plugins


def test_someone_is_found_in_all_projects() -> None:
    """In the order of projects, then of arrival; nobody else."""
    desk = open_call(a_desk(), project(id="another"))
    later = [desk.do(interest(who, "mon").model_copy(update={"project_id": "another"})) for who in ("ben", "ada")]
    first = desk.do(interest("ada", "tue"))
    gone = desk.do(Withdraw(project_id=P, registration_id=first.id))
    second = desk.do(interest("ada", "mon"))
    assert desk.of_member("ada") == [later[1], gone, second]
    assert desk.of_member("nobody") == []


def test_the_history_is_complete_however_long_it_is() -> None:
    """Read in pages, without a gap."""
    desk = a_desk(announced=project(session(capacity=None)))
    desk.do_many(P, [interest(f"m{number}", "mon") for number in range(1200)])
    history = desk.history(P)
    assert [event.number for event in history] == list(range(1, 1203))
    with pytest.raises(NotFound):
        desk.history("other")


def test_calendars_are_there_for_each_purpose() -> None:
    """Invites for people; public files without a name for everyone."""
    desk = a_desk(announced=project(session("mon", capacity=2), session("tue")))
    ada = desk.do(interest("ada", "mon"))
    desk.do(interest("ben", "tue"))
    assert b"ada@example.org" in desk.invite(P, ada.id)
    assert [one.id for one, _ in desk.invites(P, "mon")] == [ada.id]
    assert len(list(desk.invites(P))) == 2
    public = desk.session_calendar(P, "mon")
    feed = desk.feed(P)
    assert (public.count(b"BEGIN:VEVENT"), feed.count(b"BEGIN:VEVENT")) == (1, 2)
    assert b"ada" not in (public + feed).lower()
    for missing in (
        lambda: desk.invite(P, "r-9"),
        lambda: desk.invites(P, "fri"),
        lambda: desk.session_calendar(P, "fri"),
        lambda: desk.feed("other"),
    ):
        with pytest.raises(NotFound):
            missing()


def test_a_report_and_an_explanation_are_of_now() -> None:
    """By the desk's clock."""
    clock = Clock()
    desk = a_desk(clock=clock)
    desk.do_many(P, [interest("ada", "mon"), interest("ben", "mon")])
    assert desk.report(P).funnel.waiting == 1
    assert desk.explain(P, "ben").position == 1
    clock.moves(days=22)
    assert [one.code for one in desk.explain(P, "ben").reasons] == ["nothing_to_wait_for", "session_begun"]
    assert desk.explain(P, "ben").position is None
    assert desk.explain(P, "nobody").status is None


def test_health_says_what_is_there_and_what_is_behind() -> None:
    """For each consumer the store knows."""
    storage = MemoryStorage(os.urandom)
    desk = open_call(desk_on(storage, Post(), Ears()))
    desk.do(interest("ada", "mon"))
    health = desk.health()
    assert {"post", "ears", "memory"} <= set(health.plugins)
    assert (health.projects, health.dead_letters, health.tzdata) == (1, 0, tzdata_version())
    assert (health.behind, health.absent) == ({"notify/post": 1, "event/ears": 3}, ())
    assert desk_on(storage.reopened(), Ears()).health().absent == ("notify/post",)


def test_a_consumer_that_is_gone_for_good_can_be_retired() -> None:
    """With what it is owed; nothing more is kept for it."""
    storage = MemoryStorage(os.urandom)
    open_call(desk_on(storage, Post())).do(interest("ada", "mon"))
    desk = desk_on(storage.reopened())
    desk.retire("notify/post")
    assert desk.health().behind == {}
    desk.do(interest("ben", "mon"))
    assert desk.health().behind == {}
    with pytest.raises(NotFound, match="no consumer 'notify/post'"):
        desk.retire("notify/post")


def test_a_wrong_project_file_changes_nothing(tmp_path: Path) -> None:
    """It names file, key and reason before there is anything to announce."""
    path = tmp_path / "project.toml"
    path.write_text('id = "covid-backlogs"\ntitle = "x"\n', encoding="utf-8")
    desk = desk_on()
    with pytest.raises(ProjectFileError, match=r"project\.toml: summary: must be there; "):
        desk.do(AnnounceProject(project=Project.from_toml(path)))
    assert desk.projects() == []


def test_a_wrong_session_changes_nothing() -> None:
    """Although only the rule can see that it is wrong."""
    desk = a_desk()
    with pytest.raises(ValidationError, match="two sessions have the id 'mon'"):
        desk.do(AddSession(project_id=P, session=session("mon")))
    assert len(desk.history(P)) == 2


def test_many_outcomes_come_one_for_each_command() -> None:
    """A result, a refusal or an error, in order."""
    desk = a_desk()
    first = interest("ada", "mon")
    done, refused, missing = desk.do_many(P, [first, first, interest("ben", "fri")])
    assert isinstance(done.result, Registration)
    assert isinstance(refused.refusal, AlreadyRegistered)
    assert isinstance(missing.error, NotFound)
    assert [one.command for one in (done, refused)] == [first, first]


def test_two_desks_on_one_store_name_people_alike() -> None:
    """So a member is the same in both."""
    storage = MemoryStorage(os.urandom)
    here = open_call(desk_on(storage))
    here.do(interest("ada", "mon"))
    with pytest.raises(AlreadyRegistered):
        desk_on(storage.reopened()).do(interest("ada", "tue"))


def test_two_members_of_one_name_and_address_are_two_people() -> None:
    """The host's id is what counts."""
    desk = a_desk()
    desk.do(interest("ada", "mon"))
    twin = Member(id="ada-2", name="Ada", email="ada@example.org")
    assert desk.do(interest(twin, "tue")).place == "tue"


def test_a_registration_id_can_be_used_at_once() -> None:
    """Everything a command gives is ready for the next."""
    desk = a_desk()
    ada = desk.do(interest("ada", "mon"))
    assert re.fullmatch(r"r-[0-9a-f]{24}", ada.id)
    assert desk.do(SwitchSession(project_id=P, registration_id=ada.id, sessions=("tue",))).place == "tue"


def test_opening_writes_nothing_that_looks_like_a_project() -> None:
    """What a store keeps for itself is not listed."""
    storage = MemoryStorage(os.urandom)
    desk = desk_on(storage)
    assert desk.projects() == []
    assert len(storage.project_ids()) == 1
    with storage.hold("strange") as hold:
        hold.commit(Change(version=1))
    assert desk.projects() == ["strange"]
    with pytest.raises(InsightSessionsError):
        desk.state("strange")
