"""Mails handed to real servers, which take them, refuse them, are slow, vanish and come back."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from insight_sessions_smtp import SendingFailed, ServerRefused, Step
from insight_sessions_smtp.settings import settings_from
from insight_sessions_smtp.transport import Transport

from insight_sessions import Undeliverable
from insight_sessions.testing.place import Forked
from tests.servers.smtp import ANSWER_AND_DROP, DROP, HANG, HOST, TAKE_AND_DROP, MailServer, ca_file

MAIL = b"From: a@example.org\r\nTo: <ada@example.org>\r\n\r\nHello.\r\n"
ME, ADA = "insight@example.org", "ada@example.org"
LOGIN = ("desk@example.org", "a secret of ours")

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@pytest.fixture
def trusted(tmp_path: Path) -> Path:
    """The certificate of the authority that is believed."""
    return ca_file(tmp_path)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("INSIGHT_SESSIONS_SMTP_")]:
        monkeypatch.delenv(name)


@contextmanager
def transport_to(server: MailServer, trusted: Path | None = None, **more: Any) -> Iterator[Transport]:  # noqa: ANN401 - whatever is tried
    """A way to a server."""
    given: dict[str, Any] = {"security": "none", "timeout": 5}
    given |= {"ca_file": trusted} if trusted else {}
    settings = settings_from(host=HOST, port=server.port, **(given | more))
    transport = Transport(settings, settings.trust())
    try:
        yield transport
    finally:
        transport.close()


def deliver(transport: Transport, mail: bytes = MAIL) -> None:
    """One mail to Ada."""
    transport.send(ME, ADA, mail)


# how it goes


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
@pytest.mark.parametrize("ways", [("PLAIN", "LOGIN"), ("LOGIN",)], ids="-".join)
@pytest.mark.parametrize("features", [("PIPELINING", "SIZE 1000000"), ()], ids=["at-once", "one-by-one"])
def test_a_mail_arrives_as_it_was(
    security: str, ways: tuple[str, ...], features: tuple[str, ...], trusted: Path
) -> None:
    """Byte for byte, lines that begin with a dot too; encrypted and logged in, on one connection."""
    mail = MAIL + b".\r\n..\r\n.x\r\nend\r\n"
    with MailServer(security, login=LOGIN, ways=ways, features=features) as server:
        name, password = LOGIN
        more = {"security": security, "username": name, "password": password}
        with transport_to(server, None if security == "none" else trusted, **more) as transport:
            for each in (mail, b".dot first\r\n" + mail, mail[:-2]):
                deliver(transport, each)
    assert [one.content for one in server.arrived] == [mail, b".dot first\r\n" + mail, mail]
    assert {(one.sender, one.recipients, one.connection) for one in server.arrived} == {(ME, (ADA,), 1)}
    assert server.asked.count("AUTH") == 1
    assert ways[0] in server.asked


@pytest.mark.parametrize(("hello", "said"), [("desk.example.org", "desk.example.org"), (None, "[127.0.0.1]")])
def test_it_says_who_it_is(hello: str | None, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is told, by its whole name, or by its address when it has none."""
    monkeypatch.setattr(socket, "gethostname", lambda: "desk")
    with MailServer("none") as server, transport_to(server, hello=hello) as transport:
        deliver(transport)
        monkeypatch.setattr(socket, "gethostname", lambda: "pc-1.example.org")
        transport.check()
    assert server.names == [said, hello or "pc-1.example.org"]


def test_many_workers_have_a_connection_each() -> None:
    """And each is kept for the next mail."""
    with MailServer("none") as server, transport_to(server) as transport:
        together = threading.Barrier(2)

        def work(_: int) -> None:
            together.wait(10)
            for _ in range(25):
                deliver(transport)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(work, range(2)))
        deliver(transport)
    assert len(server.arrived) == 51
    assert {one.connection for one in server.arrived} <= {1, 2}


# what is refused


REFUSALS: list[tuple[str, str, type[Exception], Step | None, str]] = [
    ("MAIL", "451 4.3.0 later", SendingFailed, Step.SENDER, "4.3.0"),
    ("MAIL", "550 5.7.1 not you <insight@example.org>", ServerRefused, Step.SENDER, "5.7.1"),
    ("MAIL", "530 5.7.0 log in first", ServerRefused, Step.SENDER, "5.7.0"),
    ("MAIL", "552 5.3.4 too large", Undeliverable, None, "5.3.4"),
    ("RCPT", "450 4.2.1 later, ada@example.org", SendingFailed, Step.RECIPIENT, "4.2.1"),
    ("RCPT", "452 full", SendingFailed, Step.RECIPIENT, "452"),
    ("RCPT", "550 5.1.1 <ada@example.org> unknown", Undeliverable, None, "5.1.1"),
    ("RCPT", "550 no", Undeliverable, None, "550"),
    ("RCPT", "550 4.1.1 two minds", Undeliverable, None, "550"),
    ("RCPT", "554 5.7.1 relay access denied", ServerRefused, Step.RECIPIENT, "5.7.1"),
    ("RCPT", "535 who are you", ServerRefused, Step.RECIPIENT, "535"),
    ("RCPT", "502 what", ServerRefused, Step.RECIPIENT, "502"),
    ("DATA", "451 4.7.0 later", SendingFailed, Step.DATA, "4.7.0"),
    ("DATA", "554 5.6.0 no", Undeliverable, None, "5.6.0"),
    ("DATA", "250 ready", SendingFailed, Step.DATA, "250"),
    ("MESSAGE", "451 4.7.1 greylisted ada@example.org", SendingFailed, Step.MAIL, "4.7.1"),
    ("MESSAGE", "554 5.7.1 looks like spam", Undeliverable, None, "5.7.1"),
    ("MESSAGE", "530 5.7.0 log in", ServerRefused, Step.MAIL, "5.7.0"),
    ("RCPT", "550 5.1.8 <me@example.org>: sender address rejected", ServerRefused, Step.RECIPIENT, "5.1.8"),
    ("RCPT", "553 5.1.7 sender address rejected", ServerRefused, Step.RECIPIENT, "5.1.7"),
    ("RCPT", "550 relay not permitted", ServerRefused, Step.RECIPIENT, "550"),
    ("RCPT", "553 not in my list of allowed rcpthosts (#5.7.1)", ServerRefused, Step.RECIPIENT, "5.7.1"),
    ("RCPT", "550 ada-relay@example.org is unknown", Undeliverable, None, "550"),
    ("MESSAGE", "550 5.1.8 sender unknown", ServerRefused, Step.MAIL, "5.1.8"),
    ("MESSAGE", "550 5.7.26 not signed as its domain asks", ServerRefused, Step.MAIL, "5.7.26"),
    ("MESSAGE", "550 5.7.23 SPF", ServerRefused, Step.MAIL, "5.7.23"),
    ("MESSAGE", "554 5.3.5 configured wrongly", ServerRefused, Step.MAIL, "5.3.5"),
]


@pytest.mark.parametrize("features", [("PIPELINING",), ()], ids=["at-once", "one-by-one"])
@pytest.mark.parametrize(
    ("asked", "said", "kind", "step", "code"), REFUSALS, ids=[f"{one[0]}-{one[1][:12]}" for one in REFUSALS]
)
def test_a_refusal_is_for_the_address_for_us_or_for_now(
    asked: str, said: str, kind: type[Exception], step: Step | None, code: str, features: tuple[str, ...]
) -> None:
    """With a code and none of the server's words; and the next mail goes out."""
    with MailServer("none", features=features) as server, transport_to(server) as transport:
        server.next(asked, said)
        with pytest.raises((SendingFailed, Undeliverable)) as caught:
            deliver(transport)
        error = caught.value
        assert isinstance(error, SendingFailed | Undeliverable)
        assert type(error) is kind
        assert (error.code, getattr(error, "step", None)) == (code, step)
        assert holds_of_all(error, lambda one: "@" not in f"{one!r}{one}")
        assert not server.arrived
        deliver(transport)
    assert len(server.arrived) == 1
    assert server.connections == 1


def holds_of_all(error: BaseException | None, holds: Callable[[BaseException], bool]) -> bool:
    """Whether something holds of an error and of all that are behind it."""
    while error is not None:
        if not holds(error):
            return False
        error = error.__cause__ or error.__context__
    return True


def test_a_server_that_would_take_a_mail_for_nobody_gets_none() -> None:
    """It refused the recipient and waits for the mail all the same: then nothing more is said on that connection."""
    with MailServer("none") as server, transport_to(server) as transport:
        server.next("RCPT", "550 5.1.1 no")
        server.next("DATA", "354 go on")
        with pytest.raises(Undeliverable):
            deliver(transport)
        deliver(transport)
    assert len(server.arrived) == 1
    assert server.connections == 2


@pytest.mark.parametrize("said", ["421 4.3.2 closing", "500 what", DROP])
def test_what_cannot_be_taken_back_is_not_gone_on_with(said: str) -> None:
    """The next mail has a connection of its own."""
    with MailServer("none") as server, transport_to(server) as transport:
        server.next("RCPT", "550 5.1.1 no")
        server.next("RSET", said)
        with pytest.raises(Undeliverable):
            deliver(transport)
        deliver(transport)
    assert (len(server.arrived), server.connections) == (1, 2)


BEGINNINGS: list[tuple[str, str, type[SendingFailed], Step]] = [
    ("GREETING", "421 4.3.2 not now", SendingFailed, Step.GREETING),
    ("GREETING", "554 5.3.2 never", ServerRefused, Step.GREETING),
    ("GREETING", "HTTP/1.1 400 Bad Request", SendingFailed, Step.GREETING),
    ("GREETING", DROP, SendingFailed, Step.GREETING),
    ("EHLO", "451 later", SendingFailed, Step.HELLO),
    ("EHLO", "550 5.7.1 bad name", ServerRefused, Step.HELLO),
    ("EHLO", DROP, SendingFailed, Step.HELLO),
    ("EHLO", "250-" + "x" * 9_000, SendingFailed, Step.HELLO),
    ("EHLO", "\r\n".join(["250-X"] * 200), SendingFailed, Step.HELLO),
    ("STARTTLS", "454 4.7.0 later", SendingFailed, Step.ENCRYPT),
    ("STARTTLS", "501 5.5.1 no", ServerRefused, Step.ENCRYPT),
    ("STARTTLS", DROP, SendingFailed, Step.ENCRYPT),
    ("STARTTLS", "220 go\r\n250 sneaked in", ServerRefused, Step.ENCRYPT),
    ("AUTH", "454 4.7.0 later", SendingFailed, Step.LOGIN),
    ("AUTH", "535 5.7.8 wrong desk@example.org", ServerRefused, Step.LOGIN),
    ("AUTH", DROP, SendingFailed, Step.LOGIN),
]


@pytest.mark.parametrize(
    ("asked", "said", "kind", "step"), BEGINNINGS, ids=[f"{one[0]}-{one[1][:7].strip()}" for one in BEGINNINGS]
)
def test_a_conversation_that_does_not_begin_says_where_it_ended(
    asked: str, said: str, kind: type[SendingFailed], step: Step, trusted: Path
) -> None:
    """Nothing is said in clear text that should not be, and a later try succeeds."""
    with (
        MailServer("starttls", login=LOGIN) as server,
        transport_to(server, trusted, security="starttls", username=LOGIN[0], password=LOGIN[1]) as transport,
    ):
        server.next(asked, said)
        with pytest.raises(SendingFailed) as caught:
            deliver(transport)
        assert (type(caught.value), caught.value.step) == (kind, step)
        assert holds_of_all(caught.value, lambda one: LOGIN[0] not in repr(one) and LOGIN[1] not in repr(one))
        deliver(transport)
    assert len(server.arrived) == 1
    assert "MAIL" not in server.asked[: server.asked.index("AUTH")]


def test_without_starttls_nothing_is_said_at_all() -> None:
    """Never in clear text instead."""
    with MailServer("none", login=LOGIN) as server, transport_to(server, security="starttls") as transport:
        with pytest.raises(ServerRefused) as caught:
            deliver(transport)
        assert (caught.value.step, caught.value.code) == (Step.ENCRYPT, "")
        assert str(caught.value) == "the mail server refuses: to encrypt the connection"
    assert server.asked == ["EHLO"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("believed", [True, False], ids=["another-host", "another-authority"])
def test_a_certificate_that_is_not_the_host_s_is_refused(security: str, believed: bool, trusted: Path) -> None:
    """Before anything is said."""
    names = ("mail.example.net",) if believed else (HOST,)
    with (
        MailServer(security, names=names) as server,
        transport_to(server, trusted if believed else None, security=security) as transport,
    ):
        with pytest.raises(ServerRefused) as caught:
            deliver(transport)
        assert caught.value.step is Step.CERTIFICATE
    assert "MAIL" not in server.asked


def test_tls_with_a_server_that_speaks_clear_text_is_for_the_settings(trusted: Path) -> None:
    """The wrong port."""
    with MailServer("none") as server, transport_to(server, trusted, security="tls") as transport:
        with pytest.raises(ServerRefused) as caught:
            deliver(transport)
        assert caught.value.step is Step.ENCRYPT


def test_a_server_that_goes_away_while_the_connection_is_encrypted_is_away(trusted: Path) -> None:
    """And not for the settings."""
    with socket.create_server((HOST, 0)) as listening:

        def leave() -> None:
            talk, _ = listening.accept()
            with talk:
                talk.recv(10_000)

        thread = threading.Thread(target=leave)
        thread.start()
        settings = settings_from(host=HOST, port=listening.getsockname()[1], security="tls", ca_file=trusted)
        with pytest.raises(SendingFailed) as caught:
            Transport(settings, settings.trust()).check()
        thread.join(10)
    assert (type(caught.value), caught.value.step) == (SendingFailed, Step.ENCRYPT)


@pytest.mark.parametrize(
    ("ways", "login"),
    [((), LOGIN), (("PLAIN",), ("desk", "wrong")), (("LOGIN",), ("desk", "wrong"))],
    ids=["no-way", "plain", "login"],
)
def test_a_login_that_is_not_let_in_is_for_the_settings(
    ways: tuple[str, ...], login: tuple[str, str], trusted: Path
) -> None:
    """Also when there is no way in that is known here."""
    with (
        MailServer("starttls", login=LOGIN, ways=ways) as server,
        transport_to(server, trusted, security="starttls", username=login[0], password=login[1]) as transport,
    ):
        with pytest.raises(ServerRefused) as caught:
            deliver(transport)
        assert caught.value.step is Step.LOGIN
    assert "MAIL" not in server.asked


# what is slow, and what goes away


@pytest.mark.parametrize("asked", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "MESSAGE"])
def test_a_server_that_says_nothing_is_not_waited_for_for_ever(asked: str) -> None:
    """At every step."""
    with MailServer("none") as server, transport_to(server, timeout=0.3) as transport:
        server.next(asked, HANG)
        with pytest.raises(SendingFailed) as caught:
            deliver(transport)
        assert not caught.value.code
        deliver(transport)
    assert len(server.arrived) == 1


def test_a_server_that_says_little_by_little_is_not_waited_for_either() -> None:
    """Each answer has its time as a whole."""
    with socket.create_server((HOST, 0)) as listening:
        done = threading.Event()

        def drip() -> None:
            talk, _ = listening.accept()
            with talk:
                while not done.wait(0.05):
                    talk.sendall(b"2")

        thread = threading.Thread(target=drip)
        thread.start()
        settings = settings_from(host=HOST, port=listening.getsockname()[1], security="none", timeout=0.3)
        try:
            with pytest.raises(SendingFailed):
                deliver(Transport(settings, None))
        finally:
            done.set()
            thread.join(10)


@pytest.mark.parametrize("asked", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("said", [DROP, "421 4.4.2 bye"], ids=["dropped", "closed"])
@pytest.mark.parametrize("features", [("PIPELINING",), ()], ids=["at-once", "one-by-one"])
def test_a_kept_connection_that_dies_before_the_mail_is_replaced_at_once(
    asked: str, said: str, features: tuple[str, ...]
) -> None:
    """Nobody else notices; on a new connection it is for the outbox to try again."""
    with MailServer("none", features=features) as server, transport_to(server) as transport:
        server.next(asked, said)
        with pytest.raises(SendingFailed):
            deliver(transport)
        deliver(transport)
        server.next(asked, said)
        deliver(transport)
    assert (len(server.arrived), server.connections) == (2, 3)


@pytest.mark.parametrize(("said", "taken"), [(DROP, 1), (TAKE_AND_DROP, 2), (HANG, 1)])
def test_when_nobody_knows_whether_it_arrived_it_is_not_sent_again_here(said: str, taken: int) -> None:
    """On a kept connection neither: the outbox does it, with the same Message-ID."""
    with MailServer("none") as server, transport_to(server, timeout=0.5) as transport:
        deliver(transport)
        server.next("MESSAGE", said)
        with pytest.raises(SendingFailed) as caught:
            deliver(transport)
        assert (caught.value.step, caught.value.code) == (Step.MAIL, "")
        assert str(caught.value) == "the mail server went away, or took too long: the mail"
        assert len(server.arrived) == taken
        deliver(transport)
    assert (len(server.arrived), server.connections) == (taken + 1, 2)


def test_a_connection_that_died_between_two_mails_is_noticed() -> None:
    """After the answer, or later when the server tired of it."""
    with MailServer("none") as server, transport_to(server) as transport:
        server.next("MESSAGE", ANSWER_AND_DROP)
        deliver(transport)
        threading.Event().wait(0.1)
        deliver(transport)
        server.hang_up()
        deliver(transport)
    assert (len(server.arrived), server.connections) == (3, 3)


def test_a_server_that_restarts_is_found_again(trusted: Path) -> None:
    """And while it is away, that is what is said."""
    with (
        MailServer("starttls", login=LOGIN) as server,
        transport_to(server, trusted, security="starttls", username=LOGIN[0], password=LOGIN[1]) as transport,
    ):
        deliver(transport)
        server.stop()
        with pytest.raises(SendingFailed) as caught:
            deliver(transport)
        assert caught.value.step is Step.CONNECT
        server.start()
        deliver(transport)
    assert (len(server.arrived), server.connections) == (2, 2)


def test_a_connection_that_nobody_uses_is_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the server does it."""
    monkeypatch.setattr("insight_sessions_smtp.conversation.KEPT_FOR", 0.0)
    with MailServer("none") as server, transport_to(server) as transport:
        for _ in range(2):
            deliver(transport)
    assert (len(server.arrived), server.connections) == (2, 2)


def test_an_interrupted_mail_leaves_no_half_said_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was begun on it is nobody's."""
    with MailServer("none") as server, transport_to(server) as transport:
        deliver(transport)

        def interrupted(*_: object) -> bytes:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("insight_sessions_smtp.conversation._dotted", interrupted)
            with pytest.raises(KeyboardInterrupt):
                deliver(transport)
        deliver(transport)
    assert (len(server.arrived), server.connections) == (2, 2)


def test_a_child_of_a_fork_has_connections_of_its_own() -> None:
    """And the parent goes on with its own."""
    with MailServer("none") as server, transport_to(server) as transport:
        deliver(transport)
        Forked(lambda: deliver(transport)).result()
        deliver(transport)
    assert sorted(one.connection for one in server.arrived) == [1, 1, 2]


def test_a_closed_one_opens_again() -> None:
    """So a notifier may serve one desk after another."""
    with MailServer("none") as server, transport_to(server) as transport:
        deliver(transport)
        transport.close()
        deliver(transport)
    assert (len(server.arrived), server.connections) == (2, 2)
