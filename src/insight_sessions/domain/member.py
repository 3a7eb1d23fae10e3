"""A member, as the host knows them, and a person, as we keep them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from insight_sessions.domain import personal
from insight_sessions.text import Attributes, EmailAddress, KeptLabels, Labels, Language, Line, labels
from insight_sessions.values import maker


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


@dataclass(frozen=True, slots=True)
class Past:
    """What somebody did before, as far as rules of eligibility ask for it; ids and numbers alone.

    Args:
        absences: how often they stayed away without a word, in all projects of the store.
        projects: the other projects they take part in or took part in, by id, sorted.
    """

    absences: int = 0
    projects: tuple[str, ...] = ()


FORMER_KEPT = 3
"""How many different former addresses are kept: a cancellation may still be on its way to each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member as a project keeps them: personal data, under an id of our own.

    Args:
        id: our id of the person, the same in every project of a store.
        member_id: the host's id.
        former: addresses they had before, oldest first, for what must be cancelled there; those long gone are empty.
        past: what they did before, when the project's rules ask for it; None when nobody looked.
    """

    id: Annotated[str, personal.OURS]
    member_id: Annotated[str, personal.YOURS]
    name: Annotated[str, personal.CALLED]
    email: Annotated[str, personal.REACHED]
    language: Annotated[str, personal.LANGUAGE] = "en"
    active: Annotated[bool, personal.MEMBER] = True
    valid_until: Annotated[date | None, personal.MEMBER] = None
    attributes: Annotated[KeptLabels, personal.ATTRIBUTES] = Labels()  # noqa: RUF009 - frozen
    former: Annotated[tuple[str, ...], personal.FORMER] = ()
    past: Annotated[Past | None, personal.PAST] = None

    @classmethod
    def of(cls, member: Member, person_id: str) -> "Person":
        """The person behind a member."""
        return _made(
            id=person_id,
            member_id=member.id,
            name=member.name,
            email=member.email,
            language=member.language,
            active=member.active,
            valid_until=member.valid_until,
            attributes=labels(member.attributes),
        )

    def corrected(self, member: Member) -> "Person":
        """The person with everything as it is now; calendars keep knowing them by the address they had."""
        former = self.former
        if not self.has_address(member.email):
            former = (*former, self.email)
            latest = dict.fromkeys(one.lower() for one in reversed(former) if one)
            kept = list(latest)[:FORMER_KEPT]
            former = tuple(one if one.lower() in kept else "" for one in former)
        return replace(Person.of(member, self.id), former=former, past=self.past)

    def renewed(self, member: Member) -> "Person":
        """The person with what their member's membership is now; name and address stay."""
        attributes = labels(member.attributes)
        return replace(self, active=member.active, valid_until=member.valid_until, attributes=attributes)

    def with_past(self, past: Past | None) -> "Person":
        """The person with what they did before, as it was found out now."""
        return self if past == self.past else replace(self, past=past)

    def is_member_on(self, day: date) -> bool:
        """Whether they are an active member on that day."""
        return self.active and (self.valid_until is None or day <= self.valid_until)

    @property
    def member(self) -> Member:
        """The member they are; checked when they registered, and not again."""
        return Member.model_construct(
            id=self.member_id,
            name=self.name,
            email=self.email,
            language=self.language,
            active=self.active,
            valid_until=self.valid_until,
            attributes=self.attributes,
        )

    @property
    def address(self) -> int:
        """The number of the address they have, for what is sent to it to name it by."""
        return len(self.former)

    def address_at(self, number: int) -> str | None:
        """The address of that number, or None when it is gone."""
        return (*self.former, self.email)[number] or None

    def has_address(self, email: str) -> bool:
        """Whether it is their address; calendars turn its letters into small or capital ones."""
        return self.email.lower() == email.lower()


_made = maker(Person)


@dataclass(frozen=True, slots=True)
class Erased:
    """What a plugin erased of somebody.

    Args:
        counts: how many things, by what they are called; empty when it had none.
    """

    counts: Mapping[str, int]
