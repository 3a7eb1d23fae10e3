"""A notice's text in pieces that a page can show: what is said, what is so, and who signs.

The words come as plain text, and stay it: nothing in them is read as Markdown or HTML. What makes a line a fact is
that it says what a placeholder stands for, and not how it looks.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote

from markupsafe import Markup, escape

from insight_sessions_smtp.actions import Action

Shape = Literal["words", "facts", "list", "quote", "action"]

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
        shape: ``words`` to read, ``facts`` such as when a session is, a ``list`` of them, a ``quote`` or an ``action``.
        lines: one or more.
        leads: what follows belongs to it, such as facts to the sentence that announces them.
        action: what the reader can do by it; its only line says where that leads.
    """

    shape: Shape
    lines: tuple[str, ...]
    leads: bool = False
    action: Action | None = None

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


def blocks(text: str, facts: Mapping[str, str], offered: Iterable[Action] = ()) -> tuple[Block, ...]:
    """A text in pieces, in its order and with nothing added or left out.

    Args:
        text: the words.
        facts: what the placeholders stand for that they are made of, by name.
        offered: what the reader can do; where one leads, on a line of its own, is a piece of its own.
    """
    known: dict[str, Shape] = {}
    for name, shape in _SHAPES.items():
        lines = facts.get(name, "").split("\n")
        one: Shape = "facts" if shape == "list" and len(lines) == 1 else shape
        known |= {line.strip(): one for line in lines if line.strip()}
    by_url = {action.url: action for action in offered}
    known |= dict.fromkeys(by_url, "action")
    found: list[Block] = []
    for paragraph in _BLANK_LINES.split(text.strip()):
        pieces = _pieces(paragraph.split("\n"), known, facts.get("where", ""))
        for number, (shape, said) in enumerate(pieces, 1):
            action = by_url[said[0].strip()] if shape == "action" else None
            found.append(Block(shape, said, leads=number < len(pieces), action=action))
    return tuple(found)


def _pieces(lines: list[str], known: Mapping[str, Shape], where: str) -> list[tuple[Shape, tuple[str, ...]]]:
    """The lines of a paragraph, those of one shape together but actions, each of which is alone."""
    shapes: list[Shape] = []
    for line in map(str.strip, lines):
        # Where a session is stands below it, behind a word of its language.
        below = where and shapes and shapes[-1] == "facts" and line.endswith(where)
        shapes.append(known.get(line, "facts" if below else "words"))
    found: list[tuple[Shape, tuple[str, ...]]] = []
    for shape, line in zip(shapes, lines, strict=True):
        if found and found[-1][0] == shape != "action":
            found[-1] = shape, (*found[-1][1], line)
        else:
            found.append((shape, (line,)))
    return found


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
