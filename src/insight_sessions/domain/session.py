"""A session: two hours on a fixed day, in a zone, with so many places."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from insight_sessions.domain.zone import Timezone, instant, tzdata_version
from insight_sessions.text import KeptMoment, Line, LocalStart, Slug, Text

MINUTES_PER_DAY = 24 * 60
FIRST_YEAR = 1970
LAST_YEAR = 9000


def within_years(moment: datetime) -> datetime:
    """A moment that can be reckoned with, in every zone and with any retention.

    Raises:
        ValueError: its year is out of range.
    """
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"the year is out of range: it must be from {FIRST_YEAR} to {LAST_YEAR}")
    return moment


class SessionStatus(StrEnum):
    """Where a session stands."""

    SCHEDULED = "scheduled"
    HELD = "held"
    CANCELLED = "cancelled"


class Session(BaseModel):
    """One session of a project.

    The wall clock is the truth: ``starts`` is what was announced. The instant is derived from it when
    the session becomes part of a project, and kept with the tzdata release it was derived with. Only a
    newer release gives it another one.

    Args:
        id: short and stable, unique in its project.
        starts: local date and time in the session's zone.
        minutes: how long it lasts.
        capacity: how many places there are; None for no limit.
        minimum: below how many people it is not worth running.
        title: what it is called, if anything.
        where: a place or an address for people; the joining link is not for here.
        timezone: an IANA name; the project's when not given.
        status: scheduled, held or cancelled.
        sequence: the revision of its public calendar entry (RFC 5545 §3.8.7.4).
        reason: why it was cancelled, in the organiser's words.
        starts_at: the UTC instant of ``starts``.
        tzdata: the IANA release that gave ``starts_at``, or the newest one that it was looked at with since.
        changed_at: when its public calendar entry last changed, in UTC.
    """

    model_config = ConfigDict(
        defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True, revalidate_instances="always"
    )

    id: Slug
    starts: LocalStart
    minutes: Annotated[int, Field(strict=True, ge=1, le=MINUTES_PER_DAY)]
    capacity: Annotated[int, Field(strict=True, ge=0)] | None = None
    minimum: Annotated[int, Field(strict=True, ge=0)] = 0
    title: Line | None = None
    where: Line | None = None
    timezone: Timezone | None = None
    status: SessionStatus = SessionStatus.SCHEDULED
    sequence: Annotated[int, Field(strict=True, ge=0)] = 0
    reason: Text | None = None
    starts_at: AwareDatetime | None = None
    tzdata: str | None = None
    changed_at: AwareDatetime | None = None

    if TYPE_CHECKING:

        def __init__(  # noqa: PLR0913 - as many as there is to say
            self,
            *,
            id: str,
            starts: datetime | str,
            minutes: int,
            capacity: int | None = None,
            minimum: int = 0,
            title: str | None = None,
            where: str | None = None,
            timezone: str | None = None,
        ) -> None:
            """What is announced; ``starts`` may be text. All else comes with the project and with time."""

    @model_validator(mode="after")
    def _viable(self) -> Self:
        if self.capacity is not None and self.minimum > self.capacity:
            raise ValueError("minimum must not be greater than capacity")
        return self

    def placed(self, project_zone: str) -> "Session":
        """The same session with its zone and its instant.

        Raises:
            ValueError: the clocks skip its wall-clock time, or its year is out of range.
        """
        within_years(self.starts)
        name = self.timezone or project_zone
        found = {"timezone": name, "starts_at": instant(self.starts, name), "tzdata": tzdata_version()}
        return self.model_copy(update=found)

    @property
    def zone_name(self) -> str:
        """The session's zone; known once it is part of a project.

        Raises:
            ValueError: it is not yet.
        """
        if self.timezone is None:
            raise ValueError("a session gets its zone from its project")
        return self.timezone

    @property
    def begins(self) -> datetime:
        """The UTC instant it begins; known once it is part of a project.

        Raises:
            ValueError: it is not yet.
        """
        if self.starts_at is None:
            raise ValueError("a session gets its instant from its project")
        return self.starts_at

    @property
    def ends(self) -> datetime:
        """The UTC instant it ends."""
        return self.begins + timedelta(minutes=self.minutes)

    def is_open_at(self, now: datetime) -> bool:
        """Whether a place in it can still be given: scheduled, and not begun."""
        return self.status is SessionStatus.SCHEDULED and now < self.begins


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """When and where a session was, at the moment somebody was told of it."""

    id: str
    starts: datetime
    minutes: int
    timezone: str
    starts_at: KeptMoment
    title: str | None = None
    where: str | None = None

    @classmethod
    def of(cls, session: Session) -> "Slot":
        """A session's facts as they are now."""
        return cls(
            id=session.id,
            starts=session.starts,
            minutes=session.minutes,
            timezone=session.zone_name,
            starts_at=session.begins,
            title=session.title,
            where=session.where,
        )

    def has_shifted_from(self, before: "Slot") -> bool:
        """Whether the wall clock says the same as before, and it is another instant all the same."""
        wall = (self.starts, self.minutes, self.timezone)
        return wall == (before.starts, before.minutes, before.timezone) and self.starts_at != before.starts_at
