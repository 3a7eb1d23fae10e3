"""Rules that once decided wrongly."""

from collections import Counter
from datetime import datetime

import pytest
from pydantic import ValidationError

from insight_sessions.commands import filling
from insight_sessions.commands.places import ConfirmPlace, DeclineInterest, RegisterInterest, SwitchSession, Withdraw
from insight_sessions.commands.sessions import CancelSession, ResizeSession
from insight_sessions.desk import Desk
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.project import Project
from insight_sessions.domain.registration import Decision, Registration, Status
from insight_sessions.errors import NotEligible

from .desk_kit import P, Rehearsal, interest, member, project, session, until
from .desk_store import Clock, Directory, Door, Post, a_desk


def confirm(room: Rehearsal, who: str, session_id: str) -> None:
    """The organisers give somebody a place."""
    room.do(ConfirmPlace(project_id=P, registration_id=room.of(who).id, session_id=session_id))


def switch(room: Rehearsal, who: str, *sessions: str) -> None:
    """Somebody wishes for other sessions."""
    room.do(SwitchSession(project_id=P, registration_id=room.of(who).id, sessions=sessions))


def leave(room: Rehearsal, who: str) -> None:
    """Somebody withdraws."""
    room.do(Withdraw(project_id=P, registration_id=room.of(who).id))


def under_review() -> Rehearsal:
    """Ada has Monday and asks for Tuesday, which Ben has."""
    room = Rehearsal(project(places="review"))
    for who, session_id in (("ada", "mon"), ("ben", "tue")):
        room.register(who, session_id)
        confirm(room, who, session_id)
    switch(room, "ada", "tue")
    assert (room.of("ada").decision, room.of("ada").switching) == (Decision.PENDING, True)
    return room


@pytest.mark.parametrize("days", [0, 3651, 10**9])
def test_facts_are_checked_again_within_ten_years_or_never(days: int) -> None:
    """No clock reaches further."""
    with pytest.raises(ValidationError):
        project(recheck_days=days)
    assert project(recheck_days=3650).recheck_days == 3650


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often it was asked whether somebody can be given a place."""
    asked = Counter[str]()
    known = filling.is_current

    def counting(registration: Registration, project: Project, now: datetime) -> bool:
        asked[registration.id] += 1
        return known(registration, project, now)

    monkeypatch.setattr(filling, "is_current", counting)
    return asked


def test_filling_asks_about_everyone_in_line_once(asked: Counter[str]) -> None:
    """However many places there are, and however many cannot take one."""
    clock = Clock()
    desk = a_desk(clock=clock, announced=project(session("mon", capacity=0), recheck_days=5))
    desk.do_many(P, [interest(f"old{number}", "mon") for number in range(300)])
    clock.moves(days=6)
    desk.do_many(P, [interest(f"new{number}", "mon") for number in range(300)])
    asked.clear()
    desk.do(ResizeSession(project_id=P, session_id="mon", capacity=300))
    holders = [desk.state(P).people[one.person].member_id for one in desk.state(P).holders("mon")]
    assert holders == [f"new{number}" for number in range(300)]
    assert len(asked) == 600
    assert set(asked.values()) == {1}


def test_a_chain_of_moves_asks_about_everyone_once_in_each_line(asked: Counter[str]) -> None:
    """One free place lets people swap back and forth, past those who cannot take any."""
    clock = Clock()
    announced = project(session("mon", capacity=40), session("tue", capacity=40), recheck_days=5)
    desk = a_desk(clock=clock, announced=announced)
    placed = desk.do_many(P, [interest(f"{day}{number}", day) for day in ("mon", "tue") for number in range(40)])
    desk.do_many(P, [interest(f"old{number}", "mon", "tue") for number in range(40)])
    clock.moves(days=6)
    ids = [outcome.result.id for outcome in placed if outcome.result is not None]
    for day, some in (("tue", ids[1:40]), ("mon", ids[40:])):
        desk.do_many(P, [SwitchSession(project_id=P, registration_id=one, sessions=(day,)) for one in some])
    asked.clear()
    desk.do(Withdraw(project_id=P, registration_id=ids[0]))
    assert {desk.state(P).registrations[one].place for one in ids[1:40]} == {"tue"}
    assert max(asked.values()) <= 2


@pytest.mark.parametrize("known", [member("eve", active=False), member("eve", **until("2020-01-01"))])
def test_a_former_member_hears_what_a_stranger_hears(known: object) -> None:
    """Whatever a check says of them, or it would tell who once was a member."""
    former = member("eve").model_validate(known)
    desk = a_desk(Directory(former), Door("eve"))
    said: list[tuple[str, str]] = []
    for who in ("eve", "stranger"):
        with pytest.raises(NotEligible) as caught:
            desk.do(RegisterInterest(project_id=P, member=who, sessions=("mon",)))
        said.append((caught.value.code, caught.value.public_message))
    assert said[0] == said[1]


def test_a_member_hears_why_a_check_refuses_them() -> None:
    """They may know."""
    desk = a_desk(Directory(member("eve")), Door("eve"))
    with pytest.raises(NotEligible, match="Not this time"):
        desk.do(RegisterInterest(project_id=P, member="eve", sessions=("mon",)))


def declined(post: Post) -> tuple[Desk, Registration]:
    """A desk where somebody was declined with a reason, and then has a place after all."""
    desk = a_desk(post, announced=project(places="review"))
    ada = desk.do(interest("ada", "mon"))
    desk.do(DeclineInterest(project_id=P, registration_id=ada.id, reason="Too few wards."))
    desk.deliver()
    desk.do(ConfirmPlace(project_id=P, registration_id=ada.id, session_id="mon"))
    desk.deliver()
    return desk, ada


def reason(desk: Desk, of: Registration) -> str:
    """What is kept of why."""
    found = desk.state(P).reasons.get(of.id)
    return "" if found is None else found.text


def test_declining_again_does_not_repeat_what_was_said_before() -> None:
    """That reason was for another day."""
    post = Post()
    desk, ada = declined(post)
    desk.do(DeclineInterest(project_id=P, registration_id=ada.id))
    desk.deliver()
    assert ["Too few wards." in notice.text for notice in post.taken] == [False, True, False, False]
    assert reason(desk, ada) == ""


def test_withdrawing_without_a_reason_takes_over_none() -> None:
    """The organisers' words are not the member's."""
    desk, ada = declined(Post())
    desk.do(Withdraw(project_id=P, registration_id=ada.id))
    assert reason(desk, ada) == ""


def test_a_reason_given_anew_is_kept() -> None:
    """In place of the old one."""
    desk, ada = declined(Post())
    desk.do(DeclineInterest(project_id=P, registration_id=ada.id, reason="The ward closed."))
    assert reason(desk, ada) == "The ward closed."


def test_confirming_the_place_somebody_has_ends_their_switch() -> None:
    """The organisers decided that they keep it."""
    room = under_review()
    confirm(room, "ada", "mon")
    ada = room.of("ada")
    assert (ada.place, ada.decision, ada.switching, ada.status) == ("mon", Decision.ACCEPTED, False, Status.CONFIRMED)
    assert "mon" in ada.wishes
    assert EventKind.PLACE_MOVED not in room.happened
    leave(room, "ben")
    assert room.places() == {"ada": "mon"}


def test_confirming_a_place_again_changes_nothing() -> None:
    """There is nothing to end."""
    room = under_review()
    confirm(room, "ada", "mon")
    known = room.of("ada")
    confirm(room, "ada", "mon")
    assert room.of("ada") == known
    assert (room.told, room.happened) == ([], [])


def test_who_was_accepted_once_needs_no_decision_when_their_session_is_cancelled() -> None:
    """They asked for Tuesday, which has a place, and now they have none elsewhere (docs/places.md)."""
    room = under_review()
    leave(room, "ben")
    room.do(CancelSession(project_id=P, session_id="mon"))
    ada = room.of("ada")
    assert (ada.place, ada.status, ada.decision, ada.switching) == ("tue", Status.CONFIRMED, Decision.ACCEPTED, False)
    assert [who for who, _ in room.told] == ["ada"]


def test_who_lost_a_place_while_switching_comes_first_in_line() -> None:
    """They were accepted before, and need no decision again."""
    room = under_review()
    room.register("cat", "tue")
    room.do(CancelSession(project_id=P, session_id="mon"))
    assert room.of("ada").status is Status.WAITING
    leave(room, "ben")
    assert room.places() == {"ada": "tue", "cat": None}
