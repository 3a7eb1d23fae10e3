"""A plain list that does what the outbox of a store must do, and watches that the store does the same."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from hypothesis import strategies as st

from insight_sessions.storage.port import Delivery, Queued, Settlement, Storage, Verdict
from insight_sessions.testing.place import NOW, draft, write

Drawn = TypeVar("Drawn")


class Draw(Protocol):
    """Hypothesis' ``data.draw``."""

    def __call__(self, strategy: st.SearchStrategy[Drawn], /) -> Drawn:
        """A value of the strategy's choice."""
        ...


@dataclass(slots=True)
class _Row:
    id: str
    consumer: str
    stream: str
    body: str
    ready: datetime
    attempts: int = 0
    touched: bool = False
    token: str = ""
    dead: bool = False


class OutboxModel:
    """Every method does one thing to the store and to the list, and compares the answers."""

    def __init__(self, storage: Storage, project: str, consumers: list[str]) -> None:
        self._storage = storage
        self._project = project
        self._consumers = consumers
        self._now = NOW
        self.rows: list[_Row] = []
        self._posted = 0
        self.claims: list[Delivery] = []

    def post(self, draw: Draw) -> None:
        """Commit up to three deliveries."""
        rows: list[_Row] = []
        for _ in range(draw(st.integers(1, 3))):
            self._posted += 1
            id = f"{draw(st.integers(0, 9))}-{self._posted} {self._project}"
            due = self._now + timedelta(seconds=draw(st.integers(-2, 2)))
            rows.append(_Row(id, draw(st.sampled_from(self._consumers)), draw(st.sampled_from("ab")), id, due))
        drafts = [draft(row.id, row.stream, consumer=row.consumer, due=row.ready, body=row.body) for row in rows]
        write(self._storage, self._project, deliveries=drafts)
        self.rows += rows

    def wait(self, draw: Draw) -> None:
        """Let the clock go on, or back."""
        self._now += timedelta(seconds=draw(st.integers(-1, 3)))

    def claim(self, draw: Draw) -> None:
        """Claim for one or both consumers."""
        consumers = draw(st.lists(st.sampled_from(self._consumers), min_size=1, unique=True))
        limit, until = draw(st.integers(1, 3)), self._now + timedelta(seconds=draw(st.integers(0, 3)))
        claimed = self._storage.claim(consumers, worker="w", now=self._now, until=until, limit=limit)
        assert len({each.token for each in claimed}) == len(claimed)
        assert list(claimed) == self._take(consumers, until, limit, [each.token for each in claimed])
        self.claims += claimed

    def _take(self, consumers: list[str], until: datetime, limit: int, tokens: list[str]) -> list[Delivery]:
        firsts: dict[tuple[str, str], _Row] = {}
        for row in self.rows:
            if not row.dead and row.consumer in consumers:
                firsts.setdefault((row.consumer, row.stream), row)
        due = [row for row in self.rows if row in firsts.values() and row.ready <= self._now][:limit]
        assert len(due) == len(tokens)
        return [self._taken(row, until, token) for row, token in zip(due, tokens, strict=True)]

    def _taken(self, row: _Row, until: datetime, token: str) -> Delivery:
        row.attempts, row.touched, row.ready, row.token = row.attempts + 1, True, until, token
        behind: list[Queued] = []
        for other in self.rows[self.rows.index(row) + 1 :]:
            if not other.dead and (other.consumer, other.stream) == (row.consumer, row.stream):
                if other.touched:
                    break
                behind.append(Queued(other.id, other.body))
        return Delivery(row.id, self._project, row.consumer, row.stream, row.body, row.attempts, token, tuple(behind))

    def settle(self, draw: Draw) -> None:
        """Settle any claim there ever was."""
        if not self.claims:
            return
        claim = draw(st.sampled_from(self.claims))
        verdict, due = draw(st.sampled_from(Verdict)), self._now + timedelta(seconds=draw(st.integers(0, 2)))
        successor = draw(st.sampled_from([None, *(row.id for row in self.rows)]))
        settled = self._storage.settle([Settlement(claim.id, claim.token, verdict, due, "why", successor, "new")])
        assert settled == self._settled(claim, verdict, due, successor)

    def _settled(self, claim: Delivery, verdict: Verdict, due: datetime, successor: str | None) -> int:
        row = next((row for row in self.rows if row.token == claim.token), None)
        if row is None:
            return 0
        if verdict is Verdict.SUPERSEDED and successor is not None:
            heirs = [other for other in self.rows if other.id == successor and not other.touched]
            if not heirs or (heirs[0].consumer, heirs[0].stream) != (row.consumer, row.stream):
                return 0
            heirs[0].body = "new"
        row.token = ""
        if verdict is Verdict.RETRY:
            row.ready = due
        elif verdict is Verdict.DEAD:
            row.dead = True
        else:
            self.rows.remove(row)
        return 1

    def requeue(self, draw: Draw) -> None:
        """Requeue any delivery there is."""
        if not self.rows:
            return
        row = draw(st.sampled_from(self.rows))
        assert self._storage.requeue(row.id, self._now) == row.dead
        if row.dead:
            row.dead, row.attempts, row.ready = False, 1, self._now

    def leave(self) -> None:
        """Leave nothing behind, not even dead letters: others work in the same store, and look at all there is."""
        for row in self.rows:
            if row.dead:
                self._storage.requeue(row.id, self._now)
        self._storage.consumers(retire=self._consumers)

    def compare(self) -> None:
        """What waits and what was given up on is the same."""
        waiting = dict.fromkeys(self._consumers, 0)
        for row in self.rows:
            waiting[row.consumer] += not row.dead
        backlog = self._storage.backlog()
        assert {each: backlog[each] for each in self._consumers} == waiting
        dead = [each.id for each, _ in self._storage.dead_letters() if each.consumer in self._consumers]
        assert dead == [row.id for row in self.rows if row.dead]
