"""What must hold of who came: it is as it was recorded last, and the journal says what it was before."""

from typing import Any

from insight_sessions.commands.attendance import RecordAttendance
from insight_sessions.commands.base import Command
from insight_sessions.commands.deciding import Decided
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.registration import Attendance
from insight_sessions.domain.state import ProjectState
from insight_sessions.testing.world import expect


def check_recorded(before: ProjectState, command: Command[Any], decided: Decided) -> None:
    """A record does what it says, and every change of it leaves a trail."""
    if isinstance(command, RecordAttendance):
        for id, mark in command.attendance.items():
            said = None if mark == "unset" else Attendance(mark)
            known = before.registrations[id].attendance
            expect(decided.state.registrations[id].attendance is said, "attendance is as it was recorded last", id)
            trail = [
                (event.corrected, event.attendance)
                for event in decided.events
                if event.kind is EventKind.ATTENDANCE_RECORDED and event.registration == id
            ]
            expect(trail == ([] if known is said else [(known, said)]), "a correction leaves a trail", id)
