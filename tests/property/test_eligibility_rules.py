"""Rules of eligibility: logic, order, what is not known, and the way through files and stores."""

import json
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from insight_sessions.domain.member import Member, Past
from insight_sessions.domain.project import Contact, Project
from insight_sessions.domain.rules import AllOf, AnyOf, AttributeIn, NotOf, Rule, objections
from insight_sessions.errors import MEMBERSHIP_CODES
from insight_sessions.records import decode, encode
from insight_sessions.testing.eligible import holds
from insight_sessions.testing.strategies import rules

CODES = {
    "not_a_member",
    "membership_lapsed",
    "attribute_not_in",
    "too_many_absences",
    "has_taken_part",
    "none_holds",
    "excluded",
}
days = st.sampled_from([date(2030, 1, 1), date(2030, 2, 1)])
attributes = st.dictionaries(
    st.sampled_from(["setting", "country", "canary"]),
    st.sampled_from(["acute", "community", "Wales", "canary"]),
    max_size=3,
)
people = st.builds(
    Member,
    id=st.just("canary"),
    name=st.just("Canary"),
    email=st.just("canary@example.org"),
    active=st.booleans(),
    valid_until=st.none() | st.just(date(2030, 1, 15)),
    attributes=attributes,
)
pasts = st.builds(
    Past,
    absences=st.integers(0, 4),
    projects=st.lists(st.sampled_from(["pilot", "survey"]), max_size=2, unique=True).map(sorted).map(tuple),
)


def lets_in(rule: Rule, who: Member, past: Past, day: date) -> bool:
    """Whether nothing speaks against somebody."""
    return rule.against(who, past, day) is None


def announced(*eligibility: Rule) -> Project:
    """A project with these rules."""
    team = Contact(name="Team", email="team@example.org")
    return Project(
        id="p",
        title="Waits",
        summary="What waiting does.",
        timezone="Europe/London",
        organiser=team,
        eligibility=eligibility,
    )


@given(rules(), people, pasts, days)
def test_a_rule_lets_in_whom_the_words_of_the_manual_let_in(rule: Rule, who: Member, past: Past, day: date) -> None:
    """However rules stand in each other."""
    assert lets_in(rule, who, past, day) == holds(rule, who, past, day)


@given(st.lists(rules(1), min_size=1, max_size=3), people, pasts, days)
def test_not_all_is_any_not_and_not_any_is_all_not(some: list[Rule], who: Member, past: Past, day: date) -> None:
    """De Morgan's laws, and that twice not is as if nobody had said it."""
    nots = tuple(NotOf(of=one, objection="No.") for one in some)
    not_all, not_any = (NotOf(of=kind(of=tuple(some)), objection="No.") for kind in (AllOf, AnyOf))
    assert lets_in(not_all, who, past, day) == lets_in(AnyOf(of=nots), who, past, day)
    assert lets_in(not_any, who, past, day) == lets_in(AllOf(of=nots), who, past, day)
    for one, negated in zip(some, nots, strict=True):
        assert lets_in(NotOf(of=negated, objection="No."), who, past, day) == lets_in(one, who, past, day)


@given(st.lists(rules(), min_size=1, max_size=4), st.randoms(use_true_random=False), people, pasts, days)
def test_the_order_of_rules_lets_nobody_in_and_keeps_nobody_out(
    some: list[Rule],
    dice: Any,  # noqa: ANN401 - hypothesis gives dice of its own
    who: Member,
    past: Past,
    day: date,
) -> None:
    """In a project, in ``all`` and in ``any``; and a project asks for all of them."""
    other = dice.sample(some, len(some))
    for kind in (AllOf, AnyOf):
        first, second = (kind(of=tuple(order)) for order in (some, other))
        assert lets_in(first, who, past, day) == lets_in(second, who, past, day)
    found = objections(some, who, past, day)
    assert set(found) == set(objections(other, who, past, day))
    assert bool(found) != lets_in(AllOf(of=tuple(some)), who, past, day)


@given(st.lists(st.text(min_size=1), min_size=1), people, days)
def test_an_attribute_that_nobody_gave_is_in_no_set(values: list[str], who: Member, day: date) -> None:
    """Whatever is in the set."""
    rule = AttributeIn.model_construct(name="role", values=tuple(values))
    assert not lets_in(rule, who, Past(), day)


@given(rules(), people, pasts, days)
def test_an_objection_has_a_known_code_and_repeats_nothing_of_anybody(
    rule: Rule, who: Member, past: Past, day: date
) -> None:
    """The same for the same, and nobody is told apart from a stranger by another one."""
    found = objections([rule], who, past, day)
    assert found == objections([rule], who, past, day)
    assert {one.code for one in found} <= CODES
    assert "canary" not in repr(found).lower()
    together = objections([rule, AttributeIn(name="role", values=("any",))], who, past, day)
    hidden = {one.code for one in found} & MEMBERSHIP_CODES
    assert not hidden or {one.code for one in together} == hidden


def as_toml(value: Any) -> str:  # noqa: ANN401 - whatever a model dumps
    """A value as it stands in a file: TOML writes text and numbers as JSON does."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {as_toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return json.dumps(value)


@given(st.lists(rules(), max_size=3))
def test_a_rule_from_a_file_is_the_rule_made_in_python(some: list[Rule]) -> None:
    """Written as a table each, or as one array."""
    project = announced(*some)
    head = (
        'id = "p"\ntitle = "Waits"\nsummary = "What waiting does."\ntimezone = "Europe/London"\n'
        'organiser = { name = "Team", email = "team@example.org" }\n'
    )
    dumped = [one.model_dump(mode="json", exclude_none=True) for one in some]
    tables = "".join(
        "[[eligibility]]\n" + "".join(f"{key} = {as_toml(value)}\n" for key, value in one.items()) for one in dumped
    )
    with TemporaryDirectory() as folder:
        path = Path(folder, "project.toml")
        for text in (f"{head}{tables}", f"{head}eligibility = {as_toml(dumped)}\n"):
            path.write_text(text)
            assert Project.from_toml(path) == project


@given(st.lists(rules(), max_size=3))
def test_rules_come_back_from_a_store_as_they_were(some: list[Rule]) -> None:
    """With their project."""
    project = announced(*some)
    (found,) = decode([encode("p", "project", "p", 1, project)]).things
    assert found == project
