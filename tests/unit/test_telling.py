"""Followers are told of news and of sessions that open: each once, nobody who left, in steps."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from insight_sessions import EventKind, NotFound, NoticeKind
from insight_sessions.commands import telling
from insight_sessions.commands.calls import CancelProject, CloseCall, OpenCall
from insight_sessions.commands.deciding import pass_time
from insight_sessions.commands.owing import AT_ONCE
from insight_sessions.commands.passing import due_at, wake_at
from insight_sessions.commands.places import Withdraw
from insight_sessions.commands.sessions import AddSession
from insight_sessions.commands.telling import PostUpdate, TellDue
from insight_sessions.domain.project import Call
from insight_sessions.runtime import Moment
from insight_sessions.superseding import current

from .desk_kit import DAY, NOW, P, Rehearsal, interest, member, project, session
from .desk_store import Clock, Directory, Post, a_desk
from .test_following import confirm, follow, leave, on_desk, told

UPDATE = NoticeKind.UPDATE
OPEN = NoticeKind.SESSION_OPEN


def post(title: str = "What we heard", text: str = "Read our blog.", **more: Any) -> PostUpdate:  # noqa: ANN401 - whatever is tried
    """News."""
    return PostUpdate(project_id=P, title=title, text=text, **more)


def a_room(*who: str, opened: bool = False, **more: Any) -> Rehearsal:  # noqa: ANN401 - whatever is tried
    """The seed's project, with people who follow it."""
    room = Rehearsal(project(**more), opened=opened)
    for one in who:
        room.do(follow(one))
        room.do(confirm(one))
    return room


def add(id: str = "wed", starts: str = "2021-07-07T10:00") -> AddSession:
    """One more session."""
    return AddSession(project_id=P, session=session(id, starts))


def goes_on(room: Rehearsal) -> list[list[tuple[str, NoticeKind]]]:
    """Let time pass as the writer does; who is told what in each step."""
    steps: list[list[tuple[str, NoticeKind]]] = []
    for _, decided in pass_time(room.state, Moment(room.now, room.mint)):
        room.state, room.last = decided.state, decided
        steps.append(told(room))
    return steps


def test_news_are_told_to_those_who_follow_now_each_once() -> None:
    """And to nobody who has not confirmed, or does so later."""
    room = a_room("fay", "gus")
    room.do(follow("hal"))
    update = room.do(post())
    assert told(room) == [("f-fay", UPDATE), ("f-gus", UPDATE)]
    (happened,) = room.events
    assert (happened.kind, happened.about) == (EventKind.UPDATE_POSTED, update.id)
    assert (update.title, update.text, update.at, update.reached) == ("What we heard", "Read our blog.", NOW, None)
    assert {owed.about for owed in room.notices} == {update.id}
    assert room.state.updates[update.id] == update
    room.do(confirm("hal"))
    assert (told(room), goes_on(room)) == ([], [])
    room.do(post("And more"))
    assert told(room) == [("f-fay", UPDATE), ("f-gus", UPDATE), ("f-hal", UPDATE)]


def test_news_reach_nobody_when_nobody_follows() -> None:
    """And are kept all the same, also when the project was cancelled."""
    room = a_room()
    room.do(CancelProject(project_id=P))
    update = room.do(post())
    assert (told(room), goes_on(room)) == ([], [])
    assert list(room.state.updates) == [update.id]


def test_a_project_that_is_not_there_has_no_news() -> None:
    """As with anything else."""
    with pytest.raises(NotFound) as caught:
        Rehearsal().do(post())
    assert caught.value.kind == "project"
    room = a_room("fay")
    with pytest.raises(NotFound) as missing:
        room.state.find("update", "u-nothing")
    assert missing.value.kind == "update"


@pytest.mark.parametrize("bad", [{"title": ""}, {"title": "a\nb"}, {"text": ""}, {"text": " \n "}])
def test_news_without_words_are_refused(bad: dict[str, str]) -> None:
    """A title is one line."""
    with pytest.raises(ValidationError):
        post(**bad)


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 5])
def test_many_are_told_in_steps(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """By whatever comes by next, each once; a clock that is set back holds nobody up."""
    monkeypatch.setattr(telling, "MOST_TOLD", 2)
    room = a_room(*(f"m{one}" for one in range(number)))
    room.do(post())
    steps = [told(room)]
    assert (wake_at(room.state) == AT_ONCE) == (number > 2)
    room.now -= 300 * DAY
    steps += goes_on(room)
    assert [len(step) for step in steps] == [min(2, number - reached) for reached in range(0, max(number, 1), 2)]
    assert [one for step in steps for one in step] == [(f"f-m{one}", UPDATE) for one in range(number)]
    assert (goes_on(room), due_at(room.state, room.now)) == ([], None)


def test_earlier_news_are_told_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """To whoever is left; who left and came again in between came too late."""
    monkeypatch.setattr(telling, "MOST_TOLD", 1)
    room = a_room("fay", "gus", "hal", "ida")
    first, second = room.do(post("One")), room.do(post("Two"))
    room.do(leave("gus"))
    room.do(leave("hal"))
    room.do(follow("hal"))
    room.do(confirm("hal"))
    steps: list[tuple[str, str | None]] = []
    for _, decided in pass_time(room.state, Moment(room.now, room.mint)):
        steps += [(owed.person, owed.about) for owed in decided.notices]
    assert steps == [("f-ida", first.id), ("f-ida", second.id)]


def test_going_on_with_nothing_changes_nothing() -> None:
    """Whoever asks for it."""
    room = a_room("fay")
    before = room.state
    room.do(TellDue(project_id=P))
    assert (told(room), room.state.following) == ([], before.following)


# Sessions that open


def test_sessions_open_with_their_call() -> None:
    """All of them in one notice; opened again they are no news."""
    room = a_room("fay", "gus")
    room.do(OpenCall(project_id=P))
    assert told(room) == [("f-fay", OPEN), ("f-gus", OPEN)]
    assert [slot.id for slot in room.notices[0].opened] == [one.id for one in room.state.in_order()]
    room.do(CloseCall(project_id=P))
    assert told(room) == []
    room.do(confirm("fay"))
    room.do(OpenCall(project_id=P))
    assert told(room) == []


def test_a_call_that_opens_by_itself_is_told_too() -> None:
    """And one that closes at the same moment is not."""
    opens = NOW + timedelta(hours=1)
    for closes, expected in ((None, [("f-fay", OPEN)]), (opens + timedelta(hours=1), [])):
        room = a_room("fay", call=Call(opens_at=opens, closes_at=closes))
        room.now = opens + timedelta(hours=2)
        assert goes_on(room) == [expected]


def test_a_session_is_told_when_it_is_added_to_an_open_call() -> None:
    """Alone, for the others are known; in a closed one, when it opens."""
    room = a_room("fay")
    room.do(add("fri", "2021-07-09T10:00"))
    assert told(room) == []
    room.do(OpenCall(project_id=P))
    assert told(room) == [("f-fay", OPEN)]
    room.do(add())
    assert told(room) == [("f-fay", OPEN)]
    assert [slot.id for slot in room.notices[0].opened] == ["wed"]
    assert goes_on(room) == []


def test_a_call_without_followers_or_sessions_tells_nobody() -> None:
    """Nothing is kept of it."""
    room = a_room(sessions=())
    room.do(follow())
    room.do(OpenCall(project_id=P))
    room.do(confirm())
    room.do(CloseCall(project_id=P))
    room.do(OpenCall(project_id=P))
    assert told(room) == []
    assert not room.state.following.openings
    room.do(add())
    assert told(room) == [("f-fay", OPEN)]


def test_whoever_registered_is_not_told_of_openings() -> None:
    """However they write their address; who withdrew is."""
    room = a_room("ada", "bea", opened=True)
    for who in ("ada", "bea"):
        room.do(interest(member(who, email=f"{who.upper()}@example.org"), "mon"))
    room.do(Withdraw(project_id=P, registration_id=room.of("bea").id))
    room.do(add())
    assert told(room) == [("f-bea", OPEN)]
    room.do(post())
    assert told(room) == [("f-ada", UPDATE), ("f-bea", UPDATE)]


@pytest.mark.parametrize("members_only", [True, False])
def test_where_only_members_take_part_others_are_not_told_of_openings(members_only: bool) -> None:
    """Unless nobody knows who is one; news are for everybody."""
    room = a_room("fay", "gus", "hal", members_only=members_only)
    for who, known in (("fay", True), ("gus", False)):
        room.state = room.state.put(replace(room.state.followers[f"f-{who}"], member=known))
    room.do(OpenCall(project_id=P))
    others = [] if members_only else ["f-gus"]
    assert [one for one, _ in told(room)] == ["f-fay", *others, "f-hal"]
    room.do(post())
    assert [one for one, _ in told(room)] == ["f-fay", "f-gus", "f-hal"]


def test_what_is_over_before_somebody_is_told_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that began, and then the whole call."""
    monkeypatch.setattr(telling, "MOST_TOLD", 1)
    room = a_room(
        "fay", "gus", "hal", sessions=(session("mon", "2021-07-05T10:00"), session("tue", "2021-07-06T10:00"))
    )
    room.do(OpenCall(project_id=P))
    assert [slot.id for slot in room.notices[0].opened] == ["mon", "tue"]
    room.now = room.state.session("mon").begins
    room.do(TellDue(project_id=P))
    assert [(owed.person, [slot.id for slot in owed.opened]) for owed in room.notices] == [("f-gus", ["tue"])]
    room.do(CloseCall(project_id=P))
    assert goes_on(room) == [[]]
    room.do(OpenCall(project_id=P))
    assert (told(room), goes_on(room)) == ([], [])


def test_a_notice_of_sessions_that_are_not_open_any_more_is_not_sent() -> None:
    """As long as one of them is, it is."""
    room = a_room("fay", sessions=(session("mon", "2021-07-05T10:00"), session("tue", "2021-07-06T10:00")))
    room.do(OpenCall(project_id=P))
    (owed,) = room.notices
    mon, tue = (room.state.session(id).begins for id in ("mon", "tue"))
    assert current(owed, room.state, mon) == owed
    assert current(owed, room.state, tue) is None
    room.do(CloseCall(project_id=P))
    assert current(owed, room.state, mon) is None


# On a desk


def test_news_come_in_the_organisers_words() -> None:
    """With how to leave; the call of a plugin's link has the id."""
    mail = Post()
    desk = a_desk(mail)
    id = on_desk(desk)
    desk.do(post(text="First.\n\nSecond: {name}."))
    desk.do(AddSession(project_id=P, session=session("wed", "2021-07-07T10:00")))
    desk.deliver()
    _, news, opening = mail.taken
    assert (news.kind, news.subject) == (UPDATE, "What we heard: Exploring COVID-19 backlogs")
    assert "\n\nFirst.\n\nSecond: {name}.\n\nYou get this because you follow" in news.text
    assert "To stop these messages, write to Q insight team" in news.text
    assert (opening.subject, opening.recipient.follower) == ("Sessions are open: Exploring COVID-19 backlogs", id)
    assert "register your interest:\n" in opening.text
    assert "Wednesday 7 July 2021" in opening.text


def test_tick_goes_on_with_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each gets it once, however often it comes by."""
    monkeypatch.setattr(telling, "MOST_TOLD", 2)
    mail, clock = Post(), Clock()
    desk = a_desk(mail, Directory(member("m1")), clock=clock)
    ids = [on_desk(desk, f"m{number}") for number in range(5)]
    desk.deliver()
    mail.taken.clear()
    desk.do(post())
    clock.moves(days=-3)
    assert (desk.tick(), desk.tick()) == (1, 0)
    desk.deliver()
    assert sorted(notice.recipient.follower for notice in mail.taken if notice.kind is UPDATE) == sorted(ids)
