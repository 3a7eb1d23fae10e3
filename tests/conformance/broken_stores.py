"""Stores that each break one promise, to see that the contract notices."""

# ruff: noqa: D102 - what is broken stands at the class

import threading
import unicodedata
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from insight_sessions.errors import StorageError
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.memory_hold import MemoryHold
from insight_sessions.storage.port import (
    Change,
    Delivery,
    Hold,
    Queued,
    Receipt,
    Record,
    Settlement,
    Snapshot,
    Verdict,
    Whole,
)


class SoundHold:
    """A hold that leaves the work to its storage, where it can be done badly."""

    def __init__(self, hold: Hold, storage: "Sound", project_id: str) -> None:
        self.hold, self.storage, self.project_id = hold, storage, project_id
        self.epoch, self.version, self.journal_end = hold.epoch, hold.version, hold.journal_end

    @property
    def consumers(self) -> frozenset[str]:
        """As the hold says."""
        return self.hold.consumers

    def changed(self, since: int) -> Sequence[Record]:
        """As the storage says."""
        return self.storage.changed(self, since)

    def receipts(self, command_ids: Collection[str]) -> Mapping[str, Receipt]:
        """As the hold says."""
        return self.hold.receipts(command_ids)

    def commit(self, change: Change) -> None:
        """As the storage does."""
        self.storage.commit(self, change)


class Sound(MemoryStorage):
    """Breaks nothing: the control."""

    @contextmanager
    def hold(self, project_id: str) -> Generator[Hold, None, None]:
        with super().hold(project_id) as hold:
            yield SoundHold(hold, self, project_id)

    def changed(self, hold: SoundHold, since: int) -> Sequence[Record]:
        """What a hold gives."""
        return hold.hold.changed(since)

    def commit(self, hold: SoundHold, change: Change) -> None:
        """What a hold does."""
        hold.hold.commit(change)


class NoLock(Sound):
    """Lets everybody in."""

    @contextmanager
    def hold(self, project_id: str) -> Generator[Hold, None, None]:
        yield MemoryHold(self.shelf, project_id)


class NestedHolds(Sound):
    """Lets a thread hold two projects."""

    @contextmanager
    def hold(self, project_id: str) -> Generator[Hold, None, None]:
        if threading.get_ident() in self.shelf.holding:
            yield MemoryHold(self.shelf, project_id)
        else:
            with super().hold(project_id) as hold:
                yield hold


class CommitsUnasked(Sound):
    """Makes a project of each hold, committed or not."""

    @contextmanager
    def hold(self, project_id: str) -> Generator[Hold, None, None]:
        with super().hold(project_id) as hold:
            yield hold
            if hold.version == 0 and project_id not in self.shelf.projects:
                MemoryHold(self.shelf, project_id).commit(Change(1))


class KeepsPartOfARefusedChange(Sound):
    """Writes the records before it looks at the rest."""

    def commit(self, hold: SoundHold, change: Change) -> None:
        try:
            super().commit(hold, change)
        except StorageError:
            project = self.shelf.projects[hold.project_id]
            project.records.update({(each.kind, each.id): each for each in change.records})
            raise


class CommitsTwice(Sound):
    """Takes a second commit in one hold."""

    def commit(self, hold: SoundHold, change: Change) -> None:
        MemoryHold(self.shelf, hold.project_id).commit(change)


class VersionsJump(Sound):
    """Counts each commit twice."""

    def commit(self, hold: SoundHold, change: Change) -> None:
        super().commit(hold, change)
        self.shelf.projects[hold.project_id].version += 1


class TakesAnyVersion(Sound):
    """Writes whatever version and numbers it is given."""

    def commit(self, hold: SoundHold, change: Change) -> None:
        version = hold.version + 1
        records = {(each.kind, each.id): each._replace(version=version) for each in change.records}
        receipts = [each._replace(version=version) for each in change.receipts]
        super().commit(hold, replace(change, version=version, records=list(records.values()), receipts=receipts))


class ForgetsDeletions(Sound):
    """Gives only living records."""

    def changed(self, hold: SoundHold, since: int) -> Sequence[Record]:
        return [each for each in super().changed(hold, since) if each.body is not None]

    def read(self, project_id: str, since: int = 0) -> Snapshot:
        snapshot = super().read(project_id, since)
        return replace(snapshot, records=[each for each in snapshot.records if each.body is not None])


class ShowsDeletionsInAWhole(Sound):
    """Names kinds of which nothing lives."""

    def whole(self, project_id: str) -> Whole:
        whole = super().whole(project_id)
        gone: dict[str, list[str]] = {each.kind: [] for each in self.read(project_id).records}
        return replace(whole, bodies=gone | dict(whole.bodies))


class ForgetsOneInAWhole(Sound):
    """Leaves one of each kind out."""

    def whole(self, project_id: str) -> Whole:
        whole = super().whole(project_id)
        return replace(whole, bodies={kind: bodies[1:] or bodies for kind, bodies in whole.bodies.items()})


class SameEpochAfterRestore(Sound):
    """Does not notice that it was put back."""

    def restored(self) -> None:
        pass


class ShowsHalfACommit(Sound):
    """Writes record by record where readers look."""

    def commit(self, hold: SoundHold, change: Change) -> None:
        project = self.shelf.projects.get(hold.project_id)
        if project is not None and change.records:
            with self.shelf.mutex:
                first = change.records[0]
                project.records[first.kind, first.id] = first
            threading.Event().wait(0.002)
        super().commit(hold, change)


class ReadersWait(Sound):
    """Lets nobody read what somebody holds."""

    def read(self, project_id: str, since: int = 0) -> Snapshot:
        if threading.get_ident() in self.shelf.holding:
            return super().read(project_id, since)
        with self.hold(project_id):
            return super().read(project_id, since)


class LosesReceipts(Sound):
    """Keeps no receipt."""

    def commit(self, hold: SoundHold, change: Change) -> None:
        super().commit(hold, replace(change, receipts=()))


class RoundsReceipts(Sound):
    """Keeps receipts to the second."""

    def commit(self, hold: SoundHold, change: Change) -> None:
        receipts = [each._replace(at=each.at.replace(microsecond=0)) for each in change.receipts]
        super().commit(hold, replace(change, receipts=receipts))


class UniqueNotEnforced(Sound):
    """Lets two records have one key."""

    def commit(self, hold: SoundHold, change: Change) -> None:
        super().commit(hold, replace(change, records=[each._replace(unique=None) for each in change.records]))


class NormalisesText(Sound):
    """Thinks it knows better how text is written."""

    def commit(self, hold: SoundHold, change: Change) -> None:
        records = [
            each._replace(body=None if each.body is None else unicodedata.normalize("NFC", each.body))
            for each in change.records
        ]
        super().commit(hold, replace(change, records=records))


class WakesForEver(Sound):
    """Never forgets that a project wanted attention."""

    def commit(self, hold: SoundHold, change: Change) -> None:
        before = self.shelf.projects.get(hold.project_id)
        kept = before.wake_at if before else None
        super().commit(hold, replace(change, wake_at=change.wake_at or kept))


class ReturnsTheErased(Sound):
    """Still finds what was erased."""

    erased: tuple[Record, ...] = ()

    def about(self, subject: str) -> Sequence[Record]:
        return [*super().about(subject), *self.erased]

    def commit(self, hold: SoundHold, change: Change) -> None:
        self.erased = tuple(each for each in change.records if each.body is None)
        super().commit(hold, change)


class ForgetsConsumersWhenOpened(Sound):
    """Keeps the consumers in the process that named them."""

    def reopened(self) -> "ForgetsConsumersWhenOpened":
        other = super().reopened()
        other.shelf.consumers = frozenset()
        return other


class ForgetsClaimsWhenOpened(Sound):
    """Keeps in memory who claimed what."""

    def reopened(self) -> "ForgetsClaimsWhenOpened":
        other = super().reopened()
        for streams in other.shelf.outbox.streams.values():
            for rows in streams.values():
                rows[0].ready = None
        return other


class OrdersById(Sound):
    """Sends in the order of the ids."""

    def commit(self, hold: SoundHold, change: Change) -> None:
        super().commit(hold, replace(change, deliveries=sorted(change.deliveries, key=lambda each: each.id)))


class ClaimsForAnybody(Sound):
    """Gives one consumer's deliveries to another."""

    def claim(
        self, consumers: Collection[str], *, worker: str, now: datetime, until: datetime, limit: int
    ) -> Sequence[Delivery]:
        return super().claim(self.consumers(), worker=worker, now=now, until=until, limit=limit)


class ClaimsForAMoment(Sound):
    """Ignores until when something is claimed."""

    def claim(
        self, consumers: Collection[str], *, worker: str, now: datetime, until: datetime, limit: int
    ) -> Sequence[Delivery]:
        return super().claim(consumers, worker=worker, now=now, until=now, limit=limit)


class CountsAttemptsAtSettling(Sound):
    """Does not count an attempt that its worker did not survive."""

    def claim(
        self, consumers: Collection[str], *, worker: str, now: datetime, until: datetime, limit: int
    ) -> Sequence[Delivery]:
        claimed = super().claim(consumers, worker=worker, now=now, until=until, limit=limit)
        for each in claimed:
            self.shelf.outbox.rows[each.id].attempts -= 1
        return claimed


class ShowsClaimedOnesBehind(Sound):
    """Shows all that waits behind a claim, never claimed or not."""

    def claim(
        self, consumers: Collection[str], *, worker: str, now: datetime, until: datetime, limit: int
    ) -> Sequence[Delivery]:
        claimed = super().claim(consumers, worker=worker, now=now, until=until, limit=limit)
        streams = self.shelf.outbox.streams
        return [
            replace(
                each,
                behind=tuple(Queued(row.draft.id, row.body) for row in streams[each.consumer][each.stream][1:51]),
            )
            for each in claimed
        ]


class SettlesWithoutToken(Sound):
    """Believes anyone who says that it is done."""

    def settle(self, settlements: Sequence[Settlement]) -> int:
        rows = self.shelf.outbox.rows
        return super().settle(
            [replace(each, token=rows[each.delivery_id].token) for each in settlements if each.delivery_id in rows]
        )


class SupersedesBlindly(Sound):
    """Drops a delivery although its successor is gone."""

    def settle(self, settlements: Sequence[Settlement]) -> int:
        settle = super().settle
        return sum(settle([each]) or settle([replace(each, successor=None)]) for each in settlements)


class DeadLettersHoldUp(Sound):
    """Keeps a dead letter at the head of its stream."""

    def settle(self, settlements: Sequence[Settlement]) -> int:
        never = datetime.max.replace(tzinfo=UTC)
        return super().settle(
            [
                replace(each, verdict=Verdict.RETRY, due=never) if each.verdict is Verdict.DEAD else each
                for each in settlements
            ]
        )


class RetiringLeavesDeliveries(Sound):
    """Forgets a consumer and keeps what waits for it."""

    def consumers(self, add: Collection[str] = (), retire: Collection[str] = ()) -> frozenset[str]:
        self.shelf.consumers = (self.shelf.consumers | set(add)) - set(retire)
        return self.shelf.consumers


class RequeueKeepsAttempts(Sound):
    """Sends a dead letter back with more attempts than it died of."""

    def requeue(self, delivery_id: str, now: datetime) -> bool:
        row = self.shelf.outbox.rows.get(delivery_id)
        attempts = row.attempts if row else 0
        done = super().requeue(delivery_id, now)
        if row:
            row.attempts = attempts + 1
        return done
