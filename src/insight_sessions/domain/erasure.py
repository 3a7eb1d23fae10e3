"""What is left of a person who was erased: a count, and for a day at most, where to say goodbye."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Annotated, Final

from insight_sessions.domain import personal
from insight_sessions.domain.member import Person
from insight_sessions.domain.registration import Registration
from insight_sessions.text import KeptMoment

FAREWELL_KEPT: Final = timedelta(hours=24)
"""How long an address is kept at most for a last message to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What was erased of somebody, in numbers, and what is left to do; nothing in it is about them.

    Args:
        id: ours; empty when it is about several projects.
        at: when, in UTC.
        projects: where something was known about them.
        records: how many records were deleted, by kind.
        freed: the sessions in which they had a place or an offer that others can have now.
        plugins: what each plugin erased, by its name and by what it calls it.
        pending: what is left to do, and why: ``"farewell"`` while a last message is on its way to them,
            ``"plugin NAME"``, ``"project ID"``, ``"scrub"``.
    """

    id: str
    at: KeptMoment
    projects: tuple[str, ...]
    records: Mapping[str, int]
    freed: tuple[str, ...] = ()
    plugins: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    pending: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""
        return not self.pending

    def while_awaited(self, farewells: Iterable["Farewell"]) -> "Erasure":
        """The same, which is not complete while one of these last messages is its own."""
        if not any(one.erasure == self.id for one in farewells):
            return self
        return replace(self, pending={"farewell": "A last message is on its way to them."})


@dataclass(frozen=True, slots=True, kw_only=True)
class Farewell:
    """Where a last message goes to somebody who was erased, and what their calendar knows the entry by; personal data.

    It is deleted as soon as the message was taken by everyone who brings messages, or given up, and after
    `FAREWELL_KEPT` in any case.

    Args:
        registration: the id of what was their registration, which their calendar entry goes by.
        person: our id of them.
        erasure: the id of the erasure.
        member_id: the host's id of them.
        name: what to call them.
        email: where to write to.
        language: a BCP 47 tag.
        address: the number of that address.
        registered_at: when they registered, as the invite said.
        described: which of the project's descriptions the message holds.
        organiser: which of the project's organisers signs.
        until: when it is deleted at the latest.
        awaited: the consumers of notices that have not taken it yet.
    """

    registration: Annotated[str, personal.OURS]
    person: Annotated[str, personal.OURS]
    erasure: Annotated[str, personal.OURS]
    member_id: Annotated[str, personal.PARTING]
    name: Annotated[str, personal.PARTING]
    email: Annotated[str, personal.PARTING]
    language: Annotated[str, personal.PARTING] = "en"
    address: Annotated[int, personal.PARTING] = 0
    registered_at: Annotated[KeptMoment, personal.PARTING]
    described: Annotated[int, personal.PARTING] = 0
    organiser: Annotated[int, personal.PARTING] = 0
    until: Annotated[KeptMoment, personal.PARTING]
    awaited: Annotated[tuple[str, ...], personal.PARTING] = ()

    @property
    def recipient(self) -> Person:
        """The person, as far as they are known for one more message."""
        gone = ("",) * self.address
        return Person(
            id=self.person,
            member_id=self.member_id,
            name=self.name,
            email=self.email,
            language=self.language,
            former=gone,
        )

    def part_in(self, project_id: str) -> Registration:
        """Their registration, as far as their calendar entry needs it."""
        return Registration(
            id=self.registration,
            project_id=project_id,
            person=self.person,
            wishes=(),
            arrived=0,
            registered_at=self.registered_at,
            checked_at=self.registered_at,
            described=self.described,
            organiser=self.organiser,
            address=self.address,
        )
