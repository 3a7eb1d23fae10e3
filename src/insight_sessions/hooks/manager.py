"""The plugins of one desk: found, checked, and each asked alone.

Nothing here goes through pluggy's own calls: those stop at the first exception and say nothing of whose it
was. Every implementation is called by itself, with the arguments it takes.
"""

import inspect
import logging
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar, cast

from pydantic import ValidationError

from insight_sessions.domain.allocation import BUILT_IN_POLICIES, AllocationPolicy
from insight_sessions.domain.events import Event
from insight_sessions.domain.member import Erased, Member
from insight_sessions.domain.notices import Notice, NoticeKind, Wording
from insight_sessions.domain.project import Project
from insight_sessions.domain.session import Session
from insight_sessions.errors import CHECK_FAILED, InsightSessionsError, Objection, PluginError, StorageError
from insight_sessions.hooks.admission import FAILURES, Implementation, Registry
from insight_sessions.hooks.builtin import BUILT_IN
from insight_sessions.hooks.policies import guarded
from insight_sessions.hooks.specs import StorageBackend
from insight_sessions.runtime import Runtime
from insight_sessions.storage.port import Storage
from insight_sessions.wording import problem_with

if TYPE_CHECKING:  # only who writes invites needs it
    from insight_sessions.calendar.event import Draft

T = TypeVar("T")

NOTIFY: Final = "notify/"
"""How the name of a consumer of notices begins."""

LISTEN: Final = "event/"
"""How the name of a consumer of events begins."""

_BROUGHT_BY: Final[Mapping[str, str]] = dict.fromkeys(("postgresql", "postgres"), "insight-sessions-postgres")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+-]*")
_log: Final = logging.getLogger(__name__)


def load_plugins(plugins: Iterable[object] = (), *, discover: bool = True, block: Collection[str] = ()) -> "Plugins":
    """Bring plugins together: the built-in ones, the installed ones, and yours.

    Args:
        plugins: modules or objects with functions marked ``@hookimpl``.
        discover: whether to load what is installed with an entry point in the group ``insight_sessions``.
        block: names of plugins that are never loaded.

    Returns:
        Everything they can be asked.

    Raises:
        PluginError: one of them is wrong, with what to do about it.
    """
    if not isinstance(plugins, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance] # the same slip at run time
        raise PluginError(type(plugins).__name__, "plugins are given as a list, even one alone")
    if isinstance(block, str):  # it would be taken letter by letter, and block nothing
        raise PluginError(block, "names to block are given as a list, even one alone")
    registry = Registry(block)
    for name, plugin in BUILT_IN.items():
        registry.add(plugin, name, "built in")
    if discover:
        registry.discover()
    for plugin in plugins:
        registry.add(plugin)
    return Plugins(registry)


class Plugins:
    """Every plugin of one desk, and what they can be asked.

    Args:
        registry: the plugins, checked.
    """

    def __init__(self, registry: Registry) -> None:
        self.names: Final = registry.names
        self._looked = registry.looked
        self._of = registry.implementations()
        self._backends = self._by_key("storage_backend", _backend)
        self._policies = self._by_key("allocation_policy", _policy)
        for kind in NoticeKind:
            self.wording(kind, "en")

    def open_storage(self, url: str, runtime: Runtime) -> Storage:
        """Open a store by its address.

        Args:
            url: such as ``memory:`` or ``sqlite:///backlogs.db``; what is before the first ``:`` says which kind.
            runtime: where the store takes time and randomness from.

        Raises:
            StorageError: no plugin knows such an address, or the store cannot be opened.
            PluginError: the plugin failed.
        """
        scheme, colon, _ = url.partition(":")
        found = self._backends.get(scheme.lower()) if colon else None
        if found is None:
            # Never the whole address: it may hold a password.
            problem = f"no plugin keeps projects in {scheme}:" if colon else "a storage address begins with a scheme"
            known = ", ".join(f"{name}:" for name in sorted(self._backends))
            advice = f"install {_BROUGHT_BY.get(scheme, 'the plugin that brings it')}"
            if not self._looked:
                advice += " and, with discover=False, give it in plugins=[...]"
            raise StorageError(f"{problem}; known are {known}. For another store, {advice}.")
        asks, backend = found
        try:
            return backend.open(url, runtime)
        except InsightSessionsError:
            raise
        except FAILURES as error:
            raise asks.failed(error) from error

    @property
    def has_directory(self) -> bool:
        """Whether any plugin can look members up."""
        return bool(self._of["find_member"])

    def find_member(self, key: str) -> Member | None:
        """Look a member up by id or e-mail address, in every directory there is.

        Raises:
            PluginError: a directory failed, answered nonsense, or two gave different answers.
        """
        known: Member | None = None
        for asks in self._of["find_member"]:
            found = asks(key=key)
            if found is None:
                continue
            if not isinstance(found, Member):
                raise asks.error(f"find_member must answer with a Member or None, not {_kind_of(found)}")
            try:
                found = Member.model_validate(dict(found))
            except ValidationError:
                raise asks.error("find_member answered with a Member that was changed and is not valid") from None
            if known is not None and known != found:
                raise asks.error(
                    "find_member gives another answer than another plugin; they must agree, or one must go"
                )
            known = found
        return known

    @property
    def checks_eligibility(self) -> bool:
        """Whether any plugin has a say in who may take part."""
        return bool(self._of["check_eligibility"])

    def objections(self, member: Member, project: Project, sessions: tuple[Session, ...]) -> tuple[Objection, ...]:
        """Everything that stands against somebody's taking part; empty when they may.

        A check that fails counts as an objection. Never raises because of a plugin.
        """
        found = {
            objection
            for asks in self._of["check_eligibility"]
            if (objection := _objection(asks, member, project, sessions)) is not None
        }
        return tuple(sorted(found, key=lambda objection: (objection.code, objection.sentence)))

    @property
    def allocation_policies(self) -> Mapping[str, AllocationPolicy]:
        """The ways of deciding about places together that plugins bring, by name."""
        return MappingProxyType({name: policy for name, (_, policy) in self._policies.items()})

    @property
    def prepares_invites(self) -> bool:
        """Whether any plugin alters calendar entries."""
        return bool(self._of["prepare_invite"])

    def prepare_invite(self, draft: "Draft", project: Project, session: Session) -> None:
        """Let every plugin alter a session's calendar entry in place, and look at what each of them left.

        Raises:
            PluginError: one of them failed, or left what cannot be sent.
        """
        for asks in self._of["prepare_invite"]:
            answer = asks(event=draft.event, project=project, session=session)
            if answer is not None and answer is not draft.event:
                raise asks.error("prepare_invite must change the event that it is given, and answer nothing")
            try:
                problem = draft.settle()
            except FAILURES as error:
                raise asks.failed(error) from error
            if problem is not None:
                raise asks.error(f"its calendar entry cannot be sent: {problem}")

    def wording(self, kind: NoticeKind, language: str) -> Wording | None:
        """A plugin's words for a kind of notice, or None when nobody has any.

        The plugins of the host come before installed ones. Words are checked whenever they are given, and
        the English ones when the plugins are loaded too.

        Raises:
            PluginError: the words cannot be used, or the plugin failed.
        """
        return next(self._wordings(kind, language), None)

    def _wordings(self, kind: NoticeKind, language: str) -> Iterator[Wording]:
        for asks in self._of["wording"]:
            found = asks(kind=kind, language=language)
            if found is None:
                continue
            if not isinstance(found, Wording):
                raise asks.error(f"wording must answer with a Wording or None, not {_kind_of(found)}")
            problem = problem_with(found)
            if problem is not None:
                raise asks.error(f"its words for {kind} in {language!r} cannot be used: {problem}")
            yield found

    @property
    def notifiers(self) -> Mapping[str, Callable[[Notice], None]]:
        """Who takes notices, by consumer name: ``notify/`` and the plugin's name.

        What a plugin raises comes through as it is.
        """
        return {f"{NOTIFY}{asks.plugin}": _notifier(asks) for asks in self._of["notify"]}

    @property
    def listeners(self) -> Mapping[str, Callable[[Event], None]]:
        """Who hears about events, by consumer name: ``event/`` and the plugin's name.

        What a plugin raises comes through as it is.
        """
        return {f"{LISTEN}{asks.plugin}": _listener(asks) for asks in self._of["on_event"]}

    @property
    def erasers(self) -> list[str]:
        """The plugins with data of their own, by name."""
        return [asks.plugin for asks in self._of["erase_member"]]

    def erase_member(self, member_id: str) -> Mapping[str, Erased | PluginError]:
        """Ask every plugin with data of its own to forget somebody; what each answered, by its name."""
        return {asks.plugin: _erased(asks, member_id) for asks in self._of["erase_member"]}

    def _by_key(
        self, hook: str, read: Callable[[Implementation, object], tuple[str, T]]
    ) -> dict[str, tuple[Implementation, T]]:
        found: dict[str, tuple[Implementation, T]] = {}
        for asks in self._of[hook]:
            key, value = read(asks, asks())
            if key in found:
                raise asks.error(f"{hook} {key!r} is taken by plugin {found[key][0].plugin!r}; block one of the two")
            found[key] = asks, value
        return found


def _kind_of(answer: object) -> str:
    return "a class" if inspect.isclass(answer) else f"a {type(answer).__name__}"


def _backend(asks: Implementation, answer: object) -> tuple[str, StorageBackend]:
    if not isinstance(answer, StorageBackend):
        raise asks.error(f"{asks.hook} must answer with a StorageBackend, not {_kind_of(answer)}")
    if not _SCHEME.fullmatch(answer.scheme):
        raise asks.error(f"{answer.scheme!r} is no scheme; use lower-case letters, digits, + and -, without the colon")
    return answer.scheme, answer


def _policy(asks: Implementation, answer: object) -> tuple[str, AllocationPolicy]:
    if not isinstance(answer, AllocationPolicy):
        raise asks.error(f"{asks.hook} must answer with an AllocationPolicy, not {_kind_of(answer)}")
    if answer.name in BUILT_IN_POLICIES:
        raise asks.error(f"{answer.name!r} is the name of a policy that comes with the library; use another")
    return answer.name, guarded(asks, answer)


def _objection(
    asks: Implementation, member: Member, project: Project, sessions: tuple[Session, ...]
) -> Objection | None:
    try:
        answer = asks(member=member, project=project, sessions=sessions)
    except PluginError as error:
        # The plugin's own message stays out of the log: it may name the member.
        _log.error("%s", error)
        return CHECK_FAILED
    if answer is None:
        return None
    if isinstance(answer, Objection) and _is_said(answer.code) and _is_said(answer.sentence):
        return answer
    _log.error("%s", asks.error(f"{asks.hook} must answer with an Objection that says something, or None"))
    return CHECK_FAILED


def _is_said(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _notifier(asks: Implementation) -> Callable[[Notice], None]:
    def notify(notice: Notice) -> None:
        asks.plainly(notice=notice)

    return notify


def _listener(asks: Implementation) -> Callable[[Event], None]:
    def listen(event: Event) -> None:
        asks.plainly(event=event)

    return listen


def _erased(asks: Implementation, member_id: str) -> Erased | PluginError:
    try:
        answer = asks(member_id=member_id)
    except PluginError as error:
        return error
    if not isinstance(answer, Erased) or not _are_counts(answer.counts):
        return asks.error(f"{asks.hook} must answer with an Erased that counts what was erased")
    return Erased(MappingProxyType(dict(answer.counts)))


def _are_counts(counts: object) -> bool:
    if not isinstance(counts, Mapping):
        return False
    items = cast("Mapping[object, object]", counts).items()
    return all(_is_said(name) and type(number) is int and number >= 0 for name, number in items)
