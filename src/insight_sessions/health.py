"""How a desk does: what is configured, what is behind, and what was given up."""

from collections.abc import Mapping
from dataclasses import dataclass

from insight_sessions.domain.zone import tzdata_version
from insight_sessions.hooks.manager import Plugins
from insight_sessions.storage.port import Storage


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A delivery that was given up.

    Args:
        id: for `Desk.requeue`.
        project_id: where it came from.
        consumer: which plugin could not take it.
        reason: the kind of fault.
    """

    id: str
    project_id: str
    consumer: str
    reason: str


@dataclass(frozen=True, slots=True)
class Health:
    """What is configured, and what is behind.

    Args:
        plugins: their names.
        projects: how many there are.
        behind: deliveries not settled yet, for each consumer the store knows.
        absent: consumers the store knows and this process does not have.
        dead_letters: how many deliveries were given up, counted up to 1,000.
        tzdata: the IANA release in use.
    """

    plugins: tuple[str, ...]
    projects: int
    behind: Mapping[str, int]
    absent: tuple[str, ...]
    dead_letters: int
    tzdata: str


def dead_letters(storage: Storage) -> list[DeadLetter]:
    """What could not be delivered, oldest first."""
    return [DeadLetter(one.id, one.project_id, one.consumer, reason) for one, reason in storage.dead_letters()]


def health(storage: Storage, plugins: Plugins, projects: int) -> Health:
    """What is configured, and what is behind.

    Args:
        storage: where deliveries wait.
        plugins: those of this desk.
        projects: how many there are.
    """
    behind = storage.backlog()
    here = {*plugins.notifiers, *plugins.listeners}
    return Health(
        plugins=tuple(plugins.names),
        projects=projects,
        behind=behind,
        absent=tuple(sorted(set(behind) - here)),
        dead_letters=len(storage.dead_letters()),
        tzdata=tzdata_version(),
    )
