from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from insight_sessions.commands.calls import AmendProject, CancelProject, CloseCall
from insight_sessions.commands.consolidation import Consolidate
from insight_sessions.commands.offering import AcceptOffer, OfferPlace, RefuseOffer
from insight_sessions.commands.passing import MOST_EFFECTS, LetTimePass, RecheckEligibility, wake_at
from insight_sessions.commands.places import ConfirmPlace, DeclineInterest, SwitchSession, Withdraw
from insight_sessions.commands.sessions import AddSession, CancelSession, RescheduleSession, ResizeSession
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.offering import Offers
from insight_sessions.domain.registration import Decision, Offer, Status
from insight_sessions.errors import NotEligible, NotPossible, SessionFull

from .desk_kit import DAY, NOW, P, Rehearsal, member, project, session, stale, until

E = EventKind
K = NoticeKind
WINDOW = 2 * DAY


def offering(*sessions: Any, **more: Any) -> Rehearsal:  # noqa: ANN401 - whatever is tried
    """A project that offers its places."""
    return Rehearsal(project(*sessions, **{"fill": "offer", **more}))


def full(**more: Any) -> Rehearsal:  # noqa: ANN401 - whatever is tried
    """Monday is Ada's, Tuesday Ben's, and Cat and Dan wait for Monday."""
    room = offering(**more)
    for who, where in (("ada", "mon"), ("ben", "tue"), ("cat", "mon"), ("dan", "mon")):
        room.register(who, where)
    return room


def leave(room: Rehearsal, who: str) -> None:
    """Somebody withdraws."""
    room.do(Withdraw(project_id=P, registration_id=room.of(who).id))


def switch(room: Rehearsal, who: str, *sessions: str) -> None:
    """Somebody wishes for other sessions."""
    room.do(SwitchSession(project_id=P, registration_id=room.of(who).id, sessions=sessions))


def offer(room: Rehearsal, who: str, where: str) -> None:
    """An organiser offers a place."""
    room.do(OfferPlace(project_id=P, registration_id=room.of(who).id, session_id=where))


def accept(room: Rehearsal, who: str) -> None:
    """Somebody says yes."""
    room.do(AcceptOffer(project_id=P, registration_id=room.of(who).id))


def refuse(room: Rehearsal, who: str) -> None:
    """Somebody says no."""
    room.do(RefuseOffer(project_id=P, registration_id=room.of(who).id))


def wait(room: Rehearsal, much: timedelta = WINDOW) -> None:
    """Time passes."""
    room.now += much
    room.do(LetTimePass(project_id=P))


def offers(room: Rehearsal) -> dict[str, str]:
    """Who is offered what."""
    people = room.state.people
    return {people[one.person].member_id: one.offer.session for one in room.state.registrations.values() if one.offer}


# Making offers


def test_a_freed_place_is_offered_to_the_first_in_line() -> None:
    """It is held, and nobody else gets it."""
    room = full()
    leave(room, "ada")
    assert room.told == [("ada", K.WITHDRAWN), ("cat", K.PLACE_OFFERED)]
    assert room.happened == [E.WITHDRAWN, E.OFFER_MADE]
    made = room.events[1]
    assert (made.session, made.until, made.registration) == ("mon", NOW + WINDOW, room.of("cat").id)
    assert room.of("cat").status is Status.OFFERED
    assert room.of("cat").offer == Offer("mon", NOW + WINDOW)
    assert room.state.places_left("mon") == 0
    assert room.line("mon") == ["dan"]
    told = room.owed_to("cat")
    assert (told.method, told.slot, told.offered, told.until) == (None, None, room.state.slots["mon"], NOW + WINDOW)
    assert wake_at(room.state) == NOW + WINDOW


def test_who_comes_when_nobody_waits_gets_the_place_at_once() -> None:
    """There is nobody to ask but them."""
    room = offering()
    room.register("ada", "mon")
    assert room.places() == {"ada": "mon"}


def test_offers_never_exceed_the_places() -> None:
    """Several at once, first come first."""
    room = full()
    room.do(ResizeSession(project_id=P, session_id="mon", capacity=2))
    assert room.told == [("cat", K.PLACE_OFFERED)]
    room.do(ResizeSession(project_id=P, session_id="mon", capacity=9))
    assert room.told == [("dan", K.PLACE_OFFERED)]
    assert room.state.places_left("mon") == 6


def test_who_cannot_take_a_place_is_offered_none() -> None:
    """As when places are given: the check is old, or found them not eligible, or the membership ends before."""
    room = offering(session("mon"), session("fri", "2021-07-02T10:00", capacity=0), recheck_days=7)
    room.register("ada", "mon")
    for who in ("ben", "cat"):
        room.register(who, "mon")
    room.register(member("dan", **until("2021-07-04")), "mon", "fri")
    room.register("eve", "mon")
    room.state = room.state.put(stale(room.of("ben"), 8)).put(replace(room.of("cat"), barred=True))
    leave(room, "ada")
    assert offers(room) == {"eve": "mon"}


def test_who_is_offered_a_place_is_asked_for_nothing_else() -> None:
    """They answer first, and keep their number."""
    room = offering()
    for who, where in (("ada", "mon"), ("ben", "tue")):
        room.register(who, where)
    room.register("cat", "mon", "tue")
    room.register("dan", "tue")
    leave(room, "ada")
    leave(room, "ben")
    assert offers(room) == {"cat": "mon", "dan": "tue"}


def test_a_place_that_is_freed_too_late_is_left_to_the_organiser() -> None:
    """Nobody is given a place at short notice without being asked, and nobody who comes later gets it instead."""
    room = full()
    room.now = room.state.session("mon").begins - DAY
    leave(room, "ada")
    assert room.told == [("ada", K.WITHDRAWN)]
    room.register("eve", "mon")
    assert room.places() == {"ben": "tue", "cat": None, "dan": None, "eve": None}
    switch(room, "ben", "mon", "tue")
    assert room.of("ben").place == "tue"
    with pytest.raises(NotPossible) as caught:
        offer(room, "cat", "mon")
    assert caught.value.reason == "too_late_to_offer"
    room.do(ConfirmPlace(project_id=P, registration_id=room.of("cat").id, session_id="mon"))
    assert room.of("cat").place == "mon"


def test_who_would_leave_a_place_that_begins_soon_is_passed_over() -> None:
    """They could not answer before it begins; the next one can."""
    room = offering(session("mon", "2021-06-15T10:00"), session("tue"))
    room.register("ada", "mon")
    room.register("ben", "tue")
    switch(room, "ada", "tue", "mon")
    room.register("cat", "tue")
    leave(room, "ben")
    assert offers(room) == {"cat": "tue"}


def test_manual_means_that_nobody_moves_up_by_themselves() -> None:
    """The organiser confirms, or offers; whoever comes later waits behind those who wait."""
    room = full(fill="manual")
    leave(room, "ada")
    room.do(ResizeSession(project_id=P, session_id="mon", capacity=3))
    assert (room.told, room.state.places_left("mon")) == ([], 3)
    room.register("eve", "mon", "tue", "thu")
    assert room.places() == {"ben": "tue", "cat": None, "dan": None, "eve": "thu"}
    offer(room, "dan", "mon")
    assert room.told == [("dan", K.PLACE_OFFERED)]
    room.do(ConfirmPlace(project_id=P, registration_id=room.of("cat").id, session_id="mon"))
    accept(room, "dan")
    assert room.places() == {"ben": "tue", "cat": "mon", "dan": "mon", "eve": "thu"}


# Answers


def test_who_accepts_has_the_place() -> None:
    """With their first invite."""
    room = full()
    leave(room, "ada")
    accept(room, "cat")
    assert room.told == [("cat", K.PLACE_CONFIRMED)]
    assert room.happened == [E.PLACE_GIVEN]
    told = room.owed_to("cat")
    assert (told.method, told.sequence, told.begins, told.offered, told.released) == ("REQUEST", 0, True, None, None)
    assert (room.of("cat").place, room.of("cat").offer) == ("mon", None)
    assert wake_at(room.state) == room.state.session("mon").ends


def test_who_refuses_goes_on_waiting_for_the_others() -> None:
    """With their number, and not for the one that they said no to."""
    room = offering()
    for who, where in (("ada", "mon"), ("ben", "tue")):
        room.register(who, where)
    cat = room.register("cat", "mon", "tue")
    room.register("dan", "mon", "tue")
    leave(room, "ada")
    refuse(room, "cat")
    assert room.told == [("cat", K.OFFER_REFUSED), ("dan", K.PLACE_OFFERED)]
    assert room.happened == [E.OFFER_REFUSED, E.WISHES_CHANGED, E.OFFER_MADE]
    told = room.owed_to("cat")
    assert (told.released, told.offered, told.waits) == (room.state.slots["mon"], None, (room.state.slots["tue"],))
    assert (room.of("cat").wishes, room.of("cat").arrived) == (("tue",), cat.arrived)
    leave(room, "ben")
    assert offers(room) == {"cat": "tue", "dan": "mon"}


def test_who_refuses_gets_what_became_free_meanwhile() -> None:
    """It was offered to nobody, for nobody else waited for it."""
    room = offering()
    for who, where in (("ada", "mon"), ("ben", "tue")):
        room.register(who, where)
    room.register("cat", "mon", "tue")
    leave(room, "ada")
    leave(room, "ben")
    assert room.state.places_left("tue") == 1
    refuse(room, "cat")
    assert room.told == [("cat", K.PLACE_OFFERED)]
    assert room.happened == [E.OFFER_REFUSED, E.WISHES_CHANGED, E.OFFER_MADE]
    assert (offers(room), room.owed_to("cat").released) == ({"cat": "tue"}, room.state.slots["mon"])


def test_who_refuses_the_only_session_they_asked_for_is_out() -> None:
    """They are told once, and may register again."""
    room = full()
    leave(room, "ada")
    refuse(room, "cat")
    assert room.told == [("cat", K.OFFER_REFUSED), ("dan", K.PLACE_OFFERED)]
    assert room.happened == [E.OFFER_REFUSED, E.WITHDRAWN, E.OFFER_MADE]
    assert room.of("cat").status is Status.WITHDRAWN
    room.register("cat", "mon")
    assert room.line("mon") == ["cat"]


@pytest.mark.parametrize("answer", [accept, refuse])
def test_nothing_is_answered_that_was_not_asked(answer: Callable[[Rehearsal, str], None]) -> None:
    """Not before an offer, not after its deadline, not twice, and not in a project that was cancelled."""
    room = full()
    with pytest.raises(NotPossible) as never:
        answer(room, "cat")
    leave(room, "ada")
    room.now = NOW + WINDOW
    with pytest.raises(NotPossible) as late:
        answer(room, "cat")
    room.do(LetTimePass(project_id=P))
    with pytest.raises(NotPossible) as lapsed:
        answer(room, "cat")
    room.now += timedelta(microseconds=-1)
    answer(room, "dan")
    with pytest.raises(NotPossible) as twice:
        answer(room, "dan")
    assert [caught.value.reason for caught in (never, late, lapsed)] == ["no_offer"] * 3
    assert twice.value.reason in {"no_offer", "withdrawn"}
    room.do(CancelProject(project_id=P))
    with pytest.raises(NotPossible) as gone:
        answer(room, "cat")
    assert gone.value.reason == "project_cancelled"


def test_a_place_cannot_be_accepted_in_a_session_that_has_begun_or_after_a_membership() -> None:
    """Whatever the deadline says; settings and clocks may be odd."""
    room = full()
    leave(room, "ada")
    cat = room.of("cat")
    room.state = room.state.put(replace(cat, offer=Offer("mon", NOW + 400 * DAY)))
    room.now = room.state.session("mon").begins
    with pytest.raises(NotPossible) as caught:
        accept(room, "cat")
    assert caught.value.reason == "session_begun"
    room.now = NOW
    person = room.state.people[cat.person]
    room.state = room.state.put(replace(person, **until("2021-07-01")))
    with pytest.raises(NotEligible):
        accept(room, "cat")


# Lapses


def test_who_does_not_answer_is_at_the_end_of_the_line() -> None:
    """The place is offered to the next."""
    room = full()
    leave(room, "ada")
    wait(room, WINDOW - timedelta(microseconds=1))
    assert room.told == []
    wait(room, timedelta(microseconds=1))
    assert room.told == [("dan", K.PLACE_OFFERED), ("cat", K.OFFER_LAPSED)]
    assert room.happened == [E.OFFER_MADE, E.OFFER_LAPSED]
    assert (room.of("cat").status, room.line("mon")) == (Status.WAITING, ["cat"])
    told = room.owed_to("cat")
    assert (told.released, told.waits) == (room.state.slots["mon"], (room.state.slots["mon"],))
    wait(room)
    assert room.told == [("cat", K.PLACE_OFFERED), ("dan", K.OFFER_LAPSED)]


def test_who_waits_alone_is_asked_again() -> None:
    """Once for each offer that lapses."""
    room = offering()
    room.register("ada", "mon")
    room.register("cat", "mon")
    leave(room, "ada")
    wait(room)
    assert room.told == [("cat", K.PLACE_OFFERED)]
    assert room.happened == [E.OFFER_LAPSED, E.OFFER_MADE]
    assert (room.owed_to("cat").released, room.owed_to("cat").until) == (None, room.now + WINDOW)


def test_who_lost_a_place_and_does_not_answer_comes_last_like_all_others() -> None:
    """Only a place that was lost brings somebody to the front, and that was answered by the offer."""
    room = offering(session("mon"), session("tue"))
    for who, where in (("ada", "mon"), ("ben", "tue"), ("dan", "tue")):
        room.register(who, where)
    switch(room, "ada", "mon", "tue")
    room.do(CancelSession(project_id=P, session_id="mon"))
    assert room.line("tue") == ["ada", "dan"]
    leave(room, "ben")
    wait(room)
    assert (offers(room), room.line("tue")) == ({"dan": "tue"}, ["ada"])
    assert not room.of("ada").displaced


def test_who_does_not_answer_may_be_out() -> None:
    """When the project says so; told once."""
    room = full(offers=Offers(on_lapse="withdraw"))
    leave(room, "ada")
    wait(room)
    assert room.told == [("cat", K.OFFER_LAPSED), ("dan", K.PLACE_OFFERED)]
    assert room.happened == [E.OFFER_LAPSED, E.WITHDRAWN, E.OFFER_MADE]
    assert room.of("cat").status is Status.WITHDRAWN


@pytest.mark.parametrize(("policy", "line"), [("requeue", ["cat", "ada"]), ("withdraw", ["cat"])])
def test_nobody_loses_a_place_by_not_answering(policy: Any, line: list[str]) -> None:  # noqa: ANN401 - a policy
    """They are at the end of the other line, or no longer in it."""
    room = offering(offers=Offers(on_lapse=policy))
    room.register("ada", "mon")
    ben = room.register("ben", "tue")
    switch(room, "ada", "tue", "mon")
    room.register("cat", "tue")
    leave(room, "ben")
    wait(room)
    assert sorted(room.told) == [("ada", K.OFFER_LAPSED), ("cat", K.PLACE_OFFERED)]
    assert (room.of("ada").place, room.of("ada").switching) == ("mon", policy == "requeue")
    assert room.of("ada").arrived > ben.arrived
    room.state = room.state.put(room.of("cat").but(offer=None))
    assert room.line("tue") == line


def test_no_more_lapses_in_one_step_than_a_project_can_be_held_for() -> None:
    """The rest lapses in the next; nobody can accept meanwhile."""
    most = MOST_EFFECTS
    room = offering(session("mon"), session("tue"))
    room.register("ada", "mon")
    for number in range(most + 2):
        room.register(f"m{number}", "mon")
    room.do(ResizeSession(project_id=P, session_id="mon", capacity=most + 3))
    assert len(offers(room)) == most + 2
    room.now += WINDOW
    room.do(LetTimePass(project_id=P))
    assert room.happened.count(E.OFFER_LAPSED) == most
    assert wake_at(room.state) == NOW + WINDOW
    assert len(room.told) == most
    with pytest.raises(NotPossible):
        accept(room, f"m{most + 1}")
    room.do(LetTimePass(project_id=P))
    assert [who for who, _ in room.told] == [f"m{most}", f"m{most + 1}"]


# With a place


def test_who_accepts_another_place_moves_with_one_update() -> None:
    """And the place that they leave is offered in its turn; until then they keep it."""
    room = offering()
    room.register("ada", "mon")
    room.register("ben", "tue")
    switch(room, "ada", "tue", "mon")
    room.register("cat", "mon")
    leave(room, "ben")
    assert room.told == [("ben", K.WITHDRAWN), ("ada", K.PLACE_OFFERED)]
    assert (room.of("ada").status, room.of("ada").place, offers(room)) == (Status.CONFIRMED, "mon", {"ada": "tue"})
    told = room.owed_to("ada")
    assert (told.slot, told.offered, told.method) == (room.state.slots["mon"], room.state.slots["tue"], None)
    accept(room, "ada")
    assert sorted(room.told) == [("ada", K.PLACE_MOVED), ("cat", K.PLACE_OFFERED)]
    assert (room.of("ada").place, room.of("ada").sequence, offers(room)) == ("tue", 1, {"cat": "mon"})
    assert room.owed_to("ada").method == "REQUEST"


def test_who_refuses_another_place_keeps_theirs_and_goes_on_waiting() -> None:
    """For what else they would rather have, if anything; and is asked no more about that session."""
    room = offering()
    for who, where in (("ada", "mon"), ("ben", "tue"), ("cat", "thu")):
        room.register(who, where)
    switch(room, "ada", "tue", "thu", "mon")
    leave(room, "ben")
    refuse(room, "ada")
    assert room.told == [("ada", K.OFFER_REFUSED)]
    assert (room.of("ada").wishes, room.line("thu")) == (("thu", "mon"), ["ada"])
    assert room.owed_to("ada").slot == room.state.slots["mon"]
    leave(room, "cat")
    refuse(room, "ada")
    ada = room.of("ada")
    assert (ada.place, ada.wishes, ada.switching) == ("mon", ("mon",), False)
    assert room.happened == [E.OFFER_REFUSED, E.WISHES_CHANGED]


def test_who_asked_for_one_other_session_alone_keeps_what_they_have() -> None:
    """Their place is a wish again."""
    room = offering()
    room.register("ada", "mon")
    room.register("ben", "tue")
    switch(room, "ada", "tue")
    leave(room, "ben")
    refuse(room, "ada")
    assert (room.of("ada").wishes, room.of("ada").switching, room.of("ada").place) == (("mon",), False, "mon")


def test_other_wishes_may_give_an_offer_up() -> None:
    """It stands while its session is among what they would rather have."""
    room = full()
    leave(room, "ada")
    switch(room, "cat", "mon", "tue")
    assert (room.told, room.happened) == ([("cat", K.PLACE_OFFERED)], [E.WISHES_CHANGED])
    assert offers(room) == {"cat": "mon"}
    switch(room, "cat", "tue")
    assert room.told == [("cat", K.WAITING), ("dan", K.PLACE_OFFERED)]
    assert room.happened == [E.OFFER_WITHDRAWN, E.WISHES_CHANGED, E.OFFER_MADE]
    assert room.owed_to("cat").released == room.state.slots["mon"]


def test_another_session_may_be_free_for_somebody_with_an_offer() -> None:
    """They ask for it, and get it at once; what was held for them goes to the next."""
    room = full()
    leave(room, "ada")
    switch(room, "cat", "thu", "mon")
    assert room.told == [("cat", K.PLACE_CONFIRMED), ("dan", K.PLACE_OFFERED)]
    assert room.places() == {"ben": "tue", "cat": "thu", "dan": None}


def test_naming_the_own_place_first_stops_waiting_and_gives_an_offer_up() -> None:
    """With the same wishes or others: whoever gives an offer up is told once."""
    room = offering()
    room.register("ada", "mon", "tue")
    room.register("ben", "tue")
    switch(room, "ada", "tue", "mon")
    switch(room, "ada", "mon")
    assert (room.line("tue"), room.told, room.of("ada").place) == ([], [], "mon")
    switch(room, "ada", "mon", "tue")
    leave(room, "ben")
    offer(room, "ada", "tue")
    assert room.told == [("ada", K.PLACE_OFFERED)]
    switch(room, "ada", "mon", "tue")
    assert room.told == [("ada", K.OFFER_REFUSED)]
    assert room.happened == [E.OFFER_WITHDRAWN]
    assert (offers(room), room.of("ada").place) == ({}, "mon")


# What organisers do


def test_an_organiser_offers_a_place_under_review() -> None:
    """It is a decision: who does not answer waits for what they asked for."""
    room = offering(places="review", fill="confirm")
    room.register("ada", "mon", "tue")
    offer(room, "ada", "mon")
    assert room.told == [("ada", K.PLACE_OFFERED)]
    assert (room.of("ada").status, room.of("ada").decision) == (Status.OFFERED, Decision.ACCEPTED)
    wait(room)
    assert room.told == [("ada", K.PLACE_CONFIRMED)]


def test_who_has_a_place_under_review_may_ask_for_something_else_while_they_are_offered_another() -> None:
    """The offer stands while they would rather have it."""
    room = offering(places="review")
    ada = room.register("ada", "mon", "tue")
    room.do(ConfirmPlace(project_id=P, registration_id=ada.id, session_id="mon"))
    offer(room, "ada", "tue")
    switch(room, "ada", "thu", "tue", "mon")
    assert (offers(room), room.of("ada").decision) == ({"ada": "tue"}, Decision.PENDING)
    room.register("ben", "tue")
    room.do(OfferPlace(project_id=P, registration_id=room.of("ada").id, session_id="thu"))
    assert (offers(room), room.owed_to("ada").released) == ({"ada": "thu"}, room.state.slots["tue"])
    assert room.happened == [E.OFFER_WITHDRAWN, E.OFFER_MADE]
    switch(room, "ada", "thu", "mon")
    room.do(ConfirmPlace(project_id=P, registration_id=ada.id, session_id="mon"))
    assert room.told == [("ada", K.PLACE_CONFIRMED)]
    assert (offers(room), room.of("ada").place, room.state.places_left("thu")) == ({}, "mon", 1)


def test_an_organiser_may_offer_to_somebody_who_was_declined() -> None:
    """As they may confirm."""
    room = offering(places="review")
    ada = room.register("ada", "mon")
    room.do(DeclineInterest(project_id=P, registration_id=ada.id))
    offer(room, "ada", "mon")
    assert (room.told, room.of("ada").status) == ([("ada", K.PLACE_OFFERED)], Status.OFFERED)


def test_offering_the_same_place_twice_changes_nothing() -> None:
    """Nor the deadline."""
    room = full()
    leave(room, "ada")
    room.now += timedelta(hours=1)
    offer(room, "cat", "mon")
    assert (room.told, room.happened, room.of("cat").offer) == ([], [], Offer("mon", NOW + WINDOW))


def test_another_offer_frees_the_first() -> None:
    """It goes to the next in line."""
    room = full()
    switch(room, "cat", "mon", "thu")
    assert room.of("cat").place == "thu"
    room = offering(session("mon"), session("tue"), session("thu", capacity=0))
    room.register("ada", "mon")
    room.register("cat", "mon", "thu")
    room.register("dan", "mon")
    leave(room, "ada")
    room.state = room.state.put(room.state.session("thu").model_copy(update={"capacity": 1}))
    offer(room, "cat", "thu")
    assert room.told == [("cat", K.PLACE_OFFERED), ("dan", K.PLACE_OFFERED)]
    assert room.happened == [E.OFFER_WITHDRAWN, E.OFFER_MADE, E.OFFER_MADE]


def test_nobody_is_offered_what_they_cannot_take() -> None:
    """Taken, theirs already, not wished for, begun, or after their membership."""
    room = full()
    with pytest.raises(SessionFull):
        offer(room, "cat", "mon")
    for who, where, reason in (("ada", "mon", "has_place"), ("ada", "thu", "not_wished")):
        with pytest.raises(NotPossible) as caught:
            offer(room, who, where)
        assert caught.value.reason == reason
    room.register(member("eve", **until("2021-07-06")), "mon", "thu")
    with pytest.raises(NotEligible):
        offer(room, "eve", "thu")
    room.now = room.state.session("mon").begins
    with pytest.raises(NotPossible) as begun:
        offer(room, "ada", "thu")
    assert begun.value.reason == "session_begun"


def test_an_organiser_may_confirm_what_is_held() -> None:
    """Even in an overfull session; or another place, and then the held one goes on."""
    room = full()
    leave(room, "ada")
    room.do(ResizeSession(project_id=P, session_id="mon", capacity=0))
    assert (room.told, offers(room)) == ([], {"cat": "mon"})
    room.do(ConfirmPlace(project_id=P, registration_id=room.of("cat").id, session_id="mon"))
    assert room.told == [("cat", K.PLACE_CONFIRMED)]
    room = full()
    switch(room, "cat", "mon")
    room.state = room.state.put(room.of("cat").but(wishes=("mon", "thu")))
    leave(room, "ada")
    room.do(ConfirmPlace(project_id=P, registration_id=room.of("cat").id, session_id="thu"))
    assert room.told == [("cat", K.PLACE_CONFIRMED), ("dan", K.PLACE_OFFERED)]


@pytest.mark.parametrize("command", [Withdraw, DeclineInterest])
def test_who_leaves_frees_what_is_held_for_them(command: Any) -> None:  # noqa: ANN401 - either class
    """Beside the place they have."""
    room = offering()
    room.register("ada", "mon")
    room.register("ben", "tue")
    switch(room, "ada", "tue", "mon")
    room.register("cat", "mon")
    room.register("dan", "tue")
    leave(room, "ben")
    room.do(command(project_id=P, registration_id=room.of("ada").id))
    kind = K.WITHDRAWN if command is Withdraw else K.DECLINED
    assert sorted(room.told) == [("ada", kind), ("cat", K.PLACE_OFFERED), ("dan", K.PLACE_OFFERED)]
    assert E.OFFER_WITHDRAWN in room.happened


def test_closing_the_call_or_other_words_end_no_offer() -> None:
    """Nobody is told anything but who has a place."""
    room = full()
    leave(room, "ada")
    room.do(CloseCall(project_id=P))
    room.do(AmendProject(project_id=P, title="Another name"))
    assert room.told == [("ben", K.DETAILS_CHANGED)]
    accept(room, "cat")
    assert room.of("cat").place == "mon"


# Sessions that change


def test_a_cancelled_session_ends_its_offers() -> None:
    """They wait where they stood for what else they asked for, and get what is free there."""
    room = offering()
    for who, where in (("ada", "mon"), ("ben", "tue")):
        room.register(who, where)
    room.register("cat", "mon", "tue")
    leave(room, "ada")
    leave(room, "ben")
    room.register("dan", "mon")
    room.do(CancelSession(project_id=P, session_id="mon"))
    assert room.told == [("cat", K.SESSION_CANCELLED), ("dan", K.SESSION_CANCELLED)]
    assert room.happened == [E.SESSION_CANCELLED, E.OFFER_WITHDRAWN, E.OFFER_MADE]
    told = room.owed_to("cat")
    assert (offers(room), told.offered) == ({"cat": "tue"}, room.state.slots["tue"])
    assert told.cancelled is not None
    assert told.cancelled.id == "mon"


def test_who_loses_a_place_gets_the_one_that_is_held_for_them() -> None:
    """They lost one, so they are not asked."""
    room = offering()
    room.register("ada", "mon")
    room.register("ben", "tue")
    switch(room, "ada", "tue", "mon")
    leave(room, "ben")
    room.do(CancelSession(project_id=P, session_id="mon"))
    assert room.told == [("ada", K.PLACE_MOVED)]
    assert (room.of("ada").place, offers(room)) == ("tue", {})
    assert room.happened == [E.SESSION_CANCELLED, E.PLACE_MOVED]


def test_who_loses_a_place_may_get_a_better_one_than_the_one_that_is_held() -> None:
    """That one goes on, then."""
    room = offering(session("mon"), session("tue"), session("thu", capacity=0))
    room.register("ada", "mon")
    room.register("ben", "tue")
    switch(room, "ada", "thu", "tue", "mon")
    room.register("cat", "tue")
    leave(room, "ben")
    room.state = room.state.put(room.state.session("thu").model_copy(update={"capacity": 1}))
    room.do(CancelSession(project_id=P, session_id="mon"))
    assert sorted(room.told) == [("ada", K.PLACE_MOVED), ("cat", K.PLACE_OFFERED)]
    assert (room.of("ada").place, offers(room)) == ("thu", {"cat": "tue"})
    assert room.happened == [E.SESSION_CANCELLED, E.OFFER_WITHDRAWN, E.PLACE_MOVED, E.OFFER_MADE]


def test_who_is_not_eligible_and_loses_a_place_keeps_an_offer() -> None:
    """An organiser made it, and nobody else takes it back."""
    room = offering()
    room.register("ada", "mon", "tue")
    offer(room, "ada", "tue")
    room.state = room.state.put(replace(room.of("ada"), barred=True))
    room.do(CancelSession(project_id=P, session_id="mon"))
    assert room.told == [("ada", K.SESSION_CANCELLED)]
    assert (room.of("ada").place, offers(room), room.owed_to("ada").method) == (None, {"ada": "tue"}, "CANCEL")


def test_fill_or_not_who_lost_a_place_gets_a_free_one_at_once() -> None:
    """That is a promise, and it does not depend on how free places are filled."""
    for policy in ("offer", "manual"):
        room = offering(fill=policy)
        room.register("ada", "mon", "tue")
        room.do(CancelSession(project_id=P, session_id="mon"))
        assert room.told == [("ada", K.PLACE_MOVED)]


def test_an_offer_follows_its_session() -> None:
    """It ends sooner when the session comes sooner, and is taken back when it is too late for it."""
    room = full()
    leave(room, "ada")
    move = RescheduleSession(project_id=P, session_id="mon", starts="2021-07-09T10:00")
    room.do(move)
    assert room.told == [("cat", K.SESSION_RESCHEDULED), ("dan", K.SESSION_RESCHEDULED)]
    assert (room.happened, room.of("cat").offer) == ([E.SESSION_RESCHEDULED], Offer("mon", NOW + WINDOW))
    assert room.owed_to("cat").offered == room.state.slots["mon"]
    room.do(move.model_copy(update={"starts": datetime(2021, 6, 16, 10)}))  # noqa: DTZ001 - wall-clock time
    assert room.told == [("cat", K.SESSION_RESCHEDULED), ("dan", K.SESSION_RESCHEDULED)]
    sooner = NOW + DAY
    assert (room.happened, room.of("cat").offer) == ([E.SESSION_RESCHEDULED, E.OFFER_MADE], Offer("mon", sooner))
    assert (room.owed_to("cat").until, room.owed_to("cat").released) == (sooner, None)
    room.do(move.model_copy(update={"starts": datetime(2021, 6, 15, 10)}))  # noqa: DTZ001 - the same
    assert room.told == [("cat", K.SESSION_RESCHEDULED), ("dan", K.SESSION_RESCHEDULED)]
    assert (room.happened, room.line("mon")) == ([E.SESSION_RESCHEDULED, E.OFFER_WITHDRAWN], ["cat", "dan"])
    assert room.owed_to("cat").released == room.state.slots["mon"]


def test_an_offer_follows_the_place_that_would_be_left() -> None:
    """Once that session begins, it cannot be left any more."""
    room = offering()
    room.register("ada", "mon")
    room.register("ben", "tue")
    switch(room, "ada", "tue", "mon")
    leave(room, "ben")
    room.do(RescheduleSession(project_id=P, session_id="mon", starts="2021-06-15T10:00"))
    assert room.told == [("ada", K.SESSION_RESCHEDULED)]
    told = room.owed_to("ada")
    assert (offers(room), told.method, told.released) == ({}, "REQUEST", room.state.slots["tue"])


def test_an_offer_beyond_a_membership_is_taken_back() -> None:
    """The session moved away from them, and they are told of it."""
    room = offering()
    room.register("ada", "mon")
    room.register(member("cat", **until("2021-07-05")), "mon")
    leave(room, "ada")
    room.do(RescheduleSession(project_id=P, session_id="mon", starts="2021-07-09T10:00"))
    assert (room.told, offers(room)) == ([("cat", K.SESSION_RESCHEDULED)], {})


def test_who_is_offered_a_place_they_did_not_ask_to_switch_to_hears_when_it_moves() -> None:
    """They have a place, and an organiser offers another of their sessions."""
    room = offering()
    room.register("ada", "mon", "tue")
    offer(room, "ada", "tue")
    room.do(RescheduleSession(project_id=P, session_id="tue", starts="2021-07-07T10:00"))
    assert (room.told, offers(room)) == ([("ada", K.SESSION_RESCHEDULED)], {"ada": "tue"})
    wait(room)
    assert (room.told, offers(room), room.of("ada").arrived) == ([("ada", K.OFFER_LAPSED)], {}, 1)


def test_a_cancelled_project_ends_every_offer() -> None:
    """Each is told once; a place in a session that has begun stays, and what was offered beside it does not."""
    room = full()
    leave(room, "ada")
    room.do(CancelProject(project_id=P))
    assert room.told == [(who, K.PROJECT_CANCELLED) for who in ("ben", "cat", "dan")]
    assert offers(room) == {}
    room = offering()
    room.register("ada", "mon")
    room.state = room.state.put(room.of("ada").but(wishes=("thu", "mon"), switching=True))
    offer(room, "ada", "thu")
    room.now = room.state.session("mon").begins
    room.do(CancelProject(project_id=P))
    assert (room.told, room.places(), offers(room)) == ([("ada", K.PROJECT_CANCELLED)], {"ada": "mon"}, {})
    assert wake_at(room.state) == room.state.session("mon").ends


def test_a_check_changes_no_offer() -> None:
    """They were eligible when it was made."""
    room = full(recheck_days=7)
    leave(room, "ada")
    room.do(RecheckEligibility(project_id=P, registration_id=room.of("cat").id))
    assert (room.told, offers(room)) == ([], {"cat": "mon"})


def test_a_new_session_is_offered_to_nobody_who_did_not_ask() -> None:
    """Once they ask, it is theirs at once while nobody is before them."""
    room = full()
    room.do(AddSession(project_id=P, session=session("fri", "2021-07-09T10:00")))
    assert room.told == []
    switch(room, "cat", "mon", "fri")
    assert room.of("cat").place == "fri"


def test_a_session_that_is_given_up_ends_its_offers() -> None:
    """As when it is cancelled; who is moved gives up what was held for them elsewhere."""
    kinds = [session(id, capacity=4, minimum=least) for id, least in (("mon", 3), ("tue", 1), ("thu", 0))]
    room = offering(*kinds)
    for who, *wishes in (("ada", "mon", "tue"), ("ben", "mon"), ("cat", "tue", "mon"), ("dan", "tue", "thu", "mon")):
        room.register(who, *wishes)
    offer(room, "cat", "mon")
    offer(room, "ada", "tue")
    room.do(Consolidate(project_id=P, cancel=("mon",)))
    assert room.places() == {"ada": "tue", "ben": None, "cat": "tue", "dan": "tue"}
    assert sorted(room.told) == [("ada", K.PLACE_MOVED), ("ben", K.SESSION_CANCELLED), ("cat", K.SESSION_CANCELLED)]
    assert offers(room) == {}
