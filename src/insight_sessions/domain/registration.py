"""A registration: one member's part in one project."""

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, TypedDict, Unpack, cast

from insight_sessions.domain import personal
from insight_sessions.domain.reply import Replied
from insight_sessions.domain.session import Slot
from insight_sessions.text import KeptLabels, KeptMoment


class Status(StrEnum):
    """What a registration is to its member; derived from what happened, never stored."""

    CONFIRMED = "confirmed"
    OFFERED = "offered"
    WAITING = "waiting"
    INTERESTED = "interested"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Decision(StrEnum):
    """What was decided about a registration, by an organiser, a policy or the member."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Attendance(StrEnum):
    """What became of somebody's place on the day.

    They were there, said in time that they could not be, said so too late, stayed away without a word, or came and
    were not let in.
    """

    ATTENDED = "attended"
    EXCUSED = "excused"
    LATE_CANCEL = "late_cancel"
    ABSENT = "absent"
    TURNED_AWAY = "turned_away"


_HOPEFUL = frozenset({Decision.PENDING, Decision.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Offer:
    """A place held for somebody until a moment."""

    session: str
    until: KeptMoment


class Changes(TypedDict, total=False):
    """What can change about a registration; the rest stays for life."""

    wishes: tuple[str, ...]
    arrived: int
    checked_at: datetime
    decision: Decision
    place: str | None
    left: Slot | None
    address: int
    offer: Offer | None
    displaced: bool
    switching: bool
    barred: bool
    sequence: int
    stamped: datetime | None
    described: int
    partstat: str | None
    replied: Replied | None
    attendance: Attendance | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One member's part in one project; holds no personal data.

    Args:
        id: ours.
        project_id: the project it is part of.
        person: our id of the person.
        wishes: the sessions they can attend, in order of preference.
        arrived: their number in the project's order of arrival.
        registered_at: when, in UTC.
        checked_at: when their eligibility was last checked, in UTC.
        decision: pending, accepted, declined or withdrawn.
        place: the session they have a place in.
        left: when and where the place was that their last invite was cancelled for, until they get one again.
        offer: a place held for them.
        displaced: they lost a place they had, and come before everyone who never had one.
        switching: they asked for another session and keep their place until they have it.
        barred: the last check found them not eligible; they are passed over.
        sequence: the revision of their invite (RFC 5545 §3.8.7.4); it never falls.
        stamped: when the last invite or cancellation was written, or None before the first.
        described: which of the project's descriptions that one holds.
        organiser: which of the project's organisers signs their invites; it never changes.
        address: which of the person's addresses their invite goes to.
        partstat: what their calendar answered to the current time (RFC 5545 §3.2.12).
        replied: the newest reply of their calendar, to the current time or an earlier one.
        attendance: what became of it on the day; None until it is recorded.
    """

    id: Annotated[str, personal.OURS]
    project_id: Annotated[str, personal.OURS]
    person: Annotated[str, personal.OURS]
    wishes: Annotated[tuple[str, ...], personal.PART]
    arrived: Annotated[int, personal.PART]
    registered_at: Annotated[KeptMoment, personal.PART]
    checked_at: Annotated[KeptMoment, personal.PART]
    decision: Annotated[Decision, personal.PART] = Decision.PENDING
    place: Annotated[str | None, personal.PART] = None
    left: Annotated[Slot | None, personal.PART] = None
    offer: Annotated[Offer | None, personal.PART] = None
    displaced: Annotated[bool, personal.PART] = False
    switching: Annotated[bool, personal.PART] = False
    barred: Annotated[bool, personal.PART] = False
    sequence: Annotated[int, personal.INVITED] = 0
    stamped: Annotated[KeptMoment | None, personal.INVITED] = None
    described: Annotated[int, personal.INVITED] = 0
    organiser: Annotated[int, personal.INVITED] = 0
    address: Annotated[int, personal.INVITED] = 0
    partstat: Annotated[str | None, personal.REPLIED] = None
    replied: Annotated[Replied | None, personal.REPLIED] = None
    attendance: Annotated[Attendance | None, personal.ATTENDED] = None

    def but(self, **changed: Unpack[Changes]) -> "Registration":
        """The same registration with some of it changed."""
        # What dataclasses.replace does, in less than half the time: every command does it twice.
        new = object.__new__(Registration)
        values = cast("dict[str, object]", changed)
        for name in _FIELDS:
            object.__setattr__(new, name, values[name] if name in values else getattr(self, name))
        return new

    @property
    def status(self) -> Status:
        """What it is to its member."""
        if self.decision is Decision.WITHDRAWN:
            return Status.WITHDRAWN
        if self.decision is Decision.DECLINED:
            return Status.DECLINED
        if self.place is not None:
            return Status.CONFIRMED
        if self.offer is not None:
            return Status.OFFERED
        return Status.WAITING if self.decision is Decision.ACCEPTED else Status.INTERESTED

    @property
    def is_live(self) -> bool:
        """Whether it still counts; a declined one does, so that it is not simply sent again."""
        return self.decision is not Decision.WITHDRAWN

    @property
    def was_absent(self) -> bool:
        """Whether they stayed away without a word."""
        return self.attendance is Attendance.ABSENT

    @property
    def takes_part(self) -> bool:
        """Whether they have a place, and nothing says that they were not there."""
        return self.place is not None and self.attendance in {None, Attendance.ATTENDED}

    @property
    def waits_for(self) -> tuple[str, ...]:
        """The sessions in which they would take a place as soon as one is free.

        Someone with a place waits only for what they asked to switch to, and prefer to it. Someone who is offered
        a place is asked first, and waits for nothing until they have answered.
        """
        return self.hopes_for if self.decision is Decision.ACCEPTED and self.offer is None else ()

    @property
    def hopes_for(self) -> tuple[str, ...]:
        """The sessions they asked for and do not have, whether they wait or somebody must decide."""
        if self.decision not in _HOPEFUL:
            return ()
        if self.place is None:
            return self.wishes
        hoped = self.preferred if self.switching else ()
        if self.offer is None or self.offer.session in hoped:
            return hoped
        return (*hoped, self.offer.session)

    @property
    def holds(self) -> tuple[str, ...]:
        """The sessions in which they take up a place, be it their own or one that is offered to them."""
        held = () if self.place is None else (self.place,)
        return held if self.offer is None else (*held, self.offer.session)

    @property
    def preferred(self) -> tuple[str, ...]:
        """The wishes that come before the place they have; all when it is none of them."""
        return self.wishes[: self.wishes.index(self.place)] if self.place in self.wishes else self.wishes

    @property
    def uid(self) -> str:
        """The UID of their calendar entry, for life (RFC 5545 §3.8.4.7)."""
        return f"{self.id}.{self.project_id}.insight-sessions"


_FIELDS: Final = tuple(field.name for field in fields(Registration))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What somebody answered to the organisers' questions; personal data."""

    registration: Annotated[str, personal.OURS]
    person: Annotated[str, personal.OURS]
    answers: Annotated[KeptLabels, personal.ANSWERED]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why somebody withdrew or was declined, in their own or the organiser's words; personal data."""

    registration: Annotated[str, personal.OURS]
    person: Annotated[str, personal.OURS]
    text: Annotated[str, personal.REASON]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What somebody agreed to, once and for one purpose; never changed, only followed by another.

    Args:
        id: ours.
        person: our id of the person.
        purpose: what for.
        version: of the wording they saw.
        given: whether they agree; False when they do not, or no longer.
        at: when they said so, in UTC.
        number: how often they had said something to that purpose before; the highest one counts.
    """

    id: Annotated[str, personal.OURS]
    person: Annotated[str, personal.OURS]
    purpose: Annotated[str, personal.AGREED]
    version: Annotated[int, personal.AGREED]
    given: Annotated[bool, personal.AGREED]
    at: Annotated[KeptMoment, personal.AGREED]
    number: Annotated[int, personal.AGREED] = 0
