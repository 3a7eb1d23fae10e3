"""Seeded histories of commands, deliveries and faults, with every invariant checked after each step.

One seed is one history: the same commands, the same crashes, the same order. When a history breaks an
invariant, the error names its seed and one command that replays it::

    python -m insight_sessions.testing.simulation --seed 17

Authors of storage plugins run the same histories on their own store::

    simulate(seed, lambda random_bytes: PortGround(lambda: MyStorage(path, random_bytes)))
"""

import argparse
import json
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from insight_sessions.testing.course import Course, History, MakeGround
from insight_sessions.testing.sqlite_ground import SQLiteGround
from insight_sessions.testing.world import Broken

MEMORY: Final = Path("/dev/shm")  # noqa: S108 - folders of our own are made in it


def simulate(seed: int, ground: MakeGround | None = None) -> History:
    """Live through one history and check everything after each step.

    Args:
        seed: which one.
        ground: makes the place for its stores, from the randomness they are to use; SQLite files
            when not given.

    Raises:
        Broken: an invariant does not hold; the message says which, and how to see it again.
    """
    try:
        if ground is not None:
            return Course(seed, ground).run()
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
            return Course(seed, lambda random_bytes: SQLiteGround(Path(folder), random_bytes)).run()
    except Exception as error:
        again = f"./dev python -m insight_sessions.testing.simulation --seed {seed}"
        raise Broken(f"history {seed}: {type(error).__name__}: {error}\nsee it again with: {again}") from error


def main(arguments: Sequence[str] | None = None) -> None:
    """Live through histories and say what each was like, in a line of JSON."""
    parser = argparse.ArgumentParser(prog="insight_sessions.testing.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first history")
    parser.add_argument("--histories", type=int, default=1, help="how many")
    given = parser.parse_args(arguments)
    # Consumers fail all the time here, and that is no news.
    logging.getLogger("insight_sessions").addHandler(logging.NullHandler())
    for seed in range(given.seed, given.seed + given.histories):
        print(json.dumps(asdict(simulate(seed))), flush=True)  # noqa: T201 - what one asked for


if __name__ == "__main__":
    main()
