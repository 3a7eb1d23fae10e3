"""Reminders against a plain account of who had which place when a moment came: each once, in time, or not at all."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insight_sessions.commands import reminding
from insight_sessions.commands.base import Command, Facts
from insight_sessions.commands.calls import AmendProject, AnnounceProject, OpenCall
from insight_sessions.commands.deciding import Decided, decide, pass_time
from insight_sessions.commands.passing import wake_at
from insight_sessions.commands.places import RegisterInterest, SwitchSession, Withdraw
from insight_sessions.commands.sessions import CancelSession, RescheduleSession
from insight_sessions.domain.member import Member
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.project import Contact, Project
from insight_sessions.domain.session import Session, SessionStatus
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import NotFound, Refusal
from insight_sessions.runtime import Moment

BEGINNING = datetime(2030, 1, 1, tzinfo=UTC)
HOURS = (1, 5, 24, 48, 168)
SESSIONS = ("a", "b")
OTHER = {"a": "b", "b": "a"}
people = st.sampled_from(["ada", "ben", "cat"])
names = st.sampled_from(SESSIONS)
days = st.integers(1, 12)
hours_of = st.lists(st.sampled_from(HOURS), max_size=4).map(tuple)
actions = st.one_of(
    st.tuples(st.just("register"), people, names),
    st.tuples(st.just("register"), people, names),
    st.tuples(st.just("leave"), people, st.none()),
    st.tuples(st.just("switch"), people, st.none()),
    st.tuples(st.just("move"), names, days),
    st.tuples(st.just("move"), names, days),
    st.tuples(st.just("cancel"), names, st.none()),
    st.tuples(st.just("amend"), st.none(), hours_of),
    st.tuples(st.just("next"), st.none(), st.none()),
    st.tuples(st.just("next"), st.none(), st.none()),
    *[st.tuples(st.just("clock"), st.none(), st.sampled_from([1, 2, 6, 24, 24, 30, 100, -1, -30, -200]))] * 2,
)


class Account:
    """What is so of one session: since when it is at its time, and which moments are still ahead of it."""

    def __init__(self, begins: datetime) -> None:
        self.begins = begins
        self.ahead: set[int] = set()

    def set_to(self, begins: datetime, hours: tuple[int, ...], now: datetime) -> None:
        """The session is at this time, with these reminders."""
        self.begins = begins
        self.ahead = {one for one in hours if begins - timedelta(hours=one) > now}

    def reached(self, now: datetime, *, scheduled: bool) -> int | None:
        """The last moment that has come since the last look, in hours before the session, if it was not too late."""
        come = {one for one in self.ahead if self.begins - timedelta(hours=one) <= now}
        self.ahead -= come
        return min(come) if come and now < self.begins and scheduled else None


class World:
    """A project that reminds, and an account of it kept beside."""

    def __init__(self, hours: tuple[int, ...], minimum: int) -> None:
        self.now = BEGINNING
        self.ids = count(1)
        self.hours = hours
        self.minimum = minimum
        self.had: set[tuple[str, int, str]] = set()
        self.state = ProjectState(project_id="p")
        project = Project(
            id="p",
            title="Waits",
            summary="What waiting does.",
            timezone="UTC",
            organiser=Contact(name="Team", email="team@example.org"),
            reminder_hours=hours,
            sessions=tuple(Session(id=id, starts="2030-01-09T12:00", minutes=60, minimum=minimum) for id in SESSIONS),
        )
        self.do(AnnounceProject(project=project))
        self.do(OpenCall(project_id="p"))
        self.accounts = {id: Account(self.state.session(id).begins) for id in SESSIONS}
        for one in self.accounts.values():
            one.set_to(one.begins, hours, self.now)

    def moment(self) -> Moment:
        """Now, with ids that count."""
        return Moment(self.now, lambda prefix: f"{prefix}{next(self.ids):05}")

    def do(self, command: Command[Any]) -> Decided | None:
        """Do it, if it can be done."""
        member = getattr(command, "member", None)
        facts = Facts(self.now, member, f"p-{member.id}") if isinstance(member, Member) else Facts(self.now)
        try:
            decided = decide(self.state, command, facts, self.moment())
        except (NotFound, Refusal):
            return None
        assert not [owed for owed in decided.notices if owed.kind is NoticeKind.REMINDER], "only time reminds"
        self.state = decided.state
        return decided

    def holders(self, session_id: str) -> set[str]:
        """The registrations with a place."""
        return {one.id for one in self.state.registrations.values() if one.place == session_id}

    def tick(self) -> None:
        """Let time pass, and compare who is told with the account."""
        expected: list[tuple[str, str]] = []
        for id, account in self.accounts.items():
            scheduled = self.state.session(id).status is SessionStatus.SCHEDULED
            hours = account.reached(self.now, scheduled=scheduled)
            if hours is None:
                continue
            holders = self.holders(id)
            who = holders if len(holders) >= self.minimum else {""}
            fresh = {one for one in who if (id, hours, one) not in self.had}
            self.had |= {(id, hours, one) for one in fresh}
            expected += [(id, one) for one in fresh]
        told: list[tuple[str, str]] = []
        for _, decided in pass_time(self.state, self.moment()):
            self.state = decided.state
            for owed in decided.notices:
                assert owed.kind in {NoticeKind.REMINDER, NoticeKind.BELOW_MINIMUM}
                assert owed.slot is not None
                assert owed.slot.starts_at > self.now, "nobody is reminded of what has begun"
                assert (owed.kind is NoticeKind.REMINDER) == bool(owed.registration)
                told.append((owed.slot.id, owed.registration))
        assert sorted(told) == sorted(expected)

    def act(self, what: str, who: str | None, more: Any) -> None:  # noqa: ANN401 - a name, a number or numbers
        """One thing that happens, after time has passed as it does before every command."""
        if what == "clock":
            self.now += timedelta(hours=more)
        elif what == "next":
            self.now = max(self.now, wake_at(self.state) or self.now)
        self.tick()
        if what == "amend":
            if self.do(AmendProject(project_id="p", reminder_hours=more)) is not None and set(more) != set(self.hours):
                self.hours = more
                for one in self.accounts.values():
                    one.set_to(one.begins, more, self.now)
        elif who in self.accounts:
            self.session(what, who, more)
        elif who is not None:
            self.person(what, who, more)

    def session(self, what: str, id: str, day: int) -> None:
        """The organisers move or cancel one."""
        if what == "cancel":
            self.do(CancelSession(project_id="p", session_id=id))
            return
        starts = (self.now + timedelta(days=day)).replace(tzinfo=None, minute=0, second=0, microsecond=0)
        before = self.state.session(id).begins
        if self.do(RescheduleSession(project_id="p", session_id=id, starts=starts)) is not None:
            begins = self.state.session(id).begins
            if begins != before:
                self.accounts[id].set_to(begins, self.hours, self.now)

    def person(self, what: str, who: str, session_id: str | None) -> None:
        """Somebody comes, goes, or goes elsewhere."""
        one = self.state.registration_of(who)
        if what == "register" and session_id is not None:
            member = Member(id=who, name=who.title(), email=f"{who}@example.org")
            self.do(RegisterInterest(project_id="p", member=member, sessions=(session_id,)))
        elif one is not None and what == "leave":
            self.do(Withdraw(project_id="p", registration_id=one.id))
        elif one is not None and one.place is not None:
            self.do(SwitchSession(project_id="p", registration_id=one.id, sessions=(OTHER[one.place],)))


@settings(max_examples=200)
@given(hours_of, st.integers(0, 3), st.lists(actions, max_size=40), st.integers(1, 3))
def test_each_reminder_reaches_whoever_has_the_place_when_its_moment_comes_once(
    hours: tuple[int, ...], minimum: int, history: list[tuple[str, str | None, Any]], together: int
) -> None:
    """If enough people come and the session has not begun; whatever clocks, sessions and people do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reminding, "MOST_TOLD", together)
        world = World(tuple(dict.fromkeys(hours)), minimum)
        for what, who, more in history:
            world.act(what, who, more)
        for days_ahead in range(15):
            world.act("clock", None, 0 if days_ahead == 0 else 24)
