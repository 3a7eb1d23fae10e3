from insight_sessions.commands.allocation import Allocate
from insight_sessions.commands.places import ConfirmPlace, DeclineInterest, SwitchSession, Withdraw
from insight_sessions.commands.sessions import CancelSession
from insight_sessions.domain.allocated import Unmet
from insight_sessions.domain.allocation import Bound
from insight_sessions.reporting import Funnel, Satisfaction, report

from .desk_kit import P, Rehearsal, member, project, session


def test_a_report_counts_each_session_in_the_order_of_time() -> None:
    """Places, people waiting, what is left, and whether it is worth running."""
    room = Rehearsal(project(session("tue", capacity=None), session("mon", capacity=2, minimum=2), session("thu")))
    for who in ("ada", "ben", "cat"):
        room.register(who, "mon")
    room.register("dan", "tue")
    room.do(CancelSession(project_id=P, session_id="thu"))
    mon, tue, thu = report(room.state).sessions
    assert (mon.session.id, mon.confirmed, mon.waiting, mon.left, mon.viable) == ("mon", 2, 1, 0, True)
    assert (tue.session.id, tue.confirmed, tue.waiting, tue.left, tue.viable) == ("tue", 1, 0, None, True)
    assert (thu.session.id, thu.confirmed, thu.viable) == ("thu", 0, False)


def test_a_session_below_its_minimum_is_not_viable() -> None:
    """At the minimum it is."""
    room = Rehearsal(project(session("mon", capacity=9, minimum=2)))
    room.register("ada", "mon")
    assert not report(room.state).sessions[0].viable
    room.register("ben", "mon")
    assert report(room.state).sessions[0].viable


def test_the_funnel_counts_every_registration_once() -> None:
    """By what became of it."""
    room = Rehearsal(project(session("mon", capacity=9), places="review"))
    one = {who: room.register(who, "mon").id for who in ("ada", "ben", "cat", "dan")}
    room.do(ConfirmPlace(project_id=P, registration_id=one["ada"], session_id="mon"))
    room.do(DeclineInterest(project_id=P, registration_id=one["ben"]))
    room.do(Withdraw(project_id=P, registration_id=one["cat"]))
    assert report(room.state).funnel == Funnel(
        registered=4, confirmed=1, offered=0, waiting=0, interested=1, declined=1, withdrawn=1
    )


def test_the_balance_counts_those_who_have_a_place() -> None:
    """By attribute and value, for each session and for all."""
    room = Rehearsal(project(session("mon", capacity=2), session("tue")))
    room.register(member("ada", attributes={"setting": "acute", "country": "England"}), "mon")
    room.register(member("ben", attributes={"setting": "acute"}), "mon")
    room.register(member("cat", attributes={"setting": "community"}), "tue")
    room.register(member("dan", attributes={"setting": "dental"}), "mon")
    found = report(room.state)
    assert found.project_id == P
    assert found.balance == {"country": {"England": 1}, "setting": {"acute": 2, "community": 1}}
    assert [one.balance for one in found.sessions] == [
        {"country": {"England": 1}, "setting": {"acute": 2}},
        {"setting": {"community": 1}},
    ]


def test_a_report_names_nobody() -> None:
    """It is numbers."""
    room = Rehearsal(project())
    room.register(member(name="Canary", email="canary@example.org"), "mon")
    assert "anary" not in repr(report(room.state))


def test_satisfaction_counts_which_wish_came_true() -> None:
    """For all, for each session, and for each value of each attribute; of people who are still in."""
    room = Rehearsal(project(session("mon", capacity=1), session("tue", capacity=2), session("thu"), places="review"))
    one = {
        who: room.register(member(who, attributes={"setting": setting}), *wishes).id
        for who, setting, *wishes in (
            ("ada", "acute", "mon", "tue"),
            ("ben", "acute", "thu", "mon", "tue"),
            ("cat", "dental", "tue"),
            ("dan", "dental", "mon"),
            ("eve", "dental", "mon"),
        )
    }
    for who, session_id in (("ada", "mon"), ("ben", "tue"), ("cat", "tue")):
        room.do(ConfirmPlace(project_id=P, registration_id=one[who], session_id=session_id))
    room.do(DeclineInterest(project_id=P, registration_id=one["eve"]))
    found = report(room.state)
    assert found.satisfaction == Satisfaction(granted=(2, 0, 1), elsewhere=0, none=1)
    assert found.satisfaction.people == 4
    assert found.satisfaction_of == {
        "setting": {"acute": Satisfaction((1, 0, 1)), "dental": Satisfaction((1,), none=1)},
    }
    mon, tue, thu = found.sessions
    assert (mon.wished, mon.satisfaction) == ((2, 1), Satisfaction((1,)))
    assert (tue.wished, tue.satisfaction) == ((1, 1, 1), Satisfaction((1, 0, 1)))
    assert (thu.wished, thu.satisfaction) == ((1,), Satisfaction())


def test_a_place_that_was_not_wished_for_is_told_apart() -> None:
    """Such as after they said anew what they can attend."""
    room = Rehearsal(project(session("mon"), session("tue", capacity=0)))
    ada = room.register("ada", "mon")
    room.do(SwitchSession(project_id=P, registration_id=ada.id, sessions=("tue",)))
    assert report(room.state).satisfaction == Satisfaction(elsewhere=1)


def test_the_bounds_of_the_newest_allocation_are_looked_at_as_things_are_now() -> None:
    """With the values, which an allocation does not keep."""
    room = Rehearsal(
        project(session("mon", capacity=2), session("tue", capacity=2), session("thu"), places="allocation")
    )
    assert report(room.state).unmet == ()
    for who, setting in (("ada", "acute"), ("ben", "acute"), ("cat", "dental")):
        room.register(member(who, attributes={"setting": setting}), "mon" if who != "cat" else "tue")
    balance = (
        Bound(attribute="setting", at_least=1, sessions=("mon", "tue")),
        Bound(attribute="setting", value="acute", at_most=1),
        Bound(attribute="role", value="nurse", at_least=1),
    )
    room.do(Allocate(project_id=P, policy="balanced", seed=1, balance=balance))
    room.do(CancelSession(project_id=P, session_id="thu"))
    assert report(room.state).unmet == (
        Unmet(0, "tue", "acute", 1, 0),
        Unmet(0, "mon", "dental", 1, 0),
        Unmet(1, "mon", "acute", 0, 1),
        Unmet(2, "mon", "nurse", 1, 0),
        Unmet(2, "tue", "nurse", 1, 0),
    )
