"""What a plugin may do to an invite, and what it may not."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import icalendar
import pytest

from insight_sessions.calendar.invite import Prepare, invite, template_for
from tests.calendar_client import read
from tests.unit.test_invite import CANCEL, ENTRY, LINK, NOW


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

    event = read(invite(ENTRY, prepare=prepare)).part("VEVENT")
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

    assert invite(ENTRY, prepare=prepare) == invite(ENTRY)


def test_a_plugin_cannot_bring_alarms_or_links_to_those_who_have_no_place() -> None:
    """Only for confirmed people."""

    def prepare(event: icalendar.Event) -> None:
        alarm = icalendar.Alarm()
        event.add_component(alarm)
        event.add("CONFERENCE", icalendar.vUri(LINK, params={"VALUE": "URI"}))

    for entry in (CANCEL, replace(ENTRY, tentative=True)):
        assert invite(entry, prepare=prepare) == invite(entry)


def _alarm(**properties: object) -> Prepare:
    def prepare(event: icalendar.Event) -> None:
        alarm = icalendar.Alarm()
        for name, value in properties.items():
            alarm.add(name, value)
        event.add_component(alarm)

    return prepare


def _set(name: str, value: object) -> Prepare:
    def prepare(event: icalendar.Event) -> None:
        event[name] = value

    return prepare


def _add_twice(name: str) -> Prepare:
    def prepare(event: icalendar.Event) -> None:
        event.add(name, "https://example.org/a")
        event.add(name, "https://example.org/b")

    return prepare


def _untitled(event: icalendar.Event) -> None:
    del event["SUMMARY"]


def _nest(event: icalendar.Event) -> None:
    event.add_component(icalendar.Event())


HOUR = timedelta(hours=1)


BAD: Final[dict[str, tuple[Prepare, str]]] = {
    "a missing title": (_untitled, "SUMMARY"),
    "an empty title": (_set("SUMMARY", ""), "SUMMARY"),
    "a line end": (_set("X-NOTE", "a\rBEGIN:VALARM"), "X-NOTE"),
    "a change of direction": (_set("X-NOTE", "a\u202eb"), "X-NOTE"),
    "a lone surrogate": (_set("X-NOTE", "a\ud800"), "X-NOTE"),
    "a raw line end": (_set("X-RAW", icalendar.vUnknown("a\r\nATTENDEE:mailto:eve@example.org")), "X-RAW"),
    "a line end in a parameter": (_set("X-NOTE", icalendar.vText("a", params={"X-P": "b\r\nc"})), "X-NOTE"),
    "a number": (_set("X-NOTE", 5), "X-NOTE"),
    "a line end in a name": (_set("X-NO\r\nTE", "a"), "X-NO"),
    "a component begun": (_set("BEGIN", "VALARM"), "BEGIN"),
    "a component ended": (_set("END", "VEVENT"), "END"),
    "a page without https": (_set("URL", "http://example.org"), "URL"),
    "two pages": (_add_twice("URL"), "URL"),
    "two places": (_add_twice("LOCATION"), "LOCATION"),
    "an event in the event": (_nest, "VEVENT"),
    "a sound": (_alarm(ACTION="AUDIO", TRIGGER=-HOUR), "VALARM"),
    "an alarm without text": (_alarm(ACTION="DISPLAY", TRIGGER=-HOUR), "VALARM"),
    "an alarm for others": (
        _alarm(ACTION="DISPLAY", DESCRIPTION="x", TRIGGER=-HOUR, ATTENDEE="mailto:eve@example.org"),
        "VALARM",
    ),
    "an alarm at a moment": (_alarm(ACTION="DISPLAY", DESCRIPTION="x", TRIGGER=NOW), "TRIGGER"),
    "an alarm without a time": (_alarm(ACTION="DISPLAY", DESCRIPTION="x"), "TRIGGER"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_property_of_a_plugin_is_refused_by_name(what: str) -> None:
    """Before anything is sent."""
    prepare, named = BAD[what]
    with pytest.raises(ValueError, match=f"^'?{named}"):
        template_for(ENTRY, prepare=prepare)
