"""Which plugins are let in, and under which name.

What pluggy would take and then lose without a word is refused here, with what to do about it.
"""

import difflib
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType, ModuleType
from typing import Final

import pluggy

from insight_sessions.errors import PluginError
from insight_sessions.hooks import specs

PREFIX: Final = f"{specs.PROJECT}_"
FAILURES: Final = (Exception, SystemExit)
"""What a plugin may raise without taking us with it; being interrupted is for whoever runs us."""

_BY_NAME: Final = frozenset({inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY})


@dataclass(frozen=True, slots=True)
class Implementation:
    """One plugin's answer to one hook; call it with everything the hook offers.

    Args:
        plugin: the plugin's name.
        hook: the hook's name without our prefix.
        function: the plugin's function.
        arguments: those of the hook's arguments that it takes.
    """

    plugin: str
    hook: str
    function: Callable[..., object]
    arguments: tuple[str, ...]

    def __call__(self, **offered: object) -> object:
        """The plugin's answer.

        Raises:
            PluginError: it raised, which is the ``__cause__``, or gave something to await.
        """
        try:
            answer = self._ask(offered)
        except FAILURES as error:
            raise self.failed(error) from error
        return self._at_once(answer)

    def plainly(self, **offered: object) -> object:
        """The plugin's answer; what it raises comes through as it is.

        Raises:
            PluginError: it gave something to await.
        """
        return self._at_once(self._ask(offered))

    def _ask(self, offered: Mapping[str, object]) -> object:
        return self.function(**{name: offered[name] for name in self.arguments})

    def _at_once(self, answer: object) -> object:
        """The answer, unless it would only come if somebody awaited it."""
        if inspect.iscoroutine(answer):
            answer.close()
        if inspect.isawaitable(answer):
            raise self.error(f"{self.hook} gave something to await; hooks are plain functions")
        return answer

    def error(self, message: str) -> PluginError:
        """An error in the plugin's name."""
        return PluginError(self.plugin, message)

    def failed(self, error: BaseException) -> PluginError:
        """The error to raise when the plugin raised; its own message may hold a name, so it is left out."""
        return self.error(f"{self.hook} failed with {type(error).__name__}")


class Registry:
    """The plugins of one desk, checked one by one as they come.

    Args:
        blocked: names that are never let in.
    """

    def __init__(self, blocked: Collection[str]) -> None:
        self.looked = False
        self._blocked = frozenset(blocked)
        self._origins: dict[str, str] = {}
        self._pluggy = pluggy.PluginManager(specs.PROJECT)
        self._pluggy.add_hookspecs(specs)
        self._offers = _offers()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all plugins, in the order they came."""
        return tuple(self._origins)

    def discover(self) -> None:
        """Let in what is installed with an entry point of ours, in the order of names.

        One that names a function is asked for its plugin; it gives None when it is not set up here, and takes no part.

        Raises:
            PluginError: one of them cannot be loaded, or is wrong.
        """
        self.looked = True
        # Only who asks for it pays for it.
        from importlib import metadata  # noqa: PLC0415

        for entry in sorted(metadata.entry_points(group=specs.PROJECT), key=lambda entry: (entry.name, entry.value)):
            if entry.name in self._blocked:
                continue
            owner = "" if entry.dist is None else f" of the distribution {entry.dist.name}"
            origin = f"the entry point {entry.value}{owner}"
            self._refuse_taken(entry.name, origin)
            try:
                plugin: object = entry.load()
            except FAILURES as error:
                advice = f"mend it, uninstall it, or leave it out with block=[{entry.name!r}]"
                raise PluginError(entry.name, f"{origin} cannot be loaded ({error!r}); {advice}") from error
            if inspect.isfunction(plugin):
                plugin = _set_up(plugin, entry.name, origin)
            if plugin is not None:
                self.add(plugin, entry.name, origin)

    def add(self, plugin: object, name: str | None = None, origin: str | None = None) -> None:
        """Let a plugin in.

        Args:
            plugin: a module or an object.
            name: what it is called; a module's name, an object's ``name`` or its class when not given.
            origin: where it comes from, for people.

        Raises:
            PluginError: it is wrong, with what to do about it.
        """
        name = name or _stable_name(plugin)
        if name in self._blocked:
            return
        origin = origin or f"the {_description(plugin)} that was handed over"
        self._refuse_taken(name, origin)
        if inspect.isclass(plugin):
            raise PluginError(name, f"{origin} is a class; give an object of it: {plugin.__name__}(…)")
        self._check(plugin, name, origin)
        try:
            self._pluggy.register(plugin, name)
        except (ValueError, pluggy.PluginValidationError) as error:
            # It is there under another name, or pluggy sees what we do not.
            raise PluginError(name, f"{origin} cannot be registered: {error}") from error
        self._origins[name] = origin

    def implementations(self) -> Mapping[str, tuple[Implementation, ...]]:
        """Who answers each hook, those who came last first (pluggy's own order)."""
        return MappingProxyType({hook.removeprefix(PREFIX): tuple(self._answering(hook)) for hook in self._offers})

    def _answering(self, hook: str) -> Iterator[Implementation]:
        caller: pluggy.HookCaller = getattr(self._pluggy.hook, hook)
        for found in reversed(caller.get_hookimpls()):
            arguments = tuple(inspect.signature(found.function).parameters)
            yield Implementation(found.plugin_name, hook.removeprefix(PREFIX), found.function, arguments)

    def _refuse_taken(self, name: str, origin: str) -> None:
        if name in self._origins:
            raise PluginError(
                name, f"two plugins have this name: {self._origins[name]}, and {origin}; rename one, or leave one out"
            )

    def _check(self, plugin: object, name: str, origin: str) -> None:
        found: dict[str, str] = {}
        for attribute in dir(plugin):
            options = self._pluggy.parse_hookimpl_opts(plugin, attribute)
            if options is None:
                _refuse_unmarked(plugin, attribute, name)
                continue
            hook = options.get("specname") or attribute
            if hook not in self._offers:
                if options.get("optionalhook"):
                    continue
                raise PluginError(name, f"there is no hook {hook}; {_advice(hook, self._offers)}")
            if hook in found:
                raise PluginError(name, f"{found[hook]} and {attribute} both answer {hook}; make them one")
            found[hook] = attribute
            if options.get("wrapper") or options.get("hookwrapper"):
                raise PluginError(name, f"{attribute} is a hook wrapper, but each plugin is called alone; unwrap it")
            _refuse_uncallable(getattr(plugin, attribute), attribute, name, self._offers[hook])
        if not found:
            raise PluginError(name, f"{origin} has no hook; mark a function named {PREFIX}… with @hookimpl")


def _set_up(function: Callable[[], object], name: str, origin: str) -> object:
    """What a function that an entry point names gives; its error may show settings, so its words are left out."""
    try:
        return function()
    except FAILURES as error:
        advice = f"mend its settings, uninstall it, or leave it out with block=[{name!r}]"
        raise PluginError(name, f"{origin} cannot be set up ({type(error).__name__}); {advice}") from error


def _offers() -> Mapping[str, tuple[str, ...]]:
    """What each hook offers its plugins, by its whole name."""
    hooks: dict[str, Callable[..., object]] = {
        name: hook for name, hook in vars(specs).items() if name.startswith(PREFIX)
    }
    return {name: tuple(inspect.signature(hook).parameters) for name, hook in hooks.items()}


def _stable_name(plugin: object) -> str:
    """The same in every process: deliveries wait for a plugin under its name."""
    if isinstance(plugin, ModuleType):
        return plugin.__name__
    kind = plugin if inspect.isclass(plugin) else type(plugin)
    name: object = None if inspect.isclass(plugin) else getattr(plugin, "name", None)
    return name if isinstance(name, str) and name else f"{kind.__module__}.{kind.__qualname__}"


def _description(plugin: object) -> str:
    if isinstance(plugin, ModuleType):
        return f"module {plugin.__name__}"
    kind = plugin if inspect.isclass(plugin) else type(plugin)
    return f"{'class' if inspect.isclass(plugin) else 'object of class'} {kind.__module__}.{kind.__qualname__}"


def _refuse_unmarked(plugin: object, attribute: str, name: str) -> None:
    if not attribute.startswith(PREFIX):
        return
    # Looked at without calling anything: reading a property runs the plugin's code.
    found: object = inspect.getattr_static(plugin, attribute)
    if isinstance(found, property | classmethod) or (callable(found) and not inspect.isclass(found)):
        raise PluginError(name, f"{attribute} would never be called; put @hookimpl above a plain function or rename it")


def _refuse_uncallable(function: Callable[..., object], attribute: str, name: str, offered: Collection[str]) -> None:
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise PluginError(name, f"{attribute} is async, and nobody would await it; write a plain def and block in it")
    if inspect.isgeneratorfunction(function):
        raise PluginError(name, f"{attribute} has a yield, so calling it does nothing; return its answer")
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name not in offered or parameter.kind not in _BY_NAME:
            known = ", ".join(offered) or "none"
            shown = parameter.replace(annotation=inspect.Parameter.empty)
            raise PluginError(name, f"{attribute} takes {shown}, which is no argument of the hook; those are: {known}")


def _advice(hook: str, known: Collection[str]) -> str:
    short = [name.removeprefix(PREFIX) for name in known]
    near = difflib.get_close_matches(hook.removeprefix(PREFIX), short, n=1, cutoff=0.5)
    if near:
        return f"did you mean {PREFIX}{near[0]}?"
    return "there are " + ", ".join(known)
