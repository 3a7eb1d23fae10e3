"""An address that takes no mail: that delivery is given up, the place is kept, and the organiser is told once."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from insight_sessions import Desk, Erased, Event, FolderNotifier, Notice, Undeliverable, hookimpl
from insight_sessions.commands.bounces import RecordBounce
from insight_sessions.commands.calls import AmendProject
from insight_sessions.commands.deciding import Decided
from insight_sessions.commands.erasing import EraseMember
from insight_sessions.commands.following import ConfirmFollowing, Follow
from insight_sessions.commands.people import CorrectMember
from insight_sessions.commands.places import SwitchSession, Withdraw
from insight_sessions.commands.telling import PostUpdate
from insight_sessions.commands.work import ShareWork
from insight_sessions.delivery import Deliveries
from insight_sessions.domain.bounce import Bounce
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.project import Contact
from insight_sessions.domain.work import Work
from insight_sessions.errors import NotFound, StorageError
from insight_sessions.testing.bounced import check_bounces
from insight_sessions.testing.faults import Crash
from insight_sessions.testing.world import Broken

from .desk_kit import NOW, P, Rehearsal, interest, member, project, session
from .desk_store import Clock, Post, Shaky, a_desk, desk_on, open_call

UNREACHABLE = NoticeKind.ADDRESS_UNREACHABLE
NEW = "ada@new.example.org"


class Refusing(Post):
    """A post that knows which addresses take no mail."""

    def __init__(self, *addresses: str, name: str = "post", code: str = "5.1.1") -> None:
        super().__init__(name)
        self.addresses = set(addresses)
        self.code = code

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Take it, unless its address takes none."""
        if notice.recipient.email in self.addresses:
            self.tried.append(notice)
            raise Undeliverable(self.code)
        super().insight_sessions_notify(notice)


def of_ada(address: int = 0, code: str = "5.1.1") -> RecordBounce:
    """Ada's address of that number takes no mail."""
    return RecordBounce(project_id=P, person_id="p-ada", address=address, code=code)


def correct(**more: str) -> CorrectMember:
    """Ada, as she is now."""
    return CorrectMember(project_id=P, member=member("ada", **more))


def organiser_was_told(post: Post) -> list[str]:
    """Of whom, in order."""
    return [one.concerns.member_id for one in post.taken if one.kind is UNREACHABLE and one.concerns]


# what a plugin says


def test_a_refusal_for_good_is_given_up_at_once_and_the_organiser_is_told() -> None:
    """Who keeps the place, whatever the mail server thinks of the address."""
    post = Refusing("ada@example.org")
    desk = a_desk(post)
    ada = desk.do(interest("ada", "mon"))
    assert desk.deliver() == Deliveries(dead=1, sent=1)
    assert len(post.tried) == 2
    (dead,) = desk.dead_letters()
    assert (dead.consumer, dead.reason) == ("notify/post", "Undeliverable 5.1.1")
    assert desk.state(P).registration(ada.id) == ada
    (told,) = post.taken
    assert told.kind is UNREACHABLE
    assert (told.recipient.email, told.recipient.person) == ("insight@example.org", "")
    assert told.concerns is not None
    assert (told.concerns.person, told.concerns.member_id) == (ada.person, "ada")
    assert "Ada <ada@example.org>" in told.text
    assert "What the mail server answered: 5.1.1." in told.text
    assert told.subject == "Mail does not arrive: Exploring COVID-19 backlogs"
    assert [event.kind for event in desk.history(P)][-1] is EventKind.ADDRESS_UNREACHABLE
    assert (desk.history(P)[-1].person, desk.history(P)[-1].registration) == (ada.person, ada.id)


def test_later_notices_to_it_are_tried_once_each_and_told_no_more() -> None:
    """Nor when another consumer is refused too, nor when a dead letter is tried again."""
    post, paper = Refusing("ada@example.org"), Refusing("ada@example.org", name="paper")
    desk = a_desk(post, paper)
    ada = desk.do(interest("ada", "mon"))
    desk.deliver()
    desk.do(SwitchSession(project_id=P, registration_id=ada.id, sessions=("tue",)))
    assert desk.deliver() == Deliveries(dead=2)
    for letter in desk.dead_letters():
        desk.requeue(letter.id)
    assert desk.deliver() == Deliveries(dead=4)
    assert organiser_was_told(post) == organiser_was_told(paper) == ["ada"]
    assert [event.kind for event in desk.history(P)].count(EventKind.ADDRESS_UNREACHABLE) == 1


def test_what_the_organiser_cannot_be_told_makes_no_loop() -> None:
    """Their own notices are dead letters, and nobody hears of it."""
    post = Refusing("ada@example.org", "insight@example.org")
    desk = a_desk(post)
    desk.do(interest("ada", "mon"))
    assert desk.deliver() == Deliveries(dead=2)
    assert desk.deliver() == Deliveries()
    assert len(desk.dead_letters()) == 2


def test_of_a_follower_nobody_is_told() -> None:
    """Anybody can have any address asked whether it wants to follow."""
    post = Refusing("flo@example.org")
    desk = a_desk(post)
    desk.do(Follow(project_id=P, email="flo@example.org", name="Flo"))
    assert desk.deliver() == Deliveries(dead=1)
    desk.do(ConfirmFollowing(project_id=P, follower_id=min(desk.state(P).followers)))
    desk.do(PostUpdate(project_id=P, title="News", text="We read it."))
    desk.tick()
    desk.deliver()
    assert len(desk.dead_letters()) == 2
    assert organiser_was_told(post) == []


def test_a_farewell_that_is_refused_is_settled_and_told_to_nobody() -> None:
    """There is nobody any more to tell of."""
    post = Refusing("ada@example.org")
    desk = a_desk(post)
    desk.do(interest("ada", "mon"))
    desk.deliver()
    desk.erase_member("ada")
    assert desk.deliver() == Deliveries(dead=1)
    assert not desk.state(P).farewells
    assert organiser_was_told(post) == ["ada"]


def test_the_project_can_be_told_no_worse_than_the_delivery(caplog: pytest.LogCaptureFixture) -> None:
    """When it cannot be noted now, the notice is tried again, and the organiser is told then."""
    storage, post = Shaky(), Refusing("ada@example.org")
    desk = open_call(desk_on(storage, post, clock=(clock := Clock())))
    desk.do(interest("ada", "mon"))
    storage.refuse_commit += [StorageError("the disk is full") for _ in range(9)]
    with caplog.at_level(logging.DEBUG):
        assert desk.deliver() == Deliveries(failed=1)
    storage.refuse_commit.clear()
    clock.moves(minutes=2)
    assert desk.deliver() == Deliveries(dead=1, sent=1)
    assert organiser_was_told(post) == ["ada"]
    assert "ada" not in caplog.text.replace("deliveries", "")


def test_who_is_killed_before_it_is_settled_tells_once() -> None:
    """The note is kept before the delivery ends, so it is never lost; and it is not kept twice."""
    storage, post, clock = Shaky(), Refusing("ada@example.org"), Clock()
    desk = open_call(desk_on(storage, post, clock=clock))
    desk.do(interest("ada", "mon"))
    with pytest.MonkeyPatch.context() as patch:

        def killed(*_: object) -> int:
            raise Crash

        patch.setattr(storage, "settle", killed)
        with pytest.raises(Crash):
            desk.deliver()
    clock.moves(minutes=11)
    other = desk_on(storage.reopened(), post, clock=clock)
    assert other.deliver() == Deliveries(dead=1, sent=1)
    assert organiser_was_told(post) == ["ada"]


def test_a_listener_that_says_so_is_tried_again() -> None:
    """An event goes to no address."""

    class Deaf:
        name = "deaf"

        @hookimpl
        def insight_sessions_on_event(self, event: Event) -> None:
            raise Undeliverable("410")

    desk = a_desk(Deaf())
    assert desk.deliver() == Deliveries(failed=1)
    assert desk.dead_letters() == []


@pytest.mark.parametrize(
    ("said", "kept"),
    [("5.1.1", "5.1.1"), ("550_no-such.user", "550_no-such.user"), ("x" * 40, "x" * 40)]
    + [(bad, "refused") for bad in ("", "x" * 41, "no Ada here", "ada@example.org", "<5.1.1>", "5.1.1\n", ".5")],
)
def test_an_error_has_room_for_a_code_and_for_no_more(said: str, kept: str) -> None:
    """Neither for an address nor for a sentence."""
    error = Undeliverable(said)
    assert (error.code, str(error), error.args) == (kept, f"the address takes no messages: {kept}", (kept,))
    assert Undeliverable().code == "refused"


# what is noted


def with_places() -> Rehearsal:
    """Ada has Monday, Ben waits for it."""
    room = Rehearsal(project(session("mon"), session("tue")))
    room.register("ada", "mon")
    room.register("ben", "mon")
    return room


def test_it_is_noted_once_and_changes_nothing_else() -> None:
    """The outbox and the journal have ids and a code."""
    room = with_places()
    before = room.state.registrations
    room.do(of_ada())
    assert room.state.registrations == before
    assert room.state.bounces["p-ada"] == Bounce(person="p-ada", address=0, code="5.1.1", at=NOW)
    (owed,) = room.notices
    assert (owed.kind, owed.person, owed.registration, owed.about) == (UNREACHABLE, "", "", "p-ada")
    assert [(event.kind, event.person) for event in room.events] == [(EventKind.ADDRESS_UNREACHABLE, "p-ada")]
    room.do(of_ada(code="5.2.2"))
    assert (room.notices, room.events) == ((), ())
    assert room.state.bounces["p-ada"].code == "5.1.1"
    with pytest.raises(NotFound):
        room.do(RecordBounce(project_id=P, person_id="p-eve", address=0, code="5.1.1"))


def test_a_corrected_address_begins_anew() -> None:
    """Nothing is held against it, nothing of the old one is noted any more, and a refusal of it is told."""
    room = with_places()
    room.do(of_ada())
    room.do(correct(email="ada@example.org", name="Ada Osei"))
    assert "p-ada" in room.state.bounces, "the address is the same"
    room.do(correct(email=NEW))
    assert not room.state.bounces
    room.do(of_ada(0))
    assert not room.notices
    assert not room.state.bounces
    room.do(of_ada(1))
    assert [owed.kind for owed in room.notices] == [UNREACHABLE]


def test_it_goes_with_the_person() -> None:
    """Like everything about them."""
    room = with_places()
    room.do(of_ada())
    room.do(EraseMember(project_id=P, member_id="ada"))
    assert not room.state.bounces


def test_what_is_no_news_any_more_is_not_sent() -> None:
    """The organiser is not told of an address that they corrected meanwhile, nor of who was erased."""
    post = Refusing("ada@example.org", "ben@example.org")
    desk = a_desk(post)
    for who in ("ada", "ben"):
        desk.do(interest(who, "tue"))
    assert desk.deliver(2) == Deliveries(dead=2)
    desk.do(correct(email=NEW))
    desk.erase_member("ben", farewell=False)
    assert desk.deliver() == Deliveries(superseded=2, sent=1, dead=1)
    assert organiser_was_told(post) == []
    assert [one.kind for one in post.taken if one.recipient.member_id == "ada"] == [NoticeKind.ADDRESS_CORRECTED]


# what comes back later


def sent(desk: Desk, post: Post, who: str = "ada") -> str:
    """The Message-ID of the first mail to somebody."""
    desk.deliver()
    return next(one.message_id for one in post.taken if one.recipient.member_id == who)


@pytest.fixture
def post() -> Post:
    """A post that takes everything."""
    return Post()


@pytest.fixture
def desk(post: Post) -> Desk:
    """A desk at which Ada has a place."""
    desk = a_desk(post)
    desk.do(interest("ada", "mon"))
    return desk


@pytest.mark.parametrize("written", ["<{}>", " <{}>\r\n", "{}"])
def test_a_mail_that_comes_back_is_known_by_its_message_id(desk: Desk, post: Post, written: str) -> None:
    """Although nothing else is kept of it: it says whose it was. Twice changes nothing."""
    id = sent(desk, post)
    for _ in range(2):
        assert desk.mail_returned(written.format(id.strip("<>")), email="ada@example.org", code="5.2.1")
        desk.deliver()
    assert organiser_was_told(post) == ["ada"]
    assert [one.code for one in desk.state(P).bounces.values()] == ["5.2.1"]
    registration = desk.state(P).registration_of("ada")
    assert registration is not None
    assert registration.place == "mon"


@pytest.mark.parametrize(
    ("email", "told"),
    [("ada@example.org", False), ("ADA@Example.org", False), (NEW, True), ("forwarded@example.net", True), ("", True)],
)
def test_it_is_known_which_of_their_addresses_it_was(desk: Desk, post: Post, email: str, told: bool) -> None:
    """Of a former one nothing is noted; one that was never theirs is where their mail is forwarded to."""
    id = sent(desk, post)
    desk.do(correct(email=NEW))
    desk.deliver()
    assert desk.mail_returned(id, email=email)
    desk.deliver()
    assert organiser_was_told(post) == (["ada"] if told else [])
    assert [one.code for one in desk.state(P).bounces.values()] == (["refused"] if told else [])


def test_the_newest_of_two_addresses_that_are_the_same_counts(desk: Desk, post: Post) -> None:
    """Who went back to an address has it now."""
    id = sent(desk, post)
    for email in (NEW, "ada@example.org"):
        desk.do(correct(email=email))
    assert desk.mail_returned(id, email="ada@example.org")
    assert desk.state(P).bounces[next(iter(desk.state(P).people))].address == 2


@pytest.mark.parametrize(
    "id",
    [
        *("", "<>", "x", "<n-1@example.org>", "<n-1.r-1.other@example.org>", "<n-1.r-9.covid-backlogs@example.org>"),
        *("<n-1.covid-backlogs@example.org>", "<n-1.f-flo.covid-backlogs@example.org>", "n-1.~store.x@y", "\0" * 999),
        "<n-1." + "a." * 50_000 + "@example.org>",
    ],
    ids=range(11),
)
def test_what_is_no_mail_of_ours_changes_nothing(desk: Desk, id: str) -> None:
    """Whatever stands there."""
    before = desk.state(P)
    assert not desk.mail_returned(id)
    assert desk.state(P) == before


def test_nothing_is_noted_of_organisers_and_followers(desk: Desk, post: Post) -> None:
    """Their mails are nobody's part in the project."""
    desk.do(Follow(project_id=P, email="flo@example.org", name="Flo"))
    desk.mail_returned(sent(desk, post))
    desk.deliver()
    others = [one for one in post.taken if not one.recipient.member_id]
    assert {one.recipient.email for one in others} == {"insight@example.org", "flo@example.org"}
    assert not any(desk.mail_returned(one.message_id) for one in others)


def test_who_only_shared_work_is_found_too(post: Post) -> None:
    """Without a registration."""
    desk = a_desk(post, announced=project(work={}))
    work = Work(title="Calls", setting="Here", summary="We call people.", consent=True)
    desk.do(ShareWork(project_id=P, member=member("ada"), work=work))
    assert desk.mail_returned(sent(desk, post))
    desk.deliver()
    assert organiser_was_told(post) == ["ada"]


def test_whoever_was_erased_is_found_no_more(desk: Desk, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even when it happens in between."""
    id = sent(desk, post)
    do = desk.do

    def erased_first(command: RecordBounce) -> object:
        do(EraseMember(project_id=P, member_id="ada", farewell=False))
        return do(command)

    monkeypatch.setattr(desk, "do", erased_first)
    assert not desk.mail_returned(id)
    monkeypatch.setattr(desk, "do", do)
    assert not desk.mail_returned(id)


def test_an_organiser_in_another_domain_makes_no_difference(desk: Desk, post: Post) -> None:
    """The Message-ID is read, not made again."""
    id = sent(desk, post)
    desk.do(AmendProject(project_id=P, organiser=Contact(name="Q", email="q@example.net")))
    ada = desk.state(P).registration_of("ada")
    assert ada is not None
    desk.do(Withdraw(project_id=P, registration_id=ada.id))
    assert desk.mail_returned(id)


# what keeps mails


def test_a_mail_that_names_somebody_goes_with_them(tmp_path: Path) -> None:
    """Though it went to the organiser, whose other mails stay; also when it was handed over while they were erased."""
    folder = FolderNotifier(tmp_path)
    refusing = Refusing("ada@example.org", "ben@example.org")
    desk = a_desk(refusing, folder)
    for who in ("ada", "ben"):
        desk.do(interest(who, "tue"))
    desk.do(Follow(project_id=P, email="insight@example.org", name="Q"))
    desk.deliver()
    mails = [file.read_bytes() for file in tmp_path.iterdir()]
    told = [one for one in mails if b'\nTo: "Q insight team"' in one]
    assert [sum(who in one for one in told) for who in (b"ada@example.org", b"ben@example.org")] == [1, 1]
    desk.erase_member("ada", farewell=False)
    left = [file.read_bytes() for file in tmp_path.iterdir()]
    assert sorted(left) == sorted(one for one in mails if b"ada@example.org" not in one)
    assert any(b'\nTo: "Q" <insight@example.org>' in one for one in left)


def test_who_is_erased_while_the_organiser_is_told_is_erased_once_more() -> None:
    """The plugin may have kept the mail that names them after it was asked to forget them."""
    asked: list[str] = []

    class Keeping(Refusing):
        @hookimpl
        def insight_sessions_erase_member(self, member_id: str) -> Erased:
            asked.append(member_id)
            return Erased({})

    post = Keeping("ada@example.org")
    desk = a_desk(post)
    desk.do(interest("ada", "mon"))
    desk.deliver(1)
    post.once = lambda: void(desk.erase_member("ada", farewell=False))
    desk.deliver()
    assert organiser_was_told(post) == ["ada"]
    desk.tick()
    assert asked.count("ada") == 2


def void(_: object) -> None:
    """Nothing comes of it."""


# what judges histories


def spoilt(decided: Decided, how: str) -> Decided:
    """As it must not be."""
    state = decided.state
    bounce = state.bounces["p-ada"]
    one = state.registrations[state.latest["p-ada"]]
    changed = {
        "untold": decided._replace(notices=()),
        "to others": decided._replace(notices=tuple(replace(owed, person="p-ben") for owed in decided.notices)),
        "place": decided._replace(state=state.put(one.but(place=None))),
        "former": decided._replace(state=state.put(replace(bounce, address=-1))),
    }
    return changed[how]


@pytest.mark.parametrize(
    ("how", "rule"),
    [
        ("untold", "told of each address once"),
        ("to others", "nobody but the organiser"),
        ("place", "keeps what they have"),
        ("former", "is not held against them"),
    ],
)
def test_what_must_hold_is_noticed_when_it_does_not(how: str, rule: str) -> None:
    """And what is right passes."""
    room = with_places()
    before = room.state
    decided = room.decide(of_ada())
    check_bounces(before, of_ada(), decided)
    with pytest.raises(Broken, match=rule):
        check_bounces(before, of_ada(), spoilt(decided, how))


def test_an_address_that_is_told_of_twice_is_noticed() -> None:
    """By what was noted before."""
    room = with_places()
    room.do(of_ada())
    assert room.last is not None
    again = room.last._replace(state=room.state.put(replace(room.state.bounces["p-ada"], code="5.2.2")))
    with pytest.raises(Broken, match="noted once"):
        check_bounces(room.state, of_ada(), again)
