"""Every benchmark runs and prints; how fast is never asserted."""

import pytest

from tests.bench.__main__ import IDEAS, main
from tests.bench.table import TIMES, Row, Scale, at_least, at_most, in_turns, written


@pytest.mark.parametrize("name", IDEAS)
def test_every_benchmark_runs_and_prints_its_rows(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Small numbers; whether targets are met says nothing here."""
    assert main([name, "--quick"]) == 0
    printed = capsys.readouterr().out.splitlines()
    rows = [line for line in printed if line.endswith(("  met", "  NOT MET"))]
    assert rows
    assert all(TIMES in line or "loaded" in line or "KiB" in line for line in rows), printed


def test_the_library_loads_nothing_heavy_before_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    """icalendar, email-validator and the reading of entry points come late."""
    main(["loading", "--quick"])
    assert "none loaded" in capsys.readouterr().out


def test_an_unknown_benchmark_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt name measures nothing silently."""
    with pytest.raises(SystemExit) as stopped:
        main(["regster"])
    assert stopped.value.code == 2
    assert "register" in capsys.readouterr().err


def test_a_check_fails_when_a_target_is_not_met(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `--check` the table is for reading."""

    def slow(scale: Scale) -> list[Row]:
        return [Row(name="slow", measured="1/s", limit="2/s", ratio=0.5, target=at_least(0.6, 0.5))]

    monkeypatch.setattr("tests.bench.__main__.IDEAS", {"slow": slow})
    assert main(["slow"]) == 0
    assert main(["slow", "--check"]) == 1


def test_works_take_turns_and_the_median_counts() -> None:
    """A disturbance in one round touches both, and is left out."""
    order: list[str] = []

    def work(name: str, figures: list[float]) -> float:
        order.append(name)
        return figures.pop()

    ours, limit = [3.0, 90.0, 1.0], [2.0, 2.0, 2.0]
    assert in_turns(3, lambda: work("A", ours), lambda: work("B", limit)) == [3.0, 2.0]
    assert order == ["A", "B"] * 3


def test_a_target_says_its_bound_and_whether_it_is_met() -> None:
    """On the bound is met."""
    assert at_least(0.6, 0.6).met
    assert not at_least(0.6, 0.59).met
    assert at_most(50, 50.0, "ms").met
    row = Row(name="work", measured="1/s", limit="", ratio=None, target=at_most(50, 51, "ms"), note="why")
    assert written(row).split("\n")[1].strip() == "why"
    assert "≤ 50 ms" in written(row)
    assert "NOT MET" in written(row)
