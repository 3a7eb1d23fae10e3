"""One line for each notice, in a file that the team reads."""

import os
from pathlib import Path

from insight_sessions import Notice, hookimpl


@hookimpl
def insight_sessions_notify(notice: Notice) -> None:
    """Add a line about a notice; what is raised here has us called again later."""
    channel = os.environ.get("CUSTOM_NOTIFIER_FILE")
    if channel is not None:
        with Path(channel).open("a", encoding="utf-8") as file:
            file.write(f"{notice.date:%Y-%m-%d %H:%M} {notice.subject} ({notice.id})\n")
