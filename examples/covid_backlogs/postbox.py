"""Where mails go with ``--smtp``: to a mail server on this machine, or to one of our own that shows what it got."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import escape
from pathlib import Path
from socket import create_server

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from insight_sessions_smtp import SmtpNotifier, SmtpSettings
from insight_sessions_smtp.settings import settings_from

HERE = "127.0.0.1"
HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>The mails of the story</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
th, td { padding: .2rem 1rem .2rem 0; text-align: start; vertical-align: top; }
</style>
</head>
<body>
<h1>The mails of the story</h1>
<table>
<tr><th scope="col">To</th><th scope="col">Mail</th><th scope="col">Invite</th><th scope="col">File</th></tr>
"""


class Postbox:
    """Keeps each mail as a file, its page beside it, and makes a page of all of them.

    Args:
        folder: where.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: list[str] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        """One more mail."""
        raw = envelope.content
        assert isinstance(raw, bytes)  # noqa: S101 - unless the server is asked to decode it
        message = message_from_bytes(raw, policy=default)
        name = f"{len(self._rows) + 1:03}"
        (self._folder / f"{name}.eml").write_bytes(raw)
        (self._folder / f"{name}.html").write_text(page_of(message), encoding="utf-8")
        self._rows.append(row(name, message))
        return "250 It is kept"

    def show(self) -> Path:
        """A page with all mails, as far as they came."""
        index = self._folder / "index.html"
        index.write_text(f"{HEAD}{''.join(self._rows)}</table>\n</body>\n</html>\n", encoding="utf-8")
        return index


def page_of(message: EmailMessage) -> str:
    """The page that a mail holds."""
    found = message.get_body(("html",))
    return "" if found is None else str(found.get_content())


def row(name: str, message: EmailMessage) -> str:
    """A mail among all of them."""
    methods = [part.get_param("method") for part in message.walk() if part.get_content_type() == "text/calendar"]
    shown = f'<a href="{name}.html">{escape(message["Subject"])}</a>'
    file = f'<a href="{name}.eml">{name}.eml</a>'
    cells = (escape(message["To"]), shown, escape("".join(map(str, methods))), file)
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>\n"


@contextmanager
def sending(address: str, folder: Path) -> Generator[SmtpNotifier, None, None]:
    """The plugin that sends mails, and the server if it is ours.

    Args:
        address: a mail server on this machine, such as ``localhost:1025``; ours when it is empty.
        folder: where ours keeps them.
    """
    if address:
        host, _, port = address.rpartition(":")
        if not (host and port.isdecimal()):
            sys.exit(f"{address!r} is not an address such as localhost:1025")
        with SmtpNotifier(settings_from(host=host, port=int(port), security="none")) as notifier:
            if problems := notifier.doctor():
                sys.exit("\n".join(problems))
            yield notifier
        print(f"\nThe mails went to {address}: look at them there.")
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    box = Postbox(folder)
    with create_server((HERE, 0)) as free:
        port = free.getsockname()[1]
    server = Controller(box, hostname=HERE, port=port)
    server.start()
    try:
        with SmtpNotifier(SmtpSettings(host=HERE, port=port, security="none")) as notifier:
            yield notifier
    finally:
        server.stop()
        print(f"\nThe mails came by SMTP. To look at them: {box.show()}")
