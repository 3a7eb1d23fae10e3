"""Workers as they are in life: processes that run side by side, are killed, and forget nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from insight_sessions_procrastinate import Tasks

from insight_sessions import AnnounceProject, Call, Desk, OpenCall, RegisterInterest
from tests.unit.desk_kit import interest, member, project, session

TESTS = Path(__file__).parent
PATIENCE = 60
NEVER = "0 0 29 2 *"
EVERY_SECOND = "* * * * * *"


class Sent(NamedTuple):
    """One time that something was sent; without an end when its worker did not live to see it."""

    worker: int
    content: str
    begun: float
    ended: float


class Site:
    """A host with its own database, whose workers are processes.

    Args:
        url: the database.
        folder: where its plugin writes down what it sends.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder

    @contextmanager
    def worker(
        self, every: str = NEVER, lease: float = 600, concurrency: int = 4
    ) -> Iterator["subprocess.Popen[bytes]"]:
        """A worker, until the block is left; then it must stop in good order."""
        settings = {
            "SITE_URL": self.url,
            "SITE_FOLDER": str(self.folder),
            "SITE_EVERY": every,
            "SITE_LEASE": str(lease),
        }
        path = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-m", "procrastinate", "--app=procrastinate_site.app", "worker", f"-c{concurrency}"]
        with (self.folder / "said").open("ab") as said:
            process = subprocess.Popen(
                command, env={**os.environ, **settings, "PYTHONPATH": path}, stdout=said, stderr=said
            )
        try:
            yield process
            if process.poll() != -signal.SIGKILL:
                process.send_signal(signal.SIGTERM)
                assert process.wait(PATIENCE) == 0, self.said()
        finally:
            process.kill()
            process.wait()

    def said(self) -> str:
        """What its workers said last."""
        return (self.folder / "said").read_text()[-2000:]

    def sent(self) -> dict[str, list[Sent]]:
        """What was sent, by Message-ID, in the order it was begun."""
        file = self.folder / "sends"
        sent: dict[str, list[Sent]] = defaultdict(list)
        for line in file.read_text().splitlines() if file.exists() else ():
            what, worker, message_id, content, at = json.loads(line)
            if what == "begin":
                sent[message_id].append(Sent(worker, content, at, float("inf")))
            else:
                places = [at for at, one in enumerate(sent[message_id]) if one.worker == worker]
                sent[message_id][places[-1]] = sent[message_id][places[-1]]._replace(ended=at)
        return sent

    def senders(self) -> set[int]:
        """The workers that began to send something."""
        return {one.worker for times in self.sent().values() for one in times}

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds; fail when it never does."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.02)

    def jobs(self, *statuses: str) -> list[object]:
        """The queueing locks of the jobs that are at that, but for those that come by the clock."""
        with psycopg.connect(self.url) as connection:
            found = connection.execute(
                "SELECT queueing_lock FROM procrastinate_jobs WHERE status::text = ANY(%s)"
                " AND queueing_lock NOT LIKE '%%/periodic' ORDER BY id",
                [list(statuses)],
            )
            return [row[0] for row in found]

    def hang(self) -> None:
        """Have whoever sends hang in the middle of it."""
        (self.folder / "hang").touch()

    def go_on(self) -> None:
        """Let them go on."""
        (self.folder / "hang").unlink()

    def behind(self, desk: Desk) -> int:
        """How much is not delivered yet."""
        return sum(desk.health().behind.values())


@pytest.fixture
def site(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site whose database has the tables of Procrastinate."""
    monkeypatch.setenv("SITE_URL", database)
    monkeypatch.setenv("SITE_FOLDER", str(tmp_path))
    monkeypatch.syspath_prepend(TESTS)
    apply_schema(database)
    return Site(database, tmp_path)


def apply_schema(url: str) -> None:
    """Make the tables of Procrastinate."""

    def never() -> Desk:
        raise AssertionError("no desk is needed for that")

    with Tasks(never).app(url).open() as app:
        app.schema_manager.apply_schema()


@pytest.fixture
def desk(site: Site) -> Iterator[Desk]:
    """The site's desk, with an open call."""
    import procrastinate_site  # noqa: PLC0415

    with procrastinate_site.site_desk() as desk:
        desk.do(AnnounceProject(project=project(session("mon", "2090-07-03T10:00", capacity=None))))
        desk.do(OpenCall(project_id="covid-backlogs"))
        yield desk


def test_two_workers_share_the_outbox_and_never_one_delivery(site: Site, desk: Desk) -> None:
    """Each is woken by a job and takes what the other has not; what comes meanwhile needs no sweep."""
    desk.do(AnnounceProject(project=project(session("mon", "2090-07-03T10:00"), id="other")))
    desk.do(OpenCall(project_id="other"))
    for number in range(60):
        desk.do(interest(f"m{number}", "mon"))
    desk.do(RegisterInterest(project_id="other", member=member("ada"), sessions=("mon",)))
    assert site.jobs("todo") == ["insight_sessions.deliver/covid-backlogs", "insight_sessions.deliver/other"]
    site.hang()
    with site.worker(concurrency=1) as one, site.worker(concurrency=1) as other:
        site.wait_for(lambda: site.senders() == {one.pid, other.pid})
        site.go_on()
        for number in range(60, 80):
            desk.do(interest(f"m{number}", "mon"))
        site.wait_for(lambda: site.behind(desk) == 0)
    assert sorted(map(len, site.sent().values())) == [1] * 81
    assert site.jobs("doing", "failed") == []


def test_a_worker_killed_while_it_sends_loses_nothing(site: Site, desk: Desk) -> None:
    """Its claim lapses, its job is taken up, and what it was at is sent again: the same bytes."""
    for number in range(25):
        desk.do(interest(f"m{number}", "mon"))
    site.hang()
    with site.worker(EVERY_SECOND, lease=4) as doomed:
        site.wait_for(lambda: bool(site.sent()))
        doomed.kill()
        doomed.wait()
    site.go_on()
    with site.worker(EVERY_SECOND):
        site.wait_for(lambda: site.behind(desk) == 0)
        site.wait_for(lambda: "insight_sessions.deliver/covid-backlogs" not in site.jobs("todo", "doing"))
    sent = site.sent()
    assert len(sent) == 25
    again = [times for times in sent.values() if len(times) > 1]
    assert again
    for times in again:
        assert [one.worker == doomed.pid for one in times] == [True, False]
        assert times[0].ended == float("inf")
        assert times[0].content == times[1].content
    assert all(times[-1].ended < float("inf") for times in sent.values())


def test_what_no_job_speaks_of_is_found_and_time_goes_on(site: Site, desk: Desk) -> None:
    """Jobs may be lost: the outbox and the clock are looked at although nobody asks."""
    opens = datetime.now(UTC) + timedelta(seconds=3)
    later = project(session("mon", "2090-07-03T10:00"), id="later", call=Call(opens_at=opens))
    desk.do(AnnounceProject(project=later))
    for number in range(3):
        desk.do(interest(f"m{number}", "mon"))
    with psycopg.connect(site.url) as connection:
        connection.execute("DELETE FROM procrastinate_jobs")
    assert not desk.state("later").call.is_open
    with site.worker(EVERY_SECOND):
        site.wait_for(lambda: site.behind(desk) == 0 and desk.state("later").call.is_open)
    assert len(site.sent()) == 3


def test_the_commands_of_the_readme_work_when_pasted(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two commands, and what the website commits is sent."""
    given = "postgresql://insight@db.example.org/insight"
    text = (TESTS.parent / "README.md").read_text(encoding="utf-8")
    commands, website = (text.partition(f"```{kind}\n")[2].partition("```")[0] for kind in ("sh", "python"))
    assert given in commands
    assert given in website
    apply, _, work = commands.replace(given, f"'{database}'").rpartition("\nprocrastinate ")
    file = tmp_path / "notices"
    site = Site(database, tmp_path)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    monkeypatch.setenv("CUSTOM_NOTIFIER_FILE", str(file))  # for the website too: it makes the channel known
    settings = {**os.environ, "PATH": path}
    subprocess.run(["/bin/sh", "-ec", apply], check=True, timeout=PATIENCE, env=settings)
    names: dict[str, Any] = {}
    exec(website.replace(given, database), names)  # noqa: S102 - what a reader pastes
    with names["desk"] as desk, (tmp_path / "said").open("ab") as said:
        start = f"{apply.splitlines()[0]}\nexec procrastinate {work}"
        with subprocess.Popen(["/bin/sh", "-ec", start], stdout=said, stderr=said, env=settings) as worker:
            try:
                desk.do(AnnounceProject(project=project(session("mon", "2090-07-03T10:00"))))
                desk.do(OpenCall(project_id="covid-backlogs"))
                desk.do(interest("ada", "mon"))
                site.wait_for(file.exists)
            finally:
                worker.send_signal(signal.SIGTERM)
        assert worker.returncode == 0, site.said()
