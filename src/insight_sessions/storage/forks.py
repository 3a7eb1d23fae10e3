"""Staying whole when the process forks, as a preloading web server does."""

import os
from functools import cache
from typing import Protocol
from weakref import WeakSet


class Forkable(Protocol):
    """Something with locks or files that belong to one process."""

    def before_fork(self) -> None:
        """Come to rest: no lock taken, no file in use by another thread."""
        ...

    def after_fork(self, *, child: bool) -> None:
        """Go on; in the child, with locks and files of its own."""
        ...


def watch(thing: Forkable) -> None:
    """Tell a thing about every fork from now on, for as long as it lives."""
    _watched().add(thing)


@cache
def _watched() -> WeakSet[Forkable]:
    things: WeakSet[Forkable] = WeakSet()
    resting: list[Forkable] = []

    def before() -> None:
        for thing in list(things):
            thing.before_fork()
            resting.append(thing)

    def after(*, child: bool) -> None:
        while resting:
            resting.pop().after_fork(child=child)

    os.register_at_fork(
        before=before, after_in_parent=lambda: after(child=False), after_in_child=lambda: after(child=True)
    )
    return things
