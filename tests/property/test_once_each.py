"""Offers lapse and joining details are released once each, whatever clocks do and however late time is let pass."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from insight_sessions.commands.base import Command, Facts
from insight_sessions.commands.calls import AnnounceProject, OpenCall
from insight_sessions.commands.deciding import decide, pass_time
from insight_sessions.commands.joining import ReleaseJoiningDetails
from insight_sessions.commands.places import RegisterInterest, Withdraw
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.member import Member
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.offering import LapsePolicy, Offers
from insight_sessions.domain.project import Contact, Project
from insight_sessions.domain.session import Session
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import NotFound, Refusal
from insight_sessions.runtime import Moment

BEGINNING = datetime(2030, 1, 1, tzinfo=UTC)
WHO = ("ada", "ben", "cat", "dan")
STARTS = datetime(2030, 1, 9, 12, tzinfo=UTC)
acts = st.one_of(
    st.tuples(st.just("register"), st.sampled_from(WHO)),
    st.tuples(st.just("leave"), st.sampled_from(WHO)),
    *[st.tuples(st.just("clock"), st.sampled_from([1, 2, 6, 24, 30, 100, 300, -1, -30, -200]))] * 3,
)


class World:
    """A project of one place, offered for a day, whose joining details are released two days before."""

    def __init__(self, on_lapse: LapsePolicy) -> None:
        self.now = BEGINNING
        self.ids = count(1)
        self.happened: Counter[tuple[EventKind, str]] = Counter()
        self.told: Counter[tuple[NoticeKind, str]] = Counter()
        self.state = ProjectState(project_id="p")
        days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
        project = Project(
            id="p",
            title="Waits",
            summary="What waiting does.",
            timezone="UTC",
            organiser=Contact(name="Team", email="team@example.org"),
            fill="offer",
            offers=Offers(window_hours=24, days=days, notice_hours=0, cut_off_hours=0, on_lapse=on_lapse),
            sessions=(Session(id="mon", starts="2030-01-09T12:00", minutes=60, capacity=1),),
        )
        self.do(AnnounceProject(project=project))
        self.do(OpenCall(project_id="p"))
        self.do(ReleaseJoiningDetails(project_id="p", session_id="mon", link="https://example.org/m", hours_before=48))

    def moment(self) -> Moment:
        """Now, with ids that count."""
        return Moment(self.now, lambda prefix: f"{prefix}{next(self.ids):05}")

    def do(self, command: Command[Any]) -> None:
        """Do it, if it can be done."""
        member = getattr(command, "member", None)
        facts = Facts(self.now, member, f"p-{member.id}") if isinstance(member, Member) else Facts(self.now)
        try:
            self.state = decide(self.state, command, facts, self.moment()).state
        except (NotFound, Refusal):
            return

    def act(self, what: str, how: str | int) -> None:
        """One thing that happens, after time has passed as it does before every command."""
        self.tick()
        if isinstance(how, int):
            self.now += timedelta(hours=how)
        elif what == "register":
            member = Member(id=how, name=how.title(), email=f"{how}@example.org")
            self.do(RegisterInterest(project_id="p", member=member, sessions=("mon",)))
        elif (one := self.state.registration_of(how)) is not None:
            self.do(Withdraw(project_id="p", registration_id=one.id))

    def tick(self) -> None:
        """Let time pass; what was offered for longer than this lapses, and nothing else does."""
        due = {
            (one.id, one.offer.until)
            for one in self.state.registrations.values()
            if one.offer is not None and one.offer.until <= self.now
        }
        lapsed: list[str] = []
        for _, decided in pass_time(self.state, self.moment()):
            self.state = decided.state
            lapsed += [one.registration or "" for one in decided.events if one.kind is EventKind.OFFER_LAPSED]
            self.happened.update((one.kind, one.session or "") for one in decided.events)
            self.told.update((owed.kind, owed.registration) for owed in decided.notices)
        assert sorted(lapsed) == sorted(id for id, _ in due)
        assert list(pass_time(self.state, self.moment())) == []


@given(st.sampled_from(["requeue", "withdraw"]), st.lists(acts, max_size=30))
def test_each_lapse_and_each_release_comes_once(on_lapse: LapsePolicy, what: list[tuple[str, str | int]]) -> None:
    """A clock that is set back repeats nothing, and one that jumps leaves nothing out."""
    world = World(on_lapse)
    for each in what:
        world.act(*each)
    world.tick()
    released = world.happened[EventKind.JOINING_RELEASED, "mon"]
    assert released <= 1
    assert max((many for (kind, _), many in world.told.items() if kind is NoticeKind.JOINING_DETAILS), default=0) <= 1
    held = world.happened[EventKind.SESSION_HELD, "mon"]  # a clock that is set back does not bring it back
    if STARTS - timedelta(hours=48) <= world.now < STARTS and not held:
        assert released == 1
