"""The tick of a process with newer zone rules: what a desk does with them, once, and tells whom."""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import tzdata

from insight_sessions import Desk, EventKind, FolderNotifier, NoticeKind
from insight_sessions.commands.sessions import AddSession, RescheduleSession
from insight_sessions.errors import StorageError
from insight_sessions.records import decode
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.upkeep import SWEPT_EVERY
from tests.calendar_client import event_of

from .casablanca import CASABLANCA, NEW, OLD, ZONES, by
from .desk_kit import P, interest, project, session
from .desk_store import Clock, Ears, Post, Shaky, desk_on, open_call

BEFORE = datetime(2026, 12, 15, 9, tzinfo=UTC)
AFTER = datetime(2026, 12, 15, 10, tzinfo=UTC)
K = NoticeKind


def moroccan(id: str = "rabat", starts: str = "2026-12-15T10:00") -> Any:  # noqa: ANN401 - a session
    """A session on Moroccan clocks."""
    return session(id, starts, 5, timezone=CASABLANCA)


class Office:
    """A store with a Moroccan project, announced under the older rules, and desks on it."""

    def __init__(self, storage: MemoryStorage | None = None) -> None:
        self.storage = storage or MemoryStorage(os.urandom)
        self.clock = Clock()
        self.clock.now = datetime(2026, 11, 1, 9, tzinfo=UTC)
        self.post, self.ears = Post(), Ears()
        with by(OLD):
            desk = open_call(self.desk(), project(moroccan(), session("london", "2026-12-16T10:00")))
            for who in ("ada", "ben"):
                desk.do(interest(who, "rabat"))
            desk.deliver()
        self.post.taken.clear()
        self.ears.heard.clear()

    def desk(self) -> Desk:
        """One more process."""
        return desk_on(self.storage, self.post, self.ears, clock=self.clock)


def test_a_tick_under_newer_rules_tells_everybody_once() -> None:
    """Each member with an update of their calendar, the organiser in words, and whoever listens by events."""
    office = Office()
    with by(NEW):
        desk = office.desk()
        assert desk.tick() == 1
        desk.deliver()
        assert desk.state(P).session("rabat").begins == AFTER
    members, (report,) = office.post.taken[:2], office.post.taken[2:]
    assert sorted((one.recipient.member_id, one.kind) for one in members) == [
        ("ada", K.CLOCKS_CHANGED),
        ("ben", K.CLOCKS_CHANGED),
    ]
    for one in members:
        assert one.invite is not None
        shown = event_of(one.invite.data)
        assert (shown.sequence, shown.begins, shown.status) == (1, AFTER, "CONFIRMED")
    assert (report.kind, report.invite, report.language) == (K.ZONE_RULES_CHANGED, None, "en")
    organiser = desk.state(P).definition.organiser
    assert (report.recipient.name, report.recipient.email) == (organiser.name, organiser.email)
    assert report.recipient.person == report.recipient.member_id == ""
    (event,) = office.ears.heard
    assert (event.kind, event.project_id, event.session) == (EventKind.SESSION_SHIFTED, P, "rabat")
    assert (event.begins, event.began) == (BEFORE.replace(hour=10), BEFORE)
    assert event == desk.history(P)[-1]


def test_the_organiser_reads_what_happened() -> None:
    """The whole message."""
    office = Office()
    with by(NEW):
        desk = office.desk()
        desk.tick()
        desk.deliver()
    report = office.post.taken[-1]
    assert report.subject == "The clocks have new rules: Exploring COVID-19 backlogs"
    assert (
        report.text
        == """\
Hello Q insight team,

A time zone has new rules for its clocks, and they concern sessions of “Exploring COVID-19 backlogs”.

These sessions stay at the same local time, and whoever has a place in them or asked for one is told:
Tuesday 15 December 2026, 10:00 to 12:00 (Casablanca time, UTC+00:00)
  before: Tuesday 15 December 2026, 10:00 to 12:00 (Casablanca time, UTC+01:00)

This message comes from the program that looks after “Exploring COVID-19 backlogs”."""
    )


def test_further_ticks_do_nothing() -> None:
    """Neither at once nor after hours, nor in another process; and they write nothing."""
    storage = Shaky()
    office = Office(storage)
    with by(NEW):
        desk, other = office.desk(), office.desk()
        desk.tick()
        commits = len(storage.commits)
        for _ in range(3):
            assert desk.tick() == other.tick() == 0
            office.clock.now += SWEPT_EVERY
        assert len(storage.commits) == commits
    assert {one.tzdata for one in desk.state(P).sessions.values()} == {NEW}


def test_machines_of_two_releases_do_not_move_a_session_back_and_forth() -> None:
    """A rolling update, in any order and for hours: one message each."""
    office = Office()
    for release in (OLD, NEW, OLD, NEW, NEW, OLD, OLD, NEW):
        with by(release):
            desk = office.desk()
            desk.tick()
            desk.deliver()
            assert desk.state(P).session("rabat").begins == (BEFORE if not office.post.taken else AFTER)
        office.clock.now += SWEPT_EVERY
    assert sorted(one.kind for one in office.post.taken) == [K.CLOCKS_CHANGED] * 2 + [K.ZONE_RULES_CHANGED]
    assert [event.kind for event in office.ears.heard] == [EventKind.SESSION_SHIFTED]


def test_two_processes_that_tick_at_once_agree() -> None:
    """The second one finds it done, although it saw the old rules' instants a moment before."""
    office = Office()
    with by(NEW):
        desk, other = office.desk(), office.desk()
        look, state = desk._writer.state, other._writer.state(P)
        desk._writer.state = lambda project_id: state if other.tick() else look(project_id)  # type: ignore[method-assign]
        assert desk.tick() == 1
        desk._writer.state = look  # type: ignore[method-assign]
        desk.deliver()
    assert len(office.post.taken) == 3
    assert len(office.ears.heard) == 1


def test_what_a_machine_with_older_rules_does_later_is_put_right_within_the_hour() -> None:
    """A process that has looked at a project looks again."""
    office = Office()
    with by(NEW):
        desk = office.desk()
        desk.tick()
    with by(OLD):
        other = office.desk()
        other.do(AddSession(project_id=P, session=moroccan("fes", "2026-12-17T10:00")))
        other.do(RescheduleSession(project_id=P, session_id="rabat", starts="2026-12-15T14:00"))
    with by(NEW):
        office.clock.now += SWEPT_EVERY
        assert desk.tick() == 1
        state = desk.state(P)
    assert state.session("fes").begins == datetime(2026, 12, 17, 10, tzinfo=UTC)
    assert state.session("rabat").begins == datetime(2026, 12, 15, 14, tzinfo=UTC)


def test_what_could_not_be_written_is_tried_at_the_next_tick() -> None:
    """The error is told; nothing is half done."""
    storage = Shaky()
    office = Office(storage)
    with by(NEW):
        desk = office.desk()
        storage.refuse_commit = [StorageError("disk full")]
        with pytest.raises(StorageError, match="disk full"):
            desk.tick()
        assert desk.state(P).session("rabat").begins == BEFORE
        assert desk.tick() == 1
        assert desk.state(P).session("rabat").begins == AFTER


def test_the_organisers_mail_is_a_mail_like_others(tmp_path: Path) -> None:
    """To the address that the project has now."""
    office = Office()
    with by(NEW):
        desk = desk_on(office.storage, FolderNotifier(tmp_path), clock=office.clock)
        desk.tick()
        desk.deliver()
    mails = [message_from_bytes(path.read_bytes(), policy=default) for path in sorted(tmp_path.rglob("*.eml"))]
    (mail,) = [mail for mail in mails if mail["To"].addresses[0].addr_spec == "insight@example.org"]
    assert mail["Subject"] == "The clocks have new rules: Exploring COVID-19 backlogs"
    assert "This message comes from the program" in mail.get_content()


def test_what_is_kept_for_the_organiser_names_nobody() -> None:
    """Neither in the outbox nor in the journal; the organiser's name is joined when it is sent."""
    storage = Shaky()
    office = Office(storage)
    with by(NEW):
        office.desk().tick()
    kept = repr(storage.commits[-1].deliveries) + repr(storage.commits[-1].entries)
    assert '"zone_rules_changed"' in kept
    for private in ("Ada", "ada@", "Q insight team", "insight@example.org"):
        assert private not in kept
    assert decode(storage.commits[-1].records).things


# With two real packages

PROGRAM = """
import json, sys
from datetime import datetime
from insight_sessions import *

url, act, now = sys.argv[1], sys.argv[2], datetime.fromisoformat(sys.argv[3])
notices, events = [], []

class Office:
    name = "office"

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        data = None if notice.invite is None else notice.invite.data.decode()
        notices.append([notice.kind, notice.recipient.email, data])

    @hookimpl
    def insight_sessions_on_event(self, event: Event) -> None:
        events.append([event.kind, event.session, str(event.begins), str(event.began)])

with Desk.open(url, plugins=[Office()], discover=False, runtime=Runtime(now=lambda: now)) as desk:
    if act == "announce":
        contact = Contact(name="Team", email="team@example.org")
        session = Session(id="rabat", starts="2026-12-15T10:00", minutes=120)
        desk.do(AnnounceProject(project=Project(
            id="p", title="T", summary="S", timezone="Africa/Casablanca", organiser=contact, sessions=(session,),
        )))
        desk.do(OpenCall(project_id="p"))
        for who in ("ada", "ben"):
            member = Member(id=who, name=who, email=f"{who}@example.org")
            desk.do(RegisterInterest(project_id="p", member=member, sessions=("rabat",)))
    visited = desk.tick()
    desk.deliver()
    session = desk.state("p").session("rabat")
    print(json.dumps({
        "release": desk.health().tzdata, "visited": visited, "starts": str(session.starts),
        "begins": str(session.begins), "tzdata": session.tzdata, "sequence": session.sequence,
        "public": desk.session_calendar("p", "rabat").decode(), "notices": notices, "events": events,
    }))
"""


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two folders, each with a tzdata package: ours, but with Morocco and the version of that release."""
    real = Path(str(tzdata.__file__)).parent
    made: dict[str, Path] = {}
    for release in (OLD, NEW):
        made[release] = folder = tmp_path_factory.mktemp(release)
        package = folder / "tzdata"
        shutil.copytree(real, package, copy_function=os.symlink, ignore=shutil.ignore_patterns("__pycache__"))
        for name, data in (
            ("__init__.py", f'IANA_VERSION = "{release}"\n'.encode()),
            (f"zoneinfo/{CASABLANCA}", (ZONES / release / CASABLANCA).read_bytes()),
        ):
            (package / name).unlink()
            (package / name).write_bytes(data)
    return made


def test_two_machines_with_two_tzdata_packages_on_one_store(releases: dict[str, Path], tmp_path: Path) -> None:
    """Announced under the older one, ticked under the newer, the older, and the newer again."""

    def run(release: str, act: str, now: str) -> dict[str, Any]:
        told = subprocess.run(
            [sys.executable, "-c", PROGRAM, f"sqlite:///{tmp_path / 'p.db'}", act, now],
            env={**os.environ, "PYTHONPATH": str(releases[release])},
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stderr[-2000:]
        answer: dict[str, Any] = json.loads(told.stdout)
        assert answer["release"] == release
        assert answer["starts"] == "2026-12-15 10:00:00"
        return answer

    first = run(OLD, "announce", "2026-11-01T09:00+00:00")
    assert (first["begins"], first["tzdata"], first["sequence"]) == (str(BEFORE), OLD, 0)
    assert [event_of(data.encode()).begins for _, _, data in first["notices"]] == [BEFORE, BEFORE]

    second = run(NEW, "tick", "2026-11-02T09:00+00:00")
    assert (second["begins"], second["tzdata"], second["sequence"], second["visited"]) == (str(AFTER), NEW, 1, 1)
    told = {email: (kind, data) for kind, email, data in second["notices"]}
    assert len(told) == len(second["notices"]) == 3
    assert told.pop("team@example.org") == ("zone_rules_changed", None)
    for kind, data in told.values():
        shown = event_of(data.encode())
        assert (kind, shown.begins, shown.sequence) == ("clocks_changed", AFTER, 1)
    assert second["events"] == [["session_shifted", "rabat", str(AFTER), str(BEFORE)]]
    assert event_of(second["public"].encode()).begins == AFTER

    for release, now in ((OLD, "2026-11-03T09:00+00:00"), (NEW, "2026-11-04T09:00+00:00")):
        later = run(release, "tick", now)
        assert (later["begins"], later["tzdata"], later["sequence"], later["visited"]) == (str(AFTER), NEW, 1, 0)
        assert later["notices"] == later["events"] == []
        assert event_of(later["public"].encode()).begins == AFTER
