"""In made-up histories, what a message offers can be done when it comes, copies offer the same, and twice is once."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import pytest

from insight_sessions import Desk, LinkNotGood, Member, Notice, hookimpl
from insight_sessions.errors import NotFound, NotPossible, Refusal
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.testing.devising import PROJECT, Deviser
from insight_sessions.testing.world import World

ADDRESS = "https://example.org/answer"
PLAIN = {"accept", "refuse", "withdraw"}


class Reader:
    """Gets everything, the first time in vain, and knows every member."""

    name = "reader"

    def __init__(self) -> None:
        self.first: dict[str, Notice] = {}
        self.fresh: list[Notice] = []
        self.members: dict[str, Member] = {}

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Fail once, and be the same when it comes again."""
        known = self.first.setdefault(notice.id, notice)
        if known is notice:
            raise ConnectionError
        assert (notice.links, notice.text) == (known.links, known.text)
        self.fresh.append(notice)

    @hookimpl
    def insight_sessions_find_member(self, key: str) -> Member | None:
        """Whoever it is."""
        return self.members.get(key)


class Room:
    """One history.

    Args:
        seed: which one.
    """

    def __init__(self, seed: int) -> None:
        self.world = World(seed, calm=True)
        self.deviser = Deviser(self.world)
        self.reader = Reader()
        self.reader.members = self.deviser.members
        self.desk = Desk(
            MemoryStorage(os.urandom),
            plugins=[self.reader],
            discover=False,
            runtime=self.world.runtime(),
            links=ADDRESS,
        )
        self.desk.do(self.deviser.announcement())

    def delivered(self) -> list[Notice]:
        """What came, at its second try."""
        self.reader.fresh = []
        while self.desk.deliver().failed:
            self.world.pass_time(timedelta(minutes=1))
        return self.reader.fresh

    def steps(self, many: int) -> Iterator[list[Notice]]:
        """What comes after each of so many commands."""
        for _ in range(many):
            state = self.desk.state(PROJECT)
            for command in (*self.deviser.crowd(state), self.deviser.command(state)):
                with suppress(Refusal, NotFound):
                    self.desk.do(command)
                yield self.delivered()
            self.world.pass_time(timedelta(hours=self.world.dice.randint(0, 12)))
            self.desk.tick()
            yield self.delivered()

    def fits(self, notice: Notice) -> Counter[str]:
        """Nothing in a message is refused when it has just come; how many links of each action there were."""
        state = self.desk.state(PROJECT)
        for action, link in notice.links.items():
            seen = self.desk.peek(link.rpartition("/")[2])
            assert seen.action == action
            if action in PLAIN:
                assert seen.refusal is None, (notice.kind, action, seen.refusal)
        assert self.desk.state(PROJECT) is state
        return Counter(notice.links.keys())

    def press(self, notice: Notice) -> None:
        """Somebody presses a button, twice."""
        action = self.world.dice.choice(sorted(notice.links))
        token = notice.links[action].rpartition("/")[2]
        sessions = sorted(self.desk.state(PROJECT).sessions)[:1]
        with suppress(LinkNotGood, NotPossible, NotFound, Refusal):
            command = self.desk.redeem(token, sessions=sessions, answers={"why": "so"}, text="Well.")
            self.desk.do(command)
            if action in PLAIN:
                after = self.desk.state(PROJECT)
                self.desk.do(self.desk.redeem(token))
                assert self.desk.state(PROJECT) == after


@pytest.mark.parametrize("part", range(4))
def test_what_a_message_offers_can_be_done_when_it_comes(part: int) -> None:
    """Whatever happened before; old messages are pressed too, and nothing breaks."""
    found: Counter[str] = Counter()
    for seed in range(part, 36, 4):
        room = Room(seed)
        kept: list[Notice] = []
        for fresh in room.steps(25):
            for notice in fresh:
                found += room.fits(notice)
                kept += [notice] if notice.links else []
            if kept and room.world.chance(0.3):
                room.press(room.world.dice.choice(kept))
    assert {"accept", "refuse", "withdraw", "switch", "answers", "feed"} <= found.keys(), found
    assert "unfollow" not in found, "nobody follows there"
    assert found["withdraw"] > 50, found
