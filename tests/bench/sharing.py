"""Several processes on one SQLite file: nobody may starve."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

from tests.bench.raw import RawStore
from tests.bench.stage import desk, filled, folder, sqlite
from tests.bench.table import Row, Scale, at_least, at_most, in_turns, milliseconds, rate, times

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 4


class _Processes:
    """A crowd of processes, and what they said."""

    def __init__(self, kind: str, path: Path, length: float) -> None:
        self._kind, self._path, self._length = kind, path, length
        self._turn = 0
        self.counts: list[list[int]] = []

    def run(self) -> float:
        """Let them all register for so many seconds; the time that 99 of 100 registrations did not exceed."""
        command = [sys.executable, "-m", "tests.bench.worker", self._kind, str(self._path)]
        crowd = [
            subprocess.Popen(
                [*command, str(self._turn * PROCESSES + number), str(self._length)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(PROCESSES)
        ]
        self._turn += 1
        for one in crowd:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        for one in crowd:
            assert one.stdin is not None
            one.stdin.write("\n")
            one.stdin.flush()
        found: list[list[float]] = [json.loads(one.communicate()[0]) for one in crowd]
        self.counts.append([len(latencies) for latencies in found])
        return quantiles([latency for latencies in found for latency in latencies], n=100)[98]

    @property
    def fairness(self) -> float:
        """The least that a slowest process did of what the fastest did."""
        return min(min(counts) / max(counts) for counts in self.counts)

    @property
    def rate(self) -> float:
        """Registrations a second, of all."""
        return sum(map(sum, self.counts)) / len(self.counts) / self._length


def sharing(scale: Scale) -> Iterator[Row]:
    """Four processes register in one project at once, as fast as they can."""
    length = 0.1 if scale.quick else 1.0
    rounds = scale.of(3, 1)
    with folder() as where:
        with desk(sqlite(where / "desk.db")):
            pass
        with desk(sqlite(where / "rows.db")) as source:
            filled(source, 1)
        RawStore.make(where / "raw.db").close()
        ours, raw = _Processes("desk", where / "desk.db", length), _Processes("raw", where / "raw.db", length)
        slow, floor = in_turns(rounds, ours.run, raw.run)
    yield Row(
        name=f"{PROCESSES} processes, one SQLite file: p99",
        measured=milliseconds(slow),
        limit=f"{milliseconds(floor)} raw, the same lock",
        ratio=slow / floor,
        target=at_most(50, slow * 1e3, "ms"),
        note=f"Together {rate(ours.rate)}, raw {rate(raw.rate)}. All of them write one project and catch up with the"
        " others each time.",
    )
    yield Row(
        name=f"{PROCESSES} processes: slowest to fastest",
        measured=times(ours.fairness),
        limit=f"{times(raw.fairness)} raw, the same lock",
        ratio=ours.fairness / raw.fairness,
        target=at_least(0.5, ours.fairness),
        note="The worst of the rounds.",
    )
