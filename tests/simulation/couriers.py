"""What real workers do with one outbox; run as a program, it says in JSON what became of it."""

import hashlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from insight_sessions import Desk, Notice, Runtime, hookimpl
from tests.simulation.contenders import SECRET, Child, Say, announced, desk_on, opened, register

LONG = 0.5  # seconds: long enough to be stopped in


class Clock:
    """The machine's time, put forward for all processes at once.

    Args:
        file: holds by how many hours; a missing one holds none.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self) -> datetime:
        """The time now."""
        ahead = int(self._file.read_text()) if self._file.exists() else 0
        return datetime.now(UTC) + timedelta(hours=ahead)

    def forward(self, hours: int) -> None:
        """Put it so many hours before the machine's."""
        new = self._file.with_suffix(".new")
        new.write_text(str(hours))
        new.rename(self._file)


class Recorder:
    """A notifier that says when it begins to send a notice and when it has sent it.

    Args:
        say: takes a line of JSON.
        wait: seconds that sending takes.
    """

    def __init__(self, say: Say, wait: float = 0) -> None:
        self._say = say
        self._wait = wait

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Tell what is sent, and from when to when."""
        content = repr((notice.subject, notice.text, notice.recipient, notice.invite, notice.date)).encode()
        copy = [notice.id, notice.message_id, hashlib.sha256(content).hexdigest()]
        self._say(json.dumps(["begin", time.monotonic(), *copy]))
        time.sleep(self._wait)
        self._say(json.dumps(["end", time.monotonic(), *copy]))


def courier(place: str, clock: Clock, recorder: Recorder) -> Desk:
    """A desk that sends by a recorder, whose name as a consumer is the same in every process."""
    return Desk(opened(place), plugins=[recorder], discover=False, secret=SECRET, runtime=Runtime(now=clock))


def posted(place: str, folder: Path, members: int) -> Clock:
    """An outbox with a notice for each of so many members."""
    clock = Clock(folder / "hours")
    announced(place)
    courier(place, clock, Recorder(lambda _: None)).close()
    with desk_on(opened(place)) as desk:
        for number in range(members):
            register(desk, f"m{number}")
    return clock


def drain(place: str, clock: Clock, wait: float, say: Say) -> None:
    """Deliver until nothing is due."""
    with courier(place, clock, Recorder(say, wait)) as desk:
        while desk.deliver().total:
            pass


def left(place: str, clock: Clock) -> dict[str, object]:
    """What is in the outbox, and what was given up."""
    with courier(place, clock, Recorder(lambda _: None)) as desk, closing(opened(place)) as storage:
        backlog = {name: count for name, count in storage.backlog().items() if count}
        return {"backlog": backlog, "dead": len(desk.dead_letters())}


def share(place: str, folder: Path, workers: int, members: int) -> object:
    """So many workers empty one outbox at the same time."""
    clock = posted(place, folder, members)
    children = [Child(partial(drain, place, clock, 0.002)) for _ in range(workers)]
    said = [[json.loads(line) for line in child.lines()] for child in children]
    return {"codes": [child.ended() for child in children], "said": said, **left(place, clock)}


def kills(place: str, folder: Path, lives: int, seed: int) -> object:
    """Kill a worker in the middle of its sending, again and again; the last one is let live.

    Args:
        place: of the store.
        folder: for the clock.
        lives: how many workers are killed.
        seed: for when they are.
    """
    dice = random.Random(seed)  # noqa: S311 - so that a failure can be looked at again
    clock = posted(place, folder, lives * 4)
    said: list[object] = []
    for life in range(lives):
        clock.forward(life)  # the leases of those who were killed have passed
        child = Child(partial(drain, place, clock, 0.0))
        lines = child.lines()
        said += [json.loads(next(lines)) for _ in range(dice.randint(1, 11))]
        child.kill()
        said += [json.loads(line) for line in lines]
        child.ended()
    clock.forward(lives)
    last = Child(partial(drain, place, clock, 0.0))
    said += [json.loads(line) for line in last.lines()]
    return {"codes": [last.ended()], "said": [said], **left(place, clock)}


def pause(place: str, folder: Path, members: int) -> object:
    """A worker is stopped while it sends, beyond its lease; another does the work; the first one goes on."""
    clock = posted(place, folder, members)
    paused = Child(partial(drain, place, clock, LONG))
    lines = paused.lines()
    first = [json.loads(next(lines))]
    os.kill(paused.pid, signal.SIGSTOP)
    try:
        clock.forward(2)
        other = Child(partial(drain, place, clock, 0.0))
        second = [json.loads(line) for line in other.lines()]
        between = left(place, clock)
    finally:
        os.kill(paused.pid, signal.SIGCONT)
    first += [json.loads(line) for line in lines]
    codes = [paused.ended(), other.ended()]
    return {"codes": codes, "said": [first, second], "between": between, **left(place, clock)}


def main(arguments: Sequence[str]) -> None:
    """Do what the first argument says."""
    kind, place, folder = arguments[0], arguments[1], Path(arguments[2])
    known: dict[str, Callable[..., object]] = {"share": share, "kills": kills, "pause": pause}
    work = known[kind]
    sys.stdout.write(json.dumps(work(place, folder, *map(int, arguments[3:]))))


if __name__ == "__main__":
    main(sys.argv[1:])
