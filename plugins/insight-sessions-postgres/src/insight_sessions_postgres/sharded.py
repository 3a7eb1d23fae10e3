"""One store made of several: each project lives in one of them, whole.

A project is the unit, because every key of a store begins with it and no transaction spans two of them. So nothing is
lost by keeping some projects on one server and some on another, and a `Desk` on top sees one store.
"""

import os
import threading
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from itertools import chain
from typing import TypeVar

from insight_sessions import StorageError
from insight_sessions.storage.port import (
    Delivery,
    Entry,
    Hold,
    Record,
    Scrub,
    Settlement,
    Snapshot,
    Storage,
    Whole,
)

T = TypeVar("T")
_NOTHING = 2**62  # a version that no project reaches: to ask whether there is one without being given it
_MARK = "\x1f"  # between a server's name and a claim's token; no name holds one


class ShardedStorage:
    """Several stores as one: S1 to S9 hold for each project, as in the store that it lives in.

    A project stays where it was first written. Where that is, is not written down: a new project goes to the server
    whose name and the project's id hash lowest (rendezvous hashing), and one that is not found there is looked for on
    the others. So a server can be added at any time, and only new projects go to it. None may go while a project lives
    on it.

    What has an order across projects within one store (`due`, `claim`, `dead_letters`) has it here within each server,
    and the servers take turns. A server that cannot be reached fails what needs it: what concerns its own
    projects, what asks every project, the making of new projects, and the opening of a desk. What is due on the others
    is done and delivered all the same.

    Args:
        servers: the stores by name, at least one. A name takes part in where new projects go, so it stays with its
            server for good, wherever that server moves to.
        choose: the name of the server on which a new project is to live, for projects that belong in a certain place;
            by hash when it is left out. It is asked again until the project is written, so it keeps to its answer.
            It is asked of what belongs to the store as a whole too, by names that begin with ``~``.

    Raises:
        ValueError: there is no server, or a name is empty or holds a control character.

    Example:
        ```python
        desk = Desk(ShardedStorage({"a": PostgresStorage.open(url_a), "b": PostgresStorage.open(url_b)}))
        ```
    """

    def __init__(self, servers: Mapping[str, Storage], choose: Callable[[str], str] | None = None) -> None:
        if not servers or not all(name.isprintable() and name for name in servers):
            raise ValueError("give at least one server, each with a name of printable characters")
        self._servers = dict(servers)
        self._choose = choose
        self._homes: dict[str, str] = {}  # where each project was found; it never moves under us
        self._holding = threading.local()
        self._turn = 0

    def home(self, project_id: str) -> str:
        """The name of the server that a project lives on, or will when it is new.

        Raises:
            StorageError: a server that must be asked cannot be reached, or `choose` names one that is not there.
        """
        known = self._homes.get(project_id)
        if known is not None:
            return known
        ranked = self._by_rank(project_id)
        for name in ranked:
            if self._servers[name].read(project_id, since=_NOTHING).version:
                return self._homes.setdefault(project_id, name)
        return ranked[0]

    @contextmanager
    def hold(self, project_id: str) -> Generator[Hold, None, None]:
        """Hold a project alone, on its server."""
        if getattr(self._holding, "process", None) == os.getpid():
            raise StorageError("this thread already holds a project; a hold within a hold would wait for itself")
        self._holding.process = os.getpid()
        try:
            with self._of(project_id).hold(project_id) as hold:
                yield hold
        finally:
            self._holding.process = None

    def read(self, project_id: str, since: int = 0) -> Snapshot:
        """What changed in a project after a version."""
        return self._of(project_id).read(project_id, since)

    def whole(self, project_id: str) -> Whole:
        """All that lives in a project."""
        return self._of(project_id).whole(project_id)

    def journal(self, project_id: str, after: int = 0, limit: int = 1000) -> Sequence[Entry]:
        """A project's journal."""
        return self._of(project_id).journal(project_id, after, limit)

    def project_ids(self) -> Sequence[str]:
        """The projects of all servers, sorted."""
        return sorted(chain.from_iterable(store.project_ids() for store in self._servers.values()))

    def about(self, subject: str) -> Sequence[Record]:
        """Every living record about one person, on all servers."""
        return [record for store in self._servers.values() for record in store.about(subject)]

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        """Projects whose time has come: of each server the earliest first, the servers in turn.

        Raises:
            StorageError: a server cannot be reached, and on the others nothing is due.
        """
        found: list[Sequence[str]] = []
        errors: list[StorageError] = []
        for store in self._servers.values():
            try:
                found.append(store.due(now, limit))
            except StorageError as error:
                errors.append(error)  # time goes on for the others
        if errors and not any(found):
            raise errors[0]
        return _in_turn(found)[:limit]

    def consumers(self, add: Collection[str] = (), retire: Collection[str] = ()) -> frozenset[str]:
        """Those that every server knows. One of them failed half-way is made good by asking again."""
        known = [store.consumers(add=add, retire=retire) for store in self._servers.values()]
        return frozenset(name for name in known[0] if all(name in each for each in known))

    def claim(
        self, consumers: Collection[str], *, worker: str, now: datetime, until: datetime, limit: int
    ) -> Sequence[Delivery]:
        """Due deliveries: of each server the oldest first. Who is asked first changes from call to call.

        Raises:
            StorageError: a server cannot be reached, and the others have nothing that is due.
        """
        names = list(self._servers)
        self._turn = (self._turn + 1) % len(names)
        claimed: list[Delivery] = []
        errors: list[StorageError] = []
        for name in names[self._turn :] + names[: self._turn]:
            wanted = limit - len(claimed)
            try:
                taken = self._servers[name].claim(consumers, worker=worker, now=now, until=until, limit=wanted)
            except StorageError as error:
                # What others have given is claimed, and would wait until that lapses; it has one attempt less.
                errors.append(error)
                continue
            claimed += [replace(each, token=f"{name}{_MARK}{each.token}") for each in taken]
        if errors and not claimed:
            raise errors[0]
        return claimed

    def settle(self, settlements: Sequence[Settlement]) -> int:
        """Each where it was claimed: the token says it.

        Raises:
            StorageError: a server cannot be reached; what the others gave is settled.
        """
        by_server: dict[str, list[Settlement]] = {}
        for each in settlements:
            name, _, token = each.token.partition(_MARK)
            by_server.setdefault(name, []).append(replace(each, token=token))
        settled, errors = 0, list[StorageError]()
        for name, some in by_server.items():
            try:
                settled += self._servers[name].settle(some) if name in self._servers else 0
            except StorageError as error:
                errors.append(error)  # what others gave must not be sent again because of it
        if errors:
            raise errors[0]
        return settled

    def dead_letters(self, limit: int = 1000) -> Sequence[tuple[Delivery, str]]:
        """What was given up on: of each server the oldest first, the servers in turn."""
        return _in_turn(store.dead_letters(limit) for store in self._servers.values())[:limit]

    def requeue(self, delivery_id: str, now: datetime) -> bool:
        """Make a dead letter due again, on the server that has it."""
        return any(store.requeue(delivery_id, now) for store in self._servers.values())

    def forget_receipts(self, before: datetime) -> int:
        """Delete old receipts on all servers."""
        return sum(store.forget_receipts(before) for store in self._servers.values())

    def backlog(self) -> Mapping[str, int]:
        """Unsettled deliveries for each consumer, on all servers together."""
        counts: dict[str, int] = {}
        for store in self._servers.values():
            for consumer, count in store.backlog().items():
                counts[consumer] = counts.get(consumer, 0) + count
        return counts

    def scrub(self) -> Scrub:
        """Clean when every server is; otherwise the reasons, each with its server's name."""
        found = {name: store.scrub() for name, store in self._servers.items()}
        reasons = [f"{name}: {each.reason}" for name, each in found.items() if not each.clean]
        return Scrub(clean=not reasons, reason="; ".join(reasons))

    def close(self) -> None:
        """Let go of all servers, whatever one of them says; the first error is raised in the end."""
        errors: list[StorageError] = []
        for store in self._servers.values():
            try:
                store.close()
            except StorageError as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def _of(self, project_id: str) -> Storage:
        return self._servers[self.home(project_id)]

    def _by_rank(self, project_id: str) -> list[str]:
        """The servers in the order in which a project is looked for; a new one goes to the first."""
        try:
            project = project_id.encode()
        except UnicodeEncodeError:
            raise StorageError("a project's id with half a surrogate pair cannot be stored") from None

        def weight(name: str) -> bytes:
            return blake2b(project, key=blake2b(name.encode(), digest_size=32).digest(), digest_size=16).digest()

        chosen = self._choose and self._choose(project_id)
        if chosen and chosen not in self._servers:
            raise StorageError(f"there is no server {chosen!r} among {', '.join(map(repr, self._servers))}")
        return sorted(self._servers, key=lambda name: (name != chosen, weight(name)))


def _in_turn(lists: Iterable[Sequence[T]]) -> list[T]:
    """The first of each, then the second of each, until all have come."""
    placed = [(row, column, each) for column, some in enumerate(lists) for row, each in enumerate(some)]
    return [each for _, _, each in sorted(placed, key=lambda place: place[:2])]
