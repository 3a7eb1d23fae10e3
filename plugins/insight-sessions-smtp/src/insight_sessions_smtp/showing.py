"""Every kind of notice, as made-up people would get it: to look at mails, and to try templates."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from traceback import walk_tb
from types import MappingProxyType, TracebackType
from typing import Final

from insight_sessions import Notice, NoticeKind
from insight_sessions.samples import example_notices
from insight_sessions_smtp.actions import LABELS
from insight_sessions_smtp.templating import Page, Templates
from insight_sessions_smtp.variables import variables

_MADE_UP: Final = "eyJhIjoibWFkZS11cCIsImUiOjE2MjYwMDAwMDB9.bG9vay1hdC1pdC1vbmx5"
LINKS: Final[Mapping[str, str]] = MappingProxyType(
    {name: f"https://sessions.example.org/{name}/{_MADE_UP}" for name in LABELS if name != "forget"}
)
"""A made-up link for every action."""

_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_IN_A_PLACE: Final = ("switch", "withdraw", "feed")
_OFFERED: Final = ("accept", "refuse", "switch", "withdraw")
_WAITS: Final = ("switch", "withdraw")


def shown_links(notice: Notice) -> Mapping[str, str]:
    """The made-up links that a made-up notice might have."""
    names: tuple[str, ...] = ()
    match notice.kind:
        case NoticeKind.CONFIRM_FOLLOWING:
            names = ("follow", "unfollow")
        case _ if notice.recipient.follower:
            names = ("unfollow",)
        case NoticeKind.WRITE_UP:
            names = ("feedback",)
        case NoticeKind.PLACE_OFFERED:
            names = _OFFERED
        case NoticeKind.PLACE_CONFIRMED:
            names = (*_IN_A_PLACE, "answers")
        case NoticeKind.REMINDER | NoticeKind.JOINING_DETAILS | NoticeKind.PLACE_MOVED | NoticeKind.GIVE_UP_PLACE:
            names = _IN_A_PLACE
        case NoticeKind.WAITING | NoticeKind.NO_PLACE_YET | NoticeKind.INTEREST_RECEIVED:
            names = _WAITS
        case _:
            pass
    return {name: LINKS[name] for name in names}


def faults(templates: Templates, folder: Path, languages: Iterable[str]) -> list[str]:
    """What goes wrong when templates show every kind of notice, with links and without; each once.

    Args:
        templates: with those of the folder.
        folder: whose mistakes are looked for.
        languages: to try, besides English.
    """
    found: dict[str, None] = {}
    for language in sorted({*languages, "en"}):
        for notice in example_notices():
            page = templates.page(notice.kind, language)
            for links in (_NONE, LINKS):
                found.update(dict.fromkeys(_faults(page, replace(notice, language=language), links, folder)))
    return [*found]


def _faults(page: Page, notice: Notice, links: Mapping[str, str], folder: Path) -> Iterator[str]:
    told = variables(notice, page.labels, links)
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
