"""Requests to a real HTTPS server: what is safe is sent, and everything else ends soon, with a reason."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import trustme
from insight_sessions_webhook import (
    AddressNotAllowed,
    AnswerBroken,
    CertificateRefused,
    HostUnknown,
    Limits,
    NotConnected,
    TooSlow,
    Transport,
    WebhookError,
    is_public,
)

from tests.webhook_receiver import Answering, Receiver, answers, drips, receiving

HOST = "hooks.example.org"
BODY = b'{"type":"registered"}'
SOON = Limits(connect=0.5, read=0.3, whole=0.6)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who vouches for our hosts."""
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client that trusts it."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def serving(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """A server with a certificate for some names."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    return context


@pytest.fixture
def receiver(authority: trustme.CA) -> Iterator[Receiver]:
    """A server whose certificate is for our host."""
    with receiving(serving(authority, HOST)) as found:
        yield found


@pytest.fixture
def to_receiver(trusting: ssl.SSLContext) -> Transport:
    """A way to it: its host is on loopback, and that one address is allowed."""
    return Transport(
        allows="127.0.0.1".__eq__, resolve=lambda _host, _port: ["127.0.0.1"], context=trusting, limits=SOON
    )


def post(transport: Transport, receiver: Receiver, path: str = "/in?token=geheim", host: str = HOST) -> int:
    """One request."""
    return transport.post(urlsplit(f"https://{host}:{receiver.port}{path}"), {"webhook-id": "m-1"}, BODY)


def refused(transport: Transport, receiver: Receiver, kind: type[WebhookError]) -> str:
    """One request that comes to nothing, for a reason that shows nothing."""
    with pytest.raises(kind) as error:
        post(transport, receiver)
    seen: BaseException | None = error.value
    while seen is not None:
        assert "geheim" not in f"{seen!r} {seen}"
        assert HOST not in f"{seen!r} {seen}"
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return str(error.value)


def test_a_request_comes_as_it_was_sent(receiver: Receiver, to_receiver: Transport) -> None:
    """To the path and query, with the host's own name in TLS and in its header."""
    assert post(to_receiver, receiver) == 204
    (received,) = receiver.requests
    assert (received.path, received.body) == ("/in?token=geheim", BODY)
    assert received.headers["Host"] == f"{HOST}:{receiver.port}"
    assert received.headers["webhook-id"] == "m-1"
    assert received.headers["Content-Length"] == str(len(BODY))
    assert receiver.names == [HOST]


def test_a_path_that_is_empty_is_the_root(receiver: Receiver, to_receiver: Transport) -> None:
    """With its query, if it has one."""
    for path in ("", "?a=b"):
        post(to_receiver, receiver, path)
    assert [one.path for one in receiver.requests] == ["/", "/?a=b"]


@pytest.mark.parametrize("status", [200, 202, 301, 302, 307, 308, 400, 404, 410, 429, 500, 503])
def test_a_status_is_handed_back(receiver: Receiver, to_receiver: Transport, status: int) -> None:
    """Whatever it is; a redirect leads nowhere."""
    receiver.answer = answers(status, b"see there", Location=f"https://{HOST}:{receiver.port}/elsewhere")
    assert post(to_receiver, receiver) == status
    assert len(receiver.requests) == 1


def test_a_redirect_to_this_machine_is_not_followed(receiver: Receiver, to_receiver: Transport) -> None:
    """Which is how an endpoint would reach what only our machines can."""
    with receiving() as inside:
        receiver.answer = answers(307, Location=f"http://127.0.0.1:{inside.port}/admin")
        assert post(to_receiver, receiver) == 307
        assert inside.connections == 0


def test_an_answer_before_the_answer_is_waited_out(receiver: Receiver, to_receiver: Transport) -> None:
    """100 Continue is no answer yet."""

    def late(handler: Answering) -> None:
        handler.send_response_only(100)
        handler.end_headers()
        handler.say(204)

    receiver.answer = late
    assert post(to_receiver, receiver) == 204


# Addresses


def test_a_name_that_changes_what_it_stands_for_leads_nowhere_else(
    receiver: Receiver, to_receiver: Transport, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    """DNS rebinding: the resolver says a good address first, and one inside from then on."""
    with receiving(serving(authority, HOST), host="127.0.0.2") as inside:
        told = iter([["127.0.0.1"], *[["127.0.0.2"]] * 9])
        asked: list[str] = []

        def changing(host: str, _port: int) -> list[str]:
            asked.append(host)
            return next(told)

        transport = Transport(allows="127.0.0.1".__eq__, resolve=changing, context=trusting, limits=SOON)
        assert post(transport, receiver) == 204
        assert asked == [HOST]
        assert len(receiver.requests) == 1
        inside_too = Receiver("127.0.0.2", answers(204), port=inside.port)
        refused(transport, inside_too, AddressNotAllowed)
        assert asked == [HOST, HOST]
        assert inside.connections == 0


def test_the_machine_is_asked_for_no_name_but_by_the_resolver(
    receiver: Receiver, to_receiver: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is connected to is the address that was checked."""
    genuine = socket.getaddrinfo
    asked: list[object] = []

    def watched(host: str, *rest: object, **more: object) -> object:
        asked.append(host)
        return genuine(host, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", watched)
    post(to_receiver, receiver)
    assert set(asked) == {"127.0.0.1"}


@pytest.mark.parametrize("inside", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
def test_one_address_inside_is_reason_enough(receiver: Receiver, trusting: ssl.SSLContext, inside: str) -> None:
    """By the policy that is used when none is given; also when it stands among others."""
    assert Transport().allows is is_public
    told = [[inside], ["8.8.8.8", inside], [inside, "8.8.8.8"]]
    transport = Transport(resolve=lambda _host, _port: told.pop(), context=trusting, limits=SOON)
    while told:
        refused(transport, receiver, AddressNotAllowed)
    assert receiver.connections == 0


def test_the_address_of_an_address_is_checked_too(receiver: Receiver, trusting: ssl.SSLContext) -> None:
    """With the machine's own resolver."""
    for host in ("127.0.0.1", "localhost", "[::1]", "2130706433"):
        with pytest.raises((AddressNotAllowed, HostUnknown)):
            post(Transport(context=trusting, limits=SOON), receiver, host=host)
    assert receiver.connections == 0


@pytest.mark.parametrize("fault", [socket.gaierror(8, "no such name"), OSError(), UnicodeError(), None])
def test_a_host_without_an_address_is_told(receiver: Receiver, fault: Exception | None) -> None:
    """It may have one later."""

    def none(_host: str, _port: int) -> list[str]:
        if fault is not None:
            raise fault
        return []

    refused(Transport(resolve=none), receiver, HostUnknown)


def test_the_next_address_is_tried_when_nobody_listens_at_the_first(
    receiver: Receiver, trusting: ssl.SSLContext
) -> None:
    """A host has several so that one may fail."""

    def way(*addresses: str) -> Transport:
        return Transport(
            allows=lambda _address: True, resolve=lambda _host, _port: addresses, context=trusting, limits=SOON
        )

    assert post(way("127.0.0.3", "127.0.0.1"), receiver) == 204
    refused(way("127.0.0.3", "127.0.0.4"), receiver, NotConnected)
    refused(way("127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6", "127.0.0.1"), receiver, NotConnected)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_no_proxy_of_the_environment_is_used(
    receiver: Receiver, to_receiver: Transport, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It would look up the host by itself, and read what we send."""
    with receiving() as proxy:
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert post(to_receiver, receiver) == 204
        assert proxy.connections == 0


# Certificates


@pytest.mark.parametrize("names", [("other.example.org",), ("127.0.0.1",), ("*.example.com",)])
def test_a_certificate_for_another_name_is_refused(
    authority: trustme.CA, to_receiver: Transport, names: tuple[str, ...]
) -> None:
    """Also one for the address that was connected to."""
    with receiving(serving(authority, *names)) as other:
        refused(to_receiver, other, CertificateRefused)
        assert other.requests == []


def test_a_certificate_that_nobody_vouches_for_is_refused(to_receiver: Transport) -> None:
    """Such as one that somebody made for themselves."""
    with receiving(serving(trustme.CA(), HOST)) as stranger:
        refused(to_receiver, stranger, CertificateRefused)
        assert stranger.requests == []


def test_a_server_without_tls_gets_nothing(to_receiver: Transport) -> None:
    """Not even the headers."""
    with receiving() as plain:
        refused(to_receiver, plain, CertificateRefused)
        assert plain.requests == []


def test_loopback_may_do_without_tls() -> None:
    """When the address says http, which an endpoint allows on this machine alone."""
    with receiving() as plain:
        transport = Transport(allows="127.0.0.1".__eq__, limits=SOON)
        assert transport.post(urlsplit(f"http://127.0.0.1:{plain.port}/x"), {}, BODY) == 204
        assert plain.requests[0].headers["Host"] == f"127.0.0.1:{plain.port}"


# Answers that are none


def writes(data: bytes) -> Callable[[Answering], None]:
    """A receiver's way: these bytes, and good-bye."""

    def answer(handler: Answering) -> None:
        handler.wfile.write(data)

    return answer


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", NotConnected),
        (b"HTT", AnswerBroken),
        (b"SSH-2.0-OpenSSH\r\n", AnswerBroken),
        (b"HTTP/1.1 none\r\n\r\n", AnswerBroken),
        (b"HTTP/1.1 99 \r\n\r\n", AnswerBroken),
        (b"HTTP/3.0 200 OK\r\n\r\n", AnswerBroken),
        (b"HTTP/1.1 200 " + b"x" * 100_000 + b"\r\n\r\n", AnswerBroken),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", AnswerBroken),
        (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 20_000 + b"\r\n\r\n", AnswerBroken),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 5_000, AnswerBroken),
    ],
    ids=range(10),
)
def test_an_answer_that_is_none_is_told(
    receiver: Receiver, to_receiver: Transport, data: bytes, kind: type[WebhookError]
) -> None:
    """However long it is, and in whatever tongue."""
    receiver.answer = writes(data)
    refused(to_receiver, receiver, kind)


def test_a_body_of_any_size_costs_nothing(receiver: Receiver, to_receiver: Transport) -> None:
    """Nobody reads it: the head says whether the message was taken."""
    receiver.answer = drips(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", b"x" * 100_000)
    assert post(to_receiver, receiver) == 200


@pytest.mark.parametrize(
    ("head", "drop"),
    [(b"", b"H"), (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"y")],
    ids=["line", "headers", "header"],
)
def test_an_answer_that_drips_is_cut_off(
    receiver: Receiver, trusting: ssl.SSLContext, head: bytes, drop: bytes
) -> None:
    """Each part comes soon enough, and it never ends; the time for the whole does."""
    limits = Limits(connect=0.5, read=0.5, whole=0.3)
    transport = Transport(
        allows="127.0.0.1".__eq__, resolve=lambda _host, _port: ["127.0.0.1"], context=trusting, limits=limits
    )
    receiver.answer = drips(head, drop)
    refused(transport, receiver, TooSlow)


def test_an_answer_that_does_not_come_is_not_waited_for(receiver: Receiver, to_receiver: Transport) -> None:
    """For longer than a while."""

    def silent(handler: Answering) -> None:
        handler.receiver.over.wait(10)

    receiver.answer = silent
    refused(to_receiver, receiver, TooSlow)


@contextmanager
def mute() -> Generator[Receiver]:
    """A server that takes connections and says nothing, not even in TLS."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Receiver("127.0.0.1", answers(204), port=server.getsockname()[1])


def test_a_handshake_that_does_not_come_is_not_waited_for(to_receiver: Transport) -> None:
    """For longer than a while."""
    with mute() as server:
        refused(to_receiver, server, TooSlow)


def test_the_time_for_the_whole_counts_before_the_request_too(trusting: ssl.SSLContext) -> None:
    """A slow lookup leaves the less for the rest."""
    seconds = iter([0.0, 100.0])
    transport = Transport(
        allows="127.0.0.1".__eq__,
        resolve=lambda _host, _port: ["127.0.0.1"],
        context=trusting,
        clock=lambda: next(seconds),
    )
    with mute() as server:
        refused(transport, server, TooSlow)


def test_a_connection_that_breaks_is_told(receiver: Receiver, to_receiver: Transport) -> None:
    """After the request, and before an answer."""

    def reset(handler: Answering) -> None:
        handler.connection.shutdown(socket.SHUT_RDWR)

    receiver.answer = reset
    refused(to_receiver, receiver, NotConnected)


def test_a_connection_that_is_reset_is_told() -> None:
    """As by a server that falls over."""

    def reset(handler: Answering) -> None:
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()

    with receiving(answer=reset) as plain:
        transport = Transport(allows="127.0.0.1".__eq__, limits=SOON)
        with pytest.raises(NotConnected, match="broke"):
            transport.post(urlsplit(f"http://127.0.0.1:{plain.port}/x"), {}, BODY)


def test_the_time_for_the_whole_is_looked_at_before_each_part(receiver: Receiver, trusting: ssl.SSLContext) -> None:
    """Not only while nothing comes."""
    seconds = iter([0.0, 0.0, 0.0, 100.0])
    transport = Transport(
        allows="127.0.0.1".__eq__,
        resolve=lambda _host, _port: ["127.0.0.1"],
        context=trusting,
        clock=lambda: next(seconds),
    )
    refused(transport, receiver, TooSlow)
    assert list(seconds) == []


def test_nothing_stays_open(receiver: Receiver, to_receiver: Transport) -> None:
    """No thread and no connection, whatever happened."""
    before = threading.active_count()
    for answer in (answers(204), writes(b""), writes(b"nonsense")):
        receiver.answer = answer
        try:
            post(to_receiver, receiver)
        except WebhookError:
            continue
    assert threading.active_count() <= before + 1
