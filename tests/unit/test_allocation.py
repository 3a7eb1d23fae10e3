"""Deciding about places together: who takes part, what everybody gets and is told, and what is refused."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from insight_sessions.allocating.deciding import BUILT_IN, BoundsMissed
from insight_sessions.commands.allocation import Allocate
from insight_sessions.commands.base import Command, Facts
from insight_sessions.commands.calls import CancelProject
from insight_sessions.commands.consolidation import Consolidate
from insight_sessions.commands.passing import RecheckEligibility
from insight_sessions.commands.places import ConfirmPlace, DeclineInterest, SwitchSession, Withdraw
from insight_sessions.commands.sessions import CancelSession, ResizeSession
from insight_sessions.domain.allocated import Allocation, Missed, MissedReason, OutcomeReason
from insight_sessions.domain.allocation import BUILT_IN_POLICIES, Bound
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.notices import Method, NoticeKind
from insight_sessions.domain.registration import Offer, Status
from insight_sessions.domain.rules import ValidOnTheDay
from insight_sessions.errors import NOT_A_MEMBER, NotFound, NotPossible
from insight_sessions.explaining import explain
from insight_sessions.proposing import proposed
from insight_sessions.records import decode, encode

from .desk_kit import DAY, NOW, P, Rehearsal, member, project, session, until

TOGETHER = {"places": "allocation"}


def allocate(policy: str = "first-come", *balance: Bound, seed: int = 2030) -> Allocate:
    """The command."""
    return Allocate(project_id=P, policy=policy, seed=seed, balance=balance)


def a_room(**capacities: int | None) -> Rehearsal:
    """A project that decides together, with sessions of so many places."""
    sessions = [session(id, capacity=capacity) for id, capacity in (capacities or {"mon": 1, "tue": 1}).items()]
    return Rehearsal(project(*sessions, **TOGETHER))


def refused(room: Rehearsal, command: Command[Allocation]) -> str:
    """The reason."""
    with pytest.raises(NotPossible) as refusal:
        room.decide(command)
    return refusal.value.reason


def reasons(room: Rehearsal, who: str) -> list[tuple[str, str | None]]:
    """Why somebody's registration is as it is."""
    return [(one.code, one.session) for one in explain(room.state, room.of(who), room.now).reasons]


def test_everybody_gets_a_place_or_waits_and_is_told_once() -> None:
    """With an invite, or kindly that there is none yet."""
    room = a_room()
    for who in ("ada", "ben", "cat"):
        room.register(who, "mon", "tue")
    found = room.do(allocate())
    assert room.places() == {"ada": "mon", "ben": "tue", "cat": None}
    assert room.told == [
        ("ada", NoticeKind.PLACE_CONFIRMED),
        ("ben", NoticeKind.PLACE_CONFIRMED),
        ("cat", NoticeKind.NO_PLACE_YET),
    ]
    assert [owed.method for owed in room.notices] == [Method.REQUEST, Method.REQUEST, None]
    assert [slot.id for slot in room.owed_to("cat").waits] == ["mon", "tue"]
    assert room.of("cat").status is Status.WAITING
    assert (found.ranks, found.unplaced, found.places) == (
        (1, 1),
        1,
        {room.of("ada").id: "mon", room.of("ben").id: "tue"},
    )
    assert found.is_best


def test_the_journal_holds_ids_and_codes() -> None:
    """The policy and the seed, so that anybody can check the draw; and each place that was given."""
    room = a_room()
    room.register("ada", "mon")
    found = room.do(allocate("lottery", seed=7))
    first, second = room.events
    assert (first.kind, first.outcome, first.policy, first.seed) == (EventKind.ALLOCATED, found.id, "lottery", 7)
    assert (second.kind, second.session) == (EventKind.PLACE_GIVEN, "mon")


def test_the_outcome_says_why_for_each_person() -> None:
    """And is kept in few bytes, from which it comes back whole."""
    room = a_room()
    for who in ("ada", "ben", "cat"):
        room.register(who, "mon", "tue")
    found = room.do(allocate())
    ada, ben, cat = found.people
    assert (ada.session, ada.wish, ada.missed) == ("mon", 1, ())
    assert (ben.session, ben.wish, ben.missed) == ("tue", 2, (Missed("mon", MissedReason.FULL),))
    assert (cat.session, cat.wish, cat.reason) == (None, None, OutcomeReason.ALL_TAKEN)
    assert found.outcome_of(room.of("ben").id) == ben
    assert found.outcome_of("r-nobody") is None
    record = encode(P, "allocation", found.id, 1, found)
    assert decode([record]).things == [found]
    assert len(record.body or "") < 900


def test_a_kept_outcome_remembers_bounds_and_who_gave_way() -> None:
    """The numbers of the bounds, and that without them somebody would have had a better wish."""
    room = a_room(mon=2, tue=2)
    for who, setting in (("ada", "acute"), ("ben", "acute"), ("cat", "dental")):
        room.register(member(who, attributes={"setting": setting}), "mon", "tue")
    found = room.do(allocate("balanced", Bound(attribute="setting", value="acute", at_most=1, hard=True)))
    gave_way = [one for one in found.people if one.displaced]
    assert [(one.session, one.missed) for one in gave_way] == [("tue", (Missed("mon", MissedReason.FULL),))]
    assert [one.missed for one in found.people if not one.displaced and one.session == "tue"] == []
    assert found.bounds[0].value == "acute"
    assert decode([encode(P, "allocation", found.id, 1, found)]).things == [found]


def test_unmet_bounds_are_kept_without_the_values_of_members() -> None:
    """Who is erased leaves nothing behind; a value that the organisers wrote is theirs."""
    room = a_room(mon=1, tue=1)
    room.register(member("ada", attributes={"setting": "canary"}), "mon")
    room.register(member("ben", attributes={"setting": "dental"}), "mon", "tue")
    found = room.do(
        allocate("balanced", Bound(attribute="setting", at_least=1), Bound(attribute="setting", value="x", at_least=1))
    )
    assert [(one.bound, one.session, one.value, one.missing, one.over) for one in found.unmet] == [
        (0, "mon", None, 1, 0),
        (0, "tue", None, 1, 0),
        (1, "mon", "x", 1, 0),
        (1, "tue", "x", 1, 0),
    ]
    assert decode([encode(P, "allocation", found.id, 1, found)]).things == [found]
    assert "canary" not in (encode(P, "allocation", found.id, 1, found).body or "")


def test_whoever_has_a_place_keeps_it_and_latecomers_share_what_is_left() -> None:
    """Those who wait take part again, and hear of it only if they get a place."""
    room = a_room(mon=1, tue=1)
    room.register("ada", "mon")
    room.register("ben", "mon")
    room.do(allocate())
    room.register("cat", "mon", "tue")
    second = room.do(allocate())
    assert room.places() == {"ada": "mon", "ben": None, "cat": "tue"}
    assert room.told == [("cat", NoticeKind.PLACE_CONFIRMED)]
    assert [one.registration for one in second.people] == [room.of("ben").id, room.of("cat").id]
    assert (second.number, len(room.state.allocations)) == (2, 2)


def test_whoever_lost_a_place_comes_before_all_others_in_the_order_of_arrival() -> None:
    """As in every line."""
    room = a_room(mon=1, tue=1, thu=0)
    room.register("ada", "mon", "thu")
    room.do(allocate())
    room.register("ben", "thu")
    room.register("cat", "thu")
    room.do(CancelSession(project_id=P, session_id="mon"))
    for who in ("ben", "cat"):  # undecided, so that more places do not fill by themselves
        assert room.of(who).status is Status.INTERESTED
    asked = proposed(allocate(), room.state, dict, room.now)
    assert asked is not None
    room.state = room.state.put(room.of("ada").but(arrived=99))
    room.state = room.state.put(room.state.session("thu").model_copy(update={"capacity": 1}))
    room.do(allocate())
    assert room.places() == {"ada": "thu", "ben": None, "cat": None}


def test_who_does_not_take_part() -> None:
    """Declined, withdrawn, found not eligible, or offered a place already."""
    room = a_room(mon=9)
    one = {who: room.register(who, "mon").id for who in ("ada", "ben", "cat", "dan", "eve")}
    room.do(DeclineInterest(project_id=P, registration_id=one["ada"]))
    room.do(Withdraw(project_id=P, registration_id=one["ben"]))
    room.state = room.state.put(room.of("cat").but(barred=True))
    room.state = room.state.put(room.of("dan").but(offer=Offer("mon", NOW + DAY)))
    assert [found.registration for found in room.do(allocate()).people] == [one["eve"]]


def test_who_switches_keeps_the_place_and_takes_no_part() -> None:
    """The organisers decide about it."""
    room = a_room(mon=1, tue=1)
    one = room.register("ada", "mon").id
    room.do(ConfirmPlace(project_id=P, registration_id=one, session_id="mon"))
    room.do(SwitchSession(project_id=P, registration_id=one, sessions=("tue", "mon")))
    assert refused(room, allocate()) == "nobody_waits"


def test_nobody_gets_a_place_by_a_check_that_has_grown_old() -> None:
    """They stay undecided, and read why; once they are checked, the next allocation is for them."""
    room = Rehearsal(project(session("mon", capacity=2), recheck_days=7, **TOGETHER))
    ada = room.register("ada", "mon")
    room.now += 8 * DAY
    assert refused(room, allocate()) == "checks_due"
    room.register("ben", "mon")
    found = room.do(allocate())
    assert (list(found.places), found.unplaced) == ([room.of("ben").id], 0)
    assert room.told == [("ben", NoticeKind.PLACE_CONFIRMED)]
    assert room.of("ada") == ada
    assert reasons(room, "ada") == [("not_decided", None), ("check_due", None)]
    room.do(RecheckEligibility(project_id=P, registration_id=ada.id), Facts(room.now, member("ada"), "p-ada"))
    assert room.do(allocate()).places == {ada.id: "mon"}


def test_a_check_that_grows_old_while_it_is_worked_out_is_a_change() -> None:
    """It is worked out again, and without them."""
    room = Rehearsal(project(session("mon"), recheck_days=7, **TOGETHER))
    room.register("ada", "mon")
    room.now += 7 * DAY
    facts = room.facts(allocate())
    room.now += timedelta(seconds=1)
    with pytest.raises(NotPossible, match="changed while"):
        room.decide(allocate(), facts)


def test_whoever_was_found_not_eligible_needs_no_check() -> None:
    """Then nobody waits."""
    room = Rehearsal(project(session("mon"), recheck_days=7, **TOGETHER))
    ada = room.register("ada", "mon")
    room.do(RecheckEligibility(project_id=P, registration_id=ada.id), Facts(room.now, None, "p-ada", (NOT_A_MEMBER,)))
    room.now += 8 * DAY
    assert refused(room, allocate()) == "nobody_waits"


def test_a_session_after_the_end_of_a_membership_is_given_to_nobody() -> None:
    """And the reasons count it among the wishes."""
    room = a_room(mon=1, thu=1)
    room.register(member("ada", **until("2021-07-06")), "thu", "mon")
    (found,) = room.do(allocate()).people
    assert (found.session, found.wish) == ("mon", 2)
    assert found.missed == (Missed("thu", MissedReason.NOT_ELIGIBLE),)
    assert reasons(room, "ada") == [("has_place", "mon"), ("place_given", "mon"), ("missed_not_eligible", "thu")]


def test_a_place_is_given_and_moved_only_as_the_rules_of_the_project_allow() -> None:
    """Without a membership too: whoever may come until Tuesday gets no place on Thursday."""
    until_then = {"members_only": False, "eligibility": (ValidOnTheDay(),)}
    offered = (session("mon", minimum=1), session("thu", capacity=2, minimum=0))
    room = Rehearsal(project(*offered, **TOGETHER, **until_then))
    room.register(member("ada", **until("2021-07-06")), "thu", "mon")
    room.do(allocate())
    assert room.of("ada").place == "mon"
    room.do(Consolidate(project_id=P, cancel=("mon",)))
    assert (room.of("ada").place, room.of("ada").displaced) == (None, True)


def test_the_policies_by_name_are_the_built_in_ones() -> None:
    """A plugin that takes one of these names is refused."""
    assert set(BUILT_IN) == BUILT_IN_POLICIES


def test_an_unknown_policy_lists_the_known_ones() -> None:
    """By name."""
    room = a_room()
    room.register("ada", "mon")
    with pytest.raises(NotPossible, match="Known are: balanced, first-come, lottery, optimal"):
        room.do(allocate("fairest"))


def test_impossible_bounds_are_named_and_nothing_is_allocated() -> None:
    """With the numbers of people."""
    room = a_room()
    room.register("ada", "mon")
    with pytest.raises(BoundsMissed, match=r"bound 1 .at least 2 of setting dental. is missed by 4"):
        room.do(allocate("balanced", Bound(attribute="setting", value="dental", at_least=2, hard=True)))
    assert room.of("ada").status is Status.INTERESTED
    with pytest.raises(NotFound):
        room.do(allocate("balanced", Bound(attribute="setting", at_least=2, sessions=("fri",))))


def test_other_projects_are_refused() -> None:
    """First come, cancelled, and none."""
    assert refused(Rehearsal(project()), allocate()) == "not_by_allocation"
    room = a_room()
    room.do(CancelProject(project_id=P))
    assert refused(room, allocate()) == "project_cancelled"
    with pytest.raises(NotFound):
        Rehearsal().decide(allocate())


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": 1 << 63}, {"policy": ""}, {"policy": "a\nb"}])
def test_a_command_that_says_nonsense_is_refused(wrong: dict[str, Any]) -> None:
    """At the door."""
    with pytest.raises(ValidationError):
        Allocate(**{"project_id": P, "policy": "lottery", "seed": 1, **wrong})


def test_what_was_worked_out_before_somebody_left_or_a_place_went_is_refused() -> None:
    """New sign-ups change nothing: they are latecomers."""
    room = a_room(mon=1, tue=1)
    ada, ben = room.register("ada", "mon"), room.register("ben", "mon", "tue")
    facts = room.facts(allocate())
    room.register("cat", "mon")
    assert room.decide(allocate(), facts).result.kind == "allocation"
    fresh = room.state
    changes: list[Command[Any]] = [
        Withdraw(project_id=P, registration_id=ben.id),
        SwitchSession(project_id=P, registration_id=ben.id, sessions=("tue",)),
        ConfirmPlace(project_id=P, registration_id=ada.id, session_id="mon"),
        ConfirmPlace(project_id=P, registration_id=room.of("cat").id, session_id="mon"),
        ResizeSession(project_id=P, session_id="mon", capacity=2),
        CancelSession(project_id=P, session_id="tue"),
    ]
    for change in changes:
        room.state = fresh
        room.do(change)
        with pytest.raises(NotPossible) as refusal:
            room.decide(allocate(), facts)
        assert refusal.value.reason == "changed", change
    room.state = fresh
    room.now = NOW + 22 * DAY  # the sessions have begun
    with pytest.raises(NotPossible, match="changed while"):
        room.decide(allocate(), facts)
    with pytest.raises(NotPossible, match="changed while"):
        room.decide(allocate(), replace(facts, proposed=None))


@pytest.mark.parametrize(
    ("policy", "bound", "told"),
    [
        ("first-come", None, [("waiting", None), ("all_taken", None), ("missed_full", "mon"), ("position", "mon")]),
        (
            "balanced",
            Bound(attribute="setting", value="acute", at_most=1, hard=True),
            [("waiting", None), ("kept_for_balance", None), ("missed_balance", "mon"), ("position", "mon")],
        ),
    ],
)
def test_somebody_without_a_place_is_told_why(policy: str, bound: Bound | None, told: list[tuple[str, str]]) -> None:
    """In codes and sentences that name nobody."""
    room = a_room(mon=1 if bound is None else 2)
    for who in ("ada", "ben"):
        room.register(member(who, attributes={"setting": "acute"}), "mon")
    room.do(allocate(policy, *([] if bound is None else [bound])))
    (who,) = [who for who, place in room.places().items() if place is None]
    assert reasons(room, who) == told


def test_a_session_that_was_missed_is_called_by_its_day() -> None:
    """As in every other sentence, whatever the reason; its id is for programs."""
    room = a_room(mon=1, tue=1, thu=2)
    for who in ("ada", "ben"):
        room.register(member(who, attributes={"setting": "acute"}), "mon", "tue", "thu")
    cat = room.register(member("cat", **until("2021-07-05"), attributes={"setting": "acute"}), "thu", "tue", "mon")
    room.do(CancelSession(project_id=P, session_id="mon"))
    bound = Bound(attribute="setting", value="acute", at_most=0, sessions=("thu",), hard=True)
    room.do(allocate("balanced", bound))
    sentences = [
        one.sentence for who in ("ada", "ben", "cat") for one in explain(room.state, room.of(who), NOW).reasons
    ]
    missed = {one for one in sentences if "which you wished for more" in one}
    assert missed == {
        "The session on Monday, which you wished for more, had no places to give.",
        "The session on Tuesday, which you wished for more, was full.",
        "The session on Tuesday, which you wished for more, is not open to you.",
        "The session on Thursday, which you wished for more, was not given to you to keep the mix of people.",
        "The session on Thursday, which you wished for more, is not open to you.",
    }
    assert room.of("cat").place is None
    assert cat.place is None


def test_whoever_was_drawn_can_see_their_number() -> None:
    """In a lottery."""
    room = a_room(mon=1)
    for who in ("ada", "ben", "cat"):
        room.register(who, "mon")
    room.do(allocate("lottery"))
    said = {
        reason.sentence
        for who in ("ada", "ben", "cat")
        for reason in explain(room.state, room.of(who), room.now).reasons
        if reason.code == "drawn"
    }
    assert said == {f"You were drawn number {number} of 3." for number in (1, 2, 3)}
    (winner,) = [who for who, place in room.places().items() if place is not None]
    assert "You were drawn number 1 of 3." in [
        one.sentence for one in explain(room.state, room.of(winner), NOW).reasons
    ]


def test_an_explanation_speaks_of_an_allocation_only_while_things_are_as_it_left_them() -> None:
    """Not of one before the place came otherwise, nor to somebody who withdrew."""
    room = a_room(mon=1, tue=1)
    ada, ben = room.register("ada", "mon"), room.register("ben", "mon", "tue")
    room.do(allocate())
    assert reasons(room, "ben")[1:] == [("place_given", "tue"), ("missed_full", "mon")]
    room.do(Withdraw(project_id=P, registration_id=ada.id))
    room.do(ConfirmPlace(project_id=P, registration_id=ben.id, session_id="mon"))
    assert reasons(room, "ben") == [("has_place", "mon")]
    assert reasons(room, "ada") == [("withdrawn", None)]


def test_an_explanation_speaks_of_an_allocation_only_while_their_wishes_are_the_same() -> None:
    """Which wish it is, and what they wished for more, was about other wishes; one more at the end is no matter."""
    room = a_room(mon=1, tue=1, thu=0)
    for who in ("ada", "ben", "cat"):
        room.register(who, "mon", "tue")
    room.do(allocate())
    ben, cat = room.of("ben"), room.of("cat")
    room.do(SwitchSession(project_id=P, registration_id=ben.id, sessions=("mon", "tue", "thu")))
    assert ("place_given", "tue") in reasons(room, "ben")
    assert ("all_taken", None) in reasons(room, "cat")
    room.do(SwitchSession(project_id=P, registration_id=ben.id, sessions=("tue", "thu")))
    room.do(SwitchSession(project_id=P, registration_id=cat.id, sessions=("mon", "tue", "thu")))
    assert reasons(room, "ben") == [("has_place", "tue")]
    assert [code for code, _ in reasons(room, "cat")] == ["waiting", "position", "position", "position"]


def test_nothing_offered_and_not_offered_are_said() -> None:
    """A session that was cancelled has no places to give."""
    room = a_room(mon=1, tue=1)
    room.register("ada", "mon")
    room.register("ben", "mon", "tue")
    room.do(CancelSession(project_id=P, session_id="mon"))
    room.do(allocate())
    assert ("nothing_offered", None) in reasons(room, "ada")
    assert ("missed_not_offered", "mon") in reasons(room, "ben")
    assert room.told == [("ada", NoticeKind.NO_PLACE_YET), ("ben", NoticeKind.PLACE_CONFIRMED)]
    assert room.owed_to("ada").waits == ()


def test_a_place_that_becomes_free_afterwards_goes_to_the_first_in_line() -> None:
    """Whoever the allocation left without one waits."""
    room = a_room(mon=1)
    ada = room.register("ada", "mon")
    room.register("ben", "mon")
    room.do(allocate())
    room.do(Withdraw(project_id=P, registration_id=ada.id))
    assert room.told == [("ada", NoticeKind.WITHDRAWN), ("ben", NoticeKind.PLACE_CONFIRMED)]


def test_an_allocation_that_is_not_there_is_not_found() -> None:
    """By its own kind."""
    with pytest.raises(NotFound) as error:
        a_room().state.find("allocation", "a-1")
    assert error.value.kind == "allocation"


def test_nobody_is_given_a_session_that_a_rule_keeps_them_from() -> None:
    """Also where anyone may take part, member or not; they read why."""
    rules = (ValidOnTheDay(),)
    room = Rehearsal(project(session("mon"), session("tue"), eligibility=rules, members_only=False, **TOGETHER))
    room.register(member("ada", **until("2021-07-05")), "tue", "mon")
    room.register(member("ben", **until("2021-07-05")), "tue", "mon")
    room.do(allocate("optimal"))
    assert room.places() == {"ada": "mon", "ben": None}
    assert ("tue", MissedReason.NOT_ELIGIBLE) in {
        (missed.session, missed.reason)
        for outcome in room.state.allocations[next(iter(room.state.allocations))].people
        for missed in outcome.missed
    }
