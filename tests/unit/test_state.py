import pickle
from dataclasses import replace

import pytest

from insight_sessions.commands.calls import AmendProject
from insight_sessions.commands.places import Withdraw
from insight_sessions.domain.member import Person
from insight_sessions.domain.project import Contact
from insight_sessions.domain.registration import Decision, Offer, Registration
from insight_sessions.domain.session import SessionStatus
from insight_sessions.domain.state import ProjectState
from insight_sessions.domain.thing import Thing
from insight_sessions.errors import NotFound

from .desk_kit import DAY, NOW, P, Rehearsal, member, project, session, until


def waiting(room: Rehearsal, *who: str) -> None:
    """People who wait for Monday, which is full."""
    for one in who:
        room.register(one, "mon")


def test_what_is_not_there_is_not_found() -> None:
    """By kind and id."""
    with pytest.raises(NotFound, match="no project"):
        _ = ProjectState(project_id=P).project
    for look in (ProjectState(project_id=P).session, ProjectState(project_id=P).registration):
        with pytest.raises(NotFound, match=f"no project '{P}'"):
            look("x")
    state = Rehearsal(project()).state
    with pytest.raises(NotFound, match="no session 'fri'"):
        state.session("fri")
    with pytest.raises(NotFound, match="no registration 'r-9'"):
        state.registration("r-9")
    with pytest.raises(NotFound, match="no rumour 'r-9'"):
        state.find("rumour", "r-9")
    assert state.registration_of("ada") is None


def test_results_are_found_by_kind_and_id() -> None:
    """A project, a session or a registration."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon")
    assert room.state.find("project", P) == room.state.project
    assert room.state.find("session", "mon") is room.state.session("mon")
    assert room.state.find("registration", ada.id) == room.of("ada")


def test_places_left_is_none_without_a_limit() -> None:
    """And never below zero otherwise."""
    room = Rehearsal(project(session("mon"), session("tue", capacity=None), session("thu", capacity=0)))
    room.register("ada", "mon")
    assert [room.state.places_left(id) for id in ("mon", "tue", "thu")] == [0, None, 0]
    assert [room.state.has_room(room.state.session(id)) for id in ("mon", "tue", "thu")] == [False, True, False]


def test_an_offer_takes_a_place_too() -> None:
    """Places and offers together never exceed the capacity."""
    room = Rehearsal(project(session("mon", capacity=3), session("tue", capacity=2)))
    ada = room.register("ada", "mon")
    state = room.state.put(replace(ada, offer=Offer("tue", NOW + DAY)))
    assert [state.places_left(id) for id in ("mon", "tue")] == [2, 1]
    state = state.put(replace(ada, place="tue", offer=None))
    assert [state.places_left(id) for id in ("mon", "tue")] == [3, 1]


def test_a_state_is_a_value() -> None:
    """A reader's view stays what it was."""
    room = Rehearsal(project())
    view = room.state
    room.register("ada", "mon")
    assert view.registration_of("ada") is None
    assert view.places_left("mon") == 1
    assert len(room.state.registrations) == 1


def test_holders_come_by_arrival() -> None:
    """Whatever their ids are."""
    room = Rehearsal(project(session(capacity=12)))
    for number in range(12):
        room.register(f"m{number}", "mon")
    assert [one.arrived for one in room.state.holders("mon")] == list(range(1, 13))


def test_the_displaced_come_before_everyone_else_in_line() -> None:
    """Each group by arrival."""
    room = Rehearsal(project())
    waiting(room, "ada", "ben", "cat", "dan")
    state = room.state
    for who in ("dan", "cat"):
        state = state.put(replace(room.of(who), displaced=True))
    assert [state.people[one.person].member_id for one in state.waiting("mon")] == ["cat", "dan", "ben"]


def test_the_newest_registration_of_a_member_counts() -> None:
    """Also when an older one is put later."""
    room = Rehearsal(project())
    first = room.register("ada", "mon")
    withdrawn = room.do(Withdraw(project_id=P, registration_id=first.id))
    second = room.register("ada", "tue")
    assert room.of("ada") == second
    assert room.state.put(withdrawn).registration_of("ada") == second
    assert room.state.latest_of("p-nobody") is None


def test_a_membership_that_lapses_leaves_the_line() -> None:
    """And one that is renewed comes back to its place."""
    room = Rehearsal(project())
    waiting(room, "ada", "ben", "cat")
    lapsed = room.state.put(Person.of(member("ben", **until("2021-07-01")), "p-ben"))
    assert [one.person for one in lapsed.waiting("mon")] == ["p-cat"]
    renewed = lapsed.put(Person.of(member("ben"), "p-ben"))
    assert [one.person for one in renewed.waiting("mon")] == ["p-ben", "p-cat"]
    assert set(lapsed.changed(room.state)) == {("person", "p-ben")}


def test_a_project_for_everyone_asks_for_no_membership() -> None:
    """Nor does a state without a project, which has no rules yet."""
    room = Rehearsal(project(members_only=False))
    ada = room.register(member(active=False, **until("2021-01-01")), "mon")
    assert room.state.may_take(ada.person, room.state.session("mon"))
    assert ProjectState(project_id=P).may_take(ada.person, room.state.session("mon"))


def test_a_session_that_moves_is_for_those_whose_membership_covers_it() -> None:
    """The line is made anew."""
    room = Rehearsal(project())
    waiting(room, "ada", "ben")
    room.register(member("cat", **until("2021-07-06")), "mon")
    mon = room.state.session("mon")
    later = mon.model_copy(update={"starts": mon.starts + 2 * DAY})
    assert [one.person for one in room.state.put(later).waiting("mon")] == ["p-ben"]
    assert room.state.put(mon.model_copy(update={"status": SessionStatus.HELD})).waiting("mon") == ()


def test_sessions_at_the_same_time_stand_in_the_order_of_their_ids() -> None:
    """So that lists never jump."""
    state = Rehearsal(project(session("b"), session("a"))).state
    assert [one.id for one in state.in_order()] == ["a", "b"]


def test_changes_are_noted_until_they_are_committed() -> None:
    """By kind and id, each with what it is now."""
    room = Rehearsal(project())
    before = room.state
    ada = room.register("ada", "mon")
    assert room.state.changed(before) == {
        ("person", "p-ada"): room.state.people["p-ada"],
        ("registration", ada.id): room.of("ada"),
    }
    assert set(room.state.changed()) == {*before.changed(), *room.state.changed(before)}
    assert room.state.settled().changed() == room.state.at(version=1, epoch="e", journal_end=1).changed() == {}


def test_a_thing_that_changes_twice_is_noted_as_it_is_now() -> None:
    """In the place in which it was first noted."""
    state = Rehearsal(project()).state
    mon, tue = state.session("mon"), state.session("tue")
    later = mon.model_copy(update={"minutes": 90})
    assert list(state.put(mon).put(tue).put(later).changed(state).values()) == [later, tue]


def test_a_state_knows_what_version_of_the_store_it_is() -> None:
    """With nothing noted as changed."""
    state = Rehearsal(project()).state.at(version=7, epoch="e", journal_end=3)
    assert (state.version, state.epoch, state.journal_end, len(state.changed())) == (7, "e", 3, 0)


def test_a_contact_of_the_past_is_kept() -> None:
    """By number, for those whose invites it signs."""
    room = Rehearsal(project())
    room.do(AmendProject(project_id=P, organiser=Contact(name="New", email="new@example.org")))
    assert {id: one.contact.name for id, one in room.state.organisers.items()} == {"0": "Q insight team", "1": "New"}


def test_a_state_survives_pickling() -> None:
    """It is a value like any other."""
    room = Rehearsal(project())
    waiting(room, "ada", "ben")
    again: ProjectState = pickle.loads(pickle.dumps(room.state))  # noqa: S301 - our own bytes
    assert again == room.state
    assert again.waiting("mon") == room.state.waiting("mon")


def test_an_arrival_number_is_never_given_twice() -> None:
    """Not even after the one who had it last has moved on."""
    room = Rehearsal(project())
    waiting(room, "ada", "ben")
    ben = room.of("ben")
    state = room.state.put(replace(ben, arrived=5))
    assert state.next_arrival == 6
    assert dict(state.arrivals) == {5: ben.id}
    assert state.put(replace(ben, decision=Decision.WITHDRAWN, arrived=5)).next_arrival == 6


def test_what_is_kept_of_somebody_is_their_registration() -> None:
    """With no name in it."""
    room = Rehearsal(project())
    kept = room.register(member("ada", name="Canary"), "mon")
    assert isinstance(kept, Registration)
    assert "Canary" not in repr(kept)
    assert "ada@example.org" not in repr(kept)


def test_catching_up_one_by_one_gives_the_same_as_opening_anew() -> None:
    """Whichever way a process came to a state."""
    room = Rehearsal(project())
    waiting(room, "ada", "ben", "cat")
    things: list[Thing] = [
        *room.state.sessions.values(),
        *room.state.people.values(),
        *room.state.registrations.values(),
    ]
    opened = ProjectState(project_id=P).with_all([room.state.definition, *things])
    caught_up = opened.put(replace(room.of("ben"), displaced=True)).with_all(things)
    assert caught_up.waiting("mon") == opened.waiting("mon") == room.state.waiting("mon")
    assert (caught_up.taken, caught_up.latest) == (opened.taken, opened.latest) == (room.state.taken, room.state.latest)


def test_a_state_of_a_project_without_people_can_be_opened() -> None:
    """The first one is number 1."""
    room = Rehearsal(project())
    opened = ProjectState(project_id=P).with_all([room.state.definition, *room.state.sessions.values()])
    assert opened.next_arrival == 1
