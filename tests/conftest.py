"""Settings for every test."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).parent
# Without tests/servers: the conftest.py of a plugin may have imported it already, and it asserts nothing.
HELPERS = [
    path.relative_to(TESTS.parent)
    for path in TESTS.rglob("*.py")
    if not path.name.startswith(("test_", "_")) and path.parent.name != "servers"
]

# Before any is imported: what they assert is said in full when it fails, and is asserted under `python -O` too.
pytest.register_assert_rewrite(*(".".join(path.with_suffix("").parts) for path in HELPERS if path.stem != "conftest"))

IN_CI = bool(os.environ.get("CI"))
PROVING = os.environ.get("INSIGHT_SESSIONS_PROVE") == "1"

# Time limits for one example say more about the machine than about the code. In CI the same examples come every time;
# at home new ones do, and a failure prints what replays it.
settings.register_profile(
    "default", deadline=None, derandomize=IN_CI, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "prove", parent=settings.get_profile("default"), derandomize=False, max_examples=5_000, stateful_step_count=200
)
settings.load_profile("prove" if PROVING else "default")
