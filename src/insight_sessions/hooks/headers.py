"""The headers of a notice's mail (RFC 5322), written so that nothing in them becomes a header of its own.

Header values are encoded here and not by the standard library's own headers: on our oldest Python those turn
an encoded word into a header of its own (CVE-2024-6923), and a comma in a long name into a second recipient.
"""

import re
from collections.abc import Iterable
from email.header import Header
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import format_datetime
from functools import lru_cache
from typing import Final

from insight_sessions.domain.notices import Notice
from insight_sessions.domain.project import Contact

_LINE: Final = 76
_LONGEST_LINE: Final = 998
_PLAIN: Final = re.compile(r"[!-~]+(?: [!-~]+)*")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")
_MESSAGE_ID: Final = re.compile(r"<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+>")
_LANGUAGE: Final = re.compile(r"[A-Za-z0-9-]+")
_URL: Final = re.compile(r"https://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
_PARSER: Final = BytesHeaderParser(policy=compat32)


def headers(notice: Notice, sender: Contact | None = None) -> dict[str, str]:
    """The headers that say who writes to whom about what, and when.

    Args:
        notice: what to say, and to whom.
        sender: from whom; the project's organiser, who also gets the answers, when not given.

    Returns:
        Values by name, folded, in the order in which they stand.

    Raises:
        ValueError: something cannot stand in a header; the message does not say what.
    """
    organiser = notice.project.organiser
    sender = organiser if sender is None else sender
    return {
        "From": _kept_mailbox("From", sender.name, sender.email),
        "Reply-To": _kept_mailbox("Reply-To", organiser.name, organiser.email),
        "To": mailbox("To", notice.recipient.name, notice.recipient.email),
        "Subject": folded("Subject", notice.subject, "us-ascii" if _is_plain(notice.subject) else "utf-8"),
        "Date": format_datetime(notice.date),
        "Message-ID": _checked("Message-ID", notice.message_id, _MESSAGE_ID),
        "Content-Language": _checked("Content-Language", notice.language, _LANGUAGE),
        "Auto-Submitted": "auto-generated",
    }


def list_headers(url: str) -> dict[str, str]:
    """The headers with which a mail program offers to leave a list by one click (RFC 2369, RFC 8058).

    The address stands on a line of its own and is never folded: whoever folds it breaks it.

    Raises:
        ValueError: it is no web address, or too long for a line.
    """
    if len(url) > _LONGEST_LINE - 3:
        raise ValueError("what is meant for List-Unsubscribe is too long for a line")
    address = f"<{_checked('List-Unsubscribe', url, _URL)}>"
    first = "" if len(f"List-Unsubscribe: {address}") <= _LINE else "\r\n "
    return {"List-Unsubscribe": first + address, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def only_these_headers(mail: bytes, names: Iterable[str]) -> bytes:
    """The mail as it is, once a parser has found these headers in it and no other.

    What we wrote is one thing, what a mail program reads another (CVE-2024-6923).

    Raises:
        ValueError: it found another.
    """
    if _PARSER.parsebytes(mail.partition(b"\r\n\r\n")[0] + b"\r\n\r\n").keys() != [*names]:
        raise ValueError("the mail would get a header that is not ours")
    return mail


def _checked(header: str, value: str, allowed: re.Pattern[str]) -> str:
    if not allowed.fullmatch(value) or "=?" in value:
        raise ValueError(f"what is meant for {header} cannot stand there")
    return value


def _is_plain(value: str) -> bool:
    return _PLAIN.fullmatch(value) is not None and "=?" not in value


def folded(header: str, value: str, charset: str) -> str:
    """Text for people, encoded where it must be (RFC 2047), on short lines."""
    if _CONTROL.search(value):
        raise ValueError(f"what is meant for {header} holds a line break or another control character")
    if charset == "us-ascii" and len(f"{header}: {value}") <= _LINE:
        return value
    return Header(value, charset, maxlinelen=_LINE, header_name=header).encode(linesep="\r\n")


def mailbox(header: str, name: str, email: str) -> str:
    """A name and an address; the name is quoted or encoded, so that nothing in it is read as an address."""
    address = f"<{_checked(header, email, _ADDRESS)}>"
    if _is_plain(name) and len(name) <= _LINE // 2:
        phrase = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    else:
        phrase = folded(header, name, "utf-8")
    fits = len(f"{header}: {phrase} {address}") <= _LINE
    return f"{phrase} {address}" if fits else f"{phrase}\r\n {address}"


@lru_cache(maxsize=1_000)
def _kept_mailbox(header: str, name: str, email: str) -> str:
    """The same for organisers: few, public, and in very many mails."""
    return mailbox(header, name, email)
