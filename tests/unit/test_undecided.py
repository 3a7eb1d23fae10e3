"""Under review: who is told what while somebody is still to decide; and some doors that are rarely used."""

import pytest

from insight_sessions import Member, NotPossible, PluginError, hookimpl
from insight_sessions.calendar.lines import fold
from insight_sessions.commands.base import Facts
from insight_sessions.commands.passing import RecheckEligibility
from insight_sessions.commands.places import ConfirmPlace, SwitchSession
from insight_sessions.commands.sessions import CancelSession
from insight_sessions.domain.notices import NoticeKind, Owed
from insight_sessions.errors import CHECK_FAILED
from insight_sessions.wording import say

from .desk_kit import P, Rehearsal, interest, project, session
from .desk_store import a_desk


def said(room: Rehearsal, kind: NoticeKind) -> str:
    """The words of the one notice of that kind that the last command owes."""
    assert room.last is not None
    [owed] = [one for one in room.last.notices if one.kind is kind]
    return words(room, owed)


def words(room: Rehearsal, owed: Owed) -> str:
    """Subject and text."""
    return "\n".join(say(owed, room.state.project, room.state.people[owed.person]))


def test_who_hopes_for_a_cancelled_session_hears_what_is_left_of_their_interest() -> None:
    """Not a word of a waiting list, for nothing is decided."""
    room = Rehearsal(project(session("mon"), session("tue"), places="review"))
    room.register("ada", "mon", "tue")
    room.do(CancelSession(project_id=P, session_id="mon"))
    text = said(room, NoticeKind.SESSION_CANCELLED)
    assert "Your interest stands for:\nTuesday 6 July 2021" in text
    assert "the organisers decide who can join" in text
    assert "waiting list" not in text


def test_who_asks_for_another_session_under_review_hears_who_decides() -> None:
    """And that their place is certain until then."""
    room = Rehearsal(project(session("mon"), session("tue"), places="review"))
    ada = room.register("ada", "mon", "tue")
    room.do(ConfirmPlace(project_id=P, registration_id=ada.id, session_id="mon"))
    room.do(SwitchSession(project_id=P, registration_id=ada.id, sessions=("tue",)))
    text = said(room, NoticeKind.SWITCH_WAITING)
    assert "The organisers will decide, so you keep the place you have:" in text
    assert "The organisers decide about your wish for:\nTuesday 6 July 2021" in text
    assert "Until then your place is certain." in text


def test_a_check_that_found_nothing_out_changes_nothing() -> None:
    """An outage bars nobody, and does not count as a check."""
    room = Rehearsal(project(session("mon", capacity=0)))
    ada = room.register("ada", "mon")
    facts = Facts(room.now, objections=(CHECK_FAILED,))
    with pytest.raises(NotPossible, match="Nothing new"):
        room.do(RecheckEligibility(project_id=P, registration_id=ada.id), facts)
    assert room.of("ada") == ada


def test_one_look_up_that_fails_is_one_outcome() -> None:
    """The others of the same call are done."""

    class Away:
        name = "away"

        @hookimpl
        def insight_sessions_find_member(self, key: str) -> Member | None:
            """Is down."""
            raise RuntimeError(key)

    desk = a_desk(Away(), announced=project(session("mon")))
    by_id = interest("ada", "mon").model_copy(update={"member": "ada"})
    first, second = desk.do_many(P, [by_id, interest("ben", "mon")])
    assert isinstance(first.error, PluginError)
    assert second.result is not None
    assert second.result.place == "mon"


def test_a_line_is_not_folded_between_an_escape_and_what_it_escapes() -> None:
    """Some readers unfold too late."""
    folded = fold("X" * 74 + "\\n" + "Y" * 10)
    assert folded == b"X" * 74 + b"\r\n \\n" + b"Y" * 10 + b"\r\n"
