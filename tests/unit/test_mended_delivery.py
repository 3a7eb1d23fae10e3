"""Delivery and upkeep that once went wrong."""

import asyncio
import os
from collections.abc import Collection, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from insight_sessions.commands.calls import AnnounceProject, OpenCall
from insight_sessions.commands.places import Withdraw
from insight_sessions.delivery import MOST_ATTEMPTS, Deliveries
from insight_sessions.desk import Desk
from insight_sessions.domain.notices import Method, NoticeKind
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.port import Delivery, Snapshot, Storage
from insight_sessions.storage.sqlite import SQLiteStorage

from .desk_kit import P, interest, member, project, session
from .desk_store import Clock, Directory, Ears, Post, a_desk, desk_on, open_call
from .test_desk_worker import Bell


class Faulty(MemoryStorage):
    """A store that raises what no store should."""

    def __init__(self) -> None:
        super().__init__(os.urandom)
        self.unreadable: set[str] = set()
        self.faults = 0

    def read(self, project_id: str, since: int = 0) -> Snapshot:
        """What changed, unless it is the wrong project."""
        if project_id in self.unreadable:
            raise OverflowError("canary")
        return super().read(project_id, since)

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        """What is due, or an error."""
        self._may_fail()
        return super().due(now, limit)

    def claim(
        self, consumers: Collection[str], *, worker: str, now: datetime, until: datetime, limit: int
    ) -> Sequence[Delivery]:
        """What is to be delivered, or an error."""
        self._may_fail()
        return super().claim(consumers, worker=worker, now=now, until=until, limit=limit)

    def _may_fail(self) -> None:
        if self.faults:
            self.faults -= 1
            raise OverflowError("canary")


class Leave(BaseException):
    """What a framework raises to end its own task."""


def test_somebody_who_registers_again_reads_everything_in_order() -> None:
    """Two registrations are one conversation: what the second says waits for what the first said."""
    clock, post = Clock(), Post(faults=1)
    desk = a_desk(post, clock=clock, announced=project(places="review"))
    first = desk.do(interest("ada", "mon"))
    assert desk.deliver() == Deliveries(failed=1)
    desk.do(Withdraw(project_id=P, registration_id=first.id))
    second = desk.do(interest("ada", "tue"))
    assert second.id != first.id
    assert desk.deliver() == Deliveries()
    clock.moves(minutes=1)
    assert desk.deliver() == Deliveries(sent=3)
    kinds = [NoticeKind.INTEREST_RECEIVED, NoticeKind.WITHDRAWN, NoticeKind.INTEREST_RECEIVED]
    assert post.said == [("ada", kind) for kind in kinds]


def test_a_fault_in_one_project_holds_up_nothing_of_another() -> None:
    """The same person, and another conversation; others in the project do not wait either."""
    post = Post(faults=1)
    desk = a_desk(post, announced=project(session("mon", capacity=None)))
    desk.do(AnnounceProject(project=project(id="other")))
    desk.do(OpenCall(project_id="other"))
    desk.do(interest("ada", "mon"))
    assert desk.deliver() == Deliveries(failed=1)
    desk.do(interest("ben", "mon"))
    desk.do(interest("ada", "tue").model_copy(update={"project_id": "other"}))
    assert desk.deliver() == Deliveries(sent=2)
    assert [(notice.recipient.member_id, notice.project.id) for notice in post.taken] == [("ben", P), ("ada", "other")]


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_dead_letter_that_may_have_arrived_is_never_overtaken(kind: str, tmp_path: Path) -> None:
    """Their calendar may have the place, so the cancellation behind it must go out."""
    clock, post = Clock(), Post(faults=MOST_ATTEMPTS)
    storage: Storage
    storage = MemoryStorage(os.urandom) if kind == "memory" else SQLiteStorage(tmp_path / "desk.db", os.urandom)
    with closing(Desk(storage, plugins=[post], discover=False, runtime=clock.runtime)) as desk:
        open_call(desk)
        ada = desk.do(interest("ada", "mon"))
        while not desk.dead_letters():
            desk.deliver()
            clock.moves(hours=15)
        desk.do(Withdraw(project_id=P, registration_id=ada.id))
        (dead,) = desk.dead_letters()
        desk.requeue(dead.id)
        assert desk.deliver() == Deliveries(sent=2)
    methods = [notice.invite and notice.invite.method for notice in post.taken]
    assert methods == [Method.REQUEST, Method.CANCEL]


@pytest.mark.parametrize("fault", [asyncio.CancelledError("canary"), Leave("canary"), SystemExit("canary")])
def test_a_plugin_that_raises_what_is_no_exception_is_contained(fault: BaseException) -> None:
    """The worker is not its task; the next one gets theirs."""
    post = Post(faults=1, fault=fault)
    desk = a_desk(post, announced=project(session("mon", capacity=None)))
    desk.do_many(P, [interest(who, "mon") for who in ("ada", "ben")])
    assert desk.deliver() == Deliveries(sent=1, failed=1)
    assert post.said == [("ben", NoticeKind.PLACE_CONFIRMED)]


@pytest.mark.parametrize("fault", [KeyboardInterrupt, GeneratorExit])
def test_being_interrupted_is_for_whoever_runs_us(fault: type[BaseException]) -> None:
    """It comes through a plugin as it is."""
    desk = a_desk(Post(faults=1, fault=fault()))
    desk.do(interest("ada", "mon"))
    with pytest.raises(fault):
        desk.deliver()


def test_a_clock_that_is_set_back_delays_no_delivery() -> None:
    """What is owed is due at once, whatever time it was then."""
    clock, post, ears = Clock(), Post(), Ears()
    clock.moves(days=10)
    desk = a_desk(post, ears, clock=clock)
    desk.do(interest("ada", "mon"))
    clock.moves(days=-10)
    assert desk.deliver() == Deliveries(sent=4)
    assert (len(post.taken), len(ears.heard)) == (1, 3)


def test_a_project_that_cannot_even_be_read_keeps_no_other_from_its_checks() -> None:
    """Whatever it raises, which comes at the end; it is tried again at the next tick."""
    clock, storage = Clock(), Faulty()
    desk = desk_on(storage, Directory(member("ada"), member("ben")), clock=clock)
    names = ("one", "two", "three")
    for name in names:
        open_call(desk, project(session("mon"), id=name, recheck_days=7))
        for who in ("ada", "ben"):
            desk.do(interest(who, "mon").model_copy(update={"project_id": name}))
    clock.moves(days=8)
    storage.unreadable = {"one", "three"}
    with pytest.raises(OverflowError):
        desk.tick()
    storage.unreadable = set()
    assert checked_now(desk, clock) == ["two"]
    clock.moves(hours=1)
    assert desk.tick() == 2
    clock.moves(hours=-1)
    assert checked_now(desk, clock) == ["two"]


def checked_now(desk: Desk, clock: Clock) -> list[str]:
    """The projects in which Ben was looked up just now."""
    found = ((name, desk.state(name).registration_of("ben")) for name in desk.projects())
    return [name for name, ben in found if ben is not None and ben.checked_at == clock.now]


def test_a_worker_outlives_whatever_it_meets(caplog: pytest.LogCaptureFixture) -> None:
    """It says what kind of fault it was and no more, rests, and goes on."""
    storage, post, bell = Faulty(), Post(), Bell(2)
    desk = open_call(desk_on(storage, post))
    desk.do(interest("ada", "mon"))
    storage.faults = 2
    desk.worker(stop=bell)
    assert len(post.taken) == 1
    assert caplog.text.count("OverflowError") == 2
    assert "canary" not in caplog.text
