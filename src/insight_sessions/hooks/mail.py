"""One notice as a whole mail (RFC 5322, MIME), the invite included.

The same notice gives the same bytes on every machine, so that a copy that is sent again can be recognised.
"""

from base64 import encodebytes
from dataclasses import dataclass
from hashlib import sha256
from quopri import encodestring

from insight_sessions.domain.notices import Notice
from insight_sessions.hooks.headers import headers, only_these_headers


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
    whole = _Part({**headers(notice), "MIME-Version": "1.0", **body.headers}, body.content)
    return only_these_headers(str(whole).encode("ascii"), whole.headers)


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
