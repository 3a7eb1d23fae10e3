"""The store in a file: what can happen to files, and what several connections do to each other."""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

import pytest

from insight_sessions.errors import StorageBusy, StorageError, UpgradeNeeded
from insight_sessions.storage import file
from insight_sessions.storage.faults import translated
from insight_sessions.storage.port import Change, Record
from insight_sessions.storage.sqlite import SQLiteStorage, open_sqlite
from insight_sessions.testing.place import NOW, Aside, draft, thing, write

Opener = Callable[[], SQLiteStorage]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is, or will be."""
    return tmp_path / "store.db"


@pytest.fixture
def opener(path: Path) -> Iterator[Opener]:
    """Opens stores on the file; they are closed in the end."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(SQLiteStorage(path, secrets.token_bytes)))


@pytest.fixture
def storage(opener: Opener) -> SQLiteStorage:
    """A store that was used."""
    storage = opener()
    write(storage, "p", thing("a"))
    return storage


# opening


def test_nothing_is_opened_before_it_is_used(path: Path, opener: Opener) -> None:
    """Naming a store makes no file; using it does, with the lock's files beside it."""
    storage = opener()
    assert list(path.parent.iterdir()) == []
    assert storage.project_ids() == []
    assert {each.name for each in path.parent.iterdir()} >= {"store.db", "store.db-hold", "store.db-turn"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///here.db", "here.db"),
        ("sqlite:///a%20folder/%C3%BC.db?mode=rwc", "a folder/ü.db"),
        ("sqlite:////far/away.db", "/far/away.db"),
    ],
)
def test_a_url_names_a_file(url: str, expected: str) -> None:
    """Three slashes and a relative path, or four."""
    assert open_sqlite(url, secrets.token_bytes).file.path == Path(expected)


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///", "sqlite://host/x.db", "postgres:///x", "sqlite:///x?mode=ro", "sqlite:///x?y=", "x.db"],
)
def test_any_other_url_is_refused(url: str) -> None:
    """A URL that would be half understood is an error."""
    with pytest.raises(StorageError, match="write sqlite:///file"):
        open_sqlite(url, secrets.token_bytes)


def test_a_file_that_must_be_there_is_not_made(path: Path) -> None:
    """With mode=rw a missing file is an error, and nothing is left behind."""
    storage = open_sqlite(f"sqlite:///{path}?mode=rw", secrets.token_bytes)
    with pytest.raises(StorageError, match=r"store\.db does not exist"):
        storage.read("p")
    with pytest.raises(StorageError, match=r"store\.db does not exist"):
        write(storage, "p")
    assert list(path.parent.iterdir()) == []


def test_a_missing_folder_is_named(path: Path) -> None:
    """Folders are never made."""
    storage = SQLiteStorage(path / "deep" / "store.db", secrets.token_bytes)
    with pytest.raises(StorageError, match=r"folder .*deep does not exist"):
        storage.read("p")


def test_two_stores_make_one_file(opener: Opener) -> None:
    """Whoever comes second finds the file that the first one made."""
    stores = [opener() for _ in range(6)]
    epochs = [Aside(partial(store.read, "p")) for store in stores]
    assert len({str(each.result()) for each in epochs}) == 1


def test_what_a_crash_left_while_making_a_file_does_no_harm(path: Path, opener: Opener) -> None:
    """The half-made file and its log are thrown away."""
    for ending in ("-new", "-new-wal", "-new-journal"):
        path.with_name(path.name + ending).write_bytes(b"half a database")
    assert write(opener(), "p") == 1


def foreign(path: Path) -> None:
    """Another program's database."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE customer (name)")


def empty(path: Path) -> None:
    """A file without a byte."""
    path.touch()


def words(path: Path) -> None:
    """A file that is no database."""
    path.write_text("Dear Sir or Madam " * 500, encoding="utf-8")


def folder(path: Path) -> None:
    """A folder."""
    path.mkdir()


def store(path: Path) -> None:
    """A good store, to be spoilt."""
    with closing(SQLiteStorage(path, secrets.token_bytes)) as storage:
        for number in range(50):
            write(storage, "p", *[thing(f"{number}-{each}", "x" * 400) for each in range(20)])


def damaged_header(path: Path) -> None:
    """A store whose first bytes were overwritten."""
    store(path)
    path.write_bytes(b"\0" * 64 + path.read_bytes()[64:])


def truncated(path: Path) -> None:
    """A store whose end is missing."""
    store(path)
    os.truncate(path, 4096 * 3)


def without_its_row(path: Path) -> None:
    """A store that lost the row that says which one it is."""
    store(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM store")
        connection.commit()


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (foreign, "another program"),
        (empty, "another program, or empty"),
        (words, "no SQLite database"),
        (folder, "cannot be opened"),
        (damaged_header, "no SQLite database, or is damaged"),
        (truncated, "is damaged"),
        (without_its_row, "is damaged"),
    ],
)
def test_a_file_that_is_no_store_is_refused_and_left_alone(
    path: Path, opener: Opener, spoil: Callable[[Path], None], what: str
) -> None:
    """The error says what is wrong and names the file; the file keeps its bytes."""
    spoil(path)
    before = path.read_bytes() if path.is_file() else b""
    storage = opener()
    for use in (lambda: storage.read("p"), lambda: write(storage, "p"), storage.consumers):
        with pytest.raises(StorageError, match=what) as caught:
            use()
        assert "store.db" in str(caught.value)
    assert before == (path.read_bytes() if path.is_file() else b"")


def test_a_newer_release_is_not_written_over(path: Path, storage: SQLiteStorage, opener: Opener) -> None:
    """A file of a later version asks for an upgrade."""
    storage.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(UpgradeNeeded, match="newer release"):
        opener().read("p")


def test_a_lock_that_cannot_be_opened_is_an_error(path: Path, opener: Opener) -> None:
    """The system's error is the cause, and nothing stays open."""
    path.with_name("store.db-hold").mkdir()
    with pytest.raises(StorageError, match="-hold") as caught:
        write(opener(), "p")
    assert isinstance(caught.value.__cause__, OSError)


# files that go


def test_a_file_that_goes_while_it_is_open_is_noticed(path: Path, storage: SQLiteStorage) -> None:
    """Gone or replaced, it is an error; put back, everything is there."""
    aside = path.with_name("aside")
    path.rename(aside)
    for replaced in (False, True):
        if replaced:
            path.write_bytes(aside.read_bytes())
        for use in (lambda: storage.read("p"), lambda: write(storage, "p")):
            with pytest.raises(StorageError, match="is gone or was replaced"):
                use()
    aside.rename(path)
    assert write(storage, "p") == 2


def test_a_file_that_goes_before_its_first_connection_is_ready_is_noticed(
    path: Path, storage: SQLiteStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second connection is never opened on another file than the first."""
    connect = sqlite3.connect

    def connect_and_replace(*arguments: object, **options: object) -> sqlite3.Connection:
        connection = connect(*arguments, **options)  # type: ignore[call-overload]
        path.rename(path.with_name("aside"))
        return connection  # type: ignore[no-any-return]

    monkeypatch.setattr(sqlite3, "connect", connect_and_replace)
    with pytest.raises(StorageError, match="store"):
        storage.read("p")


def test_no_empty_store_takes_the_place_of_one_that_was_there(
    path: Path, storage: SQLiteStorage, opener: Opener
) -> None:
    """A later process is told, too; without the lock's files it begins anew."""
    storage.close()
    path.unlink()
    with pytest.raises(StorageError, match="there was a database here"):
        opener().read("p")
    path.with_name("store.db-hold").unlink()
    path.with_name("store.db-wal").touch()
    with pytest.raises(StorageError, match="there was a database here"):
        write(opener(), "p")
    path.with_name("store.db-wal").unlink()
    assert opener().read("p").version == 0


def test_a_restored_copy_gets_a_new_epoch(path: Path, storage: SQLiteStorage, opener: Opener) -> None:
    """What the copy carries is the original's epoch, until `restored` was called."""
    epoch = storage.read("p").epoch
    storage.close()
    copy = path.read_bytes()
    path.unlink()
    path.write_bytes(copy)
    storage = opener()
    assert storage.read("p").epoch == epoch
    storage.restored()
    assert storage.read("p").epoch != epoch
    assert opener().read("p").version == 1


# keys and indexes


def test_a_key_that_moves_leaves_the_keys_of_others_where_they_were(storage: SQLiteStorage) -> None:
    """One record keeps its key and changes its body, another takes the key that a third gives up."""
    write(storage, "p", thing("a", unique="1"), thing("b", unique="2"), thing("c"))
    write(storage, "p", thing("a", '"new"', unique="1"), thing("c", unique="2"), thing("b"), thing("d", unique="3"))
    assert {each.id: each.unique for each in storage.read("p").records} == {"a": "1", "b": None, "c": "2", "d": "3"}
    assert {each.version for each in storage.read("p").records} == {3}
    for key in ("1", "2", "3"):
        with pytest.raises(StorageError):
            write(storage, "p", thing("e", unique=key))


def test_a_record_changes_whom_it_is_about_and_its_key_one_by_one(storage: SQLiteStorage) -> None:
    """And is found by what it says now."""
    said: list[tuple[str | None, str | None]] = [("ada", None), ("ada", "1"), ("ben", "1"), ("ben", None), (None, "1")]
    for subject, unique in [*said, *reversed(said)]:
        version = write(storage, "p", thing("a", f'"{subject} {unique}"', subject=subject, unique=unique))
        kept = Record("p", "thing", "a", version, subject, unique, f'"{subject} {unique}"')
        assert storage.read("p").records == [kept]
        for who in ("ada", "ben"):
            assert storage.about(who) == ([kept] if who == subject else [])


def test_a_commit_writes_no_page_of_which_nothing_changed(path: Path, storage: SQLiteStorage) -> None:
    """Least of all the indexes of who a record is about and of its key, which are scattered over a large file."""
    log = path.with_name("store.db-wal")
    full = thing("b", subject="ada", unique="1")
    write(storage, "p", thing("c"), full, wake_at=NOW)

    def pages(*records: Record, wake_at: datetime = NOW) -> int:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        write(storage, "p", *records, wake_at=wake_at)
        return (log.stat().st_size - 32) // (4096 + 24)

    assert pages() == len(("project",))
    assert pages(wake_at=NOW + timedelta(days=1)) == len(("project", "its wake"))
    assert pages() == len(("project", "its wake"))
    assert pages(full._replace(body="[]")) == len(("project", "record", "its version"))
    assert pages(full._replace(unique="2")) == len(("project", "record", "its version", "its subject", "its key"))


# faults of the driver


def test_a_full_disk_leaves_nothing_half_done(storage: SQLiteStorage) -> None:
    """The commit fails as a whole, nothing more is written in its hold, and with space it works again."""
    with storage.file.writing() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
    big = [Record("p", "thing", str(number), 2, None, None, "x" * 3000) for number in range(50)]
    with storage.hold("p") as hold:
        with pytest.raises(StorageError, match="no space left"):
            hold.commit(Change(2, big))
        with pytest.raises(StorageError, match="is over"):
            hold.commit(Change(2))
    assert (storage.read("p").version, len(storage.read("p").records)) == (1, 1)
    with storage.file.writing() as connection:
        connection.execute("PRAGMA max_page_count = 100000")
    assert write(storage, "p", *(each._replace(version=0) for each in big)) == 2


def test_another_programs_lock_is_busy(
    path: Path, storage: SQLiteStorage, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that does not take turns makes us wait, and then say so."""
    monkeypatch.setattr(file, "PATIENCE", 0.01)
    other = opener()
    with closing(sqlite3.connect(path, isolation_level=None)) as program:
        program.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageBusy, match="another program") as caught:
            write(other, "p")
        assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
        assert other.read("p").version == 1
    assert write(other, "p") == 2


def test_a_read_only_file_says_so(path: Path, storage: SQLiteStorage) -> None:
    """The driver's error becomes one sentence that names the file."""
    with (
        closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection,
        pytest.raises(sqlite3.OperationalError) as caught,
    ):
        connection.execute("DELETE FROM store")
    assert "store.db is read-only" in str(translated(caught.value, path))


def test_an_error_without_a_code_is_still_ours(path: Path) -> None:
    """What the driver finds wrong by itself is passed on with its words."""
    assert str(translated(sqlite3.ProgrammingError("closed"), path)).endswith("store.db refused: closed")


def test_half_a_surrogate_pair_is_refused(storage: SQLiteStorage) -> None:
    """Text that UTF-8 cannot carry is an error wherever it comes in, and nothing is written."""
    half = "\ud800"
    with pytest.raises(StorageError, match="surrogate"):
        write(storage, "p", thing("b"), thing("c", half))
    with pytest.raises(StorageError, match="surrogate"), storage.hold(half):
        pytest.fail("held")
    with storage.hold("p") as hold:
        with pytest.raises(StorageError, match="surrogate"):
            hold.receipts([half])
        with pytest.raises(StorageError):
            hold.changed(2**70)
    with pytest.raises(StorageError, match="surrogate"):
        storage.read(half)
    with pytest.raises(StorageError, match="surrogate"):
        storage.claim([half], worker="", now=NOW, until=NOW, limit=1)
    assert [each.id for each in storage.read("p").records] == ["a"]


def test_a_failing_change_of_the_outbox_is_undone(storage: SQLiteStorage) -> None:
    """What is not a commit of a project is all or nothing, too."""
    storage.consumers(add=["mail"])
    write(storage, "p", deliveries=[draft("1"), draft("2", "two")])
    with pytest.raises(StorageError, match="surrogate"):
        storage.claim(["mail"], worker="\ud800", now=NOW, until=NOW, limit=5)
    assert [each.attempts for each in storage.claim(["mail"], worker="w", now=NOW, until=NOW, limit=5)] == [1, 1]


def test_a_connection_that_broke_is_replaced(storage: SQLiteStorage) -> None:
    """What used it fails, the next use opens the file anew."""
    for use in (storage.file.writing, storage.file.reading):
        with pytest.raises(StorageError, match="closed"), use() as connection:
            connection.close()
    assert write(storage, "p") == 2


# connections and threads


def test_only_a_hold_writes_while_its_thread_holds(storage: SQLiteStorage) -> None:
    """Instead of waiting for itself, a thread is told; reading goes on."""
    with storage.hold("p") as hold:
        for use in (lambda: storage.consumers(add=["x"]), lambda: storage.requeue("1", NOW), storage.close):
            with pytest.raises(StorageError, match="nested"):
                use()
        assert storage.consumers() == hold.consumers
        assert storage.read("p").version == 1
        hold.commit(Change(2))
    assert storage.read("p").version == 2


def test_looking_for_work_does_not_wait_for_a_holder(storage: SQLiteStorage) -> None:
    """A worker that finds nothing due, or has nothing to settle, takes no lock."""
    with storage.hold("p"):
        claim = Aside(lambda: storage.claim(["mail"], worker="w", now=NOW, until=NOW, limit=5))
        assert claim.result() == []
        assert Aside(lambda: storage.settle([])).result() == 0


def test_readers_are_kept_up_to_a_number(storage: SQLiteStorage) -> None:
    """Threads that read at one time leave few connections open afterwards."""
    with ExitStack() as reading:
        for _ in range(file.IDLE_READERS + 4):
            reading.enter_context(storage.file.reading())
    assert storage.file.connections <= file.IDLE_READERS + 1  # the writer
    assert storage.read("p").version == 1


def test_a_closed_store_says_so(path: Path, storage: SQLiteStorage) -> None:
    """Nothing opens it again, and what was being read is let go of afterwards."""
    with storage.file.reading():
        storage.close()
        assert storage.file.connections == 1
    assert storage.file.connections == 0
    for use in (lambda: storage.read("p"), lambda: write(storage, "p")):
        with pytest.raises(StorageError, match="closed"):
            use()
    assert not path.with_name("store.db-wal").exists()


# scrubbing


def test_no_byte_of_what_was_erased_is_left(path: Path, storage: SQLiteStorage) -> None:
    """After many changes and one scrub, no file holds a text that is not living."""
    random, living = Random(7), dict[str, str]()  # noqa: S311 - a seed
    for step in range(400):
        id = str(random.randrange(150))
        living[id] = f"canary{step}x" * random.choice([1, 5, 40, 300])
        write(storage, "p", thing(id, living[id], subject=f"who{living[id]}"))
        if random.random() < 0.5:
            write(storage, "p", thing(id, None))
            del living[id]
    scrub = storage.scrub()
    assert (scrub.clean, scrub.reason) == (True, "")
    alive = {text.partition("x")[0] for text in living.values()}
    kept = b"".join(each.read_bytes() for each in path.parent.iterdir())
    assert [step for step in range(400) if f"canary{step}x".encode() in kept and f"canary{step}" not in alive] == []


def test_scrubbing_is_pending_while_somebody_reads_the_past(path: Path, storage: SQLiteStorage) -> None:
    """It says why, and is clean when the reader has gone."""
    write(storage, "p", thing("a", '"canary"'))
    with storage.file.reading() as reader:
        assert reader.execute("SELECT count(*) FROM record").fetchone() == (1,)
        write(storage, "p", thing("a", None))
        scrub = storage.scrub()
        assert not scrub.clean
        assert "reads" in scrub.reason
    assert storage.scrub().clean
    assert b"canary" not in path.read_bytes()
    assert write(storage, "p") == 4


def test_scrubbing_that_fails_is_pending(storage: SQLiteStorage) -> None:
    """The reason is what the driver said."""
    with storage.file.writing() as connection:
        connection.set_authorizer(lambda action, *_: action == sqlite3.SQLITE_ATTACH)  # which VACUUM needs
    scrub = storage.scrub()
    assert not scrub.clean
    assert "authorization denied" in scrub.reason
    with storage.file.writing() as connection:
        connection.set_authorizer(None)
    assert storage.scrub().clean
