"""Statements of one transaction, sent together and answered together."""

from collections.abc import Sequence
from typing import Any, Protocol

import psycopg
from psycopg.rows import tuple_row

from insight_sessions_postgres.schema import Connection
from insight_sessions_postgres.statements import Call

Rows = list[tuple[Any, ...]]


class Transaction:
    """What is done on one connection between a beginning and an end.

    Each `run` is one round trip, however many statements it has: the first one also begins, and the last one also ends.

    Args:
        connection: on which nothing else happens meanwhile.
        opening: what begins it.
        closing: what ends it.
    """

    def __init__(self, connection: Connection, opening: Sequence[Call], closing: Sequence[Call]) -> None:
        self.connection = connection
        self._opening = opening
        self._closing = closing
        self.begun = self.ended = False

    def run(self, *calls: Call, end: bool = False) -> list[Rows]:
        """Send statements, and wait for all their answers.

        Args:
            calls: the statements.
            end: whether to commit with them.

        Returns:
            The rows that each of them gave.
        """
        cursors: list[psycopg.Cursor[tuple[Any, ...]]] = []
        with self.connection.pipeline():
            self.begin()
            cursors.extend(self.send(call) for call in calls)
            if end:
                self.end()
        return [cursor.fetchall() if cursor.description else [] for cursor in cursors]

    def begin(self) -> None:
        """Send what begins it, unless it was sent."""
        if not self.begun:
            self.begun = True
            for call in self._opening:
                self.send(call)

    def end(self) -> None:
        """Send what ends it."""
        for call in self._closing:
            self.send(call)
        self.ended = True

    def send(self, call: Call) -> psycopg.Cursor[tuple[Any, ...]]:
        """Send one statement; inside a pipeline, its answer is not waited for."""
        # Of our own making, for a lent connection may have cursors of another kind.
        return psycopg.Cursor(self.connection, row_factory=tuple_row).execute(call.statement, call.values or None)


class Connections(Protocol):
    """Where transactions come from: from connections of our own, or from a host's."""

    name: str
    process: int

    def begin(self, *calls: Call, end: bool = False) -> tuple[Transaction, int, list[Rows]]:
        """Begin a transaction with statements that write nothing."""
        ...

    def give_back(self, transaction: Transaction, process: int) -> None:
        """Undo what was not ended."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...
