"""The results of the panel as one web page: no network, no script, and nobody is named.

Every chart is an inline SVG with a title and a description, and a table holds the same figures.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import people

from insight_sessions import Allocation, Consolidation, Project, Report, Satisfaction, SessionReport

HERE = Path(__file__).parent
STYLES = (HERE.parent / "covid_backlogs" / "report.css", HERE / "results.css")

WIDTH = 640  # of a chart, in its own units
LABEL = 126  # of it, for what a bar is about
ROW = 34
BAR = 22
FEW = 3
"""A group of fewer people than this is not shown by itself: it could be somebody we know."""

GRANTED = ("first wish", "second", "third", "fourth or later", "no place")


@dataclass(frozen=True, slots=True)
class Way:
    """What one policy would come to.

    Args:
        policy: its name.
        allocation: the allocation.
        report: the project with it.
    """

    policy: str
    allocation: Allocation
    report: Report

    @property
    def missed(self) -> int:
        """By how many people the mix that the panel wants is missed, in all sessions."""
        return sum(
            max(0, bound.at_least - one.balance.get(bound.attribute, {}).get(value, 0))
            for bound, values in zip(people.BALANCE, (people.SETTINGS, people.COUNTRIES), strict=True)
            for one in self.report.sessions
            for value in values
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What the page shows.

    Args:
        project: as it was announced.
        ways: what each policy would come to.
        chosen: the allocation that was made.
        allocated: the numbers after it.
        withdrawn: how many people withdrew later.
        before: the numbers before the consolidation.
        consolidation: the consolidation.
        messages: how many messages it took.
        after: the numbers in the end.
    """

    project: Project
    ways: Sequence[Way]
    chosen: Allocation
    allocated: Report
    withdrawn: int
    before: Report
    consolidation: Consolidation
    messages: int
    after: Report


def page(told: Results) -> str:
    """The whole page."""
    style = "".join(path.read_text(encoding="utf-8") for path in STYLES)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(told.project.title)}: results of the panel</title>
<style>
{style}</style>
</head>
<body>
<header>
<p class="quiet">Research panel, results</p>
<h1>{escape(told.project.title)}</h1>
<p>{escape(told.project.summary)} Everybody on this page is made up.</p>
</header>
<main>
{"".join(part(told) for part in (_numbers, _ways, _mix, _small, _groups))}
</main>
<footer><p>Numbers only: this page names nobody, and groups of fewer than {FEW} people are not shown apart.</p></footer>
</body>
</html>
"""


def spoken(one: SessionReport) -> str:
    """When a session is, in few words; all are in June."""
    return f"{one.session.starts:%a} {one.session.starts.day}, {one.session.starts:%H:%M}"


def _numbers(told: Results) -> str:
    running = [one for one in told.after.sessions if one.session.status != "cancelled"]
    shown = (
        (people.PEOPLE, "members ranked the sessions"),
        (sum(told.chosen.ranks[:2]), "got their first or second wish"),
        (len(running), f"of {len(told.after.sessions)} sessions run in the end"),
        (told.consolidation.score.lost, "lost a place by giving up the others"),
    )
    rows = (f'<div><dt>{words}</dt><dd class="number">{number}</dd></div>' for number, words in shown)
    return f'<dl class="numbers">{"".join(rows)}</dl>'


# Four ways to decide


def granted(satisfaction: Satisfaction) -> tuple[int, ...]:
    """How many got their first, second, third, a later wish, and none."""
    ranks = (*satisfaction.granted, 0, 0, 0)
    return (*ranks[:3], sum(ranks[3:]), satisfaction.none)


def _ways(told: Results) -> str:
    bars = [(way.policy, granted(way.report.satisfaction)) for way in told.ways]
    rows = [
        (escape(way.policy), *map(str, numbers), str(way.missed))
        for way, (_, numbers) in zip(told.ways, bars, strict=True)
    ]
    exact = (
        "proven to be the best there is"
        if told.chosen.is_best
        else "the best that was found; how much better one could be at most is known"
    )
    caption = "The same in figures; the last column counts the people who are missing for the mix"
    costs = "; ".join(
        f"the one on {told.chosen.bounds[cost.bound].attribute} "
        + (f"{cost.rank} wishes passed over" if cost.rank else "nothing")
        for cost in told.chosen.costs
    )
    return f"""<section aria-labelledby="ways">
<h2 id="ways">Four ways to decide, one of them taken</h2>
<p>Each was previewed on the same answers, and nothing was written. The panel wants at least
{people.BALANCE[0].at_least} people of each setting and somebody from each country in every session, so it took
<strong>balanced</strong>: {exact}. What each bound cost: {costs}.</p>
{_legend(GRANTED)}
{_stacked("ways", "Wishes that each way would grant", bars, GRANTED)}
{_table(caption, ("Way", *GRANTED, "Mix missed by"), rows)}
</section>"""


# The mix in each session


def _mix(told: Results) -> str:
    names = (*people.SETTINGS, "not shown apart")
    bars = [(spoken(one), _shown(one.balance.get("setting", {}))) for one in told.allocated.sessions]
    rows = [
        (escape(name), *(str(number) if number else "-" for number in numbers), _countries(one))
        for (name, numbers), one in zip(bars, told.allocated.sessions, strict=True)
    ]
    return f"""<section aria-labelledby="mix">
<h2 id="mix">Who is in each session</h2>
<p>After the allocation, by the setting that people work in. All sessions are in June 2032.</p>
{_legend(names)}
{_stacked("mix", "People in each session by setting", bars, names)}
{_table("The same in figures, and how many of the four countries are there", ("Session", *names, "Countries"), rows)}
</section>"""


def _shown(balance: Mapping[str, int]) -> tuple[int, ...]:
    numbers = [balance.get(name, 0) for name in people.SETTINGS]
    return (*(number if number >= FEW else 0 for number in numbers), sum(number for number in numbers if number < FEW))


def _countries(one: SessionReport) -> str:
    return str(len(one.balance.get("country", {})))


# Sessions that were too small


def _small(told: Results) -> str:
    pairs = list(zip(told.before.sessions, told.after.sessions, strict=True))
    bars = "".join(_pair(number * (ROW + 10), before, after) for number, (before, after) in enumerate(pairs))
    words = " ".join(f"{spoken(before)}: {before.confirmed}, then {_then(after)}." for before, after in pairs)
    rows = [
        (escape(spoken(before)), str(before.session.minimum), str(before.confirmed), _then(after))
        for before, after in pairs
    ]
    score = told.consolidation.score
    best = "It is proven that no other choice would do better." if told.consolidation.is_best else ""
    return f"""<section aria-labelledby="small">
<h2 id="small">Sessions that were too small</h2>
<p>{told.withdrawn} people withdrew in the weeks after. A session needs {pairs[0][0].session.minimum} people, and the
line marks that. {len(told.consolidation.given_up)} were given up, {score.moved} people were moved, {score.against} of
them to a session they like less, and {score.lost} have no other session and come first on the waiting list. It took
{told.messages} messages, one for each person. {best}</p>
{_legend_of(_KINDS)}
{_figure("small", "People in each session, before and after", words, len(pairs) * (ROW + 10), bars)}
{_table("The same in figures", ("Session", "Needs", "Before", "After"), rows)}
</section>"""


def _pair(top: int, before: SessionReport, after: SessionReport) -> str:
    unit = (WIDTH - LABEL - 96) / 24
    gone = after.session.status == "cancelled"
    note = f"{before.confirmed}, given up" if gone else f"{before.confirmed} → {after.confirmed}"
    line = LABEL + before.session.minimum * unit
    return (
        f'<text x="0" y="{top + 20}" class="label">{escape(spoken(before))}</text>'
        f'<rect x="{LABEL}" y="{top + 4}" width="{before.confirmed * unit:.1f}" height="10" rx="2" class="earlier"/>'
        f'<rect x="{LABEL}" y="{top + 17}" width="{after.confirmed * unit:.1f}" height="10" rx="2" class="taken"/>'
        f'<path d="M{line:.1f} {top}v32" class="needed"/>'
        f'<text x="{WIDTH}" y="{top + 20}" text-anchor="end" class="note">{note}</text>'
    )


def _then(after: SessionReport) -> str:
    return "given up" if after.session.status == "cancelled" else str(after.confirmed)


# Wishes by group


def _groups(told: Results) -> str:
    rows = [
        (
            f"{escape(name.capitalize())}: {escape(value)}",
            str(one.people),
            *(_share(number, one.people) for number in granted(one)),
        )
        for name in ("setting", "country")
        for value, one in told.allocated.satisfaction_of[name].items()
        if one.people >= FEW
    ]
    return f"""<section aria-labelledby="groups">
<h2 id="groups">Whose wishes came true</h2>
<p>The mix must not be paid for by one group. This is the share of each that got which wish in the allocation.</p>
{_table("Wishes granted by group, in per cent of its people", ("Group", "People", *GRANTED), rows)}
</section>"""


def _share(number: int, people: int) -> str:
    return f"{100 * number / people:.0f}"


# What several parts have in common


def _square(css: str) -> str:
    return f'<rect x="1" y="1" width="14" height="14" rx="2" class="{css}"/>'


_KINDS = (
    (_square("earlier"), "before"),
    (_square("taken"), "after"),
    ('<path d="M8 0V16" class="needed"/>', "fewest it needs"),
)


def _legend(names: Sequence[str]) -> str:
    return _legend_of([(_square(f"s{number}"), name) for number, name in enumerate(names)])


def _legend_of(marks: Iterable[tuple[str, str]]) -> str:
    items = (f'<li><svg viewBox="0 0 16 16" aria-hidden="true">{mark}</svg>{escape(name)}</li>' for mark, name in marks)
    return f'<ul class="legend">{"".join(items)}</ul>'


def _stacked(id: str, title: str, bars: Sequence[tuple[str, Sequence[int]]], names: Sequence[str]) -> str:
    """Bars of parts, each with its number in it where there is room."""
    unit = (WIDTH - LABEL) / max((sum(numbers) for _, numbers in bars), default=1)
    drawn = "".join(_bar(number * ROW, label, numbers, unit) for number, (label, numbers) in enumerate(bars))
    words = " ".join(
        f"{label}: {', '.join(f'{number} {name}' for number, name in zip(numbers, names, strict=True) if number)}."
        for label, numbers in bars
    )
    return _figure(id, title, words, len(bars) * ROW, drawn)


def _bar(top: int, label: str, numbers: Sequence[int], unit: float) -> str:
    parts, left = [f'<text x="0" y="{top + 20}" class="label">{escape(label)}</text>'], float(LABEL)
    for place, number in enumerate(numbers):
        width = number * unit
        if number:
            parts.append(
                f'<rect x="{left:.1f}" y="{top + 4}" width="{width - 1.5:.1f}" height="{BAR}" class="s{place}"/>'
            )
        if width > 9 * len(str(number)) + 6:
            middle = left + (width - 1.5) / 2
            parts.append(
                f'<text x="{middle:.1f}" y="{top + 20}" text-anchor="middle" class="in t{place}">{number}</text>'
            )
        left += width
    return "".join(parts)


def _figure(id: str, title: str, words: str, height: int, drawn: str) -> str:
    return f"""<figure>
<div class="scroll" role="region" aria-label="{escape(title)}" tabindex="0">
<svg class="wide" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{id}-title {id}-desc">
<title id="{id}-title">{escape(title)}</title>
<desc id="{id}-desc">{escape(words)}</desc>
{drawn}
</svg>
</div>
</figure>"""


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    first, *others = head
    columns = f'<th scope="col" class="words">{first}</th>' + "".join(f'<th scope="col">{name}</th>' for name in others)
    body = "".join(
        f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>' for name, *cells in rows
    )
    return (
        f'<div class="scroll" role="region" aria-label="{caption}" tabindex="0"><table><caption>{caption}</caption>'
        f"<thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table></div>"
    )
