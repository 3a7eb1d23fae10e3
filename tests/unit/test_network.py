import pytest

from insight_sessions.allocating.gate import Gate, Tally
from insight_sessions.allocating.network import Cell, Network


def test_a_gate_without_tallies_costs_nothing_up_to_its_limit() -> None:
    """And lets nobody else in."""
    gate = Gate(2)
    assert (gate.one_more(0), gate.one_more(1), gate.one_more(2)) == (0, 0, None)
    assert (gate.one_less(0), gate.one_less(1)) == (None, 0)
    assert [gate.best_near(number) for number in range(4)] == [0, 1, 2, 2]
    assert Gate().best_near(9) == 9


def test_a_tally_pays_for_those_who_are_missing_and_charges_for_those_too_many() -> None:
    """Each by its weight, and several tallies together."""
    gate = Gate(None, (Tally(2, None, 10), Tally(1, 3, 5)))
    assert [gate.cost_of(number) for number in range(1, 6)] == [-15, -10, 0, 5, 5]
    assert [gate.best_near(number) for number in range(6)] == [2, 2, 2, 3, 3, 3]


def test_a_limit_stands_above_every_tally() -> None:
    """A room for two holds two, even if three are asked for."""
    assert Gate(2, (Tally(3, None, 10),)).best_near(0) == 2


def test_one_goes_where_it_costs_least() -> None:
    """Nothing else is asked."""
    network = Network([[(0, 3), (1, 1)], [(0, 0), (1, 1)]], [Cell(0), Cell(1)], [Gate(), Gate()])
    assert network.solve() == [1, 0]


def test_a_chain_of_moves_is_found() -> None:
    """The second makes room for the first by moving on, which is cheaper than any single move."""
    options = [[(0, 0), (3, 100)], [(0, 0), (1, 1), (3, 100)], [(1, 0), (2, 1), (3, 100)]]
    network = Network(options, [Cell(number) for number in range(4)], [Gate(1), Gate(1), Gate(1), Gate()])
    assert network.solve() == [0, 1, 2]


def test_places_that_a_part_of_a_session_must_have_are_kept_for_it() -> None:
    """One session with two places and two parts; of the second part one must be there."""
    options = [[(0, 0), (2, 50)], [(0, 0), (2, 50)], [(1, 40), (2, 50), (3, 0)]]
    cells = [Cell(0), Cell(0, Gate(None, (Tally(1, None, 1000),))), Cell(2), Cell(1)]
    found = Network(options, cells, [Gate(2), Gate(), Gate()]).solve()
    assert found[2] == 1
    assert sorted(found[:2]) == [0, 2]


def test_a_part_that_nobody_can_be_in_stays_empty() -> None:
    """However much it asks for somebody; there is a way out for what cannot be."""
    cells = [Cell(0, Gate(None, (Tally(1, None, 5),))), Cell(1)]
    assert Network([[(1, 0)]], cells, [Gate(), Gate()]).solve() == [1]


def test_somebody_who_has_nowhere_to_go_is_an_error() -> None:
    """Whoever asks must leave a way out."""
    with pytest.raises(ValueError, match="no option"):
        Network([[(0, 0)], [(0, 0)]], [Cell(0)], [Gate(1)]).solve()
