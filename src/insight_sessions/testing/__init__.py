"""The test kit for authors of plugins: what a store must do, as tests to inherit.

Imported by name, for they bring a lot: `insight_sessions.testing.simulation.simulate` lives through seeded
histories with crashes, on any store; `insight_sessions.testing.strategies` has members, projects and commands
for Hypothesis.
"""

import pytest

# so that a failing test of the kit says what it compared; only before these modules are imported
pytest.register_assert_rewrite(
    *(
        f"insight_sessions.testing.{name}"
        for name in ("contract_outbox", "contract_projects", "contract_sharing", "notifier", "outbox_model", "place")
    )
)

from insight_sessions.testing.contract import StorageContract  # noqa: E402
from insight_sessions.testing.notices import example_notices  # noqa: E402
from insight_sessions.testing.notifier import NotifierContract  # noqa: E402
from insight_sessions.testing.place import Place  # noqa: E402

__all__ = ["NotifierContract", "Place", "StorageContract", "example_notices"]
