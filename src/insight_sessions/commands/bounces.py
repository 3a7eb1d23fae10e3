"""Mail to somebody is refused for good, or comes back: noted, and told to the organiser once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from insight_sessions.commands.base import Command, Facts, Ref, Ruling
from insight_sessions.commands.owing import owed_to
from insight_sessions.domain.bounce import Bounce
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.project import Project
from insight_sessions.text import OpaqueId

if TYPE_CHECKING:
    from insight_sessions.domain.state import ProjectState
    from insight_sessions.runtime import Moment


class RecordBounce(Command[Project]):
    """Take note that an address of somebody takes no mail. They keep their place, their offer and their turn.

    The organiser is told, once for each address. Of an address that somebody had before, nothing is noted.

    Args:
        person_id: our id of them.
        address: the number of the address.
        code: what was answered, as a code.
    """

    person_id: OpaqueId
    address: Annotated[int, Field(strict=True, ge=0)]
    code: OpaqueId

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """News only of the address they have now, and only the first time."""
        del facts
        result = Ref("project", state.project_id)
        person = state.person(self.person_id)
        known = state.bounces.get(person.id)
        if self.address != person.address or (known is not None and known.address == self.address):
            return Ruling(state, result)
        state = state.put(Bounce(person=person.id, address=self.address, code=self.code, at=moment.now))
        registration = state.latest.get(person.id)
        kind = EventKind.ADDRESS_UNREACHABLE
        happened = Event(kind=kind, at=moment.now, person=person.id, registration=registration)
        told = replace(owed_to(state, moment, NoticeKind.ADDRESS_UNREACHABLE), about=person.id)
        return Ruling(state, result, (happened,), notices=(told,))
