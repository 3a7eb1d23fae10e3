"""Everything about one project at one version, and all that can be asked of it.

All look-ups that rules need are O(1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from rpds import HashTrieMap

from insight_sessions.domain.agenda import Agenda
from insight_sessions.domain.allocated import Allocation
from insight_sessions.domain.bounce import Bounce
from insight_sessions.domain.consolidated import Consolidation
from insight_sessions.domain.erasure import Erasure, Farewell
from insight_sessions.domain.following import Follower, Following, Opening, Update
from insight_sessions.domain.joining import Joining
from insight_sessions.domain.learning import Feedback, SharedWriteUp
from insight_sessions.domain.member import Member, Person
from insight_sessions.domain.project import Call, Contact, Described, Project
from insight_sessions.domain.registration import Answers, Consent, Reason, Registration
from insight_sessions.domain.reminding import Reminder
from insight_sessions.domain.seating import Seating
from insight_sessions.domain.session import Session, Slot
from insight_sessions.domain.thing import KINDS, Lineage, Organiser, Thing, can_go, subject_of
from insight_sessions.domain.work import SharedWork
from insight_sessions.errors import LAPSED, NotFound, Objection
from insight_sessions.text import normal

T = TypeVar("T")

_EMPTY: Final[HashTrieMap[Any, Any]] = HashTrieMap()
_NEVER_WRITTEN: Final = Lineage("")
_NO_FOLLOWING: Final = Following()
_NO_SEATING: Final = Seating()


@dataclass(frozen=True, kw_only=True)
class Contents:
    """One project with everything in it, at one version; what each field holds is said of `ProjectState`."""

    project_id: str = ""
    version: int = 0
    epoch: str = ""
    journal_end: int = 0
    announced: Project | None = None
    lineage: Lineage = _NEVER_WRITTEN
    organisers: HashTrieMap[str, Organiser] = _EMPTY
    descriptions: HashTrieMap[str, Described] = _EMPTY
    sessions: HashTrieMap[str, Session] = _EMPTY
    slots: HashTrieMap[str, Slot] = _EMPTY
    joining: HashTrieMap[str, Joining] = _EMPTY
    reminders: HashTrieMap[str, Reminder] = _EMPTY
    registrations: HashTrieMap[str, Registration] = _EMPTY
    people: HashTrieMap[str, Person] = _EMPTY
    bounces: HashTrieMap[str, Bounce] = _EMPTY
    answers: HashTrieMap[str, Answers] = _EMPTY
    reasons: HashTrieMap[str, Reason] = _EMPTY
    consents: HashTrieMap[str, Consent] = _EMPTY
    allocations: HashTrieMap[str, Allocation] = _EMPTY
    consolidations: HashTrieMap[str, Consolidation] = _EMPTY
    write_ups: HashTrieMap[str, SharedWriteUp] = _EMPTY
    feedback: HashTrieMap[str, Feedback] = _EMPTY
    following: Following = _NO_FOLLOWING
    works: HashTrieMap[str, SharedWork] = _EMPTY
    erasures: HashTrieMap[str, Erasure] = _EMPTY
    farewells: HashTrieMap[str, Farewell] = _EMPTY
    members: HashTrieMap[str, str] = _EMPTY
    latest: HashTrieMap[str, str] = _EMPTY
    seating: Seating = _NO_SEATING

    @property
    def project(self) -> Project:
        """The project as it is now, with its sessions in the order of their time."""
        return self.definition.model_copy(update={"sessions": tuple(self.in_order())})

    @property
    def definition(self) -> Project:
        """The project without its sessions."""
        if self.announced is None:
            raise NotFound("project", self.project_id)
        return self.announced

    @property
    def call(self) -> Call:
        """The call for participants."""
        return self.definition.call

    @property
    def followers(self) -> HashTrieMap[str, Follower]:
        """Who follows the project or is still to confirm it, by id."""
        return self.following.followers

    @property
    def updates(self) -> HashTrieMap[str, Update]:
        """The news that were posted, by id."""
        return self.following.updates

    @property
    def openings(self) -> HashTrieMap[str, Opening]:
        """The sessions that opened together, of which followers are told, by id."""
        return self.following.openings

    @property
    def arrivals(self) -> HashTrieMap[int, str]:
        """Registrations that wait or are offered a place, by arrival number."""
        return self.seating.arrivals

    @property
    def taken(self) -> HashTrieMap[str, int]:
        """How many places of each session are taken or offered."""
        return self.seating.taken

    @property
    def offers(self) -> Agenda:
        """Who is offered a place, by arrival number, and until when."""
        return self.seating.offers

    @property
    def next_arrival(self) -> int:
        """The next arrival number."""
        return self.seating.next_arrival

    def in_order(self) -> list[Session]:
        """Its sessions in the order of their time."""
        return sorted(self.sessions.values(), key=lambda session: (session.begins, session.id))

    def session(self, session_id: str) -> Session:
        """The session of that id, or `NotFound`."""
        return self.one_of(self.sessions, "session", session_id)

    def registration(self, registration_id: str) -> Registration:
        """The registration of that id, or `NotFound`."""
        return self.one_of(self.registrations, "registration", registration_id)

    def missing(self, kind: str, id: str) -> NotFound:
        """What is not there: the whole project, or one thing of it."""
        return NotFound("project", self.project_id) if self.announced is None else NotFound(kind, id)

    def registration_of(self, member_id: str) -> Registration | None:
        """The newest registration of a member, by the host's id of them."""
        return self.latest_of(self.members.get(normal(member_id), ""))

    def person(self, person_id: str) -> Person:
        """The person of that id, ours, or `NotFound`."""
        return self.one_of(self.people, "member", person_id)

    def find(self, kind: str, id: str) -> Thing | Member:
        """The project, or what a command gave by kind and id, as it is now, or `NotFound`."""
        if kind == "project":
            return self.project
        if kind == "member":
            return self.person(id).member
        if kind == "following":
            return Follower(id=id)  # whoever asks for somebody is not told whether they follow
        found: Thing | None = getattr(self, KINDS[kind].place).get(id) if kind in KINDS else None
        if found is None:
            raise self.missing(kind, id)
        return found.while_awaited(self.farewells.values()) if isinstance(found, Erasure) else found

    def about(self, *person_ids: str) -> list[tuple[str, str]]:
        """Whatever is kept about these people, by kind and id; all kinds of things are looked through."""
        subjects = set(person_ids)
        return [
            (kind, id)
            for kind in filter(can_go, KINDS)
            for id, thing in self.kept_as(kind).items()
            if subject_of(thing) in subjects
        ]

    def kept_as(self, kind: str) -> HashTrieMap[str, Thing]:
        """What is kept as a kind of record, by id."""
        found: HashTrieMap[str, Thing] = getattr(self, KINDS[kind].place)
        return found

    def one_of(self, kept: Mapping[str, T], kind: str, id: str) -> T:
        """What is kept of a kind under an id, or `NotFound`."""
        found = kept.get(id)
        if found is None:
            raise self.missing(kind, id)
        return found

    def latest_of(self, person_id: str) -> Registration | None:
        """The newest registration of a person, by our id of them."""
        found = self.latest.get(person_id)
        return None if found is None else self.registrations[found]

    def consents_of(self, person_id: str) -> dict[str, Consent]:
        """What somebody said last to each purpose, by our id of them."""
        said = (one for one in self.consents.values() if one.person == person_id)
        return {one.purpose: one for one in sorted(said, key=lambda one: (one.number, one.id))}

    def places_left(self, session_id: str) -> int | None:
        """How many places of a session are free; None when there is no limit, below zero when it is overfull."""
        capacity = self.session(session_id).capacity
        return None if capacity is None else capacity - self.seating.taken.get(session_id, 0)

    def hoping(self, session_id: str) -> list[Registration]:
        """Who asked for a session and does not have it, whether they wait or nothing is decided; by arrival."""
        hoping = (one for one in self.registrations.values() if session_id in one.hopes_for)
        return sorted(hoping, key=lambda one: one.arrived)

    def organiser_of(self, registration: Registration) -> Contact:
        """Who signs somebody's invites."""
        return self.organisers[str(registration.organiser)].contact

    def description_of(self, registration: Registration) -> Described:
        """What was said about the project when somebody's last invite or cancellation was written."""
        known, project = self.descriptions.get(str(registration.described)), self.definition
        return known or Described(registration.described, project.title, project.summary)

    def slot_of(self, registration: Registration) -> Slot | None:
        """When and where somebody's place is, or was when they lost it; None for those who never had one."""
        return registration.left if registration.place is None else self.slots[registration.place]

    def least_sequence(self, sequence: int) -> int:
        """The same revision, or the first one beyond all that may have been sent before a restore."""
        return self.lineage.beyond(sequence)

    def next_sequence(self, sequence: int) -> int:
        """The revision after this one."""
        return self.least_sequence(sequence + 1)

    def has_room(self, session: Session) -> bool:
        """Whether a session has a free place."""
        return session.capacity is None or self.seating.taken.get(session.id, 0) < session.capacity

    def waiting(self, session_id: str) -> tuple[Registration, ...]:
        """Who waits for a place in a session, first in line first."""
        return tuple(self.line(session_id))

    def has_line(self, session_id: str) -> bool:
        """Whether anybody waits for a session."""
        return self.seating.waits(session_id)

    def line(self, session_id: str) -> Iterator[Registration]:
        """Who waits for a session: those displaced by a cancellation first, then by arrival."""
        return map(self.registrations.__getitem__, self.seating.line(session_id))

    def holders(self, session_id: str) -> list[Registration]:
        """Who has a place in a session, by arrival."""
        having = (one for one in self.registrations.values() if one.place == session_id)
        return sorted(having, key=lambda one: one.arrived)

    def offered_until(self, now: datetime) -> Iterator[Registration]:
        """Who is offered a place until now or before, the earliest deadline first."""
        due = map(self.registrations.__getitem__, self.seating.offered_until(now))
        return (one for one in due if one.offer is not None and one.offer.until <= now)

    def has_begun(self, registration: Registration, now: datetime) -> bool:
        """Whether the session somebody has a place in has begun, so that it is too late to change it."""
        return registration.place is not None and not self.session(registration.place).is_open_at(now)

    def may_take(self, person_id: str, session: Session) -> bool:
        """Whether nothing speaks against somebody in a session, by what is known of them."""
        project = self.announced
        if project is None or not (project.members_only or project.eligibility):
            return True
        return not self.against(person_id, session)

    def against(self, person_id: str, session: Session) -> tuple[Objection, ...]:
        """What speaks against somebody in a session: a membership that ends before it, or the project's rules."""
        project, who, day = self.definition, self.people[person_id], session.starts.date()
        if project.members_only and not who.is_member_on(day):
            return (LAPSED,)
        return project.against(who, who.past, day)
