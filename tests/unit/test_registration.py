from dataclasses import replace

import pytest

from insight_sessions.domain.registration import Decision, Offer, Registration, Status

from .desk_kit import DAY, NOW

BASE = Registration(
    id="r-1", project_id="p", person="p-ada", wishes=("mon", "tue", "thu"), arrived=1, registered_at=NOW, checked_at=NOW
)
OFFER = Offer("tue", NOW + DAY)


@pytest.mark.parametrize(
    ("decision", "place", "offer", "expected"),
    [
        (Decision.PENDING, None, None, Status.INTERESTED),
        (Decision.ACCEPTED, None, None, Status.WAITING),
        (Decision.ACCEPTED, None, OFFER, Status.OFFERED),
        (Decision.ACCEPTED, "mon", None, Status.CONFIRMED),
        (Decision.ACCEPTED, "mon", OFFER, Status.CONFIRMED),
        (Decision.PENDING, "mon", None, Status.CONFIRMED),
        (Decision.DECLINED, None, None, Status.DECLINED),
        (Decision.WITHDRAWN, None, None, Status.WITHDRAWN),
    ],
)
def test_the_status_follows_from_what_happened(
    decision: Decision, place: str | None, offer: Offer | None, expected: Status
) -> None:
    """It is never stored, so it cannot be wrong."""
    assert replace(BASE, decision=decision, place=place, offer=offer).status is expected


def test_only_a_withdrawn_registration_is_not_live() -> None:
    """A declined one still counts, so that it is not simply sent again."""
    live = {decision: replace(BASE, decision=decision).is_live for decision in Decision}
    assert [decision for decision, counts in live.items() if not counts] == [Decision.WITHDRAWN]


@pytest.mark.parametrize(
    ("decision", "place", "switching", "expected"),
    [
        (Decision.PENDING, None, False, ()),
        (Decision.DECLINED, None, False, ()),
        (Decision.WITHDRAWN, None, False, ()),
        (Decision.ACCEPTED, None, False, ("mon", "tue", "thu")),
        (Decision.ACCEPTED, "tue", False, ()),
        (Decision.ACCEPTED, "tue", True, ("mon",)),
        (Decision.ACCEPTED, "mon", True, ()),
        (Decision.ACCEPTED, "fri", True, ("mon", "tue", "thu")),
    ],
)
def test_somebody_waits_for_what_they_would_take_at_once(
    decision: Decision, place: str | None, switching: bool, expected: tuple[str, ...]
) -> None:
    """With a place, only for what they prefer to it and asked to switch to."""
    assert replace(BASE, decision=decision, place=place, switching=switching).waits_for == expected


def test_the_uid_is_the_registrations_for_life() -> None:
    """So that moving somebody is one update in place."""
    assert BASE.uid == "r-1.p.insight-sessions"
    assert replace(BASE, place="tue", sequence=4, arrived=9).uid == BASE.uid
