"""Statements of one transaction, sent together and answered together."""

from collections.abc import Callable, Sequence
from contextlib import suppress
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
        apart: whether that is a round trip of its own, because somebody else's transaction goes on afterwards and the
            server's clock for idle ones must go on too.
    """

    def __init__(
        self, connection: Connection, opening: Sequence[Call], closing: Sequence[Call], *, apart: bool = False
    ) -> None:
        self.connection = connection
        self._opening = opening
        self._closing = closing
        self._apart = apart
        self.is_open = False

    def run(self, *calls: Call, end: bool = False) -> list[Rows]:
        """Send statements, and wait for all their answers.

        Args:
            calls: the statements.
            end: whether to end it with them.

        Returns:
            The rows that each of them gave.
        """
        if not end:
            return self._run_on(calls)
        cursors: list[psycopg.Cursor[tuple[Any, ...]]] = []

        def send() -> None:
            cursors.extend(self.send(call) for call in calls)

        self.end(send)
        return [cursor.fetchall() if cursor.description else [] for cursor in cursors]

    def _run_on(self, calls: Sequence[Call]) -> list[Rows]:
        """Statements after which the transaction goes on, as one message.

        Not in a pipeline: the driver closes one with a message that stops the server's clock for idle transactions, and
        whoever stood still within a hold would keep everybody out for ever.
        """
        opening = () if self.is_open else self._opening
        self.is_open = True
        message = b";\n".join(call.statement for call in (*opening, *calls))
        values = [value for call in (*opening, *calls) for value in call.values]
        cursor = psycopg.ClientCursor(self.connection, row_factory=tuple_row)
        cursor.execute(message, values)
        answers: list[Rows] = []
        while True:
            answers.append(cursor.fetchall() if cursor.description else [])
            if not cursor.nextset():
                return answers[len(opening) :]

    def end(self, sending: Callable[[], None]) -> None:
        """Send the last statements and what ends it, and wait for all their answers, in one round trip.

        Args:
            sending: sends the statements.
        """
        with self.connection.pipeline() as pipeline:
            try:
                self._send_last(sending)
            except psycopg.Error:
                with suppress(psycopg.Error):  # what comes after the first fault, or the driver writes it into a log
                    pipeline.sync()
                raise
        if self._apart:
            self._close()
        self.is_open = False

    def _send_last(self, sending: Callable[[], None]) -> None:
        if not self.is_open:
            self.is_open = True
            for call in self._opening:
                self.send(call)
        sending()
        if not self._apart:
            self._close()

    def _close(self) -> None:
        for call in self._closing:
            self.send(call)

    def send(self, call: Call) -> psycopg.Cursor[tuple[Any, ...]]:
        """Send one statement; inside `end`, its answer is not waited for."""
        # Of our own making, for a lent connection may have cursors of another kind. And never prepared: behind a pooler
        # the next transaction may be on another connection.
        cursor = psycopg.Cursor(self.connection, row_factory=tuple_row)
        return cursor.execute(call.statement, call.values, prepare=False)


class Connections(Protocol):
    """Where transactions come from: from connections of our own, or from a host's."""

    @property
    def name(self) -> str:
        """The server and the database, for messages."""
        ...

    @property
    def process(self) -> int:
        """Changes when the process forks."""
        ...

    def begin(self, *calls: Call, end: bool = False) -> tuple[Transaction, int, list[Rows]]:
        """Begin a transaction, and end it at once if it is to be so."""
        ...

    def give_back(self, transaction: Transaction, process: int) -> None:
        """Undo what was not ended."""
        ...

    def seal(self) -> Sequence[Call]:
        """What else is sent when a change is committed."""
        ...

    def sealed(self) -> None:
        """A change was committed with that."""
        ...

    def scrub(self, calls: Sequence[Call]) -> int:
        """Write tables anew; gives how many rows had to be kept although they are deleted."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...
