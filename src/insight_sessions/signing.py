"""Signing what a link is for, so that nobody can make one up, alter it, or use it for something else.

A token is what it says, in plain letters, and a signature over that: HMAC with SHA-256, by a key of its own for each
action (itsdangerous). The signature has one spelling only. The last letter names the action: so no mail program takes
the end of an address for punctuation.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from insight_sessions.domain.links import Aim, LinkAction
from insight_sessions.errors import LinkNotGood
from insight_sessions.text import web_address

_LETTERS: Final[Mapping[LinkAction, str]] = MappingProxyType(
    {
        LinkAction.ACCEPT: "a",
        LinkAction.REFUSE: "r",
        LinkAction.SWITCH: "s",
        LinkAction.WITHDRAW: "w",
        LinkAction.ANSWERS: "q",
        LinkAction.FOLLOW: "f",
        LinkAction.UNFOLLOW: "u",
        LinkAction.FEEDBACK: "t",
        LinkAction.FEED: "c",
    }
)
_ACTIONS: Final = {letter: action for action, letter in _LETTERS.items()}

# Project, subject, about, expiry, mark, signature, action. Of 43 letters for 32 bytes, the last has two bits to spare.
_TOKEN: Final = re.compile(
    r"([\w-]{1,64})\.([\w-]{1,100})\.([\w-]{1,64})\.([0-9a-f]{1,12})\.([\w-]{1,40})"
    rf"\.[\w-]{{42}}[AEIMQUYcgkosw048]([{''.join(_ACTIONS)}])",
    re.ASCII,
)
_NOTHING: Final = "-"
"""What stands where there is nothing to say: no id of ours, and none of a session or a write-up, is like it."""

_THIS_MACHINE: Final = re.compile(r"http(?=://(?:localhost|127\.0\.0\.1|\[::1\])(?:[:/]|\Z))")


@dataclass(frozen=True, slots=True)
class Links:
    """Where links lead, and what they are signed with.

    Args:
        address: what a token is put behind, such as ``https://example.org/answer``; it begins with ``https://``, or
            names the machine itself.
        keys: at least 16 bytes each: the first signs, and what any of them signed is good; drop one, and its links are
            worthless. Without any, a key is made of the store's secret.

    Raises:
        ValueError: the address is none, or a key is too short.
    """

    address: str
    keys: Sequence[str | bytes] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.keys, str | bytes):  # which are sequences too
            raise TypeError("keys are several: put a comma behind the only one")
        object.__setattr__(self, "keys", tuple(self.keys))
        web_address(_THIS_MACHINE.sub("https", self.address))

    @property
    def before(self) -> str:
        """All of a link that comes before its token."""
        return self.address if self.address.endswith(("/", "=")) else f"{self.address}/"


class Signing:
    """Makes tokens, and knows its own.

    Args:
        links: the host's settings.
        key_of: makes a key that is good in one store alone, of one of the host's or of none.

    Raises:
        ImportError: what signs is not installed.
        ValueError: a key is too short.
    """

    def __init__(self, links: Links, key_of: Callable[[str | bytes], bytes]) -> None:
        try:
            from itsdangerous.signer import Signer  # noqa: PLC0415 - who makes no links needs none of it
        except ImportError as error:
            message = "links need a package more: install insight-sessions[links], which brings itsdangerous"
            raise ImportError(message, name="itsdangerous") from error

        self._before = links.before
        keys = [key_of(key) for key in links.keys or (b"",)]
        keys.reverse()  # the last one signs
        self._signers: dict[LinkAction, Signer] = {
            action: Signer(keys, salt=f"insight_sessions {action}", key_derivation="hmac", digest_method=sha256)
            for action in LinkAction
        }

    def link(self, aim: Aim) -> str:
        """The whole address."""
        return self._before + self.token(aim)

    def token(self, aim: Aim) -> str:
        """What stands at the end of it: the same for the same aim."""
        expires = f"{int(aim.expires.timestamp()):x}"
        said = ".".join((aim.project_id, aim.subject, aim.about or _NOTHING, expires, aim.mark or _NOTHING))
        return self._signers[aim.action].sign(said).decode("ascii") + _LETTERS[aim.action]

    def read(self, token: object) -> Aim:
        """What a token is for, whether or not it is still good.

        Raises:
            LinkNotGood: it is none of ours.
        """
        from itsdangerous.exc import BadSignature  # noqa: PLC0415 - it is there by now

        found = _TOKEN.fullmatch(token) if isinstance(token, str) else None
        if found is None:
            raise LinkNotGood("link_unknown")
        project_id, subject, about, expires, mark, letter = found.groups()
        action = _ACTIONS[letter]
        try:
            self._signers[action].unsign(found[0][:-1])
        except BadSignature:
            raise LinkNotGood("link_unknown") from None
        about, mark = ("" if one == _NOTHING else one for one in (about, mark))
        return Aim(action, project_id, subject, about, datetime.fromtimestamp(int(expires, 16), UTC), mark)
