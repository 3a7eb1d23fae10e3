"""Values that are quickly made are the same as those that are not."""

from dataclasses import FrozenInstanceError, dataclass, field
from datetime import UTC, datetime

import pytest

from insight_sessions.domain.registration import Decision, Registration
from insight_sessions.values import maker

AT = datetime(2021, 7, 5, 9, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Seat:
    """Some fields by place, some by name, some of each by default."""

    row: int
    number: int = 1
    side: str = field(kw_only=True)
    taken: bool = field(default=False, kw_only=True)


def test_a_value_is_the_same_however_it_was_made() -> None:
    """By its class, too."""
    made, plain = (
        how(
            id="r-1",
            project_id="p",
            person="p-1",
            wishes=("mon",),
            arrived=1,
            registered_at=AT,
            checked_at=AT,
            decision=Decision.ACCEPTED,
        )
        for how in (maker(Registration), Registration)
    )
    assert made == plain
    assert type(made) is Registration


def test_it_is_frozen_once_it_is_made() -> None:
    """Nobody sees it before."""
    seat = maker(Seat)(1, side="left")
    with pytest.raises(FrozenInstanceError):
        setattr(seat, "row", 2)  # noqa: B010 - a type checker knows that it cannot be
    with pytest.raises(FrozenInstanceError):
        delattr(seat, "row")


def test_fields_are_given_by_place_or_by_name_as_the_class_says() -> None:
    """What is left out is as it is by default, and what must be given is asked for."""
    made = maker(Seat)
    assert made(1, 2, side="left") == Seat(1, 2, side="left")
    assert made(number=3, row=1, side="left", taken=True) == Seat(1, 3, side="left", taken=True)
    with pytest.raises(TypeError, match="side"):
        made(1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="positional"):
        made(1, 2, "left")  # type: ignore[call-arg]
