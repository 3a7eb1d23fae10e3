"""The templates of mails: ours, and those that a host puts before them by kind and language.

A host's folder is read as a whole when the plugin is made, and shown every kind of notice, so that a mistake in a
template stops a program that starts and not a mail that is due.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    Template,
    select_autoescape,
)

from insight_sessions_smtp.actions import LABELS
from insight_sessions_smtp.blocks import linked

BUILT_IN: Final = "built-in"
"""Under which folder a host's templates find ours, to extend them."""
EVERY: Final = "letter"
"""The name of the templates for every kind that has none of its own."""
ENDINGS: Final = ("html", "txt", "subject")
LABEL_FILE: Final = "labels.toml"

_OURS: Final = PackageLoader("insight_sessions_smtp")
_ENGLISH: Final = {name: (label, "en") for name, label in LABELS.items()}


@dataclass(frozen=True, slots=True)
class Page:
    """The templates for one kind of notice in one language.

    Args:
        html: of the page.
        text: of the plain text.
        subject: of the subject, or None where it is that of the notice.
        labels: what stands on links, and in which language, by the name of the action.
    """

    html: Template
    text: Template
    subject: Template | None
    labels: Mapping[str, tuple[str, str]]


def environment(folder: Path | None) -> Environment:
    """Where templates are found: the host's folder first, then ours.

    Args:
        folder: the host's templates, if it has any.
    """
    loaders: list[BaseLoader] = [] if folder is None else [FileSystemLoader(folder)]
    found = Environment(
        loader=ChoiceLoader([*loaders, _OURS, PrefixLoader({BUILT_IN: _OURS})]),
        autoescape=select_autoescape(disabled_extensions=("txt", "subject"), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    found.filters["linked"] = linked  # pyright: ignore[reportUnknownMemberType] - Jinja does not say of what they are
    return found


@dataclass(frozen=True, slots=True)
class Folder:
    """What a host has put before our templates.

    Args:
        templates: the names of templates, by the same in small letters.
        labels: what stands on links, by language in small letters and by the name of the action.
    """

    templates: Mapping[str, str] = field(default_factory=dict[str, str])
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])


class Templates:
    """Finds the templates for a kind of notice in a language.

    Args:
        found: where templates are found.
        folder: what the host has of its own.
    """

    def __init__(self, found: Environment | None = None, folder: Folder | None = None) -> None:
        self._environment = environment(None) if found is None else found
        self._folder = Folder() if folder is None else folder
        self._pages: dict[tuple[str, str], Page] = {}

    def page(self, kind: str, language: str) -> Page:
        """The templates for a kind of notice: the narrowest language first, and in each the kind before all kinds.

        Args:
            kind: such as ``place_confirmed``.
            language: a BCP 47 tag.
        """
        key = (kind, language)
        found = self._pages.get(key)
        if found is None:
            found = self._pages[key] = self._found(kind, language)
        return found

    def _found(self, kind: str, language: str) -> Page:
        get, ours = self._environment.get_template, f"{BUILT_IN}/{EVERY}"
        subject = self._name(kind, language, "subject")
        return Page(
            html=get(self._name(kind, language, "html") or f"{ours}.html"),
            text=get(self._name(kind, language, "txt") or f"{ours}.txt"),
            subject=None if subject is None else get(subject),
            labels=self._labels(language),
        )

    def _name(self, kind: str, language: str, ending: str) -> str | None:
        places = [*(f"{one}/" for one in narrowing(language)), ""]
        names = (f"{place}{stem}.{ending}" for place in places for stem in (kind, EVERY))
        return next((self._folder.templates[name] for name in names if name in self._folder.templates), None)

    def _labels(self, language: str) -> Mapping[str, tuple[str, str]]:
        found = dict(_ENGLISH)
        for one in reversed(narrowing(language)):
            found |= {name: (label, language) for name, label in self._folder.labels.get(one, {}).items()}
        return found


def narrowing(language: str) -> tuple[str, ...]:
    """A language and what it is a kind of, the narrowest first: ``pt-br``, ``pt``."""
    parts = language.lower().split("-")
    return tuple("-".join(parts[:end]) for end in range(len(parts), 0, -1))
