"""What is worked out beside the project: on what it rests, when it is worked out again, and what a repeat gives."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from insight_sessions import doing
from insight_sessions.commands.allocation import Allocate
from insight_sessions.commands.consolidation import Consolidate
from insight_sessions.commands.places import Withdraw
from insight_sessions.desk import Desk
from insight_sessions.doing import TRIES
from insight_sessions.domain.allocated import Allocation
from insight_sessions.domain.allocation import AllocationPolicy, Candidate, Room
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.errors import NotFound, NotPossible, PluginError
from insight_sessions.hooks.specs import hookimpl
from insight_sessions.storage.memory import MemoryStorage

from .desk_kit import P, interest, project, session
from .desk_store import Post, a_desk, desk_on, open_call

TOGETHER = project(session("mon", capacity=1), session("tue", capacity=2, minimum=2), places="allocation")


def allocate(policy: str = "first-come", **more: Any) -> Allocate:  # noqa: ANN401 - whatever is tried
    """The command."""
    return Allocate(project_id=P, policy=policy, seed=1, **more)


class Slow:
    """A policy that takes long: others do things meanwhile."""

    name = "slow"

    def __init__(self) -> None:
        self.asked = 0
        self.meanwhile: Callable[[int], object] = lambda _: None

    @hookimpl
    def insight_sessions_allocation_policy(self) -> AllocationPolicy:
        """First come, first served, slowly."""
        return AllocationPolicy("slow", self._allocate)

    def _allocate(self, people: Sequence[Candidate], rooms: Sequence[Room], seed: int) -> Mapping[str, str]:
        self.asked += 1
        self.meanwhile(self.asked)
        return {people[0].registration: people[0].wishes[0]}


@pytest.fixture
def slow() -> Slow:
    """The policy."""
    return Slow()


@pytest.fixture
def desk(slow: Slow) -> Desk:
    """A desk with it, and two people."""
    desk = a_desk(slow, announced=TOGETHER)
    for who in ("ada", "ben"):
        desk.do(interest(who, "mon", "tue"))
    return desk


def test_the_project_is_not_held_while_it_is_worked_out(desk: Desk, slow: Slow) -> None:
    """Somebody who registers meanwhile is late, and changes nothing."""
    slow.meanwhile = lambda _: desk.do(interest("cat", "mon"))
    found = desk.do(allocate("slow"))
    assert (slow.asked, len(found.outcomes)) == (1, 2)
    assert {id: str(one.status) for id, one in desk.state(P).registrations.items()}[
        desk.state(P).registration_of("cat").id  # type: ignore[union-attr]
    ] == "interested"


def test_it_is_worked_out_again_when_somebody_left_meanwhile(desk: Desk, slow: Slow) -> None:
    """What is applied rests on what is so."""
    ada = desk.state(P).registration_of("ada")
    assert ada is not None

    def leave(number: int) -> None:
        if number == 1:
            desk.do(Withdraw(project_id=P, registration_id=ada.id))

    slow.meanwhile = leave
    found = desk.do(allocate("slow"))
    assert (slow.asked, len(found.outcomes)) == (2, 1)


def test_it_gives_up_when_others_are_faster_every_time(desk: Desk, slow: Slow) -> None:
    """And says so; trying again is up to whoever asked."""

    def come_and_go(number: int) -> None:
        mine = desk.do(interest(f"m{number}", "mon"))
        before = desk.state(P).registrations.values()
        last = max((one for one in before if one.is_live and one.id != mine.id), key=lambda one: one.arrived)
        desk.do(Withdraw(project_id=P, registration_id=last.id))

    slow.meanwhile = come_and_go
    with pytest.raises(NotPossible) as refusal:
        desk.do(allocate("slow"))
    assert (refusal.value.reason, slow.asked) == ("changed", TRIES)


def test_a_repeated_id_gives_the_same_allocation(desk: Desk) -> None:
    """Whatever would be said of it by now."""
    first = desk.do(allocate(id="k-1"))
    assert desk.do(allocate(id="k-1")) == first
    desk.do(interest("cat", "tue"))
    assert desk.do(allocate(id="k-1")) == first
    assert isinstance(first, Allocation)
    assert list(desk.state(P).allocations.values()) == [first]


def test_an_allocation_comes_back_from_the_store() -> None:
    """As it was."""
    storage = MemoryStorage(bytes)
    desk = desk_on(storage)
    open_call(desk, TOGETHER)
    desk.do(interest("ada", "mon"))
    found = desk.do(allocate("lottery"))
    again = desk_on(storage).state(P)
    assert again.allocations[found.id] == found


def test_of_many_commands_each_is_worked_out_after_those_before_it(desk: Desk) -> None:
    """In order, with what was committed."""
    outcomes = desk.do_many(
        P, [interest("cat", "tue"), allocate(), interest("dan", "tue"), allocate(), allocate("fairest")]
    )
    second, fourth = outcomes[1].result, outcomes[3].result
    assert isinstance(second, Allocation)
    assert isinstance(fourth, Allocation)
    assert (len(second.outcomes), len(fourth.outcomes)) == (3, 1)
    assert isinstance(outcomes[4].refusal, NotPossible)


def test_what_one_batch_needed_is_let_go_of_before_the_next(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many commands are begun a batch at a time, and each has its outcome, in order."""
    monkeypatch.setattr(doing, "BATCH", 2)
    before = desk.state(P).version
    people = [f"batched-{number}" for number in range(5)]
    outcomes = desk.do_many(P, [interest(who, "mon") for who in people])
    state = desk.state(P)
    assert [outcome.result for outcome in outcomes] == [state.registration_of(who) for who in people]
    assert None not in {outcome.result for outcome in outcomes}
    assert state.version == before + 3


def test_a_preview_shows_the_whole_thing_and_writes_nothing(desk: Desk) -> None:
    """Worked out on what the commands before it would make."""
    seen = desk.preview(interest("cat", "tue"), allocate(), Consolidate(project_id=P))
    allocation, consolidation = seen.outcomes[1].result, seen.outcomes[2].result
    assert allocation is not None
    assert len(allocation.outcomes) == 3
    assert consolidation is not None
    assert seen.report().satisfaction.granted == (2, 1)
    assert [owed.kind for owed in seen.notices][1:] == [NoticeKind.PLACE_CONFIRMED] * 3
    assert not desk.state(P).allocations


def test_nothing_is_worked_out_for_a_project_that_is_not_there() -> None:
    """It is not found."""
    with pytest.raises(NotFound):
        desk_on().do(allocate())
    (outcome,) = desk_on().preview(Consolidate(project_id=P)).outcomes
    assert isinstance(outcome.error, NotFound)


def test_a_directory_that_cannot_be_asked_fails_only_its_own_command(desk: Desk) -> None:
    """As ever in many commands."""
    outcomes = desk.do_many(P, [interest("cat", "tue").model_copy(update={"member": "cat"}), allocate()])
    assert isinstance(outcomes[0].error, PluginError)
    assert outcomes[1].result is not None


def test_everybody_is_mailed_once() -> None:
    """Whatever happened before."""
    post = Post()
    desk = a_desk(post, announced=TOGETHER)
    for who in ("ada", "ben", "cat", "dan"):
        desk.do(interest(who, "mon", "tue"))
    desk.deliver()
    del post.taken[:]
    desk.do(allocate())
    desk.deliver()
    assert post.said == [
        ("ada", NoticeKind.PLACE_CONFIRMED),
        ("ben", NoticeKind.PLACE_CONFIRMED),
        ("cat", NoticeKind.PLACE_CONFIRMED),
        ("dan", NoticeKind.NO_PLACE_YET),
    ]
    assert "none for you yet" in post.taken[-1].text
    assert "waiting list" in post.taken[-1].text
