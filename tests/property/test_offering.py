"""Until when an offer is held, for every zone's clocks, by what the wall clock says and by looking at every minute."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, get_args

from hypothesis import assume, example, given
from hypothesis import strategies as st

from insight_sessions.domain.offering import Day, Offers, deadline
from insight_sessions.domain.project import Contact, Project
from insight_sessions.domain.session import Session
from insight_sessions.domain.zone import zone

DAYS = get_args(Day)
HOUR = timedelta(hours=1)
ZONES = (
    *("Europe/London", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"),
    # Where clocks change at midnight, skip a whole day, or change for Ramadan.
    *("America/Havana", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia", "Africa/Casablanca"),
)
CHANGES = tuple(
    datetime.fromisoformat(f"{moment}+00:00")
    for moment in (
        *("2030-03-31T01:00", "2030-10-27T01:00", "2030-03-10T07:00", "2030-11-03T06:00", "2011-12-30T10:00"),
        *("2017-02-19T02:00", "2017-10-15T03:00", "2030-03-31T05:00", "2030-04-06T15:00", "2030-10-05T15:00"),
        *("2026-02-15T02:00", "2030-06-03T12:00"),
    )
)
minutes = st.integers(0, 24 * 60 - 1).map(lambda number: time(number // 60, number % 60))


@st.composite
def offers(draw: st.DrawFn, zones: tuple[str, ...] = ZONES) -> Offers:
    """Any settings that are possible."""
    opens, closes = sorted(draw(st.lists(minutes, min_size=2, max_size=2, unique=True)))
    window = draw(st.integers(1, 100))
    return Offers(
        window_hours=window,
        days=tuple(draw(st.lists(st.sampled_from(DAYS), min_size=1, unique=True))),
        opens=opens,
        closes=closes,
        timezone=draw(st.none() | st.sampled_from(zones)),
        cut_off_hours=draw(st.integers(0, 60)),
        notice_hours=draw(st.integers(0, window)),
    )


nows = st.builds(
    lambda change, seconds: change + timedelta(seconds=seconds),
    st.sampled_from(CHANGES),
    st.integers(-200 * 3600, 50 * 3600),
)
aheads = st.integers(1, 24 * 60 * 20).map(lambda number: timedelta(minutes=number))


def session(begins: datetime) -> Session:
    """A session that begins then."""
    return Session(id="s", starts="2030-01-01T10:00", minutes=60).model_copy(update={"starts_at": begins})


def project(offers: Offers, name: str = "Europe/London") -> Project:
    """A project that offers places like that."""
    return Project(
        id="p",
        title="Waits",
        summary="What waiting does.",
        timezone=name,
        organiser=Contact(name="Team", email="team@example.org"),
        offers=offers,
    )


def begins(now: datetime, ahead: timedelta) -> datetime:
    """A full minute, some time ahead."""
    return now.replace(second=0) + ahead


@given(offers(), st.sampled_from(ZONES), nows, aheads)
@example(Offers(days=("fri",), notice_hours=0), "Pacific/Apia", datetime(2011, 12, 25, tzinfo=UTC), timedelta(days=19))
def test_a_deadline_is_within_working_hours_and_before_the_cut_off(
    offers: Offers, name: str, now: datetime, ahead: timedelta
) -> None:
    """By the organiser's wall clock, whatever it does, and with the notice that was promised."""
    to = session(begins(now, ahead))
    until = deadline(project(offers, name), to, now)
    if until is None:
        return
    assert until.tzinfo is UTC
    assert until == until.replace(second=0, microsecond=0)
    assert now < until <= to.begins - offers.cut_off_hours * HOUR
    assert until - now >= offers.notice_hours * HOUR
    wall = until.astimezone(zone(offers.timezone or name))
    assert DAYS[wall.weekday()] in offers.days
    assert offers.opens <= wall.time() <= offers.closes


@given(offers(), st.sampled_from(ZONES), nows, aheads, st.integers(0, 200 * 3600))
def test_who_is_offered_a_place_later_has_at_least_as_long(
    offers: Offers, name: str, now: datetime, ahead: timedelta, seconds: int
) -> None:
    """And once it is too late, it stays too late."""
    kind, to = project(offers, name), session(begins(now, ahead))
    later = deadline(kind, to, now + timedelta(seconds=seconds))
    if later is not None:
        earlier = deadline(kind, to, now)
        assert earlier is not None
        assert earlier <= later


@given(offers(), st.sampled_from(ZONES), nows, aheads, aheads)
def test_a_later_session_never_shortens_an_offer(
    offers: Offers, name: str, now: datetime, ahead: timedelta, more: timedelta
) -> None:
    """Nor does a place that begins after it; one that begins before counts as if it were the session itself."""
    kind, first, second = project(offers, name), session(begins(now, ahead)), session(begins(now, ahead + more))
    sooner = deadline(kind, first, now)
    if sooner is not None:
        later = deadline(kind, second, now)
        assert later is not None
        assert sooner <= later
    assert deadline(kind, second, now, first) == deadline(kind, first, now, second) == sooner


@given(offers(("Asia/Kathmandu", "UTC")), nows, st.integers(1, 24 * 60 * 12).map(lambda one: timedelta(minutes=one)))
def test_a_deadline_is_what_one_finds_by_looking_at_every_minute(
    offers: Offers, now: datetime, ahead: timedelta
) -> None:
    """Where the clocks never change: from the end of the window on, else back from the cut-off."""
    name = offers.timezone or "UTC"
    to = session(begins(now, ahead))
    cut_off = to.begins - offers.cut_off_hours * HOUR
    end = -(-int((now + offers.window_hours * HOUR).timestamp()) // 60) * 60
    last = int(cut_off.timestamp())
    aside = {"UTC": 0, "Asia/Kathmandu": 345}[name]

    def works(at: int) -> bool:
        day, minute = divmod(at // 60 + aside, 24 * 60)
        wall = time(minute // 60, minute % 60)
        return DAYS[(day + 3) % 7] in offers.days and offers.opens <= wall <= offers.closes  # 1970 began on a Thursday

    ahead_of = next((at for at in range(end, last + 1, 60) if works(at)), None)
    first = int(now.timestamp()) - 60
    found = ahead_of or next((at for at in range(last, first, -60) if works(at)), None)
    left = None if found is None else found - now.timestamp()
    expected = None if left is None or left <= 0 or left < offers.notice_hours * 3600 else found
    until = deadline(project(offers, "UTC"), to, now)
    assert (None if until is None else int(until.timestamp())) == expected


@given(st.sampled_from(CHANGES), st.sampled_from(ZONES), st.integers(0, 60))
def test_round_the_clock_is_a_window_by_the_clock(change: datetime, name: str, hours: int) -> None:
    """A change of the clocks makes it neither longer nor shorter, where no day is skipped."""
    assume(name != "Pacific/Apia")
    now = change - hours * HOUR
    always: dict[str, Any] = {"days": DAYS, "opens": time(0), "closes": time(23, 59)}
    until = deadline(project(Offers(window_hours=36, **always), name), session(now + 1000 * HOUR), now)
    assert until is not None
    assert timedelta(0) <= until - now - 36 * HOUR <= 2 * HOUR
    wall = (now + 36 * HOUR).astimezone(zone(name))
    assert until == now + 36 * HOUR or wall.hour in (0, 1, 23)
