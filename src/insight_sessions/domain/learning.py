"""What came out of a project: its write-up, version by version, and what readers say about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from insight_sessions.domain import personal
from insight_sessions.domain.registration import Attendance, Registration
from insight_sessions.domain.session import within_years
from insight_sessions.text import KeptMoment, Line, Slug, Text, Url

MOST_DAYS: Final = 365
"""For how many days feedback may be asked."""


class Audience(StrEnum):
    """Who gets a write-up; each is wider than the one before."""

    ATTENDED = "attended"
    """Those who were there, as their attendance says."""
    CONFIRMED = "confirmed"
    """Those with a place."""
    REGISTERED = "registered"
    """All who registered, whatever became of it."""
    FOLLOWERS = "followers"
    """The same, and those who follow the project."""
    PUBLIC = "public"
    """The same, and anyone may read it."""


def _no_number(value: object) -> object:
    """A number is so many days, and never so many seconds since 1970."""
    if isinstance(value, int | float):
        raise ValueError("must be a moment")  # noqa: TRY004 - pydantic takes it for what it is
    return value


_Days = Annotated[int, Field(strict=True, ge=1, le=MOST_DAYS)]
_At = Annotated[AwareDatetime, BeforeValidator(_no_number), AfterValidator(within_years)]


class WriteUp(BaseModel):
    """What a team writes about what it heard; the team's own words, and nobody else's data.

    Args:
        id: sharing again under the same id makes the next version.
        title: its name.
        text: the whole of it, or a summary.
        link: where to read it.
        sessions: which sessions it is about; all when not given.
        audience: who gets it.
        feedback_until: until when feedback is welcome, a moment with its zone or so many days from when it is
            shared; as the version before said, when not given.

    Raises:
        pydantic.ValidationError: there is neither a text nor a link, or something else in it is wrong.
    """

    model_config = ConfigDict(
        defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True, revalidate_instances="always"
    )

    id: Slug = "write-up"
    title: Line
    text: Text = ""
    link: Url | None = None
    sessions: Annotated[tuple[Slug, ...], Field(max_length=100)] = ()
    audience: Audience = Audience.CONFIRMED
    feedback_until: _Days | _At | None = None

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            title: str,
            id: str = "write-up",
            text: str = "",
            link: str | None = None,
            sessions: Sequence[str] = (),
            audience: Audience
            | Literal["attended", "confirmed", "registered", "followers", "public"] = Audience.CONFIRMED,
            feedback_until: int | datetime | None = None,
        ) -> None:
            """An audience may be named by its text."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.link is None and not self.text:
            raise ValueError("there must be a text or a link")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedWriteUp:
    """One version of a write-up, as it was shared.

    Args:
        id: of the write-up.
        version: from 1.
        title: its name.
        text: the whole of it, or a summary.
        link: where to read it.
        sessions: which sessions it is about; none for all.
        audience: who gets it.
        shared_at: when, in UTC.
        feedback_until: until when feedback is welcome; None when it is not asked for.
        reached: our id of the last person who was told, while some are still to be told; else None.
    """

    id: str
    version: int
    title: str
    text: str = ""
    link: str | None = None
    sessions: tuple[str, ...] = ()
    audience: Audience
    shared_at: KeptMoment
    feedback_until: KeptMoment | None = None
    reached: str | None = None

    @property
    def key(self) -> str:
        """The id of this version."""
        return f"{self.id}.{self.version}"

    @property
    def words(self) -> str:
        """All of it, for people to read."""
        return "\n\n".join(part for part in (self.text, self.link) if part)

    @property
    def content(self) -> tuple[object, ...]:
        """What makes another version of it, when it is another."""
        return self.title, self.text, self.link, self.sessions, self.audience, self.feedback_until

    def is_open_at(self, now: datetime) -> bool:
        """Whether feedback is welcome."""
        return self.feedback_until is not None and now < self.feedback_until

    def is_for(self, registration: Registration) -> bool:
        """Whether somebody who registered is in its audience."""
        place = registration.place
        about = set(self.sessions)
        if self.audience in {Audience.ATTENDED, Audience.CONFIRMED}:
            came = self.audience is Audience.CONFIRMED or registration.attendance is Attendance.ATTENDED
            return came and place is not None and (not about or place in about)
        return not about or place in about or not about.isdisjoint(registration.wishes)


def newest(versions: Iterable[SharedWriteUp], id: str | None = None) -> SharedWriteUp | None:
    """The newest version of a write-up; of the one that was shared last, when no id is given."""
    latest: dict[str, SharedWriteUp] = {}
    for one in versions:
        known = latest.get(one.id)
        if id in {None, one.id} and (known is None or known.version < one.version):
            latest[one.id] = one
    return max(latest.values(), key=lambda one: (one.shared_at, one.id), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What somebody says about a write-up, and what the organisers answer; personal data.

    Args:
        id: ours; there is one for each registration and write-up.
        registration: whose part in the project they speak from.
        person: our id of the person.
        write_up: the id of the write-up.
        version: which version of it they had.
        text: their words, as they gave them last.
        may_quote: whether they agree to be quoted, without their name.
        given_at: when they gave these words, in UTC.
        answer: the organisers' words; None before there are any.
        answered_at: when they were given.
    """

    id: Annotated[str, personal.OURS]
    registration: Annotated[str, personal.OURS]
    person: Annotated[str, personal.OURS]
    write_up: Annotated[str, personal.SAID]
    version: Annotated[int, personal.SAID]
    text: Annotated[str, personal.SAID]
    may_quote: Annotated[bool, personal.SAID] = False
    given_at: Annotated[KeptMoment, personal.SAID]
    answer: Annotated[str | None, personal.SAID] = None
    answered_at: Annotated[KeptMoment | None, personal.SAID] = None

    @classmethod
    def id_of(cls, registration_id: str, write_up_id: str) -> str:
        """The id of what somebody says about a write-up."""
        return f"f-{registration_id}.{write_up_id}"
