"""What real processes do to one store; run as a program, it says in JSON what became of it.

It imports the library once and forks, so that dozens of processes are there at the same moment.
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn, cast

from insight_sessions import (
    AnnounceProject,
    Contact,
    Desk,
    Member,
    OpenCall,
    Project,
    RegisterInterest,
    Session,
    StorageError,
)
from insight_sessions.domain.registration import Registration
from insight_sessions.storage.port import Change, Hold, Receipt, Snapshot, Storage
from insight_sessions.storage.sqlite import SQLiteStorage

Say = Callable[[str], None]
SECRET = "sixteen bytes and more"


def project() -> Project:
    """Five places."""
    return Project(
        id="p",
        title="Waits",
        summary="What waiting does.",
        timezone="Europe/London",
        organiser=Contact(name="Team", email="team@example.org"),
        sessions=(
            Session(id="a", starts="2100-03-01T10:00", minutes=60, capacity=3),
            Session(id="b", starts="2100-03-02T10:00", minutes=60, capacity=2),
        ),
    )


def register(desk: Desk, name: str) -> Registration:
    """Somebody registers; their name is the id of the command too."""
    member = Member(id=name, name=f"Member {name}", email=f"{name}@example.org")
    return desk.do(RegisterInterest(project_id="p", member=member, sessions=("a", "b"), id=name))


def opened(place: str) -> Storage:
    """The store at a place: the URL of a PostgreSQL database, or else the path of a file."""
    if not place.startswith("postgresql:"):
        return SQLiteStorage(Path(place), os.urandom)
    from insight_sessions_postgres import PostgresStorage  # noqa: PLC0415 - most tests need no driver

    return PostgresStorage.open(place)


def desk_on(storage: Storage) -> Desk:
    """A desk without installed plugins."""
    return Desk(storage, discover=False, secret=SECRET)


def announced(place: str) -> None:
    """A store with an open call in it."""
    with desk_on(opened(place)) as desk:
        desk.do(AnnounceProject(project=project()))
        desk.do(OpenCall(project_id="p"))


class Child:
    """A forked process that says things through a pipe, a line each."""

    def __init__(self, work: Callable[[Say], None]) -> None:
        self._said, says = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._said)
            _live(work, says)
        os.close(says)
        self._buffer = b""

    def lines(self) -> Iterator[str]:
        """What it says, until it ends."""
        while part := os.read(self._said, 65_536):
            self._buffer += part
            *whole, self._buffer = self._buffer.split(b"\n")
            yield from (line.decode() for line in whole)

    def kill(self) -> None:
        """Kill it, as ``kill -9`` does."""
        os.kill(self.pid, signal.SIGKILL)

    def ended(self) -> int:
        """Wait for its end; gives its exit code."""
        os.close(self._said)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def _live(work: Callable[[Say], None], says: int) -> NoReturn:
    code = 1
    try:
        work(lambda line: _say(says, line))
        code = 0
    finally:
        os._exit(code)


def _say(says: int, line: str) -> None:
    os.write(says, f"{line}\n".encode())


class Gate:
    """Lets processes go on when all of them have come."""

    def __init__(self) -> None:
        self._here, self._come = os.pipe()
        self._open, self._opens = os.pipe()

    def arrive(self) -> None:
        """Wait for the others."""
        os.write(self._come, b".")
        os.read(self._open, 1)

    def open_when(self, number: int) -> None:
        """Let them go when so many have come."""
        for _ in range(number):
            os.read(self._here, 1)
        os.write(self._opens, b"." * number)


# Many at once


def contend(place: str, contenders: int, each: int, *, lockless: bool = False) -> object:
    """So many processes register so many members each for five places, beginning at one moment.

    Args:
        place: of the store.
        contenders: how many processes.
        each: how many members each of them registers.
        lockless: whether nobody is kept out; then all have read before the first one writes.
    """
    announced(place)
    start, reading = Gate(), Gate()

    def work(say: Say, number: int) -> None:
        desk = desk_on(lockless_on(opened(place), reading) if lockless else opened(place))
        desk.state("p")
        start.arrive()
        for one in range(each):
            mine = register(desk, f"m{number}-{one}")
            say(json.dumps([number, mine.id, mine.place, mine.arrived]))

    children = [Child(partial(work, number=number)) for number in range(contenders)]
    start.open_when(contenders)
    if lockless:
        reading.open_when(contenders)
    answers = [json.loads(line) for child in children for line in child.lines()]
    codes = [child.ended() for child in children]
    with desk_on(opened(place)) as desk:
        stored = [[one.id, one.place, one.arrived] for one in desk.state("p").registrations.values()]
        journal = [event.number for event in desk.history("p")]
    return {"answers": answers, "codes": codes, "stored": stored, "journal": journal}


def lockless_on(storage: Storage, gate: Gate) -> Storage:
    """The control: nobody is kept out, everybody decides on what they read, and the last one to write is believed."""
    locked = storage.hold

    @contextmanager
    def hold(project_id: str) -> Generator[Hold, None, None]:
        """Read, and wait until all have read; then write."""
        snapshot = storage.read(project_id)
        gate.arrive()
        lockless: object = LocklessHold(locked(project_id), snapshot)
        yield cast("Hold", lockless)

    storage.hold = hold  # type: ignore[method-assign]  # what is wrong with it
    return storage


class LocklessHold:
    """What was read before, taken for what is."""

    def __init__(self, real: AbstractContextManager[Hold], snapshot: Snapshot) -> None:
        self._real = real
        self.epoch = snapshot.epoch
        self.version = snapshot.version
        self.journal_end = snapshot.journal_end
        self.consumers = frozenset[str]()

    def receipts(self, command_ids: object) -> dict[str, Receipt]:
        """None."""
        return {}

    def commit(self, change: Change) -> None:
        """Whatever was written meanwhile, this is written over it."""
        with self._real as hold:
            version, end = hold.version + 1, hold.journal_end
            hold.commit(
                replace(
                    change,
                    version=version,
                    records=[record._replace(version=version) for record in change.records],
                    entries=[entry._replace(number=number) for number, entry in enumerate(change.entries, end + 1)],
                    receipts=[receipt._replace(version=version) for receipt in change.receipts],
                )
            )


# Killed in the middle


def kills(place: str, lives: int, seed: int) -> object:
    """Kill a process that registers members, again and again, and look at what it left.

    Args:
        place: of the store.
        lives: how many processes are killed.
        seed: for when they are.
    """
    announced(place)
    dice = random.Random(seed)  # noqa: S311 - so that a failure can be looked at again
    acknowledged: dict[str, str] = {}
    broken: list[str] = []
    unsaid = 0
    for life in range(lives):
        said = _killed(place, life, dice)
        acknowledged.update(said)
        with desk_on(opened(place)) as desk:
            there = desk.state("p").registrations
            broken += [f"{name} is lost" for name, id in said.items() if id not in there]
            broken += [f"{name} got another answer" for name, id in said.items() if register(desk, name).id != id]
            name = f"m{life}-{len(said)}"
            mine = register(desk, name)
            unsaid += mine.id in there
            acknowledged[name] = mine.id
            expected = there.keys() | {mine.id}
            broken += [f"{name} came twice"] if desk.state("p").registrations.keys() != expected else []
    with desk_on(opened(place)) as desk:
        registrations = desk.state("p").registrations
        broken += [f"{name} is lost" for name, id in acknowledged.items() if id not in registrations]
        journal = [event.number for event in desk.history("p")]
        places = sorted(one.place for one in registrations.values() if one.place is not None)
    return {"acknowledged": len(acknowledged), "unsaid": unsaid, "broken": broken, "journal": journal, "places": places}


def _killed(place: str, life: int, dice: random.Random) -> dict[str, str]:
    """One life: what it had said before it was killed; one in five ends between a commit and its answer."""
    last = dice.randint(0, 4)
    between = life % 5 == 0

    def work(say: Say) -> None:
        desk = desk_on(opened(place))
        for one in range(100_000):
            name = f"m{life}-{one}"
            mine = register(desk, name)
            if between and one == last:
                os.kill(os.getpid(), signal.SIGKILL)
            say(f"{name} {mine.id}")

    child = Child(work)
    lines = child.lines()
    said = [next(lines) for _ in range(last)]
    if not between:
        for _ in range(dice.randint(0, 60_000)):
            pass  # some part of the time that a registration takes
        child.kill()
    said += lines
    assert child.ended() == -signal.SIGKILL, "it ended by itself"
    return dict(line.split() for line in said)


# The server gone in the middle


def endure(place: str, contenders: int, stop: str) -> object:
    """So many processes register one member after another, whatever becomes of the server meanwhile.

    Args:
        place: of the store.
        contenders: how many processes.
        stop: they go on until there is such a file. A line is printed when they have begun.
    """
    announced(place)

    def work(say: Say, number: int) -> None:
        desk = desk_on(opened(place))
        one = 0
        while not Path(stop).exists():
            try:
                mine = register(desk, f"m{number}-{one}")
            except StorageError:
                time.sleep(0.01)
                continue
            say(json.dumps([f"m{number}-{one}", mine.id, time.monotonic()]))
            one += 1

    children = [Child(partial(work, number=number)) for number in range(contenders)]
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    said = [json.loads(line) for child in children for line in child.lines()]
    codes = [child.ended() for child in children]
    acknowledged = {name: id for name, id, _ in said}
    with desk_on(opened(place)) as desk:
        registrations = desk.state("p").registrations
        again = {name: register(desk, name).id for name in acknowledged}
        return {
            "codes": codes,
            "acknowledged": sorted(at for _, _, at in said),
            "lost": [name for name, id in acknowledged.items() if id not in registrations],
            "otherwise": [name for name, id in acknowledged.items() if again[name] != id],
            "registrations": len(registrations),
            "places": sorted(one.place for one in registrations.values() if one.place),
            "journal": [event.number for event in desk.history("p")],
        }


# Forked in the middle


def fork(place: str) -> object:
    """A desk that was used before a fork is used after it, in the parent and in the child at once."""
    announced(place)
    desk = desk_on(opened(place))
    register(desk, "before")
    gate = Gate()

    def work(say: Say) -> None:
        gate.arrive()
        for number in range(10):
            say(register(desk, f"child-{number}").id)

    child = Child(work)
    gate.open_when(1)
    ids = [register(desk, f"parent-{number}").id for number in range(10)]
    ids += child.lines()
    state = desk.state("p")
    journal = [event.number for event in desk.history("p")]
    return {"code": child.ended(), "ids": ids, "stored": list(state.registrations), "journal": journal}


def main(arguments: Sequence[str]) -> None:
    """Do what the first argument says."""
    kind, place = arguments[0], arguments[1]
    if kind == "endure":
        sys.stdout.write(json.dumps(endure(place, int(arguments[2]), arguments[3])))
        return
    numbers = [int(number) for number in arguments[2:]]
    match kind:
        case "contend":
            found = contend(place, *numbers)
        case "lockless":
            found = contend(place, *numbers, lockless=True)
        case "kills":
            found = kills(place, *numbers)
        case _:
            found = fork(place)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
