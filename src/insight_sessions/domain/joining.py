"""How people join a session: what only those with a place in it get to see, and only once it is released."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from insight_sessions.domain.session import Session
from insight_sessions.text import KeptMoment


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """The joining details of a session.

    Kept apart from the session, which anyone may see.

    Args:
        session: whose.
        link: the address of the meeting.
        text: what else people need to know, such as a number to dial.
        hours_before: how long before the session they are released; None for at once.
        released: when they were, or None before that.
        reached: the arrival number of the last person who was told, while some are still to be told; else None.
    """

    session: str
    link: str | None = None
    text: str = ""
    hours_before: int | None = None
    released: KeptMoment | None = None
    reached: int | None = None

    @property
    def words(self) -> str:
        """All of it, for people to read."""
        return "\n".join(part for part in (self.link, self.text) if part)

    def due(self, session: Session) -> datetime | None:
        """When somebody is to be told of them next; None when nobody is."""
        if self.released is None:
            return session.begins - timedelta(hours=self.hours_before or 0)
        return None if self.reached is None else self.released
