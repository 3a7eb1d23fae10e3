from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from insight_sessions.commands.base import Command, Facts
from insight_sessions.commands.calls import CancelProject
from insight_sessions.commands.places import AmendAnswers, ConfirmPlace, DeclineInterest, SwitchSession, Withdraw
from insight_sessions.commands.sessions import CancelSession
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.registration import Decision, Offer, Registration, Status
from insight_sessions.errors import LAPSED, NotEligible, NotFound, NotPossible, Objection, SessionFull

from .desk_kit import NOW, P, Rehearsal, member, project, session, until

BEGUN = datetime(2021, 7, 5, 9, tzinfo=UTC)


def confirm(one: Registration, session_id: str) -> ConfirmPlace:
    """An organiser's decision for somebody."""
    return ConfirmPlace(project_id=P, registration_id=one.id, session_id=session_id)


def decline(one: Registration, reason: str = "") -> DeclineInterest:
    """An organiser's decision against somebody."""
    return DeclineInterest(project_id=P, registration_id=one.id, reason=reason)


def withdraw(one: Registration, reason: str = "") -> Withdraw:
    """Somebody's own decision."""
    return Withdraw(project_id=P, registration_id=one.id, reason=reason)


def switch(one: Registration, *sessions: str) -> SwitchSession:
    """Somebody's wish for other sessions."""
    return SwitchSession(project_id=P, registration_id=one.id, sessions=sessions)


def every(one: Registration) -> list[Command[Registration]]:
    """All that can be done about a registration."""
    amend = AmendAnswers(project_id=P, registration_id=one.id, answers={})
    return [confirm(one, "mon"), decline(one), withdraw(one), switch(one, "mon"), amend]


def test_an_unknown_registration_is_not_found() -> None:
    """By every command that names one."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon")
    for command in every(ada):
        with pytest.raises(NotFound, match="no registration 'r-9'"):
            room.do(command.model_copy(update={"registration_id": "r-9"}))


def test_a_withdrawn_registration_takes_no_more_changes() -> None:
    """Whoever wants to come back registers again."""
    room = Rehearsal(project())
    ada = room.do(withdraw(room.register("ada", "mon")))
    for command in every(ada):
        with pytest.raises(NotPossible, match="was withdrawn") as caught:
            room.do(command)
        assert caught.value.reason == "withdrawn"


def test_a_cancelled_project_takes_no_more_decisions() -> None:
    """About anybody."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon")
    room.do(CancelProject(project_id=P))
    for command in every(ada):
        with pytest.raises(NotPossible, match="This project was cancelled"):
            room.do(command)


def test_an_organiser_confirms_a_place_under_review() -> None:
    """In one of the sessions they can attend."""
    room = Rehearsal(project(places="review"))
    ada = room.register("ada", "mon", "tue")
    confirmed = room.do(confirm(ada, "tue"))
    assert (confirmed.status, confirmed.place, confirmed.sequence) == (Status.CONFIRMED, "tue", 0)
    assert room.told == [("ada", NoticeKind.PLACE_CONFIRMED)]
    assert room.happened == [EventKind.PLACE_GIVEN]


def test_confirming_twice_changes_nothing() -> None:
    """Nobody is told twice."""
    room = Rehearsal(project(places="review"))
    ada = room.register("ada", "mon")
    first = room.do(confirm(ada, "mon"))
    assert room.do(confirm(ada, "mon")) == first
    assert (room.told, room.happened) == ([], [])


def test_a_full_session_takes_nobody_more() -> None:
    """An organiser may resize it first."""
    room = Rehearsal(project(places="review"))
    room.do(confirm(room.register("ada", "mon"), "mon"))
    ben = room.register("ben", "mon")
    with pytest.raises(SessionFull) as caught:
        room.do(confirm(ben, "mon"))
    assert caught.value.session_id == "mon"


def test_nobody_is_confirmed_where_they_cannot_be() -> None:
    """Not wished for, not there, begun, or after their membership."""
    room = Rehearsal(project(places="review"))
    ada = room.register(member(**until("2021-07-05")), "mon", "tue")
    with pytest.raises(NotPossible, match="did not say that they can attend"):
        room.do(confirm(ada, "thu"))
    with pytest.raises(NotFound):
        room.do(confirm(ada, "fri"))
    with pytest.raises(NotEligible) as caught:
        room.do(confirm(ada, "tue"))
    assert caught.value.objections == (LAPSED,)
    room.now = BEGUN
    with pytest.raises(NotPossible, match="has begun"):
        room.do(confirm(ada, "mon"))


def test_confirming_another_session_moves_somebody_and_fills_their_old_place() -> None:
    """Each is told once."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon", "tue")
    room.register("ben", "mon")
    moved = room.do(confirm(ada, "tue"))
    assert room.places() == {"ada": "tue", "ben": "mon"}
    assert room.told == [("ada", NoticeKind.PLACE_MOVED), ("ben", NoticeKind.PLACE_CONFIRMED)]
    assert moved.sequence == 1
    event, _ = room.events
    assert (event.kind, event.previous, event.session) == (EventKind.PLACE_MOVED, "mon", "tue")


def test_a_declined_interest_is_told_so_and_can_still_be_confirmed() -> None:
    """The reason is kept for them to read, apart from the registration."""
    room = Rehearsal(project(places="review"))
    ada = room.register("ada", "mon")
    declined = room.do(decline(ada, "Too many from one place."))
    assert declined.status is Status.DECLINED
    assert room.told == [("ada", NoticeKind.DECLINED)]
    assert room.happened == [EventKind.DECLINED]
    assert room.owed_to("ada").method is None
    assert room.state.reasons[ada.id].text == "Too many from one place."
    with pytest.raises(NotPossible, match="declined already"):
        room.do(decline(ada))
    assert room.do(confirm(ada, "mon")).status is Status.CONFIRMED
    assert room.told == [("ada", NoticeKind.PLACE_CONFIRMED)]


def test_a_declined_registration_cannot_be_withdrawn_or_switched() -> None:
    """There is nothing left to give up."""
    room = Rehearsal(project(places="review"))
    ada = room.do(decline(room.register("ada", "mon")))
    with pytest.raises(NotPossible, match="nothing to withdraw"):
        room.do(withdraw(ada))
    with pytest.raises(NotPossible, match="was declined"):
        room.do(switch(ada, "tue"))


def test_declining_somebody_with_a_place_gives_it_to_the_next() -> None:
    """And cancels their calendar entry."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon")
    room.register("ben", "mon")
    room.do(decline(ada))
    assert room.told == [("ada", NoticeKind.DECLINED), ("ben", NoticeKind.PLACE_CONFIRMED)]
    assert (room.owed_to("ada").method, room.owed_to("ada").sequence) == ("CANCEL", 1)


def test_withdrawing_gives_the_place_to_the_first_in_line() -> None:
    """Both are told; the reason is kept for the organisers."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon")
    room.register("ben", "mon")
    room.register("cat", "mon")
    gone = room.do(withdraw(ada, "On call."))
    assert (gone.status, gone.place, gone.left) == (Status.WITHDRAWN, None, room.state.slots["mon"])
    assert room.told == [("ada", NoticeKind.WITHDRAWN), ("ben", NoticeKind.PLACE_CONFIRMED)]
    assert room.happened == [EventKind.WITHDRAWN, EventKind.PLACE_GIVEN]
    assert room.state.reasons[ada.id].text == "On call."
    assert room.line("mon") == ["cat"]


def test_withdrawing_without_a_place_ends_the_waiting() -> None:
    """No calendar entry is cancelled, for there was none, and no reason is made up."""
    room = Rehearsal(project())
    room.register("ada", "mon")
    ben = room.register("ben", "mon")
    gone = room.do(withdraw(ben))
    assert (gone.sequence, gone.stamped, room.line("mon")) == (0, None, [])
    assert room.owed_to("ben").method is None
    assert room.state.reasons.get(ben.id) is None


def test_once_a_session_has_begun_the_place_stays_as_it_is() -> None:
    """For the record of who was there."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon", "tue")
    room.now = BEGUN
    for command in (withdraw(ada), decline(ada), switch(ada, "tue"), confirm(ada, "tue")):
        with pytest.raises(NotPossible, match="can no longer be changed") as caught:
            room.do(command)
        assert caught.value.reason == "session_begun"


def test_a_session_that_has_begun_gives_its_place_to_nobody_when_it_is_moved_away_from() -> None:
    """A waiting member can still withdraw after it began."""
    room = Rehearsal(project())
    room.register("ada", "mon")
    ben = room.register("ben", "mon")
    room.now = BEGUN
    assert room.do(withdraw(ben)).status is Status.WITHDRAWN
    assert room.places() == {"ada": "mon"}


def test_answers_can_be_amended() -> None:
    """Checked as when they registered, and noted without a word of them."""
    room = Rehearsal(project(questions=[{"id": "role", "text": "Role?"}]))
    ada = room.register("ada", "mon", answers={"role": "Nurse"})
    room.do(AmendAnswers(project_id=P, registration_id=ada.id, answers={"role": "Midwife"}))
    assert room.state.answers[ada.id].answers == {"role": "Midwife"}
    assert (room.happened, room.told) == ([EventKind.ANSWERS_AMENDED], [])
    assert "Midwife" not in repr(room.events)
    with pytest.raises(NotPossible, match="was not asked"):
        room.do(AmendAnswers(project_id=P, registration_id=ada.id, answers={"age": "7"}))


def test_a_switch_that_a_plugin_objects_to_is_refused() -> None:
    """The place is kept."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon")
    with pytest.raises(NotEligible, match="Not for you"):
        room.do(switch(ada, "tue"), Facts(NOW, objections=(Objection("no", "Not for you."),)))
    assert room.of("ada").place == "mon"


def test_somebody_who_lost_a_place_under_review_is_first_in_line_again() -> None:
    """Also when they had asked for another session and nothing was decided yet."""
    room = Rehearsal(project(session("mon"), session("tue"), session("thu", capacity=0), places="review"))
    ada = room.register("ada", "mon", "thu")
    room.do(confirm(ada, "mon"))
    room.do(switch(ada, "thu", "mon"))
    room.do(CancelSession(project_id=P, session_id="mon"))
    assert room.of("ada").status is Status.WAITING
    assert room.line("thu") == ["ada"]


def test_confirming_the_place_somebody_has_answers_a_wish_to_switch_only_where_it_was_asked() -> None:
    """Under review it is the organiser's no; under first-come they go on waiting."""
    for policy, switching in (("review", False), ("first-come", True)):
        room = Rehearsal(project(session("mon"), session("tue", capacity=0), places=policy))
        ada = room.register("ada", "mon")
        room.do(confirm(ada, "mon"))
        room.do(switch(ada, "tue", "mon"))
        again = room.do(confirm(ada, "mon"))
        assert (again.place, again.switching, again.decision) == ("mon", switching, Decision.ACCEPTED)
        assert room.told == ([] if switching else [("ada", NoticeKind.PLACE_CONFIRMED)])


def test_who_leaves_leaves_nothing_behind() -> None:
    """No offer, no place in a line, no wish to switch."""
    for command in (withdraw, decline):
        room = Rehearsal(project())
        ada = room.register("ada", "mon")
        every: list[dict[str, Any]] = [{"displaced": True, "place": None}, {"switching": True}]
        for flags in every:
            room.state = room.state.put(replace(ada, offer=Offer("tue", NOW), **flags))
            gone = room.decide(command(ada)).state.registrations[ada.id]
            assert (gone.place, gone.offer, gone.displaced, gone.switching) == (None, None, False, False)
