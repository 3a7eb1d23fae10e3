"""Mails that bring a calendar: its parts in them, and who they say they are from (RFC 2045, 2046, 5322).

Not read by Python's `email`: on nested parts it raises RecursionError, and with its modern policy a
header of 25 kB takes it eight seconds. What is wanted here is little, and bounded.
"""

import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from pydantic import TypeAdapter

from insight_sessions.calendar.reading import TooMuch
from insight_sessions.text import EmailAddress

_PARTS: Final = 50
_DEPTH: Final = 10
_HEADER: Final = 2_000
_HEAD: Final = 200_000
_CALENDARS: Final = frozenset({"text/calendar", "application/ics", "text/x-vcalendar"})
_MESSAGES: Final = frozenset({"message/rfc822", "message/global"})
_ADDRESS: Final = TypeAdapter[str](EmailAddress)
_HEAD_ENDS: Final = re.compile(rb"(?:\A|\n)\r?\n")
_FOLD: Final = re.compile(rb"\r?\n[ \t]")
_PARAMETER: Final = re.compile(r';\s*+([^\s=;"]++)\s*+=\s*+("(?:[^"\\]++|\\.)*+"|[^;"]*+)')
_QUOTED_PAIR: Final = re.compile(r"\\(.)")
_NAMES: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"|\([^()]*+\)')
# No address beside the one in angles: who checked the mail's sender may have taken that one.
_IN_ANGLES: Final = re.compile(r"[^<>@]*+<([^<>]*+)>\s*+")
_BARE_RETURN: Final = re.compile(rb"\r(?=[^\n])")


@dataclass(frozen=True, slots=True)
class Part:
    """A calendar as it came in a mail, the charset that the mail says it has, and whether it lay in a mail within."""

    data: bytes
    charset: str | None = None
    passed_on: bool = False


def address(text: str) -> str | None:
    """An address as we keep it; None for what we could never have written to."""
    try:
        return _ADDRESS.validate_python(text)
    except ValueError:
        return None


def sender(raw: bytes) -> str | None:
    """Who a mail says it is from (RFC 5322 §3.6.2); None for nobody, several, or what others may read otherwise."""
    head, _ = _split(raw)
    headers = list(islice(_headers(head, "From"), 2))
    if len(headers) != 1 or len(head) >= _HEAD or len(headers[0]) >= _HEADER or _BARE_RETURN.search(head):
        return None
    bare = _NAMES.sub("", headers[0])
    in_angles = _IN_ANGLES.fullmatch(bare)
    return address((in_angles[1] if in_angles else bare).strip())


def calendar_parts(raw: bytes) -> list[Part]:
    """The calendars in a mail, in their order, however deep they lie and however they are encoded.

    Args:
        raw: the mail as it came.

    Raises:
        TooMuch: it has more than 50 parts or 10 levels.
    """
    return [
        Part(entity.plain(), entity.parameters.get("charset"), entity.passed_on)
        for entity in entities(raw)
        if entity.is_leaf and (entity.kind in _CALENDARS or _is_named_ics(entity.head, entity.parameters))
    ]


@dataclass(frozen=True, slots=True)
class Entity:
    """A mail, or a part of one (RFC 2045 §2.4).

    Args:
        kind: its media type in small letters; empty when it says none.
        parameters: those of its media type.
        head: its headers, unfolded.
        body: what follows, as it is encoded.
        passed_on: whether it lies in a mail within the mail.
    """

    kind: str
    parameters: Mapping[str, str]
    head: bytes
    body: bytes
    passed_on: bool

    @property
    def is_leaf(self) -> bool:
        """Whether there are no parts in it."""
        return not self.kind.startswith("multipart/") and self.kind not in _MESSAGES

    def plain(self) -> bytes:
        """Its body with the transfer encoding undone."""
        return _plain(self.head, self.body)


def entities(raw: bytes) -> Iterator[Entity]:
    """A mail and all its parts, in their order, those of mails within it too.

    Args:
        raw: the mail as it came.

    Raises:
        TooMuch: it has more than 50 parts or 10 levels.
    """
    waiting = [(raw, 0, False)]
    seen = 0
    while waiting:
        content, depth, passed_on = waiting.pop()
        seen += 1
        if seen > _PARTS or depth > _DEPTH:
            raise TooMuch
        head, body = _split(content)
        kind, parameters = _content_type(head)
        entity = Entity(kind, parameters, head, body, passed_on)
        yield entity
        inner: list[bytes] = []
        if kind.startswith("multipart/"):
            inner = _between(body, parameters.get("boundary", ""))
        elif kind in _MESSAGES:
            inner = [entity.plain()]
        within = passed_on or kind in _MESSAGES
        waiting += [(one, depth + 1, within) for one in reversed(inner)]


def header(head: bytes, name: str) -> str:
    """The first header of a name, up to 2,000 characters; empty when there is none."""
    return next(_headers(head, name), "")


def headers_of(raw: bytes) -> bytes:
    """The headers of a mail, unfolded, as far as any mail's go."""
    return _split(raw)[0]


def _split(entity: bytes) -> tuple[bytes, bytes]:
    """The headers, unfolded, as far as any mail's go, and what follows the first empty line."""
    found = _HEAD_ENDS.search(entity)
    ends, begins = (found.start(), found.end()) if found else (len(entity), len(entity))
    return _FOLD.sub(b" ", entity[: min(ends, _HEAD)]), entity[begins:]


def _headers(head: bytes, name: str) -> Iterator[str]:
    for found in re.finditer(rb"(?im)^" + name.encode() + rb"[ \t]*+:(.*+)$", head):
        yield found[1].strip()[:_HEADER].decode("latin-1")


def _valued(head: bytes, name: str) -> tuple[str, dict[str, str]]:
    """A header's value in small letters, and its parameters (RFC 2045 §5.1)."""
    text = header(head, name)
    parameters: dict[str, str] = {}
    for key, value in _PARAMETER.findall(text):
        plain = _QUOTED_PAIR.sub(r"\1", value[1:-1]) if value.startswith('"') else value.strip()
        parameters.setdefault(key.lower(), plain)
    return text.partition(";")[0].strip().lower(), parameters


def _content_type(head: bytes) -> tuple[str, dict[str, str]]:
    return _valued(head, "Content-Type")


def _is_named_ics(head: bytes, parameters: Mapping[str, str]) -> bool:
    """Whether it is called a calendar: gateways forget the type and keep the name."""
    _, disposition = _valued(head, "Content-Disposition")
    names = (parameters.get("name", ""), disposition.get("filename", ""))
    return any(name.lower().endswith(".ics") for name in names)


def _between(body: bytes, boundary: str) -> list[bytes]:
    """The parts of a multipart (RFC 2046 §5.1.1); the last one may lack its end."""
    if not boundary.strip():
        return []
    line = re.compile(rb"(?m)^--" + re.escape(boundary.rstrip().encode("latin-1")) + rb"(--)?[ \t\r]*+$")
    parts: list[bytes] = []
    begins: int | None = None
    for found in line.finditer(body):
        if begins is not None:
            parts.append(body[begins : found.start()])
        begins = found.end() + 1
        if len(parts) > _PARTS:
            raise TooMuch
        if found[1] is not None:
            return parts
    return parts if begins is None else [*parts, body[begins:]]


def _plain(head: bytes, body: bytes) -> bytes:
    """A body with its transfer encoding undone (RFC 2045 §6); empty when it cannot be."""
    encoding, _ = _valued(head, "Content-Transfer-Encoding")
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    if encoding != "base64":
        return body
    try:
        # More padding than is wanted does no harm, and some write none.
        return binascii.a2b_base64(body + b"==")
    except binascii.Error:
        return b""
