from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from insight_sessions.domain.project import Call, CallStatus, ConsentAsked, Question

from .desk_kit import project, session


def test_a_project_places_its_sessions_in_its_zone() -> None:
    """Wall-clock times become instants when they become part of it."""
    mon, *_ = project().sessions
    assert mon.begins == datetime(2021, 7, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"id": "a b"}, "id"),
        ({"title": "x" * 201}, "title"),
        ({"title": "=?utf-8?q?Hi=0D=0ABcc:_x?="}, "mail-encoded"),
        ({"summary": "\x00"}, "control characters"),
        ({"timezone": "Mars/Olympus"}, "no such time zone"),
        ({"apply_url": "http://example.org"}, "https"),
        ({"organiser": {"name": "Q", "email": "nobody"}}, "address we can send to"),
        ({"places": "auction"}, "first-come"),
        ({"recheck_days": 0}, "recheck_days"),
        ({"language": "english"}, "language"),
        ({"colour": "red"}, "colour"),
        ({"sessions": [session("mon"), session("mon", "2021-07-06T10:00")]}, "two sessions have the id 'mon'"),
        ({"sessions": [session("dst", "2021-03-28T01:30")]}, "the clocks in Europe/London skip"),
        ({"call": {"closes_at": datetime(9999, 12, 31, tzinfo=UTC)}}, "year is out of range"),
        ({"work": {"opens_at": datetime(1, 1, 1, tzinfo=UTC)}}, "year is out of range"),
        ({"sessions": [session("far", "9999-12-31T23:30", timezone="America/New_York")]}, "out of range"),
        ({"questions": [Question(id="q", text="A?"), Question(id="q", text="B?")]}, "two questions have the id 'q'"),
        (
            {"consents": [ConsentAsked(purpose="x", text="A."), ConsentAsked(purpose="x", text="B.")]},
            "two consents have the id 'x'",
        ),
        ({"consents": [{"purpose": "x", "text": "A.", "version": 0}]}, "version"),
        ({"call": {"opens_at": "2021-03-28T01:30"}}, "the clocks in Europe/London skip"),
        ({"call": {"opens_at": "2021-06-14T09:00", "closes_at": "2021-06-14T09:00"}}, "close before it opens"),
    ],
)
def test_a_wrong_project_is_refused_with_the_reason(wrong: dict[str, object], reason: str) -> None:
    """At the door, before anything is stored."""
    with pytest.raises(ValidationError, match=reason):
        project(**wrong)


def test_a_project_with_a_wrong_zone_says_so_once() -> None:
    """Sessions and call, which need the zone, add nothing."""
    with pytest.raises(ValidationError) as caught:
        project(timezone="Mars/Olympus", call=Call(opens_at=datetime(2021, 6, 14, 9)))  # noqa: DTZ001 - local
    assert caught.value.error_count() == 1


def test_local_moments_of_the_call_are_taken_in_the_projects_zone() -> None:
    """A moment with a zone stays what it is."""
    local = datetime(2021, 6, 14, 9)  # noqa: DTZ001 - local on purpose
    known = datetime(2021, 6, 20, 9, tzinfo=UTC)
    call = project(call=Call(opens_at=local, closes_at=known)).call
    assert call.opens_at == datetime(2021, 6, 14, 8, tzinfo=UTC)
    assert call.closes_at == known


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (CallStatus.DRAFT, "This call is not open yet."),
        (CallStatus.OPEN, "This call is open."),
        (CallStatus.CLOSED, "This opportunity is now closed."),
    ],
)
def test_a_call_says_where_it_stands(status: CallStatus, message: str) -> None:
    """In the words of the seed's call once it is closed."""
    call = Call(status=status)
    assert call.message == message
    assert call.is_open is (status is CallStatus.OPEN)


def test_a_closed_call_may_have_words_of_its_own() -> None:
    """For anyone to read."""
    assert Call(status=CallStatus.CLOSED, closed_message="Come back next year.").message == "Come back next year."


def test_a_project_is_frozen_and_equal_by_content() -> None:
    """A plugin that is given one cannot change it."""
    with pytest.raises(ValidationError):
        project().title = "Other"
    assert project() == project()
