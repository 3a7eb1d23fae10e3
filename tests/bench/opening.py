"""Opening a project that is not in memory yet."""

import gc
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

from pydantic_core import from_json

from tests.bench.stage import PROJECT, desk, filled, folder, opened, sqlite
from tests.bench.table import Row, Scale, at_most, in_turns, milliseconds, seconds


def _cold(path: Path) -> float:
    """Seconds to open the store and the project."""
    found = opened(sqlite(path))
    gc.collect()
    try:
        return seconds(lambda: found.state(PROJECT))
    finally:
        found.close()


def _parsing(path: Path) -> float:
    """Seconds to parse the bodies of its records, and nothing else."""
    with opened(sqlite(path)) as found:
        bodies = [record.body for record in found._storage.read(PROJECT).records if record.body is not None]
    gc.collect()
    return seconds(lambda: [from_json(body) for body in bodies])


def _memory(path: Path) -> int:
    """Bytes that the open project keeps."""
    gc.collect()
    tracemalloc.start()
    try:
        with opened(sqlite(path)) as found:
            state = found.state(PROJECT)
            gc.collect()
            kept = tracemalloc.get_traced_memory()[0]
        del state
        return kept
    finally:
        tracemalloc.stop()


def opening(scale: Scale) -> Iterator[Row]:
    """The first look at a large project, of which nothing is in memory yet."""
    size = scale.of(10_000, 100)
    with folder() as where:
        path = where / "project.db"
        with desk(sqlite(path)) as found:
            filled(found, size)
        taken, parsing = in_turns(scale.rounds, lambda: _cold(path), lambda: _parsing(path))
        kept = _memory(path) / size
    yield Row(
        name=f"opening {size:,} registrations cold",
        measured=milliseconds(taken),
        limit=f"{milliseconds(parsing)} parsing the JSON alone",
        ratio=taken / parsing,
        target=at_most(150, taken * 1e3, "ms"),
    )
    yield Row(
        name="memory for each registration",
        measured=f"{kept / 1024:.1f} KiB",
        limit="",
        ratio=None,
        target=at_most(4, kept / 1024, "KiB"),
        note="By tracemalloc, which sees Python's memory; that of the maps themselves (rpds) is outside of it.",
    )
