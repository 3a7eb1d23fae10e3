"""The figures of a project as one web page: no network, no script, and nobody is named.

Every chart is an inline SVG with a title and a description, and a table holds the same figures. What comes from
outside is escaped.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from insight_sessions import Project, Report, SessionReport

STYLE = Path(__file__).with_name("report.css")

WIDTH = 380  # of a chart, in its own units: about one to a pixel on a phone
ROW = 72
BLOCK = 22
SMALLEST_BLOCK = 9
FEW = 3
"""A group of fewer people than this is not shown by itself: it could be somebody we know."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What the page shows.

    Args:
        project: in its last state.
        at_close: the numbers when the call closed.
        on_the_eve: the numbers before the first session.
        asked: how often somebody asked to take part.
        refused: how often each reason to refuse was given, and what it said.
    """

    project: Project
    at_close: Report
    on_the_eve: Report
    asked: int
    refused: Counter[tuple[str, str]]

    @property
    def ran(self) -> tuple[SessionReport, ...]:
        """The sessions that took place."""
        return tuple(one for one in self.on_the_eve.sessions if one.session.status != "cancelled")

    @property
    def present(self) -> int:
        """How many had a place in them."""
        return sum(one.confirmed for one in self.ran)


def page(figures: Figures) -> str:
    """The whole page."""
    project = figures.project
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(project.title)}: the call in figures</title>
<style>
{STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
<header>
<p class="quiet">Call for participants, in figures</p>
<h1>{_whole_words(project.title)}</h1>
<p class="call">{escape(project.call.message)}</p>
<p>{escape(project.summary)}</p>
</header>
<main>
{"".join(part(figures) for part in (_numbers, _places, _way, _reasons, _room))}
</main>
<footer><p>Numbers only: this page names nobody, and groups of fewer than {FEW} people are not shown apart.</p></footer>
</body>
</html>
"""


def spoken(one: SessionReport) -> str:
    """When a session is, in few words."""
    starts = one.session.starts
    return f"{starts:%a} {starts.day} {starts:%B}, {starts:%H.%M}"


def _whole_words(title: str) -> str:
    """A title that does not break inside a short word such as COVID-19."""
    words = (escape(word) for word in title.split())
    return " ".join(f'<span class="whole">{word}</span>' if "-" in word and len(word) <= 16 else word for word in words)


def _numbers(figures: Figures) -> str:
    funnel = figures.on_the_eve.funnel
    shown = (
        (figures.present, "people had a place"),
        (len(figures.ran), f"of {len(figures.on_the_eve.sessions)} sessions ran"),
        (figures.asked, "times somebody asked to take part"),
        (funnel.waiting, "were still waiting in the end"),
    )
    rows = (f'<div><dt>{words}</dt><dd class="number">{number}</dd></div>' for number, words in shown)
    return f'<dl class="numbers">{"".join(rows)}</dl>'


# Places in each session


def _places(figures: Figures) -> str:
    legend = "".join(
        f'<li><svg viewBox="0 0 16 16" aria-hidden="true">{mark}</svg>{words}</li>'
        for mark, words in (
            ('<rect x="1" y="1" width="14" height="14" rx="2" class="taken"/>', "place confirmed"),
            (_STRIPES + _block(1, 1, 14, "queue", "legend"), "waiting"),
            ('<rect x="1" y="1" width="14" height="14" rx="2" class="free"/>', "place free"),
            ('<path d="M8 0V16" class="needed"/>', "fewest it needs"),
        )
    )
    return f"""<section aria-labelledby="places">
<h2 id="places">Places in each session</h2>
<p>One block is one person, or one free place. A line marks how many people a session needs where there are fewer.</p>
<ul class="legend">{legend}</ul>
<div class="pair">
{_chart("close", "When the call closed", figures.at_close.sessions)}
{_chart("eve", "On the eve of the first session", figures.on_the_eve.sessions)}
</div>
{_table(figures)}
</section>"""


_STRIPES = (
    '<defs><pattern id="stripes-legend" width="6" height="6" patternUnits="userSpaceOnUse"'
    ' patternTransform="rotate(45)"><path d="M0 0V6" class="stripes"/></pattern></defs>'
)


def _chart(name: str, heading: str, sessions: Sequence[SessionReport]) -> str:
    most = max((one.confirmed + (one.left or 0) + one.waiting for one in sessions), default=0)
    unit = min(30.0, (WIDTH - 16) / max(most, 1))
    rows = "".join(_row(one, number * ROW, unit, name) for number, one in enumerate(sessions))
    words = " ".join(_sentence(one) for one in sessions)
    pattern = _STRIPES.replace("stripes-legend", f"stripes-{name}")
    return f"""<figure>
<figcaption>{heading}</figcaption>
<svg viewBox="0 0 {WIDTH} {len(sessions) * ROW - 14}" role="img" aria-labelledby="{name}-title {name}-desc">
<title id="{name}-title">Places in each session: {heading.lower()}</title>
<desc id="{name}-desc">{escape(words)}</desc>
{pattern}{rows}
</svg>
</figure>"""


def _row(one: SessionReport, top: int, unit: float, name: str) -> str:
    label = f'<text x="0" y="{top + 15}" class="label">{escape(spoken(one))}</text>'
    note = f'<text x="{WIDTH}" y="{top + 15}" text-anchor="end" class="note">{escape(_note(one))}</text>'
    if one.session.status == "cancelled":
        line = f'<path d="M0 {top + 36}H{WIDTH}" class="free"/>'
        return label + note + line
    queue_from = (one.confirmed + (one.left or 0)) * unit + 14
    blocks = (
        _blocks(0, top + 25, one.confirmed, unit, ("taken", name)),
        _blocks(one.confirmed * unit, top + 25, one.left or 0, unit, ("free", name)),
        _blocks(queue_from, top + 25, one.waiting, unit, ("queue", name)),
    )
    needed = (
        ""
        if one.viable
        else f'<path d="M{one.session.minimum * unit - 1:.1f} {top + 20}v{BLOCK + 10}" class="needed"/>'
    )
    return label + note + "".join(blocks) + needed


def _blocks(left: float, top: int, count: int, unit: float, drawn: tuple[str, str]) -> str:
    """So many blocks in a row, or one bar where they would be too small to count."""
    if unit < SMALLEST_BLOCK:
        return _block(left, top, count * unit, *drawn) if count else ""
    return "".join(_block(left + number * unit + 1, top, unit - 4, *drawn) for number in range(count))


def _block(left: float, top: float, width: float, css: str, name: str) -> str:
    height = BLOCK if name != "legend" else 14
    fill = f' fill="url(#stripes-{name})"' if css == "queue" else ""
    return f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{height}" rx="2.5" class="{css}"{fill}/>'


def _note(one: SessionReport) -> str:
    if one.session.status == "cancelled":
        return "cancelled"
    of = "" if one.session.capacity is None else f" of {one.session.capacity}"
    waiting = f", {one.waiting} waiting" if one.waiting else ""
    needed = "" if one.viable else f", needs {one.session.minimum}"
    return f"{one.confirmed}{of}{waiting}{needed}"


def _sentence(one: SessionReport) -> str:
    return f"{spoken(one)}: {_note(one)}."


def _table(figures: Figures) -> str:
    pairs = zip(figures.at_close.sessions, figures.on_the_eve.sessions, strict=True)
    rows = (
        (
            escape(spoken(after)),
            "no limit" if after.session.capacity is None else str(after.session.capacity),
            str(after.session.minimum),
            _having(before),
            _having(after),
        )
        for before, after in pairs
    )
    head = ("Session", "Places", "Needs", "Call closed", "On the eve")
    return _scrolling(_plain_table("The same in figures: confirmed + waiting", head, rows), "Places in figures")


def _having(one: SessionReport) -> str:
    if one.session.status == "cancelled":
        return "cancelled"
    return f"{one.confirmed} + {one.waiting}" if one.waiting else str(one.confirmed)


# From sign-up to place


def _steps(figures: Figures) -> list[tuple[str, int, str]]:
    funnel = figures.on_the_eve.funnel
    return [
        ("Asked to take part", figures.asked, ""),
        ("Could be registered", funnel.registered, f"{figures.asked - funnel.registered} could not"),
        ("Still wanted to come", funnel.registered - funnel.withdrawn, f"{funnel.withdrawn} withdrew"),
        ("Had a place", funnel.confirmed, f"{funnel.waiting} went on waiting"),
    ]


def _way(figures: Figures) -> str:
    steps = _steps(figures)
    most = max(number for _, number, _ in steps) or 1
    bars = "".join(
        f'<text x="0" y="{top + 15}" class="label">{words}</text>'
        f'<text x="{WIDTH}" y="{top + 15}" text-anchor="end" class="note">{lost}</text>'
        f'<rect x="0" y="{top + 24}" width="{WIDTH - 44}" height="18" rx="2.5" class="track"/>'
        f'<rect x="0" y="{top + 24}" width="{(WIDTH - 44) * number / most:.1f}" height="18" rx="2.5" class="taken"/>'
        f'<text x="{WIDTH}" y="{top + 39}" text-anchor="end" class="label">{number}</text>'
        for top, (words, number, lost) in ((row * 62, step) for row, step in enumerate(steps))
    )
    told = " ".join(f"{words}: {number}{f' ({lost})' if lost else ''}." for words, number, lost in steps)
    rows = ((words, str(number), lost or "0") for words, number, lost in steps)
    return f"""<section aria-labelledby="way">
<h2 id="way">From sign-up to place</h2>
<p>Every time that somebody sent the form counts: someone who asked twice counts twice.</p>
<div class="pair">
<figure>
<svg viewBox="0 0 {WIDTH} {len(steps) * 62 - 14}" role="img" aria-labelledby="way-title way-desc">
<title id="way-title">From sign-up to place</title>
<desc id="way-desc">{told}</desc>
{bars}
</svg>
</figure>
{_plain_table("The same in figures", ("Step", "Left", "Gone before"), rows)}
</div>
</section>"""


def _scrolling(table: str, label: str) -> str:
    return f'<div class="scroll" role="region" aria-label="{label}" tabindex="0">{table}</div>'


def _plain_table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    first, *others = head
    columns = f'<th scope="col" class="words">{first}</th>' + "".join(f'<th scope="col">{name}</th>' for name in others)
    body = "".join(
        f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>' for name, *cells in rows
    )
    return f"<table><caption>{caption}</caption><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table>"


# Why the answer was no, and who was in the room


def _reasons(figures: Figures) -> str:
    rows = (
        (f'{escape(code.replace("_", " ").capitalize())}<span class="said">{escape(sentence)}</span>', str(times))
        for (code, sentence), times in figures.refused.most_common()
    )
    total = sum(figures.refused.values())
    changes = total - (figures.asked - figures.on_the_eve.funnel.registered)
    return f"""<section aria-labelledby="reasons">
<h2 id="reasons">Why the answer was no</h2>
<p>It was no {total} times: {total - changes} times to somebody who asked to take part, {changes} times to somebody who
wanted to change a registration. What people read does not tell a stranger who is a member.</p>
{_plain_table("Each reason, and what they read", ("Reason", "Times"), rows)}
</section>"""


def _room(figures: Figures) -> str:
    settings = Counter(figures.on_the_eve.balance.get("setting", {}))
    shown = [(name, number) for name, number in settings.most_common() if number >= FEW]
    others = sum(settings.values()) - sum(number for _, number in shown)
    rows = [(escape(name.capitalize()), str(number)) for name, number in shown]
    if others:
        rows.append(("Other settings together", str(others)))
    return f"""<section aria-labelledby="room">
<h2 id="room">Who was in the room</h2>
{_plain_table("Members with a place, by the setting they work in", ("Setting", "Members"), rows)}
</section>"""
