"""Mails that say that one of ours was not delivered (RFC 3464): whose it was, and what the other server answered.

Anybody can send one, so nothing in it is believed beyond what it says, and none makes this raise. It takes time in
proportion to its size, which is bounded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from insight_sessions.calendar.mail import Entity, address, entities, header, headers_of
from insight_sessions.calendar.reading import TooMuch
from insight_sessions.calendar.reply import LARGEST

_REPORTS: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_MESSAGES: Final = frozenset({"message/rfc822", "message/global"})
_HEADERS: Final = frozenset({"text/rfc822-headers", "message/global-headers"})
_BETWEEN: Final = re.compile(rb"\r?\n[ \t]*\r?\n")
_STATUS: Final = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.])")
_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,900}>")
_RECIPIENTS: Final = 20
_IDS: Final = 5


@dataclass(frozen=True, slots=True)
class Bounce:
    """An address that did not take a mail; personal data, and not proved by anything.

    Args:
        message_id: of the mail.
        email: the address; empty when it is none that we could have written to.
        code: what was answered, such as ``5.1.1``.
    """

    message_id: str
    email: str
    code: str


def read_bounces(raw: bytes) -> list[Bounce]:
    """What a mail says of others that were not delivered; nothing when it says none such.

    A mail that is only late, or was passed on, is none. One that cites several mails names each of them, for all it
    says: whoever knows their own mails knows which it was.

    Args:
        raw: the mail as it came.
    """
    if len(raw) > LARGEST:
        return []
    failed: dict[tuple[str, str], None] = {}
    cited: dict[str, None] = {}
    try:
        for entity in entities(raw):
            if entity.kind in _REPORTS:
                failed.update(dict.fromkeys(_failed(entity)))
            else:
                cited.update(dict.fromkeys(_cited(entity)))
    except TooMuch:
        return []
    return [
        Bounce(message_id, email, code)
        for message_id in islice(cited, _IDS)
        for email, code in islice(failed, _RECIPIENTS)
    ]


def _failed(entity: Entity) -> Iterator[tuple[str, str]]:
    """The addresses that a report says took nothing, with what was answered (RFC 3464 §2.3)."""
    groups = _BETWEEN.split(entity.plain(), maxsplit=_RECIPIENTS + 1)
    for group in groups[: _RECIPIENTS + 1]:
        fields = headers_of(group)
        if header(fields, "Action").partition("(")[0].strip().lower() != "failed":
            continue
        # The first is where we sent it, the last where it was passed on to from there.
        named = (header(fields, name) for name in ("Original-Recipient", "Final-Recipient"))
        found = (address(_value(text)) for text in named)
        status = _STATUS.search(header(fields, "Status")) or _STATUS.search(header(fields, "Diagnostic-Code"))
        yield next((one for one in found if one is not None), ""), status[1] if status else "refused"


def _value(field: str) -> str:
    """What stands behind the type of a field: ``rfc822; ada@example.org``."""
    return field.partition(";")[2].strip().removeprefix("<").removesuffix(">")


def _cited(entity: Entity) -> Iterator[str]:
    """The Message-ID of a mail that is brought along, whole or its headers alone."""
    if entity.kind in _MESSAGES or entity.kind in _HEADERS:
        found = _MESSAGE_ID.fullmatch(header(headers_of(entity.plain()), "Message-ID"))
        if found is not None:
            yield found[0]
