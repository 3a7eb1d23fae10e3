"""The contract of a store, S1, S4 and S8: many threads, a fork, and opening again."""

import threading
from functools import partial

import pytest

from insight_sessions.errors import StorageError
from insight_sessions.storage.port import Change, Record, Settlement, Snapshot, Storage, Verdict, Whole
from insight_sessions.testing.place import MOMENT, NOW, PATIENCE, Aside, Forked, Place, draft, receipt, thing, write


def _counted(snapshot: Snapshot) -> int:
    return sum(int(record.body or 0) for record in snapshot.records)


def _count_up(storage: Storage, times: int) -> int:
    """Add one to the project's only record, so often; an increment is lost when two hold it at a time."""
    for _ in range(times):
        with storage.hold("p") as hold:
            count = sum(int(record.body or 0) for record in hold.changed(0))
            version = hold.version + 1
            hold.commit(Change(version, [Record("p", "thing", "count", version, None, None, str(count + 1))]))
    return times


def _everything(storage: Storage) -> list[object]:
    with storage.hold("p") as hold:
        held = [hold.epoch, hold.version, hold.journal_end, hold.consumers, hold.receipts(["c1", "c2"])]
        records = sorted(hold.changed(0), key=str)
    snapshot = storage.read("p")
    read = [snapshot.epoch, snapshot.version, snapshot.journal_end, sorted(snapshot.records, key=str)]
    projects = [storage.journal("p"), storage.project_ids(), storage.due(NOW, 10), storage.about("ann")]
    return [held, records, read, projects, storage.consumers(), storage.dead_letters(), storage.backlog()]


class SharingContract:
    """S1, S4 and S8."""

    def test_s1_a_project_is_held_by_one_thread_at_a_time(self, place: Place) -> None:
        """S1: while one thread holds a project, another one waits, also with a store opened by itself."""
        first, second = place.open(), place.open()
        entered = threading.Event()

        def enter() -> None:
            with second.hold("p"):
                entered.set()

        with first.hold("p"):
            waiting = Aside(enter)
            assert not entered.wait(MOMENT), "two threads hold one project"
        waiting.result()
        assert entered.is_set()

    def test_s1_no_increment_is_lost_between_threads(self, place: Place) -> None:
        """S1: what each of many threads reads and writes in a hold is never overtaken by another's."""
        one, other = place.open(), place.open()
        threads = [Aside(partial(_count_up, store, 25)) for store in (one, other) * 4]
        assert [thread.result() for thread in threads] == [25] * 8
        snapshot = one.read("p")
        assert (snapshot.version, _counted(snapshot)) == (200, 200)

    def test_s1_every_waiting_thread_gets_its_turn(self, place: Place) -> None:
        """S1: a thread that comes back at once does not starve those who wait."""
        storage, turns = place.open(), threading.Semaphore(0)

        def one_turn() -> None:
            with storage.hold("p"):
                turns.release()

        waiting: list[Aside] = []
        with storage.hold("p"):
            waiting.extend(Aside(one_turn) for _ in range(4))
        for thread in waiting:
            with storage.hold("p"):
                pass
            thread.result()
        assert all(turns.acquire(timeout=PATIENCE) for _ in waiting)

    def test_s1_a_nested_hold_is_an_error(self, place: Place) -> None:
        """S1: a thread that holds a project is told so, instead of waiting for itself."""
        storage = place.open()
        with storage.hold("p"):
            for project in ("p", "q"):
                with pytest.raises(StorageError), storage.hold(project):
                    pytest.fail("a hold within a hold")
        assert write(storage, "p") == 1

    def test_s1_an_exception_lets_the_next_one_in(self, place: Place) -> None:
        """S1: a hold ends with its block, however the block ends."""
        storage = place.open()
        with pytest.raises(KeyError), storage.hold("p"):
            raise KeyError
        assert Aside(lambda: write(storage, "p")).result() == 1

    @pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    def test_s1_a_forked_child_and_its_parent_never_hold_together(self, place: Place) -> None:
        """S1: after a fork of a process that used the store, no increment is lost between the two."""
        storage = place.open()
        _count_up(storage, 5)
        child = Forked(lambda: _count_up(storage, 25))
        _count_up(storage, 25)
        assert child.result() == "25"
        snapshot = storage.read("p")
        assert snapshot.version == _counted(snapshot) >= 30
        assert _count_up(storage, 1) == 1

    @pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    def test_s1_a_child_forked_while_a_thread_holds_does_not_hang(self, place: Place) -> None:
        """S1: a fork while another thread holds a project leaves parent and child able to work."""
        storage = place.open()
        inside, leave = threading.Event(), threading.Event()

        def stay() -> None:
            with storage.hold("p") as hold:
                inside.set()
                leave.wait(MOMENT)
                hold.commit(Change(1))

        staying = Aside(stay)
        assert inside.wait(PATIENCE)
        child = Forked(lambda: write(storage, "q"))
        leave.set()
        staying.result()
        assert child.result() == "1"
        assert write(storage, "p") == 2

    def test_s4_a_reader_does_not_wait_for_a_holder(self, place: Place) -> None:
        """S4: while a project is held, others read what was there before."""
        storage = place.open()
        write(storage, "p", thing("a", '"before"'))
        with storage.hold("p") as hold:
            snapshot = Aside(lambda: storage.read("p")).result()
            whole = Aside(lambda: storage.whole("p")).result()
            journal = Aside(lambda: storage.journal("p")).result()
            hold.commit(Change(2, [Record("p", "thing", "a", 2, None, None, '"after"')]))
        assert isinstance(snapshot, Snapshot)
        assert isinstance(whole, Whole)
        assert [record.body for record in snapshot.records] == whole.bodies["thing"] == ['"before"']
        assert journal == []
        assert [record.body for record in storage.read("p").records] == ['"after"']
        assert storage.whole("p").bodies == {"thing": ['"after"']}

    def test_s4_a_reader_never_sees_half_a_commit(self, place: Place) -> None:
        """S4: what one commit wrote is seen together or not at all, and with its own version."""
        storage = place.open()
        seen: list[Snapshot] = []
        whole: list[Whole] = []
        done = threading.Event()

        def look() -> None:
            while not done.is_set():
                seen.append(storage.read("p"))
                whole.append(storage.whole("p"))

        looking = [Aside(look) for _ in range(2)]
        for number in range(1, 41):
            write(storage, "p", *[thing(f"t{each}", str(number)) for each in range(10)], entries=["{}"])
        done.set()
        for thread in looking:
            thread.result()
        for snapshot in seen:
            assert {record.body for record in snapshot.records} == ({str(snapshot.version)} - {"0"})
            assert len(snapshot.records) in (0, 10)
            assert snapshot.journal_end == snapshot.version
        for one in whole:
            assert one.bodies == ({"thing": [str(one.version)] * 10} if one.version else {})
            assert one.journal_end == one.version

    def test_s8_everything_is_there_after_opening_again(self, place: Place) -> None:
        """S8: closed and opened again, a store knows all that it knew."""
        storage = place.open()
        storage.consumers(add=["mail", "web"], retire=["fax"])
        living = thing("a", '{"ä": 1}', subject="ann", unique="u")
        write(storage, "p", living, thing("b"), entries=["1", "2"], receipts=[receipt("c1")], wake_at=NOW)
        late = [draft("1"), draft("2"), draft("3", consumer="web")]
        write(storage, "p", thing("b", None), deliveries=late, receipts=[receipt("c2")], wake_at=NOW)
        (taken,) = storage.claim(["mail"], worker="w", now=NOW, until=NOW, limit=5)
        storage.settle([Settlement(taken.id, taken.token, Verdict.DEAD, reason="broken")])
        (kept,) = storage.claim(["web"], worker="w", now=NOW, until=NOW.replace(year=2027), limit=5)
        before = _everything(storage)
        storage.close()
        storage = place.open()
        assert _everything(storage) == before
        assert storage.claim(["web"], worker="w", now=NOW, until=NOW, limit=5) == []
        assert [each.id for each in storage.claim(["mail"], worker="w", now=NOW, until=NOW, limit=5)] == ["2"]
        assert storage.settle([Settlement(kept.id, kept.token, Verdict.SENT)]) == 1
