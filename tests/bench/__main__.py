"""The benchmarks, as a table: `./dev bench [names]`."""

import argparse
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from tests.bench.allocating import allocating
from tests.bench.growing import growing
from tests.bench.invites import invites
from tests.bench.loading import loading
from tests.bench.mails import mails
from tests.bench.opening import opening
from tests.bench.postgres import postgres
from tests.bench.registering import importing, registering
from tests.bench.sharing import sharing
from tests.bench.stage import durable_write
from tests.bench.table import Idea, Scale, heading, milliseconds, written

IDEAS: Final[Mapping[str, Idea]] = MappingProxyType(
    {
        "register": registering,
        "import": importing,
        "processes": sharing,
        "growth": growing,
        "opening": opening,
        "loading": loading,
        "invites": invites,
        "mails": mails,
        "allocation": allocating,
        "postgres": postgres,
    }
)
"""Everything that is measured, by name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print.

    Returns:
        1 when `--check` was given and a target is not met, else 0.
    """
    parser = argparse.ArgumentParser(prog="./dev bench", description="Measure, each figure next to its limit.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"some of: {' '.join(IDEAS)}; all when none is given")
    parser.add_argument("--check", action="store_true", help="fail when a target is not met")
    parser.add_argument("--quick", action="store_true", help="only see that everything runs; the figures mean nothing")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.names if name not in IDEAS]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}: known are {', '.join(IDEAS)}")
    scale = Scale(rounds=2, quick=True) if given.quick else Scale()
    machine = f"CPython {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{machine}, a durable write {milliseconds(durable_write())}; medians\n")
    print(heading(), flush=True)
    met = True
    for name in given.names or IDEAS:
        for row in IDEAS[name](scale):
            print(written(row), flush=True)
            met = met and row.target.met
    return 1 if given.check and not met else 0


if __name__ == "__main__":
    sys.exit(main())
