"""What comes after the sessions: who gets the write-up, and its next version."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from insight_sessions import EventKind, Member, NotFound, NoticeKind
from insight_sessions.commands import learning
from insight_sessions.commands.calls import CloseCall, OpenCall
from insight_sessions.commands.owing import AT_ONCE
from insight_sessions.commands.passing import LetTimePass, wake_at
from insight_sessions.commands.places import Withdraw
from insight_sessions.domain.learning import SharedWriteUp, newest
from insight_sessions.records import decode, encode
from insight_sessions.wording.learned import learned

from .desk_kit import DAY, NOW, P, Rehearsal, interest, project, session
from .desk_store import Clock, Post, a_desk
from .learning_kit import LINK, TEXT, after, passes, refused, share, write_up

# Who gets it


@pytest.mark.parametrize(
    ("audience", "sessions", "readers"),
    [
        ("attended", (), "ada"),
        ("attended", ("mon",), "ada"),
        ("confirmed", (), "ada ben cat"),
        ("confirmed", ("tue",), "cat"),
        ("registered", (), "ada ben cat dan eve"),
        ("registered", ("mon",), "ada ben dan eve"),
        ("followers", (), "ada ben cat dan eve"),
        ("public", ("tue",), "cat"),
    ],
)
def test_each_person_in_the_audience_is_told_once(audience: str, sessions: tuple[str, ...], readers: str) -> None:
    """And nobody else."""
    room = after(ada="attended", ben="absent")
    shared = room.do(share(audience=audience, sessions=sessions))
    assert room.told == [(who, NoticeKind.WRITE_UP) for who in readers.split()]
    assert {owed.about for owed in room.notices} == {"write-up.1"}
    assert [(event.kind, event.about) for event in room.events] == [(EventKind.WRITE_UP_SHARED, "write-up.1")]
    assert (shared.version, shared.title, shared.shared_at) == (1, "What we heard", room.now)
    assert all(shared.is_for(room.of(who)) == (who in readers.split()) for who in ("ada", "ben", "cat", "dan", "eve"))


def test_whoever_registered_twice_is_told_once() -> None:
    """One person is one reader."""
    room = Rehearsal(project(session("mon", capacity=1), session("thu", capacity=1)))
    room.do(Withdraw(project_id=P, registration_id=room.register("ada", "mon").id))
    room.register("ada", "thu")
    room.now = room.state.session("mon").ends
    room.do(LetTimePass(project_id=P))
    room.do(share(audience="registered"))
    assert room.told == [("ada", NoticeKind.WRITE_UP)]
    assert room.notices[0].registration == room.of("ada").id


@pytest.mark.parametrize("sessions", [(), ("mon",), ("mon", "tue")])
def test_there_is_no_write_up_before_the_session(sessions: tuple[str, ...]) -> None:
    """Of those that are named, each must have taken place; else one of all."""
    room = Rehearsal(project())
    room.register("ada", "mon")
    assert refused(room, share(sessions=sessions)) == "session_not_held"
    room.now = room.state.session("mon").ends
    room.do(LetTimePass(project_id=P))
    if "tue" in sessions:
        assert refused(room, share(sessions=sessions)) == "session_not_held"
    else:
        assert room.do(share(sessions=sessions)).sessions == sessions


def test_an_unknown_session_or_project_is_not_found() -> None:
    """Whatever else is wrong."""
    with pytest.raises(NotFound, match="sun"):
        after().do(share(sessions=("sun",)))
    with pytest.raises(NotFound, match="project"):
        Rehearsal().do(share())
    with pytest.raises(NotFound, match="write_up"):
        after().state.find("write_up", "write-up.1")


def test_who_attended_must_be_recorded_first() -> None:
    """Or the write-up for them would reach nobody."""
    room = after()
    assert refused(room, share(audience="attended")) == "nobody_attended"


# Versions


def test_the_same_again_tells_nobody_and_a_change_is_the_next_version() -> None:
    """All versions are kept."""
    room = after("ada")
    first = room.do(share(feedback_until=14))
    again = share(feedback_until=first.feedback_until)
    for same in (again, share()):
        assert room.do(same) == first
        assert (room.told, room.happened) == ([], [])
    second = room.do(share(link=LINK))
    assert (second.version, second.key, second.feedback_until) == (2, "write-up.2", room.now + 14 * DAY)
    assert room.told == [("ada", NoticeKind.WRITE_UP)]
    assert second.words == f"{TEXT}\n\n{LINK}"
    other = room.do(share(id="long", text="All of it."))
    assert (other.version, other.feedback_until) == (1, None)
    assert {one.key for one in room.state.write_ups.values()} == {"write-up.1", "write-up.2", "long.1"}
    assert newest(room.state.write_ups.values(), "write-up") == second
    assert newest(reversed(list(room.state.write_ups.values()))) in {second, other}
    assert newest([]) is None


def test_the_one_that_was_shared_last_is_the_newest() -> None:
    """Whatever the numbers of the versions, and a clock that was set back in between."""
    room = after("ada")
    room.do(share(id="a"))
    room.now += DAY
    last = room.do(share(id="b"))
    room.now -= 2 * DAY
    room.do(share(id="a", text="Other."))
    assert newest(room.state.write_ups.values()) == last


@pytest.mark.parametrize(
    ("until", "expected"),
    [(14, None), (datetime(2021, 8, 1, 12, tzinfo=UTC), datetime(2021, 8, 1, 12, tzinfo=UTC)), (None, None)],
    ids=["days", "moment", "never"],
)
def test_feedback_is_welcome_until_a_moment(until: Any, expected: datetime | None) -> None:  # noqa: ANN401 - as given
    """In days from now, or as it is given."""
    room = after("ada")
    shared = room.do(share(feedback_until=until))
    expected = room.now + 14 * DAY if until == 14 else expected
    assert shared.feedback_until == expected
    assert shared.is_open_at(room.now) == (expected is not None)
    if expected is not None:
        assert not shared.is_open_at(expected)


def test_a_time_for_feedback_that_is_over_is_refused() -> None:
    """Nobody could give any."""
    room = after("ada")
    assert refused(room, share(feedback_until=room.now)) == "feedback_over"
    first = room.do(share(feedback_until=1))
    room.now += 2 * DAY
    assert room.do(share(text="Other.")).feedback_until == first.feedback_until


@pytest.mark.parametrize(
    "bad",
    [
        {"text": ""},
        {"text": "  "},
        {"link": "http://example.org"},
        {"title": ""},
        {"id": "a.b"},
        {"audience": "everyone"},
        {"feedback_until": 0},
        {"feedback_until": 366},
        {"feedback_until": True},
        {"feedback_until": datetime(2021, 8, 1)},  # noqa: DTZ001 - that it has no zone is what is wrong
        {"feedback_until": datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-12)))},
        {"text": "x" * 10_001},
    ],
)
def test_a_wrong_write_up_stays_outside(bad: dict[str, Any]) -> None:
    """It is refused before anybody holds the project."""
    with pytest.raises(ValidationError):
        share(**bad)


# Many people


@pytest.mark.parametrize("number", [1, 2, 3, 5])
def test_many_people_are_told_in_steps(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Each once, and one event says so."""
    monkeypatch.setattr(learning, "MOST_TOLD", 2)
    who = [f"m{one}" for one in range(number)]
    room = after(*who)
    room.do(share(audience="registered"))
    told = [name for name, _ in room.told]
    assert (len(told), room.happened) == (min(number, 2), [EventKind.WRITE_UP_SHARED])
    assert (wake_at(room.state) == AT_ONCE) == (number > 2)
    room.now -= DAY  # a clock that is set back holds nobody up
    told += passes(room)
    assert sorted(told) == who
    assert passes(room) == []
    assert wake_at(room.state) == room.state.session("thu").ends


def test_a_switch_in_between_changes_nothing_about_who_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it changes the order of arrival."""
    monkeypatch.setattr(learning, "MOST_TOLD", 1)
    room = after("m0", "m1", "m2")
    room.do(share(audience="registered"))
    ((first, _),) = room.told
    room.state = room.state.put(room.of(first).but(arrived=99))
    assert sorted([first, *passes(room)]) == ["m0", "m1", "m2"]


def test_a_new_version_ends_the_telling_of_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody gets both for want of time."""
    monkeypatch.setattr(learning, "MOST_TOLD", 1)
    room = after("m0", "m1")
    room.do(share(audience="registered"))
    room.do(share(audience="registered", text="Other."))
    ((first, _),) = room.told
    assert sorted([first, *passes(room)]) == ["m0", "m1"]


# What they read


def test_readers_get_the_words_and_the_link() -> None:
    """With the time for feedback by the clocks of the project; a next version says that it is one."""
    post, clock = Post(), Clock()
    desk = a_desk(post, clock=clock)
    desk.do(interest("ada", "mon"))
    desk.deliver()
    clock.now = desk.state(P).session("mon").ends
    until = datetime(2021, 8, 1, 16, tzinfo=UTC)
    assert desk.preview(share()).notices[0].about == "write-up.1"
    command = share(link=LINK, feedback_until=until).model_copy(update={"id": "k-1"})
    assert desk.do(command) == desk.do(command) == desk.state(P).find("write_up", "write-up.1")
    desk.do(share(text="More of it."))
    desk.deliver()
    first, second = post.taken[1:]
    assert first.subject == "What came out of the sessions: Exploring COVID-19 backlogs"
    assert f"“Exploring COVID-19 backlogs”.\n\nWhat we heard\n\n{TEXT}\n\n{LINK}\n\n" in first.text
    assert "until this time:\nSunday 1 August 2021, 17:00 (London time, BST)\nTo tell us, write to" in first.text
    assert "version" not in first.text
    assert "It is an update: version 2, which takes the place of the one before." in second.text
    assert "More of it." in second.text
    assert first.text.endswith("insight@example.org")
    assert TEXT not in repr(desk.history(P))


def test_a_place_that_comes_later_does_not_keep_the_write_up_from_them() -> None:
    """What was learned is news, whatever else is said to them."""
    post, clock = Post(faults=1), Clock()
    desk = a_desk(post, clock=clock, announced=project(session("mon"), session("thu")))
    ada, ben = desk.do(interest("ada", "thu")), desk.do(interest("ben", "thu"))
    desk.deliver()
    clock.now = desk.state(P).session("mon").ends
    desk.do(share(audience="registered"))
    desk.do(Withdraw(project_id=P, registration_id=ada.id))
    clock.moves(hours=1)
    desk.deliver()
    assert [kind for who, kind in post.said if who == "ben"][-2:] == [NoticeKind.WRITE_UP, NoticeKind.PLACE_CONFIRMED]
    assert desk.state(P).registration(ben.id).place == "thu"


def test_a_notice_of_what_is_gone_is_not_sent() -> None:
    """It becomes a dead letter."""
    room = after("ada")
    room.do(share())
    (owed,) = room.notices
    room.state = Rehearsal(project()).state.put(room.of("ada"))
    with pytest.raises(NotFound, match=r"write-up\.1"):
        learned(owed, room.state)


def test_many_are_told_while_others_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """A desk goes on with it whenever somebody comes by, or it ticks."""
    monkeypatch.setattr(learning, "MOST_TOLD", 2)
    post, clock = Post(), Clock()
    desk = a_desk(post, clock=clock, announced=project(session("mon", capacity=9), session("thu", capacity=9)))
    for number in range(5):
        desk.do(interest(Member(id=f"m{number}", name="M", email=f"m{number}@example.org"), "mon"))
    clock.now = desk.state(P).session("mon").ends
    desk.do(CloseCall(project_id=P))
    desk.do(share())
    desk.do(OpenCall(project_id=P))
    desk.tick()
    desk.deliver()
    told = [who for who, kind in post.said if kind is NoticeKind.WRITE_UP]
    assert sorted(told) == [f"m{number}" for number in range(5)]


def test_a_version_is_kept_as_it_was_shared() -> None:
    """With no subject, for it is the team's."""
    shared = SharedWriteUp(
        id="write-up", version=1, title="T", text="X", audience=write_up().audience, shared_at=NOW + timedelta(hours=1)
    )
    record = encode(P, "write_up", shared.key, 1, shared)
    assert record.subject is None
    assert decode([record]).things == [shared]


def test_a_version_after_the_time_for_feedback_asks_for_none() -> None:
    """Nobody is asked for something by a moment that has passed."""
    room = after()
    room.do(share(feedback_until=1))
    assert all(learned(owed, room.state)["feedback_until"] for owed in room.notices)
    room.now += 2 * DAY
    room.do(share(text="Waiting is work for many."))
    assert room.notices
    assert [learned(owed, room.state)["feedback_until"] for owed in room.notices] == [""] * len(room.notices)
