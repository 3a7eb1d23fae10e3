"""Reminders: how long before a session those with a place in it hear of it once more, each once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from insight_sessions.domain.session import Session

_MOST_HOURS: Final = 90 * 24
_MOST_REMINDERS: Final = 10


def _once_each(hours: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(set(hours), reverse=True))


ReminderHours = Annotated[
    tuple[Annotated[int, Field(strict=True, ge=1, le=_MOST_HOURS)], ...],
    Field(max_length=_MOST_REMINDERS),
    AfterValidator(_once_each),
]
"""How many hours before a session people are reminded, the longest first; a second mention says nothing new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """What became of one reminder of a session.

    Args:
        session: of which session.
        hours: how many hours before it.
        over: whether its moment has passed, so that nobody else gets it.
        told: the ids of the registrations of those who got it; nobody gets it twice, whenever the session is.
        left: the same of those who are still to get it, in order.
        warned: whether the organiser was told instead that too few people have a place.
    """

    session: str
    hours: int
    over: bool = False
    told: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    warned: bool = False

    @property
    def id(self) -> str:
        """Its id in the project."""
        return reminder_id(self.session, self.hours)

    def moment(self, session: Session) -> datetime:
        """When it is due."""
        return session.begins - timedelta(hours=self.hours)


def reminder_id(session_id: str, hours: int) -> str:
    """The id of a reminder in its project."""
    return f"{session_id}.{hours}"
