"""What became of handing a mail over: whose fault it was, in codes and words of ours.

What a server says may hold an address, so it is never kept: only its numbers are.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from insight_sessions import InsightSessionsError

_ENHANCED: Final = re.compile(rb"([245])\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9.])")
# Where qmail puts them, which knows no other place.
_AT_THE_END: Final = re.compile(rb"\(#([245])\.([0-9]{1,3})\.([0-9]{1,3})\)\s*\Z")
# A word of its own, and no part of an address.
_RELAY: Final = re.compile(rb"(?<![\w.@+-])relay(?:ing)?(?![\w@+-]|\.\w)", re.IGNORECASE)
_PERMANENT: Final = 500


class Step(StrEnum):
    """Where in a conversation with a mail server something happened, as a sentence says it."""

    CONNECT = "to connect"
    GREETING = "its greeting"
    HELLO = "to say hello"
    ENCRYPT = "to encrypt the connection"
    CERTIFICATE = "to check its certificate"
    LOGIN = "to log in"
    SENDER = "the sender"
    RECIPIENT = "the recipient"
    DATA = "to begin the mail"
    MAIL = "the mail"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said, in numbers.

    Args:
        number: such as 250.
        enhanced: such as ``"5.1.1"``; empty when it has none (RFC 3463).
        names_relaying: it says that the server does not forward, which servers without exact numbers put in words only.
    """

    number: int
    enhanced: str = ""
    names_relaying: bool = False

    @classmethod
    def of(cls, number: int, words: bytes) -> "Answer":
        """The numbers in an answer."""
        found = _ENHANCED.match(words.lstrip()) or _AT_THE_END.search(words)
        enhanced = ""
        if found is not None and int(found[1]) == number // 100:
            enhanced = b".".join(found.groups()).decode("ascii")
        return cls(number, enhanced, names_relaying=not enhanced and _RELAY.search(words) is not None)

    @property
    def code(self) -> str:
        """The more exact of its numbers."""
        return self.enhanced or str(self.number)

    @property
    def is_for_good(self) -> bool:
        """Whether the same would be said tomorrow."""
        return self.number >= _PERMANENT


class SendingFailed(InsightSessionsError):
    """A mail was not handed over, or nobody knows whether it was. It waits, and is tried again.

    Args:
        step: where it ended.
        code: what the server answered; empty when it did not, or not in time.
    """

    def __init__(self, step: Step, code: str = "") -> None:
        super().__init__(step, code)
        self.step = step
        self.code = code

    def __str__(self) -> str:
        if not self.code:
            return f"the mail server went away, or took too long: {self.step}"
        return f"the mail server would not now: {self.step} ({self.code})"


class ServerRefused(SendingFailed):
    """The mail server wants other settings: nothing is sent before they are put right, and nothing is lost."""

    def __str__(self) -> str:
        return f"the mail server refuses: {self.step}" + (f" ({self.code})" if self.code else "")
