"""PostgreSQL: many callers of one project, several processes, several workers."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, LiteralString, TypeAlias

import psycopg
from psycopg import sql

from tests.bench.stage import desk, filled, interests
from tests.bench.table import TIMES, Row, Scale, Target, at_least, in_turns, rate, seconds
from tests.servers.postgres import shared

ROOT = Path(__file__).resolve().parents[2]
CALLERS = 16
CROWDS = (1, 2, 4)

Cells: TypeAlias = tuple[Any, ...]

# What `PostgresStorage` writes for one registration, into its own tables, without what it keeps to be quick.
_SCHEMA = "insight_sessions"
_FORMS: tuple[LiteralString, ...] = (
    "SELECT kind, id, version, subject, unique_key, body FROM {}.record WHERE kind = 'person' LIMIT 1",
    "SELECT kind, id, version, subject, unique_key, body FROM {}.record WHERE kind = 'registration' LIMIT 1",
    "SELECT body FROM {}.journal ORDER BY number DESC LIMIT 1",
    "SELECT fingerprint, kind, result, at FROM {}.receipt WHERE kind = 'registration' LIMIT 1",
    "SELECT consumer, body, ready FROM {}.outbox LIMIT 1",
)
_LOCK = "SELECT version, journal_end FROM {}.project WHERE project_id = %s FOR UPDATE"
_KNOWN = "SELECT 1 FROM {}.receipt WHERE project_id = %s AND command_id = %s"
_LIVE = "SELECT 1 FROM {}.record WHERE project_id = %s AND unique_key = %s"
_RECORD = (
    "INSERT INTO {}.record (project_id, kind, id, version, subject, unique_key, body)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s)"
)
_ENTRY = "INSERT INTO {}.journal (project_id, number, body) VALUES (%s, %s, %s)"
_RECEIPT = (
    "INSERT INTO {}.receipt (project_id, command_id, fingerprint, kind, result, version, at)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s)"
)
_DELIVERY = "INSERT INTO {}.outbox (project_id, id, consumer, stream, body, ready) VALUES (%s, %s, %s, %s, %s, %s)"
_NEXT = "UPDATE {}.project SET version = %s, journal_end = %s WHERE project_id = %s"


def _in(text: LiteralString) -> sql.Composed:
    return sql.SQL(text).format(sql.Identifier(_SCHEMA))


class RoundTrips:
    """The way of a web framework: lock the project's row, ask, write row by row, commit; a round trip each.

    Args:
        url: of a database in which a desk has registered one member.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        with psycopg.connect(url) as connection:
            forms: list[Any] = [connection.execute(_in(text)).fetchone() for text in _FORMS]
        self._person, self._registration, self._entry, self._receipt, self._delivery = forms
        texts: tuple[LiteralString, ...] = (_LOCK, _KNOWN, _LIVE, _RECORD, _ENTRY, _RECEIPT, _DELIVERY, _NEXT)
        self._statements = list(map(_in, texts))

    def work(self, share: Sequence[str], together: threading.Barrier) -> None:
        """Register so many, on a connection of one's own."""
        with psycopg.connect(self._url) as connection:
            together.wait()
            for mark in share:
                self._register(connection, mark)
            together.wait()

    def _register(self, connection: psycopg.Connection[Cells], mark: str) -> None:
        lock, known, live, record, entry, receipt, delivery, update = self._statements
        p = "peer"
        version, end = connection.execute(lock, (p,)).fetchone() or (0, 0)
        connection.execute(known, (p, mark)).fetchone()
        connection.execute(live, (p, f"live:{mark}")).fetchone()
        for (kind, _, _, _, _, body), unique in ((self._person, None), (self._registration, f"live:{mark}")):
            connection.execute(record, (p, kind, mark, version + 1, mark, unique, body))
        connection.execute(entry, (p, end + 1, *self._entry))
        fingerprint, kind, _, at = self._receipt
        connection.execute(receipt, (p, mark, fingerprint, kind, mark, version + 1, at))
        consumer, body, ready = self._delivery
        connection.execute(delivery, (p, mark, consumer, mark, body, ready))
        connection.execute(update, (version + 1, end + 1, p))
        connection.commit()


def _by_threads(work: Callable[[int, threading.Barrier], None]) -> float:
    """How long as many threads as callers take together; starting them is not counted."""
    together = threading.Barrier(CALLERS + 1)
    threads = [threading.Thread(target=work, args=(number, together)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    taken = seconds(lambda: (together.wait(), together.wait()))
    for thread in threads:
        thread.join()
    return taken


class _Callers:
    """The same registrations by the desk and by round trips, in turns."""

    def __init__(self, stack: ExitStack, size: int) -> None:
        url, other = shared().fresh(), shared().fresh()
        self._desk = filled(stack.enter_context(desk(url)), 1)
        with desk(other) as found:
            filled(found, 1)
        self._peer = RoundTrips(other)
        with psycopg.connect(other) as connection:
            connection.execute(_in("INSERT INTO {}.project VALUES ('peer', 0, 0, NULL)"))
        self._size = size
        self._next, self._peers_next = 1, 0

    def by_desk(self) -> float:
        commands = interests(range(self._next, self._next + self._size))
        self._next += self._size

        def work(number: int, together: threading.Barrier) -> None:
            together.wait()
            for command in commands[number::CALLERS]:
                self._desk.do(command)
            together.wait()

        return self._size / _by_threads(work)

    def by_round_trips(self) -> float:
        size = self._size // 4
        marks = [f"r-{self._peers_next + number:024}" for number in range(size)]
        self._peers_next += size
        return size / _by_threads(lambda number, together: self._peer.work(marks[number::CALLERS], together))


class Crowd:
    """Processes that begin together.

    Args:
        kind: what each does, see `tests.bench.crowd`.
        url: of the database.
        size: how many.
        each: a number for each of them.
    """

    def __init__(self, kind: str, url: str, size: int, each: float) -> None:
        command = [sys.executable, "-m", "tests.bench.crowd", kind, url]
        self._members = [
            subprocess.Popen(
                [*command, str(number), str(each)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for number in range(size)
        ]
        for one in self._members:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"

    def go(self) -> list[list[float]]:
        """Let them begin; what each of them found."""
        for one in self._members:
            assert one.stdin is not None
            one.stdin.write("\n")
            one.stdin.flush()
        return [json.loads(one.communicate()[0]) for one in self._members]


def _registered(size: int, length: float) -> float:
    """Registrations a second of so many processes, on a new database."""
    url = shared().fresh()
    with desk(url):
        pass
    found = Crowd("register", url, size, length).go()
    return sum(count for count, _ in found) / max(taken for _, taken in found)


def _delivered(size: int, notices: int) -> float:
    """Deliveries a second of so many workers, on a new database."""
    url = shared().fresh()
    with desk(url) as found:
        filled(found, notices)
    begun = Crowd("deliver", url, size, 0).go()
    assert sum(count for count, *_ in begun) == notices
    first, last = min(start for _, start, _ in begun), max(end for *_, end in begun)
    return notices / (last - first)


_SAID = Target("", met=True)


def postgres(scale: Scale) -> Iterator[Row]:
    """A hot project on a real server, and what more processes and workers bring."""
    with ExitStack() as stack:
        callers = _Callers(stack, scale.of(3_200, 64))
        ours, peer = in_turns(scale.of(5, 1), callers.by_desk, callers.by_round_trips)
    yield Row(
        name=f"register, PostgreSQL, {CALLERS} callers, one project",
        measured=rate(ours),
        limit=f"{rate(peer)} FOR UPDATE, a trip a row",
        ratio=ours / peer,
        target=at_least(4, ours / peer),
        note="The same rows into the same tables; the other way locks the project's row and writes row by row.",
    )
    yield from _crowds(
        f"register, PostgreSQL, {{}} {TIMES} {CALLERS} threads",
        lambda size: _registered(size, 0.1 if scale.quick else 2.0),
    )
    yield from _crowds("deliver, PostgreSQL, {}", lambda size: _delivered(size, scale.of(3_000, 20)), "worker")


def _crowds(name: str, measure: Callable[[int], float], one: str = "process") -> Iterator[Row]:
    """A row for each size of a crowd, beside the figure of one alone; what is promised is that they are told."""
    alone = 0.0
    for size in CROWDS:
        figure = measure(size)
        alone = alone or figure
        word = one if size == 1 else {"process": "processes"}.get(one, one + "s")
        yield Row(
            name=name.format(f"{size} {word}"),
            measured=rate(figure),
            limit=f"{rate(alone)} {one} alone",
            ratio=figure / alone,
            target=_SAID,
        )
