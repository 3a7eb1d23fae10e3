"""The same history gives the same states, journals and notices on every store."""

import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from insight_sessions import AnnounceProject, Command, Desk, Notice, OpenCall, Runtime, hookimpl
from insight_sessions.domain.project import Project
from insight_sessions.errors import NotFound, Refusal
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.port import Storage
from insight_sessions.storage.sqlite import SQLiteStorage
from insight_sessions.testing.replaying import differences
from insight_sessions.testing.strategies import commands, projects

SHARED = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it


class Post:
    """Keeps what it gets."""

    name = "post"

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Keep it."""
        self.notices.append(notice)


class Side:
    """One desk on one store, with a clock and randomness like the other's.

    Args:
        storage: its store.
    """

    def __init__(self, storage: Storage) -> None:
        self.now = datetime(2029, 12, 15, tzinfo=UTC)
        self.post = Post()
        runtime = Runtime(now=lambda: self.now, random_bytes=Random(1).randbytes)  # noqa: S311 - it must repeat
        self.desk = Desk(storage, plugins=[self.post], discover=False, runtime=runtime, secret="s" * 16)

    def do(self, command: Command[Any]) -> str:
        """What became of a command."""
        try:
            return repr(self.desk.do(command))
        except (Refusal, NotFound, ValueError) as error:
            return repr(error)


@settings(max_examples=30)
@given(st.data(), projects())
def test_memory_and_sqlite_tell_the_same_story(data: st.DataObject, project: Project) -> None:
    """Every answer, every state, every entry of the journal, every message."""
    with tempfile.TemporaryDirectory(dir=SHARED if SHARED.is_dir() else None) as folder, ExitStack() as closing:
        memory = Side(MemoryStorage(Random(2).randbytes))  # noqa: S311 - it must repeat
        file = Side(SQLiteStorage(Path(folder) / "store.db", Random(2).randbytes))  # noqa: S311 - the same
        sides = (memory, file)
        closing.enter_context(memory.desk)
        closing.enter_context(file.desk)
        for first in (AnnounceProject(project=project), OpenCall(project_id="p")):
            assert memory.do(first) == file.do(first)
        for _ in range(data.draw(st.integers(1, 15))):
            command = data.draw(commands(memory.desk.state("p")))
            hours = data.draw(st.sampled_from([0, 0, 1, 30, -2]))
            for side in sides:
                side.now += timedelta(hours=hours)
            assert memory.do(command) == file.do(command)
            if data.draw(st.booleans()):
                assert memory.desk.deliver() == file.desk.deliver()
        states = [side.desk.state("p") for side in sides]
        assert [one for one in differences(*states) if not one.startswith("rest")] == []
        assert states[0].next_arrival == states[1].next_arrival
        assert memory.desk.history("p") == file.desk.history("p")
        assert memory.post.notices == file.post.notices
        assert memory.desk.health().behind == file.desk.health().behind
