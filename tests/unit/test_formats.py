"""What a body says that leaves something out: it must mean the same to every later release."""

from dataclasses import MISSING, fields
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from insight_sessions.domain.bounce import Bounce
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.following import Follower, Opening, Update
from insight_sessions.domain.learning import Feedback, SharedWriteUp
from insight_sessions.domain.member import Past, Person
from insight_sessions.domain.notices import NoticeKind, Owed
from insight_sessions.domain.project import Described
from insight_sessions.domain.registration import Answers, Consent, Decision, Offer, Reason, Registration
from insight_sessions.domain.reminding import Reminder
from insight_sessions.domain.reply import Replied
from insight_sessions.domain.session import Slot
from insight_sessions.domain.thing import Lineage, Organiser, Thing
from insight_sessions.domain.work import SharedWork, WorkStatus
from insight_sessions.records import decode, encode, event_text, owed_text, read_event, read_owed
from insight_sessions.storage.port import Record
from insight_sessions.text import Labels

from .desk_kit import project, session

AT: Final = datetime(2021, 7, 5, 9, 30, tzinfo=UTC)

DEFAULTS: Final[dict[type[Any], dict[str, object]]] = {
    Lineage: {"restores": 0},
    Organiser: {},
    Described: {},
    Person: {"language": "en", "active": True, "valid_until": None, "attributes": Labels(), "former": (), "past": None},
    Past: {"absences": 0, "projects": ()},
    Registration: {
        "decision": Decision.PENDING,
        "place": None,
        "left": None,
        "offer": None,
        "displaced": False,
        "switching": False,
        "barred": False,
        "sequence": 0,
        "stamped": None,
        "described": 0,
        "organiser": 0,
        "address": 0,
        "partstat": None,
        "replied": None,
        "attendance": None,
    },
    Offer: {},
    Replied: {"stamped": None, "asked_again": None, "asked_to_leave": None, "doubtful": ()},
    Answers: {},
    Reason: {},
    Consent: {"number": 0},
    Event: {
        "number": 0,
        "project_id": "",
        "command": None,
        "by": None,
        "registration": None,
        "person": None,
        "session": None,
        "previous": None,
        "answer": None,
        "attendance": None,
        "corrected": None,
        "began": None,
        "until": None,
        "begins": None,
        "outcome": None,
        "policy": None,
        "seed": None,
        "about": None,
        "counts": (),
    },
    Owed: {
        "slot": None,
        "previous": None,
        "waits": (),
        "undecided": False,
        "cancelled": None,
        "others_cancelled": (),
        "method": None,
        "sequence": 0,
        "address": 0,
        "partstat": None,
        "begins": False,
        "shifted": None,
        "skipped": None,
        "offered": None,
        "until": None,
        "released": None,
        "about": None,
        "opened": (),
        "people": None,
        "minimum": None,
    },
    Bounce: {},
    Reminder: {"over": False, "told": (), "left": (), "warned": False},
    Slot: {"title": None, "where": None},
    SharedWriteUp: {"text": "", "link": None, "sessions": (), "feedback_until": None, "reached": None},
    SharedWork: {
        "link": None,
        "consent": False,
        "status": WorkStatus.RECEIVED,
        "decided_at": None,
        "message": None,
    },
    Feedback: {"may_quote": False, "answer": None, "answered_at": None},
    Follower: {
        "name": "",
        "email": "",
        "language": "en",
        "asked": None,
        "confirmed": None,
        "number": 0,
        "member": None,
    },
    Update: {"reached": None},
    Opening: {"reached": None},
}
"""What a field means that a body of format 1 leaves out. Lines may be added here; to change one, raise `FORMAT`."""

THINGS: Final[dict[str, tuple[str, Thing]]] = {
    "lineage": ('{"format":1,"epoch":"e"}', Lineage("e")),
    "person": (
        '{"format":1,"id":"p-ada","member_id":"ada","name":"Ada","email":"ada@example.org"}',
        Person(id="p-ada", member_id="ada", name="Ada", email="ada@example.org"),
    ),
    "registration": (
        (
            '{"format":1,"id":"r-1","project_id":"p","person":"p-ada","wishes":["mon"],"arrived":1,'
            '"registered_at":"2021-07-05T09:30:00Z","checked_at":"2021-07-05T09:30:00Z"}'
        ),
        Registration(
            id="r-1", project_id="p", person="p-ada", wishes=("mon",), arrived=1, registered_at=AT, checked_at=AT
        ),
    ),
    "consent": (
        (
            '{"format":1,"id":"c-1","person":"p-ada","purpose":"quotes","version":1,"given":false,'
            '"at":"2021-07-05T09:30:00Z"}'
        ),
        Consent(id="c-1", person="p-ada", purpose="quotes", version=1, given=False, at=AT),
    ),
    "follower": (
        '{"format":1,"id":"f-1","name":"Ada","email":"ada@example.org","asked":"2021-07-05T09:30:00Z"}',
        Follower(id="f-1", name="Ada", email="ada@example.org", asked=AT),
    ),
    "bounce": (
        '{"format":1,"person":"p-ada","address":0,"code":"5.1.1","at":"2021-07-05T09:30:00Z"}',
        Bounce(person="p-ada", address=0, code="5.1.1", at=AT),
    ),
    "reminder": (
        '{"format":1,"session":"mon","hours":24,"told":["r-1"]}',
        Reminder(session="mon", hours=24, told=("r-1",)),
    ),
    "update": (
        '{"format":1,"id":"u-1","title":"T","text":"Read.","at":"2021-07-05T09:30:00Z","until":3}',
        Update(id="u-1", title="T", text="Read.", at=AT, until=3),
    ),
    "opening": (
        '{"format":1,"id":"o-1","sessions":["mon","tue"],"until":3}',
        Opening(id="o-1", sessions=("mon", "tue"), until=3),
    ),
}
"""Bodies of format 1 that say no more than they must, and what they hold."""


@pytest.mark.parametrize("kind", DEFAULTS, ids=lambda kind: kind.__name__)
def test_what_a_body_leaves_out_means_what_it_meant(kind: type[Any]) -> None:
    """Whatever is kept of people leaves out its defaults, so a default is never changed without a new format."""
    assert {each.name: each.default for each in fields(kind) if each.default is not MISSING} == DEFAULTS[kind]
    assert all(each.default_factory is MISSING for each in fields(kind))


@pytest.mark.parametrize("kind", THINGS)
def test_what_is_kept_of_people_says_no_more_than_it_must(kind: str) -> None:
    """And comes back whole."""
    body, thing = THINGS[kind]
    assert encode("p", kind, "1", 1, thing).body == body
    assert decode([Record("p", kind, "1", 1, None, None, body)]).things == [thing]


def test_events_and_notices_say_no_more_than_they_must() -> None:
    """Nor do the sessions in a notice."""
    event = Event(number=1, project_id="p", kind=EventKind.CALL_OPENED, at=AT)
    body = '{"format":1,"number":1,"project_id":"p","kind":"call_opened","at":"2021-07-05T09:30:00Z"}'
    assert (event_text(event), read_event(body)) == (body, event)
    slot = Slot(id="mon", starts=AT.replace(tzinfo=None), timezone="Europe/London", starts_at=AT, minutes=120)
    owed = Owed(
        id="n-1",
        message_id="<n-1@example.org>",
        at=AT,
        kind=NoticeKind.WAITING,
        registration="r-1",
        person="p-ada",
        title="T",
        waits=(slot,),
    )
    body = (
        '{"format":1,"id":"n-1","message_id":"<n-1@example.org>","at":"2021-07-05T09:30:00Z","kind":"waiting",'
        '"registration":"r-1","person":"p-ada","title":"T","waits":[{"id":"mon","starts":"2021-07-05T09:30:00",'
        '"minutes":120,"timezone":"Europe/London","starts_at":"2021-07-05T09:30:00Z"}]}'
    )
    assert (owed_text(owed), read_owed(body)) == (body, owed)


def test_projects_and_sessions_are_written_in_full() -> None:
    """A default of theirs may be a sentence of ours, which organisers have seen and we may want to write better."""
    announced = encode("p", "project", "p", 1, project()).body or ""
    assert '"closed_message":"This opportunity is now closed."' in announced
    assert '"sequence":0' in (encode("p", "session", "mon", 1, session("mon")).body or "")


def test_moments_come_back_in_the_one_utc_there_is() -> None:
    """Not each with a zone of its own, all of which would have to be kept and looked after."""
    (kept,) = decode([Record("p", "registration", "r-1", 1, None, None, THINGS["registration"][0])]).things
    assert isinstance(kept, Registration)
    assert kept.registered_at.tzinfo is kept.checked_at.tzinfo is UTC
