"""The store in PostgreSQL behind a pooler of transactions, and how often it goes there and back."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from insight_sessions_postgres import PostgresStorage

from insight_sessions import StorageError
from insight_sessions.storage.port import Change, Record
from insight_sessions.testing.contract import StorageContract
from insight_sessions.testing.place import NOW, Place, draft, receipt, thing, write
from tests.servers.pooler import Pooler, pooling

Opens = Callable[[str], PostgresStorage]


@pytest.fixture
def pooler(common: str) -> Iterator[Pooler]:
    """In front of the common database."""
    with pooling(common) as made:
        yield made


def behind(pooler: Pooler, url: str) -> str:
    """The same store, by way of the pooler."""
    return f"{pooler.url}&schema={url.rpartition('=')[2]}"


class TestPooledStorage(StorageContract):
    """Each transaction on another connection of the server."""

    @pytest.fixture
    def place(self, pooler: Pooler, url: str, opened: Opens) -> Place:
        """A new schema."""
        there = behind(pooler, url)
        return Place(open=lambda: opened(there), restored=lambda: opened(there).restored())


def test_each_transaction_may_be_on_another_connection(pooler: Pooler, url: str, opened: Opens) -> None:
    """Or the pooler would prove nothing."""
    storage = opened(behind(pooler, url))
    for _ in range(4):
        write(storage, "p")
    assert len(set(pooler.transactions[-8:])) == 3


def test_a_hold_is_two_round_trips(pooler: Pooler, url: str, opened: Opens) -> None:
    """One to begin, with what others changed meanwhile, and one to write everything and commit."""
    one, other = opened(behind(pooler, url)), opened(url)
    one.consumers(add=["mail"])
    write(one, "p", thing("a"))
    for number in range(3):
        write(other, "p", thing(f"b{number}"))
    before = pooler.round_trips
    with one.hold("p") as hold:
        assert [record.id for record in hold.changed(1)] == ["b0", "b1", "b2"]
        records = [Record("p", "thing", f"c{number}", 5, None, None, "{}") for number in range(300)]
        posts = [draft(f"d{number}", f"s{number}") for number in range(300)]
        hold.commit(Change(5, records, (), posts, [receipt("c")._replace(version=5)], NOW))
    assert pooler.round_trips - before == 2
    before = pooler.round_trips
    assert (one.read("p").version, len(one.whole("p").bodies["thing"])) == (5, 304)
    assert pooler.round_trips - before == 2
    taken = one.claim(["mail"], worker="w", now=NOW, until=NOW.replace(year=2027), limit=100)
    assert (len(taken), pooler.round_trips - before) == (100, 3)


def test_receipts_are_one_more_round_trip(pooler: Pooler, url: str, opened: Opens) -> None:
    """Only when a command brought an id of its own."""
    storage = opened(behind(pooler, url))
    write(storage, "p", receipts=[receipt("c")])
    before = pooler.round_trips
    with storage.hold("p") as hold:
        assert set(hold.receipts(["c", "d"])) == {"c"}
        hold.commit(Change(2))
    assert pooler.round_trips - before == 3


def test_a_commit_whose_answer_was_lost_is_not_known(pooler: Pooler, url: str, opened: Opens) -> None:
    """It is there all the same, and so is its receipt."""
    storage = opened(behind(pooler, url))
    write(storage, "p")
    with storage.hold("p") as hold:
        pooler.commits_to_lose = 1
        with pytest.raises(StorageError, match="lost while a change was committed"):
            hold.commit(Change(2, receipts=[receipt("c")._replace(version=2)]))
        with pytest.raises(StorageError, match="is over"):
            hold.changed(0)
    with storage.hold("p") as hold:
        assert (hold.version, set(hold.receipts(["c"]))) == (2, {"c"})


def test_a_commit_that_never_arrived_is_not_known_either(pooler: Pooler, url: str, opened: Opens) -> None:
    """Nothing of it is there."""
    storage = opened(behind(pooler, url))
    write(storage, "p")
    with storage.hold("p") as hold:
        pooler.commits_to_drop = 1
        with pytest.raises(StorageError, match="lost while a change was committed"):
            hold.commit(Change(2))
    assert storage.read("p").version == 1


def test_nothing_is_left_on_the_connections(pooler: Pooler, common: str, url: str, opened: Opens) -> None:
    """No setting, no prepared statement, no lock."""
    storage = opened(behind(pooler, url))
    write(storage, "p", thing("a", subject="s"))
    for _ in range(10):
        storage.about("s")
    storage.scrub()
    for _ in range(3):
        with psycopg.connect(pooler.url, autocommit=True) as connection:
            asked = "SELECT name FROM pg_settings WHERE name LIKE '%timeout' AND setting <> reset_val"
            assert connection.execute(asked).fetchall() == []
            assert connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)
            held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
            assert connection.execute(held).fetchone() == (0,)
