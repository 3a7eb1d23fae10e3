import json
from dataclasses import replace

import pytest

from insight_sessions.commands.places import Withdraw
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.member import Person
from insight_sessions.domain.project import Project
from insight_sessions.domain.registration import Offer
from insight_sessions.domain.session import Slot
from insight_sessions.domain.state import ProjectState
from insight_sessions.domain.thing import Thing
from insight_sessions.errors import StorageError, UpgradeNeeded
from insight_sessions.records import (
    FORMAT,
    changed_records,
    decode,
    encode,
    event_text,
    owed_text,
    read_event,
    read_owed,
)
from insight_sessions.storage.port import Record

from .desk_kit import DAY, NOW, P, Rehearsal, member, project, session, until


def lived_in() -> Rehearsal:
    """A project in which everything that is kept was kept once."""
    room = Rehearsal(
        project(
            session("mon", minimum=1, title="Backlogs"),
            session("tue"),
            questions=[{"id": "role", "text": "Role?"}],
            consents=[{"purpose": "quotes", "text": "You may quote me."}],
            recheck_days=7,
        )
    )
    ada = member(attributes={"setting": "acute", "country": "England"}, language="cy", **until("2021-12-31"))
    room.register(ada, "mon", "tue", answers={"role": "Nurse"}, consents=("quotes",))
    room.state = room.state.put(replace(room.of("ada"), offer=Offer("tue", NOW + DAY), partstat="TENTATIVE"))
    ben = room.register("ben", "mon")
    room.do(Withdraw(project_id=P, registration_id=ben.id, reason="On call."))
    return room


def kept(state: ProjectState) -> list[Record]:
    """All of it as records."""
    everything: list[Thing] = [
        state.definition,
        *state.organisers.values(),
        *state.sessions.values(),
        *state.people.values(),
    ]
    everything += [*state.registrations.values(), *state.answers.values(), *state.reasons.values()]
    everything += [*state.consents.values(), state.lineage]
    state = state.settled()
    for thing in everything:
        state = state.put(thing)
    return list(changed_records(state, 7))


def test_everything_comes_back_as_it_was() -> None:
    """And makes the same state."""
    state = lived_in().state
    records = kept(state)
    assert {record.kind for record in records} == {
        "project", "lineage", "organiser", "session", "person", "registration", "answers", "reason", "consent",
    }  # fmt: skip
    read = decode(records)
    assert not read.newer
    again = ProjectState(project_id=P).with_all(read.things)
    for name in ("announced", "sessions", "slots", "people", "registrations", "answers", "reasons", "consents"):
        assert getattr(again, name) == getattr(state, name), name
    assert again.organisers == state.organisers
    assert again.waiting("mon") == state.waiting("mon")


def test_a_record_says_where_what_and_when() -> None:
    """Project, kind, id and version, and the format of its body."""
    room = lived_in()
    record = encode(P, "registration", room.of("ada").id, 7, room.of("ada"))
    assert (record.project_id, record.kind, record.id, record.version) == (P, "registration", room.of("ada").id, 7)
    assert record.body is not None
    assert json.loads(record.body)["format"] == FORMAT


def test_what_is_about_a_person_names_them_by_our_id() -> None:
    """So that all of it is found again; what is about nobody names nobody."""
    subjects = {(record.kind, record.subject) for record in kept(lived_in().state)}
    assert subjects == {
        ("project", None),
        ("lineage", None),
        ("organiser", None),
        ("session", None),
        ("person", "p-ada"),
        ("person", "p-ben"),
        ("registration", "p-ada"),
        ("registration", "p-ben"),
        ("answers", "p-ada"),
        ("answers", "p-ben"),
        ("reason", "p-ben"),
        ("consent", "p-ada"),
        ("consent", "p-ben"),
    }


def test_only_a_live_registration_is_unique() -> None:
    """One for each person in a project."""
    uniques = [record.unique for record in kept(lived_in().state) if record.unique is not None]
    assert uniques == ["live:p-ada"]


def test_deleted_records_are_left_out() -> None:
    """They have nothing to say."""
    assert decode([Record(P, "person", "p-ada", 3, subject=None, unique=None, body=None)]).things == []


@pytest.mark.parametrize(("written", "newer"), [(FORMAT, False), (FORMAT + 1, True)])
def test_a_body_of_another_format_is_read_as_well_as_may_be(written: int, newer: bool) -> None:
    """What this release does not know is left out, and it is said that a newer one wrote it."""
    body = {"id": "p-ada", "member_id": "ada", "name": "Ada", "email": "ada@example.org", "pets": 3, "format": written}
    record = Record(P, "person", "p-ada", 3, subject="p-ada", unique=None, body=json.dumps(body))
    read = decode([record, record])
    assert read.things == [Person(id="p-ada", member_id="ada", name="Ada", email="ada@example.org")] * 2
    assert read.newer is newer


def test_a_kind_this_release_does_not_know_was_written_by_a_newer_one() -> None:
    """It is left out."""
    read = decode([Record(P, "hologram", "h-1", 3, subject=None, unique=None, body='{"format":1}')])
    assert (read.things, read.newer) == ([], True)


def test_what_was_let_in_by_an_older_rule_can_still_be_read() -> None:
    """An organiser's address is not checked again."""
    definition = lived_in().state.definition
    record = encode(P, "project", P, 1, definition)
    assert record.body is not None
    old = record._replace(body=record.body.replace("insight@example.org", "insight@localhost"))
    (thing,) = decode([old]).things
    assert isinstance(thing, Project)
    assert thing.organiser.email == "insight@localhost"


def test_an_event_comes_back_as_it_was() -> None:
    """Without what it does not say."""
    event = Event(number=3, project_id=P, kind=EventKind.PLACE_MOVED, at=NOW, registration="r-1", session="tue")
    assert read_event(event_text(event)) == event
    assert "previous" not in event_text(event)


def test_a_notice_comes_back_as_it_was() -> None:
    """With its sessions as they were when it was written."""
    room = Rehearsal(project())
    room.register("ada", "mon", "tue")
    owed = room.owed_to("ada")
    full = replace(owed, previous=owed.slot, cancelled=owed.slot, waits=(owed.slot or room.state.slots["tue"],))
    for one in (owed, full):
        again = read_owed(owed_text(one))
        assert again == one
        assert isinstance(again.slot, Slot)


@pytest.mark.parametrize(
    ("body", "error", "said"),
    [
        (
            '{"format":1,"id":"canary","name":7}',
            StorageError,
            "person 'p-ada' of project 'covid-backlogs' cannot be rea",
        ),
        ("canary", StorageError, "cannot be read"),
        ('["canary"]', StorageError, "cannot be read"),
        ('{"id":"canary"}', StorageError, "cannot be read"),
        ('{"format":"canary"}', StorageError, "cannot be read"),
        ('{"format":2,"id":"canary","name":7}', UpgradeNeeded, "a newer release wrote person 'p-ada' of project"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_typed_error_without_a_word_of_it(
    body: str, error: type[StorageError], said: str
) -> None:
    """A broken file, or a release that keeps things in another way."""
    with pytest.raises(error, match=said) as caught:
        decode([Record(P, "person", "p-ada", 3, subject="p-ada", unique=None, body=body)])
    assert type(caught.value) is error
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
