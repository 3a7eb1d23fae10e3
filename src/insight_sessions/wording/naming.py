"""Short names and numbers in sentences: a session by its day, a place in line by an ordinal."""

from collections.abc import Iterable
from typing import Final

from insight_sessions.domain.session import Slot
from insight_sessions.wording.times import weekday, written

_FIRST: Final = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_NUMBERS: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def ordinal(number: int) -> str:
    """A place in an order: ``third``, ``21st``."""
    if number <= len(_FIRST):
        return _FIRST[number - 1]
    teens = number % 100 in (11, 12, 13)
    ending = "th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


def counted(number: int) -> str:
    """A number from 1: ``two``, ``12``."""
    return _NUMBERS[number - 1] if number <= len(_NUMBERS) else f"{number:,}"


def short_name(slot: Slot, others: Iterable[Slot]) -> str:
    """What to call a session in a sentence: as little as tells it from the others of its project.

    Such as ``Tuesday``; ``Tuesday 6 July`` when there is one on another Tuesday; ``Tuesday at 14:00`` when there are
    two on that day; and with its title or id when they begin at the same time.

    Args:
        slot: the session.
        others: all sessions of the project; it may be among them.
    """
    days = [one for one in others if one.id != slot.id and one.starts.weekday() == slot.starts.weekday()]
    same = [one for one in days if one.starts.date() == slot.starts.date()]
    name = weekday(slot.starts)
    if len(same) < len(days):
        years = any(one.starts.year != slot.starts.year for one in days)
        name = written(slot.starts) if years else written(slot.starts).rpartition(" ")[0]
    if not same:
        return name
    name = f"{name} at {slot.starts:%H:%M}"
    return f"{name} ({slot.title or slot.id})" if any(one.starts == slot.starts for one in same) else name
