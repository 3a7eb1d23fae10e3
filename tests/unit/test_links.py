"""Links: made, looked at, redeemed and revoked."""

import os
import sys
from datetime import UTC, datetime, timedelta
from string import ascii_letters, digits
from typing import Any

import pytest
from pydantic import ValidationError

from insight_sessions import (
    AcceptOffer,
    AmendAnswers,
    CancelSession,
    ConfirmFollowing,
    Desk,
    Follow,
    GiveFeedback,
    LinkAction,
    LinkNotGood,
    Links,
    NotFound,
    NotPossible,
    OfferPlace,
    Project,
    Question,
    RefuseOffer,
    RegisterInterest,
    Runtime,
    ShareWork,
    ShareWriteUp,
    Status,
    SwitchSession,
    Unfollow,
    Withdraw,
    Work,
    WriteUp,
)
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.identity import LINKS
from insight_sessions.storage.memory import MemoryStorage

from .desk_kit import DAY, NOW, P, member, project, session
from .desk_store import open_call
from .links_kit import ADDRESS, SOON, Linked, token_of

KEYS = ("the first of the keys", "the second of the keys")


def reason_of(desk: Desk, token: Any) -> str:  # noqa: ANN401 - whatever is tried
    """Why a token is not good, by looking and by redeeming."""
    with pytest.raises(LinkNotGood) as looked:
        desk.peek(token)
    with pytest.raises(LinkNotGood) as redeemed:
        desk.redeem(token)
    assert looked.value.args == redeemed.value.args
    assert redeemed.value.code == "link_not_good"
    return redeemed.value.reason


def offering(**more: Any) -> Project:  # noqa: ANN401 - whatever is tried
    """A project in which ada and ben can be offered what cat has."""
    return project(session("mon"), session("tue"), session("thu"), fill="offer", **more)


def offered() -> Linked:
    """Ada has Monday, Ben Tuesday; Cat asked for either and is offered Monday."""
    room = Linked(offering())
    ada = room.register("ada", "mon")
    room.register("ben", "tue")
    room.register("cat", "mon", "tue")
    room.desk.do(Withdraw(project_id=P, registration_id=ada.id))
    return room


# Each action


def test_a_place_is_given_up_by_a_link() -> None:
    """Looked at, nothing changes; redeemed and done, it is; and once more it is the same."""
    room = Linked()
    ada = room.register("ada")
    token = token_of(room.notice("ada", NoticeKind.PLACE_CONFIRMED).links["withdraw"])
    before = room.desk.state(P)
    seen = room.desk.peek(token)
    assert (seen.action, seen.registration, seen.refusal, seen.needs) == (LinkAction.WITHDRAW, ada, None, ())
    assert seen.session is not None
    assert (seen.session.id, seen.project.id, seen.member_id) == ("mon", P, "ada")
    command = room.desk.redeem(token)
    assert isinstance(command, Withdraw)
    assert (command.by, room.desk.state(P)) == ("link", before)
    assert room.desk.do(command).status is Status.WITHDRAWN
    refused = room.desk.peek(token).refusal
    assert isinstance(refused, NotPossible)
    assert refused.reason == "withdrawn"
    assert room.desk.do(room.desk.redeem(token)).status is Status.WITHDRAWN
    assert room.desk.peek(token).session is None


@pytest.mark.parametrize(
    ("action", "kind", "status"),
    [("accept", AcceptOffer, Status.CONFIRMED), ("refuse", RefuseOffer, Status.WAITING)],
)
def test_an_offer_is_answered_by_a_link(action: str, kind: type[Any], status: Status) -> None:
    """As often as it is pressed."""
    room = offered()
    notice = room.notice("cat", NoticeKind.PLACE_OFFERED)
    assert set(notice.links) == {"accept", "refuse", "switch", "withdraw"}
    token = token_of(notice.links[action])
    seen = room.desk.peek(token)
    assert seen.session is not None
    assert (seen.session.id, seen.expires, seen.refusal) == ("mon", NOW + 2 * DAY, None)
    command = room.desk.redeem(token)
    assert type(command) is kind
    for _ in range(2):
        assert room.desk.do(room.desk.redeem(token)).status is status
    assert {one.by for one in room.desk.history(P) if one.command == command.id} == {"link"}


@pytest.mark.parametrize("action", ["accept", "refuse"])
def test_a_link_answers_its_own_offer_and_no_other(action: str) -> None:
    """Who is offered Tuesday now never gets or loses it by a message about Monday."""
    room = offered()
    token = token_of(room.notice("cat", NoticeKind.PLACE_OFFERED).links[action])
    ben, cat = (room.desk.of_member(who)[0] for who in ("ben", "cat"))
    room.desk.do(Withdraw(project_id=P, registration_id=ben.id))
    room.desk.do(OfferPlace(project_id=P, registration_id=cat.id, session_id="tue"))
    refused = room.desk.peek(token).refusal
    assert isinstance(refused, NotPossible)
    assert refused.reason == "no_offer"
    with pytest.raises(NotPossible) as done:
        room.desk.do(room.desk.redeem(token))
    assert done.value.reason == "no_offer"
    newest = token_of(room.notice("cat", NoticeKind.PLACE_OFFERED).links["accept"])
    assert room.desk.do(room.desk.redeem(newest)).place == "tue"


@pytest.mark.parametrize("action", ["accept", "refuse"])
def test_a_place_that_is_offered_again_until_the_same_moment_is_answered_again(action: str) -> None:
    """The links are the same, for deadlines fall together; what was done by one is not taken for done the next time."""
    room = offered()
    cat = room.desk.of_member("cat")[0]
    first = room.notice("cat", NoticeKind.PLACE_OFFERED).links[action]
    for turn in range(3):
        for _ in range(2):  # pressed twice, it is done once
            done = room.desk.do(room.desk.redeem(token_of(first)))
            assert (done.offer, done.place) == (None, "mon" if action == "accept" else None), turn
        if action == "accept":
            room.desk.do(SwitchSession(project_id=P, registration_id=cat.id, sessions=("thu",)))
        other = room.register(f"dan{turn}", "mon")
        room.desk.do(SwitchSession(project_id=P, registration_id=cat.id, sessions=("mon", "tue")))
        room.desk.do(Withdraw(project_id=P, registration_id=other.id))
        assert room.notice("cat", NoticeKind.PLACE_OFFERED).links[action] == first


def test_a_link_to_an_offer_is_as_old_as_the_offer() -> None:
    """Too late is told as what it is."""
    room = offered()
    token = token_of(room.notice("cat", NoticeKind.PLACE_OFFERED).links["accept"])
    room.clock.moves(days=2, seconds=-1)
    assert room.desk.peek(token).refusal is None
    room.clock.moves(seconds=1)
    assert reason_of(room.desk, token) == "link_expired"


def test_other_sessions_are_asked_for_by_a_link() -> None:
    """As often as they like, each time anew."""
    room = Linked()
    room.register("ada")
    token = token_of(room.notice("ada", NoticeKind.PLACE_CONFIRMED).links["switch"])
    seen = room.desk.peek(token)
    assert seen.session is not None
    assert (seen.session.id, seen.needs, seen.refusal) == ("mon", ("sessions",), None)
    for wanted in ("tue", "mon", "tue"):
        command = room.desk.redeem(token, sessions=[wanted], text="not looked at")
        assert type(command) is SwitchSession
        assert room.desk.do(command).place == wanted
    with pytest.raises(ValidationError):
        room.desk.redeem(token)


def test_answers_are_changed_by_a_link() -> None:
    """Where there are questions, in what somebody reads first."""
    asked = project(session("mon"), questions=(Question(id="work", text="What do you do?"),))
    room = Linked(asked)
    ada = room.register("ada", answers={"work": "nurse"})
    notice = room.notice("ada", NoticeKind.PLACE_CONFIRMED)
    token = token_of(notice.links["answers"])
    assert room.desk.peek(token).needs == ("answers",)
    command = room.desk.redeem(token, answers={"work": "doctor"})
    assert type(command) is AmendAnswers
    room.desk.do(command)
    assert room.desk.state(P).answers[ada.id].answers == {"work": "doctor"}
    assert type(room.desk.redeem(token)) is AmendAnswers


def test_feedback_is_given_by_a_link() -> None:
    """About the write-up that the message brought, until the time for it is over."""
    room = Linked()
    room.register("ada")
    room.clock.moves(days=30)
    room.desk.tick()
    room.desk.do(ShareWriteUp(project_id=P, write_up=WriteUp(id="first", title="Heard", text="All.", feedback_until=7)))
    notice = room.notice("ada", NoticeKind.WRITE_UP)
    assert set(notice.links) == {"feedback"}
    room.desk.do(ShareWriteUp(project_id=P, write_up=WriteUp(id="later", title="More", text="More.")))
    assert room.notice("ada", NoticeKind.WRITE_UP).links == {}
    token = token_of(notice.links["feedback"])
    seen = room.desk.peek(token)
    assert (seen.needs, seen.expires) == (("text", "may_quote"), NOW + 37 * DAY)
    for said, quoted in (("You left out pharmacies.", False), ("Thank you.", True)):
        command = room.desk.redeem(token, text=said, may_quote=quoted)
        assert type(command) is GiveFeedback
        given = room.desk.do(command)
        assert (given.write_up, given.text, given.may_quote) == ("first", said, quoted)
    room.clock.moves(days=7)
    assert reason_of(room.desk, token) == "link_expired"


def test_a_link_of_the_host_is_about_the_newest_write_up() -> None:
    """As the command is."""
    room = Linked()
    ada = room.register("ada")
    command = room.desk.redeem(room.token("feedback", ada), text="Well.")
    assert isinstance(command, GiveFeedback)
    assert command.write_up is None


def test_a_follower_confirms_and_leaves_by_links() -> None:
    """And leaves once more, and follows again, and leaves again by the same link."""
    room = Linked()
    room.desk.do(Follow(project_id=P, email="fay@example.org", name="Fay"))
    notice = room.notice("fay", NoticeKind.CONFIRM_FOLLOWING)
    assert set(notice.links) == {"follow", "unfollow"}
    join, leave = (token_of(notice.links[action]) for action in ("follow", "unfollow"))
    seen = room.desk.peek(join)
    assert (seen.action, seen.project.id, seen.registration, seen.member_id) == (LinkAction.FOLLOW, P, None, "")
    for _ in range(2):
        yes, no = room.desk.redeem(join), room.desk.redeem(leave)
        assert (type(yes), type(no)) == (ConfirmFollowing, Unfollow)
        assert room.desk.do(yes).is_confirmed
        assert room.desk.do(yes).is_confirmed
        room.desk.do(no)
        room.desk.do(room.desk.redeem(leave))
        assert not room.desk.state(P).followers
        assert reason_of(room.desk, join) == "link_revoked"
        room.clock.moves(days=1)
        room.desk.do(Follow(project_id=P, email="fay@example.org", name="Fay"))


def test_who_never_confirms_is_forgotten_after_a_week_and_the_link_with_them() -> None:
    """At the next full hour at the latest; the link has ended by then."""
    room = Linked()
    room.clock.moves(minutes=30)
    room.desk.do(Follow(project_id=P, email="fay@example.org", name="Fay"))
    token = token_of(room.notice("fay", NoticeKind.CONFIRM_FOLLOWING).links["follow"])
    room.clock.moves(days=7, seconds=-1)
    room.desk.tick()
    assert room.desk.peek(token).expires == room.clock.now + timedelta(seconds=1)
    assert len(room.desk.state(P).followers) == 1
    room.clock.moves(seconds=1)
    assert reason_of(room.desk, token) == "link_expired"
    room.clock.moves(minutes=30)
    room.desk.tick()
    assert len(room.desk.state(P).followers) == 0


def test_a_member_gets_the_address_of_their_feed_by_a_link() -> None:
    """The link says whose it is, and no command comes of it."""
    room = Linked()
    ada = room.register("ada")
    token = token_of(room.notice("ada", NoticeKind.PLACE_CONFIRMED).links["feed"])
    seen = room.desk.peek(token)
    assert (seen.action, seen.registration, seen.needs) == (LinkAction.FEED, ada, ())
    assert ada.uid.encode() in room.desk.personal_feed(room.desk.feed_token(seen.member_id))
    with pytest.raises(LinkNotGood):
        room.desk.redeem(token)


# Links of the host


@pytest.mark.parametrize("action", [one for one in LinkAction if one is not LinkAction.FEED])
def test_the_host_makes_links_of_its_own(action: LinkAction) -> None:
    """For as long as it says, to the second, and by the name of the action too."""
    room = offered()
    room.desk.do(Follow(project_id=P, email="fay@example.org", name="Fay"))
    cat = room.desk.of_member("cat")[0]
    (fay,) = room.desk.state(P).followers
    whose = fay if action.is_for_followers else cat.id
    link = room.desk.link(action, P, whose, NOW + timedelta(hours=1, milliseconds=999))
    assert link == room.desk.link(action.value, P, whose, (NOW + timedelta(hours=1)).astimezone(None))
    token = token_of(link)
    assert room.desk.peek(token).expires == NOW + timedelta(hours=1)
    assert room.desk.redeem(token, sessions=["tue"], text="Well.").project_id == P
    room.clock.moves(hours=1)
    assert reason_of(room.desk, token) == "link_expired"


def test_a_link_needs_somebody_and_something() -> None:
    """A mistake of the host is told to the host."""
    room = Linked()
    ada = room.register("ada")
    for whose in ("r-nobody", ""):
        with pytest.raises(NotFound):
            room.desk.link("withdraw", P, whose, SOON)
    with pytest.raises(NotFound):
        room.desk.link("unfollow", P, ada.id, SOON)
    with pytest.raises(NotFound):
        room.desk.link("withdraw", "nowhere", ada.id, SOON)
    with pytest.raises(NotPossible) as refused:
        room.desk.link("accept", P, ada.id, SOON)
    assert refused.value.reason == "no_offer"
    with pytest.raises(ValueError, match="zone"):
        room.desk.link("withdraw", P, ada.id, datetime(2021, 7, 1))  # noqa: DTZ001 - that is what is refused
    with pytest.raises(ValueError, match="'dance' is not a valid LinkAction"):
        room.desk.link("dance", P, ada.id, SOON)


def test_a_desk_without_links_says_so() -> None:
    """Nothing is made, and nothing taken."""
    room = Linked()
    ada = room.register("ada")
    token = room.token("withdraw", ada)
    desk = room.opened(None)
    for attempt in (
        lambda: desk.link("withdraw", P, ada.id, SOON),
        lambda: desk.peek(token),
        lambda: desk.redeem(token),
        lambda: desk.revoke_links("ada"),
    ):
        with pytest.raises(ValueError, match="open it with links="):
            attempt()


# What is not good


@pytest.mark.parametrize(
    "token", [None, 7, b"x", "", "y", "a.b.c.d.e.f", "\ud800", "r" * 100_000, "ß" * 97], ids=list(map(str, range(9)))
)
def test_whatever_is_no_token_is_not_good(token: Any) -> None:  # noqa: ANN401 - whatever is tried
    """By one error, with one sentence."""
    room = Linked()
    room.register("ada")
    assert reason_of(room.desk, token) == "link_unknown"


def test_a_token_is_good_for_its_own_action_alone() -> None:
    """Whatever letter stands at its end."""
    room = offered()
    cat = room.desk.of_member("cat")[0]
    token = room.token("withdraw", cat)
    for letter in "arsqfutcxyzW0.":
        assert reason_of(room.desk, token[:-1] + letter) == "link_unknown"


def test_a_token_has_one_spelling() -> None:
    """No letter of it can be another one."""
    room = Linked()
    token = room.token("withdraw", room.register("ada"))
    # The last letter of the signature has two bits to spare.
    letters = dict.fromkeys(range(len(token)), "AB-._0") | {len(token) - 2: ascii_letters + digits + "-_"}
    for at in range(len(token)):
        for other in letters[at]:
            if token[at] != other:
                assert reason_of(room.desk, token[:at] + other + token[at + 1 :]) == "link_unknown"
    for other in (token + "\n", "\n" + token, token + "=", token.replace(".", "..", 1), token[:-1], token.upper()):
        assert reason_of(room.desk, other) == "link_unknown"


@pytest.mark.parametrize("links", [ADDRESS, Links(ADDRESS, keys=KEYS)], ids=["derived", "given"])
def test_a_token_of_another_store_is_not_good(links: str | Links) -> None:
    """Not even with the same keys: the store's own secret is in them."""
    here = Linked(links=links)
    ada = here.register("ada")
    token = here.token("withdraw", ada)
    there = Desk(MemoryStorage(os.urandom), discover=False, runtime=Runtime(now=lambda: NOW), links=links)
    assert reason_of(there, token) == "link_unknown"


def test_a_token_of_a_copy_of_the_store_names_nobody_there() -> None:
    """Such as of one that was restored to before somebody registered."""
    here, there = Linked(), Linked()
    token = here.token("withdraw", here.register("ada"))
    assert reason_of(there.desk, token) == "link_revoked"


def test_a_link_to_a_project_that_is_gone_is_not_good() -> None:
    """The same store, restored to before it was announced."""
    room = Linked()
    token = room.token("withdraw", room.register("ada"))
    linking = room.desk._links_of_it()
    linking._state_of = lambda id: (_ for _ in ()).throw(NotFound("project", id))
    assert reason_of(room.desk, token) == "link_revoked"


# Keys


def test_keys_are_rotated() -> None:
    """The first signs, all are good; who signed with a key that is gone signed nothing."""
    old, new = KEYS
    room = Linked(links=Links(ADDRESS, keys=(old,)))
    ada = room.register("ada")
    former = room.token("withdraw", ada)
    both = room.opened(Links(ADDRESS, keys=(new, old)))
    latter = token_of(both.link("withdraw", P, ada.id, SOON))
    assert former != latter
    assert both.redeem(former).project_id == both.redeem(latter).project_id == P
    alone = room.opened(Links(ADDRESS, keys=(new.encode(),)))
    assert alone.redeem(latter).project_id == P
    assert reason_of(alone, former) == "link_unknown"
    plain = room.opened()
    assert reason_of(plain, former) == reason_of(plain, latter) == "link_unknown"
    assert plain.of_member("ada") == alone.of_member("ada") == [ada]


def test_settings_are_checked_and_keep_their_keys_to_themselves() -> None:
    """When the desk is opened, and not when somebody presses a button."""
    assert "first" not in repr(Links(ADDRESS, keys=KEYS))
    for address in (
        "http://example.org/",
        "example.org",
        "",
        "https://",
        "https://me:pw@example.org/",
        "ftp://localhost/",
    ):
        with pytest.raises(ValueError, match="must"):
            Links(address)
    for address in ("http://localhost:8000/a", "http://127.0.0.1/", "http://[::1]:80", "http://localhost"):
        assert Links(address).before.endswith("/")
    with pytest.raises(ValueError, match="must begin with https"):
        Links("http://localhost.example.org/")
    with pytest.raises(TypeError, match="comma"):
        Links(ADDRESS, keys="a key of many letters")
    with pytest.raises(ValueError, match="at least 16 bytes"):
        Linked(links=Links(ADDRESS, keys=("short",)))


@pytest.mark.parametrize(
    ("address", "before"),
    [
        ("https://example.org/a", "https://example.org/a/"),
        ("https://example.org/a/", "https://example.org/a/"),
        ("https://example.org/a?link=", "https://example.org/a?link="),
    ],
)
def test_a_token_is_put_behind_the_address(address: str, before: str) -> None:
    """In a path of its own, or where the address leaves room for it."""
    room = Linked(links=address)
    link = room.desk.link("withdraw", P, room.register("ada").id, SOON)
    assert link.startswith(before)
    assert room.desk.redeem(link.removeprefix(before)).project_id == P


def test_what_signs_must_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to do."""
    monkeypatch.setitem(sys.modules, "itsdangerous.signer", None)
    with pytest.raises(ImportError, match=r"insight-sessions\[links\]"):
        Linked()


# Revoked


def test_links_are_revoked_for_one_member_and_new_ones_are_good() -> None:
    """In all their projects; nobody else's."""
    room = Linked()
    ada, ben = room.register("ada"), room.register("ben", "tue")
    mine, others = room.token("withdraw", ada), room.token("withdraw", ben)
    for _ in range(2):
        room.desk.revoke_links("ada")
        assert reason_of(room.desk, mine) == "link_revoked"
        mine = room.token("withdraw", ada)
        assert room.desk.redeem(mine).project_id == P
    assert room.desk.redeem(others).project_id == P
    assert room.opened().redeem(mine).project_id == P
    room.desk.revoke_links("nobody")
    assert room.desk.redeem(mine).project_id == P
    with pytest.raises(TypeError):
        room.desk.revoke_links(7)  # type: ignore[arg-type]


def test_links_of_a_follower_are_revoked_by_their_address() -> None:
    """What comes next has good ones."""
    room = Linked()
    room.desk.do(Follow(project_id=P, email="fay@example.org", name="Fay"))
    notice = room.notice("fay", NoticeKind.CONFIRM_FOLLOWING)
    room.desk.revoke_links("fay@example.org")
    for link in notice.links.values():
        assert reason_of(room.desk, token_of(link)) == "link_revoked"
    (fay,) = room.desk.state(P).followers
    assert room.desk.redeem(token_of(room.desk.link("follow", P, fay, SOON))).project_id == P


def test_a_new_address_revokes_what_was_sent_to_the_former_one() -> None:
    """Whoever reads mail there can do nothing any more."""
    room = Linked()
    room.register("ada")
    former = token_of(room.notice("ada@", NoticeKind.PLACE_CONFIRMED).links["withdraw"])
    room.desk.correct_member(member("ada", email="ada.new@example.org"))
    assert reason_of(room.desk, former) == "link_revoked"
    left, corrected = room.sent()
    assert (left.kind, left.links) == (NoticeKind.ADDRESS_LEFT, {})
    assert room.desk.redeem(token_of(corrected.links["withdraw"])).project_id == P


def test_a_message_that_goes_to_a_former_address_has_no_good_links() -> None:
    """It was owed before the correction, and is for the calendar there."""
    room = Linked()
    room.register("ada")
    room.post.faults = 1
    room.desk.deliver()
    room.desk.correct_member(member("ada", email="ada.new@example.org"))
    room.clock.moves(hours=1)
    first, _, last = room.sent()
    assert (first.kind, first.recipient.email) == (NoticeKind.PLACE_CONFIRMED, "ada@example.org")
    assert first.links == room.post.tried[0].links
    assert reason_of(room.desk, token_of(first.links["withdraw"])) == "link_revoked"
    assert room.desk.peek(token_of(last.links["withdraw"])).refusal is None


def test_who_is_erased_has_no_links_and_nothing_is_kept_of_them() -> None:
    """Not of the member, and not of the follower they were."""
    room = Linked()
    ada = room.register("ada")
    room.desk.do(Follow(project_id=P, email="ada@example.org", name="Ada"))
    room.desk.revoke_links("ada")
    assert {record.kind for record in room.storage.read(LINKS).records} == {"links"}
    assert len(room.storage.read(LINKS).records) >= 2
    token = room.token("withdraw", ada)
    erasure = room.desk.erase_member("ada", farewell=False)
    assert erasure.pending == {}
    assert reason_of(room.desk, token) == "link_revoked"
    assert [record for record in room.storage.read(LINKS).records if record.body is not None] == []


def test_what_was_noted_of_somebody_who_no_longer_follows_is_erased_too() -> None:
    """It was kept under our id of their address."""
    room = Linked()
    room.register("ada")
    ada = room.desk.do(Follow(project_id=P, email="ada@example.org", name="Ada"))
    room.desk.revoke_links("ada")
    room.desk.do(Unfollow(project_id=P, follower_id=ada.id))
    assert room.desk.erase_member("ada", farewell=False).pending == {}
    assert [record for record in room.storage.read(LINKS).records if record.body is not None] == []


def test_what_is_exported_opens_nothing() -> None:
    """That links were revoked is told, and not by what."""
    room = Linked()
    room.register("ada")
    room.desk.revoke_links("ada")
    assert room.desk.export_member("ada")["beside"]["links"] == [{}]


# In notices


def test_a_copy_of_a_notice_has_the_same_links() -> None:
    """However late it comes, and from whatever process."""
    room = Linked()
    room.register("ada")
    room.post.faults = 2
    room.desk.deliver()
    for _ in range(2):
        room.clock.moves(days=1)
        room.opened().deliver()
    first, *copies = room.post.tried
    assert first.links
    assert copies == [first, first]


def test_a_link_is_good_until_the_session_begins_and_ninety_days_at_least() -> None:
    """Whichever is later."""
    far = project(session("mon", "2022-07-04T10:00"), session("tue"))
    room = Linked(far)
    room.register("ada", "mon")
    room.register("ben", "tue")
    for who, until in (("ada", datetime(2022, 7, 4, 9, tzinfo=UTC)), ("ben", NOW + timedelta(days=90))):
        links = room.notice(who, NoticeKind.PLACE_CONFIRMED).links
        assert {room.desk.peek(token_of(link)).expires for link in links.values()} == {until}


def test_nobody_is_offered_to_leave_a_session_that_has_begun() -> None:
    """Not by news of another one either."""
    room = Linked()
    room.register("ben", "tue")
    room.register("cat", "tue")
    ada = room.register("ada", "mon")
    room.desk.do(SwitchSession(project_id=P, registration_id=ada.id, sessions=("tue", "mon")))
    assert {"switch", "withdraw", "feed"} == room.notice("ada", NoticeKind.SWITCH_WAITING).links.keys()
    room.clock.now = room.desk.state(P).session("mon").begins
    room.desk.do(CancelSession(project_id=P, session_id="tue", reason="No room."))
    assert room.notice("ada", NoticeKind.SESSION_CANCELLED).links.keys() == {"feed"}
    assert {"switch", "withdraw"} == room.notice("ben", NoticeKind.SESSION_CANCELLED).links.keys()


def test_who_only_shared_work_is_no_follower() -> None:
    """And has nothing to answer."""
    room = Linked(project(session("mon"), work={}))
    work = Work(title="A line", setting="Hospital", summary="It is long.", consent=True)
    room.clock.moves(days=30)
    room.desk.tick()
    room.desk.do(ShareWork(project_id=P, member=member("ada"), work=work))
    assert room.notice("ada", NoticeKind.WORK_RECEIVED).links == {}


def test_a_link_is_short_enough_for_a_mail() -> None:
    """With the longest id of a project too."""
    long = project(session("mon"), id="p" * 64)
    room = Linked()
    desk = room.desk
    open_call(desk, long)
    ada = desk.do(RegisterInterest(project_id=long.id, member=member("ada"), sessions=("mon",)))
    desk.revoke_links("ada")
    assert len(token_of(desk.link("withdraw", long.id, ada.id, SOON))) < 200
    assert len(room.token("withdraw", room.register("ben"))) < 110
