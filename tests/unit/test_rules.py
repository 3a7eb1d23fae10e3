from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from insight_sessions.domain.member import Past
from insight_sessions.domain.rules import (
    KINDS,
    MOST_DEEP,
    MOST_RULES,
    AbsencesAtMost,
    ActiveMember,
    AllOf,
    AnyOf,
    AttributeIn,
    NotOf,
    NotTakenPartIn,
    Rule,
    ValidOnTheDay,
    objections,
)
from insight_sessions.errors import CHECK_FAILED, LAPSED, NOT_A_MEMBER, Objection
from insight_sessions.records import decode, encode

from .desk_kit import P, member, project, until

DAY = date(2021, 7, 5)
ACUTE = AttributeIn(name="setting", values=("acute",))


def codes(rule: Rule, past: Past = Past(), **of_ada: Any) -> list[str]:  # noqa: ANN401, B008 - whatever is tried; frozen
    """The codes of what speaks against Ada."""
    return [one.code for one in objections([rule], member("ada", **of_ada), past, DAY)]


@pytest.mark.parametrize(
    ("rule", "lets_in", "keeps_out", "code"),
    [
        (ActiveMember(), {}, {"active": False}, "not_a_member"),
        (ValidOnTheDay(), until("2021-07-05"), until("2021-07-04"), "membership_lapsed"),
        (ValidOnTheDay(), {}, {"active": False}, "membership_lapsed"),
        (ACUTE, {"attributes": {"setting": "acute"}}, {"attributes": {"setting": "Acute"}}, "attribute_not_in"),
        (ACUTE, {"attributes": {"setting": "acute"}}, {}, "attribute_not_in"),
        (AbsencesAtMost(most=1), {"past": Past(1)}, {"past": Past(2)}, "too_many_absences"),
        (
            NotTakenPartIn(projects=("pilot", "survey")),
            {"past": Past(0, ("other",))},
            {"past": Past(0, ("other", "survey"))},
            "has_taken_part",
        ),
        (AllOf(of=(ActiveMember(), ACUTE)), {"attributes": {"setting": "acute"}}, {}, "attribute_not_in"),
        (AnyOf(of=(ACUTE, AbsencesAtMost(most=0))), {}, {"past": Past(1)}, "none_holds"),
        (NotOf(of=ACUTE, objection="No."), {}, {"attributes": {"setting": "acute"}}, "excluded"),
    ],
)
def test_each_rule_has_an_objection_of_its_own(
    rule: Rule, lets_in: dict[str, Any], keeps_out: dict[str, Any], code: str
) -> None:
    """Under a stable code, with a sentence that the project can replace."""
    assert codes(rule, **lets_in) == []
    assert codes(rule, **keeps_out) == [code]
    told = rule.model_copy(update={"objection": "Ask us."})
    past = keeps_out.pop("past", Past())
    assert told.against(member("ada", **keeps_out), past, DAY) == Objection(code, "Ask us.")


def test_every_rule_of_a_project_must_hold() -> None:
    """Whoever fails several hears of each."""
    rules = (ACUTE, AbsencesAtMost(most=0))
    found = objections(rules, member("ada"), Past(3), DAY)
    assert [one.code for one in found] == ["attribute_not_in", "too_many_absences"]


def test_what_else_speaks_against_them_tells_nobody_who_is_a_member() -> None:
    """A stranger hears of the membership alone, and so does whoever is known."""
    away = member("ada", active=False)
    assert objections((ACUTE, ActiveMember(), AbsencesAtMost(most=0)), away, Past(1), DAY) == (NOT_A_MEMBER,)
    assert objections((AnyOf(of=(ACUTE, ValidOnTheDay())),), away, Past(), DAY) == (LAPSED,)
    told = AnyOf(of=(ACUTE, ActiveMember()), objection="Members, or hospital staff.")
    assert objections((told,), away, Past(), DAY) == (Objection("not_a_member", "Members, or hospital staff."),)


def test_nobody_is_let_in_by_a_past_that_nobody_looked_up() -> None:
    """Not even by the contrary of a rule; rules that do not ask for it are as they are."""
    new = NotTakenPartIn(projects=("pilot",))
    for rule in (new, NotOf(of=new, objection="No."), AnyOf(of=(ActiveMember(), new))):
        assert objections((rule,), member("ada"), None, DAY) == (CHECK_FAILED,)
    assert objections((ActiveMember(),), member("ada"), None, DAY) == ()


def nested(depth: int) -> dict[str, Any]:
    """A rule so deep, as it comes from a file."""
    rule: dict[str, Any] = {"rule": "active_member"}
    for _ in range(depth - 1):
        rule = {"rule": "not", "of": rule, "objection": "No."}
    return rule


@pytest.mark.parametrize("depth", [MOST_DEEP + 1, 200, 5_000])
def test_rules_do_not_stand_too_deep_in_each_other(depth: int) -> None:
    """However they are given."""
    assert project(eligibility=(nested(MOST_DEEP),)).eligibility[0].depth == MOST_DEEP
    with pytest.raises(ValidationError):
        project(eligibility=(nested(depth),))
    deep = AllOf.model_construct(of=(ActiveMember(),))
    for _ in range(min(depth, 100)):
        deep = AllOf.model_construct(of=(deep,))
    with pytest.raises(ValidationError):
        project(eligibility=(deep,))


def test_there_are_not_too_many_rules() -> None:
    """Those within others count too."""
    half = AnyOf(of=(ActiveMember(),) * (MOST_RULES // 2 - 1))
    assert len(project(eligibility=(half, half)).eligibility) == 2
    with pytest.raises(ValidationError, match="not be more than 100 rules"):
        project(eligibility=(half, half, ActiveMember()))


@pytest.mark.parametrize(
    "wrong",
    [
        {"rule": "all", "of": []},
        {"rule": "any", "of": []},
        {"rule": "attribute_in", "name": "setting", "values": []},
        {"rule": "not_taken_part_in", "projects": []},
    ],
    ids=lambda rule: str(rule["rule"]),
)
def test_a_rule_about_nothing_is_refused(wrong: dict[str, Any]) -> None:
    """It would let everybody in, or nobody."""
    with pytest.raises(ValidationError, match=r"at least (one rule|1 item)"):
        project(eligibility=(wrong,))


def test_values_are_a_set() -> None:
    """Their order, and how often each is named, say nothing."""
    assert AttributeIn(name="setting", values=("b", "a")) == AttributeIn(name="setting", values=("a", "b", "a"))
    assert NotTakenPartIn(projects=("b", "a")) == NotTakenPartIn(projects=("a", "b"))
    given: dict[str, Any] = {"rule": "attribute_in", "name": "setting", "values": {"b", "a"}}
    assert project(eligibility=(given,)).eligibility == (AttributeIn(name="setting", values=("a", "b")),)


def test_the_kinds_are_those_that_a_file_may_name() -> None:
    """And no kind is named like a key of a rule."""
    kinds: set[type[BaseModel]] = {
        ActiveMember,
        ValidOnTheDay,
        AttributeIn,
        AbsencesAtMost,
        NotTakenPartIn,
        AllOf,
        AnyOf,
        NotOf,
    }
    assert {kind.model_fields["rule"].default for kind in kinds} == KINDS
    assert not KINDS & {name for kind in kinds for name in kind.model_fields}


def test_a_store_may_hold_rules_that_say_more() -> None:
    """What a newer release added to a rule is passed over."""
    kept = encode(P, "project", P, 1, project(eligibility=(ACUTE,)))
    assert kept.body is not None
    more = kept.body.replace('"rule":"attribute_in"', '"rule":"attribute_in","added":1')
    assert more != kept.body
    (found,) = decode([type(kept)(P, "project", P, 1, None, None, more)]).things
    assert found == project(eligibility=(ACUTE,)).model_copy(update={"sessions": found.sessions})  # type: ignore[union-attr]
