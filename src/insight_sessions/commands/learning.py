"""Sharing what came out of the sessions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from insight_sessions.commands.base import Command, Facts, Ref, Ruling
from insight_sessions.commands.difference import Cause
from insight_sessions.commands.joining import MOST_TOLD
from insight_sessions.commands.owing import AT_ONCE, owed_to
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.learning import Audience, SharedWriteUp, WriteUp, newest
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.session import SessionStatus
from insight_sessions.errors import NotPossible

if TYPE_CHECKING:
    from insight_sessions.domain.registration import Registration
    from insight_sessions.domain.state import ProjectState
    from insight_sessions.runtime import Moment

_FOR_FOLLOWERS: Final = frozenset({Audience.FOLLOWERS, Audience.PUBLIC})


class ShareWriteUp(Command[SharedWriteUp]):
    """Share what came out of the sessions, or a new version of it, with those it is for.

    Each person gets one notice of each version. The same once more changes nothing and tells nobody.

    Args:
        write_up: what is shared, with whom, and until when feedback is welcome.
    """

    write_up: WriteUp

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Kept beside the versions before, once a session was held."""
        del facts
        given = self.write_up
        _refuse_unheld(state, given.sessions)
        known = newest(state.write_ups.values(), given.id)
        shared = _shared(given, known, moment.now)
        if known is not None and known.content == shared.content:
            return Ruling(state, Ref("write_up", known.key))
        if given.feedback_until is not None and not shared.is_open_at(moment.now):
            raise NotPossible("feedback_over", "The time for feedback would be over already.")
        if shared.audience is Audience.ATTENDED and not any(_readers(state, shared)):
            raise NotPossible("nobody_attended", "Nobody is recorded as having attended. Please record who came first.")
        if known is not None and known.reached is not None:
            state = state.put(replace(known, reached=None))  # whoever was not told of it yet is told of this one
        happened = Event(kind=EventKind.WRITE_UP_SHARED, at=moment.now, about=shared.key)
        return _tell(state, shared, (happened,), moment)


class TellMore(Command[SharedWriteUp]):
    """Tell more people of a write-up; time itself does this, some hundred people in a step.

    Args:
        write_up: the version's key.
    """

    write_up: str

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Those who are still to be told."""
        del facts
        return _tell(state, state.write_ups[self.write_up], (), moment)


def _refuse_unheld(state: ProjectState, about: Sequence[str]) -> None:
    """There is something to write about once a session was held: each that is named, or at least one."""
    sessions = [state.session(id) for id in about]
    held = [one for one in sessions or state.project.sessions if one.status is SessionStatus.HELD]
    if not held or len(held) < len(sessions):
        raise NotPossible("session_not_held", "There is a write-up only of sessions that have taken place.")


def _shared(given: WriteUp, known: SharedWriteUp | None, now: datetime) -> SharedWriteUp:
    """The next version of a write-up."""
    until = given.feedback_until
    if isinstance(until, int):
        until = now + timedelta(days=until)
    elif until is not None:
        until = until.astimezone(UTC)
    return SharedWriteUp(
        id=given.id,
        version=1 if known is None else known.version + 1,
        title=given.title,
        text=given.text,
        link=given.link,
        sessions=tuple(sorted(set(given.sessions))),
        audience=given.audience,
        shared_at=now,
        feedback_until=known.feedback_until if until is None and known is not None else until,
    )


def _readers(state: ProjectState, shared: SharedWriteUp) -> Iterator[Registration]:
    """The newest registration of each person in the audience."""
    newest_ones = (state.registrations[id] for id in state.latest.values())
    return (one for one in newest_ones if shared.is_for(one))


def _followers(state: ProjectState, shared: SharedWriteUp, readers: Iterable[Registration]) -> Iterator[str]:
    """The ids of those who follow the project and get a version as nobody else."""
    if shared.audience not in _FOR_FOLLOWERS:
        return
    known = {state.people[one.person].email.lower() for one in readers}
    yield from (one.id for one in state.following.confirmed if one.email.lower() not in known)


def _tell(state: ProjectState, shared: SharedWriteUp, events: tuple[Event, ...], moment: Moment) -> Ruling:
    """Tell people of a version, so many at once, each only once."""
    readers = {one.person: one for one in _readers(state, shared)}
    # By our ids of them, for these never change: the number of arrival does, when somebody switches in between.
    people = sorted([*readers, *_followers(state, shared, readers.values())])
    left = [id for id in people if id > (shared.reached or "")]
    told = left[:MOST_TOLD]
    reached = told[-1] if len(left) > len(told) else None
    concerned = tuple(readers[id].id for id in told if id in readers)
    cause = Cause(NoticeKind.WRITE_UP, concerned=concerned, about=shared.key)
    owed = tuple(owed_to(state, moment, NoticeKind.WRITE_UP, id) for id in told if id not in readers)
    state = state.put(replace(shared, reached=reached))
    notices = tuple(replace(one, about=shared.key) for one in owed)
    return Ruling(state, Ref("write_up", shared.key), events, cause, notices)


def tellings(state: ProjectState) -> Iterator[tuple[datetime, str]]:
    """When more people are to be told of a version, and of which."""
    for one in state.write_ups.values():
        if one.reached is not None:
            yield AT_ONCE, one.key
