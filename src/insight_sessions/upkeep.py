"""What must be done now and then although nobody asks for it."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from logging import getLogger
from typing import Any, Final

from insight_sessions.commands.base import Command
from insight_sessions.commands.filling import is_recent
from insight_sessions.commands.passing import RecheckEligibility
from insight_sessions.commands.zones import FollowZoneRules, outdated
from insight_sessions.delivery import Deliveries
from insight_sessions.domain.registration import Decision, Registration
from insight_sessions.domain.state import ProjectState
from insight_sessions.eligibility import Enquiry
from insight_sessions.errors import PluginError, StorageError
from insight_sessions.identity import is_household
from insight_sessions.runtime import Runtime
from insight_sessions.storage.port import Storage
from insight_sessions.writer import Request, Writer

_log: Final = getLogger("insight_sessions")

RECEIPTS_KEPT: Final = timedelta(days=90)
"""How long a repeated command is recognised."""

SWEPT_EVERY: Final = timedelta(hours=1)
"""How often every project is looked through for new zone rules, and for checks that have grown old."""

CHECKED_AHEAD: Final = 2 * SWEPT_EVERY
"""How long before their last check grows old people are checked again who are yet to be decided about."""

DUE_TOGETHER: Final = 100
MOST_ROUNDS: Final = 100


class Upkeep:
    """Does what has become due.

    Args:
        storage: where projects are kept.
        writer: who writes them.
        enquiry: who asks the host's plugins.
        runtime: the time.
        resume: goes on with erasures that are not complete.
    """

    def __init__(
        self, storage: Storage, writer: Writer, enquiry: Enquiry, runtime: Runtime, resume: Callable[[], object]
    ) -> None:
        self._storage = storage
        self._writer = writer
        self._enquiry = enquiry
        self._runtime = runtime
        self._resume = resume
        self._swept: datetime | None = None

    def tick(self) -> int:
        """Do everything that is due; gives how many projects were visited.

        Raises:
            InsightSessionsError: a project could not be done; the others were.
        """
        now = self._runtime.utc_now()
        visited: set[str] = set()
        failed: dict[str, Exception] = {}
        for _ in range(MOST_ROUNDS):
            due = [one for one in self._storage.due(now, DUE_TOGETHER + len(failed)) if one not in failed]
            if not due:
                break
            for project_id in due:
                try:
                    self._writer.do(project_id, [])
                except Exception as error:  # noqa: BLE001 - the same
                    failed[project_id] = error
            visited.update(due)
        if self._swept is None or not timedelta(0) <= now - self._swept < SWEPT_EVERY:
            self._swept = now
            visited.update(self._sweep(now, failed))
        self._resume()
        for fault in failed.values():
            raise fault
        return len(visited)

    def _sweep(self, now: datetime, failed: dict[str, Exception]) -> set[str]:
        """What is a matter of days, and reads much: zone rules, old checks, and receipts that nobody needs any more."""
        visited: set[str] = set()
        for project_id in self.projects():
            try:
                if self._look_after(project_id, now, failed):
                    visited.add(project_id)
            except Exception as error:  # noqa: BLE001 - one project must not keep the others from theirs
                failed[project_id] = error
                self._swept = None  # what could not be done is tried again at the next tick
        self._storage.forget_receipts(now - RECEIPTS_KEPT)
        return visited

    def projects(self) -> list[str]:
        """The ids of all projects."""
        return [project_id for project_id in self._storage.project_ids() if not is_household(project_id)]

    def _look_after(self, project_id: str, now: datetime, failed: dict[str, Exception]) -> bool:
        """Do in a project what time alone does not make due; whether there was anything."""
        state = self._writer.state(project_id)
        commands: list[Command[Any]] = []
        if any(outdated(state, now)):
            commands.append(FollowZoneRules(project_id=project_id))
        commands.extend(_checks(state, now))
        requests: list[Request[Any]] = []
        for command in commands:
            try:
                requests.append(Request(command, self._enquiry.facts(command)))
            except PluginError as error:
                failed[project_id] = error  # one look-up that fails does not stop the others
        if requests:
            self._writer.do(project_id, requests)
        for request in requests:
            if isinstance(request.error, StorageError):
                raise request.error
        return bool(requests)


def _checks(state: ProjectState, now: datetime) -> Iterator[RecheckEligibility]:
    """Ask again about people whose facts have grown old, or do not say what the rules ask since."""
    project = state.definition
    ahead = any(session.is_open_at(now) for session in state.sessions.values())
    if not ahead or (project.recheck_days is None and not project.asks_past):
        return  # nobody can be given a place any more, so nobody need be looked up
    for one in sorted(state.registrations.values(), key=lambda one: one.arrived):
        if _is_unknown(state, one) or _has_grown_old(state, one, now):
            yield RecheckEligibility(project_id=project.id, registration_id=one.id)


def _is_unknown(state: ProjectState, one: Registration) -> bool:
    """Whether the rules ask for what nobody has looked up about somebody who hopes for a place."""
    hopeful = state.definition.asks_past and one.hopes_for and not one.barred
    return bool(hopeful) and state.people[one.person].past is None


def _has_grown_old(state: ProjectState, one: Registration, now: datetime) -> bool:
    """Whether somebody who waits, or is to be decided about, was last checked too long ago."""
    if one.waits_for:
        return not is_recent(one, state.definition, now)
    ahead = one.decision is Decision.PENDING and any(state.sessions[id].is_open_at(now) for id in one.hopes_for)
    # Some time before it is too old: an allocation between two sweeps is to leave out nobody.
    return ahead and not is_recent(one, state.definition, now + CHECKED_AHEAD)


def work(tick: Callable[[], object], deliver: Callable[[], Deliveries]) -> int:
    """Do what is due and deliver, once around; what cannot be done now is logged, and waits for the next time.

    Args:
        tick: does what is due.
        deliver: delivers what is due.

    Returns:
        how many deliveries there were.
    """
    try:
        tick()
    except Exception as error:  # noqa: BLE001 - it must go on, and say what it was without a word of it
        _log.warning("the worker could not do all that is due: %s", type(error).__name__)
    try:
        return deliver().total
    except Exception as error:  # noqa: BLE001 - the same
        _log.warning("the worker could not deliver for now: %s", type(error).__name__)
        return 0
