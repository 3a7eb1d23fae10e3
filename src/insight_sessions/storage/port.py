"""What a store is: versioned text records, a journal, an outbox and receipts.

A store moves records and knows no rules. The guarantees S1 to S9 below are proved for every store
by `insight_sessions.testing.StorageContract`; none is optional.

S1  Inside ``hold(p)`` nobody else holds ``p``, in any thread or process, a forked one too.
S2  ``commit`` is all or nothing, and durable when it returns; leaving the block without it
    changes nothing.
S3  A project's version grows by one per commit and in no other way; ``changed(since)`` and
    ``read(since)`` give exactly what changed after it, deletions too; ``whole`` gives exactly what
    lives; a restore changes the epoch.
S4  ``read`` never shows half a commit, and takes no lock that a writer waits for.
S5  Receipts are found again exactly; ``unique`` is enforced.
S6  A delivery belongs to one consumer. Claimed, it is not claimed again before ``until``; settling
    needs the claim's token; within one consumer and stream they go out in order; the attempt is
    counted at the claim.
S7  Text comes back to the byte, any Unicode.
S8  After closing and opening again, and after ``kill -9`` at any statement, S2 to S7 hold.
S9  What was erased is returned by no call; ``scrub`` says when the files are clean of it too.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol


class Record(NamedTuple):
    """One thing of a project, as text.

    Like all that a commit writes, a tuple: there are thousands of them at once, and a driver takes them as they are.

    Args:
        project_id: the project it belongs to.
        kind: what it is, such as ``"registration"``.
        id: its id within the kind.
        version: the project's version at which it was last written.
        subject: our id of the person it is about, or None.
        unique: a key that may exist once per project, or None.
        body: JSON text, or None for a deleted record.
    """

    project_id: str
    kind: str
    id: str
    version: int
    subject: str | None
    unique: str | None
    body: str | None


class Entry(NamedTuple):
    """One line of a project's journal; ``number`` begins at 1 and has no gap."""

    project_id: str
    number: int
    body: str


class Receipt(NamedTuple):
    """What became of a command.

    Args:
        command_id: the command's id.
        fingerprint: a keyed hash of its content.
        kind: the kind of its result.
        result: the id of its result.
        version: the project's version that the command made.
        at: when, in UTC.
    """

    command_id: str
    fingerprint: str
    kind: str
    result: str
    version: int
    at: datetime


class Draft(NamedTuple):
    """A delivery as it is committed.

    Args:
        id: its id, unique in the store.
        consumer: who is to take it.
        stream: within one consumer and stream, deliveries go out in the order they were committed.
        body: JSON text.
        due: not before this moment, in UTC.
    """

    id: str
    consumer: str
    stream: str
    body: str
    due: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as it was claimed, or as a dead letter.

    Args:
        id: its id.
        project_id: the project it came from.
        consumer: who is to take it.
        stream: its place in an order.
        body: JSON text.
        attempts: how often it was claimed, this claim included.
        token: proof of this claim, needed to settle it; empty for a dead letter.
        behind: those waiting behind it in its consumer and stream, in order, none of them ever
            claimed: up to the first that was, and 50 at the most.
    """

    id: str
    project_id: str
    consumer: str
    stream: str
    body: str
    attempts: int
    token: str
    behind: tuple["Queued", ...] = ()


@dataclass(frozen=True, slots=True)
class Queued:
    """A delivery behind a claimed one: its id and body."""

    id: str
    body: str


class Verdict(StrEnum):
    """How a claim ends."""

    SENT = "sent"
    RETRY = "retry"
    DEAD = "dead"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a claimed delivery.

    Args:
        delivery_id: which one.
        token: the claim's token; a settlement with another one changes nothing.
        verdict: how it ended. ``DEAD`` no longer holds up those behind it.
        due: with ``RETRY``, when it may be claimed again.
        reason: with ``RETRY`` and ``DEAD``, a short word for the organiser; no personal data.
        successor: with ``SUPERSEDED``, a never-claimed delivery of the same consumer and stream …
        body: … and that delivery's new body. When the successor was claimed meanwhile or is gone, the
            whole settlement changes nothing.
    """

    delivery_id: str
    token: str
    verdict: Verdict
    due: datetime | None = None
    reason: str = ""
    successor: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """All that one commit writes.

    Args:
        version: the new version, one more than the hold's.
        records: new and changed records, deleted ones without a body; all carry ``version``.
        entries: journal entries, numbered on from the hold's ``journal_end``.
        deliveries: for the outbox, in order.
        receipts: of the commands committed together.
        wake_at: when the project next needs attention, or None.
    """

    version: int
    records: Sequence[Record] = ()
    entries: Sequence[Entry] = ()
    deliveries: Sequence[Draft] = ()
    receipts: Sequence[Receipt] = ()
    wake_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What changed in a project after a version, read without a lock.

    Args:
        epoch: the store's epoch.
        version: the project's version, 0 when there is no such project.
        journal_end: the number of the last journal entry, 0 when there is none.
        records: all records whose version is greater than ``since``, deletions included.
    """

    epoch: str
    version: int
    journal_end: int
    records: Sequence[Record]


@dataclass(frozen=True, slots=True)
class Whole:
    """All that lives in a project, at one version.

    Args:
        epoch: the store's epoch.
        version: the project's version, 0 when there is no such project.
        journal_end: the number of the last journal entry, 0 when there is none.
        bodies: of all its living records by kind, in no certain order; no kind without any.
    """

    epoch: str
    version: int
    journal_end: int
    bodies: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Scrub:
    """Whether the store's own files are clean of what was erased, or why not yet."""

    clean: bool
    reason: str = ""


class Hold(Protocol):
    """A project, held exclusively inside one transaction."""

    @property
    def epoch(self) -> str:
        """Changes when the store is restored from a backup."""
        ...

    @property
    def version(self) -> int:
        """The project's version, 0 when there is no such project yet."""
        ...

    @property
    def journal_end(self) -> int:
        """The number of the project's last journal entry, 0 when there is none."""
        ...

    @property
    def consumers(self) -> frozenset[str]:
        """Every consumer the store knows."""
        ...

    def changed(self, since: int) -> Sequence[Record]:
        """Records written after a version, deletions included as records without a body."""
        ...

    def receipts(self, command_ids: Collection[str]) -> Mapping[str, Receipt]:
        """The receipts there are for these commands of this project."""
        ...

    def commit(self, change: Change) -> None:
        """Write all of it, durably, or nothing. A hold commits once.

        Raises:
            StorageError: nothing was written, or it cannot be known whether it was.
        """
        ...


class Storage(Protocol):
    """A place where projects are kept. Safe for many threads; opened lazily, per process."""

    def hold(self, project_id: str) -> AbstractContextManager[Hold]:
        """Hold a project alone. A nested hold in one thread raises `StorageError`."""
        ...

    def read(self, project_id: str, since: int = 0) -> Snapshot:
        """A consistent view of what changed after a version, without waiting for a writer."""
        ...

    def whole(self, project_id: str) -> Whole:
        """A consistent view of all that lives in a project, without waiting for a writer.

        It opens projects that are not in memory yet, large ones too, so it should give bodies and do nothing else.
        """
        ...

    def project_ids(self) -> Sequence[str]:
        """Ids of all projects with at least one commit, sorted."""
        ...

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        """Projects whose ``wake_at`` has come, earliest first."""
        ...

    def about(self, subject: str) -> Sequence[Record]:
        """Every living record about one person, across projects."""
        ...

    def journal(self, project_id: str, after: int = 0, limit: int = 1000) -> Sequence[Entry]:
        """Journal entries with a number greater than ``after``, in order."""
        ...

    def consumers(self, add: Collection[str] = (), retire: Collection[str] = ()) -> frozenset[str]:
        """Make consumers known or forget them; give all that are known now.

        Retiring a consumer drops its unsettled deliveries.
        """
        ...

    def claim(
        self, consumers: Collection[str], *, worker: str, now: datetime, until: datetime, limit: int
    ) -> Sequence[Delivery]:
        """Take due deliveries for these consumers, oldest first, at most one per consumer and stream.

        A stream whose first unsettled delivery is claimed by somebody or not yet due gives nothing.
        A claim whose ``until`` has passed may be taken by anyone.
        """
        ...

    def settle(self, settlements: Sequence[Settlement]) -> int:
        """Say what became of claims; gives how many took effect."""
        ...

    def dead_letters(self, limit: int = 1000) -> Sequence[tuple[Delivery, str]]:
        """Deliveries given up on, oldest first, each with its reason."""
        ...

    def requeue(self, delivery_id: str, now: datetime) -> bool:
        """Make a dead letter due again; false when there is none such.

        Its attempts begin again at 1: it was claimed before, and a claim of it must never look like the first.
        """
        ...

    def forget_receipts(self, before: datetime) -> int:
        """Delete receipts older than a moment; gives how many."""
        ...

    def backlog(self) -> Mapping[str, int]:
        """Unsettled deliveries for each known consumer."""
        ...

    def scrub(self) -> Scrub:
        """Clean the store's own files of what was erased; clean, or pending with the reason."""
        ...

    def close(self) -> None:
        """Let go of connections and files. Nothing may be called afterwards."""
        ...
