"""Everything about one project, as a value.

A state is never changed: each ``put`` gives the next one, sharing almost all of it with the last
(rpds persistent maps). So a reader's view, a preview and a rollback are all the same thing: keep a
reference, or drop it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rpds import HashTrieMap

from insight_sessions.domain.contents import Contents
from insight_sessions.domain.following import Follower, Opening, Update
from insight_sessions.domain.member import Person
from insight_sessions.domain.project import Project
from insight_sessions.domain.registration import Registration
from insight_sessions.domain.seating import Seating
from insight_sessions.domain.session import Session, SessionStatus, Slot
from insight_sessions.domain.thing import KIND_OF, KINDS, Lineage, Thing

Noted = tuple["Noted | None", str, str, Thing | None]
"""What was noted before, and the kind, the id and the thing noted last, None when it is gone: adding copies nothing."""


@dataclass(frozen=True, kw_only=True)
class ProjectState(Contents):
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
        bounces: what came of writing to people at an address that takes no mail, by our id of the person.
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
        seating: their places, offers and lines.
        changes: what was put since the last commit, the newest first; see `changed`.
    """

    changes: Noted | None = field(default=None, repr=False, compare=False)

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
                noted = (self.changes, KIND_OF[type(thing)].name, thing.id, thing)
                return self._with(following=self.following.put(thing), changes=noted)
            case _:
                return self._put_in(thing)

    def restamped(self, registration: Registration) -> ProjectState:
        """The next state, with a registration whose invite changed and nothing else about it."""
        return self if registration is self.registrations[registration.id] else self._put_in(registration)

    def without(self, kind: str, id: str) -> ProjectState:
        """The next state, with a thing gone for good; the same when it is not there."""
        known = self.kept_as(kind)
        thing = known.get(id)
        if thing is None:
            return self
        changes = (self.changes, kind, id, None)
        if isinstance(thing, Follower):
            return self._with(following=self.following.without(id), changes=changes)
        state = self._with(**{KINDS[kind].place: known.remove(id), "changes": changes})
        if isinstance(thing, Registration):
            return state._after(thing)
        if isinstance(thing, Person) and self.members.get(thing.member_id) == id:
            return state._with(members=self.members.remove(thing.member_id))
        return state

    def _after(self, gone: Registration) -> ProjectState:
        """The state without what followed from a registration that is gone."""
        seating, latest = self.seating.moved(gone, None), self.latest
        if latest.get(gone.person) == gone.id:
            others = [one for one in self.registrations.values() if one.person == gone.person]
            latest = latest.remove(gone.person)
            if others:
                latest = latest.insert(gone.person, max(others, key=lambda one: one.arrived).id)
        if gone.arrived + 1 == seating.next_arrival:
            # As when the project is opened anew: who is gone has left no number behind.
            last = max((one.arrived for one in self.registrations.values()), default=0)
            seating = seating._replace(next_arrival=last + 1)
        return self._with(latest=latest, seating=seating)

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
        registrations.sort(key=lambda one: one.arrived)
        if not state.registrations and not state.people:
            return state._opened(people, registrations)
        for person in people:
            state = state.put(person)
        for registration in registrations:
            state = state.put(registration)
        return state

    def _opened(self, people: list[Person], registrations: list[Registration]) -> ProjectState:
        """The state with its first people and registrations, in the order in which they arrived."""
        state = self._with(
            people=HashTrieMap((one.id, one) for one in people),
            members=HashTrieMap((one.member_id, one.id) for one in people),
            registrations=HashTrieMap((one.id, one) for one in registrations),
            latest=HashTrieMap((one.person, one.id) for one in registrations),
        )
        return state._with(seating=Seating.of(registrations, state._in_line))

    def _with(self, **changed: object) -> ProjectState:
        # Much faster than dataclasses.replace, and done several times for every command.
        new = object.__new__(ProjectState)
        object.__setattr__(new, "__dict__", self.__dict__ | changed)
        return new

    def _put_in(self, thing: Thing) -> ProjectState:
        """The next state, with a thing of which nothing else follows."""
        kind = KIND_OF[type(thing)]
        id = str(getattr(thing, kind.id))
        known: HashTrieMap[str, Thing] = getattr(self, kind.place)
        return self._with(**{kind.place: known.insert(id, thing), "changes": (self.changes, kind.name, id, thing)})

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
        values: dict[str, object] = {
            "registrations": self.registrations.insert(new.id, new),
            "seating": self.seating.moved(old, new, self._in_line(new)),
        }
        if changed:
            values["changes"] = (self.changes, "registration", new.id, new)
        if old is None or old.arrived != new.arrived:
            # Who registers again comes after everyone who is there, and so after their own earlier one.
            values["latest"] = self.latest.insert(new.person, new.id)
        return self._with(**values)

    def _in_line(self, registration: Registration) -> Iterator[str]:
        """The sessions in whose line somebody stands: scheduled ones that they may take part in."""
        for session_id in registration.waits_for:
            session = self.sessions[session_id]
            if session.status is SessionStatus.SCHEDULED and self.may_take(registration.person, session):
                yield session_id
