"""A host whose plugin writes down when it begins and ends to send; workers load it by its name.

Its settings are variables, because workers are processes of their own.
"""

import json
import os
import time
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from insight_sessions_procrastinate import Tasks, open_storage
from procrastinate import App

from insight_sessions import Desk, Notice, delivery, hookimpl
from insight_sessions.hooks.mail import mail


class Sender:
    """Sends nothing, slowly, into a file that several processes append to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Write down the beginning and the end; hang in between while somebody wants it."""
        sent = sha256(mail(notice)).hexdigest()
        self._write("begin", notice.message_id, sent)
        while (self.folder / "hang").exists():
            time.sleep(0.01)
        time.sleep(0.01)
        self._write("end", notice.message_id, sent)

    def _write(self, what: str, message_id: str, sent: str) -> None:
        line = json.dumps([what, os.getpid(), message_id, sent, time.monotonic()]) + "\n"
        with (self.folder / "sends").open("ab", buffering=0) as file:
            file.write(line.encode())


def site_desk() -> Desk:
    """The desk of this site, in a worker and in the test."""
    sender = Sender(Path(os.environ["SITE_FOLDER"]))
    return Desk(open_storage(os.environ["SITE_URL"]), plugins=[sender], discover=False)


def __getattr__(name: str) -> App:
    if name != "app":
        raise AttributeError(name)
    pytest.MonkeyPatch().setattr(delivery, "LEASE", timedelta(seconds=float(os.environ["SITE_LEASE"])))
    tasks = Tasks(site_desk, every=os.environ["SITE_EVERY"], stalled_after=1.5)
    return tasks.app(os.environ["SITE_URL"])
