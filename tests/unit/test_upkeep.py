import os
from datetime import timedelta

import pytest

from insight_sessions import upkeep as upkeep_module
from insight_sessions.commands.allocation import Allocate
from insight_sessions.commands.calls import AnnounceProject, CloseCall
from insight_sessions.commands.places import DeclineInterest, SwitchSession, Withdraw
from insight_sessions.domain.project import Call, CallStatus
from insight_sessions.domain.registration import Status
from insight_sessions.errors import CommandConflict, PluginError, StorageError, UpgradeNeeded
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.port import Change, Record

from .desk_kit import NOW, P, interest, member, project, session
from .desk_store import Clock, Directory, Shaky, a_desk, desk_on, open_call


def test_a_tick_does_what_is_due_and_no_more() -> None:
    """In every project where something is; it gives how many."""
    clock = Clock()
    desk = desk_on(clock=clock)
    for name, hours in (("one", 1), ("two", 1), ("three", 2)):
        call = Call(opens_at=NOW + timedelta(hours=hours))
        desk.do(AnnounceProject(project=project(id=name, call=call)))
    assert desk.tick() == 0
    clock.moves(hours=1)
    assert desk.tick() == 2
    assert [desk.state(name).call.status for name in ("one", "two", "three")] == ["open", "open", "draft"]
    assert desk.tick() == 0


def test_a_tick_goes_on_until_nothing_is_due() -> None:
    """However much it is, 500 at a time."""
    clock = Clock()
    many = [session(f"s{number}", "2021-07-05T10:00") for number in range(1001)]
    desk = a_desk(clock=clock, announced=project(*many))
    clock.moves(days=60)
    assert desk.tick() == 1
    assert {one.status.value for one in desk.state(P).sessions.values()} == {"held"}
    numbers = [event.number for event in desk.history(P)]
    assert numbers == list(range(1, 1004))


def test_a_tick_ends_even_if_something_is_always_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is for the next one."""
    monkeypatch.setattr(upkeep_module, "MOST_ROUNDS", 2)
    clock = Clock()
    many = [session(f"s{number}", "2021-07-05T10:00") for number in range(1001)]
    desk = a_desk(clock=clock, announced=project(*many))
    clock.moves(days=60)
    desk.tick()
    assert [one.status.value for one in desk.state(P).sessions.values()].count("scheduled") == 1


def test_a_project_that_fails_keeps_no_other_from_its_due() -> None:
    """Its error comes at the end, and it is due again next time."""
    clock, storage = Clock(), Shaky()
    desk = desk_on(storage, clock=clock)
    for name in ("one", "two"):
        desk.do(AnnounceProject(project=project(id=name, call=Call(opens_at=NOW + timedelta(hours=1)))))
    clock.moves(hours=1)
    storage.refuse_commit = [StorageError("disk full")]
    with pytest.raises(StorageError, match="disk full"):
        desk.tick()
    assert sorted(desk.state(name).call.status for name in ("one", "two")) == [CallStatus.DRAFT, CallStatus.OPEN]
    assert desk.tick() == 1


def test_a_project_of_a_newer_release_is_left_to_it() -> None:
    """The others are done."""
    clock, storage = Clock(), MemoryStorage(os.urandom)
    desk = desk_on(storage, clock=clock)
    for name in ("one", "two"):
        desk.do(AnnounceProject(project=project(id=name, call=Call(opens_at=NOW + timedelta(hours=1)))))
    with storage.hold("one") as hold:
        version = hold.version + 1
        future = Record("one", "hologram", "h", version, subject=None, unique=None, body='{"format":1}')
        hold.commit(Change(version=version, records=[future], wake_at=NOW))
    clock.moves(hours=1)
    with pytest.raises(UpgradeNeeded):
        desk.tick()
    assert desk.state("two").call.is_open


def test_old_receipts_are_forgotten() -> None:
    """After 90 days a repeated id is a new command."""
    clock = Clock()
    desk = a_desk(clock=clock)
    desk.do(interest("ada", "mon", id="k-1"))
    clock.moves(days=90)
    desk.tick()
    with pytest.raises(CommandConflict):
        desk.do(CloseCall(project_id=P, id="k-1"))
    clock.moves(hours=1)
    desk.tick()
    assert not desk.do(CloseCall(project_id=P, id="k-1")).call.is_open


def test_people_who_wait_are_looked_up_again_when_their_facts_are_old() -> None:
    """And get what is free; nobody else is asked about."""
    clock, directory = Clock(), Directory(member("ben"), member("cat"))
    desk = a_desk(directory, clock=clock, announced=project(session("mon"), recheck_days=7))
    ada = desk.do(interest("ada", "mon"))
    desk.do(interest("ben", "mon"))
    clock.moves(days=8)
    desk.do(interest("cat", "mon"))
    desk.do(Withdraw(project_id=P, registration_id=ada.id))
    state = desk.state(P)
    assert [state.people[one.person].name for one in state.holders("mon")] == ["Cat"]
    assert desk.tick() == 1
    ben = desk.state(P).registration_of("ben")
    assert ben is not None
    assert (ben.checked_at, ben.status) == (clock.now, Status.WAITING)
    assert desk.tick() == 0


def test_a_place_that_nobody_could_be_given_is_filled_by_the_tick() -> None:
    """Once the directory says that they are still members; in order of arrival."""
    clock, directory = Clock(), Directory(member("ben"), member("cat"))
    desk = a_desk(directory, clock=clock, announced=project(session("mon"), recheck_days=7))
    ada = desk.do(interest("ada", "mon"))
    desk.do_many(P, [interest("ben", "mon"), interest("cat", "mon")])
    clock.moves(days=8)
    desk.do(Withdraw(project_id=P, registration_id=ada.id))
    assert desk.state(P).places_left("mon") == 1
    assert desk.tick() == 1
    assert [desk.state(P).people[one.person].name for one in desk.state(P).holders("mon")] == ["Ben"]


def test_somebody_who_waits_to_switch_is_looked_up_too() -> None:
    """Or they would be passed over for ever."""
    clock, directory = Clock(), Directory(member("ada"), member("ben"))
    announced = project(session("mon"), session("tue"), recheck_days=7)
    desk = a_desk(directory, clock=clock, announced=announced)
    ada = desk.do(interest("ada", "mon"))
    ben = desk.do(interest("ben", "tue"))
    desk.do(SwitchSession(project_id=P, registration_id=ada.id, sessions=("tue", "mon")))
    clock.moves(days=8)
    desk.do(Withdraw(project_id=P, registration_id=ben.id))
    assert desk.tick() == 1
    assert desk.state(P).registrations[ada.id].place == "tue"


@pytest.mark.parametrize("places", ["allocation", "review"])
def test_people_whom_nobody_has_decided_about_are_looked_up_too(places: str) -> None:
    """Two hours before their facts grow old, so that an allocation finds them current; and no more at the end."""
    clock, directory = Clock(), Directory(member("ada"), member("ben"))
    desk = a_desk(directory, clock=clock, announced=project(session("mon"), recheck_days=7, places=places))
    ada = desk.do(interest("ada", "mon"))
    gone = desk.do(interest("ben", "mon"))
    desk.do(DeclineInterest(project_id=P, registration_id=gone.id))
    clock.moves(days=7, hours=-2)
    assert desk.tick() == 0
    clock.moves(hours=1)
    assert desk.tick() == 1
    state = desk.state(P)
    assert [state.registrations[one.id].checked_at for one in (ada, gone)] == [clock.now, NOW]
    clock.moves(days=60)
    desk.tick()
    clock.moves(days=60)
    assert desk.tick() == 0, "the session was held, so there is nothing to decide"


def test_a_membership_that_lapsed_since_the_sign_up_gives_no_place() -> None:
    """The tick finds it out, and the allocation passes them over."""
    clock, directory = Clock(), Directory(member("ben"))
    desk = a_desk(directory, clock=clock, announced=project(session("mon"), recheck_days=7, places="allocation"))
    desk.do(interest("ada", "mon"))
    ben = desk.do(interest("ben", "mon"))
    clock.moves(days=8)
    desk.tick()
    assert desk.do(Allocate(project_id=P, policy="first-come", seed=1)).places == {ben.id: "mon"}
    assert [one.code for one in desk.explain(P, "ada").reasons] == ["not_decided", "not_eligible"]


def test_a_directory_that_is_away_delays_the_check_and_nothing_else() -> None:
    """The error is told; what was due is done."""
    clock, directory = Clock(), Directory(member("ben"))
    call = Call(closes_at=NOW + timedelta(days=1))
    desk = a_desk(directory, clock=clock, announced=project(session("mon"), recheck_days=7, call=call))
    desk.do_many(P, [interest("ada", "mon"), interest("ben", "mon")])
    clock.moves(days=8)
    directory.broken = True
    with pytest.raises(PluginError):
        desk.tick()
    assert not desk.state(P).call.is_open
    directory.broken = False
    assert desk.tick() == 0, "the directory is left alone for an hour"
    clock.moves(hours=1)
    assert desk.tick() == 1


def test_a_check_whose_commit_fails_is_told_and_done_the_next_time() -> None:
    """Nothing is lost by it."""
    clock, storage = Clock(), Shaky()
    desk = open_call(desk_on(storage, clock=clock), project(session("mon"), recheck_days=7))
    desk.do_many(P, [interest("ada", "mon"), interest("ben", "mon")])
    clock.moves(days=8)
    storage.refuse_commit = [StorageError("disk full")]
    with pytest.raises(StorageError, match="disk full"):
        desk.tick()
    assert desk.tick() == 1
