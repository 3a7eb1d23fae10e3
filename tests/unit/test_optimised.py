"""`./dev test` runs the tests under `python -O` too; so what they assert must be asserted there.

Python leaves `assert` out then. pytest puts it back in tests, and in what is registered with it.
"""

import ast
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from _pytest.assertion.rewrite import AssertionRewritingHook

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "insight_sessions"
KIT = SOURCE / "testing"

QUIETLY = ("-p", "no:cacheprovider", "-p", "no:randomly", "-W", "ignore:assertions not in test modules")
FAILING = """
import pytest
pytest.register_assert_rewrite("beside")
import beside

def test_a_false_assertion():
    assert not beside.true()

def test_a_false_assertion_of_another():
    beside.asserts(False)

def test_python_leaves_plain_assertions_out():
    exec(compile("assert not __debug__", "", "exec"))
"""
BESIDE = "def true(): return True\n\ndef asserts(it): assert it\n"


def asserting(path: Path) -> bool:
    """Whether a module asserts anything."""
    return any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def modules(folder: Path, above: Path) -> list[str]:
    """The modules of a folder that assert anything, by name; what measures is not run then."""
    found = [path for path in sorted(folder.rglob("*.py")) if asserting(path)]
    names = [".".join(path.relative_to(above).with_suffix("").parts) for path in found]
    return [name for name in names if not name.startswith("tests.bench.")]


OURS = [*modules(ROOT / "tests", ROOT), *modules(KIT, ROOT / "src")]


@pytest.mark.parametrize("name", OURS)
def test_pytest_keeps_the_assertions_of_every_module_of_ours_that_has_some(name: str) -> None:
    """It has rewritten it, or would."""
    spec = find_spec(name)
    assert spec is not None
    assert isinstance(spec.loader, AssertionRewritingHook)


def test_there_are_such_modules_besides_tests() -> None:
    """The test above sees them: of ours, and of the kit for authors of plugins."""
    assert {"tests.calendar_client", "tests.unit.desk_kit", "insight_sessions.testing.contract_outbox"} <= set(OURS)


@pytest.mark.parametrize(("flags", "failed"), [((), 3), (("-O",), 2)], ids=["plain", "optimised"])
def test_a_false_assertion_fails_under_optimisation_as_well(
    tmp_path: Path, flags: tuple[str, ...], failed: int
) -> None:
    """In a test and in what is beside it; only what pytest does not see is left out."""
    (tmp_path / "test_it.py").write_text(FAILING, encoding="utf-8")
    (tmp_path / "beside.py").write_text(BESIDE, encoding="utf-8")
    command = [sys.executable, *flags, "-m", "pytest", *QUIETLY, "-o", f"pythonpath={tmp_path}", str(tmp_path)]
    settings = {name: value for name, value in os.environ.items() if name != "PYTHONOPTIMIZE"}
    done = subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert f"{failed} failed" in done.stdout.splitlines()[-1]


def test_the_library_leaves_no_check_to_an_assertion() -> None:
    """What must be refused is refused under `python -O`."""
    sources = [path for path in SOURCE.rglob("*.py") if KIT not in path.parents]
    assert len(sources) > 50
    assert [str(path.relative_to(SOURCE)) for path in sources if asserting(path)] == []
