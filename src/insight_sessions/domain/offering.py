"""Until when an offered place is held: a window, the organiser's working hours, and a cut-off before the session."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from insight_sessions.domain.zone import Timezone, readings, zone

if TYPE_CHECKING:
    from insight_sessions.domain.project import Project
    from insight_sessions.domain.session import Session

FillPolicy = Literal["confirm", "offer", "manual"]
"""What becomes of a free place that somebody waits for: it is theirs, it is offered, or an organiser decides."""

LapsePolicy = Literal["requeue", "withdraw"]
"""What becomes of somebody who did not answer: they wait at the end of the line, or they are out."""

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

_DAYS: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOST_HOURS: Final = 366 * 24
_MINUTE: Final = timedelta(minutes=1)


def _by_the_wall_clock(moment: time) -> time:
    if moment.tzinfo is not None or moment.second or moment.microsecond:
        raise ValueError("must be hours and minutes by the wall clock, such as 09:00")
    return moment


WallTime = Annotated[time, AfterValidator(_by_the_wall_clock)]


class Offers(BaseModel):
    """How places are offered when a project's ``fill`` is ``offer``, or an organiser offers one.

    An offer is open for ``window_hours`` by the clock. A deadline outside of the organiser's working hours is moved on
    to the next moment at which they work, so that nobody loses a place while there is nobody to ask. It is never
    later than the last moment at which they work before the cut-off.

    Args:
        window_hours: how long somebody has to answer, at least, unless the cut-off comes first.
        days: the days on which the organiser works.
        opens: when they begin, by the wall clock.
        closes: when they end.
        timezone: an IANA name; the project's when not given.
        cut_off_hours: so long before the session nothing is offered any more, and every offer has ended.
        notice_hours: nothing is offered to somebody who would have less time than that.
        on_lapse: what becomes of somebody who did not answer.

    Raises:
        pydantic.ValidationError: something in it is wrong.
    """

    model_config = ConfigDict(
        defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True, revalidate_instances="always"
    )

    window_hours: Annotated[int, Field(strict=True, ge=1, le=_MOST_HOURS)] = 48
    days: Annotated[tuple[Day, ...], Field(min_length=1)] = _DAYS[:5]
    opens: WallTime = time(9)
    closes: WallTime = time(17)
    timezone: Timezone | None = None
    cut_off_hours: Annotated[int, Field(strict=True, ge=0, le=_MOST_HOURS)] = 24
    notice_hours: Annotated[int, Field(strict=True, ge=0, le=_MOST_HOURS)] = 12
    on_lapse: LapsePolicy = "requeue"

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.closes <= self.opens:
            raise ValueError("the working day must not close before it opens")
        if self.notice_hours > self.window_hours:
            said = f"notice_hours ({self.notice_hours}) must not be greater than window_hours ({self.window_hours})"
            raise ValueError(said)
        return self


def cut_off(project: Project, session: Session, place: Session | None = None) -> datetime:
    """The moment by which every offer of a place in a session has ended.

    Args:
        project: whose settings count.
        session: where the place is.
        place: the session that somebody would leave; once it begins they cannot.
    """
    begins = session.begins if place is None else min(session.begins, place.begins)
    return begins.replace(second=0, microsecond=0) - timedelta(hours=project.offers.cut_off_hours)


def deadline(project: Project, session: Session, now: datetime, place: Session | None = None) -> datetime | None:
    """Until when a place that is offered now is held.

    Args:
        project: whose settings count.
        session: where the place is.
        now: the present, in UTC.
        place: the session that they have a place in and would leave; once it begins they cannot.

    Returns:
        A full minute in UTC, or None when it is too late to offer the place.
    """
    offers = project.offers
    name = offers.timezone or project.timezone
    last = cut_off(project, session, place)
    end = now + timedelta(hours=offers.window_hours)
    if end > end.replace(second=0, microsecond=0):
        # In full minutes, so that a deadline can be said exactly.
        end = end.replace(second=0, microsecond=0) + _MINUTE
    until = _at_work_from(offers, end, name)
    if until > last:
        until = _at_work_by(offers, last, name)
    return None if until <= now or until - now < timedelta(hours=offers.notice_hours) else until


def _at_work_from(offers: Offers, moment: datetime, name: str) -> datetime:
    """The first moment from this one on at which the organiser works."""
    days = _working_days(offers, moment.astimezone(zone(name)).date() - timedelta(days=1), 1, name)
    return next(max(moment, opens) for opens, closes in days if moment <= closes)


def _at_work_by(offers: Offers, moment: datetime, name: str) -> datetime:
    """The last moment up to this one at which the organiser works."""
    days = _working_days(offers, moment.astimezone(zone(name)).date() + timedelta(days=1), -1, name)
    return next(min(moment, closes) for opens, closes in days if opens <= moment)


def _working_days(offers: Offers, day: date, step: int, name: str) -> Iterator[tuple[datetime, datetime]]:
    """When the organiser begins and ends on each day from that one on, or back, in UTC, without an end.

    Days on which the clocks leave no working hours are left out. One day of a week is enough to find the next.
    Where the clocks skip a time or show it twice, only what is within working hours by both readings counts.
    """
    while True:
        if _DAYS[day.weekday()] in offers.days:
            opens = max(readings(datetime.combine(day, offers.opens), name))
            closes = min(readings(datetime.combine(day, offers.closes), name))
            if opens <= closes:
                yield opens, closes
        day += timedelta(days=step)
