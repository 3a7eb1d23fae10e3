"""Everything that is held about one person, across projects, as plain data.

Whatever is kept under our id of them is in it, of whatever kind: a new kind of record joins by itself. It holds no
secret, and of others only what they wrote to this person.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from insight_sessions.identity import is_household
from insight_sessions.records import journal, plain_event, plain_record
from insight_sessions.storage.port import Record, Storage

EXPORT_FORMAT: Final = 1
"""Grows by one when what an export says changes its meaning or its place."""

_SECRET: Final = frozenset({"nonce"})
"""What is kept beside projects and opens something."""

_OF_OTHERS: Final = frozenset({"by"})
"""What an event says of somebody else."""


def export(
    storage: Storage, member_id: str, ids: Sequence[str], plugins: Iterable[str], now: datetime
) -> dict[str, Any]:
    """Everything about somebody, as `Desk.export_member` gives it.

    Args:
        storage: where it is held.
        member_id: the host's id of them.
        ids: ours of them, their own first.
        plugins: those with data of their own.
        now: the time.

    Raises:
        StorageError: something of it could not be read.
    """
    found = sorted(
        (record for id in ids for record in storage.about(id)), key=lambda one: (one.project_id, one.kind, one.id)
    )
    projects: dict[str, Any] = {}
    beside: dict[str, Any] = {}
    for project_id, records in groupby(found, key=lambda one: one.project_id):
        if is_household(project_id):
            beside.update(_by_kind(records, _SECRET))
        else:
            projects[project_id] = _project(storage, project_id, ids, list(records))
    return {
        "format": EXPORT_FORMAT,
        "at": now.isoformat(),
        "member_id": member_id,
        "person": ids[0],
        "projects": projects,
        "beside": beside,
        "plugins": sorted(plugins),
    }


def _project(storage: Storage, project_id: str, ids: Collection[str], records: list[Record]) -> dict[str, Any]:
    registrations = {record.id for record in records if record.kind == "registration"}
    history = [
        {key: value for key, value in plain_event(event).items() if key not in _OF_OTHERS}
        for event in journal(storage, project_id)
        if event.person in ids or event.registration in registrations
    ]
    return {"records": _by_kind(records, frozenset()), "history": history}


def _by_kind(records: Iterable[Record], without: frozenset[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        kept = {key: value for key, value in plain_record(record).items() if key not in without}
        found.setdefault(record.kind, []).append(kept)
    return found
