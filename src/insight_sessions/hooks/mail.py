"""One notice as a whole mail (RFC 5322, MIME), the invite included.

The same notice gives the same bytes on every machine, so that a copy that is sent again can be recognised.
Header values are encoded here and not by the standard library's own headers: on our oldest Python those turn
an encoded word into a header of its own (CVE-2024-6923), and a comma in a long name into a second recipient.
"""

import re
from base64 import encodebytes
from dataclasses import dataclass
from email.header import Header
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import format_datetime
from hashlib import sha256
from quopri import encodestring
from typing import Final

from insight_sessions.domain.notices import Notice

_LINE: Final = 76
_PLAIN: Final = re.compile(r"[!-~]+(?: [!-~]+)*")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")
_MESSAGE_ID: Final = re.compile(r"<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+>")
_LANGUAGE: Final = re.compile(r"[A-Za-z0-9-]+")


def mail(notice: Notice) -> bytes:
    """The whole mail for a notice, ready to send or to keep as an ``.eml`` file.

    It goes to that person only, from the project's organiser. With an invite it is laid out as calendars
    expect it (RFC 6047): the text, the calendar message as its last alternative, and the same bytes once more
    as the file ``invite.ics``.

    Args:
        notice: what to say, and to whom.

    Returns:
        ASCII bytes with CRLF line ends.

    Raises:
        ValueError: something in it cannot stand in a header; the message does not say what.
    """
    body = _body(notice)
    whole = _Part({**_headers(notice), "MIME-Version": "1.0", **body.headers}, body.content)
    produced = str(whole).encode("ascii")
    # What we wrote is one thing, what a mail program reads another: ask a parser (CVE-2024-6923).
    if BytesHeaderParser(policy=compat32).parsebytes(produced).keys() != [*whole.headers]:
        raise ValueError("the mail would get a header that is not ours")
    return produced


def _headers(notice: Notice) -> dict[str, str]:
    organiser = notice.project.organiser
    return {
        "From": _mailbox("From", organiser.name, organiser.email),
        "Reply-To": _mailbox("Reply-To", organiser.name, organiser.email),
        "To": _mailbox("To", notice.recipient.name, notice.recipient.email),
        "Subject": _folded("Subject", notice.subject, "us-ascii" if _is_plain(notice.subject) else "utf-8"),
        "Date": format_datetime(notice.date),
        "Message-ID": _checked("Message-ID", notice.message_id, _MESSAGE_ID),
        "Content-Language": _checked("Content-Language", notice.language, _LANGUAGE),
        "Auto-Submitted": "auto-generated",
    }


def _checked(header: str, value: str, allowed: re.Pattern[str]) -> str:
    if not allowed.fullmatch(value) or "=?" in value:
        raise ValueError(f"what is meant for {header} cannot stand there")
    return value


def _is_plain(value: str) -> bool:
    return _PLAIN.fullmatch(value) is not None and "=?" not in value


def _folded(header: str, value: str, charset: str) -> str:
    """Text for people, encoded where it must be (RFC 2047), on short lines."""
    if _CONTROL.search(value):
        raise ValueError(f"what is meant for {header} holds a line break or another control character")
    return Header(value, charset, maxlinelen=_LINE, header_name=header).encode(linesep="\r\n")


def _mailbox(header: str, name: str, email: str) -> str:
    """A name and an address; the name is quoted or encoded, so that nothing in it is read as an address."""
    address = f"<{_checked(header, email, _ADDRESS)}>"
    if _is_plain(name) and len(name) <= _LINE // 2:
        phrase = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    else:
        phrase = _folded(header, name, "utf-8")
    fits = len(f"{header}: {phrase} {address}") <= _LINE
    return f"{phrase} {address}" if fits else f"{phrase}\r\n {address}"


@dataclass(frozen=True, slots=True)
class _Part:
    """A mail, or a part of one."""

    headers: dict[str, str]
    content: str

    def __str__(self) -> str:
        return "".join(f"{name}: {value}\r\n" for name, value in self.headers.items()) + f"\r\n{self.content}"


def _body(notice: Notice) -> _Part:
    lines = notice.text.replace("\r\n", "\n").replace("\r", "\n") + "\n"
    text = _Part(
        {"Content-Type": "text/plain; charset=utf-8", "Content-Transfer-Encoding": "quoted-printable"},
        _crlf(encodestring(lines.encode("utf-8"))),
    )
    if notice.invite is None:
        return text
    # Base64, so that the calendar's own line ends and folds arrive as they are.
    data = _crlf(encodebytes(notice.invite.data))
    kind = f"text/calendar; method={notice.invite.method}; charset=utf-8"
    calendar = _Part({"Content-Type": kind, "Content-Transfer-Encoding": "base64"}, data)
    file = _Part(
        {
            "Content-Type": 'application/ics; name="invite.ics"',
            "Content-Disposition": 'attachment; filename="invite.ics"',
            "Content-Transfer-Encoding": "base64",
        },
        data,
    )
    seed = sha256(notice.id.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return _together("mixed", f"=_{seed}_0", _together("alternative", f"=_{seed}_1", text, calendar), file)


def _together(kind: str, boundary: str, *parts: _Part) -> _Part:
    """Parts as one; quoted-printable and base64 never hold ``=_``, so no text looks like a boundary."""
    between = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return _Part({"Content-Type": f'multipart/{kind}; boundary="{boundary}"'}, f"{between}--{boundary}--\r\n")


def _crlf(encoded: bytes) -> str:
    return encoded.decode("ascii").replace("\n", "\r\n")
