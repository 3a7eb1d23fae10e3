"""Telling those who follow a project of news and of sessions that opened, some hundred people in a step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pydantic import field_validator

from insight_sessions.commands.base import Command, Facts, Ref, Ruling
from insight_sessions.commands.owing import owed_to
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.following import Follower, News, Opening, Update
from insight_sessions.domain.notices import NoticeKind, Owed
from insight_sessions.domain.project import Project
from insight_sessions.domain.session import Slot
from insight_sessions.text import Line, Text

if TYPE_CHECKING:
    from insight_sessions.domain.state import ProjectState
    from insight_sessions.runtime import Moment

MOST_TOLD: Final = 500
"""How many people are told in one step, so that many followers do not hold their project for long."""


class PostUpdate(Command[Update]):
    """Tell those who follow the project some news, each once.

    Args:
        title: one line.
        text: what it says.

    Raises:
        pydantic.ValidationError: there is nothing in it.
    """

    title: Line
    text: Text

    @field_validator("text")
    @classmethod
    def _something(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("there must be a text")
        return text

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Kept, and told to those who follow by now."""
        del facts
        if state.announced is None:
            raise state.missing("update", "")
        end = state.journal_end
        update = Update(id=moment.mint("u-"), title=self.title, text=self.text, at=moment.now, until=end)
        happened = Event(kind=EventKind.UPDATE_POSTED, at=moment.now, about=update.id)
        state, notices = _told(state, update, moment)
        return Ruling(state, Ref("update", update.id), (happened,), notices=notices)


class TellDue(Command[Project]):
    """Go on telling news to those who are still to be told; time itself does this."""

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """The earliest news first."""
        del facts
        news = state.following.unfinished
        result = Ref("project", state.project_id)
        if news is None:
            return Ruling(state, result)
        state, notices = _told(state, news, moment)
        return Ruling(state, result, notices=notices)


def told_of_opening(state: ProjectState, moment: Moment) -> tuple[ProjectState, tuple[Owed, ...]]:
    """Tell followers of the sessions that are open now, and of which they were not told before."""
    if not state.call.is_open or not any(one.is_confirmed for one in state.followers.values()):
        return state, ()
    known = {id for one in state.following.openings.values() for id in one.sessions}
    fresh = tuple(one.id for one in state.in_order() if one.is_open_at(moment.now) and one.id not in known)
    if not fresh:
        return state, ()
    return _told(state, Opening(id=moment.mint("o-"), sessions=fresh, until=state.journal_end), moment)


def _told(state: ProjectState, news: News, moment: Moment) -> tuple[ProjectState, tuple[Owed, ...]]:
    """The next people in the order of their ids, which are theirs for good, and so many at once."""
    audience = _of_opening(state, news, moment) if isinstance(news, Opening) else _followers(state, news)
    left = sorted((one for one in audience if one.id > (news.reached or "")), key=lambda one: one.id)
    told = left[:MOST_TOLD]
    reached = told[-1].id if len(left) > len(told) else None
    notices = tuple(_notice(state, news, one, moment) for one in told)
    return state.put(replace(news, reached=reached)), notices


def _of_opening(state: ProjectState, opening: Opening, moment: Moment) -> Iterator[Follower]:
    """Who is to hear of sessions that opened, as long as they are open: who did not register, and may be a member."""
    if not _slots(state, opening, moment):
        return
    registered = {state.people[one.person].email.lower() for one in state.registrations.values() if one.is_live}
    members_only = state.definition.members_only
    for one in _followers(state, opening):
        if one.email.lower() not in registered and not (members_only and one.member is False):
            yield one


def _followers(state: ProjectState, news: News) -> Iterator[Follower]:
    """Who had confirmed when the news came, and did not leave since."""
    return (one for one in state.followers.values() if one.is_confirmed and one.number <= news.until)


def _slots(state: ProjectState, opening: Opening, moment: Moment) -> tuple[Slot, ...]:
    """The sessions that are still open."""
    if not state.call.is_open:
        return ()
    return tuple(state.slots[id] for id in opening.sessions if state.sessions[id].is_open_at(moment.now))


def _notice(state: ProjectState, news: News, one: Follower, moment: Moment) -> Owed:
    if isinstance(news, Opening):
        owed = owed_to(state, moment, NoticeKind.SESSION_OPEN, one.id)
        return replace(owed, opened=_slots(state, news, moment))
    return replace(owed_to(state, moment, NoticeKind.UPDATE, one.id), about=news.id)
