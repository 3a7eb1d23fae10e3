"""Allocation policies of plugins: by name, looked at, and never trusted."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from insight_sessions.commands.allocation import Allocate
from insight_sessions.desk import Desk
from insight_sessions.domain.allocation import AllocationPolicy, Bound, Proposal
from insight_sessions.errors import NotPossible, PluginError
from insight_sessions.hooks.manager import load_plugins
from insight_sessions.hooks.specs import hookimpl

from .desk_kit import P, interest, project, session
from .desk_store import a_desk


class Brings:
    """A plugin with one policy."""

    def __init__(self, policy: AllocationPolicy) -> None:
        self.name = "bringer"
        self._policy = policy

    @hookimpl
    def insight_sessions_allocation_policy(self) -> AllocationPolicy:
        """The policy."""
        return self._policy


def desk_with(allocate: Callable[..., Any], balance: Callable[..., Any] | None = None) -> Desk:
    """A desk with a policy, and two people who want the one place on Monday."""
    both = project(session("mon"), session("tue"), places="allocation")
    desk = a_desk(Brings(AllocationPolicy("own", allocate, balance)), announced=both)
    for who in ("ada", "ben"):
        desk.do(interest(who, "mon"))
    return desk


def own(*balance: Bound) -> Allocate:
    """The command."""
    return Allocate(project_id=P, policy="own", seed=1, balance=balance)


@pytest.mark.parametrize("name", ["first-come", "lottery", "optimal", "balanced"])
def test_a_name_of_ours_is_refused_when_the_plugin_is_loaded(name: str) -> None:
    """Or nobody would know which one decides."""
    with pytest.raises(PluginError, match=f"'{name}' is the name of a policy that comes with the library"):
        load_plugins([Brings(AllocationPolicy(name, lambda *_: {}))], discover=False)


def test_a_plugins_policy_decides() -> None:
    """Whom it likes, of those who wished for it."""
    desk = desk_with(lambda people, *_: {people[-1].registration: "mon"})
    found = desk.do(own())
    assert [one.session for one in found.people] == [None, "mon"]
    assert desk.explain(P, "ada").reasons[1].code == "all_taken"


def test_what_a_policy_could_have_given_is_told() -> None:
    """A place was free, and it gave it to nobody."""
    desk = desk_with(lambda *_: {})
    desk.do(own())
    assert [one.code for one in desk.explain(P, "ada").reasons][1:3] == ["not_chosen", "missed_policy"]


def fails(*_: object) -> Mapping[str, str]:
    """Not today."""
    raise ValueError("canary")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (fails, "allocation_policy failed with ValueError"),
        (lambda *_: None, "must answer with a session for each registration"),
        (lambda people, *_: {one.registration: "mon" for one in people}, "more people in mon than it has places"),
        (lambda people, *_: {people[0].registration: "tue"}, "a session that was not wished for"),
        (lambda people, *_: {people[0].registration: "fri"}, "a session that has none to give"),
        (lambda *_: {"r-nobody": "mon"}, "somebody who is no candidate"),
        (lambda people, *_: {people[0].registration: ["mon"]}, "unhashable"),
    ],
)
def test_nonsense_is_an_error_that_names_the_plugin(answer: Callable[..., Any], said: str) -> None:
    """Nothing is allocated, and its own words are not repeated."""
    desk = desk_with(answer)
    with pytest.raises(PluginError, match=said) as error:
        desk.do(own())
    assert error.value.plugin == "bringer"
    assert "canary" not in str(error.value)
    assert not desk.state(P).allocations
    (outcome,) = desk.do_many(P, [own()])
    assert isinstance(outcome.error, PluginError)


def test_a_policy_that_knows_no_bounds_says_so() -> None:
    """It is never asked to keep some."""
    with pytest.raises(NotPossible, match="keeps no bounds"):
        desk_with(lambda *_: {}).do(own(Bound(attribute="setting", at_least=1)))


@pytest.mark.parametrize("nonsense", [{}, Proposal({}, proven=1)])  # type: ignore[arg-type]
def test_a_policy_that_balances_answers_with_a_proposal(nonsense: object) -> None:
    """What it claims to have proven is a score."""
    bound = Bound(attribute="setting", value="acute", at_most=1)
    desk = desk_with(lambda *_: {}, lambda *_: nonsense)
    with pytest.raises(PluginError, match="must balance with a Proposal"):
        desk.do(own(bound))
    good = desk_with(lambda *_: {}, lambda people, *_: Proposal({people[0].registration: "mon"}))
    assert good.do(own(bound)).ranks == (1,)
