"""A member's own work, shared when the sessions are over, and what the organisers decide about it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict

from insight_sessions.domain import personal
from insight_sessions.text import KeptMoment, Line, Said, Url


class WorkStatus(StrEnum):
    """What became of shared work."""

    RECEIVED = "received"
    """Nobody decided about it yet."""
    SHORTLISTED = "shortlisted"
    """It may become a case study."""
    PUBLISHED = "published"
    """It is a case study."""
    DECLINED = "declined"
    """It does not become one."""


class Work(BaseModel):
    """Work that a member shares: what they did about the matter, where they are.

    Args:
        title: its name.
        setting: where it was done, such as a kind of practice or hospital.
        summary: what was done, and what came of it.
        link: where to read more.
        consent: whether they agree that it is published as a case study.

    Raises:
        pydantic.ValidationError: something in it is wrong; the message holds none of it.
    """

    model_config = ConfigDict(
        defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True, revalidate_instances="always"
    )

    title: Line
    setting: Line
    summary: Said
    link: Url | None = None
    consent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedWork:
    """Work as it is kept; personal data.

    Args:
        id: ours.
        person: our id of the person who shared it.
        title: its name.
        setting: where it was done.
        summary: what was done, and what came of it.
        link: where to read more.
        consent: whether they agree that it is published.
        shared_at: when these words came, in UTC.
        status: what became of it.
        decided_at: when that was decided; None when nobody did yet.
        message: what the organisers said to that.
    """

    id: Annotated[str, personal.OURS]
    person: Annotated[str, personal.OURS]
    title: Annotated[str, personal.WORKED]
    setting: Annotated[str, personal.WORKED]
    summary: Annotated[str, personal.WORKED]
    link: Annotated[str | None, personal.WORKED] = None
    consent: Annotated[bool, personal.WORKED] = False
    shared_at: Annotated[KeptMoment, personal.WORKED]
    status: Annotated[WorkStatus, personal.WORKED] = WorkStatus.RECEIVED
    decided_at: Annotated[KeptMoment | None, personal.WORKED] = None
    message: Annotated[str | None, personal.WORKED] = None

    @property
    def content(self) -> tuple[str, str, str, str | None]:
        """What the member wrote."""
        return self.title, self.setting, self.summary, self.link

    @property
    def is_public(self) -> bool:
        """Whether anyone may read it, because it is published and they still agree to that."""
        return self.status is WorkStatus.PUBLISHED and self.consent
