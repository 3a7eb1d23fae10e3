"""Saying what one thinks of a write-up, and answering that."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from insight_sessions.commands.base import Command, Facts, Ref, Ruling
from insight_sessions.commands.difference import Cause
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.learning import Feedback, SharedWriteUp, newest
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.errors import NotFound, NotPossible
from insight_sessions.text import Said, Slug

if TYPE_CHECKING:
    from insight_sessions.domain.registration import Registration
    from insight_sessions.domain.state import ProjectState
    from insight_sessions.runtime import Moment


class GiveFeedback(Command[Feedback]):
    """Say what one thinks of a write-up, or change what one said.

    There is one feedback for each registration and write-up, and the last words count. They can be changed until the
    time for it is over; an answer to other words is gone with them. The consent to be quoted can be taken back at any
    time, by the same words without it.

    Args:
        registration_id: whose.
        text: their words.
        may_quote: whether they agree to be quoted, without their name.
        write_up: the id of the write-up; that which was shared last when not given.
    """

    registration_id: str
    text: Said
    may_quote: bool = False
    write_up: Slug | None = None

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Kept while it is welcome, from those whom the write-up is for."""
        del facts
        registration = state.registration(self.registration_id)
        about = _about(state, self.write_up)
        id = Feedback.id_of(registration.id, about.id)
        known = state.feedback.get(id)
        same = known if known is not None and known.text == self.text else None
        result = Ref("feedback", id)
        if same is not None and same.may_quote == self.may_quote:
            return Ruling(state, result)
        if same is None or self.may_quote:  # to take a consent back is never too late
            _refuse_unasked(about, registration, moment.now)
        given = Feedback(
            id=id,
            registration=registration.id,
            person=registration.person,
            write_up=about.id,
            version=about.version,
            text=self.text,
            may_quote=self.may_quote,
            given_at=moment.now,
        )
        given = given if same is None else replace(same, may_quote=self.may_quote)
        return Ruling(state.put(given), result, (_happened(EventKind.FEEDBACK_GIVEN, given, moment.now),))


class AnswerFeedback(Command[Feedback]):
    """Answer what somebody said about a write-up; they are told of it.

    Another answer takes the place of the first, and they are told again.

    Args:
        feedback_id: which.
        text: what the organisers say to it, or did about it.
    """

    feedback_id: str
    text: Said

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Kept with what they said."""
        del facts
        known = state.one_of(state.feedback, "feedback", self.feedback_id)
        result = Ref("feedback", known.id)
        if known.answer == self.text:
            return Ruling(state, result)
        state = state.put(replace(known, answer=self.text, answered_at=moment.now))
        cause = Cause(NoticeKind.FEEDBACK_ANSWERED, concerned=(known.registration,), about=known.id)
        return Ruling(state, result, (_happened(EventKind.FEEDBACK_ANSWERED, known, moment.now),), cause)


def _about(state: ProjectState, id: str | None) -> SharedWriteUp:
    """The write-up that somebody speaks of."""
    found = newest(state.write_ups.values(), id)
    if found is not None:
        return found
    if id is not None:
        raise NotFound("write_up", id)
    raise NotPossible("no_write_up", "There is no write-up yet that feedback could be about.")


def _refuse_unasked(about: SharedWriteUp, registration: Registration, now: datetime) -> None:
    """Feedback is welcome for a time, if at all, from readers."""
    if not about.is_for(registration):
        raise NotPossible("not_for_them", "This write-up is for other people.")
    if about.feedback_until is None:
        raise NotPossible("feedback_not_asked", "We do not ask for feedback on this write-up.")
    if not about.is_open_at(now):
        raise NotPossible("feedback_closed", "The time for feedback on this write-up is over.")


def _happened(kind: EventKind, feedback: Feedback, now: datetime) -> Event:
    return Event(kind=kind, at=now, registration=feedback.registration, person=feedback.person, about=feedback.id)
