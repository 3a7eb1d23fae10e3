"""What is sent: one schema for every event, on every way."""

from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from insight_sessions import Event, EventKind

SCHEMA_ID: Final = "https://json-schema.org/draft/2020-12/schema"

_Id = str | SkipJsonSchema[None]
_Time = datetime | SkipJsonSchema[None]
_frozen: Final = ConfigDict(frozen=True, extra="ignore")


class Data(BaseModel):
    """What happened, in ids and codes: never a name, an address or anything somebody wrote.

    What an event has nothing to say about is left out.
    """

    model_config = _frozen

    project_id: str = Field(description="In which project.")
    number: int = Field(ge=1, description="The event's place in the project's journal, from 1 without a gap.")
    command: _Id = Field(None, description="The id of the command that did it; absent when time did.")
    by: _Id = Field(None, description="Who asked, as an opaque id.")
    registration: _Id = Field(None, description="Whose part in the project it concerns.")
    person: _Id = Field(None, description="The library's own id of that person, or of the follower.")
    session: _Id = Field(None, description="The session it concerns.")
    previous: _Id = Field(None, description="The session of the place they had before.")
    answer: _Id = Field(None, description="What their calendar answered (RFC 5545, 3.2.12).")
    begins: _Time = Field(None, description="When the session begins now, when newer zone rules concern it.")
    began: _Time = Field(None, description="When it would have begun by the rules before.")
    attendance: _Id = Field(None, description="What was recorded of them on the day.")
    corrected: _Id = Field(None, description="What was recorded before.")
    outcome: _Id = Field(None, description="The id of the allocation, the consolidation or the erasure.")
    policy: _Id = Field(None, description="The name of the policy that allocated.")
    seed: _Id = Field(None, description="What its draw began with, in decimal digits: it may have 63 bits.")
    until: _Time = Field(None, description="The deadline of an offer.")
    about: _Id = Field(None, description="The id of the write-up, feedback, work or news, or the purpose of a consent.")
    counts: dict[str, int] | SkipJsonSchema[None] = Field(
        None, description="How many records of each kind went, when their time was over."
    )


class Payload(BaseModel):
    """The body of every message. Kinds and fields may be added: leave out what you do not know."""

    model_config = _frozen

    type: EventKind = Field(description="What happened.")
    timestamp: datetime = Field(description="When it happened, in UTC; not when it was sent.")
    data: Data


def payload_of(event: Event) -> Payload:
    """What is sent about an event; the same for those of `insight_sessions.Desk.history`, to catch up."""
    data = {name: getattr(event, name) for name in Data.model_fields if name not in ("seed", "counts")}
    seed = None if event.seed is None else str(event.seed)
    return Payload(
        type=event.kind,
        timestamp=event.at,
        data=Data(**data, seed=seed, counts=dict(event.counts) or None),
    )


def body_of(event: Event) -> bytes:
    """The same as bytes, and whenever it is asked for the same bytes."""
    return payload_of(event).model_dump_json(exclude_none=True).encode()


def message_id(event: Event) -> str:
    """The id of the message about an event, the same each time it is sent.

    It tells two events apart that have one number, such as after a store was restored from an older copy.
    """
    told = "\n".join((event.project_id, str(event.number), event.kind, event.at.isoformat()))
    return f"{event.project_id}-{event.number}-{sha256(told.encode()).hexdigest()[:16]}"


def schema() -> dict[str, Any]:
    """The JSON Schema of what is sent."""
    found = Payload.model_json_schema(mode="serialization")
    for part in (found, *found.get("$defs", {}).values()):
        for one in part.get("properties", {}).values():
            one.pop("default", None)  # nothing is sent instead
    return {"$schema": SCHEMA_ID, **found}
