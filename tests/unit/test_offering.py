from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from insight_sessions.domain.offering import Offers, deadline
from insight_sessions.domain.project import Project
from insight_sessions.records import decode, encode

from .desk_kit import project, session

TOML = """
id = "p"
title = "Waits"
summary = "What waiting does."
timezone = "Europe/London"
fill = "offer"

[organiser]
name = "Team"
email = "team@example.org"

[offers]
window_hours = 24
days = ["mon", "thu"]
opens = 10:00:00
closes = 16:30:00
timezone = "Europe/Dublin"
cut_off_hours = 6
notice_hours = 3
on_lapse = "withdraw"
"""


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2021-06-14T09:00", "2021-06-16T09:00"),  # Monday morning, to Wednesday morning
        ("2021-06-14T09:00:01", "2021-06-16T09:01"),  # never a second less than the window
        ("2021-06-16T17:30", "2021-06-21T08:00"),  # Wednesday evening: not Friday evening, but Monday at nine, BST
        ("2021-06-18T12:00", "2021-06-21T08:00"),  # Friday noon: not Sunday, but Monday
        ("2021-07-01T12:00", "2021-07-02T16:00"),  # Thursday: Saturday would be moved to Monday, so Friday at five
        ("2021-07-02T04:00", "2021-07-02T16:00"),  # just the twelve hours of notice
        ("2021-07-02T04:01", None),
        ("2021-07-04T12:00", None),
    ],
)
def test_an_offer_ends_while_somebody_works(now: str, until: str | None) -> None:
    """Two days by the clock, from Monday to Friday, nine to five, a day before Monday's session."""
    kind = project(session("mon"))
    (monday,) = kind.sessions
    assert deadline(kind, monday, at(now)) == (None if until is None else at(until))


@pytest.mark.parametrize(
    ("opens", "closes", "now", "until"),
    [
        # In the night to 31 October the clocks show one to two twice.
        (time(1, 30), time(3), "2021-10-30T12:00", "2021-10-31T01:30"),
        (time(0, 30), time(1, 30), "2021-10-30T23:20", "2021-10-31T00:20"),
        (time(0, 30), time(1, 30), "2021-10-30T23:40", "2021-11-07T00:30"),
        # In the night to 28 March they skip one to two.
        (time(1, 30), time(3), "2021-03-27T12:00", "2021-03-28T01:30"),
        (time(0, 30), time(1, 30), "2021-03-27T12:00", "2021-03-28T00:30"),
        # Nothing is left of a day that has only such hours.
        (time(1, 10), time(1, 50), "2021-10-30T12:00", "2021-11-07T01:10"),
        (time(1, 10), time(1, 50), "2021-03-27T12:00", "2021-04-04T00:10"),
    ],
)
def test_working_hours_where_the_clocks_change_count_by_both_readings(
    opens: time, closes: time, now: str, until: str
) -> None:
    """On Sundays in the night, which is when London changes them."""
    kind = project(offers=Offers(window_hours=1, notice_hours=0, days=("sun",), opens=opens, closes=closes))
    later = session("s", "2021-12-01T10:00").placed("Europe/London")
    assert deadline(kind, later, at(now)) == at(until)


def test_the_organisers_own_zone_counts() -> None:
    """Nine in New York."""
    kind = project(session("mon"), offers=Offers(timezone="America/New_York"))
    assert deadline(kind, kind.sessions[0], at("2021-06-14T09:00")) == at("2021-06-16T13:00")


def test_a_place_that_begins_first_ends_the_offer_first() -> None:
    """Who has a place on Monday cannot leave it for Thursday any more once it has begun."""
    kind = project(session("mon"), session("thu"))
    monday, thursday = kind.sessions
    now = at("2021-07-01T12:00")
    assert deadline(kind, thursday, now) == at("2021-07-05T08:00")
    assert deadline(kind, thursday, now, monday) == at("2021-07-02T16:00")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"window_hours": 0}, "window_hours"),
        ({"window_hours": 10**9}, "window_hours"),
        ({"days": []}, "days"),
        ({"days": ["noday"]}, "days"),
        ({"opens": "17:00", "closes": "17:00"}, "must not close before it opens"),
        ({"opens": "09:00:01"}, "by the wall clock"),
        ({"opens": "09:00:00.5"}, "by the wall clock"),
        ({"closes": "17:00Z"}, "by the wall clock"),
        ({"timezone": "London"}, "no such time zone"),
        ({"cut_off_hours": -1}, "cut_off_hours"),
        ({"notice_hours": 49}, r"must not be greater than window_hours \(48\)"),
        ({"window_hours": 2}, r"notice_hours \(12\) must not be greater than window_hours \(2\)"),
        ({"on_lapse": "forget"}, "on_lapse"),
        ({"window": 3}, "window"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any], why: str) -> None:
    """Each with its reason."""
    with pytest.raises(ValidationError, match=why):
        Offers.model_validate(wrong)


def test_a_project_file_says_how_places_are_offered(tmp_path: Path) -> None:
    """With TOML's own local times."""
    path = tmp_path / "project.toml"
    path.write_text(TOML)
    found = Project.from_toml(path)
    assert found.fill == "offer"
    assert found.offers == Offers(
        window_hours=24,
        days=("mon", "thu"),
        opens=time(10),
        closes=time(16, 30),
        timezone="Europe/Dublin",
        cut_off_hours=6,
        notice_hours=3,
        on_lapse="withdraw",
    )
    assert decode([encode("p", "project", "p", 1, found)]).things == [found]


def test_a_project_that_was_kept_before_there_were_offers_gives_places() -> None:
    """As it did then."""
    record = encode("p", "project", "p", 1, project().model_copy(update={"sessions": ()}))
    body = (record.body or "").partition(',"fill"')
    old = body[0] + "," + body[2].partition("},")[2]
    assert '"offers"' not in old
    (found,) = decode([record._replace(body=old)]).things
    assert isinstance(found, Project)
    assert (found.fill, found.offers) == ("confirm", Offers())
