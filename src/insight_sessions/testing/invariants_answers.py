"""What must become of offers that are not taken: a no counts for good, and who says nothing makes way."""

from typing import Any

from insight_sessions.commands.base import Command
from insight_sessions.commands.deciding import Decided
from insight_sessions.commands.offering import RefuseOffer
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.offering import cut_off
from insight_sessions.domain.registration import Decision, Registration
from insight_sessions.domain.state import ProjectState
from insight_sessions.testing.world import expect


def check_unaccepted(before: ProjectState, command: Command[Any], decided: Decided) -> None:
    """Whoever refuses is not asked about that session again; who does not answer is at the end of the line, or out."""
    after = decided.state
    if isinstance(command, RefuseOffer):
        check_refused(before.registrations[command.registration_id], after.registrations[command.registration_id])
    for event in decided.events:
        if event.kind is EventKind.OFFER_LAPSED:
            id = event.registration or ""
            check_lapsed(before, before.registrations[id], after.registrations[id])
    check_moved(before, after)


def check_moved(before: ProjectState, after: ProjectState) -> None:
    """What is offered of a session that is at another time now does not outlast its new cut-off."""
    moved = {id for id, known in before.sessions.items() if known.begins != after.sessions[id].begins}
    for one in after.registrations.values():
        if one.offer is not None and not moved.isdisjoint(one.holds):
            place = None if one.place is None else after.sessions[one.place]
            last = cut_off(after.definition, after.sessions[one.offer.session], place)
            expect(one.offer.until <= last, "an offer goes along with its session", one.id)


def check_refused(known: Registration, one: Registration) -> None:
    """What becomes of somebody who says no to what they were offered."""
    refused = None if known.offer is None else known.offer.session
    expect(refused is not None, "an offer that is refused was open", one.id)
    asked = refused in one.holds or (one.decision is not Decision.WITHDRAWN and refused in one.wishes)
    expect(not asked, "an offer that was refused is not made again", f"{one.id}: {refused}")
    expect(known.place is None or known.place in one.holds or one.place in known.preferred, "a place is kept", one.id)
    expect(one.arrived == known.arrived, "whoever refuses keeps their number", one.id)


def check_lapsed(before: ProjectState, known: Registration, one: Registration) -> None:
    """By the project's own choice of what becomes of somebody who does not answer."""
    expect(one.offer != known.offer, "an offer that nobody answers ends", one.id)
    if before.definition.offers.on_lapse == "withdraw":
        out = one.decision is Decision.WITHDRAWN if known.place is None else not one.hopes_for
        expect(out, "whoever does not answer is out of the line", one.id)
        return
    last = one.arrived >= before.next_arrival
    expect(last or not (known.place is None or one.waits_for), "whoever does not answer is last in line", one.id)
    expect(not one.displaced, "whoever does not answer comes first no more", one.id)
