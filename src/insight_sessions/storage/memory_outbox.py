"""The outbox of the store in memory: queues of deliveries, one per consumer and stream."""

import heapq
from bisect import insort
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from insight_sessions.storage.port import Delivery, Draft, Queued, Settlement, Verdict

BEHIND = 50


@dataclass(slots=True, order=True)
class _Row:
    number: int
    project_id: str = field(compare=False)
    draft: Draft = field(compare=False)
    body: str = field(compare=False)
    ready: datetime | None = field(compare=False)
    attempts: int = field(default=0, compare=False)
    untouched: bool = field(default=True, compare=False)
    token: str = field(default="", compare=False)
    reason: str = field(default="", compare=False)

    def delivery(self, behind: tuple[Queued, ...] = ()) -> Delivery:
        draft = self.draft
        return Delivery(
            draft.id, self.project_id, draft.consumer, draft.stream, self.body, self.attempts, self.token, behind
        )


class Outbox:
    """Deliveries waiting to go out, in the order they were committed. The caller holds the lock."""

    def __init__(self) -> None:
        self._last = 0
        self.rows: dict[str, _Row] = {}
        self.streams: dict[str, dict[str, list[_Row]]] = {}
        self._dead: list[_Row] = []

    def __contains__(self, delivery_id: str) -> bool:
        return delivery_id in self.rows

    def add(self, project_id: str, drafts: Iterable[Draft]) -> None:
        """Queue deliveries in the order given."""
        for draft in drafts:
            self._last += 1
            row = _Row(self._last, project_id, draft, draft.body, draft.due)
            self.rows[draft.id] = row
            self._stream(row).append(row)

    def _stream(self, row: _Row) -> list[_Row]:
        return self.streams.setdefault(row.draft.consumer, {}).setdefault(row.draft.stream, [])

    def claim(
        self, consumers: Collection[str], now: datetime, until: datetime, limit: int, token: Callable[[], str]
    ) -> Sequence[Delivery]:
        """Take the first of each stream that is due, oldest first."""
        firsts = (
            rows[0]
            for consumer in set(consumers)
            for rows in self.streams.get(consumer, {}).values()
            if rows[0].ready is None or rows[0].ready <= now
        )
        claimed: list[Delivery] = []
        for row in heapq.nsmallest(limit, firsts):
            row.attempts += 1
            row.untouched, row.ready, row.token = False, until, token()
            claimed.append(row.delivery(self._behind(row)))
        return claimed

    def _behind(self, first: _Row) -> tuple[Queued, ...]:
        behind: list[Queued] = []
        for row in islice(self._stream(first), 1, BEHIND + 1):
            if not row.untouched:
                break
            behind.append(Queued(row.draft.id, row.body))
        return tuple(behind)

    def settle(self, settlement: Settlement) -> bool:
        """Say what became of one claim; false when the token is not the claim's."""
        row = self.rows.get(settlement.delivery_id)
        if row is None or not row.token or row.token != settlement.token:
            return False
        if settlement.verdict is Verdict.RETRY:
            row.token, row.ready, row.reason = "", settlement.due, settlement.reason
            return True
        if settlement.successor is not None and settlement.verdict is Verdict.SUPERSEDED:
            successor = self.rows.get(settlement.successor)
            if successor is None or not successor.untouched or self._stream(successor) is not self._stream(row):
                return False
            successor.body = successor.body if settlement.body is None else settlement.body
        self._leave_stream(row)
        row.token = ""
        if settlement.verdict is Verdict.DEAD:
            row.reason = settlement.reason
            insort(self._dead, row)
        else:
            del self.rows[row.draft.id]
        return True

    def _leave_stream(self, row: _Row) -> None:
        rows = self._stream(row)
        rows.remove(row)
        if not rows:
            del self.streams[row.draft.consumer][row.draft.stream]

    def dead(self, limit: int) -> list[tuple[Delivery, str]]:
        """Deliveries given up on, oldest first, each with its reason."""
        return [(row.delivery(), row.reason) for row in self._dead[:limit]]

    def requeue(self, delivery_id: str, now: datetime, consumers: Collection[str]) -> bool:
        """Put a dead letter back in its old place."""
        row = self.rows.get(delivery_id)
        if row is None or row not in self._dead or row.draft.consumer not in consumers:
            return False
        self._dead.remove(row)
        row.attempts, row.reason, row.ready = 1, "", now
        insort(self._stream(row), row)
        return True

    def drop(self, consumers: Collection[str]) -> None:
        """Forget what was not settled yet for consumers that are retired."""
        for consumer in consumers:
            for rows in self.streams.pop(consumer, {}).values():
                for row in rows:
                    del self.rows[row.draft.id]

    def backlog(self, consumer: str) -> int:
        """How many deliveries wait for a consumer."""
        return sum(len(rows) for rows in self.streams.get(consumer, {}).values())
