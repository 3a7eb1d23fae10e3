"""The contract of a store, S2, S3, S5, S7 and S9: versions, records, journal, receipts and text."""

from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from itertools import chain

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insight_sessions.errors import StorageError
from insight_sessions.storage.port import Change, Entry, Receipt, Record, Storage
from insight_sessions.testing.place import NOW, Place, draft, receipt, thing, write

SECOND = timedelta(seconds=1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
# A new store for each example would be a new file each time: projects with new ids do as well. Each of thousands of
# examples closes what it opened, also one that is given up half-way.
SHARED = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
)


def _by_id(records: Sequence[Record]) -> dict[tuple[str, str], Record]:
    found = {(record.kind, record.id): record for record in records}
    assert len(found) == len(records), "a record was given twice"
    return found


def _refused(storage: Storage, project_id: str, change: Change) -> None:
    with storage.hold(project_id) as hold, pytest.raises(StorageError):
        hold.commit(change)


class ProjectContract:
    """S2, S3, S5, S7 and S9."""

    def test_s2_leaving_without_a_commit_changes_nothing(self, place: Place) -> None:
        """S2: a hold without a commit leaves no project behind."""
        storage = place.open()
        with storage.hold("p") as hold:
            assert (hold.version, hold.journal_end, hold.changed(0)) == (0, 0, [])
        assert storage.project_ids() == []
        assert storage.read("p").version == 0

    def test_s2_a_refused_commit_changes_nothing(self, place: Place) -> None:
        """S2: when the last part of a change cannot be written, none of it is."""
        storage = place.open()
        storage.consumers(add=["mail"])
        write(storage, "p", thing("a", unique="taken"), deliveries=[draft("1")], receipts=[receipt("c")])
        changed, new = (
            Record("p", "thing", "a", 2, None, None, '"changed"'),
            Record("p", "thing", "b", 2, None, None, ""),
        )
        entries, late = [Entry("p", 1, "{}")], receipt("c")._replace(version=2)
        for change in (
            Change(2, [changed, new], entries, [draft("2"), draft("1", "two")], wake_at=NOW),
            Change(2, [changed, new], entries, [draft("2"), draft("2", "two")], wake_at=NOW),
            Change(2, [changed, new], entries, [draft("2")], [late._replace(command_id="d"), late], NOW),
            Change(2, [new, new._replace(id="c", unique="taken")], entries, [draft("2")], wake_at=NOW),
        ):
            _refused(storage, "p", change)
            snapshot = storage.read("p")
            assert (snapshot.version, snapshot.journal_end) == (1, 0)
            assert [(record.id, record.body) for record in snapshot.records] == [("a", "{}")]
            assert (storage.journal("p"), storage.due(NOW, 5), storage.backlog()) == ([], [], {"mail": 1})
            with storage.hold("p") as hold:
                assert set(hold.receipts(["c", "d"])) == {"c"}

    def test_s2_a_commit_stays_when_its_block_fails_afterwards(self, place: Place) -> None:
        """S2: once `commit` returns, the change is durable whatever happens next."""
        storage = place.open()

        def commit_and_fail() -> None:
            with storage.hold("p") as hold:
                hold.commit(Change(1, entries=[Entry("p", 1, "{}")]))
                raise KeyError

        with pytest.raises(KeyError):
            commit_and_fail()
        assert (storage.read("p").version, storage.read("p").journal_end) == (1, 1)

    def test_s2_a_hold_commits_once_and_ends(self, place: Place) -> None:
        """S2: a second commit of one hold, and one after its block, write nothing."""
        storage = place.open()
        with storage.hold("p") as hold:
            hold.commit(Change(1))
            with pytest.raises(StorageError):
                hold.commit(Change(2))
        with storage.hold("p") as later:
            assert later.version == 1
        with pytest.raises(StorageError):
            later.commit(Change(2))
        with pytest.raises(StorageError):
            later.changed(0)
        with pytest.raises(StorageError):
            later.receipts(["c"])
        assert storage.read("p").version == 1

    def test_s3_a_version_grows_by_one_per_commit(self, place: Place) -> None:
        """S3: each project counts its own commits from 1."""
        storage = place.open()
        assert [write(storage, "p"), write(storage, "p"), write(storage, "q"), write(storage, "p")] == [1, 2, 1, 3]
        assert [storage.read(each).version for each in ("p", "q", "r")] == [3, 1, 0]
        with storage.hold("p") as hold:
            assert hold.version == 3

    def test_s3_a_change_that_does_not_follow_on_is_refused(self, place: Place) -> None:
        """S3: versions, journal numbers and projects must fit the hold; nothing is written otherwise."""
        storage = place.open()
        write(storage, "p", entries=["first"])
        record, entry = Record("p", "thing", "a", 2, None, None, "{}"), Entry("p", 2, "{}")
        for change in (
            Change(1),
            Change(3),
            Change(2, [record._replace(version=1)]),
            Change(2, [record._replace(project_id="q")]),
            Change(2, [record, record]),
            Change(2, entries=[entry._replace(number=3)]),
            Change(2, entries=[entry._replace(project_id="q")]),
            Change(2, receipts=[receipt("c")]),
        ):
            _refused(storage, "p", change)
        assert (storage.read("p").version, storage.read("p").records, storage.project_ids()) == (1, [], ["p"])

    def test_s3_what_changed_is_given_deletions_too(self, place: Place) -> None:
        """S3: after a version come exactly the records written since, as they are now."""
        storage = place.open()
        write(storage, "p", thing("a", '"1"', subject="ann", unique="k"), thing("b", '"1"'))
        write(storage, "p", thing("b", '"2"'), thing("c", '"2"'))
        write(storage, "p", thing("a", None, subject="ann", unique="k"))
        b, c = Record("p", "thing", "b", 2, None, None, '"2"'), Record("p", "thing", "c", 2, None, None, '"2"')
        gone = Record("p", "thing", "a", 3, None, None, None)
        for since, expected in ((0, [b, c, gone]), (1, [b, c, gone]), (2, [gone]), (3, []), (9, [])):
            assert _by_id(storage.read("p", since).records) == _by_id(expected)
            with storage.hold("p") as hold:
                assert _by_id(hold.changed(since)) == _by_id(expected)

    def test_s3_a_whole_project_is_all_that_lives_in_it(self, place: Place) -> None:
        """S3: the bodies of all its records by kind, as they are now, and nothing that is gone."""
        storage = place.open()
        write(storage, "p", thing("a", '"1"'), thing("b", '"1"'), thing("c", '"1"', subject="ann", unique="k"))
        write(storage, "p", thing("b", '"2"'), thing("c", None), entries=["{}"])
        write(
            storage,
            "p",
            thing("d", '"1"'),
            thing("e", '"1"')._replace(kind="other"),
            thing("f", None)._replace(kind="no"),
        )
        write(storage, "q", thing("a", '"q"'))
        whole, snapshot = storage.whole("p"), storage.read("p")
        assert (whole.epoch, whole.version, whole.journal_end) == (snapshot.epoch, 3, 1)
        assert {kind: sorted(bodies) for kind, bodies in whole.bodies.items()} == {
            "thing": ['"1"', '"1"', '"2"'],
            "other": ['"1"'],
        }
        nothing = storage.whole("r")
        assert (nothing.epoch, nothing.version, nothing.journal_end, nothing.bodies) == (snapshot.epoch, 0, 0, {})

    def test_s3_a_restore_changes_the_epoch(self, place: Place) -> None:
        """S3: the epoch stays through commits and opening again, and is new after a restore."""
        storage = place.open()
        epoch = storage.read("p").epoch
        write(storage, "p")
        storage.close()
        storage = place.open()
        with storage.hold("p") as hold:
            assert hold.epoch == storage.read("p").epoch == epoch
        place.restored()
        assert storage.read("p").epoch not in (epoch, "")
        with storage.hold("p") as hold:
            assert hold.epoch == storage.read("p").epoch
            assert hold.version == 1

    @SHARED
    @given(data=st.data())
    def test_s3_any_history_reads_back(self, place: Place, data: st.DataObject) -> None:
        """S3: after any commits, what is read since any version equals a plain dict's answer."""
        model = dict[tuple[str, str], Record]()
        with closing(place.open()) as storage:
            project = f"history {len(storage.project_ids())}"
            bodies = st.none() | TEXT
            for version in range(1, data.draw(st.integers(1, 8)) + 1):
                written = data.draw(st.dictionaries(st.sampled_from("abcdef"), bodies, max_size=4))
                records = [thing(id, body, subject=project, unique=f"{id} {body}") for id, body in written.items()]
                assert write(storage, project, *records, entries=["{}"] * len(records)) == version
                for record in records:
                    kept = record._replace(project_id=project, version=version)
                    dead = kept._replace(subject=None, unique=None)
                    model[record.kind, record.id] = dead if record.body is None else kept
            since = data.draw(st.integers(0, 9))
            expected = {key: record for key, record in model.items() if record.version > since}
            assert _by_id(storage.read(project, since).records) == expected
            with storage.hold(project) as hold:
                assert _by_id(hold.changed(since)) == expected
            living = {key: record for key, record in model.items() if record.body is not None}
            assert _by_id(storage.about(project)) == living
            assert sorted(chain(*storage.whole(project).bodies.values())) == sorted(
                str(each.body) for each in living.values()
            )

    def test_s3_the_journal_is_numbered_without_a_gap(self, place: Place) -> None:
        """S3: journal entries come in order, from a number on, so many at a time."""
        storage = place.open()
        write(storage, "p", entries=["1", "2"])
        write(storage, "q", entries=["other"])
        write(storage, "p", entries=["3", "4"])
        assert storage.journal("p") == [Entry("p", number, str(number)) for number in (1, 2, 3, 4)]
        assert [entry.body for entry in storage.journal("p", after=1, limit=2)] == ["2", "3"]
        assert storage.journal("p", after=4) == storage.journal("nowhere") == []
        assert storage.read("p").journal_end == 4
        with storage.hold("p") as hold:
            assert hold.journal_end == 4

    def test_s3_projects_are_listed_and_wake_when_due(self, place: Place) -> None:
        """S3: the last commit says when a project wakes; the earliest is given first."""
        storage = place.open()
        for project, wait in (("b", 2), ("ü", 1), ("a", 3), ("never", None)):
            write(storage, project, wake_at=None if wait is None else NOW + wait * SECOND)
        assert storage.project_ids() == ["a", "b", "never", "ü"]
        assert storage.due(NOW, 9) == []
        assert storage.due(NOW + 2 * SECOND, 9) == ["ü", "b"]
        assert storage.due(NOW + 9 * SECOND, 2) == ["ü", "b"]
        write(storage, "ü")
        write(storage, "b", wake_at=NOW + 5 * SECOND)
        assert storage.due(NOW + 9 * SECOND, 9) == ["a", "b"]

    def test_s5_receipts_are_found_again_exactly(self, place: Place) -> None:
        """S5: a receipt comes back to the microsecond, to its own project only."""
        storage = place.open()
        made = Receipt("c", "ø" * 40, "registration", "r", 1, NOW)
        write(storage, "p", receipts=[made, receipt("d", NOW + SECOND)])
        write(storage, "q", receipts=[receipt("c")])
        with storage.hold("p") as hold:
            assert hold.receipts(["c", "unknown"]) == {"c": made}
            assert hold.receipts([]) == {}
        with storage.hold("q") as hold:
            assert set(hold.receipts(["c", "d"])) == {"c"}

    def test_s5_old_receipts_are_forgotten(self, place: Place) -> None:
        """S5: only receipts older than a moment go."""
        storage = place.open()
        write(storage, "p", receipts=[receipt("old", NOW - SECOND), receipt("new")])
        write(storage, "q", receipts=[receipt("old", NOW - SECOND)])
        assert [storage.forget_receipts(NOW), storage.forget_receipts(NOW)] == [2, 0]
        with storage.hold("p") as hold:
            assert set(hold.receipts(["old", "new"])) == {"new"}

    def test_s5_a_unique_key_exists_once_per_project(self, place: Place) -> None:
        """S5: a second record with the key is refused until the first gives it up."""
        storage = place.open()
        write(storage, "p", thing("a", unique="k"))
        write(storage, "q", thing("a", unique="k"))
        for records in ([thing("b", unique="k")], [thing("b", unique="new"), thing("c", unique="new")]):
            with pytest.raises(StorageError):
                write(storage, "p", *records)
        write(storage, "p", thing("a", '"kept"', unique="k"))
        write(storage, "p", thing("a", None, unique="k"))
        write(storage, "p", thing("b", unique="k"))
        write(storage, "p", thing("b"))
        assert write(storage, "p", thing("c", unique="k")) == 6

    def test_s5_a_unique_key_may_change_hands_within_a_change(self, place: Place) -> None:
        """S5: what counts is the state after the change, in whatever order it is written."""
        storage = place.open()
        write(storage, "p", thing("a", unique="k"), thing("b", unique="l"))
        write(storage, "p", thing("a", unique="l"), thing("b", unique="k"))
        write(storage, "p", thing("c", unique="k"), thing("b", None))
        assert {record.id: record.unique for record in storage.read("p").records} == {"a": "l", "b": None, "c": "k"}

    @SHARED
    @given(texts=st.lists(TEXT, min_size=9, max_size=9))
    def test_s7_any_text_comes_back(self, place: Place, texts: list[str]) -> None:
        """S7: every text of every kind comes back as it went in, unnormalised and untrimmed."""
        with closing(place.open()) as storage:
            number = len(storage.project_ids())
            project, id, kind, subject, unique, body, entry, stream, word = (f"{text} {number}" for text in texts)
            record = Record(project, kind, id, 1, subject, unique, body)
            made = Receipt(id, body, kind, stream, 1, NOW)
            parcel = draft(word, stream, consumer=f"to {word}", body=body)
            storage.consumers(add=[parcel.consumer])
            with storage.hold(project) as hold:
                assert parcel.consumer in hold.consumers
                hold.commit(Change(1, [record], [Entry(project, 1, entry)], [parcel], [made]))
            assert storage.read(project).records == [record]
            assert record in storage.about(subject)
            assert storage.journal(project) == [Entry(project, 1, entry)]
            with storage.hold(project) as hold:
                assert hold.receipts([id]) == {id: made}
            (taken,) = storage.claim([parcel.consumer], worker=word, now=NOW, until=NOW, limit=5)
            assert (taken.id, taken.project_id, taken.stream, taken.body) == (word, project, stream, body)
            storage.consumers(retire=[parcel.consumer])  # each hold names all there are

    @pytest.mark.parametrize("text", ["e\u0301 \u212b \ufb01", " \t\r\n ", "\x00 nul \x00", "\U0001f9e9\u200d\u2028"])
    def test_s7_awkward_text_comes_back(self, place: Place, text: str) -> None:
        """S7: unnormalised, blank, zero and astral characters are kept as they are."""
        storage = place.open()
        write(storage, "p", thing(text, text, subject=text, unique=text), entries=[text])
        assert storage.read("p").records == [Record("p", "thing", text, 1, text, text, text)]
        assert storage.whole("p").bodies == {"thing": [text]}
        assert [entry.body for entry in storage.journal("p")] == [text]

    def test_s9_everything_about_a_person_is_found(self, place: Place) -> None:
        """S9: all living records about someone, across projects, and nobody else's."""
        storage = place.open()
        write(storage, "p", thing("a", subject="ann"), thing("b", subject="bob"), thing("c"))
        write(storage, "q", thing("a", subject="ann"))
        assert {(record.project_id, record.id) for record in storage.about("ann")} == {("p", "a"), ("q", "a")}
        write(storage, "q", thing("a", subject="bob"))
        assert {(record.project_id, record.id) for record in storage.about("ann")} == {("p", "a")}
        assert storage.about("nobody") == []

    def test_s9_what_was_erased_is_returned_by_no_call(self, place: Place) -> None:
        """S9: a deleted record leaves neither its text, nor its person, nor its key."""
        storage = place.open()
        write(storage, "p", thing("a", '"secret"', subject="ann", unique="secret"))
        write(storage, "p", thing("a", None, subject="ann", unique="secret"))
        assert storage.about("ann") == []
        with storage.hold("p") as hold:
            given_back = [*hold.changed(0), *storage.read("p").records]
        assert given_back == [Record("p", "thing", "a", 2, None, None, None)] * 2
        assert storage.whole("p").bodies == {}

    def test_s9_scrubbing_says_when_the_files_are_clean(self, place: Place) -> None:
        """S9: with nobody else reading, one scrub is enough, and nothing living is lost."""
        storage = place.open()
        write(storage, "p", thing("a", '"kept"'), thing("b", '"erased"', subject="ann"))
        write(storage, "p", thing("b", None))
        scrub = storage.scrub()
        assert (scrub.clean, scrub.reason) == (True, "")
        assert {record.id: record.body for record in storage.read("p").records} == {"a": '"kept"', "b": None}
        assert write(storage, "p") == 3
