"""What is kept of a project as a record of its own: every kind of thing, where a state has it, and by what id.

Whoever adds a kind of record adds a line to the table, and nothing else needs a list of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from insight_sessions.domain.allocated import Allocation
from insight_sessions.domain.bounce import Bounce
from insight_sessions.domain.consolidated import Consolidation
from insight_sessions.domain.erasure import Erasure, Farewell
from insight_sessions.domain.following import Follower, Opening, Update
from insight_sessions.domain.joining import Joining
from insight_sessions.domain.learning import Feedback, SharedWriteUp
from insight_sessions.domain.member import Person
from insight_sessions.domain.project import Contact, Described, Project
from insight_sessions.domain.registration import Answers, Consent, Reason, Registration
from insight_sessions.domain.reminding import Reminder
from insight_sessions.domain.session import Session
from insight_sessions.domain.work import SharedWork

RESTORE_GAP: Final = 1000
"""How far invites' sequence numbers jump with each restore: more than a chain grows between backups."""


@dataclass(frozen=True, slots=True)
class Organiser:
    """One of the contacts a project has had; invites keep the one they began with."""

    number: int
    contact: Contact


@dataclass(frozen=True, slots=True)
class Lineage:
    """Which life of its store a project was last written in.

    A store that was restored from a backup has forgotten what it sent since; what would count on
    from there must leave a gap, or two messages with other content would carry one number.

    Args:
        epoch: the store's epoch.
        restores: how often the project was found under another epoch than its last.
    """

    epoch: str
    restores: int = 0

    def beyond(self, sequence: int) -> int:
        """The same revision, or the first one beyond all that may have been sent before a restore."""
        return max(sequence, self.restores * RESTORE_GAP)


Thing = (
    Project
    | Lineage
    | Organiser
    | Described
    | Session
    | Person
    | Bounce
    | Registration
    | Answers
    | Reason
    | Consent
    | Allocation
    | Consolidation
    | Joining
    | SharedWriteUp
    | Feedback
    | Reminder
    | Follower
    | Update
    | Opening
    | SharedWork
    | Erasure
    | Farewell
)
"""Whatever is kept as a record of its own."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record.

    Args:
        name: as records say it.
        type: of the things.
        place: what a state calls all of them; empty when it has only one.
        id: which of a thing's fields is its id among them.
        stays: whether they stay as long as their project does; the others can be gone one day.
    """

    name: str
    type: type[Any]
    place: str = ""
    id: str = "id"
    stays: bool = False


_TABLE: Final = (
    Kind("project", Project, stays=True),
    Kind("lineage", Lineage, stays=True),
    Kind("organiser", Organiser, "organisers", "number"),
    Kind("description", Described, "descriptions", "number"),
    Kind("session", Session, "sessions", stays=True),
    Kind("joining", Joining, "joining", "session"),
    Kind("reminder", Reminder, "reminders"),
    Kind("person", Person, "people"),
    Kind("bounce", Bounce, "bounces", "person"),
    Kind("registration", Registration, "registrations"),
    Kind("answers", Answers, "answers", "registration"),
    Kind("reason", Reason, "reasons", "registration"),
    Kind("consent", Consent, "consents"),
    Kind("allocation", Allocation, "allocations"),
    Kind("consolidation", Consolidation, "consolidations"),
    Kind("write_up", SharedWriteUp, "write_ups", "key"),
    Kind("feedback", Feedback, "feedback"),
    Kind("follower", Follower, "followers"),
    Kind("update", Update, "updates", stays=True),
    Kind("opening", Opening, "openings", stays=True),
    Kind("work", SharedWork, "works"),
    Kind("erasure", Erasure, "erasures"),
    Kind("farewell", Farewell, "farewells", "registration"),
)

KINDS: Final = {kind.name: kind for kind in _TABLE}
"""Every kind of record, by its name."""

KIND_OF: Final = {kind.type: kind for kind in _TABLE}
"""As what kind of record a thing is kept, by its class."""


_THEMSELVES: Final = (Person, Follower)


def subject_of(thing: Thing) -> str | None:
    """Our id of the person whom a thing is about, and with whom it is erased; None when it is about nobody.

    Whatever has a ``person`` is about that person.
    """
    found: str | None = thing.id if isinstance(thing, _THEMSELVES) else getattr(thing, "person", None)
    return found


def can_go(kind: str) -> bool:
    """Whether a state can do without a thing of that kind."""
    return kind in KINDS and not KINDS[kind].stays
