"""How to join a session: for those with a place in it, once it is released, and for nobody else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from insight_sessions import EventKind, Method, NotFound, NoticeKind, NotPossible
from insight_sessions.commands import joining
from insight_sessions.commands.calls import CancelProject
from insight_sessions.commands.deciding import pass_time
from insight_sessions.commands.joining import ReleaseJoiningDetails
from insight_sessions.commands.passing import LetTimePass, due_at, wake_at
from insight_sessions.commands.places import Withdraw
from insight_sessions.commands.sessions import CancelSession, RescheduleSession
from insight_sessions.runtime import Moment
from tests.calendar_client import event_of

from .desk_kit import DAY, NOW, P, Rehearsal, interest, project, session
from .desk_store import Clock, Post, a_desk

LINK = "https://meet.example.org/backlogs"
OTHER = "https://meet.example.org/other"


def release(link: str | None = LINK, text: str = "", hours_before: int | None = None) -> ReleaseJoiningDetails:
    """Monday's details."""
    return ReleaseJoiningDetails(project_id=P, session_id="mon", link=link, text=text, hours_before=hours_before)


def room_of(*who: str, capacity: int = 2) -> Rehearsal:
    """Some people who want Monday; Tuesday has a place for everybody else."""
    room = Rehearsal(project(session("mon", capacity=capacity), session("tue", capacity=None)))
    for one in who:
        room.register(one, "mon")
    return room


def passes(room: Rehearsal) -> list[NoticeKind]:
    """Let time pass as the writer does; what people are told by it."""
    told: list[NoticeKind] = []
    for _, decided in pass_time(room.state, Moment(room.now, room.mint)):
        told += [owed.kind for owed in decided.notices]
        room.state, room.last = decided.state, decided
    return told


def test_those_with_a_place_are_told_at_once() -> None:
    """With the same revision of their invite, and the answer their calendar gave; who waits hears nothing."""
    room = room_of("ada", "ben", "cat")
    room.state = room.state.put(room.of("ada").but(partstat="ACCEPTED"))
    assert room.do(release()).id == "mon"
    assert room.told == [("ada", NoticeKind.JOINING_DETAILS), ("ben", NoticeKind.JOINING_DETAILS)]
    ada = room.owed_to("ada")
    assert (ada.method, ada.sequence, ada.partstat) == (Method.REQUEST, 0, "ACCEPTED")
    assert ada.at > NOW
    assert room.happened == [EventKind.JOINING_RELEASED]
    assert room.state.joining["mon"].released == NOW


def test_the_same_details_again_tell_nobody() -> None:
    """Whenever they are to be released; others replace them at once."""
    room = room_of("ada")
    room.do(release())
    for again in (release(), release(hours_before=5)):
        room.do(again)
        assert (room.told, room.happened) == ([], [])
    room.do(release(OTHER, hours_before=5))
    assert room.told == [("ada", NoticeKind.JOINING_DETAILS)]
    assert room.state.joining["mon"].words == OTHER


def test_details_may_wait_until_some_hours_before() -> None:
    """Then time releases them, once, however late it is."""
    room = room_of("ada")
    begins = room.state.session("mon").begins
    room.do(release(hours_before=24))
    assert (room.told, room.happened) == ([], [EventKind.JOINING_PLANNED])
    room.do(release(hours_before=24))
    assert room.happened == []
    assert wake_at(room.state) == begins - DAY
    room.now = begins - DAY - timedelta(seconds=1)
    assert passes(room) == []
    room.now = begins + timedelta(minutes=5)
    assert passes(room) == [NoticeKind.JOINING_DETAILS]
    assert room.happened == [EventKind.JOINING_RELEASED]
    assert passes(room) == []
    assert wake_at(room.state) == room.state.session("mon").ends


def test_what_is_planned_can_be_planned_anew_or_released_now() -> None:
    """And when it is late for it already, now it is."""
    room = room_of("ada")
    room.do(release(hours_before=24))
    room.do(release(OTHER, hours_before=48))
    assert room.told == []
    room.do(release(OTHER))
    assert room.told == [("ada", NoticeKind.JOINING_DETAILS)]
    late = room_of("ada")
    late.now = late.state.session("mon").begins - timedelta(hours=1)
    late.do(release(hours_before=2))
    assert late.told == [("ada", NoticeKind.JOINING_DETAILS)]


def test_the_moment_moves_with_the_session() -> None:
    """It is so long before the session, whenever that is."""
    room = room_of("ada")
    room.do(release(hours_before=24))
    room.do(RescheduleSession(project_id=P, session_id="mon", starts="2021-07-09T10:00"))
    assert wake_at(room.state) == min(
        room.state.session("mon").begins - DAY,
        room.state.session("tue").ends,
    )


@pytest.mark.parametrize("number", [1, 2, 3, 5])
def test_many_people_are_told_in_steps(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Each once, in order of arrival, and one event says so."""
    monkeypatch.setattr(joining, "MOST_TOLD", 2)
    who = [f"m{one}" for one in range(number)]
    room = room_of(*who, capacity=9)
    room.do(release())
    assert [name for name, _ in room.told] == who[:2]
    assert room.happened == [EventKind.JOINING_RELEASED]
    assert (wake_at(room.state) == NOW) == (number > 2)
    assert passes(room) == [NoticeKind.JOINING_DETAILS] * max(0, number - 2)
    assert wake_at(room.state) != NOW


@pytest.mark.parametrize("ends", [CancelSession(project_id=P, session_id="mon"), CancelProject(project_id=P)])
def test_a_session_that_is_over_has_nothing_to_release(ends: Any) -> None:  # noqa: ANN401 - any command
    """Neither now nor later."""
    room = room_of("ada")
    room.do(release(hours_before=1))
    room.do(ends)
    room.now = NOW + 60 * DAY
    with pytest.raises(NotPossible) as caught:
        room.do(release())
    assert caught.value.reason == "session_cancelled"
    assert NoticeKind.JOINING_DETAILS not in passes(room)


def test_a_held_session_and_an_unknown_one_have_none() -> None:
    """Each says what is the matter."""
    room = room_of("ada")
    with pytest.raises(NotFound):
        room.do(release().model_copy(update={"session_id": "sun"}))
    room.now = room.state.session("mon").ends
    room.do(LetTimePass(project_id=P))
    with pytest.raises(NotPossible) as caught:
        room.do(release())
    assert caught.value.reason == "session_held"


def test_nothing_is_due_in_a_project_that_is_not_there() -> None:
    """There is no time for it."""
    assert due_at(Rehearsal().state, NOW) is None


@pytest.mark.parametrize(
    "bad",
    [
        {"link": None},
        {"link": None, "text": "  "},
        {"link": "http://meet.example.org"},
        {"link": "https://ada:secret@meet.example.org"},
        {"hours_before": -1},
        {"hours_before": 10**9},
        {"text": "x" * 10_001},
    ],
)
def test_wrong_details_stay_outside(bad: dict[str, Any]) -> None:
    """They are refused before anybody holds the project."""
    with pytest.raises(ValidationError):
        ReleaseJoiningDetails(**{"project_id": P, "session_id": "mon", "link": LINK, **bad})


# On a desk


def unfolded(data: bytes) -> str:
    """A calendar file with whole lines."""
    return data.replace(b"\r\n ", b"").decode()


def has_link(data: bytes) -> bool:
    """Whether the link stands in all its places, or in none."""
    text = unfolded(data)
    lines = [line for line in text.split("\r\n") if LINK in line and not line.startswith("X-")]
    names = {line.partition(":")[0].partition(";")[0] for line in lines}
    assert names in ({"LOCATION", "DESCRIPTION", "CONFERENCE"}, set())
    return bool(names)


def test_only_those_with_a_place_see_the_link() -> None:
    """In the notice, the invite, and later ones; in no file that others see, no cancellation, no event."""
    post = Post()
    desk = a_desk(post, announced=project(session("mon", capacity=1), session("tue", capacity=1)))
    ada = desk.do(interest("ada", "mon"))
    ben = desk.do(interest("ben", "mon"))
    assert not has_link(desk.invite(P, ada.id))
    desk.deliver()
    desk.do(release(text="Dial 0123 if all else fails."))
    desk.deliver()
    told = {(notice.recipient.member_id, notice.kind): notice for notice in post.taken}
    mine = told["ada", NoticeKind.JOINING_DETAILS]
    assert mine.invite is not None
    assert has_link(mine.invite.data)
    assert f"How to join:\n{LINK}\nDial 0123 if all else fails." in mine.text
    assert "Dial 0123" in unfolded(mine.invite.data)
    assert event_of(mine.invite.data).sequence == 0
    public: list[Callable[[], bytes]] = [
        lambda: desk.feed(P),
        lambda: desk.session_calendar(P, "mon"),
        lambda: desk.personal_feed(desk.feed_token("ada")),
    ]
    assert not any(LINK in unfolded(read()) for read in public)
    assert LINK not in repr(desk.history(P))
    assert not any(LINK in notice.text for (who, _), notice in told.items() if who == "ben")
    post.taken.clear()
    desk.do(Withdraw(project_id=P, registration_id=ada.id))
    desk.deliver()
    left, given = post.taken
    assert left.invite is not None
    assert given.invite is not None
    assert LINK not in left.text + unfolded(left.invite.data) + unfolded(desk.invite(P, ada.id))
    assert (given.recipient.member_id, LINK in given.text, has_link(given.invite.data)) == ("ben", True, True)
    assert has_link(desk.invite(P, ben.id))
    assert all(has_link(data) for _, data in desk.invites(P))


def test_what_was_to_be_said_before_the_place_went_says_it_no_longer() -> None:
    """Who withdraws before the post comes gets no link."""
    post, clock = Post(), Clock()
    desk = a_desk(post, clock=clock)
    ada = desk.do(interest("ada", "mon"))
    desk.deliver()
    post.taken.clear()
    post.faults = 1
    desk.do(release())
    desk.deliver()
    desk.do(Withdraw(project_id=P, registration_id=ada.id))
    clock.moves(hours=1)
    desk.deliver()
    assert [kind for _, kind in post.said] == [NoticeKind.JOINING_DETAILS, NoticeKind.WITHDRAWN]
    assert not any(LINK in notice.text for notice in post.taken)
    assert not any(LINK in unfolded(notice.invite.data) for notice in post.taken if notice.invite is not None)


def test_tick_releases_what_is_due() -> None:
    """Nobody else needs to come by."""
    post, clock = Post(), Clock()
    desk = a_desk(post, clock=clock)
    desk.do(interest("ada", "mon"))
    desk.do(release(hours_before=24))
    desk.deliver()
    clock.now = desk.state(P).session("mon").begins - timedelta(hours=3)
    assert desk.tick() == 1
    desk.deliver()
    assert post.said[-1] == ("ada", NoticeKind.JOINING_DETAILS)
    assert desk.preview(release()).notices == ()
