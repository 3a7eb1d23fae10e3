"""Followers: who asked to hear of a project, and what they are told.

They never mix with the waiting list: following is no interest in a place, and may be somebody's who is no member.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from rpds import HashTrieMap

from insight_sessions.domain import personal
from insight_sessions.text import KeptMoment

CONFIRMED_WITHIN: Final = timedelta(days=7)
"""How long an address that nobody confirmed is kept."""

ASKED_AGAIN_AFTER: Final = timedelta(days=1)
"""How long nobody is written to who is asked to follow once more."""

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """Somebody who asked to hear of a project, member or not: personal data, under an id of our own.

    Args:
        id: our id of the address, the same in every project of a store; what asks or leaves says no more than this.
        name: what to call them.
        email: where to write to.
        language: a BCP 47 tag, for their messages.
        asked: when they were last asked to confirm, or told that they follow already.
        confirmed: when they confirmed; None while nobody did.
        number: which event of the project's journal that was; 0 while nobody did.
        member: whether the host's directory knew a member by that address then; None when nobody was asked.
    """

    id: Annotated[str, personal.OURS]
    name: Annotated[str, personal.CALLED] = ""
    email: Annotated[str, personal.REACHED] = ""
    language: Annotated[str, personal.LANGUAGE] = "en"
    asked: Annotated[KeptMoment | None, personal.FOLLOWS] = None
    confirmed: Annotated[KeptMoment | None, personal.FOLLOWS] = None
    number: Annotated[int, personal.FOLLOWS] = 0
    member: Annotated[bool | None, personal.FOLLOWS] = None

    @property
    def is_confirmed(self) -> bool:
        """Whether they said themselves that they want to be written to."""
        return self.confirmed is not None

    @property
    def hour(self) -> int | None:
        """In which hour since 1970 they are forgotten if nobody confirms; None for those who did."""
        if self.asked is None or self.is_confirmed:
            return None
        return -((_FIRST - self.asked - CONFIRMED_WITHIN) // _HOUR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """News of a project, as it was sent.

    Args:
        id: ours.
        title: one line.
        text: what it says.
        at: when it was posted, in UTC.
        until: the number of the last event before it; who confirmed later does not get it.
        reached: the id of the last one who was told, in the order of ids, while some are still to be told; else None.
    """

    id: str
    title: str
    text: str
    at: KeptMoment
    until: int
    reached: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Sessions that opened together, of which followers are told.

    Args:
        id: ours.
        sessions: their ids.
        until: as of an update.
        reached: as of an update.
    """

    id: str
    sessions: tuple[str, ...]
    until: int
    reached: str | None = None


News = Update | Opening
"""What followers are told."""

_NOBODY: Final[HashTrieMap[str, Follower]] = HashTrieMap()
_NO_UPDATES: Final[HashTrieMap[str, Update]] = HashTrieMap()
_NO_OPENINGS: Final[HashTrieMap[str, Opening]] = HashTrieMap()
_NO_HOURS: Final[HashTrieMap[int, HashTrieMap[str, None]]] = HashTrieMap()
_NO_IDS: Final[HashTrieMap[str, None]] = HashTrieMap()


@dataclass(frozen=True, slots=True)
class Following:
    """Everybody who follows a project, and what they were told, as a value.

    Args:
        followers: by id.
        updates: by id.
        openings: by id.
        hours: who is still to confirm, by the hour in which they are forgotten.
    """

    followers: HashTrieMap[str, Follower] = _NOBODY
    updates: HashTrieMap[str, Update] = _NO_UPDATES
    openings: HashTrieMap[str, Opening] = _NO_OPENINGS
    hours: HashTrieMap[int, HashTrieMap[str, None]] = _NO_HOURS

    def put(self, thing: Follower | News) -> Following:
        """With this, new or changed."""
        match thing:
            case Update():
                return replace(self, updates=self.updates.insert(thing.id, thing))
            case Opening():
                return replace(self, openings=self.openings.insert(thing.id, thing))
            case _:
                hours = _moved(self.hours, self.followers.get(thing.id), thing)
                return replace(self, followers=self.followers.insert(thing.id, thing), hours=hours)

    def without(self, follower_id: str) -> Following:
        """Without that follower, if there is one."""
        known = self.followers.get(follower_id)
        if known is None:
            return self
        return replace(self, followers=self.followers.remove(known.id), hours=_moved(self.hours, known, None))

    @property
    def forgets_at(self) -> datetime | None:
        """When the next address is forgotten that nobody confirmed; None when there is none."""
        return _FIRST + min(self.hours) * _HOUR if self.hours else None

    def unconfirmed(self, now: datetime) -> list[str]:
        """The ids of those who are to be forgotten by now, in order."""
        return [id for hour in sorted(self.hours) if _FIRST + hour * _HOUR <= now for id in sorted(self.hours[hour])]

    @property
    def confirmed(self) -> list[Follower]:
        """Who may be written to, in the order of ids."""
        return sorted((one for one in self.followers.values() if one.is_confirmed), key=lambda one: one.id)

    @property
    def unfinished(self) -> News | None:
        """News of which some are still to be told."""
        news: tuple[News, ...] = (*self.updates.values(), *self.openings.values())
        return min((one for one in news if one.reached is not None), key=lambda one: (one.until, one.id), default=None)


def _moved(
    hours: HashTrieMap[int, HashTrieMap[str, None]], before: Follower | None, after: Follower | None
) -> HashTrieMap[int, HashTrieMap[str, None]]:
    old = None if before is None else before.hour
    new = None if after is None else after.hour
    if old == new:
        return hours
    if before is not None and old is not None:
        ids = hours[old].remove(before.id)
        hours = hours.insert(old, ids) if ids else hours.remove(old)
    if after is not None and new is not None:
        hours = hours.insert(new, hours.get(new, _NO_IDS).insert(after.id, None))
    return hours
