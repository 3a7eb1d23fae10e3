"""What the contract of a store works with: a place to keep projects, short ways to write, threads and forks."""

import os
import select
import signal
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

from insight_sessions.storage.port import Change, Draft, Entry, Receipt, Record, Storage

NOW = datetime(2026, 3, 1, 9, 30, 0, 123456, tzinfo=UTC)
PATIENCE = 30.0  # seconds after which something hangs for certain
MOMENT = 0.1  # seconds in which something that must not happen would have happened


@dataclass(frozen=True, slots=True)
class Place:
    """Where the store under test keeps its projects; empty at first.

    Args:
        open: opens a store there. Called twice, it gives two stores on the same projects.
        restored: does what the store's manual says is to be done after putting a backup in place.
    """

    open: Callable[[], Storage]
    restored: Callable[[], None]


def thing(id: str, body: str | None = "{}", *, subject: str | None = None, unique: str | None = None) -> Record:
    """A record to be written with `write`, which puts in the project and the version."""
    return Record("", "thing", id, 0, subject, unique, body)


def draft(id: str, stream: str = "one", *, consumer: str = "mail", due: datetime = NOW, body: str = "{}") -> Draft:
    """A delivery to be written with `write`."""
    return Draft(id, consumer, stream, body, due)


def receipt(command_id: str, at: datetime = NOW) -> Receipt:
    """A receipt to be written with `write`, which puts in the version."""
    return Receipt(command_id, "fingerprint", "thing", "result", 0, at)


def write(
    storage: Storage,
    project_id: str,
    *records: Record,
    entries: Sequence[str] = (),
    deliveries: Sequence[Draft] = (),
    receipts: Sequence[Receipt] = (),
    wake_at: datetime | None = None,
) -> int:
    """Commit one change to a project.

    Returns:
        The project's new version.
    """
    with storage.hold(project_id) as hold:
        version = hold.version + 1
        change = Change(
            version,
            [record._replace(project_id=project_id, version=version) for record in records],
            [Entry(project_id, number, body) for number, body in enumerate(entries, hold.journal_end + 1)],
            deliveries,
            [each._replace(version=version) for each in receipts],
            wake_at,
        )
        hold.commit(change)
    return version


class Aside:
    """Something done in another thread, which must come to an end."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._result: object = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            self._error = error

    def result(self) -> object:
        """What it gave; raises what it raised, and `AssertionError` when it hangs."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "a thread hangs"
        if self._error is not None:
            raise self._error
        return self._result


class Forked:
    """Something done in a forked child of this process, which must come to an end."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._answers, answer = os.pipe()
        self._child = os.fork() or _answer(work, answer)
        os.close(answer)

    def result(self) -> str:
        """What it gave, as text; `AssertionError` with the trace when it failed or hangs."""
        answer = ""
        try:
            while select.select([self._answers], [], [], PATIENCE)[0]:
                part = os.read(self._answers, 65_536)
                if not part:
                    break
                answer += part.decode()
            else:
                os.kill(self._child, signal.SIGKILL)
        finally:
            os.close(self._answers)
            os.waitpid(self._child, 0)
        assert answer.startswith("done:"), f"a forked child hangs or failed: {answer}"
        return answer.removeprefix("done:")


def _answer(work: Callable[[], object], answer: int) -> NoReturn:
    try:
        said = f"done:{work()}"
    except BaseException:  # noqa: BLE001 - the parent is told
        said = traceback.format_exc()
    os.write(answer, said.encode())
    os.close(answer)
    os._exit(0)
