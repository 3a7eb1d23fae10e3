"""One request to an endpoint: to a checked address, in a given time, and nothing more than the answer's head is read.

The host is looked up once, every address it has is checked, and the connection goes to such an address itself, while
the certificate is checked for the host. So a name that changes what it stands for (DNS rebinding) leads nowhere else.
Proxies of the environment are not used, and redirects are not followed.
"""

import contextlib
import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import SplitResult

import urllib3.exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection

from insight_sessions_webhook.addresses import Policy, Resolver, is_public, resolve
from insight_sessions_webhook.errors import (
    AddressNotAllowed,
    AnswerBroken,
    CertificateRefused,
    HostUnknown,
    NotConnected,
    TooSlow,
)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LONGEST_HEAD: Final = 16_384
"""How many bytes of an answer are read at most."""

_MOST_ADDRESSES: Final = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things may take, in seconds.

    The lookup of the host is the machine's own, with limits of its own.

    Args:
        connect: until an address is connected to.
        read: between two parts of an answer.
        whole: all of it, however slowly an endpoint goes on.
    """

    connect: float = 5.0
    read: float = 10.0
    whole: float = 15.0


@dataclass(frozen=True, slots=True)
class Transport:
    """How requests are made.

    Args:
        allows: which addresses it sends to.
        resolve: gives the addresses of a host.
        limits: how long things may take.
        context: which certificates are trusted; those that the machine trusts when not given.
        clock: seconds that only go on.
    """

    allows: Policy = is_public
    resolve: Resolver = resolve
    limits: Limits = Limits()
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    clock: Callable[[], float] = time.monotonic

    def post(self, url: SplitResult, headers: Mapping[str, str], body: bytes) -> int:
        """Send a body, and give the status of the answer.

        Raises:
            WebhookError: there is no answer.
        """
        until = self.clock() + self.limits.whole
        connection = self._connected(url, until)
        try:
            return self._answer(connection, url, headers, body, until)
        finally:
            connection.close()

    def _connected(self, url: SplitResult, until: float) -> HTTPConnection:
        problem: NotConnected | TooSlow = NotConnected("nobody listens there")
        for address in self._addresses(url)[:_MOST_ADDRESSES]:
            connection = self._connection(url, address, min(self.limits.connect, self._left(until)))
            try:
                connection.connect()
            except ssl.SSLError as error:
                connection.close()
                raise CertificateRefused("there is no safe connection to the host") from _bare(error)
            except (OSError, urllib3.exceptions.HTTPError) as error:
                connection.close()
                if _is_late(error):
                    problem = TooSlow("it took too long to connect")
            else:
                return connection
        raise problem

    def _addresses(self, url: SplitResult) -> list[str]:
        """The addresses of the host, each of them checked."""
        try:
            found = list(self.resolve(_host(url), _port(url)))
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise HostUnknown("the host has no address")
        if not all(map(self.allows, found)):
            # One that is not for us is reason enough: whoever mixes them has something in mind.
            raise AddressNotAllowed("the host has an address to which nothing is sent")
        return found

    def _connection(self, url: SplitResult, address: str, seconds: float) -> HTTPConnection:
        if url.scheme == "http":
            return HTTPConnection(address, _port(url), timeout=seconds)
        # The name that is asked for, and that the certificate must be for, is the host's and not the address.
        return HTTPSConnection(
            address, _port(url), timeout=seconds, server_hostname=_host(url), ssl_context=self.context
        )

    def _answer(
        self, connection: HTTPConnection, url: SplitResult, headers: Mapping[str, str], body: bytes, until: float
    ) -> int:
        path = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
        try:
            connection.timeout = self._left(until)
            connection.request("POST", path, body, {"Host": url.netloc, **headers})
            return self._status(cast("socket.socket", connection.sock), until)
        except TimeoutError:
            raise TooSlow("the answer took too long") from None
        except http.client.RemoteDisconnected:
            raise NotConnected("the connection broke before there was an answer") from None
        except (http.client.HTTPException, ValueError):
            raise AnswerBroken("what came back is no answer in HTTP") from None
        except (OSError, urllib3.exceptions.HTTPError):
            raise NotConnected("the connection broke before there was an answer") from None

    def _status(self, sock: socket.socket, until: float) -> int:
        """The status of the answer; what comes after its head is not looked at."""
        with _Hurried(sock, until, self.limits.read, self.clock) as hurried:
            answer = http.client.HTTPResponse(cast("socket.socket", hurried), method="POST")
            with contextlib.closing(answer):
                answer.begin()
                return answer.status

    def _left(self, until: float) -> float:
        left = until - self.clock()
        if left <= 0:
            raise TooSlow("it took too long")
        return left


class _Hurried(io.RawIOBase):
    """What a socket receives, up to a time and a size, however it is spread; what `http.client` takes for a socket."""

    def __init__(self, sock: socket.socket, until: float, pause: float, clock: Callable[[], float]) -> None:
        super().__init__()
        self._socket = sock
        self._until = until
        self._pause = pause
        self._clock = clock
        self._room = LONGEST_HEAD

    def makefile(self, mode: str) -> io.BufferedReader:
        """The same, to read lines from."""
        return io.BufferedReader(self, 1024)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Receive some bytes."""
        left = self._until - self._clock()
        if left <= 0:
            raise TimeoutError
        if self._room <= 0:
            raise http.client.HTTPException("too long")
        self._socket.settimeout(min(left, self._pause))
        received = self._socket.recv_into(buffer)
        self._room -= received
        return received


def _is_late(error: Exception) -> bool:
    # To urllib3 a refused connection is a kind of timeout.
    late = (TimeoutError, urllib3.exceptions.ConnectTimeoutError)
    return isinstance(error, late) and not isinstance(error, urllib3.exceptions.NewConnectionError)


def _bare(error: ssl.SSLError) -> ssl.SSLError:
    """The kind of fault alone: what a certificate says is somebody else's words."""
    return type(error)(error.reason or "TLS")


def _host(url: SplitResult) -> str:
    return url.hostname or ""


def _port(url: SplitResult) -> int:
    return url.port or (80 if url.scheme == "http" else 443)
