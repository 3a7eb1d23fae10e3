"""A notice's text in pieces that a page can show: what is said, what is so, and who signs.

The words come as plain text, and stay it: nothing in them is read as Markdown or HTML. What makes a line a fact is
that it says what a placeholder stands for, and not how it looks.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Final, Literal
from urllib.parse import quote

from markupsafe import Markup, escape

Shape = Literal["words", "facts", "list", "quote"]

_SHAPES: Final[Mapping[str, Shape]] = {
    "work": "quote",
    "feedback": "quote",
    "answer": "quote",
    "session": "facts",
    "previous": "facts",
    "offered": "facts",
    "until": "facts",
    "released": "facts",
    "joining": "facts",
    "shifted": "facts",
    "write_up": "facts",
    "feedback_until": "facts",
    "waiting_for": "list",
    "cancelled": "list",
    "opened": "list",
    "skipped": "list",
}
"""How the lines of a fact look; a list of one is a fact like others."""

_URL: Final = re.compile(r"https://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
_BLANK_LINES: Final = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_LINK: Final = Markup('<a class="link" href="{}" style="color:#1a4f9c">{}</a>')


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together.

    Args:
        shape: ``words`` to read, ``facts`` such as when a session is, a ``list`` of them, or a ``quote``.
        lines: one or more.
        leads: what follows belongs to it, such as facts to the sentence that announces them.
    """

    shape: Shape
    lines: tuple[str, ...]
    leads: bool = False

    @property
    def text(self) -> str:
        """All lines as one text."""
        return "\n".join(self.lines)


def parted(text: str, facts: Mapping[str, str]) -> tuple[str, str]:
    """The text up to the signature, and the signature: a last paragraph that ends with the organiser's address."""
    paragraphs = _BLANK_LINES.split(text.strip())
    email = facts.get("organiser_email")
    if len(paragraphs) > 1 and email and paragraphs[-1].rpartition("\n")[2].strip() == email:
        return "\n\n".join(paragraphs[:-1]), paragraphs[-1]
    return "\n\n".join(paragraphs), ""


def blocks(text: str, facts: Mapping[str, str]) -> tuple[Block, ...]:
    """A text in pieces, in its order and with nothing added or left out."""
    known: dict[str, Shape] = {}
    for name, shape in _SHAPES.items():
        lines = facts.get(name, "").split("\n")
        one: Shape = "facts" if shape == "list" and len(lines) == 1 else shape
        known |= {line.strip(): one for line in lines if line.strip()}
    found: list[Block] = []
    for paragraph in _BLANK_LINES.split(text.strip()):
        found += _paragraph(paragraph.split("\n"), known, facts.get("where", ""))
    return tuple(found)


def _paragraph(lines: list[str], known: Mapping[str, Shape], where: str) -> Iterator[Block]:
    shapes: list[Shape] = []
    for line in map(str.strip, lines):
        # Where a session is stands below it, behind a word of its language.
        below = where and shapes and shapes[-1] == "facts" and line.endswith(where)
        shapes.append(known.get(line, "facts" if below else "words"))
    rest = iter(lines)
    groups: list[tuple[Shape, tuple[str, ...]]]
    groups = [(shape, tuple(islice(rest, len([*group])))) for shape, group in groupby(shapes)]
    for number, (shape, group) in enumerate(groups, 1):
        yield Block(shape, group, leads=number < len(groups))


def linked(text: str, email: str) -> Markup:
    """Text as HTML that says the same, on as many lines.

    A line that is a web address and nothing else becomes a link to it, and the organiser's address one to write to it.
    Everything else stays text.

    Args:
        text: plain text.
        email: the organiser's address.
    """
    lines = (_linked_line(line, email) for line in text.split("\n"))
    return Markup("<br>\n").join(lines)


def _linked_line(line: str, email: str) -> Markup:
    if line.startswith("https://") and _URL.fullmatch(line):
        return _LINK.format(line, line)
    if not email or email not in line:
        return escape(line)
    address = _LINK.format("mailto:" + quote(email, safe="@"), email)
    return address.join(escape(piece) for piece in _alone(email).split(line))


def _alone(email: str) -> re.Pattern[str]:
    """The address where it is not part of another one."""
    return re.compile(rf"(?<![\w.!#$%&'*+/=?^`{{|}}~@-]){re.escape(email)}(?![\w@-]|\.\w)")
