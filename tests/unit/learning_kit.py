"""Builders for what comes after the sessions."""

from typing import Any

import pytest

from insight_sessions import NotPossible, ShareWriteUp, WriteUp
from insight_sessions.commands.attendance import RecordAttendance
from insight_sessions.commands.deciding import pass_time
from insight_sessions.commands.passing import LetTimePass
from insight_sessions.commands.places import Withdraw
from insight_sessions.runtime import Moment

from .desk_kit import P, Rehearsal, project, session

TEXT = "Waiting is work."
LINK = "https://example.org/what-we-heard"


def write_up(**more: Any) -> WriteUp:  # noqa: ANN401 - whatever is tried
    """What came out of it."""
    return WriteUp(**{"title": "What we heard", "text": TEXT, **more})


def share(**more: Any) -> ShareWriteUp:  # noqa: ANN401 - whatever is tried
    """Share it."""
    return ShareWriteUp(project_id=P, write_up=write_up(**more))


def after(*who: str, **came: str) -> Rehearsal:
    """Monday and Tuesday are over: ada and ben had a place on Monday, cat on Tuesday, dan in none, and eve withdrew."""
    sessions = session("mon", capacity=2), session("tue", capacity=1), session("thu", capacity=1)
    room = Rehearsal(project(*sessions))
    for one in who or ("ada", "ben", "cat", "dan", "eve"):
        room.register(one, {"cat": "tue"}.get(one, "mon"))
    if not who:
        room.do(Withdraw(project_id=P, registration_id=room.of("eve").id))
    room.now = room.state.session("tue").ends
    room.do(LetTimePass(project_id=P))
    if came:
        marks: dict[str, Any] = {room.of(one).id: mark for one, mark in came.items()}
        room.do(RecordAttendance(project_id=P, session_id="mon", attendance=marks))
    return room


def passes(room: Rehearsal) -> list[str]:
    """Let time pass as the writer does; who is told something by it."""
    told: list[str] = []
    for _, decided in pass_time(room.state, Moment(room.now, room.mint)):
        told += [room.state.people[owed.person].member_id for owed in decided.notices]
        room.state = decided.state
    return told


def refused(room: Rehearsal, command: Any) -> str:  # noqa: ANN401 - any command
    """Why a command is refused."""
    before = room.state
    with pytest.raises(NotPossible) as caught:
        room.do(command)
    assert room.state is before
    return caught.value.reason
