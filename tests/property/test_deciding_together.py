"""Allocations and consolidations in the middle of everything else that people do: the invariants, whatever happens."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from insight_sessions.commands.allocation import Allocate
from insight_sessions.commands.base import Command
from insight_sessions.commands.consolidation import Consolidate
from insight_sessions.commands.places import ConfirmPlace, DeclineInterest, SwitchSession, Withdraw
from insight_sessions.commands.sessions import CancelSession, ResizeSession
from insight_sessions.domain.allocation import Bound
from insight_sessions.errors import NotFound, Refusal
from insight_sessions.records import decode, encode
from insight_sessions.testing.invariants import check_command, check_state
from tests.unit.desk_kit import DAY, P, Rehearsal, interest, member, project, session

IDS = ("mon", "tue", "thu")
WHO = tuple(f"m{number}" for number in range(8))
SETTINGS = ("acute", "dental")

wishes = st.lists(st.sampled_from(IDS), min_size=1, max_size=3, unique=True).map(tuple)
who = st.sampled_from(WHO)
ids = st.sampled_from(IDS)
bounds = st.lists(
    st.sampled_from(
        [
            Bound(attribute="setting", at_least=1, at_most=2),
            Bound(attribute="setting", value="acute", at_most=1, hard=True),
            Bound(attribute="setting", value="dental", at_least=1),
        ]
    ),
    max_size=2,
    unique=True,
).map(tuple)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("register"), who, wishes),
        st.tuples(st.just("switch"), who, wishes),
        st.tuples(st.just("withdraw"), who),
        st.tuples(st.just("confirm"), who, ids),
        st.tuples(st.just("decline"), who),
        st.tuples(st.just("resize"), ids, st.sampled_from([0, 1, 2, 3, None])),
        st.tuples(st.just("cancel"), ids),
        st.tuples(st.just("time"), st.integers(1, 4)),
        st.tuples(st.just("allocate"), st.sampled_from(["first-come", "lottery", "optimal", "balanced"]), bounds),
        st.tuples(st.just("consolidate"), st.sampled_from([None, None, None, (), ("mon",), ("mon", "tue")])),
    ),
    max_size=14,
)
sessions = st.lists(
    st.tuples(st.sampled_from([0, 1, 2, 3, None]), st.integers(0, 2)), min_size=len(IDS), max_size=len(IDS)
)
crowds = st.lists(wishes, max_size=len(WHO))


def command(room: Rehearsal, step: tuple[Any, ...]) -> Command[Any]:
    """The command that a step stands for."""
    kind, *given = step
    registration = room.state.registration_of(given[0]) if given and given[0] in WHO else None
    mine = "r-nobody" if registration is None else registration.id
    match kind:
        case "register":
            setting = SETTINGS[WHO.index(given[0]) % 2]
            return interest(member(given[0], attributes={"setting": setting}), *given[1])
        case "switch":
            return SwitchSession(project_id=P, registration_id=mine, sessions=given[1])
        case "withdraw":
            return Withdraw(project_id=P, registration_id=mine)
        case "confirm":
            return ConfirmPlace(project_id=P, registration_id=mine, session_id=given[1])
        case "decline":
            return DeclineInterest(project_id=P, registration_id=mine)
        case "resize":
            return ResizeSession(project_id=P, session_id=given[0], capacity=given[1])
        case "cancel":
            return CancelSession(project_id=P, session_id=given[0])
        case "allocate":
            balance = given[1] if given[0] == "balanced" else ()
            return Allocate(project_id=P, policy=given[0], seed=3, balance=balance)
        case _:
            return Consolidate(project_id=P, cancel=given[0])


policies = st.tuples(
    st.sampled_from(["first-come", "review", "allocation", "allocation"]), st.sampled_from([None, 3]), st.integers(0, 6)
)


@given(policies, sessions, crowds, steps)
def test_whatever_people_do_the_invariants_hold(
    policy: tuple[str, int | None, int],
    offered: list[tuple[int | None, int]],
    crowd: list[tuple[str, ...]],
    later: list[tuple[Any, ...]],
) -> None:
    """No session over capacity, nobody twice, one notice each, no session that runs below its minimum if avoidable."""
    places, recheck_days, days = policy
    room = Rehearsal(
        project(
            *(
                session(id, capacity=capacity, minimum=minimum if capacity is None else min(minimum, capacity))
                for id, (capacity, minimum) in zip(IDS, offered, strict=True)
            ),
            places=places,
            recheck_days=recheck_days,
        )
    )
    first = [("register", name, wished) for name, wished in zip(WHO, crowd, strict=False)]
    # In every history both are tried once everybody is there.
    last: list[tuple[Any, ...]] = [("time", days), ("allocate", "balanced", ()), ("consolidate", None)]
    for step in (*first, *later, *last):
        if step[0] == "time":
            room.now += int(step[1]) * DAY
            continue
        before, asked = room.state, command(room, step)
        try:
            room.do(asked)
        except (Refusal, NotFound, ValidationError):
            assert room.state is before
            continue
        assert room.last is not None
        check_command(before, asked, room.last, room.now)
        check_state(room.state, room.now)
    for kind, kept in (("allocation", room.state.allocations), ("consolidation", room.state.consolidations)):
        for id, one in kept.items():
            assert decode([encode(P, kind, id, 1, one)]).things == [one]
