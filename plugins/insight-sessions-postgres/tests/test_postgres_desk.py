"""A desk on PostgreSQL: by itself, behind a pooler that loses answers, and inside a host's transaction."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, cast

import django
import psycopg
import pytest
import sqlalchemy
import sqlalchemy.orm
from insight_sessions_postgres import PostgresStorage
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from insight_sessions import (
    AddSession,
    AlreadyRegistered,
    AnnounceProject,
    Contact,
    Desk,
    Member,
    NotFound,
    OpenCall,
    Project,
    RegisterInterest,
    Session,
    StorageBusy,
    StorageError,
)
from insight_sessions.testing.place import Aside, Forked, thing, write
from tests.servers.pooler import pooling

Opens = Callable[[str], PostgresStorage]
PROJECT = Project(
    id="backlogs",
    title="Exploring backlogs",
    summary="What members see, and what they try.",
    timezone="Europe/London",
    organiser=Contact(name="Insight project team", email="insight@example.org"),
    sessions=(Session(id="mon", starts="2031-07-07T10:00", minutes=120, capacity=3),),
)


def member(number: int) -> Member:
    """Somebody made up."""
    return Member(id=f"q-{number}", name=f"Member {number}", email=f"member{number}@example.org")


def register(number: int, id: str | None = None) -> RegisterInterest:
    """Their wish for the only session."""
    return RegisterInterest(project_id="backlogs", member=member(number), sessions=("mon",), id=id)


def session(number: int, id: str | None = None) -> AddSession:
    """One more session."""
    made = Session(id=f"s{number}", starts="2031-07-08T10:00", minutes=60, capacity=1)
    return AddSession(project_id="backlogs", session=made, id=id)


def desk_on(storage: PostgresStorage) -> Desk:
    """A desk with nothing installed."""
    return Desk(storage, discover=False)


def announced(url: str) -> None:
    """Make the project."""
    with Desk.open(url) as desk:
        desk.do(AnnounceProject(project=PROJECT))
        desk.do(OpenCall(project_id="backlogs"))


def sessions(url: str) -> list[str]:
    """The ids of the project's sessions, as anybody finds them."""
    with Desk.open(url) as desk:
        return sorted(desk.state("backlogs").sessions)


class Undone(Exception):
    """The host wants none of it."""


def undo(block: AbstractContextManager[object], work: Callable[[], object]) -> None:
    """Do something in a block of the host's, which then undoes it."""

    def both() -> None:
        with block:
            work()
            raise Undone

    with pytest.raises(Undone):
        both()


def base(url: str) -> str:
    """The same for the driver."""
    return url.partition("&")[0]


def schema(url: str) -> str:
    """The schema of the store."""
    return url.rpartition("=")[2]


@pytest.mark.parametrize("id", [None, "mine"])
def test_a_desk_answers_although_the_answer_to_its_commit_was_lost(common: str, url: str, id: str | None) -> None:
    """The receipt says what happened, with an id of the caller's and without."""
    announced(url)
    with pooling(common) as pooler, Desk.open(f"{pooler.url}&schema={schema(url)}") as desk:
        assert "mon" in desk.state("backlogs").sessions
        pooler.commits_to_lose = 1
        assert desk.do(register(1, id)).place == "mon"
        assert pooler.commits_to_lose == 0
        with pytest.raises(AlreadyRegistered):
            desk.do(register(1))
        assert len(desk.state("backlogs").registrations) == 1


def test_a_commit_that_never_arrived_is_told_and_may_be_repeated(common: str, url: str) -> None:
    """There is no receipt, so nothing was done."""
    announced(url)
    with pooling(common) as pooler, Desk.open(f"{pooler.url}&schema={schema(url)}") as desk:
        assert "mon" in desk.state("backlogs").sessions
        pooler.commits_to_drop = 1
        with pytest.raises(StorageError, match="lost while a change was committed"):
            desk.do(register(1, "mine"))
        assert pooler.commits_to_drop == 0
        assert desk.do(register(1, "mine")).place == "mon"
        with pytest.raises(AlreadyRegistered):
            desk.do(register(1))
        assert len(desk.state("backlogs").registrations) == 1


def test_many_desks_give_away_each_place_once(url: str) -> None:
    """Each on connections of its own, on one session."""
    announced(url)

    def several(start: int) -> None:
        with Desk.open(url) as desk:
            for number in range(start, start + 4):
                desk.do(register(number))

    for aside in [Aside(partial(several, start)) for start in (0, 4, 8)]:
        aside.result()
    with Desk.open(url) as desk:
        state = desk.state("backlogs")
        assert len(state.registrations) == 12
        assert sum(one.place == "mon" for one in state.registrations.values()) == 3


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_preloaded_desk_works_on_in_forked_workers(url: str) -> None:
    """And in the process that they were forked from, whose connections they never touch."""
    announced(url)
    with Desk.open(url) as desk:
        desk.do(register(0))
        children = [Forked(partial(desk.do, register(number))) for number in (1, 2)]
        desk.do(register(3))
        for child in children:
            assert child.result()
        desk.do(register(4))
        assert len(desk.state("backlogs").registrations) == 5


# A host's own connection


@pytest.fixture
def host(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A host that uses the driver itself, with rows of its own kind; the project is there."""
    announced(url)
    with psycopg.Connection[Any].connect(base(url), row_factory=dict_row) as connection:
        connection.execute(f"CREATE TABLE {schema(url)}.invoice (id integer)".encode())
        connection.commit()
        yield connection
        if not connection.closed:
            connection.rollback()


def bill(url: str, connection: psycopg.Connection[Any]) -> None:
    """Something of the host's own."""
    connection.execute("INSERT INTO @.invoice VALUES (1)".replace("@", schema(url)).encode())


def bills(url: str) -> int:
    """How much of that there is."""
    with psycopg.connect(base(url)) as connection:
        row = connection.execute("SELECT count(*) FROM @.invoice".replace("@", schema(url)).encode()).fetchone()
        return int((row or [0])[0])


def test_a_change_is_committed_with_the_hosts(url: str, host: psycopg.Connection[Any]) -> None:
    """Before that nobody else sees it; afterwards everybody."""
    with Desk.open(url) as beside:
        assert len(beside.state("backlogs").sessions) == 1
        with desk_on(PostgresStorage.lent(lambda: host, schema=schema(url))) as desk:
            bill(url, host)
            desk.do(session(1))
            desk.do(session(2, "mine"))
            assert sorted(desk.state("backlogs").sessions) == ["mon", "s1", "s2"]
            assert sorted(beside.state("backlogs").sessions) == ["mon"]
            assert bills(url) == 0
        host.commit()
        assert sorted(beside.state("backlogs").sessions) == ["mon", "s1", "s2"]
        assert bills(url) == 1


def test_a_change_is_undone_with_the_hosts(url: str, host: psycopg.Connection[Any]) -> None:
    """And whoever remembers it is told to let go: no desk goes on with what never was."""
    with Desk.open(url) as beside:
        beside.state("backlogs")
        desk = desk_on(PostgresStorage.lent(lambda: host, schema=schema(url)))
        bill(url, host)
        desk.do(session(1))
        host.rollback()
        for use in (lambda: desk.state("backlogs"), lambda: desk.do(session(2))):
            with pytest.raises(StorageError, match="make a new desk"):
                use()
        host.rollback()
        beside.do(session(3))
        assert sorted(beside.state("backlogs").sessions) == sessions(url) == ["mon", "s3"]
        assert bills(url) == 0
        with desk_on(PostgresStorage.lent(lambda: host, schema=schema(url))) as another:
            assert sorted(another.state("backlogs").sessions) == ["mon", "s3"]


def test_a_desk_ends_with_its_transaction(url: str, host: psycopg.Connection[Any]) -> None:
    """It would be right still, but nobody could tell."""
    desk = desk_on(PostgresStorage.lent(lambda: host, schema=schema(url)))
    desk.do(session(1))
    host.commit()
    with pytest.raises(StorageError, match="make a new desk"):
        desk.do(session(2))
    host.rollback()
    assert sessions(url) == ["mon", "s1"]


def test_a_savepoint_of_the_host_is_noticed(url: str, host: psycopg.Connection[Any]) -> None:
    """What was done since is undone, and the desk must not go on with it; one made before all that may."""
    desk = desk_on(PostgresStorage.lent(lambda: host, schema=schema(url)))
    desk.do(session(1))
    undo(host.transaction(), lambda: desk.do(session(2)))
    with pytest.raises(StorageError, match="make a new desk"):
        desk.do(session(3))
    with desk_on(PostgresStorage.lent(lambda: host, schema=schema(url))) as another:
        another.do(session(4))
    host.commit()
    assert sessions(url) == ["mon", "s1", "s4"]


def test_a_savepoint_around_reading_disturbs_nobody(url: str, host: psycopg.Connection[Any]) -> None:
    desk = desk_on(PostgresStorage.lent(lambda: host, schema=schema(url)))
    desk.do(session(1))
    undo(host.transaction(), lambda: desk.state("backlogs"))
    desk.do(session(2))
    host.commit()
    assert sessions(url) == ["mon", "s1", "s2"]


def test_two_desks_in_one_transaction_are_noticed(url: str, host: psycopg.Connection[Any]) -> None:
    """The first does not know what the second did, should the host undo half of it."""
    one = desk_on(PostgresStorage.lent(lambda: host, schema=schema(url)))
    one.do(session(1))
    desk_on(PostgresStorage.lent(lambda: host, schema=schema(url))).do(session(2))
    with pytest.raises(StorageError, match="another desk"):
        one.do(session(3))
    host.commit()
    assert sessions(url) == ["mon", "s1", "s2"]


def test_a_refusal_leaves_the_hosts_transaction_whole(url: str, host: psycopg.Connection[Any]) -> None:
    """What fails is undone alone: a refusal of the rules, and one of the store."""
    storage = PostgresStorage.lent(lambda: host, schema=schema(url))
    bill(url, host)
    with desk_on(storage) as desk:
        with pytest.raises(NotFound):
            desk.do(OpenCall(project_id="nowhere"))
        with pytest.raises(StorageError):
            write(storage, "p", thing("a", unique="k"), thing("b", unique="k"))
        desk.do(session(1))
        assert not storage.scrub().clean
    host.commit()
    assert (bills(url), sessions(url)) == (1, ["mon", "s1"])


def test_the_hosts_time_limits_hold(url: str, host: psycopg.Connection[Any]) -> None:
    """A host that stands still after our change is ended by the server, as it asked for."""
    host.execute("SET LOCAL idle_in_transaction_session_timeout = '300ms'")
    with desk_on(PostgresStorage.lent(lambda: host, schema=schema(url))) as desk:
        desk.do(session(1))
    threading.Event().wait(1)
    with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
        host.execute("SELECT 1")
    assert sessions(url) == ["mon"]


def test_others_wait_for_the_host(url: str, host: psycopg.Connection[Any]) -> None:
    """As for anybody who holds the project; readers do not."""
    desk = desk_on(PostgresStorage.lent(lambda: host, schema=schema(url)))
    desk.do(session(1))
    done = threading.Event()

    def other() -> None:
        with Desk.open(url) as beside:
            beside.state("backlogs")
            beside.do(session(2))
            done.set()

    waiting = Aside(other)
    assert not done.wait(0.3)
    host.commit()
    waiting.result()
    assert sessions(url) == ["mon", "s1", "s2"]


def test_what_a_lent_connection_must_be(url: str, opened: Opens) -> None:
    """In a transaction, in UTF-8, and with a store behind it."""
    lent = partial(PostgresStorage.lent, schema=schema(url))
    with psycopg.connect(base(url)) as connection:
        with pytest.raises(StorageError, match="open it once by its address"):
            lent(lambda: connection).read("p")
        opened(url).read("p")
        connection.execute("SET client_encoding TO latin1")
        with pytest.raises(StorageError, match="UTF-8"):
            lent(lambda: connection).read("p")
        connection.rollback()
        storage = lent(lambda: connection)
        assert storage.read("p").version == 0
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT 1 FROM nothing_of_that_name")
        with pytest.raises(StorageError, match="failed already"):
            storage.read("p")
        connection.rollback()
        connection.autocommit = True
        with pytest.raises(StorageError, match="in no transaction"):
            storage.read("p")
        storage.close()
        with pytest.raises(StorageError, match="is closed"):
            storage.read("p")
    with pytest.raises(StorageBusy):
        lent(lambda: connection).read("p")


def test_a_role_without_rights_on_a_lent_connection(common: str, url: str, opened: Opens) -> None:
    """An error of the driver is ours here too, and the host's transaction goes on."""
    opened(url).read("p")
    role = f"guest_of_{schema(url)}"
    with psycopg.connect(base(url)) as connection:
        connection.execute(f"CREATE ROLE {role}".encode())
        connection.execute(f"SET LOCAL ROLE {role}".encode())
        with pytest.raises(StorageError, match="lack of rights"):
            PostgresStorage.lent(lambda: connection, schema=schema(url)).read("p")
        connection.execute("RESET ROLE")
        storage = PostgresStorage.lent(lambda: connection, schema=schema(url))
        assert storage.read("p").version == 0
        connection.execute(f"SET LOCAL ROLE {role}".encode())
        with pytest.raises(StorageError, match="lack of rights"):
            storage.read("p")
        assert connection.execute("SELECT 1").fetchone() == (1,)
        connection.rollback()


def test_with_sqlalchemy(url: str) -> None:
    """Its session lends what it has."""
    announced(url)
    engine = sqlalchemy.create_engine(base(url).replace("postgresql://", "postgresql+psycopg://"))
    with sqlalchemy.orm.Session(engine) as host:
        host.execute(sqlalchemy.text(f"CREATE TABLE {schema(url)}.invoice (id integer)"))
        host.commit()

        def lend() -> psycopg.Connection[Any]:
            connection = host.connection().connection.driver_connection
            assert isinstance(connection, psycopg.Connection)
            return connection

        for number, ending, expected in ((1, host.rollback, ["mon"]), (2, host.commit, ["mon", "s2"])):
            host.execute(sqlalchemy.text("INSERT INTO @.invoice VALUES (1)".replace("@", schema(url))))
            with desk_on(PostgresStorage.lent(lend, schema=schema(url))) as desk:
                desk.do(session(number))
            ending()
            assert sessions(url) == expected
    engine.dispose()
    assert bills(url) == 1


def test_with_django(url: str) -> None:
    """Its `atomic` blocks, one within another too."""
    from django.conf import settings  # noqa: PLC0415 - it must be told its settings first

    announced(url)
    info = conninfo_to_dict(base(url))
    database = {"ENGINE": "django.db.backends.postgresql", "NAME": info["dbname"], "USER": info.get("user")}
    settings.configure(DATABASES={"default": {**database, "HOST": info["host"], "PORT": info.get("port", "")}})
    django.setup()
    from django.db import connection, transaction  # noqa: PLC0415 - the same

    def atomic() -> AbstractContextManager[object]:
        return cast("AbstractContextManager[object]", transaction.atomic())

    def lent() -> Desk:
        connection.ensure_connection()
        return desk_on(PostgresStorage.lent(lambda: connection.connection, schema=schema(url)))

    def told(statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement.replace("@", schema(url)))

    def both(number: int) -> None:
        told("INSERT INTO @.invoice VALUES (1)")
        lent().do(session(number))

    def halves() -> None:
        with atomic():
            told("INSERT INTO @.invoice VALUES (1)")
            desk = lent()
            desk.do(session(2))
            undo(atomic(), lambda: lent().do(session(3)))
            desk.do(session(4))

    told("CREATE TABLE @.invoice (id integer)")
    with pytest.raises(StorageError, match="in no transaction"):
        lent()
    undo(atomic(), lambda: both(1))
    halves()
    connection.close()
    assert (bills(url), sessions(url)) == (1, ["mon", "s2", "s4"])
