"""Builders for the unit tests: a project, its members, and rules rehearsed without a store."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from insight_sessions.commands.base import Command, Facts
from insight_sessions.commands.calls import AnnounceProject, OpenCall
from insight_sessions.commands.deciding import Decided, decide
from insight_sessions.commands.erasing import EraseMember
from insight_sessions.commands.following import Follow
from insight_sessions.commands.places import RegisterInterest
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.member import Member
from insight_sessions.domain.notices import NoticeKind, Owed
from insight_sessions.domain.project import Contact, Project
from insight_sessions.domain.registration import Registration
from insight_sessions.domain.session import Session
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import Objection
from insight_sessions.proposing import proposed
from insight_sessions.runtime import Moment

R = TypeVar("R")

P = "covid-backlogs"
NOW = datetime(2021, 6, 14, 9, tzinfo=UTC)
DAY = timedelta(days=1)
ORGANISER = Contact(name="Q insight team", email="insight@example.org")
STARTS = {"mon": "2021-07-05T10:00", "tue": "2021-07-06T14:00", "thu": "2021-07-08T17:00"}


def session(id: str = "mon", starts: str | None = None, capacity: int | None = 1, **more: Any) -> Session:  # noqa: ANN401 - whatever is tried
    """One of the seed's sessions, with one place."""
    return Session(
        id=id,
        starts=starts or STARTS.get(id, STARTS["mon"]),
        minutes=more.pop("minutes", 120),
        capacity=capacity,
        **more,
    )


def project(*sessions: Session, **more: Any) -> Project:  # noqa: ANN401 - whatever is tried
    """The seed's project, with three sessions of one place each unless told otherwise."""
    given = {
        "id": P,
        "title": "Exploring COVID-19 backlogs",
        "summary": "Members' experiences of backlogs.",
        "timezone": "Europe/London",
        "organiser": ORGANISER,
        "apply_url": "https://example.org/apply",
        "sessions": sessions or tuple(session(id) for id in STARTS),
    }
    return Project(**{**given, **more})


def member(id: str = "ada", **more: Any) -> Member:  # noqa: ANN401 - whatever is tried
    """An active member of that name."""
    return Member(**{"id": id, "name": id.title(), "email": f"{id}@example.org", **more})


def until(day: str) -> dict[str, Any]:
    """A membership that ends on that day."""
    return {"valid_until": date.fromisoformat(day)}


def interest(who: str | Member, *sessions: str, **more: Any) -> RegisterInterest:  # noqa: ANN401 - whatever is tried
    """Somebody's wish to take part."""
    known = member(who) if isinstance(who, str) else who
    return RegisterInterest(project_id=P, member=known, sessions=sessions, **more)


def follower_id(email: str) -> str:
    """Our id of a follower, as readable as an id of ours never is."""
    return "f-" + email.lower().partition("@")[0]


def minting() -> Callable[[str], str]:
    """Ids that count from 1."""
    numbers = count(1)
    return lambda prefix: f"{prefix}{next(numbers)}"


class Rehearsal:
    """A project on which commands are decided one after the other, with no store behind it."""

    def __init__(self, announced: Project | None = None, *, opened: bool = True) -> None:
        self.now = NOW
        self.state = ProjectState(project_id=P)
        self.last: Decided | None = None
        self.mint = minting()
        if announced is not None:
            self.do(AnnounceProject(project=announced))
            if opened:
                self.do(OpenCall(project_id=P))

    def decide(self, command: Command[Any], facts: Facts | None = None) -> Decided:
        """What a command would do now."""
        return decide(self.state, command, facts or self.facts(command), Moment(self.now, self.mint))

    def do(self, command: Command[R], facts: Facts | None = None) -> R:
        """Do it, and see that the state is what its own records say."""
        before = self.state
        self.last = self.decide(command, facts)
        self.state = self.last.state
        check(before, self.last)
        found: Any = self.state.find(*self.last.result)
        result: R = found
        return result

    def facts(self, command: Command[Any], *objections: Objection) -> Facts:
        """What the desk would find out when the host vouches for everyone."""
        if command.works_out:
            return Facts(self.now, proposed=proposed(command, self.state, dict, self.now))
        if isinstance(command, Follow):
            return Facts(self.now, person=follower_id(command.email))
        if isinstance(command, EraseMember):
            return Facts(self.now, person=f"p-{command.member_id}", notifiers=("notify/post",))
        who = getattr(command, "member", None)
        if isinstance(who, Member):
            return Facts(self.now, who, f"p-{who.id}", objections)
        return Facts(self.now, objections=objections)

    def register(self, who: str | Member, *sessions: str, **more: Any) -> Registration:  # noqa: ANN401 - whatever is tried
        """Register somebody's interest."""
        return self.do(interest(who, *sessions, **more))

    def of(self, who: str) -> Registration:
        """Somebody's registration."""
        found = self.state.registration_of(who)
        assert found is not None
        return found

    def places(self) -> dict[str, str | None]:
        """Who has which place."""
        return {
            self.state.people[one.person].member_id: one.place
            for one in sorted(self.state.registrations.values(), key=lambda one: one.arrived)
            if one.is_live
        }

    def line(self, session_id: str) -> list[str]:
        """Who waits for a session, first in line first."""
        return [self.state.people[one.person].member_id for one in self.state.waiting(session_id)]

    @property
    def notices(self) -> tuple[Owed, ...]:
        """What the last command owes to people."""
        assert self.last is not None
        return self.last.notices

    @property
    def told(self) -> list[tuple[str, NoticeKind]]:
        """Who is told what by the last command; each once, or this fails."""
        told = [(self.state.people[owed.person].member_id, owed.kind) for owed in self.notices if owed.person]
        assert len({who for who, _ in told}) == len(told), told
        return told

    @property
    def events(self) -> tuple[Event, ...]:
        """What the last command put into the journal."""
        assert self.last is not None
        return self.last.events

    @property
    def happened(self) -> list[EventKind]:
        """The same, by kind alone."""
        return [event.kind for event in self.events]

    def owed_to(self, who: str) -> Owed:
        """The notice somebody gets by the last command."""
        mine = self.state.members[who]
        (found,) = [owed for owed in self.notices if owed.person == mine]
        return found


def check(before: ProjectState, decided: Decided) -> None:
    """What holds after every command."""
    state = decided.state
    everyone = list(state.registrations.values())
    for id, one in state.sessions.items():
        held = sum((two.place == id) + (two.offer is not None and two.offer.session == id) for two in everyone)
        assert state.taken.get(id, 0) == held
        assert one.capacity is None or held <= max(one.capacity, before.taken.get(id, 0))
    for id, earlier in before.registrations.items():
        if id in state.registrations:  # or it was erased
            assert state.registrations[id].sequence >= earlier.sequence
            assert state.registrations[id].organiser == earlier.organiser
    numbers = [event.number for event in decided.events]
    assert numbers == list(range(before.journal_end + 1, state.journal_end + 1))
    again = rebuilt(state)
    assert (again.taken_now, again.lines, again.state.latest) == (taken_now(state), lines(state), state.latest)
    assert (again.state.arrivals, again.state.next_arrival) == (state.arrivals, state.next_arrival)


class Rebuilt:
    """A state made anew from what it keeps, as when a project is opened."""

    def __init__(self, state: ProjectState) -> None:
        things: list[Any] = [state.definition, *state.sessions.values(), *state.people.values()]
        things += state.registrations.values()
        self.state = ProjectState(project_id=state.project_id).with_all(things)
        self.taken_now = taken_now(self.state)
        self.lines = lines(self.state)


def rebuilt(state: ProjectState) -> Rebuilt:
    """The same state, from its records."""
    return Rebuilt(state)


def taken_now(state: ProjectState) -> dict[str, int]:
    """How many places of each session are taken."""
    return {id: number for id, number in state.taken.items() if number}


def lines(state: ProjectState) -> dict[str, Sequence[str]]:
    """Who waits for each session."""
    return {id: [one.id for one in state.line(id)] for id in state.sessions}


def stale(registration: Registration, days: int) -> Registration:
    """The same, checked so many days earlier."""
    return replace(registration, checked_at=registration.checked_at - days * DAY)
