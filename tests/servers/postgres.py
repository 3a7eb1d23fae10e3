"""Real PostgreSQL servers, for the tests of the library and of its plugins.

    from tests.servers.postgres import database, own_postgres, postgres

in a plugin's conftest.py gives it these fixtures. A server listens on a socket in a folder of its own and nowhere else,
writes as durably as any (fsync is on), and is gone with the test process, even with one that was killed.
"""

import atexit
import functools
import itertools
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString
from urllib.parse import quote, urlsplit

import psycopg
import pytest
from psycopg import sql

from tests.servers.programs import ADVICE, NoServerError, home, person, programs

VARIABLE = "INSIGHT_SESSIONS_TEST_POSTGRES"
PATIENCE = 60  # seconds, for a busy machine: a server begins in a fifth of one

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0777",  # of a socket in a folder that only its owner enters
    "max_connections": "200",
    "shared_buffers": "16MB",
    "min_wal_size": "8MB",
    "max_wal_size": "256MB",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "wal_level": "replica",
    "wal_keep_size": "64MB",  # for a standby that is being made
    "jit": "off",
    "log_line_prefix": "%m [%p] ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}

_numbers = itertools.count(1)


class Databases:
    """A server, to make databases on.

    Args:
        url: Of a database that is there, and whose role may create others.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def dsn(self, database: str) -> str:
        """The URL of a database of this server."""
        return urlsplit(self._url)._replace(path="/" + database).geturl()

    def fresh(self, like: str = "template0") -> str:
        """Make a database.

        Args:
            like: The database to copy, that nobody is connected to.

        Returns:
            Its URL.
        """
        name = f"insight_sessions_{os.getpid()}_{next(_numbers)}_{secrets.token_hex(3)}"
        self._tell("CREATE DATABASE {} TEMPLATE {}", name, like)
        return self.dsn(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected to it."""
        self._tell("DROP DATABASE IF EXISTS {} WITH (FORCE)", urlsplit(url).path.removeprefix("/"))

    def _tell(self, statement: LiteralString, *names: str) -> None:
        """Say something to the server that names databases."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


class Server(Databases):
    """A server of our own, which may be stopped, crashed and started again.

    Args:
        folder: Where it writes: `data` in it is its cluster, `log` what it says, and its socket is there too.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._starter = os.getpid()
        super().__init__(f"postgresql://postgres@/postgres?host={quote(str(folder), safe='')}")

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        if self._process is None:
            raise NoServerError("The server does not run.")
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it answers; after a crash it first brings its files in order."""
        settings = {**SETTINGS, "unix_socket_directories": str(self.folder)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        program = programs().folder / "postgres"
        self._process = person().begin(program, "-D", self.folder / "data", *options, log=self.folder / "log")
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._end(signal.SIGKILL)
                raise NoServerError(f"A PostgreSQL server did not start. It said last:\n{self.said()[-2000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it in good order, without waiting for those who are connected."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """End it at once, leaving its files as they happen to be."""
        self._end(signal.SIGQUIT)

    @contextmanager
    def replica(self) -> Iterator["Server"]:
        """A standby that has what this server acknowledges: each commit waits for it.

        Yields:
            The standby, started and in step. Afterwards it is stopped, and this server waits for nobody.
        """
        folder = _make_folder()
        source = f"host={self.folder} user=postgres application_name={folder.name}"
        program = programs().folder / "pg_basebackup"
        # With --write-recovery-conf it knows whom to follow.
        careful = ["--checkpoint=fast", "--wal-method=stream", "--write-recovery-conf", "--no-sync"]
        made = person().run(program, "-d", source, "-D", folder / "data", *careful)
        if made.returncode != 0:
            raise NoServerError(f"A standby could not be made: {made.stdout[-300:]}")
        with _ending(Server(folder)) as standby:
            standby.start()
            self._wait_for_standbys(f'"{folder.name}"')
            try:
                yield standby
            finally:
                if self._answers():
                    self._wait_for_standbys("")

    def promote(self) -> None:
        """Make a standby a server that takes writes."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("SELECT pg_promote(true, %s)", [PATIENCE])

    def _wait_for_standbys(self, names: str) -> None:
        """Have each commit wait for these standbys from now on."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(sql.SQL("ALTER SYSTEM SET synchronous_standby_names = {}").format(names))
            connection.execute("SELECT pg_reload_conf()")
            deadline = time.monotonic() + PATIENCE
            while (
                names
                and not connection.execute("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'").fetchall()
            ):
                if time.monotonic() > deadline:
                    raise NoServerError("A standby does not keep step.")
                time.sleep(0.02)

    def said(self) -> str:
        """Its log."""
        return (self.folder / "log").read_text(errors="replace")

    def _answers(self) -> bool:
        """Whether it takes connections."""
        try:
            psycopg.connect(self._url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _end(self, how: signal.Signals) -> None:
        """Send it a signal, and wait until it is gone; send the last one when that takes too long."""
        if self._process is None or os.getpid() != self._starter:  # a fork leaves it to the process that started it
            return
        self._process.send_signal(how)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        # Another process may get the number.
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)


def begin() -> Server:
    """Make a server of one's own and start it.

    Raises:
        NoServerError: None can be had.
    """
    found = programs()
    folder = _make_folder()
    copied = person().run("cp", "-R", found.template, folder / "data")
    if copied.returncode != 0:
        raise NoServerError(f"The files of a server could not be copied: {copied.stdout[-300:]}")
    server = Server(folder)
    server.start()
    return server


def _make_folder() -> Path:
    """A folder for a server, whose name is that of nobody else."""
    folder = home().path / f"server-{next(_numbers)}"
    folder.mkdir(mode=0o700)
    os.chown(folder, person().user, person().group)
    return folder


@contextmanager
def _ending(server: Server) -> Iterator[Server]:
    """Stop a server after the block, and remove what it wrote."""
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


@contextmanager
def running() -> Iterator[Server]:
    """A server of one's own.

    Yields:
        The server, started. Afterwards it is stopped and its files are gone.

    Raises:
        NoServerError: None can be had.
    """
    with _ending(begin()) as server:
        yield server


@functools.cache
def shared() -> Databases:
    """The server that this process shares among its tests: the one named in the environment, or one of our own.

    Raises:
        NoServerError: The one that is named does not answer, or none can be had.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        server = begin()
        atexit.register(server.stop)
        return server
    if urlsplit(named).scheme not in {"postgres", "postgresql"}:
        raise NoServerError(f"{VARIABLE} is no URL of a PostgreSQL server. {ADVICE}")
    try:
        psycopg.connect(named, connect_timeout=10).close()
    except psycopg.OperationalError as error:
        raise NoServerError(f"The server named in {VARIABLE} does not answer: {error}\n{ADVICE}") from error
    return Databases(named)


@pytest.fixture(scope="session")
def postgres() -> Databases:
    """A server that tests share; each makes databases of its own."""
    return shared()


@pytest.fixture
def database(postgres: Databases) -> Iterator[str]:
    """The URL of an empty database, for one test."""
    url = postgres.fresh()
    yield url
    postgres.drop(url)


@pytest.fixture
def own_postgres() -> Iterator[Server]:
    """A server for one test, which may crash it."""
    with running() as server:
        yield server
