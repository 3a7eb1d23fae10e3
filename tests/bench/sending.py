"""Mails handed to a mail server, beside the standard library handing over bytes that were made before."""

import smtplib
import socket
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context

from insight_sessions_smtp import Letters, SmtpNotifier
from insight_sessions_smtp.settings import settings_from

from insight_sessions import Notice
from insight_sessions.testing.notices import example_notices
from tests.bench.table import Row, Scale, at_least, in_turns, rate, seconds

HOST = "127.0.0.1"


class _Made:
    """Letters that were made before."""

    def __init__(self, notice: Notice) -> None:
        self.mail = Letters().build(notice)

    def build(self, notice: Notice) -> bytes:
        """The same again."""
        return self.mail


def sending(scale: Scale) -> Iterator[Row]:
    """Mails with an invite, on one kept connection."""
    notice = next(one for one in example_notices() if one.invite is not None)
    made, number = _Made(notice), scale.of(1_000, 20)
    with _sink() as port:
        settings = settings_from(host=HOST, port=port, security="none")
        with SmtpNotifier(settings, made) as notifier, smtplib.SMTP(HOST, port) as peer:

            def ours() -> None:
                for _ in range(number):
                    notifier.insight_sessions_notify(notice)

            def theirs() -> None:
                for _ in range(number):
                    peer.sendmail("insight@example.org", [notice.recipient.email], made.mail)

            mine, others = in_turns(scale.rounds, lambda: seconds(ours) / number, lambda: seconds(theirs) / number)
    yield Row(
        name="mails handed over, one connection",
        measured=rate(1 / mine),
        limit=f"{rate(1 / others)} by smtplib",
        ratio=others / mine,
        target=at_least(0.8, others / mine),
        note="Both hand over the same bytes, made before, on a connection that they keep. Ours looks at each mail once "
        "more, and says three commands at once where smtplib waits for each.",
    )


@contextmanager
def _sink() -> Generator[int]:
    """A mail server in a process of its own that takes everything and keeps nothing."""
    with socket.create_server((HOST, 0)) as listening:
        process = get_context("fork").Process(target=_serve, args=(listening,), daemon=True)
        process.start()
        try:
            yield listening.getsockname()[1]
        finally:
            process.terminate()
            process.join()


def _serve(listening: socket.socket) -> None:
    while True:
        talk, _ = listening.accept()
        threading.Thread(target=_take, args=(talk,), daemon=True).start()


def _take(talk: socket.socket) -> None:
    talk.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with talk, talk.makefile("rb") as lines, suppress(OSError):
        talk.sendall(b"220 sink\r\n")
        for line in lines:
            match line[:4].upper():
                case b"EHLO":
                    talk.sendall(b"250-sink\r\n250-PIPELINING\r\n250 SIZE 10000000\r\n")
                case b"DATA":
                    talk.sendall(b"354 go on\r\n")
                    while lines.readline() != b".\r\n":
                        pass
                    talk.sendall(b"250 taken\r\n")
                case b"QUIT":
                    talk.sendall(b"221 bye\r\n")
                    return
                case _:
                    talk.sendall(b"250 well\r\n")
