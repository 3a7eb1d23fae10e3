"""Whatever a plugin leaves in a calendar entry, it is refused in its name, or everybody can read the message."""

from typing import Final

import icalendar
from hypothesis import event as noted
from hypothesis import given
from hypothesis import strategies as st

from insight_sessions.calendar.invite import Entry, invite
from insight_sessions.errors import PluginError
from tests.calendar_client import Component, read
from tests.unit.test_invite import CANCEL, ENTRY
from tests.unit.test_invite_plugins import Written, altered

OURS: Final = (
    *("UID", "SEQUENCE", "DTSTAMP", "CREATED", "LAST-MODIFIED", "DTSTART", "DTEND", "ORGANIZER", "ATTENDEE", "STATUS"),
    *("METHOD", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID"),
)
THEIRS: Final = (
    *("SUMMARY", "DESCRIPTION", "LOCATION", "COMMENT", "CATEGORIES", "X-NOTE", "URL", "ATTACH", "GEO", "PRIORITY"),
    *("TRANSP", "CLASS", "VERSION", "TZID", "BEGIN", "END"),
)
CHARACTERS: Final = "ab,;:=\"'\\ \r\n\t\0\x7f\x85\u2028\u202eé\N{MATHEMATICAL FRAKTUR CAPITAL U}\ud800^nN-"

words = st.one_of(
    st.text(st.sampled_from(CHARACTERS[:9] + "nN-é"), min_size=1, max_size=90),
    st.text(st.sampled_from(CHARACTERS), max_size=90),
)
names = st.one_of(st.sampled_from(THEIRS + OURS), words, words.map(lambda word: f"X-{word}"))
parameters = st.dictionaries(
    st.one_of(st.just("X-P"), words), st.one_of(words, st.lists(words, max_size=2)), max_size=2
)
values = st.one_of(
    words,
    st.builds(lambda word, given: icalendar.vText(word, params=given), words, parameters),
    words.map(lambda word: Written(word.encode("utf-8", "surrogatepass"))),
    st.sampled_from([None, 5, b"a", ["a", "b"], icalendar.vInt(7), icalendar.vGeo((1.5, 2.5))]),
)
alterations = st.lists(st.tuples(names, st.one_of(values, st.lists(values, max_size=2))), max_size=2)


def ours(data: bytes) -> Component:
    """What a plugin has no say in, of the message's event."""
    event = read(data).part("VEVENT")
    return Component(event.name, [one for one in event.properties if one.name in OURS], event.parts)


@given(alterations, st.sampled_from([ENTRY, CANCEL]))
def test_an_altered_entry_is_refused_or_read_by_everybody(alteration: list[tuple[str, object]], entry: Entry) -> None:
    """Either way nobody's times, ids, people or reminders change, and nothing is in the file that nobody put there."""

    def change(event: icalendar.Event) -> None:
        for name, value in alteration:
            event[name] = value

    refused: PluginError | None = None
    data = b""
    try:
        data = altered(change, entry=entry)
    except PluginError as error:
        refused = error
    noted("sent" if refused is None else "refused")
    if refused is not None:
        assert refused.plugin == "first"
        assert str(refused).isprintable()
        return
    assert ours(data) == ours(invite(entry))
    added = {name.upper() for name, _ in alteration}
    known = {one.name for one in read(invite(entry)).part("VEVENT").properties}
    assert {one.name for one in read(data).part("VEVENT").properties} <= known | added
    found = icalendar.Calendar.from_ical(data)
    assert isinstance(found, icalendar.Calendar)
    (event,) = found.events
    assert not event.errors
    assert event.uid == entry.uid
