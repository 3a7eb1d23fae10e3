from dataclasses import replace
from datetime import UTC, datetime

import pytest

from insight_sessions.commands.base import Facts
from insight_sessions.commands.filling import RecheckEligibility, is_current
from insight_sessions.commands.places import NOT_A_MEMBER, SwitchSession, Withdraw
from insight_sessions.commands.sessions import ResizeSession
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.registration import Status
from insight_sessions.errors import NotEligible, NotFound, NotPossible

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


def full(**more: object) -> Rehearsal:
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


def test_a_switch_to_a_free_session_moves_at_once_and_fills_behind() -> None:
    """One update of the same calendar entry."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon")
    room.register("ben", "mon")
    switch(room, "ada", "tue")
    assert room.places() == {"ada": "tue", "ben": "mon"}
    assert room.told == [("ada", NoticeKind.PLACE_MOVED), ("ben", NoticeKind.PLACE_CONFIRMED)]
    moved = room.owed_to("ada")
    assert (moved.method, moved.sequence, moved.registration) == ("REQUEST", 1, ada.id)
    assert (moved.previous and moved.previous.id, moved.slot and moved.slot.id) == ("mon", "tue")


def test_a_switch_to_a_full_session_keeps_the_old_place_until_the_new_one_is_certain() -> None:
    """Meanwhile they wait at the end of its line, and their old place is nobody else's."""
    room = full()
    room.register("cat", "tue")
    room.register("dan", "mon")
    switch(room, "ada", "tue", "mon")
    assert room.told == [("ada", NoticeKind.SWITCH_WAITING)]
    assert (room.of("ada").place, room.of("ada").status, room.of("ada").sequence) == ("mon", Status.CONFIRMED, 0)
    assert room.line("tue") == ["cat", "ada"]
    leave(room, "ben")
    assert room.places() == {"cat": "tue", "dan": None, "ada": "mon"}
    leave(room, "cat")
    assert room.places() == {"dan": "mon", "ada": "tue"}
    assert room.told == [
        ("cat", NoticeKind.WITHDRAWN),
        ("dan", NoticeKind.PLACE_CONFIRMED),
        ("ada", NoticeKind.PLACE_MOVED),
    ]


def test_switches_cascade() -> None:
    """Whoever moves frees a place that is filled in its turn; everyone is told once."""
    room = Rehearsal(project())
    for who, place in (("ada", "mon"), ("ben", "tue"), ("cat", "thu")):
        room.register(who, place)
    room.register("dan", "thu")
    switch(room, "ben", "mon")
    switch(room, "cat", "tue")
    leave(room, "ada")
    assert room.places() == {"dan": "thu", "ben": "mon", "cat": "tue"}
    assert room.told == [
        ("ada", NoticeKind.WITHDRAWN),
        ("dan", NoticeKind.PLACE_CONFIRMED),
        ("ben", NoticeKind.PLACE_MOVED),
        ("cat", NoticeKind.PLACE_MOVED),
    ]


def test_two_who_wish_to_swap_both_wait() -> None:
    """Nobody loses a place for it; when one leaves, the other moves."""
    room = full()
    switch(room, "ada", "tue", "mon")
    switch(room, "ben", "mon", "tue")
    assert room.places() == {"ada": "mon", "ben": "tue"}
    leave(room, "ada")
    assert room.places() == {"ben": "mon"}


def test_asking_again_while_waiting_to_switch_keeps_the_number() -> None:
    """Only the first time sends somebody to the end of the line."""
    room = full()
    switch(room, "ada", "tue")
    room.register("cat", "tue")
    before = room.of("ada").arrived
    switch(room, "ada", "tue", "mon")
    assert room.of("ada").arrived == before
    assert room.line("tue") == ["ada", "cat"]


def test_a_switch_is_taken_back_by_wishing_for_the_place_one_has() -> None:
    """Nobody need be told that nothing changes."""
    room = full()
    switch(room, "ada", "tue")
    switch(room, "ada", "mon")
    assert not room.of("ada").switching
    assert (room.told, room.line("tue")) == ([], [])
    assert room.happened == [EventKind.WISHES_CHANGED]


def test_less_preferred_sessions_are_not_waited_for() -> None:
    """A place in the first wish is what they wished for."""
    room = full()
    switch(room, "ada", "mon", "tue")
    assert not room.of("ada").switching
    assert room.line("tue") == []


def test_somebody_who_waits_keeps_their_number_when_they_wish_for_another_session() -> None:
    """And gets a place at once where one is free."""
    room = Rehearsal(project())
    room.register("ada", "mon")
    room.register("cat", "mon")
    room.register("dan", "mon")
    switch(room, "cat", "mon", "mon")
    assert room.line("mon") == ["cat", "dan"]
    assert room.told == []
    switch(room, "cat", "mon", "tue")
    assert room.of("cat").place == "tue"
    assert room.told == [("cat", NoticeKind.PLACE_CONFIRMED)]


def test_new_wishes_without_a_free_place_are_confirmed_as_waiting() -> None:
    """So that they know it was heard."""
    room = full()
    room.register("cat", "mon")
    switch(room, "cat", "tue")
    assert room.told == [("cat", NoticeKind.WAITING)]
    assert (room.line("mon"), room.line("tue")) == ([], ["cat"])


def test_a_switch_must_name_a_session_that_can_be_had() -> None:
    """Known, to come, and within the membership."""
    room = full()
    cat = room.register(member("cat", **until("2021-07-05")), "mon")
    with pytest.raises(NotFound):
        switch(room, "cat", "fri")
    with pytest.raises(NotEligible):
        switch(room, "cat", "tue")
    room.now = datetime(2021, 7, 5, 9, tzinfo=UTC)
    with pytest.raises(NotPossible, match="has begun"):
        switch(room, "cat", "mon")
    assert room.of("cat") == cat


def test_a_switch_to_a_session_that_has_begun_keeps_the_place_without_waiting() -> None:
    """There is nothing to wait for."""
    room = full()
    room.now = datetime(2021, 7, 5, 9, tzinfo=UTC)
    switch(room, "ben", "mon", "tue")
    assert (room.of("ben").place, room.of("ben").switching) == ("tue", False)


@pytest.mark.parametrize("policy", ["review", "allocation"])
def test_under_a_decision_a_switch_is_noted_and_the_place_kept(policy: str) -> None:
    """Somebody decides; wishing for what one has takes it back."""
    room = Rehearsal(project(places=policy))
    ada = room.register("ada", "mon")
    switch(room, "ada", "tue", "mon")
    assert room.told == [("ada", NoticeKind.INTEREST_RECEIVED)]
    room.state = room.state.put(replace(room.of("ada"), place="mon", decision="accepted"))
    switch(room, "ada", "tue")
    assert room.told == [("ada", NoticeKind.SWITCH_WAITING)]
    assert (room.of("ada").place, room.of("ada").status, room.line("tue")) == ("mon", Status.CONFIRMED, [])
    switch(room, "ada", "mon")
    assert (room.of("ada").switching, room.of("ada").decision, ada.id) == (False, "accepted", room.of("ada").id)


def test_a_place_in_a_session_that_has_begun_is_given_to_nobody() -> None:
    """Even when somebody waits for it and another one moves away from it."""
    room = full()
    room.register("cat", "mon")
    room.now = datetime(2021, 7, 5, 9, tzinfo=UTC)
    room.state = room.state.put(replace(room.of("ada"), place=None, wishes=("tue",)))
    leave(room, "ben")
    assert room.of("cat").place is None


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
