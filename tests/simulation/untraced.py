"""Running programs of ours at full speed: measuring coverage makes them several times slower."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(module: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a module as a program, without coverage, and wait for its end."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    program = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(program, cwd=ROOT, env=settings, capture_output=True, text=True, check=False, timeout=1_500)
