"""Settings for every test."""

import os

from hypothesis import HealthCheck, settings

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
