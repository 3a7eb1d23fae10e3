"""Recording who came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import AfterValidator, Field

from insight_sessions.commands.base import Command, Facts, Ref, Ruling
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.registration import Attendance
from insight_sessions.domain.session import Session, SessionStatus
from insight_sessions.errors import NotPossible
from insight_sessions.text import OpaqueId, Slug, labels

if TYPE_CHECKING:
    from insight_sessions.domain.state import ProjectState
    from insight_sessions.runtime import Moment

MOST_RECORDED: Final = 1_000

Marks = Annotated[
    Mapping[OpaqueId, Attendance | Literal["unset"]],
    Field(min_length=1, max_length=MOST_RECORDED),
    AfterValidator(labels),
]
"""What became of people on the day, by registration; ``unset`` takes back what was recorded."""


class RecordAttendance(Command[Session]):
    """Record who came to a session, or correct what was recorded; nobody is told.

    Each change is an event of its own, with what was recorded before. Rules of eligibility count absences.

    Args:
        session_id: which one; it must have begun.
        attendance: by registration id, of people with a place in it, at most 1,000 at once: ``attended``, ``excused``,
            ``late_cancel``, ``absent``, ``turned_away``, or ``unset`` to take back what was recorded.
    """

    session_id: Slug
    attendance: Marks

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            project_id: str,
            session_id: str,
            attendance: Mapping[str, str],
            id: str | None = None,
            by: str | None = None,
        ) -> None:
            """What became of people may be named by its text."""

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """As recorded, or nothing at all."""
        del facts
        session = state.session(self.session_id)
        if session.status is SessionStatus.CANCELLED:
            raise NotPossible("session_cancelled", "This session was cancelled.")
        if session.is_open_at(moment.now):
            raise NotPossible("session_not_begun", "This session has not begun, so nobody was there yet.")
        happened: list[Event] = []
        for id, mark in self.attendance.items():
            one = state.registration(id)
            if one.place != session.id:
                raise NotPossible("no_place_there", "Attendance was given for somebody without a place in the session.")
            now = None if mark == "unset" else Attendance(mark)
            if now is one.attendance:
                continue
            state = state.put(one.but(attendance=now))
            event = Event(
                kind=EventKind.ATTENDANCE_RECORDED,
                at=moment.now,
                registration=one.id,
                person=one.person,
                session=session.id,
                attendance=now,
                corrected=one.attendance,
            )
            happened.append(event)
        return Ruling(state, Ref("session", session.id), tuple(happened))
