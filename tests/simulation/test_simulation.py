"""Seeded histories of commands, deliveries, crashes and clock jumps, with every invariant after each step."""

import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict

import pytest

from insight_sessions.commands.base import Facts
from insight_sessions.commands.calls import OpenCall
from insight_sessions.commands.deciding import decide
from insight_sessions.commands.places import RegisterInterest
from insight_sessions.domain.state import ProjectState
from insight_sessions.runtime import Moment
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.testing import simulation
from insight_sessions.testing.devising import PROJECT, Deviser
from insight_sessions.testing.faults import Crash, Fault, PortGround, Trap
from insight_sessions.testing.simulation import main, simulate
from insight_sessions.testing.world import BEGINNING, Broken, World
from tests.simulation.bug_zoo import ZOO
from tests.simulation.untraced import run

PROVING = os.environ.get("INSIGHT_SESSIONS_PROVE") == "1"
# Under `python -O` only whether they run.
HISTORIES = 50_000 if PROVING else 2_000 if __debug__ else 250
TOGETHER = 2_500 if PROVING else 250


@pytest.mark.parametrize("first", range(0, HISTORIES, TOGETHER))
def test_every_invariant_holds_in_every_history_on_sqlite(first: int) -> None:
    """Whatever people, clocks, disks and kills do; and the histories are eventful enough to say so."""
    done = run("insight_sessions.testing.simulation", "--seed", first, "--histories", TOGETHER)
    assert done.returncode == 0, done.stderr
    histories = [json.loads(line) for line in done.stdout.splitlines()]
    assert [history["seed"] for history in histories] == list(range(first, first + TOGETHER))
    numbers, faults = Counter[str](), Counter[str]()
    for history in histories:
        faults.update(history.pop("faults"))
        numbers.update(history)
    assert min(faults[fault] for fault in Fault) > TOGETHER // 6
    assert numbers["done"] > 5 * TOGETHER
    assert numbers["refused"] > TOGETHER
    assert numbers["copies"] > 4 * TOGETHER


@pytest.mark.parametrize("seed", [4_800, 11_591, 13_036, 19_631, 30_383, 35_411])
def test_a_history_that_was_once_misread(seed: int) -> None:
    """Nothing was wrong in it, and an invariant was said to be broken: some things are so rare that 2,000 do not do."""
    assert simulate(seed).steps > 0


def test_every_invariant_holds_on_a_store_known_only_by_its_port() -> None:
    """So authors of storage plugins run the same histories on theirs."""
    faults = Counter[str]()
    for seed in range(150):
        faults.update(simulate(seed, _in_memory).faults)
    assert min(faults[fault] for fault in Fault) > 0


def _in_memory(random_bytes: Callable[[int], bytes]) -> PortGround:
    first = MemoryStorage(random_bytes)
    return PortGround(first.reopened)


def test_one_seed_is_one_history(capsys: pytest.CaptureFixture[str]) -> None:
    """In every process, and with faults and all."""
    main(["--seed", "3", "--histories", "3"])
    done = run("insight_sessions.testing.simulation", "--seed", 3, "--histories", 3, traced=True)
    assert capsys.readouterr().out == done.stdout
    assert json.loads(done.stdout.splitlines()[0]) == asdict(simulate(3))


@pytest.mark.parametrize("bug", ["capacity_off_by_one", "journal_after_commit"])
def test_a_broken_history_says_how_to_see_it_again(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its seed, what is wrong, and one command."""
    ZOO[bug](monkeypatch)
    with pytest.raises(Broken) as caught:
        main(["--histories", "100"])
    said = str(caught.value)
    assert "Broken: I" in said
    assert said.splitlines()[-1].startswith(
        "see it again with: ./dev python -m insight_sessions.testing.simulation --seed"
    )


def test_histories_run_where_there_is_no_memory_to_keep_files_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """On other systems they run on the disk."""
    monkeypatch.setattr(simulation, "MEMORY", simulation.MEMORY / "nowhere")
    assert simulate(1).steps > 0


def test_everything_that_people_can_do_comes_up() -> None:
    """Sooner or later, in one history or another."""
    deviser = Deviser(World(1))
    moment = Moment(BEGINNING, lambda prefix: f"{prefix}1")
    facts = Facts(BEGINNING, deviser.members["m0"], "p-1")
    announced = decide(ProjectState(project_id=PROJECT), deviser.announcement(), facts, moment).state
    opened = decide(announced, OpenCall(project_id=PROJECT), facts, moment).state
    joining = RegisterInterest(project_id=PROJECT, member=deviser.members["m0"], sessions=tuple(opened.sessions))
    state = decide(opened, joining, facts, moment).state
    devisers = [Deviser(World(seed)) for seed in range(20)]
    kinds = {type(deviser.command(state)).__name__ for deviser in devisers for _ in range(100)}
    assert kinds >= {
        "RegisterInterest",
        "SwitchSession",
        "CancelProject",
        "RecheckEligibility",
        "AmendAnswers",
        "TakeReply",
    }
    assert len(kinds) == 23


def test_after_a_kill_nothing_more_is_done() -> None:
    """What is still on its way is killed too."""
    trap = Trap(lambda: None)
    trap.arm(Fault.CRASH, 1)
    for _ in range(2):
        with pytest.raises(Crash):
            trap.step()
    assert trap.disarm() is Fault.CRASH
