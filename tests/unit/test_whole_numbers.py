"""Whole numbers at the door: wherever a person gives one, it is written as one."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from insight_sessions.commands.allocation import Allocate
from insight_sessions.commands.joining import ReleaseJoiningDetails
from insight_sessions.commands.sessions import RescheduleSession, ResizeSession
from insight_sessions.domain.allocation import Bound
from insight_sessions.domain.offering import Offers
from insight_sessions.domain.project import ConsentAsked

from .desk_kit import P, project, session


def _asking(number: object) -> list[tuple[Callable[..., object], dict[str, object]]]:
    """All that takes a whole number from a person."""
    place: dict[str, object] = {"project_id": P, "session_id": "mon"}
    return [
        *((session, {"id": "mon", "capacity": None, key: number}) for key in ("minutes", "capacity", "minimum")),
        *((Offers, {key: number}) for key in ("window_hours", "cut_off_hours", "notice_hours")),
        *((Bound, {"attribute": "setting", "at_most": 30, key: number}) for key in ("at_least", "at_most")),
        (project, {"recheck_days": number}),
        (project, {"reminder_hours": (number,)}),
        (project, {"eligibility": [{"rule": "absences_at_most", "most": number}]}),
        (ConsentAsked, {"purpose": "news", "text": "News?", "version": number}),
        (RescheduleSession, {**place, "starts": "2021-07-05T10:00", "minutes": number}),
        (ResizeSession, {**place, "capacity": number}),
        (ReleaseJoiningDetails, {**place, "link": "https://meet.example.org/x", "hours_before": number}),
        (Allocate, {"project_id": P, "policy": "lottery", "seed": number}),
    ]


@pytest.mark.parametrize("case", range(len(_asking(20))))
@pytest.mark.parametrize("number", [True, "20", 20.0])
def test_a_whole_number_is_no_yes_no_text_and_no_fraction(number: object, case: int) -> None:
    """Each is more likely a slip than a number: a capacity of ``True`` would be one place."""
    make, right = _asking(20)[case]
    assert make(**right) is not None
    make, wrong = _asking(number)[case]
    with pytest.raises(ValidationError, match="valid integer"):
        make(**wrong)
