"""What importing the library costs a program that starts."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.stage import folder
from tests.bench.table import Row, Scale, Target, at_most, in_turns, milliseconds

PACKAGE = "import insight_sessions"
NAMES = "from insight_sessions import Desk, Project, RegisterInterest"
PYDANTIC = "import pydantic\nclass Model(pydantic.BaseModel):\n    id: int\n    name: str"
LATE = ("email_validator", "icalendar", "importlib.metadata")
"""Modules that must come only when they are used."""

_TIMED = "import sys\nfrom time import perf_counter\nstart = perf_counter()\n{}\nprint(perf_counter() - start)"
_LOADED = "{}\nimport sys\nprint(*[name for name in {} if name in sys.modules])"


class _Interpreters:
    """Fresh interpreters that find everything compiled, as an installed package is.

    Args:
        where: for the compiled files.
    """

    def __init__(self, where: Path) -> None:
        self._command = [sys.executable, "-X", f"pycache_prefix={where}", "-c"]
        self._environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def said(self, program: str) -> str:
        """What a program prints."""
        done = subprocess.run([*self._command, program], check=True, stdout=subprocess.PIPE, env=self._environment)
        return done.stdout.decode().strip()

    def timed(self, program: str) -> Callable[[], float]:
        """How long an import takes, each time it is asked; the first time, which compiles, is left out."""
        timed = _TIMED.format(program)
        self.said(timed)
        return lambda: float(self.said(timed))

    def loaded(self, program: str) -> set[str]:
        """Which of the late modules an import loads."""
        return set(self.said(_LOADED.format(program, LATE)).split())


def loading(scale: Scale) -> Iterator[Row]:
    """Fresh interpreters, in turns; the interpreter's own start is not counted."""
    with folder() as where:
        fresh = _Interpreters(where)
        works = [fresh.timed(program) for program in (PACKAGE, NAMES, PYDANTIC)]
        package, names, pydantic = in_turns(scale.of(9, 1), *works)
        early = sorted(fresh.loaded(NAMES) - fresh.loaded(PYDANTIC))
    for program, taken in ((PACKAGE, package), (NAMES, names)):
        yield Row(
            name=program if program == PACKAGE else "importing Desk, Project, RegisterInterest",
            measured=milliseconds(taken),
            limit=f"{milliseconds(pydantic)} pydantic, one model",
            ratio=taken / pydantic,
            target=at_most(1.2, taken / pydantic),
        )
    yield Row(
        name="modules that come only when used",
        measured=" ".join(early) or "none loaded",
        limit="",
        ratio=None,
        target=Target("none", not early),
        note=f"Of {', '.join(LATE)}, after importing the names above; what pydantic loads by itself is not counted.",
    )
