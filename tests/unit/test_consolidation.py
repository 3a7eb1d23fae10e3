"""Giving up sessions that are too small: who goes where, who is told what, and what is refused."""

from collections.abc import Sequence
from typing import Any

import pytest

from insight_sessions.commands.allocation import Allocate
from insight_sessions.commands.base import Command
from insight_sessions.commands.calls import CancelProject
from insight_sessions.commands.consolidation import Consolidate
from insight_sessions.commands.places import SwitchSession, Withdraw
from insight_sessions.commands.sessions import CancelSession
from insight_sessions.domain.consolidated import Consolidation, ProposedMove
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.notices import Method, NoticeKind, Owed
from insight_sessions.domain.registration import Offer, Status
from insight_sessions.errors import NotFound, NotPossible
from insight_sessions.explaining import explain
from insight_sessions.records import decode, encode
from insight_sessions.wording import say

from .desk_kit import DAY, NOW, P, Rehearsal, project, session


def consolidate(cancel: Sequence[str] | None = None, reason: str = "") -> Consolidate:
    """The command."""
    return Consolidate(project_id=P, cancel=None if cancel is None else tuple(cancel), reason=reason)


def the_example(places: str = "first-come") -> Rehearsal:
    """Three sessions of eight places that need three people; two, two and three came."""
    ids = ("mon", "tue", "thu")
    room = Rehearsal(project(*(session(id, capacity=8, minimum=3) for id in ids), places=places))
    for number, wishes in enumerate(
        (("mon", "thu"), ("mon", "tue"), ("tue",), ("tue", "mon"), ("thu",), ("thu", "tue"), ("thu",)), 1
    ):
        room.register(f"m{number}", *wishes)
    if places != "first-come":
        room.do(Allocate(project_id=P, policy="optimal", seed=1))
    return room


def text_to(room: Rehearsal, owed: Owed) -> str:
    """What somebody reads."""
    return say(owed, room.state.definition, room.state.people[owed.person], None, "Too few.")[1]


@pytest.mark.parametrize("places", ["first-come", "allocation"])
def test_the_best_session_is_given_up_and_its_people_move(places: str) -> None:
    """Each with one message and one update of the invite they have."""
    room = the_example(places)
    before = {who: room.of(who) for who in ("m1", "m2")}
    found = room.do(consolidate(reason="Too few."))
    assert (found.given_up, found.below, found.numbers) == (("mon",), (), (("thu", 4), ("tue", 3)))
    assert found.is_best
    assert [(move.origin, move.session, move.against) for move in found.moves] == [
        ("mon", "thu", True),
        ("mon", "tue", True),
    ]
    assert room.told == [
        ("m1", NoticeKind.PLACE_MOVED),
        ("m2", NoticeKind.PLACE_MOVED),
    ]
    for who, earlier in before.items():
        owed = room.owed_to(who)
        assert (owed.method, owed.sequence, room.of(who).uid) == (Method.REQUEST, earlier.sequence + 1, earlier.uid)
        assert (owed.cancelled and owed.cancelled.id, owed.others_cancelled) == ("mon", ())
    assert room.state.session("mon").reason == "Too few."
    assert decode([encode(P, "consolidation", found.id, 1, found)]).things == [found]


def test_the_journal_says_what_was_given_up() -> None:
    """And each move."""
    room = the_example()
    found = room.do(consolidate())
    assert room.happened == [
        EventKind.CONSOLIDATED,
        EventKind.SESSION_CANCELLED,
        EventKind.PLACE_MOVED,
        EventKind.PLACE_MOVED,
    ]
    assert room.events[0].outcome == found.id


def test_whoever_has_no_other_session_comes_first_on_the_waiting_list() -> None:
    """Their calendar takes the session out."""
    room = Rehearsal(project(session("mon", capacity=3, minimum=2), session("tue", capacity=2)))
    room.register("ada", "mon")
    room.register("ben", "tue")
    room.register("cat", "tue")
    room.register("dan", "mon", "tue")
    room.do(Withdraw(project_id=P, registration_id=room.of("dan").id))
    room.register("eve", "tue")
    found = room.do(consolidate())
    assert found.moves == (ProposedMove(room.of("ada").id, "mon", None, against=False),)
    assert decode([encode(P, "consolidation", found.id, 1, found)]).things == [found]
    assert room.told == [("ada", NoticeKind.SESSION_CANCELLED)]
    assert room.owed_to("ada").method is Method.CANCEL
    assert (room.of("ada").status, room.of("ada").displaced) == (Status.WAITING, True)


def test_only_the_sessions_that_are_named_are_given_up() -> None:
    """No others, though they are too small."""
    room = the_example()
    found = room.do(consolidate(["tue"]))
    assert found.given_up == ("tue",)
    assert room.of("m4").place == "mon"
    assert room.of("m3").status is Status.WAITING
    nothing = the_example().do(consolidate([]))
    assert nothing.given_up == ()


def test_people_who_had_hoped_for_several_sessions_are_told_once_of_all() -> None:
    """In one message that names them."""
    room = Rehearsal(project(*(session(id, capacity=1, minimum=0) for id in ("mon", "tue", "thu")), places="review"))
    room.register("ada", "mon", "tue", "thu")
    room.register("ben", "tue")
    found = room.do(consolidate(["mon", "tue"], "Ill."))
    assert sorted(found.given_up) == ["mon", "tue"]
    assert room.told == [("ada", NoticeKind.SESSION_CANCELLED), ("ben", NoticeKind.SESSION_CANCELLED)]
    owed = room.owed_to("ada")
    assert owed.cancelled is not None
    assert [owed.cancelled.id, *(slot.id for slot in owed.others_cancelled)] == ["mon", "tue"]
    said = text_to(room, owed)
    assert "these sessions of" in said
    assert "You had asked for them." in said
    assert "Monday 5 July" in said
    assert "Tuesday 6 July" in said
    assert room.owed_to("ben").others_cancelled == ()
    assert "You had asked for it." in text_to(room, room.owed_to("ben"))


def test_the_place_that_was_lost_comes_before_the_hope_that_was() -> None:
    """Both are gone, and one message says so."""
    room = Rehearsal(project(session("mon"), session("tue"), session("thu")))
    room.register("ada", "mon")
    room.register("ben", "tue")
    room.do(SwitchSession(project_id=P, registration_id=room.of("ben").id, sessions=("mon", "tue", "thu")))
    room.do(consolidate(["mon", "tue"]))
    owed = room.owed_to("ben")
    assert (owed.kind, owed.cancelled and owed.cancelled.id) == (NoticeKind.PLACE_MOVED, "tue")
    assert [slot.id for slot in owed.others_cancelled] == ["mon"]
    assert "these sessions of" in text_to(room, owed)


def test_places_that_are_left_go_to_those_in_line() -> None:
    """A session was filled from one that people wait for."""
    room = Rehearsal(project(session("mon", capacity=2, minimum=1), session("tue", capacity=2, minimum=2)))
    room.register("ada", "mon", "tue")
    room.register("ben", "mon")
    room.register("cat", "mon")
    room.register("dan", "tue")
    found = room.do(consolidate())
    assert (found.given_up, found.numbers) == ((), (("mon", 1), ("tue", 2)))
    assert room.places() == {"ada": "tue", "ben": "mon", "cat": "mon", "dan": "tue"}
    assert room.told == [("ada", NoticeKind.PLACE_MOVED), ("cat", NoticeKind.PLACE_CONFIRMED)]
    said = {one.code: one.sentence for one in explain(room.state, room.of("ada"), NOW).reasons}
    assert list(said) == ["has_place", "consolidated"]
    assert said["consolidated"].startswith("You were moved from Monday, so that")


def test_nobody_in_line_leaves_the_session_that_was_filled() -> None:
    """Dan would take the place that Ada leaves, and Tuesday would be too small again: so it is given up."""
    room = Rehearsal(project(session("mon", capacity=2, minimum=1), session("tue", capacity=3, minimum=2)))
    room.register("ada", "mon", "tue")
    room.register("ben", "mon")
    room.register("dan", "mon", "tue")
    room.do(SwitchSession(project_id=P, registration_id=room.of("dan").id, sessions=("mon", "tue")))
    assert room.of("dan").place == "tue"
    room.state = room.state.put(room.of("dan").but(switching=True))
    found = room.do(consolidate())
    assert found.given_up == ("tue",)
    assert room.places() == {"ada": "mon", "ben": "mon", "dan": None}


def test_somebody_who_is_not_eligible_any_more_is_not_moved() -> None:
    """They lose the place, and are passed over."""
    room = the_example()
    room.state = room.state.put(room.of("m1").but(barred=True))
    room.do(consolidate(["mon"]))
    assert room.of("m1").place is None


def test_a_place_that_is_offered_to_somebody_is_not_given_to_another() -> None:
    """Nor a session that has begun filled."""
    room = Rehearsal(project(session("mon", capacity=1, minimum=1), session("tue", capacity=1)))
    room.register("ada", "mon", "tue")
    room.register("ben", "tue")
    room.state = room.state.put(room.of("ben").but(place=None, offer=Offer("tue", NOW + DAY)))
    found = room.do(consolidate(["mon"]))
    assert found.moves[0].session is None


def test_sessions_without_a_limit_take_everybody() -> None:
    """There is no end of places."""
    room = Rehearsal(project(session("mon", capacity=9, minimum=2), session("tue", capacity=None, minimum=1)))
    room.register("ada", "mon", "tue")
    room.register("ben", "tue")
    assert room.do(consolidate()).given_up == ("mon",)
    assert room.of("ada").place == "tue"


def test_when_every_session_is_worth_running_nothing_changes() -> None:
    """It is noted all the same."""
    room = Rehearsal(project(session("mon", capacity=2, minimum=1)))
    room.register("ada", "mon")
    found = room.do(consolidate())
    assert (found.given_up, found.moves, room.told, room.happened) == ((), (), [], [EventKind.CONSOLIDATED])
    assert room.do(consolidate()).number == 2


def test_what_cannot_be_given_up_is_refused() -> None:
    """Unknown, cancelled or begun; or in a project that is cancelled."""
    room = the_example()
    facts = room.facts(consolidate(["fri"]))
    assert facts.proposed is None
    with pytest.raises(NotFound):
        room.do(consolidate(["fri"]))
    room.do(CancelSession(project_id=P, session_id="mon"))
    with pytest.raises(NotPossible, match="cancelled"):
        room.do(consolidate(["mon"]))
    room.now = NOW + 23 * DAY
    with pytest.raises(NotPossible, match="has begun"):
        room.do(consolidate(["tue"]))
    room.now = NOW
    room.do(CancelProject(project_id=P))
    with pytest.raises(NotPossible, match="project was cancelled"):
        room.do(consolidate())


def test_what_was_worked_out_before_anything_changed_is_refused() -> None:
    """Somebody new, somebody gone, or somebody in line."""
    room = the_example()
    facts = room.facts(consolidate())
    fresh = room.state
    changes: list[Command[Any]] = [
        Withdraw(project_id=P, registration_id=room.of("m5").id),
        CancelSession(project_id=P, session_id="tue"),
        SwitchSession(project_id=P, registration_id=room.of("m7").id, sessions=("thu", "tue")),
    ]
    for change in changes:
        room.state = fresh
        room.do(change)
        with pytest.raises(NotPossible) as refusal:
            room.decide(consolidate(), facts)
        assert refusal.value.reason == "changed"


def test_a_consolidation_that_moved_somebody_is_told_while_it_is_so() -> None:
    """Not after they went elsewhere."""
    room = the_example()
    room.do(consolidate())
    assert "consolidated" in [one.code for one in explain(room.state, room.of("m1"), NOW).reasons]
    room.do(SwitchSession(project_id=P, registration_id=room.of("m1").id, sessions=("tue",)))
    assert "consolidated" not in [one.code for one in explain(room.state, room.of("m1"), NOW).reasons]
    assert isinstance(next(iter(room.state.consolidations.values())), Consolidation)
