"""How people are counted when they come in somewhere, and what each more or less of them costs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tally:
    """What it costs when too few or too many are in a cell.

    Args:
        least: from how many on nobody is missing.
        most: up to how many nobody is too many; None for no end.
        weight: what each one missing or too many costs.
    """

    least: int
    most: int | None
    weight: int


@dataclass(frozen=True, slots=True)
class Gate:
    """People who are counted together.

    Args:
        limit: how many can come in; None for no end.
        tallies: what else is asked of how many come in.
    """

    limit: int | None = None
    tallies: tuple[Tally, ...] = ()

    def cost_of(self, number: int) -> int:
        """What the so-manieth one costs, the limit aside; it never falls as the number grows."""
        cost = 0
        for tally in self.tallies:
            if number <= tally.least:
                cost -= tally.weight
            if tally.most is not None and number > tally.most:
                cost += tally.weight
        return cost

    def best_near(self, number: int) -> int:
        """The number closest to the given one at which no single one more or less would be better."""
        if self.tallies:
            steps = {0}
            for tally in self.tallies:
                steps.update((tally.least,) if tally.most is None else (tally.least, tally.most))
            low = max(step for step in steps if step == 0 or self.cost_of(step) < 0)
            if self.cost_of(max(steps) + 1) > 0:
                number = min(number, max(step for step in steps if step == 0 or self.cost_of(step) <= 0))
            number = max(number, low)
        return number if self.limit is None else min(number, self.limit)

    def one_more(self, number: int) -> int | None:
        """What one more than so many costs; None when no more can come in."""
        return None if number == self.limit else self.cost_of(number + 1)

    def one_less(self, number: int) -> int | None:
        """What one less than so many costs; None when there is nobody."""
        return -self.cost_of(number) if number else None


OPEN = Gate()
"""It counts nobody."""
