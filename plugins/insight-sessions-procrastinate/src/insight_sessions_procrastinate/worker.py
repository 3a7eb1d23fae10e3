"""The app that the environment describes, for the command `procrastinate`.

`INSIGHT_SESSIONS_URL` names the database. `INSIGHT_SESSIONS_SECRET` is the desk's secret, where the host gave one.
A host that gives its desk plugins of its own names the function that opens it in `INSIGHT_SESSIONS_DESK`, such as
``research.desks:open_desk``; that function then takes nothing and knows its secret itself.
"""

import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module

from procrastinate import App

from insight_sessions import Desk
from insight_sessions_procrastinate.opening import open_storage
from insight_sessions_procrastinate.tasks import Tasks


def app_of(environment: Mapping[str, str]) -> App:
    """The app that settings describe.

    Args:
        environment: the settings, by the names above.

    Raises:
        SystemExit: a setting is missing or wrong; it says which, and what to do.
    """
    url = environment.get("INSIGHT_SESSIONS_URL", "")
    if not url.startswith(("postgresql://", "postgres://")):
        sys.exit(
            "set INSIGHT_SESSIONS_URL to the database of your desk, "
            "such as postgresql://insight@db.example.org/insight; it is missing, or begins otherwise"
        )
    named = environment.get("INSIGHT_SESSIONS_DESK")
    secret = environment.get("INSIGHT_SESSIONS_SECRET")
    opening = _named(named) if named else lambda: Desk(open_storage(url), secret=secret)
    return Tasks(opening).app(url)


def _named(name: str) -> Callable[[], Desk]:
    """The host's own function."""
    module, _, function = name.partition(":")
    try:
        found: Callable[[], Desk] = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        sys.exit(
            f"INSIGHT_SESSIONS_DESK names no function that can be imported: {error}. It is written module:function, "
            "and the module is installed or in a folder that PYTHONPATH names"
        )
    return found


def __getattr__(name: str) -> App:
    """The app of this process, when the command asks for it."""
    if name == "app":
        return app_of(os.environ)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
