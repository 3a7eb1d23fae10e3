"""Registering, durably: one caller, many threads, an import."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from insight_sessions import Desk, RegisterInterest
from tests.bench.raw import RawStore, Written, rows_of
from tests.bench.stage import PROJECT, desk, folder, interests, sqlite
from tests.bench.table import Row, Scale, at_least, in_turns, rate, seconds

THREADS = 16
BATCH = 1_000


def _all(found: Desk, commands: Sequence[RegisterInterest]) -> None:
    for command in commands:
        found.do(command)


def _by_threads(found: Desk, commands: Sequence[RegisterInterest]) -> float:
    """How long many threads take together; starting them is not counted."""
    together = threading.Barrier(THREADS + 1)

    def work(share: Sequence[RegisterInterest]) -> None:
        together.wait()
        _all(found, share)
        together.wait()

    threads = [threading.Thread(target=work, args=(commands[number::THREADS],)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    taken = seconds(lambda: (together.wait(), together.wait()))
    for thread in threads:
        thread.join()
    return taken


class _Callers:
    """The same registrations by one caller, by raw SQLite and by many threads, in turns."""

    def __init__(self, where: Path, one: Desk, many: Desk, size: int) -> None:
        self._path = where / "one.db"
        self._one, self._many = one, many
        self._raw = RawStore.make(where / "raw.db")
        self._size = size
        self._next = self._threads_next = 0

    def by_one(self) -> float:
        commands = interests(range(self._next, self._next + self._size))
        self._next += self._size
        return self._size / seconds(lambda: _all(self._one, commands))

    def by_raw(self) -> float:
        rows = rows_of(self._path)[-self._size :]
        return self._size / seconds(lambda: self._raw.one_by_one(rows))

    def by_threads(self) -> float:
        size = self._size * 2
        commands = interests(range(self._threads_next, self._threads_next + size))
        self._threads_next += size
        return size / _by_threads(self._many, commands)

    def close(self) -> None:
        self._raw.close()


def registering(scale: Scale) -> Iterator[Row]:
    """One registration per call, each durable before the call returns."""
    with folder() as where, desk(sqlite(where / "one.db")) as one, desk(sqlite(where / "many.db")) as many:
        callers = _Callers(where, one, many, scale.of(400, 16))
        alone, raw, threads = in_turns(scale.rounds, callers.by_one, callers.by_raw, callers.by_threads)
        callers.close()
    limit = f"{rate(raw)} raw sqlite3, one caller"
    yield Row(
        name="register, durable SQLite, one caller",
        measured=rate(alone),
        limit=limit,
        ratio=alone / raw,
        target=at_least(0.6, alone / raw),
        note="The limit writes the same rows with the same indexes and settings, a transaction each.",
    )
    yield Row(
        name=f"register, {THREADS} threads, one project",
        measured=rate(threads),
        limit=limit,
        ratio=threads / raw,
        target=at_least(1.2, threads / raw),
    )


class _Import:
    """A list of sign-ups, brought in at once, each time into a new file."""

    def __init__(self, where: Path, size: int) -> None:
        self._where, self._size = where, size
        self._rows: list[Written] = []
        self._number = 0
        self.building: list[float] = []

    def by_desk(self) -> float:
        self._number += 1
        path = self._where / f"desk-{self._number}.db"
        commands: list[RegisterInterest] = []
        self.building.append(seconds(lambda: commands.extend(interests(range(self._size)))))
        with desk(sqlite(path)) as found:
            taken = seconds(lambda: found.do_many(PROJECT, commands))
        self._rows = rows_of(path)
        return taken

    def by_raw(self) -> float:
        raw = RawStore.make(self._where / f"raw-{self._number}.db")
        taken = seconds(lambda: raw.in_batches(self._rows, BATCH))
        raw.close()
        return taken


def importing(scale: Scale) -> Iterator[Row]:
    """Many sign-ups in one call."""
    size = scale.of(10_000, 50)
    with folder() as where:
        signups = _Import(where, size)
        taken, raw = in_turns(min(scale.rounds, 3), signups.by_desk, signups.by_raw)
    building = sorted(signups.building)[len(signups.building) // 2]
    yield Row(
        name=f"import of {size:,} sign-ups, do_many",
        measured=rate(size / taken),
        limit=f"{rate(size / raw)} raw, batches of {BATCH:,}",
        ratio=raw / taken,
        target=at_least(0.5, raw / taken),
        note=f"The commands are built before the clock starts; with building them (addresses are checked there) it is"
        f" {rate(size / (taken + building))}.",
    )
