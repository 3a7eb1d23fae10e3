"""Builders for the tests of tables: a desk with a project, and files in hand."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from insight_sessions import (
    AnnounceProject,
    ConsentAsked,
    Desk,
    Member,
    OpenCall,
    Project,
    ProjectState,
    Question,
    Runtime,
    hookimpl,
)
from insight_sessions.tables import Problem
from tests.unit.desk_kit import NOW, P, member, project, session

HEADER = "id,name,email,sessions"


class Directory:
    """Ada, by id or by address."""

    @hookimpl
    def insight_sessions_find_member(self, key: str) -> Member | None:
        """Ada, or nobody."""
        return member("ada") if key in {"ada", "ada@example.org"} else None


class Table:
    """A desk, its project and its clock."""

    def __init__(self, desk: Desk, clock: list[datetime]) -> None:
        self.desk = desk
        self._clock = clock

    @property
    def state(self) -> ProjectState:
        """The project, as it is."""
        return self.desk.state(P)

    def wait(self, **time: float) -> None:
        """Let time pass."""
        self._clock[0] += timedelta(**time)


@contextmanager
def opened(announced: Project | None = None, *plugins: object) -> Iterator[Table]:
    """A desk with an open call."""
    clock = [NOW]
    runtime = Runtime(now=lambda: clock[0])
    with Desk.open("memory:", discover=False, plugins=plugins, runtime=runtime) as desk:
        desk.do(AnnounceProject(project=announced or asking()))
        desk.do(OpenCall(project_id=P))
        yield Table(desk, clock)


def asking(**more: Any) -> Project:  # noqa: ANN401 - whatever is tried
    """A project that asks a question and two consents, with a place in one session and any number in another."""
    given: dict[str, Any] = {
        "questions": (Question(id="stage", text="How far are you?", choices=("an idea", "=spreading")),),
        "consents": (
            ConsentAsked(purpose="take-part", text="I take part.", required=True),
            ConsentAsked(purpose="quotes", text="You may quote me."),
        ),
    }
    return project(session("mon"), session("tue", capacity=None), **{**given, **more})


def file(*lines: str, end: str = "\r\n") -> BytesIO:
    """A file of these lines."""
    return BytesIO("".join(f"{line}{end}" for line in lines).encode())


def told(problems: Sequence[Problem]) -> list[tuple[int, str | None, str]]:
    """Where each problem is, and its code."""
    return [(one.line, one.column, one.code) for one in problems]
