"""Another release of the zones' rules, as if another tzdata were installed: for trying out what its arrival does."""

from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final
from unittest.mock import patch

import tzdata

from insight_sessions.calendar import zones as calendar_zones
from insight_sessions.domain import zone
from insight_sessions.domain.zone import packaged, tzdata_version

_OURS: Final = tzdata_version()
_ELSEWHERE: Final = {
    "Africa/Casablanca": "Africa/Abidjan",
    "America/St_Johns": "America/Halifax",
    "Europe/London": "Africa/Lagos",
}


@contextmanager
def zone_release(version: str, zones: Mapping[str, bytes] | None = None) -> Generator[None, None, None]:
    """Use another release in this process; what stands outside of the block goes on with the one before.

    Args:
        version: what it is called, such as ``2099a``.
        zones: the compiled files of the zones that it has otherwise than the package.
    """

    def read(name: str) -> bytes:
        return given[name] if name in given else packaged(name)

    given = zones or {}
    with patch.object(tzdata, "IANA_VERSION", version), patch.object(zone, "packaged", read):
        _forget()
        try:
            yield
        finally:
            _forget()


def _forget() -> None:
    """What was worked out of the rules is worked out anew."""
    for module in (zone, calendar_zones):
        for value in vars(module).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


class Machines:
    """Which release of the zones' rules each process of a history has: ours, or one that came later.

    Args:
        count: how many processes there are.
    """

    def __init__(self, count: int) -> None:
        self._updated = [False] * count
        self._in_force = False

    def update(self, number: int) -> None:
        """The later release comes to a process, which must begin again."""
        self._updated[number] = True

    @property
    def any_updated(self) -> bool:
        """Whether it has come to one of them."""
        return any(self._updated)

    def rules_of(self, number: int) -> AbstractContextManager[None]:
        """Let this process be the one that acts."""
        return nullcontext() if self._updated[number] is self._in_force else self._changed(self._updated[number])

    @contextmanager
    def _changed(self, updated: bool) -> Generator[None, None, None]:  # noqa: FBT001 - private
        before, self._in_force = self._in_force, updated
        zones = {name: packaged(other) for name, other in _ELSEWHERE.items()} if updated else {}
        try:
            with zone_release("9999a" if updated else _OURS, zones):
                yield
        finally:
            self._in_force = before
