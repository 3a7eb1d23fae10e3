"""A notice as a mail that every mail program can show and every calendar understands.

The same notice gives the same bytes on every machine, so that a copy that is sent again can be recognised.
"""

import re
from base64 import encodebytes
from binascii import b2a_qp
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from insight_sessions import Contact, Notice
from insight_sessions.hooks.headers import headers, list_headers, only_these_headers
from insight_sessions.wording import SUBJECT_LENGTH
from insight_sessions_smtp.actions import LEAVE
from insight_sessions_smtp.templating import Templates
from insight_sessions_smtp.variables import variables

_BREAKS: Final = re.compile(r"\r\n|\r|\n")
_QUOTED: Final = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
_BASE64: Final = b"Content-Transfer-Encoding: base64\r\n\r\n"
_FILE: Final = (
    b'Content-Type: application/ics; name="invite.ics"\r\n'
    b'Content-Disposition: attachment; filename="invite.ics"\r\n' + _BASE64
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice in words.

    Args:
        subject: one line.
        text: for programs that show plain text.
        html: a page that says the same.
    """

    subject: str
    text: str
    html: str


class Letters:
    """Makes mails of notices.

    Args:
        sender: from whom they are; each project's organiser, who gets the answers in any case, when not given.
        templates: a folder of the host's own templates, which come before ours.

    Raises:
        TemplatesError: something in that folder is wrong; it says in which file, on which line, and what.
    """

    def __init__(self, sender: Contact | None = None, templates: Path | str | None = None) -> None:
        self._sender = sender
        self._templates = Templates() if templates is None else _checked(Path(templates))

    def write(self, notice: Notice) -> Letter:
        """A notice in words.

        Raises:
            ValueError: it cannot be put into words: a link is none, or a template of the host fails.
        """
        page = self._templates.page(notice.kind, notice.language)
        told = variables(notice, page.labels)
        if page.subject is not None:
            told["subject"] = _subject(page.subject.render(told)) or notice.subject
        return Letter(str(told["subject"]), page.text.render(told).strip(), page.html.render(told))

    def build(self, notice: Notice) -> bytes:
        """The whole mail for a notice, ready to send.

        It goes to that person only. With an invite it is laid out as calendars expect it (RFC 6047): text, page and
        the calendar message as the last alternative, and the same bytes once more as the file ``invite.ics``.

        Args:
            notice: what to say, and to whom.

        Returns:
            ASCII bytes with CRLF line ends.

        Raises:
            ValueError: something in it cannot stand in a mail; the message does not say what.
        """
        letter = self.write(notice)
        titled = notice if letter.subject == notice.subject else replace(notice, subject=letter.subject)
        names = headers(titled, self._sender)
        leave = notice.links.get(LEAVE)
        if leave is not None and leave.startswith("https://") and notice.recipient.follower:
            names |= list_headers(leave)
        seed = sha256(notice.id.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        kind, body = _body(letter, notice, seed.encode("ascii"))
        names |= {"MIME-Version": "1.0", "Content-Type": kind}
        head = "".join(f"{name}: {value}\r\n" for name, value in names.items())
        return only_these_headers(head.encode("ascii") + b"\r\n" + body, names)


def _subject(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SUBJECT_LENGTH else line[: SUBJECT_LENGTH - 1].rstrip() + "…"


def _checked(folder: Path) -> Templates:
    # Imported late: whoever has no templates needs no check of them.
    from insight_sessions_smtp.checking import load  # noqa: PLC0415

    return load(folder)


def _body(letter: Letter, notice: Notice, seed: bytes) -> tuple[str, bytes]:
    """The parts of a mail, and what they are together."""
    parts = [_words("plain", letter.text), _words("html", letter.html)]
    if notice.invite is None:
        return _together("alternative", seed + b"_1", parts)
    # Base64, so that the calendar's own line ends and folds arrive as they are.
    data = encodebytes(notice.invite.data).replace(b"\n", b"\r\n")
    method = notice.invite.method.encode("ascii")
    parts.append(b"Content-Type: text/calendar; charset=utf-8; method=" + method + b"\r\n" + _BASE64 + data)
    kind, alternative = _together("alternative", seed + b"_1", parts)
    inner = b"Content-Type: " + kind.encode("ascii") + b"\r\n\r\n" + alternative
    return _together("mixed", seed + b"_0", [inner, _FILE + data])


def _together(kind: str, boundary: bytes, parts: Iterable[bytes]) -> tuple[str, bytes]:
    """Parts as one; quoted-printable and base64 never hold ``=_``, so no text looks like a boundary."""
    between = b"--=_" + boundary
    body = b"".join(b"%b\r\n%b\r\n" % (between, part) for part in parts)
    return f'multipart/{kind}; boundary="=_{boundary.decode("ascii")}"', body + between + b"--\r\n"


def _words(kind: str, text: str) -> bytes:
    """A text part, in the encoding that is shorter."""
    lines = _BREAKS.sub("\r\n", text.strip("\r\n")) + "\r\n"
    data = lines.encode("utf-8")
    head = f"Content-Type: text/{kind}; charset=utf-8\r\n".encode("ascii")
    if len(lines) * 6 < len(data) * 5:  # where every sixth byte would become three
        return head + _BASE64 + encodebytes(data).replace(b"\n", b"\r\n")
    return head + _QUOTED + b2a_qp(data)
