"""The test kit for authors of plugins: what a store must do, as tests to inherit.

Imported by name, for they bring a lot: `insight_sessions.testing.simulation.simulate` lives through seeded
histories with crashes, on any store; `insight_sessions.testing.strategies` has members, projects and commands
for Hypothesis.
"""

import pkgutil

try:
    import pytest
except ImportError as error:
    raise ImportError("the test kit needs pytest and hypothesis: install insight-sessions[testing]") from error

# Only before these modules are imported: so a failing test of the kit says what it compared, and fails under
# `python -O` too.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)))

from insight_sessions.testing.contract import StorageContract  # noqa: E402
from insight_sessions.testing.notices import example_notices  # noqa: E402
from insight_sessions.testing.notifier import BrokenNotifierContract, NotifierContract  # noqa: E402
from insight_sessions.testing.place import Place  # noqa: E402

__all__ = ["BrokenNotifierContract", "NotifierContract", "Place", "StorageContract", "example_notices"]
