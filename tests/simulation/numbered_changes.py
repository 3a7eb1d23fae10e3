"""A process that commits numbered changes to a file until it is killed."""

import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path

from insight_sessions.storage.port import Change, Draft, Entry, Receipt, Record, Settlement, Verdict
from insight_sessions.storage.sqlite import SQLiteStorage

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def say(line: str) -> None:
    """Tell the one who will kill us."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def commit_numbered_changes(path: Path) -> None:
    """The process to be killed: says what it did after it did it."""
    say("begun")
    storage = SQLiteStorage(path, secrets.token_bytes)
    storage.consumers(add=["mail"])
    while True:
        with storage.hold("p") as hold:
            number = hold.version + 1
            hold.commit(numbered(number))
        say(f"committed {number}")
        claimed = storage.claim(["mail"], worker="w", now=NOW, until=NOW, limit=1)
        settled = storage.settle([Settlement(each.id, each.token, Verdict.SENT) for each in claimed])
        say(f"settled {settled}")


def numbered(number: int) -> Change:
    """A change all of whose parts carry one number."""
    body = f"{number:06}" * 100
    return Change(
        number,
        [Record("p", kind, "only", number, kind, f"{kind} {number}", body) for kind in ("one", "two")],
        [Entry("p", number, body)],
        [Draft(f"delivery {number}", "mail", "one", body, NOW)],
        [Receipt(f"command {number}", body, "one", "only", number, NOW)],
    )


if __name__ == "__main__":
    commit_numbered_changes(Path(sys.argv[1]))
