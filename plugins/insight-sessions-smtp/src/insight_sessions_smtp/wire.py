"""Lines to a mail server and answers from it, each within its time and its bounds (RFC 5321 §4.2, §4.5.3).

Not the standard library's client: it sends one command at a time, waits for endless answers, and puts the server's
words, which may hold an address, into its errors.
"""

import re
import socket
import ssl
from collections.abc import Sequence
from select import POLLIN, poll
from time import monotonic
from typing import Final

_LINE: Final = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?\r?\n?")
_MOST_LINES: Final = 100
_LONGEST: Final = 8_192
_AT_ONCE: Final = 65_536
_AN_INSTANT: Final = 0.001


class Wire:
    """A connection.

    Args:
        host: to which machine.
        port: to which of its ports.
        timeout: how many seconds it may take to connect, to send something, or to get an answer.

    Raises:
        OSError: there is none.
    """

    def __init__(self, host: str, port: int, timeout: float) -> None:
        self._host = host
        self._timeout = timeout
        self._unread = b""
        self._socket: socket.socket = socket.create_connection((host, port), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.used = monotonic()

    @property
    def name(self) -> str:
        """What this machine can call itself when it has no name: its address (RFC 5321 §4.1.3)."""
        address = str(self._socket.getsockname()[0])
        return f"[IPv6:{address}]" if ":" in address else f"[{address}]"

    def encrypt(self, trust: ssl.SSLContext) -> None:
        """Go on encrypted; what was said in clear text and not read yet is somebody else's.

        Raises:
            OSError: it cannot be, or the server is not who it should be.
        """
        if self._unread:
            raise ssl.SSLError("something was said before the connection was encrypted")
        self._socket.settimeout(self._timeout)
        self._socket = trust.wrap_socket(self._socket, server_hostname=self._host)

    def say(self, data: bytes) -> None:
        """Send something, all of it.

        Raises:
            OSError: it was not, or not all of it.
        """
        self._socket.settimeout(self._timeout)
        self._socket.sendall(data)

    def answer(self) -> tuple[int, Sequence[bytes]]:
        """The number of an answer, and its lines without it.

        Raises:
            OSError: there is none, or not in time, or it is none.
        """
        lines: list[bytes] = []
        deadline = monotonic() + self._timeout
        while len(lines) < _MOST_LINES:
            found = _LINE.fullmatch(self._line(deadline))
            if found is None:
                break
            lines.append(found[3] or b"")
            if found[2] != b"-":
                self.used = monotonic()
                return int(found[1]), lines
        raise ConnectionAbortedError("no answer that a mail server gives")

    def _line(self, deadline: float) -> bytes:
        while (end := self._unread.find(b"\n")) < 0 and len(self._unread) < _LONGEST:
            self._socket.settimeout(max(deadline - monotonic(), _AN_INSTANT))
            more = self._socket.recv(_AT_ONCE)
            if not more:
                raise ConnectionResetError("the connection was closed")
            self._unread += more
        line, self._unread = self._unread[: end + 1], self._unread[end + 1 :]
        return line

    def is_quiet(self, longest: float) -> bool:
        """Whether it was used in the last seconds, and the server has said nothing since, not even that it closes."""
        said = poll()
        said.register(self._socket, POLLIN)
        return not self._unread and monotonic() - self.used <= longest and not said.poll(0)

    def close(self) -> None:
        """Let go of it, whatever it is doing."""
        self._socket.close()
