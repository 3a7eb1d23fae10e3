"""The store in PostgreSQL keeps the whole contract."""

from collections.abc import Callable

import pytest
from insight_sessions_postgres import PostgresStorage

from insight_sessions.testing.contract import StorageContract
from insight_sessions.testing.place import Place


class TestPostgresStorage(StorageContract):
    """On a real server."""

    @pytest.fixture
    def place(self, url: str, opened: Callable[[str], PostgresStorage]) -> Place:
        """A new schema."""
        return Place(open=lambda: opened(url), restored=lambda: opened(url).restored())
