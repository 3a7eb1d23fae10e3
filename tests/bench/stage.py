"""What every benchmark is played with: a project like the seed's, its members, and a desk."""

import os
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from insight_sessions import (
    AnnounceProject,
    Contact,
    Desk,
    Member,
    Notice,
    OpenCall,
    Project,
    RegisterInterest,
    Registration,
    Session,
    hookimpl,
)

PROJECT = "covid-backlogs"
ROOMY = "mon"
"""A session without a limit."""
FULL = "tue"
"""A session of `PLACES` places."""
PLACES = 50

_SETTINGS = ("acute", "community", "mental health", "primary care", "ambulance")


class Mail:
    """A plugin that takes notices, so that the store knows one consumer of them."""

    name = "mail"

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Never called: nothing here delivers."""


def project() -> Project:
    """The project that everything happens in."""
    year = datetime.now(UTC).year + 1
    return Project(
        id=PROJECT,
        title="Exploring COVID-19 backlogs",
        summary="A two-hour collaborative research session; bring your experiences, and promising work.",
        timezone="Europe/London",
        organiser=Contact(name="Q insight team", email="insight@example.org"),
        sessions=(
            Session(id=ROOMY, starts=f"{year}-07-05T10:00", minutes=120),
            Session(id=FULL, starts=f"{year}-07-06T14:00", minutes=120, capacity=PLACES, where="Online"),
        ),
    )


def member(number: int) -> Member:
    """A member like any other."""
    return Member(
        id=f"m-{number:07}",
        name=f"Ada Osei-{number}",
        email=f"ada.osei-{number}@trust.example.org",
        attributes={"setting": _SETTINGS[number % len(_SETTINGS)], "country": "England"},
    )


def interest(number: int, session: str = ROOMY) -> RegisterInterest:
    """A member's interest in a session."""
    return RegisterInterest(project_id=PROJECT, member=member(number), sessions=(session,))


def interests(numbers: Iterable[int], session: str = ROOMY) -> list[RegisterInterest]:
    """The interest of many."""
    return [interest(number, session) for number in numbers]


@contextmanager
def folder() -> Generator[Path, None, None]:
    """A folder that is gone afterwards; where, `TMPDIR` says."""
    with TemporaryDirectory(prefix="insight-sessions-bench-") as name:
        yield Path(name)


def durable_write() -> float:
    """Seconds to write a page durably: what every commit waits for, and what differs most between machines."""
    with folder() as where, (where / "page").open("wb", buffering=0) as file:

        def write() -> float:
            start = perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            return perf_counter() - start

        return median(write() for _ in range(20))


def opened(url: str) -> Desk:
    """A desk with one consumer of notices."""
    if not url.startswith("postgresql:"):
        return Desk.open(url, plugins=[Mail()], discover=False)
    import insight_sessions_postgres  # noqa: PLC0415 - the other benchmarks load no plugin

    return Desk.open(url, plugins=[Mail(), insight_sessions_postgres], discover=False)


@contextmanager
def desk(url: str = "memory:") -> Generator[Desk, None, None]:
    """A desk on which the project is announced."""
    with opened(url) as found:
        found.do(AnnounceProject(project=project()))
        found.do(OpenCall(project_id=PROJECT))
        yield found


def sqlite(path: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite:///{path}"


def filled(found: Desk, size: int, session: str = ROOMY) -> Desk:
    """The desk, with so many registered."""
    outcomes = found.do_many(PROJECT, interests(range(size), session))
    assert all(isinstance(outcome.result, Registration) for outcome in outcomes)
    return found
