"""Signatures by the Standard Webhooks specification, 1.0: making them, and checking those that come.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from insight_sessions_webhook.errors import NotAuthentic

PREFIX: Final = "whsec_"
"""How a secret begins when it is written down."""

SHORTEST: Final = 24
LONGEST: Final = 64
"""Between so many bytes a key has, as the specification says."""

TOLERANCE: Final = timedelta(minutes=5)
"""How far the clocks of two machines may be apart, and how old a message may be."""

_MOST_SIGNATURES: Final = 20
_SECONDS: Final = re.compile(r"[0-9]{1,12}", re.ASCII)


def keys_of(secret: str) -> tuple[bytes, ...]:
    """The keys behind a secret as it is written down; several, with spaces between, while you change it.

    Raises:
        ValueError: it is none, without saying what it is.
    """
    keys = tuple(_key(one) for one in secret.split())
    if not keys:
        raise ValueError(f"a secret is {PREFIX} and base64; there is none")
    return keys


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"a secret is {PREFIX} and the base64 of {SHORTEST} to {LONGEST} bytes")
    return key


def new_secret(random: bytes) -> str:
    """A secret as it is written down.

    Args:
        random: 24 to 64 unguessable bytes, such as those of ``secrets.token_bytes(32)``.

    Raises:
        ValueError: these are fewer or more.
    """
    secret = PREFIX + base64.b64encode(random).decode()
    keys_of(secret)
    return secret


def signed(keys: Iterable[bytes], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a message.

    Args:
        keys: one, or several while receivers change from one to the next; each signs.
        message_id: the same whenever the message is sent again.
        at: when it is sent, this time.
        body: the bytes that are sent.
    """
    seconds = str(int(at.timestamp()))
    signatures = (_signature(key, message_id, seconds, body) for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in signatures),
    }


def verify(
    headers: Mapping[str, str], body: bytes, secret: str, now: datetime, tolerance: timedelta = TOLERANCE
) -> str:
    """Check who sent a message, that nobody changed it, and that it is fresh.

    Keep the ids of what you took, for longer than the tolerance: a copy has the same id.

    Args:
        headers: those of the request, in any case.
        body: the bytes of the request, as they came and before anything read them.
        secret: what the sender signs with; several, with spaces between, while you change it.
        now: the present, with a zone.
        tolerance: how far its time may be from the present.

    Returns:
        The message's id.

    Raises:
        NotAuthentic: it is not to be believed, for a reason: ``headers``, ``time`` or ``signature``.
        ValueError: the secret is none.
    """
    keys = keys_of(secret)
    message_id, seconds, signatures = _claims(headers)
    # Compared as numbers of seconds: no time that somebody may claim is out of the reach of this.
    if abs(now.timestamp() - int(seconds)) > tolerance.total_seconds():
        raise NotAuthentic("time")
    expected = [_signature(key, message_id, seconds, body) for key in keys]
    given = [_decoded(one) for one in signatures.split(" ")[:_MOST_SIGNATURES]]
    # Every pair is compared, so that how long it takes tells nothing.
    if not sum(hmac.compare_digest(one, other) for one in given for other in expected):
        raise NotAuthentic("signature")
    return message_id


def _claims(headers: Mapping[str, str]) -> tuple[str, str, str]:
    """What a message says of itself."""
    found = {name.lower(): value for name, value in headers.items()}
    message_id, seconds, signatures = (found.get(f"webhook-{one}", "") for one in ("id", "timestamp", "signature"))
    if not message_id or not signatures or not _SECONDS.fullmatch(seconds):
        raise NotAuthentic("headers")
    return message_id, seconds, signatures


def _signature(key: bytes, message_id: str, seconds: str, body: bytes) -> bytes:
    # Headers come as Latin-1 or with surrogates; what was no ASCII has no signature of ours, and must not raise.
    head = f"{message_id}.{seconds}.".encode("utf-8", "surrogatepass")
    return hmac.new(key, head + body, sha256).digest()


def _decoded(signature: str) -> bytes:
    version, _, text = signature.partition(",")
    try:
        return base64.b64decode(text, validate=True) if version == "v1" else b""
    except (binascii.Error, ValueError):
        return b""
