"""One person goes through everything and is erased; then nothing of them is in any byte that is kept anywhere."""

import json
import logging
import os
import pickle
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from quopri import encodestring
from unicodedata import normalize
from urllib.parse import quote

import pytest

from insight_sessions import Attendance, Desk, Event, FolderNotifier, Member, Notice, Undeliverable, hookimpl
from insight_sessions.commands.attendance import RecordAttendance
from insight_sessions.commands.feedback import AnswerFeedback, GiveFeedback
from insight_sessions.commands.following import ConfirmFollowing, Follow
from insight_sessions.commands.joining import ReleaseJoiningDetails
from insight_sessions.commands.learning import ShareWriteUp
from insight_sessions.commands.places import (
    AmendAnswers,
    ConfirmPlace,
    DeclineInterest,
    RegisterInterest,
    SwitchSession,
    Withdraw,
)
from insight_sessions.commands.sessions import CancelSession, RescheduleSession
from insight_sessions.commands.telling import PostUpdate
from insight_sessions.commands.work import DecideWork, ShareWork
from insight_sessions.domain.learning import WriteUp
from insight_sessions.domain.project import Project
from insight_sessions.domain.thing import KINDS
from insight_sessions.domain.work import Work, WorkStatus
from insight_sessions.errors import InsightSessionsError, NotFound
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.port import Scrub, Storage
from insight_sessions.storage.sqlite import SQLiteStorage
from insight_sessions.testing.place import Forked

from .desk_kit import P, interest, project, session
from .desk_store import Clock, Directory, Door, desk_on, open_call
from .traces import traces, under

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

REVIEWED = "reviewed"
CANARY = Member(
    id="Serin.Host@birds.example.org",
    name="Serinus Vögelchen-Ødegård",
    email="serinus.canaria@birds.example.org",
    language="en",
    attributes={"setting": "aviary-of-saint-kilda", "role": "Flötenspieler"},
)
CORRECTED = CANARY.model_copy(update={"name": "Serina Nachtigall", "email": "goldammer@birds.example.org"})
WORDS = (
    *("serin.host", "birds.example", "serinus", "vögelchen", "ødegård", "serinus.canaria", "serina", "nachtigall"),
    *(
        "goldammer",
        "saint-kilda",
        "flötenspieler",
        "zwitschert",
        "mauserzeit",
        "federkleid",
        "vogelgrippe",
        "gartenrot",
        "brutkasten",
    ),
)
"""Whatever is said of them, and of nobody else."""


class Flaky:
    """Brings messages, or fails for good when told to; and keeps nothing."""

    name = "flaky"
    broken = False
    refuses = False

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Say whom it was for, in the fault."""
        if self.refuses and notice.recipient.email == CORRECTED.email:
            raise Undeliverable(notice.recipient.email)
        if self.broken:
            raise ConnectionError(f"no mailbox for {notice.recipient.name} <{notice.recipient.email}>")

    @hookimpl
    def insight_sessions_on_event(self, event: Event) -> None:
        """The same."""
        if self.broken:
            raise ConnectionError(f"nobody hears of {event.person}")


class World:
    """A desk with everything around it that keeps something.

    Args:
        folder: where all of that is.
        storage: where projects are kept.
    """

    def __init__(self, folder: Path, storage: Storage) -> None:
        self.folder = folder
        self.storage = storage
        self.clock = Clock()
        self.flaky, self.door, self.directory = Flaky(), Door(), Directory(CANARY)
        self.desk = self.opened()

    def opened(self) -> Desk:
        """One more desk on the same store."""
        plugins = (FolderNotifier(self.folder / "mails"), self.flaky, self.door, self.directory)
        return desk_on(self.storage, *plugins, clock=self.clock)

    def refused(self, act: Callable[[], object]) -> None:
        """Something that must fail, and be logged."""
        with pytest.raises(InsightSessionsError) as caught:
            act()
        with (self.folder / "errors.txt").open("a", encoding="utf-8") as file:
            file.write(f"{caught.value!r} {caught.value} {caught.value.__cause__!r}\n")

    def later(self, **by: float) -> None:
        """Time passes, and everything due is done."""
        self.clock.moves(**by)
        self.desk.tick()
        self.desk.deliver()

    def kept(self) -> bytes:
        """Every byte that is kept anywhere."""
        shelf = self.storage.shelf if isinstance(self.storage, MemoryStorage) else None
        memory = b"" if shelf is None else pickle.dumps((shelf.projects, shelf.subjects, shelf.outbox))
        return under(self.folder) + memory


def announced(**more: object) -> Project:
    """A project that asks everything it can."""
    return project(
        session("mon", capacity=2, where="Room 3"),
        session("tue", capacity=2),
        session("thu"),
        questions=[{"id": "role", "text": "Role?"}],
        consents=[{"purpose": "quotes", "text": "You may quote me."}],
        **more,
    )


def live(world: World) -> str:
    """Everything that can happen to one person; the token of their feed."""
    desk, do = world.desk, world.desk.do
    open_call(desk, announced())
    open_call(desk, announced(id=REVIEWED, places="review"))
    asked = RegisterInterest(
        project_id=P,
        member=CANARY.email,
        sessions=("mon", "tue"),
        answers={"role": "Er zwitschert gern."},
        consents=("quotes",),
        id="k-form",
    )
    mine = do(asked)
    do(asked)
    for who in ("ben", "cat", "dan"):
        do(interest(who, "mon", "tue"))
    world.refused(lambda: do(asked.model_copy(update={"id": "k-again"})))
    world.refused(lambda: do(asked.model_copy(update={"sessions": ("tue",)})))
    world.door.broken = True
    world.refused(lambda: do(asked.model_copy(update={"id": "k-3", "project_id": REVIEWED})))
    world.door.broken = False
    other = do(asked.model_copy(update={"id": "k-4", "project_id": REVIEWED}))
    world.flaky.broken = True
    for _ in range(14):
        world.later(hours=7)
    assert desk.dead_letters()
    world.flaky.broken = False
    desk.requeue(desk.dead_letters()[0].id)
    desk.deliver()
    for email in (CANARY.email, CORRECTED.email):
        do(Follow(project_id=P, email=email, name=CANARY.name))
    do(ConfirmFollowing(project_id=P, follower_id=min(desk.state(P).followers)))
    do(PostUpdate(project_id=P, title="News", text="We read what you said."))
    do(AmendAnswers(project_id=P, registration_id=mine.id, answers={"role": "Jetzt ist Mauserzeit."}))
    token = desk.feed_token(CANARY.id)
    assert b"BEGIN:VEVENT" in desk.personal_feed(token)
    do(ReleaseJoiningDetails(project_id=P, session_id="mon", link="https://meet.example.org/1"))
    do(RescheduleSession(project_id=P, session_id="mon", starts="2021-07-05T11:00"))
    world.later(minutes=5)
    answer(world, mine.id, CANARY.email, "TENTATIVE")
    assert desk.correct_member(CORRECTED) == [P, REVIEWED]
    world.later(minutes=5)
    do(SwitchSession(project_id=P, registration_id=mine.id, sessions=("thu", "tue", "mon")))
    world.later(minutes=5)
    do(CancelSession(project_id=P, session_id="thu", reason="The room is gone."))
    world.later(minutes=5)
    answer(world, mine.id, CORRECTED.email, "ACCEPTED")
    world.refused(lambda: do(ConfirmPlace(project_id=REVIEWED, registration_id=other.id, session_id="thu")))
    do(DeclineInterest(project_id=REVIEWED, registration_id=other.id, reason="Ihr Federkleid ist zu bunt."))
    world.flaky.refuses = True
    for id, starts in (("mon", "2021-07-05T12:00"), ("tue", "2021-07-06T15:00")):
        do(RescheduleSession(project_id=P, session_id=id, starts=starts))
    world.later(minutes=5)
    world.flaky.refuses = False
    assert desk.state(P).bounces
    world.later(minutes=5)
    exported(desk, world.folder / "exports" / "before", reports=False)
    return token


def second_life(world: World) -> None:
    """They withdraw, come back, and are there on the day of one session, in a third project."""
    do = world.desk.do
    open_call(world.desk, announced(id="third", work={}))
    work = Work(title="Der Brutkasten", setting="Im Brutkasten", summary="Brutkasten: Es ist warm.", consent=True)
    shared = do(ShareWork(project_id="third", member=CORRECTED, work=work))
    kept = WorkStatus.SHORTLISTED
    do(DecideWork(project_id="third", work_id=shared.id, decision=kept, message="Schöner Brutkasten."))
    first = do(interest(CORRECTED, "mon").model_copy(update={"project_id": "third"}))
    do(Withdraw(project_id="third", registration_id=first.id, reason="Ich habe Vogelgrippe."))
    again = do(interest(CORRECTED, "mon").model_copy(update={"project_id": "third"}))
    world.desk.deliver()
    world.clock.now = world.desk.state("third").session("mon").begins
    do(RecordAttendance(project_id="third", session_id="mon", attendance={again.id: Attendance.ATTENDED}))
    world.later(days=1)
    do(ShareWriteUp(project_id="third", write_up=WriteUp(title="Found", text="This.", feedback_until=30)))
    world.desk.deliver()
    said = do(
        GiveFeedback(project_id="third", registration_id=again.id, text="Und der Gartenrotschwanz?", may_quote=True)
    )
    do(AnswerFeedback(project_id="third", feedback_id=said.id, text="Der Gartenrotschwanz kommt noch."))
    world.later(days=1)


def answer(world: World, registration_id: str, email: str, partstat: str) -> None:
    """Their calendar answers the present invite."""
    one = world.desk.state(P).registration(registration_id)
    text = (
        f"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nUID:{one.uid}\r\nSEQUENCE:{one.sequence}\r\n"
        f"DTSTAMP:{world.clock.now:%Y%m%dT%H%M%SZ}\r\nATTENDEE;PARTSTAT={partstat}:mailto:{email}\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    assert world.desk.receive_reply(text.encode()).registration is not None


def exported(desk: Desk, folder: Path, *, reports: bool) -> None:
    """Whatever organisers take out of a desk that names no one, and what it says of itself.

    A report names the values of attributes, so one that was taken before is the organisers' to delete.
    """
    folder.mkdir(parents=True)
    for id in desk.projects():
        said: list[object] = [desk.history(id), desk.explain(id, CANARY.id), desk.feed(id)]
        said += [desk.report(id)] if reports else []
        (folder / id).write_text(repr(said), encoding="utf-8")
    (folder / "desk").write_text(repr((desk.health(), desk.dead_letters())), encoding="utf-8")


def everything(desk: Desk, token: str) -> str:
    """All that a desk gives out about anybody."""
    with pytest.raises(NotFound):
        desk.personal_feed(token)
    export = desk.export_member(CANARY.id) | {"member_id": "", "person": ""}
    said: list[object] = [desk.of_member(CANARY.id), desk.dead_letters(), export]
    for id in desk.projects():
        state = desk.state(id)
        invites = [(one, desk.invite(id, one.id)) for one in state.registrations.values() if one.stamped]
        said += [
            state,
            desk.history(id),
            desk.report(id),
            desk.summary(id),
            desk.explain(id, CANARY.id),
            invites,
            *desk.invites(id),
        ]
        said += [desk.preview(interest(who, "tue").model_copy(update={"project_id": id})) for who in ("ben", "eve")]
    return repr(said)


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A desk on each store, and everything it logs in a file beside it."""
    storage: Storage = (
        MemoryStorage(os.urandom) if request.param == "memory" else SQLiteStorage(tmp_path / "store.db", os.urandom)
    )
    handler = logging.FileHandler(tmp_path / "log.txt", encoding="utf-8")
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    with closing(handler), closing(storage):
        yield World(tmp_path, storage)
        root.removeHandler(handler)
        root.setLevel(level)


def test_nothing_of_the_canary_is_left_anywhere(world: World) -> None:
    """In the database and its log, the journal, the outbox, what was exported since, logs, errors and mail folders."""
    token = live(world)
    second_life(world)
    assert traces(world.kept(), WORDS) == set(WORDS), "all of it was there, so it could be found"
    other = world.opened()
    assert traces(repr([other.state(id) for id in other.projects()]).encode(), WORDS)
    forked = told = None
    if isinstance(world.storage, SQLiteStorage):
        forked, told = in_another_process(world, token)

    world.desk.erase_member(CANARY.id)
    world.desk.deliver()
    world.desk.tick()
    erasure = world.desk.erase_member(CANARY.id)

    assert (erasure.complete, erasure.projects, erasure.records) == (True, (), {})
    for desk in (world.desk, other, world.opened()):
        assert traces(everything(desk, token).encode(), WORDS) == set()
    if forked is not None and told is not None:
        os.write(told, b"!")
        assert forked.result() == "set()"
        os.close(told)
    exported(world.desk, world.folder / "exports" / "after", reports=True)
    assert traces(world.kept(), WORDS) == set()
    world.storage.close()
    assert traces(world.kept(), WORDS) == set()
    assert (world.folder / "log.txt").stat().st_size > 1000
    assert list((world.folder / "mails").iterdir()), "those to others are still there"


def in_another_process(world: World, token: str) -> tuple[Forked, int]:
    """A child that knows the canary, and says when it is asked what it knows."""
    go, told = os.pipe()
    ready, say = os.pipe()

    def child() -> set[str]:
        with closing(SQLiteStorage(world.folder / "store.db", os.urandom)) as storage:
            desk = desk_on(storage, clock=world.clock)
            known = repr([desk.state(id) for id in desk.projects()])
            assert traces(known.encode(), WORDS)
            os.write(say, b"!")
            os.read(go, 1)
            return traces(everything(desk, token).encode(), WORDS)

    forked = Forked(child)
    os.read(ready, 1)
    for end in (go, ready, say):
        os.close(end)
    return forked, told


# That it can fail


@pytest.mark.parametrize("kind", ["reason", "answers", "person"])
def test_a_kind_of_record_that_is_forgotten_is_found(world: World, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A control: with one kind left out of the erasure, its words are still there."""
    live(world)
    second_life(world)
    left = {name: one for name, one in KINDS.items() if name != kind}
    monkeypatch.setattr("insight_sessions.domain.contents.KINDS", left)
    world.desk.erase_member(CANARY.id, farewell=False)
    monkeypatch.undo()
    there = {"reason": "vogelgrippe", "answers": "mauserzeit", "person": "nachtigall"}
    assert there[kind] in traces(world.kept(), WORDS)


def test_files_that_were_not_cleaned_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A control: without `scrub` the log beside the database still has all of it."""
    with closing(SQLiteStorage(tmp_path / "store.db", os.urandom)) as storage:
        world = World(tmp_path, storage)
        live(world)
        monkeypatch.setattr(storage, "scrub", lambda: Scrub(clean=True))
        assert world.desk.erase_member(CANARY.id, farewell=False).complete
        assert "goldammer" in traces(world.kept(), WORDS)


def _encoded_word(text: str) -> str:
    return f"=?utf-8?b?{b64encode(text.encode()).decode()}?="


ODD: dict[str, Callable[[str], str | bytes]] = {
    "plain": str,
    "lower": str.lower,
    "upper": str.upper,
    "base64": lambda text: b64encode(text.encode()),
    "base64 further in": lambda text: b64encode(f"To: {text}".encode()),
    "base64 yet further in": lambda text: b64encode(f"To:  {text}.".encode()),
    "encoded word": _encoded_word,
    "quoted": lambda text: encodestring(text.encode()),
    "percent": partial(quote, safe=""),
    "percent, small": lambda text: quote(text).lower(),
    "json": json.dumps,
    "escaped": ascii,
    "folded": lambda text: f"ATTENDEE;CN={text[:7]}\r\n {text[7:]}",
    "softly broken": lambda text: f"{text[:5]}=\r\n{text[5:]}",
    "wide": lambda text: text.encode("utf-16-le"),
    "decomposed": partial(normalize, "NFD"),
    "hexadecimal": lambda text: text.encode().hex(),
    "entities": lambda text: text.encode("ascii", "xmlcharrefreplace"),
}


@pytest.mark.parametrize("way", ODD)
def test_a_planted_leak_is_found_however_it_is_written(way: str, tmp_path: Path) -> None:
    """A control of the search itself; what is like it and says nothing is not taken for it."""
    written = ODD[way](CANARY.name)
    raw = written if isinstance(written, bytes) else written.encode()
    (tmp_path / "log.txt").write_bytes(os.urandom(999) + b" 2021 INFO " + raw + b" was here\n" + os.urandom(999))
    assert traces(under(tmp_path), ["vögelchen"]) == {"vögelchen"}
    assert traces(under(tmp_path), ["federkleid"]) == set()


def test_a_name_of_a_file_is_looked_at_as_well(tmp_path: Path) -> None:
    """A folder of mails that were named after people would be a leak."""
    (tmp_path / "mail-to-goldammer.eml").touch()
    assert traces(under(tmp_path), WORDS) == {"goldammer"}
