from dataclasses import replace
from datetime import UTC, datetime

from insight_sessions.commands.calls import CancelProject
from insight_sessions.commands.places import ConfirmPlace, DeclineInterest, SwitchSession, Withdraw
from insight_sessions.commands.sessions import CancelSession, RescheduleSession, ResizeSession
from insight_sessions.domain.registration import Status
from insight_sessions.domain.reply import Replied
from insight_sessions.explaining import Explanation, explain

from .desk_kit import DAY, NOW, P, Rehearsal, member, project, session, stale, until


def why(room: Rehearsal, who: str) -> Explanation:
    """Why somebody's part is as it is."""
    return explain(room.state, room.state.registration_of(who), room.now)


def codes(room: Rehearsal, who: str) -> list[str]:
    """The same, in codes; each comes with a sentence."""
    reasons = why(room, who).reasons
    assert all(reason.sentence.endswith(".") for reason in reasons)
    return [reason.code for reason in reasons]


def test_nobody_is_explained_who_did_not_register() -> None:
    """There is no status then."""
    found = why(Rehearsal(project()), "ada")
    assert (found.status, found.position, [one.code for one in found.reasons]) == (None, None, ["not_registered"])


def test_a_place_explains_itself() -> None:
    """With what their calendar answered, once it did."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon")
    found = why(room, "ada")
    assert (found.status, found.position) == (Status.CONFIRMED, None)
    assert [(one.code, one.session) for one in found.reasons] == [("has_place", "mon")]
    replied = Replied(answer="DECLINED", sequence=0, received=NOW)
    room.state = room.state.put(replace(ada, partstat="DECLINED", replied=replied))
    assert codes(room, "ada") == ["has_place", "calendar_answered"]
    assert found.reasons[0].sentence == "You have a place on Monday."
    room.do(RescheduleSession(project_id=P, session_id="mon", starts="2021-07-05T11:00"))
    assert codes(room, "ada") == ["has_place", "earlier_invite_answered"]


def test_waiting_is_explained_by_the_place_in_each_line() -> None:
    """The best of them is the position."""
    room = Rehearsal(project())
    room.register("ada", "mon")
    room.register("ben", "tue")
    room.register("cat", "mon")
    room.register("dan", "mon", "tue")
    found = why(room, "dan")
    assert (found.status, found.position) == (Status.WAITING, 1)
    assert [(one.code, one.session) for one in found.reasons] == [
        ("waiting", None),
        ("position", "mon"),
        ("position", "tue"),
    ]
    assert found.reasons[1].sentence == "You are second in line for Monday."


def test_interest_decline_and_withdrawal_are_told_apart() -> None:
    """Interest never sounds like a waiting list."""
    room = Rehearsal(project(places="review"))
    ada, ben = room.register("ada", "mon"), room.register("ben", "mon")
    assert codes(room, "ada") == ["not_decided"]
    room.do(DeclineInterest(project_id=P, registration_id=ada.id))
    assert codes(room, "ada") == ["declined"]
    room.do(Withdraw(project_id=P, registration_id=ben.id))
    assert codes(room, "ben") == ["withdrawn"]


def test_a_cancelled_project_explains_everything() -> None:
    """Also for somebody who had lost a place before."""
    room = Rehearsal(project(session("mon"), session("tue", capacity=0)))
    room.register("ada", "mon", "tue")
    room.do(CancelSession(project_id=P, session_id="mon"))
    assert codes(room, "ada") == ["waiting", "displaced", "session_cancelled", "position"]
    room.do(CancelProject(project_id=P))
    assert codes(room, "ada") == ["project_cancelled"]


def test_a_switch_is_explained_beside_the_place() -> None:
    """With where they stand in the other line."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon")
    room.register("ben", "tue")
    room.do(SwitchSession(project_id=P, registration_id=ada.id, sessions=("tue",)))
    assert codes(room, "ada") == ["has_place", "switching", "position"]
    assert why(room, "ada").position == 1


def test_it_is_said_why_somebody_is_in_no_line() -> None:
    """Cancelled, begun, or after their membership."""
    room = Rehearsal(project())
    for who, place in (("ada", "mon"), ("ben", "tue"), ("cat", "thu")):
        room.register(who, place)
    room.register(member("dan", **until("2021-07-06")), "mon", "tue", "thu")
    room.do(CancelSession(project_id=P, session_id="tue"))
    assert [(one.code, one.session) for one in why(room, "dan").reasons] == [
        ("waiting", None),
        ("position", "mon"),
        ("session_cancelled", "tue"),
        ("membership_lapsed", "thu"),
    ]
    room.now = datetime(2021, 7, 5, 9, tzinfo=UTC)
    assert ("session_begun", "mon") in [(one.code, one.session) for one in why(room, "dan").reasons]


def test_somebody_with_nothing_left_to_wait_for_is_told_so() -> None:
    """They are not first in any line, although they lost a place."""
    room = Rehearsal(project())
    room.register("ada", "mon")
    room.do(CancelSession(project_id=P, session_id="mon"))
    assert codes(room, "ada") == ["nothing_to_wait_for", "session_cancelled"]
    assert why(room, "ada").position is None


def test_somebody_who_is_passed_over_is_told_why() -> None:
    """Their check is due, or found them not eligible."""
    room = Rehearsal(project(recheck_days=7))
    room.register("ada", "mon")
    ben = room.register("ben", "mon")
    room.state = room.state.put(stale(ben, 8))
    assert codes(room, "ben") == ["waiting", "check_due", "position"]
    room.state = room.state.put(replace(ben, barred=True))
    assert codes(room, "ben") == ["waiting", "not_eligible", "position"]
    assert room.now == NOW
    room = Rehearsal(project(places="allocation"))
    cat = room.register("cat", "mon")
    room.state = room.state.put(replace(cat, barred=True))
    assert codes(room, "cat") == ["not_decided", "not_eligible"]


def test_a_check_explains_nothing_to_somebody_who_has_a_place() -> None:
    """An organiser gave it to them in spite of it."""
    room = Rehearsal(project(session(capacity=2), recheck_days=7))
    ada = room.register("ada", "mon")
    room.state = room.state.put(replace(ada, barred=True, checked_at=NOW - 9 * DAY))
    room.do(ConfirmPlace(project_id=P, registration_id=ada.id, session_id="mon"))
    assert codes(room, "ada") == ["has_place"]


def test_those_before_are_counted_and_never_named() -> None:
    """By the other session that most of them wait for; of several, by the earliest."""
    room = Rehearsal(project())
    for who in ("mon", "tue", "thu"):
        room.register(f"has-{who}", who)
    for who, wishes in (("bo", ("thu", "tue")), ("cy", ("tue", "thu")), ("di", ("tue",)), ("eve", ("tue", "mon"))):
        room.register(who, *wishes)
    said = {who: [one.sentence for one in why(room, who).reasons if one.code == "position"] for who in ("cy", "eve")}
    assert said == {
        "cy": [
            "You are second in line for Tuesday; the person before you could also attend Thursday.",
            "You are second in line for Thursday; the person before you could also attend Tuesday.",
        ],
        "eve": [
            "You are fourth in line for Tuesday; two of the people before you could also attend Thursday.",
            "You are first in line for Monday.",
        ],
    }
    room.register("fay", "tue")
    assert why(room, "fay").reasons[1].sentence.startswith("You are fifth in line for Tuesday; two of the people")
    room.register("gus", "tue", "mon", "thu")
    room.register("hal", "tue")
    (first,) = [one for one in why(room, "hal").reasons if one.code == "position"]
    assert first.sentence == (
        "You are seventh in line for Tuesday; three of the people before you could also attend Thursday."
    )


def test_those_before_could_attend_only_what_they_may_take() -> None:
    """A wish for a session after their membership has ended is none that could come true."""
    room = Rehearsal(project())
    for id in ("mon", "tue"):
        room.register(f"has-{id}", id)
    room.register("ada", "mon")
    room.register(member("ben", **until("2021-07-05")), "mon", "tue")
    room.register("cat", "mon")
    (said,) = [one.sentence for one in why(room, "cat").reasons if one.code == "position"]
    assert said == "You are third in line for Monday."


def test_an_offer_is_explained_with_its_deadline() -> None:
    """Also beside a place."""
    room = Rehearsal(project(fill="offer"))
    ada, ben = room.register("ada", "mon"), room.register("ben", "tue")
    cat = room.register("cat", "mon", "thu")
    room.do(SwitchSession(project_id=P, registration_id=cat.id, sessions=("mon", "thu")))
    room.do(Withdraw(project_id=P, registration_id=ada.id))
    found = why(room, "cat")
    assert (found.status, found.position) == (Status.CONFIRMED, None)
    assert [(one.code, one.session) for one in found.reasons] == [
        ("has_place", "thu"),
        ("offered", "mon"),
        ("switching", None),
    ]
    assert found.reasons[1].sentence == (
        "A place on Monday is held for you. You can take it until Wednesday 16 June 2021, 10:00 (London time, BST)."
    )
    room.now += 2 * DAY
    assert why(room, "cat").reasons[1].sentence == (
        "A place on Monday was held for you, and you could take it until Wednesday 16 June 2021, 10:00"
        " (London time, BST)."
    )
    room.register("dan", "tue")
    room.do(Withdraw(project_id=P, registration_id=ben.id))
    assert (why(room, "dan").status, codes(room, "dan")) == (Status.OFFERED, ["offered"])


def test_it_is_said_why_nobody_moves_up() -> None:
    """There are too many people, it is too late, or an organiser decides."""
    room = Rehearsal(project(session("mon", capacity=2), fill="offer"))
    for who in ("ada", "ben", "cat"):
        room.register(who, "mon")
    room.do(ResizeSession(project_id=P, session_id="mon", capacity=0))
    assert codes(room, "cat") == ["waiting", "position", "session_overfull"]
    assert "there are 2 more people than places" in why(room, "cat").reasons[2].sentence
    room.now = room.state.session("mon").begins - DAY
    assert codes(room, "cat") == ["waiting", "position", "session_overfull", "too_late_to_offer"]
    room = Rehearsal(project(fill="manual"))
    for who in ("ada", "ben"):
        room.register(who, "mon")
    room.do(ResizeSession(project_id=P, session_id="mon", capacity=2))
    assert codes(room, "ben") == ["waiting", "organiser_decides", "position"]


def test_who_would_leave_a_place_that_begins_soon_is_told_that_it_is_too_late() -> None:
    """For them, whatever the others can do."""
    room = Rehearsal(project(session("mon", "2021-06-15T10:00"), session("tue"), fill="offer"))
    ada = room.register("ada", "mon")
    room.register("ben", "tue")
    room.do(SwitchSession(project_id=P, registration_id=ada.id, sessions=("tue", "mon")))
    assert codes(room, "ada") == ["has_place", "switching", "position", "too_late_to_offer"]
