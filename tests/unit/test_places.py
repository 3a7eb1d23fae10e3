from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from insight_sessions.commands.base import Facts
from insight_sessions.commands.places import Withdraw
from insight_sessions.commands.sessions import CancelSession
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.member import Member
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.project import Project
from insight_sessions.domain.registration import Status
from insight_sessions.errors import (
    LAPSED,
    NOT_A_MEMBER,
    AlreadyRegistered,
    NotEligible,
    NotFound,
    NotPossible,
    Objection,
)

from .desk_kit import NOW, P, Rehearsal, interest, member, project, session, until

BEGUN = datetime(2021, 7, 5, 9, tzinfo=UTC)


def refused(room: Rehearsal, who: Member, *sessions: str) -> NotEligible:
    """Why somebody is not eligible."""
    with pytest.raises(NotEligible) as caught:
        room.register(who, *sessions)
    assert caught.value.apply_url == "https://example.org/apply"
    return caught.value


def test_a_member_gets_the_first_session_they_prefer_that_is_free() -> None:
    """Under first-come, at once."""
    room = Rehearsal(project())
    ada = room.register("ada", "tue", "mon")
    assert (ada.status, ada.place, ada.arrived, ada.sequence, ada.stamped) == (Status.CONFIRMED, "tue", 1, 0, NOW)
    assert room.told == [("ada", NoticeKind.PLACE_CONFIRMED)]
    assert room.happened == [EventKind.REGISTERED]
    assert room.register("ben", "tue", "mon").place == "mon"


def test_a_member_waits_for_any_of_their_sessions_when_all_are_full() -> None:
    """And gets whichever is free first."""
    room = Rehearsal(project())
    room.register("ada", "mon")
    ben = room.register("ben", "tue")
    cat = room.register("cat", "mon", "tue")
    assert (cat.status, cat.place, cat.stamped) == (Status.WAITING, None, None)
    assert room.told == [("cat", NoticeKind.WAITING)]
    owed = room.owed_to("cat")
    assert ([slot.id for slot in owed.waits], owed.slot, owed.method) == (["mon", "tue"], None, None)
    room.do(Withdraw(project_id=P, registration_id=ben.id))
    assert room.places() == {"ada": "mon", "cat": "tue"}
    assert room.line("mon") == []


def test_a_wish_that_is_said_twice_counts_once() -> None:
    """The first mention is the preference."""
    assert Rehearsal(project()).register("ada", "tue", "mon", "tue").wishes == ("tue", "mon")


@pytest.mark.parametrize("policy", ["review", "allocation"])
def test_interest_is_received_where_somebody_decides(policy: str) -> None:
    """It never sounds like a place, although places are free."""
    room = Rehearsal(project(places=policy))
    ada = room.register("ada", "mon", "tue")
    assert (ada.status, ada.place) == (Status.INTERESTED, None)
    assert room.told == [("ada", NoticeKind.INTEREST_RECEIVED)]
    assert room.line("mon") == []


def test_a_stranger_is_not_eligible() -> None:
    """And is told where to apply."""
    room = Rehearsal(project())
    with pytest.raises(NotEligible) as caught:
        room.do(interest("ada", "mon"), Facts(NOW))
    assert caught.value.objections == (NOT_A_MEMBER,)
    assert caught.value.apply_url == "https://example.org/apply"


def test_a_member_who_is_not_active_is_not_eligible() -> None:
    """The public message is that for a stranger."""
    refusal = refused(Rehearsal(project()), member(active=False), "mon")
    assert refusal.objections == (NOT_A_MEMBER,)
    assert refusal.public_message == NotEligible((NOT_A_MEMBER,), refusal.apply_url).public_message


def test_a_membership_that_ends_before_every_session_is_not_eligible() -> None:
    """Active today is not enough; the public message tells nobody that they are known."""
    refusal = refused(Rehearsal(project()), member(**until("2021-07-04")), "mon", "tue")
    assert refusal.objections == (LAPSED,)
    assert refusal.public_message == NotEligible((NOT_A_MEMBER,), refusal.apply_url).public_message


def test_a_membership_counts_at_the_date_of_the_session() -> None:
    """Its last day included, in the session's own zone; later sessions are passed over."""
    room = Rehearsal(project())
    assert room.register(member(**until("2021-07-05")), "thu", "mon").place == "mon"
    assert room.register(member("ben", **until("2021-07-05")), "thu", "mon").status is Status.WAITING
    assert (room.line("mon"), room.line("thu")) == (["ben"], [])


def test_anyone_known_may_join_a_project_that_is_not_for_members_only() -> None:
    """Membership is not asked for."""
    room = Rehearsal(project(members_only=False))
    assert room.register(member(active=False, **until("2021-01-01")), "mon").place == "mon"


def test_what_a_plugin_objects_is_refused_and_told() -> None:
    """All of it."""
    room = Rehearsal(project())
    command = interest("ada", "mon")
    objection = Objection("elsewhere", "This is for people who work in England.")
    with pytest.raises(NotEligible, match="work in England") as caught:
        room.do(command, room.facts(command, objection))
    assert caught.value.objections == (objection,)


def test_one_member_has_one_live_registration() -> None:
    """Whatever became of it, unless they withdrew."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon")
    with pytest.raises(AlreadyRegistered) as caught:
        room.register("ada", "tue")
    assert caught.value.registration_id == ada.id
    room.do(Withdraw(project_id=P, registration_id=ada.id))
    again = room.register("ada", "tue")
    assert (again.id != ada.id, again.place, again.uid != ada.uid) == (True, "tue", True)
    assert room.of("ada") == again


def test_what_a_member_says_of_themselves_is_kept_as_it_is_now() -> None:
    """A later registration brings their new address."""
    room = Rehearsal(project())
    room.do(Withdraw(project_id=P, registration_id=room.register("ada", "mon").id))
    room.register(member(email="new@example.org"), "mon")
    assert room.state.people["p-ada"].email == "new@example.org"


def test_an_unknown_session_is_not_found() -> None:
    """Even among others that are known."""
    with pytest.raises(NotFound, match="no session 'fri'"):
        Rehearsal(project()).register("ada", "mon", "fri")


@pytest.mark.parametrize("sessions", [(), ("a b",), tuple(f"s{number}" for number in range(101))])
def test_wishes_are_1_to_100_ids(sessions: tuple[str, ...]) -> None:
    """Refused at the door."""
    with pytest.raises(ValidationError):
        interest("ada", *sessions)


def test_a_session_that_has_begun_cannot_be_booked() -> None:
    """A wish for it does no harm beside one that can."""
    room = Rehearsal(project())
    room.now = BEGUN
    with pytest.raises(NotPossible, match="has begun") as caught:
        room.register("ada", "mon")
    assert caught.value.reason == "session_begun"
    assert room.register("ada", "mon", "tue").place == "tue"


def test_a_cancelled_session_cannot_be_booked() -> None:
    """And the refusal says why."""
    room = Rehearsal(project())
    room.do(CancelSession(project_id=P, session_id="mon"))
    with pytest.raises(NotPossible, match="was cancelled") as caught:
        room.register("ada", "mon")
    assert caught.value.reason == "session_cancelled"


def test_everything_that_is_owed_and_noted_carries_the_same_moment() -> None:
    """The one at which it was decided."""
    room = Rehearsal(project())
    room.register("ada", "mon", by="organiser:7", id="k-1")
    (event,) = room.events
    assert (event.at, event.by, event.command, event.project_id) == (NOW, "organiser:7", "k-1", P)
    assert (event.registration, event.person, event.session) == (room.of("ada").id, "p-ada", "mon")
    assert room.owed_to("ada").at == NOW


QUESTIONS = [
    {"id": "role", "text": "What is your role?", "required": True},
    {"id": "setting", "text": "Which setting?", "choices": ["acute", "community"]},
]


def asking(**more: object) -> Project:
    """A project with questions."""
    return project(session("mon", capacity=None), questions=QUESTIONS, **more)


def test_answers_are_kept_with_the_registration() -> None:
    """Those that were not required may be left out."""
    room = Rehearsal(asking())
    ada = room.register("ada", "mon", answers={"role": "Nurse"})
    assert room.state.answers[ada.id].answers == {"role": "Nurse"}
    assert room.state.answers[ada.id].person == "p-ada"
    ben = room.register("ben", "mon", answers={"role": "GP", "setting": "acute"})
    assert room.state.answers[ben.id].answers == {"role": "GP", "setting": "acute"}


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({}, "answer_missing"),
        ({"role": "Nurse", "age": "7"}, "unknown_question"),
        ({"role": "Nurse", "setting": "canary"}, "answer_unknown"),
    ],
)
def test_wrong_answers_are_refused(answers: dict[str, str], reason: str) -> None:
    """With the question, and never with the answer."""
    with pytest.raises(NotPossible) as caught:
        Rehearsal(asking()).register("ada", "mon", answers=answers)
    assert caught.value.reason == reason
    assert "canary" not in str(caught.value)


def test_answers_to_a_project_that_asks_nothing_are_refused() -> None:
    """Nothing is kept that nobody asked for."""
    with pytest.raises(NotPossible, match="was not asked"):
        Rehearsal(project()).register("ada", "mon", answers={"role": "Nurse"})


CONSENTS = [
    {"purpose": "take-part", "text": "I take part.", "required": True, "version": 2},
    {"purpose": "quotes", "text": "You may quote me."},
]


def test_every_consent_that_was_asked_for_is_kept_with_its_answer() -> None:
    """One for each purpose, with the version of the words, given or not."""
    room = Rehearsal(project(consents=CONSENTS))
    room.register("ada", "mon", consents=("take-part",))
    kept = {one.purpose: one for one in room.state.consents.values()}
    assert {purpose: (one.given, one.version, one.at, one.person) for purpose, one in kept.items()} == {
        "take-part": (True, 2, NOW, "p-ada"),
        "quotes": (False, 1, NOW, "p-ada"),
    }


@pytest.mark.parametrize(
    ("consents", "reason", "said"),
    [
        ((), "consent_missing", "To take part, please agree to: I take part."),
        (("take-part", "spam"), "unknown_consent", "not asked for"),
    ],
)
def test_wrong_consents_are_refused(consents: tuple[str, ...], reason: str, said: str) -> None:
    """A required one is missing, or one that nobody asked for is there."""
    with pytest.raises(NotPossible, match=said) as caught:
        Rehearsal(project(consents=CONSENTS)).register("ada", "mon", consents=consents)
    assert caught.value.reason == reason


def test_a_consent_to_a_project_that_asks_for_none_is_refused() -> None:
    """Consent without words to agree to means nothing."""
    with pytest.raises(NotPossible, match="not asked for"):
        Rehearsal(project()).register("ada", "mon", consents=("quotes",))
