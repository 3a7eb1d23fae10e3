"""A write-up reaches those who follow the project, each address once, and asks nothing of them."""

import pytest

from insight_sessions import NoticeKind
from insight_sessions.commands import learning
from insight_sessions.superseding import current
from insight_sessions.wording import say
from insight_sessions.wording.learned import learned

from .desk_kit import Rehearsal
from .learning_kit import TEXT, after, share
from .test_following import confirm, follow, leave, told
from .test_telling import goes_on

WRITE_UP = NoticeKind.WRITE_UP


def followed(*who: str) -> Rehearsal:
    """Two sessions are over, and these follow the project; the last one did not confirm."""
    room = after()
    for one in who:
        room.do(follow(one))
    for one in who[:-1]:
        room.do(confirm(one))
    return room


@pytest.mark.parametrize("audience", ["followers", "public"])
def test_followers_are_told_with_those_who_registered(audience: str) -> None:
    """Whoever has registered with the same address gets it as that person alone."""
    room = followed("fay", "ada", "gus")
    room.do(share(audience=audience))
    readers = ["f-fay", "p-ada", "p-ben", "p-cat", "p-dan", "p-eve"]
    assert sorted(who for who, kind in told(room) if kind is WRITE_UP) == readers


@pytest.mark.parametrize("audience", ["confirmed", "registered"])
def test_a_smaller_audience_leaves_them_out(audience: str) -> None:
    """They hear of it when it is for them."""
    room = followed("fay", "gus")
    room.do(share(audience=audience))
    assert "f-fay" not in [who for who, _ in told(room)]


def test_many_followers_are_told_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, and nobody who left in between."""
    monkeypatch.setattr(learning, "MOST_TOLD", 2)
    room = followed("fay", "gus", "hal", "ida")
    room.do(share(audience="public"))
    assert told(room) == [("f-fay", WRITE_UP), ("f-gus", WRITE_UP)]
    room.do(leave("hal"))
    rest = [one for step in goes_on(room) for one in step]
    assert rest == [(f"p-{who}", WRITE_UP) for who in ("ada", "ben", "cat", "dan", "eve")]


def test_a_follower_reads_the_write_up_and_how_to_leave() -> None:
    """Feedback is asked of those who registered."""
    room = followed("fay", "gus")
    room.do(share(audience="public", feedback_until=14))
    [first] = [owed for owed in room.notices if owed.person == "f-fay"]
    follower = room.state.people["p-ada"]
    _, text = say(first, room.state.definition, follower, learned=learned(first, room.state))
    assert TEXT in text
    assert "You get this because you follow" in text
    assert "what you think" not in text
    assert current(first, room.state, room.now) == first
