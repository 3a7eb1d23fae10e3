"""A member, as the host knows them, and a person, as we keep them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from insight_sessions.text import Attributes, EmailAddress, KeptLabels, Labels, Language, Line, labels


class Member(BaseModel):
    """Somebody in the host's community; what a host passes is trusted.

    Args:
        id: the host's own id of them; it may be an e-mail address.
        name: what to call them.
        email: where to write to.
        language: a BCP 47 tag, for their messages.
        active: whether they are a member now.
        valid_until: the last day of their membership, or None when it does not end.
        attributes: free text by name (setting, country, role …), for balance and rules.

    Raises:
        pydantic.ValidationError: something in it is wrong; the message holds none of it.
    """

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    id: Line
    name: Line
    email: EmailAddress
    language: Language = "en"
    active: bool = True
    valid_until: date | None = None
    attributes: Attributes = Field(default_factory=Labels)

    def is_member_on(self, day: date) -> bool:
        """Whether they are an active member on that day."""
        return self.active and (self.valid_until is None or day <= self.valid_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member as a project keeps them: personal data, under an id of our own.

    Args:
        id: our id of the person, the same in every project of a store.
        member_id: the host's id.
    """

    id: str
    member_id: str
    name: str
    email: str
    language: str = "en"
    active: bool = True
    valid_until: date | None = None
    attributes: KeptLabels = Labels()  # noqa: RUF009 - frozen

    @classmethod
    def of(cls, member: Member, person_id: str) -> "Person":
        """The person behind a member."""
        return cls(
            id=person_id,
            member_id=member.id,
            name=member.name,
            email=member.email,
            language=member.language,
            active=member.active,
            valid_until=member.valid_until,
            attributes=labels(member.attributes),
        )

    def renewed(self, member: Member) -> "Person":
        """The person with what their member's membership is now; name and address stay."""
        attributes = labels(member.attributes)
        return replace(self, active=member.active, valid_until=member.valid_until, attributes=attributes)

    def is_member_on(self, day: date) -> bool:
        """Whether they are an active member on that day."""
        return self.active and (self.valid_until is None or day <= self.valid_until)

    def has_address(self, email: str) -> bool:
        """Whether it is their address; calendars turn its letters into small or capital ones."""
        return self.email.lower() == email.lower()


@dataclass(frozen=True, slots=True)
class Erased:
    """What a plugin erased of somebody.

    Args:
        counts: how many things, by what they are called; empty when it had none.
    """

    counts: Mapping[str, int]
