"""I9: the same commands, with the facts, ids and moments they had, give the same journal, notices and state."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from insight_sessions.commands.base import Command, Ref
from insight_sessions.commands.deciding import Decided, decide, pass_time
from insight_sessions.domain.events import Event
from insight_sessions.domain.notices import Owed
from insight_sessions.domain.state import ProjectState
from insight_sessions.domain.thing import KINDS, Lineage
from insight_sessions.runtime import Moment
from insight_sessions.testing.world import Attempt

_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Step:
    """One command as it was replayed."""

    before: ProjectState
    command: Command[Any]
    decided: Decided
    now: datetime


@dataclass(frozen=True, slots=True)
class Replay:
    """What a project must be, by its commands alone.

    Args:
        state: as it is after them.
        done: the result of each command that was done, by the command's id.
        steps: the commands of the newest attempts, in order.
    """

    state: ProjectState
    done: dict[str, Ref] = field(default_factory=dict[str, Ref])
    steps: tuple[Step, ...] = ()

    @property
    def events(self) -> list[Event]:
        """What happened in the newest steps."""
        return [event for step in self.steps for event in step.decided.events]

    @property
    def owed(self) -> list[Owed]:
        """Who was to be told what in the newest steps."""
        return [owed for step in self.steps for owed in step.decided.notices]

    def settled(self) -> "Replay":
        """The same, with no new steps."""
        return Replay(self.state, self.done)

    def after(self, attempt: Attempt, epoch: str) -> "Replay":
        """As it is after one more attempt that was committed; the same when it changed nothing."""
        commands = {one.id for one in attempt.requests}
        ids = (id for id in attempt.minted if id not in commands)
        moment = Moment(attempt.now, lambda _: next(ids))
        state, done, steps = _noted(self.state, epoch), dict(self.done), list(self.steps)
        for command, decided in pass_time(state, moment):
            steps.append(Step(state, command, decided, attempt.now))
            state = decided.state
        for one in attempt.requests:
            if one.id in done:
                continue
            try:
                decided = decide(state, one.command, one.facts, moment, one.id)
            except Exception:  # noqa: BLE001, S112 - a refused command, or one with a bug, changes nothing
                continue
            steps.append(Step(state, one.command, decided, attempt.now))
            state = decided.state
            done[one.id] = decided.result
        if len(steps) == len(self.steps) and state is self.state:
            return self
        state = state.at(version=state.version + 1, epoch=epoch, journal_end=state.journal_end)
        return Replay(state, done, tuple(steps))


def _noted(state: ProjectState, epoch: str) -> ProjectState:
    """The first time a project is written in a life of its store, it notes that."""
    lineage = state.lineage
    if state.announced is None or lineage.epoch == epoch:
        return state
    return state.put(Lineage(epoch, lineage.restores + 1 if lineage.epoch else 0))


def explain(
    replay: Replay, attempts: Sequence[Attempt], commits: int, stored: ProjectState, journal: Sequence[Event]
) -> Replay | None:
    """Which of the attempts were committed, so that the store holds what it holds.

    Args:
        replay: what it was before them.
        attempts: those made since, in order; some may have failed.
        commits: how many succeeded.
        stored: the project as the store has it now.
        journal: its new entries.
    """
    if not commits:
        return replay if replay.events == list(journal) and same(replay.state, stored) else None
    for number, attempt in enumerate(attempts, 1):
        following = replay.after(attempt, stored.epoch)
        if following is not replay:
            found = explain(following, attempts[number:], commits - 1, stored, journal)
            if found is not None:
                return found
    return None


def same(one: ProjectState, other: ProjectState) -> bool:
    """Whether two states hold the same, however they came about."""
    return not differences(one, other)


def differences(one: ProjectState, other: ProjectState) -> list[str]:
    """What two states do not have alike."""
    first, second = _content(one), _content(other)
    return [
        f"{name}: {first[name]!r:.300} is not {second[name]!r:.300}" for name in first if first[name] != second[name]
    ]


def _content(state: ProjectState) -> dict[str, object]:
    kept: dict[str, object] = {kind.name: dict(state.kept_as(kind.name)) for kind in KINDS.values() if kind.place}
    kept |= {"members": dict(state.members), "latest": dict(state.latest)}
    lines = {id: ([one.id for one in state.waiting(id)], state.places_left(id)) for id in state.sessions}
    kept["offers"] = {one.id: one.offer for one in state.offered_until(_EVER)}
    return {**kept, "lines": lines, "rest": (state.announced, state.lineage, state.journal_end, state.next_arrival)}
