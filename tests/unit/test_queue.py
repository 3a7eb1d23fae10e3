import pytest

from insight_sessions.domain.queue import Queue


def queue(*numbers: int) -> Queue:
    """A queue of these numbers, added in this order."""
    made = Queue()
    for number in numbers:
        made = made.add(number)
    return made


@pytest.mark.parametrize("numbers", [(), (1,), (5, 3, 4), (2048, 1, 1023, 1024, 7), (10**9, 0)])
def test_a_queue_gives_its_numbers_in_ascending_order(numbers: tuple[int, ...]) -> None:
    """However they came, within and across blocks of 1,024."""
    made = queue(*numbers)
    assert list(made) == sorted(numbers)
    assert len(made) == len(numbers)
    assert bool(made) == bool(numbers)


def test_a_number_stands_in_a_queue_once() -> None:
    """Adding it again changes nothing."""
    assert list(queue(3, 3)) == [3]
    assert queue(3, 3) == queue(3)


def test_discarding_leaves_the_others() -> None:
    """In the same block and in another one."""
    assert list(queue(1, 2, 5000).discard(1)) == [2, 5000]
    assert list(queue(1, 2, 5000).discard(5000)) == [1, 2]


@pytest.mark.parametrize("number", [4, 2000])
def test_discarding_what_is_not_there_changes_nothing(number: int) -> None:
    """Neither in a block that exists nor in one that does not."""
    made = queue(3)
    assert made.discard(number) is made


def test_a_queue_that_was_emptied_is_false() -> None:
    """It equals one that never held anything."""
    assert queue(3).discard(3) == Queue()
    assert not queue(3).discard(3)


def test_a_queue_is_a_value() -> None:
    """What is done with it leaves it as it was."""
    before = queue(1, 2)
    before.add(3)
    before.discard(1)
    assert list(before) == [1, 2]
