from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from insight_sessions.domain.agenda import Agenda

BEGINNING = datetime(2030, 1, 1, tzinfo=UTC)
moments = st.integers(0, 400).map(lambda number: BEGINNING + number * timedelta(seconds=20))
things = st.sets(st.tuples(moments, st.integers(0, 3000)), max_size=40)


def minute(moment: datetime) -> datetime:
    """The full minute that a moment is in."""
    return moment.replace(second=0, microsecond=0)


@given(things, st.lists(st.integers(0, 100)), moments)
def test_an_agenda_is_a_list_in_the_order_of_time(
    added: set[tuple[datetime, int]], removed: list[int], now: datetime
) -> None:
    """By the minute; within one, by number. What was added can be removed, in any order."""
    agenda, left = Agenda(), {(minute(moment), number): moment for moment, number in added}
    for (_, number), moment in left.items():
        agenda = agenda.add(moment, number)
    for pick in removed:
        if left:
            (at, number), moment = sorted(left.items())[pick % len(left)]
            agenda = agenda.discard(moment, number)
            del left[at, number]
    assert agenda.next == min((at for at, _ in left), default=None)
    assert list(agenda.until(now)) == [number for at, number in sorted(left) if at <= minute(now)]


def test_what_was_due_before_there_were_clocks_is_due_first() -> None:
    """A deadline may be as wrong as the clock that made it."""
    agenda = Agenda().add(datetime(1960, 1, 1, tzinfo=UTC), 1).add(BEGINNING, 2)
    assert list(agenda.until(BEGINNING)) == [1, 2]
