"""What a ruling means for each person: what they are told, and how their invite moves on.

Worked out by comparing each registration before and after, so everybody concerned gets exactly one
notice per command, however long the chain of moves behind it was.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.notices import Method, NoticeKind, Owed, message_id
from insight_sessions.domain.registration import Decision, Offer, Registration, Status
from insight_sessions.domain.session import Session, Slot
from insight_sessions.domain.state import ProjectState
from insight_sessions.runtime import Moment
from insight_sessions.values import maker


@dataclass(frozen=True, slots=True)
class Cause:
    """Why registrations changed that the command did not name.

    Args:
        kind: what people are told when they lose a place by it.
        session: the session that was cancelled or moved.
        concerned: registrations to tell although nothing of theirs changed.
        others: more sessions that were cancelled with it.
        about: the id of what those who are told of it are told about.
    """

    kind: NoticeKind
    session: Session | None = None
    concerned: tuple[str, ...] | frozenset[str] = ()
    others: tuple[Session, ...] = ()
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked for what, as every event of a command says it."""

    project_id: str
    command: str | None
    by: str | None

    def numbered(self, event: Event, number: int) -> Event:
        """An event of a rule, with its place in the journal."""
        return replace(event, number=number, project_id=self.project_id, command=self.command, by=self.by)


_event = maker(Event)
_owed = maker(Owed)

_WELCOME: Final = {
    Status.CONFIRMED: NoticeKind.PLACE_CONFIRMED,
    Status.OFFERED: NoticeKind.PLACE_OFFERED,
    Status.WAITING: NoticeKind.WAITING,
    Status.INTERESTED: NoticeKind.INTEREST_RECEIVED,
}

_FAREWELL: Final = {
    Decision.WITHDRAWN: (NoticeKind.WITHDRAWN, EventKind.WITHDRAWN),
    Decision.DECLINED: (NoticeKind.DECLINED, EventKind.DECLINED),
}

_ENDED: Final = {
    NoticeKind.OFFER_LAPSED: EventKind.OFFER_LAPSED,
    NoticeKind.OFFER_REFUSED: EventKind.OFFER_REFUSED,
}
"""How an offer ends by itself, and not by something greater."""

_SAME_REVISION: Final = frozenset({NoticeKind.DETAILS_CHANGED, NoticeKind.JOINING_DETAILS, NoticeKind.ANSWER_AGAIN})
"""What comes with the same invite once more: the same time, with other words or another question."""


_A_MOMENT: Final = timedelta(seconds=1)
"""As exact as the DTSTAMP of a calendar message is."""


class Difference:
    """One registration before and after a ruling.

    Args:
        before: as it was; None when it is new.
        after: as it is now.
        old: when and where their place was, if they had one.
        new: when and where their place is, if they have one.
        cause: why registrations changed that the command did not name.
    """

    __slots__ = (
        *("after", "before", "cause", "ended", "event", "former", "left", "made", "method", "moved", "new", "notice"),
        "old",
    )

    def __init__(
        self, before: Registration | None, after: Registration, old: Slot | None, new: Slot | None, cause: Cause | None
    ) -> None:
        self.before = before
        self.after = after
        self.old = old
        self.new = new
        self.cause = cause
        self.left: str | None
        self.former: int | None
        self.event: EventKind | None
        self.notice: NoticeKind | None
        self.method: Method | None
        if before is None:  # nothing was theirs before, and they are told how it stands
            self.left = self.former = self.ended = None
            self.moved, self.made = False, after.offer
            self.event, self.notice = EventKind.REGISTERED, _WELCOME[after.status]
            self.method = None if new is None else Method.REQUEST
            return
        self.left = old.id if old is not None and old.id != after.place else None
        self.moved = old is not None and new is not None and _when(old) != _when(new)
        self.former = self._former(before)
        self.made, self.ended = self._offers(before)
        self.event = self._event(before)
        self.notice = self._notice(before)
        self.method = self._method()

    def _former(self, before: Registration) -> int | None:
        """The number of the address that their entry moves away from, if it does."""
        keeps = self.old is not None and self.new is not None
        return before.address if keeps and before.address != self.after.address else None

    def _offers(self, before: Registration) -> tuple[Offer | None, Offer | None]:
        """The offer they got, and the one that ended without their taking it."""
        old, new = before.offer, self.after.offer
        if old == new:
            return None, None
        if old is None or (self.cause is not None and self.cause.kind is NoticeKind.OFFER_LAPSED):
            return new, old
        kept = new is not None and old.session == new.session
        return new, None if kept or old.session == self.after.place else old

    def events(self, now: datetime, asked: Asked, first: int) -> list[Event]:
        """What happened to them, in order.

        Args:
            now: the present, in UTC.
            asked: who asked for what.
            first: the number of the first event.
        """
        found: list[Event] = []
        if self.ended is not None:
            kind = EventKind.OFFER_WITHDRAWN if self.cause is None else _ENDED.get(self.cause.kind)
            kind = kind or EventKind.OFFER_WITHDRAWN
            found.append(self._happened(kind, now, asked, first, self.ended))
        if self.event is not None:
            found.append(self._happened(self.event, now, asked, first + len(found)))
        if self.made is not None:
            found.append(self._happened(EventKind.OFFER_MADE, now, asked, first + len(found), self.made))
        return found

    def _event(self, before: Registration) -> EventKind | None:
        """What happened to their part in the project, if anything."""
        after = self.after
        if before.decision is not after.decision and after.decision in _FAREWELL:
            return _FAREWELL[after.decision][1]
        if before.place is None and after.place is not None:
            return EventKind.PLACE_GIVEN
        if self.left is not None:
            return EventKind.PLACE_LOST if after.place is None else EventKind.PLACE_MOVED
        asked = (before.wishes, before.switching) != (after.wishes, after.switching)
        return EventKind.WISHES_CHANGED if asked else None

    def _notice(self, before: Registration) -> NoticeKind | None:
        """What they must be told, if anything."""
        after = self.after
        if before.decision is not after.decision and after.decision in _FAREWELL:
            stopped = self.cause is not None and self.cause.kind is NoticeKind.PROJECT_CANCELLED
            ended = self._ending()
            return NoticeKind.PROJECT_CANCELLED if stopped else ended or _FAREWELL[after.decision][0]
        if self.old is None and self.new is not None:
            return NoticeKind.PLACE_CONFIRMED
        if self.old is not None and self.new is None:
            return NoticeKind.SESSION_CANCELLED if self.cause is None else self.cause.kind
        if self.left is not None:
            return NoticeKind.PLACE_MOVED
        if self.moved and self.old is not None and self.new is not None and self.new.has_shifted_from(self.old):
            return NoticeKind.CLOCKS_CHANGED
        return NoticeKind.SESSION_RESCHEDULED if self.moved else self._without_a_move(before)

    def _ending(self) -> NoticeKind | None:
        """What they are told of an offer that ended by itself."""
        over = self.ended is not None and self.cause is not None and self.cause.kind in _ENDED
        return self.cause.kind if over and self.cause is not None else None

    def _without_a_move(self, before: Registration) -> NoticeKind | None:
        after, cause = self.after, self.cause
        if cause is not None and after.id in cause.concerned:
            return cause.kind
        if self.former is not None:
            return NoticeKind.ADDRESS_CORRECTED
        if self.made is not None:
            return NoticeKind.PLACE_OFFERED
        if self.ended is not None and cause is not None:
            return cause.kind
        asked = (before.wishes, before.switching) != (after.wishes, after.switching)
        if asked and after.place is None:
            return _WELCOME.get(after.status)
        if asked and after.switching:
            return NoticeKind.SWITCH_WAITING
        return None if self.ended is None else NoticeKind.OFFER_REFUSED

    def _method(self) -> Method | None:
        """What their calendar must be told, if anything."""
        if self.new is None:
            return None if self.old is None else Method.CANCEL
        if self.old is None or self.left is not None or self.moved or self.former is not None:
            return Method.REQUEST
        return Method.REQUEST if self.notice in _SAME_REVISION else None

    def restamped(self, state: ProjectState, now: datetime) -> Registration:
        """The registration with its invite moved on (RFC 5546 §2.1.4)."""
        after = self.after
        if self.before is None and after.stamped is not None:
            return after  # made with its first invite
        # A later message of one chain is later, whatever the clock does (RFC 5546 §2.1.5).
        stamped = now if after.stamped is None else max(now, after.stamped + _A_MOMENT)
        address = after.address if self.new is None else state.people[after.person].address
        if after.stamped is None or self.notice in _SAME_REVISION:
            sequence = state.least_sequence(after.sequence)
            return after.but(stamped=stamped, sequence=sequence, address=address, described=len(state.descriptions))
        sequence = state.next_sequence(after.sequence)
        if self.former is not None:
            # Between the two comes the cancellation at the former address.
            stamped, sequence = stamped + _A_MOMENT, state.next_sequence(sequence)
        left = None if self.new is not None else self.old
        # Nobody was there yet, when a clock that was set back let a session be moved that had begun.
        came = None if self.moved else after.attendance
        return after.but(
            stamped=stamped,
            sequence=sequence,
            address=address,
            described=len(state.descriptions),
            partstat=None,
            left=left,
            attendance=came,
        )

    def _happened(self, kind: EventKind, now: datetime, asked: Asked, number: int, offer: Offer | None = None) -> Event:
        """One event."""
        after = self.after
        return _event(
            number=number,
            project_id=asked.project_id,
            command=asked.command,
            by=asked.by,
            kind=kind,
            at=now,
            registration=after.id,
            person=after.person,
            session=after.place if offer is None else offer.session,
            previous=self.left if offer is None else None,
            until=None if offer is None else offer.until,
        )

    def farewell(self, owed: Owed, former: int, moment: Moment) -> Owed:
        """What takes the entry out of the calendar at the former address, before their notice goes to the new one."""
        id = moment.mint("n-")
        return replace(
            owed,
            id=id,
            message_id=owed.message_id.replace(owed.id, id, 1),
            at=owed.at - _A_MOMENT,
            kind=NoticeKind.ADDRESS_LEFT,
            slot=None,
            previous=self.old,
            waits=(),
            cancelled=None,
            offered=None,
            until=None,
            released=None,
            method=Method.CANCEL,
            sequence=owed.sequence - 1,
            address=former,
            begins=False,
        )

    def owed(self, kind: NoticeKind, state: ProjectState, moment: Moment) -> Owed:
        """The notice, as it is kept."""
        definition = state.definition
        after = state.registrations[self.after.id]
        id = moment.mint("n-")
        gone = self._gone()
        return _owed(
            id=id,
            message_id=message_id(id, definition.organiser.email, state.project_id, after.id),
            at=moment.now if self.method is None or after.stamped is None else after.stamped,
            kind=kind,
            registration=after.id,
            person=after.person,
            title=definition.title,
            slot=self.new,
            previous=self.old if self.moved or self.left is not None else None,
            waits=_hoped_for(state, after, moment.now),
            undecided=after.decision is Decision.PENDING,
            cancelled=gone[0] if gone else None,
            others_cancelled=gone[1:],
            offered=None if after.offer is None else state.slots[after.offer.session],
            until=None if after.offer is None else after.offer.until,
            released=self._released(state),
            method=self.method,
            sequence=after.sequence,
            address=after.address,
            partstat=None if kind is NoticeKind.ANSWER_AGAIN else after.partstat,
            begins=self.method is Method.REQUEST
            and (self.before is None or self.before.stamped is None or self.former is not None),
            about=self.cause.about if self.cause is not None and kind is self.cause.kind else None,
        )

    def _released(self, state: ProjectState) -> Slot | None:
        """The session that was offered to them, unless it is theirs now, or offered to them again."""
        if self.ended is None or self.ended.session in self.after.holds:
            return None
        return state.slots[self.ended.session]

    def _gone(self) -> tuple[Slot, ...]:
        """The cancelled sessions that are why they are told something: the one they had a place in comes first."""
        cause = self.cause
        if cause is None or cause.kind is not NoticeKind.SESSION_CANCELLED or cause.session is None:
            return ()
        hoped = self.before.hopes_for if self.before is not None and self.after.id in cause.concerned else ()
        sessions = {one.id: one for one in (cause.session, *cause.others)}
        touched = dict.fromkeys((self.left, *hoped))
        return tuple(Slot.of(sessions[id]) for id in touched if id in sessions)


def _when(slot: Slot) -> tuple[datetime, datetime, int]:
    # Both, for under other zone rules the same instant may be another time by the wall clock.
    return slot.starts_at, slot.starts, slot.minutes


def differences(before: ProjectState, state: ProjectState, cause: Cause | None) -> Iterator[Difference]:
    """Every registration that changed or is concerned, in order of arrival.

    Args:
        before: the state before the ruling.
        state: the state after it; what it `changed` is the ruling's.
        cause: why registrations changed that the command did not name.
    """
    changed = {one.id: one for one in state.changed(before).values() if isinstance(one, Registration)}
    if cause is not None:
        changed.update((id, state.registrations[id]) for id in cause.concerned)
    for after in sorted(changed.values(), key=lambda one: one.arrived):
        known = before.registrations.get(after.id)
        old = before.slots[known.place] if known is not None and known.place is not None else None
        new = state.slots[after.place] if after.place is not None else None
        yield Difference(known, after, old, new, cause)


def _hoped_for(state: ProjectState, registration: Registration, now: datetime) -> tuple[Slot, ...]:
    hoped = [state.sessions[session_id] for session_id in registration.hopes_for]
    ahead = (one for one in hoped if one.is_open_at(now) and state.may_take(registration.person, one))
    return tuple([state.slots[one.id] for one in ahead]) if hoped else ()
