"""Waking a worker, inside the transaction that gave it something to do."""

from typing import Final

import psycopg

from insight_sessions.errors import StorageError
from insight_sessions.storage.port import Change

QUEUE: Final = "insight_sessions"
"""The queue of all our jobs; a worker may be told to look at no other."""

DELIVER: Final = "insight_sessions.deliver"
"""The task that brings the outbox to the plugins."""

MISSING: Final = (
    "the tables of Procrastinate are not in this database: "
    "run `procrastinate --app=insight_sessions_procrastinate.worker.app schema --apply` on it, once"
)

# One job at a time waits for a project, whatever number of changes asks for it, and no change waits for one of another
# project. A change that finds a waiting job locks it, so that no worker takes the job before the change is there to be
# seen; `WHERE false` leaves it as it is.
_WAKE: Final = """
INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args) VALUES (%s, %s, %s, '{}')
ON CONFLICT (queueing_lock) WHERE status = 'todo' DO UPDATE SET priority = excluded.priority WHERE false
"""


def wake(connection: "psycopg.Connection[object]", change: Change) -> None:
    """Have a worker look at the outbox once a change is committed, if the change put anything into it.

    It is what `PostgresStorage.open(url, also=wake)` calls.

    Args:
        connection: with the change's transaction open.
        change: what is being committed.

    Raises:
        StorageError: the tables of Procrastinate are missing.
    """
    if not change.deliveries:
        return
    try:
        connection.execute(_WAKE, [QUEUE, DELIVER, f"{DELIVER}/{_project_of(change)}"])
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        raise StorageError(MISSING) from error


def _project_of(change: Change) -> str:
    """Whose change it is."""
    written = change.entries or change.records
    return written[0].project_id if written else ""
