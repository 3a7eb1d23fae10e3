from insight_sessions.commands.places import ConfirmPlace, DeclineInterest, Withdraw
from insight_sessions.commands.sessions import CancelSession
from insight_sessions.reporting import Funnel, report

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
