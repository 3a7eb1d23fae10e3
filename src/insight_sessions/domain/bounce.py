"""Addresses that take no mail: whose, which of theirs, and what was answered."""

from dataclasses import dataclass
from typing import Annotated

from insight_sessions.domain import personal
from insight_sessions.text import KeptMoment


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """What came of writing to somebody at the address they have.

    There is one for a person at most. It goes when their address is corrected, and with them.

    Args:
        person: our id of them.
        address: the number of the address that took no mail.
        code: what was answered, as a code.
        at: when we first heard of it.
    """

    person: Annotated[str, personal.OURS]
    address: Annotated[int, personal.UNREACHED]
    code: Annotated[str, personal.UNREACHED]
    at: Annotated[KeptMoment, personal.UNREACHED]
