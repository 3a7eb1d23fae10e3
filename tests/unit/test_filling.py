from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from insight_sessions.commands.base import Facts
from insight_sessions.commands.filling import is_current
from insight_sessions.commands.passing import RecheckEligibility
from insight_sessions.commands.places import SwitchSession, Withdraw
from insight_sessions.commands.sessions import ResizeSession
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.registration import Status
from insight_sessions.errors import NOT_A_MEMBER, NotFound

from .desk_kit import DAY, NOW, P, Rehearsal, member, project, session, stale, until


def leave(room: Rehearsal, who: str) -> None:
    """Somebody withdraws."""
    room.do(Withdraw(project_id=P, registration_id=room.of(who).id))


def switch(room: Rehearsal, who: str, *sessions: str) -> None:
    """Somebody wishes for other sessions."""
    room.do(SwitchSession(project_id=P, registration_id=room.of(who).id, sessions=sessions))


def recheck(room: Rehearsal, who: str, facts: Facts) -> None:
    """What was found out again about somebody is noted."""
    room.do(RecheckEligibility(project_id=P, registration_id=room.of(who).id), facts)


def full(**more: Any) -> Rehearsal:  # noqa: ANN401 - whatever is tried
    """Monday and Tuesday, both taken, and people who wait."""
    room = Rehearsal(project(session("mon"), session("tue"), **more))
    room.register("ada", "mon")
    room.register("ben", "tue")
    return room


def test_a_freed_place_goes_to_the_first_by_arrival_who_can_take_it() -> None:
    """Whatever else they also wish for."""
    room = full()
    room.register("cat", "tue")
    room.register("dan", "mon", "tue")
    room.register("eve", "mon")
    leave(room, "ada")
    assert room.places() == {"ben": "tue", "cat": None, "dan": "mon", "eve": None}
    leave(room, "ben")
    assert room.places() == {"cat": "tue", "dan": "mon", "eve": None}


def test_somebody_whose_membership_ends_before_is_passed_over() -> None:
    """They keep their number, in case it is renewed."""
    room = full()
    room.register(member("cat", **until("2021-07-05")), "tue", "mon")
    room.register("dan", "tue")
    leave(room, "ben")
    assert room.places() == {"ada": "mon", "cat": None, "dan": "tue"}
    leave(room, "ada")
    assert room.of("cat").place == "mon"


def test_somebody_whose_facts_are_old_is_passed_over() -> None:
    """When the project wants them looked up again after some days; to the day they are fine."""
    room = full(recheck_days=7)
    room.register("cat", "mon")
    room.register("dan", "mon")
    room.state = room.state.put(stale(room.of("cat"), 1))
    room.now = NOW + 7 * DAY
    leave(room, "ada")
    assert room.places() == {"ben": "tue", "cat": None, "dan": "mon"}


def test_old_facts_do_no_harm_where_they_are_never_checked() -> None:
    """The host's word at registration is enough then."""
    room = full()
    room.register("cat", "mon")
    room.state = room.state.put(stale(room.of("cat"), 1000))
    assert is_current(room.of("cat"), room.state.definition, NOW)
    leave(room, "ada")
    assert room.of("cat").place == "mon"


def test_a_check_that_finds_a_member_fills_what_is_free() -> None:
    """Their facts are new from then on, with what the host says now."""
    room = full(recheck_days=7)
    cat = room.register("cat", "mon")
    room.now = NOW + 8 * DAY
    leave(room, "ada")
    assert room.of("cat").status is Status.WAITING
    recheck(room, "cat", Facts(room.now, member("cat", name="Catherine"), "p-cat"))
    assert room.told == [("cat", NoticeKind.PLACE_CONFIRMED)]
    assert room.happened == [EventKind.ELIGIBILITY_CHECKED, EventKind.PLACE_GIVEN]
    assert room.state.people["p-cat"].name == "Catherine"
    assert (room.of("cat").checked_at, room.of("cat").id) == (room.now, cat.id)


def test_a_check_that_finds_no_member_bars_them_until_the_next() -> None:
    """The place goes to the next; who is found again keeps their number."""
    room = full(recheck_days=7)
    room.register("cat", "mon")
    room.register("dan", "mon")
    recheck(room, "cat", Facts(NOW, None, "p-cat", (NOT_A_MEMBER,)))
    assert room.of("cat").barred
    leave(room, "ada")
    assert room.places() == {"ben": "tue", "cat": None, "dan": "mon"}
    recheck(room, "cat", Facts(NOW, member("cat"), "p-cat"))
    assert not room.of("cat").barred
    leave(room, "dan")
    assert room.of("cat").place == "mon"


def test_a_membership_that_ended_meanwhile_leaves_the_line() -> None:
    """The check says until when they are a member now."""
    room = full(recheck_days=7)
    room.register("cat", "mon")
    recheck(room, "cat", Facts(NOW, member("cat", active=False), "p-cat"))
    assert room.line("mon") == []


def test_checking_an_unknown_registration_is_not_found() -> None:
    """As everywhere."""
    with pytest.raises(NotFound):
        full().do(RecheckEligibility(project_id=P, registration_id="r-9"))


def test_a_place_in_a_session_that_has_begun_is_given_to_nobody() -> None:
    """Even when somebody who waits for it is found to be a member again."""
    room = full(recheck_days=7)
    cat = room.register("cat", "mon", "tue")
    room.state = room.state.put(replace(cat, barred=True))
    leave(room, "ada")
    leave(room, "ben")
    room.now = room.state.session("mon").begins
    recheck(room, "cat", Facts(room.now, member("cat"), "p-cat"))
    assert room.places() == {"cat": "tue"}


def test_somebody_whose_session_has_begun_is_not_moved_to_another() -> None:
    """They are there now; the place goes to the next."""
    room = full()
    switch(room, "ada", "tue", "mon")
    room.register("cat", "tue")
    room.now = datetime(2021, 7, 5, 9, tzinfo=UTC)
    leave(room, "ben")
    assert room.places() == {"ada": "mon", "cat": "tue"}


def test_an_unlimited_session_takes_everyone() -> None:
    """Filling ends when nobody waits."""
    room = full()
    for number in range(5):
        room.register(f"m{number}", "mon")
    room.do(ResizeSession(project_id=P, session_id="mon", capacity=None))
    assert len(room.told) == 5
    assert room.line("mon") == []
