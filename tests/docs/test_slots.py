"""What the README promises of calendar files: three lines, and every calendar opens them at the right time."""

import ast
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path

import pytest

from tests.calendar_readers import READERS
from tests.docs.test_docs import ROOT, Block, blocks, run

HEADING = "## Invites for the three slots\n"
BEGINS = {
    "mon": datetime(2031, 7, 7, 9, tzinfo=UTC),
    "tue": datetime(2031, 7, 8, 13, tzinfo=UTC),
    "thu": datetime(2031, 7, 10, 16, tzinfo=UTC),
}
README = ROOT / "README.md"


def section() -> list[Block]:
    """The blocks of that section of the README."""
    text = README.read_text(encoding="utf-8")
    before, heading, rest = text.partition(HEADING)
    assert heading
    first, length = before.count("\n"), rest.partition("\n## ")[0].count("\n")
    return [block for block in blocks(README) if first < block.line <= first + length]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which somebody typed the README in, up to there."""
    folder = tmp_path_factory.mktemp("slots")
    last = section()[-1].line
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        namespace: dict[str, object] = {"__name__": "__main__"}
        for block in takewhile(lambda block: block.line <= last, blocks(README)):
            if block.language == "toml":
                Path(block.words[1]).write_text(block.code, encoding="utf-8")
            elif block.language == "python":
                run(block, namespace)
    return folder


def test_the_files_of_the_three_slots_take_three_lines() -> None:
    """Besides the import."""
    _, first, _ = section()
    statements = [one for one in ast.parse(first.code).body if not isinstance(one, ast.ImportFrom)]
    lines = {line for one in statements for line in range(one.lineno, (one.end_lineno or one.lineno) + 1)}
    assert len(lines) == 3


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("slot", BEGINS)
def test_each_file_opens_in_every_calendar_at_the_slots_instant(written: Path, slot: str, reader: str) -> None:
    """10:00, 14:00 and 17:00 in London are an hour earlier in UTC then."""
    (event,) = READERS[reader](written / f"{slot}.ics")
    assert event[1:] == (BEGINS[slot], BEGINS[slot] + timedelta(hours=2))
    assert event[0] == f"covid-backlogs.{slot}.insight-sessions"


@pytest.mark.parametrize("reader", READERS)
def test_somebodys_invite_opens_as_well(written: Path, reader: str) -> None:
    """Under a UID of its own, and only for the place that she has."""
    assert [file.name for file in written.glob("invite-*.ics")] == ["invite-tue.ics"]
    (event,) = READERS[reader](written / "invite-tue.ics")
    assert event[1:] == (BEGINS["tue"], BEGINS["tue"] + timedelta(hours=2))
    assert event[0].startswith("r-")
