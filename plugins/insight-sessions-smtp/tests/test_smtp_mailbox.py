"""Mails in a folder reach the desk, each once, and are put away: from a Maildir, and over IMAP from a real server."""

import imaplib
import logging
import re
import shutil
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from insight_sessions_smtp.imap import ImapFolder, ImapSettings, MailboxError
from insight_sessions_smtp.mailbox import Kind, MaildirFolder, Read, handle, read_folder
from pydantic import SecretStr, ValidationError

from insight_sessions import (
    AnnounceProject,
    Contact,
    Desk,
    Member,
    OpenCall,
    Project,
    RegisterInterest,
    Reply,
    Runtime,
    Session,
    StorageError,
)

NOW = datetime(2030, 6, 10, 9, tzinfo=UTC)
OURS = "<r-6f1d.0a1b.backlogs@example.org>"
BOUNCE = (
    b"From: MAILER-DAEMON@example.net\r\nContent-Type: multipart/report; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n"
    b"Final-Recipient: rfc822; ada@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: " + OURS.encode() + b"\r\n--b--\r\n"
)
LETTER = b"From: ada@example.org\r\nSubject: A question\r\n\r\nMay I bring a friend?\r\n"


@dataclass
class Office:
    """A desk with somebody's invite out, and what it was told of mails that came back."""

    desk: Desk
    registration: str
    returned: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    faults: list[Exception] = field(default_factory=list[Exception])
    answers: int = 0

    def receive_reply(self, raw: bytes, trusted: bool = False) -> Reply:
        """As the desk does."""
        if self.faults:
            raise self.faults.pop()
        return self.desk.receive_reply(raw, trusted)

    def mail_returned(self, message_id: str, *, email: str = "", code: str = "refused") -> bool:
        """Of our own mails alone."""
        if message_id == OURS:
            self.returned.append((message_id, email, code))
        return message_id == OURS

    @property
    def answer(self) -> str | None:
        """What their calendar answered."""
        return self.desk.state("backlogs").registration(self.registration).partstat

    def reply(self, partstat: str) -> bytes:
        """What a calendar would send."""
        text = self.desk.invite("backlogs", self.registration).decode().replace("\r\n ", "")
        text = re.sub("PARTSTAT=[A-Z-]+", f"PARTSTAT={partstat}", text.replace("METHOD:REQUEST", "METHOD:REPLY"))
        # Each is made a second after the one before.
        self.answers += 1
        text = re.sub("DTSTAMP:[0-9TZ]+", f"DTSTAMP:20300610T0900{self.answers:02d}Z", text)
        return b"From: ada@example.org\r\nContent-Type: text/calendar; method=REPLY\r\n\r\n" + text.encode()


@pytest.fixture
def office() -> Iterator[Office]:
    """Somebody has a place."""
    project = Project(
        id="backlogs",
        title="Exploring backlogs",
        summary="What members see.",
        timezone="Europe/London",
        organiser=Contact(name="Insight team", email="insight@example.org"),
        sessions=(Session(id="mon", starts="2030-07-01T10:00", minutes=120, capacity=20),),
    )
    ada = Member(id="q-17", name="Ada Osei", email="ada@example.org")
    with Desk.open("memory:", discover=False, runtime=Runtime(now=lambda: NOW)) as desk:
        desk.do(AnnounceProject(project=project))
        desk.do(OpenCall(project_id="backlogs"))
        mine = desk.do(RegisterInterest(project_id="backlogs", member=ada, sessions=("mon",)))
        yield Office(desk, mine.id)


class Box:
    """A Maildir, as a mail server fills it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.came = 0
        for part in ("cur", "new", "tmp"):
            (path / part).mkdir(parents=True)

    def take(self, raw: bytes) -> None:
        """A mail comes."""
        self.came += 1
        (self.path / "new" / f"{1_900_000_000 + self.came}.M{self.came}.mx").write_bytes(raw)

    def kept(self, *folder: str) -> list[bytes]:
        """The mails in a folder, oldest first."""
        files = [file for part in ("new", "cur") for file in self.path.joinpath(*folder, part).glob("*")]
        return [file.read_bytes() for file in sorted(files, key=lambda file: file.name)]


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """An empty one."""
    return Box(tmp_path / "mail")


def test_each_mail_reaches_the_desk_and_is_put_away(office: Office, box: Box) -> None:
    """Answers and returned mails out of sight, anything else where a person finds it."""
    mails = [office.reply("ACCEPTED"), BOUNCE, LETTER, office.reply("TENTATIVE")]
    for mail in mails:
        box.take(mail)
    folder = MaildirFolder(box.path)
    assert read_folder(office, folder) == Read(replies=2, bounces=1, others=1)
    assert office.answer == "TENTATIVE"
    assert office.returned == [(OURS, "ada@example.org", "5.1.1")]
    assert box.kept() == []
    assert box.kept(".processed") == [mails[0], mails[1], mails[3]]
    assert box.kept(".others") == [LETTER]
    assert (box.path / ".others" / "new").exists()
    assert read_folder(office, folder) == Read()


def test_who_is_killed_before_a_mail_is_put_away_handles_it_again_and_nothing_changes(
    office: Office, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The desk knows a copy, whatever came in between."""
    box.take(office.reply("ACCEPTED"))
    box.take(BOUNCE)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(MaildirFolder, "put_away", killed)
        with pytest.raises(KeyboardInterrupt):
            read_folder(office, MaildirFolder(box.path))
    assert office.answer == "ACCEPTED"
    before, history = office.desk.state("backlogs"), office.desk.history("backlogs")
    assert len(box.kept()) == 2
    assert read_folder(office, MaildirFolder(box.path)) == Read(replies=1, bounces=1)
    assert office.desk.history("backlogs") == history
    assert office.desk.state("backlogs").registrations == before.registrations
    for raw in box.kept(".processed"):
        assert handle(office, raw) in {Kind.REPLY, Kind.BOUNCE}
    assert office.desk.history("backlogs") == history
    assert set(office.returned) == {(OURS, "ada@example.org", "5.1.1")}


def test_a_store_that_is_busy_leaves_every_mail_where_it_was(office: Office, box: Box) -> None:
    """It is handled when the store can take it."""
    box.take(office.reply("ACCEPTED"))
    box.take(LETTER)
    office.faults = [StorageError("busy")]
    with pytest.raises(StorageError):
        read_folder(office, MaildirFolder(box.path))
    assert len(box.kept()) == 2
    assert read_folder(office, MaildirFolder(box.path)) == Read(replies=1, others=1)


def test_a_mail_that_nobody_can_handle_holds_up_no_other(
    office: Office, box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    """It lies where it was, and the log says of which kind the fault is, not what was in it."""
    box.take(LETTER)
    box.take(office.reply("ACCEPTED"))
    office.faults = [ValueError("Ada Osei")]
    assert read_folder(office, MaildirFolder(box.path)) == Read(replies=1, failed=1)
    assert box.kept() == [LETTER]
    assert "a mail could not be handled: ValueError" in caplog.text
    assert "Ada" not in caplog.text


def test_an_answer_counts_as_much_as_its_sender_is_known(office: Office, box: Box) -> None:
    """By default nobody loses a place by a mail."""
    box.take(office.reply("DECLINED"))
    read_folder(office, MaildirFolder(box.path))
    assert office.desk.state("backlogs").registration(office.registration).status == "confirmed"
    box.take(office.reply("DECLINED"))
    read_folder(office, MaildirFolder(box.path), trusted=True)
    assert office.desk.state("backlogs").registration(office.registration).status == "withdrawn"


def test_a_bounce_that_brings_an_invite_is_no_answer(office: Office) -> None:
    """Nor is one of somebody else's mails."""
    cited = BOUNCE.replace(b"--b--\r\n", b"--b\r\n" + office.reply("ACCEPTED") + b"\r\n--b--\r\n")
    assert handle(office, cited) is Kind.BOUNCE
    assert handle(office, cited.replace(OURS.encode(), b"<x@example.net>")) is Kind.OTHER
    assert office.answer != "ACCEPTED"


def test_a_mail_of_5_megabytes_is_not_looked_at(office: Office, box: Box) -> None:
    """A person may."""
    box.take(office.reply("ACCEPTED") + b"x" * 5_000_000)
    assert read_folder(office, MaildirFolder(box.path)) == Read(others=1)


def test_a_folder_is_read_in_pieces_oldest_first(office: Office, box: Box) -> None:
    """Whatever the names look like; hidden files, folders and links are no mails."""
    for name in ("1900000003.x", "20.y", "strange"):
        (box.path / "new" / name).write_bytes(LETTER)
    (box.path / "cur" / "1900000001.z:2,S").write_bytes(LETTER)
    (box.path / "cur" / ".hidden").write_bytes(LETTER)
    (box.path / "cur" / "folder").mkdir()
    (box.path / "cur" / "1.link").symlink_to(box.path / "new" / "20.y")
    folder = MaildirFolder(box.path)
    assert folder.waiting() == ["new/strange", "new/20.y", "cur/1900000001.z:2,S", "new/1900000003.x"]
    assert read_folder(office, folder, limit=3) == Read(others=3)
    assert folder.waiting() == ["new/1900000003.x"]


def test_a_mail_that_somebody_took_away_is_no_fault(office: Office, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two may read one folder."""
    box.take(office.reply("ACCEPTED"))
    listed = MaildirFolder(box.path).waiting()
    read_folder(office, MaildirFolder(box.path))
    monkeypatch.setattr(MaildirFolder, "waiting", lambda _self: listed)
    assert read_folder(office, MaildirFolder(box.path)) == Read(others=1)
    assert len(box.kept(".processed")) == 1


def test_what_is_no_maildir_is_told(tmp_path: Path) -> None:
    """Before anything is read."""
    with pytest.raises(FileNotFoundError, match="is no Maildir: it has no folder new"):
        MaildirFolder(tmp_path)


# IMAP


@dataclass
class Server:
    """A mail server, and a client of the test's own."""

    settings: ImapSettings
    context: ssl.SSLContext

    def connected(self) -> imaplib.IMAP4:
        """Logged in."""
        connection = imaplib.IMAP4(self.settings.host, self.settings.port or 0, timeout=10)
        connection.starttls(self.context)
        connection.login("team", "made up")
        return connection

    def take(self, *mails: bytes) -> None:
        """Mails come."""
        connection = self.connected()
        for mail in mails:
            assert connection.append("INBOX", "", "", mail)[0] == "OK"
        connection.logout()

    def kept(self, folder: str) -> int:
        """How many mails are in a folder."""
        connection = self.connected()
        data = connection.select(folder, readonly=True)[1]
        connection.logout()
        return int(data[0] or 0)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who vouches for the server."""
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA, tmp_path: Path) -> Iterator[Server]:
    """A real one, in a process of its own."""
    pair = tmp_path / "server.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(pair)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    program = shutil.which("pymap", path=str(Path(sys.executable).parent))
    assert program is not None
    where = ("--host", "127.0.0.1", "--port", str(port), "--cert", str(pair), "--key", str(pair))
    account = ("dict", "--demo-user", "team", "--demo-password", "made up")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    settings = ImapSettings(
        host="127.0.0.1",
        port=port,
        security="starttls",
        username=SecretStr("team"),
        password=SecretStr("made up"),
        timeout=10,
    )
    with subprocess.Popen([program, *where, *account], stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(100):
                with suppress(OSError):
                    imaplib.IMAP4("127.0.0.1", port, timeout=10).logout()
                    break
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.1)
            yield Server(settings, context)
        finally:
            process.kill()


def copying(folder: ImapFolder) -> ImapFolder:
    """As with a server that cannot move."""
    folder._moves = False  # pyright: ignore[reportPrivateUsage]
    return folder


@pytest.mark.parametrize("way", [lambda folder: folder, copying], ids=["moving", "copying"])
def test_mails_of_a_server_reach_the_desk_and_are_put_away(
    office: Office, server: Server, way: Callable[[ImapFolder], ImapFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one step where the server can, else by a copy; what is too large is not even fetched."""
    monkeypatch.setattr("insight_sessions_smtp.imap.LARGEST", 20_000)  # this server is slow with large ones
    server.take(office.reply("ACCEPTED"), BOUNCE, LETTER, office.reply("TENTATIVE") + b"\r\n" * 10_000)
    with ImapFolder(server.settings, server.context) as folder:
        assert read_folder(office, way(folder)) == Read(replies=1, bounces=1, others=2)
        assert read_folder(office, folder) == Read()
    assert office.answer == "ACCEPTED"
    assert office.returned == [(OURS, "ada@example.org", "5.1.1")]
    assert [server.kept(name) for name in ("INBOX", "processed", "others")] == [0, 2, 2]
    with ImapFolder(server.settings, server.context) as folder:
        assert folder.waiting() == []


def test_what_a_person_does_in_the_folder_meanwhile_hides_no_mail(office: Office, server: Server) -> None:
    """A server tells of their marks on other mails in between, before what it was asked for."""
    said = office.reply("ACCEPTED")
    server.take(LETTER, said)
    with ImapFolder(server.settings, server.context) as folder:
        letter, answer = folder.waiting()
        person = server.connected()
        person.select("INBOX")
        person.uid("STORE", letter, "+FLAGS", r"(\Flagged)")
        person.logout()
        assert folder.waiting() == [letter, answer]
        assert folder.read(answer) == said


@pytest.mark.parametrize("expunges", [True, False])
def test_what_a_person_has_marked_as_deleted_is_left_to_them(office: Office, server: Server, expunges: bool) -> None:
    """With a server that can end one mail alone, and with one that cannot: there, ours stays and is not read again."""
    server.take(LETTER, office.reply("ACCEPTED"))
    with ImapFolder(server.settings, server.context) as folder:
        letter, _ = folder.waiting()
        person = server.connected()
        person.select("INBOX")
        person.uid("STORE", letter, "+FLAGS", r"(\Deleted)")
        person.logout()
        folder._expunges = expunges  # pyright: ignore[reportPrivateUsage]
        assert read_folder(office, copying(folder)) == Read(replies=1)
        assert folder.waiting() == []
    assert [server.kept(name) for name in ("INBOX", "processed")] == [1 if expunges else 2, 1]


class Tunnel(socketserver.ThreadingTCPServer):
    """TLS from the first byte in front of a server that begins in clear text."""

    daemon_threads = True

    def __init__(self, context: ssl.SSLContext, port: int) -> None:
        super().__init__(("127.0.0.1", 0), Relay)
        self.context = context
        self.port = port


class Relay(socketserver.BaseRequestHandler):
    """One connection."""

    def handle(self) -> None:
        """Pass on what comes, in both directions."""
        tunnel = self.server
        assert isinstance(tunnel, Tunnel)
        with (
            socket.create_connection(("127.0.0.1", tunnel.port), 10) as behind,
            tunnel.context.wrap_socket(self.request, server_side=True) as before,
        ):
            back = threading.Thread(target=pump, args=(behind, before))
            back.start()
            pump(before, behind)
            back.join()


def pump(come: socket.socket, go: socket.socket) -> None:
    """Pass on what comes, to its end."""
    with suppress(OSError):
        while data := come.recv(65_536):
            go.sendall(data)
    with suppress(OSError):
        go.shutdown(socket.SHUT_WR)


def test_tls_may_begin_with_the_first_byte(office: Office, server: Server, authority: trustme.CA) -> None:
    """As most servers want it."""
    server.take(office.reply("ACCEPTED"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Tunnel(context, server.settings.port or 0) as tunnel:
        thread = threading.Thread(target=tunnel.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        settings = server.settings.model_copy(update={"security": "tls", "port": tunnel.server_address[1]})
        with ImapFolder(settings, server.context) as folder:
            assert read_folder(office, folder) == Read(replies=1)
        tunnel.shutdown()
        thread.join()


def test_a_connection_that_ends_before_a_mail_is_put_away_changes_nothing(office: Office, server: Server) -> None:
    """It is handled once more."""
    server.take(office.reply("ACCEPTED"))
    with ImapFolder(server.settings, server.context) as folder:
        (name,) = folder.waiting()
        raw = folder.read(name)
        assert raw is not None
        assert handle(office, raw) is Kind.REPLY
    history = office.desk.history("backlogs")
    with ImapFolder(server.settings, server.context) as folder:
        assert read_folder(office, folder) == Read(replies=1)
    assert office.desk.history("backlogs") == history


def test_a_server_that_cannot_be_believed_gets_no_password(server: Server) -> None:
    """Nobody we trust vouches for it, or it is another one."""
    for settings, context in (
        (server.settings, ssl.create_default_context()),
        (server.settings.model_copy(update={"host": "localhost"}), server.context),
        (server.settings.model_copy(update={"security": "tls"}), server.context),
    ):
        with pytest.raises(MailboxError, match=r"^the mail server cannot be used: \w+$"), ImapFolder(settings, context):
            pass


def test_a_server_that_cannot_encrypt_gets_no_password(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does it when somebody in between says that it cannot."""

    def stripped(connection: imaplib.IMAP4) -> tuple[str, list[object]]:
        return "OK", [b"IMAP4rev1"]

    monkeypatch.setattr(imaplib.IMAP4, "capability", stripped)
    with pytest.raises(MailboxError, match="cannot be used"), ImapFolder(server.settings, server.context):
        pass


def test_a_wrong_login_is_told_without_it(server: Server) -> None:
    """And leaves no connection open."""
    wrong = server.settings.model_copy(update={"password": SecretStr('wrong "geheim" \\')})
    with pytest.raises(MailboxError) as told, ImapFolder(wrong, server.context):
        pass
    assert "geheim" not in f"{told.value!r}"
    assert told.value.__suppress_context__


def test_a_folder_that_is_not_there_is_told(server: Server) -> None:
    """Not taken for an empty one."""
    elsewhere = server.settings.model_copy(update={"folder": "Nowhere"})
    with pytest.raises(MailboxError), ImapFolder(elsewhere, server.context):
        pass


def test_it_is_used_in_a_block(server: Server) -> None:
    """So that no connection is forgotten."""
    folder = ImapFolder(server.settings, server.context)
    with folder:
        assert folder.read("999") is None
    folder.__exit__()
    with pytest.raises(MailboxError, match="with block"):
        folder.waiting()


def test_nobody_home_is_told(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """As a fault of the mail server, for whoever polls to try again."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(OSError, match="cannot be used: ConnectionRefusedError"):
        ImapFolder(server.settings.model_copy(update={"port": 1})).__enter__()
    assert "made up" not in caplog.text


def test_the_environment_says_where_mails_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Masked, and refused without being shown."""
    for name, value in (("HOST", "mail.example.org"), ("USERNAME", "team"), ("PASSWORD", "geheim")):
        monkeypatch.setenv(f"INSIGHT_SESSIONS_IMAP_{name}", value)
    settings = ImapSettings()  # pyright: ignore[reportCallIssue] # the environment has the rest
    assert (settings.host, settings.folder) == ("mail.example.org", "INBOX")
    assert "geheim" not in repr(settings)
    monkeypatch.setenv("INSIGHT_SESSIONS_IMAP_FOLDER", 'geheim"\r\nx')
    with pytest.raises(ValidationError) as wrong:
        ImapSettings()  # pyright: ignore[reportCallIssue] # the same
    assert "geheim" not in str(wrong.value)
