"""Both stores keep the whole contract."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.sqlite import SQLiteStorage
from insight_sessions.testing.contract import StorageContract
from insight_sessions.testing.place import Place


class TestMemoryStorage(StorageContract):
    """The store in memory."""

    @pytest.fixture
    def place(self) -> Place:
        """One store, opened again and again."""
        storage = MemoryStorage(secrets.token_bytes)
        return Place(open=storage.reopened, restored=storage.restored)


class TestSQLiteStorage(StorageContract):
    """The store in a file."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[Place]:
        """A new file, whose stores are closed in the end."""
        opened: list[SQLiteStorage] = []

        def open_one() -> SQLiteStorage:
            opened.append(SQLiteStorage(tmp_path / "store.db", secrets.token_bytes))
            return opened[-1]

        yield Place(open=open_one, restored=lambda: open_one().restored())
        for storage in opened:
            storage.close()
