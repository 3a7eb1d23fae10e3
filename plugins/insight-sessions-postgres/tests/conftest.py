"""What the tests of this plugin share."""

import itertools
from collections.abc import Callable, Iterator

import pytest
from insight_sessions_postgres import PostgresStorage

from tests.servers.postgres import Databases, database, own_postgres, postgres

__all__ = ["database", "own_postgres", "postgres"]

_numbers = itertools.count(1)

Opens = Callable[[str], PostgresStorage]


@pytest.fixture(scope="session")
def common(postgres: Databases) -> Iterator[str]:
    """The URL of a database in which each test has a schema of its own."""
    url = postgres.fresh()
    yield url
    postgres.drop(url)


@pytest.fixture
def url(common: str) -> str:
    """Where a test keeps its projects: nothing is there yet."""
    return f"{common}&schema=test_{next(_numbers)}"


@pytest.fixture
def opened() -> Iterator[Opens]:
    """Opens stores, which are closed in the end."""
    stores: list[PostgresStorage] = []

    def open_one(url: str) -> PostgresStorage:
        stores.append(PostgresStorage.open(url))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()
