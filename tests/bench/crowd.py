"""One of several processes on one PostgreSQL database, started by `tests.bench.postgres`.

Says ``ready``, waits for a line, works, and prints what it found as JSON.
"""

import json
import sys
import threading
from itertools import count
from time import monotonic

from insight_sessions import Desk
from tests.bench.stage import PROJECT, interest, opened

THREADS = 16


def _wait() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def register(desk: Desk, number: int, length: float) -> list[float]:
    """Register with many threads for so many seconds; how many, and in what time."""
    desk.state(PROJECT)
    turns = count(number * 10_000_000)
    done: list[int] = []
    _wait()
    start = monotonic()

    def work() -> None:
        mine = 0
        while monotonic() - start < length:
            desk.do(interest(next(turns)))
            mine += 1
        done.append(mine)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [sum(done), monotonic() - start]


def deliver(desk: Desk, _number: int, _length: float) -> list[float]:
    """Deliver until nothing is due; how many, from when to when."""
    desk.state(PROJECT)
    _wait()
    start, sent = monotonic(), 0
    while more := desk.deliver().sent:
        sent += more
    return [sent, start, monotonic()]


def main() -> None:
    """Work."""
    kind, url, number, length = sys.argv[1:]
    with opened(url) as desk:
        found = (register if kind == "register" else deliver)(desk, int(number), float(length))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
