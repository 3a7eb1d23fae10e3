import os
import threading
from collections.abc import Callable

import pytest

from insight_sessions.commands.calls import AnnounceProject
from insight_sessions.desk import Desk
from insight_sessions.domain.project import Call
from insight_sessions.errors import StorageError
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.port import Change, Delivery, Record

from .desk_kit import DAY, NOW, P, interest, project
from .desk_store import Clock, Post, Shaky, a_desk, desk_on, open_call


class Bell(threading.Event):
    """Tells a worker to stop once it has rested so often; its rests take no time."""

    def __init__(self, rests: int = 1) -> None:
        super().__init__()
        self.left = rests
        self.rests: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        """Rest."""
        self.rests.append(timeout)
        self.left -= 1
        if self.left <= 0:
            self.set()
        return self.is_set()


def test_a_worker_ticks_and_delivers_until_it_is_told_to_stop() -> None:
    """It rests only when there is nothing to do."""
    clock, post = Clock(), Post()
    desk = desk_on(None, post, clock=clock)
    desk.do(AnnounceProject(project=project(call=Call(opens_at=NOW + DAY))))
    clock.now = NOW + DAY
    desk.tick()
    desk.do(interest("ada", "mon"))
    bell = Bell()
    desk.worker(stop=bell, every=7)
    assert len(post.taken) == 1
    assert bell.rests == [7]
    assert desk.state(P).call.is_open


def test_a_worker_that_is_told_to_stop_before_it_begins_does_nothing() -> None:
    """Not even a tick."""
    post, bell = Post(), Bell()
    bell.set()
    desk = a_desk(post)
    desk.do(interest("ada", "mon"))
    desk.worker(stop=bell)
    assert (post.taken, bell.rests) == ([], [])


def test_closing_the_desk_stops_its_worker() -> None:
    """After what it is at; a worker with an event of its own too."""
    for stop in (None, threading.Event()):
        post = Post()
        desk = a_desk(post)
        desk.do(interest("ada", "mon"))
        post.once = desk._stop.set
        desk.worker(stop=stop, every=0)
        assert len(post.taken) == 1
        desk.close()
        desk.worker(stop=stop)


class Away(Shaky):
    """A store whose outbox cannot be read for a while."""

    away = 1

    def claim(self, *arguments: object, **named: object) -> list[Delivery]:
        """Nothing, with an error."""
        if self.away:
            self.away -= 1
            raise StorageError("away")
        found: Callable[..., list[Delivery]] = super().claim  # type: ignore[assignment]
        return found(*arguments, **named)


def test_a_worker_goes_on_after_a_fault_of_the_store(caplog: pytest.LogCaptureFixture) -> None:
    """It rests, says what kind of fault it was, and tries again."""
    post, bell = Post(), Bell(2)
    desk = open_call(desk_on(Away(), post))
    desk.do(interest("ada", "mon"))
    desk.worker(stop=bell)
    assert len(post.taken) == 1
    assert "could not deliver for now: StorageError" in caplog.text
    assert "away" not in caplog.text


def newer(storage: MemoryStorage) -> None:
    """A newer release wrote the project, and something in it is due."""
    with storage.hold(P) as hold:
        version = hold.version + 1
        future = Record(P, "hologram", "h", version, subject=None, unique=None, body='{"format":1}')
        hold.commit(Change(version=version, records=[future], wake_at=NOW))


def test_a_project_that_cannot_be_written_holds_up_no_mail(caplog: pytest.LogCaptureFixture) -> None:
    """As in a rolling deploy; what is owed goes out all the same."""
    storage, post, bell = MemoryStorage(os.urandom), Post(), Bell()
    desk: Desk = open_call(desk_on(storage, post))
    desk.do(interest("ada", "mon"))
    newer(storage)
    desk.worker(stop=bell)
    assert len(post.taken) == 1
    assert "could not do all that is due: UpgradeNeeded" in caplog.text
