"""Rules of eligibility, to compose: who may take part in a project, each rule with its objection.

A rule looks at what is known of somebody and at the day of one session, and at nothing else: the same always gives
the same answer. What it does not know counts as not so: an attribute that nobody gave is in no set.
"""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationInfo, model_validator

from insight_sessions.domain.member import Member, Past, Person
from insight_sessions.errors import CHECK_FAILED, LAPSED, MEMBERSHIP_CODES, NOT_A_MEMBER, Objection
from insight_sessions.text import STORED, Line, Slug

MOST_RULES: Final = 100
"""How many rules a project may have, those within others too."""

MOST_DEEP: Final = 6
"""How deep rules may stand in each other."""


Known = Member | Person
"""What is known of somebody: as the host has them, or as a project keeps them."""


class _Rule(BaseModel):
    """What all rules share."""

    model_config = ConfigDict(
        defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True, revalidate_instances="always"
    )

    asks_past: ClassVar[bool] = False
    asks_membership: ClassVar[bool] = False

    @abstractmethod
    def against(self, who: Known, past: Past, day: date) -> Objection | None:
        """What speaks against somebody on the day of a session, by this rule.

        Args:
            who: somebody.
            past: what they did before.
            day: the session's date on the wall.
        """

    def parts(self) -> Iterator["_Rule"]:
        """This rule and all within it."""
        yield self

    @property
    def depth(self) -> int:
        """How deep it is: 1 for a rule with none within it."""
        return 1


class _Telling(_Rule):
    """A rule with a sentence of ours for those whom it keeps out, unless it has one of its own."""

    objection: Line | None = None

    def _say(self, ours: Objection) -> Objection:
        return ours if self.objection is None else Objection(ours.code, self.objection)


class ActiveMember(_Telling):
    """They are an active member now.

    Args:
        objection: the sentence for those whom it keeps out.
    """

    rule: Literal["active_member"] = "active_member"
    asks_membership: ClassVar[bool] = True

    def against(self, who: Known, past: Past, day: date) -> Objection | None:
        """Nothing, for a member."""
        del past, day
        return None if who.active else self._say(NOT_A_MEMBER)


class ValidOnTheDay(_Telling):
    """They are an active member, and their membership does not end before the session's date.

    Args:
        objection: the sentence for those whom it keeps out.
    """

    rule: Literal["valid_on_the_day"] = "valid_on_the_day"
    asks_membership: ClassVar[bool] = True

    def against(self, who: Known, past: Past, day: date) -> Objection | None:
        """Nothing, for a member on that day."""
        del past
        return None if who.is_member_on(day) else self._say(LAPSED)


def _as_a_set(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


class AttributeIn(_Telling):
    """An attribute of theirs is one of some values, letter by letter.

    Args:
        name: of the attribute, such as ``setting``.
        values: those that let somebody in; their order means nothing.
        objection: the sentence for those whom it keeps out.
    """

    rule: Literal["attribute_in"] = "attribute_in"
    name: Line
    values: Annotated[tuple[Line, ...], Field(min_length=1, max_length=1_000), AfterValidator(_as_a_set)]

    def against(self, who: Known, past: Past, day: date) -> Objection | None:
        """Nothing, when it is known and one of them."""
        del past, day
        return None if who.attributes.get(self.name) in self.values else self._say(_NOT_FOR_THEM)


class AbsencesAtMost(_Telling):
    """They stayed away without a word at most so many times, in all projects of the store.

    Args:
        most: how many absences are allowed.
        objection: the sentence for those whom it keeps out.
    """

    rule: Literal["absences_at_most"] = "absences_at_most"
    asks_past: ClassVar[bool] = True
    most: Annotated[int, Field(strict=True, ge=0, le=1_000)]

    def against(self, who: Known, past: Past, day: date) -> Objection | None:
        """Nothing, for whoever stayed away that often or less."""
        del who, day
        return None if past.absences <= self.most else self._say(_TOO_OFTEN_ABSENT)


class NotTakenPartIn(_Telling):
    """They take part in none of some other projects, and did not before.

    Args:
        projects: their ids, in the same store; their order means nothing.
        objection: the sentence for those whom it keeps out.
    """

    rule: Literal["not_taken_part_in"] = "not_taken_part_in"
    asks_past: ClassVar[bool] = True
    projects: Annotated[tuple[Slug, ...], Field(min_length=1, max_length=1_000), AfterValidator(_as_a_set)]

    def against(self, who: Known, past: Past, day: date) -> Objection | None:
        """Nothing, for whoever is new to all of them."""
        del who, day
        return None if set(past.projects).isdisjoint(self.projects) else self._say(_TOOK_PART)


class _Composed(_Telling):
    """A rule made of others."""

    of: Annotated[tuple["Rule", ...], Field(max_length=MOST_RULES)]

    def parts(self) -> Iterator[_Rule]:
        """This rule and all within it."""
        yield self
        for one in self.of:
            yield from one.parts()

    @property
    def depth(self) -> int:
        """How deep it is."""
        return 1 + max(one.depth for one in self.of)

    @model_validator(mode="after")
    def _neither_empty_nor_too_deep(self) -> Self:
        if not self.of:
            raise ValueError("there must be at least one rule in it")
        _refuse_too_deep(self)
        return self


class AllOf(_Composed):
    """Every one of some rules holds.

    Args:
        of: the rules; their order means nothing but for whose objection is given: the first that does not hold.
        objection: the sentence for those whom it keeps out, instead of that rule's.
    """

    rule: Literal["all"] = "all"

    def against(self, who: Known, past: Past, day: date) -> Objection | None:
        """Nothing, when nothing speaks against them by any."""
        found = _first(_found(self.of, who, past, day))
        return None if found is None else self._say(found)


class AnyOf(_Composed):
    """At least one of some rules holds.

    Args:
        of: the rules; their order means nothing.
        objection: the sentence for those whom it keeps out.
    """

    rule: Literal["any"] = "any"

    def against(self, who: Known, past: Past, day: date) -> Objection | None:
        """Nothing, when nothing speaks against them by one."""
        found = _found(self.of, who, past, day)
        if len(found) < len(self.of):
            return None
        # Whether somebody is a member is told to nobody, and so neither when that would have been one way in.
        hidden = _first([one for one in found if one.code in MEMBERSHIP_CODES])
        return self._say(_NONE_HOLDS if hidden is None else hidden)


class NotOf(_Rule):
    """A rule does not hold.

    Args:
        of: the rule.
        objection: the sentence for those whom it keeps out; there is none of ours that would tell them why.
    """

    rule: Literal["not"] = "not"
    of: "Rule"
    objection: Line

    def against(self, who: Known, past: Past, day: date) -> Objection | None:
        """Nothing, when something speaks against them by that rule."""
        return None if self.of.against(who, past, day) else Objection("excluded", self.objection)

    def parts(self) -> Iterator[_Rule]:
        """This rule and all within it."""
        yield self
        yield from self.of.parts()

    @property
    def depth(self) -> int:
        """How deep it is."""
        return 1 + self.of.depth

    @model_validator(mode="after")
    def _not_too_deep(self) -> Self:
        _refuse_too_deep(self)
        return self


Rule = Annotated[
    ActiveMember | ValidOnTheDay | AttributeIn | AbsencesAtMost | NotTakenPartIn | AllOf | AnyOf | NotOf,
    Field(discriminator="rule"),
]
"""Any of them."""

_NOT_FOR_THEM: Final = Objection("attribute_not_in", "These sessions are for other groups of members.")
_TOO_OFTEN_ABSENT: Final = Objection("too_many_absences", "You missed sessions too often without telling us.")
_TOOK_PART: Final = Objection("has_taken_part", "You have taken part in a project that this one must not overlap with.")
_NONE_HOLDS: Final = Objection("none_holds", "None of the conditions is met of which one must be.")

KINDS: Final = frozenset(
    {"active_member", "valid_on_the_day", "attribute_in", "absences_at_most", "not_taken_part_in", "all", "any", "not"}
)
"""How a project file names each kind of rule."""

_RULES: Final[TypeAdapter[tuple[Rule, ...]]] = TypeAdapter(tuple[Rule, ...], config=ConfigDict(defer_build=True))


def rules_of(given: object, info: ValidationInfo) -> tuple[Rule, ...]:
    """The rules of a project, checked.

    Raises:
        ValueError: something is wrong with them, or there are too many.
    """
    # What a newer release added to what we keep is passed over, as everywhere.
    extra: Literal["ignore"] | None = "ignore" if info.context is STORED else None
    rules = _RULES.validate_python(given, context=info.context, extra=extra)
    if sum(1 for one in rules for _ in one.parts()) > MOST_RULES:
        raise ValueError(f"there must not be more than {MOST_RULES} rules")
    return rules


def objections(rules: Sequence[Rule], who: Known, past: Past | None, day: date) -> tuple[Objection, ...]:
    """What speaks against somebody on the day of a session; every rule must hold.

    Args:
        rules: the project's.
        who: somebody.
        past: what they did before; None when nobody looked.
        day: the session's date on the wall.
    """
    if past is None:
        if any(part.asks_past for one in rules for part in one.parts()):
            return (CHECK_FAILED,)
        past = Past()
    found = _found(rules, who, past, day)
    # Whoever is told apart from a stranger by another objection would learn that they are known.
    hidden = tuple(one for one in found if one.code in MEMBERSHIP_CODES)
    return hidden or tuple(found)


def _found(rules: Iterable[Rule], who: Known, past: Past, day: date) -> list[Objection]:
    return [found for one in rules if (found := one.against(who, past, day)) is not None]


def _first(found: Sequence[Objection]) -> Objection | None:
    return found[0] if found else None


def _refuse_too_deep(rule: _Rule) -> None:
    if rule.depth > MOST_DEEP:
        raise ValueError(f"rules must not stand more than {MOST_DEEP} deep in each other")
