from hashlib import sha256

import pytest

from insight_sessions.allocating.ballot import by_arrival, drawn
from insight_sessions.domain.allocation import Candidate, Room
from tests.unit.allocating_kit import candidate, rooms

PEOPLE = [candidate(number, "mon tue") for number in range(5)]


def order(seed: int) -> list[str]:
    """Who comes first, second … in the draw."""
    return [one.registration for one in drawn(PEOPLE, rooms(mon=1), seed).people]


def test_the_draw_is_the_same_on_every_machine() -> None:
    """Written down once, and explained so that anybody can check it."""
    assert order(7) == ["r-1", "r-4", "r-0", "r-2", "r-3"]
    assert order(8) == ["r-1", "r-4", "r-0", "r-3", "r-2"]
    assert order(7) == sorted((f"r-{at}" for at in range(5)), key=lambda one: sha256(f"7:{one}".encode()).hexdigest())


def test_somebody_who_leaves_changes_the_order_of_nobody_else() -> None:
    """So a draw can be shown before it is certain who comes."""
    left = [one.registration for one in drawn(PEOPLE[1:], [], 7).people]
    assert left == [one for one in order(7) if one != "r-0"]


def test_everybody_is_drawn_first_about_equally_often() -> None:
    """Chi-squared is below its 99.9 % point for four degrees of freedom; it comes to the same each time."""
    first = [order(seed)[0] for seed in range(1_000)]
    counts = [first.count(f"r-{at}") for at in range(5)]
    assert sum((count - 200) ** 2 / 200 for count in counts) < 18.5


def test_who_arrived_first_comes_first_and_ids_decide_between_equals() -> None:
    """Never the order in which people are given."""
    people = [Candidate("b", (), 2, {}), Candidate("c", (), 1, {}), Candidate("a", (), 2, {})]
    assert [one.registration for one in by_arrival(people, []).people] == ["c", "a", "b"]


def test_wishes_keep_their_rank_when_an_earlier_one_is_not_offered() -> None:
    """A second wish stays a second wish; one that is named twice counts once."""
    ballot = by_arrival([candidate(1, "gone tue tue mon")], rooms(tue=None, mon=-1))
    assert ballot.wishes == (((1, 1), (0, 3)),)
    assert ballot.limits == (0, None)


@pytest.mark.parametrize(
    ("people", "offered"),
    [([candidate(1, "mon"), candidate(1, "tue")], rooms(mon=1)), ([], [Room("mon", 1, 0), Room("mon", 2, 0)])],
)
def test_nothing_is_on_a_ballot_twice(people: list[Candidate], offered: list[Room]) -> None:
    """Neither a registration nor a session."""
    with pytest.raises(ValueError, match="twice"):
        by_arrival(people, offered)


@pytest.mark.parametrize(
    ("places", "what"),
    [
        ({"r-9": "mon"}, "no candidate"),
        ({"r-1": "fri"}, "none to give"),
        ({"r-1": "thu"}, "not wished for"),
        ({"r-1": "mon", "r-2": "mon"}, "more people in mon"),
    ],
)
def test_an_answer_that_cannot_be_is_refused(places: dict[str, str], what: str) -> None:
    """Whoever gave it."""
    ballot = by_arrival([candidate(1, "mon tue"), candidate(2, "mon")], rooms(mon=1, tue=None, thu=3))
    with pytest.raises(ValueError, match=what):
        ballot.numbered(places)


def test_an_answer_goes_into_numbers_and_back() -> None:
    """Who has no place stands in neither."""
    ballot = by_arrival([candidate(1, "mon tue"), candidate(2, "mon")], rooms(mon=1, tue=None))
    assert ballot.numbered({"r-1": "tue"}) == [1, None]
    assert ballot.named([1, None]) == {"r-1": "tue"}
