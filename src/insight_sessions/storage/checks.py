"""What every store checks before it writes, so that a wrong change is refused the same way everywhere."""

from collections.abc import Collection, Sequence

from insight_sessions.errors import StorageError
from insight_sessions.storage.port import Change, Record


def check_change(
    change: Change, *, project_id: str, version: int, journal_end: int, consumers: Collection[str]
) -> None:
    """Make sure a change follows on from what its hold showed.

    Args:
        change: what is to be written.
        project_id: the project that is held.
        version: the hold's version.
        journal_end: the hold's last journal number.
        consumers: those the store knows.

    Raises:
        StorageError: it does not follow on; says where.
    """
    new = version + 1
    if change.version != new:
        raise StorageError(f"project {project_id!r} is at version {version}: the next is {new}, not {change.version}")
    _check_records(change.records, project_id, new)
    for number, entry in enumerate(change.entries, journal_end + 1):
        if entry.number != number or entry.project_id != project_id:
            raise StorageError(f"journal entry {entry.number} does not follow on in {project_id!r}: {number} is next")
    for draft in change.deliveries:
        if draft.consumer not in consumers:
            raise StorageError(f"delivery {draft.id} is for {draft.consumer!r}, a consumer this store does not know")
    for receipt in change.receipts:
        if receipt.version != new:
            raise StorageError(f"the receipt of {receipt.command_id} carries version {receipt.version}, not {new}")


def _check_records(records: Sequence[Record], project_id: str, version: int) -> None:
    if len({(record.kind, record.id) for record in records}) < len(records):
        raise StorageError(f"a change of {project_id!r} writes one record twice")
    for record in records:
        if record.version != version or record.project_id != project_id:
            raise StorageError(f"record {record.kind}/{record.id} is not of version {version} of {project_id!r}")
