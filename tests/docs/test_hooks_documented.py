"""Nothing that people use is left out of the manual: hooks, commands, notices, codes and public names.

What there is, is read from the library and its source, never from a list kept here.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import insight_sessions
from insight_sessions import Command, Desk, EventKind, InsightSessionsError, NoticeKind, ReplyReason, Status
from insight_sessions.domain.project import Contact, Project
from insight_sessions.domain.session import Session
from insight_sessions.hooks import specs
from insight_sessions.wording import PLACEHOLDERS
from tests.docs.test_docs import DOCS, PAGES, ROOT, blocks, prose

SOURCE = ROOT / "src" / "insight_sessions"
HOOKS = sorted(name for name in vars(specs) if name.startswith(f"{specs.PROJECT}_"))
MANUAL = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
PLUGINS = DOCS / "plugins.md"

SAYS = {"NotPossible", "Objection", "Because"}
"""Whose first argument is a code that somebody gets to see."""

CODE_BLOCK = re.compile(r"^\.\. code-block:: python\n\n((?:(?: {4}.*)?\n)+)", re.MULTILINE)


# What there is


def functions(tree: ast.AST) -> Iterator[str]:
    """The names of the functions that a piece of code defines."""
    return (node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def hooks_answered(tree: ast.AST) -> Iterator[str]:
    """The hooks that plugins in a piece of code answer: functions, or what `module` makes of a keyword."""
    yield from functions(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "module":
            yield from (f"{specs.PROJECT}_{keyword.arg}" for keyword in node.keywords)


def name_of(node: ast.expr) -> str:
    """The last part of a name, or nothing."""
    return ast.unparse(node).rpartition(".")[2] if isinstance(node, ast.Name | ast.Attribute) else ""


def codes_in(text: str) -> set[str]:
    """The codes that a module gives to people.

    Raises:
        AssertionError: one is given in a way that we cannot read: then teach this function.
    """
    tree = ast.parse(text)
    tables = {
        name_of(target): node.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any(name_of(base) == "Refusal" for base in node.bases):
            found.update(_own_code(node))
        if isinstance(node, ast.Call) and name_of(node.func) in SAYS:
            found.update(_first(node.args[0], tables))
    return found


def _own_code(refusal: ast.ClassDef) -> Iterator[str]:
    """The code with which a refusal calls the class above it."""
    for node in ast.walk(refusal):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__":
            yield from _first(node.args[0], {})


def _first(node: ast.expr, tables: dict[str, ast.expr | None]) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(code)):
            yield code
        case ast.Attribute(attr="code"):
            return  # passed on; it is read where it was given first
        case ast.Starred(value=ast.Subscript(value=ast.Name(id=name))) if isinstance(table := tables[name], ast.Dict):
            for value in table.values:
                assert isinstance(value, ast.Tuple)
                yield from _first(value.elts[0], tables)
        case _:
            raise AssertionError(f"line {node.lineno}: {ast.unparse(node)} is no code that can be read here")


def modules() -> Iterator[Path]:
    """The library's own modules, without the test kit."""
    return (path for path in SOURCE.rglob("*.py") if SOURCE / "testing" not in path.parents)


CODES = {code for path in modules() for code in codes_in(path.read_text(encoding="utf-8"))}


def subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    """All of them that are public, however deep."""
    for each in kind.__subclasses__():
        if each.__name__ in insight_sessions.__all__:
            yield each
        yield from subclasses(each)


for _name in insight_sessions.__all__:
    getattr(insight_sessions, _name)  # names are loaded when they are first used
COMMANDS = sorted({each.__name__ for each in subclasses(Command) if "[" not in each.__name__})
ERRORS = sorted({each.__name__ for each in subclasses(InsightSessionsError)})


# Hooks


def test_there_are_nine_hooks() -> None:
    """The manual says so."""
    assert len(HOOKS) == 9
    assert "## The nine hooks" in PLUGINS.read_text(encoding="utf-8")


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_has_a_section_of_its_own_with_its_shape(hook: str) -> None:
    """Under its name in words, where it is also told what it takes."""
    title = hook.removeprefix(f"{specs.PROJECT}_").replace("_", " ").capitalize()
    section = re.search(
        rf"^### {title}\n\n(.*?)(?=^#|\Z)", PLUGINS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert section is not None, f"docs/plugins.md has no section {title!r}"
    takes = ", ".join(inspect.signature(getattr(specs, hook)).parameters)
    assert section[1].startswith(f"`{hook}({takes}) -> ")
    assert f"#{title.lower().replace(' ', '-')})" in prose(PLUGINS)


@pytest.mark.parametrize("hook", HOOKS)
def test_the_manual_has_an_example_of_a_hook_that_is_run(hook: str) -> None:
    """Every block of that page which needs nothing foreign is run by the tests of the pages."""
    run = [block for block in blocks(PLUGINS) if block.language == "python" and block.needs is None]
    assert any(hook in functions(ast.parse(block.code)) for block in run)


def plugin_in(hook: str) -> ModuleType:
    """The plugin in the docstring of a hook, as a module."""
    found = CODE_BLOCK.search(inspect.getdoc(getattr(specs, hook)) or "")
    assert found is not None, f"{hook} has no plugin in its docstring"
    module = ModuleType(f"plugin_for_{hook}")
    exec(compile(textwrap.dedent(found[1]), module.__name__, "exec", dont_inherit=True), vars(module))  # noqa: S102
    return module


@pytest.mark.parametrize("hook", HOOKS)
def test_the_docstring_of_a_hook_holds_a_complete_plugin(hook: str) -> None:
    """It can be copied as it is, and a desk takes it."""
    module = plugin_in(hook)
    with Desk.open("memory:", plugins=[module], discover=False) as desk:
        assert module.__name__ in desk.health().plugins
    asked: Callable[..., Any] = getattr(module, hook)
    assert getattr(asked, f"{specs.PROJECT}_impl", None) is not None


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_is_exercised_by_a_test(hook: str) -> None:
    """Outside the tests of documents, some test has a plugin that answers it."""
    places = [path for path in (ROOT / "tests").rglob("test_*.py") if ROOT / "tests" / "docs" not in path.parents]
    tested = [path for path in places if hook in hooks_answered(ast.parse(path.read_text(encoding="utf-8")))]
    assert tested, f"no test has a plugin with {hook}"


def test_a_hook_without_a_section_is_noticed() -> None:
    """The test of sections can fail."""
    with pytest.raises(AssertionError, match="no section"):
        test_a_hook_has_a_section_of_its_own_with_its_shape("insight_sessions_make_tea")


# Words


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_kind_of_notice_is_explained(kind: NoticeKind) -> None:
    """In the table that says when it is sent."""
    assert re.search(rf"^\| `{kind}` \| \w", (DOCS / "notices.md").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_of_event_is_named(kind: EventKind) -> None:
    """Beside the notices."""
    assert f"`{kind}`" in (DOCS / "notices.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("reason", ReplyReason)
def test_everything_that_becomes_of_a_reply_is_explained(reason: ReplyReason) -> None:
    """In the tables of the page about calendars: first what was understood, then why something was not."""
    page = (DOCS / "calendars.md").read_text(encoding="utf-8")
    understood = re.search(rf"^\| .* \| `{reason}` \|$", page, re.MULTILINE)
    refused = re.search(rf"^\| (?:`\w+`, )?`{reason}`.* \| \w", page, re.MULTILINE)
    assert (understood is not None, refused is not None) == (reason.understood, not reason.understood)


@pytest.mark.parametrize("name", PLACEHOLDERS)
def test_every_placeholder_is_explained(name: str) -> None:
    """In the words of the code."""
    assert f"| `{{{name}}}` | {PLACEHOLDERS[name]} |" in (DOCS / "notices.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("status", Status)
def test_every_status_is_explained(status: Status) -> None:
    """With its exact meaning."""
    assert re.search(rf"^\| `{status}` \| \w", (DOCS / "places.md").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_explained(code: str) -> None:
    """In a table of the page about places."""
    rows = re.findall(r"^\|.*", (DOCS / "places.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert any(f"`{code}`" in row for row in rows), f"docs/places.md does not say what {code} means"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_used_or_told_in_the_manual(command: str) -> None:
    """Not only listed in the reference."""
    elsewhere = "\n".join(page.read_text(encoding="utf-8") for page in PAGES if page.name != "reference.md")
    assert re.search(rf"\b{command}\(", elsewhere)


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_is_told_in_the_manual(error: str) -> None:
    """Not only listed in the reference."""
    assert f"`{error}`" in (DOCS / "places.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", insight_sessions.__all__)
def test_every_public_name_is_in_the_reference(name: str) -> None:
    """With its own docstring."""
    reference = (DOCS / "reference.md").read_text(encoding="utf-8")
    listed = rf"^\.\. (?:autoclass|autoexception|autofunction|py:data):: insight_sessions\.{name}$"
    assert re.search(listed, reference, re.MULTILINE) or name == "__version__"
    assert f"insight_sessions.{name}" in reference


@pytest.mark.parametrize("model", [Project, Session, Contact])
def test_every_key_of_a_project_file_is_explained(model: type[Project | Session | Contact]) -> None:
    """But what the library itself keeps in it."""
    kept = {"cancelled", "status", "sequence", "reason", "starts_at", "tzdata", "changed_at"}
    page = (DOCS / "projects.md").read_text(encoding="utf-8")
    assert {name for name in model.model_fields if f"`{name}`" not in page} - kept == set()


# That these tests see what they look for


def test_commands_errors_and_codes_are_found() -> None:
    """None of the lists above is empty, or misses what everybody meets first."""
    assert {"RegisterInterest", "CancelSession"} <= set(COMMANDS)
    assert {"NotEligible", "StorageBusy", "ProjectFileError"} <= set(ERRORS)
    assert {"call_not_open", "session_begun", "session_held", "not_a_member", "check_failed", "position"} <= CODES


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("raise NotPossible('x', 'X.')", {"x"}),
        ("yield errors.Objection('x', 'X.')", {"x"}),
        ("T = {1: ('x', 'X.'), 2: ('y', 'Y.')}\nraise NotPossible(*T[one])", {"x", "y"}),
        ("class A(Refusal):\n    def __init__(self):\n        super().__init__('x', 'X.')", {"x"}),
        ("say('x')", set()),
    ],
)
def test_codes_are_read_from_source(text: str, codes: set[str]) -> None:
    """In every way in which they are given."""
    assert codes_in(text) == codes


def test_a_code_that_cannot_be_read_is_an_error() -> None:
    """It would be missed otherwise."""
    with pytest.raises(AssertionError, match="line 1"):
        codes_in("raise NotPossible(code, 'X.')")
