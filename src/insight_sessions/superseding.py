"""When a notice that nobody took yet is overtaken by the next one to the same person.

Nobody should get three mails about one place because a mail server was away for an hour. A notice
that was never claimed may be left out when a later one carries a calendar message of the same UID;
what is still news is taken over. A cancellation of something the person never heard of is not sent.

And nobody should read of a place that is held for them when it no longer is, nor twice of one answer.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from insight_sessions.domain.notices import Method, NoticeKind, Owed
from insight_sessions.domain.session import Slot
from insight_sessions.domain.state import ProjectState
from insight_sessions.domain.work import WorkStatus

_DECIDED: Final = {
    NoticeKind.WORK_SHORTLISTED: WorkStatus.SHORTLISTED,
    NoticeKind.WORK_PUBLISHED: WorkStatus.PUBLISHED,
    NoticeKind.WORK_DECLINED: WorkStatus.DECLINED,
}


def merged(first: Owed, later: Owed) -> Owed | None:
    """The later notice with what is still news of the first; None when both must go out.

    Args:
        first: a notice that its consumer never took.
        later: the next one in its stream, never taken either.
    """
    if first.registration != later.registration or later.method is None or first.about is not None:
        return None  # what was learned is news, wherever the place is by now
    if first.kind is NoticeKind.GIVE_UP_PLACE:
        # A question about a place that is another one by now, or gone, is no longer asked.
        return None if first.sequence == later.sequence else later
    if first.method is not None and first.address != later.address:
        return None  # they are for two calendars
    if later.method is Method.CANCEL:
        return _cancelled(first, later) if first.method is Method.REQUEST else None
    return _requested(first, later)


def _cancelled(first: Owed, later: Owed) -> Owed:
    """The place was given or moved, and is gone again before anybody was told."""
    if first.begins:
        return replace(later, method=None, previous=None, begins=True)  # whatever comes next is their first
    # What they had when they last heard of it, and why that is gone.
    gone, others = _gone(first, later)
    return replace(later, previous=first.previous or later.previous, cancelled=gone, others_cancelled=others)


def _requested(first: Owed, later: Owed) -> Owed:
    begins = first.begins or later.begins
    cancelled, others = _gone(later, first)
    if first.begins:
        kind, previous = NoticeKind.PLACE_CONFIRMED, None
    elif first.previous is None or later.slot is None:
        kind, previous = later.kind, later.previous
    elif first.previous.id != later.slot.id:
        kind, previous = NoticeKind.PLACE_MOVED, first.previous
    elif later.slot.has_shifted_from(first.previous):
        kind, previous = NoticeKind.CLOCKS_CHANGED, first.previous
    elif first.previous != later.slot:
        kind, previous = NoticeKind.SESSION_RESCHEDULED, first.previous
    else:
        kind, previous = NoticeKind.PLACE_CONFIRMED, None
    return replace(later, kind=kind, previous=previous, cancelled=cancelled, others_cancelled=others, begins=begins)


def _gone(foremost: Owed, other: Owed) -> tuple[Slot | None, tuple[Slot, ...]]:
    """The cancelled sessions that are still news: those of the one notice, or else of the other."""
    told = other if foremost.cancelled is None else foremost
    return told.cancelled, told.others_cancelled


def current(owed: Owed, state: ProjectState, now: datetime) -> Owed | None:
    """A notice as it can be sent now: without an offer that is over; None when it is about nothing else.

    Whatever ended the offer is told by a notice of its own, and so is an answer or a decision that took the place of
    another one. An address that was corrected is no news, nor is that of who was erased. Sessions that are open are no
    news once they are not, and nobody is reminded of what they do not have, or of what has begun.

    Args:
        owed: a notice that is about to be sent.
        state: the project as it is now.
        now: the present, in UTC.
    """
    if owed.kind is NoticeKind.FEEDBACK_ANSWERED:
        return owed if _is_answered(owed, state) else None
    if owed.kind is NoticeKind.ADDRESS_UNREACHABLE:
        bounce = state.bounces.get(owed.about or "")
        return owed if bounce is not None and bounce.at == owed.at else None
    if owed.kind in _SOON:
        return owed if _is_ahead(owed, state, now) else None
    if owed.opened:
        left = state.call.is_open and any(state.sessions[slot.id].is_open_at(now) for slot in owed.opened)
        return owed if left else None
    if owed.kind in _DECIDED:
        return owed if _is_decided(owed, state) else None
    if owed.offered is None:
        return owed
    registration = state.registrations.get(owed.registration)
    offer = None if registration is None else registration.offer
    if offer is not None and (offer.session, offer.until) == (owed.offered.id, owed.until) and now < offer.until:
        return owed
    return None if owed.kind is NoticeKind.PLACE_OFFERED else replace(owed, offered=None, until=None)


def _is_answered(owed: Owed, state: ProjectState) -> bool:
    """Whether the answer that a notice is about is still the one that is there."""
    feedback = state.feedback.get(owed.about or "")
    return feedback is not None and feedback.answered_at is not None and owed.at >= feedback.answered_at


_SOON: Final = frozenset({NoticeKind.REMINDER, NoticeKind.BELOW_MINIMUM})


def _is_ahead(owed: Owed, state: ProjectState, now: datetime) -> bool:
    """Whether a session is still to come, at the time that the notice says, for whom it is about."""
    session = None if owed.slot is None else state.sessions.get(owed.slot.id)
    if session is None or Slot.of(session) != owed.slot or not session.is_open_at(now):
        return False
    one = state.registrations.get(owed.registration)
    return not owed.registration or (one is not None and one.place == session.id)


def _is_decided(owed: Owed, state: ProjectState) -> bool:
    """Whether the decision about somebody's work that a notice is about is still the one that stands."""
    work = state.works.get(owed.about or "")
    stands = work is not None and _DECIDED[owed.kind] is work.status
    return stands and work is not None and work.decided_at is not None and owed.at >= work.decided_at
