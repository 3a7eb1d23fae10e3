"""What goes into one personal calendar message."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from insight_sessions.domain.notices import Method
from insight_sessions.domain.project import Contact
from insight_sessions.domain.session import Slot

Shared: TypeAlias = tuple[Method, Slot, str, str, Contact, bool, str | None, str | None]
"""What is the same for everyone in a session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One person's calendar entry, as one message says it (RFC 5546 §3.2.2 and §3.2.5).

    Everything in it came through `insight_sessions.text`.

    Args:
        uid: the entry's, for life.
        sequence: the entry's revision.
        method: what the message asks for.
        stamped: the moment of this message.
        created: when the entry was first made.
        modified: when it was last changed.
        slot: the session.
        summary: its title, one line.
        description: what it is about, several lines; may be empty.
        organiser: who signs every message of this entry.
        name: the person's.
        email: the person's.
        partstat: what their calendar answered so far (RFC 5545 §3.2.12), or None.
        tentative: the place is offered and not accepted yet.
        url: a public page about it.
        conference: the joining link, once it is released; only confirmed people get to see it.
    """

    uid: str
    sequence: int
    method: Method
    stamped: datetime
    created: datetime
    modified: datetime
    slot: Slot
    summary: str
    description: str
    organiser: Contact
    name: str
    email: str
    partstat: str | None = None
    tentative: bool = False
    url: str | None = None
    conference: str | None = None

    @property
    def shared(self) -> Shared:
        """What is the same for everyone in the session; equal for entries that one template serves."""
        return (
            self.method,
            self.slot,
            self.summary,
            self.description,
            self.organiser,
            self.tentative,
            self.url,
            self.conference,
        )

    @property
    def is_confirmed(self) -> bool:
        """Whether it says that the person has the place."""
        return self.method is Method.REQUEST and not self.tentative

    @property
    def status(self) -> str:
        """What it says of itself (RFC 5545 §3.8.1.11)."""
        if self.method is Method.CANCEL:
            return "CANCELLED"
        return "TENTATIVE" if self.tentative else "CONFIRMED"
