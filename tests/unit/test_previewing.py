from datetime import timedelta

import pytest

from insight_sessions.commands.calls import AnnounceProject, CloseCall, OpenCall
from insight_sessions.commands.sessions import AddSession, CancelSession
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.project import Call, Project
from insight_sessions.domain.registration import Registration
from insight_sessions.errors import CallNotOpen, NotFound, PluginError

from .desk_kit import NOW, P, interest, project, session
from .desk_store import Clock, Directory, Post, Shaky, a_desk, desk_on, open_call


def test_a_preview_shows_what_would_happen_and_writes_nothing() -> None:
    """Outcomes, notices and the state as it would be."""
    storage, post = Shaky(), Post()
    desk = open_call(desk_on(storage, post), project(session("mon"), session("tue")))
    desk.do(interest("ada", "mon", id="k-1"))
    desk.deliver()
    commits, before = len(storage.commits), desk.state(P)
    seen = desk.preview(interest("ben", "mon", "tue"), CancelSession(project_id=P, session_id="mon", id="k-2"))
    assert [type(outcome.result) for outcome in seen.outcomes] == [Registration, type(before.session("mon"))]
    assert [notice.kind for notice in seen.notices] == [NoticeKind.PLACE_CONFIRMED, NoticeKind.SESSION_CANCELLED]
    assert seen.state.session("mon").status == "cancelled"
    assert (desk.state(P), len(storage.commits)) == (before, commits)
    assert desk.deliver().total == 0
    assert desk.do(CancelSession(project_id=P, session_id="mon", id="k-2")).sequence == 1


def test_a_preview_goes_on_after_what_would_be_refused() -> None:
    """Refusals and errors are told apart, as in `do_many`."""
    desk = a_desk()
    twice = AddSession(project_id=P, session=session("mon"))
    closed, refused, missing, wrong = desk.preview(
        CloseCall(project_id=P), interest("ada", "mon"), CancelSession(project_id=P, session_id="fri"), twice
    ).outcomes
    assert isinstance(closed.result, Project)
    assert isinstance(refused.refusal, CallNotOpen)
    assert (refused.result, refused.error) == (None, None)
    assert isinstance(missing.error, NotFound)
    assert isinstance(wrong.error, ValueError)


def test_a_project_can_be_previewed_before_it_is_announced() -> None:
    """From nothing to the first place."""
    seen = desk_on().preview(AnnounceProject(project=project()), OpenCall(project_id=P), interest("ada", "mon"))
    assert [outcome.error for outcome in seen.outcomes] == [None, None, None]
    assert seen.state.places_left("mon") == 0


def test_time_passes_in_a_preview_too() -> None:
    """A call whose time has come is open in it."""
    clock = Clock()
    desk = desk_on(clock=clock)
    desk.do(AnnounceProject(project=project(call=Call(opens_at=NOW + timedelta(hours=1)))))
    clock.moves(hours=1)
    (outcome,) = desk.preview(interest("ada", "mon")).outcomes
    assert outcome.error is None
    assert outcome.refusal is None
    assert desk.state(P).call.status == "draft"


def test_a_plugin_that_cannot_be_asked_is_an_outcome() -> None:
    """The rest of the preview stands."""
    directory = Directory()
    directory.broken = True
    desk = a_desk(directory)
    one, two = desk.preview(
        interest("ada", "mon").model_copy(update={"member": "ada"}), interest("ben", "mon")
    ).outcomes
    assert isinstance(one.error, PluginError)
    assert isinstance(two.result, Registration)


def test_a_preview_of_nothing_or_of_two_projects_is_a_mistake() -> None:
    """As is `do_many` of another project."""
    desk = a_desk()
    with pytest.raises(ValueError, match="nothing to preview"):
        desk.preview()
    with pytest.raises(ValueError, match="for 'covid-backlogs', and one is for 'other'"):
        desk.preview(CloseCall(project_id=P), CloseCall(project_id="other"))
    with pytest.raises(ValueError, match="for 'other', and one is for 'covid-backlogs'"):
        desk.do_many("other", [CloseCall(project_id=P)])
    assert desk.state(P).call.is_open
