"""The contract of a store, S6: deliveries are claimed, settled and kept in order."""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight_sessions.errors import StorageError
from insight_sessions.storage.port import Delivery, Queued, Settlement, Storage, Verdict
from insight_sessions.testing.contract_projects import SHARED
from insight_sessions.testing.outbox_model import OutboxModel
from insight_sessions.testing.place import NOW, Aside, Place, draft, write

SECOND = timedelta(seconds=1)
LATER = NOW + 60 * SECOND


def _post(place: Place, *ids: str, stream: str = "one", consumer: str = "mail", due: datetime = NOW) -> Storage:
    storage = place.open()
    storage.consumers(add=[consumer])
    write(storage, "p", deliveries=[draft(id, stream, consumer=consumer, due=due, body=f'"{id}"') for id in ids])
    return storage


def _claim(storage: Storage, *consumers: str, now: datetime = NOW, limit: int = 100) -> Sequence[Delivery]:
    return storage.claim(consumers or ("mail",), worker="worker", now=now, until=now + 60 * SECOND, limit=limit)


def _ids(deliveries: Sequence[Delivery]) -> list[str]:
    return [delivery.id for delivery in deliveries]


def _settle(storage: Storage, delivery: Delivery, verdict: Verdict, **more: object) -> int:
    return storage.settle([Settlement(delivery.id, delivery.token, verdict, **more)])  # type: ignore[arg-type]


class OutboxContract:
    """S6."""

    def test_s6_a_claim_gives_the_oldest_of_each_stream(self, place: Place) -> None:
        """S6: in the order of the commits, whatever their ids, at most so many, one per stream."""
        storage = _post(place, "z2", "z1")
        write(storage, "q", deliveries=[draft("a", "two"), draft("b", "three"), draft("c", "two")])
        assert _ids(_claim(storage, limit=2)) == ["z2", "a"]
        assert _ids(_claim(storage)) == ["b"]
        assert _claim(storage) == []

    def test_s6_a_delivery_comes_as_it_was_committed(self, place: Place) -> None:
        """S6: a claim tells all that was committed, with a token and the first attempt."""
        storage = _post(place, "1")
        (taken,) = _claim(storage)
        assert taken.token
        assert taken == Delivery("1", "p", "mail", "one", '"1"', 1, taken.token, ())

    def test_s6_a_stream_goes_out_in_order(self, place: Place) -> None:
        """S6: the next one of a stream is given when the one before is settled."""
        storage = _post(place, "c", "a", "b")
        seen: list[str] = []
        while claimed := _claim(storage):
            seen += _ids(claimed)
            assert [_settle(storage, each, Verdict.SENT) for each in claimed] == [1]
        assert seen == ["c", "a", "b"]
        assert storage.backlog() == {"mail": 0}

    def test_s6_a_claimed_delivery_is_not_claimed_again_before_its_time(self, place: Place) -> None:
        """S6: until then nobody gets it; from then on anyone, with a new token and one attempt more."""
        storage = _post(place, "1")
        (first,) = _claim(storage)
        assert _claim(storage, now=LATER - SECOND) == []
        (second,) = _claim(place.open(), now=LATER)
        assert (second.id, second.attempts) == ("1", 2)
        assert second.token != first.token

    def test_s6_only_the_token_of_the_claim_settles(self, place: Place) -> None:
        """S6: a worker that came back late, or has no claim at all, changes nothing."""
        storage = _post(place, "1", "2")
        assert storage.settle([Settlement("2", "", Verdict.SENT), Settlement("none", "x", Verdict.SENT)]) == 0
        (late,) = _claim(storage)
        (now,) = _claim(storage, now=LATER)
        for verdict in Verdict:
            assert _settle(storage, late, verdict, due=NOW) == 0
        assert storage.backlog() == {"mail": 2}
        assert storage.settle([]) == 0
        assert storage.settle([Settlement(now.id, now.token, Verdict.SENT)] * 2) == 1
        assert _ids(_claim(storage)) == ["2"]

    def test_s6_nothing_goes_out_before_it_is_due(self, place: Place) -> None:
        """S6: a first one that is not due yet holds up those behind it, and nobody else."""
        storage = _post(place, "early", due=LATER)
        write(storage, "p", deliveries=[draft("behind"), draft("other", "two")])
        assert _ids(_claim(storage)) == ["other"]
        assert _ids(_claim(storage, now=LATER)) == ["early", "other"]

    def test_s6_a_retry_waits_and_comes_first_again(self, place: Place) -> None:
        """S6: put back, a delivery keeps its place in its stream; without a moment it is due at once."""
        storage = _post(place, "1", "2")
        (taken,) = _claim(storage)
        assert _settle(storage, taken, Verdict.RETRY, due=LATER, reason="busy") == 1
        assert _settle(storage, taken, Verdict.SENT) == 0
        assert _claim(storage, now=LATER - SECOND) == []
        (again,) = _claim(storage, now=LATER)
        assert (again.id, again.attempts) == ("1", 2)
        assert _settle(storage, again, Verdict.RETRY) == 1
        assert _ids(_claim(storage)) == ["1"]

    def test_s6_each_consumer_has_its_own_deliveries(self, place: Place) -> None:
        """S6: nobody is given another consumer's deliveries, nor held up by them."""
        storage = _post(place, "1")
        storage.consumers(add=["web"])
        write(storage, "p", deliveries=[draft("2", consumer="web"), draft("3")])
        assert _claim(storage, "fax") == []
        assert _claim(storage, "web", limit=0) == []
        assert _ids(_claim(storage, "web")) == ["2"]
        assert _ids(_claim(storage, "web", "mail", "mail")) == ["1"]

    def test_s6_an_attempt_is_counted_when_it_is_claimed(self, place: Place) -> None:
        """S6: a delivery that kills its worker each time is known by its attempts."""
        storage = _post(place, "1")
        counted = [_claim(storage, now=NOW + each * 60 * SECOND)[0].attempts for each in range(3)]
        assert counted == [1, 2, 3]

    def test_s6_a_dead_letter_holds_nobody_up(self, place: Place) -> None:
        """S6: given up on, a delivery is kept with its reason, and those behind it go out."""
        storage = _post(place, "1", "2", "3")
        for _ in range(2):
            (taken,) = _claim(storage)
            assert _settle(storage, taken, Verdict.DEAD, reason=f"no {taken.id}") == 1
        assert storage.dead_letters() == [
            (Delivery(id, "p", "mail", "one", f'"{id}"', 1, ""), f"no {id}") for id in ("1", "2")
        ]
        assert len(storage.dead_letters(limit=1)) == 1
        assert storage.settle([Settlement("1", "", Verdict.SENT)]) == 0
        assert storage.backlog() == {"mail": 1}
        assert _ids(_claim(storage)) == ["3"]

    def test_s6_a_dead_letter_can_be_requeued(self, place: Place) -> None:
        """S6: it is due again, first in its stream, its attempts begun again at 1; once."""
        storage = _post(place, "1", "2")
        (taken,) = _claim(storage)
        _settle(storage, taken, Verdict.DEAD, reason="broken")
        assert [storage.requeue(id, LATER) for id in ("1", "1", "2", "none")] == [True, False, False, False]
        assert (storage.dead_letters(), storage.backlog()) == ([], {"mail": 2})
        assert _claim(storage) == []
        (again,) = _claim(storage, now=LATER)
        assert (again.id, again.attempts, again.behind) == ("1", 2, (Queued("2", '"2"'),))

    def test_s6_a_superseded_delivery_hands_over_to_its_successor(self, place: Place) -> None:
        """S6: the successor gets the new body and goes out next."""
        storage = _post(place, "1", "2", "3")
        (taken,) = _claim(storage)
        assert _settle(storage, taken, Verdict.SUPERSEDED, successor="2", body='"both"') == 1
        (taken,) = _claim(storage)
        assert (taken.id, taken.body) == ("2", '"both"')
        assert _settle(storage, taken, Verdict.SUPERSEDED, successor="3") == 1
        (taken,) = _claim(storage)
        assert (taken.id, taken.body) == ("3", '"3"')
        assert _settle(storage, taken, Verdict.SUPERSEDED) == 1
        assert (storage.backlog(), storage.dead_letters()) == ({"mail": 0}, [])

    def test_s6_superseding_needs_a_successor_that_never_went_out(self, place: Place) -> None:
        """S6: with one that was claimed, is gone or stands elsewhere, nothing changes."""
        storage = _post(place, "1", "2")
        storage.consumers(add=["web"])
        write(storage, "p", deliveries=[draft("other", "two"), draft("web", consumer="web")])
        (taken,) = _claim(storage, limit=1)
        _settle(storage, taken, Verdict.DEAD)
        (claimed,) = _claim(storage, limit=1)
        _settle(storage, claimed, Verdict.RETRY)
        storage.requeue("1", NOW)
        (taken,) = _claim(storage, limit=1)
        for successor in ("2", "1", "gone", "other", "web"):
            assert _settle(storage, taken, Verdict.SUPERSEDED, successor=successor, body="x") == 0
        assert storage.backlog() == {"mail": 3, "web": 1}
        assert _settle(storage, taken, Verdict.SENT) == 1
        (last,) = _claim(storage, limit=1)
        assert (last.id, last.body) == ("2", '"2"')

    def test_s6_a_claim_shows_what_waits_behind_it(self, place: Place) -> None:
        """S6: the bodies behind it in order, up to the first that was ever claimed, 50 at most."""
        storage = _post(place, *(f"{number:02}" for number in range(53)))
        (first,) = _claim(storage)
        assert first.behind == tuple(Queued(f"{number:02}", f'"{number:02}"') for number in range(1, 51))
        _settle(storage, first, Verdict.DEAD)
        _settle(storage, _claim(storage)[0], Verdict.SENT)
        (third,) = _claim(storage)
        _settle(storage, third, Verdict.DEAD)
        storage.requeue("02", NOW)
        storage.requeue("00", NOW)
        (first,) = _claim(storage)
        assert (first.id, first.behind) == ("00", ())

    def test_s6_a_retired_consumer_has_no_deliveries(self, place: Place) -> None:
        """S6: its unsettled deliveries go, its dead letters stay, nothing new is taken for it."""
        storage = _post(place, "1", "2", "3")
        (dead,) = _claim(storage)
        _settle(storage, dead, Verdict.DEAD)
        (claimed,) = _claim(storage)
        assert storage.consumers(add=["web"], retire=["mail"]) == {"web"}
        assert storage.settle([Settlement(claimed.id, claimed.token, Verdict.SENT)]) == 0
        assert storage.backlog() == {"web": 0}
        assert [delivery.id for delivery, _ in storage.dead_letters()] == ["1"]
        assert not storage.requeue("1", NOW)
        with pytest.raises(StorageError):
            write(storage, "p", deliveries=[draft("4")])
        assert storage.consumers(add=["mail"]) == {"mail", "web"}
        assert _claim(storage) == []
        assert storage.requeue("1", NOW)

    def test_s6_consumers_are_known_to_every_hold(self, place: Place) -> None:
        """S6: made known by one process, a consumer is seen by the next hold of any other."""
        one, other = place.open(), place.open()
        with other.hold("p") as hold:
            assert hold.consumers == frozenset()
        assert one.consumers(add=["mail", "web"]) == {"mail", "web"}
        assert one.consumers(add=["mail"]) == other.consumers() == {"mail", "web"}
        with other.hold("p") as hold:
            assert hold.consumers == {"mail", "web"}

    def test_s6_two_workers_never_share_a_delivery(self, place: Place) -> None:
        """S6: claimed from many threads at once, each delivery goes to one of them."""
        storage = place.open()
        storage.consumers(add=["mail"])
        write(storage, "p", deliveries=[draft(f"{number:03}", f"stream {number}") for number in range(120)])
        claims: list[list[str]] = []
        workers = [Aside(lambda: claims.append(_ids(_claim(storage, limit=10)))) for _ in range(12)]
        for worker in workers:
            worker.result()
        assert sorted(id for claim in claims for id in claim) == [f"{number:03}" for number in range(120)]
        assert all(claim == sorted(claim) for claim in claims)

    @SHARED
    @given(data=st.data())
    def test_s6_any_history_of_claims_follows_the_model(self, place: Place, data: st.DataObject) -> None:
        """S6: whatever is posted, claimed, settled and requeued, a plain list says the same."""
        with closing(place.open()) as storage:
            project = f"outbox {len(storage.project_ids())}"
            consumers = [f"{project} {each}" for each in ("mail", "web")]
            storage.consumers(add=consumers)
            write(storage, project)
            model = OutboxModel(storage, project, consumers)
            steps = st.sampled_from(["post", "claim", "claim", "settle", "settle", "requeue", "wait"])
            for step in data.draw(st.lists(steps, min_size=3, max_size=25)):
                getattr(model, step)(data.draw)
                model.compare()
            model.leave()
