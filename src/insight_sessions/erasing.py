"""Forgetting somebody everywhere, step by step, so that it can go on wherever it was interrupted.

First the intent is kept, with the host's id of them; then each project forgets them in one transaction, and what the
store keeps of them beside projects goes. When their last messages are sent or given up, every plugin with data of its
own is asked to forget them too: not before, for a notifier may keep what it sends. Then the intent goes, and the
store's files are cleaned. What could not be done is tried again by whoever calls once more, and by `Desk.tick`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Final

from pydantic import TypeAdapter

from insight_sessions.commands.erasing import EraseMember
from insight_sessions.domain import personal
from insight_sessions.domain.erasure import Erasure
from insight_sessions.domain.following import Follower
from insight_sessions.domain.member import Erased
from insight_sessions.errors import InsightSessionsError, NotFound, StorageError
from insight_sessions.hooks.manager import Plugins
from insight_sessions.identity import ERASURES, is_household
from insight_sessions.records import decode
from insight_sessions.runtime import Runtime
from insight_sessions.storage.port import Change, Record, Storage

RESUMED_EVERY: Final = timedelta(hours=1)
"""How often an erasure that is not complete is tried again, when nothing says that it can go on."""

_INTENT: Final = "erasing"
_SCRUB: Final = "scrub"
_SCRUB_DUE: Final = Record(ERASURES, _SCRUB, _SCRUB, 0, subject=None, unique=None, body='{"format":1}')
_FAREWELL: Final = "farewell"
_ON_ITS_WAY: Final = "A last message is on its way to them."
_NOT_ANSWERED: Final = "It failed, or did not answer with an Erased."


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An erasure that was asked for and is not complete; personal data, and the last of it to go.

    Args:
        member_id: the host's id of them, which plugins know them by.
        command: the id of the command in each project.
        farewell: whether they are written to.
        followers: the ids under which they follow.
        addresses: by which addresses they do, for plugins know followers by nothing else.
        left: the projects that still know them.
        projects: those that knew them.
        records: how many records were deleted, by kind.
        freed: places that others can have now, as ``project/session``.
        cleared: whether what the store keeps of them beside projects is gone.
    """

    member_id: Annotated[str, personal.LEAVING]
    command: Annotated[str, personal.OURS]
    farewell: Annotated[bool, personal.LEAVING] = True
    followers: Annotated[tuple[str, ...], personal.OURS] = ()
    addresses: Annotated[tuple[str, ...], personal.LEAVING] = ()
    left: Annotated[tuple[str, ...], personal.LEAVING] = ()
    projects: Annotated[tuple[str, ...], personal.LEAVING] = ()
    records: Annotated[dict[str, int], personal.LEAVING]
    freed: Annotated[tuple[str, ...], personal.LEAVING] = ()
    cleared: Annotated[bool, personal.LEAVING] = False

    def after(self, erasure: Erasure) -> "Intent":
        """The same, with what a project forgot."""
        (project_id,) = erasure.projects
        return replace(
            self,
            left=tuple(one for one in self.left if one != project_id),
            records=_sum(self.records, erasure.records),
            freed=(*self.freed, *(f"{project_id}/{session}" for session in erasure.freed)),
        )


@cache
def _form() -> TypeAdapter[Intent]:
    return TypeAdapter(Intent)


def _read(record: Record) -> Intent:
    return _form().validate_json(record.body or "", extra="ignore")


def _sum(some: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted((Counter(some) + Counter(more)).items()))


def _projects(known: Iterable[Record], *, with_farewells: bool) -> tuple[str, ...]:
    """The projects that know somebody by more than where to say goodbye."""
    found = {one.project_id for one in known if with_farewells or one.kind != _FAREWELL}
    return tuple(sorted(id for id in found if not is_household(id)))


class Erasing:
    """Forgets people.

    Args:
        storage: where projects are kept.
        plugins: those with data of their own.
        runtime: time and ids.
        ids_of: our ids of a person, their own first, from the host's id of them.
        do: does a command.
    """

    def __init__(
        self,
        storage: Storage,
        plugins: Plugins,
        runtime: Runtime,
        ids_of: Callable[[str], tuple[str, ...]],
        do: Callable[[EraseMember], Erasure],
    ) -> None:
        self._storage = storage
        self._plugins = plugins
        self._runtime = runtime
        self._ids_of = ids_of
        self._do = do
        self._next: datetime | None = None

    def erase(self, member_id: str, *, farewell: bool) -> Erasure:
        """Begin to forget somebody, and do all of it that can be done now.

        Args:
            member_id: the host's id of them.
            farewell: whether to write to them.

        Raises:
            StorageError: it could not even be noted.
        """
        person, *followers = self._ids_of(member_id)
        before = next((_read(record) for record in self._storage.about(person) if record.kind == _INTENT), None)
        # Those of addresses that were deleted meanwhile are known from before.
        known = self._about(person, {*followers, *(before.followers if before else ())})
        # Of many addresses they may follow by few, and a command takes so many ids only.
        followers = sorted({record.id for record in known if record.kind in {"follower", "links"}} - {person})
        left = _projects(known, with_farewells=not farewell)
        addresses = {one.email for one in decode(known).things if isinstance(one, Follower)} - {member_id}
        intent = Intent(
            member_id=member_id,
            command=self._runtime.mint("k-"),
            farewell=farewell,
            followers=tuple(followers),
            addresses=tuple(sorted(addresses.union(before.addresses if before else ()))),
            left=left,
            projects=tuple(dict.fromkeys((*(before.projects if before else ()), *left))),
            records=before.records if before else {},
            freed=before.freed if before else (),
        )
        self._write(person, None, [_record(person, intent)])
        return self._go_on(person, intent)

    def _about(self, person: str, followers: Iterable[str]) -> list[Record]:
        return [record for id in (person, *followers) for record in self._storage.about(id)]

    def erase_late(self, member_id: str) -> None:
        """Have plugins forget somebody once more who was erased while one of them was taking something for them.

        Args:
            member_id: the host's id of them, or the address of somebody who only followed.
        """
        person, *followers = self._ids_of(member_id)
        if all(record.kind == _INTENT for record in self._about(person, followers)):
            self.erase(member_id, farewell=True)

    def can_go_on(self) -> None:
        """A last message was sent: whatever waits for it is looked at by the next `resume`."""
        self._next = None

    def resume(self) -> int:
        """Go on with erasures that are not complete; gives how many there were.

        Nothing is looked at for an hour afterwards, unless something says that an erasure can go on.
        """
        now = self._runtime.utc_now()
        if self._next is not None and self._next - RESUMED_EVERY <= now < self._next:
            return 0
        self._next = now + RESUMED_EVERY
        found = [record for record in self._storage.read(ERASURES).records if record.body is not None]
        intents = [record for record in found if record.kind == _INTENT]
        for record in intents:
            self._go_on(record.id, _read(record))
        if len(found) > len(intents):
            self._scrubbed()
        return len(intents)

    def _go_on(self, person: str, intent: Intent) -> Erasure:
        """Do what is left, as far as it can be done now."""
        pending: dict[str, str] = {}
        for project_id in intent.left:
            try:
                intent = intent.after(self._do(_command(project_id, intent)))
            except NotFound:
                intent = replace(intent, left=tuple(one for one in intent.left if one != project_id))
            except InsightSessionsError as error:
                pending[f"project {project_id}"] = type(error).__name__
        if not (pending or intent.cleared):
            intent = replace(
                intent, records=_sum(intent.records, self._cleared(person, intent.followers)), cleared=True
            )
        self._write(person, intent.command, [_record(person, intent)])
        if any(record.kind == _FAREWELL for record in self._storage.about(person)):
            return self._said(intent, {}, {**pending, _FAREWELL: _ON_ITS_WAY})
        done, failed = self._asked(intent)
        pending.update((f"plugin {name}", _NOT_ANSWERED) for name in sorted(failed))
        if not pending:
            gone = Record(ERASURES, _INTENT, person, 0, subject=None, unique=None, body=None)
            self._write(person, intent.command, [gone, _SCRUB_DUE])
        reason = self._scrubbed()
        return self._said(intent, done, pending if reason is None else {**pending, _SCRUB: reason})

    def _asked(self, intent: Intent) -> tuple[dict[str, Mapping[str, int]], set[str]]:
        """What each plugin forgot of them, by the host's id and as a follower; and those that did not answer."""
        done: dict[str, Mapping[str, int]] = {}
        failed: set[str] = set()
        for known_as in (intent.member_id, *intent.addresses):
            for name, answer in self._plugins.erase_member(known_as).items():
                if isinstance(answer, Erased):
                    done[name] = _sum(done.get(name, {}), answer.counts)
                else:
                    failed.add(name)
        return {name: counts for name, counts in done.items() if name not in failed}, failed

    def _said(self, intent: Intent, done: Mapping[str, Mapping[str, int]], pending: Mapping[str, str]) -> Erasure:
        return Erasure(
            id="",
            at=self._runtime.utc_now(),
            projects=tuple(one for one in intent.projects if one not in intent.left),
            records=intent.records,
            freed=intent.freed,
            plugins=done,
            pending=pending,
        )

    def _cleared(self, person: str, followers: Iterable[str]) -> Counter[str]:
        """Delete what is kept about somebody beside projects, such as the address of their feed."""
        gone = Counter[str]()
        beside: dict[str, list[Record]] = {}
        for record in self._about(person, followers):
            if is_household(record.project_id) and record.project_id != ERASURES:
                beside.setdefault(record.project_id, []).append(record)
                gone[record.kind] += 1
        for project_id, records in beside.items():
            with self._storage.hold(project_id) as hold:
                version = hold.version + 1
                deleted = [one._replace(version=version, subject=None, unique=None, body=None) for one in records]
                hold.commit(Change(version=version, records=deleted))
        return gone

    def _write(self, person: str, command: str | None, records: Iterable[Record]) -> None:
        """Note how far an erasure has come, unless it was begun anew meanwhile."""
        with self._storage.hold(ERASURES) as hold:
            known = next((one for one in hold.changed(0) if (one.kind, one.id) == (_INTENT, person)), None)
            if command is not None and (known is None or known.body is None or _read(known).command != command):
                return
            version = hold.version + 1
            hold.commit(Change(version=version, records=[one._replace(version=version) for one in records]))

    def _scrubbed(self) -> str | None:
        """Clean the store's files; why it could not be done yet, if it could not."""
        seen = self._storage.read(ERASURES).version
        try:
            found = self._storage.scrub()
        except StorageError as error:
            return type(error).__name__
        if not found.clean:
            return found.reason
        with self._storage.hold(ERASURES) as hold:
            # What was deleted since is for the next time.
            later = [one for one in hold.changed(seen) if one.kind == _SCRUB]
            due = [one for one in hold.changed(0) if one.kind == _SCRUB and one.body is not None]
            if due and not later:
                version = hold.version + 1
                hold.commit(Change(version=version, records=[due[0]._replace(version=version, body=None)]))
        return None


def _command(project_id: str, intent: Intent) -> EraseMember:
    """Done once in each project, however often it is asked for."""
    return EraseMember(
        project_id=project_id,
        member_id=intent.member_id,
        farewell=intent.farewell,
        followers=intent.followers,
        id=intent.command,
    )


def _record(person: str, intent: Intent) -> Record:
    body = '{"format":1,' + _form().dump_json(intent).decode()[1:]
    return Record(ERASURES, _INTENT, person, 0, subject=person, unique=None, body=body)
