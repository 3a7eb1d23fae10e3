import os
from contextlib import suppress
from datetime import timedelta

import pytest

from insight_sessions import hookimpl
from insight_sessions.commands.places import SwitchSession, Withdraw
from insight_sessions.delivery import CLAIMED_TOGETHER, LEASE, MOST_ATTEMPTS, Deliveries
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.notices import Notice, NoticeKind
from insight_sessions.errors import NotFound
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.port import Change, Draft, Record

from .desk_kit import P, interest, project, session
from .desk_store import Clock, Ears, Post, a_desk, desk_on, open_call


def test_each_consumer_gets_every_notice_once() -> None:
    """And every event, in order; nothing is left over."""
    post, paper, ears = Post(), Post("paper"), Ears()
    desk = a_desk(post, paper, ears)
    desk.do(interest("ada", "mon"))
    assert desk.deliver() == Deliveries(sent=5)
    assert post.said == paper.said == [("ada", NoticeKind.PLACE_CONFIRMED)]
    assert post.taken == paper.taken
    assert [event.kind for event in ears.heard] == [
        EventKind.PROJECT_ANNOUNCED,
        EventKind.CALL_OPENED,
        EventKind.REGISTERED,
    ]
    assert ears.heard == desk.history(P)
    assert desk.deliver() == Deliveries()


def test_a_desk_without_consumers_delivers_nothing() -> None:
    """And owes nothing."""
    desk = a_desk()
    desk.do(interest("ada", "mon"))
    assert desk.deliver() == Deliveries()
    assert desk.health().behind == {}


def test_a_process_without_the_plugin_writes_its_rows_and_never_claims_them() -> None:
    """So a web process without the mail plugin loses no mail."""
    storage = MemoryStorage(os.urandom)
    post = Post()
    mailing = open_call(desk_on(storage, post))
    web = desk_on(storage.reopened())
    web.do(interest("ada", "mon"))
    assert web.deliver() == Deliveries()
    assert (web.health().behind, web.health().absent) == ({"notify/post": 1}, ("notify/post",))
    assert mailing.deliver() == Deliveries(sent=1)
    assert post.said == [("ada", NoticeKind.PLACE_CONFIRMED)]


def test_a_limit_is_kept() -> None:
    """The rest waits for the next time."""
    post = Post()
    desk = a_desk(post, announced=project(session("mon", capacity=None)))
    desk.do_many(P, [interest(f"m{number}", "mon") for number in range(CLAIMED_TOGETHER + 5)])
    assert desk.deliver(0) == Deliveries()
    assert desk.deliver(3) == Deliveries(sent=3)
    assert desk.deliver(CLAIMED_TOGETHER + 1) == Deliveries(sent=CLAIMED_TOGETHER + 1)
    assert desk.deliver() == Deliveries(sent=1)
    assert len({one.recipient.member_id for one in post.taken}) == CLAIMED_TOGETHER + 5


def test_a_plugin_that_fails_is_tried_again_ever_more_slowly() -> None:
    """Alone: others have had theirs. Between three quarters and five quarters of a pause that doubles."""
    clock, post, paper = Clock(), Post(faults=3), Post("paper")
    desk = a_desk(post, paper, clock=clock)
    desk.do(interest("ada", "mon"))
    assert desk.deliver() == Deliveries(sent=1, failed=1)
    for pause in (30, 60):
        clock.moves(seconds=pause * 0.74)
        assert desk.deliver() == Deliveries()
        clock.moves(seconds=pause * 0.51)
        assert desk.deliver() == Deliveries(failed=1)
    clock.moves(seconds=120 * 1.25)
    assert desk.deliver() == Deliveries(sent=1)
    assert len(paper.taken) == 1
    assert len(post.tried) == 4


def test_every_copy_of_a_notice_is_the_same() -> None:
    """Message-ID, date, words and calendar part, however long it took and whatever changed since."""
    clock, post = Clock(), Post(faults=1, fault=TimeoutError())
    desk = a_desk(post, clock=clock)
    desk.do(interest("ada", "mon"))
    desk.deliver()
    clock.moves(days=2)
    assert desk.deliver() == Deliveries(sent=1)
    first, again = post.tried
    assert first == again
    assert first.date == clock.now - timedelta(days=2)
    assert first.invite is not None
    assert b"DTSTAMP:20210614T090000Z" in first.invite.data


def test_after_twelve_claims_a_delivery_is_a_dead_letter() -> None:
    """With the kind of fault as the reason, never its text; the organiser can try it again."""
    clock, post = Clock(), Post(faults=MOST_ATTEMPTS)
    desk = a_desk(post, clock=clock)
    desk.do(interest("ada", "mon"))
    for _ in range(MOST_ATTEMPTS - 1):
        assert desk.deliver() == Deliveries(failed=1)
        clock.moves(hours=15)
    assert desk.deliver() == Deliveries(dead=1)
    (dead,) = desk.dead_letters()
    assert (dead.project_id, dead.consumer, dead.reason) == (P, "notify/post", "ConnectionError")
    assert desk.health().dead_letters == 1
    desk.requeue(dead.id)
    assert desk.dead_letters() == []
    assert desk.deliver() == Deliveries(sent=1)
    with pytest.raises(NotFound, match="no dead letter"):
        desk.requeue(dead.id)


def test_a_delivery_that_kills_its_worker_every_time_is_given_up() -> None:
    """It was claimed and never settled; at the thirteenth claim nobody is called."""
    clock, post = Clock(), Post(faults=MOST_ATTEMPTS, fault=KeyboardInterrupt())
    desk = a_desk(post, clock=clock)
    desk.do(interest("ada", "mon"))
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            desk.deliver()
        assert desk.deliver() == Deliveries()
        clock.now += LEASE
    assert desk.deliver() == Deliveries(dead=1)
    assert [letter.reason for letter in desk.dead_letters()] == ["never settled"]
    assert len(post.tried) == MOST_ATTEMPTS


class Poison:
    """A notifier that notices to one member end, whatever process it is in."""

    name = "poison"

    def __init__(self, member_id: str) -> None:
        self._member_id = member_id
        self.taken: list[str] = []

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Take it, or die of it."""
        if notice.recipient.member_id == self._member_id:
            raise KeyboardInterrupt
        self.taken.append(notice.recipient.member_id)


@pytest.mark.parametrize("which", [0, 5, CLAIMED_TOGETHER + 9])
def test_only_what_kills_workers_is_given_up(which: int) -> None:
    """Not what was claimed along with it."""
    clock, poison = Clock(), Poison(f"m{which}")
    desk = a_desk(poison, clock=clock, announced=project(session("mon", capacity=None)))
    many = 2 * CLAIMED_TOGETHER
    desk.do_many(P, [interest(f"m{number}", "mon") for number in range(many)])
    for _ in range(MOST_ATTEMPTS + 1):
        with suppress(KeyboardInterrupt):
            desk.deliver()
        clock.now += LEASE
    assert len(desk.dead_letters()) == 1
    assert sorted(poison.taken) == sorted({f"m{number}" for number in range(many)} - {f"m{which}"})


def test_workers_that_are_killed_at_random_lose_nothing() -> None:
    """However often each had claimed what it did not come to."""
    clock, post = Clock(), Post()
    desk = a_desk(post, clock=clock, announced=project(session("mon", capacity=None)))
    many = 10 * MOST_ATTEMPTS
    desk.do_many(P, [interest(f"m{number}", "mon") for number in range(many)])
    for _ in range(many):
        post.faults, post.fault = 0, KeyboardInterrupt()
        desk.deliver(1)
        post.faults = 1
        with suppress(KeyboardInterrupt):
            desk.deliver()
        clock.now += LEASE
    desk.deliver()
    assert (desk.dead_letters(), len(post.said)) == ([], many)


def test_those_behind_a_dead_letter_go_out() -> None:
    """Until then they wait, so that everyone reads things in order."""
    clock, post = Clock(), Post(faults=MOST_ATTEMPTS)
    desk = a_desk(post, clock=clock, announced=project(session("mon"), session("tue")))
    ada = desk.do(interest("ada", "mon"))
    desk.deliver()
    desk.do(SwitchSession(project_id=P, registration_id=ada.id, sessions=("tue",)))
    for _ in range(MOST_ATTEMPTS - 1):
        assert post.said == []
        clock.moves(hours=15)
        desk.deliver()
    assert post.said == [("ada", NoticeKind.PLACE_MOVED)]
    assert len(desk.dead_letters()) == 1


def test_a_plugin_that_wants_to_leave_takes_nobody_along() -> None:
    """SystemExit is a fault like any other."""
    desk = a_desk(Post(faults=1, fault=SystemExit()))
    desk.do(interest("ada", "mon"))
    assert desk.deliver() == Deliveries(failed=1)


def test_settling_late_changes_nothing() -> None:
    """A worker that was paused beyond its lease finds that another one did it."""
    storage, clock = MemoryStorage(os.urandom), Clock()
    quick, slow = Post(), Post()
    desk = open_call(desk_on(storage, slow, clock=clock))
    other = desk_on(storage.reopened(), quick, clock=clock)
    desk.do(interest("ada", "mon"))

    def late() -> None:
        clock.now += LEASE
        assert other.deliver() == Deliveries(sent=1)

    slow.once = late
    assert desk.deliver() == Deliveries()
    assert len(quick.taken) == len(slow.taken) == 1
    assert quick.taken[0].message_id == slow.taken[0].message_id
    assert desk.deliver() == Deliveries()


def test_a_slow_batch_leaves_the_rest_to_lapse() -> None:
    """Better than sending it when another worker may have it; nobody is lost."""
    clock, post = Clock(), Post()
    desk = a_desk(post, clock=clock, announced=project(session("mon", capacity=None)))
    desk.do_many(P, [interest(who, "mon") for who in ("ada", "ben", "cat")])

    def second() -> None:
        post.once = lambda: clock.moves(minutes=5)

    post.once = second
    assert desk.deliver() == Deliveries(sent=2)
    clock.now += LEASE
    assert desk.deliver() == Deliveries(sent=1)
    assert [who for who, _ in post.said] == ["ada", "ben", "cat"]


def test_what_nobody_took_yet_is_overtaken_by_what_came_after() -> None:
    """One mail that says how things are now, instead of three that say how they were."""
    post = Post()
    desk = a_desk(post)
    ada = desk.do(interest("ada", "mon"))
    desk.do(SwitchSession(project_id=P, registration_id=ada.id, sessions=("tue",)))
    desk.do(SwitchSession(project_id=P, registration_id=ada.id, sessions=("thu",)))
    assert desk.deliver() == Deliveries(sent=1, superseded=2)
    (notice,) = post.taken
    assert notice.kind is NoticeKind.PLACE_CONFIRMED
    assert notice.invite is not None
    assert b"SEQUENCE:2\r\n" in notice.invite.data
    assert b"METHOD:REQUEST\r\n" in notice.invite.data


def test_a_place_that_was_given_up_before_anyone_was_told_cancels_nothing() -> None:
    """They read that they withdrew; their calendar never knew."""
    post = Post()
    desk = a_desk(post)
    ada = desk.do(interest("ada", "mon"))
    desk.do(Withdraw(project_id=P, registration_id=ada.id))
    assert desk.deliver() == Deliveries(sent=1, superseded=1)
    assert [(notice.kind, notice.invite) for notice in post.taken] == [(NoticeKind.WITHDRAWN, None)]


def test_what_was_tried_once_goes_out_as_it_is() -> None:
    """Somebody may have got it; the later one follows in order."""
    clock, post = Clock(), Post(faults=1)
    desk = a_desk(post, clock=clock)
    ada = desk.do(interest("ada", "mon"))
    desk.deliver()
    desk.do(Withdraw(project_id=P, registration_id=ada.id))
    clock.moves(minutes=1)
    assert desk.deliver() == Deliveries(sent=2)
    assert [kind for _, kind in post.said] == [NoticeKind.PLACE_CONFIRMED, NoticeKind.WITHDRAWN]
    invite = post.taken[1].invite
    assert invite is not None
    assert b"METHOD:CANCEL" in invite.data


def test_notices_that_say_different_things_all_go_out() -> None:
    """Waiting is still news after a decline."""
    post = Post()
    desk = a_desk(post)
    desk.do(interest("ada", "mon"))
    ben = desk.do(interest("ben", "mon"))
    desk.do(Withdraw(project_id=P, registration_id=ben.id))
    assert desk.deliver() == Deliveries(sent=3)
    assert post.said[1:] == [("ben", NoticeKind.WAITING), ("ben", NoticeKind.WITHDRAWN)]


def test_a_notice_to_somebody_who_is_gone_is_given_up_at_once() -> None:
    """There is nobody to write to."""
    storage, post = MemoryStorage(os.urandom), Post()
    desk = open_call(desk_on(storage, post))
    ada = desk.do(interest("ada", "mon"))
    with storage.hold(P) as hold:
        version = hold.version + 1
        gone = Record(P, "person", ada.person, version, subject=None, unique=None, body=None)
        left = Record(P, "registration", "r-x", version, subject=None, unique=None, body=None)
        hold.commit(Change(version=version, records=[gone, left]))
    assert desk.deliver() == Deliveries(dead=1)
    assert [letter.reason for letter in desk.dead_letters()] == ["NotFound"]


def test_a_body_that_cannot_be_read_holds_up_nobody_else() -> None:
    """A newer release wrote it: it waits for one that can, and the worker goes on."""
    storage, post, clock = MemoryStorage(os.urandom), Post(), Clock()
    desk = open_call(desk_on(storage, post, clock=clock))
    with storage.hold(P) as hold:
        bodies = ['{"format":9,"kind":"telepathy"}', '{"format":9}']
        drafts = [Draft(f"d-{n}", "notify/post", "r-x", body, clock.now) for n, body in enumerate(bodies)]
        hold.commit(Change(version=hold.version + 1, deliveries=drafts))
    desk.do(interest("ada", "mon"))
    assert desk.deliver() == Deliveries(sent=1, failed=1)
    assert post.said == [("ada", NoticeKind.PLACE_CONFIRMED)]


def test_a_listener_that_fails_hears_the_rest_later_and_in_order() -> None:
    """What came after waits."""
    clock, ears = Clock(), Ears(faults=1)
    desk = a_desk(ears, clock=clock)
    assert desk.deliver() == Deliveries(failed=1)
    clock.moves(minutes=1)
    assert desk.deliver() == Deliveries(sent=2)
    assert [event.number for event in ears.heard] == [1, 2]


def test_events_are_never_overtaken() -> None:
    """Each of them happened."""
    ears = Ears()
    desk = a_desk(ears)
    ada = desk.do(interest("ada", "mon"))
    desk.do(Withdraw(project_id=P, registration_id=ada.id))
    assert desk.deliver() == Deliveries(sent=4)


def test_an_offer_that_is_over_is_not_sent_late() -> None:
    """Nor again after a failure; whatever ended it is told."""
    clock, post = Clock(), Post()
    desk = a_desk(post, clock=clock, announced=project(session("mon"), fill="offer"))
    for who in ("ada", "ben", "cat"):
        desk.do(interest(who, "mon"))
    desk.deliver()
    post.taken.clear()
    ada = desk.state(P).registration_of("ada")
    assert ada is not None
    desk.do(Withdraw(project_id=P, registration_id=ada.id))
    post.faults = 2
    assert desk.deliver() == Deliveries(failed=2)
    clock.moves(days=2)
    assert desk.deliver() == Deliveries(sent=1, superseded=1)
    assert post.said == [("ada", NoticeKind.WITHDRAWN)]
    desk.tick()
    assert desk.deliver() == Deliveries(sent=2)
    assert post.said[1:] == [("cat", NoticeKind.PLACE_OFFERED), ("ben", NoticeKind.OFFER_LAPSED)]
