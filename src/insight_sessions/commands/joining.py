"""Telling people how to join their session."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final, Self

from pydantic import Field, model_validator

from insight_sessions.commands.base import Command, Facts, Ref, Ruling
from insight_sessions.commands.difference import Cause
from insight_sessions.commands.places import refuse_over
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.joining import Joining
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.session import Session, SessionStatus
from insight_sessions.text import Slug, Text, Url

if TYPE_CHECKING:
    from insight_sessions.domain.state import ProjectState
    from insight_sessions.runtime import Moment

MOST_HOURS_BEFORE: Final = 90 * 24

MOST_TOLD: Final = 500
"""How many people are told in one step, so that a large session does not hold its project for long."""


class ReleaseJoiningDetails(Command[Session]):
    """Tell those with a place in a session how to join it, now or some hours before it begins.

    Each gets one notice, and an update of their invite with the link in it. Who gets a place later gets the link
    with it. Nobody else sees it, and no public file or feed holds it. Details that were released are replaced at once.

    Args:
        session_id: which one.
        link: the address of the meeting.
        text: what else they need to know.
        hours_before: how long before the session; now when not given.

    Raises:
        pydantic.ValidationError: there is neither a link nor a text.
    """

    session_id: Slug
    link: Url | None = None
    text: Text = ""
    hours_before: Annotated[int, Field(strict=True, ge=0, le=MOST_HOURS_BEFORE)] | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.link is None and not self.text.strip():
            raise ValueError("there must be a link or a text")
        return self

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Kept, and released when it is time."""
        del facts
        session = state.session(self.session_id)
        refuse_over(session)
        known = state.joining.get(session.id)
        joining = Joining(session=session.id, link=self.link, text=self.text, hours_before=self.hours_before)
        result = Ref("session", session.id)
        if known == joining or (known is not None and known.released and known.words == joining.words):
            return Ruling(state, result)
        was_released = known is not None and known.released is not None
        later = self.hours_before is not None and moment.now < session.begins - timedelta(hours=self.hours_before)
        if was_released or not later:
            return release(state, session, joining, moment.now)
        happened = Event(kind=EventKind.JOINING_PLANNED, at=moment.now, session=session.id)
        return Ruling(state.put(joining), result, (happened,))


class ReleaseDue(Command[Session]):
    """Release the joining details whose time has come; time itself does this, some hundred people in a step."""

    session_id: Slug

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """To everybody, or to those who are still to be told."""
        del facts
        return release(state, state.session(self.session_id), state.joining[self.session_id], moment.now)


def release(state: ProjectState, session: Session, joining: Joining, now: datetime) -> Ruling:
    """Tell people with a place in a session how to join it, in order of arrival and so many at once."""
    result = Ref("session", session.id)
    left = [one for one in state.holders(session.id) if one.arrived > (joining.reached or 0)]
    told = left[:MOST_TOLD]
    reached = told[-1].arrived if len(left) > len(told) else None
    state = state.put(replace(joining, released=joining.released or now, reached=reached))
    cause = Cause(NoticeKind.JOINING_DETAILS, session, tuple(one.id for one in told))
    happened = Event(kind=EventKind.JOINING_RELEASED, at=now, session=session.id)
    return Ruling(state, result, () if joining.released else (happened,), cause)


def releases(state: ProjectState) -> Iterator[tuple[datetime, str]]:
    """When joining details are due, and of which session."""
    for joining in state.joining.values():
        session = state.sessions[joining.session]
        due = joining.due(session) if session.status is SessionStatus.SCHEDULED else None
        if due is not None:
            yield due, session.id
