"""One conversation with a mail server: from its greeting to its last answer (RFC 5321, 2920, 3207, 4954)."""

import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

from insight_sessions import Undeliverable
from insight_sessions_smtp.answers import Answer, SendingFailed, ServerRefused, Step
from insight_sessions_smtp.settings import SmtpSettings
from insight_sessions_smtp.wire import Wire

KEPT_FOR: Final = 60.0
"""How many seconds a connection is kept that nobody uses; servers close them after some minutes."""

_READY: Final = 220
_TAKEN: Final = 250
_GO_ON: Final = 354
_LOGGED_IN: Final = 235
_TELL: Final = 334
_CLOSING: Final = 421
_TOO_LARGE: Final = 552
_LOGIN: Final = frozenset({530, 534, 535, 538})
_NOT_UNDERSTOOD: Final = frozenset({500, 502, 503, 504})
_OF_THE_SENDER: Final = frozenset({"5.1.7", "5.1.8", "5.3.5", *(f"5.7.{number}" for number in range(20, 28))})
"""Of any mail: its sender, how its domain says who may write for it (RFC 7372), or the server itself."""

_NAME: Final = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class Conversation:
    """A connection to a mail server that was greeted, encrypted and logged in.

    Args:
        settings: with which server, and how.
        trust: which certificates are believed; None when nothing is encrypted.

    Raises:
        SendingFailed: the server is away.
        ServerRefused: it is there, and wants other settings.
    """

    def __init__(self, settings: SmtpSettings, trust: ssl.SSLContext | None) -> None:
        self.is_open = False
        with _during(Step.CONNECT):
            self._wire = Wire(settings.host, settings.at, settings.timeout)
        try:
            self._begin(settings, trust)
        except BaseException:
            self._wire.close()
            raise
        self.is_open = True

    def send(self, sender: str, recipient: str, mail: bytes) -> None:
        """Hand one mail over.

        Args:
            sender: where it goes back to.
            recipient: where it goes.
            mail: ASCII, with CRLF line ends.

        Raises:
            Undeliverable: the server will never take it.
            SendingFailed: it did not take it now; of `Step.MAIL` without a code, nobody knows whether it did.
            ServerRefused: it takes nothing before the settings are others.
        """
        self.is_open = False  # whatever interrupts us from here on leaves something unsaid
        size = f" SIZE={len(mail)}" if "SIZE" in self._features else ""
        commands = {
            Step.SENDER: f"MAIL FROM:<{sender}>{size}",
            Step.RECIPIENT: f"RCPT TO:<{recipient}>",
            Step.DATA: "DATA",
        }
        answers = self._at_once(commands) if "PIPELINING" in self._features else self._one_by_one(commands)
        refused = next(((step, answer) for step, answer in answers.items() if not _is_taken(step, answer)), None)
        if refused is not None:
            self._take_back(answers)
            raise _judged(*refused)
        with _during(Step.MAIL):
            self._wire.say(_dotted(mail))
            answer = self._answer()
        self.is_open = answer.number != _CLOSING
        if answer.number // 100 != _TAKEN // 100:
            raise _judged(Step.MAIL, answer)

    @property
    def is_fresh(self) -> bool:
        """Whether it can be gone on with, as far as can be seen from here."""
        return self.is_open and self._wire.is_quiet(KEPT_FOR)

    def close(self) -> None:
        """Take leave, and do not wait for an answer."""
        with suppress(OSError):
            self._wire.say(b"QUIT\r\n")
        self.drop()

    def drop(self) -> None:
        """Let go of it without a word, such as of a connection that another process goes on with."""
        self.is_open = False
        self._wire.close()

    # How it begins

    def _begin(self, settings: SmtpSettings, trust: ssl.SSLContext | None) -> None:
        if trust is not None and settings.security == "tls":
            self._encrypt(trust)
        _expect(_READY, Step.GREETING, self._heard(Step.GREETING))
        name = settings.hello or _own_name() or self._wire.name
        self._features = self._hello(name)
        if trust is not None and settings.security == "starttls":
            if "STARTTLS" not in self._features:
                raise ServerRefused(Step.ENCRYPT)
            _expect(_READY, Step.ENCRYPT, self._told("STARTTLS", Step.ENCRYPT))
            self._encrypt(trust)
            # What was said before may have been said by anybody (RFC 3207 §4.2).
            self._features = self._hello(name)
        if settings.username is not None and settings.password is not None:
            self._log_in(settings.username.get_secret_value(), settings.password.get_secret_value())

    def _encrypt(self, trust: ssl.SSLContext) -> None:
        with _during(Step.ENCRYPT):
            self._wire.encrypt(trust)

    def _hello(self, name: str) -> Mapping[str, str]:
        """What the server can do, by name."""
        with _during(Step.HELLO):
            self._wire.say(f"EHLO {name}\r\n".encode("ascii"))
            number, lines = self._wire.answer()
        _expect(_TAKEN, Step.HELLO, Answer.of(number, lines[0]))
        features = (line.decode("ascii", "replace").strip().partition(" ") for line in lines[1:])
        return {name.upper(): more for name, _, more in features}

    def _log_in(self, username: str, password: str) -> None:
        ways = self._features.get("AUTH", "").upper().split()
        if "PLAIN" in ways:
            both = _coded(f"\0{username}\0{password}")
            answer = self._told(f"AUTH PLAIN {both}", Step.LOGIN)
        elif "LOGIN" in ways:
            answer = self._told("AUTH LOGIN", Step.LOGIN)
            for secret in (username, password):
                _expect(_TELL, Step.LOGIN, answer)
                answer = self._told(_coded(secret), Step.LOGIN)
        else:
            raise ServerRefused(Step.LOGIN)
        _expect(_LOGGED_IN, Step.LOGIN, answer)

    # How it goes on

    def _at_once(self, commands: Mapping[Step, str]) -> dict[Step, Answer]:
        """All commands in one go: one way there and back instead of three (RFC 2920)."""
        with _during(Step.SENDER):
            self._wire.say("".join(f"{command}\r\n" for command in commands.values()).encode("ascii"))
        return {step: self._heard(step) for step in commands}

    def _one_by_one(self, commands: Mapping[Step, str]) -> dict[Step, Answer]:
        answers: dict[Step, Answer] = {}
        for step, command in commands.items():
            answers[step] = self._told(command, step)
            if not _is_taken(step, answers[step]):
                break
        return answers

    def _take_back(self, answers: Mapping[Step, Answer]) -> None:
        """Have the server forget what was begun, so that the next mail can follow; else nothing more is said."""
        waits = answers.get(Step.DATA, Answer(0)).number == _GO_ON
        if waits or any(answer.number == _CLOSING for answer in answers.values()):
            return  # it waits for a mail that must not come, or it has gone
        with suppress(SendingFailed):
            self.is_open = self._told("RSET", Step.SENDER).number == _TAKEN

    def _told(self, command: str, step: Step) -> Answer:
        with _during(step):
            self._wire.say(f"{command}\r\n".encode("ascii"))
            return self._answer()

    def _heard(self, step: Step) -> Answer:
        with _during(step):
            return self._answer()

    def _answer(self) -> Answer:
        number, lines = self._wire.answer()
        return Answer.of(number, lines[0])


@contextmanager
def _during(step: Step) -> Generator[None]:
    """Say where a conversation ended, and nothing of what was said."""
    try:
        yield
    except ssl.SSLCertVerificationError:
        failed: SendingFailed = ServerRefused(Step.CERTIFICATE)
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
        failed = SendingFailed(step)
    except ssl.SSLError:
        failed = ServerRefused(step)
    except OSError:
        failed = SendingFailed(step)
    else:
        return
    raise failed


def _expect(number: int, step: Step, answer: Answer) -> None:
    """Of who we are, and how we come: whatever is wrong with that is for the settings."""
    if answer.number == number:
        return
    raise (ServerRefused if answer.is_for_good else SendingFailed)(step, answer.code)


def _is_taken(step: Step, answer: Answer) -> bool:
    return answer.number == _GO_ON if step is Step.DATA else answer.number // 100 == _TAKEN // 100


def _judged(step: Step, answer: Answer) -> Exception:
    """Whose fault a refusal is: nobody's for long, ours, or the address's."""
    if not answer.is_for_good:
        return SendingFailed(step, answer.code)
    return ServerRefused(step, answer.code) if _is_ours(step, answer) else Undeliverable(answer.code)


def _is_ours(step: Step, answer: Answer) -> bool:
    """Whether other settings would help: another sender, a login, a server that forwards for us or understands us.

    Of a whole mail, 5.7 is about what it says (RFC 3463 §3.8).
    """
    if step is Step.SENDER:
        return answer.number != _TOO_LARGE
    if answer.number in _LOGIN or answer.enhanced in _OF_THE_SENDER:
        return True
    if step is Step.MAIL:
        return False
    return answer.enhanced.startswith("5.7.") or answer.number in _NOT_UNDERSTOOD or answer.names_relaying


def _dotted(mail: bytes) -> bytes:
    """A mail as it is sent: a line that begins with a dot has one more, and one alone ends it (RFC 5321 §4.5.2)."""
    begins = b"." if mail.startswith(b".") else b""
    return begins + mail.replace(b"\r\n.", b"\r\n..") + (b".\r\n" if mail.endswith(b"\r\n") else b"\r\n.\r\n")


def _coded(secret: str) -> str:
    return b64encode(secret.encode("ascii")).decode("ascii")


def _own_name() -> str:
    """The name of this machine, when it is a whole one; nobody is asked for it."""
    name = socket.gethostname()
    return name if _NAME.fullmatch(name) else ""
