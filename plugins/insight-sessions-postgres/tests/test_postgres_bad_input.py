"""Wrong addresses, wrong rights, wrong databases: an error that says what to do, and no password in it."""

import os
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any, cast
from urllib.parse import quote, urlsplit

import psycopg
import pytest
from insight_sessions_postgres import Limits, PostgresStorage, schema
from insight_sessions_postgres.address import Address
from psycopg.conninfo import conninfo_to_dict

from insight_sessions import Desk, StorageBusy, StorageError, UpgradeNeeded
from insight_sessions.storage.port import Change
from insight_sessions.testing.place import thing, write
from tests.servers.postgres import Databases, Server, running

Opens = Callable[[str], PostgresStorage]
SECRET = "s3cret-of-nobody"


def tell(url: str, *statements: str) -> None:
    """Say something to a database."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def refusal(url: str, error: type[StorageError] = StorageError) -> str:
    """What is said of an address, by a store and by a desk; never the password, not even in the trace."""
    storage = PostgresStorage.open(url, limits=Limits(connect=2))
    with pytest.raises(error) as raised:
        storage.read("p")
    assert type(raised.value) is error
    assert SECRET not in "".join(traceback.format_exception(raised.value))
    with pytest.raises(StorageError, match=r".") as again:
        Desk.open(url)
    assert str(again.value) == str(raised.value)
    return str(raised.value)


@pytest.fixture(scope="module")
def strict() -> Iterator[Server]:
    """A server that asks for passwords, with a role that has few rights."""
    with running() as server:
        tell(
            server.dsn("postgres"),
            f"CREATE ROLE guest LOGIN PASSWORD '{SECRET}'",
            f"CREATE ROLE stranger LOGIN PASSWORD '{SECRET}'",
        )
        entries = "local all postgres trust\nlocal all guest scram-sha-256\nlocal all outcast reject\n"
        (server.folder / "data" / "pg_hba.conf").write_text(entries)
        tell(server.dsn("postgres"), "SELECT pg_reload_conf()")
        yield server


def of(role: str, url: str, password: str = SECRET) -> str:
    """The same address for somebody else."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{role}:{quote(password)}@" if password else f"{role}@").geturl()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"postgresql://me:{SECRET}@localhost:port/db", "port"),
        (f"postgresql://me:{SECRET}@[::1/db", "cannot be read"),
        (f"postgresql://me:{SECRET}@localhost/db?nonsense=1", "cannot be read"),
        (f"mysql://me:{SECRET}@localhost/db", "no address of a PostgreSQL store"),
        (f"postgresql://me:{SECRET}@localhost/db?a#b", "cannot be read"),
        (f"postgresql://me:p@{SECRET}@localhost/db", "%40"),
        (f"postgresql://me:12/{SECRET}@localhost/db", "%2F"),
        ("host=localhost", "no address of a PostgreSQL store"),
        (f"postgresql://me:{SECRET}@localhost/db?schema=", "cannot be the name"),
        (f"postgresql://me:{SECRET}@localhost/db?schema=pg_mine", "cannot be the name"),
        (f"postgresql://me:{SECRET}@localhost/db?schema=a%00b", "cannot be the name"),
        (f"postgresql://me:{SECRET}@localhost/db?schema={'x' * 64}", "cannot be the name"),
        (f"postgresql://me:{SECRET}@localhost/db?schema=a\ud800", "cannot be the name"),
    ],
)
def test_an_address_that_is_none(url: str, said: str) -> None:
    with pytest.raises(StorageError, match=said) as raised:
        PostgresStorage.open(url)
    assert SECRET not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("limit", ["connect", "pool", "lock", "statement", "idle", "restart", "connections"])
def test_a_limit_that_is_none(limit: str) -> None:
    """Said when it is made, and not when somebody waits."""
    for wrong in (-1, float("nan")):
        with pytest.raises(ValueError, match=limit):
            Limits(**cast("Any", {limit: wrong}))
    if limit != "connections":
        with pytest.raises(ValueError, match="no more than a day"):
            Limits(**cast("Any", {limit: 1e9}))
    Limits(restart=0)


def test_a_driver_without_its_library() -> None:
    """What to install is said; the driver itself says it only to whoever reads its own error."""
    code = "from insight_sessions import Desk; Desk.open('postgresql://me@localhost/db')"
    environment = {**os.environ, "PSYCOPG_IMPL": "c"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert "StorageError: psycopg, the driver of PostgreSQL, finds no libpq: install" in done.stderr


def test_a_password_is_taken_as_it_is_written(url: str) -> None:
    """A plus stays a plus, and a percent sign is read once."""
    made = Address.of("postgresql://me@h/db?password=a+b%2Bc&schema=a%20b&sslmode=prefer")
    assert conninfo_to_dict(made.dsn)["password"] == "a+b+c"
    assert (made.schema, made.name) == ("a b", "h:5432/db")


def test_a_message_names_the_server_that_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an address leaves out comes from the environment, as libpq has it."""
    for variable in ("PGHOST", "PGPORT", "PGDATABASE", "PGUSER"):
        monkeypatch.delenv(variable, raising=False)
    assert Address.of("postgres://me@").name == "local socket:5432/me"
    assert Address.of("postgresql://").name == "local socket:5432/"
    monkeypatch.setenv("PGUSER", "you")
    assert Address.of("postgresql://").name == "local socket:5432/you"
    monkeypatch.setenv("PGHOST", "db.example.org")
    monkeypatch.setenv("PGPORT", "6432")
    assert Address.of("postgresql:///insight").name == "db.example.org:6432/insight"
    monkeypatch.setenv("PGDATABASE", "theirs")
    assert Address.of("postgresql://me@h:1").name == "h:1/theirs"


def test_nobody_is_there() -> None:
    """It may be busy, or restarting: so it is worth a second try."""
    assert "is the server running there?" in refusal("postgresql://me@/db?host=/nowhere", StorageBusy)


def test_a_host_that_nobody_knows() -> None:
    assert "nobody knows a host of that name" in refusal(f"postgresql://me:{SECRET}@nowhere.invalid/db")


def test_a_wrong_password(strict: Server) -> None:
    url = strict.dsn("postgres")
    assert "refuses the password" in refusal(of("guest", url, SECRET + "!"))
    assert "asks for a password" in refusal(of("guest", url, ""))


def test_a_role_or_database_that_is_not_there(strict: Server) -> None:
    assert "pg_hba.conf" in refusal(of("stranger", strict.dsn("postgres")))
    assert "no such database" in refusal(strict.dsn("nowhere"))


def test_a_role_or_database_that_is_kept_out(strict: Server) -> None:
    """The server is there, and to come again is no use."""
    assert "keeps this machine, role or database out" in refusal(of("outcast", strict.dsn("postgres")))
    url = strict.fresh()
    name = urlsplit(url).path.removeprefix("/")
    tell(strict.dsn("postgres"), f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    assert "ALLOW_CONNECTIONS is off" in refusal(url)


def test_a_role_that_may_not_log_in_or_has_all_its_connections(strict: Server) -> None:
    """The one needs somebody to change something, the other may be gone a moment later."""
    url, owner = strict.fresh(), strict.dsn("postgres")
    tell(owner, "ALTER ROLE guest NOLOGIN")
    assert "right to LOGIN" in refusal(of("guest", url))
    tell(owner, "ALTER ROLE guest LOGIN CONNECTION LIMIT 0")
    assert "has no connection left" in refusal(of("guest", url), StorageBusy)
    tell(owner, "ALTER ROLE guest CONNECTION LIMIT -1")


def test_something_else_answers() -> None:
    """A web server, such as is behind a port that was mistyped."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            for _ in range(2):
                caller, _ = listening.accept()
                with caller:
                    caller.recv(100)
                    caller.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")

        answering = threading.Thread(target=answer)
        answering.start()
        port = listening.getsockname()[1]
        assert "is no PostgreSQL server" in refusal(f"postgresql://me@127.0.0.1:{port}/db?sslmode=require")
        answering.join()


def test_a_role_that_is_not_there(postgres: Databases, url: str) -> None:
    nobody = urlsplit(url)._replace(netloc="nobody_at_all@").geturl()
    assert "knows no such role" in refusal(nobody)


def test_no_right_to_connect(strict: Server) -> None:
    url = strict.fresh()
    name = urlsplit(url).path.removeprefix("/")
    tell(url, f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")
    assert "right to CONNECT" in refusal(of("guest", url))


def test_no_right_to_make_the_schema_or_to_write(
    strict: Server, opened: Opens, caplog: pytest.LogCaptureFixture
) -> None:
    """What is missing is named, once; with it, all but the scrubbing works for a role that owns nothing."""
    url = strict.fresh()
    guest = of("guest", url)
    assert "needs CREATE on the database" in refusal(guest)
    write(opened(url), "p", thing("a"))
    assert "lack of rights" in refusal(guest)
    tell(url, "GRANT USAGE ON SCHEMA insight_sessions TO guest")
    tell(url, "GRANT SELECT ON ALL TABLES IN SCHEMA insight_sessions TO guest")
    reading = opened(guest)
    assert reading.read("p").version == 1
    with pytest.raises(StorageError, match="lack of rights"):
        write(reading, "p")
    tell(url, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA insight_sessions TO guest")
    assert write(opened(guest), "p") == 2
    scrub = opened(guest).scrub()
    assert (scrub.clean, scrub.reason[:14]) == (False, "only the owner")
    assert caplog.text == "", "the driver says the same once more, and less well"


def test_a_schema_made_beforehand_needs_no_right_on_the_database(strict: Server, opened: Opens) -> None:
    url = strict.fresh()
    tell(url, "CREATE SCHEMA insight_sessions AUTHORIZATION guest")
    assert write(opened(of("guest", url)), "p") == 1


@pytest.mark.parametrize(
    "table",
    [
        "record (id integer)",
        "meta (id integer)",
        "meta (program text, number integer, oldest integer)",
        "meta AS SELECT 'another' AS program, 1 AS number, 1 AS oldest",
    ],
)
def test_tables_of_another_program_are_left_alone(url: str, table: str) -> None:
    name = url.rpartition("=")[2]
    tell(url.rpartition("&")[0], f"CREATE SCHEMA {name}", f"CREATE TABLE {name}.{table}")
    assert "tables of another program" in refusal(url)
    with psycopg.connect(url.rpartition("&")[0]) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = %s", [name]).fetchone()
    assert found == (1,)


def test_other_tables_beside_ours_do_no_harm(url: str, opened: Opens) -> None:
    name = url.rpartition("=")[2]
    tell(url.rpartition("&")[0], f"CREATE SCHEMA {name}", f"CREATE TABLE {name}.invoices AS SELECT 1 AS id")
    assert write(opened(url), "p") == 1


@pytest.mark.parametrize(
    "name", ["a%b", "a%sb", 'q"; DROP TABLE x; --', "a@b", "a'b", "ü;é", "a\\b", "@.meta", "EPOCH", "$1"]
)
def test_a_schema_of_any_name(common: str, opened: Opens, name: str) -> None:
    """Nothing in it is taken for a part of a statement."""
    desk = Desk(opened(f"{common}&schema={quote(name, safe='')}"), discover=False)
    assert (desk.projects(), desk.health().projects) == ([], 0)


def test_a_newer_schema(url: str, opened: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as the newer release lets it, an older one works on; then it says so, at once and while it runs."""
    old = opened(url)
    write(old, "p")
    name = url.rpartition("=")[2]
    tell(url.rpartition("&")[0], "UPDATE @.meta SET number = 7".replace("@", name))
    assert (write(old, "p"), write(opened(url), "p")) == (2, 3)
    tell(url.rpartition("&")[0], "UPDATE @.meta SET oldest = 7".replace("@", name))
    with pytest.raises(UpgradeNeeded, match="Install the newer"):
        write(old, "p")
    assert "Install the newer" in refusal(url, UpgradeNeeded)


def test_an_older_schema_is_extended(url: str, opened: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, in order, and a process of the older release that still runs works on."""
    old = opened(url)
    write(old, "p")
    made = (*schema.MIGRATIONS, "ALTER TABLE @.project ADD COLUMN note text", "CREATE TABLE @.extra (id integer)")
    monkeypatch.setattr(schema, "MIGRATIONS", made)
    assert write(opened(url), "p") == 2
    assert write(old, "p") == 3
    assert write(opened(url), "p") == 4
    with psycopg.connect(url.rpartition("&")[0]) as connection:
        asked = "SELECT number, oldest, (SELECT count(*) FROM @.extra) FROM @.meta".replace("@", url.rpartition("=")[2])
        assert connection.execute(asked.encode()).fetchone() == (3, 1, 0)


def test_a_store_that_was_renamed_or_copied_writes_into_itself(strict: Server, opened: Opens) -> None:
    """Its function names the tables of another schema, or was left behind."""
    url = strict.fresh()
    live, staging = (f"{url}{'&' if '?' in url else '?'}schema={name}" for name in ("live", "staging"))
    assert write(opened(live), "p", thing("a")) == 1
    tell(url, "ALTER SCHEMA live RENAME TO staging")
    assert write(opened(live), "p", thing("b")) == 1
    assert write(opened(staging), "p", thing("c")) == 2
    assert [len(opened(one).whole("p").bodies["thing"]) for one in (live, staging)] == [1, 2]
    tell(url, "DROP SCHEMA live CASCADE; ALTER SCHEMA staging RENAME TO live")
    with psycopg.connect(url) as host, pytest.raises(StorageError, match="renamed or copied; open it once"):
        PostgresStorage.lent(lambda: host, schema="live").project_ids()
    tell(url, "DROP ROUTINE live.write")
    assert write(opened(live), "p") == 3


@pytest.mark.parametrize("name", ["a$write$b", "$mark$", '"', "50%25", "É @"])
def test_a_schema_of_any_name_is_written_to(url: str, opened: Opens, name: str) -> None:
    store = opened(f"{url.rpartition('&')[0]}&schema={quote(name)}")
    assert (write(store, "p"), write(store, "p")) == (1, 2)


def test_a_schema_that_is_dropped_meanwhile(url: str, opened: Opens) -> None:
    store = opened(url)
    assert write(store, "p") == 1
    tell(url.rpartition("&")[0], f"DROP SCHEMA {url.rpartition('=')[2]} CASCADE")
    for ask in (store.project_ids, lambda: write(store, "p")):
        with pytest.raises(StorageError, match="no tables of a store there any more"):
            ask()


def test_a_version_that_somebody_else_wrote_is_not_overwritten(url: str, opened: Opens) -> None:
    """Somebody who did not hold the project."""
    store = opened(url)
    store.consumers()
    with store.hold("p") as hold:
        where = url.rpartition("=")[2]
        tell(url.rpartition("&")[0], "INSERT INTO @.project VALUES ('p', 7, 0, NULL)".replace("@", where))
        with pytest.raises(StorageError, match="UniqueViolation"):
            hold.commit(Change(1))
    assert store.read("p").version == 7


def test_a_database_that_is_not_in_utf_8(postgres: Databases) -> None:
    name = f"ascii_{os.getpid()}"
    tell(postgres.dsn("postgres"), f"CREATE DATABASE {name} ENCODING SQL_ASCII TEMPLATE template0")
    try:
        assert "createdb -E UTF8" in refusal(postgres.dsn(name))
    finally:
        postgres.drop(postgres.dsn(name))


def test_an_old_server(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "SEEN", schema.SEEN.replace("130000", "990000"))
    assert "PostgreSQL 13 or newer" in refusal(url)


def test_a_standby(own_postgres: Server, opened: Opens) -> None:
    """It takes no writes; when the server turns into one while we are there, that is said too."""
    url = own_postgres.fresh()
    storage = opened(url)
    write(storage, "p")
    tell(url, f"ALTER DATABASE {urlsplit(url).path[1:]} SET default_transaction_read_only = on")
    assert write(opened(url), "p") == 2, "we say that we write"
    own_postgres.stop()
    (own_postgres.folder / "data" / "standby.signal").touch()
    own_postgres.start()
    assert "name the primary" in refusal(url)
    with pytest.raises(StorageError, match="takes no writes: it is a standby"):
        storage.read("p")


def test_text_that_cannot_be_stored(url: str, opened: Opens) -> None:
    storage = opened(url)
    with pytest.raises(StorageError, match="half a surrogate pair"):
        write(storage, "p", thing("a", "\ud800"))
    with pytest.raises(StorageError, match="half a surrogate pair"):
        storage.read("\ud800")
    with pytest.raises(StorageError, match="too long for an index"):
        write(storage, "p", thing("".join(map(chr, range(256, 12_000)))))
    assert write(storage, "p") == 1


def test_a_closed_store(url: str, opened: Opens) -> None:
    storage = opened(url)
    storage.close()
    with pytest.raises(StorageError, match="is closed"):
        storage.read("p")
    assert storage.scrub().reason.endswith("this store is closed")
