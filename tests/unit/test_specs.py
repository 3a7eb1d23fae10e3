"""Every hook is documented, its docstring holds a whole plugin, and that plugin works."""

import inspect
import re
from collections.abc import Callable, Mapping
from contextlib import closing
from types import ModuleType
from typing import Final

import pytest

from insight_sessions.domain.allocation import Candidate, Room
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.errors import Objection
from insight_sessions.hooks import specs
from insight_sessions.hooks.manager import Plugins, load_plugins
from insight_sessions.runtime import Runtime
from insight_sessions.testing import example_notices
from tests.unit.desk_kit import NOW, member, project
from tests.unit.test_invite import draft

HOOKS: Final[Mapping[str, Callable[..., object]]] = {
    name.removeprefix("insight_sessions_"): value
    for name, value in vars(specs).items()
    if name.startswith("insight_sessions_")
}


def example(hook: str) -> ModuleType:
    """The plugin in a hook's docstring, as a module."""
    blocks = re.findall(r"\.\. code-block:: python\n\n((?: {4}.*\n|\n)+)", inspect.getdoc(HOOKS[hook]) or "")
    assert len(blocks) == 1, f"the docstring of {hook} needs one code block with a whole plugin"
    module = ModuleType(f"example_of_{hook}")
    exec(compile(inspect.cleandoc(f"\n{blocks[0]}"), module.__name__, "exec"), vars(module))  # noqa: S102 - our own text
    return module


def store(plugins: Plugins, module: ModuleType) -> None:
    """A store is opened by its scheme."""
    with closing(plugins.open_storage("scratch:here", Runtime())) as storage:
        assert storage.project_ids() == []


def directory(plugins: Plugins, module: ModuleType) -> None:
    """A member is found by id and by e-mail address, and nobody else."""
    ada = plugins.find_member("q-17")
    assert ada is not None
    assert ada.name == "Ada Osei"
    assert plugins.find_member("ada@example.org") == ada
    assert plugins.find_member("q-18") is None


def eligibility(plugins: Plugins, module: ModuleType) -> None:
    """Who does not work in England may not take part."""
    offered = project()
    assert plugins.objections(member(attributes={"country": "England"}), offered, offered.sessions) == ()
    (objection,) = plugins.objections(member(attributes={"country": "Wales"}), offered, offered.sessions)
    assert objection == Objection("not_in_england", "This project is for people who work in England.")


def policy(plugins: Plugins, module: ModuleType) -> None:
    """Places are drawn, the same seed draws the same, and no room gets too full."""
    allocate = plugins.allocation_policies["ballot"].allocate
    people = [Candidate(f"r-{number}", ("mon", "tue"), number, {}) for number in range(6)]
    rooms = [Room("mon", 2, 1), Room("tue", 3, 1)]
    drawn = allocate(people, rooms, 7)
    assert drawn == allocate(people, rooms, 7)
    assert sorted(drawn.values()) == ["mon", "mon", "tue", "tue", "tue"]
    assert set(allocate(people, [Room("tue", None, 1)], 7).values()) == {"tue"}


def preparing(plugins: Plugins, module: ModuleType) -> None:
    """The calendar entry has a category."""
    offered = project()
    prepared = draft()
    plugins.prepare_invite(prepared, offered, offered.sessions[0])
    assert "CATEGORIES:Insight project" in prepared.content_lines


def wording(plugins: Plugins, module: ModuleType) -> None:
    """There are German words for a confirmed place, and no others."""
    found = plugins.wording(NoticeKind.PLACE_CONFIRMED, "de")
    assert found is not None
    assert found.text == "Guten Tag {name},\n\nSie haben einen Platz:\n{session}\n\n{organiser}"
    assert plugins.wording(NoticeKind.PLACE_CONFIRMED, "en") is None
    assert plugins.wording(NoticeKind.WAITING, "de") is None


def notifying(plugins: Plugins, module: ModuleType) -> None:
    """Each notice is a line, and one that comes again is not said twice."""
    notify = plugins.notifiers["notify/example_of_notify"]
    first, second = example_notices()[:2]
    for notice in (first, second, first):
        notify(notice)
    assert module.CHANNEL == [
        "Exploring COVID-19 backlogs: We have received your interest: Exploring COVID-19 backlogs (n-example-1)",
        "Exploring COVID-19 backlogs: You have a place: Exploring COVID-19 backlogs (n-example-2)",
    ]


def listening(plugins: Plugins, module: ModuleType) -> None:
    """What happened is counted once, however often it is told."""
    listen = plugins.listeners["event/example_of_on_event"]
    for number in (1, 2, 2, 1):
        listen(Event(number=number, project_id="p", kind=EventKind.REGISTERED, at=NOW))
    assert module.HAPPENED == {"registered": 2}


def erasing(plugins: Plugins, module: ModuleType) -> None:
    """What was kept is counted and gone."""
    answers = [plugins.erase_member(id)["example_of_erase_member"] for id in ("q-17", "q-17", "q-18")]
    assert [getattr(answer, "counts", None) for answer in answers] == [{"nicknames": 1}, {}, {}]
    assert not module.NICKNAMES


EXERCISES: Final[Mapping[str, Callable[[Plugins, ModuleType], None]]] = {
    "storage_backend": store,
    "find_member": directory,
    "check_eligibility": eligibility,
    "allocation_policy": policy,
    "prepare_invite": preparing,
    "wording": wording,
    "notify": notifying,
    "on_event": listening,
    "erase_member": erasing,
}


def test_every_hook_has_a_test_of_its_example() -> None:
    """A hook that is added without one fails here."""
    assert set(HOOKS) == set(EXERCISES)


@pytest.mark.parametrize("hook", HOOKS)
def test_the_plugin_in_a_hooks_docstring_works(hook: str) -> None:
    """It is let in as it stands there, and does what it says."""
    module = example(hook)
    EXERCISES[hook](load_plugins([module], discover=False), module)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_says_what_it_takes_and_gives(hook: str) -> None:
    """Its docstring names each argument, what is returned, and opens with a sentence."""
    doc = inspect.getdoc(HOOKS[hook]) or ""
    signature = inspect.signature(HOOKS[hook])
    assert doc.split("\n")[0].endswith(".")
    for name, parameter in signature.parameters.items():
        assert re.search(rf"^    {name}: ", doc, re.MULTILINE), f"{hook} does not say what {name} is"
        assert parameter.annotation is not inspect.Parameter.empty
    assert (signature.return_annotation is None) == ("Returns:" not in doc)


@pytest.mark.parametrize("hook", ["storage_backend", "allocation_policy", "erase_member"])
def test_a_hook_itself_answers_nothing(hook: str) -> None:
    """Plugins answer; a hook that promises an answer has none of its own."""
    with pytest.raises(NotImplementedError):
        HOOKS[hook](*inspect.signature(HOOKS[hook]).parameters)
