"""One simulated history as it goes on: trouble first, then peace, and a look at everything after each step."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, partial
from typing import Any, Final, cast

from pydantic import ValidationError

from insight_sessions.commands.base import Command
from insight_sessions.commands.places import Withdraw
from insight_sessions.delivery import MOST_ATTEMPTS
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import CommandConflict, NotFound, Refusal, StorageError
from insight_sessions.hooks.manager import Plugins
from insight_sessions.records import decode, read_event
from insight_sessions.storage.port import Storage
from insight_sessions.testing.audience import Audience, check_audience
from insight_sessions.testing.devising import PROJECT, Deviser
from insight_sessions.testing.faults import Crash, Fault, Ground
from insight_sessions.testing.invariants import check_clocks, check_command, check_state, check_waiting
from insight_sessions.testing.mailbox import Mailbox
from insight_sessions.testing.reminded import check_reminded
from insight_sessions.testing.replaying import Replay, differences, explain, same
from insight_sessions.testing.world import (
    BEGINNING,
    Broken,
    Overseen,
    Stage,
    WitnessedDesk,
    World,
    expect,
)
from insight_sessions.testing.zone_rules import Machines

MakeGround = Callable[[Callable[[int], bytes]], Ground]
"""Makes the place for a history's stores, from the randomness they are to use."""

REFUSED: Final = (Refusal, NotFound, ValidationError)
LONGEST: Final = timedelta(days=70)
"""Receipts live 90 days: a history that repeats commands stays within that."""


@dataclass(slots=True)
class History:
    """What a history was like, in numbers."""

    seed: int
    steps: int = 0
    done: int = 0
    refused: int = 0
    unknown: int = 0
    copies: int = 0
    faults: dict[str, int] = field(default_factory=dict[str, int])


@cache
def _stage() -> Stage:
    return Stage(World(0), {})


@cache
def _plugins() -> tuple[Plugins, Plugins]:
    return _stage().plugins()


class Course:
    """One history.

    Args:
        seed: which one.
        ground: the place for its stores.
    """

    def __init__(self, seed: int, ground: MakeGround) -> None:
        self.world = World(seed)
        self.history = History(seed)
        self.ground = ground(self.world.machine.randbytes)
        self.deviser = Deviser(self.world)
        self.audience = Audience(seed)
        self.mailbox = Mailbox(self.world)
        self.replay = Replay(ProjectState(project_id=PROJECT))
        self.desks: list[WitnessedDesk | None] = [None, None]
        self.machines = Machines(len(self.desks))
        self.repeatable: list[Command[Any]] = []
        self.answers: list[tuple[Command[Any], object]] = []
        self.unsure: Command[Any] | None = None
        self.named = 0
        self.world.meanwhile = self._meanwhile
        self.world.crash = self._kill

    def run(self) -> History:
        """Trouble first, then peace: everything must come right in the end."""
        _stage().world, _stage().members = self.world, self.deviser.members
        try:
            self._desk(0)
            for _ in range(self.world.dice.randint(8, 22)):
                self._step()
            if self.machines.any_updated:
                self._update(0, 1)
            with self.machines.rules_of(0):
                self._heal()
        finally:
            self.ground.close()
        self.history.copies = len(self.world.copies)
        return self.history

    # Processes

    def _desk(self, number: int) -> WitnessedDesk:
        """A desk of one of two processes; the second one may lack a plugin."""
        desk = self.desks[number]
        if desk is None:
            whole, lacking = _plugins()
            overseen: object = Overseen(self.ground.open(), self.world)
            plugins = lacking if number == 1 and self.world.chance(0.3) else whole
            desk = WitnessedDesk(cast("Storage", overseen), self.world, plugins)
            self.desks[number] = desk
        return desk

    def _meanwhile(self) -> None:
        """While one worker is slow, another delivers."""
        with suppress(StorageError), self.machines.rules_of(1):
            self._desk(1).deliver()

    def _kill(self) -> None:
        """Kill every process, from inside of one."""
        self.ground.trap.crash()

    def _reopen(self, *numbers: int) -> None:
        """Processes end in good order, and begin again."""
        for number in numbers:
            desk = self.desks[number]
            if desk is not None:
                desk.close()
            self.desks[number] = None

    def _update(self, *numbers: int) -> None:
        """Newer zone rules come to processes, which begin again."""
        self._reopen(*numbers)
        for number in numbers:
            self.machines.update(number)

    def _tick_everywhere(self) -> None:
        """After an update each process looks after the project by the rules that it has, in any order."""
        for number in self.world.dice.sample(range(len(self.desks)), len(self.desks)):
            with self.machines.rules_of(number):
                self._observed(partial(self._tick, number))

    def _tick(self, number: int) -> None:
        self._desk(number).tick()

    # Steps

    def _step(self) -> None:
        world, dice = self.world, self.world.dice
        self.history.steps += 1
        hours = dice.choice((0, 0, 0, 0.01, 1, 3, 20, -1, -30)) if world.chance(0.97) else 300
        world.pass_time(min(timedelta(hours=hours), BEGINNING + LONGEST - world.now))
        if world.chance(0.08):
            self._reopen(0, 1)
        if world.chance(0.04):
            self._update(*dice.choice(((0,), (1,), (0, 1))))
            self._tick_everywhere()
        if world.chance(0.1):
            self.deviser.renew_somebody()
        if world.chance(0.35):
            fault = dice.choice((Fault.CRASH, Fault.CRASH, Fault.CRASH, *Fault))
            self.ground.trap.arm(fault, dice.randint(1, dice.choice((12, 60))))
        which = dice.choice((0, 0, 1))
        with self.machines.rules_of(which):
            self._observed(lambda: self._turn(self._desk(which)))

    def _turn(self, desk: WitnessedDesk) -> None:
        """What followers do, and what everybody else does."""
        said = self.audience.command(self.replay.state)
        if said is not None:
            self._do(desk, said)
        self._act(desk)

    def _act(self, desk: WitnessedDesk) -> None:
        """One thing that somebody does."""
        dice = self.world.dice
        act = dice.random()
        if self.unsure is not None and act < 0.6:
            command, self.unsure = self.unsure, None
            self._do(desk, command)
        elif crowd := self.deviser.crowd(self.replay.state):
            self._do_many(desk, crowd)
        elif act < 0.12:
            desk.deliver(dice.choice((None, 1, 3)))
        elif act < 0.18:
            desk.tick()
        elif act < 0.20:
            _requeue_all(desk)
        elif act < 0.22 and self.replay.state.registrations:
            self._answer(desk)
        elif act < 0.28:
            self._do_many(desk, [self._new_command() for _ in range(dice.randint(2, 4))])
        elif act < 0.38 and self.repeatable:
            self._do(desk, dice.choice(self.repeatable))
        elif act < 0.40 and self.repeatable:
            self._conflict(desk, dice.choice(self.repeatable))
        else:
            self._do(desk, self._new_command())

    def _new_command(self) -> Command[Any]:
        command = self.deviser.command(self.replay.state)
        if self.world.chance(0.1):
            return command
        self.named += 1
        command = command.model_copy(update={"id": f"c{self.named}", "by": "staff-1"})
        self.repeatable = [*self.repeatable[-5:], command]
        return command

    def _do(self, desk: WitnessedDesk, command: Command[Any]) -> None:
        self.unsure = command if command.id is not None else None
        try:
            result = desk.do(command)
        except REFUSED as error:
            expect(not isinstance(error, CommandConflict), "a repeated command is recognised", str(command.id))
            self.history.refused += 1
        else:
            self.answers.append((command, result))
        self.unsure = None

    def _answer(self, desk: WitnessedDesk) -> None:
        """A calendar answers by mail; the same mail once more changes nothing."""
        raw, trusted = self.deviser.mail(self.replay.state)
        first = desk.receive_reply(raw, trusted)
        expect(first.understood == (first.registration is not None), "what was understood is somebody's", first.reason)
        again = desk.receive_reply(raw, trusted)
        expect(again.registration == first.registration, "a copy of a reply changes nothing", again.reason)

    def _do_many(self, desk: WitnessedDesk, commands: list[Command[Any]]) -> None:
        for outcome in desk.do_many(PROJECT, commands):
            storage = isinstance(outcome.error, StorageError)
            expect(not storage or self.ground.trap.sprung, "the store fails only when it must", repr(outcome.error))
            if outcome.result is not None:
                self.answers.append((outcome.command, None))

    def _conflict(self, desk: WitnessedDesk, old: Command[Any]) -> None:
        """A command id is used again, with other content."""
        new = Withdraw(project_id=PROJECT, registration_id="r-other", id=old.id)
        try:
            desk.do(new)
        except CommandConflict:
            expect(old.id in self.replay.done, "only what was done conflicts")
        except REFUSED:
            expect(old.id not in self.replay.done, "the same id with other content is a conflict")

    def _observed(self, act: Callable[[], object]) -> None:
        """Do something, and look at what is in the store afterwards."""
        trap = self.ground.trap
        self.world.attempts.clear()
        try:
            act()
        except Crash:
            self.history.unknown += 1
        except StorageError as error:
            expect(trap.sprung, "the store fails only when it must", repr(error))
            self.history.unknown += 1
        sprung = trap.disarm()
        if sprung is not None:
            self.history.faults[sprung] = self.history.faults.get(sprung, 0) + 1
        if trap.dead:
            self.desks = [None, None]
            self.ground.revive()
        self._check(thorough=sprung is not None)

    # Looking

    def _check(self, *, thorough: bool) -> None:
        """Compare the store with what the commands say, and with what desks and callers believe."""
        storage = self._desk(0).storage
        snapshot = storage.read(PROJECT)
        if thorough or snapshot.version != self.replay.state.version:
            stored = ProjectState(project_id=PROJECT).with_all(decode(snapshot.records).things)
            stored = stored.at(version=snapshot.version, epoch=snapshot.epoch, journal_end=snapshot.journal_end)
            self._explain(stored, storage)
            for desk in self.desks:
                if desk is not None and stored.announced is not None:
                    known = desk.state(PROJECT)
                    expect(same(known, stored) and known.version == stored.version, "a desk knows what is committed")
        for command, result in self.answers:
            ref = self.replay.done.get(command.id or "")
            expect(ref is not None or command.id is None, "I8 what was acknowledged survives", str(command.id))
            so = result is None or ref is None or result == self.replay.state.find(*ref)
            expect(so, "I8 an answer is what is so", f"{result!r}")
        self.history.done += len(self.answers)
        self.answers.clear()
        self.mailbox.check_copies()
        if self.world.stirred:
            self.world.stirred = False
            self.mailbox.check_outbox(storage)

    def _explain(self, stored: ProjectState, storage: Storage) -> None:
        """Which of the attempts were committed; the journal, and the invariants of each of their commands."""
        before = self.replay.settled()
        entries = storage.journal(PROJECT, after=before.state.journal_end)
        numbers = list(range(before.state.journal_end + 1, stored.journal_end + 1))
        expect([one.number for one in entries] == numbers, "I9 the journal has no gap")
        journal = [read_event(one.body) for one in entries]
        commits = stored.version - before.state.version
        found = explain(before, self.world.attempts, commits, stored, journal)
        if found is None:
            others = [before.after(attempt, stored.epoch) for attempt in self.world.attempts]
            wrong = [f"{one.events!r:.300} {differences(one.state, stored)}" for one in (before, *others)]
            raise Broken(
                f"I9 {commits} commits of these commands do not give {journal!r:.300}, but: " + "; or ".join(wrong)
            )
        for step in found.steps:
            check_command(step.before, step.command, step.decided, step.now)
            check_state(step.decided.state, self.world.latest)
        self.mailbox.expect_more(found)
        self.world.stirred = True
        self.replay = found

    def _heal(self) -> None:
        """Nothing fails any more but, perhaps, messages to one person: everything else must go out."""
        world = self.world
        world.calm = True
        world.pass_time(timedelta(days=365 if world.chance(0.05) else 0))
        people = sorted(self.replay.state.people)
        if people and world.chance(0.15):
            world.poisoned = world.dice.choice(people)
        self._drain()
        if world.poisoned is not None:
            world.poisoned = None
            self._observed(lambda: _requeue_all(self._desk(0)))
            self._drain()

    def _drain(self) -> None:
        rounds = 0
        while self._goes_round():
            rounds += 1
            # Offers go on being made to whoever takes no message, and each is tried so often before the next one is.
            behind = sum(owed.person == self.world.poisoned for owed in self.mailbox.owed.values())
            expect(rounds < max(10, behind + 1) * MOST_ATTEMPTS, "everything due is delivered in the end")
        self.mailbox.check_end(self.replay.state, self._desk(0).storage)

    def _goes_round(self) -> bool:
        """Hours later everything is tried again; whether something is left."""
        self.world.pass_time(timedelta(hours=16))
        self._observed(lambda: self._desk(0).tick())
        check_waiting(self.replay.state, self.world.now)
        check_clocks(self.replay.state, self.world.now)
        check_audience(self.replay.state, self.world.now)
        check_reminded(self.replay.state, self.world.now)
        self._observed(lambda: self._desk(0).deliver())
        return any(self._desk(0).storage.backlog().values())


def _requeue_all(desk: WitnessedDesk) -> None:
    for letter in desk.dead_letters():
        desk.requeue(letter.id)
