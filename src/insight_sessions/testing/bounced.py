"""What must hold of addresses that take no mail, in a simulated history."""

from typing import Any

from insight_sessions.commands.base import Command
from insight_sessions.commands.bounces import RecordBounce
from insight_sessions.commands.deciding import Decided
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.state import ProjectState
from insight_sessions.testing.world import expect


def check_bounces(before: ProjectState, command: Command[Any], decided: Decided) -> None:
    """The organiser is told of each address once, and nobody loses anything by it."""
    after = decided.state
    noted = sorted(id for id, one in after.bounces.items() if before.bounces.get(id) != one)
    told = [owed for owed in decided.notices if owed.kind is NoticeKind.ADDRESS_UNREACHABLE]
    expect(sorted(owed.about or "" for owed in told) == noted, "the organiser is told of each address once", str(noted))
    expect(all(not owed.person for owed in told), "nobody but the organiser is told of it")
    for id, one in after.bounces.items():
        expect(one.address == after.person(id).address, "an address that was corrected is not held against them", id)
    for id in noted:
        known = before.bounces.get(id)
        expect(known is None or known.address < after.bounces[id].address, "it is noted once", id)
    if isinstance(command, RecordBounce):
        expect(before.registrations == after.registrations, "whoever mail does not reach keeps what they have")
