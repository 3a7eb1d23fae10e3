"""The one writer of a project: holds it, decides what waits, and commits it together.

It keeps each project's state in memory, exact by version and epoch, and answers every caller. When
a commit fails, or its answer is lost, the state is dropped and the receipts say what happened.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar
from weakref import WeakValueDictionary

from insight_sessions.commands.base import Command, Facts, Ref
from insight_sessions.commands.deciding import Decided, decide, pass_time
from insight_sessions.commands.passing import wake_at
from insight_sessions.commands.retaining import retains
from insight_sessions.domain.state import ProjectState
from insight_sessions.domain.thing import Lineage, can_go
from insight_sessions.errors import (
    CHECK_FAILED,
    CommandConflict,
    NotEligible,
    NotFound,
    StorageBusy,
    StorageError,
    UpgradeNeeded,
)
from insight_sessions.hooks.manager import LISTEN, NOTIFY
from insight_sessions.line import Line
from insight_sessions.records import Read, changed_records, decode, event_text, open_project, owed_text
from insight_sessions.runtime import Moment, Runtime
from insight_sessions.storage.forks import watch
from insight_sessions.storage.port import Change, Draft, Entry, Hold, Receipt, Snapshot, Storage, Whole

R = TypeVar("R")

BATCH: Final = 1000
"""How many commands are committed together at most."""

KEPT_PROJECTS: Final = 128
"""How many projects' states are kept in memory; the least recently used are dropped."""

TRIES: Final = 3
"""How often a batch is tried when the store is busy once its project is held; to hold it, the store itself waits."""

LONG: Final = timedelta(seconds=1)
"""After a try of this length the store has waited as long as it may for what it needs, and is not asked once more."""

AT_ONCE: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When something new is due: long ago, so that a clock that is set back does not hold it up."""


class Request(Generic[R]):
    """A command on its way, and what became of it.

    Args:
        command: what somebody wants.
        facts: what was found out beforehand.
        id: the command's own id, or none: then one is minted when it is first decided, and kept when it is tried again.
        fingerprint: a keyed hash of its content, when its id came from the caller: it may have been done before.
    """

    __slots__ = ("command", "error", "facts", "fingerprint", "id", "result")

    def __init__(self, command: Command[R], facts: Facts, id: str = "", fingerprint: str = "") -> None:
        self.command = command
        self.facts = facts
        self.id = id
        self.fingerprint = fingerprint
        self.result: Any = None
        self.error: Exception | None = None

    @property
    def asks_more(self) -> bool:
        """Whether the project's rules asked for what nobody looked up, because they were others a moment ago."""
        return (
            isinstance(self.error, NotEligible)
            and CHECK_FAILED in self.error.objections
            and CHECK_FAILED not in self.facts.objections
        )


@dataclass(frozen=True, slots=True)
class _Kept:
    """A state as the store has it, and whether a newer release wrote some of it."""

    state: ProjectState
    wake_at: datetime | None = None
    newer: bool = False


@dataclass(slots=True)
class Effort:
    """How the tries to serve a batch went.

    Args:
        tries: how many there were.
        held: when the last one came to hold the project; None when it did not.
        sent: the receipts that the last commit asked for would leave; None when none was asked for.
        unknown: whether something may be in the store that nobody was told of, and that no id of theirs would show.
    """

    tries: int = 0
    held: datetime | None = None
    sent: Mapping[str, Receipt] | None = None
    unknown: bool = False

    def begin(self) -> None:
        """Begin the next try."""
        self.tries += 1
        self.held = None

    def learn(self, found: Mapping[str, Receipt]) -> None:
        """The store said what is there: who brought no id of their own would do it twice."""
        self.unknown = any(not receipt.fingerprint for receipt in found.values())

    def is_proved_by(self, found: Mapping[str, Receipt]) -> bool:
        """Whether the last commit is there: of a command with the caller's own id, the receipt may be of another."""
        return any(found.get(id) == receipt for id, receipt in (self.sent or {}).items())


@lru_cache(maxsize=64)
def _by_task(consumers: frozenset[str]) -> tuple[list[str], list[str]]:
    """Who takes notices, and who takes events."""
    return sorted(one for one in consumers if one.startswith(NOTIFY)), sorted(
        one for one in consumers if one.startswith(LISTEN)
    )


class _Batch:
    """What one commit will write, as it comes together."""

    def __init__(self, kept: _Kept, epoch: str, consumers: frozenset[str]) -> None:
        self._kept = kept
        self.state = state = kept.state
        self._epoch = epoch
        self.entries: list[Entry] = []
        self.deliveries: list[Draft] = []
        self.receipts: dict[str, Receipt] = {}
        self._version = state.version + 1
        self._notified, self._listening = _by_task(consumers)

    def begin(self) -> None:
        """Note the store's epoch if the project was last written under another one."""
        lineage = self.state.lineage
        if lineage.epoch != self._epoch:
            restores = lineage.restores + 1 if lineage.epoch else 0
            self.state = self.state.put(Lineage(self._epoch, restores))

    def add(self, decided: Decided, moment: Moment) -> None:
        """Take in what a command did."""
        self.state = decided.state
        for event in decided.events:
            text = event_text(event)
            self.entries.append(Entry(event.project_id, event.number, text))
            for number, consumer in enumerate(self._listening):
                id = f"e-{event.project_id}-{event.number}.{number}"
                self.deliveries.append(Draft(id, consumer, event.project_id, text, AT_ONCE))
        if not self._notified:
            return
        for owed in decided.notices:
            text = owed_text(owed)
            stream = f"{self.state.project_id}/{owed.person}"
            for number, consumer in enumerate(self._notified):
                self.deliveries.append(Draft(f"{owed.id}.{number}", consumer, stream, text, AT_ONCE))

    def receive(self, request: Request[Any], result: Ref, moment: Moment) -> None:
        """Note what became of a command, so that it is not done twice."""
        self.receipts[request.id] = Receipt(
            request.id, request.fingerprint, result.kind, result.id, self._version, moment.now
        )

    @property
    def change(self) -> Change | None:
        """All of it for the store; None when there is nothing to write."""
        if self.state.changes is None and not (self.entries or self.receipts):
            return None
        return Change(
            version=self._version,
            records=changed_records(self.state, self._version),
            entries=self.entries,
            deliveries=self.deliveries,
            receipts=tuple(self.receipts.values()),
            wake_at=self.wake_at,
        )

    @property
    def wake_at(self) -> datetime | None:
        """When something next becomes due; worked out anew only when something that time is for changed."""
        state, before = self.state, self._kept.state
        kept = state.announced is before.announced and state.sessions is before.sessions
        kept = kept and state.joining is before.joining and state.offers is before.offers
        kept = kept and state.write_ups is before.write_ups
        kept = kept and state.following is before.following and state.reminders is before.reminders
        kept = kept and state.farewells is before.farewells and not retains(state)
        return self._kept.wake_at if kept else wake_at(state)


class Writer:
    """Writes projects, one holder at a time, and reads them without waiting.

    Args:
        storage: where projects are kept.
        runtime: time, ids and randomness.
    """

    def __init__(self, storage: Storage, runtime: Runtime) -> None:
        self._storage = storage
        self._runtime = runtime
        self._reset()
        watch(self)

    def _reset(self) -> None:
        self._mutex = threading.Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        # Weak, so that nobody can fill the memory by naming projects that do not exist; the last one is kept.
        self._lines: WeakValueDictionary[str, Line[Request[Any]]] = WeakValueDictionary()

    def before_fork(self) -> None:
        """Nothing to wait for: a thread that holds the store may need our mutex, and the store waits for it."""

    def after_fork(self, *, child: bool) -> None:
        """Go on; a child begins with nobody in line, and remembers nothing."""
        if child:
            self._reset()

    # Reading

    def state(self, project_id: str) -> ProjectState:
        """The committed state, caught up with the store.

        Raises:
            NotFound: there is no such project.
        """
        kept = self._caught_up(project_id, None)
        if kept.state.announced is None:
            raise NotFound("project", project_id)
        return kept.state

    def seen(self, project_id: str) -> ProjectState | None:
        """The state as it was when it was last needed here, if it was; the store is not asked."""
        kept = self._kept.get(project_id)
        return None if kept is None else kept.state

    def _caught_up(self, project_id: str, hold: Hold | None) -> _Kept:
        kept = self._kept.get(project_id) or _Kept(ProjectState(project_id=project_id))
        state = kept.state
        if hold is None and not state.version:
            return self._taken_in(kept, *open_project(self._storage, project_id))
        found = self._storage.read(project_id, state.version) if hold is None else hold
        if state.version and (found.epoch, found.version) == (state.epoch, state.version):
            if hold is None:  # of a hold, what is committed is kept
                self._keep(kept)
            return kept
        records = found.records if isinstance(found, Snapshot) else found.changed(state.version)
        gone = [(record.kind, record.id) for record in records if record.body is None] if state.version else []
        if state.version and (found.epoch != state.epoch or not all(can_go(kind) for kind, _ in gone)):
            with self._mutex:
                self._kept.pop(project_id, None)
            return self._caught_up(project_id, hold)
        return self._taken_in(kept, found, decode(records), gone)

    def _taken_in(
        self, kept: _Kept, found: Whole | Snapshot | Hold, read: Read, gone: Iterable[tuple[str, str]] = ()
    ) -> _Kept:
        """A state with what was read and without what is gone, which is now what was found in the store."""
        state = kept.state
        for kind, id in gone:
            state = state.without(kind, id)
        state = state.with_all(read.things)
        state = state.at(version=found.version, epoch=found.epoch, journal_end=found.journal_end)
        kept = _Kept(state, wake_at(state), kept.newer or read.newer)
        if found.version:
            self._keep(kept)
        return kept

    def _keep(self, kept: _Kept) -> None:
        """Remember a state, unless a newer one is remembered already."""
        project_id = kept.state.project_id
        with self._mutex:
            known = self._kept.get(project_id)
            if known is not None and known.state.epoch == kept.state.epoch and known.state.version > kept.state.version:
                return
            self._kept[project_id] = kept
            self._kept.move_to_end(project_id)
            while len(self._kept) > KEPT_PROJECTS:
                self._kept.popitem(last=False)

    def _drop(self, project_id: str) -> None:
        with self._mutex:
            self._kept.pop(project_id, None)

    # Writing

    def do(self, project_id: str, requests: Sequence[Request[Any]]) -> None:
        """Do commands in order, together with whoever else waits; each request says what became of it.

        With no requests, what is due because time passed is done.
        """
        with self._mutex:
            line = self._lines.get(project_id)
            if line is None:
                line = Line[Request[Any]](lambda served, more: self._serve(project_id, served, more), BATCH)
                self._lines[project_id] = line
            self._last_line = line
        for start in range(0, max(len(requests), 1), BATCH):
            line.pass_through(requests[start : start + BATCH])

    def _serve(self, project_id: str, requests: list[Request[Any]], more: Callable[[], Sequence[Request[Any]]]) -> None:
        effort = Effort()
        while not self._is_served(project_id, requests, more, effort):
            self._runtime.sleep(self._runtime.jitter() * 0.05 * effort.tries)
            more = tuple  # who comes later has tries of their own

    def _is_served(
        self, project_id: str, requests: list[Request[Any]], more: Callable[[], Sequence[Request[Any]]], effort: Effort
    ) -> bool:
        """Whether everyone has an answer; not when the store was busy and there are tries left."""
        effort.begin()
        try:
            self._attempt(project_id, requests, more, effort)
        except StorageError as error:
            self._drop(project_id)
            waits = effort.held is None or self._runtime.utc_now() - effort.held >= LONG
            if effort.held is not None and self._settled_by_receipts(project_id, requests, effort):
                return True
            if isinstance(error, StorageBusy) and not waits and effort.tries < TRIES:
                return False
            if not requests:
                raise
            _fail(requests, error, unknown=effort.unknown)
        except BaseException:
            self._drop(project_id)
            raise
        return True

    def _attempt(
        self, project_id: str, requests: list[Request[Any]], more: Callable[[], Sequence[Request[Any]]], effort: Effort
    ) -> None:
        """Hold the project, decide everything, commit once."""
        if project_id not in self._kept:
            self._caught_up(project_id, None)  # nobody has to wait while a large project is read
        with self._storage.hold(project_id) as hold:
            effort.held = self._runtime.utc_now()
            kept = self._caught_up(project_id, hold)
            if kept.newer:
                raise UpgradeNeeded(f"a newer release wrote project {project_id!r}; this one must not change it")
            requests += more()  # who came while the hold was waited for: one commit more would serve them alone
            batch = _Batch(kept, hold.epoch, hold.consumers)
            moment = self._runtime.moment()
            if kept.state.announced is not None:
                batch.begin()
                self._let_time_pass(batch, kept.wake_at, moment)
            # What an earlier try sent may be there, although nobody could be asked for its receipts.
            again = effort.sent is not None
            given = [request.id for request in requests if request.fingerprint or (again and request.id)]
            known: Mapping[str, Receipt] = hold.receipts(given) if given else {}
            effort.learn(known)
            for request in requests:
                receipt = known.get(request.id) or batch.receipts.get(request.id)
                if receipt is not None:
                    _answer(request, receipt, batch.state)
                else:
                    self._decide(request, batch, moment)
            change = batch.change
            if change is not None:
                effort.sent, effort.unknown = batch.receipts, True
                hold.commit(change)
        if change is not None:
            end = batch.state.journal_end
            committed = batch.state.at(version=change.version, epoch=kept.state.epoch, journal_end=end)
            self._keep(_Kept(committed, change.wake_at))

    def _let_time_pass(self, batch: _Batch, due: datetime | None, moment: Moment) -> None:
        if due is not None and due <= moment.now:
            for _, decided in pass_time(batch.state, moment):
                batch.add(decided, moment)

    def _decide(self, request: Request[Any], batch: _Batch, moment: Moment) -> None:
        """One command; a refusal, or a fault in its rule, fails it alone."""
        request.result = request.error = None
        request.id = request.id or moment.mint("k-")
        try:
            decided = decide(batch.state, request.command, request.facts, moment, request.id)
            request.result = decided.state.find(*decided.result)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this command's alone
            request.error = error
            return
        batch.add(decided, moment)
        batch.receive(request, decided.result, moment)

    def _settled_by_receipts(self, project_id: str, requests: Sequence[Request[Any]], effort: Effort) -> bool:
        """Whether a commit whose answer was lost is in the store after all: then its receipts are.

        A refusal stands only when what it was decided with is there: it may rest on what was lost.
        """
        try:
            with self._storage.hold(project_id) as hold:
                found = hold.receipts([request.id for request in requests if request.id])
                state = self._caught_up(project_id, hold).state if found else None
        except StorageError:
            return False
        effort.learn(found)
        if state is None:
            return False
        is_there = effort.is_proved_by(found)
        for request in requests:
            if request.id in found:
                _answer(request, found[request.id], state)
            elif request.error is None or not is_there:
                return False
        return True


def _answer(request: Request[Any], receipt: Receipt, state: ProjectState) -> None:
    """Answer a command that was done before: the same thing, as it is now."""
    if receipt.fingerprint != request.fingerprint:
        request.error = CommandConflict(request.id)
        return
    request.error = None
    try:
        request.result = state.find(receipt.kind, receipt.result)
    except NotFound as error:  # it was erased since
        request.error = error


def _fail(requests: Sequence[Request[Any]], error: StorageError, *, unknown: bool) -> None:
    """Nobody's answer stands, refusals neither, for they may rest on what was lost.

    Args:
        requests: who is told.
        error: what the store said.
        unknown: whether the store may have done it after all: who is told to come again would do it twice.
    """
    if unknown and type(error) is not StorageError:
        doubt = StorageError("the answer of the store was lost; what became of it is not known")
        doubt.__cause__ = error
        error = doubt
    for request in requests:
        copy = type(error)(*error.args)
        copy.__cause__ = error
        request.result = None
        request.error = copy
