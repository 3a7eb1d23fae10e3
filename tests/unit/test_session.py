from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from insight_sessions.domain.session import Session, SessionStatus
from insight_sessions.domain.zone import tzdata_version

from .desk_kit import session


def placed(**more: Any) -> Session:  # noqa: ANN401 - whatever is tried
    """The Monday session, as part of a project in London."""
    return session("mon", **more).placed("Europe/London")


def test_a_session_gets_zone_and_instant_from_its_project() -> None:
    """With the tzdata release they were derived with."""
    one = placed()
    assert one.begins == datetime(2021, 7, 5, 9, tzinfo=UTC)
    assert one.ends == one.begins + timedelta(hours=2)
    assert (one.zone_name, one.tzdata) == ("Europe/London", tzdata_version())


def test_a_session_keeps_a_zone_of_its_own() -> None:
    """One of them may be elsewhere."""
    assert placed(timezone="America/New_York").begins == datetime(2021, 7, 5, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    "wrong",
    [
        {"capacity": -1},
        {"minutes": 0},
        {"minutes": -30},
        {"minutes": 24 * 60 + 1},
        {"minimum": -1},
        {"capacity": 5, "minimum": 6},
        {"sequence": -1},
        {"timezone": "Mars/Olympus"},
        {"starts": "tomorrow"},
        {"starts": "2021-07-05T10:00Z"},
        {"title": "a\nb"},
        {"where": "=?utf-8?q?x?="},
        {"id": "a b"},
        {"link": "https://example.org"},
    ],
)
def test_a_wrong_session_is_refused(wrong: dict[str, Any]) -> None:
    """Capacity below zero, ending before it starts, and the like."""
    with pytest.raises(ValidationError, match=next(iter(wrong)) if len(wrong) == 1 else "minimum must not be greater"):
        session(**wrong)


def test_a_session_may_have_no_limit_or_no_places() -> None:
    """None is no limit, 0 is full."""
    assert session(capacity=None, minimum=6).capacity is None
    assert session(capacity=0).capacity == 0


@pytest.mark.parametrize(
    ("status", "minutes", "expected"),
    [
        (SessionStatus.SCHEDULED, -1, True),
        (SessionStatus.SCHEDULED, 0, False),
        (SessionStatus.SCHEDULED, 1, False),
        (SessionStatus.CANCELLED, -1, False),
        (SessionStatus.HELD, -1, False),
    ],
)
def test_places_can_be_given_until_a_session_begins(status: SessionStatus, minutes: int, expected: bool) -> None:
    """And only while it is going to take place."""
    one = placed(status=status)
    assert one.is_open_at(one.begins + timedelta(minutes=minutes)) is expected


def test_a_session_that_is_part_of_no_project_has_no_instant() -> None:
    """Asking for it is a mistake, and is loud; under `python -O` too."""
    with pytest.raises(ValueError, match="instant from its project"):
        _ = session().begins
    with pytest.raises(ValueError, match="zone from its project"):
        _ = session().zone_name
