"""A receiver of webhooks that listens on loopback, with or without TLS, and answers as a test wants."""

import socket
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Asked = socket.socket | tuple[bytes, socket.socket]


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What came, and how to answer.

    Args:
        host: the loopback address it listens on.
        answer: writes to the handler; give it another one at any time.
    """

    host: str
    answer: "Callable[[Answering], None]"
    port: int = 0
    requests: list[Received] = field(default_factory=list[Received])
    connections: int = 0
    names: list[str | None] = field(default_factory=list[str | None])
    over: threading.Event = field(default_factory=threading.Event)


class Answering(BaseHTTPRequestHandler):
    """Answers one request as its receiver says."""

    receiver: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Keep it, then answer."""
        length = int(self.headers.get("Content-Length", "0"))
        # Kept in one step, for requests come in several threads.
        self.receiver.requests.append(Received(self.path, dict(self.headers.items()), self.rfile.read(length)))
        self.close_connection = True
        self.receiver.answer(self)

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        """A plain answer."""
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def answers(status: int, body: bytes = b"", **headers: str) -> Callable[[Answering], None]:
    """A receiver's way: always the same answer."""
    return lambda handler: handler.say(status, body, **headers)


def drips(head: bytes, drop: bytes) -> Callable[[Answering], None]:
    """A receiver's way: a little at a time, without end."""

    def answer(handler: Answering) -> None:
        handler.wfile.write(head)
        while not handler.receiver.over.wait(0.02):
            handler.wfile.write(drop)

    return answer


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    receiver: Receiver

    def verify_request(self, request: Asked, client_address: object) -> bool:
        """Count it, for a client may turn away before it asks for anything."""
        self.receiver.connections += 1
        return True

    def handle_error(self, request: Asked, client_address: object) -> None:
        """A client that turns away is what some tests are about."""


@contextmanager
def receiving(
    context: ssl.SSLContext | None = None,
    *,
    host: str = "127.0.0.1",
    answer: Callable[[Answering], None] | None = None,
) -> Generator[Receiver]:
    """A receiver that listens as long as the block lasts, and takes everything when not told otherwise."""
    receiver = Receiver(host, answer or answers(204))
    server = _Server((host, 0), type("Bound", (Answering,), {"receiver": receiver}))
    server.receiver = receiver
    receiver.port = server.server_address[1]
    if context is not None:
        context.sni_callback = lambda _socket, name, _context: receiver.names.append(name)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
