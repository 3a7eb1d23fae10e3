"""A project: what a research team announces, and the call that goes with it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    field_validator,
    model_validator,
)

from insight_sessions.domain.offering import FillPolicy, Offers
from insight_sessions.domain.reminding import ReminderHours
from insight_sessions.domain.retention import Retention
from insight_sessions.domain.session import Session, within_years
from insight_sessions.domain.zone import Timezone, instant
from insight_sessions.errors import Objection
from insight_sessions.text import EmailAddress, Language, Line, Slug, Text, Url

if TYPE_CHECKING:
    from insight_sessions.domain.member import Member, Past, Person
    from insight_sessions.domain.rules import Rule

    Rules = tuple[Rule, ...]
else:

    def _rules(given: object, info: ValidationInfo) -> tuple[object, ...]:
        """The rules; most projects have none, and so never load what rules are."""
        if isinstance(given, tuple | list) and not given:
            return ()
        from insight_sessions.domain.rules import rules_of  # noqa: PLC0415 - see above

        return rules_of(given, info)

    Rules = Annotated[Any, PlainValidator(_rules)]

PlacesPolicy = Literal["first-come", "review", "allocation"]
"""How places are given: at once, by an organiser's decision, or decided together."""

_VALUE = ConfigDict(
    defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True, revalidate_instances="always"
)


class Contact(BaseModel):
    """Who to write to about a project; public."""

    model_config = _VALUE

    name: Line
    email: EmailAddress


class CallStatus(StrEnum):
    """Where a call stands."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


class Call(BaseModel):
    """The call for participants.

    Args:
        status: draft, open or closed; a closed call may open again.
        opens_at: when it opens by itself; local time is taken in the project's zone.
        closes_at: when it closes by itself.
        closed_message: what it says once closed.
    """

    model_config = _VALUE

    status: CallStatus = CallStatus.DRAFT
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    closed_message: Text = "This opportunity is now closed."

    @property
    def is_open(self) -> bool:
        """Whether members can register."""
        return self.status is CallStatus.OPEN

    @property
    def message(self) -> str:
        """What the call says of itself, for anyone to read."""
        if self.status is CallStatus.CLOSED:
            return self.closed_message
        return "This call is open." if self.is_open else "This call is not open yet."


class Question(BaseModel):
    """Something the organisers ask everyone who registers."""

    model_config = _VALUE

    id: Slug
    text: Line
    required: bool = False
    choices: tuple[Line, ...] = ()


class ConsentAsked(BaseModel):
    """A consent the organisers ask for, one purpose each.

    Args:
        purpose: such as ``take-part``, ``updates``, ``quotes``, ``recording``.
        text: what a member agrees to, in full.
        version: of the wording; it is kept with each answer.
        required: nobody can register without it.
    """

    model_config = _VALUE

    purpose: Slug
    text: Text
    version: Annotated[int, Field(strict=True, ge=1)] = 1
    required: bool = False


class WorkCall(BaseModel):
    """When members can share work of their own.

    Args:
        opens_at: from when on; local time is taken in the project's zone. At once when not given.
        closes_at: until when; without an end when not given.
    """

    model_config = _VALUE

    opens_at: datetime | None = None
    closes_at: datetime | None = None


class Project(BaseModel):
    """An insight project as it is announced.

    Args:
        id: short and stable, unique in the store.
        title: its name.
        summary: what it is about, in a paragraph.
        timezone: the IANA zone of its sessions.
        organiser: who members can write to.
        language: of its messages; ``en`` when not given.
        apply_url: where people who are not members can apply.
        members_only: whether only active members may take part.
        eligibility: rules that must all hold besides; see `Rule`.
        places: how places are given.
        fill: what becomes of a free place that somebody waits for.
        offers: how places are offered.
        reminder_hours: how many hours before each session those with a place are reminded, such as ``(168, 24)``.
        recheck_days: after how many days someone's membership must be looked up again before a
            freed place is given to them; None to trust what was said when they registered.
        questions: asked of everyone who registers.
        consents: asked of everyone who registers.
        retention: how long what is held of people is kept after the last session; None until somebody is erased.
        call: when the call opens and closes.
        sessions: what members choose from.
        work: when members can share work of their own; it is not asked for when not given.

    Raises:
        pydantic.ValidationError: something in it is wrong.
    """

    model_config = _VALUE

    id: Slug
    title: Line
    summary: Text
    timezone: Timezone
    organiser: Contact
    language: Language = "en"
    apply_url: Url | None = None
    members_only: bool = True
    eligibility: Rules = ()
    places: PlacesPolicy = "first-come"
    fill: FillPolicy = "confirm"
    offers: Offers = Field(default_factory=Offers)
    reminder_hours: ReminderHours = ()
    recheck_days: Annotated[int, Field(strict=True, ge=1, le=3650)] | None = None
    questions: tuple[Question, ...] = ()
    consents: tuple[ConsentAsked, ...] = ()
    retention: Retention | None = None
    call: Call = Field(default_factory=Call)
    sessions: tuple[Session, ...] = ()
    work: WorkCall | None = None
    cancelled: Text | None = None

    @field_validator("call", "work")
    @classmethod
    def _call_in_zone(cls, call: Call | WorkCall | None, info: ValidationInfo) -> Call | WorkCall | None:
        name = info.data.get("timezone")
        if name is None or call is None:
            return call
        moments = {key: getattr(call, key) for key in ("opens_at", "closes_at")}
        aware = {key: _aware(moment, name) for key, moment in moments.items()}
        return call.model_copy(update=aware)

    @field_validator("sessions")
    @classmethod
    def _sessions_in_zone(cls, sessions: tuple[Session, ...], info: ValidationInfo) -> tuple[Session, ...]:
        _refuse_twice("session", (session.id for session in sessions))
        name = info.data.get("timezone")
        return sessions if name is None else tuple(session.placed(name) for session in sessions)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _refuse_twice("question", (question.id for question in self.questions))
        _refuse_twice("consent", (consent.purpose for consent in self.consents))
        _refuse_backwards("the call", self.call)
        if self.work is not None:
            _refuse_backwards("the time to share work", self.work)
        return self

    def against(self, who: "Member | Person", past: "Past | None", day: date) -> tuple[Objection, ...]:
        """What speaks against somebody on the day of a session, by the rules of eligibility.

        Args:
            who: somebody.
            past: what they did before; None when nobody looked.
            day: the session's date on the wall.
        """
        if not self.eligibility:
            return ()
        from insight_sessions.domain.rules import objections  # noqa: PLC0415 - most projects have none

        return objections(self.eligibility, who, past, day)

    @property
    def asks_past(self) -> bool:
        """Whether its rules ask what somebody did before."""
        return any(part.asks_past for one in self.eligibility for part in one.parts())

    @property
    def asks_membership(self) -> bool:
        """Whether it or its rules ask who is a member."""
        return self.members_only or any(part.asks_membership for one in self.eligibility for part in one.parts())

    @classmethod
    def from_toml(cls, path: str | Path) -> "Project":
        """Read a project from a TOML file that mirrors this class.

        Top-level keys, ``[organiser]``, ``[call]``, ``[[sessions]]``, ``[[questions]]`` and
        ``[[consents]]``; a session's ``starts`` is a TOML local date-time.

        Raises:
            ProjectFileError: names the file, each wrong key with its line, and the reason.
        """
        from insight_sessions.domain.project_file import read  # noqa: PLC0415 - most processes read no file

        return read(cls, Path(path))


def _aware(moment: datetime | None, name: str) -> datetime | None:
    if moment is None:
        return None
    return within_years(moment if moment.tzinfo is not None else instant(moment, name))


def _refuse_backwards(what: str, call: Call | WorkCall) -> None:
    if call.opens_at is not None and call.closes_at is not None and call.closes_at <= call.opens_at:
        raise ValueError(f"{what} must not close before it opens")


def _refuse_twice(kind: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise ValueError(f"two {kind}s have the id {name!r}")
        seen.add(name)


@dataclass(frozen=True, slots=True)
class Described:
    """What was said about a project before that was amended, for invites that were written then.

    Args:
        number: the how-manieth description it was, from 0.
        title: the project's name.
        summary: what it was about.
    """

    number: int
    title: str
    summary: str
