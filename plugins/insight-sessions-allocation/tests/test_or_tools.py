"""OR-tools and the library agree on what is best, and one proves what the other finds."""

import subprocess
import sys
import tomllib
from pathlib import Path

import insight_sessions_allocation
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insight_sessions_allocation import allocate, balance
from insight_sessions_allocation.search import best_found

from insight_sessions import Desk
from insight_sessions.allocating.balanced import balanced
from insight_sessions.allocating.ballot import drawn
from insight_sessions.allocating.deciding import decide_together
from insight_sessions.allocating.demands import demands, score
from insight_sessions.allocating.optimal import optimal
from insight_sessions.domain.allocation import Bound, Candidate, Room, Score
from tests.unit.allocating_kit import best_score, bounds, candidate_lists, many, room_lists, score_of

ONE = (
    Bound(attribute="setting", at_least=30, at_most=60),
    Bound(attribute="setting", value="dental", at_least=15, hard=True),
)
SEVERAL = (
    Bound(attribute="setting", at_least=2, at_most=8),
    Bound(attribute="country", at_least=3),
    Bound(attribute="role", at_least=3, at_most=7, hard=True),
)
few = settings(max_examples=25)


@pytest.mark.parametrize(("people", "sessions", "places"), [(3_000, 30, 100), (3_000, 30, 90), (2_000, 12, None)])
def test_both_find_the_same_optimum_for_thousands(people: int, sessions: int, places: int | None) -> None:
    """By two programs that share no line."""
    candidates, rooms = many(people, sessions, places)
    for asked in ((), ONE):
        ours = score_of(balanced(candidates, rooms, 1, asked).places, candidates, rooms, asked)
        proposal = balance(candidates, rooms, 1, asked)
        assert score_of(proposal.places, candidates, rooms, asked) == ours == proposal.proven


def test_without_bounds_it_is_optimal() -> None:
    """As the library's policy of that name."""
    candidates, rooms = many(500, 10, 45)
    theirs = score_of(allocate(candidates, rooms, 1), candidates, rooms)
    assert theirs == score_of(optimal(candidates, rooms, 1), candidates, rooms)


@few
@given(candidate_lists, room_lists, st.lists(bounds("setting"), max_size=3))
def test_one_attribute_is_exact(people: list[Candidate], offered: list[Room], asked: list[Bound]) -> None:
    """As trying everything says."""
    proposal = balance(people, offered, 1, asked)
    assert score_of(proposal.places, people, offered, asked) == proposal.proven == best_score(people, offered, asked)


@few
@given(candidate_lists, room_lists, st.lists(bounds(), min_size=2, max_size=4))
def test_several_attributes_are_exact(people: list[Candidate], offered: list[Room], asked: list[Bound]) -> None:
    """The library's own search only comes near."""
    proposal = balance(people, offered, 1, asked)
    assert score_of(proposal.places, people, offered, asked) == proposal.proven == best_score(people, offered, asked)


def test_a_gap_is_closed() -> None:
    """What the library's search leaves open is proven, or found."""
    candidates, rooms = many(80, 6, 15)
    ours = balanced(candidates, rooms, 1, SEVERAL)
    theirs = balance(candidates, rooms, 1, SEVERAL)
    assert ours.proven is not None
    assert theirs.proven is not None
    best = score_of(theirs.places, candidates, rooms, SEVERAL)
    assert ours.proven < theirs.proven == best <= score_of(ours.places, candidates, rooms, SEVERAL)
    assert balance(candidates, rooms, 1, SEVERAL) == theirs


def test_a_solver_without_patience_proves_no_more_than_it_can() -> None:
    """And gives what the library's search found."""
    ballot = drawn(*many(80, 6, 15), 1)
    asked = demands(ballot, SEVERAL)
    places, proven = best_found(ballot, asked, patience=0)
    assert Score(0, 0, 0, 0) <= proven < score(ballot, asked, places)


def test_it_answers_the_hook_and_is_decided_by() -> None:
    """A desk takes it, and its answer is looked at like any other."""
    policy = insight_sessions_allocation.insight_sessions_allocation_policy()
    with Desk.open("memory:", plugins=[insight_sessions_allocation], discover=False) as desk:
        assert "insight_sessions_allocation" in desk.health().plugins
    candidates, rooms = many(40, 4, 12)
    found = decide_together(policy, candidates, rooms, 1, SEVERAL[:1])
    assert (found.policy, found.is_best) == ("or-tools", True)


def test_or_tools_is_loaded_when_it_is_first_asked() -> None:
    """It takes longer than all the rest."""
    program = "import insight_sessions_allocation, sys; sys.exit('ortools' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_entry_point_names_the_plugin() -> None:
    """So that it is found once it is installed."""
    pyproject = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    assert pyproject["project"]["entry-points"] == {
        "insight_sessions": {"allocation": insight_sessions_allocation.__name__}
    }
