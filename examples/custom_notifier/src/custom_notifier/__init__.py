"""One line for each notice, in a file that the team reads."""

import os
from pathlib import Path

from insight_sessions import Notice, hookimpl


class Channel:
    """Adds a line about each notice; what is raised there has it called again later.

    Args:
        file: what the team reads.
    """

    name = "custom-notifier"

    def __init__(self, file: Path) -> None:
        self._file = file

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Add a line."""
        with self._file.open("a", encoding="utf-8") as file:
            file.write(f"{notice.date:%Y-%m-%d %H:%M} {notice.subject} ({notice.id})\n")


def plugin() -> Channel | None:
    """What is installed: nothing, until the variable names a file."""
    file = os.environ.get("CUSTOM_NOTIFIER_FILE")
    return Channel(Path(file)) if file else None
