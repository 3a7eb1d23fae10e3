"""Templates, shown every kind of notice as made-up people would get it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from traceback import walk_tb
from types import MappingProxyType, TracebackType
from typing import Final

from insight_sessions import LinkAction, Notice
from insight_sessions.samples import example_notices
from insight_sessions_smtp.templating import Page, Templates
from insight_sessions_smtp.variables import variables

_MADE_UP: Final = "eyJhIjoibWFkZS11cCIsImUiOjE2MjYwMDAwMDB9.bG9vay1hdC1pdC1vbmx5"
LINKS: Final[Mapping[str, str]] = MappingProxyType(
    {str(action): f"https://sessions.example.org/{action}/{_MADE_UP}" for action in LinkAction}
)
"""A made-up link for every action."""


def faults(templates: Templates, folder: Path, languages: Iterable[str]) -> list[str]:
    """What goes wrong when templates show every kind of notice, with links and without; each once.

    Args:
        templates: with those of the folder.
        folder: whose mistakes are looked for.
        languages: to try, besides English.
    """
    found: dict[str, None] = {}
    shown = [*example_notices(), *example_notices(links=True)]
    shown += [replace(notice, links=LINKS) for notice in shown]
    for language in sorted({*languages, "en"}):
        for notice in shown:
            page = templates.page(notice.kind, language)
            found.update(dict.fromkeys(_faults(page, replace(notice, language=language), folder)))
    return [*found]


def _faults(page: Page, notice: Notice, folder: Path) -> Iterator[str]:
    told = variables(notice, page.labels)
    for template in (page.html, page.text, page.subject):
        if template is None:
            continue
        try:
            words = template.render(told)
        except Exception as error:  # noqa: BLE001 - whatever a template does
            place = _place(error.__traceback__, folder) or f"{template.name}"
            yield f"{place}: {error} (shown a notice of the kind {notice.kind})"
        else:
            if not words.strip():
                yield f"{template.name}: it shows nothing for a notice of the kind {notice.kind}"


def _place(trace: TracebackType | None, folder: Path) -> str | None:
    """The innermost file of the folder, and the line."""
    places = [(Path(frame.f_code.co_filename), line) for frame, line in walk_tb(trace)]
    own = [(file, line) for file, line in places if file.is_relative_to(folder)]
    return f"{own[-1][0].relative_to(folder).as_posix()}, line {own[-1][1]}" if own else None
