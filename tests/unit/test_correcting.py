"""What is kept of a member is corrected, and their calendar entry goes to their new address."""

from collections.abc import Sequence
from typing import Any

import pytest

from insight_sessions import Desk, EventKind, Method, NotFound, NoticeKind, Preview, Status, StorageError
from insight_sessions.commands.calls import CancelProject
from insight_sessions.commands.people import CorrectMember
from insight_sessions.commands.places import SwitchSession, Withdraw
from insight_sessions.commands.sessions import RescheduleSession
from insight_sessions.domain.member import FORMER_KEPT, Member, Person
from insight_sessions.domain.notices import Notice
from tests.calendar_client import attendee_of

from .desk_kit import P, Rehearsal, interest, member, project, session, until
from .desk_store import Clock, Post, Shaky, a_desk, desk_on, open_call

NEW = "ada@new.example.org"


def corrected(**more: Any) -> CorrectMember:  # noqa: ANN401 - whatever is tried
    """Ada, as she is now."""
    return CorrectMember(project_id=P, member=member("ada", **more))


def with_place(*others: str) -> Rehearsal:
    """Ada has Monday; others wait for it."""
    room = Rehearsal(project(session("mon"), session("tue")))
    room.register("ada", "mon")
    for other in others:
        room.register(other, "mon")
    return room


def messages(room: Rehearsal) -> list[tuple[NoticeKind, Method | None, int, int]]:
    """What the last command owes: kind, method, revision and the number of the address."""
    return [(owed.kind, owed.method, owed.sequence, owed.address) for owed in room.notices]


def test_a_new_address_gets_the_invite_and_the_old_one_a_cancellation() -> None:
    """One revision each, the cancellation first, and nobody else hears of it."""
    room = with_place("ben")
    before = room.of("ada")
    assert room.do(corrected(email=NEW)) == member("ada", email=NEW)
    assert messages(room) == [
        (NoticeKind.ADDRESS_LEFT, Method.CANCEL, 1, 0),
        (NoticeKind.ADDRESS_CORRECTED, Method.REQUEST, 2, 1),
    ]
    left, arrived = room.notices
    assert (left.previous, left.slot, arrived.slot) == (room.state.slots["mon"], None, room.state.slots["mon"])
    assert left.at < arrived.at == room.of("ada").stamped
    assert left.message_id != arrived.message_id
    assert (room.of("ada").sequence, room.of("ada").place, before.place) == (2, "mon", "mon")
    assert room.happened == [EventKind.MEMBER_CORRECTED]
    assert room.state.people["p-ada"].former == ("ada@example.org",)


def test_what_the_former_calendar_answered_no_longer_counts() -> None:
    """The new one has not answered yet."""
    room = with_place()
    room.state = room.state.put(room.of("ada").but(partstat="ACCEPTED"))
    room.do(corrected(email=NEW))
    assert room.of("ada").partstat is None


@pytest.mark.parametrize(
    "more", [{"name": "Ada Osei"}, {"email": "ADA@example.org"}, {"language": "cy"}, until("2030-01-01")]
)
def test_anything_but_the_address_sends_nothing(more: dict[str, Any]) -> None:
    """It is used from the next message on; the same address in other letters is the same."""
    room = with_place()
    room.do(corrected(**more))
    assert (messages(room), room.happened) == ([], [EventKind.MEMBER_CORRECTED])
    assert room.state.people["p-ada"] == Person.of(member("ada", **more), "p-ada")


def test_nothing_new_is_no_correction() -> None:
    """Nothing is written."""
    room = with_place()
    room.do(corrected())
    assert (messages(room), room.happened) == ([], [])


def test_somebody_unknown_cannot_be_corrected() -> None:
    """Whether the project is there or not; the error holds no name."""
    for room in (with_place(), Rehearsal()):
        with pytest.raises(NotFound) as caught:
            room.do(CorrectMember(project_id=P, member=member("zoe")))
        assert caught.value.kind == ("member" if room.state.announced else "project")
        assert "Zoe" not in str(caught.value)


def test_a_longer_membership_gives_what_was_free_for_it() -> None:
    """They were passed over, and now they are not; the invite goes to their new address alone."""
    room = Rehearsal(project(session("mon", capacity=1), session("tue", capacity=1)))
    room.register("ben", "mon")
    room.register(member("ada", **until("2021-07-05")), "mon", "tue")
    assert room.places() == {"ben": "mon", "ada": None}
    room.do(corrected(email=NEW))
    assert room.places() == {"ben": "mon", "ada": "tue"}
    assert messages(room) == [(NoticeKind.PLACE_CONFIRMED, Method.REQUEST, 0, 1)]


def test_a_longer_membership_moves_who_waits_with_a_place() -> None:
    """They hear of the move, and the old address of its end."""
    room = Rehearsal(project(session("mon", capacity=1), session("tue", capacity=1)))
    ada = room.register(member("ada", **until("2021-07-05")), "mon")
    room.register("ben", "tue")
    room.do(SwitchSession(project_id=P, registration_id=ada.id, sessions=("tue", "mon")))
    room.do(Withdraw(project_id=P, registration_id=room.of("ben").id))
    assert room.places() == {"ada": "mon"}
    room.do(corrected(email=NEW))
    assert room.places() == {"ada": "tue"}
    assert messages(room) == [
        (NoticeKind.ADDRESS_LEFT, Method.CANCEL, 1, 0),
        (NoticeKind.PLACE_MOVED, Method.REQUEST, 2, 1),
    ]
    assert room.notices[0].previous == room.state.slots["mon"]


def test_after_the_session_began_the_entry_stays_where_it_is() -> None:
    """It is the record of where they were; only what we know of them changes."""
    room = with_place()
    room.now = room.state.session("mon").begins
    room.do(corrected(email=NEW))
    assert (messages(room), room.of("ada").address) == ([], 0)


def test_who_waits_is_invited_at_the_address_they_have_by_then() -> None:
    """And told nothing now."""
    room = with_place("ben")
    room.do(CorrectMember(project_id=P, member=member("ben", email="ben@new.example.org")))
    assert messages(room) == []
    room.do(Withdraw(project_id=P, registration_id=room.of("ada").id))
    assert messages(room)[1] == (NoticeKind.PLACE_CONFIRMED, Method.REQUEST, 0, 1)


def test_who_withdrew_is_corrected_quietly() -> None:
    """Their registration is over."""
    room = with_place()
    room.do(Withdraw(project_id=P, registration_id=room.of("ada").id))
    room.do(corrected(email=NEW))
    assert (messages(room), room.happened) == ([], [EventKind.MEMBER_CORRECTED])


def test_only_the_last_addresses_are_kept() -> None:
    """Each keeps its number, and nothing can be sent to one that is gone."""
    person = Person.of(member("ada", email="a0@example.org"), "p-ada")
    for number in range(1, FORMER_KEPT + 3):
        person = person.corrected(member("ada", email=f"a{number}@example.org"))
        assert person.address == number
        assert person.address_at(number) == person.email == f"a{number}@example.org"
    assert [person.address_at(number) for number in range(person.address)] == [
        *(None, None),
        *(f"a{number}@example.org" for number in range(2, FORMER_KEPT + 2)),
    ]


def test_who_goes_to_and_fro_between_addresses_loses_none() -> None:
    """However often: a cancellation to the first may still be on its way."""
    person = Person.of(member("ada", email="a0@example.org"), "p-ada")
    for number in range(1, 3 * FORMER_KEPT):
        person = person.corrected(member("ada", email=f"{'aA'[number % 2]}{number % 2}@example.org"))
    assert [person.address_at(number) for number in range(4)] == [f"{'aA'[n % 2]}{n % 2}@example.org" for n in range(4)]


# On a desk


def sent(post: Post) -> list[tuple[str, NoticeKind, str | None]]:
    """To which address what went, and how its calendar part names the attendee."""
    return [(notice.recipient.email, notice.kind, _attendee(notice)) for notice in post.taken]


def _attendee(notice: Notice) -> str | None:
    return None if notice.invite is None else attendee_of(notice.invite.data)


def said(desk: Desk, post: Post) -> list[tuple[str, NoticeKind, str | None]]:
    """What goes out now."""
    post.taken.clear()
    desk.deliver()
    return sent(post)


def test_each_message_goes_to_the_address_it_is_for() -> None:
    """Its calendar part names the same one."""
    post = Post()
    desk = a_desk(post)
    mine = desk.do(interest("ada", "mon"))
    desk.deliver()
    assert desk.correct_member(member("ada", email=NEW)) == [P]
    assert said(desk, post) == [
        ("ada@example.org", NoticeKind.ADDRESS_LEFT, "ada@example.org"),
        (NEW, NoticeKind.ADDRESS_CORRECTED, NEW),
    ]
    assert attendee_of(desk.invite(P, mine.id)) == NEW
    desk.do(RescheduleSession(project_id=P, session_id="mon", starts="2021-07-05T15:00"))
    assert said(desk, post) == [(NEW, NoticeKind.SESSION_RESCHEDULED, NEW)]
    assert desk.correct_member(member("ada", email=NEW)) == [P]
    assert said(desk, post) == []


def test_what_nobody_took_yet_goes_to_the_new_address_alone() -> None:
    """The former one never heard of a place, so there is nothing to cancel there."""
    post = Post()
    desk = a_desk(post)
    desk.do(interest("ada", "mon"))
    desk.correct_member(member("ada", email=NEW))
    assert said(desk, post) == [(NEW, NoticeKind.PLACE_CONFIRMED, NEW)]


def test_two_corrections_at_once_leave_one_invite() -> None:
    """The first address gets its cancellation, the one between never hears of it."""
    post = Post()
    desk = a_desk(post)
    desk.do(interest("ada", "mon"))
    desk.deliver()
    desk.correct_member(member("ada", email="ada@between.example.org"))
    desk.correct_member(member("ada", email=NEW))
    assert said(desk, post) == [
        ("ada@example.org", NoticeKind.ADDRESS_LEFT, "ada@example.org"),
        (NEW, NoticeKind.PLACE_CONFIRMED, NEW),
    ]


def test_what_was_tried_is_cancelled_although_it_may_not_have_come() -> None:
    """A former address that was tried once gets the end as well."""
    post = Post(faults=1)
    clock = Clock()
    desk = a_desk(post, clock=clock)
    desk.do(interest("ada", "mon"))
    desk.deliver()
    desk.correct_member(member("ada", email=NEW))
    clock.moves(hours=1)
    assert said(desk, post) == [
        ("ada@example.org", NoticeKind.PLACE_CONFIRMED, "ada@example.org"),
        ("ada@example.org", NoticeKind.ADDRESS_LEFT, "ada@example.org"),
        (NEW, NoticeKind.ADDRESS_CORRECTED, NEW),
    ]


def test_who_comes_back_under_another_address_ends_the_old_entry_at_the_old_one() -> None:
    """Although the cancellation goes out only then."""
    post = Post()
    desk = a_desk(post)
    mine = desk.do(interest("ada", "mon"))
    desk.deliver()
    desk.do(Withdraw(project_id=P, registration_id=mine.id))
    again = desk.do(interest(member("ada", email=NEW), "mon"))
    assert (again.status, again.address) == (Status.CONFIRMED, 1)
    assert said(desk, post) == [
        ("ada@example.org", NoticeKind.WITHDRAWN, "ada@example.org"),
        (NEW, NoticeKind.PLACE_CONFIRMED, NEW),
    ]
    assert attendee_of(desk.invite(P, mine.id)) == "ada@example.org"


def test_an_address_that_is_gone_gets_nothing() -> None:
    """What was for it becomes a dead letter, and what is behind it goes out."""
    post = Post(faults=1)
    clock = Clock()
    desk = a_desk(post, clock=clock)
    mine = desk.do(interest("ada", "mon"))
    desk.deliver()
    for number in range(FORMER_KEPT + 1):
        desk.correct_member(member("ada", email=f"a{number}@example.org"))
        desk.deliver()
    clock.moves(days=2)
    assert ("ada@example.org", NoticeKind.PLACE_CONFIRMED, "ada@example.org") not in said(desk, post)
    assert post.taken[-1].recipient.email == f"a{FORMER_KEPT}@example.org"
    assert desk.dead_letters()[0].reason == "NotFound"
    assert desk.state(P).registration(mine.id).address == FORMER_KEPT + 1


def test_all_projects_are_corrected_and_one_that_fails_keeps_none_from_it() -> None:
    """Once more does the rest."""
    store = Shaky()
    desk = desk_on(store)
    for id in (P, "other"):
        open_call(desk, project(session("mon"), id=id))
        desk.do(interest("ada", "mon").model_copy(update={"project_id": id}))
    open_call(desk, project(session("mon"), id="third"))
    store.refuse_hold = [StorageError("away")]
    new = member("ada", email=NEW)
    with pytest.raises(StorageError, match="away"):
        desk.correct_member(new)
    assert sorted(kept(desk, P, "other")) == ["ada@example.org", NEW]
    assert desk.correct_member(new) == [P, "other"]
    assert kept(desk, P, "other") == [NEW, NEW]
    assert desk.correct_member(member("ben")) == []


def kept(desk: Desk, *projects: str) -> Sequence[str]:
    """Her address in these projects."""
    return [person.email for id in projects for person in desk.state(id).people.values()]


def test_a_project_that_no_longer_knows_them_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """They may be erased while they are corrected."""
    desk = a_desk()
    desk.do(interest("ada", "mon"))

    def gone(command: CorrectMember) -> Member:
        raise NotFound("member", command.member.id)

    monkeypatch.setattr(desk, "do", gone)
    assert desk.correct_member(member("ada", email=NEW)) == []


def test_a_correction_can_be_previewed_and_repeated() -> None:
    """By its id it is done once; a cancelled project takes it too, for what is kept must be true."""
    desk = a_desk()
    desk.do(interest("ada", "mon"))
    desk.do(CancelProject(project_id=P))
    command = corrected(email=NEW).model_copy(update={"id": "c-1"})
    seen: Preview = desk.preview(command)
    assert [outcome.result for outcome in seen.outcomes] == [member("ada", email=NEW)]
    assert desk.do(command) == desk.do(command) == member("ada", email=NEW)
