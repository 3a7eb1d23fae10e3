"""The contract of a store as tests: inherit, say where to open it, and get them all.

Example:
    ```python
    class TestMyStorage(StorageContract):
        @pytest.fixture
        def place(self, tmp_path: Path) -> Place:
            path = tmp_path / "file"
            return Place(open=lambda: MyStorage(path), restored=lambda: MyStorage(path).new_epoch())
    ```
"""

import pytest

from insight_sessions.testing.contract_outbox import OutboxContract
from insight_sessions.testing.contract_projects import ProjectContract
from insight_sessions.testing.contract_sharing import SharingContract
from insight_sessions.testing.place import Place


class StorageContract(ProjectContract, OutboxContract, SharingContract):
    """S1 to S9 of `insight_sessions.storage.port`, for any store; override `place`, nothing else."""

    @pytest.fixture
    def place(self) -> Place:
        """Where the store under test keeps its projects; empty, and new for each test."""
        raise NotImplementedError("override the fixture `place`")
