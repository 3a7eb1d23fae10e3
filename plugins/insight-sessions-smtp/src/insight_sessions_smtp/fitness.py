"""The last look at a mail before it leaves, whoever made it: its lines, its headers, and to whom it goes."""

import re
from binascii import Error, a2b_base64, a2b_qp
from typing import Final

from insight_sessions import Notice

_NAME: Final = re.compile(rb"([!-9;-~]+):")
_TO: Final = re.compile(rb"(?:\A|\r\n)To:((?:[^\r]|\r\n[ \t])*)\r\n", re.IGNORECASE)
_QUOTED: Final = re.compile(rb'"(?:[^"\\]|\\.)*"')
_SPECIAL: Final = re.compile(rb"[,;:@<>()\[\]\"\\]")
_LONGEST: Final = 998
_ENCODED: Final = re.compile(rb"=\?[^?\s]+\?([bBqQ])\?([^?\s]*)\?=")
_ONCE: Final = frozenset({b"from", b"to", b"subject", b"date", b"message-id", b"auto-submitted", b"content-type"})
_MAY: Final = _ONCE | {
    *(b"reply-to", b"mime-version", b"content-transfer-encoding", b"content-language"),
    *(b"list-unsubscribe", b"list-unsubscribe-post"),
}


def refuse_unfit(mail: bytes, notice: Notice) -> None:
    """Refuse a mail that is not what the mail of a notice may be.

    Args:
        mail: the whole of it.
        notice: what it was made of.

    Raises:
        ValueError: what is wrong; not what it says.
    """
    head = mail.partition(b"\r\n\r\n")[0] + b"\r\n"
    if not mail.isascii() or not _is_in_lines(mail):
        raise ValueError("the mail is not ASCII in lines of 998 characters that end in CRLF")
    lines = [line for line in head.split(b"\r\n")[:-1] if not line.startswith((b" ", b"\t"))]
    names = [found[1].lower() for line in lines if (found := _NAME.match(line)) is not None]
    if len(names) < len(lines) or len(set(names)) < len(names) or not set(names) >= _ONCE or not set(names) <= _MAY:
        raise ValueError("the mail has a header that is not ours, or lacks one")
    if any(b"\r" in said or b"\n" in said for said in _decoded(head)):
        raise ValueError("the mail has a header in which another one is hidden")
    if not _goes_to(head, notice.recipient.email):
        raise ValueError("the mail goes to somebody else than the notice")


def _is_in_lines(mail: bytes) -> bool:
    """Whether no carriage return and no line feed stands alone, and no line is too long (RFC 5321 §2.3.8, §4.5.3.1)."""
    lines = mail.split(b"\r\n")
    ends = len(lines) - 1
    return mail.count(b"\n") == mail.count(b"\r") == ends and max(map(len, lines)) <= _LONGEST and b"\0" not in mail


def _decoded(head: bytes) -> list[bytes]:
    """What the encoded words in headers say (RFC 2047); what cannot be decoded says a line break."""
    return [_said(way.lower(), word) for way, word in _ENCODED.findall(head)]


def _said(way: bytes, word: bytes) -> bytes:
    try:
        return a2b_base64(word) if way == b"b" else a2b_qp(word, header=True)
    except Error:
        return b"\n"


def _goes_to(head: bytes, email: str) -> bool:
    """Whether there is one recipient, and it is this one: nothing but words stand before the address."""
    to = _TO.search(head)
    address = f"<{email}>".encode("ascii", "replace")
    said = b"" if to is None else to[1].strip()
    return said.endswith(address) and not _SPECIAL.search(_QUOTED.sub(b"", said.removesuffix(address)))
