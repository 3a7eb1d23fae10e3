"""Our calendar files, read by the calendars of others: each finds every session at its instant."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.calendar_readers import FROM_NPM, JAVASCRIPT, PACKAGES, READERS, SCRIPT, TESTS

FILES = sorted((TESTS / "golden").glob("*.ics"))
LOCK = TESTS / "readers" / "package-lock.json"
PINS = json.loads(LOCK.read_text(encoding="utf-8"))

BEGINS = {
    "mon": datetime.fromisoformat("2021-07-05T09:00:00Z"),
    "tue": datetime.fromisoformat("2021-07-06T13:00:00Z"),
    "thu": datetime.fromisoformat("2021-07-08T16:00:00Z"),
}


def locked(file: Path) -> dict[str, str]:
    """What a lock of npm's says is, or must be, there: each package's hash."""
    packages = json.loads(file.read_text(encoding="utf-8"))["packages"]
    return {name: package["integrity"] for name, package in packages.items() if name}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_reader_finds_every_session_at_its_instant(file: Path, reader: str) -> None:
    """An invite and a session's file say one; the feed says all three, in their order."""
    begins = BEGINS.values() if file.stem == "feed" else [BEGINS[file.stem.rpartition("-")[2]]]
    found = READERS[reader](file)
    assert [(begun, ended) for _, begun, ended in found] == [(each, each + timedelta(hours=2)) for each in begins]
    assert all(uid.endswith(".insight-sessions") for uid, _, _ in found)
    assert [uid for uid, _, _ in found] == [uid for uid, _, _ in READERS["our client"](file)]


def test_the_readers_from_npm_are_pinned_and_hashed_and_named_without_an_address() -> None:
    """Where packages come from is for each developer's own settings to say; both are known to the script."""
    assert PINS["packages"][""]["dependencies"] == FROM_NPM
    assert all(version[0].isdigit() for version in FROM_NPM.values())
    assert all(integrity.startswith("sha512-") for integrity in locked(LOCK).values())
    assert "://" not in json.dumps(PINS)
    assert all(f'"{reader}": (text)' in SCRIPT.read_text(encoding="utf-8") for reader in FROM_NPM)


def test_readers_from_npm_are_used_when_they_are_there_and_must_then_be_those_that_are_pinned() -> None:
    """Older ones would prove less than they seem to: run `./dev readers` again."""
    installed = PACKAGES / ".package-lock.json"
    assert locked(installed) == locked(LOCK) if JAVASCRIPT else not installed.exists()
