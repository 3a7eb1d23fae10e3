"""The outbox: claiming, settling, dead letters.

Whoever changes what waits in a stream holds its row in `line` first, in the order of names, so that nobody waits in a
circle. A claim never waits: it passes over what somebody else holds.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from insight_sessions.storage.port import Delivery, Queued, Settlement, Verdict
from insight_sessions_postgres.letters import got, number, put, put_any
from insight_sessions_postgres.statements import Call, Statements
from insight_sessions_postgres.transaction import Rows

BEHIND: Final = 50

TEMPLATES: Final = {
    "claim": """
        WITH free AS (
            SELECT found.* FROM unnest(%s::text[]) AS wanted (consumer) CROSS JOIN LATERAL (
                SELECT consumer, stream, head FROM @.line
                WHERE line.consumer = wanted.consumer AND ready <= %s ORDER BY head LIMIT %s FOR UPDATE SKIP LOCKED
            ) AS found ORDER BY head LIMIT %s
        ), taken AS (
            UPDATE @.outbox SET attempts = attempts + 1, touched = true, token = %s || '-' || number, worker = %s,
            ready = %s FROM free WHERE outbox.number = free.head
            RETURNING number, id, project_id, outbox.consumer, outbox.stream, body, attempts, token
        ), leased AS (
            UPDATE @.line SET ready = %s FROM taken
            WHERE line.consumer = taken.consumer AND line.stream = taken.stream
        )
        SELECT taken.*, ARRAY(
            SELECT ARRAY[id, body, touched::text] FROM @.outbox AS later
            WHERE later.consumer = taken.consumer AND later.stream = taken.stream AND NOT dead
            AND later.number > taken.number ORDER BY later.number LIMIT %s
        ) FROM taken ORDER BY number
    """,
    "lock_lines": """
        SELECT FROM @.line WHERE (consumer, stream) IN (SELECT consumer, stream FROM @.outbox WHERE id = ANY(%s))
        ORDER BY consumer, stream FOR UPDATE
    """,
    "settle": """
        WITH claimed AS (
            SELECT number, consumer, stream, verdict, due, given.reason, successor, given.body
            FROM unnest(%b::text[], %b::text[], %b::text[], %b::bigint[], %b::text[], %b::text[], %b::text[])
            AS given (id, token, verdict, due, reason, successor, body)
            JOIN @.outbox USING (id, token)
        ), heir AS (
            UPDATE @.outbox SET body = coalesce(claimed.body, outbox.body) FROM claimed
            WHERE verdict = 'superseded' AND outbox.id = successor AND outbox.consumer = claimed.consumer
            AND outbox.stream = claimed.stream AND NOT touched
            RETURNING outbox.id
        ), fit AS (
            SELECT * FROM claimed
            WHERE verdict <> 'superseded' OR successor IS NULL OR successor IN (SELECT id FROM heir)
        ), put_back AS (
            UPDATE @.outbox SET token = NULL, reason = fit.reason, dead = (verdict = 'dead'),
            ready = CASE verdict WHEN 'retry' THEN due ELSE ready END
            FROM fit WHERE outbox.number = fit.number AND verdict IN ('retry', 'dead')
        ), gone AS (
            DELETE FROM @.outbox USING fit WHERE outbox.number = fit.number AND verdict IN ('sent', 'superseded')
        )
        SELECT consumer, stream FROM fit
    """,
    "end_lines": """
        DELETE FROM @.line USING unnest(%s::text[], %s::text[]) AS done (consumer, stream)
        WHERE line.consumer = done.consumer AND line.stream = done.stream AND NOT EXISTS (
            SELECT FROM @.outbox AS one
            WHERE one.consumer = line.consumer AND one.stream = line.stream AND NOT one.dead
        )
    """,
    "move_lines": """
        UPDATE @.line SET head = first.number, ready = first.ready FROM (
            SELECT line.consumer, line.stream, one.number, one.ready
            FROM unnest(%s::text[], %s::text[]) AS line (consumer, stream) CROSS JOIN LATERAL (
                SELECT number, ready FROM @.outbox
                WHERE outbox.consumer = line.consumer AND outbox.stream = line.stream AND NOT dead
                ORDER BY number LIMIT 1
            ) AS one
        ) AS first WHERE line.consumer = first.consumer AND line.stream = first.stream
    """,
    "dead_letters": """
        SELECT id, project_id, consumer, stream, body, attempts, reason FROM @.outbox
        WHERE dead ORDER BY number LIMIT %s
    """,
    "keep_consumer": """
        SELECT FROM @.consumer WHERE name IN (SELECT consumer FROM @.outbox WHERE id = %s) FOR KEY SHARE
    """,
    "hold_line": """
        INSERT INTO @.line (consumer, stream, head, ready)
        SELECT consumer, stream, number, ready FROM @.outbox JOIN @.consumer ON name = consumer WHERE id = %s AND dead
        ON CONFLICT (consumer, stream) DO UPDATE SET head = line.head WHERE false
    """,
    "revive": """
        UPDATE @.outbox SET dead = false, attempts = 1, reason = '', ready = %s
        WHERE id = %s AND dead AND consumer IN (SELECT name FROM @.consumer)
        RETURNING consumer, stream
    """,
    "backlog": """
        SELECT name, (SELECT count(*) FROM @.outbox WHERE consumer = name AND NOT dead) FROM @.consumer
    """,
    "consumers": "SELECT name FROM @.consumer",
    "add_consumers": """
        INSERT INTO @.consumer SELECT name FROM unnest(%s::text[]) AS new (name) ORDER BY name ON CONFLICT DO NOTHING
    """,
    "lock_consumers": "SELECT FROM @.consumer WHERE name = ANY(%s) ORDER BY name FOR UPDATE",
    "retire_consumers": "DELETE FROM @.consumer WHERE name = ANY(%s)",
    "lock_queues": "SELECT FROM @.line WHERE consumer = ANY(%s) ORDER BY consumer, stream FOR UPDATE",
    "drop_deliveries": "DELETE FROM @.outbox WHERE consumer = ANY(%s) AND NOT dead",
    "drop_queues": "DELETE FROM @.line WHERE consumer = ANY(%s)",
}


def claimed(rows: Rows) -> list[Delivery]:
    """The deliveries that a claim took."""
    return [
        Delivery(got(id), got(project_id), got(consumer), got(stream), got(body), attempts, token, _untouched(behind))
        for _, id, project_id, consumer, stream, body, attempts, token, behind in rows
    ]


def _untouched(behind: Iterable[Sequence[str]]) -> tuple[Queued, ...]:
    waiting: list[Queued] = []
    for id, body, touched in behind:
        if touched == "true":
            break
        waiting.append(Queued(got(id), got(body)))
    return tuple(waiting)


def rounds(settlements: Iterable[Settlement]) -> list[list[Settlement]]:
    """Settlements in groups that one statement can do: no delivery and no successor twice in one."""
    groups: list[tuple[set[str | None], list[Settlement]]] = []
    latest = 0
    for settlement in settlements:
        named = {settlement.delivery_id, settlement.successor} - {None}
        place = next((at for at in range(latest, len(groups)) if not named & groups[at][0]), len(groups))
        if place == len(groups):
            groups.append((set(), []))
        latest = place  # a later one never comes before an earlier one
        groups[place][0].update(named)
        groups[place][1].append(settlement)
    return [group for _, group in groups]


def settled(sql: Statements, group: Sequence[Settlement]) -> Call:
    """What settles a group."""
    return sql.call(
        "settle",
        [put(one.delivery_id) for one in group],
        [put(one.token) for one in group],
        [one.verdict.value for one in group],
        [0 if one.due is None else number(one.due) for one in group],
        [put(one.reason) for one in group],
        [put_any(one.successor) for one in group],
        [put_any(one.body) if one.verdict is Verdict.SUPERSEDED else None for one in group],
    )


def moved(sql: Statements, streams: Iterable[Sequence[Any]]) -> list[Call]:
    """What lets the next one of each stream be the first."""
    pairs = sorted({(consumer, stream) for consumer, stream in streams})
    columns = [[pair[0] for pair in pairs], [pair[1] for pair in pairs]]
    return [sql.call("end_lines", *columns), sql.call("move_lines", *columns)]


def retired(sql: Statements, consumers: Collection[str]) -> list[Call]:
    """What forgets consumers, with what waits for them."""
    names = sorted(map(put, consumers))
    each = ("lock_consumers", "retire_consumers", "lock_queues", "drop_deliveries", "drop_queues")
    return [sql.call(name, names) for name in each]


def dead_letters(rows: Rows) -> list[tuple[Delivery, str]]:
    """Deliveries given up on, each with its reason."""
    return [
        (Delivery(got(id), got(project_id), got(consumer), got(stream), got(body), attempts, ""), got(reason))
        for id, project_id, consumer, stream, body, attempts, reason in rows
    ]
