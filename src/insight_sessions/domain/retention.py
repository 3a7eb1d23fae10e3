"""How long a project keeps what it holds of people after it; what it does not say is kept until it is erased."""

from dataclasses import dataclass
from functools import cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


@dataclass(frozen=True, slots=True)
class Drops:
    """What goes: every record of a kind."""

    kind: str


@dataclass(frozen=True, slots=True)
class Blanks:
    """What goes: some fields of a kind of record; the rest of it stays."""

    kind: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Forgets:
    """What goes: whoever took part, with all that is held of them in the project."""


Goes = Drops | Blanks | Forgets

_Days = Annotated[int, Field(strict=True, ge=1, le=3650)]


class Retention(BaseModel):
    """For how many days after the end of its last session a project keeps what it holds of people.

    What has no number is kept until somebody is erased. Another kind of record joins by one more field here.

    Args:
        attributes_days: what your directory says of them.
        addresses_days: addresses they had before.
        replies_days: what their calendars answered.
        attendance_days: whether they came; for rules about absences it is forgotten as well.
        answers_days: to the project's questions.
        reasons_days: for withdrawing or declining.
        feedback_days: what they said about write-ups; counted from the end of the time for it, if that is later.
        work_days: what they shared of their own work; what is published goes as well. It is counted from the end of
            the time for it, if that is later.
        followers_days: who follows the project.
        people_days: everything: whoever took part is forgotten in this project. Followers are kept.
    """

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    attributes_days: Annotated[_Days | None, Blanks("person", ("attributes", "past"))] = None
    addresses_days: Annotated[_Days | None, Blanks("person", ("former",))] = None
    replies_days: Annotated[_Days | None, Blanks("registration", ("partstat", "replied"))] = None
    attendance_days: Annotated[_Days | None, Blanks("registration", ("attendance",))] = None
    answers_days: Annotated[_Days | None, Drops("answers")] = None
    reasons_days: Annotated[_Days | None, Drops("reason")] = None
    feedback_days: Annotated[_Days | None, Drops("feedback")] = None
    work_days: Annotated[_Days | None, Drops("work")] = None
    followers_days: Annotated[_Days | None, Drops("follower")] = None
    people_days: Annotated[_Days | None, Forgets()] = None


@cache
def rules() -> tuple[tuple[str, Goes], ...]:
    """What goes, by the name of the setting."""
    return tuple(
        (name, tag)
        for name, field in Retention.model_fields.items()
        for tag in field.metadata
        if isinstance(tag, Drops | Blanks | Forgets)
    )
