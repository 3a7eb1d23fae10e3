"""Forgetting somebody in one project: everything about them at once, and their address after one last message."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field

from insight_sessions.commands.base import Command, Facts, Ref, Ruling
from insight_sessions.commands.filling import fill
from insight_sessions.domain.erasure import FAREWELL_KEPT, Erasure, Farewell
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.notices import Method, NoticeKind, Owed, message_id
from insight_sessions.domain.project import Project
from insight_sessions.errors import NotFound
from insight_sessions.text import Line, OpaqueId

if TYPE_CHECKING:
    from collections.abc import Iterator

    from insight_sessions.domain.member import Person
    from insight_sessions.domain.registration import Registration
    from insight_sessions.domain.session import Slot
    from insight_sessions.domain.state import ProjectState
    from insight_sessions.runtime import Moment

_FAREWELL: Final = "farewell"
_A_MOMENT: Final = timedelta(seconds=1)


class EraseMember(Command[Erasure]):
    """Erase everything that one project keeps about somebody; `Desk.erase_member` does it everywhere.

    Their place goes to the next in line, who hears of it as always. Whatever is about them is deleted in the same step,
    and the journal keeps ids. An invite that is out is cancelled in their calendar by a last message, for which
    name and address are kept until it is sent, and for a day at most.

    Args:
        member_id: the host's own id of them.
        farewell: False writes to them no more: their calendar keeps the entry, and their address is deleted at once.
        followers: the ids under which they follow; those of the addresses that this project knows are added.
    """

    member_id: Line
    farewell: bool = True
    followers: Annotated[tuple[OpaqueId, ...], Field(max_length=100)] = ()

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Nothing about them is left but, for a day at most, where to say goodbye."""
        project = state.definition
        tells = self.farewell and bool(facts.notifiers)
        found = state.about(facts.person, *facts.also)
        about = sorted(one for one in found if one[0] != _FAREWELL or not tells)
        if not about:
            raise NotFound("member", facts.person)
        mine = [state.registrations[id] for kind, id in about if kind == "registration"]
        mine.sort(key=lambda one: one.arrived)
        freed = [one.place for one in mine if one.place is not None]
        freed += [one.offer.session for one in mine if one.offer is not None]
        erasure = Erasure(
            id=moment.mint("x-"),
            at=moment.now,
            projects=(project.id,),
            records=dict(sorted(Counter(kind for kind, _ in about).items())),
            freed=tuple(id for id in dict.fromkeys(freed) if state.sessions[id].is_open_at(moment.now)),
        )
        last = list(_farewells(state, mine, erasure, facts, moment)) if tells else []
        for kind, id in about:
            state = state.without(kind, id)
        state = fill(state.put(erasure), erasure.freed, moment.now)
        for kept, _ in last:
            state = state.put(kept)
        happened = Event(
            kind=EventKind.MEMBER_ERASED,
            at=moment.now,
            person=facts.person,
            registration=mine[-1].id if mine else None,
            previous=mine[-1].place if mine else None,
            outcome=erasure.id,
        )
        left = tuple(
            Event(kind=EventKind.UNFOLLOWED, at=moment.now, person=id) for kind, id in about if kind == "follower"
        )
        return Ruling(state, Ref("erasure", erasure.id), (happened, *left), notices=tuple(owed for _, owed in last))


def _farewells(
    state: ProjectState, mine: list[Registration], erasure: Erasure, facts: Facts, moment: Moment
) -> Iterator[tuple[Farewell, Owed]]:
    """What they are told, and where: one message for each entry in their calendar, or one when they still hoped."""
    person = state.people[facts.person] if mine else None
    for one in mine:
        slot = state.slot_of(one)
        if slot is not None and slot.starts_at <= moment.now:
            slot = None  # what has begun stays in a calendar as it was
        hopes = any(state.sessions[id].is_open_at(moment.now) for id in one.hopes_for)
        if person is not None and (slot is not None or hopes):
            yield _kept(one, person, erasure, facts, moment), _owed(state, one, slot, moment)


def _kept(one: Registration, person: Person, erasure: Erasure, facts: Facts, moment: Moment) -> Farewell:
    number = one.address if one.stamped is not None and person.address_at(one.address) else person.address
    return Farewell(
        registration=one.id,
        person=person.id,
        erasure=erasure.id,
        member_id=person.member_id,
        name=person.name,
        email=person.address_at(number) or person.email,
        language=person.language,
        address=one.address,
        registered_at=one.registered_at,
        described=one.described,
        organiser=one.organiser,
        until=moment.now + FAREWELL_KEPT,
        awaited=facts.notifiers,
    )


def _owed(state: ProjectState, one: Registration, slot: Slot | None, moment: Moment) -> Owed:
    """The last message; once more the same revision when the entry was cancelled before, which may not have arrived."""
    id = moment.mint("n-")
    after = state.next_sequence if one.place is not None else state.least_sequence
    later = moment.now if one.stamped is None else max(moment.now, one.stamped + _A_MOMENT)
    return Owed(
        id=id,
        message_id=message_id(id, state.definition.organiser.email, state.project_id, one.id),
        at=moment.now if slot is None else later,
        kind=NoticeKind.FAREWELL,
        registration=one.id,
        person=one.person,
        title=state.definition.title if slot is None else state.description_of(one).title,
        previous=slot,
        method=None if slot is None else Method.CANCEL,
        sequence=one.sequence if slot is None else after(one.sequence),
        address=one.address,
    )


class SettleFarewell(Command[Project]):
    """Take note that a last message was taken or given up by one consumer; time does it for all of them.

    Args:
        registration_id: what was their registration.
        consumer: whose the message was; empty for all of them.
    """

    registration_id: str
    consumer: str = ""

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """When nobody is awaited any more, the address is deleted."""
        del facts
        known = state.farewells.get(self.registration_id)
        if known is None:
            raise NotFound("farewell", self.registration_id)
        left = tuple(one for one in known.awaited if self.consumer and one != self.consumer)
        state = state.put(replace(known, awaited=left)) if left else state.without(_FAREWELL, known.registration)
        happened = Event(
            kind=EventKind.FAREWELL_SETTLED, at=moment.now, person=known.person, registration=known.registration
        )
        return Ruling(state, Ref("project", state.project_id), (happened,))
