"""Morocco before and after it gave up its summer time: two releases of its rules, side by side."""

from contextlib import AbstractContextManager
from pathlib import Path

from insight_sessions.testing.zone_rules import zone_release

OLD, NEW = "2025b", "2026f"
CASABLANCA = "Africa/Casablanca"
ZONES = Path(__file__).parents[1] / "fixtures" / "zones"


def by(release: str) -> AbstractContextManager[None]:
    """This process has one of the two releases."""
    return zone_release(release, {CASABLANCA: (ZONES / release / CASABLANCA).read_bytes()})
