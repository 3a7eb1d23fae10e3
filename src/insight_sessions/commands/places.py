"""What members do about a place, and what organisers decide about it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from itertools import chain
from typing import TYPE_CHECKING

from pydantic import field_validator

from insight_sessions.commands.base import Command, Facts, Ref, Ruling, SessionIds, refuse_cancelled
from insight_sessions.commands.filling import checked, fill, first_unclaimed, released, seated
from insight_sessions.domain.member import Member, Person
from insight_sessions.domain.project import Project
from insight_sessions.domain.registration import Answers, Decision, Reason, Registration
from insight_sessions.domain.session import Session, SessionStatus
from insight_sessions.errors import (
    LAPSED,
    MEMBERSHIP_CODES,
    NOT_A_MEMBER,
    AlreadyRegistered,
    CallNotOpen,
    NotEligible,
    NotPossible,
    Objection,
    SessionFull,
)
from insight_sessions.text import COPIED, Attributes, Labels, Line, Slug, Text
from insight_sessions.values import maker

if TYPE_CHECKING:
    from insight_sessions.domain.state import ProjectState
    from insight_sessions.runtime import Moment

_made = maker(Registration)

_GONE = {
    SessionStatus.CANCELLED: ("session_cancelled", "This session was cancelled."),
    SessionStatus.HELD: ("session_held", "This session has taken place."),
}


class RegisterInterest(Command[Registration]):
    """Register a member's interest in a project.

    Under ``first-come`` they get the first of their sessions that has a free place, or wait for any
    of them; under ``review`` and ``allocation`` their interest is received.

    Args:
        member: who; a `Member` is trusted, an id or an e-mail address is looked up.
        sessions: those they can attend, in order of preference.
        answers: to the project's questions, by question id.
        consents: the purposes they agree to, of those the project asks for.
    """

    member: Member | Line
    sessions: SessionIds
    answers: Attributes = Labels()
    consents: tuple[Slug, ...] = ()

    @field_validator("member")
    @classmethod
    def _whole(cls, who: Member | str) -> Member | str:
        # A copy of a member may have been changed without being checked.
        return Member.model_validate(vars(who), context=COPIED) if isinstance(who, Member) else who

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Refuse who may not; keep who they are and what they said; give a place if one is free."""
        project = state.definition
        if not project.call.is_open:
            raise CallNotOpen(project.call.message)
        wishes = self.sessions
        sessions = [state.session(session_id) for session_id in wishes]
        member = eligible(project, [session.starts.date() for session in sessions], facts)
        known = state.latest_of(facts.person)
        if known is not None and known.is_live:
            raise AlreadyRegistered(known.id)
        _refuse_when_none_is_open(sessions, moment.now)
        id = moment.mint("r-")
        before = state.people.get(facts.person)
        person = Person.of(member, facts.person) if before is None else before.corrected(member)
        state = state.put(person.with_past(facts.past))
        if self.answers or project.questions:
            state = state.put(_answers(project, id, facts.person, self.answers))
        if self.consents or project.consents:
            from insight_sessions.commands.consents import answered  # noqa: PLC0415 - most projects ask for none

            # Only who was here before has said something before, and to find it takes a look at all that was said.
            said = {} if before is None else state.consents_of(facts.person)
            for consent in answered(project, facts.person, self.consents, said, moment):
                state = state.put(consent)
        at_once = project.places == "first-come"
        if at_once:
            # Who could not be given it before, because the clock said that it had begun, was there first.
            state = fill(state, wishes, moment.now)
        free = first_unclaimed(state, facts.person, wishes, moment.now) if at_once else None
        registration = _made(
            id=id,
            project_id=project.id,
            person=facts.person,
            wishes=wishes,
            arrived=state.next_arrival,
            registered_at=moment.now,
            checked_at=facts.checked_at,
            decision=Decision.ACCEPTED if at_once else Decision.PENDING,
            place=free,
            stamped=None if free is None else moment.now,
            described=len(state.descriptions),
            organiser=len(state.organisers) - 1,
            address=person.address,
        )
        return Ruling(state.put(registration), Ref("registration", id))


def eligible(project: Project, dates: Iterable[date], facts: Facts) -> Member:
    """The member, when nothing speaks against them on at least one of some dates."""
    member = facts.member
    if member is None or (project.members_only and not member.active):
        raise NotEligible((NOT_A_MEMBER,), project.apply_url)
    days = [day for day in dates if member.is_member_on(day) or not project.members_only]
    if not days:
        raise NotEligible((LAPSED,), project.apply_url)
    # After the membership, so that a check says nothing to somebody who is told apart from a stranger by it.
    against = [project.against(member, facts.past, day) for day in days]
    if all(against):
        raise not_eligible(project, against)
    if facts.objections:
        raise NotEligible(facts.objections, project.apply_url)
    return member


def not_eligible(project: Project, against: Iterable[tuple[Objection, ...]]) -> NotEligible:
    """The refusal for what speaks against each session, said once; for the membership alone when it is about that."""
    found = tuple(dict.fromkeys(chain.from_iterable(against)))
    hidden = tuple(one for one in found if one.code in MEMBERSHIP_CODES)
    return NotEligible(hidden or found, project.apply_url)


def _refuse_when_none_is_open(sessions: list[Session], now: datetime) -> None:
    """At least one of the sessions must still lie ahead."""
    if not any(session.is_open_at(now) for session in sessions):
        refuse_unbookable(sessions[0], now)


def refuse_over(session: Session) -> None:
    """Nothing more can be done about a session that was held or cancelled."""
    if session.status in _GONE:
        raise NotPossible(*_GONE[session.status])


def refuse_unbookable(session: Session, now: datetime) -> None:
    """A place can only be given in a session that is scheduled and has not begun."""
    refuse_over(session)
    if not session.is_open_at(now):
        raise NotPossible("session_begun", "This session has begun.")


def _answers(project: Project, registration_id: str, person_id: str, given: Labels | dict[str, str]) -> Answers:
    asked = {question.id: question for question in project.questions}
    if given.keys() - asked.keys():
        raise NotPossible("unknown_question", "There is an answer to a question that was not asked.")
    for question in project.questions:
        answer = given.get(question.id)
        if answer is None and question.required:
            raise NotPossible("answer_missing", f"Please answer: {question.text}")
        if answer is not None and question.choices and answer not in question.choices:
            raise NotPossible("answer_unknown", f"Please choose one of the answers to: {question.text}")
    return Answers(registration=registration_id, person=person_id, answers=Labels(given))


class AmendAnswers(Command[Registration]):
    """Change what somebody answered.

    Args:
        registration_id: whose.
        answers: all of them, as they are now.
    """

    registration_id: str
    answers: Attributes

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """As given, checked as when they registered."""
        from insight_sessions.domain.events import Event, EventKind  # noqa: PLC0415 - only this rule needs it

        del facts
        registration = live(state, self.registration_id)
        state = state.put(_answers(state.definition, registration.id, registration.person, self.answers))
        happened = Event(
            kind=EventKind.ANSWERS_AMENDED,
            at=moment.now,
            registration=registration.id,
            person=registration.person,
        )
        return Ruling(state, Ref("registration", registration.id), (happened,))


def live(state: ProjectState, registration_id: str) -> Registration:
    """The registration of that id, which can still be changed."""
    registration = state.registration(registration_id)
    refuse_cancelled(state.definition)
    if not registration.is_live:
        raise NotPossible("withdrawn", "This registration was withdrawn.")
    return registration


def refuse_begun(state: ProjectState, registration: Registration, now: datetime) -> None:
    """Once the session they have a place in has begun, it is too late to change it."""
    if state.has_begun(registration, now):
        raise NotPossible("session_begun", "The session has begun, so the place can no longer be changed.")


class ConfirmPlace(Command[Registration]):
    """Decide that somebody has a place in a session.

    Args:
        registration_id: whose.
        session_id: one of the sessions they said they can attend.
    """

    registration_id: str
    session_id: Slug

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """A place in that session, if one is free; a place they had elsewhere goes to the next."""
        from insight_sessions.commands.difference import Cause  # noqa: PLC0415 - only this rule needs it
        from insight_sessions.domain.notices import NoticeKind  # noqa: PLC0415 - the same

        del facts
        registration = live(state, self.registration_id)
        session = state.session(self.session_id)
        refuse_unbookable(session, moment.now)
        refuse_begun(state, registration, moment.now)
        result = Ref("registration", registration.id)
        if registration.place == session.id and registration.decision is Decision.ACCEPTED:
            return Ruling(state, result)
        if session.id not in registration.wishes and session.id != registration.place:
            raise NotPossible("not_wished", "They did not say that they can attend this session.")
        against = state.against(registration.person, session)
        if against:
            raise not_eligible(state.definition, [against])
        if session.id not in registration.holds and not state.has_room(session):
            raise SessionFull(session.id)
        freed = [held for held in registration.holds if held != session.id]
        if registration.place == session.id:
            # They asked for another session, and stay where they are: they must hear of it.
            told = Cause(NoticeKind.PLACE_CONFIRMED, concerned=(registration.id,))
            wishes = tuple(dict.fromkeys((session.id, *registration.wishes)))
            state = state.put(seated(registration.but(wishes=wishes), session.id))
            return Ruling(fill(state, freed, moment.now), result, cause=told)
        state = state.put(seated(registration, session.id))
        return Ruling(fill(state, freed, moment.now), result)


class DeclineInterest(Command[Registration]):
    """Decide that somebody gets no place; a place they have goes to the next.

    Args:
        registration_id: whose.
        reason: for them to read.
    """

    registration_id: str
    reason: Text = ""

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Declined; a later `ConfirmPlace` can change that."""
        del facts
        registration = live(state, self.registration_id)
        if registration.decision is Decision.DECLINED:
            raise NotPossible("declined", "This registration was declined already.")
        return _released(state, registration, Decision.DECLINED, self.reason, moment)


class Withdraw(Command[Registration]):
    """Withdraw: give up the place, or stop waiting.

    Args:
        registration_id: whose.
        reason: for the organisers to read.
    """

    registration_id: str
    reason: Text = ""

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Withdrawn; the place goes to the first in line who can take it."""
        del facts
        registration = live(state, self.registration_id)
        if registration.decision is Decision.DECLINED:
            raise NotPossible("declined", "This registration was declined, so there is nothing to withdraw.")
        return _released(state, registration, Decision.WITHDRAWN, self.reason, moment)


def _released(
    state: ProjectState, registration: Registration, decision: Decision, reason: str, moment: Moment
) -> Ruling:
    refuse_begun(state, registration, moment.now)
    state = state.put(released(registration, decision))
    if reason or registration.id in state.reasons:
        state = state.put(Reason(registration=registration.id, person=registration.person, text=reason))
    return Ruling(fill(state, registration.holds, moment.now), Ref("registration", registration.id))


class SwitchSession(Command[Registration]):
    """Ask for another session, or say anew which ones one can attend.

    A place is kept until the new one is certain. Someone with a place who must wait for another
    joins the end of its line; someone who only waits keeps their number. To stop waiting for another, and keep the
    place, one names the session of that place first, or alone. An offer stands while its session is among
    those that they would rather have.

    Args:
        registration_id: whose.
        sessions: those they can attend now, in order of preference.
    """

    registration_id: str
    sessions: SessionIds

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Move at once if a preferred place is free, else keep the place and wait."""
        registration = live(state, self.registration_id)
        if registration.decision is Decision.DECLINED:
            raise NotPossible("declined", "This registration was declined.")
        wishes = self.sessions
        sessions = [state.session(session_id) for session_id in wishes]
        refuse_begun(state, registration, moment.now)
        if facts.objections:
            raise NotEligible(facts.objections, state.definition.apply_url)
        state = checked(state, registration, facts)
        if state.definition.places == "first-come":
            state = fill(state, wishes, moment.now)
        registration = state.registration(registration.id)
        against = [state.against(registration.person, session) for session in sessions]
        if all(against):
            raise not_eligible(state.definition, against)
        _refuse_when_none_is_open(sessions, moment.now)
        result = Ref("registration", registration.id)
        asked, given_up = _asked(registration, wishes)
        preferred = asked.preferred
        if state.definition.places != "first-come":
            # Who was accepted before and lost the place needs no decision again.
            state = fill(state.put(_for_review(asked, preferred)), [*given_up, *wishes], moment.now)
            return Ruling(state, result)
        free = first_unclaimed(state, asked.person, preferred, moment.now)
        if free is None:
            state = state.put(_in_line(state, registration, asked, preferred, moment.now))
            return Ruling(fill(state, given_up, moment.now), result)
        state = state.put(seated(asked, free))
        freed = [held for held in registration.holds if held != free]
        return Ruling(fill(state, freed, moment.now), result)


def _asked(registration: Registration, wishes: tuple[str, ...]) -> tuple[Registration, list[str]]:
    """The registration with other wishes, and the session of an offer that they give up by that."""
    asked = registration.but(wishes=wishes, switching=False)
    if asked.offer is None or asked.offer.session in asked.preferred:
        return asked, []
    return asked.but(offer=None), [asked.offer.session]


def _for_review(asked: Registration, preferred: tuple[str, ...]) -> Registration:
    """Under a policy where somebody decides: noted, and the place is kept."""
    if asked.place is None:
        return asked
    return asked.but(switching=bool(preferred), decision=Decision.PENDING if preferred else Decision.ACCEPTED)


def _in_line(
    state: ProjectState, before: Registration, asked: Registration, preferred: tuple[str, ...], now: datetime
) -> Registration:
    """The registration, waiting for what it asks; at the end of the line when it has a place."""
    ahead = any(state.session(session_id).is_open_at(now) for session_id in preferred)
    if asked.place is None or not ahead:
        return asked
    if before.switching:
        return asked.but(switching=True)
    return asked.but(switching=True, arrived=state.next_arrival)
