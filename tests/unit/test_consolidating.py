import pytest

from insight_sessions.allocating import consolidating
from insight_sessions.allocating.consolidating import consolidate
from insight_sessions.allocating.consolidation import Running, Seated
from insight_sessions.domain.consolidated import ConsolidationScore, ProposedMove
from insight_sessions.errors import NotFound


def seated(place: str, number: int, wishes: str, start: int = 0) -> list[Seated]:
    """So many people in a session, with the same wishes."""
    return [Seated(f"{place}-{at}", place, tuple(wishes.split()), start + at) for at in range(number)]


def running(minimum: int = 6, capacity: int | None = 12, **may_go: bool) -> list[Running]:
    """Sessions of one kind."""
    return [Running(session, capacity, minimum, each) for session, each in may_go.items()]


def test_of_three_sessions_the_smallest_is_given_up() -> None:
    """As it went in the call that this library began with: three were offered, two ran, with 14 members."""
    people = seated("mon", 3, "mon thu tue") + seated("thu", 5, "thu tue", 10) + seated("tue", 6, "tue", 20)
    found = consolidate(people, running(mon=True, thu=True, tue=True))
    assert found.given_up == ("mon",)
    assert found.numbers == (("thu", 8), ("tue", 6))
    assert found.moves == tuple(ProposedMove(f"mon-{at}", "mon", "thu", against=True) for at in range(3))
    assert found.score == found.proven == ConsolidationScore(0, 0, 3, 3, 1, 3)
    assert found.is_best


def test_a_session_is_filled_rather_than_given_up_when_that_loses_nobody() -> None:
    """Two who can also come on Monday save the places of four who can only come then."""
    people = seated("mon", 4, "mon") + seated("tue", 8, "tue mon", 10)
    found = consolidate(people, running(mon=True, tue=True))
    assert (found.given_up, found.numbers) == ((), (("mon", 6), ("tue", 6)))
    assert [(move.origin, move.session) for move in found.moves] == [("tue", "mon")] * 2


def test_those_who_prefer_another_session_anyway_go_there() -> None:
    """That is no move against their preference, so it comes before moving others."""
    people = seated("mon", 5, "tue mon") + seated("tue", 7, "tue mon", 10)
    found = consolidate(people, running(mon=True, tue=True))
    assert (found.given_up, found.score.against, found.score.moved) == (("mon",), 0, 5)
    assert not any(move.against for move in found.moves)


def test_who_can_go_nowhere_else_is_lost_and_said_so() -> None:
    """As few of them as can be."""
    people = seated("mon", 5, "mon") + seated("tue", 4, "tue", 10)
    found = consolidate(people, running(minimum=5, mon=True, tue=True))
    assert found.given_up == ("tue",)
    assert [(move.registration, move.session, move.against) for move in found.moves] == [
        (f"tue-{at}", None, False) for at in range(4)
    ]


def test_an_empty_session_is_given_up_and_one_without_a_minimum_runs() -> None:
    """Nobody has to hear of it."""
    sessions = [Running("mon", None, 1), Running("tue", None, 0)]
    found = consolidate([], sessions)
    assert (found.given_up, found.numbers, found.moves) == (("mon",), (("tue", 0),), ())


def test_nothing_changes_when_every_session_is_large_enough() -> None:
    """Nobody moves for their own good alone."""
    found = consolidate(seated("mon", 6, "tue mon"), running(mon=True))
    assert (found.given_up, found.moves, found.below) == ((), (), ())


def test_a_session_that_must_run_is_filled_from_others_if_it_can_be() -> None:
    """Even if another one has to go for it."""
    people = seated("mon", 5, "mon") + seated("tue", 6, "tue mon", 10)
    found = consolidate(people, running(mon=False, tue=True))
    assert (found.given_up, found.below, found.numbers) == (("tue",), (), (("mon", 11),))


def test_a_session_that_must_run_and_cannot_be_filled_keeps_its_people() -> None:
    """Nobody is moved in vain."""
    people = seated("mon", 3, "mon") + seated("tue", 8, "tue mon", 10)
    found = consolidate(people, [Running("mon", 12, 12, may_go=False), *running(minimum=6, tue=False)])
    assert (found.below, found.moves, found.score.below) == (("mon",), (), 1)


def test_sessions_that_are_chosen_are_given_up_and_no_others() -> None:
    """What that leaves below its minimum is said."""
    people = seated("mon", 7, "mon tue") + seated("thu", 2, "thu", 10) + seated("tue", 6, "tue", 20)
    found = consolidate(people, running(mon=True, thu=True, tue=True), cancel=["mon"])
    assert (found.given_up, found.below) == (("mon",), ("thu",))
    assert (found.score.lost, found.numbers) == (1, (("thu", 2), ("tue", 12)))
    assert consolidate(people, running(mon=True, thu=True, tue=True), cancel=[]).given_up == ()


def test_a_session_with_more_people_than_it_can_take_keeps_them_and_takes_no_more() -> None:
    """It was made smaller since."""
    people = seated("mon", 7, "mon") + seated("tue", 2, "tue mon", 10)
    found = consolidate(people, running(minimum=3, capacity=5, mon=True, tue=True))
    assert (found.given_up, found.score.lost, found.numbers) == (("tue",), 2, (("mon", 7),))


def test_a_place_that_becomes_free_where_there_are_too_many_people_stays_free() -> None:
    """Six sit where five should: when one of them is needed elsewhere, nobody follows."""
    people = seated("mon", 5, "mon") + seated("thu", 1, "thu mon", 10)
    people += [Seated("one", "mon", ("mon", "tue"), 20)]
    sessions = [Running("mon", 5, 0), Running("thu", 5, 2), Running("tue", 5, 1, may_go=False)]
    found = consolidate(people, sessions)
    assert (found.given_up, found.score.lost, found.numbers) == (("thu",), 1, (("mon", 5), ("tue", 1)))


def test_two_who_go_gladly_are_moved_rather_than_one_who_does_not() -> None:
    """Tuesday is one short; who likes it more than Thursday makes room for who likes Thursday more than Monday."""
    people = [*seated("mon", 3, "mon tue"), Seated("glad", "mon", ("thu", "mon"), 5)]
    people += [Seated("gladder", "thu", ("tue", "thu"), 6)]
    sessions = [Running("mon", 9, 3), Running("thu", 9, 1, may_go=False), Running("tue", 9, 1, may_go=False)]
    found = consolidate(people, sessions)
    assert [(move.registration, move.session) for move in found.moves] == [("glad", "thu"), ("gladder", "tue")]
    assert (found.score.against, found.given_up) == (0, ())


def test_a_place_that_was_not_wished_for_is_liked_least() -> None:
    """An organiser put them there; any of their wishes is better."""
    people = seated("mon", 2, "tue") + seated("tue", 6, "tue", 10)
    found = consolidate(people, running(mon=True, tue=True))
    assert [move.against for move in found.moves] == [False, False]


def crowded() -> tuple[list[Seated], list[Running]]:
    """Seven sessions of four, each of whom could also go to the next two."""
    names = [f"s{at}" for at in range(7)]
    people = [
        one
        for at, name in enumerate(names)
        for one in seated(name, 4, f"{name} {names[(at + 1) % 7]} {names[(at + 2) % 7]}", 10 * at)
    ]
    return people, running(**dict.fromkeys(names, True))


@pytest.mark.parametrize("flows", [1, 15, 30])
def test_when_the_search_is_cut_short_it_says_how_far_off_it_may_be(
    flows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is sound all the same, and what is said to be out of reach is."""
    people, sessions = crowded()
    best = consolidate(people, sessions)
    assert best.is_best
    monkeypatch.setattr(consolidating, "MOST_WORK", 0)
    monkeypatch.setattr(consolidating, "LEAST_FLOWS", flows)
    found = consolidate(people, sessions)
    assert (found.is_best, found.below) == (False, ())
    assert found.proven < best.score <= found.score


def test_unknown_sessions_and_double_entries_are_refused() -> None:
    """Before anything is worked out."""
    people, sessions = seated("mon", 1, "mon"), running(mon=True)
    with pytest.raises(NotFound, match="tue"):
        consolidate(people, sessions, ["tue"])
    with pytest.raises(ValueError, match="twice"):
        consolidate(people * 2, sessions)
    with pytest.raises(ValueError, match="twice"):
        consolidate(people, sessions * 2)
    with pytest.raises(ValueError, match="none of the sessions"):
        consolidate(people, running(tue=True))
