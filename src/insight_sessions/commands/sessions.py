"""What organisers do to a session: add, move, resize, cancel."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from insight_sessions.commands.base import Command, Facts, Ref, Ruling, refuse_cancelled
from insight_sessions.commands.calls import cancelled
from insight_sessions.commands.difference import Cause
from insight_sessions.commands.filling import displace, fill, taken_back
from insight_sessions.commands.offering import follow
from insight_sessions.commands.places import refuse_unbookable
from insight_sessions.commands.reminding import rearranged
from insight_sessions.commands.telling import told_of_opening
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.project import Project
from insight_sessions.domain.session import MINUTES_PER_DAY, Session, SessionStatus
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import NotPossible
from insight_sessions.runtime import Moment
from insight_sessions.text import LocalStart, Slug, Text


def _checked(state: ProjectState, others: Iterable[Session], session: Session) -> Session:
    """The session as part of its project, checked together with the others.

    Raises:
        pydantic.ValidationError: its id is taken, or the clocks skip its time.
    """
    return Project.model_validate({**dict(state.definition), "sessions": (*others, session)}).sessions[-1]


class AddSession(Command[Session]):
    """Add a session to a project.

    Args:
        session: the new one; its id must be new too.

    Raises:
        pydantic.ValidationError: its id is taken, or the clocks skip its time.
    """

    session: Session

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Scheduled from now on."""
        del facts
        refuse_cancelled(state.definition)
        fresh = {"status": SessionStatus.SCHEDULED, "sequence": 0, "reason": None, "changed_at": moment.now}
        # Only one of the same id is looked at with it: another's local time may be one that newer zone rules skip.
        known = state.sessions.get(self.session.id)
        session = _checked(state, () if known is None else (known,), self.session.model_copy(update=fresh))
        _refuse_past(session, moment.now)
        happened = Event(kind=EventKind.SESSION_ADDED, at=moment.now, session=session.id)
        state = rearranged(state.put(session), [session.id], moment.now)
        state, notices = told_of_opening(state, moment)
        return Ruling(state, Ref("session", session.id), (happened,), notices=notices)


class RescheduleSession(Command[Session]):
    """Move a session to another time.

    Everyone with a place in it keeps it; they and those who wait for it are told. Offers stand, up to the new cut-off.

    Args:
        session_id: which one.
        starts: its new local date and time.
        minutes: its new length; as before when not given.

    Raises:
        pydantic.ValidationError: the clocks skip that time.
    """

    session_id: Slug
    starts: LocalStart
    minutes: Annotated[int, Field(strict=True, ge=1, le=MINUTES_PER_DAY)] | None = None

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            project_id: str,
            session_id: str,
            starts: datetime | str,
            minutes: int | None = None,
            id: str | None = None,
            by: str | None = None,
        ) -> None:
            """``starts`` may be text."""

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """The new time, and one update of each invite."""
        del facts
        before = state.session(self.session_id)
        refuse_unbookable(before, moment.now)
        result = Ref("session", before.id)
        minutes = before.minutes if self.minutes is None else self.minutes
        moved = {
            "starts": self.starts,
            "minutes": minutes,
            "sequence": state.next_sequence(before.sequence),
            "changed_at": moment.now,
        }
        if (self.starts, minutes) == (before.starts, before.minutes):
            return Ruling(state, result)
        session = before.model_copy(update=moved)
        if self.starts != before.starts:
            # Otherwise its instant stays: other zone rules than those that gave it move nothing here.
            session = _checked(state, (), session)
        _refuse_past(session, moment.now)
        concerned = tuple(one.id for one in (*state.holders(session.id), *state.hoping(session.id)))
        state = rearranged(state.put(session), [session.id], moment.now)
        state = follow(state, [session.id], moment.now)
        state = fill(state, [session.id], moment.now)
        happened = Event(kind=EventKind.SESSION_RESCHEDULED, at=moment.now, session=session.id)
        return Ruling(state, result, (happened,), Cause(NoticeKind.SESSION_RESCHEDULED, session, concerned))


class ResizeSession(Command[Session]):
    """Change how many places a session has.

    More places are filled at once. When there are fewer than are taken, everybody keeps theirs, and
    what is held for somebody stays held: the journal says that the session is overfull, and nobody is
    let in until enough have left. A minimum above the capacity falls to it.

    Args:
        session_id: which one.
        capacity: how many places; None for no limit.
    """

    session_id: Slug
    capacity: Annotated[int, Field(strict=True, ge=0)] | None

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """The new number: more are filled at once, fewer take nothing from anybody."""
        del facts
        before = state.session(self.session_id)
        refuse_unbookable(before, moment.now)
        minimum = before.minimum if self.capacity is None else min(before.minimum, self.capacity)
        session = before.model_copy(update={"capacity": self.capacity, "minimum": minimum})
        state = fill(state.put(session), [session.id], moment.now)
        kinds = [EventKind.SESSION_RESIZED]
        if (state.places_left(session.id) or 0) < 0:
            kinds.append(EventKind.SESSION_OVERFULL)
        happened = tuple(Event(kind=kind, at=moment.now, session=session.id) for kind in kinds)
        return Ruling(state, Ref("session", session.id), happened)


class CancelSession(Command[Session]):
    """Cancel a session.

    Everyone with a place in it is moved to another session they said they can attend, or comes
    first on the waiting list; they and those who waited for it are told once.

    Args:
        session_id: which one.
        reason: a sentence for the members.
    """

    session_id: Slug
    reason: Text = ""

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Cancelled, with its people looked after in order of arrival."""
        del facts
        before = state.session(self.session_id)
        refuse_unbookable(before, moment.now)
        hoping = tuple(one.id for one in state.hoping(before.id))
        session = cancelled(state, before, self.reason, moment.now)
        offered = [one for one in state.hoping(before.id) if one.offer is not None and one.offer.session == before.id]
        state = displace(state.put(session), state.holders(session.id), moment.now)
        state = taken_back(state, offered, moment.now)
        happened = Event(kind=EventKind.SESSION_CANCELLED, at=moment.now, session=session.id)
        cause = Cause(NoticeKind.SESSION_CANCELLED, session, hoping)
        return Ruling(state, Ref("session", session.id), (happened,), cause)


def _refuse_past(session: Session, now: datetime) -> None:
    """No session is put at a time that is over."""
    if not session.is_open_at(now):
        raise NotPossible("session_begun", "That time is over already.")
