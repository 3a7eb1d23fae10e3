"""The bodies that are written most, put together from strings: those of a sign-up that is like most others.

A serializer looks at each of a thing's twenty fields, to leave most of them out. Here one comparison finds that they
are as they mostly are, and what remains is a sentence with gaps. For whatever is not so usual these functions give
None, and the serializer writes it; what is written is the same to the byte, whichever way.
"""

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring as quoted
from operator import attrgetter
from typing import Any, Final

from pydantic_core import to_json

from insight_sessions.domain.events import Event
from insight_sessions.domain.member import Person
from insight_sessions.domain.notices import Owed
from insight_sessions.domain.registration import Decision, Registration
from insight_sessions.domain.session import Slot

_PENDING: Final = Decision.PENDING


def _others(kind: type[Any], *written: str) -> tuple[Callable[[Any], tuple[object, ...]], tuple[object, ...]]:
    """What gives all fields of a thing but these, and what it gives when all of them are as they are by default."""
    others = [one for one in fields(kind) if one.name not in written]
    return attrgetter(*(one.name for one in others)), tuple(one.default for one in others)


def _plainly(value: datetime | tuple[str, ...]) -> str:
    return to_json(value).decode()


_in_utc = lru_cache(maxsize=64)(_plainly)  # what is written together was mostly decided at one moment
_list = lru_cache(maxsize=64)(_plainly)


def _moment(at: datetime) -> str:
    # A moment of another zone can equal one in UTC, and is written in its own way.
    return _in_utc(at) if at.tzinfo is UTC else _plainly(at)


def _fully(slot: Slot) -> str:
    title = "" if slot.title is None else f',"title":{quoted(slot.title)}'
    where = "" if slot.where is None else f',"where":{quoted(slot.where)}'
    return (
        f'{{"id":{quoted(slot.id)},"starts":{_plainly(slot.starts)},"minutes":{slot.minutes},'
        f'"timezone":{quoted(slot.timezone)},"starts_at":{_plainly(slot.starts_at)}{title}{where}}}'
    )


_slot_in_utc = lru_cache(maxsize=64)(_fully)


def _slot(slot: Slot) -> str:
    return _slot_in_utc(slot) if slot.starts_at.tzinfo is UTC and slot.starts.tzinfo is None else _fully(slot)


_person_others, _usual_person = _others(Person, "id", "member_id", "name", "email", "language", "attributes")


def person(one: Person) -> str | None:
    """The body of a person, but for the brace that opens it."""
    if _person_others(one) != _usual_person:
        return None
    language = "" if one.language == "en" else f',"language":{quoted(one.language)}'
    labels = ",".join([f"{quoted(name)}:{quoted(text)}" for name, text in one.attributes.items()])
    attributes = f',"attributes":{{{labels}}}' if labels else ""
    return (
        f'"id":{quoted(one.id)},"member_id":{quoted(one.member_id)},"name":{quoted(one.name)},'
        f'"email":{quoted(one.email)}{language}{attributes}}}'
    )


_registration_others, _usual_registration = _others(
    Registration,
    *("id", "project_id", "person", "wishes", "arrived", "registered_at", "checked_at", "decision", "place", "stamped"),
    *("described", "organiser", "address"),
)


def registration(one: Registration) -> str | None:
    """The body of a registration, but for the brace that opens it."""
    if _registration_others(one) != _usual_registration:
        return None
    decision = "" if one.decision is _PENDING else f',"decision":"{one.decision}"'
    place = "" if one.place is None else f',"place":{quoted(one.place)}'
    stamped = "" if one.stamped is None else f',"stamped":{_moment(one.stamped)}'
    described = f',"described":{one.described}' if one.described else ""
    organiser = f',"organiser":{one.organiser}' if one.organiser else ""
    address = f',"address":{one.address}' if one.address else ""
    return (
        f'"id":{quoted(one.id)},"project_id":{quoted(one.project_id)},"person":{quoted(one.person)},'
        f'"wishes":{_list(one.wishes)},"arrived":{one.arrived},"registered_at":{_moment(one.registered_at)},'
        f'"checked_at":{_moment(one.checked_at)}{decision}{place}{stamped}{described}{organiser}{address}}}'
    )


_event_others, _usual_event = _others(
    Event, "number", "project_id", "kind", "at", "command", "by", "registration", "person", "session", "previous"
)


def event(one: Event) -> str | None:
    """The text of an event, but for the brace that opens it."""
    if _event_others(one) != _usual_event or not one.number or not one.project_id:
        return None
    command = "" if one.command is None else f',"command":{quoted(one.command)}'
    by = "" if one.by is None else f',"by":{quoted(one.by)}'
    registration = "" if one.registration is None else f',"registration":{quoted(one.registration)}'
    person = "" if one.person is None else f',"person":{quoted(one.person)}'
    session = "" if one.session is None else f',"session":{quoted(one.session)}'
    previous = "" if one.previous is None else f',"previous":{quoted(one.previous)}'
    return (
        f'"number":{one.number},"project_id":{quoted(one.project_id)},"kind":"{one.kind}","at":{_moment(one.at)}'
        f"{command}{by}{registration}{person}{session}{previous}}}"
    )


_owed_others, _usual_owed = _others(
    Owed,
    *("id", "message_id", "at", "kind", "registration", "person", "title", "slot", "waits", "undecided", "method"),
    *("sequence", "address", "begins"),
)


def owed(one: Owed) -> str | None:
    """The text of a notice in the outbox, but for the brace that opens it."""
    if _owed_others(one) != _usual_owed:
        return None
    slot = "" if one.slot is None else f',"slot":{_slot(one.slot)}'
    waits = f',"waits":[{",".join([_slot(slot) for slot in one.waits])}]' if one.waits else ""
    undecided = ',"undecided":true' if one.undecided else ""
    method = "" if one.method is None else f',"method":"{one.method}"'
    sequence = f',"sequence":{one.sequence}' if one.sequence else ""
    address = f',"address":{one.address}' if one.address else ""
    begins = ',"begins":true' if one.begins else ""
    return (
        f'"id":{quoted(one.id)},"message_id":{quoted(one.message_id)},"at":{_moment(one.at)},"kind":"{one.kind}",'
        f'"registration":{quoted(one.registration)},"person":{quoted(one.person)},"title":{quoted(one.title)}'
        f"{slot}{waits}{undecided}{method}{sequence}{address}{begins}}}"
    )


USUAL: Final[dict[type[Any], Callable[[Any], str | None]]] = {
    Person: person,
    Registration: registration,
    Event: event,
    Owed: owed,
}
"""How what is usual is written, by its class."""
