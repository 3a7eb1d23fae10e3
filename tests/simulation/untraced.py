"""Running programs of ours, at full speed mostly: measuring coverage makes them several times slower."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(module: str, *arguments: object, traced: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a module as a program and wait for its end.

    Args:
        module: its name.
        arguments: for the program.
        traced: whether coverage is measured in it, when it is measured here.
    """
    settings = {name: value for name, value in os.environ.items() if traced or not name.startswith("COV")}
    program = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(program, cwd=ROOT, env=settings, capture_output=True, text=True, check=False, timeout=1_500)
