"""What the store in PostgreSQL does when the server, or the network, or somebody else is in the way."""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial

import psycopg
import pytest
from insight_sessions_postgres import Limits, PostgresStorage, outbox
from insight_sessions_postgres.faults import is_lost, translated
from insight_sessions_postgres.hold import Also
from insight_sessions_postgres.statements import Call, Statements
from insight_sessions_postgres.transaction import Transaction
from psycopg import errors

from insight_sessions import Runtime, StorageBusy, StorageError
from insight_sessions.storage.port import Change, Record, Settlement, Verdict
from insight_sessions.testing.place import NOW, PATIENCE, Aside, Forked, draft, receipt, thing, write
from tests.servers.postgres import Server

Opens = Callable[[str], PostgresStorage]


def end_all(url: str) -> int:
    """End every other connection to a database; gives how many there were."""
    with psycopg.connect(url.partition("&")[0], autocommit=True) as connection:
        asked = """
            SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
        """
        return len(connection.execute(asked).fetchall())


def test_a_connection_that_was_ended_is_replaced(database: str, opened: Opens) -> None:
    """Nobody notices."""
    storage = opened(database)
    write(storage, "p")
    assert end_all(database) == 1
    assert write(storage, "p") == 2


def test_a_connection_that_ends_while_it_is_used_is_replaced(
    database: str, opened: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looked well when it was taken."""
    storage = opened(database)
    write(storage, "p")
    source = vars(storage)["_connections"]
    take = source.take

    def take_and_end() -> object:
        monkeypatch.undo()
        transaction = take()
        end_all(database)
        return transaction

    monkeypatch.setattr(source, "take", take_and_end)
    assert storage.read("p").version == 1


def test_a_connection_that_ends_within_a_hold(database: str, opened: Opens) -> None:
    """Nothing was written, and the next hold works."""
    storage = opened(database)
    storage.consumers(add=["mail"])
    write(storage, "p", deliveries=[draft("1")])
    with storage.hold("p") as hold:
        end_all(database)
        with pytest.raises(StorageBusy):
            hold.receipts(["c"])
    with storage.hold("p") as hold:
        end_all(database)
        with pytest.raises(StorageError, match="lost while a change was committed"):
            hold.commit(Change(2, [Record("p", "thing", "a", 2, None, None, "{}")]))
    assert write(storage, "p") == 2


def test_a_connection_that_ends_within_a_hold_that_writes_nothing(database: str, opened: Opens) -> None:
    """It cannot even be told to undo; it is not used again."""
    storage = opened(database)
    with storage.hold("p"):
        end_all(database)
    assert write(storage, "p") == 1


def test_an_interruption_leaves_no_connection_behind(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when somebody presses Ctrl+C while the server works."""
    storage = PostgresStorage.open(url, limits=Limits(connections=1, pool=1))
    storage.read("p")

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Transaction, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        storage.read("p")
    monkeypatch.undo()
    assert storage.read("p").version == 0
    storage.close()


def test_a_host_that_is_silent_is_given_up_by_the_clock(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each try takes as long as a connection may take, and that counts."""
    slept: list[float] = []
    storage = PostgresStorage.open(url, limits=Limits(connect=6), runtime=Runtime(sleep=slept.append))
    storage.read("p")

    def silent(*_: object) -> Transaction:
        raise StorageBusy("nobody answers") from errors.ConnectionTimeout()

    monkeypatch.setattr(vars(storage)["_connections"], "take", silent)
    with pytest.raises(StorageBusy, match="nobody answers"):
        storage.read("p")
    assert len(slept) == 2
    storage.close()


def test_a_connection_that_ends_between_two_steps(
    database: str, opened: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is settled by half: the claim stands until it is settled again."""
    storage = opened(database)
    storage.consumers(add=["mail"])
    write(storage, "p", deliveries=[draft("1"), draft("2")])
    (taken,) = storage.claim(["mail"], worker="w", now=NOW, until=NOW.replace(year=2027), limit=5)
    moved = outbox.moved

    def moved_too_late(sql: Statements, streams: Iterable[Sequence[str]]) -> Sequence[Call]:
        end_all(database)
        return moved(sql, streams)

    monkeypatch.setattr(outbox, "moved", moved_too_late)
    with pytest.raises(StorageBusy):
        storage.settle([Settlement(taken.id, taken.token, Verdict.SENT)])
    monkeypatch.undo()
    assert storage.backlog() == {"mail": 2}
    assert storage.settle([Settlement(taken.id, taken.token, Verdict.SENT)]) == 1
    assert storage.backlog() == {"mail": 1}


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_hold_of_the_parent_is_over_in_the_child(url: str, opened: Opens) -> None:
    """The child undoes nothing, and the parent goes on."""
    storage = opened(url)

    def in_the_child() -> str:
        with pytest.raises(StorageError, match="is over"):
            hold.commit(Change(1))
        hold.__exit__(None, None, None)
        return str(storage.read("p").version)

    with storage.hold("p") as hold:
        assert Forked(in_the_child).result() == "0"
        hold.commit(Change(1))
    assert storage.read("p").version == 1


def test_a_server_that_restarts_is_waited_for(own_postgres: Server, opened: Opens) -> None:
    """By holds and by whoever reads; and it takes long enough to see them wait."""
    storage = opened(own_postgres.fresh())
    write(storage, "p")
    own_postgres.crash()
    held = Aside(lambda: write(storage, "p"))
    read = Aside(lambda: storage.read("q").version)
    own_postgres.start()
    assert (held.result(), read.result()) == (2, 0)


def test_a_server_that_stays_away_is_given_up(own_postgres: Server, opened: Opens) -> None:
    """After as long as the limits say, by sleeps that the runtime does."""
    slept: list[float] = []
    storage = PostgresStorage.open(own_postgres.fresh(), limits=Limits(restart=3), runtime=Runtime(sleep=slept.append))
    write(storage, "p")
    own_postgres.stop()
    with pytest.raises(StorageBusy, match="is the server running"):
        storage.read("p")
    assert slept[0] == 0
    assert 1.5 < sum(slept) < 6
    storage.close()


def test_who_waits_too_long_for_a_project_is_told(url: str, opened: Opens) -> None:
    """In this process and in another; it may be tried again."""
    holder = opened(url)
    impatient = PostgresStorage.open(url, limits=Limits(lock=0.2))
    with holder.hold("p"), pytest.raises(StorageBusy, match="held what is needed"):
        Aside(lambda: write(impatient, "p")).result()
    with impatient.hold("p"), pytest.raises(StorageBusy, match="held by others of this process"):
        Aside(lambda: write(impatient, "p")).result()
    impatient.close()


def test_two_projects_are_held_at_a_time(url: str, opened: Opens) -> None:
    """Nobody waits for a project that they do not want."""
    storage = opened(url)
    with storage.hold("p"):
        assert Aside(lambda: write(storage, "q")).result() == 1


def test_who_finds_no_connection_is_told(url: str) -> None:
    """There are as many as the limits say, and those given back are used again."""
    storage = PostgresStorage.open(url, limits=Limits(connections=1, pool=0.2))
    with storage.hold("p"), pytest.raises(StorageBusy, match="all 1 connections"):
        Aside(lambda: storage.read("p")).result()
    for _ in range(3):
        assert storage.read("p").version == 0
    storage.close()


def test_a_statement_that_takes_too_long_is_ended(url: str, opened: Opens) -> None:
    """As when somebody locks a table by hand."""
    impatient = PostgresStorage.open(url, limits=Limits(statement=0.3))
    write(impatient, "p")
    name = url.rpartition("=")[2]
    with psycopg.connect(url.partition("&")[0]) as connection:
        connection.execute(f"LOCK TABLE {name}.record IN ACCESS EXCLUSIVE MODE".encode())
        with pytest.raises(StorageBusy, match="took too long"):
            impatient.read("p")
        assert not impatient.scrub().clean
    assert impatient.read("p").version == 1
    impatient.close()


def test_an_idle_holder_is_ended(url: str) -> None:
    """So that a process that stands still does not hold a project for ever."""
    storage = PostgresStorage.open(url, limits=Limits(idle=0.2))
    write(storage, "p")
    with storage.hold("p") as hold:
        threading.Event().wait(0.6)
        with pytest.raises(StorageError, match="lost while"):
            hold.commit(Change(2))
    assert write(storage, "p") == 2
    storage.close()


def test_what_another_transaction_still_sees_cannot_be_scrubbed(url: str, opened: Opens) -> None:
    """Then it is pending; and clean once that one is over."""
    storage = opened(url)
    write(storage, "p", thing("a", '"secret"'))
    with psycopg.connect(url.partition("&")[0]) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute("SELECT count(*) FROM pg_class")
        write(storage, "p", thing("a", None))
        scrub = storage.scrub()
        assert (scrub.clean, scrub.reason[:19]) == (False, "another transaction")
    assert storage.scrub().clean


def test_what_was_scrubbed_is_in_no_file_of_a_table(own_postgres: Server, opened: Opens) -> None:
    """Neither in the tables, nor in their indexes, nor where long texts are."""
    storage = opened(own_postgres.fresh())
    canary = "canary-" + "".join(chr(97 + number * 7 % 26) for number in range(40))
    long = canary.join(str(number) for number in range(900))
    storage.consumers(add=["mail"])
    write(storage, "p", thing("a", canary, subject=canary), thing("b", long), deliveries=[draft("1", body=canary)])
    (taken,) = storage.claim(["mail"], worker="w", now=NOW, until=NOW, limit=5)
    storage.settle([Settlement(taken.id, taken.token, Verdict.SENT)])
    write(storage, "p", thing("a", None), thing("b", None))
    with psycopg.connect(own_postgres.dsn("postgres"), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        files = list((own_postgres.folder / "data" / "base").rglob("*"))
        assert any(canary.encode() in file.read_bytes() for file in files if file.is_file()), "it was there"
        assert storage.scrub().clean
        connection.execute("CHECKPOINT")
    files = list((own_postgres.folder / "data" / "base").rglob("*"))
    assert not any(canary.encode() in file.read_bytes() for file in files if file.is_file())


def test_errors_of_the_driver_become_ours() -> None:
    """Those of others too that look like a lost connection."""
    assert type(translated(errors.SerializationFailure(), "here")) is StorageBusy
    assert type(translated(errors.ConnectionFailure(), "here")) is StorageBusy
    assert str(translated(errors.DataException(), "here")) == "here refused: DataException 22000"
    assert "refused: OSError" in str(translated(OSError("boom"), "here"))
    assert is_lost(errors.DeadlockDetected())
    assert is_lost(errors.ConnectionFailure())
    assert not is_lost(errors.LockNotAvailable())
    assert not is_lost(None)


@pytest.mark.parametrize(
    ("words", "busy", "said"),
    [
        ('connection to server at "tls.example.org", port 1 failed: Connection refused', True, "server running there"),
        ('on socket "/tmp/certificate/.s.PGSQL.5432" failed: No such file', True, "server running there"),
        ("failed: SSL connection has been closed unexpectedly", True, "server running there"),
        ("failed: server closed the connection unexpectedly", True, "server running there"),
        ("FATAL:  the database system is starting up", True, "starting or stopping"),
        ("FATAL:  sorry, too many clients already", True, "no connection left"),
        ("FATAL:  remaining connection slots are reserved for superusers", True, "no connection left"),
        ('FATAL:  database "role" does not exist', False, "no such database"),
        ('FATAL:  role "database" does not exist', False, "no such role"),
        ("failed: server does not support SSL, but SSL was required", False, "does not encrypt"),
        ("failed: SSL error: certificate verify failed", False, "certificates"),
        ('failed: invalid sslmode value: "verify-fulll"', False, "no such sslmode="),
    ],
)
def test_what_is_said_of_a_connection_that_was_not_made(words: str, *, busy: bool, said: str) -> None:
    """By the words of the server or its library, whatever the names in them; it is waited for what may pass."""
    error = errors.OperationalError(words)
    made = translated(error, "here")
    assert (type(made), is_lost(error)) == ((StorageBusy, True) if busy else (StorageError, False))
    assert said in str(made)


def test_retired_while_somebody_posts(url: str, opened: Opens) -> None:
    """The delivery is not written: as if it had come before."""
    one, other = opened(url), opened(url)
    one.consumers(add=["mail", "web"])
    with one.hold("p") as hold:
        other.consumers(retire=["mail"])
        hold.commit(Change(1, deliveries=[draft("1"), draft("2", consumer="web")]))
    assert one.backlog() == {"web": 1}
    assert one.consumers(add=["mail"]) == {"mail", "web"}
    assert one.claim(["mail"], worker="w", now=NOW, until=NOW, limit=5) == []


def test_two_begin_at_once(url: str) -> None:
    """One makes the tables, and the other finds them."""
    stores = [PostgresStorage.open(url) for _ in range(6)]
    gate = threading.Barrier(6, timeout=PATIENCE)

    def begin(storage: PostgresStorage) -> str:
        gate.wait()
        return storage.read("p").epoch

    asides = [Aside(partial(begin, storage)) for storage in stores]
    assert len({aside.result() for aside in asides}) == 1
    for storage in stores:
        storage.close()


def test_a_stream_never_stops(url: str, opened: Opens) -> None:
    """While deliveries are posted to a stream and settled out of it at the same time, each goes out, and in order."""
    poster, worker = opened(url), opened(url)
    poster.consumers(add=["mail"])
    posting = Aside(lambda: [write(poster, "p", deliveries=[draft(f"{number:03}")]) for number in range(60)])
    sent: list[str] = []
    while len(sent) < 60:
        taken = worker.claim(["mail"], worker="w", now=NOW, until=NOW.replace(year=2027), limit=5)
        sent += [each.id for each in taken]
        assert worker.settle([Settlement(each.id, each.token, Verdict.SENT) for each in taken]) == len(taken)
    posting.result()
    assert sent == [f"{number:03}" for number in range(60)]
    with psycopg.connect(url.partition("&")[0]) as connection:
        left = "SELECT count(*) FROM @.line".replace("@", url.rpartition("=")[2])
        assert connection.execute(left.encode()).fetchone() == (0,)


def test_settlements_that_touch_one_another_are_done_in_order(url: str, opened: Opens) -> None:
    """Several of one batch for one delivery, and several that hand over to one."""
    storage = opened(url)
    storage.consumers(add=["mail"])
    write(storage, "p", deliveries=[draft("1"), draft("2"), draft("3", "two")])
    one, three = storage.claim(["mail"], worker="w", now=NOW, until=NOW, limit=5)
    heirs = [
        Settlement(one.id, one.token, Verdict.SUPERSEDED, successor="2", body="new"),
        Settlement(one.id, one.token, Verdict.SENT),
        Settlement(three.id, three.token, Verdict.SUPERSEDED, successor="2"),
        Settlement(three.id, three.token, Verdict.RETRY),
    ]
    assert storage.settle(heirs) == 2
    taken = storage.claim(["mail"], worker="w", now=NOW, until=NOW, limit=5)
    assert [(each.id, each.body) for each in taken] == [("2", "new"), ("3", "{}")]


def test_more_changed_than_is_asked_for_beforehand(url: str, opened: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is asked for when it is wanted."""
    monkeypatch.setattr("insight_sessions_postgres.hold.AHEAD", 2)
    one, other = opened(url), opened(url)
    write(one, "p", thing("a"), thing("b"), thing("c"))
    for count in (2, 3):
        write(other, "p", *(thing(f"d{number}") for number in range(count)))
        with one.hold("p") as hold:
            assert len(hold.changed(hold.version - 1)) == count
            assert len(hold.changed(0)) == 3 + count


def test_few_versions_are_remembered(url: str, opened: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("insight_sessions_postgres.guard.KNOWN", 2)
    storage = opened(url)
    for project in "abc":
        write(storage, project)
    guard = vars(storage)["_guard"]
    assert [guard.seen(project) for project in "abc"] == [0, 1, 1]


def _rolls_back(connection: psycopg.Connection[tuple[object, ...]], _: Change) -> None:
    connection.rollback()


def _commits(connection: psycopg.Connection[tuple[object, ...]], _: Change) -> None:
    connection.commit()


def _begins_anew(connection: psycopg.Connection[tuple[object, ...]], _: Change) -> None:
    connection.rollback()
    connection.execute("BEGIN")


def _hides_a_fault(connection: psycopg.Connection[tuple[object, ...]], _: Change) -> None:
    with suppress(errors.UndefinedTable):
        connection.execute("INSERT INTO nowhere VALUES (1)")


@pytest.mark.parametrize("also", [_rolls_back, _commits, _begins_anew])
def test_also_can_neither_end_nor_undo_the_transaction(url: str, also: Also) -> None:
    """Otherwise what is acknowledged would not be there; and it is said whose fault it was."""
    storage = PostgresStorage.open(url, also=also)
    with pytest.raises(StorageError, match="what `also` does must neither end nor undo") as caught:
        write(storage, "p", thing("a"))
    assert type(caught.value) is StorageError
    assert storage.read("p").version == (1 if also is _commits else 0)
    storage.close()


def test_also_cannot_hide_that_a_statement_failed(url: str) -> None:
    """PostgreSQL commits nothing then."""
    storage = PostgresStorage.open(url, also=_hides_a_fault)
    with pytest.raises(StorageError):
        write(storage, "p", thing("a"))
    assert storage.read("p").version == 0
    storage.close()


def test_also_in_the_same_transaction(url: str) -> None:
    """What a host does beside each commit is committed with it, or not at all."""
    base, name = url.partition("&")[0], url.rpartition("=")[2]
    seen: list[Change] = []

    def also(connection: psycopg.Connection[tuple[object, ...]], change: Change) -> None:
        made = connection.execute(
            "INSERT INTO @.job VALUES (%s) RETURNING id".replace("@", name).encode(), [change.version]
        )
        assert made.fetchone() == (change.version,)
        seen.append(change)
        if len(change.receipts) > 1:
            raise KeyError("also")

    storage = PostgresStorage.open(url, also=also)
    storage.read("p")
    with psycopg.connect(base, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {name}.job (id integer)".encode())
        write(storage, "p")
        with pytest.raises(KeyError):
            write(storage, "p", receipts=[receipt("a"), receipt("b")])
        with pytest.raises(StorageError):
            write(storage, "p", thing("a", unique="k"), thing("b", unique="k"))
        write(storage, "p", thing("a"))
        assert connection.execute("SELECT id FROM @.job ORDER BY id".replace("@", name).encode()).fetchall() == [
            (1,),
            (2,),
        ]
    assert seen[0].version == 1
    assert storage.read("p").version == 2
    storage.close()
