"""Offers: a place that is held for somebody until a moment, and what becomes of it."""

from collections.abc import Iterable
from datetime import datetime

from insight_sessions.commands.base import Command, Facts, Ref, Ruling
from insight_sessions.commands.difference import Cause
from insight_sessions.commands.filling import fill, offered, released, seated, taken_back
from insight_sessions.commands.places import live, not_eligible, refuse_begun, refuse_unbookable
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.offering import LapsePolicy, cut_off, deadline
from insight_sessions.domain.registration import Decision, Offer, Registration
from insight_sessions.domain.session import Session
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import NotPossible, SessionFull
from insight_sessions.runtime import Moment
from insight_sessions.text import Slug


class OfferPlace(Command[Registration]):
    """Hold a place in a session for somebody until they answer, or until the deadline.

    It is a decision: under ``review``, who refuses or does not answer waits for their other sessions from then on.

    Args:
        registration_id: whose.
        session_id: one of the sessions they said they can attend.
    """

    registration_id: str
    session_id: Slug

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Held, if a place is free; what was held for them elsewhere goes to the next."""
        del facts
        registration = live(state, self.registration_id)
        session = state.session(self.session_id)
        refuse_unbookable(session, moment.now)
        refuse_begun(state, registration, moment.now)
        result = Ref("registration", registration.id)
        if registration.offer is not None and registration.offer.session == session.id:
            return Ruling(state, result)
        if registration.place == session.id:
            raise NotPossible("has_place", "They have a place in this session already.")
        if session.id not in registration.wishes:
            raise NotPossible("not_wished", "They did not say that they can attend this session.")
        against = state.against(registration.person, session)
        if against:
            raise not_eligible(state.definition, [against])
        if not state.has_room(session):
            raise SessionFull(session.id)
        until = deadline(state.definition, session, moment.now, _place(state, registration))
        if until is None:
            raise NotPossible("too_late_to_offer", "It is too late to offer this place; it can be given at once.")
        freed = [] if registration.offer is None else [registration.offer.session]
        state = state.put(offered(registration, session.id, until))
        return Ruling(fill(state, freed, moment.now), result)


class AcceptOffer(Command[Registration]):
    """Take the place that is offered; a place they had elsewhere goes to the next.

    Args:
        registration_id: whose.
        session_id: which session they mean, so that they never answer another offer; the one they have when not given.
    """

    registration_id: str
    session_id: Slug | None = None

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Theirs, if they are in time."""
        del facts
        registration = live(state, self.registration_id)
        offer = _open(registration, moment.now, self.session_id)
        session = state.session(offer.session)
        refuse_unbookable(session, moment.now)
        refuse_begun(state, registration, moment.now)
        against = state.against(registration.person, session)
        if against:
            raise not_eligible(state.definition, [against])
        freed = [] if registration.place is None else [registration.place]
        state = state.put(seated(registration, session.id))
        return Ruling(fill(state, freed, moment.now), Ref("registration", registration.id))


class RefuseOffer(Command[Registration]):
    """Say no to the place that is offered, and to its session; a place they have stays theirs.

    They go on waiting for their other sessions, with their number. Who waits for no other is withdrawn.

    Args:
        registration_id: whose.
        session_id: which session they mean, so that they never answer another offer; the one they have when not given.
    """

    registration_id: str
    session_id: Slug | None = None

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """The place goes to the first in line who can take it."""
        del facts
        registration = live(state, self.registration_id)
        offer = _open(registration, moment.now, self.session_id)
        wishes = tuple(wish for wish in registration.wishes if wish != offer.session)
        if registration.place is not None:
            after = registration.but(offer=None, wishes=wishes or (registration.place,))
            after = after.but(switching=after.switching and bool(after.preferred))
        elif wishes:
            after = registration.but(offer=None, wishes=wishes)
        else:
            after = released(registration, Decision.WITHDRAWN)
        state = fill(state.put(after), [offer.session, *after.waits_for], moment.now)
        cause = Cause(NoticeKind.OFFER_REFUSED)
        return Ruling(state, Ref("registration", registration.id), cause=cause)


def _open(registration: Registration, now: datetime, session_id: str | None = None) -> Offer:
    """The offer that somebody can still answer, of that session if they name one."""
    offer = registration.offer
    if offer is None or offer.until <= now or session_id not in (None, offer.session):
        raise NotPossible("no_offer", "No place is held for this registration; an offer ends at its deadline.")
    return offer


def _place(state: ProjectState, registration: Registration) -> Session | None:
    """The session that somebody would leave."""
    return None if registration.place is None else state.session(registration.place)


def lapse(state: ProjectState, late: Iterable[Registration], now: datetime) -> ProjectState:
    """End the offers that nobody answered in time; the places go to the next in line."""
    again: list[str] = []
    for one in late:
        after = _lapsed(state, one, state.definition.offers.on_lapse)
        state = state.put(after)
        again += (*one.holds[-1:], *after.waits_for)
    return fill(state, again, now)


def _lapsed(state: ProjectState, one: Registration, policy: LapsePolicy) -> Registration:
    """Somebody who did not answer: at the end of the line, or out of it, and in the place that they have."""
    if policy == "requeue":
        back = one.but(offer=None, displaced=False)
        return back.but(arrived=state.next_arrival) if back.waits_for else back
    return released(one, Decision.WITHDRAWN) if one.place is None else one.but(offer=None, switching=False)


def follow(state: ProjectState, moved: Iterable[str], now: datetime) -> ProjectState:
    """Keep the offers that sessions concern which are at another time now, as far as that can be.

    An offer that would go beyond the new cut-off ends sooner, and one for which it is too late is taken back.
    """
    sessions = set(moved)
    ended: list[Registration] = []
    for one in list(state.registrations.values()):
        if one.offer is None or sessions.isdisjoint(one.holds):
            continue
        session, place = state.session(one.offer.session), _place(state, one)
        until: datetime | None = one.offer.until
        if one.offer.until > cut_off(state.definition, session, place):
            until = deadline(state.definition, session, now, place)
        if until is None or not state.may_take(one.person, session):
            ended.append(one)
        elif until != one.offer.until:
            state = state.put(one.but(offer=Offer(session.id, until)))
    return taken_back(state, sorted(ended, key=lambda one: one.arrived), now)
