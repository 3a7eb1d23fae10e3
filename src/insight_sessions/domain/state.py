"""Everything about one project, as a value.

A state is never changed: each ``put`` gives the next one, sharing almost all of it with the last
(rpds persistent maps). So a reader's view, a preview and a rollback are all the same thing: keep a
reference, or drop it. All look-ups that rules need are O(1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import Any, Final, TypeVar

from rpds import HashTrieMap

from insight_sessions.domain.agenda import Agenda
from insight_sessions.domain.allocated import Allocation
from insight_sessions.domain.consolidated import Consolidation
from insight_sessions.domain.erasure import Erasure, Farewell
from insight_sessions.domain.following import KINDS, Follower, Following, Opening, Update
from insight_sessions.domain.joining import Joining
from insight_sessions.domain.learning import Feedback, SharedWriteUp
from insight_sessions.domain.member import Member, Person
from insight_sessions.domain.project import Call, Contact, Described, Project
from insight_sessions.domain.queue import Queue
from insight_sessions.domain.registration import Answers, Consent, Decision, Reason, Registration
from insight_sessions.domain.reminding import Reminder
from insight_sessions.domain.session import Session, SessionStatus, Slot
from insight_sessions.domain.work import SharedWork
from insight_sessions.errors import LAPSED, NotFound, Objection
from insight_sessions.text import normal


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


T = TypeVar("T")

RESTORE_GAP: Final = 1000
"""How far invites' sequence numbers jump with each restore: more than a chain grows between backups."""

Thing = (
    Project
    | Lineage
    | Organiser
    | Described
    | Session
    | Person
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

Noted = tuple["Noted | None", str, str, Thing | None]
"""What was noted before, and the kind, the id and the thing noted last, None when it is gone: adding copies nothing."""

_KEPT_BY: Final[dict[type[Thing], tuple[str, str, str]]] = {
    Organiser: ("organisers", "organiser", "number"),
    Described: ("descriptions", "description", "number"),
    Joining: ("joining", "joining", "session"),
    Reminder: ("reminders", "reminder", "id"),
    Answers: ("answers", "answers", "registration"),
    Reason: ("reasons", "reason", "registration"),
    Consent: ("consents", "consent", "id"),
    Allocation: ("allocations", "allocation", "id"),
    Consolidation: ("consolidations", "consolidation", "id"),
    SharedWriteUp: ("write_ups", "write_up", "key"),
    Feedback: ("feedback", "feedback", "id"),
    SharedWork: ("works", "work", "id"),
    Erasure: ("erasures", "erasure", "id"),
    Farewell: ("farewells", "farewell", "registration"),
}
"""Of what nothing else follows: where it is kept, as what kind of record, and what its id is."""

_GIVEN: Final = {
    **{
        one: name
        for name, one, _ in _KEPT_BY.values()
        if one in {"allocation", "consolidation", "write_up", "feedback", "work", "erasure", "consent"}
    },
    "follower": "followers",
    "update": "updates",
}
"""What commands give by kind and id: where it is kept."""

_KEPT_AS: Final = {
    "registration": "registrations",
    "person": "people",
    "follower": "followers",
    **{kind: name for name, kind, _ in _KEPT_BY.values()},
}
"""What can be gone one day: where it is kept, by kind of record."""

EMPTY: Final[Queue] = Queue()


_EMPTY: Final[HashTrieMap[Any, Any]] = HashTrieMap()
_NOTHING_DUE: Final = Agenda()


def subject_of(thing: Thing) -> str | None:
    """Our id of the person whom a thing is about, and with whom it is erased; None when it is about nobody.

    Whatever has a ``person`` is about that person.
    """
    found: str | None = thing.id if isinstance(thing, Person | Follower) else getattr(thing, "person", None)
    return found


def can_go(kind: str) -> bool:
    """Whether a state can do without a thing of that kind."""
    return kind in _KEPT_AS


@dataclass(frozen=True, kw_only=True)
class ProjectState:
    """One project with everything in it, at one version.

    Args:
        project_id: which project; there may be none of that id yet.
        version: the project's version in the store; 0 before it is announced.
        epoch: the store's epoch.
        journal_end: the number of the last event.
        announced: the project without its sessions, or None before it is announced.
        lineage: which life of the store it was last written in.
        organisers: its contacts by number.
        descriptions: what was said about it before, by number; not what is said now.
        sessions: by id.
        slots: when and where each session is, as notices say it.
        joining: how to join each session, for those with a place in it.
        reminders: what became of the reminders of each session, by id.
        registrations: by id.
        people: by our id of the person.
        answers: to the organisers' questions, by registration.
        reasons: for withdrawing or declining, by registration.
        consents: by id.
        allocations: those that were applied, by id.
        consolidations: those that were applied, by id.
        write_ups: every version of each that was shared, by its key.
        feedback: what people say about it, by its id.
        following: who follows the project, and what they were told.
        works: what members shared of their own work, by its id.
        erasures: of people, in numbers, by id.
        farewells: to people who were erased, by what was their registration.
        members: our ids of people, by the host's id.
        latest: the newest registration of each person.
        arrivals: registrations that wait or are offered a place, by arrival number.
        taken: how many places of each session are taken or offered.
        displaced: who waits for each session after losing a place, by arrival.
        queue: who else waits for each session, by arrival.
        offers: who is offered a place, by arrival number, and until when.
        next_arrival: the next arrival number.
        changes: what was put since the last commit, the newest first; see `changed`.
    """

    project_id: str = ""
    version: int = 0
    epoch: str = ""
    journal_end: int = 0
    announced: Project | None = None
    lineage: Lineage = Lineage("")
    organisers: HashTrieMap[str, Organiser] = _EMPTY
    descriptions: HashTrieMap[str, Described] = _EMPTY
    sessions: HashTrieMap[str, Session] = _EMPTY
    slots: HashTrieMap[str, Slot] = _EMPTY
    joining: HashTrieMap[str, Joining] = _EMPTY
    reminders: HashTrieMap[str, Reminder] = _EMPTY
    registrations: HashTrieMap[str, Registration] = _EMPTY
    people: HashTrieMap[str, Person] = _EMPTY
    answers: HashTrieMap[str, Answers] = _EMPTY
    reasons: HashTrieMap[str, Reason] = _EMPTY
    consents: HashTrieMap[str, Consent] = _EMPTY
    allocations: HashTrieMap[str, Allocation] = _EMPTY
    consolidations: HashTrieMap[str, Consolidation] = _EMPTY
    write_ups: HashTrieMap[str, SharedWriteUp] = _EMPTY
    feedback: HashTrieMap[str, Feedback] = _EMPTY
    following: Following = Following()  # noqa: RUF009 - frozen
    works: HashTrieMap[str, SharedWork] = _EMPTY
    erasures: HashTrieMap[str, Erasure] = _EMPTY
    farewells: HashTrieMap[str, Farewell] = _EMPTY
    members: HashTrieMap[str, str] = _EMPTY
    latest: HashTrieMap[str, str] = _EMPTY
    arrivals: HashTrieMap[int, str] = _EMPTY
    taken: HashTrieMap[str, int] = _EMPTY
    displaced: HashTrieMap[str, Queue] = _EMPTY
    queue: HashTrieMap[str, Queue] = _EMPTY
    offers: Agenda = _NOTHING_DUE
    next_arrival: int = 1
    changes: Noted | None = field(default=None, repr=False, compare=False)

    # Looking

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

    def in_order(self) -> list[Session]:
        """Its sessions in the order of their time."""
        return sorted(self.sessions.values(), key=lambda session: (session.begins, session.id))

    def session(self, session_id: str) -> Session:
        """The session of that id, or `NotFound`."""
        found = self.sessions.get(session_id)
        if found is None:
            raise self.missing("session", session_id)
        return found

    def registration(self, registration_id: str) -> Registration:
        """The registration of that id, or `NotFound`."""
        found = self.registrations.get(registration_id)
        if found is None:
            raise self.missing("registration", registration_id)
        return found

    def missing(self, kind: str, id: str) -> NotFound:
        """What is not there: the whole project, or one thing of it."""
        return NotFound("project", self.project_id) if self.announced is None else NotFound(kind, id)

    def registration_of(self, member_id: str) -> Registration | None:
        """The newest registration of a member, by the host's id of them."""
        return self.latest_of(self.members.get(normal(member_id), ""))

    def person(self, person_id: str) -> Person:
        """The person of that id, ours, or `NotFound`."""
        found = self.people.get(person_id)
        if found is None:
            raise self.missing("member", person_id)
        return found

    def find(self, kind: str, id: str) -> Thing | Member:
        """The project, or what a command gave by kind and id, as it is now, or `NotFound`."""
        if kind == "project":
            return self.project
        if kind == "member":
            return self.person(id).member
        if kind in _GIVEN:
            kept: HashTrieMap[str, Thing] = getattr(self, _GIVEN[kind])
            found = self.one_of(kept, kind, id)
            return self._with_what_is_left(found) if isinstance(found, Erasure) else found
        if kind == "following":
            return Follower(id=id)  # whoever asks for somebody is not told whether they follow
        return self.session(id) if kind == "session" else self.registration(id)

    def _with_what_is_left(self, erasure: Erasure) -> Erasure:
        if not any(one.erasure == erasure.id for one in self.farewells.values()):
            return erasure
        return replace(erasure, pending={"farewell": "A last message is on its way to them."})

    def about(self, *person_ids: str) -> list[tuple[str, str]]:
        """Whatever is kept about these people, by kind and id; all kinds of things are looked through."""
        subjects = set(person_ids)
        return [
            (kind, id) for kind in _KEPT_AS for id, thing in self.kept_as(kind).items() if subject_of(thing) in subjects
        ]

    def kept_as(self, kind: str) -> HashTrieMap[str, Thing]:
        """What is kept as a kind of record, by id."""
        found: HashTrieMap[str, Thing] = getattr(self, _KEPT_AS[kind])
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
        return None if capacity is None else capacity - self.taken.get(session_id, 0)

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
        return max(sequence, self.lineage.restores * RESTORE_GAP)

    def next_sequence(self, sequence: int) -> int:
        """The revision after this one."""
        return self.least_sequence(sequence + 1)

    def has_room(self, session: Session) -> bool:
        """Whether a session has a free place."""
        return session.capacity is None or self.taken.get(session.id, 0) < session.capacity

    def waiting(self, session_id: str) -> tuple[Registration, ...]:
        """Who waits for a place in a session, first in line first."""
        return tuple(self.line(session_id))

    def has_line(self, session_id: str) -> bool:
        """Whether anybody waits for a session."""
        return bool(self.displaced.get(session_id) or self.queue.get(session_id))

    def line(self, session_id: str) -> Iterator[Registration]:
        """Who waits for a session: those displaced by a cancellation first, then by arrival."""
        numbers = chain(self.displaced.get(session_id, EMPTY), self.queue.get(session_id, EMPTY))
        return (self.registrations[self.arrivals[number]] for number in numbers)

    def holders(self, session_id: str) -> list[Registration]:
        """Who has a place in a session, by arrival."""
        having = (one for one in self.registrations.values() if one.place == session_id)
        return sorted(having, key=lambda one: one.arrived)

    def offered_until(self, now: datetime) -> Iterator[Registration]:
        """Who is offered a place until now or before, the earliest deadline first."""
        due = (self.registrations[self.arrivals[number]] for number in self.offers.until(now))
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

    # Putting

    def put(self, thing: Thing) -> ProjectState:
        """The next state, with this thing in it, new or changed."""
        match thing:
            case Registration():
                return self._put_registration(thing)
            case Person():
                return self._put_person(thing)
            case Session():
                return self._put_session(thing)
            case Project():
                return self._put_project(thing)
            case Lineage():
                return self._with(lineage=thing, changes=(self.changes, "lineage", "lineage", thing))
            case Follower() | Update() | Opening():
                noted = (self.changes, KINDS[type(thing)], thing.id, thing)
                return self._with(following=self.following.put(thing), changes=noted)
            case _:
                name, kind, id = _KEPT_BY[type(thing)]
                return self._put_in(name, kind, str(getattr(thing, id)), thing)

    def restamped(self, registration: Registration) -> ProjectState:
        """The next state, with a registration whose invite changed and nothing else about it."""
        if registration is self.registrations[registration.id]:
            return self
        return self._with(
            registrations=self.registrations.insert(registration.id, registration),
            changes=(self.changes, "registration", registration.id, registration),
        )

    def without(self, kind: str, id: str) -> ProjectState:
        """The next state, with a thing gone for good; the same when it is not there."""
        name, known = _KEPT_AS[kind], self.kept_as(kind)
        thing = known.get(id)
        if thing is None:
            return self
        if kind == "follower":
            return self._with(following=self.following.without(id), changes=(self.changes, kind, id, None))
        state = self
        if isinstance(thing, Registration):
            # First out of every line and count.
            left = thing.but(decision=Decision.WITHDRAWN, place=None, offer=None)
            state = self._put_registration(left, changed=False)
        state = state._with(**{name: known.remove(id), "changes": (self.changes, kind, id, None)})
        if isinstance(thing, Registration):
            return state._after(thing)
        if isinstance(thing, Person) and self.members.get(thing.member_id) == id:
            return state._with(members=self.members.remove(thing.member_id))
        return state

    def _after(self, gone: Registration) -> ProjectState:
        """The state, whose newest registrations are others now that one is gone."""
        state = self
        if self.latest.get(gone.person) == gone.id:
            others = [one for one in self.registrations.values() if one.person == gone.person]
            latest = self.latest.remove(gone.person)
            if others:
                latest = latest.insert(gone.person, max(others, key=lambda one: one.arrived).id)
            state = state._with(latest=latest)
        if gone.arrived + 1 == self.next_arrival:
            # As when the project is opened anew: who is gone has left no number behind.
            state = state._with(next_arrival=max((one.arrived for one in self.registrations.values()), default=0) + 1)
        return state

    def changed(self, since: ProjectState | None = None) -> dict[tuple[str, str], Thing | None]:
        """What was put, by kind and id, in the order in which each was first put; None for what is gone.

        Args:
            since: an earlier state that this one came from by putting; the last commit when not given.
        """
        noted: list[tuple[tuple[str, str], Thing | None]] = []
        at = self.changes
        until = None if since is None else since.changes
        while at is not until and at is not None:
            at, kind, id, thing = at
            noted.append(((kind, id), thing))
        return dict(reversed(noted))

    def settled(self) -> ProjectState:
        """The same, with no changes noted."""
        return self._with(changes=None)

    def journalled(self, end: int) -> ProjectState:
        """The same, with the number of its last event."""
        return self._with(journal_end=end)

    def at(self, *, version: int, epoch: str, journal_end: int) -> ProjectState:
        """The same, known to be what the store holds at that version."""
        return self._with(version=version, epoch=epoch, journal_end=journal_end, changes=None)

    def with_all(self, things: Iterable[Thing]) -> ProjectState:
        """The state with many things in it, as when a project is opened."""
        registrations: list[Registration] = []
        people: list[Person] = []
        state = self
        for thing in things:
            if isinstance(thing, Registration):
                registrations.append(thing)
            elif isinstance(thing, Person):
                people.append(thing)
            else:
                state = state.put(thing)
        if not state.registrations and not state.people:
            return state._opened(people, registrations)
        for person in people:
            state = state.put(person)
        for registration in sorted(registrations, key=lambda one: one.arrived):
            state = state.put(registration)
        return state

    def _opened(self, people: list[Person], registrations: list[Registration]) -> ProjectState:
        """The state with its first people and registrations: the same as putting each, ten times as fast."""
        registrations.sort(key=lambda one: one.arrived)
        taken = Counter(one.place for one in registrations if one.place is not None)
        taken.update(one.offer.session for one in registrations if one.offer is not None)
        state = self._with(
            people=HashTrieMap((one.id, one) for one in people),
            members=HashTrieMap((one.member_id, one.id) for one in people),
            registrations=HashTrieMap((one.id, one) for one in registrations),
            latest=HashTrieMap((one.person, one.id) for one in registrations),
            taken=HashTrieMap(taken),
            next_arrival=registrations[-1].arrived + 1 if registrations else 1,
        )
        waiting = [one for one in registrations if one.waits_for]
        offered = [one for one in registrations if one.offer is not None]
        return state._with(
            arrivals=HashTrieMap((one.arrived, one.id) for one in (*waiting, *offered)),
            offers=_scheduled(Agenda(), (), offered),
            displaced=state._lines([one for one in waiting if one.displaced]),
            queue=state._lines([one for one in waiting if not one.displaced]),
        )

    def _lines(self, waiting: list[Registration]) -> HashTrieMap[str, Queue]:
        numbers: dict[str, list[int]] = {}
        for one in waiting:
            for session_id in self._in_line(one):
                numbers.setdefault(session_id, []).append(one.arrived)
        return HashTrieMap({session_id: Queue.of(found) for session_id, found in numbers.items()})

    def _with(self, **changed: object) -> ProjectState:
        # Much faster than dataclasses.replace, and done several times for every command.
        new = object.__new__(ProjectState)
        object.__setattr__(new, "__dict__", self.__dict__ | changed)
        return new

    def _put_in(self, name: str, kind: str, id: str, thing: Thing) -> ProjectState:
        known: HashTrieMap[str, Thing] = getattr(self, name)
        return self._with(**{name: known.insert(id, thing), "changes": (self.changes, kind, id, thing)})

    def _put_project(self, project: Project) -> ProjectState:
        state = self._with(announced=project, changes=(self.changes, "project", project.id, project))
        if self.announced is None or self.announced.eligibility == project.eligibility:
            return state
        return state._in_line_again(one for one in self.registrations.values() if one.waits_for)

    def _in_line_again(self, waiting: Iterable[Registration]) -> ProjectState:
        """The same, with people in the lines in which they now belong."""
        state = self
        for registration in waiting:
            state = state._put_registration(registration, changed=False)
        return state

    def _put_person(self, person: Person) -> ProjectState:
        state = self._with(
            people=self.people.insert(person.id, person),
            members=self.members.insert(person.member_id, person.id),
            changes=(self.changes, "person", person.id, person),
        )
        known = self.latest_of(person.id)
        return state if known is None else state._put_registration(known, changed=False)

    def _put_session(self, session: Session) -> ProjectState:
        state = self._with(
            sessions=self.sessions.insert(session.id, session),
            slots=self.slots.insert(session.id, Slot.of(session)),
            changes=(self.changes, "session", session.id, session),
        )
        before = self.sessions.get(session.id)
        if before is not None and (before.status, before.starts) != (session.status, session.starts):
            return state._in_line_again(one for one in self.registrations.values() if session.id in one.waits_for)
        return state

    def _put_registration(self, new: Registration, *, changed: bool = True) -> ProjectState:
        old = self.registrations.get(new.id)
        values: dict[str, object] = {"registrations": self.registrations.insert(new.id, new)}
        if changed:
            values["changes"] = (self.changes, "registration", new.id, new)
        if old is None or old.arrived != new.arrived:
            values["next_arrival"] = max(self.next_arrival, new.arrived + 1)
            # Who registers again comes after everyone who is there, and so after their own earlier one.
            values["latest"] = self.latest.insert(new.person, new.id)
        values["taken"] = _counted(self.taken, old, new)
        if new.offer is not None or (old is not None and old.offer is not None):
            values["offers"] = _scheduled(self.offers, () if old is None else (old,), (new,))
        if _is_listed(new) or (old is not None and _is_listed(old)):
            values["arrivals"] = self._arrivals_with(old, new)
            values["displaced"] = self._queued(self.displaced, old, new if new.displaced else None)
            values["queue"] = self._queued(self.queue, old, None if new.displaced else new)
        return self._with(**values)

    def _arrivals_with(self, old: Registration | None, new: Registration) -> HashTrieMap[int, str]:
        arrivals = self.arrivals
        if old is not None and _is_listed(old):
            arrivals = arrivals.remove(old.arrived)
        return arrivals.insert(new.arrived, new.id) if _is_listed(new) else arrivals

    def _queued(
        self, queues: HashTrieMap[str, Queue], old: Registration | None, new: Registration | None
    ) -> HashTrieMap[str, Queue]:
        if old is not None:
            for session_id in old.waits_for:
                queue = queues.get(session_id)
                if queue is not None:
                    queues = queues.insert(session_id, queue.discard(old.arrived))
        if new is not None:
            for session_id in self._in_line(new):
                queues = queues.insert(session_id, queues.get(session_id, EMPTY).add(new.arrived))
        return queues

    def _in_line(self, registration: Registration) -> Iterator[str]:
        """The sessions in whose line somebody stands: scheduled ones that they may take part in."""
        for session_id in registration.waits_for:
            session = self.sessions[session_id]
            if session.status is SessionStatus.SCHEDULED and self.may_take(registration.person, session):
                yield session_id


def _is_listed(registration: Registration) -> bool:
    """Whether somebody waits, or is offered a place."""
    return bool(registration.waits_for) or registration.offer is not None


def _counted(taken: HashTrieMap[str, int], old: Registration | None, new: Registration) -> HashTrieMap[str, int]:
    before = () if old is None else old.holds
    after = new.holds
    if before == after:
        return taken
    for session_id in before:
        taken = taken.insert(session_id, taken[session_id] - 1)
    for session_id in after:
        taken = taken.insert(session_id, taken.get(session_id, 0) + 1)
    return taken


def _scheduled(agenda: Agenda, before: Iterable[Registration], after: Iterable[Registration]) -> Agenda:
    """The deadlines of offers, without those that were and with those that are."""
    for one in before:
        if one.offer is not None:
            agenda = agenda.discard(one.offer.until, one.arrived)
    for one in after:
        if one.offer is not None:
            agenda = agenda.add(one.offer.until, one.arrived)
    return agenda
