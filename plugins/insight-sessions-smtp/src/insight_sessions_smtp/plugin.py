"""The plugin: takes notices, makes mails of them and hands them to the mail server."""

import logging
from typing import Any, Final, Protocol, Self

from insight_sessions import Links, Notice, hookimpl
from insight_sessions_smtp.answers import SendingFailed, ServerRefused, Step
from insight_sessions_smtp.errors import TemplatesError
from insight_sessions_smtp.fitness import refuse_unfit
from insight_sessions_smtp.letters import Letters
from insight_sessions_smtp.settings import PREFIX, SettingsError, SmtpSettings, settings_from
from insight_sessions_smtp.transport import Transport

_log: Final = logging.getLogger(__name__)


class Builds(Protocol):
    """Whoever makes mails of notices."""

    def build(self, notice: Notice) -> bytes:
        """The whole mail: ASCII, with CRLF line ends."""
        ...


class SmtpNotifier:
    """Sends each notice as a mail.

    Hand it to ``Desk.open(url, plugins=[...])``. It is not found by being installed: whoever has it waits for every
    notice from then on, and somebody must be there to send them.

    A notice that the server will never take is given up at once, and the organiser is told. When the server is away or
    wants other settings, notices wait and are tried again.

    Args:
        settings: the mail server, and who writes.
        letters: makes the mails; `Letters` with the sender and the templates of the settings when not given.

    Raises:
        SettingsError: the settings cannot be used.
        TemplatesError: the templates cannot be used.
    """

    name = "smtp"

    def __init__(self, settings: SmtpSettings, letters: Builds | None = None) -> None:
        self._settings = settings
        self._letters = Letters(settings.sender, settings.templates) if letters is None else letters
        self._transport = Transport(settings, settings.trust())

    @classmethod
    def from_environment(cls, **given: Any) -> Self:  # noqa: ANN401 - as the settings take them
        """One with the settings of the environment, ``INSIGHT_SESSIONS_SMTP_HOST`` and so on.

        Args:
            given: settings by name, which count more.

        Raises:
            SettingsError: some are wrong or missing; it says which.
            TemplatesError: the templates cannot be used; it says where.
        """
        return cls(settings_from(**given))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings.host}:{self._settings.at})"

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Send one mail.

        Raises:
            Undeliverable: the server will never take it.
            SendingFailed: it did not take it now; it is tried again with the same Message-ID.
            ValueError: the mail is not one that can be sent; the message does not say what is in it.
        """
        mail = self._letters.build(notice)
        refuse_unfit(mail, notice)
        sender = self._settings.return_path or self._settings.sender_email or notice.project.organiser.email
        try:
            self._transport.send(sender, notice.recipient.email, mail)
        except ServerRefused as error:
            _log.error("no mail is sent: %s; SmtpNotifier.doctor() says more", error)
            raise
        _log.debug("the mail server took notice %s", notice.id)

    def doctor(self, *, links: str | None = None) -> list[str]:
        """What is wrong, in plain sentences; none when a mail could be sent now.

        It talks to the mail server as far as the login, and sends nothing.

        Args:
            links: the address of your page for links, as you give it to the desk.
        """
        return [*_problems_with_server(self._settings, self._transport), *_problems_with_links(links)]

    def close(self) -> None:
        """Take leave of the mail server. The next notice opens a connection again."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def doctor(*, links: str | None = None, **given: Any) -> list[str]:  # noqa: ANN401 - as the settings take them
    """What is wrong with the settings of the environment, the templates, the mail server or the address for links.

    Args:
        links: the address of your page for links, as you give it to the desk.
        given: settings by name, which count more than the environment.

    Returns:
        Plain sentences, without a secret in them; empty when a mail could be sent now.
    """
    try:
        notifier = SmtpNotifier.from_environment(**given)
    except SettingsError as error:
        problems = [f"Settings: {one}." for one in error.problems]
    except TemplatesError as error:
        problems = [f"Template {one}" for one in error.problems]
    else:
        with notifier:
            return notifier.doctor(links=links)
    return [*problems, *_problems_with_links(links)]


_ADVICE: Final = {
    Step.CONNECT: f"Look at host and port ({PREFIX}HOST, {PREFIX}PORT), and whether a firewall is between.",
    Step.GREETING: "Look at the port and the security: a port for tls does not greet in clear text.",
    Step.HELLO: f"It may not like what this machine calls itself; {PREFIX}HELLO gives it a name.",
    Step.ENCRYPT: f'Look at port and {PREFIX}SECURITY: "starttls" is usual on 587, "tls" on 465.',
    Step.CERTIFICATE: f"Its certificate is not for that host, has expired, or is of an authority that is not believed; "
    f"{PREFIX}CA_FILE names one of your own.",
    Step.LOGIN: f"Look at {PREFIX}USERNAME and {PREFIX}PASSWORD, and whether it lets programs log in.",
}


def _problems_with_server(settings: SmtpSettings, transport: Transport) -> list[str]:
    try:
        transport.check()
    except SendingFailed as error:
        where = f"{settings.host}:{settings.at}"
        return [f"Mail server {where}: {error}. {_ADVICE[error.step]}"]
    return []


def _problems_with_links(links: str | None) -> list[str]:
    if links is None:
        return []
    try:
        Links(links)
    except ValueError as error:
        return [f"The address for links {error}."]
    return []
