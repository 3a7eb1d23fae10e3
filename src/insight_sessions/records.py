"""How things are kept as text: the one place that knows the bodies of records.

Every body is JSON with a ``format`` number. A body with a newer one was written by a newer release:
it is read as well as may be, but its project must not be written by this one.

What is kept of people, of which there is much, leaves out every field that has its default value. So such a
default means the same for ever: another one, like any other change of what a body says, needs a new ``format``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic_core import from_json

from insight_sessions.domain.allocated import Allocation
from insight_sessions.domain.consolidated import Consolidation
from insight_sessions.domain.events import Event
from insight_sessions.domain.notices import Owed
from insight_sessions.domain.project import Project
from insight_sessions.domain.registration import Registration
from insight_sessions.domain.session import Session
from insight_sessions.domain.state import ProjectState
from insight_sessions.domain.thing import KINDS, Thing, subject_of
from insight_sessions.errors import StorageError, UpgradeNeeded
from insight_sessions.storage.port import Record, Snapshot, Storage, Whole
from insight_sessions.text import STORED
from insight_sessions.usual import USUAL

FORMAT: Final = 1
_PREFIX: Final = f'{{"format":{FORMAT},'

_IN_FULL: Final[frozenset[type[Any]]] = frozenset({Project, Session, Allocation, Consolidation})
"""What is written with every field: there are few of them, and a default of theirs may be a sentence of ours."""

_forms: dict[type[Any], TypeAdapter[Any]] = {}


def _form(kind: type[Any]) -> TypeAdapter[Any]:
    """How a class of thing is read and written; made when it is first needed, which takes milliseconds."""
    form = _forms.get(kind)
    if form is None:
        form = _forms[kind] = TypeAdapter(kind)
    return form


def _text(kind: type[Any], value: object) -> str:
    usual = USUAL.get(kind)
    said = None if usual is None else usual(value)
    if said is not None:
        return _PREFIX + said
    body = _form(kind).serializer.to_json(value, exclude_none=True, exclude_defaults=kind not in _IN_FULL)
    return _PREFIX + body.decode()[1:]


def encode(project_id: str, kind: str, id: str, version: int, thing: Thing | None) -> Record:
    """A thing as a record; one without a body for what is gone."""
    if thing is None:
        return Record(project_id, kind, id, version, subject=None, unique=None, body=None)
    unique = f"live:{thing.person}" if isinstance(thing, Registration) and thing.is_live else None
    return Record(project_id, kind, id, version, subject_of(thing), unique, _text(KINDS[kind].type, thing))


@dataclass(frozen=True, slots=True)
class Read:
    """What records hold.

    Args:
        things: all that this release understands.
        newer: whether a newer release wrote some of it.
    """

    things: list[Thing]
    newer: bool


def open_project(storage: Storage, project_id: str) -> tuple[Whole | Snapshot, Read]:
    """What a store has of a project, and all the things in it.

    Raises:
        UpgradeNeeded: a newer release wrote something that this one cannot read.
        StorageError: a body is broken.
    """
    whole = storage.whole(project_id)
    try:
        return whole, _things(whole.bodies)
    except StorageError:
        found = storage.read(project_id)
        return found, decode(found.records)  # which says what is broken


def decode(records: Iterable[Record]) -> Read:
    """The things behind records; deleted ones are left out.

    Raises:
        UpgradeNeeded: a newer release wrote something that this one cannot read.
        StorageError: a body is broken.
    """
    living = [record for record in records if record.body is not None]
    bodies: dict[str, list[str]] = {}
    for record in living:
        bodies.setdefault(record.kind, []).append(record.body or "")
    try:
        return _things(bodies)
    except StorageError as error:
        broken = next(record for record in living if _is_broken(record))
        where = f"{broken.kind} {broken.id!r} of project {broken.project_id!r}"
        if isinstance(error, UpgradeNeeded):
            raise UpgradeNeeded(f"a newer release wrote {where}; this one cannot read it") from None
        raise StorageError(f"{where} cannot be read") from None


def _is_broken(record: Record) -> bool:
    try:
        _things({record.kind: [record.body or ""]})
    except StorageError:
        return True
    return False


def _things(bodies: Mapping[str, Sequence[str]]) -> Read:
    """The things behind bodies by kind: one kind after the other, so that its reader stays close to the processor."""
    newer = not bodies.keys() <= KINDS.keys()
    things: list[Thing] = []
    for kind in filter(KINDS.__contains__, bodies):
        read = _form(KINDS[kind].type).validator.validate_json
        try:
            for body in bodies[kind]:
                if not body.startswith(_PREFIX):
                    newer = newer or from_json(body)["format"] > FORMAT
                things.append(read(body, context=STORED, extra="ignore"))
        except (ValueError, LookupError, TypeError):
            # What pydantic says of it quotes the body, which is somebody's.
            raise (UpgradeNeeded if newer else StorageError)(f"a {kind} cannot be read") from None
    return Read(things, newer)


def changed_records(state: ProjectState, version: int) -> list[Record]:
    """What a state's changes are as records."""
    return [encode(state.project_id, kind, id, version, thing) for (kind, id), thing in state.changed().items()]


def plain_record(record: Record) -> dict[str, Any]:
    """What a record says, in full, as plain data; as it is written when this release does not know its kind.

    Raises:
        UpgradeNeeded: a newer release wrote something that this one cannot read.
        StorageError: its body is broken.
    """
    things = decode([record]).things
    if things:
        return _plain(things[0])
    body: dict[str, Any] = from_json(record.body or "{}")
    return {key: value for key, value in body.items() if key != "format"}


def plain_event(event: Event) -> dict[str, Any]:
    """What an event says, as plain data."""
    return _plain(event)


def _plain(value: object) -> dict[str, Any]:
    plain: dict[str, Any] = _form(type(value)).dump_python(value, mode="json", exclude_none=True)
    return plain


def event_text(event: Event) -> str:
    """An event as text."""
    return _text(Event, event)


def read_event(body: str) -> Event:
    """The event behind its text.

    Raises:
        StorageError: the text is broken.
    """
    event: Event = _read(Event, body, "an event")
    return event


def journal(storage: Storage, project_id: str) -> Iterator[Event]:
    """All that happened in a project, oldest first; read as it is asked for.

    Raises:
        StorageError: it cannot be read.
    """
    after = 0
    while entries := storage.journal(project_id, after=after):
        after = entries[-1].number
        yield from (read_event(entry.body) for entry in entries)


def owed_text(owed: Owed) -> str:
    """A notice in the outbox as text."""
    return _text(Owed, owed)


def read_owed(body: str) -> Owed:
    """The notice in the outbox behind its text.

    Raises:
        StorageError: the text is broken.
    """
    owed: Owed = _read(Owed, body, "a notice")
    return owed


def _read(kind: type[Any], body: str, what: str) -> Any:  # noqa: ANN401 - of that kind
    try:
        return _form(kind).validator.validate_json(body, context=STORED, extra="ignore")
    except ValueError:
        raise StorageError(f"{what} cannot be read") from None
