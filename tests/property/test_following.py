"""Followers against a few plain sets: news reach everybody who followed when they came and stayed, once."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insight_sessions.commands import telling
from insight_sessions.commands.base import Command, Facts
from insight_sessions.commands.calls import AnnounceProject, CloseCall, OpenCall
from insight_sessions.commands.deciding import Decided, decide, pass_time
from insight_sessions.commands.following import ConfirmFollowing, Follow, Unfollow
from insight_sessions.commands.passing import wake_at
from insight_sessions.commands.sessions import AddSession
from insight_sessions.commands.telling import PostUpdate
from insight_sessions.domain.following import CONFIRMED_WITHIN
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.project import Contact, Project
from insight_sessions.domain.session import Session
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import NotFound, NotPossible
from insight_sessions.runtime import Moment

PEOPLE = ("a", "b", "c", "d", "e")
HOUR = timedelta(hours=1)
BEGINNING = datetime(2030, 1, 1, tzinfo=UTC)
people = st.sampled_from(PEOPLE)
hours = st.sampled_from([0, 1, 30, 24 * 6, 24 * 8, -1, -24 * 3])
actions = st.one_of(
    st.tuples(st.just("join"), people),
    st.tuples(st.just("join"), people),
    st.tuples(st.just("follow"), people),
    st.tuples(st.just("confirm"), people),
    st.tuples(st.just("leave"), people),
    st.tuples(st.sampled_from(["post", "post", "open", "close", "add", "step", "step", "drain"]), st.none()),
    st.tuples(st.just("clock"), hours),
)


class Plain:
    """A project with followers, and beside it what should be so, in sets."""

    def __init__(self) -> None:
        self.now = BEGINNING
        self.ids = count(1)
        self.state = ProjectState(project_id="p")
        project = Project(
            id="p",
            title="Waits",
            summary="What waiting does.",
            timezone="Europe/London",
            organiser=Contact(name="Team", email="team@example.org"),
            sessions=(Session(id="s0", starts="2040-01-01T10:00", minutes=60),),
        )
        self.confirmed: dict[str, int] = {}  # since which time they came
        self.due: dict[str, dict[str, int]] = {}  # who is to hear of what
        self.void: set[str] = set()  # openings that a closed call cut short
        self.told: list[tuple[str, str]] = []
        self.times = count(1)
        self.do(AnnounceProject(project=project))

    def moment(self) -> Moment:
        """Now, with ids that count."""
        return Moment(self.now, lambda prefix: f"{prefix}{next(self.ids):05}")

    def do(self, command: Command[Any]) -> bool:
        """Do it as it is now, whatever is due; whether it could be done."""
        person = f"f-{command.name}" if isinstance(command, Follow) else ""
        try:
            decided = decide(self.state, command, Facts(self.now, person=person), self.moment())
        except (NotFound, NotPossible):
            return False
        if isinstance(command, PostUpdate):
            self.due[decided.result.id] = dict(self.confirmed)
        if isinstance(command, OpenCall | AddSession) and decided.state.call.is_open and self.confirmed:
            self.due |= {id: dict(self.confirmed) for id in decided.state.sessions if id not in self.due}
        self.take(decided)
        return True

    def step(self, most: int) -> None:
        """So many of the things that are due."""
        for number, (_, decided) in enumerate(pass_time(self.state, self.moment()), 1):
            self.take(decided)
            if number == most:
                break

    def take(self, decided: Decided) -> None:
        """Take in what came of something, and look at who is told."""
        self.state = decided.state
        for owed in decided.notices:
            if owed.kind in {NoticeKind.UPDATE, NoticeKind.SESSION_OPEN}:
                who = owed.person.removeprefix("f-")
                for news in [owed.about] if owed.about else [slot.id for slot in owed.opened]:
                    assert self.due[news].get(who) == self.confirmed[who], "nobody else is told"
                    assert (who, news) not in self.told, "nobody is told twice"
                    self.told.append((who, news))

    def act(self, what: str, on: Any) -> None:  # noqa: ANN401 - a name or a number
        """One thing that happens."""
        if isinstance(on, str):
            self.follower(what, on)
        elif what == "clock":
            self.now += timedelta(hours=on)
        else:
            self.project(what)

    def follower(self, what: str, on: str) -> None:
        """Somebody comes, or goes."""
        match what:
            case "follow":
                self.do(Follow(project_id="p", email=f"{on}@example.org", name=on))
            case "confirm":
                if self.do(ConfirmFollowing(project_id="p", follower_id=f"f-{on}")):
                    self.confirmed.setdefault(on, next(self.times))
            case "join":
                self.follower("follow", on)
                self.follower("confirm", on)
            case _:
                self.do(Unfollow(project_id="p", follower_id=f"f-{on}"))
                self.confirmed.pop(on, None)

    def project(self, what: str) -> None:
        """The organisers do something, or time does."""
        match what:
            case "post":
                self.do(PostUpdate(project_id="p", title="News", text="We read it."))
            case "open":
                self.do(OpenCall(project_id="p"))
            case "add":
                session = Session(id=f"s{len(self.state.sessions)}", starts="2040-01-01T10:00", minutes=60)
                self.do(AddSession(project_id="p", session=session))
            case "close":
                self.do(CloseCall(project_id="p"))
                self.void.update(self.state.sessions)
            case _:
                self.step(1 if what == "step" else 1000)


@settings(max_examples=150)
@given(st.lists(actions, max_size=40), st.integers(1, 3))
def test_news_reach_everybody_who_followed_and_stayed_once(history: list[tuple[str, Any]], together: int) -> None:
    """Whatever else happens, in whatever steps, and however the clock jumps."""
    plain = Plain()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(telling, "MOST_TOLD", together)
        for what, on in history:
            plain.act(what, on)
            assert {id[2:] for id, one in plain.state.followers.items() if one.is_confirmed} == plain.confirmed.keys()
        plain.step(1000)
    for news, due in plain.due.items():
        stayed = {who for who, since in due.items() if plain.confirmed.get(who) == since}
        told = {who for who, of in plain.told if of == news}
        assert told <= due.keys()
        assert stayed <= told or news in plain.void
    state = plain.state
    assert state.following.unfinished is None
    for one in state.followers.values():
        assert one.is_confirmed or (one.asked is not None and plain.now < one.asked + CONFIRMED_WITHIN + HOUR)
    forgets = state.following.forgets_at
    due_next = wake_at(state)
    assert forgets is None or (due_next is not None and plain.now < due_next <= forgets)
