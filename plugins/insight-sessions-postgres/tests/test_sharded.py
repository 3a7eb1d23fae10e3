"""Several stores as one: the contract on each, and what is seen across them."""

import secrets
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from insight_sessions_postgres.sharded import ShardedStorage

from insight_sessions import (
    AnnounceProject,
    Contact,
    Desk,
    Member,
    OpenCall,
    Project,
    RegisterInterest,
    Runtime,
    Session,
    Status,
    StorageError,
)
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.port import Delivery, Settlement, Storage, Verdict
from insight_sessions.storage.sqlite import SQLiteStorage
from insight_sessions.testing.contract import StorageContract
from insight_sessions.testing.place import NOW, Place, draft, receipt, thing, write

SECOND = timedelta(seconds=1)
LATER = NOW + 60 * SECOND
NAMES = ("a", "b", "c")


class TestOneOfSeveral(StorageContract):
    """Projects that live on one of three servers keep the whole contract."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[Place]:
        """Three new files, of which the second is used; all are closed in the end."""
        files: list[SQLiteStorage] = []

        def open_one() -> ShardedStorage:
            opened = {name: SQLiteStorage(tmp_path / f"{name}.db", secrets.token_bytes) for name in NAMES}
            files.extend(opened.values())
            return ShardedStorage(opened, choose=lambda _: "b")

        def restored() -> None:
            open_one()
            for file in files[-3:]:
                file.restored()

        yield Place(open=open_one, restored=restored)
        for file in files:
            file.close()


def memories(*names: str) -> dict[str, MemoryStorage]:
    """Empty stores by name."""
    return {name: MemoryStorage(secrets.token_bytes) for name in names}


def by_first_letter(project_id: str) -> str:
    """A project of these tests says in its id where it is to live."""
    return project_id[0]


def split(servers: dict[str, MemoryStorage] | None = None) -> ShardedStorage:
    """A store on three servers, each project on that of its first letter."""
    return ShardedStorage(servers or memories(*NAMES), choose=by_first_letter)


def claim(storage: Storage, limit: int = 100, now: datetime = NOW) -> list[Delivery]:
    return list(storage.claim({"mail"}, worker="w", now=now, until=now + 60 * SECOND, limit=limit))


@given(st.lists(st.text(min_size=1, max_size=20), unique=True, max_size=30), st.sampled_from(NAMES))
def test_a_new_server_takes_new_projects_alone_and_the_old_ones_are_found(ids: list[str], added: str) -> None:
    """Whatever is added, and in whatever order servers are named, a project stays where it was first written."""
    servers = memories(*NAMES)
    before = ShardedStorage({name: store for name, store in servers.items() if name != added})
    for id in ids:
        write(before, id)
    after = ShardedStorage({name: servers[name] for name in reversed(NAMES)})
    assert [after.home(id) for id in ids] == [before.home(id) for id in ids]
    assert after.project_ids() == sorted(ids)
    assert [after.read(id).version for id in ids] == [1] * len(ids)


def test_new_projects_are_spread_over_all_servers() -> None:
    """By hash, so none of three gets less than a fifth of many."""
    storage = ShardedStorage(memories(*NAMES))
    homes = [storage.home(f"project-{number}") for number in range(1_000)]
    assert min(homes.count(name) for name in NAMES) > 200


def test_where_a_new_project_goes_depends_on_names_alone() -> None:
    """Not on their order, and a server that goes leaves the others' projects where they are."""
    three, two = ShardedStorage(memories(*NAMES)), ShardedStorage(memories("b", "a"))
    for number in range(200):
        home = three.home(f"project-{number}")
        assert home == "c" or two.home(f"project-{number}") == home


def test_a_host_may_choose_where_a_new_project_lives() -> None:
    """And is told of a server that is not there."""
    storage = split()
    assert [storage.home(id) for id in ("a1", "b1", "c1")] == ["a", "b", "c"]
    with pytest.raises(StorageError, match="'x'"):
        storage.read("x1")


@pytest.mark.parametrize("names", [(), ("",), ("a\x1fb",)])
def test_servers_need_names(names: tuple[str, ...]) -> None:
    """At least one, none empty, none that a token could not be told from."""
    with pytest.raises(ValueError, match="server"):
        ShardedStorage(memories(*names))


def test_a_hold_within_a_hold_is_an_error_on_another_server_too() -> None:
    """S1: and the thread may hold again afterwards."""
    storage = split()
    with storage.hold("a1"), pytest.raises(StorageError), storage.hold("b1"):
        pytest.fail("a hold within a hold")
    assert write(storage, "b1") == 1


def test_deliveries_come_from_all_servers_and_are_settled_where_they_were_claimed() -> None:
    """S6: what one server cannot give, the others do, and every token finds its server."""
    storage = split()
    storage.consumers(add=["mail"])
    for id, count in (("a1", 1), ("b1", 5), ("c1", 5)):
        write(storage, id, deliveries=[draft(f"{id}-{number}", f"{id} {number}") for number in range(count)])
    first, second = claim(storage, 8), claim(storage)
    assert (len(first), len(second)) == (8, 3)
    assert len({each.id for each in (*first, *second)}) == 11
    unknown = [Settlement("a1-0", "", Verdict.SENT), Settlement("a1-0", "x\x1ftoken", Verdict.SENT)]
    assert storage.settle(unknown) == 0
    assert storage.settle([Settlement(each.id, each.token, Verdict.SENT) for each in (*first, *second)]) == 11
    assert storage.backlog() == {"mail": 0}


class Away(MemoryStorage):
    """A store whose server may be away."""

    away = False

    def claim(
        self, consumers: Collection[str], *, worker: str, now: datetime, until: datetime, limit: int
    ) -> Sequence[Delivery]:
        """As long as it is there."""
        if self.away:
            raise StorageError("away")
        return super().claim(consumers, worker=worker, now=now, until=until, limit=limit)

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        """The same."""
        if self.away:
            raise StorageError("away")
        return super().due(now, limit)

    def settle(self, settlements: Sequence[Settlement]) -> int:
        """The same."""
        if self.away:
            raise StorageError("away")
        return super().settle(settlements)


def test_what_others_give_is_delivered_while_a_server_is_away() -> None:
    """S6: nothing is claimed and then forgotten, nothing sent stays unsettled, and in the end it is told."""
    away = Away(secrets.token_bytes)
    storage = split({**memories(*NAMES), "a": away})
    storage.consumers(add=["mail"])
    for id in ("a1", "b1", "c1"):
        write(storage, id, deliveries=[draft(f"{id}-0", "text")])
    before = claim(storage)
    away.away = True
    with pytest.raises(StorageError, match="away"):
        storage.settle([Settlement(each.id, each.token, Verdict.SENT) for each in before])
    assert storage.backlog() == {"mail": 1}
    for turn in range(1, 7):
        write(storage, "b1", deliveries=[draft(f"b1-{turn}", "text")])
        (one,) = claim(storage)
        assert (one.id, one.attempts) == (f"b1-{turn}", 1)
        assert storage.settle([Settlement(one.id, one.token, Verdict.SENT)]) == 1
        with pytest.raises(StorageError, match="away"):
            claim(storage)


def test_time_goes_on_for_the_others_while_a_server_is_away() -> None:
    """What is due on them is given until there is none, and then it is told."""
    away = Away(secrets.token_bytes)
    storage = split({**memories(*NAMES), "a": away})
    for id in ("a1", "b1"):
        write(storage, id, wake_at=NOW)
    away.away = True
    assert storage.due(LATER, 9) == ["b1"]
    write(storage, "b1")
    with pytest.raises(StorageError, match="away"):
        storage.due(LATER, 9)


def test_an_id_that_no_store_takes_is_told_as_such() -> None:
    """As one server alone tells it."""
    with pytest.raises(StorageError, match="surrogate"):
        split().read("\ud800")


def test_a_full_server_keeps_no_other_from_its_turn() -> None:
    """Even one at a time, each server is served."""
    storage = split()
    storage.consumers(add=["mail"])
    for id in ("a1", "b1", "c1"):
        write(storage, id, deliveries=[draft(f"{id}-{number}", f"{id} {number}") for number in range(50)])
    taken = [claim(storage, 1)[0].project_id for _ in range(9)]
    assert [taken.count(id) for id in ("a1", "b1", "c1")] == [3, 3, 3]


def test_dead_letters_are_seen_and_requeued_wherever_they_are() -> None:
    """S6: of each server the oldest first, at most so many."""
    storage = split()
    storage.consumers(add=["mail"])
    for id in ("a1", "b1"):
        write(storage, id, deliveries=[draft(f"{id}-{number}", f"{id} {number}") for number in range(2)])
    storage.settle([Settlement(each.id, each.token, Verdict.DEAD, reason="no") for each in claim(storage)])
    assert [each.id for each, _ in storage.dead_letters()] == ["a1-0", "b1-0", "a1-1", "b1-1"]
    assert len(storage.dead_letters(3)) == 3
    assert [storage.requeue(id, LATER) for id in ("b1-1", "b1-1", "none")] == [True, False, False]
    assert [each.id for each in claim(storage, now=LATER)] == ["b1-1"]
    assert storage.backlog() == {"mail": 1}


def test_what_is_due_comes_from_all_servers() -> None:
    """S3: of each server the earliest first."""
    storage = split()
    for id, wait in (("a1", 1), ("a2", 0), ("b1", 5), ("c1", 2)):
        write(storage, id, wake_at=NOW + wait * SECOND)
    assert storage.due(NOW + 3 * SECOND, 9) == ["a2", "c1", "a1"]
    assert storage.due(NOW + 9 * SECOND, 2) == ["a2", "b1"]


def test_one_person_is_found_on_all_servers() -> None:
    """S9 begins with finding all there is."""
    storage = split()
    for id in ("a1", "b1", "b2"):
        write(storage, id, thing("t", subject="p-1"))
    assert sorted(record.project_id for record in storage.about("p-1")) == ["a1", "b1", "b2"]


def test_a_consumer_is_known_when_every_server_knows_it() -> None:
    """Made known half-way, it is made known wholly by asking again."""
    servers = memories(*NAMES)
    servers["a"].consumers(add=["mail", "web"])
    storage = split(servers)
    assert storage.consumers() == frozenset()
    assert storage.consumers(add=["mail"]) == {"mail"}
    assert servers["c"].consumers() == {"mail"}
    assert storage.consumers(retire=["mail"]) == frozenset()


def test_receipts_are_forgotten_everywhere() -> None:
    """And counted together."""
    storage = split()
    for id in ("a1", "b1"):
        write(storage, id, receipts=[receipt(f"command {id}")])
    assert storage.forget_receipts(LATER) == 2


def test_scrubbing_names_the_servers_that_are_not_clean(tmp_path: Path) -> None:
    """S9: clean when all are."""
    with ExitStack() as stack:
        files = {name: SQLiteStorage(tmp_path / f"{name}.db", secrets.token_bytes) for name in ("a", "b")}
        for file in files.values():
            stack.callback(file.close)
        storage = ShardedStorage(files, choose=by_first_letter)
        write(storage, "a1", thing("t"))
        write(storage, "b1", thing("t"))
        assert storage.scrub().clean
        other = sqlite3.connect(tmp_path / "b.db")
        stack.callback(other.close)
        other.execute("BEGIN")
        other.execute("SELECT * FROM sqlite_schema").fetchone()
        write(storage, "b1", thing("t", "secret"))
        scrub = storage.scrub()
        assert not scrub.clean
        assert scrub.reason.startswith("b: ")


def test_closing_goes_on_when_one_server_fails() -> None:
    """All are let go of, then the error is raised."""
    closed: list[str] = []

    class Failing(MemoryStorage):
        def close(self) -> None:
            closed.append("failing")
            raise StorageError("gone")

    class Sound(MemoryStorage):
        def close(self) -> None:
            closed.append("sound")

    storage = ShardedStorage({"a": Failing(secrets.token_bytes), "b": Sound(secrets.token_bytes)})
    with pytest.raises(StorageError, match="gone"):
        storage.close()
    assert closed == ["failing", "sound"]
    ShardedStorage({"b": Sound(secrets.token_bytes)}).close()


def announced(id: str) -> Project:
    """A project of two places."""
    return Project(
        id=id,
        title=f"Project {id}",
        summary="Members' experiences.",
        timezone="Europe/London",
        organiser=Contact(name="Insight team", email="insight@example.org"),
        apply_url="https://example.org/apply",
        sessions=(Session(id="mon", starts="2021-07-05T10:00", minutes=120, capacity=2),),
    )


def test_a_desk_sees_one_store(tmp_path: Path) -> None:
    """The same member in projects on two servers: found, told, exported and erased in both."""
    clock = Runtime(now=lambda: datetime(2021, 6, 14, 9, tzinfo=UTC))
    ada = Member(id="q-17", name="Ada Osei", email="ada@example.org")

    def storage() -> ShardedStorage:
        files = {name: SQLiteStorage(tmp_path / f"{name}.db", secrets.token_bytes) for name in NAMES}
        return ShardedStorage(files, choose=lambda id: id[0] if id[0] in NAMES else "c")

    def with_desk(work: Callable[[Desk], object]) -> object:
        with Desk(storage(), runtime=clock, discover=False) as desk:
            return work(desk)

    def register(desk: Desk) -> None:
        for id in ("a-project", "b-project"):
            desk.do(AnnounceProject(project=announced(id)))
            desk.do(OpenCall(project_id=id))
            assert desk.do(RegisterInterest(project_id=id, member=ada, sessions=("mon",))).status is Status.CONFIRMED

    with_desk(register)
    assert with_desk(lambda desk: desk.projects()) == ["a-project", "b-project"]
    assert with_desk(lambda desk: len(desk.of_member("q-17"))) == 2
    assert with_desk(lambda desk: desk.erase_member("q-17").complete) is True
    assert with_desk(lambda desk: len(desk.of_member("q-17"))) == 0
