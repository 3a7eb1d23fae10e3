"""A strict reader of the pages in mails."""

import re
from html.parser import HTMLParser
from typing import Final

VOID: Final = {"meta", "br"}
KNOWN: Final = VOID | {"html", "head", "title", "style", "body", "div", "table", "tr", "td", "p", "h1", "ul", "li", "a"}


class Page(HTMLParser):
    """Reads a page, and fails on what a mail must not hold.

    Args:
        html: the page.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.skeleton: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.title = self.style = ""
        self.comments: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == [], "every element is closed"
        # What only one kind of program reads holds nothing but a table.
        assert all(re.fullmatch(r"(<table [^<>]*>|</?t[rd]>|</?table>)+", inside) for inside in self.comments)

    def handle_decl(self, decl: str) -> None:
        """It is HTML, and of today."""
        assert decl.lower() == "doctype html"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        assert tag in KNOWN, f"a mail holds no {tag}"
        assert all(value is not None for _, value in attrs)
        found = {name: value or "" for name, value in attrs}
        assert len(found) == len(attrs), "an attribute stands once"
        assert not any(name.startswith("on") or name in {"src", "background", "srcset"} for name in found)
        self.elements.append((tag, found))
        named = {name: value for name, value in found.items() if name not in {"aria-label", "href"}}
        self.skeleton.append(f"<{tag} {named}>")
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element that says it is its own end."""
        raise AssertionError("nothing closes itself in HTML")

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        assert self._open.pop() == tag, f"{tag} is closed in its place"
        self.skeleton.append(f"</{tag}>")
        if tag in {"p", "li", "h1", "div"}:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        """Words."""
        match self._open[-1:]:
            case ["title"]:
                self.title += data
            case ["style"]:
                self.style += data
            case _:
                self.words.append(data)

    def handle_comment(self, data: str) -> None:
        """What one kind of program reads, and no other."""
        inside = re.fullmatch(r"\[if mso\]>(.*)<!\[endif\]", data)
        assert inside is not None
        self.comments.append(inside[1])

    def handle_pi(self, data: str) -> None:
        """What begins with a question mark."""
        raise AssertionError("no instruction is for us")

    def unknown_decl(self, data: str) -> None:
        """What is no HTML."""
        raise AssertionError("no declaration is for us")

    @property
    def text(self) -> str:
        """What a reader sees, without what it looks like."""
        return flat("".join(self.words))

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every element of a kind."""
        return [found for name, found in self.elements if name == tag]


def flat(text: str) -> str:
    """Text without regard to where its lines end."""
    return " ".join(text.split())
