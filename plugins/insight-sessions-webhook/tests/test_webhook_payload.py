"""One schema says what every message looks like, whatever happened."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insight_sessions_webhook import Data, Payload, body_of, message_id, payload_of, schema
from insight_sessions_webhook.schema import schema_text

from insight_sessions import Event, EventKind

patient = settings(deadline=None)  # other programs run at the same time
DOCUMENTED = Path(__file__).parents[3] / "docs" / "webhook.schema.json"
AT = datetime(2026, 3, 1, 9, tzinfo=UTC)

SCHEMA = schema()

ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,30}", fullmatch=True)
times = st.datetimes(timezones=st.just(UTC))
events = st.builds(
    Event,
    number=st.integers(1, 10**9),
    project_id=ids,
    kind=st.sampled_from(EventKind),
    at=times,
    **{
        name: st.none() | ids
        for name in ("command", "by", "registration", "person", "session", "previous", "answer", "attendance")
    },
    **{name: st.none() | ids for name in ("corrected", "outcome", "policy", "about")},
    **{name: st.none() | times for name in ("begins", "began", "until")},
    seed=st.none() | st.integers(0, 2**63 - 1),
    counts=st.lists(st.tuples(ids, st.integers(0, 9)), max_size=3, unique_by=lambda pair: pair[0]).map(tuple),
)


def problems(value: object, rule: dict[str, Any], whole: dict[str, Any], path: str = "") -> Iterator[str]:
    """What a JSON Schema has against a value; of the few words that ours uses."""
    if "$ref" in rule:
        yield from problems(value, whole["$defs"][rule["$ref"].rpartition("/")[2]], whole, path)
    elif rule["type"] == "object" and isinstance(value, dict):
        yield from (f"{path}.{name} is missing" for name in rule.get("required", []) if name not in value)
        for name, part in value.items():
            inner = rule.get("properties", {}).get(name, rule.get("additionalProperties"))
            yield from (
                [f"{path}.{name} is unknown"] if inner is None else problems(part, inner, whole, f"{path}.{name}")
            )
    elif not isinstance(value, {"string": str, "integer": int, "object": dict}[rule["type"]]):
        yield f"{path} is no {rule['type']}"
    elif "enum" in rule and value not in rule["enum"]:
        yield f"{path} is none of the enum"
    elif rule.get("format") == "date-time":
        datetime.fromisoformat(str(value))


@patient
@given(events)
def test_every_event_fits_the_schema(event: Event) -> None:
    """In the bytes that are sent, which are read back as they were."""
    body = body_of(event)
    assert list(problems(json.loads(body), SCHEMA, SCHEMA)) == []
    assert Payload.model_validate_json(body) == payload_of(event)
    assert body.isascii()
    assert b"null" not in body


@patient
@given(events)
def test_an_event_has_the_same_bytes_each_time(event: Event) -> None:
    """And the same id, so that whoever has it already knows."""
    copy = replace(event)
    assert (body_of(event), message_id(event)) == (body_of(copy), message_id(copy))


@patient
@given(events)
def test_no_two_events_have_one_id(event: Event) -> None:
    """Not even those of a store that was restored from an older copy, and went on otherwise."""
    ids_ = {
        message_id(other)
        for other in (
            event,
            replace(event, number=event.number + 1),
            replace(event, project_id=f"{event.project_id}-1"),
            replace(
                event,
                at=event.at - timedelta(microseconds=1) if event.at.microsecond else event.at.replace(microsecond=1),
            ),
        )
    }
    assert len(ids_) == 4
    assert all("." not in one and one.isascii() for one in ids_)


@pytest.mark.parametrize("kind", list(EventKind))
def test_every_kind_is_in_the_schema(kind: EventKind) -> None:
    """A receiver can make its types of it."""
    assert kind in SCHEMA["$defs"]["EventKind"]["enum"]
    assert json.loads(body_of(Event(kind=kind, number=1, project_id="b", at=AT)))["type"] == kind


def test_nothing_of_an_event_is_forgotten() -> None:
    """A new field of events is sent, or a decision is made here."""
    assert set(Data.model_fields) == {one.name for one in fields(Event)} - {"kind", "at"}


def test_a_large_number_survives_readers_that_know_53_bits() -> None:
    """It is sent as text."""
    event = Event(kind=EventKind.ALLOCATED, number=1, project_id="b", at=AT, seed=2**63 - 1)
    assert json.loads(body_of(event))["data"]["seed"] == "9223372036854775807"


def test_a_message_looks_like_this() -> None:
    """Byte by byte: a release must not change what waits in an outbox."""
    event = Event(
        kind=EventKind.PLACE_GIVEN,
        number=12,
        project_id="backlogs",
        at=AT,
        registration="r-1",
        person="p-1",
        session="mon",
    )
    assert body_of(event) == (
        b'{"type":"place_given","timestamp":"2026-03-01T09:00:00Z","data":{"project_id":"backlogs","number":12,'
        b'"registration":"r-1","person":"p-1","session":"mon"}}'
    )
    assert message_id(event) == "backlogs-12-1250480e77afda1e"


def test_the_manual_has_the_schema() -> None:
    """The file that receivers are pointed to, and what the module prints."""
    printed = subprocess.run(
        [sys.executable, "-m", "insight_sessions_webhook.schema"], capture_output=True, text=True, check=True
    )
    assert printed.stdout == schema_text()
    assert DOCUMENTED.read_text(encoding="utf-8") == schema_text()
