"""One of several processes on one SQLite file; it says how long each registration took.

Started by `sharing`: says ``ready``, waits for a line, works for so many seconds, prints its latencies as JSON.
"""

import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from time import perf_counter

from insight_sessions.storage.locks import FileLock
from tests.bench.raw import RawStore, rows_of
from tests.bench.stage import interest, opened, sqlite


def _desk(path: Path, number: int, stack: ExitStack) -> Callable[[int], None]:
    desk = stack.enter_context(opened(sqlite(path)))

    def register(turn: int) -> None:
        desk.do(interest(number * 1_000_000 + turn))

    return register


def _raw(path: Path, number: int, stack: ExitStack) -> Callable[[int], None]:
    """The same rows by hand, taking turns by the same lock."""
    (form,) = rows_of(path.with_name("rows.db"))
    raw = RawStore(path)
    stack.callback(raw.close)
    lock = FileLock(path)
    stack.callback(lock.close)

    def register(turn: int) -> None:
        row = form.renamed(f"{number:03x}{turn:09x}")
        lock.enter()
        try:
            raw.write(row)
        finally:
            lock.leave()

    return register


def main() -> None:
    """Work."""
    kind, path, number, length = sys.argv[1:]
    with ExitStack() as stack:
        register = (_desk if kind == "desk" else _raw)(Path(path), int(number), stack)
        turns = count()
        register(next(turns))
        print("ready", flush=True)
        sys.stdin.readline()
        latencies: list[float] = []
        start = before = perf_counter()
        while before - start < float(length):
            register(next(turns))
            now = perf_counter()
            latencies.append(now - before)
            before = now
    print(json.dumps(latencies))


if __name__ == "__main__":
    main()
