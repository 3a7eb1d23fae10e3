"""Content lines: how a property becomes bytes that every calendar reads (RFC 5545 §3.1)."""

import re
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

PRODID: Final = "-//insight-sessions//insight-sessions//EN"
"""Who wrote the file (RFC 5545 §3.7.3); without a version, so that equal facts give equal bytes."""

# Seventy-five octets are allowed; one fewer in the first line makes every piece the same length.
_LIMIT: Final = 74
_CONTINUES: Final = 0b1000_0000
_TOP_BITS: Final = 0b1100_0000
_ESCAPES: Final = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
# Blanks and apostrophes need no quotes by the standard; some readers want them all the same.
_QUOTED: Final = re.compile("[,;: '\N{RIGHT SINGLE QUOTATION MARK}]")
_BARE_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!$'*+_~-]+@[A-Za-z0-9.-]+")
_MAILTO_SAFE: Final = "!$'*+-._~"


def fold(line: str) -> bytes:
    r"""One line as it goes into the file: at most 75 octets, never broken inside a character (RFC 5545 §3.1).

    A break never follows a backslash or a caret either, because some readers unescape before they unfold.

    Args:
        line: name, parameters and value, without a line end.
    """
    raw = line.encode()
    if len(raw) <= _LIMIT:
        return raw + b"\r\n"
    pieces: list[bytes] = []
    start = 0
    while len(raw) - start > _LIMIT:
        end = start + _LIMIT
        while raw[end] & _TOP_BITS == _CONTINUES:
            end -= 1
        if raw[end - 1] in b"\\^":
            end -= 1
        pieces.append(raw[start:end])
        start = end
    pieces.append(raw[start:])
    return b"\r\n ".join(pieces) + b"\r\n"


def escape(text: str) -> str:
    """A text with its special characters escaped, in one pass (RFC 5545 §3.3.11)."""
    return text.translate(_ESCAPES)


def parameter(value: str) -> str:
    """A parameter's value, quoted where it must be (RFC 5545 §3.2).

    A double quote cannot be written there; it becomes a single one, because few readers know how RFC 6868 writes it.
    A caret is doubled as that RFC says (§3.2): a reader that knows it would take a bare ``^n`` for a line break.
    """
    value = value.replace('"', "'").replace("^", "^^")
    return f'"{value}"' if _QUOTED.search(value) else value


def mailto(email: str) -> str:
    """An address as a URI (RFC 6068 §2): ``ann?bcc=x@example.org`` is a legal address and must not become a header."""
    if _BARE_ADDRESS.fullmatch(email):
        return f"mailto:{email}"
    local, _, domain = email.rpartition("@")
    return f"mailto:{quote(local, safe=_MAILTO_SAFE)}@{domain}"


def utc(moment: datetime) -> str:
    """A moment in UTC (RFC 5545 §3.3.5, form 2).

    Raises:
        ValueError: it has no zone.
    """
    if moment.tzinfo is not UTC:
        if moment.tzinfo is None:
            raise ValueError("a calendar's moments need a zone")
        moment = moment.astimezone(UTC)
    return f"{local(moment)}Z"


def local(moment: datetime) -> str:
    """A date and a time as the clock on the wall shows them (RFC 5545 §3.3.5, form 1)."""
    return f"{moment.year:04}{moment.month:02}{moment.day:02}T{moment.hour:02}{moment.minute:02}{moment.second:02}"
