"""Clock, ids and randomness: the only file that may ask the machine for them.

Give a `Runtime` with your own functions and everything the library does repeats exactly.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from time import sleep
from typing import Final


def _machine_time() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a rule decides, and where its new ids come from.

    Args:
        now: an aware UTC date-time.
        mint: gives a new id that begins with the prefix it is given.
    """

    now: datetime
    mint: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Runtime:
    """Where time, ids and randomness come from.

    Args:
        now: gives the present as an aware date-time, in any zone.
        random_bytes: gives so many unguessable bytes.
        sleep: waits so many seconds before a retry.
    """

    now: Callable[[], datetime] = _machine_time
    random_bytes: Callable[[int], bytes] = secrets.token_bytes
    sleep: Callable[[float], None] = sleep

    def utc_now(self) -> datetime:
        """The present in UTC.

        Raises:
            ValueError: the clock gave a date-time without a zone.
        """
        now = self.now()
        if now.tzinfo is None:
            raise ValueError("the clock must give a date-time with a zone")
        return now.astimezone(UTC)

    def mint(self, prefix: str) -> str:
        """A new id: the prefix, the second it was made in, and 64 unguessable bits.

        What is made together then lies together in the indexes of a store, and adding to a large one touches hardly
        more pages than adding to a small one. Nothing may depend on the second: clocks jump, and it wraps in 2106.
        """
        return self._mint_in(_second(self.utc_now()), prefix)

    def _mint_in(self, second: str, prefix: str) -> str:
        return prefix + second + self.random_bytes(8).hex()

    def moment(self) -> Moment:
        """The present and a source of ids, for a rule."""
        now = self.utc_now()
        second = _second(now)
        return Moment(now, _Mint(second) if self.random_bytes is _MACHINE else partial(self._mint_in, second))

    def jitter(self) -> float:
        """A number from 0 up to 1, to spread retries."""
        return int.from_bytes(self.random_bytes(4)) / 2**32


_MACHINE: Final = secrets.token_bytes
_AT_ONCE: Final = 64


class _Mint:
    """New ids of one second, by the machine's bytes, of which it is asked for those of many ids at once.

    Each asking lets other threads go first, however short it is, and while a project is held they wait for it to end.

    Args:
        second: as ids say it.
    """

    __slots__ = ("_drawn", "_second")

    def __init__(self, second: str) -> None:
        self._second = second
        self._drawn = ""

    def __call__(self, prefix: str) -> str:
        drawn = self._drawn or _MACHINE(8 * _AT_ONCE).hex()
        self._drawn = drawn[16:]
        return prefix + self._second + drawn[:16]


def _second(now: datetime) -> str:
    """The second of a moment as ids say it: eight digits, whatever the clock says."""
    return f"{int(now.timestamp()) & 0xFFFF_FFFF:08x}"
