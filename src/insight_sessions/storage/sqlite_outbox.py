"""The outbox of a SQLite store: claiming, settling, dead letters. Each call runs inside one transaction."""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from insight_sessions.storage.port import Delivery, Queued, Settlement, Verdict

BEHIND = 50

_DUE = "SELECT number FROM outbox WHERE consumer = ? AND head = 1 AND ready <= ? ORDER BY number LIMIT ?"
_STILL = "SELECT consumer FROM outbox WHERE number = ? AND head = 1 AND ready <= ?"
_TAKE = "UPDATE outbox SET attempts = attempts + 1, touched = 1, token = ?, worker = ?, ready = ? WHERE number = ?"
_TAKEN = "SELECT id, project_id, consumer, stream, body, attempts, token FROM outbox WHERE number = ?"
_BEHIND = """
SELECT id, body, touched FROM outbox
WHERE consumer = ? AND stream = ? AND dead = 0 AND number > ? ORDER BY number LIMIT ?
"""
_CLAIMED = "SELECT number, consumer, stream FROM outbox WHERE id = ? AND token = ?"
_RETRY = "UPDATE outbox SET token = NULL, ready = ?, reason = ? WHERE number = ?"
_BURY = "UPDATE outbox SET token = NULL, head = 0, dead = 1, reason = ? WHERE number = ?"
_DELETE = "DELETE FROM outbox WHERE number = ?"
_SUCCEED = """
UPDATE outbox SET body = coalesce(?, body) WHERE id = ? AND consumer = ? AND stream = ? AND touched = 0
"""
_NO_HEAD = "UPDATE outbox SET head = 0 WHERE consumer = ? AND stream = ? AND dead = 0 AND head = 1"
_NEXT_HEAD = """
UPDATE outbox SET head = 1
WHERE number = (SELECT min(number) FROM outbox WHERE consumer = ? AND stream = ? AND dead = 0)
"""
_DEAD = """
SELECT id, project_id, consumer, stream, body, attempts, '', reason FROM outbox WHERE dead = 1 ORDER BY number LIMIT ?
"""
_DEAD_ONE = "SELECT consumer, stream FROM outbox WHERE id = ? AND dead = 1"
_REVIVE = "UPDATE outbox SET dead = 0, attempts = 1, reason = '', ready = ? WHERE id = ?"


def due(connection: sqlite3.Connection, consumers: Collection[str], now: int, limit: int) -> list[int]:
    """Numbers of the deliveries that may be claimed, oldest first."""
    numbers: list[int] = []
    for consumer in set(consumers):
        numbers.extend(number for (number,) in connection.execute(_DUE, (consumer, now, limit)))
    return sorted(numbers)[:limit]


def still_due(connection: sqlite3.Connection, numbers: Iterable[int], consumers: Collection[str], now: int) -> bool:
    """Whether all of these, found before the file was ours to write, may still be claimed."""
    found = (connection.execute(_STILL, (number, now)).fetchone() for number in numbers)
    return all(row is not None and row[0] in consumers for row in found)


def claim(
    connection: sqlite3.Connection, numbers: Iterable[int], worker: str, until: int, token: Callable[[], str]
) -> list[Delivery]:
    """Take these deliveries, each with a token of its own."""
    claimed: list[Delivery] = []
    for number in numbers:
        connection.execute(_TAKE, (token(), worker, until, number))
        taken = Delivery(*connection.execute(_TAKEN, (number,)).fetchone())
        claimed.append(replace(taken, behind=_behind(connection, taken.consumer, taken.stream, number)))
    return claimed


def _behind(connection: sqlite3.Connection, consumer: str, stream: str, number: int) -> tuple[Queued, ...]:
    behind: list[Queued] = []
    for id, body, touched in connection.execute(_BEHIND, (consumer, stream, number, BEHIND)):
        if touched:
            break
        behind.append(Queued(id, body))
    return tuple(behind)


def settle(connection: sqlite3.Connection, settlement: Settlement, due: int) -> bool:
    """Say what became of one claim; false when the token is not the claim's."""
    claimed = connection.execute(_CLAIMED, (settlement.delivery_id, settlement.token)).fetchone()
    if claimed is None:
        return False
    number, consumer, stream = claimed
    match settlement.verdict:
        case Verdict.RETRY:
            connection.execute(_RETRY, (due, settlement.reason, number))
            return True
        case Verdict.DEAD:
            connection.execute(_BURY, (settlement.reason, number))
        case _:
            if not _succeeded(connection, settlement, consumer, stream):
                return False
            connection.execute(_DELETE, (number,))
    connection.execute(_NEXT_HEAD, (consumer, stream))
    return True


def _succeeded(connection: sqlite3.Connection, settlement: Settlement, consumer: str, stream: str) -> bool:
    if settlement.verdict is not Verdict.SUPERSEDED or settlement.successor is None:
        return True
    values = (settlement.body, settlement.successor, consumer, stream)
    return connection.execute(_SUCCEED, values).rowcount == 1


def dead_letters(connection: sqlite3.Connection, limit: int) -> Sequence[tuple[Delivery, str]]:
    """Deliveries given up on, oldest first, each with its reason."""
    return [(Delivery(*row[:-1]), row[-1]) for row in connection.execute(_DEAD, (limit,))]


def requeue(connection: sqlite3.Connection, delivery_id: str, now: int, consumers: Collection[str]) -> bool:
    """Put a dead letter back in its old place."""
    stream = connection.execute(_DEAD_ONE, (delivery_id,)).fetchone()
    if stream is None or stream[0] not in consumers:
        return False
    connection.execute(_NO_HEAD, stream)
    connection.execute(_REVIVE, (now, delivery_id))
    connection.execute(_NEXT_HEAD, stream)
    return True


def drop(connection: sqlite3.Connection, consumers: Collection[str]) -> None:
    """Forget what was not settled yet for consumers that are retired."""
    connection.executemany(
        "DELETE FROM outbox WHERE consumer = ? AND dead = 0", [(consumer,) for consumer in consumers]
    )


def backlog(connection: sqlite3.Connection) -> dict[str, int]:
    """How many deliveries wait for each consumer that has any."""
    return dict(connection.execute("SELECT consumer, count(*) FROM outbox WHERE dead = 0 GROUP BY consumer"))
