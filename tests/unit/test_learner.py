"""The simulation's share of what comes after the sessions: it comes up, and its checks can fail."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from insight_sessions.commands.base import Command
from insight_sessions.commands.feedback import GiveFeedback
from insight_sessions.commands.places import Withdraw
from insight_sessions.commands.work import DecideWork, ShareWork
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.project import WorkCall
from insight_sessions.domain.state import ProjectState
from insight_sessions.domain.work import SharedWork, Work, WorkStatus
from insight_sessions.errors import NotFound, Refusal
from insight_sessions.summarising import summary
from insight_sessions.testing import learned
from insight_sessions.testing.learned import Learner, check_learned
from insight_sessions.testing.mailbox import Mailbox
from insight_sessions.testing.replaying import Replay, Step
from insight_sessions.testing.world import Broken, World

from .desk_kit import P, Rehearsal, member, project, session
from .learning_kit import after, share

MEMBERS = {name: member(name) for name in ("ada", "ben")}
COMMANDS = "ShareWriteUp GiveFeedback AnswerFeedback AmendProject ShareWork DecideWork"


def test_everything_that_people_can_do_afterwards_comes_up() -> None:
    """Done and refused, and every check holds."""
    learner, room = Learner(15, MEMBERS), after()
    done, refused = set[str](), set[str]()
    for _ in range(1_500):
        room.now += timedelta(minutes=30)
        command = learner.command(room.state)
        if command is None:
            continue
        before, name = room.state, type(command).__name__
        try:
            room.do(command)
        except (Refusal, NotFound):
            refused.add(name)
            continue
        done.add(name)
        assert room.last is not None
        check_learned(before, command, room.last)
    assert done == set(COMMANDS.split())
    assert refused == done - {"AmendProject"}


def test_nothing_is_learned_before_a_session_was_held() -> None:
    """Whatever the dice say."""
    learner, room = Learner(15, MEMBERS), Rehearsal(project(session("mon")))
    assert not any(learner.command(room.state) for _ in range(50))
    empty = ProjectState(project_id=P)
    assert learner.command(empty) is None
    assert Learner(1, MEMBERS).sooner(room.state.project) == room.state.project
    assert not any(Learner(1, MEMBERS).command(after().state) for _ in range(50))  # this history has nothing of it


def test_a_notice_of_a_write_up_comes_when_it_is_shared() -> None:
    """To each reader, once, and to nobody else."""
    room = after()
    before = room.state
    command = share(audience="confirmed")
    room.do(command)
    good = room.last
    assert good is not None
    first, *others = good.notices
    check_learned(before, command, good)
    outsider = replace(first, person=room.of("dan").person)
    for notices in ((first, *good.notices), tuple(others), (outsider, *others)):
        with pytest.raises(Broken):
            check_learned(before, command, good._replace(notices=notices))
    with pytest.raises(Broken, match="when it is shared"):
        check_learned(before, Withdraw(project_id=P, registration_id="r-1"), good)


@pytest.mark.parametrize(
    "wrong",
    [
        GiveFeedback(project_id=P, registration_id="r-nobody", text="A.", may_quote=True),
        GiveFeedback(project_id=P, registration_id="", text="B.", may_quote=True),
        GiveFeedback(project_id=P, registration_id="", text="A."),
        Withdraw(project_id=P, registration_id=""),
    ],
)
def test_words_are_of_those_who_said_them(wrong: Command[Any]) -> None:
    """With their consent, or without it."""
    room = after()
    room.do(share(feedback_until=14))
    before = room.state
    command = GiveFeedback(project_id=P, registration_id=room.of("ada").id, text="A.", may_quote=True)
    room.do(command)
    assert room.last is not None
    check_learned(before, command, room.last)
    if not wrong.model_dump()["registration_id"]:
        wrong = wrong.model_copy(update={"registration_id": room.of("ada").id})
    with pytest.raises(Broken, match="in the words"):
        check_learned(before, wrong, room.last)


def test_a_quote_without_consent_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a summary had one."""
    room = after()
    room.do(share(feedback_until=14))
    before = room.state
    command = GiveFeedback(project_id=P, registration_id=room.of("ada").id, text="A.")
    given = room.do(command)
    quoting = summary(room.state.put(replace(given, may_quote=True)))
    monkeypatch.setattr(learned, "summary", {room.state: quoting}.__getitem__)
    assert room.last is not None
    with pytest.raises(Broken, match="agreed to it"):
        check_learned(before, command, room.last)


def test_a_version_that_changes_is_found() -> None:
    """What was shared stays as it was."""
    room = after()
    shared = room.do(share())
    before = room.state.put(replace(shared, text="Other."))
    with pytest.raises(Broken, match="stays"):
        check_learned(before, share(), room.decide(share()))


def test_who_is_told_twice_of_a_version_is_found() -> None:
    """In however many steps."""
    room = after()
    before = room.state
    command = share()
    room.do(command)
    assert room.last is not None
    mailbox = Mailbox(World(1))
    mailbox.expect_more(Replay(room.state, {}, (Step(before, command, room.last, room.now),)))
    again = room.last._replace(notices=tuple(replace(owed, id=f"{owed.id}x") for owed in room.last.notices))
    assert {owed.kind for owed in again.notices} == {NoticeKind.WRITE_UP}
    with pytest.raises(Broken, match="told twice"):
        mailbox.expect_more(Replay(room.state, {}, (Step(before, command, again, room.now),)))


def shared_work(**more: Any) -> tuple[Rehearsal, ProjectState, ShareWork, SharedWork]:  # noqa: ANN401 - whatever is tried
    """Ada shared work; the state before and the command that did it."""
    room = Rehearsal(project(session("mon"), work=WorkCall()))
    before = room.state
    work = Work(title="A", setting="B", summary="C", **more)
    command = ShareWork(project_id=P, member=MEMBERS["ada"], work=work)
    return room, before, command, room.do(command)


def test_work_in_other_words_is_found() -> None:
    """Or in the words of somebody who did not share it."""
    room, before, command, shared = shared_work()
    assert room.last is not None
    check_learned(before, command, room.last)
    other = command.model_copy(update={"work": Work(title="X", setting="B", summary="C")})
    agreeing = command.model_copy(update={"work": Work(title="A", setting="B", summary="C", consent=True)})
    for wrong in (other, agreeing, Withdraw(project_id=P, registration_id=shared.id)):
        with pytest.raises(Broken, match="in the words"):
            check_learned(before, wrong, room.last)


@pytest.mark.parametrize("times", [0, 2])
def test_whoever_is_not_told_once_of_their_work_is_found(times: int) -> None:
    """Nor told of work that is not there."""
    room, before, command, _ = shared_work()
    good = room.last
    assert good is not None
    with pytest.raises(Broken, match="told once"):
        check_learned(before, command, good._replace(notices=good.notices * times))
    stray = replace(good.notices[0], about="w-nobody")
    with pytest.raises(Broken, match="that is there"):
        check_learned(before, command, good._replace(notices=(*good.notices, stray)))


def test_work_that_is_published_without_consent_is_found() -> None:
    """By the rule that let it happen, or by the page."""
    room, _, _, shared = shared_work(consent=True)
    room.do(DecideWork(project_id=P, work_id=shared.id, decision=WorkStatus.SHORTLISTED))
    before = room.state
    command = DecideWork(project_id=P, work_id=shared.id, decision=WorkStatus.PUBLISHED)
    room.do(command)
    good = room.last
    assert good is not None
    check_learned(before, command, good)
    against = before.put(replace(before.works[shared.id], consent=False))
    published = room.state.put(replace(room.state.works[shared.id], consent=False))
    with pytest.raises(Broken, match="with consent"):
        check_learned(against, command, good._replace(state=published))


def test_a_page_that_shows_work_against_somebodys_will_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a summary had it."""
    room, before, command, shared = shared_work()
    showing = summary(room.state.put(replace(shared, status=WorkStatus.PUBLISHED, consent=True)))
    monkeypatch.setattr("insight_sessions.testing.learned.summary", {room.state: showing}.__getitem__)
    assert room.last is not None
    with pytest.raises(Broken, match="shows the work"):
        check_learned(before, command, room.last)
