"""What changes about a member in a project: their name, their address, their membership."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import field_validator

from insight_sessions.commands.base import Command, Facts, Ref, Ruling
from insight_sessions.commands.filling import fill
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.member import Member
from insight_sessions.text import COPIED

if TYPE_CHECKING:
    from insight_sessions.domain.state import ProjectState
    from insight_sessions.runtime import Moment


class CorrectMember(Command[Member]):
    """Correct what a project keeps of a member.

    When their address is another one and they have a place, the old address gets a cancellation, so that
    the entry leaves the calendar behind it, and the new one the invite. `Desk.correct_member` does this
    in all projects.

    Args:
        member: as they are now; the same id.
    """

    member: Member

    @field_validator("member")
    @classmethod
    def _whole(cls, who: Member) -> Member:
        # A copy of a member may have been changed without being checked.
        return Member.model_validate(vars(who), context=COPIED)

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """What is kept from now on; a place stays, and what a longer membership makes possible is filled."""
        known = state.person(facts.person)
        result = Ref("member", known.id)
        person = known.corrected(self.member)
        if person == known:
            return Ruling(state, result)
        state = state.put(person)
        if person.address != known.address:
            state = state.without("bounce", person.id)
        registration = state.latest_of(person.id)
        if registration is not None:
            if registration.place is not None and not state.has_begun(registration, moment.now):
                registration = registration.but(address=person.address)
                state = state.put(registration)
            state = fill(state, registration.waits_for, moment.now)
        happened = Event(kind=EventKind.MEMBER_CORRECTED, at=moment.now, person=person.id)
        return Ruling(state, result, (happened,))
