"""The example of the research panel does what it says, and is the same every time."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.docs.test_examples import EXAMPLES, run

PROGRAM = EXAMPLES / "research_panel" / "panel.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where it was run."""
    return tmp_path_factory.mktemp("panel")


@pytest.fixture(scope="module")
def printed(folder: Path) -> str:
    """What it printed."""
    return run(PROGRAM, folder)


@pytest.fixture
def text(printed: str, folder: Path) -> str:
    """The page."""
    return (folder / "out" / "results.html").read_text(encoding="utf-8")


def test_the_story_is_told(printed: str) -> None:
    """Each policy keeps what it promises, and the sessions that are too small are given up."""
    told = re.findall(r"(\S+) +first wish +(\d+), no place +(\d+), mix missed by +(\d+) people", printed)
    ways = {policy: tuple(map(int, numbers)) for policy, *numbers in told}
    assert list(ways) == ["first-come", "lottery", "optimal", "balanced"]
    fewest = min(unplaced for _, unplaced, _ in ways.values())
    assert ways["optimal"][1] == ways["balanced"][1] == fewest < min(ways["first-come"][1], ways["lottery"][1])
    assert ways["balanced"][2] == 0 < min(missed for policy, (*_, missed) in ways.items() if policy != "balanced")
    assert "Given up: mon-eve, thu-eve, tue-eve. 30 people are moved, 0 lose their place,\nin 30 messages." in printed
    assert "Proven to be the best: yes." in printed
    assert "The session on Tuesday at 10:00, which you wished for more, was full." in printed


def test_the_same_seed_gives_the_same_page(tmp_path: Path, printed: str, text: str) -> None:
    """To the byte."""
    assert run(PROGRAM, tmp_path) == printed
    assert (tmp_path / "out" / "results.html").read_text(encoding="utf-8") == text


class Reader(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.wanted: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Something begins."""
        self.tags.append(tag)
        if tag != "meta":
            self.open.append(tag)
        given = dict(attrs)
        assert not given.keys() & {"src", "href", "srcset", "onload"}
        self.ids.update(value for name, value in attrs if name == "id" and value is not None)
        self.wanted += (given.get("aria-labelledby") or "").split()
        assert tag != "svg" or given.get("role") == "img" or given.get("aria-hidden") == "true"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Something that holds nothing."""
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """What was opened last ends first."""
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_asks_for_nothing(text: str) -> None:
    """One file, without a script, and every picture told in words."""
    page = Reader(text)
    assert page.open == []
    assert "script" not in page.tags
    assert page.tags.count("figure") == page.tags.count("desc") == 3
    assert set(page.wanted) <= page.ids
    assert not re.search(r"https?://|@import|url\(", text)


def test_the_page_can_be_read_in_the_dark_and_on_paper(text: str) -> None:
    """Numbers in the bars stand out from them in both."""
    assert "@media (prefers-color-scheme: dark)" in text
    assert "@media print" in text
    pairs = re.findall(r"--s(\d): (#\w{6}); --t\1: (#\w{6});", text)
    assert len(pairs) == 12
    for _, fill, ink in pairs:
        lighter, darker = sorted((luminance(fill), luminance(ink)), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (fill, ink)


def luminance(colour: str) -> float:
    """How bright a colour is (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_page_names_nobody(text: str) -> None:
    """And no small group either."""
    assert "panel-0" not in text
    assert "Member 0" not in text
    assert "@example.org" not in text
