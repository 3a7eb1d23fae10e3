"""An allocation while people come and go: nobody is held up by it, and what is applied is right."""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from insight_sessions import (
    Allocate,
    AllocationPolicy,
    AnnounceProject,
    Candidate,
    Consolidate,
    Desk,
    NotPossible,
    OpenCall,
    Room,
    Withdraw,
    hookimpl,
)
from insight_sessions.allocating.deciding import BUILT_IN
from insight_sessions.domain.registration import Status
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.port import Storage
from insight_sessions.storage.sqlite import SQLiteStorage
from insight_sessions.testing.place import PATIENCE
from tests.simulation.contenders import SECRET, project, register
from tests.simulation.test_threads import Crew

ROUNDS = 6


class Patient:
    """A policy that waits until something was done meanwhile, so that every allocation is raced."""

    name = "patient"

    def __init__(self) -> None:
        self.turn = threading.Semaphore(0)

    @hookimpl
    def insight_sessions_allocation_policy(self) -> AllocationPolicy:
        """As `optimal`, after somebody else did something."""
        return AllocationPolicy("patient", self._allocate)

    def _allocate(self, people: Sequence[Candidate], rooms: Sequence[Room], seed: int) -> Mapping[str, str]:
        assert self.turn.acquire(timeout=PATIENCE)
        return BUILT_IN["optimal"].allocate(people, rooms, seed)


@pytest.fixture
def patient() -> Patient:
    """The policy."""
    return Patient()


@pytest.fixture(params=["memory", "sqlite"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, patient: Patient) -> Iterator[Desk]:
    """A desk with a project that decides together."""
    storage: Storage = MemoryStorage(os.urandom)
    if request.param == "sqlite":
        storage = SQLiteStorage(tmp_path / "store.db", os.urandom)
    with Desk(storage, plugins=[patient], discover=False, secret=SECRET) as made:
        together = project().model_copy(update={"places": "allocation"})
        made.do(AnnounceProject(project=together))
        made.do(OpenCall(project_id="p"))
        yield made


def test_an_allocation_raced_by_people_who_come_and_go_ends_right(desk: Desk, patient: Patient) -> None:
    """Whoever came meanwhile is late; whoever left has no place; nobody waited for the policy."""
    early = [register(desk, f"early-{number}") for number in range(8)]

    def come_and_go() -> None:
        for number in range(ROUNDS):
            register(desk, f"late-{number}")
            if number < ROUNDS // 2:
                desk.do(Withdraw(project_id="p", registration_id=early[number].id))
            patient.turn.release()

    allocate = partial(desk.do, Allocate(project_id="p", policy="patient", seed=1))
    found, nothing = Crew([allocate, come_and_go]).start().finish()
    assert nothing is None
    state = desk.state("p")
    taken = Counter(one.place for one in state.registrations.values() if one.place is not None)
    if isinstance(found, NotPossible):
        assert (found.reason, taken) == ("changed", Counter())
        patient.turn.release()
        found = allocate()
        state = desk.state("p")
        taken = Counter(one.place for one in state.registrations.values() if one.place is not None)
    assert not isinstance(found, Exception), found
    assert taken == {"a": 3, "b": 2}
    for one in state.registrations.values():
        took_part = one.id in found.outcomes
        if one.status is Status.WITHDRAWN:
            assert one.place is None
        elif took_part:
            assert one.status in {Status.CONFIRMED, Status.WAITING}
        else:
            assert one.status is Status.INTERESTED
    events = [event for event in desk.history("p") if event.outcome is not None]
    assert [event.outcome for event in events] == [found.id]
    patient.turn.release()
    second = desk.do(Allocate(project_id="p", policy="patient", seed=2))
    assert not second.places.keys() & found.places.keys()


def test_many_allocations_and_consolidations_at_once_give_each_place_once(desk: Desk) -> None:
    """Each is applied on what it was worked out on, or says that it was overtaken."""
    for number in range(12):
        register(desk, f"early-{number}")
    works: list[Callable[[], Any]] = [
        partial(desk.do, Allocate(project_id="p", policy="lottery", seed=seed)) for seed in range(4)
    ]
    works += [partial(desk.do, Consolidate(project_id="p")) for _ in range(2)]
    results = Crew(works).start().finish()
    refused = [one for one in results if isinstance(one, Exception)]
    assert all(isinstance(one, NotPossible) and one.reason == "changed" for one in refused), refused
    taken = Counter(one.place for one in desk.state("p").registrations.values() if one.place is not None)
    assert taken == {"a": 3, "b": 2}
    state = desk.state("p")
    assert len(state.allocations) + len(state.consolidations) == len(results) - len(refused)
    given: list[str] = [id for one in state.allocations.values() for id in one.places]
    assert len(given) == len(set(given)) == 5
