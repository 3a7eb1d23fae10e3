import pickle
from pathlib import Path

import pytest

from insight_sessions.errors import (
    AlreadyRegistered,
    CallNotOpen,
    CommandConflict,
    InsightSessionsError,
    LinkNotGood,
    NotEligible,
    NotFound,
    NotPossible,
    Objection,
    PluginError,
    ProjectFileError,
    Refusal,
    SessionFull,
    StorageBusy,
    StorageError,
    UpgradeNeeded,
)

APPLY = "https://example.org/apply"
STRANGER = Objection("not_a_member", "We could not find an active membership.")
LAPSED = Objection("membership_lapsed", "The membership ends before the session.")

EVERY = [
    Refusal("code", "No."),
    CallNotOpen("This opportunity is now closed."),
    NotEligible((STRANGER,), APPLY),
    AlreadyRegistered("r-1"),
    SessionFull("mon"),
    LinkNotGood("link_expired"),
    NotPossible("session_held", "This session has taken place."),
    CommandConflict("k-1"),
    NotFound("session", "mon"),
    ProjectFileError(Path("project.toml"), ["title: too long"]),
    StorageError("gone"),
    StorageBusy("held"),
    UpgradeNeeded("newer"),
    PluginError("mail", "has no address"),
]


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_every_error_survives_pickling(error: InsightSessionsError) -> None:
    """A task engine carries errors between processes."""
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(again) is type(error)
    assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_every_error_has_one_root(error: InsightSessionsError) -> None:
    """One except clause catches all that this library raises on purpose."""
    assert isinstance(error, InsightSessionsError)


@pytest.mark.parametrize("error", [one for one in EVERY if isinstance(one, Refusal)], ids=lambda one: one.code)
def test_a_refusal_says_what_may_be_shown_to_anyone(error: Refusal) -> None:
    """Its text is its public message, and its code is stable."""
    assert str(error) == error.public_message
    assert error.code.isidentifier()


def test_a_stranger_and_a_lapsed_member_read_the_same() -> None:
    """So that nobody learns who is a member."""
    messages = {NotEligible(objections, APPLY).public_message for objections in [(STRANGER,), (LAPSED,)]}
    assert len(messages) == 1
    assert messages.pop().endswith(f"You can apply at {APPLY}")


def test_not_eligible_tells_the_host_more_than_the_public() -> None:
    """The objections are there for a caller that may know."""
    refusal = NotEligible([LAPSED], None)
    assert refusal.objections == (LAPSED,)
    assert refusal.apply_url is None
    assert LAPSED.sentence not in refusal.public_message
    assert "apply" not in refusal.public_message


def test_a_plugin_objection_is_shown_to_the_person() -> None:
    """It is not about who is a member, so it may be said."""
    refusal = NotEligible((Objection("elsewhere", "This is for people in England."), Objection("b", "And now.")), None)
    assert refusal.public_message == "This is for people in England. And now."


def test_a_plugin_objection_beside_a_membership_is_said_alone() -> None:
    """What is said tells nothing of the membership, and applying would not help."""
    elsewhere = Objection("elsewhere", "This is for people in England.")
    assert NotEligible((LAPSED, elsewhere), APPLY).public_message == "This is for people in England."


def test_not_found_is_a_lookup_error() -> None:
    """Hosts that know only Python's own errors can catch it."""
    error = NotFound("session", "mon")
    assert isinstance(error, LookupError)
    assert (error.kind, error.id, str(error)) == ("session", "mon", "no session 'mon'")


def test_a_wrong_project_file_is_a_value_error_that_names_the_file_and_each_problem() -> None:
    """All of it in one line."""
    error = ProjectFileError(Path("project.toml"), ["title: too long", "id (line 3): no"])
    assert isinstance(error, ValueError)
    assert error.problems == ("title: too long", "id (line 3): no")
    assert str(error) == "project.toml: title: too long; id (line 3): no"


def test_a_plugin_error_names_the_plugin() -> None:
    """So that one knows whom to ask."""
    assert str(PluginError("mail", "has no address")) == "plugin 'mail': has no address"


def test_busy_and_upgrade_needed_are_storage_errors() -> None:
    """What may be retried, and what may not, are told apart."""
    assert issubclass(StorageBusy, StorageError)
    assert issubclass(UpgradeNeeded, StorageError)
    assert not issubclass(UpgradeNeeded, StorageBusy)
