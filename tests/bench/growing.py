"""What a command costs as a project grows."""

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial

from insight_sessions import Desk, Withdraw
from tests.bench.stage import FULL, PROJECT, ROOMY, desk, filled, folder, interests, sqlite
from tests.bench.table import Row, Scale, at_most, in_turns, microseconds, seconds

SMALL = 100
LARGE = 100_000
FEW = 300


class _Grown:
    """A project in which everybody waits for one full session, and some have a place in another.

    Args:
        found: its desk.
        size: how many are registered.
        step: how many commands are measured at a time.
    """

    def __init__(self, found: Desk, size: int, step: int) -> None:
        self._desk = filled(found, size, FULL)
        self._next, self._step = size, step
        registrations = found.state(PROJECT).registrations.values()
        self._line = deque(one.id for one in sorted(registrations, key=lambda one: one.arrived))

    def take_place(self) -> float:
        """Register, and get a place."""
        return self._register(ROOMY)

    def wait(self) -> float:
        """Register, and join the line."""
        return self._register(FULL)

    def move_up(self) -> float:
        """Withdraw, so that the first in line gets the place."""
        commands = [Withdraw(project_id=PROJECT, registration_id=self._line.popleft()) for _ in range(self._step)]
        return seconds(lambda: [self._desk.do(command) for command in commands]) / self._step

    def _register(self, session: str) -> float:
        commands = interests(range(self._next, self._next + self._step), session)
        self._next += self._step
        found: list[str] = []
        taken = seconds(lambda: found.extend(self._desk.do(command).id for command in commands))
        if session == FULL:
            self._line.extend(found)
        return taken / self._step


_WORKS: dict[str, Callable[[_Grown], float]] = {
    "register, place given": _Grown.take_place,
    "register, joins the line": _Grown.wait,
    "withdraw, first in line moves up": _Grown.move_up,
}


def _measured(scale: Scale, store: str, small: _Grown, grown: _Grown) -> Iterator[Row]:
    for number, (name, work) in enumerate(_WORKS.items()):
        before, after = in_turns(scale.rounds, partial(work, small), partial(work, grown))
        yield Row(
            name=f"{store}: {name}",
            measured=microseconds(after),
            limit=f"{microseconds(before)} with {SMALL}",
            ratio=after / before,
            target=at_most(1.3, after / before),
            note=f"With {scale.of(LARGE, FEW):,} registrations, nearly all of them waiting." if number == 0 else "",
        )


def growing(scale: Scale) -> Iterator[Row]:
    """The same commands in a small project and in a large one, in which all but a few wait for one session."""
    sizes = SMALL, scale.of(LARGE, FEW)
    with folder() as where:
        for store, urls in (
            ("memory", ("memory:", "memory:")),
            ("sqlite", (sqlite(where / "small.db"), sqlite(where / "large.db"))),
        ):
            with desk(urls[0]) as one, desk(urls[1]) as other:
                step = scale.of(50, 5)
                yield from _measured(scale, store, _Grown(one, sizes[0], step), _Grown(other, sizes[1], step))
