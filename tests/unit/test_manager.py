"""The plugins of a desk: how they are found, which are refused, and how each is asked alone."""

import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy
import pytest

from insight_sessions.domain.allocation import AllocationPolicy
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.member import Erased, Member
from insight_sessions.domain.notices import Notice, NoticeKind, Wording
from insight_sessions.domain.project import Project
from insight_sessions.domain.session import Session
from insight_sessions.errors import CHECK_FAILED, Objection, PluginError, StorageError
from insight_sessions.hooks import specs
from insight_sessions.hooks.manager import Plugins, load_plugins
from insight_sessions.hooks.specs import StorageBackend, hookimpl
from insight_sessions.runtime import Runtime
from insight_sessions.storage.port import Storage
from insight_sessions.testing import example_notices
from tests.unit.desk_kit import NOW, member, project
from tests.unit.test_invite import draft

ADA = member("ada")
PROJECT = project()
EVENT = Event(number=1, project_id="p", kind=EventKind.REGISTERED, at=NOW)
NOTICE = example_notices()[0]


def module(name: str = "acme", **answers: Callable[..., object]) -> ModuleType:
    """A plugin that is a module, with functions by the names of their hooks."""
    made = ModuleType(name)
    for hook, function in answers.items():
        setattr(made, f"insight_sessions_{hook}", hookimpl(function))
    return made


def load(*plugins: object) -> Plugins:
    """Only these and the built-in ones."""
    return load_plugins(plugins, discover=False)


def objections(*plugins: object) -> tuple[Objection, ...]:
    """What these have against Ada."""
    return load(*plugins).objections(ADA, PROJECT, PROJECT.sessions)


def refused(*plugins: object) -> PluginError:
    """How loading these fails."""
    with pytest.raises(PluginError) as found:
        load(*plugins)
    return found.value


def quiet(notice: Notice) -> None:
    """Say nothing."""


class Quiet:
    """A plugin that is an object and has no name of its own."""

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Say nothing."""


class Named(Quiet):
    """A plugin with a name."""

    def __init__(self, name: object) -> None:
        self.name = name


# names


def test_the_built_in_stores_are_plugins_too() -> None:
    """They have names and can be left out."""
    assert load().names == ("memory", "sqlite")
    assert load_plugins(discover=False, block=("sqlite",)).names == ("memory",)


@pytest.mark.parametrize(
    ("plugin", "name"),
    [
        (module("acme.slack", notify=quiet), "acme.slack"),
        (Named("slack"), "slack"),
        (Named(""), f"{__name__}.Named"),
        (Named(7), f"{__name__}.Named"),
        (Quiet(), f"{__name__}.Quiet"),
    ],
    ids=["module", "name", "empty", "number", "class"],
)
def test_a_plugin_has_the_same_name_in_every_process(plugin: object, name: str) -> None:
    """Deliveries wait for it under that name."""
    loaded = load(plugin)
    assert loaded.names[-1] == name
    assert list(loaded.notifiers) == [f"notify/{name}"]


def test_a_blocked_name_is_never_loaded() -> None:
    """Neither is anything checked about it."""
    assert load_plugins([Named("slack"), Named("mail")], discover=False, block=["slack"]).names[2:] == ("mail",)


def test_two_plugins_of_one_name_are_refused_naming_both() -> None:
    """Their deliveries could not be told apart."""
    error = refused(Quiet(), Quiet())
    assert error.plugin == f"{__name__}.Quiet"
    assert error.message.count(f"object of class {__name__}.Quiet") == 2
    assert "two plugins have this name" in error.message


def test_a_plugin_may_not_take_the_name_of_a_built_in_one() -> None:
    """The message says so."""
    assert "built in, and the object of class" in refused(Named("sqlite")).message


def test_what_pluggy_takes_for_the_same_plugin_is_refused() -> None:
    """Two objects that are equal would be one to it."""

    class Alike(Named):
        __hash__ = None  # type: ignore[assignment]  # as a plugin that compares by value

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Alike)

    assert "cannot be registered" in refused(Alike("one"), Alike("two")).message


# what is refused


def test_a_class_in_place_of_an_object_is_refused() -> None:
    """Nobody would know how to make one."""
    assert refused(Quiet).message.endswith("is a class; give an object of it: Quiet(…)")


def test_a_plugin_without_a_hook_is_refused() -> None:
    """Such as the name of a module in place of the module."""
    assert refused("acme").message.startswith("the object of class builtins.str that was handed over has no hook")
    assert refused(ModuleType("acme")).message.startswith("the module acme that was handed over has no hook")


async def _coroutine(notice: Notice) -> None:
    """Nobody awaits it."""


async def _stream(notice: Notice) -> AsyncIterator[None]:
    """Nobody iterates over it."""
    yield


def _generator(notice: Notice) -> Iterator[None]:
    """Nobody iterates over it."""
    yield


def test_async_and_generator_functions_are_refused() -> None:
    """Calling them does nothing, and nobody would notice."""
    assert "is async" in refused(module(notify=_coroutine)).message
    assert "is async" in refused(module(notify=_stream)).message
    assert "has a yield" in refused(module(notify=_generator)).message


@pytest.mark.parametrize("hook", ["notify", "on_event", "find_member"])
@pytest.mark.parametrize("way", ["wrapper", "hookwrapper"])
def test_a_hook_wrapper_is_refused(hook: str, way: str) -> None:
    """It would wrap nothing: each plugin is called alone."""

    def around() -> Generator[None, object, object]:
        return (yield)

    plugin = ModuleType("acme")
    setattr(plugin, f"insight_sessions_{hook}", hookimpl(**{way: True})(around))  # type: ignore[call-overload]  # one of two names
    assert "hook wrapper" in refused(plugin).message


def test_a_misspelt_hook_is_refused_with_the_nearest_name() -> None:
    """However it came to be misspelt."""
    assert "did you mean insight_sessions_notify?" in refused(module(notfy=quiet)).message
    plugin = ModuleType("acme")
    vars(plugin)["notify"] = hookimpl(quiet)
    assert "there is no hook notify; did you mean insight_sessions_notify?" in refused(plugin).message
    plugin = ModuleType("acme")
    vars(plugin)["say"] = hookimpl(lambda: None, specname="insight_sessions_on_evnt")
    assert "did you mean insight_sessions_on_event?" in refused(plugin).message


def test_a_hook_that_is_like_none_is_refused_with_all_there_are() -> None:
    """So that the author can choose."""
    message = refused(module(zzz=lambda: None)).message
    assert "there is no hook insight_sessions_zzz; there are " in message
    for name in vars(specs):
        assert not name.startswith("insight_sessions_") or name in message


def test_a_hook_marked_optional_may_be_unknown() -> None:
    """A plugin may be ready for a later release, and says so."""
    plugin = module(notify=quiet)
    vars(plugin)["insight_sessions_later"] = hookimpl(lambda: None, optionalhook=True)
    assert list(load(plugin).notifiers) == ["notify/acme"]


class _CallableObject:
    def __call__(self, notice: Notice) -> None:
        """Pluggy looks at functions only."""


def _unmarked(notice: Notice) -> None:
    """Nobody calls it."""


def _of_class(kind: type[object]) -> None:
    """A method of a class."""


@pytest.mark.parametrize(
    "unmarked",
    [
        _unmarked,
        staticmethod(_unmarked),
        classmethod(_of_class),
        property(_unmarked),
        hookimpl(_CallableObject()),
    ],
    ids=["function", "staticmethod", "classmethod", "property", "object"],
)
def test_a_forgotten_mark_is_refused(unmarked: object) -> None:
    """A function with the name of a hook that would never be called."""
    plugin = type("Forgetful", (Quiet,), {"insight_sessions_on_event": unmarked})()
    message = refused(plugin).message
    assert (
        message == "insight_sessions_on_event would never be called; put @hookimpl above a plain function or rename it"
    )


def test_other_things_may_begin_like_a_hook() -> None:
    """A module that was imported, a class, a text."""
    plugin = module(notify=quiet)
    vars(plugin).update(
        insight_sessions_slack=ModuleType("insight_sessions_slack"),
        insight_sessions_class=Quiet,
        insight_sessions_version="1.0",
    )
    assert load(plugin).names[-1] == "acme"


def test_two_answers_to_one_hook_in_one_plugin_are_refused() -> None:
    """One of them would be lost."""
    plugin = module(notify=quiet)
    vars(plugin)["also"] = hookimpl(lambda: None, specname="insight_sessions_notify")
    assert refused(plugin).message == (
        "also and insight_sessions_notify both answer insight_sessions_notify; make them one"
    )


def _by_position(notice: Notice, /) -> None:
    """Hooks are called by name."""


def _misspelt(notise: Notice) -> None:
    """It would get nothing."""


def _with_default(notice: Notice, retries: int = 3) -> None:
    """So would this."""


def _any_number(*notices: Notice) -> None:
    """And this."""


def _any_name(**facts: object) -> None:
    """And this."""


@pytest.mark.parametrize(
    ("function", "shown"),
    [
        (_misspelt, "notise"),
        (_with_default, "retries=3"),
        (_any_number, "*notices"),
        (_any_name, "**facts"),
        (_by_position, "notice"),
    ],
    ids=["unknown", "default", "args", "kwargs", "position"],
)
def test_an_argument_that_the_hook_does_not_have_is_refused(function: Callable[..., object], shown: str) -> None:
    """And one that could not be given by name."""
    message = refused(module(notify=function)).message
    assert f"takes {shown}, which is no argument" in message
    assert message.endswith("those are: notice")


def test_a_hook_without_arguments_says_so() -> None:
    """In the same sentence."""
    assert refused(module(storage_backend=quiet)).message.endswith("those are: none")


# what is installed


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str, str], None]:
    """Makes distributions with one module and one entry point each."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(distribution: str, name: str, target: str, code: str) -> None:
        source = target.partition(":")[0]
        (tmp_path / f"{source}.py").write_text(code, encoding="utf-8")
        folder = tmp_path / f"{distribution.replace('-', '_')}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n", "utf-8")
        (folder / "entry_points.txt").write_text(f"[insight_sessions]\n{name} = {target}\n", "utf-8")
        monkeypatch.delitem(sys.modules, source, raising=False)

    return make


NOTIFIES = """
from insight_sessions.hooks.specs import hookimpl

@hookimpl
def insight_sessions_notify(notice):
    pass
"""


def test_installed_plugins_are_loaded_under_their_entry_points_name(
    install: Callable[[str, str, str, str], None],
) -> None:
    """Only when asked to, and never the blocked ones."""
    install("acme-one", "zz-one", "acme_one_plugin", NOTIFIES)
    install("acme-two", "zz-two", "acme_two_plugin", "raise RuntimeError('never imported')")
    found = load_plugins(block=["zz-two"])
    assert "zz-one" in found.names
    assert "notify/zz-one" in found.notifiers
    assert "zz-one" not in load().names
    assert "acme_two_plugin" not in sys.modules


@pytest.mark.parametrize("code", ["import no_such_module", "raise SystemExit(1)"])
def test_an_installed_plugin_that_cannot_be_imported_is_named(
    install: Callable[[str, str, str, str], None], code: str
) -> None:
    """With the distribution it came with, and how to leave it out."""
    install("acme", "zz-broken", "acme_broken_plugin", code)
    with pytest.raises(PluginError) as found:
        load_plugins()
    assert found.value.plugin == "zz-broken"
    assert "the entry point acme_broken_plugin of the distribution acme cannot be loaded" in found.value.message
    assert "block=['zz-broken']" in found.value.message
    assert found.value.__cause__ is not None


SET_UP = """
import os
from insight_sessions.hooks.specs import hookimpl

class Notifier:
    @hookimpl
    def insight_sessions_notify(self, notice):
        pass

def plugin():
    return Notifier() if os.environ["ACME_URL"] else None
"""


def test_an_installed_plugin_takes_part_when_it_is_set_up(
    install: Callable[[str, str, str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else notices would wait for somebody who never comes. Its function is asked whenever a desk is opened."""
    install("acme", "zz-acme", "acme_set_up:plugin", SET_UP)
    monkeypatch.setenv("ACME_URL", "")
    assert "zz-acme" not in load_plugins().names
    monkeypatch.setenv("ACME_URL", "https://acme.example.org/")
    assert "notify/zz-acme" in load_plugins().notifiers


def test_an_installed_plugin_that_cannot_be_set_up_is_named(
    install: Callable[[str, str, str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its words, for they may show a password."""
    install("acme", "zz-acme", "acme_set_up:plugin", SET_UP)
    monkeypatch.delenv("ACME_URL", raising=False)
    with pytest.raises(PluginError) as found:
        load_plugins()
    assert found.value.plugin == "zz-acme"
    assert found.value.message == (
        "the entry point acme_set_up:plugin of the distribution acme cannot be set up (KeyError); mend its settings, "
        "uninstall it, or leave it out with block=['zz-acme']"
    )
    assert isinstance(found.value.__cause__, KeyError)


def test_two_distributions_with_one_name_are_refused_naming_both(
    install: Callable[[str, str, str, str], None],
) -> None:
    """Pluggy would load one of them and say nothing."""
    install("acme-one", "zz-slack", "acme_one_slack", NOTIFIES)
    install("acme-two", "zz-slack", "acme_two_slack", NOTIFIES)
    with pytest.raises(PluginError, match=r"acme-one, and .*acme-two"):
        load_plugins()


def test_an_entry_point_may_have_no_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a host made it itself."""
    from importlib import metadata  # noqa: PLC0415

    made = metadata.EntryPoint("zz-made", "no_such_module", "insight_sessions")
    monkeypatch.setattr(metadata, "entry_points", lambda **_: [made])
    with pytest.raises(PluginError, match="the entry point no_such_module cannot be loaded"):
        load_plugins()


def test_importing_looks_for_nothing() -> None:
    """Plugins are looked for when somebody asks, in a desk of their own."""
    code = "import sys, insight_sessions.hooks.manager as m; m.load_plugins(discover=False); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"icalendar", "insight_sessions.storage.sqlite", "insight_sessions.testing"} & set(run.stdout.split())


# storage


def _store(scheme: str, opened: Callable[[str, Runtime], Storage]) -> ModuleType:
    return module(f"store-{scheme}", storage_backend=lambda: StorageBackend(scheme, opened))


def test_a_store_is_opened_by_its_scheme(tmp_path: Path) -> None:
    """It is given the whole address and the runtime."""
    seen: list[tuple[str, Runtime]] = []
    inner = load().open_storage("memory:", Runtime())

    def opened(url: str, runtime: Runtime) -> Storage:
        seen.append((url, runtime))
        return inner

    runtime = Runtime()
    with closing(load().open_storage(f"sqlite:///{tmp_path / 'store.db'}", runtime)) as sqlite:
        assert sqlite.project_ids() == []
    assert load(_store("acme", opened)).open_storage("ACME://host/db", runtime) is inner
    assert seen == [("ACME://host/db", runtime)]


def test_an_unknown_scheme_lists_the_known_ones() -> None:
    """The address itself is not shown: it may hold a password."""
    for scheme, plugin in (
        ("postgresql", "insight-sessions-postgres"),
        ("postgres", "insight-sessions-postgres"),
        ("cupboard", "the plugin that brings it"),
    ):
        with pytest.raises(StorageError) as found:
            load().open_storage(f"{scheme}://ada:secret@host/db", Runtime())
        assert str(found.value) == (
            f"no plugin keeps projects in {scheme}:; known are memory:, sqlite:. For another store, install {plugin} "
            "and, with discover=False, give it in plugins=[...]."
        )
    with pytest.raises(StorageError, match=r"For another store, install the plugin that brings it\.$"):
        load_plugins().open_storage("cupboard:", Runtime())
    with pytest.raises(StorageError, match="a storage address begins with a scheme; known are memory:, "):
        load().open_storage("memory", Runtime())


def test_a_store_that_cannot_be_opened_says_so_itself() -> None:
    """Anything but an error of ours is the plugin's fault."""

    def full(url: str, runtime: Runtime) -> Storage:
        raise StorageError("the disk is full")

    def broken(url: str, runtime: Runtime) -> Storage:
        raise KeyError(url)

    with pytest.raises(StorageError, match="the disk is full"):
        load(_store("acme", full)).open_storage("acme:", Runtime())
    with pytest.raises(PluginError, match="storage_backend failed with KeyError") as found:
        load(_store("acme", broken)).open_storage("acme:", Runtime())
    assert isinstance(found.value.__cause__, KeyError)


def test_two_stores_for_one_scheme_are_refused() -> None:
    """The message names the other plugin."""
    message = str(refused(_store("memory", lambda url, runtime: load().open_storage(url, runtime))))
    assert "storage_backend 'memory' is taken" in message
    assert "store-memory" in message


@pytest.mark.parametrize("answer", [None, "memory", StorageBackend], ids=["none", "text", "class"])
def test_a_store_must_be_a_storage_backend(answer: object) -> None:
    """Loudly, when it is loaded."""
    assert "must answer with a StorageBackend" in refused(module(storage_backend=lambda: answer)).message


@pytest.mark.parametrize("scheme", ["", "Acme", "acme:", "a b", "1a"])
def test_a_scheme_is_in_lower_case_and_without_the_colon(scheme: str) -> None:
    """Otherwise no address would ever match."""
    assert "is no scheme" in refused(module(storage_backend=lambda: StorageBackend(scheme, _open))).message


def _open(url: str, runtime: Runtime) -> Storage:
    raise NotImplementedError


def test_a_store_that_raises_when_asked_is_refused() -> None:
    """The fault is the cause."""
    error = refused(module(storage_backend=lambda: 1 / 0))
    assert error.message == "storage_backend failed with ZeroDivisionError"
    assert isinstance(error.__cause__, ZeroDivisionError)


# the directory


def test_without_a_directory_nobody_is_found() -> None:
    """And a desk can tell that there is none."""
    assert not load().has_directory
    assert load().find_member("ada") is None


def test_a_member_is_looked_up_in_every_directory() -> None:
    """One that knows nobody does not matter, and two that agree neither."""

    def knows(key: str) -> Member | None:
        return member(key) if key == "ada" else None

    found = load(module("a", find_member=knows), module("b", find_member=lambda: None), module("c", find_member=knows))
    assert found.has_directory
    assert found.find_member("ada") == ADA
    assert found.find_member("bob") is None


def test_two_different_answers_are_an_error() -> None:
    """The message names nobody."""
    found = load(module("a", find_member=lambda: member("ada")), module("b", find_member=lambda: member("bob")))
    with pytest.raises(PluginError, match="another answer than another plugin") as error:
        found.find_member("ada@example.org")
    assert "ada" not in str(error.value)


def test_a_directory_that_fails_or_answers_nonsense_is_an_error() -> None:
    """Never taken for an unknown member."""
    with pytest.raises(PluginError, match="find_member failed with KeyError"):
        load(module(find_member=lambda key: {}[key])).find_member("ada")
    with pytest.raises(PluginError, match="a Member or None, not a dict"):
        load(module(find_member=lambda: {"id": "ada"})).find_member("ada")
    with pytest.raises(PluginError, match="not a class"):
        load(module(find_member=lambda: Member)).find_member("ada")


# eligibility


def test_every_check_is_asked_and_the_order_never_matters() -> None:
    """Objections come sorted, and the same one once."""

    def check(code: str) -> ModuleType:
        return module(f"check-{code}", check_eligibility=lambda: Objection(code[:1], f"No {code[:1]}."))

    expected = (Objection("a", "No a."), Objection("b", "No b."))
    happy = module("happy", check_eligibility=lambda: None)
    assert objections(check("b1"), happy, check("a"), check("b2")) == expected
    assert objections(check("b2"), check("b1"), check("a"), happy) == expected
    assert objections(happy) == objections() == ()
    assert load(happy).checks_eligibility
    assert not load().checks_eligibility


def test_a_check_is_given_what_it_asks_for() -> None:
    """The member, the project, the sessions."""
    seen: list[object] = []

    def check(member: Member, sessions: tuple[Session, ...], *, project: Project) -> None:
        seen.extend((member, project, sessions))

    assert objections(module(check_eligibility=check)) == ()
    assert seen == [ADA, PROJECT, PROJECT.sessions]


def _raises(error: BaseException) -> Callable[..., object]:
    def act() -> object:
        raise error

    return act


class _Odd(Awaitable[None]):
    """Something to await that is no coroutine."""

    def __await__(self) -> Generator[Any, None, None]:
        raise NotImplementedError


async def _later() -> None:
    """Never awaited."""


def _promise(make: Callable[[], object]) -> object:
    return make()


@pytest.mark.parametrize(
    "check",
    [
        _raises(RuntimeError("Ada Osei lives in Leeds")),
        _raises(SystemExit(1)),
        lambda: True,
        lambda: "no",
        lambda: Objection,
        lambda: Objection("", "No."),
        lambda: Objection("no", " "),
        lambda: Objection(7, "No."),  # type: ignore[arg-type]  # nonsense
        lambda: _promise(_Odd),
        lambda: _promise(_later),
    ],
    ids=["raises", "exits", "true", "text", "class", "no-code", "no-sentence", "number", "awaitable", "coroutine"],
)
def test_a_check_that_fails_lets_nobody_in(check: Callable[..., object], caplog: pytest.LogCaptureFixture) -> None:
    """Whatever goes wrong; what it raised stays out of the log, for it may name the member."""
    fine = module("fine", check_eligibility=lambda: Objection("zzz", "No."))
    with caplog.at_level(logging.ERROR):
        assert objections(module("broken", check_eligibility=check), fine) == (CHECK_FAILED, Objection("zzz", "No."))
    assert "plugin 'broken': check_eligibility" in caplog.text
    assert "Ada" not in caplog.text


def test_an_interrupt_is_not_a_plugins_fault() -> None:
    """Whoever stops us is heard."""
    with pytest.raises(KeyboardInterrupt):
        objections(module(check_eligibility=_raises(KeyboardInterrupt())))


def test_a_plugin_cannot_change_what_it_is_given() -> None:
    """Members, their attributes and projects are frozen; a plugin that tries objects to its own change."""

    def change(member: Member) -> None:
        member.attributes["country"] = "England"

    def rename(member: Member) -> None:
        member.name = "Eve"  # type: ignore[misc]  # as a plugin without types

    def empty(project: Project) -> None:
        project.sessions = ()

    for attempt in (change, rename, empty):
        assert objections(module(check_eligibility=attempt)) == (CHECK_FAILED,)
    assert member("ada") == ADA
    assert project() == PROJECT


# allocation, invites, words


def test_allocation_policies_are_collected_by_name() -> None:
    """Two of one name are refused, and so is anything else."""
    one, two = (AllocationPolicy(name, lambda *_: {}) for name in ("one", "two"))
    found = load(module("a", allocation_policy=lambda: one), module("b", allocation_policy=lambda: two))
    assert set(found.allocation_policies) == {"one", "two"}
    error = refused(module("a", allocation_policy=lambda: one), module("b", allocation_policy=lambda: one))
    assert "allocation_policy 'one' is taken by plugin 'b'" in error.message
    assert "must answer with an AllocationPolicy" in refused(module(allocation_policy=lambda: None)).message


def test_every_plugin_prepares_an_invite_in_place() -> None:
    """One that raises is named."""
    prepared = draft()
    found = load(
        module("a", prepare_invite=lambda event, session: event.add("comment", session.id)),
        module("b", prepare_invite=lambda event, project: event.add("contact", project.title)),
    )
    assert found.prepares_invites
    assert not load().prepares_invites
    found.prepare_invite(prepared, PROJECT, PROJECT.sessions[0])
    assert (prepared.event["COMMENT"], prepared.event["CONTACT"]) == ("mon", PROJECT.title)
    assert {"COMMENT:mon", f"CONTACT:{PROJECT.title}"} <= set(prepared.content_lines)
    with pytest.raises(PluginError, match="plugin 'bad': prepare_invite failed with ZeroDivisionError"):
        load(module("bad", prepare_invite=lambda: 1 / 0)).prepare_invite(draft(), PROJECT, PROJECT.sessions[0])


def _in(wanted: str, found: object) -> Callable[[NoticeKind, str], object]:
    def wording(kind: NoticeKind, language: str) -> object:
        return found if language == wanted else None

    return wording


def test_the_hosts_words_come_before_installed_ones() -> None:
    """What is handed over last is asked first, as pluggy has it."""
    first, last = Wording("{project} 1", "Hello"), Wording("{project} 2", "Hello")
    found = load(module("a", wording=_in("en", first)), module("b", wording=_in("en", last)))
    assert found.wording(NoticeKind.WAITING, "en") == last
    assert found.wording(NoticeKind.WAITING, "de") is None


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Wording("{projekt}", "Hello"), "its subject holds {projekt}, which is not one of {name}, {project}"),
        (Wording("Hello", ""), "its text may be empty"),
        ("Hello", "must answer with a Wording or None, not a str"),
    ],
    ids=["unknown", "empty", "text"],
)
def test_words_that_cannot_be_used_are_refused(answer: object, problem: str) -> None:
    """The English ones when they are loaded, others when they are asked for."""
    assert problem in refused(module(wording=_in("en", answer))).message
    found = load(module(wording=_in("de", answer)))
    with pytest.raises(PluginError, match=r"wording|words"):
        found.wording(NoticeKind.WAITING, "de")


# consumers


def test_each_consumer_calls_its_own_plugin_only() -> None:
    """With what that plugin takes, which may be nothing."""
    seen: list[object] = []
    found = load(
        module("a", notify=lambda notice: seen.append(("a", notice)), on_event=_hearing(seen)),
        module("b", notify=lambda: seen.append("b")),
    )
    assert set(found.notifiers) == {"notify/a", "notify/b"}
    assert set(found.listeners) == {"event/a"}
    found.notifiers["notify/b"](NOTICE)
    assert seen == ["b"]
    found.notifiers["notify/a"](NOTICE)
    found.listeners["event/a"](EVENT)
    assert seen == ["b", ("a", NOTICE), EVENT]


def test_what_a_consumer_raises_comes_through() -> None:
    """Whoever delivers decides what becomes of it."""
    found = load(module(notify=_raises(OSError("no network")), on_event=_raises(SystemExit(2))))
    with pytest.raises(OSError, match="no network"):
        found.notifiers["notify/acme"](NOTICE)
    with pytest.raises(SystemExit):
        found.listeners["event/acme"](EVENT)


@pytest.mark.parametrize("answer", [_later, _Odd])
def test_a_consumer_that_only_promises_has_failed(answer: Callable[[], object]) -> None:
    """Nobody would await it, and the notice would be lost."""
    with pytest.raises(PluginError, match="gave something to await"):
        load(module(notify=lambda: _promise(answer))).notifiers["notify/acme"](NOTICE)


def test_implementations_may_be_methods_of_every_kind() -> None:
    """Bound, static, of the class."""
    seen: list[object] = []

    class Methods:
        @hookimpl
        def insight_sessions_notify(self, notice: Notice) -> None:
            seen.append(notice)

        @staticmethod
        @hookimpl
        def insight_sessions_on_event(event: Event) -> None:
            seen.append(event)

        @classmethod
        @hookimpl
        def insight_sessions_erase_member(cls, member_id: str) -> Erased:
            return Erased({member_id: 1})

    found = load(Named("x"), Methods())
    (notify,) = (value for name, value in found.notifiers.items() if name.endswith("Methods"))
    (listen,) = found.listeners.values()
    notify(NOTICE)
    listen(EVENT)
    assert seen == [NOTICE, EVENT]
    assert [*found.erase_member("q-17").values()] == [Erased({"q-17": 1})]


def _hearing(seen: list[object]) -> Callable[[Event], None]:
    def hear(event: Event) -> None:
        seen.append(event)

    return hear


# erasing


def test_every_plugin_with_data_says_what_it_erased() -> None:
    """One that fails does not keep others from erasing."""
    counts = {"nicknames": 2}
    answers = load(
        module("a", erase_member=lambda: Erased(counts)),
        module("b", erase_member=_raises(OSError("ada@example.org"))),
        module("c", notify=lambda: None),
    ).erase_member("q-17")
    counts.clear()
    assert set(answers) == {"a", "b"}
    assert answers["a"] == Erased({"nicknames": 2})
    assert str(answers["b"]) == "plugin 'b': erase_member failed with OSError"


@pytest.mark.parametrize(
    "answer",
    [None, 3, Erased, Erased(3), Erased({"a": -1}), Erased({"a": "1"}), Erased({"a": True}), Erased({"": 1})],  # type: ignore[arg-type,dict-item]  # nonsense
    ids=["none", "number", "class", "no-mapping", "negative", "text", "bool", "no-name"],
)
def test_an_answer_that_counts_nothing_is_no_erasure(answer: object) -> None:
    """The erasure is then incomplete."""
    found = load(module(erase_member=lambda: answer)).erase_member("q-17")["acme"]
    assert isinstance(found, PluginError)
    assert "must answer with an Erased" in found.message


def test_pluggys_markers_are_ours() -> None:
    """A plugin may use pluggy's own marker with our name."""
    plugin = ModuleType("acme")
    vars(plugin)["insight_sessions_notify"] = pluggy.HookimplMarker("insight_sessions")(quiet)
    assert list(load(plugin).notifiers) == ["notify/acme"]
