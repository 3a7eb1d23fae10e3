"""The README and the manual are true: their code runs, their files load, and what they name is there.

What stands behind the language of a fence says how it is tested:

- ``python`` is run, page by page, from top to bottom, in an empty folder and with a clock that stands still.
- ``text`` directly below it is what the block prints.
- ``toml NAME`` is put into that folder under that name; a ``project.toml`` must load.
- ``python needs=PACKAGE`` is compiled and not run, because the package is not part of our environment.
"""

import ast
import contextlib
import io
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from importlib.util import find_spec
from pathlib import Path
from types import CodeType
from typing import Self
from urllib.parse import unquote

import pytest

from insight_sessions import Project, runtime
from insight_sessions.delivery import FIRST_PAUSE, LEASE, LONGEST_PAUSE, MOST_ATTEMPTS
from insight_sessions.upkeep import RECEIPTS_KEPT

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
CHANGES = ROOT / "CHANGELOG.md"

NOW = datetime(2030, 6, 10, 9, tzinfo=UTC)
LANGUAGES = {"python", "text", "toml", "sh", "ini"}

FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)
NAMED_FILE = re.compile(
    r"`(?P<path>(?:\.ci|docs|examples|plugins|requirements|src|tests)/[\w./-]+|[A-Z]{4,}(?:\.md)?)`"
)
DEV = re.compile(r"\./dev (?P<command>\w+)(?P<arguments>[^\n`]*)")
OF_A_MACHINE = re.compile(r"(?<![\w.])/(?:home|root|Users|work|tmp|private)/|[A-Z]:\\\\|localhost|127\.0\.0\.1")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Args:
        page: the file.
        line: where its first line of code stands.
        words: what stands behind the opening fence.
        code: what is in it.
        follows: whether there is nothing but air between it and the block before.
    """

    page: Path
    line: int
    words: tuple[str, ...]
    code: str
    follows: bool

    @property
    def language(self) -> str:
        """What it is written in."""
        return self.words[0] if self.words else ""

    @property
    def needs(self) -> str | None:
        """The package without which it cannot run, if it says one."""
        return next((word.removeprefix("needs=") for word in self.words if word.startswith("needs=")), None)

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return f"{self.page.name}:{self.line}"

    def compiled(self) -> CodeType:
        """Its code, so that a traceback shows the line of the page."""
        return compile("\n" * (self.line - 1) + self.code, str(self.page), "exec", dont_inherit=True)


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page; directives of the manual's builder are not code."""
    text = page.read_text(encoding="utf-8")
    end = 0
    for found in FENCE.finditer(text):
        info = found["info"].strip()
        follows = not text[end : found.start()].strip()
        end = found.end()
        if not info.startswith("{"):
            line = text.count("\n", 0, found.start("code")) + 1
            yield Block(page, line, tuple(info.split()), found["code"], follows)


def prose(page: Path) -> str:
    """A page without its blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """What a link may name behind ``#``: the headings, as the manual and the forges spell them."""
    titles = (found["title"].replace("`", "") for found in HEADING.finditer(prose(page)))
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


ALL = [block for page in PAGES for block in blocks(page)]


class StillClock(datetime):
    """A machine's clock that stands still."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        """The same, always."""
        return cls.fromtimestamp(NOW.timestamp(), tz)


@pytest.fixture
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runtime, "datetime", StillClock)


def run(block: Block, namespace: dict[str, object]) -> str:
    """Run a block; gives what it printed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(block.compiled(), namespace)  # noqa: S102 - our own pages
    return printed.getvalue()


@pytest.mark.usefixtures("_in_an_empty_folder")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_runs_from_top_to_bottom_and_prints_what_it_says(page: Path) -> None:
    """Whoever types a page in gets what the page shows."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    printed: str | None = None
    for block in blocks(page):
        match block.language:
            case "python" if block.needs is None:
                printed = run(block, namespace)
                continue
            case "text" if block.follows and printed is not None:
                said = [line.rstrip() for line in printed.rstrip().splitlines()]
                assert said == block.code.rstrip().splitlines(), f"{block.place}: this is not what the code prints"
            case "toml" if len(block.words) > 1:
                Path(block.words[1]).write_text(block.code, encoding="utf-8")
            case _:
                pass
        printed = None


@pytest.mark.parametrize("block", [block for block in ALL if block.needs is not None], ids=lambda block: block.place)
def test_a_block_that_is_not_run_compiles_and_its_package_is_not_here(block: Block) -> None:
    """A block is only spared for a package that we do not have."""
    assert block.language == "python"
    assert find_spec(str(block.needs)) is None, f"{block.needs} is installed: let the block run"
    block.compiled()


def test_few_blocks_are_not_run() -> None:
    """It stays the exception."""
    spared = [block.place for block in ALL if block.needs is not None]
    assert len(spared) <= 4, spared
    assert len([block for block in ALL if block.language == "python"]) > 10 * len(spared)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_what_it_is(page: Path) -> None:
    """So that none escapes these tests by its name."""
    strange = {block.place: block.words for block in blocks(page) if block.language not in LANGUAGES}
    assert strange == {}
    for block in blocks(page):
        assert block.language in {"python", "toml"} or len(block.words) == 1, block.place


TOML = [block for block in ALL if block.language == "toml"]


@pytest.mark.parametrize("block", TOML, ids=lambda block: block.place)
def test_every_toml_block_loads(block: Block, tmp_path: Path) -> None:
    """A project file as a project, a package's as one with an entry point of ours."""
    name = block.words[1] if len(block.words) > 1 else ""
    (tmp_path / "file.toml").write_text(block.code, encoding="utf-8")
    if name == "project.toml":
        assert Project.from_toml(tmp_path / "file.toml").sessions
        return
    assert name == "pyproject.toml", f"{block.place}: say which file it is"
    assert tomllib.loads(block.code)["project"]["entry-points"]["insight_sessions"]


def test_there_are_toml_blocks_of_both_kinds() -> None:
    """The test above has something to do."""
    assert {block.words[1] for block in TOML} == {"project.toml", "pyproject.toml"}


@pytest.mark.parametrize("page", [*PAGES, CHANGES], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """To a file that is there, and to a heading in it."""
    for found in LINK.finditer(prose(page)):
        target = unquote(found["target"])
        if re.match(r"[a-z]+:", target):
            assert target.startswith("https://"), target
            continue
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.is_file(), f"{page.name}: {target}"
        assert there.is_relative_to(ROOT), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(there), f"{page.name}: there is no heading {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_exists(page: Path) -> None:
    """Such as an example to read on."""
    named = {found["path"] for found in NAMED_FILE.finditer(prose(page))}
    papers = {name for name in named if "/" in name and not (ROOT / name).exists()}
    papers |= {name for name in named if name.endswith(".md") and "/" not in name and not (ROOT / name).exists()}
    assert papers == set()


@pytest.mark.parametrize("page", [*PAGES, CHANGES], ids=lambda page: page.name)
def test_every_command_of_dev_that_is_named_exists(page: Path) -> None:
    """And the tests it is told to run are there."""
    dev = (ROOT / "dev").read_text(encoding="utf-8")
    for found in DEV.finditer(page.read_text(encoding="utf-8")):
        assert f"def {found['command']}(arguments" in dev, found[0]
        for word in found["arguments"].split():
            if word.startswith(("tests/", "examples/", "plugins/")):
                assert (ROOT / word.partition("::")[0]).exists(), found[0]


@pytest.mark.parametrize("page", [*PAGES, CHANGES], ids=lambda page: page.name)
def test_no_page_names_a_path_of_a_machine(page: Path) -> None:
    """It is read on other machines."""
    assert OF_A_MACHINE.findall(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_has_one_title_on_its_first_line(page: Path) -> None:
    """As the contents of the manual need it."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    assert page.name == "changelog.md" or text.startswith("# ")
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == (page.name != "changelog.md")


def test_the_quickstart_of_the_readme_is_the_example() -> None:
    """One text in two places, and short."""
    example = (ROOT / "examples" / "embed.py").read_text(encoding="utf-8")
    code = re.sub(r'\A(?:#![^\n]*\n)?""".*?"""\n+', "", example, flags=re.DOTALL)
    shown = next(block for block in blocks(ROOT / "README.md") if block.language == "python")
    assert shown.code.strip() == code.strip()
    statements = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.stmt)]
    assert len(statements) <= 15


def test_the_page_behind_links_is_the_example() -> None:
    """One text in two places."""
    example = (ROOT / "examples" / "answer_page.py").read_text(encoding="utf-8")
    shown = [block.code for block in blocks(DOCS / "links.md") if "def page(" in block.code]
    assert [example.partition('"""\n\n')[2]] == shown


def test_the_quickstart_of_the_manual_is_that_of_the_readme() -> None:
    """Nobody has to compare them."""
    first, second = (
        next(block for block in blocks(page) if block.language == "python")
        for page in (ROOT / "README.md", DOCS / "quickstart.md")
    )
    assert first.code == second.code


def test_a_plugin_in_the_readme_has_ten_lines_at_most() -> None:
    """That is what it says."""
    plugin = [block for block in blocks(ROOT / "README.md") if "@hookimpl" in block.code]
    assert plugin
    for block in plugin:
        assert len([line for line in block.code.splitlines() if line.strip()]) <= 10, block.place


def test_the_numbers_of_the_manual_are_those_of_the_code() -> None:
    """A constant that changes brings its sentence with it."""
    notices = " ".join((DOCS / "notices.md").read_text(encoding="utf-8").split())
    assert f"{MOST_ATTEMPTS} attempts" in notices
    assert f"first pause is {FIRST_PAUSE.seconds} seconds" in notices
    assert f"longest pause is {LONGEST_PAUSE.seconds // 3600} hours" in notices
    assert f"lease of {LEASE.seconds // 60} minutes" in notices
    embedding = " ".join((DOCS / "embedding.md").read_text(encoding="utf-8").split())
    assert f"{RECEIPTS_KEPT.days} days" in embedding


def test_every_page_is_in_the_contents() -> None:
    """Each once, where somebody who reads from top to bottom would look for it."""
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    contents = re.search(r"```\{toctree\}\n(.*?)```", index, re.DOTALL)
    assert contents is not None
    listed = [line for line in contents[1].splitlines() if line and not line.startswith(":")]
    assert sorted(listed) == sorted(page.stem for page in DOCS.glob("*.md") if page.stem != "index")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("```python\nx\n```\n", [("python",)]),
        ("```python needs=django\nx\n```\n", [("python", "needs=django")]),
        ("```{toctree}\nx\n```\n", []),
        ("```\nx\n```\n", [()]),
    ],
)
def test_blocks_are_found(tmp_path: Path, text: str, words: list[tuple[str, ...]]) -> None:
    """The tests above have something to look at."""
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n{text}", encoding="utf-8")
    assert [block.words for block in blocks(page)] == words


@pytest.mark.parametrize("text", ["/home/somebody/x", "see /root/x", "http://localhost:8000"])
def test_a_path_of_a_machine_is_noticed(text: str) -> None:
    """The check above can fail."""
    assert OF_A_MACHINE.search(text)


def test_a_printed_line_is_compared() -> None:
    """A block is run where it stands, with what came before."""
    namespace: dict[str, object] = {}
    code = "answer = 42\nprint(json.dumps({'answer': answer}))\n"
    block = Block(ROOT / "README.md", 1, ("python",), f"import json\n{code}", follows=False)
    assert json.loads(run(block, namespace)) == {"answer": 42}
    assert namespace["answer"] == 42
