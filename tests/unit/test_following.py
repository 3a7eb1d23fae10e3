"""Who follows a project said so themselves, can leave at once, and is forgotten when they never confirm."""

import os
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from insight_sessions import Desk, EventKind, NotFound, NoticeKind, NotPossible, PluginError
from insight_sessions.commands import following
from insight_sessions.commands.calls import AmendProject, CancelProject
from insight_sessions.commands.deciding import pass_time
from insight_sessions.commands.following import ConfirmFollowing, Follow, Unfollow
from insight_sessions.commands.passing import wake_at
from insight_sessions.delivery import Deliveries
from insight_sessions.domain.following import Follower
from insight_sessions.identity import Identity
from insight_sessions.runtime import Moment
from insight_sessions.storage.memory import MemoryStorage

from .desk_kit import DAY, NOW, P, Rehearsal, follower_id, interest, member, project, session
from .desk_store import Clock, Directory, Post, a_desk, desk_on, open_call

HOUR = timedelta(hours=1)


def follow(who: str = "fay", **more: Any) -> Follow:  # noqa: ANN401 - whatever is tried
    """Somebody asks, or somebody else for them."""
    return Follow(**{"project_id": P, "email": f"{who}@example.org", "name": who.title(), **more})


def confirm(who: str = "fay") -> ConfirmFollowing:
    """They say so themselves."""
    return ConfirmFollowing(project_id=P, follower_id=follower_id(who))


def leave(who: str = "fay") -> Unfollow:
    """They want no more of it."""
    return Unfollow(project_id=P, follower_id=follower_id(who))


def told(room: Rehearsal) -> list[tuple[str, NoticeKind]]:
    """Which followers the last command tells what."""
    return [(owed.person, owed.kind) for owed in room.notices]


def passes(room: Rehearsal) -> list[EventKind]:
    """Let time pass as the writer does; what happens by it."""
    happened: list[EventKind] = []
    for _, decided in pass_time(room.state, Moment(room.now, room.mint)):
        happened += [event.kind for event in decided.events]
        room.state, room.last = decided.state, decided
    return happened


def a_room(**more: Any) -> Rehearsal:  # noqa: ANN401 - whatever is tried
    """The seed's project."""
    return Rehearsal(project(**more))


def test_whoever_asks_is_asked_to_confirm_and_nothing_else() -> None:
    """What the caller gets is an id, whose journal entry is all that happened."""
    room = a_room(language="cy")
    assert room.do(follow()) == Follower(id="f-fay")
    assert told(room) == [("f-fay", NoticeKind.CONFIRM_FOLLOWING)]
    (happened,) = room.events
    assert (happened.kind, happened.person) == (EventKind.FOLLOWING_ASKED, "f-fay")
    kept = Follower(id="f-fay", name="Fay", email="fay@example.org", language="cy", asked=NOW)
    assert dict(room.state.followers) == {"f-fay": kept}
    assert room.state.following.confirmed == []
    room.do(follow("gus", language="fr"))
    assert room.state.followers["f-gus"].language == "fr"


def test_confirming_makes_a_follower_once() -> None:
    """A second click changes nothing."""
    room = a_room()
    room.do(follow())
    room.now += HOUR
    fay = room.do(confirm())
    assert fay.is_confirmed
    assert (fay.confirmed, fay.number, fay.member) == (room.now, room.state.journal_end, None)
    assert (room.happened, told(room)) == ([EventKind.FOLLOWING_CONFIRMED], [])
    room.now += HOUR
    assert room.do(confirm()) == fay
    assert (room.happened, told(room)) == ([], [])
    assert [one.id for one in room.state.following.confirmed] == ["f-fay"]


@pytest.mark.parametrize("confirmed", [False, True])
def test_asking_again_sends_one_more_a_day_at_most(confirmed: bool) -> None:
    """And gives the same whether or not they follow; who does keeps what they said of themselves."""
    room = a_room()
    first = room.do(follow())
    if confirmed:
        room.do(confirm())
    before = room.state.followers["f-fay"]
    for hours in (0, 5, 23.99, -100):
        room.now = NOW + timedelta(hours=hours)
        assert room.do(follow(name="Mallory")) == first
        assert (told(room), room.happened, room.state.followers["f-fay"]) == ([], [], before)
    room.now = NOW + DAY
    assert room.do(follow(name="Mallory")) == first
    after = room.state.followers["f-fay"]
    assert after.asked == room.now
    if confirmed:
        assert (told(room), room.happened) == ([("f-fay", NoticeKind.ALREADY_FOLLOWING)], [])
        assert (after.name, after.confirmed) == ("Fay", before.confirmed)
    else:
        assert told(room) == [("f-fay", NoticeKind.CONFIRM_FOLLOWING)]
        assert after.name == "Mallory"
    room.now += HOUR
    room.do(follow())
    assert told(room) == []


@pytest.mark.parametrize("confirmed", [False, True])
def test_leaving_takes_one_click_and_leaves_nothing(confirmed: bool) -> None:
    """Another click does no harm, and says as little."""
    room = a_room()
    room.do(follow())
    if confirmed:
        room.do(confirm())
    assert room.do(leave()) == Follower(id="f-fay")
    assert (room.happened, told(room)) == ([EventKind.UNFOLLOWED], [])
    assert not room.state.followers
    assert room.state.following.forgets_at is None
    assert room.state.changed()["follower", "f-fay"] is None
    assert room.do(leave()) == Follower(id="f-fay")
    assert room.happened == []
    with pytest.raises(NotFound):
        room.do(confirm())


def test_who_left_may_come_again() -> None:
    """As if they were new."""
    room = a_room()
    numbers: list[int] = []
    for _ in range(2):
        room.do(follow())
        assert told(room) == [("f-fay", NoticeKind.CONFIRM_FOLLOWING)]
        numbers.append(room.do(confirm()).number)
        room.do(leave())
    assert numbers == [room.state.journal_end - 4, room.state.journal_end - 1]


@pytest.mark.parametrize(("minutes", "hours"), [(0, 0), (20, 1)])
def test_an_address_that_nobody_confirms_is_forgotten_after_a_week(minutes: int, hours: int) -> None:
    """At the next full hour, and no sooner."""
    room = a_room()
    room.now = NOW + timedelta(minutes=minutes)
    room.do(follow("fay"))
    room.do(follow("gus"))
    room.do(confirm("gus"))
    due = NOW + 7 * DAY + hours * HOUR
    assert room.state.following.forgets_at == wake_at(room.state) == due
    room.now = due - timedelta(seconds=1)
    assert passes(room) == []
    room.now = due
    assert passes(room) == [EventKind.FOLLOWER_FORGOTTEN]
    assert sorted(room.state.followers) == ["f-gus"]
    assert passes(room) == []
    assert wake_at(room.state) != due


def test_a_week_begins_anew_with_each_time_they_are_asked() -> None:
    """So that they have a week from the message that they read."""
    room = a_room()
    room.do(follow())
    room.now += 6 * DAY
    room.do(follow())
    room.now += 6 * DAY
    assert passes(room) == []
    room.now += DAY
    assert passes(room) == [EventKind.FOLLOWER_FORGOTTEN]


@pytest.mark.parametrize("number", [1, 2, 3, 5])
def test_many_are_forgotten_in_steps(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """And each once."""
    monkeypatch.setattr(following, "MOST_FORGOTTEN", 2)
    room = a_room()
    for one in range(number):
        room.do(follow(f"m{one}"))
        room.now += HOUR
    room.now += 8 * DAY
    gone: list[str | None] = []
    for _, decided in pass_time(room.state, Moment(room.now, room.mint)):
        assert len(decided.events) <= 2
        gone += [event.person for event in decided.events]
        room.state = decided.state
    assert gone == [f"f-m{one}" for one in range(number)]
    assert not room.state.followers


def test_a_cancelled_project_takes_no_followers_and_lets_them_go() -> None:
    """And one that is not there has none."""
    room = a_room()
    room.do(follow())
    room.do(CancelProject(project_id=P))
    with pytest.raises(NotPossible) as caught:
        room.do(follow("gus"))
    assert caught.value.reason == "project_cancelled"
    room.do(confirm())
    room.do(leave())
    assert not room.state.followers
    for command in (follow(), confirm(), leave()):
        with pytest.raises(NotFound) as missing:
            Rehearsal().do(command)
        assert missing.value.kind == "project"


@pytest.mark.parametrize(
    "bad", [{"email": "nobody"}, {"email": "a@b\nBcc: c@d"}, {"name": ""}, {"name": "a\nb"}, {"language": "English?"}]
)
def test_wrong_details_stay_outside(bad: dict[str, str]) -> None:
    """And are not repeated."""
    with pytest.raises(ValidationError) as caught:
        follow(**bad)
    assert not any(value and value in str(caught.value) for value in bad.values())


def test_an_address_has_one_id_however_it_is_written() -> None:
    """And it is no person's id."""
    identity = Identity(b"sixteen bytes and more")
    assert identity.follower("Fay@Example.org") == identity.follower(" fay@example.org")
    assert identity.follower("fay@example.org") != identity.follower("gus@example.org")
    assert identity.follower("fay")[2:] != identity.person("fay")[2:]


# On a desk


def on_desk(desk: Desk, who: str = "fay") -> str:
    """Somebody follows and confirms; gives their id."""
    id = desk.do(follow(who)).id
    desk.do(ConfirmFollowing(project_id=P, follower_id=id))
    return id


def test_the_notice_carries_what_a_link_needs() -> None:
    """The id of the follower; nobody else has one."""
    post = Post()
    desk = a_desk(post)
    id = desk.do(follow()).id
    desk.do(interest("ada", "mon"))
    desk.deliver()
    asked, confirmed = post.taken
    assert (asked.recipient.follower, asked.recipient.person, asked.recipient.member_id) == (id, id, "")
    assert (asked.recipient.name, asked.recipient.email, asked.invite) == ("Fay", "fay@example.org", None)
    assert asked.subject == "Do you want updates? Exploring COVID-19 backlogs"
    assert asked.text.startswith("Hello Fay,\n\nSomebody, probably you, asked us")
    assert "write to Q insight team at insight@example.org" in asked.text
    assert confirmed.recipient.follower == ""
    assert "fay" not in repr(desk.history(P)).lower()


def test_whoever_left_before_the_post_came_gets_nothing() -> None:
    """Nothing went wrong, so no organiser has to look after a dead letter."""
    post = Post()
    desk = a_desk(post)
    id = desk.do(follow()).id
    desk.do(Unfollow(project_id=P, follower_id=id))
    assert desk.deliver() == Deliveries(superseded=1)
    assert post.tried == []
    assert desk.dead_letters() == []


def test_who_left_and_is_asked_again_gets_nothing_meant_for_followers() -> None:
    """However long it waited: nothing but the question goes to an address that is not confirmed."""
    post, clock = Post(), Clock()
    desk = a_desk(post, clock=clock)
    id = on_desk(desk)
    desk.deliver()
    clock.moves(days=1)
    desk.do(follow())
    desk.do(Unfollow(project_id=P, follower_id=id))
    desk.do(follow())
    post.taken.clear()
    assert desk.deliver() == Deliveries(sent=1, superseded=1)
    assert [notice.kind for notice in post.taken] == [NoticeKind.CONFIRM_FOLLOWING]


def test_another_process_sees_at_once_who_left() -> None:
    """Without reading the whole project again, and what else was read stays."""
    store = MemoryStorage(os.urandom)
    first, second = open_call(desk_on(store)), desk_on(store)
    id = on_desk(first)
    first.do(interest("ada", "mon"))
    known = second.state(P)
    assert list(known.followers) == [id]
    first.do(Unfollow(project_id=P, follower_id=id))
    after = second.state(P)
    assert not after.followers
    assert after.registrations is known.registrations
    assert desk_on(store).state(P).following == after.following
    assert store.about(id) == []


def test_what_is_kept_of_a_follower_is_found_by_their_id() -> None:
    """In every project of the store, so that all of it can be erased."""
    store = MemoryStorage(os.urandom)
    desk = open_call(desk_on(store))
    other = project(id="other")
    open_call(desk, other)
    id = on_desk(desk)
    assert desk.do(follow(project_id="other")).id == id
    assert [(one.project_id, one.kind) for one in store.about(id)] == [(P, "follower"), ("other", "follower")]


def test_asking_twice_with_one_command_id_asks_once() -> None:
    """A web form that is sent twice."""
    post = Post()
    desk = a_desk(post)
    assert desk.do(follow(id="c-1")) == desk.do(follow(id="c-1"))
    desk.deliver()
    assert len(post.taken) == 1


@pytest.mark.parametrize(
    ("known", "members_only", "expected"),
    [
        (member("fay"), True, True),
        (member("fay", active=False), True, False),
        (None, True, False),
        (None, False, None),
    ],
)
def test_the_directory_says_whether_a_follower_is_a_member(
    known: Any,  # noqa: ANN401 - a member or nobody
    members_only: bool,
    expected: bool | None,
) -> None:
    """Where that matters, and when they confirm."""
    desk = a_desk(Directory(*([known] if known else [])), announced=project(members_only=members_only))
    id = on_desk(desk)
    assert desk.state(P).followers[id].member is expected


def test_without_a_directory_nobody_knows() -> None:
    """Nor of a follower, nor of a project, that is not there."""
    desk = a_desk()
    id = on_desk(desk)
    assert desk.state(P).followers[id].member is None
    broken = Directory()
    broken.broken = True
    asked = a_desk(broken)
    with pytest.raises(NotFound):
        asked.do(ConfirmFollowing(project_id=P, follower_id="f-nobody"))
    with pytest.raises(NotFound):
        asked.do(ConfirmFollowing(project_id="nowhere", follower_id="f-nobody"))
    id = asked.do(follow()).id
    with pytest.raises(PluginError):
        asked.do(ConfirmFollowing(project_id=P, follower_id=id))
    broken.broken = False
    asked.do(ConfirmFollowing(project_id=P, follower_id=id))


def test_tick_forgets_what_nobody_confirmed() -> None:
    """Nobody else needs to come by."""
    clock = Clock()
    desk = a_desk(clock=clock, announced=project(session("mon", "2021-12-01T10:00")))
    desk.do(follow())
    clock.moves(days=7, hours=1)
    assert desk.tick() == 1
    assert not desk.state(P).followers
    desk.do(AmendProject(project_id=P, title="Waits"))
