"""Whoever begins a plugin as the template's README says has one that is found, and whose tests pass."""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "examples" / "plugin_template" / "README.md"
FOUND = """
import acme_notifier
from insight_sessions import Desk

assert "site-packages" in acme_notifier.__file__, acme_notifier.__file__
with Desk.open("memory:") as desk:
    print(*(name for name in desk.health().plugins if "acme" in name))
"""


def run(*command: str, cwd: Path, **variables: str) -> str:
    """Run a program in a clean environment; gives what it printed."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    done = subprocess.run(
        command, cwd=cwd, env={**kept, **variables}, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def steps() -> list[str]:
    """What the README tells to type in."""
    (shown,) = re.findall(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    return str(shown).splitlines()


@pytest.fixture(scope="module")
def renamed(steps: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder after all steps but the last two, which install and test it."""
    assert steps[-2:] == ["pip install -e '.[testing]'", "pytest"]
    folder = tmp_path_factory.mktemp("author")
    (folder / "examples").symlink_to(ROOT / "examples")
    run("sh", "-ec", "\n".join(steps[:-2]), cwd=folder)
    return folder / "acme_notifier"


@pytest.fixture(scope="module")
def python(renamed: Path) -> str:
    """An environment of its own, with what is in ours and the new plugin."""
    home = renamed.parent / "environment"
    run(sys.executable, "-m", "venv", str(home), cwd=renamed)
    ours = sysconfig.get_path("purelib")
    (theirs,) = home.glob("lib/*/site-packages")
    (theirs / "ours.pth").write_text(f"import site; site.addsitedir({ours!r})\n", encoding="utf-8")
    program = str(home / "bin" / "python")
    alone = ("--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--no-cache-dir")
    run(program, "-m", "pip", "install", *alone, ".", cwd=renamed)
    return program


def test_nothing_is_called_like_the_template(renamed: Path) -> None:
    """Neither a file nor a word."""
    for path in renamed.rglob("*"):
        if "__pycache__" in path.parts:
            continue
        assert "plugin_template" not in path.name
        if path.is_file():
            assert not re.search("plugin[_-]template", path.read_text(encoding="utf-8"), re.IGNORECASE), path.name


def test_its_own_tests_pass(python: str, renamed: Path) -> None:
    """Those of the kit, and those that came with it."""
    printed = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", ".", cwd=renamed)
    assert re.search(r"^\d{3} passed", printed.splitlines()[-1])


def test_a_desk_finds_it_when_it_is_set_up(python: str, renamed: Path) -> None:
    """And else keeps nothing for it."""
    elsewhere = renamed.parent
    assert run(python, "-c", FOUND, cwd=elsewhere) == "\n"
    assert run(python, "-c", FOUND, cwd=elsewhere, ACME_NOTIFIER_URL="https://chat.example.org/") == "acme-notifier\n"
