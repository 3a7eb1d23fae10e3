"""What is refused in an event that plugins altered: what a calendar would stumble over, or take for something else.

Each rule is one that a reader of others insists on, or that RFC 5545 makes a must.
"""

import re
from collections import Counter
from collections.abc import Collection
from typing import Final

from insight_sessions.calendar.writing import PERSONAL, Line, Part

# RFC 5545 §3.6.1 and §3.6.6, RFC 7986 §5, RFC 9073 §6, RFC 9074 §4 to §6, RFC 9253 §8; each but for what is not for us.
_OF_AN_EVENT: Final = frozenset(
    {
        *PERSONAL,
        *("DTSTART", "DTEND", "ORGANIZER", "STATUS", "SUMMARY", "DESCRIPTION", "LOCATION", "URL", "CLASS", "COLOR"),
        *("GEO", "PRIORITY", "TRANSP", "ATTACH", "CATEGORIES", "COMMENT", "CONTACT", "RESOURCES", "RELATED-TO"),
        *("CONFERENCE", "IMAGE", "STYLED-DESCRIPTION", "STRUCTURED-DATA", "CONCEPT", "LINK", "REFID"),
    }
)
_OF_AN_ALARM: Final = frozenset(
    {"ACTION", "DESCRIPTION", "TRIGGER", "DURATION", "REPEAT", "UID", "ACKNOWLEDGED", "PROXIMITY", "RELATED-TO"}
)
_OFTEN: Final = frozenset(
    {
        *("ATTACH", "CATEGORIES", "COMMENT", "CONTACT", "RESOURCES", "RELATED-TO", "CONFERENCE", "IMAGE"),
        *("STYLED-DESCRIPTION", "STRUCTURED-DATA", "CONCEPT", "LINK", "REFID"),
    }
)
_OURS: Final = frozenset({"DTSTART", "DTEND"})
_TIME: Final = r"T(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+S)?"
_DURATION: Final = rf"P([0-9]+W|[0-9]+D({_TIME})?|{_TIME})"
_URI: Final = r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\\]+"
_SHAPES: Final = {
    name: (re.compile(shape), advice)
    for name, shape, advice in (
        ("URL", r"https://[^\s\\]+", "must begin with https://"),
        ("ATTACH", _URI, "must be an address; make it a vUri, or a vBinary"),
        ("IMAGE", _URI, "must be an address; make it a vUri, or a vBinary"),
        ("CONFERENCE", _URI, "must be an address; make it a vUri"),
        ("GEO", r"-?[0-9]+(\.[0-9]+)?;-?[0-9]+(\.[0-9]+)?", "must be two numbers"),
        ("PRIORITY", "[0-9]", "must be a number from 0 to 9"),
        ("TRANSP", "OPAQUE|TRANSPARENT", "must be OPAQUE or TRANSPARENT"),
        ("CLASS", "[A-Za-z0-9-]+", "must be a word such as PRIVATE"),
        ("ACTION", "DISPLAY", "must be DISPLAY: others are not shown, or go to somebody else"),
        ("TRIGGER", rf"[+-]?{_DURATION}", "must be relative to the session"),
        ("DURATION", _DURATION, "must be a length of time"),
        ("REPEAT", "[0-9]{1,4}", "must be a number"),
        ("LINK", _URI, "must be an address; make it a vUri"),
    )
}
_BASE64: Final = re.compile(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


def refuse_unfit(event: Part) -> None:
    """Refuse an event that would not be understood by everybody.

    Raises:
        ValueError: the message begins with the name of the property or part, and holds no value.
    """
    if event.name != "VEVENT":
        raise ValueError("VEVENT: an event must stay one")
    if "SUMMARY" not in _names(event, _OF_AN_EVENT):
        raise ValueError("SUMMARY: an invite must have one (RFC 5546 §3.2.2)")
    for line in event.lines:
        # A person's own are ours to fill in.
        if line.value:
            _refuse_misshapen(line)
    for alarm in event.alarms:
        _refuse_unfit_alarm(alarm)


def _refuse_unfit_alarm(alarm: Part) -> None:
    """An alarm is a message on the screen, some time before or after (RFC 5545 §3.6.6)."""
    names = _names(alarm, _OF_AN_ALARM)
    for name in ("ACTION", "DESCRIPTION", "TRIGGER"):
        if name not in names:
            raise ValueError(f"{name}: an alarm must have one")
    if len(names & {"DURATION", "REPEAT"}) == 1:
        raise ValueError("VALARM: must have both REPEAT and DURATION, or neither")
    for line in alarm.lines:
        _refuse_misshapen(line)


def _names(part: Part, known: Collection[str]) -> frozenset[str]:
    count = Counter(line.name for line in part.lines)
    for name, times in count.items():
        if name.startswith("X-"):
            continue
        if name not in known:
            raise ValueError(f"{name}: is nothing that it can have; a name of your own begins with X-")
        if times > 1 and name not in _OFTEN:
            raise ValueError(f"{name}: may be there only once (RFC 5545 §3.6)")
    return frozenset(count)


def _refuse_misshapen(line: Line) -> None:
    if "TZID" in line.parameters and line.name not in _OURS:
        raise ValueError(
            f"{line.name}: its time must be in UTC, for the file has the rules of the session's zone alone"
        )
    shape, advice = _SHAPES.get(line.name, (None, ""))
    if line.parameters.get("VALUE") == "BINARY":
        shape, advice = _BASE64, "must be base64"
    if shape is not None and not shape.fullmatch(line.value):
        raise ValueError(f"{line.name}: {advice}")
