"""Erasing somebody in one project: what goes, who gets the place, and what is said last."""

from datetime import timedelta

import pytest

from insight_sessions.commands.base import Facts
from insight_sessions.commands.calls import AmendProject
from insight_sessions.commands.erasing import EraseMember, SettleFarewell
from insight_sessions.commands.passing import due_at, wake_at
from insight_sessions.commands.people import CorrectMember
from insight_sessions.commands.places import RegisterInterest, SwitchSession, Withdraw
from insight_sessions.correspondence import Correspondence
from insight_sessions.domain.erasure import FAREWELL_KEPT, Erasure
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.following import Follower
from insight_sessions.domain.notices import Method, NoticeKind
from insight_sessions.errors import NotFound
from insight_sessions.hooks.manager import load_plugins
from insight_sessions.records import changed_records

from .desk_kit import NOW, P, Rehearsal, member, project, session

HOUR = timedelta(hours=1)


def erase(who: str = "ada", **more: object) -> EraseMember:
    """Somebody wants to be forgotten."""
    return EraseMember.model_validate({"project_id": P, "member_id": who, **more})


def told(room: Rehearsal) -> list[tuple[str, NoticeKind, Method | None]]:
    """Who is told what by the last command, those who are gone too."""
    return [(owed.person, owed.kind, owed.method) for owed in room.notices]


def asking() -> Rehearsal:
    """A project with one place, which asks everything it can."""
    return Rehearsal(
        project(
            session("mon"),
            session("tue", capacity=1),
            questions=[{"id": "role", "text": "Role?"}],
            consents=[{"purpose": "quotes", "text": "You may quote me."}],
        )
    )


def test_everything_about_somebody_goes_and_their_place_to_the_next() -> None:
    """In one step; the journal keeps ids, and the entry leaves their calendar."""
    room = asking()
    ada = room.register("ada", "mon", answers={"role": "Nurse"}, consents=("quotes",))
    room.register("ben", "mon")
    erasure = room.do(erase())
    assert erasure == Erasure(
        id=erasure.id,
        at=NOW,
        projects=(P,),
        records={"answers": 1, "consent": 1, "person": 1, "registration": 1},
        freed=("mon",),
        pending={"farewell": "A last message is on its way to them."},
    )
    assert not erasure.complete
    assert room.places() == {"ben": "mon"}
    assert told(room) == [
        ("p-ben", NoticeKind.PLACE_CONFIRMED, Method.REQUEST),
        ("p-ada", NoticeKind.FAREWELL, Method.CANCEL),
    ]
    farewell = room.notices[-1]
    assert (farewell.registration, farewell.sequence) == (ada.id, ada.sequence + 1)
    assert farewell.previous == room.state.slots["mon"]
    assert room.happened[0] is EventKind.MEMBER_ERASED
    assert (room.events[0].person, room.events[0].previous, room.events[0].outcome) == ("p-ada", "mon", erasure.id)
    assert [kind for kind, _ in room.state.about("p-ada")] == ["farewell"]
    assert room.state.registration_of("ada") is None


def test_when_the_last_message_is_taken_nothing_is_left() -> None:
    """By every consumer; the erasure is complete then, and nobody settles it twice."""
    room = asking()
    ada = room.register("ada", "mon")
    facts = Facts(NOW, person="p-ada", notifiers=("notify/mail", "notify/post"))
    erasure = room.do(erase(), facts)
    settle = SettleFarewell(project_id=P, registration_id=ada.id, consumer="notify/post")
    room.do(settle)
    assert room.state.farewells[ada.id].awaited == ("notify/mail",)
    room.do(settle)
    assert room.state.farewells[ada.id].awaited == ("notify/mail",)
    room.do(settle.model_copy(update={"consumer": "notify/mail"}))
    assert room.happened == [EventKind.FAREWELL_SETTLED]
    assert room.state.about("p-ada") == []
    found = room.state.find("erasure", erasure.id)
    assert isinstance(found, Erasure)
    assert found.complete
    with pytest.raises(NotFound, match="farewell"):
        room.do(settle)


def test_an_address_is_kept_for_a_day_at_most() -> None:
    """Whoever never came to take the message."""
    room = asking()
    ada = room.register("ada", "mon")
    room.do(erase())
    until = NOW + FAREWELL_KEPT
    assert room.state.farewells[ada.id].until == until
    assert wake_at(room.state) == until
    assert due_at(room.state, until - HOUR) is None
    due = due_at(room.state, until)
    assert isinstance(due, SettleFarewell)
    room.do(due)
    assert room.state.about("p-ada") == []


def test_who_waits_is_told_that_they_wait_no_more() -> None:
    """There is nothing to cancel."""
    room = asking()
    room.register("ada", "mon")
    room.register("ben", "mon")
    room.do(erase("ben"))
    assert told(room) == [("p-ben", NoticeKind.FAREWELL, None)]
    assert room.line("mon") == []
    assert room.places() == {"ada": "mon"}


def test_who_withdrew_before_gets_the_cancellation_once_more() -> None:
    """It may not have arrived; the same revision, so that no calendar minds."""
    room = asking()
    ada = room.register("ada", "mon")
    room.do(Withdraw(project_id=P, registration_id=ada.id, reason="On call."))
    cancelled = room.notices[0]
    room.now += HOUR
    erasure = room.do(erase())
    assert told(room) == [("p-ada", NoticeKind.FAREWELL, Method.CANCEL)]
    assert room.notices[0].sequence == cancelled.sequence
    assert (erasure.freed, erasure.records["reason"]) == ((), 1)


def test_the_cancellation_that_comes_once_more_says_what_it_said() -> None:
    """One revision says one thing, whatever is said about the project since."""
    room, plain = asking(), Correspondence(load_plugins([], discover=False))
    ada = room.register("ada", "mon")
    room.do(Withdraw(project_id=P, registration_id=ada.id))
    first = plain.notice(room.notices[0], room.state).invite
    room.do(AmendProject(project_id=P, title="Second name", summary="Said anew."))
    room.do(erase())
    again = plain.notice(room.notices[0], room.state).invite
    assert first is not None
    assert again is not None
    stamps = ("DTSTAMP", "LAST-MODIFIED")
    plainly = [
        [one for one in said.data.decode().splitlines() if not one.startswith(stamps)] for said in (first, again)
    ]
    assert plainly[0] == plainly[1]


def test_who_never_had_a_place_and_hopes_no_more_is_not_written_to() -> None:
    """Nothing is in their calendar."""
    room = asking()
    room.register("ada", "mon")
    ben = room.register("ben", "mon")
    room.do(Withdraw(project_id=P, registration_id=ben.id))
    assert room.do(erase("ben")).complete
    assert (told(room), room.state.about("p-ben")) == ([], [])


def test_what_has_begun_stays_in_the_calendar() -> None:
    """And gives no place away."""
    room = asking()
    room.register("ada", "mon")
    room.register("ben", "mon")
    room.now = room.state.session("mon").begins
    erasure = room.do(erase())
    assert (told(room), erasure.freed, erasure.complete) == ([], (), True)
    assert room.places() == {"ben": None}


@pytest.mark.parametrize(
    ("farewell", "notifiers"), [(False, ("notify/post",)), (True, ())], ids=["unwanted", "nobody brings it"]
)
def test_who_is_not_written_to_is_gone_at_once(farewell: bool, notifiers: tuple[str, ...]) -> None:
    """No address is kept."""
    room = asking()
    room.register("ada", "mon")
    erasure = room.do(erase(farewell=farewell), Facts(NOW, person="p-ada", notifiers=notifiers))
    assert erasure.complete
    assert (told(room), room.state.about("p-ada")) == ([], [])
    assert erasure.freed == ("mon",)


def test_a_last_message_that_is_unwanted_after_all_is_dropped() -> None:
    """Erasing once more with no farewell deletes the address; with one there is nothing more to erase."""
    room = asking()
    room.register("ada", "mon")
    room.do(erase())
    with pytest.raises(NotFound, match="member"):
        room.do(erase())
    assert room.do(erase(farewell=False)).records == {"farewell": 1}
    assert room.state.about("p-ada") == []


def test_nobody_is_erased_whom_nobody_knows() -> None:
    """The error names our id of them."""
    room = asking()
    with pytest.raises(NotFound, match="no member 'p-eve'"):
        room.do(erase("eve"))


def test_all_their_registrations_go() -> None:
    """Each entry is taken out of the calendar in which it is; others keep their places in line."""
    room = asking()
    first = room.register(member("ada", email="old@example.org"), "mon")
    room.do(Withdraw(project_id=P, registration_id=first.id))
    room.register("ben", "tue")
    room.now += HOUR
    second = room.register("ada", "mon")
    erasure = room.do(erase())
    assert erasure.records["registration"] == 2
    assert told(room) == [("p-ada", NoticeKind.FAREWELL, Method.CANCEL)] * 2
    assert [owed.registration for owed in room.notices] == [first.id, second.id]
    kept = room.state.farewells
    assert (kept[first.id].email, kept[second.id].email) == ("old@example.org", "ada@example.org")
    assert room.places() == {"ben": "tue"}


def test_an_entry_behind_an_address_that_is_gone_is_cancelled_at_the_present_one() -> None:
    """Better than nowhere."""
    room = asking()
    first = room.register(member("ada", email="a0@example.org"), "mon")
    room.do(Withdraw(project_id=P, registration_id=first.id))
    for number in range(1, 6):
        room.do(CorrectMember(project_id=P, member=member("ada", email=f"a{number}@example.org")))
    room.do(erase())
    kept = room.state.farewells[first.id]
    assert kept.email == "a5@example.org"
    assert kept.recipient.address_at(kept.address) == "a5@example.org"


def test_a_held_offer_and_a_kept_place_are_both_free() -> None:
    """An offer is a place as well."""
    room = Rehearsal(project(session("mon"), session("tue"), fill="offer"))
    room.register("ada", "mon")
    room.register("ben", "tue")
    ada = room.of("ada")
    room.do(SwitchSession(project_id=P, registration_id=ada.id, sessions=("tue", "mon")))
    room.do(Withdraw(project_id=P, registration_id=room.of("ben").id))
    assert room.of("ada").holds == ("mon", "tue")
    assert room.do(erase()).freed == ("mon", "tue")
    assert room.state.places_left("mon") == room.state.places_left("tue") == 1
    assert wake_at(room.state) is not None


def test_who_follows_too_leaves() -> None:
    """Under the ids of each address that is known of them, and under those that are given; the journal says so."""
    room = asking()
    room.register("ada", "mon")
    for id in ("f-1", "f-2", "f-3"):
        room.state = room.state.put(Follower(id=id, name="Ada", email=f"{id}@example.org", asked=NOW, confirmed=NOW))
    facts = Facts(NOW, person="p-ada", also=("f-1", "f-2"))
    erasure = room.do(erase(), facts)
    assert erasure.records["follower"] == 2
    assert sorted(room.state.followers) == ["f-3"]
    assert {event.person for event in room.events if event.kind is EventKind.UNFOLLOWED} == {"f-1", "f-2"}


def test_registrations_go_one_by_one_in_any_order() -> None:
    """What is left of somebody stays the newest; who does not follow cannot go."""
    room = asking()
    first = room.register("ada", "mon")
    room.do(Withdraw(project_id=P, registration_id=first.id))
    newest = room.register("ada", "tue")
    left = room.state.without("registration", newest.id)
    assert left.latest_of("p-ada") == room.state.registrations[first.id]
    assert room.state.without("registration", first.id).latest_of("p-ada") == newest
    assert left.without("registration", first.id).latest_of("p-ada") is None
    assert room.state.following.without("f-nobody") == room.state.following


def test_whoever_comes_back_is_new() -> None:
    """Under the same id of ours, with a number of their own."""
    room = asking()
    first = room.register("ada", "mon")
    room.do(erase())
    again = room.register("ada", "mon")
    assert again.id != first.id
    assert again.person == first.person
    assert room.state.registration_of("ada") == again


def test_what_is_gone_is_written_as_gone() -> None:
    """Each record without its body, and nothing of what was in it."""
    room = asking()
    room.register("ada", "mon", answers={"role": "Nurse"})
    room.state = room.state.settled()
    room.do(erase(farewell=False))
    written = {(one.kind, one.body, one.subject, one.unique) for one in changed_records(room.state, 9) if not one.body}
    kinds = {"registration", "person", "answers", "consent"}
    assert written == {(kind, None, None, None) for kind in kinds}
    assert room.state.without("person", "p-ada") is room.state


def test_a_host_that_changed_an_id_keeps_who_has_it_now() -> None:
    """Two people of ours with one id of the host's: only the newest is found by it, and erasing the other leaves it."""
    room = asking()
    room.register("ada", "mon")
    room.do(
        RegisterInterest(project_id=P, member=member("ada", email="other@example.org"), sessions=("tue",)),
        Facts(NOW, member("ada", email="other@example.org"), "p-other"),
    )
    room.do(erase(farewell=False))
    assert room.of("ada").person == "p-other"
