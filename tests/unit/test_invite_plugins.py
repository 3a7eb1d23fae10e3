"""What a plugin may do to an invite, and what it may not."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from typing import Final
from zoneinfo import ZoneInfo

import icalendar
import pytest

from insight_sessions import hookimpl
from insight_sessions.calendar.event import Draft
from insight_sessions.calendar.invite import Entry, Prepare, invite
from insight_sessions.errors import PluginError
from insight_sessions.hooks.manager import load_plugins
from tests.calendar_client import read
from tests.unit.desk_kit import project
from tests.unit.test_invite import CANCEL, ENTRY, LINK, NOW

PROJECT: Final = project()
Change = Callable[[icalendar.Event], object]
HOUR: Final = timedelta(hours=1)


def plugin(name: str, change: Change) -> ModuleType:
    """A plugin of that name that alters calendar entries."""
    made = ModuleType(name)
    vars(made)["insight_sessions_prepare_invite"] = hookimpl(change)
    return made


def through(*changes: Change) -> Prepare:
    """How a desk with these plugins prepares an entry; they are called first, second and so on, and asked in turn."""
    names = ("first", "second", "third")
    # Who came last is asked first.
    found = load_plugins(
        [plugin(name, change) for name, change in reversed([*zip(names, changes, strict=False)])], discover=False
    )

    def prepare(draft: Draft) -> None:
        found.prepare_invite(draft, PROJECT, PROJECT.sessions[1])

    return prepare


def altered(*changes: Change, entry: Entry = ENTRY) -> bytes:
    """Somebody's message, after these plugins altered their session's entry one after the other."""
    return invite(entry, prepare=through(*changes))


def test_a_plugin_may_change_words_and_add_properties_and_alarms() -> None:
    """What it writes is escaped and folded like our own."""

    def prepare(event: icalendar.Event) -> None:
        event["SUMMARY"] = "Renamed\\N; by, a plugin"
        event.add("CATEGORIES", ["Research", "Q"])
        event.add("COMMENT", "one " * 40)
        event.add("COMMENT", icalendar.vText("two", params={"LANGUAGE": "en", "X-LIST": ["a", "b c"]}))
        event.add("X-COLOUR", "blue")
        event["TRANSP"] = "TRANSPARENT"
        alarm = icalendar.Alarm()
        alarm.add("ACTION", "DISPLAY")
        alarm.add("DESCRIPTION", "soon")
        alarm.add("TRIGGER", timedelta(minutes=10), parameters={"RELATED": "END"})
        event.add_component(alarm)

    event = read(altered(prepare)).part("VEVENT")
    assert event.one("SUMMARY").text == "Renamed\\N; by, a plugin"
    assert event.one("CATEGORIES").raw == "Research,Q"
    assert [one.text for one in event.all("COMMENT")] == ["one " * 40, "two"]
    assert event.all("COMMENT")[1].parameters["LANGUAGE"] == "en"
    assert event.one("TRANSP").raw == "TRANSPARENT"
    assert event.one("X-COLOUR").text == "blue"
    assert event.parts[-1].one("TRIGGER").raw == "PT10M"


def test_what_a_plugin_has_no_say_in_is_put_right() -> None:
    """UID, SEQUENCE, times, organiser, attendee, STATUS and METHOD."""

    def prepare(event: icalendar.Event) -> None:
        event["UID"] = "mine"
        event["SEQUENCE"] = 7
        event["DTSTAMP"] = event["CREATED"] = event["LAST-MODIFIED"] = "never"
        event["STATUS"] = "CANCELLED"
        event["METHOD"] = "CANCEL"
        event["DTSTART"] = event["DTEND"] = icalendar.vDatetime(NOW)
        event["DURATION"] = icalendar.vDuration(timedelta(hours=1))
        event.add("RRULE", {"FREQ": "DAILY"})
        event.add("RDATE", [NOW])
        event.add("ATTENDEE", "mailto:eve@example.org")
        event.add("ATTENDEE", "mailto:mallory@example.org")
        del event["ORGANIZER"]

    assert altered(prepare) == invite(ENTRY)


def test_a_plugin_cannot_bring_alarms_or_links_to_those_who_have_no_place() -> None:
    """Only for confirmed people."""

    def prepare(event: icalendar.Event) -> None:
        alarm = icalendar.Alarm()
        event.add_component(alarm)
        event.add("CONFERENCE", icalendar.vUri(LINK, params={"VALUE": "URI"}))

    for entry in (CANCEL, replace(ENTRY, tentative=True)):
        assert altered(prepare, entry=entry) == invite(entry)


def alarm(**properties: object) -> Change:
    def change(event: icalendar.Event) -> None:
        made = icalendar.Alarm()
        for name, value in properties.items():
            made.add(name, value)
        event.add_component(made)

    return change


def put(name: str, value: object) -> Change:
    return lambda event: event.update({name: value})


def add(name: str, *values: object, **parameters: str) -> Change:
    def change(event: icalendar.Event) -> None:
        for value in values:
            event.add(name, value, parameters=parameters)

    return change


def untitled(event: icalendar.Event) -> None:
    del event["SUMMARY"]


def become_a_task(event: icalendar.Event) -> None:
    vars(event)["name"] = "VTODO"


def hold(part: object) -> Change:
    return lambda event: event.subcomponents.append(part)  # type: ignore[arg-type]  # whatever is tried


def nested() -> icalendar.Alarm:
    made = icalendar.Alarm()
    made.add_component(icalendar.Alarm())
    return made


def endless(event: icalendar.Event) -> None:
    event.add_component(event)


def len_of(event: icalendar.Event) -> int:
    return len(event)


class Unwritable:
    """Something that icalendar cannot write, and that says why with somebody's name."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def to_ical(self) -> bytes:
        """Never."""
        raise self.error


class Written:
    """A value of a plugin's own kind."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)

    def to_ical(self) -> bytes:
        """The next answer; none for ever."""
        return self.answers.pop(0)


def lined(value: str, **parameters: str | list[str]) -> icalendar.vText:
    return icalendar.vText(value, params=parameters)


SHOWN: Final = {"ACTION": "DISPLAY", "DESCRIPTION": "x", "TRIGGER": -HOUR}
PAGE: Final = "https://example.org/a"

BAD: Final[dict[str, tuple[Change, str]]] = {
    "a missing title": (untitled, "SUMMARY"),
    "an empty title": (put("SUMMARY", ""), "SUMMARY"),
    "no title in a list": (put("SUMMARY", []), "SUMMARY"),
    "two titles": (add("SUMMARY", "b"), "SUMMARY"),
    "an empty property": (put("X-NOTE", ""), "X-NOTE"),
    "a blank property": (put("LOCATION", "  "), "LOCATION"),
    "no categories": (add("CATEGORIES", []), "CATEGORIES"),
    "nothing": (put("X-NOTE", None), "X-NOTE"),
    "a number": (put("X-NOTE", 5), "X-NOTE"),
    "bytes": (put("X-NOTE", b"a"), "X-NOTE"),
    "a moment": (put("X-NOTE", NOW), "X-NOTE"),
    "what cannot be written": (put("X-NOTE", Unwritable(RuntimeError("Ada"))), "X-NOTE"),
    "what ends the program": (put("X-NOTE", Unwritable(SystemExit("Ada"))), "SystemExit"),
    "what is written as a number": (put("X-NOTE", type("Odd", (), {"to_ical": int})()), "X-NOTE"),
    "parameters that are none": (put("X-NOTE", type("Odd", (), {"params": 5, "to_ical": bytes})()), "X-NOTE"),
    "a carriage return": (put("X-NOTE", "Ada\rBEGIN:VALARM"), "X-NOTE"),
    "a line end in a text": (put("DESCRIPTION", "Ada\r\nOsei"), "DESCRIPTION"),
    "a line end in a category": (add("CATEGORIES", ["a", "b\r\nATTENDEE:mailto:ada@example.org"]), "CATEGORIES"),
    "a line end in what is not a text": (put("X-NOTE", Written(b"a\nATTENDEE:mailto:ada@example.org")), "X-NOTE"),
    "a raw line end": (put("X-RAW", icalendar.vUnknown("a\r\nATTENDEE:mailto:ada@example.org")), "X-RAW"),
    "a null": (put("X-NOTE", "Ada\0"), "X-NOTE"),
    "a delete": (put("X-NOTE", "Ada\x7f"), "X-NOTE"),
    "a next line": (put("X-NOTE", "Ada\x85"), "X-NOTE"),
    "a line separator": (put("X-NOTE", "Ada\u2028"), "X-NOTE"),
    "a change of direction": (put("X-NOTE", "a\u202eb"), "X-NOTE"),
    "a lone surrogate": (put("X-NOTE", "a\ud800"), "X-NOTE"),
    "a line end in a parameter": (put("X-NOTE", lined("a", **{"X-P": "Ada\r\nc"})), "X-NOTE"),
    "a line end in a list in a parameter": (put("X-NOTE", lined("a", **{"X-P": ["b", "Ada\n"]})), "X-NOTE"),
    "a line end in a parameter's name": (put("X-NOTE", lined("a", **{"X-P\r\nADA": "b"})), "X-NOTE"),
    "a parameter's name that goes on": (put("X-NOTE", lined("a", **{"X-P=1:b": "c"})), "X-NOTE"),
    "an empty parameter": (put("X-NOTE", lined("a", **{"X-P": ""})), "X-NOTE"),
    "a parameter that is an empty list": (put("X-NOTE", lined("a", **{"X-P": []})), "X-NOTE"),
    "a line end in a name": (put("X-NO\r\nADA", "a"), "X-NO…"),
    "a blank in a name": (put("X-NO ADA", "a"), "X-NO…"),
    "a colon in a name": (put("X-NO:ADA", "a"), "X-NO…"),
    "a name that is not ASCII": (put("X-NO\u00c9ADA", "a"), "X-NO…"),
    "a surrogate in a name": (put("X-NO\ud800ADA", "a"), "X-NO…"),
    "a name without letters": (put("--", "a"), "--: not the name"),
    "an X- and no name": (put("X-", "a"), "X-: not the name"),
    "no name": (put("", "a"), ": not the name"),
    "an endless name": (put("X-NO" + "O" * 200, "a"), "X-NO"),
    "a component begun": (put("BEGIN", "VALARM"), "BEGIN"),
    "a component ended": (put("END", "VEVENT"), "END"),
    "a method of answers": (put("REQUEST-STATUS", "2.0;Success"), "REQUEST-STATUS"),
    "a version": (put("VERSION", "2.0"), "VERSION"),
    "a zone": (put("TZID", "Europe/London"), "TZID"),
    "a zone without rules": (add("X-WHEN", icalendar.vDatetime(NOW.astimezone(ZoneInfo("Asia/Tokyo")))), "X-WHEN"),
    "a name that is nothing": (put("CATEGORY", "a"), "CATEGORY"),
    "a property of a visiting card": (put("N", "a"), "N: "),
    "free times": (put("FREEBUSY", "a"), "FREEBUSY"),
    "a trigger": (put("TRIGGER", "-PT5M"), "TRIGGER"),
    "a page without https": (put("URL", "http://example.org"), "URL"),
    "two pages": (add("URL", PAGE, PAGE), "URL"),
    "two places": (add("LOCATION", "a", "b"), "LOCATION"),
    "an address that is none": (put("ATTACH", icalendar.vUri("Ada")), "ATTACH"),
    "an address as a text": (put("IMAGE", "https://example.org/a,b"), "IMAGE"),
    "bytes that are none": (put("ATTACH", icalendar.vUri("Ada", params={"VALUE": "BINARY"})), "ATTACH"),
    "a priority in words": (put("PRIORITY", "Ada"), "PRIORITY"),
    "a priority too low": (put("PRIORITY", icalendar.vInt(11)), "PRIORITY"),
    "a place that is none": (put("GEO", "Ada"), "GEO"),
    "half transparent": (put("TRANSP", "ADA"), "TRANSP"),
    "a class in words": (put("CLASS", "for Ada"), "CLASS"),
    "a huge value": (put("X-NOTE", "Ada" * 10_001), "X-NOTE"),
    "a huge attachment": (put("ATTACH", icalendar.vBinary(b"Ada" * 10_000)), "ATTACH"),
    "too much of it all": (add("COMMENT", *(["Ada" * 5_000] * 7)), "VEVENT"),
    "another component": (become_a_task, "VEVENT"),
    "another event as the answer": (lambda event: event.copy(), "prepare_invite must change the event"),
    "a number as the answer": (len_of, "prepare_invite must change the event"),
    "an exception": (lambda event: event["X-ADA"], "prepare_invite failed with KeyError"),
}

BAD_ALARMS: Final[dict[str, tuple[Change, str]]] = {
    "an event in the event": (hold(icalendar.Event()), "VEVENT"),
    "the event in itself": (endless, "VEVENT"),
    "a zone in the event": (hold(icalendar.Timezone()), "VTIMEZONE"),
    "an alarm in an alarm": (hold(nested()), "VALARM"),
    "no part at all": (hold("VALARM"), "prepare_invite failed with AttributeError"),
    "a sound": (alarm(ACTION="AUDIO", TRIGGER=-HOUR), "DESCRIPTION"),
    "a sound with text": (alarm(**{**SHOWN, "ACTION": "AUDIO"}), "ACTION"),
    "an alarm with a file": (alarm(**SHOWN, ATTACH=PAGE), "ATTACH"),
    "an alarm without text": (alarm(ACTION="DISPLAY", TRIGGER=-HOUR), "DESCRIPTION"),
    "an alarm with an empty text": (alarm(**{**SHOWN, "DESCRIPTION": ""}), "DESCRIPTION"),
    "an alarm with a line end": (alarm(**{**SHOWN, "DESCRIPTION": "Ada\r"}), "DESCRIPTION"),
    "an alarm for others": (alarm(**SHOWN, ATTENDEE="mailto:ada@example.org"), "ATTENDEE"),
    "an alarm at a moment": (alarm(**{**SHOWN, "TRIGGER": NOW}), "TRIGGER"),
    "an alarm without a time": (alarm(ACTION="DISPLAY", DESCRIPTION="x"), "TRIGGER"),
    "an alarm with two times": (alarm(**SHOWN, trigger=-HOUR), "TRIGGER"),
    "an alarm that repeats for ever": (alarm(**SHOWN, REPEAT=2), "VALARM"),
    "an alarm that repeats in no time": (alarm(**SHOWN, DURATION=HOUR), "VALARM"),
    "an alarm that repeats backwards": (alarm(**SHOWN, DURATION=-HOUR, REPEAT=2), "DURATION"),
}


def blame(*changes: Change, entry: Entry) -> PluginError:
    """How preparing an entry fails."""
    with pytest.raises(PluginError) as found:
        altered(*changes, entry=entry)
    return found.value


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("entry", [ENTRY, CANCEL], ids=["REQUEST", "CANCEL"])
def test_a_bad_property_is_refused_in_the_name_of_the_plugin_and_of_the_property(what: str, entry: Entry) -> None:
    """Before anything is sent, and without a word of what was in it."""
    change, named = BAD[what]
    error = blame(change, entry=entry)
    assert error.plugin == "first"
    assert re.search(rf"(^|: ){re.escape(named)}", error.message) or named in error.message
    assert "ada" not in str(error).lower()
    assert str(error).isprintable()
    assert len(str(error)) < 200


@pytest.mark.parametrize("what", BAD_ALARMS)
def test_a_bad_alarm_is_refused_in_the_name_of_the_plugin(what: str) -> None:
    """What one client shows, another stumbles over."""
    change, named = BAD_ALARMS[what]
    error = blame(change, entry=ENTRY)
    assert error.plugin == "first"
    assert named in error.message
    assert "ada" not in str(error).lower()


@pytest.mark.parametrize("what", BAD_ALARMS)
def test_alarms_of_any_kind_never_reach_a_cancellation(what: str) -> None:
    """Nobody is reminded of what does not take place."""
    assert altered(BAD_ALARMS[what][0], entry=CANCEL) == invite(CANCEL)


GOOD: Final[dict[str, Change]] = {
    "a place": add("GEO", (51.5, -0.1)),
    "a priority": add("PRIORITY", 5),
    "a colour": add("COLOR", "turquoise"),
    "a class": add("CLASS", "CONFIDENTIAL"),
    "two files": add("ATTACH", PAGE, icalendar.vBinary(b"some bytes")),
    "a moment in UTC": put("X-WHEN", icalendar.vDatetime(NOW)),
    "a list of one kind": add("RESOURCES", ["a", "b"]),
    "no such property at all": put("X-NOTE", []),
    "a tab": put("X-NOTE", "a\tb"),
    "an alarm that repeats": alarm(**SHOWN, DURATION=HOUR, REPEAT=2),
    "an alarm at the start": alarm(**{**SHOWN, "TRIGGER": timedelta()}),
    "an alarm that is known by an id": alarm(**SHOWN, UID="a-1", **{"X-SOUND": "none"}),
    "the event itself as the answer": lambda event: event,
}


@pytest.mark.parametrize("what", GOOD)
@pytest.mark.parametrize("entry", [ENTRY, CANCEL], ids=["REQUEST", "CANCEL"])
def test_a_good_property_passes_and_icalendar_reads_it_back(what: str, entry: Entry) -> None:
    """What is refused is what is wrong, and no more."""
    data = altered(GOOD[what], entry=entry)
    found = icalendar.Calendar.from_ical(data)
    assert isinstance(found, icalendar.Calendar)
    (event,) = found.events
    assert not event.errors
    assert read(data).part("VEVENT").one("UID").raw == entry.uid


def test_each_plugin_is_looked_at_after_its_own_turn() -> None:
    """The first is not blamed for the second, and the third is not asked any more."""
    asked: list[object] = []

    def note(event: icalendar.Event) -> None:
        asked.append(event["X-NOTE"])

    fine, wrong = put("X-NOTE", "fine"), put("COMMENT", "Ada\r")
    assert (blame(fine, wrong, note, entry=ENTRY).plugin, asked) == ("second", [])
    assert blame(wrong, fine, note, entry=ENTRY).plugin == "first"
    assert b"X-NOTE:fine" in altered(fine, note)
    assert asked == ["fine"]


def test_a_plugin_sees_what_is_ours_put_right_after_the_one_before() -> None:
    """A wrong time of one does not mislead the next."""
    seen: list[object] = []

    def postpone(event: icalendar.Event) -> None:
        event["DTSTART"] = icalendar.vDatetime(NOW)

    altered(postpone, lambda event: seen.append(event.decoded("DTSTART")))
    assert seen == [ENTRY.slot.starts_at]


def test_what_is_sent_is_what_was_looked_at() -> None:
    """A value that is written otherwise the second time cannot slip through."""
    assert b"\r\nX-NOTE:good\r\n" in altered(put("X-NOTE", Written(b"good")))
