"""People who follow a project in a simulated history, with dice of their own, and what must hold of them."""

from collections import Counter
from datetime import datetime
from random import Random
from typing import Any, Final

from insight_sessions.commands.base import Command
from insight_sessions.commands.deciding import Decided
from insight_sessions.commands.following import ConfirmFollowing, Follow, Unfollow
from insight_sessions.commands.telling import PostUpdate
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.state import ProjectState
from insight_sessions.testing.world import expect

OF_FOLLOWERS: Final = frozenset(
    {
        EventKind.FOLLOWING_ASKED,
        EventKind.FOLLOWING_CONFIRMED,
        EventKind.UNFOLLOWED,
        EventKind.FOLLOWER_FORGOTTEN,
    }
)


class Audience:
    """Makes up what followers do, in some histories.

    Args:
        seed: the history's.
    """

    def __init__(self, seed: int) -> None:
        self._dice = Random(f"followers {seed}")  # noqa: S311 - it must repeat
        self._comes = self._dice.random() < 0.35

    def command(self, state: ProjectState) -> Command[Any] | None:
        """Something that a follower does, or that is said to them; mostly nothing."""
        dice, project_id = self._dice, state.project_id
        if not self._comes or state.announced is None or dice.random() < 0.6:
            return None
        known = sorted(state.followers) or ["f-nobody"]
        match dice.choice(("follow", "follow", "confirm", "confirm", "confirm", "leave", "post")):
            case "follow":
                who = dice.choice(("m0", "M1", "fay", "gus"))
                return Follow(project_id=project_id, email=f"{who}@example.org", name=f"Follower {who}")
            case "confirm":
                return ConfirmFollowing(project_id=project_id, follower_id=dice.choice(known))
            case "leave":
                return Unfollow(project_id=project_id, follower_id=dice.choice(known))
            case _:
                return PostUpdate(project_id=project_id, title="News", text="We read what you said.")


def check_followers(before: ProjectState, command: Command[Any], decided: Decided) -> None:
    """Nobody is written to who did not ask for it, news reach all who did, and every change is in the journal."""
    after = decided.state
    to_followers = [owed for owed in decided.notices if owed.person.startswith("f-")]
    told = Counter(owed.person for owed in to_followers)
    expect(max(told.values(), default=0) <= 1, "a follower gets one notice per command", str(told))
    for owed in to_followers:
        one = after.followers.get(owed.person)
        may = one is not None and (one.is_confirmed or owed.kind is NoticeKind.CONFIRM_FOLLOWING)
        expect(may, "nothing but a question goes to an address that is not confirmed", owed.person)
    if isinstance(command, PostUpdate):
        confirmed = {one.id for one in before.followers.values() if one.is_confirmed}
        expect(confirmed == set(told), "news reach everybody who follows", f"{confirmed} {told}")
    noted = {event.person for event in decided.events if event.kind in OF_FOLLOWERS}
    for id in {*before.followers, *after.followers}:
        earlier, later = before.followers.get(id), after.followers.get(id)
        same = earlier is not None and later is not None and earlier.is_confirmed == later.is_confirmed
        expect(same or id in noted, "I3 every change of a follower has its journal entry", id)
    mixed = after.followers.keys() & after.people.keys()
    expect(not mixed, "followers never mix with those who take part", str(mixed))


def check_audience(state: ProjectState, now: datetime) -> None:
    """After a tick: nobody is kept who did not confirm in time, and all news are told."""
    late = state.following.unconfirmed(now)
    expect(not late, "whoever does not confirm is forgotten", str(late))
    expect(state.following.unfinished is None, "news are told to the last follower")
