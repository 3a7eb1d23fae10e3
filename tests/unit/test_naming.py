import pytest

from insight_sessions.domain.session import Slot
from insight_sessions.wording.naming import counted, ordinal, short_name

from .desk_kit import Rehearsal, project, session


@pytest.mark.parametrize(
    ("number", "said"),
    [
        *((1, "first"), (3, "third"), (10, "tenth"), (11, "11th"), (12, "12th"), (13, "13th"), (14, "14th")),
        *((21, "21st"), (22, "22nd"), (23, "23rd"), (24, "24th"), (111, "111th"), (1_001, "1,001st")),
    ],
)
def test_small_ordinals_are_words(number: int, said: str) -> None:
    """The others end as one says them."""
    assert ordinal(number) == said


@pytest.mark.parametrize(("number", "said"), [(1, "one"), (10, "ten"), (11, "11"), (1_234, "1,234")])
def test_small_numbers_are_words(number: int, said: str) -> None:
    """Up to ten."""
    assert counted(number) == said


@pytest.mark.parametrize(
    ("others", "name"),
    [
        ([], "Tuesday"),
        (["2021-07-07T14:00"], "Tuesday"),
        (["2021-07-06T16:00"], "Tuesday at 14:00"),
        (["2021-07-13T14:00"], "Tuesday 6 July"),
        (["2022-07-05T14:00"], "Tuesday 6 July 2021"),
        (["2021-07-06T16:00", "2021-07-13T14:00"], "Tuesday 6 July at 14:00"),
        (["2021-07-06T14:00", "2021-07-06T16:00"], "Tuesday at 14:00 (tue)"),
    ],
)
def test_a_session_is_named_by_as_little_as_tells_it_from_the_others(others: list[str], name: str) -> None:
    """By its day, its date, or the hour."""
    more = [session(f"s{number}", starts) for number, starts in enumerate(others)]
    slots = Rehearsal(project(session("tue"), *more)).state.slots
    assert short_name(slots["tue"], slots.values()) == name


def test_parallel_sessions_go_by_their_titles() -> None:
    """Where they have one."""
    one, two = (Slot.of(each) for each in project(session("a", title="Hospitals"), session("b")).sessions)
    assert short_name(one, [one, two]) == "Monday at 10:00 (Hospitals)"
