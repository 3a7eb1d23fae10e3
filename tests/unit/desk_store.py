"""A desk for the unit tests: its clock, a store that fails when told to, and plugins that remember."""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count

from insight_sessions import Desk, Event, Member, Notice, Objection, Project, Runtime, hookimpl
from insight_sessions.commands.calls import AnnounceProject, OpenCall
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.memory_hold import MemoryHold, Shelf
from insight_sessions.storage.port import Change, Storage

from .desk_kit import NOW, project


class Clock:
    """A time that stands still until somebody moves it, ids that count, and rests that take no time."""

    def __init__(self) -> None:
        self.now = NOW
        self.rests: list[float] = []
        self._drawn = count(1)

    def moves(self, **by: float) -> None:
        """Later by days, hours, minutes and so on."""
        self.now += timedelta(**by)

    def _now(self) -> datetime:
        return self.now

    def _draw(self, size: int) -> bytes:
        return next(self._drawn).to_bytes(size)

    @property
    def runtime(self) -> Runtime:
        """For a desk."""
        return Runtime(now=self._now, random_bytes=self._draw, sleep=self.rests.append)


class ShakyHold(MemoryHold):
    """A hold whose commit may fail, before or after it was stored."""

    def __init__(self, shelf: Shelf, project_id: str, store: "Shaky") -> None:
        super().__init__(shelf, project_id)
        self._store = store

    def commit(self, change: Change) -> None:
        """Write all of it, or nothing, or all of it and lose the answer."""
        store = self._store
        if store.committing is not None:
            store.committing()
        if store.refuse_commit:
            raise store.refuse_commit.pop(0)
        super().commit(change)
        store.commits.append(change)
        if store.lose_answer:
            raise store.lose_answer.pop(0)


class Shaky(MemoryStorage):
    """A store in memory that fails as often as it is told to, and remembers its commits."""

    def __init__(self) -> None:
        super().__init__(os.urandom)
        self.commits: list[Change] = []
        self.refuse_hold: list[BaseException] = []
        self.refuse_commit: list[BaseException] = []
        self.lose_answer: list[BaseException] = []
        self.holding: Callable[[], None] | None = None
        self.committing: Callable[[], None] | None = None
        self.leaving: Callable[[], BaseException | None] = lambda: None

    @contextmanager
    def hold(self, project_id: str) -> Generator[ShakyHold, None, None]:
        """Hold a project, unless told to fail."""
        if self.refuse_hold:
            raise self.refuse_hold.pop(0)
        shelf = self._open()
        turns = shelf.enter(project_id)
        hold = ShakyHold(shelf, project_id, self)
        try:
            if self.holding is not None:
                self.holding()
            yield hold
        finally:
            hold.over = True
            shelf.leave(turns)
            fault = self.leaving()
            if fault is not None:
                raise fault


class Post:
    """Takes notices, and fails as often as it is told to."""

    def __init__(self, name: str = "post", faults: int = 0, fault: BaseException | None = None) -> None:
        self.name = name
        self.taken: list[Notice] = []
        self.tried: list[Notice] = []
        self.once: Callable[[], None] | None = None
        self.faults = faults
        self.fault = fault or ConnectionError("canary")

    @property
    def said(self) -> list[tuple[str, NoticeKind]]:
        """Who was told what."""
        return [(notice.recipient.member_id, notice.kind) for notice in self.taken]

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Take it, or fail."""
        self.tried.append(notice)
        self._tell()
        if self.faults:
            self.faults -= 1
            raise self.fault
        self.taken.append(notice)

    def _tell(self) -> None:
        once, self.once = self.once, None
        if once is not None:
            once()


class Ears:
    """Hears about everything, and fails as often as it is told to."""

    def __init__(self, faults: int = 0) -> None:
        self.name = "ears"
        self.faults = faults
        self.heard: list[Event] = []

    @hookimpl
    def insight_sessions_on_event(self, event: Event) -> None:
        """Remember it, or fail."""
        if self.faults:
            self.faults -= 1
            raise ConnectionError("canary")
        self.heard.append(event)


class Directory:
    """Knows members by id and by address, and is out of order when told so."""

    def __init__(self, *members: Member) -> None:
        self.name = "directory"
        self.members = {key: member for member in members for key in (member.id, member.email)}
        self.broken = False

    @hookimpl
    def insight_sessions_find_member(self, key: str) -> Member | None:
        """Whoever it is."""
        if self.broken:
            raise ConnectionError("canary")
        return self.members.get(key)


class Door:
    """Objects to everyone it is told to, and is out of order when told so."""

    def __init__(self, *unwanted: str) -> None:
        self.name = "door"
        self.unwanted = set(unwanted)
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.broken = False

    @hookimpl
    def insight_sessions_check_eligibility(
        self, member: Member, project: Project, sessions: tuple[object, ...]
    ) -> Objection | None:
        """Not them."""
        self.asked.append((member.id, tuple(getattr(one, "id", "") for one in sessions)))
        if self.broken:
            raise ConnectionError("canary")
        return Objection("unwanted", "Not this time.") if member.id in self.unwanted else None


def desk_on(
    storage: Storage | None = None, *plugins: object, clock: Clock | None = None, secret: str | None = None
) -> Desk:
    """A desk with these plugins alone."""
    machine = (clock or Clock()).runtime
    return Desk(storage or MemoryStorage(os.urandom), plugins=plugins, discover=False, runtime=machine, secret=secret)


def open_call(desk: Desk, announced: Project | None = None) -> Desk:
    """The desk, with a project whose call is open."""
    announced = announced or project()
    desk.do(AnnounceProject(project=announced))
    desk.do(OpenCall(project_id=announced.id))
    return desk


def a_desk(*plugins: object, clock: Clock | None = None, announced: Project | None = None) -> Desk:
    """A desk on a new store, with a project whose call is open."""
    return open_call(desk_on(None, *plugins, clock=clock), announced)
