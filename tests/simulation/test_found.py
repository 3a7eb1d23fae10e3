"""What the simulation found, each as the smallest test that shows it."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from insight_sessions import AnnounceProject, Desk, OpenCall, Runtime, SwitchSession
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.notices import Method, NoticeKind, Owed
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.sqlite import SQLiteStorage
from insight_sessions.superseding import merged
from insight_sessions.testing.faults import Crash, Fault
from insight_sessions.testing.sqlite_ground import SQLiteGround
from insight_sessions.testing.world import BEGINNING
from tests.simulation.contenders import announced, desk_on, project, register


def test_a_thread_that_ends_while_it_takes_hold_lets_go(tmp_path: Path) -> None:
    """Interrupted at any statement of a hold's beginning, the store is free for the next thread."""
    ground = SQLiteGround(tmp_path, lambda number: b"x" * number)
    storage = ground.open()
    storage.consumers(add=["notify/post"])
    for step in range(1, 5):
        ground.trap.arm(Fault.CRASH, step)
        with pytest.raises(Crash), storage.hold("p"):
            pass
        ground.revive()
        storage = ground.open()
    with storage.hold("p") as hold:
        assert hold.version == 0
    ground.close()


def owed(number: int, kind: NoticeKind, method: Method | None, *, begins: bool = False) -> Owed:
    """A notice to one person."""
    return Owed(
        id=f"n-{number}",
        message_id=f"<n-{number}@example.org>",
        at=BEGINNING,
        kind=kind,
        registration="r-1",
        person="p-1",
        title="Waits",
        method=method,
        sequence=number,
        begins=begins,
    )


def test_nobody_is_told_of_the_end_of_a_place_they_never_heard_of() -> None:
    """Given, taken, given and taken again before the mail server was back: no cancellation goes out."""
    given = owed(0, NoticeKind.PLACE_CONFIRMED, Method.REQUEST, begins=True)
    declined = merged(given, owed(1, NoticeKind.DECLINED, Method.CANCEL))
    assert declined is not None
    assert declined.method is None
    again = merged(declined, owed(2, NoticeKind.PLACE_CONFIRMED, Method.REQUEST))
    assert again is not None
    last = merged(again, owed(3, NoticeKind.WITHDRAWN, Method.CANCEL))
    assert last is not None
    assert last.method is None


def test_asking_for_the_same_sessions_again_leaves_a_journal_entry(tmp_path: Path) -> None:
    """Whoever begins to wait for what they first wished moves to the back of its line: that has happened."""
    path = tmp_path / "store.db"
    announced(str(path))
    with desk_on(SQLiteStorage(path, os.urandom)) as desk:
        mine = [register(desk, f"m{number}") for number in range(4)][-1]
        assert mine.place == "b"
        before = desk.history("p")
        switched = desk.do(SwitchSession(project_id="p", registration_id=mine.id, sessions=mine.wishes))
        assert switched.switching
        (happened,) = desk.history("p")[len(before) :]
        assert (happened.kind, happened.registration) == (EventKind.WISHES_CHANGED, mine.id)


def test_a_commit_whose_answer_was_lost_is_found_by_its_receipt(tmp_path: Path) -> None:
    """The caller gets the registration that is in the store, and it is there once."""
    ground = SQLiteGround(tmp_path, os.urandom)
    with desk_on(ground.open()) as desk:
        desk.do(AnnounceProject(project=project()))
        desk.do(OpenCall(project_id="p"))
        ground.trap.arm(Fault.LOST, 1)
        mine = register(desk, "m1")
        assert ground.trap.disarm() is Fault.LOST
        assert list(desk.state("p").registrations) == [mine.id]
        assert register(desk, "m1") == mine
    ground.close()


def test_whoever_waits_is_first_when_a_clock_that_goes_back_opens_a_session_again() -> None:
    """Order never depends on time: a session that seemed to have begun is free for those who asked for it first."""
    begins = datetime(2100, 3, 1, 10, tzinfo=UTC)
    clock = [begins]
    runtime = Runtime(now=lambda: clock[0])
    with Desk(MemoryStorage(os.urandom), discover=False, runtime=runtime) as desk:
        desk.do(AnnounceProject(project=project()))
        desk.do(OpenCall(project_id="p"))
        early = [register(desk, f"early-{number}") for number in range(4)]
        assert [one.place for one in early] == ["b", "b", None, None]
        clock[0] -= timedelta(hours=1)
        late = [register(desk, f"late-{number}") for number in range(2)]
        state = desk.state("p")
        assert [state.registration(one.id).place for one in (*early, *late)] == ["b", "b", "a", "a", "a", None]
