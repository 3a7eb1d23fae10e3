from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from insight_sessions.commands.calls import AmendProject, AnnounceProject, CancelProject, CloseCall, OpenCall
from insight_sessions.commands.passing import wake_at
from insight_sessions.commands.places import Withdraw
from insight_sessions.commands.sessions import CancelSession
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.offering import Offers
from insight_sessions.domain.project import Call, CallStatus, Contact
from insight_sessions.domain.registration import Status
from insight_sessions.domain.session import SessionStatus
from insight_sessions.errors import CallNotOpen, NotFound, NotPossible

from .desk_kit import DAY, NOW, P, Rehearsal, interest, project, session

FAR = datetime(2021, 9, 1, 9, tzinfo=UTC)


def test_announcing_makes_a_project_known_with_its_call_as_a_draft() -> None:
    """Whatever was said about what only we may say."""
    done = session("mon", status="held", sequence=3, reason="x")
    announced = Rehearsal().do(AnnounceProject(project=project(done, call={"status": "open"}, cancelled="never")))
    assert announced.call.status is CallStatus.DRAFT
    assert announced.cancelled is None
    (mon,) = announced.sessions
    assert (mon.status, mon.sequence, mon.reason, mon.changed_at) == (SessionStatus.SCHEDULED, 0, None, NOW)


def test_an_announcement_is_named_by_its_project() -> None:
    """Nobody has to say the id twice, and nobody may say another."""
    assert AnnounceProject(project=project()).project_id == P
    assert AnnounceProject.model_validate({"project": project().model_dump()}).project_id == P
    assert AnnounceProject(project=project(), project_id=P).project_id == P
    with pytest.raises(ValidationError, match="the project's own id"):
        AnnounceProject(project=project(), project_id="other")


@pytest.mark.parametrize("content", [{}, {"project": 7}, {"project": {}}, 7])
def test_an_announcement_without_a_project_is_refused(content: object) -> None:
    """As any other wrong command."""
    with pytest.raises(ValidationError):
        AnnounceProject.model_validate(content)


def test_a_project_is_announced_once() -> None:
    """Its id is taken."""
    room = Rehearsal(project())
    with pytest.raises(NotPossible, match="There is a project with this id already") as caught:
        room.do(AnnounceProject(project=project()))
    assert caught.value.reason == "project_exists"


def test_a_project_lists_its_sessions_in_the_order_of_their_time() -> None:
    """Whatever order they were given in."""
    announced = Rehearsal(project(session("thu"), session("mon"), session("tue"))).state.project
    assert [one.id for one in announced.sessions] == ["mon", "tue", "thu"]


@pytest.mark.parametrize("command", [OpenCall, CloseCall, CancelProject, AmendProject])
def test_an_unknown_project_is_not_found(command: type[OpenCall]) -> None:
    """For every command on a project."""
    with pytest.raises(NotFound, match=f"no project '{P}'"):
        Rehearsal().do(command(project_id=P))


def test_a_call_opens_closes_and_opens_again() -> None:
    """Each is done once, and noted."""
    room = Rehearsal(project(), opened=False)
    with pytest.raises(CallNotOpen, match="not open yet"):
        room.register("ada", "mon")
    assert room.do(OpenCall(project_id=P)).call.is_open
    assert room.happened == [EventKind.CALL_OPENED]
    with pytest.raises(NotPossible, match="open already"):
        room.do(OpenCall(project_id=P))
    assert room.do(CloseCall(project_id=P)).call.status is CallStatus.CLOSED
    assert room.happened == [EventKind.CALL_CLOSED]
    assert room.told == []
    assert room.do(OpenCall(project_id=P)).call.is_open


def test_a_closed_call_says_so() -> None:
    """As the seed's call does, to those who register and to those who close it again."""
    room = Rehearsal(project())
    room.do(CloseCall(project_id=P))
    with pytest.raises(CallNotOpen) as caught:
        room.register("ada", "mon")
    assert caught.value.public_message == "This opportunity is now closed."
    with pytest.raises(NotPossible, match="This opportunity is now closed") as again:
        room.do(CloseCall(project_id=P))
    assert again.value.reason == "nothing_to_close"


def test_places_are_kept_and_filled_after_a_call_closes() -> None:
    """Only new registrations are over."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon")
    room.register("ben", "mon")
    room.do(CloseCall(project_id=P))
    assert room.of("ada").status is Status.CONFIRMED
    room.do(Withdraw(project_id=P, registration_id=ada.id))
    assert room.places() == {"ben": "mon"}


def test_opening_by_hand_takes_the_place_of_opening_by_itself() -> None:
    """What was set for later no longer applies; when it closes still does."""
    call = Call(opens_at=NOW + DAY, closes_at=NOW + 2 * DAY)
    room = Rehearsal(project(call=call))
    assert room.state.call.opens_at is None
    assert room.state.call.closes_at == NOW + 2 * DAY


def test_opening_again_forgets_a_closing_time_that_has_passed() -> None:
    """Or it would close at once."""
    room = Rehearsal(project(call=Call(closes_at=NOW + DAY)))
    room.do(CloseCall(project_id=P))
    assert room.state.call.closes_at == NOW + DAY
    room.now = NOW + DAY
    assert room.do(OpenCall(project_id=P)).call.closes_at is None


def test_amending_changes_what_is_given_and_nothing_else() -> None:
    """Moments without a zone are taken in the project's."""
    room = Rehearsal(project())
    before = room.state.project
    amended = room.do(
        AmendProject(
            project_id=P,
            summary="New.",
            apply_url="https://example.org/join",
            closes_at=datetime(2021, 7, 1, 9),  # noqa: DTZ001 - local on purpose
            closed_message="Over.",
        )
    )
    closes = datetime(2021, 7, 1, 8, tzinfo=UTC)
    call = before.call.model_copy(update={"closes_at": closes, "closed_message": "Over."})
    changed = {"summary": "New.", "apply_url": "https://example.org/join", "call": call}
    assert amended == before.model_copy(update=changed)
    assert room.happened == [EventKind.PROJECT_AMENDED]
    assert room.told == []


def test_amending_with_none_leaves_things_as_they_are() -> None:
    """A form may send every field."""
    room = Rehearsal(project(call=Call(closes_at=NOW + DAY)))
    before = room.state.project
    every = dict.fromkeys(AmendProject.model_fields.keys() - {"project_id", "id", "by", "without"})
    assert room.do(AmendProject.model_validate({"project_id": P, **every})) == before
    assert room.told == []


def test_what_a_project_may_be_without_can_be_taken_away() -> None:
    """By name, so that nothing goes because somebody left it empty."""
    room = Rehearsal(project(call=Call(closes_at=NOW + DAY)))
    amended = room.do(AmendProject(project_id=P, without=("closes_at", "apply_url"), summary="New."))
    assert (amended.call.closes_at, amended.apply_url, amended.summary) == (None, None, "New.")
    assert wake_at(room.state) == amended.sessions[0].ends
    with pytest.raises(ValidationError, match="must not be taken away"):
        AmendProject(project_id=P, without=("closes_at",), closes_at=NOW)
    with pytest.raises(ValidationError):
        AmendProject.model_validate({"project_id": P, "without": ["title"]})


def test_how_places_are_filled_can_change() -> None:
    """What is free by then is filled at once, the new way."""
    room = Rehearsal(project(session("mon", capacity=1), fill="manual"))
    ada = room.register("ada", "mon")
    room.register("ben", "mon")
    room.do(Withdraw(project_id=P, registration_id=ada.id))
    assert room.places() == {"ben": None}
    room.do(AmendProject(project_id=P, offers=Offers(window_hours=24)))
    room.do(AmendProject(project_id=P, fill="offer"))
    offer = room.of("ben").offer
    assert (offer and offer.session, room.told) == ("mon", [("ben", NoticeKind.PLACE_OFFERED)])
    other = Rehearsal(project(session("mon", capacity=1), fill="manual"))
    ada = other.register("ada", "mon")
    other.register("ben", "mon")
    other.do(Withdraw(project_id=P, registration_id=ada.id))
    other.do(AmendProject(project_id=P, fill="confirm"))
    assert other.places() == {"ben": "mon"}


def test_an_amendment_is_checked_as_a_whole() -> None:
    """It cannot make the project wrong."""
    room = Rehearsal(project(call=Call(opens_at=NOW + DAY)), opened=False)
    with pytest.raises(ValidationError, match="close before it opens"):
        room.do(AmendProject(project_id=P, closes_at=NOW))


def test_a_new_title_updates_the_invites_of_those_with_a_place_to_come() -> None:
    """Same revision, same answer; those who wait or were there are not written to."""
    room = Rehearsal(project(session("mon"), session("tue")))
    room.register("ada", "mon")
    room.register("ben", "tue")
    room.register("cat", "tue")
    room.now = datetime(2021, 7, 5, 10, tzinfo=UTC)
    room.do(AmendProject(project_id=P, title="Another name"))
    assert room.told == [("ben", NoticeKind.DETAILS_CHANGED)]
    owed = room.owed_to("ben")
    assert (owed.method, owed.sequence, owed.title, owed.at) == ("REQUEST", 0, "Another name", room.now)
    assert room.of("ben").stamped == room.now
    room.do(AmendProject(project_id=P, title="Another name"))
    assert room.told == []


def test_a_new_summary_updates_them_as_well() -> None:
    """It stands in the invite: the same revision, a later date."""
    room = Rehearsal(project())
    room.register("ada", "mon")
    room.now += DAY
    room.do(AmendProject(project_id=P, summary="Said anew."))
    assert room.told == [("ada", NoticeKind.DETAILS_CHANGED)]
    owed = room.owed_to("ada")
    assert (owed.method, owed.sequence, owed.at) == ("REQUEST", 0, room.now)
    room.do(AmendProject(project_id=P, summary="Said anew.", closed_message="Over."))
    assert room.told == []


@pytest.mark.parametrize(
    ("amended", "expected"),
    [
        ({"title": "Another name"}, DAY),
        ({"summary": "Said anew."}, DAY),
        ({"organiser": Contact(name="Other team", email="other@example.net")}, DAY),
        ({"closed_message": "Over."}, timedelta()),
        ({"title": "Exploring COVID-19 backlogs"}, timedelta()),
    ],
)
def test_public_entries_say_when_they_were_changed(amended: dict[str, Any], expected: timedelta) -> None:
    """Whoever looks at the date of an entry sees that it says something else; when it is has not changed."""
    room = Rehearsal(project())
    room.now += DAY
    room.do(AmendProject(project_id=P, **amended))
    assert {(one.changed_at, one.sequence) for one in room.state.sessions.values()} == {(NOW + expected, 0)}
    room.now -= 2 * DAY
    room.do(AmendProject(project_id=P, title="A third name"))
    assert {one.changed_at for one in room.state.sessions.values()} == {NOW + expected}


def test_a_new_organiser_signs_new_invites_and_no_old_ones() -> None:
    """Live chains keep the organiser they began with."""
    room = Rehearsal(project(session(capacity=2)))
    ada = room.register("ada", "mon")
    other = Contact(name="Other team", email="other@example.net")
    room.do(AmendProject(project_id=P, organiser=other))
    ben = room.register("ben", "mon")
    assert room.state.organiser_of(ada).email == "insight@example.org"
    assert room.state.organiser_of(ben) == other
    assert room.owed_to("ben").message_id.endswith("@example.net>")
    room.do(AmendProject(project_id=P, organiser=other))
    assert len(room.state.organisers) == 2


def test_cancelling_a_project_tells_everyone_once() -> None:
    """Who has a place gets a cancellation, who waits or is interested a word; nobody who left."""
    room = Rehearsal(project())
    room.register("ada", "mon")
    room.register("ben", "mon")
    room.do(Withdraw(project_id=P, registration_id=room.register("cat", "tue").id))
    cancelled = room.do(CancelProject(project_id=P, reason="No funding."))
    assert room.told == [("ada", NoticeKind.PROJECT_CANCELLED), ("ben", NoticeKind.PROJECT_CANCELLED)]
    ada = room.owed_to("ada")
    assert (ada.method, ada.sequence, ada.previous and ada.previous.id) == ("CANCEL", 1, "mon")
    assert room.owed_to("ben").method is None
    assert cancelled.cancelled == "No funding."
    assert cancelled.call.status is CallStatus.CLOSED
    assert {(one.status, one.sequence, one.reason) for one in cancelled.sessions} == {("cancelled", 1, "No funding.")}
    assert room.happened == [
        EventKind.PROJECT_CANCELLED,
        *[EventKind.SESSION_CANCELLED] * 3,
        *[EventKind.DECLINED] * 2,
    ]
    assert room.of("ada").status is Status.DECLINED


def test_cancelling_a_project_leaves_what_has_begun() -> None:
    """Those who came keep their place in the record."""
    room = Rehearsal(project())
    room.register("ada", "mon")
    room.now = datetime(2021, 7, 5, 10, tzinfo=UTC)
    room.do(CancelProject(project_id=P))
    assert room.told == []
    assert room.of("ada").place == "mon"
    assert room.state.session("mon").status is SessionStatus.SCHEDULED
    assert room.state.session("tue").reason is None


def test_a_cancelled_project_takes_no_more_changes() -> None:
    """Nothing can bring it back by accident."""
    room = Rehearsal(project())
    room.do(CancelProject(project_id=P))
    for command in (OpenCall, AmendProject, CancelProject):
        with pytest.raises(NotPossible, match="This project was cancelled"):
            room.do(command(project_id=P))
    with pytest.raises(CallNotOpen, match="now closed"):
        room.do(interest("ada", "mon"))


def test_somebody_displaced_and_then_cancelled_is_no_longer_in_any_line() -> None:
    """Nothing is left over from before."""
    room = Rehearsal(project(session("mon"), session("tue", capacity=0)))
    room.register("ada", "mon", "tue")
    room.do(CancelSession(project_id=P, session_id="mon"))
    assert room.of("ada").displaced
    room.do(CancelProject(project_id=P))
    assert room.line("tue") == []
    assert not room.of("ada").displaced
