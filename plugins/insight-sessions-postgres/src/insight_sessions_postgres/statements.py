"""The statements on projects, for a schema of any name: ``@`` stands for it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple


class Call(NamedTuple):
    """A statement, and what it is given."""

    statement: bytes
    values: Sequence[Any] = ()


BEGIN: Final = Call(b"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
COMMIT: Final = Call(b"COMMIT")
ROLLBACK: Final = Call(b"ROLLBACK")
ALSO: Final = Call(b"SAVEPOINT insight_sessions_also")
ALSO_DONE: Final = Call(b"RELEASE SAVEPOINT insight_sessions_also")
"""Fails when the host, whose turn it was, has ended the transaction, undone it, or hidden that it failed."""

NO_LIMIT: Final = Call(b"SET LOCAL statement_timeout = 0")
LIMITS: Final = b"""
SELECT set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true),
       set_config('idle_in_transaction_session_timeout', %s, true)
"""
LOCK: Final = b"SELECT pg_advisory_xact_lock(%s)"

# A restore shows in one of these at the latest: the stored word (set by `restored`), the cluster, the table, the
# database, and the timeline, which a promoted standby or a recovery to a point in time begins anew.
_EPOCH: Final = """
concat_ws('-', meta.epoch, (SELECT system_identifier FROM pg_control_system()), meta.tableoid,
    (SELECT oid FROM pg_database WHERE datname = current_database()), left(pg_walfile_name(pg_current_wal_lsn()), 8))
"""

TEMPLATES: Final = {
    "store": "SELECT EPOCH, meta.oldest, ARRAY(SELECT name FROM @.consumer) FROM @.meta",
    "project": "SELECT version, journal_end FROM @.project WHERE project_id = %s FOR UPDATE",
    "changed": """
        SELECT kind, id, version, subject, unique_key, body FROM @.record
        WHERE project_id = %s AND version > %s ORDER BY version, kind, id LIMIT %s
    """,
    "receipts": """
        SELECT command_id, fingerprint, kind, result, version, at FROM @.receipt
        WHERE project_id = %s AND command_id = ANY(%s)
    """,
    # One statement each, so that it sees one moment: the first row is about the project, the others are its records.
    "read": """
        SELECT NULL, EPOCH, project.version, project.journal_end::text, NULL, NULL
        FROM @.meta LEFT JOIN @.project ON project.project_id = %s
        UNION ALL (SELECT kind, id, version, subject, unique_key, body FROM @.record
        WHERE project_id = %s AND version > %s ORDER BY version, kind, id)
    """,
    "whole": """
        SELECT NULL, EPOCH, project.version, project.journal_end
        FROM @.meta LEFT JOIN @.project ON project.project_id = %s
        UNION ALL (SELECT kind, body, NULL, NULL FROM @.record
        WHERE project_id = %s AND body IS NOT NULL ORDER BY version, kind, id)
    """,
    "project_ids": "SELECT project_id FROM @.project ORDER BY project_id",
    "due": "SELECT project_id FROM @.project WHERE wake_at <= %s ORDER BY wake_at, project_id LIMIT %s",
    "about": """
        SELECT project_id, kind, id, version, subject, unique_key, body FROM @.record
        WHERE subject = %s ORDER BY project_id, version, kind, id
    """,
    "journal": """
        SELECT number, body FROM @.journal WHERE project_id = %s AND number > %s ORDER BY number LIMIT %s
    """,
    "forget_receipts": """
        WITH gone AS (DELETE FROM @.receipt WHERE at < %s RETURNING 1) SELECT count(*) FROM gone
    """,
    # Not VACUUM FULL, which does the same and knows no limit to its waiting. What waits here holds up everybody.
    "scrub_limits": "SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '2s', true)",
    "scrub_records": "CLUSTER VERBOSE @.record USING record_pkey",
    "scrub_outbox": "CLUSTER VERBOSE @.outbox USING outbox_pkey",
    "restored": "UPDATE @.meta SET epoch = %s",
}


class Statements:
    """The statements, for one schema.

    Args:
        schema: its name, quoted.
        templates: by name, with ``@`` for the schema.
    """

    def __init__(self, schema: str, templates: Mapping[str, str]) -> None:
        self.schema = schema
        # The name may hold what the driver would take for a place to fill.
        at = schema.replace("%", "%%")
        self._statements = {
            name: text.replace("EPOCH", _EPOCH).replace("@", at).encode() for name, text in templates.items()
        }

    def call(self, name: str, *values: Any) -> Call:  # noqa: ANN401 - whatever the driver can send
        """One of them, with what it is given."""
        return Call(self._statements[name], values)
