"""A fair lock between processes, on two small files beside the database.

One lock alone is unfair: the process that lets go of it takes it again before those it woke have run, and
some of them wait for seconds. So whoever wants the lock first waits at a turnstile; one process stands in
it, is next for certain, and the rest are equal.
"""

import fcntl
from contextlib import ExitStack
from pathlib import Path


def beside(path: Path, ending: str) -> Path:
    """The file that stands beside a database under its name and an ending."""
    return path.with_name(path.name + ending)


class FileLock:
    """Lets one process in at a time. For one thread at a time; the files stay when it is closed.

    Args:
        path: the database that the lock is for.
    """

    def __init__(self, path: Path) -> None:
        with ExitStack() as files:
            self._turnstile = files.enter_context(beside(path, "-turn").open("ab", buffering=0)).fileno()
            self._sign = files.enter_context(beside(path, "-hold").open("a+b", buffering=0))
            self._lock = self._sign.fileno()
            self._files = files.pop_all()

    def enter(self) -> None:
        """Wait until no other process is in."""
        fcntl.flock(self._turnstile, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        finally:
            fcntl.flock(self._turnstile, fcntl.LOCK_UN)

    def leave(self) -> None:
        """Let the next process in."""
        fcntl.flock(self._lock, fcntl.LOCK_UN)

    @property
    def marked(self) -> bool:
        """Whether `mark` was ever called, by any process."""
        self._sign.seek(0)
        return self._sign.read(1) != b""

    def mark(self) -> None:
        """Leave a sign in the lock's file that there is a database beside it."""
        if not self.marked:
            self._sign.write(b"The database beside this file was made. Without it, this file may go.\n")

    def close(self) -> None:
        """Close the files, which lets go of the lock unless another process has inherited it."""
        self._files.close()
