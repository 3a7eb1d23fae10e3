"""What judges reminders and followers in simulated histories lets what is right pass, and notices what is not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from insight_sessions.commands.base import Command
from insight_sessions.commands.deciding import Decided
from insight_sessions.commands.following import ConfirmFollowing, Unfollow
from insight_sessions.commands.reminding import RemindDue
from insight_sessions.commands.telling import PostUpdate
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.reminding import Reminder
from insight_sessions.testing.audience import check_audience, check_followers
from insight_sessions.testing.reminded import check_reminded, check_reminders
from insight_sessions.testing.world import Broken

from .desk_kit import DAY, P, Rehearsal, project, session
from .test_following import confirm, follow, leave

REMIND = RemindDue(project_id=P, session_id="mon")
POST = PostUpdate(project_id=P, title="News", text="We read it.")
Spoil = Callable[[Decided], Decided]


def room_of(*who: str, minimum: int = 0) -> Rehearsal:
    """People with a place on Monday, a day before it."""
    room = Rehearsal(project(session("mon", capacity=5, minimum=minimum), reminder_hours=(24, 1)))
    for one in who:
        room.register(one, "mon")
    room.now = room.state.session("mon").begins - DAY
    return room


def but(decided: Decided, **changes: Any) -> Decided:  # noqa: ANN401 - whatever is tried
    """With another reminder than the one that was kept."""
    kept = decided.state.reminders["mon.24"]
    return decided._replace(state=decided.state.put(replace(kept, **changes)))


@pytest.mark.parametrize("minimum", [0, 3])
def test_what_is_right_passes(minimum: int) -> None:
    """Reminded or warned, too late, or nothing at all."""
    room = room_of("ada", "ben", minimum=minimum)
    for hours in (0, 0, 23.5, 30):
        moment = room.now + timedelta(hours=hours)
        before, room.now = room.state, moment
        room.do(REMIND)
        assert room.last is not None
        check_reminders(before, REMIND, room.last, room.now)
        room.now = moment - timedelta(hours=hours)
        check_reminded(room.state, room.now)


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (lambda decided: but(decided, told=("r-x", "r-x")), "nobody is reminded twice"),
        (lambda decided: but(decided, told=()), "told so"),
        (lambda decided: decided._replace(notices=()), "told so"),
        (
            lambda decided: decided._replace(
                state=decided.state.put(decided.state.registrations[decided.notices[0].registration].but(place=None))
            ),
            "a place they have",
        ),
    ],
    ids=["twice", "untold", "unsaid", "left"],
)
def test_each_broken_rule_of_reminders_is_noticed(spoil: Spoil, rule: str) -> None:
    """By its own name."""
    room = room_of("ada", "ben")
    with pytest.raises(Broken, match=rule):
        check_reminders(room.state, REMIND, spoil(room.decide(REMIND)), room.now)


def test_who_is_forgotten_by_a_reminder_is_noticed() -> None:
    """Be it the people or the organiser, and whoever was reminded before."""
    room = room_of("ada", "ben")
    decided = room.decide(REMIND)
    last = decided.notices[-1]
    told = tuple(id for id in decided.state.reminders["mon.24"].told if id != last.registration)
    fewer = but(decided, told=told)._replace(notices=decided.notices[:-1])
    with pytest.raises(Broken, match="everybody with a place"):
        check_reminders(room.state, REMIND, fewer, room.now)
    with pytest.raises(Broken, match="stays so"):
        check_reminders(decided.state, POST, but(decided, told=()), room.now)
    with pytest.raises(Broken, match="made in time"):
        check_reminded(room.state, room.now)
    small = room_of("ada", minimum=2)
    with pytest.raises(Broken, match="too few"):
        check_reminders(small.state, REMIND, but(small.decide(REMIND), warned=False), small.now)
    warned = small.decide(REMIND)
    wrong = warned._replace(events=(replace(warned.events[0], kind=EventKind.SESSION_REMINDED),))
    with pytest.raises(Broken, match="if enough"):
        check_reminders(small.state, REMIND, wrong, small.now)


def _audience() -> Rehearsal:
    room = Rehearsal(project())
    for one in ("fay", "gus"):
        room.do(follow(one))
        room.do(confirm(one))
    room.do(follow("hal"))
    return room


@pytest.mark.parametrize(
    ("command", "spoil", "rule"),
    [
        (POST, lambda decided: decided._replace(notices=decided.notices * 2), "one notice"),
        (POST, lambda decided: decided._replace(notices=decided.notices[:1]), "everybody who follows"),
        (
            POST,
            lambda decided: decided._replace(notices=(replace(decided.notices[0], person="f-hal"),)),
            "not confirmed",
        ),
        (confirm("hal"), lambda decided: decided._replace(events=()), "journal"),
        (leave("fay"), lambda decided: decided._replace(events=()), "journal"),
    ],
    ids=["twice", "some", "unconfirmed", "confirmed-silently", "left-silently"],
)
def test_each_broken_rule_of_followers_is_noticed(command: Command[Any], spoil: Spoil, rule: str) -> None:
    """By its own name; what is right passes."""
    assert isinstance(command, PostUpdate | ConfirmFollowing | Unfollow)
    room = _audience()
    decided = room.decide(command)
    check_followers(room.state, command, decided)
    with pytest.raises(Broken, match=rule):
        check_followers(room.state, command, spoil(decided))


def test_what_time_should_have_done_for_followers_is_noticed() -> None:
    """Forgetting, and telling."""
    room = _audience()
    check_audience(room.state, room.now)
    with pytest.raises(Broken, match="forgotten"):
        check_audience(room.state, room.now + 9 * DAY)
    update = room.do(POST)
    with pytest.raises(Broken, match="last follower"):
        check_audience(room.state.put(replace(update, reached="f-fay")), room.now)


def test_a_reminder_of_nothing_is_kept_under_its_own_id() -> None:
    """Its session and its hours."""
    assert Reminder(session="mon", hours=24).id == "mon.24"
