"""What the house promises: pins, the six dependencies, ./dev, CI, and one place for time and randomness."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "insight_sessions"
SIX = {"email-validator", "icalendar", "pluggy", "pydantic", "rpds-py", "tzdata"}

AMBIENT_MODULES = {"random", "secrets", "time", "uuid"}
AMBIENT_OWNERS = ("date", "datetime", "os")
AMBIENT_CALLS = {"now", "today", "utcnow", "urandom", "getrandom"}


def names_of(requirements: list[str]) -> list[str]:
    """The bare names of requirements."""
    return [re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in requirements]


def ambient_uses(text: str) -> list[str]:
    """Where a module asks the machine for time, ids or randomness."""
    found: list[str] = []
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import(names=names):
                found += [f"line {node.lineno}: imports {name.name}" for name in names if name.name in AMBIENT_MODULES]
            case ast.ImportFrom(module=module) if module in AMBIENT_MODULES:
                found.append(f"line {node.lineno}: imports from {module}")
            case ast.Attribute(attr=attr) if ast.unparse(node.value).endswith(AMBIENT_OWNERS) and attr in AMBIENT_CALLS:
                found.append(f"line {node.lineno}: uses {attr}")
            case _:
                pass
    return found


@pytest.mark.parametrize("name", ["dev.txt", "uv.txt"])
def test_requirement_files_name_no_address(name: str) -> None:
    """Where packages come from is for each developer's own settings to say."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    assert not re.search(r"://|\bfile:|^\s*-(?!-hash=)|^[./]|@", text, re.MULTILINE)


@pytest.mark.parametrize("name", ["dev.txt", "uv.txt"])
def test_every_requirement_is_pinned_and_hashed(name: str) -> None:
    """Nobody can slip another file under a name we trust."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines
    pin = re.compile(r"[a-z0-9-]+==[^ *]+ (; [^-]+ )? *--hash=sha256:[0-9a-f]{64}")
    assert [line for line in lines if not pin.match(line)] == []


def test_the_library_needs_exactly_six_packages() -> None:
    """A seventh is a decision, not an accident."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert sorted(names_of(project["dependencies"])) == sorted(SIX)
    assert set(project["optional-dependencies"]) == {"links", "testing"}


def test_dev_can_be_read_by_an_old_python() -> None:
    """So that it can say that it needs a newer one, before anything else happens."""
    tree = ast.parse((ROOT / "dev").read_text(encoding="utf-8"), feature_version=(3, 6))
    first = next(node for node in tree.body if not isinstance(node, ast.Expr | ast.Import | ast.ImportFrom))
    assert "version_info" in ast.dump(first)


def test_dev_needs_only_the_standard_library() -> None:
    """It runs before anything is installed."""
    tree = ast.parse((ROOT / "dev").read_text(encoding="utf-8"))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


def test_dev_tells_what_it_can_do() -> None:
    """Every command stands in the help, which needs no environment."""
    told = subprocess.run([sys.executable, ROOT / "dev", "--help"], capture_output=True, text=True, check=True).stdout
    for command in ("demo", "test", "check", "fix", "prove", "bench", "docs", "readers", "python", "lock"):
        assert re.search(rf"^  {command}\b", told, re.MULTILINE), command


@pytest.mark.parametrize("failing", [None, "check", "test", "demo"])
def test_ci_runs_everything_and_fails_when_anything_fails(tmp_path: Path, failing: str | None) -> None:
    """One failure hides no other, and is named."""
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "run").write_bytes((ROOT / ".ci" / "run").read_bytes())
    (tmp_path / "dev").write_text(f'#!/bin/sh\necho "ran $1"\n[ "$1" != "{failing}" ]\n', encoding="utf-8")
    (tmp_path / "dev").chmod(0o755)
    done = subprocess.run(
        ["bash", tmp_path / ".ci" / "run"],
        cwd="/",
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert [line for line in done.stdout.splitlines() if line in {"ran check", "ran test", "ran demo"}][:3] == [
        "ran check",
        "ran test",
        "ran demo",
    ]
    assert (done.returncode != 0) == (failing is not None)
    assert ("failed: " + failing in done.stdout) if failing else ("failed" not in done.stdout)


def test_only_runtime_asks_the_machine_for_time_or_randomness() -> None:
    """Given the same commands, ids and moments, everything repeats exactly."""
    modules = [path for path in SOURCE.rglob("*.py") if SOURCE / "testing" not in path.parents]
    modules.remove(SOURCE / "runtime.py")
    assert modules
    uses = {str(path.relative_to(SOURCE)): ambient_uses(path.read_text(encoding="utf-8")) for path in modules}
    assert {name: found for name, found in uses.items() if found} == {}


@pytest.mark.parametrize(
    "text",
    [
        "import random",
        "import uuid as u",
        "from time import monotonic",
        "from secrets import token_hex",
        "from datetime import datetime\ndatetime.now()",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import date\nx = date.today",
        "import os\nos.urandom(3)",
    ],
)
def test_asking_the_machine_is_noticed(text: str) -> None:
    """The check above can fail."""
    assert ambient_uses(text)


def test_asking_the_runtime_is_allowed() -> None:
    """The runtime's clock is called `now` as well."""
    assert ambient_uses("from datetime import datetime\nruntime.now()\nx = datetime.fromisoformat('2021-07-05')") == []


@pytest.mark.parametrize("name", ["LICENSE", "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_the_papers_are_there(name: str) -> None:
    """What a visitor looks for first."""
    assert (ROOT / name).read_text(encoding="utf-8").strip()


def test_the_package_carries_its_types() -> None:
    """Type checkers of embedders read our annotations."""
    assert (SOURCE / "py.typed").is_file()
