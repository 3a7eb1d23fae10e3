from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from insight_sessions.commands.base import Command, Facts, Ref, Ruling
from insight_sessions.commands.calls import AmendProject, CancelProject
from insight_sessions.commands.deciding import decide
from insight_sessions.commands.difference import Cause
from insight_sessions.commands.places import ConfirmPlace, SwitchSession, Withdraw
from insight_sessions.commands.sessions import CancelSession, RescheduleSession, ResizeSession
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.notices import Method, NoticeKind, Owed
from insight_sessions.domain.project import Project
from insight_sessions.domain.registration import Decision, Registration
from insight_sessions.domain.state import ProjectState
from insight_sessions.runtime import Moment

from .desk_kit import DAY, NOW, P, Rehearsal, minting, project, session


class Just(Command[Project]):
    """A rule that makes one change, whatever it is."""

    change: Callable[[ProjectState], ProjectState]
    cause: Cause | None = None

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """As told."""
        return Ruling(self.change(state), Ref("project", state.project_id), cause=self.cause)


def rewritten(one: Registration) -> Just:
    """A rule that puts one registration."""
    return Just(project_id=P, change=lambda state: state.put(one))


def seen(owed: Owed) -> tuple[Method | None, int]:
    """What a calendar sees of a notice."""
    return owed.method, owed.sequence


def test_one_persons_chain_has_one_uid_and_a_sequence_that_only_grows() -> None:
    """CALENDAR.md "Chains": REQUEST 0, each move or new time +1, CANCEL +1, a place again above it."""
    room = Rehearsal(project(session("mon"), session("tue", capacity=2), session("thu")))
    ada = room.register("ada", "mon")
    chain = [seen(room.owed_to("ada"))]
    commands: list[Command[Any]] = [
        SwitchSession(project_id=P, registration_id=ada.id, sessions=("tue",)),
        RescheduleSession(project_id=P, session_id="tue", starts="2021-07-06T16:00"),
        AmendProject(project_id=P, title="Another name"),
        CancelSession(project_id=P, session_id="tue"),
        SwitchSession(project_id=P, registration_id=ada.id, sessions=("thu",)),
        Withdraw(project_id=P, registration_id=ada.id),
    ]
    stamps = [room.of("ada").stamped]
    for command in commands:
        room.now += DAY
        room.do(command)
        chain.append(seen(room.owed_to("ada")))
        stamps.append(room.of("ada").stamped)
    assert chain == [
        ("REQUEST", 0),
        ("REQUEST", 1),
        ("REQUEST", 2),
        ("REQUEST", 2),
        ("CANCEL", 3),
        ("REQUEST", 4),
        ("CANCEL", 5),
    ]
    assert stamps == [NOW + number * DAY for number in range(7)]
    assert room.of("ada").uid == ada.uid


def test_only_the_first_request_begins_a_chain() -> None:
    """So that a cancellation of what nobody heard of can be told apart."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon")
    assert room.owed_to("ada").begins
    room.do(SwitchSession(project_id=P, registration_id=ada.id, sessions=("tue",)))
    assert not room.owed_to("ada").begins
    room.register("ben", "tue")
    assert not room.owed_to("ben").begins
    room.do(Withdraw(project_id=P, registration_id=ada.id))
    assert not room.owed_to("ada").begins
    assert room.owed_to("ben").begins


def test_a_chain_that_was_cancelled_goes_on() -> None:
    """A place again is not a beginning, and the cancelled session is forgotten."""
    room = Rehearsal(project(session("mon"), session("tue", capacity=0)))
    room.register("ada", "mon", "tue")
    room.do(CancelSession(project_id=P, session_id="mon"))
    assert (seen(room.owed_to("ada")), room.of("ada").left) == (("CANCEL", 1), room.state.slots["mon"])
    room.do(ResizeSession(project_id=P, session_id="tue", capacity=1))
    assert (seen(room.owed_to("ada")), room.of("ada").left) == (("REQUEST", 2), None)
    assert not room.owed_to("ada").begins


def test_an_answer_counts_for_the_time_it_was_given_to() -> None:
    """Other words keep what their calendar answered, another time asks again."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon")
    room.state = room.state.put(replace(ada, partstat="ACCEPTED"))
    room.do(AmendProject(project_id=P, title="Another name"))
    assert room.owed_to("ada").partstat == room.of("ada").partstat == "ACCEPTED"
    room.do(RescheduleSession(project_id=P, session_id="mon", starts="2021-07-05T11:00"))
    assert room.owed_to("ada").partstat is room.of("ada").partstat is None


def test_moving_between_sessions_at_the_same_time_is_a_move() -> None:
    """They are told which one they had."""
    room = Rehearsal(project(session("mon"), session("other", "2021-07-05T10:00")))
    ada = room.register("ada", "mon")
    room.do(SwitchSession(project_id=P, registration_id=ada.id, sessions=("other",)))
    assert room.told == [("ada", NoticeKind.PLACE_MOVED)]
    owed = room.owed_to("ada")
    assert (owed.previous and owed.previous.id, owed.slot and owed.slot.id, owed.sequence) == ("mon", "other", 1)


def test_every_notice_has_an_id_and_a_message_id_of_its_own() -> None:
    """Under the organiser's domain, so that mail servers believe it; it says whose it was, in ids of ours."""
    room = Rehearsal(project(session(capacity=2)))
    room.register("ada", "mon")
    room.register("ben", "mon")
    room.do(CancelProject(project_id=P))
    ids = [owed.id for owed in room.notices]
    assert len(set(ids)) == 2
    theirs = [owed.registration for owed in room.notices]
    assert len(set(theirs)) == 2
    said = [f"<{id}.{whose}.{P}@example.org>" for id, whose in zip(ids, theirs, strict=True)]
    assert [owed.message_id for owed in room.notices] == said


def test_notices_and_events_hold_no_personal_data() -> None:
    """Ids and facts only: names are joined when a notice is sent."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon")
    room.do(Withdraw(project_id=P, registration_id=ada.id, reason="canary"))
    text = repr((room.events, room.notices))
    for personal in ("canary", "Ada", "ada@example.org"):
        assert personal not in text


def test_people_are_told_in_order_of_arrival() -> None:
    """Whatever order the rule went through them."""
    room = Rehearsal(project(session(capacity=20)))
    for number in range(20):
        room.register(f"m{number}", "mon")
    room.do(CancelSession(project_id=P, session_id="mon"))
    assert [who for who, _ in room.told] == [f"m{number}" for number in range(20)]
    assert room.happened == [EventKind.SESSION_CANCELLED, *[EventKind.PLACE_LOST] * 20]


def test_a_change_that_is_nobodys_news_tells_nobody() -> None:
    """A new check, an answer of a calendar, a number in line."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon")
    for changed in (replace(ada, barred=True), replace(ada, partstat="ACCEPTED"), replace(ada, checked_at=NOW + DAY)):
        room.do(rewritten(changed))
        assert (room.told, room.happened) == ([], [])


def test_a_place_lost_without_a_cause_is_told_all_the_same() -> None:
    """Nobody is thrown out silently."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon")
    room.do(rewritten(replace(ada, place=None)))
    assert room.told == [("ada", NoticeKind.SESSION_CANCELLED)]
    assert room.happened == [EventKind.PLACE_LOST]
    assert seen(room.owed_to("ada")) == ("CANCEL", 1)


def test_other_wishes_of_somebody_who_was_declined_are_no_news() -> None:
    """There is nothing to welcome."""
    room = Rehearsal(project(places="review"))
    ada = room.register("ada", "mon")
    room.do(rewritten(replace(ada, decision=Decision.DECLINED)))
    room.do(rewritten(replace(ada, decision=Decision.DECLINED, wishes=("tue",))))
    assert room.told == []
    assert room.happened == [EventKind.WISHES_CHANGED]


def test_a_cause_without_a_session_cancels_none() -> None:
    """A notice names a cancelled session only when there is one, and only to those it touches."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon")
    lost = replace(ada, place=None)
    cause = Cause(NoticeKind.SESSION_CANCELLED)
    room.do(Just(project_id=P, change=lambda state: state.put(lost), cause=cause))
    assert (room.told, room.owed_to("ada").cancelled) == ([("ada", NoticeKind.SESSION_CANCELLED)], None)


def test_somebody_a_cancellation_does_not_touch_reads_nothing_of_it() -> None:
    """Who moves up because of it is told of their place alone."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon")
    ben = room.register("ben", "tue")
    cause = Cause(NoticeKind.SESSION_CANCELLED, room.state.session("mon"))

    def both(state: ProjectState) -> ProjectState:
        return state.put(replace(ada, place=None)).put(replace(ben, place="thu"))

    room.do(Just(project_id=P, change=both, cause=cause))
    assert room.owed_to("ada").cancelled == room.state.slots["mon"]
    assert room.owed_to("ben").cancelled is None


def test_what_somebody_waits_for_is_told_without_what_they_cannot_have() -> None:
    """Sessions that have begun, or lie after their membership, are left out."""
    room = Rehearsal(project())
    room.register("ada", "mon")
    ben = room.register("ben", "mon")
    room.now = room.state.session("mon").begins
    room.register("cat", "tue")
    room.do(SwitchSession(project_id=P, registration_id=ben.id, sessions=("mon", "tue")))
    assert [slot.id for slot in room.owed_to("ben").waits] == ["tue"]


def test_a_confirmed_place_is_told_with_when_and_where_as_it_is_now() -> None:
    """A later change does not reach into what was written."""
    room = Rehearsal(project(session("mon", where="Room 2", title="Backlogs")))
    room.register("ada", "mon")
    slot = room.owed_to("ada").slot
    assert slot is not None
    assert (slot.id, slot.minutes, slot.timezone, slot.where, slot.title) == (
        "mon",
        120,
        "Europe/London",
        "Room 2",
        "Backlogs",
    )
    room.do(RescheduleSession(project_id=P, session_id="mon", starts="2021-07-05T12:00"))
    assert slot.starts.hour == 10


def test_deciding_changes_nothing_that_was_there() -> None:
    """A rollback is dropping what came out."""
    room = Rehearsal(project())
    before = room.state
    ada = room.register("ada", "mon", "tue")
    registered = room.state
    moved = room.decide(ConfirmPlace(project_id=P, registration_id=ada.id, session_id="tue"))
    assert len(before.registrations) == 0
    assert registered.registrations[ada.id].place == "mon"
    assert moved.state.registrations[ada.id].place == "tue"
    again = decide(before, AmendProject(project_id=P, title="New"), Facts(NOW), Moment(NOW, minting()))
    changed = [("project", P), ("description", "0"), *(("session", id) for id in before.sessions)]
    assert sorted(again.state.changed(before)) == sorted(changed)
    assert before.definition.title == "Exploring COVID-19 backlogs"


@pytest.mark.parametrize(
    "wrong",
    [
        {"project_id": "a b"},
        {"id": "ada@example.org"},
        {"by": "ada@example.org"},
        {"by": "x" * 101},
        {"nonsense": 1},
    ],
)
def test_a_wrong_address_of_a_command_is_refused(wrong: dict[str, object]) -> None:
    """An address of a person cannot slip into the journal."""
    with pytest.raises(ValidationError) as caught:
        CancelProject.model_validate({"project_id": P, **wrong})
    assert "ada@" not in str(caught.value)


def test_a_command_is_frozen() -> None:
    """What was decided is what was asked."""
    command = CancelProject(project_id=P)
    with pytest.raises(ValidationError):
        command.reason = "other"  # type: ignore[misc]  # refused at run time too
