"""A pooler of transactions between clients and a PostgreSQL server, as PgBouncer is one in its transaction mode.

Each transaction of a client may land on another connection of the server, and whatever a client leaves behind on one
meets the next. It also counts round trips, and can lose the answer to a commit that wrote something.
"""

import os
import queue
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import psycopg

SAID_AT_THE_START = ("server_version", "server_encoding", "client_encoding", "standard_conforming_strings", "TimeZone")
ALLOWED = {"user", "database", "client_encoding", "application_name", "datestyle", "timezone"}
WRITES = (b"INSERT INTO", b"UPDATE ", b".write(")
ASKS_FOR_ENCRYPTION = {80877103, 80877104}


class Pooler:
    """Listens on this machine, for one database.

    Args:
        url: The database behind it.
        connections: How many connections it has to the server.
    """

    def __init__(self, url: str, connections: int = 3) -> None:
        self.round_trips = 0
        self.commits_to_lose = 0
        self.commits_to_drop = 0
        self.when_lost: Callable[[], object] = lambda: None
        self.transactions: list[int] = []
        self._url = url
        self._closed = False
        self._servers: queue.Queue[psycopg.Connection] = queue.Queue()
        for _ in range(connections):
            self._servers.put(psycopg.connect(url, autocommit=True))
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def url(self) -> str:
        """Where clients connect."""
        parts = urlsplit(self._url)
        place = f"{parts.username}@127.0.0.1:{self._listener.getsockname()[1]}"
        return f"postgresql://{place}{parts.path}?sslmode=disable"

    def close(self) -> None:
        """Take no more clients, and leave the server."""
        self._closed = True
        with suppress(OSError):  # closed already
            self._listener.shutdown(socket.SHUT_RDWR)  # or whoever waits for clients goes on waiting
        self._listener.close()
        while not self._servers.empty():
            self._servers.get().close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or each answer waits 40 ms for the last
                threading.Thread(target=self._attend, args=[client], daemon=True).start()

    def _attend(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if self._greet(client):
                _Client(self, client).serve()

    def _greet(self, client: socket.socket) -> bool:
        """Take a client in; false when it was refused."""
        length, code = struct.unpack("!II", _exactly(client, 8))
        while code in ASKS_FOR_ENCRYPTION:
            client.sendall(b"N")
            length, code = struct.unpack("!II", _exactly(client, 8))
        words = _exactly(client, length - 8).split(b"\0")
        refused = {name.decode() for name in words[::2] if name} - ALLOWED
        if refused:
            fields = f"SFATAL\0C08P01\0Munsupported startup parameter: {', '.join(sorted(refused))}\0\0"
            client.sendall(message(b"E", fields.encode()))
            return False
        server = self.borrow()
        said = [(name, server.info.parameter_status(name) or "") for name in SAID_AT_THE_START]
        self.put_back(server)
        client.sendall(
            message(b"R", struct.pack("!I", 0))
            + b"".join(message(b"S", f"{name}\0{value}\0".encode()) for name, value in said)
            + message(b"K", struct.pack("!II", 0, 0))
            + message(b"Z", b"I")
        )
        return True

    def borrow(self) -> psycopg.Connection:
        """The connection that was idle for longest."""
        return self._servers.get(timeout=30)

    def put_back(self, server: psycopg.Connection) -> None:
        """Give it to the next transaction."""
        if self._closed:
            server.close()
        else:
            self._servers.put(server)

    def replace(self, server: psycopg.Connection) -> None:
        """A client left in the middle: the server forgets what it was doing."""
        server.close()
        if not self._closed:
            self._servers.put(psycopg.connect(self._url, autocommit=True))


class _Client:
    """One client, and the connection of the server that its transaction is on."""

    def __init__(self, pooler: Pooler, client: socket.socket) -> None:
        self._pooler = pooler
        self._client = client
        self._server: psycopg.Connection | None = None
        self._raw: socket.socket | None = None
        self._due = 0
        self._lost = self._wrote = False

    def serve(self) -> None:
        """Carry messages until the client leaves."""
        asked, answered = b"", b""
        try:
            while True:
                readable = [self._client] if self._raw is None else [self._client, self._raw]
                for side in select.select(readable, [], [])[0]:
                    said = side.recv(65_536)
                    if not said:
                        return
                    if side is self._client:
                        asked = self._carry(asked + said, self._ask)
                    else:
                        answered = self._carry(answered + said, self._answer)
        except _Left:
            return
        finally:
            if self._server is not None and self._raw is not None:
                self._raw.close()
                self._pooler.replace(self._server)

    def _carry(self, buffer: bytes, take: Callable[[bytes], None]) -> bytes:
        while len(buffer) >= 5 and len(buffer) > (length := struct.unpack("!I", buffer[1:5])[0]):
            take(buffer[: length + 1])
            buffer = buffer[length + 1 :]
        return buffer

    def _ask(self, asked: bytes) -> None:
        if asked[:1] == b"X":
            raise _Left
        if self._raw is None:
            self._server = self._pooler.borrow()
            self._pooler.transactions.append(self._server.info.backend_pid)
            self._raw = socket.socket(fileno=os.dup(self._server.fileno()))
            self._raw.setblocking(True)
            self._wrote = False
        self._wrote = self._wrote or (asked[:1] == b"P" and any(word in asked for word in WRITES))
        if self._wrote and asked[:1] == b"P" and b"\0COMMIT\0" in asked:
            if self._pooler.commits_to_drop:
                self._pooler.commits_to_drop -= 1
                raise _Left
            if self._pooler.commits_to_lose:
                self._pooler.commits_to_lose -= 1
                self._lost = True
        self._due += asked[:1] in (b"Q", b"S")
        self._raw.sendall(asked)

    def _answer(self, answer: bytes) -> None:
        ready = answer[:1] == b"Z"
        self._pooler.round_trips += ready
        if not self._lost:
            self._client.sendall(answer)
        if not ready:
            return
        self._due -= 1
        if self._due == 0 and answer[5:6] == b"I":
            server, raw, self._server, self._raw = self._server, self._raw, None, None
            if raw is not None:
                raw.close()
            if server is not None:
                self._pooler.put_back(server)
            if self._lost:
                self._pooler.when_lost()
                raise _Left


class _Left(Exception):
    """The client is gone."""


def message(kind: bytes, content: bytes) -> bytes:
    """One message of the protocol."""
    return kind + struct.pack("!I", len(content) + 4) + content


def _exactly(side: socket.socket, length: int) -> bytes:
    """So many bytes."""
    read = b""
    while len(read) < length:
        part = side.recv(length - len(read))
        if not part:
            raise OSError("gone")
        read += part
    return read


@contextmanager
def pooling(url: str, connections: int = 3) -> Iterator[Pooler]:
    """A pooler in front of a database, for as long as the block lasts."""
    pooler = Pooler(url, connections)
    try:
        yield pooler
    finally:
        pooler.close()
