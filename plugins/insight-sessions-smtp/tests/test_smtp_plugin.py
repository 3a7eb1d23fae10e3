"""The notifier as a desk uses it: settings, mails that arrive, what goes wrong, and what the doctor says."""

import logging
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from email.utils import getaddresses
from pathlib import Path
from typing import Any

import insight_sessions_smtp
import mailparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from insight_sessions_smtp import (
    Letters,
    SendingFailed,
    ServerRefused,
    SettingsError,
    SmtpNotifier,
    SmtpSettings,
    TemplatesError,
    doctor,
)
from insight_sessions_smtp.fitness import refuse_unfit
from insight_sessions_smtp.settings import PREFIX, settings_from

from insight_sessions import (
    AnnounceProject,
    Contact,
    Desk,
    Member,
    Notice,
    OpenCall,
    Project,
    RegisterInterest,
    Runtime,
    Session,
)
from insight_sessions.testing import NotifierContract
from insight_sessions.testing.notices import ODD_NAMES, example_notices
from tests.servers.smtp import DROP, HOST, TAKE_AND_DROP, MailServer, ca_file

LOGIN = ("desk@example.org", "a secret of ours")
ADA = Member(id="q-17", name="Ada Osei", email="ada@example.org")
PROJECT = Project(
    id="backlogs",
    title="Exploring backlogs",
    summary="What members see.",
    timezone="Europe/London",
    organiser=Contact(name="Insight team", email="insight@example.org"),
    sessions=(Session(id="mon", starts="2030-07-01T10:00", minutes=120, capacity=20, where="Room 3"),),
)
PRIVATE = ("ada", "Ada", "osei", "insight@example.org", "desk@", "secret")


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of whoever runs the tests."""
    for name in ("HOST", "PORT", "SECURITY", "USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"{PREFIX}{name}", raising=False)


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A server that takes everything from everybody."""
    with MailServer("none") as server:
        yield server


def notifier_for(server: MailServer, **more: Any) -> SmtpNotifier:  # noqa: ANN401 - whatever is tried
    """A notifier that sends there."""
    given: dict[str, Any] = {"host": HOST, "port": server.port, "security": "none", "timeout": 5}
    return SmtpNotifier(settings_from(**(given | more)))


class Clock:
    """A time that somebody moves."""

    def __init__(self) -> None:
        self.now = datetime(2030, 6, 10, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        """What time it is."""
        return self.now


def desk_with(notifier: SmtpNotifier, clock: Clock) -> Desk:
    """A desk at which Ada has a place, and which is to say so."""
    desk = Desk.open("memory:", plugins=[notifier], discover=False, runtime=Runtime(now=clock))
    desk.do(AnnounceProject(project=PROJECT))
    desk.do(OpenCall(project_id="backlogs"))
    desk.do(RegisterInterest(project_id="backlogs", member=ADA, sessions=("mon",)))
    return desk


class TestSmtp(NotifierContract):
    """What every notifier must do."""

    @pytest.fixture
    def plugin(self, server: MailServer) -> Iterator[object]:
        """One that sends to a server of the test's own."""
        with notifier_for(server) as notifier:
            yield notifier


# what arrives


@pytest.mark.parametrize("notice", example_notices(), ids=lambda notice: notice.id)
def test_every_notice_arrives_and_reads_as_it_was(notice: Notice, server: MailServer) -> None:
    """For two parsers, with the date and the Message-ID of the notice, to that person only."""
    with notifier_for(server) as notifier:
        notifier.insight_sessions_notify(notice)
    (arrived,) = server.arrived
    assert (arrived.sender, arrived.recipients) == ("insight@example.org", (notice.recipient.email,))
    ours = message_from_bytes(arrived.content, policy=default)
    assert (ours["Subject"], ours["Message-ID"]) == (notice.subject, notice.message_id)
    assert ours["Auto-Submitted"] == "auto-generated"
    assert not ours.defects
    theirs = mailparser.parse_from_bytes(arrived.content)
    assert theirs.to == [(notice.recipient.name, notice.recipient.email)]
    assert (theirs.subject, theirs.message_id) == (notice.subject, notice.message_id)
    assert theirs.date == notice.date
    assert (theirs.cc, theirs.bcc) == ([], [])
    files = [one["mail_content_type"] for one in theirs.attachments]
    assert files == ([] if notice.invite is None else ["application/ics"])


@pytest.mark.parametrize(
    ("more", "sender"),
    [
        ({}, "insight@example.org"),
        ({"sender_name": "Q", "sender_email": "desk@example.net"}, "desk@example.net"),
        ({"return_path": "bounces@example.net"}, "bounces@example.net"),
    ],
    ids=["organiser", "sender", "return-path"],
)
def test_where_it_goes_back_to(more: dict[str, str], sender: str, server: MailServer) -> None:
    """The organiser, who is written for, or who it says."""
    with notifier_for(server, **more) as notifier:
        notifier.insight_sessions_notify(example_notices()[0])
    assert server.arrived[0].sender == sender


HOSTILE = (
    *ODD_NAMES,
    "Ada <eve@example.net>, Ben",
    "Ada, eve@example.net",
    '" <eve@example.net>, "',
    "eve@example.net",
    "Bcc: eve@example.net",
    "=?utf-8?q?Hi=0D=0ABcc:_eve@example.net?=",
    "a\\",
    '\\"',
    "(comment) <eve@example.net>",
    "To: eve@example.net;",
)


def spoilt(notice: Notice, field: str, words: str) -> Notice:
    """The notice with these words somewhere."""
    project = notice.project
    organiser = Contact.model_construct(name=words, email=project.organiser.email)
    session = project.sessions[0].model_copy(update={"where": words, "title": words})
    changed: dict[str, dict[str, Any]] = {
        "name": {"recipient": replace(notice.recipient, name=words)},
        "subject": {"subject": words},
        "text": {"text": words},
        "organiser": {"project": project.model_copy(update={"organiser": organiser})},
        "title": {"project": project.model_copy(update={"title": words})},
        "where": {"project": project.model_copy(update={"sessions": (session,)})},
    }
    return replace(notice, **changed[field])


FIELDS = ("name", "subject", "text", "organiser", "title", "where")


@given(
    st.sampled_from(FIELDS),
    st.sampled_from(HOSTILE)
    | st.text(max_size=60)
    | st.sampled_from(["x\r\nBcc: eve@example.net", "x\nTo: <e@x.org>"]),
    st.sampled_from(example_notices()),
)
def test_no_words_become_a_header_or_a_recipient(field: str, words: str, notice: Notice) -> None:
    """Wherever they stand; what cannot be sent is refused, and the error does not say what it was."""
    spoiled = spoilt(notice, field, words)
    mail, refusal = b"", ""
    try:
        mail = Letters().build(spoiled)
        refuse_unfit(mail, spoiled)
    except ValueError as error:
        refusal = str(error)
    assert "eve" not in refusal
    if refusal:
        return
    for policy in (default, default.clone(utf8=True)):
        read = message_from_bytes(mail, policy=policy)
        names = [name.lower() for name in read]
        assert not {"bcc", "cc", "resent-to"} & set(names)
        assert len(names) == len(set(names))
        (to,) = getaddresses([message_from_bytes(mail)["To"].replace("\r\n", "")])
        assert to[1] == notice.recipient.email


GOOD = Letters().build(example_notices()[0])


@pytest.mark.parametrize(
    "spoil",
    [
        (b"Subject:", b"Bcc: <eve@example.net>\r\nSubject:"),
        (b"Subject:", b"To: <eve@example.net>\r\nSubject:"),
        (b"Auto-Submitted: auto-generated\r\n", b""),
        (b"Subject:", b"no header at all\r\nSubject:"),
        (b"<ada@example.org>", b"<ada@example.org>, <eve@example.net>"),
        (b"<ada@example.org>", b"<eve@example.net>, <ada@example.org>"),
        (b"<ada@example.org>", b"<eve@example.net>"),
        (b'"Ada Osei" <', b"eve@example.net, <"),
        (b"Hello", b"H\xe9llo"),
        (b"Hello", b"Hel\nlo"),
        (b"Hello", b"Hel\rlo"),
        (b"Hello", b"Hel\0lo"),
        (b"Hello", b"x" * 999),
        (b"Subject: ", b"Subject: =?utf-8?q?Hi=0D=0ABcc:_eve@example.net?= "),
        (b"Subject: ", b"Subject: =?utf-8?b?SGkNCkJjYzogZXZl?= "),
        (b"Subject: ", b"Subject: =?utf-8?b?S?= "),
    ],
    ids=range(16),
)
def test_a_mail_that_is_not_as_it_must_be_does_not_leave(spoil: tuple[bytes, bytes], server: MailServer) -> None:
    """Whoever built it."""

    class Broken:
        def build(self, notice: Notice) -> bytes:
            mail = GOOD.replace(*spoil, 1)
            assert mail != GOOD
            return mail

    notice = example_notices()[0]
    refuse_unfit(GOOD, notice)
    settings = settings_from(host=HOST, port=server.port, security="none")
    with SmtpNotifier(settings, Broken()) as notifier, pytest.raises(ValueError, match="the mail") as caught:
        notifier.insight_sessions_notify(notice)
    assert "eve" not in str(caught.value)
    assert not server.connections


# what goes wrong


def test_a_recipient_that_is_refused_is_given_up_and_told(server: MailServer, caplog: pytest.LogCaptureFixture) -> None:
    """The place is kept, and nobody's address is in a log."""
    server.next("RCPT", "550 5.1.1 <ada@example.org> Ada Osei is unknown")
    clock = Clock()
    with caplog.at_level(logging.DEBUG), notifier_for(server) as notifier, desk_with(notifier, clock) as desk:
        desk.deliver()
        assert [one.reason for one in desk.dead_letters()] == ["Undeliverable 5.1.1"]
        assert [one.recipients for one in server.arrived] == [("insight@example.org",)]
        (mine,) = desk.state("backlogs").registrations.values()
        assert mine.place == "mon"
    assert not [word for word in PRIVATE if word in caplog.text]


@pytest.mark.parametrize("said", [DROP, TAKE_AND_DROP, "451 4.3.0 ada@example.org later"])
def test_what_is_sent_again_has_the_same_message_id(
    said: str, server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Byte for byte, when it did not arrive or nobody knows."""
    server.next("MESSAGE", said)
    clock = Clock()
    with caplog.at_level(logging.DEBUG), notifier_for(server) as notifier, desk_with(notifier, clock) as desk:
        assert desk.deliver().failed == 1
        clock.now += timedelta(minutes=1)
        assert desk.deliver().sent == 1
    assert len({one.content for one in server.arrived}) == 1
    assert len(server.arrived) == (2 if said == TAKE_AND_DROP else 1)
    assert not [word for word in PRIVATE if word in caplog.text]


def test_settings_that_the_server_refuses_lose_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The outbox waits, the log says so, and the doctor says what to do."""
    clock = Clock()
    with MailServer("starttls", login=LOGIN) as server:
        more = {"security": "starttls", "ca_file": ca_file(tmp_path), "username": LOGIN[0]}
        wrong = notifier_for(server, **more, password="another secret")
        with caplog.at_level(logging.DEBUG), desk_with(wrong, clock) as desk:
            assert desk.deliver().failed == 1
            assert desk.health().behind == {"notify/smtp": 1}
            assert desk.dead_letters() == []
        assert "no mail is sent: the mail server refuses: to log in (5.7.8)" in caplog.text
        (problem,) = wrong.doctor()
        assert "to log in (5.7.8)" in problem
        assert f"{PREFIX}PASSWORD" in problem
        assert not [word for word in PRIVATE if word in caplog.text + problem]
        assert notifier_for(server, **more, password=LOGIN[1]).doctor() == []


# settings


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is given by name counts more; what is empty is not given."""
    said = {
        "HOST": "mail.example.org",
        "PORT": "2525",
        "SECURITY": "tls",
        "USERNAME": LOGIN[0],
        "PASSWORD": LOGIN[1],
        "TIMEOUT": "7",
        "SENDER_NAME": "Q",
        "SENDER_EMAIL": "q@example.org",
        "RETURN_PATH": "b@example.org",
        "CA_FILE": str(ca_file(tmp_path)),
        "HELLO": "desk.example.org",
        "TEMPLATES": "",
    }
    for name, value in said.items():
        monkeypatch.setenv(f"{PREFIX}{name}", value)
    settings = settings_from(port=2526)
    assert (settings.host, settings.at, settings.security, settings.timeout) == ("mail.example.org", 2526, "tls", 7)
    assert settings.sender == Contact(name="Q", email="q@example.org")
    assert settings.templates is None
    assert repr(SmtpNotifier.from_environment()) == "SmtpNotifier(mail.example.org:2525)"


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_is_that_of_the_security(security: str, port: int) -> None:
    """Unless another one is given."""
    assert settings_from(host="localhost", security=security).at == port
    assert SmtpSettings(host="::1", port=2525).at == 2525
    assert settings_from(host="localhost").sender is None


def test_secrets_are_in_no_text() -> None:
    """Neither shown nor written out."""
    settings = settings_from(host="mail.example.org", username=LOGIN[0], password=LOGIN[1])
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()} {SmtpNotifier(settings)!r}"
    assert not [secret for secret in LOGIN if secret in shown]


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "host: Field required (or INSIGHT_SESSIONS_SMTP_HOST in the environment)"),
    ({"host": "mail.example.org\r\nx"}, "host: String should match"),
    ({"host": "m", "port": 0}, "port: Input should be greater than or equal to 1"),
    ({"host": "m", "security": "ssl"}, "security: Input should be 'starttls', 'tls' or 'none'"),
    ({"host": "mail.example.org", "security": "none"}, 'wrong:\n  "none" would send names'),
    ({"host": "10.0.0.1", "security": "none"}, 'wrong:\n  "none" would send names'),
    ({"host": "m", "username": "desk"}, "wrong:\n  a username and a password go together"),
    ({"host": "m", "username": "desk", "password": "se\r\ncret"}, "password: must be printable ASCII"),
    ({"host": "m", "username": "désk", "password": "secret"}, "username: must be printable ASCII"),
    ({"host": "m", "timeout": 0}, "timeout: Input should be greater than 0"),
    ({"host": "m", "timeout": 46}, "timeout: Input should be less than or equal to 45"),
    ({"host": "m", "sender_name": "Q"}, "wrong:\n  the sender's name and address go together"),
    ({"host": "m", "sender_name": "Q\r\nBcc: x", "sender_email": "q@example.org"}, "sender_name: "),
    ({"host": "m", "sender_name": "Q", "sender_email": "secret@"}, "sender_email: not an e-mail address"),
    ({"host": "m", "return_path": "secret@"}, "return_path: not an e-mail address"),
    ({"host": "m", "hello": "a b"}, "hello: String should match"),
    ({"host": "m", "hots": "secret"}, "hots: Extra inputs are not permitted"),
]


@pytest.mark.parametrize(("given", "problem"), BAD, ids=range(len(BAD)))
def test_wrong_settings_are_told_at_the_start(given: dict[str, Any], problem: str) -> None:
    """Which, and why, and none of what was given."""
    with pytest.raises(SettingsError) as caught:
        SmtpNotifier.from_environment(**given)
    assert problem in str(caught.value)
    assert not [word for word in ("desk", "secret", "10.0") if word in f"{caught.value}{caught.value!r}"]
    assert any(problem.removeprefix("wrong:\n  ") in said for said in doctor(**given))


def test_clear_text_is_for_this_machine_or_for_whoever_says_so() -> None:
    """In so many words."""
    for host in ("localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1"):
        assert settings_from(host=host, security="none").trust() is None
    assert settings_from(host="mail.example.org", security="none", clear_text=True).at == 25


# the doctor


def test_the_doctor_finds_nothing_when_all_is_well(server: MailServer) -> None:
    """And sends nothing."""
    given = {"host": HOST, "port": server.port, "security": "none"}
    assert doctor(**given, links="https://example.org/answer") == []
    assert server.asked == ["EHLO"]


@pytest.mark.parametrize(
    ("problem", "more"),
    [
        ("ca_file: it cannot be read", {"ca_file": "nowhere.pem"}),
        ("ca_file: it holds no certificates", {"ca_file": __file__}),
    ],
    ids=["missing", "other"],
)
def test_the_doctor_names_a_wrong_file_of_certificates(problem: str, more: dict[str, Any]) -> None:
    """And a start fails on it."""
    assert doctor(host="localhost", **more) == [f"Settings: {problem}."]
    with pytest.raises(SettingsError, match=problem):
        SmtpNotifier.from_environment(host="localhost", **more)


def test_the_doctor_names_a_wrong_template(tmp_path: Path) -> None:
    """And a start fails on it."""
    (tmp_path / "place_confirmed.txt").write_text("{{ nmae }}", encoding="utf-8")
    given: dict[str, Any] = {"host": "localhost", "templates": tmp_path}
    (found,) = doctor(**given)
    assert found.startswith("Template place_confirmed.txt, line 1: there is no variable 'nmae'")
    with pytest.raises(TemplatesError):
        SmtpNotifier.from_environment(**given)


@pytest.mark.parametrize(
    ("links", "problem"),
    [
        ("http://example.org/", "must begin with https://"),
        ("https://u:secret@example.org/", "must not hold a user name"),
    ],
    ids=["http", "password"],
)
def test_the_doctor_names_a_wrong_address_for_links(links: str, problem: str, server: MailServer) -> None:
    """Beside what else is wrong."""
    (found,) = doctor(host=HOST, port=server.port, security="none", links=links)
    assert found.startswith(f"The address for links {problem}")
    assert len(doctor(links=links)) == 2
    assert "secret" not in found


def test_the_doctor_names_a_wrong_host_and_a_wrong_port(server: MailServer) -> None:
    """With what to look at."""
    (found,) = doctor(host="nowhere.invalid", timeout=5)
    assert found.startswith(
        "Mail server nowhere.invalid:587: the mail server went away, or took too long: to connect. "
    )
    assert f"{PREFIX}HOST" in found
    port = server.port
    server.stop()
    (found,) = doctor(host=HOST, port=port, security="none")
    assert "to connect" in found
    server.start()


@pytest.mark.parametrize(
    ("security", "names", "asked", "said", "advice"),
    [
        ("starttls", ("mail.example.net",), "", "", f"{PREFIX}CA_FILE"),
        ("none", (HOST,), "", "", f"{PREFIX}SECURITY"),
        ("starttls", (HOST,), "GREETING", "554 no", "the port and the security"),
        ("starttls", (HOST,), "EHLO", "550 no", f"{PREFIX}HELLO"),
    ],
    ids=["certificate", "no-starttls", "greeting", "hello"],
)
def test_the_doctor_says_what_to_look_at(
    security: str, names: tuple[str, ...], asked: str, said: str, advice: str, tmp_path: Path
) -> None:
    """At each step."""
    with MailServer(security, names=names) as server:
        server.next(asked, *([said] if said else []))
        (found,) = doctor(host=HOST, port=server.port, ca_file=ca_file(tmp_path))
        assert advice in found


# being installed


def test_it_is_no_consumer_by_being_installed() -> None:
    """Whoever has it waits for every notice, so somebody must want that."""
    root = Path(insight_sessions_smtp.__file__).resolve().parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "entry-points" not in project
    with Desk.open("memory:") as desk:
        assert not [name for name in desk.health().behind if "smtp" in name]


def test_errors_of_sending_are_the_library_s() -> None:
    """So one root catches them all."""
    assert issubclass(ServerRefused, SendingFailed)
    assert all(name in insight_sessions_smtp.__all__ for name in ("SmtpNotifier", "SmtpSettings", "doctor"))
