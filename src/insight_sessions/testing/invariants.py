"""What must hold after every command, worded as RELIABILITY.md words it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from insight_sessions.commands.allocation import Allocate
from insight_sessions.commands.attendance import RecordAttendance
from insight_sessions.commands.base import Command
from insight_sessions.commands.consolidation import Consolidate
from insight_sessions.commands.deciding import Decided
from insight_sessions.commands.erasing import EraseMember
from insight_sessions.commands.offering import AcceptOffer, OfferPlace
from insight_sessions.commands.passing import MOST_EFFECTS, LetTimePass
from insight_sessions.commands.places import ConfirmPlace, SwitchSession
from insight_sessions.commands.replying import TakeReply
from insight_sessions.commands.sessions import CancelSession, ResizeSession
from insight_sessions.commands.zones import FollowZoneRules
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.notices import Method, NoticeKind, Owed
from insight_sessions.domain.offering import cut_off, deadline
from insight_sessions.domain.registration import Decision, Registration, Status
from insight_sessions.domain.session import SessionStatus
from insight_sessions.domain.state import ProjectState
from insight_sessions.domain.zone import instant, is_newer, tzdata_version
from insight_sessions.testing.audience import check_followers
from insight_sessions.testing.bounced import check_bounces
from insight_sessions.testing.eligible import check_allocated, is_old, is_to_be_checked, lets_in
from insight_sessions.testing.invariants_answers import check_unaccepted
from insight_sessions.testing.invariants_attendance import check_recorded
from insight_sessions.testing.learned import check_learned
from insight_sessions.testing.reminded import check_reminders
from insight_sessions.testing.what_if import check_what_if
from insight_sessions.testing.world import expect

ENDED = frozenset({Decision.DECLINED, Decision.WITHDRAWN})


def check_state(state: ProjectState, latest: datetime) -> None:
    """I2, I6 and no place in a cancelled session: what must hold of every committed state.

    Args:
        state: the project.
        latest: the latest moment the clock ever showed; what may still be filled then could be always.
    """
    taken = held(state)
    lives = Counter[str]()
    for one in state.registrations.values():
        lives[one.person] += one.is_live
    for session in state.sessions.values():
        gone = session.status is SessionStatus.CANCELLED and taken[session.id]
        expect(not gone, "nobody has a place in a cancelled session, or is offered one", session.id)
    for one in state.registrations.values():
        early = one.attendance is not None and (one.place is None or state.sessions[one.place].is_open_at(latest))
        expect(not early, "attendance is recorded of people with a place in a session that has begun", one.id)
    expect(max(lives.values(), default=0) <= 1, "I2 one live registration per member", str(lives))
    for one in state.registrations.values():
        if one.offer is not None:
            expect(one.offer.session in one.wishes, "an offer is of a wish", one.id)
            expect(one.offer.session != one.place, "nobody is offered the place that they have", one.id)
            expect(one.decision is not Decision.WITHDRAWN, "nobody who left is offered a place", one.id)
    if state.announced is None or state.definition.places != "first-come" or state.definition.fill == "manual":
        return
    for session in state.sessions.values():
        free = session.capacity is None or taken[session.id] < session.capacity
        if free and session.is_open_at(latest):
            left = [one.id for one in state.registrations.values() if wants(state, one, session.id, latest)]
            expect(not left, "I6 no place is empty while someone wishes for it", f"{session.id}: {left}")


def wants(state: ProjectState, one: Registration, session_id: str, now: datetime) -> bool:
    """Whether somebody would take a place in a session, and can be given or offered it by what is known of them."""
    days, session = state.definition.recheck_days, state.sessions[session_id]
    if state.definition.fill == "offer":
        place = None if one.place is None else state.sessions[one.place]
        if one.offer is not None or deadline(state.definition, session, now, place) is None:
            return False
    wishes = one.wishes[: one.wishes.index(one.place)] if one.place in one.wishes else one.wishes
    asks = one.offer is None and one.decision is Decision.ACCEPTED and session_id in wishes and not one.barred
    may_move = one.place is None or (one.switching and state.sessions[one.place].is_open_at(now))
    is_known = days is None or (now - one.checked_at).total_seconds() <= days * 86_400
    may = lets_in(state.definition, state.people[one.person], session.starts.date())
    return asks and may_move and is_known and may


SAME_REVISION = frozenset({NoticeKind.DETAILS_CHANGED, NoticeKind.JOINING_DETAILS, NoticeKind.ANSWER_AGAIN})


def held(state: ProjectState) -> Counter[str]:
    """How many places of each session somebody has or is offered, counted anew."""
    taken = Counter[str]()
    for one in state.registrations.values():
        taken.update(id for id in (one.place, None if one.offer is None else one.offer.session) if id is not None)
    return taken


def check_command(before: ProjectState, command: Command[object], decided: Decided, now: datetime) -> None:
    """I1, I7, I10, I11 and one notice per person: what must hold of every command."""
    after = decided.state
    told = Counter(owed.registration for owed in decided.notices if owed.registration or not owed.person)
    told.subtract(owed.registration for owed in decided.notices if owed.kind is NoticeKind.ADDRESS_LEFT)
    expect(max(told.values(), default=0) <= 1, "each person concerned gets exactly one notice per command", str(told))
    silent = not decided.events and _standing(before) != _standing(after)
    expect(not silent, "I3 every change has its journal entries", type(command).__name__)
    _check_messages(before, decided)
    check_followers(before, command, decided)
    check_allocated(before, after, now)
    check_reminders(before, command, decided, now)
    check_bounces(before, command, decided)
    _check_gone(before, command, after)
    for id, earlier, one in _still_there(before, after):
        expect(one.sequence >= earlier.sequence, "I10 a sequence never falls", id)
        expect(one.arrived == earlier.arrived or one.arrived >= before.next_arrival, "I7 re-queued to the back", id)
        ended = earlier.decision is not one.decision and one.decision in ENDED
        changed = ended or earlier.place != one.place
        expect(not changed or told[id], "whoever gets or loses something is told", id)
    if isinstance(command, SwitchSession):
        earlier = before.registrations[command.registration_id]
        one = after.registrations[earlier.id]
        kept = earlier.place is None or one.place is not None
        expect(kept, "I11 whoever switches keeps the old place until the new one is certain", earlier.id)
        joins = before.definition.places == "first-come" and one.switching and not earlier.switching
        expect(not joins or one.arrived >= before.next_arrival, "I7 whoever switches joins the end of the line", one.id)
    _check_given(before, after)
    _check_attendance(before, command, after)
    _check_places(before, command, after)
    _check_offers(before, command, decided, now)
    check_unaccepted(before, command, decided)
    check_recorded(before, command, decided)
    check_what_if(after, now)
    _check_order(before, command, after, now)
    _check_working_out(before, command, decided, now, told)
    _check_answers(before, command, after)
    _check_instants(before, command, after, told)
    check_learned(before, command, decided)


def _check_working_out(
    before: ProjectState, command: Command[object], decided: Decided, now: datetime, told: Counter[str]
) -> None:
    """What was worked out beforehand did what it must."""
    after = decided.state
    if isinstance(command, Allocate):
        _check_allocation(before, after, now, told)
    if isinstance(command, Consolidate):
        _check_consolidation(before, command, decided, now)


def _check_allocation(before: ProjectState, after: ProjectState, now: datetime, told: Counter[str]) -> None:
    """Whoever has a place keeps it, and everybody else who takes part has one now, or waits and was told so once."""
    for id, known in before.registrations.items():
        one = after.registrations[id]
        hopes = known.place is None and bool(known.hopes_for) and known.offer is None
        if not hopes or known.barred or is_old(before, known, now):
            expect(one == known and not told[id], "an allocation leaves in peace whoever takes no part in it", id)
            continue
        expect(one.place is None or one.place in one.wishes, "an allocation gives only what was wished for", id)
        news = known.decision is Decision.PENDING or one.place is not None
        expect(told[id] == news, "whoever takes part in an allocation is told once, if there is news", id)
        expect(one.status in {Status.CONFIRMED, Status.WAITING}, "an allocation leaves nobody undecided", id)


def _check_consolidation(before: ProjectState, command: Consolidate, decided: Decided, now: datetime) -> None:
    """Every session that runs reaches its minimum, and whoever is moved has one update of one invite."""
    after = decided.state
    (kept,) = [one for id, one in after.consolidations.items() if id not in before.consolidations]
    numbers = Counter(one.place for one in after.registrations.values() if one.place is not None)
    for session in after.sessions.values():
        small = session.is_open_at(now) and numbers[session.id] < session.minimum
        allowed = command.cancel is not None and session.id in kept.below
        expect(not small or allowed, "no session that runs is below its minimum", session.id)
    for move in kept.moves:
        known, one = before.registrations[move.registration], after.registrations[move.registration]
        (owed,) = [owed for owed in decided.notices if owed.registration == one.id]
        method = Method.CANCEL if one.place is None else Method.REQUEST
        expect(owed.method is method and one.sequence == known.sequence + 1, "one update for a move", one.id)


def _check_messages(before: ProjectState, decided: Decided) -> None:
    """Each notice is of its registration's present revision, and a former address is left before."""
    for owed in decided.notices:
        if not owed.registration:
            continue  # to the organiser, or to a follower
        if owed.kind is NoticeKind.FAREWELL:
            _check_farewell(before.registrations[owed.registration], owed, decided.state)
            continue
        one = decided.state.registrations[owed.registration]
        known = before.registrations.get(one.id)
        if owed.kind is NoticeKind.ADDRESS_LEFT and known is not None:
            between = known.sequence < owed.sequence < one.sequence
            between = between and owed.address == known.address != one.address
            expect(between, "a former address is left before the new one is invited", one.id)
            continue
        expect(owed.sequence == one.sequence, "a notice carries its registration's sequence", one.id)
        if owed.method is not None and known is not None and known.stamped is not None:
            again = owed.kind in SAME_REVISION
            expect(again or one.sequence > known.sequence, "I10 each change of an invite has a new sequence", one.id)


def _check_farewell(known: Registration, owed: Owed, after: ProjectState) -> None:
    """The last message takes an entry out of a calendar that may have it, and can be sent."""
    later = owed.sequence > known.sequence if known.place is not None else owed.sequence >= known.sequence
    expect(later or owed.method is None, "a last message cancels the newest revision", known.id)
    expect(known.id in after.farewells, "whoever is told that they were erased can be written to", known.id)


def _still_there(before: ProjectState, after: ProjectState) -> Iterator[tuple[str, Registration, Registration]]:
    """Every registration as it was and as it is, but for those that were erased."""
    both = ((id, known, after.registrations.get(id)) for id, known in before.registrations.items())
    return ((id, known, one) for id, known, one in both if one is not None)


def _check_gone(before: ProjectState, command: Command[object], after: ProjectState) -> None:
    """I12: nothing goes but by an erasure, and then all of it, but for where to say goodbye."""
    gone = [one for id, one in before.registrations.items() if id not in after.registrations]
    expect(isinstance(command, EraseMember) or not gone, "nothing goes but by an erasure", str(gone))
    for person in before.people:
        if person not in after.people:
            left = {kind for kind, _ in after.about(person)}
            expect(left <= {"farewell"}, "I12 after an erasure nothing of the person is kept", str(left))
            told = person in after.members.values()
            expect(not told, "I12 nobody erased is known by the host's id", person)


def _check_given(before: ProjectState, after: ProjectState) -> None:
    """Whoever gets a place is let in on its day."""
    for id, one in after.registrations.items():
        known = before.registrations.get(id)
        if one.place is not None and (known is None or known.place != one.place):
            may = lets_in(after.definition, after.people[one.person], after.session(one.place).starts.date())
            expect(may, "a place is given to members on its date only, and against no rule", id)


def _check_attendance(before: ProjectState, command: Command[object], after: ProjectState) -> None:
    """What became of a place is recorded by a command for it, and gone with the place."""
    for id, known, one in _still_there(before, after):
        again = one.attendance is None and (one.place != known.place or one.sequence > known.sequence)
        recorded = isinstance(command, RecordAttendance) or known.attendance is one.attendance or again
        expect(recorded, "attendance is recorded by a command for it", id)


def _check_places(before: ProjectState, command: Command[object], after: ProjectState) -> None:
    """I1: only fewer places for those who are there make a session overfull, and that takes nothing from anybody."""
    earlier, now = held(before), held(after)
    for session in after.sessions.values():
        full = session.capacity is not None and now[session.id] > max(session.capacity, earlier[session.id])
        expect(not full, "I1 places and offers are never given beyond the capacity", f"{session.id}: {now[session.id]}")
    if isinstance(command, ResizeSession):
        for id, known in before.registrations.items():
            one = after.registrations[id]
            kept = known.place is None or one.place in {known.place, *known.preferred}
            expect(kept and (known.offer is None or one.offer == known.offer), "a resize takes nothing away", id)


def _check_offers(before: ProjectState, command: Command[object], decided: Decided, now: datetime) -> None:
    """An offer lasts until its deadline, which lies ahead and before the cut-off; a lapse is told once."""
    after = decided.state
    told = Counter(owed.registration for owed in decided.notices)
    late = {one.id for one in before.offered_until(now)}
    lapsed = [event.registration for event in decided.events if event.kind is EventKind.OFFER_LAPSED]
    if isinstance(command, LetTimePass):
        expect(len(lapsed) == min(len(late), MOST_EFFECTS), "offers lapse in time", str(late))
        left = [one.id for one in after.offered_until(now)]
        expect(len(left) == len(late) - len(lapsed), "every offer that is open ends ahead", str(left))
    expect(late.issuperset(lapsed), "an offer lapses at its deadline", str(lapsed))
    expect(all(told[id or ""] == 1 for id in lapsed), "each lapse is told once", str(lapsed))
    for id, one in after.registrations.items():
        known = before.registrations.get(id)
        if one.offer is None or (known is not None and known.offer == one.offer):
            continue
        place = None if one.place is None else after.session(one.place)
        last = cut_off(after.definition, after.session(one.offer.session), place)
        expect(now < one.offer.until <= last, "an offer ends before the cut-off", f"{id}: {one.offer} {last}")
        expect(told[id], "whoever is offered a place is told", id)
        for owed in decided.notices:
            held = owed.offered is not None and (owed.offered.id, owed.until) == (one.offer.session, one.offer.until)
            expect(held or owed.registration != id, "the notice says until when", id)
    for id, known, one in _still_there(before, after):
        expect(known.offer is None or known.offer == one.offer or told[id], "the end of an offer is told", id)


def _check_answers(before: ProjectState, command: Command[object], after: ProjectState) -> None:
    """What calendars answer is noted for the time it is about, and gives no place away by itself."""
    reply = command if isinstance(command, TakeReply) else None
    answered = "" if reply is None else reply.registration_id
    present = reply is not None and reply.sequence == before.registrations[answered].sequence
    leaves = present and reply is not None and reply.trusted and reply.answer == "DECLINED"
    for id, known, one in _still_there(before, after):
        about = id == answered
        noted = one.partstat in {known.partstat, None} or (about and present)
        expect(noted, "an answer counts for the time it was given to", id)
        expect(about or one.replied == known.replied, "only a reply is noted as one", id)
        gone = reply is not None and one.place != known.place
        expect(not gone or leaves, "no reply gives a place away unless it can be trusted", id)
        if known.replied is not None:
            newest = one.replied is not None and one.replied.sequence >= known.replied.sequence
            expect(newest, "the newest answer counts", id)
        if one.sequence > known.sequence:
            expect(one.partstat is None, "nobody has answered yet to a time that is new", id)


def _check_instants(before: ProjectState, command: Command[object], after: ProjectState, told: Counter[str]) -> None:
    """The wall clock is the truth: only newer zone rules give a local time another instant, and all are told of it."""
    for id, known in before.sessions.items():
        one = after.sessions[id]
        if one.starts != known.starts or one.begins == known.begins:
            continue
        newer = isinstance(command, FollowZoneRules) and is_newer(one.tzdata, known.tzdata)
        expect(newer, "only newer zone rules move an instant", f"{id}: {known.tzdata} to {one.tzdata}")
        expect(one.sequence > known.sequence, "a public entry that moves has a new sequence", id)
        expect(told[""], "the organiser is told of an instant that moves", id)
        untold = [two.id for two in after.registrations.values() if two.place == id and not told[two.id]]
        expect(not untold, "whoever has a place at another instant is told", f"{id}: {untold}")


def _standing(state: ProjectState) -> dict[str, Registration]:
    """Every registration but for when it was last checked, which is not news by itself."""
    never = datetime.min  # noqa: DTZ901 - compared with itself alone
    return {id: replace(one, checked_at=never) for id, one in state.registrations.items()}


def _check_order(before: ProjectState, command: Command[object], after: ProjectState, now: datetime) -> None:
    """I7: nobody got a place for which somebody else stood further in front."""
    chosen = command.registration_id if isinstance(command, ConfirmPlace | OfferPlace | AcceptOffer) else ""
    settled = _decided_together(before, after)
    for id, one in after.registrations.items():
        known = before.registrations.get(id)
        got = None if one.place is None or (known is not None and known.place == one.place) else one.place
        if one.offer is not None and (known is None or known.offer != one.offer):
            got = one.offer.session
        if got is None or id == chosen or id in settled:
            continue
        lost = isinstance(command, CancelSession) and known is not None and known.place is not None
        ahead = (True, one.arrived) if known is None else (not (known.displaced or lost), known.arrived)
        for other in after.registrations.values():
            line = before.registrations.get(other.id, other)
            if (not line.displaced, line.arrived) < ahead and got in line.waits_for:
                expect(not wants(after, other, got, now), "I7 nobody is passed over", f"{other.id} by {id}")


def _decided_together(before: ProjectState, after: ProjectState) -> set[str]:
    """Who has what an allocation gave, or was moved so that sessions can run: nobody else's turn is asked there."""
    given = [one.outcomes.keys() for id, one in after.allocations.items() if id not in before.allocations]
    fresh = [one for id, one in after.consolidations.items() if id not in before.consolidations]
    return {id for ids in given for id in ids} | {move.registration for one in fresh for move in one.moves}


def check_waiting(state: ProjectState, now: datetime) -> None:
    """After a tick: whoever waits is known well enough to be given the next free place."""
    for one in state.registrations.values():
        expect(not is_to_be_checked(state, one, now), "whoever waits is asked again when facts are old", one.id)


def check_clocks(state: ProjectState, now: datetime) -> None:
    """After a tick: every session to come is at the instant that the newest rules give its local time."""
    for one in state.sessions.values():
        if one.is_open_at(now):
            expect(not is_newer(tzdata_version(), one.tzdata), "newer zone rules are followed", one.id)
            expect(
                one.tzdata != tzdata_version() or one.begins == instant(one.starts, one.zone_name), "by them", one.id
            )
