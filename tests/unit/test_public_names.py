import importlib
import pickle
import subprocess
import sys
from importlib.metadata import version

import pytest

import insight_sessions
from insight_sessions import InsightSessionsError
from insight_sessions.storage.memory import MemoryStorage

from .desk_kit import P, interest, member, project, session
from .desk_store import Clock, Post, desk_on, open_call

NAMES = """
AbsencesAtMost AcceptOffer ActiveMember AddSession AllOf Allocate Allocation AllocationPolicy AlreadyRegistered
AmendAnswers AmendProject AnnounceProject AnswerFeedback AnyOf Attendance AttributeIn Audience Because Bound BoundCost
BoundsMissed Call CallNotOpen CallStatus CancelProject CancelSession Candidate CaseStudy CloseCall Command
CommandConflict ConfirmFollowing ConfirmPlace Consent ConsentAsked ConsoleNotifier Consolidate Consolidation
ConsolidationScore Contact CorrectMember DeadLetter DecideWork DeclineInterest Deliveries Desk EraseMember Erased
Erasure Event EventKind Explanation Facts Feedback FolderNotifier Follow Follower Funnel GiveConsent GiveFeedback
Health InsightSessionsError Invite LinkAction LinkNotGood Linked Links Member Method Missed MissedReason Moment
NotEligible NotFound NotOf NotPossible NotTakenPartIn Notice NoticeKind Objection Offer OfferPlace Offers OpenCall
Outcome OutcomeReason Past Person PersonOutcome PluginError PostUpdate Preview Project ProjectFileError ProjectState
Proposal ProposedMove Question Quote Recipient RecordAttendance Refusal RefuseOffer RegisterInterest Registration
ReleaseJoiningDetails Reply ReplyReason Report RescheduleSession ResizeSession Retention Room Rule Runtime
Satisfaction Score Session SessionFull SessionReport SessionStatus ShareWork ShareWriteUp SharedWork SharedWriteUp
Status Storage StorageBackend StorageBusy StorageError Summary SwitchSession Undeliverable Unfollow Unmet Update
UpgradeNeeded ValidOnTheDay Withdraw WithdrawConsent Wording Work WorkCall WorkStatus WriteUp __version__ hookimpl
"""


def test_the_public_names_are_these() -> None:
    """A new one is a decision, a missing one a broken promise."""
    assert sorted(insight_sessions.__all__) == sorted(NAMES.split())


@pytest.mark.parametrize("name", NAMES.split())
def test_every_public_name_is_there(name: str) -> None:
    """And stays what it is."""
    value = getattr(insight_sessions, name)
    assert value is not None
    assert getattr(importlib.import_module("insight_sessions"), name) == value


def test_a_name_that_is_not_public_is_no_attribute() -> None:
    """With Python's own error."""
    name = "Nonsense"
    with pytest.raises(AttributeError, match="module 'insight_sessions' has no attribute 'Nonsense'"):
        getattr(insight_sessions, name)


def test_the_version_is_that_of_the_distribution() -> None:
    """Looked up when it is asked for."""
    assert insight_sessions.__version__ == version("insight-sessions")


def test_importing_the_package_imports_nothing_of_weight() -> None:
    """A name is imported when it is first used."""
    told = subprocess.run(
        [sys.executable, "-c", "import sys, insight_sessions; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"pydantic", "icalendar", "pluggy", "insight_sessions.desk"} & set(told)


def test_every_public_error_has_the_one_root() -> None:
    """So one except clause catches them."""
    errors = [value for name in NAMES.split() if isinstance(value := getattr(insight_sessions, name), type)]
    assert [one for one in errors if issubclass(one, Exception) and not issubclass(one, InsightSessionsError)] == []


def test_public_values_survive_pickling() -> None:
    """Commands, results, states, notices, events, reports: task engines and caches carry them."""
    post = Post()
    desk = open_call(desk_on(MemoryStorage(bytes_of), post, clock=Clock()), project(session("mon"), session("tue")))
    command = interest(member(attributes={"setting": "acute"}), "mon", id="k-1")
    mine = desk.do(command)
    desk.deliver()
    values = [
        command,
        mine,
        desk.state(P),
        desk.state(P).project,
        desk.history(P),
        post.taken,
        desk.report(P),
        desk.explain(P, "ada"),
        desk.preview(interest("ben", "mon")),
        desk.do_many(P, [interest("cat", "tue")])[0].result,
        desk.health(),
    ]
    for value in values:
        assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301 - our own bytes


def bytes_of(size: int) -> bytes:
    """The same every time."""
    return b"x" * size
