"""Rows of the table: what was measured, the limit beside it, and whether the target is met."""

import gc
import shutil
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Final


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured.

    Args:
        rounds: how often measured and limit take turns.
        quick: only to see that everything runs: small numbers, which say nothing about speed.
    """

    rounds: int = 7
    quick: bool = False

    def of(self, full: int, quick: int) -> int:
        """One number or the other."""
        return quick if self.quick else full


@dataclass(frozen=True, slots=True)
class Target:
    """What is promised, and whether it is met."""

    text: str
    met: bool


TIMES: Final = "\N{MULTIPLICATION SIGN}"


def at_least(bound: float, value: float) -> Target:
    """Not less than so many times the limit."""
    return Target(f"≥ {bound:g} {TIMES}", value >= bound)


def at_most(bound: float, value: float, unit: str = TIMES) -> Target:
    """Not more than that."""
    return Target(f"≤ {bound:g} {unit}", value <= bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table.

    Args:
        name: the work.
        measured: our figure.
        limit: the figure beside it, measured in the same run.
        ratio: the first by the second; None when they are not of one kind.
        target: what is promised.
        note: what one must know to read it.
    """

    name: str
    measured: str
    limit: str
    ratio: float | None
    target: Target
    note: str = ""


Idea = Callable[[Scale], Iterator[Row]]
"""Something worth measuring, which gives one row or more."""


def in_turns(rounds: int, *works: Callable[[], float]) -> list[float]:
    """Let works take turns (A B A B …); the median figure of each."""
    figures: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, found in zip(works, figures, strict=True):
            found.append(work())
    return [median(found) for found in figures]


def seconds(work: Callable[[], object]) -> float:
    """How long a work takes, with the garbage it makes; what was there before is not looked through for garbage."""
    gc.freeze()  # and not looked through for garbage first, either: that would empty the processor's caches
    try:
        start = perf_counter()
        work()
        return perf_counter() - start
    finally:
        gc.unfreeze()


def times(figure: float) -> str:
    """So many times."""
    return f"{figure:,.2f} {TIMES}"


def rate(figure: float) -> str:
    """So many a second."""
    return f"{figure:,.0f}/s"


def milliseconds(figure: float) -> str:
    """Seconds as milliseconds."""
    return f"{figure * 1e3:,.1f} ms"


def microseconds(figure: float) -> str:
    """Seconds as microseconds."""
    return f"{figure * 1e6:,.0f} µs"


HEADINGS = ("", "measured", "limit, same run", "ratio", "target", "")
WIDTHS = (44, 14, 30, 9, 10, 7)


def heading() -> str:
    """The first line of the table."""
    return line(HEADINGS)


def line(cells: Sequence[str]) -> str:
    """Cells under their headings."""
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def written(row: Row) -> str:
    """A row as it is printed, its note below."""
    ratio = "" if row.ratio is None else times(row.ratio)
    verdict = "met" if row.target.met else "NOT MET"
    cells = line((row.name, row.measured, row.limit, ratio, row.target.text, verdict))
    width = max(60, min(shutil.get_terminal_size().columns, sum(WIDTHS) + 10))
    note = textwrap.fill(row.note, width, initial_indent="    ", subsequent_indent="    ")
    return f"{cells}\n{note}" if note else cells
