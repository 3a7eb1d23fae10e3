"""The simulation's share of what comes after the sessions: it comes up, and its checks can fail."""

from dataclasses import replace
from typing import Any

import pytest

from insight_sessions.commands.base import Command
from insight_sessions.commands.feedback import GiveFeedback
from insight_sessions.commands.places import Withdraw
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import NotFound, Refusal
from insight_sessions.summarising import summary
from insight_sessions.testing import learned
from insight_sessions.testing.learned import Learner, check_learned
from insight_sessions.testing.mailbox import Mailbox
from insight_sessions.testing.replaying import Replay, Step
from insight_sessions.testing.world import Broken, World

from .desk_kit import P, Rehearsal, project, session
from .learning_kit import after, share


def test_everything_that_people_can_do_afterwards_comes_up() -> None:
    """Done and refused, and every check holds."""
    learner, room = Learner(9), after()
    done, refused = set[str](), set[str]()
    for _ in range(600):
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
    assert done == refused == {"ShareWriteUp", "GiveFeedback", "AnswerFeedback"}


def test_nothing_is_learned_before_a_session_was_held() -> None:
    """Whatever the dice say."""
    learner, room = Learner(9), Rehearsal(project(session("mon")))
    assert not any(learner.command(room.state) for _ in range(50))
    empty = ProjectState(project_id=P)
    assert learner.command(empty) is None
    assert not any(Learner(1).command(after().state) for _ in range(50))  # this history has nothing of it


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
