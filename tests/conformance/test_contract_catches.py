"""The contract notices every broken promise: each broken store fails the test that stands for it."""

import inspect
import secrets
from collections.abc import Callable
from typing import cast

import pytest

from insight_sessions.errors import StorageError
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.testing import place as kit
from insight_sessions.testing.contract import StorageContract
from insight_sessions.testing.place import Place
from tests.conformance import broken_stores
from tests.conformance.broken_stores import Sound

CAUGHT_BY = {
    "NoLock": "s1_a_project_is_held_by_one_thread_at_a_time",
    "NestedHolds": "s1_a_nested_hold_is_an_error",
    "CommitsUnasked": "s2_leaving_without_a_commit_changes_nothing",
    "KeepsPartOfARefusedChange": "s2_a_refused_commit_changes_nothing",
    "CommitsTwice": "s2_a_hold_commits_once_and_ends",
    "VersionsJump": "s3_a_version_grows_by_one_per_commit",
    "TakesAnyVersion": "s3_a_change_that_does_not_follow_on_is_refused",
    "ForgetsDeletions": "s3_what_changed_is_given_deletions_too",
    "ShowsDeletionsInAWhole": "s3_a_whole_project_is_all_that_lives_in_it",
    "ForgetsOneInAWhole": "s3_a_whole_project_is_all_that_lives_in_it",
    "SameEpochAfterRestore": "s3_a_restore_changes_the_epoch",
    "WakesForEver": "s3_projects_are_listed_and_wake_when_due",
    "ShowsHalfACommit": "s4_a_reader_never_sees_half_a_commit",
    "ReadersWait": "s4_a_reader_does_not_wait_for_a_holder",
    "LosesReceipts": "s5_receipts_are_found_again_exactly",
    "RoundsReceipts": "s5_receipts_are_found_again_exactly",
    "UniqueNotEnforced": "s5_a_unique_key_exists_once_per_project",
    "OrdersById": "s6_a_claim_gives_the_oldest_of_each_stream",
    "ClaimsForAnybody": "s6_each_consumer_has_its_own_deliveries",
    "ClaimsForAMoment": "s6_a_claimed_delivery_is_not_claimed_again_before_its_time",
    "CountsAttemptsAtSettling": "s6_an_attempt_is_counted_when_it_is_claimed",
    "ShowsClaimedOnesBehind": "s6_a_claim_shows_what_waits_behind_it",
    "SettlesWithoutToken": "s6_only_the_token_of_the_claim_settles",
    "SupersedesBlindly": "s6_superseding_needs_a_successor_that_never_went_out",
    "DeadLettersHoldUp": "s6_a_dead_letter_holds_nobody_up",
    "RetiringLeavesDeliveries": "s6_a_retired_consumer_has_no_deliveries",
    "RequeueKeepsAttempts": "s6_a_dead_letter_can_be_requeued",
    "NormalisesText": "s7_awkward_text_comes_back",
    "ForgetsConsumersWhenOpened": "s8_everything_is_there_after_opening_again",
    "ForgetsClaimsWhenOpened": "s8_everything_is_there_after_opening_again",
    "ReturnsTheErased": "s9_what_was_erased_is_returned_by_no_call",
}


def run(store: type[MemoryStorage], test: str) -> None:
    """Run one test of the contract on a new store."""
    storage = store(secrets.token_bytes)
    place = Place(open=storage.reopened, restored=storage.restored)
    check = cast("Callable[..., None]", getattr(StorageContract(), f"test_{test}"))
    arguments = {"text": "e\u0301"} if "text" in inspect.signature(check).parameters else {}
    check(place=place, **arguments)


def test_every_broken_store_is_tried() -> None:
    """A store that nobody tries proves nothing."""
    broken = {
        name
        for name, each in vars(broken_stores).items()
        if isinstance(each, type) and issubclass(each, Sound) and each is not Sound
    }
    assert broken == set(CAUGHT_BY)


@pytest.mark.parametrize("store", sorted(CAUGHT_BY))
def test_a_broken_store_is_caught(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The named test fails on the broken store and passes on the one that breaks nothing."""
    monkeypatch.setattr(kit, "PATIENCE", 1.0)
    run(Sound, CAUGHT_BY[store])
    with pytest.raises((AssertionError, StorageError, ValueError, pytest.fail.Exception)):
        run(cast("type[MemoryStorage]", getattr(broken_stores, store)), CAUGHT_BY[store])
