import os
from collections.abc import Callable
from datetime import timedelta

import pytest

from insight_sessions import writer as writer_module
from insight_sessions.commands.base import Command, Facts, Ref, Ruling
from insight_sessions.commands.calls import AnnounceProject, CancelProject, CloseCall, OpenCall
from insight_sessions.commands.places import ConfirmPlace, RegisterInterest, Withdraw
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.project import Call, Project
from insight_sessions.domain.registration import Registration, Status
from insight_sessions.domain.state import ProjectState
from insight_sessions.domain.thing import RESTORE_GAP
from insight_sessions.errors import (
    AlreadyRegistered,
    CallNotOpen,
    CommandConflict,
    NotFound,
    NotPossible,
    StorageError,
    UpgradeNeeded,
)
from insight_sessions.runtime import Moment
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.port import Change, Record, Whole

from .desk_kit import NOW, P, interest, member, project, session
from .desk_store import Clock, Shaky, a_desk, desk_on, open_call


class Faulty(Command[Project]):
    """A rule with a bug."""

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Divide by the number of sessions called 'none'."""
        raise ZeroDivisionError


class Nameless(Command[Project]):
    """A rule whose result is not there."""

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Change something, and name something else."""
        return Ruling(state.put(state.definition.model_copy(update={"title": "x"})), Ref("session", "fri"))


def test_commands_that_come_together_are_committed_together() -> None:
    """With everything each of them did, in order."""
    storage = Shaky()
    desk = open_call(desk_on(storage), project(session(capacity=2)))
    before = len(storage.commits)
    outcomes = desk.do_many(P, [interest(who, "mon") for who in ("ada", "ben", "cat")])
    assert [outcome.result and outcome.result.place for outcome in outcomes] == ["mon", "mon", None]
    (change,) = storage.commits[before:]
    assert [record.kind for record in change.records].count("registration") == 3
    assert len(change.receipts) == 3
    assert [entry.number for entry in change.entries] == [3, 4, 5]


def test_many_commands_are_committed_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nobody else waits for all of them."""
    monkeypatch.setattr(writer_module, "BATCH", 3)
    storage = Shaky()
    desk = open_call(desk_on(storage), project(session(capacity=None)))
    before = len(storage.commits)
    desk.do_many(P, [interest(f"m{number}", "mon") for number in range(7)])
    assert [len(change.receipts) for change in storage.commits[before:]] == [3, 3, 1]
    assert desk.do_many(P, []) == []


def test_a_repeated_id_gives_the_same_thing_as_it_is_now() -> None:
    """And is done once, in whatever process it comes again."""
    storage = MemoryStorage(os.urandom)
    desk = open_call(desk_on(storage, secret="x" * 16))
    command = interest("ada", "mon", id="k-1")
    first = desk.do(command)
    assert desk.do(command) == first
    gone = desk.do(Withdraw(project_id=P, registration_id=first.id))
    other = desk_on(storage.reopened(), secret="x" * 16)
    assert other.do(command.model_copy(update={"by": "someone:else"})) == gone
    assert len(other.state(P).registrations) == 1


def test_an_id_repeated_in_one_batch_is_done_once() -> None:
    """As if they had come one after the other."""
    desk = a_desk()
    one, two = desk.do_many(P, [interest("ada", "mon", id="k-1"), interest("ada", "mon", id="k-1")])
    assert one.result == two.result
    assert len(desk.state(P).registrations) == 1


def test_the_same_id_with_other_content_is_a_conflict() -> None:
    """In the same batch or later; nothing is changed."""
    desk = a_desk()
    one, two = desk.do_many(P, [interest("ada", "mon", id="k-1"), interest("ben", "mon", id="k-1")])
    assert one.result is not None
    assert isinstance(two.refusal, CommandConflict)
    with pytest.raises(CommandConflict) as caught:
        desk.do(CloseCall(project_id=P, id="k-1"))
    assert caught.value.command_id == "k-1"
    assert desk.state(P).call.is_open


def test_an_id_counts_in_its_project() -> None:
    """Another project knows nothing of it."""
    desk = open_call(a_desk(), project(id="other"))
    desk.do(CloseCall(project_id=P, id="k-1"))
    assert not desk.do(CloseCall(project_id="other", id="k-1")).call.is_open


def test_a_refusal_leaves_nothing_behind() -> None:
    """No receipt, so the same id may succeed later; and no commit at all."""
    storage = Shaky()
    desk = open_call(desk_on(storage))
    desk.do(interest("ada", "mon"))
    before = len(storage.commits)
    with pytest.raises(NotPossible):
        desk.do(OpenCall(project_id=P, id="k-1"))
    assert len(storage.commits) == before
    desk.do(CloseCall(project_id=P))
    assert desk.do(OpenCall(project_id=P, id="k-1")).call.is_open


def test_a_command_that_changes_nothing_is_still_known_by_its_id() -> None:
    """Its receipt is kept."""
    storage = Shaky()
    desk = open_call(desk_on(storage), project(session(), places="first-come"))
    ada = desk.do(interest("ada", "mon"))
    confirm = ConfirmPlace(project_id=P, registration_id=ada.id, session_id="mon", id="k-1")
    desk.do(confirm)
    (receipt,) = storage.commits[-1].receipts
    assert (receipt.command_id, receipt.kind, receipt.result) == ("k-1", "registration", ada.id)
    assert not storage.commits[-1].records


@pytest.mark.parametrize("faulty", [Faulty, Nameless])
def test_a_bug_in_one_rule_fails_its_own_command_alone(faulty: type[Command[Project]]) -> None:
    """Those before and after it are done, and nothing of it is kept."""
    desk = a_desk()
    ada, broken, ben = desk.do_many(P, [interest("ada", "mon"), faulty(project_id=P), interest("ben", "mon")])
    assert (ada.result is not None, ben.result is not None) == (True, True)
    assert isinstance(broken.error, ZeroDivisionError | NotFound)
    assert desk.state(P).definition.title == "Exploring COVID-19 backlogs"
    assert [event.kind for event in desk.history(P)][2:] == [EventKind.REGISTERED] * 2


def test_each_command_of_a_batch_sees_what_those_before_it_did() -> None:
    """A refusal may rest on one that came with it."""
    desk = a_desk()
    one, two, three, four = desk.do_many(
        P, [interest("ada", "mon"), interest("ada", "tue"), CloseCall(project_id=P), interest("ben", "mon")]
    )
    assert isinstance(one.result, Registration)
    assert isinstance(two.refusal, AlreadyRegistered)
    assert isinstance(three.result, Project)
    assert isinstance(four.refusal, CallNotOpen)


def test_nothing_can_be_done_in_a_project_that_is_not_there() -> None:
    """And asking for it makes none."""
    storage = Shaky()
    desk = desk_on(storage)
    commits = len(storage.commits)
    with pytest.raises(NotFound, match=f"no project '{P}'"):
        desk.do(interest("ada", "mon"))
    with pytest.raises(NotFound, match=f"no project '{P}'"):
        desk.state(P)
    assert (len(storage.commits), desk.projects()) == (commits, [])


def test_time_passes_whenever_a_project_is_held() -> None:
    """Before any command: a call whose time has come is open to it, and then closed."""
    clock = Clock()
    desk = desk_on(clock=clock)
    call = Call(opens_at=NOW + timedelta(hours=1), closes_at=NOW + timedelta(hours=2))
    desk.do(AnnounceProject(project=project(call=call)))
    with pytest.raises(CallNotOpen):
        desk.do(interest("ada", "mon"))
    clock.moves(hours=1)
    assert desk.do(interest("ada", "mon")).status is Status.CONFIRMED
    clock.moves(hours=1)
    with pytest.raises(CallNotOpen, match="now closed"):
        desk.do(interest("ben", "mon"))
    assert [event.kind for event in desk.history(P)] == [
        EventKind.PROJECT_ANNOUNCED,
        EventKind.CALL_OPENED,
        EventKind.REGISTERED,
        EventKind.CALL_CLOSED,
    ]
    assert [event.command is None for event in desk.history(P)] == [False, True, False, True]


def test_what_another_process_wrote_is_seen_before_anything_is_decided() -> None:
    """And by readers, without any command."""
    storage = MemoryStorage(os.urandom)
    here = open_call(desk_on(storage), project(session()))
    there = desk_on(storage.reopened())
    assert here.do(interest("ada", "mon")).place == "mon"
    assert there.do(interest("ben", "mon")).status is Status.WAITING
    assert [one.person for one in here.state(P).waiting("mon")] == [there.state(P).members["ben"]]
    assert here.state(P).waiting("mon") == there.state(P).waiting("mon")
    with pytest.raises(AlreadyRegistered):
        here.do(interest("ben", "mon"))


def test_a_restored_store_is_read_anew() -> None:
    """What was committed since the backup is gone from every process, and the project goes on."""
    storage = Shaky()
    desk = open_call(desk_on(storage))
    ada = desk.do(interest("ada", "mon"))
    assert desk.state(P).epoch == storage.read(P).epoch
    storage.restored()
    assert desk.state(P).epoch == storage.read(P).epoch
    assert desk.state(P).registrations[ada.id] == ada
    gone = desk.do(Withdraw(project_id=P, registration_id=ada.id))
    assert gone.sequence == RESTORE_GAP
    storage.restored()
    again = desk.do(interest("ada", "mon"))
    desk.do(CancelProject(project_id=P))
    assert desk.state(P).registrations[again.id].sequence == 2 * RESTORE_GAP
    assert {one.sequence for one in desk.state(P).sessions.values()} == {2 * RESTORE_GAP}


def test_a_newer_release_leaves_a_project_that_this_one_reads_and_does_not_write() -> None:
    """Also when the newer release wrote it while this one had it in memory."""
    storage = MemoryStorage(os.urandom)
    desk = open_call(desk_on(storage))
    assert desk.do(interest("ada", "mon", id="k-1")).place == "mon"
    with storage.hold(P) as hold:
        future = Record(P, "hologram", "h-1", hold.version + 1, subject=None, unique=None, body='{"format":2}')
        hold.commit(Change(version=hold.version + 1, records=[future]))
    for _ in range(2):
        assert desk.state(P).places_left("mon") == 0
        with pytest.raises(UpgradeNeeded, match="a newer release wrote project 'covid-backlogs'"):
            desk.do(interest("ben", "mon"))
    assert desk.do(interest("ada", "mon", id="k-1")).place == "mon"
    assert desk.state(P).call.is_open


def test_a_deleted_record_is_gone_from_memory_too() -> None:
    """When another process erased it."""
    storage = MemoryStorage(os.urandom)
    desk = open_call(desk_on(storage))
    ada = desk.do(interest("ada", "mon", id="k-1"))
    assert desk.state(P).places_left("mon") == 0
    with storage.hold(P) as hold:
        version = hold.version + 1
        gone = Record(P, "registration", ada.id, version, subject=None, unique=None, body=None)
        hold.commit(Change(version=version, records=[gone]))
    assert desk.state(P).places_left("mon") == 1
    again, ben = desk.do_many(P, [interest("ada", "mon", id="k-1"), interest("ben", "mon")])
    assert isinstance(again.error, NotFound)
    assert ben.result is not None


def test_a_project_is_read_before_it_is_held() -> None:
    """A large one takes a while, in which nobody else has to wait; what is written meanwhile is caught up with."""
    held: list[bool] = []
    meanwhile: list[Callable[[], object]] = []

    class Slow(MemoryStorage):
        def whole(self, project_id: str) -> Whole:
            held.append(bool(self.shelf.holding))
            whole = super().whole(project_id)
            while meanwhile:
                meanwhile.pop()()
            return whole

    storage = Slow(os.urandom)
    here = open_call(desk_on(storage))
    meanwhile.append(lambda: here.do(interest("ada", "mon")))
    there = desk_on(storage)
    assert there.do(interest("ben", "mon")).place is None
    assert {one.place for one in there.state(P).registrations.values()} == {"mon", None}
    assert held == [False] * len(held)


def test_a_record_that_cannot_be_read_is_named() -> None:
    """Whoever has to mend it must know where it is; what it says stays where it is, too."""
    storage = MemoryStorage(os.urandom)
    desk = open_call(desk_on(storage))
    ada = desk.do(interest("ada", "mon"))
    with storage.hold(P) as hold:
        version = hold.version + 1
        broken = Record(P, "registration", ada.id, version, ada.person, None, '{"format":1,"id":"canary"}')
        hold.commit(Change(version=version, records=[broken]))
    for use in (lambda: desk_on(storage).state(P), lambda: desk_on(storage).do(interest("ben", "mon"))):
        with pytest.raises(StorageError, match=f"registration '{ada.id}' of project") as caught:
            use()
        assert "canary" not in str(caught.value)


def test_the_least_recently_used_projects_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading is using; asking for what is not there is not."""
    monkeypatch.setattr(writer_module, "KEPT_PROJECTS", 2)
    desk = desk_on()
    for name in ("one", "two"):
        desk.do(AnnounceProject(project=project(id=name)))
    kept = desk._writer._kept
    assert list(kept) == ["one", "two"]
    desk.state("one")
    for name in ("none", "nil"):
        with pytest.raises(NotFound):
            desk.state(name)
    desk.do(AnnounceProject(project=project(id="three")))
    assert list(kept) == ["one", "three"]
    assert desk.state("two").definition.id == "two"


def test_an_older_state_never_takes_the_place_of_a_newer_one() -> None:
    """A reader that was slow comes back with what was true before."""
    desk = a_desk()
    old = desk._writer._kept[P]
    desk.do(interest("ada", "mon"))
    new = desk._writer._kept[P]
    desk._writer._keep(old)
    assert desk._writer._kept[P] is new


def test_a_forked_child_begins_with_nothing_kept_and_nobody_in_line() -> None:
    """The parent goes on as it was."""
    desk = a_desk()
    writer = desk._writer
    writer.before_fork()
    writer.after_fork(child=False)
    assert list(writer._kept) == [P]
    writer.before_fork()
    writer.after_fork(child=True)
    assert list(writer._kept) == []
    assert desk.do(interest("ada", "mon")).place == "mon"


def test_a_member_that_the_host_vouches_for_is_kept_with_the_registration() -> None:
    """In the same commit."""
    storage = Shaky()
    desk = open_call(desk_on(storage))
    desk.do(RegisterInterest(project_id=P, member=member(), sessions=("mon",)))
    assert {record.kind for record in storage.commits[-1].records} >= {"person", "registration"}
