from dataclasses import replace
from datetime import UTC, datetime

import pytest

from insight_sessions.commands.places import SwitchSession, Withdraw
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.registration import Decision, Status
from insight_sessions.errors import NotEligible, NotFound, NotPossible

from .desk_kit import P, Rehearsal, member, project, session, until


def leave(room: Rehearsal, who: str) -> None:
    """Somebody withdraws."""
    room.do(Withdraw(project_id=P, registration_id=room.of(who).id))


def switch(room: Rehearsal, who: str, *sessions: str) -> None:
    """Somebody wishes for other sessions."""
    room.do(SwitchSession(project_id=P, registration_id=room.of(who).id, sessions=sessions))


def full() -> Rehearsal:
    """Monday and Tuesday, both taken."""
    room = Rehearsal(project(session("mon"), session("tue")))
    room.register("ada", "mon")
    room.register("ben", "tue")
    return room


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
    room.state = room.state.put(replace(room.of("ada"), place="mon", decision=Decision.ACCEPTED))
    switch(room, "ada", "tue")
    assert room.told == [("ada", NoticeKind.SWITCH_WAITING)]
    assert (room.of("ada").place, room.of("ada").status, room.line("tue")) == ("mon", Status.CONFIRMED, [])
    switch(room, "ada", "mon")
    assert (room.of("ada").switching, room.of("ada").decision, ada.id) == (False, "accepted", room.of("ada").id)
