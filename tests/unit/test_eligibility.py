from collections.abc import Callable
from functools import partial

import pytest

from insight_sessions.commands.calls import OpenCall
from insight_sessions.commands.passing import RecheckEligibility
from insight_sessions.commands.places import RegisterInterest, SwitchSession
from insight_sessions.desk import Desk
from insight_sessions.domain.member import Member
from insight_sessions.domain.registration import Registration, Status
from insight_sessions.errors import (
    CHECK_FAILED,
    LAPSED,
    NOT_A_MEMBER,
    InsightSessionsError,
    NotEligible,
    NotFound,
    PluginError,
)

from .desk_kit import P, interest, member, project, session, until
from .desk_store import Clock, Directory, Door, a_desk, desk_on


def by_key(key: str, *sessions: str) -> RegisterInterest:
    """Interest of somebody named by an id or an address."""
    return RegisterInterest(project_id=P, member=key, sessions=sessions)


def refusal(act: Callable[[], object]) -> NotEligible:
    """Why somebody is not eligible."""
    with pytest.raises(NotEligible) as caught:
        act()
    return caught.value


def test_a_member_is_found_by_id_or_address() -> None:
    """In the host's directory."""
    desk = a_desk(Directory(member("ada"), member("ben")))
    assert desk.do(by_key("ada", "mon")).place == "mon"
    assert desk.do(by_key("ben@example.org", "tue")).place == "tue"
    assert desk.state(P).registration_of("ben") is not None


def test_strangers_lapsed_and_inactive_members_cannot_be_told_apart_by_anyone() -> None:
    """The public message is one; the objections tell the host."""
    lapsed, away = member("ben", **until("2021-07-01")), member("cat", active=False)
    desk = a_desk(Directory(lapsed, away))
    refusals = [refusal(partial(desk.do, by_key(key, "mon"))) for key in ("nobody", "ben", "cat")]
    assert [one.objections for one in refusals] == [(NOT_A_MEMBER,), (LAPSED,), (NOT_A_MEMBER,)]
    assert len({(one.public_message, one.code, one.apply_url) for one in refusals}) == 1
    assert refusals[0].apply_url == "https://example.org/apply"


def test_without_a_directory_nobody_can_be_named_by_id() -> None:
    """It says what to do about it, and repeats nothing."""
    desk = a_desk()
    with pytest.raises(PluginError, match="no plugin knows members; pass a Member") as caught:
        desk.do(by_key("canary@example.org", "mon"))
    assert "canary" not in str(caught.value)


def test_a_directory_that_fails_is_loud() -> None:
    """Nothing is done, and its own words stay out of the message."""
    directory = Directory(member("ada"))
    directory.broken = True
    desk = a_desk(directory)
    with pytest.raises(PluginError) as caught:
        desk.do(by_key("ada", "mon"))
    assert "canary" not in str(caught.value)
    assert len(desk.state(P).registrations) == 0


def test_a_member_the_host_passes_is_trusted() -> None:
    """The directory is not asked."""
    directory = Directory()
    directory.broken = True
    assert a_desk(directory).do(interest("ada", "mon")).place == "mon"


def test_what_a_check_objects_to_is_refused() -> None:
    """It is asked with the sessions that somebody wishes for, each once."""
    door = Door("ada")
    desk = a_desk(door)
    found = refusal(lambda: desk.do(interest("ada", "tue", "mon", "tue")))
    assert [one.code for one in found.objections] == ["unwanted"]
    assert found.public_message.startswith("Not this time.")
    assert door.asked == [("ada", ("tue", "mon"))]
    assert desk.do(interest("ben", "mon")).place == "mon"


def test_a_check_that_fails_lets_nobody_in() -> None:
    """It fails closed."""
    door = Door()
    door.broken = True
    desk = a_desk(door)
    assert refusal(lambda: desk.do(interest("ada", "mon"))).objections == (CHECK_FAILED,)


@pytest.mark.parametrize("sessions", [("fri",), ("mon", "fri")])
def test_a_check_is_asked_about_sessions_that_are_there(sessions: tuple[str, ...]) -> None:
    """The rule says what is not."""
    door = Door()
    with pytest.raises(NotFound, match="no session 'fri'"):
        a_desk(door).do(interest("ada", *sessions))
    assert door.asked == [("ada", tuple(one for one in sessions if one == "mon"))]


def test_a_check_is_not_asked_about_a_project_that_is_not_there() -> None:
    """The rule says so."""
    door = Door()
    with pytest.raises(NotFound, match="no project"):
        desk_on(None, door).do(interest("ada", "mon"))
    assert door.asked == []


def switch(desk: Desk, one: Registration, *sessions: str) -> Registration:
    """Somebody wishes for other sessions."""
    return desk.do(SwitchSession(project_id=P, registration_id=one.id, sessions=sessions))


def test_a_switch_is_checked_for_the_new_sessions() -> None:
    """The place is kept when it is refused."""
    door = Door()
    desk = a_desk(door)
    ada = desk.do(interest("ada", "mon"))
    assert switch(desk, ada, "tue").place == "tue"
    assert door.asked[-1] == ("ada", ("tue",))
    door.unwanted = {"ada"}
    assert refusal(lambda: switch(desk, ada, "thu")).objections[0].code == "unwanted"
    assert desk.state(P).registrations[ada.id].place == "tue"


def test_a_switch_of_somebody_unknown_is_for_the_rule_to_refuse() -> None:
    """Checks are about people."""
    door = Door()
    desk = a_desk(door)
    ada = desk.do(interest("ada", "mon"))
    with pytest.raises(NotFound, match="no registration 'r-9'"):
        desk.do(SwitchSession(project_id=P, registration_id="r-9", sessions=("tue",)))
    with pytest.raises(NotFound, match="no project 'other'"):
        desk.do(SwitchSession(project_id="other", registration_id=ada.id, sessions=("tue",)))
    assert len(door.asked) == 1


def waiting_for_a_check(clock: Clock, *plugins: object) -> tuple[Desk, Registration]:
    """Ben waits for the place of somebody who left while his facts were old."""
    announced = project(session("mon"), recheck_days=7)
    desk = a_desk(*plugins, clock=clock, announced=announced)
    desk.do(interest("ada", "mon"))
    ben = desk.do(interest("ben", "mon"))
    clock.moves(days=8)
    return desk, ben


def recheck(desk: Desk, one: Registration) -> Registration:
    """Ask again about somebody."""
    return desk.do(RecheckEligibility(project_id=P, registration_id=one.id))


def test_a_check_again_asks_the_directory_for_who_they_are_now() -> None:
    """And takes over what it says."""
    clock, directory = Clock(), Directory(member("ben", name="Benedict"))
    desk, ben = waiting_for_a_check(clock, directory)
    again = recheck(desk, ben)
    assert (again.barred, again.checked_at, again.status) == (False, clock.now, Status.WAITING)
    assert desk.state(P).people[ben.person].name == "Benedict"


@pytest.mark.parametrize("known", [{}, {"ben": member("other")}], ids=["nobody", "other"])
def test_somebody_the_directory_no_longer_knows_is_barred(known: dict[str, Member]) -> None:
    """Or knows as somebody else."""
    directory = Directory()
    directory.members = known
    desk, ben = waiting_for_a_check(Clock(), directory)
    assert recheck(desk, ben).barred
    assert desk.state(P).people[ben.person].name == "Ben"


def test_without_a_directory_what_is_known_counts_and_the_checks_are_asked() -> None:
    """With all their wishes."""
    door = Door()
    desk, ben = waiting_for_a_check(Clock(), door)
    assert not recheck(desk, ben).barred
    door.unwanted = {"ben"}
    assert recheck(desk, ben).barred
    assert door.asked[-1] == ("ben", ("mon",))


def test_checking_somebody_unknown_again_is_for_the_rule_to_refuse() -> None:
    """Neither plugin is asked."""
    desk = a_desk(Directory(), Door())
    with pytest.raises(NotFound):
        desk.do(RecheckEligibility(project_id=P, registration_id="r-9"))


def test_what_needs_no_facts_asks_nobody() -> None:
    """Opening a call is nobody's membership."""
    directory, door = Directory(), Door()
    directory.broken = door.broken = True
    desk = desk_on(None, directory, door)
    with pytest.raises(InsightSessionsError):
        desk.do(OpenCall(project_id=P))
    assert door.asked == []
