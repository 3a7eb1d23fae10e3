"""How a change is written: by one function in the database, so that a batch is one statement, however large.

A server reads and plans a statement every time it comes, which for a small batch is half of the work. What a function
does is planned once for each connection. Prepared statements would do the same, but not behind a pooler.
"""

from hashlib import sha256
from typing import Any, Final

import psycopg
from psycopg.rows import tuple_row

from insight_sessions.storage.port import Change
from insight_sessions_postgres.letters import number, put, put_any
from insight_sessions_postgres.statements import Call, Statements

# A release that needs another one adds it with other arguments: older processes go on using this one. Deliveries for a
# consumer that was retired since the hold began are not written: as if it had come before.
_FUNCTION: Final = """
CREATE OR REPLACE FUNCTION @.write(
    its_project text, its_version bigint, its_journal_end bigint, its_wake_at bigint,
    kinds text[], ids text[], subjects text[], unique_keys text[], bodies text[], entries text[],
    commands text[], fingerprints text[], result_kinds text[], results text[], times bigint[],
    deliveries text[], consumers text[], streams text[], letters text[], moments bigint[]
) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $mark$
BEGIN
    UPDATE @.project SET version = its_version, journal_end = its_journal_end, wake_at = its_wake_at
    WHERE project_id = its_project AND version = its_version - 1;
    IF NOT FOUND THEN
        INSERT INTO @.project (project_id, version, journal_end, wake_at)
        VALUES (its_project, its_version, its_journal_end, its_wake_at);
    END IF;

    INSERT INTO @.record (project_id, version, kind, id, subject, unique_key, body)
    SELECT its_project, its_version, * FROM unnest(kinds, ids, subjects, unique_keys, bodies)
    ON CONFLICT (project_id, kind, id) DO UPDATE SET version = excluded.version, subject = excluded.subject,
    unique_key = excluded.unique_key, body = excluded.body;

    INSERT INTO @.journal (project_id, number, body)
    SELECT its_project, its_journal_end - cardinality(entries) + place, text
    FROM unnest(entries) WITH ORDINALITY AS entry (text, place);

    INSERT INTO @.receipt (project_id, version, command_id, fingerprint, kind, result, at)
    SELECT its_project, its_version, * FROM unnest(commands, fingerprints, result_kinds, results, times);

    IF cardinality(deliveries) > 0 THEN
        PERFORM FROM @.consumer WHERE name = ANY (consumers) ORDER BY name FOR KEY SHARE;
        WITH new AS (
            INSERT INTO @.outbox (project_id, id, consumer, stream, body, ready)
            SELECT its_project, given.id, name, given.stream, given.letter, given.moment
            FROM unnest(deliveries, consumers, streams, letters, moments)
            WITH ORDINALITY AS given (id, consumer, stream, letter, moment, place)
            JOIN @.consumer ON name = given.consumer ORDER BY place
            RETURNING consumer, stream, number, ready
        )
        INSERT INTO @.line (consumer, stream, head, ready)
        SELECT DISTINCT ON (consumer, stream) consumer, stream, number, ready
        FROM new ORDER BY consumer, stream, number
        ON CONFLICT (consumer, stream) DO UPDATE SET head = line.head WHERE false;
    END IF;
END
$mark$;
"""

_THERE: Final = """
SELECT prosrc FROM pg_proc WHERE proname = 'write' AND pronargs = 20 AND pronamespace = to_regnamespace(%s)
"""


def is_there(connection: psycopg.Connection[Any], schema: str) -> bool:
    """Whether a schema, its name quoted, has the function: one that was renamed or copied has another's, or none."""
    cursor = psycopg.Cursor(connection, row_factory=tuple_row)
    return any(f"{schema}.project" in source for (source,) in cursor.execute(_THERE.encode(), [schema]))


def function(schema: str) -> bytes:
    """What makes it for a schema, its name quoted."""
    mark = f"$w{sha256(schema.encode()).hexdigest()[:16]}$"  # no name holds its own
    return _FUNCTION.replace("$mark$", mark).replace("@", schema).encode()


TEMPLATES: Final = {
    "write": """
        SELECT @.write(
            %s::text, %s::bigint, %s::bigint, %s::bigint,
            %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],
            %b::text[], %b::text[], %b::text[], %b::text[], %b::bigint[],
            %b::text[], %b::text[], %b::text[], %b::text[], %b::bigint[]
        )
    """
}


def written(sql: Statements, project_id: str, journal_end: int, change: Change) -> Call:
    """What writes a change.

    Args:
        sql: the statements.
        project_id: whose change it is.
        journal_end: the number of the last entry before it.
        change: the change; a deleted record keeps neither its person nor its key.
    """
    records, receipts, deliveries = change.records, change.receipts, change.deliveries
    return sql.call(
        "write",
        put(project_id),
        change.version,
        journal_end + len(change.entries),
        None if change.wake_at is None else number(change.wake_at),
        [put(one.kind) for one in records],
        [put(one.id) for one in records],
        [put_any(one.subject) if one.body is not None else None for one in records],
        [put_any(one.unique) if one.body is not None else None for one in records],
        [put_any(one.body) for one in records],
        [put(one.body) for one in change.entries],
        [put(one.command_id) for one in receipts],
        [put(one.fingerprint) for one in receipts],
        [put(one.kind) for one in receipts],
        [put(one.result) for one in receipts],
        [number(one.at) for one in receipts],
        [put(one.id) for one in deliveries],
        [put(one.consumer) for one in deliveries],
        [put(one.stream) for one in deliveries],
        [put(one.body) for one in deliveries],
        [number(one.due) for one in deliveries],
    )
