import pytest

from insight_sessions.commands.calls import CloseCall, OpenCall
from insight_sessions.commands.places import Withdraw
from insight_sessions.domain.registration import Registration
from insight_sessions.errors import CallNotOpen, NotPossible, StorageBusy, StorageError, UpgradeNeeded
from insight_sessions.writer import TRIES

from .desk_kit import P, interest, project, session
from .desk_store import Clock, Shaky, desk_on, open_call


class Crash(BaseException):
    """What kills a thread."""


def test_a_commit_that_failed_changes_nothing() -> None:
    """The caller gets a typed error, and may come again."""
    storage = Shaky()
    desk = open_call(desk_on(storage))
    before = desk.state(P)
    storage.refuse_commit = [StorageError("disk full")]
    with pytest.raises(StorageError, match="disk full") as caught:
        desk.do(interest("ada", "mon"))
    assert isinstance(caught.value.__cause__, StorageError)
    assert desk.state(P) == before
    assert desk.do(interest("ada", "mon")).place == "mon"


def test_a_failed_commit_fails_everyone_in_it_refusals_too() -> None:
    """For a refusal may rest on what was lost; each gets an error of its own."""
    storage = Shaky()
    desk = open_call(desk_on(storage))
    storage.refuse_commit = [UpgradeNeeded("newer")]
    outcomes = desk.do_many(P, [CloseCall(project_id=P), interest("ada", "mon"), interest("ben", "mon")])
    assert [type(outcome.error) for outcome in outcomes] == [UpgradeNeeded] * 3
    assert [(outcome.result, outcome.refusal) for outcome in outcomes] == [(None, None)] * 3
    assert len({id(outcome.error) for outcome in outcomes}) == 3
    assert desk.do(interest("ada", "mon")).place == "mon"


def test_a_busy_store_is_tried_again() -> None:
    """After a short rest that grows, with some chance in it."""
    storage, clock = Shaky(), Clock()
    desk = open_call(desk_on(storage, clock=clock))
    storage.refuse_commit = [StorageBusy("held")] * (TRIES - 1)
    assert desk.do(interest("ben", "tue")).place == "tue"
    assert len(clock.rests) == TRIES - 1
    assert all(0 <= rest < 0.05 * number for number, rest in enumerate(clock.rests, 1))


def test_nobody_waits_longer_for_a_project_than_the_store_itself() -> None:
    """It waited as long as it was told to: to try again would make that many times as long, in vain."""
    storage, clock = Shaky(), Clock()
    desk = open_call(desk_on(storage, clock=clock))
    storage.refuse_hold = [StorageBusy("held for too long"), StorageError("never asked for")]
    with pytest.raises(StorageBusy, match="held for too long"):
        desk.do(interest("ada", "mon"))
    assert (clock.rests, len(storage.refuse_hold)) == ([], 1)
    assert len(desk.state(P).registrations) == 0


def test_what_waited_long_for_the_store_is_not_tried_again() -> None:
    """Others wait behind it, and it would be in vain once more."""
    storage, clock = Shaky(), Clock()
    desk = open_call(desk_on(storage, clock=clock))
    storage.refuse_commit = [StorageBusy("locked for too long")]
    storage.committing = lambda: clock.moves(seconds=30)
    with pytest.raises(StorageBusy, match="locked for too long"):
        desk.do(interest("ada", "mon"))
    assert clock.rests == []


def test_a_store_that_stays_busy_is_a_typed_error() -> None:
    """After a few tries; nothing was done."""
    storage, clock = Shaky(), Clock()
    desk = open_call(desk_on(storage, clock=clock))
    storage.refuse_commit = [StorageBusy("held")] * TRIES
    with pytest.raises(StorageBusy):
        desk.do(interest("ada", "mon"))
    assert storage.refuse_commit == []
    assert len(clock.rests) == TRIES - 1
    assert len(desk.state(P).registrations) == 0


def test_a_refusal_is_decided_anew_when_a_batch_is_tried_again() -> None:
    """What another process did in between counts."""
    storage = Shaky()
    desk = open_call(desk_on(storage))
    other = desk_on(storage.reopened())
    desk.do(CloseCall(project_id=P))
    storage.refuse_commit = [StorageBusy("held")]

    def open_again() -> None:
        if not storage.refuse_commit:
            storage.holding = None

    storage.holding = open_again
    opened, registered, again = desk.do_many(
        P, [OpenCall(project_id=P), interest("ada", "mon"), OpenCall(project_id=P)]
    )
    assert (opened.error, registered.error) == (None, None)
    assert isinstance(again.refusal, NotPossible)
    assert other.state(P).registration_of("ada") is not None


def test_a_commit_whose_answer_was_lost_is_not_done_twice() -> None:
    """The receipts say that it is there."""
    storage = Shaky()
    desk = open_call(desk_on(storage))
    commits = len(storage.commits)
    storage.lose_answer = [StorageError("connection reset")]
    assert desk.do(interest("ada", "mon")).place == "mon"
    assert len(storage.commits) == commits + 1
    assert len(desk.state(P).registrations) == 1


def test_everyone_in_a_commit_whose_answer_was_lost_gets_their_own_answer() -> None:
    """Results from the receipts, refusals as they were, and a busy store is not asked again."""
    storage, clock = Shaky(), Clock()
    desk = open_call(desk_on(storage, clock=clock), project(session()))
    old = desk.do(interest("cat", "mon", id="k-1"))
    storage.lose_answer = [StorageBusy("failover")]
    repeated, done, refused = desk.do_many(
        P, [interest("cat", "mon", id="k-1"), interest("ada", "mon"), OpenCall(project_id=P)]
    )
    assert repeated.result == old
    assert isinstance(done.result, Registration)
    assert isinstance(refused.refusal, NotPossible)
    assert clock.rests == []


def test_a_repeated_command_in_a_commit_that_failed_does_not_speak_for_the_others() -> None:
    """Its receipt is of an earlier commit."""
    storage = Shaky()
    desk = open_call(desk_on(storage))
    desk.do(interest("cat", "mon", id="k-1"))
    storage.refuse_commit = [StorageError("disk full")]
    repeated, lost = desk.do_many(P, [interest("cat", "mon", id="k-1"), interest("ada", "tue")])
    assert [type(one.error) for one in (repeated, lost)] == [StorageError, StorageError]
    assert desk.state(P).registration_of("ada") is None


def test_a_refusal_that_rests_on_a_failed_commit_does_not_stand_by_the_receipt_of_a_repeat() -> None:
    """The repeat was committed earlier, and says nothing of what this batch would have changed."""
    storage, clock = Shaky(), Clock()
    desk = open_call(desk_on(storage, clock=clock), project(session(capacity=9)))
    desk.do(interest("cat", "mon", id="k-1"))
    storage.refuse_commit = [StorageError("disk full")]
    clock.moves(days=30)
    repeated, refused = desk.do_many(P, [interest("cat", "mon", id="k-1"), interest("ada", "mon")])
    assert [type(one.error) for one in (repeated, refused)] == [StorageError, StorageError]
    repeated, refused = desk.do_many(P, [interest("cat", "mon", id="k-1"), interest("ada", "mon")])
    assert repeated.error is None
    assert refused.refusal is not None


def test_nobody_is_told_to_come_again_when_it_may_have_been_done() -> None:
    """The answer was lost, and when it was tried again nobody could be asked: who repeats it would do it twice."""
    storage = Shaky()
    desk = open_call(desk_on(storage))
    storage.lose_answer = [StorageBusy("failover")]

    def gone() -> None:
        storage.refuse_hold += [StorageBusy("still away"), StorageBusy("still away")]
        storage.holding = None

    storage.holding = gone
    with pytest.raises(StorageError, match="not known") as caught:
        desk.do(interest("ada", "mon"))
    assert type(caught.value) is StorageError
    assert desk.state(P).registration_of("ada") is not None


def test_what_is_known_to_be_done_is_not_said_to_be_worth_another_try() -> None:
    """The store said so, and broke off each time before anybody could be told."""
    storage = Shaky()
    desk = open_call(desk_on(storage))
    storage.lose_answer = [StorageBusy("failover")]
    faults = iter([None, *(StorageBusy("away") for _ in range(5))])
    storage.leaving = lambda: next(faults, None)
    with pytest.raises(StorageError, match="not known") as caught:
        desk.do(interest("ada", "mon"))
    assert type(caught.value) is StorageError
    assert desk.state(P).registration_of("ada") is not None


def test_when_even_the_receipts_cannot_be_read_it_is_a_typed_error() -> None:
    """And the same id finds out later what became of it."""
    storage = Shaky()
    desk = open_call(desk_on(storage))
    storage.lose_answer = [StorageError("connection reset")]

    def gone() -> None:
        storage.refuse_hold.append(StorageError("still away"))
        storage.holding = None

    storage.holding = gone
    with pytest.raises(StorageError, match="connection reset"):
        desk.do(interest("ada", "mon", id="k-1"))
    assert desk.do(interest("ada", "mon", id="k-1")).place == "mon"
    assert len(desk.state(P).registrations) == 1


def test_what_is_tried_again_is_not_done_twice_although_nobody_could_be_asked_about_the_first_time() -> None:
    """The next try finds the receipts of all, and not only of those whose ids the caller chose."""
    storage = Shaky()
    desk = open_call(desk_on(storage))
    commits = len(storage.commits)
    storage.lose_answer = [StorageBusy("failover")]

    def gone() -> None:
        storage.refuse_hold.append(StorageError("still away"))
        storage.holding = None

    storage.holding = gone
    outcomes = desk.do_many(P, [interest("ada", "mon"), interest("ben", "tue")])
    assert [outcome.refusal for outcome in outcomes] == [None, None]
    assert [outcome.result for outcome in outcomes] == [desk.state(P).registration_of(who) for who in ("ada", "ben")]
    assert len(storage.commits) == commits + 1


def test_a_store_that_cannot_be_held_at_all_is_a_typed_error() -> None:
    """Nothing was decided."""
    storage = Shaky()
    desk = open_call(desk_on(storage))
    storage.refuse_hold = [StorageError("gone")]
    with pytest.raises(StorageError, match="gone"):
        desk.do(interest("ada", "mon"))
    assert len(desk.state(P).registrations) == 0


def test_a_thread_that_dies_at_the_commit_leaves_the_project_whole() -> None:
    """Its state is dropped, and the next one reads what the store has."""
    storage = Shaky()
    desk = open_call(desk_on(storage))
    storage.refuse_commit = [Crash()]
    with pytest.raises(Crash):
        desk.do(interest("ada", "mon"))
    assert len(desk.state(P).registrations) == 0
    storage.lose_answer = [Crash()]
    with pytest.raises(Crash):
        desk.do(interest("ada", "mon", id="k-1"))
    assert desk.do(interest("ada", "mon", id="k-1")).place == "mon"
    assert len(desk.state(P).registrations) == 1


def test_time_that_cannot_pass_is_an_error_too() -> None:
    """With nobody waiting for an answer, the one who lets it pass gets it."""
    storage, clock = Shaky(), Clock()
    desk = open_call(desk_on(storage, clock=clock))
    clock.moves(days=60)
    storage.refuse_commit = [StorageError("disk full")]
    with pytest.raises(StorageError, match="disk full"):
        desk.tick()
    assert desk.state(P).session("mon").status == "scheduled"
    assert desk.tick() == 1
    assert desk.state(P).session("mon").status == "held"


def test_a_lost_answer_to_the_passing_of_time_is_found_out_by_trying_again() -> None:
    """There is no receipt for it, and doing it twice does nothing."""
    storage, clock = Shaky(), Clock()
    desk = open_call(desk_on(storage, clock=clock))
    clock.moves(days=60)
    storage.lose_answer = [StorageBusy("failover")]
    desk.tick()
    assert [event.kind.value for event in desk.history(P)].count("session_held") == 3


def test_nested_failures_leave_nobody_without_an_answer() -> None:
    """A lost answer, then a busy store, then a full disk: then it works."""
    storage = Shaky()
    desk = open_call(desk_on(storage))
    storage.refuse_commit = [StorageBusy("a"), StorageError("b")]
    one, two = desk.do_many(P, [interest("ada", "mon"), CloseCall(project_id=P)])
    assert [str(outcome.error) for outcome in (one, two)] == ["b", "b"]
    one, two = desk.do_many(P, [interest("ada", "mon"), CloseCall(project_id=P)])
    assert [outcome.error for outcome in (one, two)] == [None, None]
    with pytest.raises(CallNotOpen):
        desk.do(interest("ben", "mon"))
    ada = desk.state(P).registration_of("ada")
    assert ada is not None
    desk.do(Withdraw(project_id=P, registration_id=ada.id))
