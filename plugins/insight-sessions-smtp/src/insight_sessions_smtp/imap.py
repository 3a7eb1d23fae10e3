"""A folder of a mail server, read over IMAP with TLS (RFC 9051)."""

import imaplib
import re
import ssl
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from typing import Annotated, Final, Literal, Self

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from insight_sessions import InsightSessionsError
from insight_sessions.calendar.reply import LARGEST
from insight_sessions_smtp.mailbox import OTHERS, PROCESSED, Kind

_SIZE: Final = re.compile(rb"RFC822\.SIZE ([0-9]{1,12})")
_UID: Final = re.compile(r"[0-9]{1,10}")


FolderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/-]{0,99}$")]
"""A folder of a mail server, in plain letters."""


class MailboxError(InsightSessionsError, OSError):
    """The mail server does not do what was asked; the message never holds what it said."""


class ImapSettings(BaseSettings):
    """Where mails come, from the environment: ``host`` is ``INSIGHT_SESSIONS_IMAP_HOST``.

    Args:
        host: the mail server, by the name in its certificate.
        port: 993 with ``"tls"`` and 143 with ``"starttls"`` when not given.
        security: ``"tls"`` is encrypted from the first byte; ``"starttls"`` begins in clear text and goes on
            encrypted, or not at all.
        username: to log in with.
        password: the same; never shown.
        folder: where mails come.
        processed: where answers and returned mails go; it is made when it is not there.
        others: where anything else goes, for a person to read.
        timeout: how many seconds each step may take.

    Raises:
        pydantic.ValidationError: something in them is wrong; the message holds none of it.
    """

    model_config = SettingsConfigDict(
        env_prefix="INSIGHT_SESSIONS_IMAP_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")]
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    security: Literal["tls", "starttls"] = "tls"
    username: SecretStr
    password: SecretStr
    folder: FolderName = "INBOX"
    processed: FolderName = PROCESSED
    others: FolderName = OTHERS
    timeout: Annotated[float, Field(gt=0, le=300)] = 30


class ImapFolder:
    """A folder of a mail server; use it in a ``with`` block, for a connection that lasts as long.

    Args:
        settings: where it is.
        context: which certificates are trusted; those that the machine trusts when not given.
    """

    def __init__(self, settings: ImapSettings, context: ssl.SSLContext | None = None) -> None:
        self._settings = settings
        self._context = context or ssl.create_default_context()
        self._connection: imaplib.IMAP4 | None = None
        self._moves = False
        self._expunges = False

    def __enter__(self) -> Self:
        with _told():
            self._connection = self._connected()
        try:
            with _told():
                self._open(self._connection)
        except MailboxError:
            self.__exit__()
            raise
        return self

    def _connected(self) -> imaplib.IMAP4:
        names = self._settings
        if names.security == "tls":
            return imaplib.IMAP4_SSL(names.host, names.port or 993, ssl_context=self._context, timeout=names.timeout)
        connection = imaplib.IMAP4(names.host, names.port or 143, timeout=names.timeout)
        try:
            _done(connection.starttls(self._context))
        except (OSError, imaplib.IMAP4.error):
            with suppress(OSError):
                connection.shutdown()
            raise
        return connection

    def _open(self, connection: imaplib.IMAP4) -> None:
        names = self._settings
        connection.login(_quoted(names.username.get_secret_value()), names.password.get_secret_value())
        # What it can do it may say only now.
        able = b" ".join(_done(connection.capability())).upper().split()
        self._moves, self._expunges = b"MOVE" in able, b"UIDPLUS" in able
        for folder in (names.processed, names.others):
            with suppress(imaplib.IMAP4.error):  # it may be there; if not, moving tells
                connection.create(_quoted(folder))
        _done(connection.select(_quoted(names.folder)))

    def __exit__(self, *_: object) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError, imaplib.IMAP4.error):
                connection.logout()

    def waiting(self) -> list[str]:
        """The names of the mails in it, oldest first."""
        with self._using() as connection:
            found = b" ".join(_done(connection.uid("SEARCH", "UNDELETED"))).decode("ascii", "replace")
            return sorted((one for one in found.split() if _UID.fullmatch(one)), key=int)

    def read(self, name: str) -> bytes | None:
        """A mail as it came; its size is asked first."""
        with self._using() as connection:
            sizes = _done(connection.uid("FETCH", name, "(RFC822.SIZE)"))
            # Beside it stands what others did to mails meanwhile, such as marking one as read.
            told = next(filter(None, map(_SIZE.search, sizes)), None)
            if told is None or int(told[1]) > LARGEST:
                return None
            parts: list[tuple[bytes, bytes] | bytes | None] = connection.uid("FETCH", name, "(BODY.PEEK[])")[1]
            return next((part[1] for part in parts if isinstance(part, tuple)), None)

    def put_away(self, name: str, kind: Kind) -> None:
        """Move a mail, in one step where the server can, else by a copy that is there before the mail goes."""
        folder = _quoted(self._settings.others if kind is Kind.OTHER else self._settings.processed)
        with self._using() as connection:
            if self._moves:
                _done(connection.uid("MOVE", name, folder))
                return
            _done(connection.uid("COPY", name, folder))
            _done(connection.uid("STORE", name, "+FLAGS.SILENT", r"(\Deleted)"))
            if self._expunges:  # that one alone: what a person has marked so is theirs to end
                _done(connection.uid("EXPUNGE", name))

    @contextmanager
    def _using(self) -> Generator[imaplib.IMAP4]:
        if self._connection is None:
            raise MailboxError("the folder is used in a with block")
        with _told():
            yield self._connection


@contextmanager
def _told() -> Generator[None]:
    """Faults of the connection as ours, without what the server said: it may quote a login or a mail."""
    try:
        yield
    except MailboxError:
        raise
    except (OSError, imaplib.IMAP4.error) as error:
        raise MailboxError(f"the mail server cannot be used: {type(error).__name__}") from None


def _done(answer: tuple[str, Sequence[object]]) -> list[bytes]:
    status, data = answer
    if status != "OK":
        raise MailboxError("the mail server refused what was asked")
    return [one for one in data if isinstance(one, bytes)]


def _quoted(text: str) -> str:
    """As a quoted string (RFC 9051 §4.3)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
