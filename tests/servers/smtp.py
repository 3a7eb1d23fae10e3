"""Real mail servers for the tests, on this machine: aiosmtpd, with certificates of an authority made for the run.

A server does what mail servers do, unless a test has put something else next in its script.
"""

import asyncio
import logging
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, AnyStr, Final, Self, cast

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # aiosmtpd logs whatever it is sent

HOST: Final = "127.0.0.1"
DROP: Final = "drop"
"""The connection is gone, and what was said is lost."""
HANG: Final = "hang"
"""Nothing is answered, and nothing is closed."""
TAKE_AND_DROP: Final = "take and drop"
"""A mail is taken, and the connection is gone before that is said."""
ANSWER_AND_DROP: Final = "answer and drop"
"""A mail is taken, that is said, and then the connection is gone."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail as it arrived: from where, to whom, its bytes, and on which connection."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    connection: int


@dataclass(slots=True)
class Script:
    """What a server says next instead of what it would, by what it is asked; used up one by one."""

    lines: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def next(self, asked: str) -> str | None:
        """What to say now; None for what servers say."""
        return self.lines[asked].pop(0) if self.lines[asked] else None


@cache
def authority() -> trustme.CA:
    """Whom the clients of a test believe."""
    return trustme.CA()


@cache
def _identity(*names: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority().issue_cert(*names).configure_cert(context)
    return context


def ca_file(folder: Path) -> Path:
    """The authority's certificate, as a file."""
    path = folder / "ca.pem"
    authority().cert_pem.write_to_path(str(path))
    return path


class _Talk(SMTP):
    """One connection."""

    def __init__(self, server: "MailServer", **more: Any) -> None:  # noqa: ANN401 - as aiosmtpd takes them
        self._server = server
        self._greeted = False
        self.number = 0
        super().__init__(server, **more)
        self._auth_required = server.wants_login  # given to aiosmtpd, it would warn of clear text

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Counted, but for what is the same one encrypted."""
        if self.number == 0:
            self._server.connections += 1
            self.number = self._server.connections
        self._server.open.add(transport)
        super().connection_made(transport)

    async def push(self, status: AnyStr) -> None:
        """The first that is said is the greeting."""
        if not self._greeted:
            self._greeted = True
            scripted = self._server.script.next("GREETING")
            if scripted is not None and await self.happens(scripted):
                return
        await super().push(status)

    async def happens(self, scripted: str) -> bool:
        """Something else than usual."""
        if scripted == DROP:
            self._end()
        elif scripted == HANG:
            await asyncio.sleep(3_600)
        else:
            await SMTP.push(self, scripted)
            if scripted.startswith("421"):
                self._end(softly=True)
        return True

    def _end(self, *, softly: bool = False) -> None:
        transport = cast("asyncio.WriteTransport", self.transport)
        (transport.close if softly else transport.abort)()

    async def _or(self, asked: str, usual: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._server.asked.append(asked)
        scripted = self._server.script.next(asked)
        if scripted is None or not await self.happens(scripted):
            await usual()

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802 - as aiosmtpd looks for it
        """Asked to say hello."""
        self._server.names.append(hostname)
        await self._or("EHLO", lambda: super(_Talk, self).smtp_EHLO(hostname))

    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802
        """Asked to encrypt."""
        await self._or("STARTTLS", lambda: super(_Talk, self).smtp_STARTTLS(arg))

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        """Asked to let somebody in."""
        await self._or("AUTH", lambda: super(_Talk, self).smtp_AUTH(arg))

    async def smtp_MAIL(self, arg: str) -> None:  # noqa: N802
        """Asked to take a mail from somebody."""
        await self._or("MAIL", lambda: super(_Talk, self).smtp_MAIL(arg))

    async def smtp_RCPT(self, arg: str) -> None:  # noqa: N802
        """Asked to take it for somebody."""
        await self._or("RCPT", lambda: super(_Talk, self).smtp_RCPT(arg))

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        """Asked to listen."""
        await self._or("DATA", lambda: super(_Talk, self).smtp_DATA(arg))

    async def smtp_RSET(self, arg: str) -> None:  # noqa: N802
        """Asked to forget."""
        await self._or("RSET", lambda: super(_Talk, self).smtp_RSET(arg))


class MailServer:
    """A mail server on this machine.

    Args:
        security: ``"starttls"``, ``"tls"`` or ``"none"``.
        login: the name and the password that it lets in, and then nobody else; or anybody.
        features: what it says it can do besides.
        names: what its certificate is for.
        ways: how one can log in.
    """

    def __init__(
        self,
        security: str = "starttls",
        *,
        login: tuple[str, str] | None = None,
        features: tuple[str, ...] = ("PIPELINING",),
        names: tuple[str, ...] = (HOST, "localhost"),
        ways: tuple[str, ...] = ("PLAIN", "LOGIN"),
    ) -> None:
        self._security = security
        self._login = login
        self._features = features
        self._names = names
        self._ways = ways
        self.port = 0
        self.script = Script()
        self.arrived: list[Arrived] = []
        self.asked: list[str] = []
        self.names: list[str] = []
        self.open: set[asyncio.BaseTransport] = set()
        self.connections = 0

    @property
    def wants_login(self) -> bool:
        """Whether it takes mails from those alone whom it let in."""
        return self._login is not None

    def next(self, asked: str, *said: str) -> None:
        """Put something else next in the script."""
        self.script.lines[asked] += said

    # Its life

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to listen, on the port it had before if it had one."""
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(self._listen())
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    async def _listen(self) -> asyncio.Server:
        context = _identity(*self._names) if self._security == "tls" else None
        return await self._loop.create_server(self._talk, HOST, self.port, ssl=context)

    def stop(self) -> None:
        """Stop listening, and end every conversation."""
        asyncio.run_coroutine_threadsafe(self._stopped(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _stopped(self) -> None:
        self._server.close()
        await self._hung_up()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0.01)

    def hang_up(self) -> None:
        """End every conversation, in good order."""
        asyncio.run_coroutine_threadsafe(self._hung_up(), self._loop).result(10)

    async def _hung_up(self) -> None:
        for transport in self.open:
            with suppress(RuntimeError):
                transport.close()
        self.open.clear()
        await asyncio.sleep(0.01)

    def _talk(self) -> _Talk:
        return _Talk(
            self,
            loop=self._loop,
            hostname="mail.example.org",
            tls_context=_identity(*self._names) if self._security == "starttls" else None,
            require_starttls=self._security == "starttls",
            auth_require_tls=self._security == "starttls",
            auth_exclude_mechanism=[way for way in ("PLAIN", "LOGIN") if way not in self._ways],
            authenticator=self._let_in,
        )

    def _let_in(self, _: SMTP, __: Session, ___: Envelope, mechanism: str, data: object) -> AuthResult:
        login = cast("LoginPassword", data)
        given = (login.login.decode(), login.password.decode())
        self.asked.append(mechanism)
        return AuthResult(success=given == self._login, handled=False)

    # What aiosmtpd asks

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """What it can do."""
        session.host_name = hostname
        return [*responses[:-1], *(f"250-{one}" for one in self._features), responses[-1]]

    async def handle_DATA(self, server: _Talk, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """A mail has come."""
        scripted = self.script.next("MESSAGE")
        if scripted in {None, TAKE_AND_DROP, ANSWER_AND_DROP}:
            told, content = tuple(envelope.rcpt_tos), cast("bytes", envelope.content)
            self.arrived.append(Arrived(str(envelope.mail_from), told, content, server.number))
        if scripted in {DROP, TAKE_AND_DROP, HANG}:
            await server.happens(HANG if scripted == HANG else DROP)
            return "451 nobody hears this"
        if scripted == ANSWER_AND_DROP:
            transport = cast("asyncio.WriteTransport", server.transport)
            self._loop.call_later(0.01, transport.close)
        return "250 OK" if scripted in {None, ANSWER_AND_DROP} else str(scripted)
