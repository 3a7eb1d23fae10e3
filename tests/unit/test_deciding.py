import pickle
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from insight_sessions.allocating.deciding import BUILT_IN, BoundsMissed, decide_together, policy_named
from insight_sessions.allocating.outcome import Allotment
from insight_sessions.domain.allocated import BoundCost, Missed, MissedReason, OutcomeReason, Unmet
from insight_sessions.domain.allocation import AllocationPolicy, Bound, Candidate, Proposal, Room, Score
from insight_sessions.errors import NotFound, NotPossible
from tests.unit.allocating_kit import candidate, rooms

BALANCED = BUILT_IN["balanced"]
ACUTE = {"setting": "acute"}
DENTAL = {"setting": "dental"}


def decided(
    name: str, people: Sequence[Candidate], offered: Sequence[Room], *bounds: Bound, seed: int = 1
) -> Allotment:
    """What a built-in policy comes to."""
    return decide_together(BUILT_IN[name], people, offered, seed, bounds)


def places(found: Allotment) -> dict[str, str]:
    """As a plain dict."""
    return dict(found.places)


# The policies


def test_who_came_first_chooses_first() -> None:
    """Their number in the order of arrival counts, not where they stand in the list."""
    people = [candidate(3, "mon tue"), candidate(1, "mon tue"), candidate(2, "mon")]
    assert places(decided("first-come", people, rooms(mon=1, tue=None))) == {"r-1": "mon", "r-3": "tue"}


def test_the_lottery_is_decided_by_the_seed() -> None:
    """In the order of the draw."""
    people = [candidate(number, "mon tue") for number in range(4)]
    assert places(decided("lottery", people, rooms(mon=1, tue=1), seed=7)) == {"r-1": "mon", "r-0": "tue"}
    assert places(decided("lottery", people, rooms(mon=1, tue=1), seed=9)) == {"r-1": "mon", "r-2": "tue"}


def test_optimal_leaves_fewer_without_a_place_than_taking_turns() -> None:
    """Who can only come on Monday gets Monday."""
    people = [candidate(1, "mon tue"), candidate(2, "mon")]
    assert decided("first-come", people, rooms(mon=1, tue=1)).unplaced == ("r-2",)
    found = decided("optimal", people, rooms(mon=1, tue=1))
    assert places(found) == {"r-1": "tue", "r-2": "mon"}
    assert (found.ranks, found.unplaced, found.score) == ((1, 1), (), Score(0, 0, 0, 1))
    assert found.is_best


def test_it_is_shown_how_far_a_fair_draw_is_from_the_best() -> None:
    """What is proven for everybody stands beside what the policy reached."""
    people = [candidate(1, "mon tue"), candidate(2, "mon")]
    found = decided("first-come", people, rooms(mon=1, tue=1))
    assert (found.score, found.proven, found.is_best) == (Score(0, 1, 0, 0), Score(0, 0, 0, 1), False)


def test_with_nobody_there_is_nothing_to_decide() -> None:
    """And nothing is missing."""
    found = decided("balanced", [], rooms(mon=1))
    assert (places(found), found.ranks, found.people, found.is_best) == ({}, (), (), True)


# Bounds


def test_two_of_each_setting_are_brought_into_each_session() -> None:
    """Those for whom it makes the least difference move."""
    people = [candidate(number, "mon tue", **ACUTE) for number in range(4)]
    people += [candidate(number, "tue mon", **DENTAL) for number in range(4, 8)]
    found = decided("balanced", people, rooms(mon=4, tue=4), Bound(attribute="setting", at_least=2))
    sessions = [(found.places[one.registration], one.attributes["setting"]) for one in people]
    assert {pair: sessions.count(pair) for pair in sessions} == {
        (session, setting): 2 for session in ("mon", "tue") for setting in ("acute", "dental")
    }
    assert found.costs == (BoundCost(0, 0, 4, exact=True),)
    assert (found.unmet, found.is_best) == ((), True)
    assert sum(one.displaced for one in found.people) == 4


def test_a_soft_bound_costs_nobody_a_place() -> None:
    """It is missed, and the result says where and by how much."""
    people = [candidate(number, "mon", **ACUTE) for number in range(3)]
    bound = Bound(attribute="setting", value="acute", at_most=1)
    found = decided("balanced", people, rooms(mon=3), bound)
    assert found.unplaced == ()
    assert found.unmet == (Unmet(0, "mon", "acute", 0, 2),)
    assert found.score == found.proven == Score(0, 0, 2, 0)


def test_a_hard_bound_may_cost_places_and_says_how_many() -> None:
    """Who is left out is told that it was for balance."""
    people = [candidate(number, "mon", **ACUTE) for number in range(3)]
    bound = Bound(attribute="setting", value="acute", at_most=1, hard=True)
    found = decided("balanced", people, rooms(mon=3), bound)
    assert len(found.unplaced) == 2
    assert found.costs == (BoundCost(0, 2, 0, exact=True),)
    left = next(one for one in found.people if one.session is None)
    assert (left.reason, left.displaced, left.wish) == (OutcomeReason.KEPT_FOR_BALANCE, True, None)
    assert left.missed == (Missed("mon", MissedReason.BALANCE, (0,)),)


def test_those_who_are_there_already_count() -> None:
    """So that people who come later fit in."""
    offered = [Room("mon", 1, 0, (ACUTE, ACUTE)), Room("tue", 1, 0, (DENTAL,))]
    people = [candidate(1, "mon tue", **ACUTE), candidate(2, "mon tue", **DENTAL)]
    bound = Bound(attribute="setting", at_least=1, at_most=2)
    assert places(decided("balanced", people, offered, bound)) == {"r-1": "tue", "r-2": "mon"}


def test_a_bound_can_be_for_one_session() -> None:
    """Elsewhere it asks for nothing."""
    people = [candidate(1, "mon tue", **ACUTE), candidate(2, "mon tue", **DENTAL), candidate(3, "mon tue")]
    bound = Bound(attribute="setting", value="dental", at_least=1, sessions=("tue",))
    found = decided("balanced", people, rooms(mon=3, tue=3), bound)
    assert places(found) == {"r-1": "mon", "r-2": "tue", "r-3": "mon"}
    moved = found.people[1]
    assert (moved.reason, moved.wish, moved.displaced) == (OutcomeReason.PLACE_GIVEN, 2, True)
    assert moved.missed == (Missed("mon", MissedReason.BALANCE, (0,)),)


def test_a_full_session_in_which_a_place_is_kept_says_for_which_bound() -> None:
    """The others could not make way."""
    people = [candidate(1, "mon", **ACUTE), candidate(2, "mon", **DENTAL), candidate(3, "mon", **ACUTE)]
    bound = Bound(attribute="setting", value="dental", at_least=1, hard=True)
    found = decided("balanced", people, rooms(mon=2), bound)
    left = next(one for one in found.people if one.session is None)
    assert left.missed == (Missed("mon", MissedReason.FULL, (0,)),)
    assert left.reason is OutcomeReason.KEPT_FOR_BALANCE


def test_several_attributes_are_balanced_together() -> None:
    """Each alone would be content with another allocation."""
    people = [
        candidate(1, "mon tue", setting="acute", country="Wales"),
        candidate(2, "mon tue", setting="acute", country="Eire"),
        candidate(3, "tue mon", setting="dental", country="Wales"),
        candidate(4, "tue mon", setting="dental", country="Eire"),
    ]
    asked = (Bound(attribute="setting", at_least=1, hard=True), Bound(attribute="country", at_least=1))
    found = decided("balanced", people, rooms(mon=2, tue=2), *asked)
    assert (found.unmet, found.score) == ((), Score(0, 0, 0, 2))
    assert found.proven is not None
    assert found.proven <= found.score


# Why


def test_only_bounds_that_stand_in_the_way_are_named() -> None:
    """Those on other people, or that have room, are not."""
    people = [candidate(1, "mon tue", **ACUTE), candidate(2, "mon tue", **ACUTE), candidate(3, "mon", **DENTAL)]
    asked = (
        Bound(attribute="setting", value="dental", at_most=1),
        Bound(attribute="setting", value="acute", at_least=1, sessions=("tue",)),
        Bound(attribute="setting", value="dental", at_most=4, sessions=("tue",)),
        Bound(attribute="setting", value="acute", at_most=3, sessions=("tue",)),
    )
    found = decided("balanced", people, rooms(mon=3, tue=3), *asked)
    assert sorted(found.places.values()) == ["mon", "mon", "tue"]
    assert [one.missed for one in found.people if one.session == "tue"] == [
        (Missed("mon", MissedReason.BALANCE, (1,)),)
    ]


def test_reasons_tell_full_sessions_from_those_that_are_not_offered() -> None:
    """Best wish first."""
    people = [
        candidate(1, "mon"),
        candidate(2, "gone mon tue"),
        candidate(3, "gone mon"),
        candidate(4, "gone"),
        candidate(5, ""),
    ]
    found = decided("first-come", people, rooms(mon=1, tue=1))
    one, two, three, four, five = found.people
    assert (one.wish, one.reason, one.missed) == (1, OutcomeReason.PLACE_GIVEN, ())
    gone, full = Missed("gone", MissedReason.NOT_OFFERED), Missed("mon", MissedReason.FULL)
    assert (two.session, two.wish, two.missed) == ("tue", 3, (gone, full))
    assert (three.session, three.reason, three.missed) == (None, OutcomeReason.ALL_TAKEN, (gone, full))
    assert (four.reason, five.reason) == (OutcomeReason.NOTHING_OFFERED, OutcomeReason.NOTHING_OFFERED)
    assert not any(each.displaced for each in found.people)
    assert found.ranks == (1, 0, 1)


def nothing_for_anybody(candidates: Sequence[Candidate], offered: Sequence[Room], seed: int) -> Mapping[str, str]:
    """A policy that gives no places."""
    return {}


def test_a_policy_that_leaves_places_free_is_named_as_the_reason() -> None:
    """Nobody is told that a session was full when it was not."""
    found = decide_together(AllocationPolicy("miser", nothing_for_anybody), [candidate(1, "mon")], rooms(mon=1), 1, ())
    assert found.people[0].reason is OutcomeReason.NOT_CHOSEN
    assert found.people[0].missed == (Missed("mon", MissedReason.POLICY),)
    assert (found.score.unplaced, found.proven) == (1, Score(0, 0, 0, 0))


# Refusals


def test_bounds_that_cannot_be_kept_are_named() -> None:
    """With the session and by how many, in the organisers' own words."""
    people = [candidate(1, "mon", **ACUTE), candidate(2, "tue", setting="Canary")]
    asked = (
        Bound(attribute="role", value="nurse", at_least=1),
        Bound(attribute="setting", at_least=1, at_most=5, hard=True),
    )
    with pytest.raises(BoundsMissed) as refused:
        decided("balanced", people, rooms(mon=3, tue=3), *asked[1:])
    assert refused.value.reason == "bounds_impossible"
    assert refused.value.public_message == (
        "No allocation keeps every hard bound: bound 1 (at least 1 and at most 5 of each setting) is missed by 2 in"
        " mon, tue."
    )
    assert refused.value.unmet == (Unmet(0, "mon", "Canary", 1, 0), Unmet(0, "tue", "acute", 1, 0))
    assert "bounds_impossible" in repr(refused.value)
    assert "Canary" not in repr(refused.value)
    with pytest.raises(BoundsMissed, match=r"bound 2 .* of each setting\) is missed by 2"):
        decided("balanced", people, rooms(mon=3, tue=3), *asked)
    copy = pickle.loads(pickle.dumps(refused.value))  # noqa: S301 - our own
    assert (copy.reason, copy.public_message, copy.unmet) == refused.value.args


def test_one_bound_that_contradicts_another_is_impossible() -> None:
    """At most one, and at least two."""
    people = [candidate(number, "mon", **ACUTE) for number in range(3)]
    asked = [
        Bound(attribute="setting", value="acute", at_least=2, hard=True),
        Bound(attribute="setting", value="acute", at_most=1, hard=True),
    ]
    with pytest.raises(BoundsMissed, match=r"bound \d \(at (least 2|most 1) of setting acute\) is missed by 1 in mon"):
        decided("balanced", people, rooms(mon=3), *asked)


def first_wishes(
    candidates: Sequence[Candidate], offered: Sequence[Room], seed: int, asked: Sequence[Bound]
) -> Proposal:
    """A policy that minds no bounds and proves nothing."""
    return Proposal({one.registration: one.wishes[0] for one in candidates})


def test_a_policy_that_found_no_way_does_not_say_that_there_is_none() -> None:
    """What is not proven is not claimed."""
    policy = replace(BALANCED, name="careless", balance=first_wishes)
    people = [candidate(1, "mon tue", **ACUTE), candidate(2, "mon", **ACUTE)]
    bound = Bound(attribute="setting", value="acute", at_most=1, hard=True)
    with pytest.raises(BoundsMissed, match="We found no allocation") as refused:
        decide_together(policy, people, rooms(mon=2, tue=1), 1, [bound])
    assert refused.value.reason == "bounds_not_kept"
    soft = decide_together(policy, people, rooms(mon=2, tue=1), 1, [bound.model_copy(update={"hard": False})])
    assert (soft.proven, soft.is_best, soft.costs) == (None, False, (BoundCost(0, 0, 0, exact=False),))


def test_a_policy_is_asked_each_question_once() -> None:
    """With all bounds, without each of them, and without any."""
    questions: list[int] = []

    def counted(
        candidates: Sequence[Candidate], offered: Sequence[Room], seed: int, asked: Sequence[Bound]
    ) -> Proposal:
        questions.append(len(asked))
        return first_wishes(candidates, offered, seed, asked)

    bounds = [Bound(attribute=name, at_least=1) for name in ("setting", "role")]
    for number in (0, 1, 2):
        decide_together(replace(BALANCED, balance=counted), [candidate(1, "mon")], rooms(mon=1), 1, bounds[:number])
    assert questions == [0, 1, 0, 2, 0, 1, 1]


def test_a_policy_without_bounds_refuses_them() -> None:
    """And is not asked."""
    with pytest.raises(NotPossible) as refused:
        decided("lottery", [], rooms(mon=1), Bound(attribute="setting", at_least=1))
    assert refused.value.reason == "policy_without_bounds"


def test_a_bound_on_a_session_that_is_not_offered_is_refused() -> None:
    """A misspelt id asks for nothing silently."""
    with pytest.raises(NotFound, match="mno"):
        decided("balanced", [], rooms(mon=1), Bound(attribute="setting", at_least=1, sessions=("mno",)))


def test_an_unknown_policy_is_refused_with_the_known_ones() -> None:
    """In one sentence."""
    assert policy_named("optimal", BUILT_IN).name == "optimal"
    with pytest.raises(NotPossible) as refused:
        policy_named("optimum", BUILT_IN)
    assert refused.value.reason == "unknown_policy"
    assert refused.value.public_message.endswith("Known are: balanced, first-come, lottery, optimal.")


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({}, "at_least, at_most or both"),
        ({"at_least": 0}, "at_least, at_most or both"),
        ({"at_least": 3, "at_most": 2}, "at_most must not be less"),
        ({"at_least": -1}, "greater than or equal to 0"),
        ({"at_least": 1, "value": ""}, "must not be empty"),
        ({"at_least": 1, "firm": True}, "Extra inputs"),
    ],
)
def test_a_bound_that_makes_no_sense_cannot_be_made(asked: dict[str, object], what: str) -> None:
    """It says what is wrong with it."""
    with pytest.raises(ValueError, match=what):
        Bound.model_validate({"attribute": "setting", **asked})
