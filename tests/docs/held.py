"""Writes the page that says what is held of people, why and how long, from the tags of every field.

Write it anew with ``./dev python -m tests.docs.held``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from insight_sessions.domain.personal import OURS, Held
from insight_sessions.domain.retention import Blanks, Drops, rules
from insight_sessions.domain.thing import KINDS
from insight_sessions.erasing import Intent

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "held.md"

NOBODYS: Final = frozenset(
    {
        *("project", "lineage", "organiser", "session", "joining", "allocation", "consolidation", "write_up"),
        *("erasure", "reminder", "update", "opening", "description"),
    }
)
"""The kinds of records that are about nobody: what a team announces, and numbers under our own ids."""

BESIDE: Final[dict[str, type[Any]]] = {"erasing": Intent}
"""Records about people that belong to no project."""

SHORT_LIVED: Final = {
    "farewell": "until it is sent, 24 hours at most",
    "erasing": "until the erasure is complete",
}
"""What goes by itself."""

HEAD: Final = """\
# What is held of people

This page is written from the source: every field of every record about somebody says what it holds and why, and a test
fails when one does not. [People's data](people.md) tells the whole of it in words.

How long is set by each project, under [`retention`](projects.md#retention), in days after the end of its last session.
What no setting names is held until somebody is [erased](people.md#erasing), or forgotten by `people_days`.

"""

COLUMNS: Final = ("record", "fields", "what", "why", "how long")

MORE: Final = (
    (
        "*feed*",
        "",
        "that a member has an address of their own feed; a key, not the address",
        "so that they can subscribe",
        "until they revoke it or are erased",
    ),
    (
        "*links*",
        "",
        "that their links were revoked; a random number",
        "so that those stay worthless",
        "until they are erased",
    ),
    ("receipts", "", "that a command was done, by a keyed hash of it", "to do nothing twice", "90 days"),
)
"""What is no record with fields."""

TAIL: Final = """
Besides, each record has our ids of the person and of what it belongs to, which mean nothing outside the store. The
journal and the outbox hold those ids only.
"""


def tags(kind: type[Any]) -> Mapping[str, Held | None]:
    """What each field of a class holds; None for one without a tag."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: _tag(hints[field.name]) for field in fields(kind)}


def _tag(hint: object) -> Held | None:
    found = [one for one in get_args(hint)[1:] if isinstance(one, Held)] if get_origin(hint) is Annotated else []
    return found[0] if found else None


def about_people() -> dict[str, type[Any]]:
    """Every kind of record about somebody."""
    return {**{kind: one.type for kind, one in KINDS.items() if kind not in NOBODYS}, **BESIDE}


def settings(kind: str, name: str) -> list[str]:
    """By which settings a field goes before everything does."""
    return [
        setting
        for setting, goes in rules()
        if goes == Drops(kind) or (isinstance(goes, Blanks) and goes.kind == kind and name in goes.fields)
    ]


def _rows() -> Iterator[tuple[str, ...]]:
    for kind, one in about_people().items():
        rows: dict[tuple[Held, tuple[str, ...]], list[str]] = {}
        for name, tag in tags(one).items():
            if tag is not None and tag != OURS:
                rows.setdefault((tag, tuple(settings(kind, name))), []).append(name)
        for (tag, days), names in rows.items():
            after = days if kind == "follower" else (*days, "people_days")  # whoever follows may never have taken part
            until = SHORT_LIVED.get(kind) or ", ".join(f"`{day}`" for day in after)
            shown = ", ".join(f"`{name}`" for name in names)
            yield f"*{kind}*", shown, tag.what, tag.why, until


def page() -> str:
    """The whole page."""
    rows = (COLUMNS, ("---",) * len(COLUMNS), *_rows(), *MORE)
    return HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows) + TAIL


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
