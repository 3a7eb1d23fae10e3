"""The contract of a notification plugin as tests: inherit, give the plugin, and get them all.

Example:
    ```python
    class TestMyNotifier(NotifierContract):
        @pytest.fixture
        def plugin(self, tmp_path: Path) -> object:
            return MyNotifier(tmp_path / "channel.txt")
    ```
"""

import copy
import logging
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

import pytest

from insight_sessions.commands.calls import AnnounceProject, OpenCall
from insight_sessions.commands.places import RegisterInterest, Withdraw
from insight_sessions.desk import Desk
from insight_sessions.domain.member import Erased, Member
from insight_sessions.domain.notices import Notice
from insight_sessions.hooks.manager import load_plugins
from insight_sessions.hooks.specs import hookimpl
from insight_sessions.runtime import Runtime
from insight_sessions.testing.notices import EXAMPLE_MOMENT, EXAMPLE_PROJECT, ODD_NAMES, example_notices

_PRIVATE: Final = ("Ada Osei", "ada@example.org", "q-17")


class _Beside:
    """Another notifier on the same desk."""

    name = "beside"

    def __init__(self) -> None:
        self.taken: list[str] = []

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Keep its id."""
        self.taken.append(notice.id)


@contextmanager
def _desk(*plugins: object) -> Generator[Desk]:
    """A desk on which somebody was given a place, and told; then they gave it back."""
    ada = Member(id="q-17", name="Ada Osei", email="ada@example.org")
    name, session = EXAMPLE_PROJECT.id, EXAMPLE_PROJECT.sessions[0].id
    runtime = Runtime(now=lambda: EXAMPLE_MOMENT)
    with Desk.open("memory:", plugins=plugins, discover=False, runtime=runtime) as desk:
        desk.do(AnnounceProject(project=EXAMPLE_PROJECT))
        desk.do(OpenCall(project_id=name))
        mine = desk.do(RegisterInterest(project_id=name, member=ada, sessions=(session,)))
        desk.deliver()
        desk.do(Withdraw(project_id=name, registration_id=mine.id))
        yield desk


def _shape(notice: Notice) -> str:
    return f"{notice.id}-{notice.kind}-{'no' if notice.invite is None else notice.invite.method}-invite"


class NotifierContract:
    """What every plugin that answers ``insight_sessions_notify`` must do; override `plugin`, nothing else.

    Nothing may be sent for real: let the plugin talk to something of your own.
    """

    @pytest.fixture
    def plugin(self) -> object:
        """The plugin under test, a module or an object, ready to take notices; new for each test."""
        raise NotImplementedError("override the fixture `plugin`")

    @pytest.fixture
    def notify(self, plugin: object) -> Callable[[Notice], None]:
        """The plugin as a desk calls it."""
        (found,) = load_plugins([plugin], discover=False).notifiers.values()
        return found

    def test_a_desk_lets_it_in_as_a_consumer_of_notices(self, plugin: object) -> None:
        """It is refused for nothing, and has one name to keep its deliveries under."""
        found = load_plugins([plugin], discover=False)
        assert list(found.notifiers) == [f"notify/{found.names[-1]}"]

    @pytest.mark.parametrize("notice", example_notices(), ids=_shape)
    def test_it_takes_every_kind_of_notice(self, notify: Callable[[Notice], None], notice: Notice) -> None:
        """With an invite and without one; what it cannot show it leaves out, and does not raise."""
        notify(notice)

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_it_takes_every_name(self, notify: Callable[[Notice], None], name: str) -> None:
        """Names are data: emoji, right-to-left letters, braces, commas, 200 characters."""
        for notice in example_notices(name):
            notify(notice)

    def test_it_takes_a_notice_again(self, notify: Callable[[Notice], None]) -> None:
        """A notice comes at least once, so it may come twice, with others in between."""
        for notice in (*example_notices(), *example_notices()):
            notify(notice)

    def test_it_takes_notices_in_any_order(self, notify: Callable[[Notice], None]) -> None:
        """Those of other projects and people come between, and one that failed comes late."""
        for notice in reversed(example_notices()):
            notify(notice)

    def test_it_takes_notices_in_many_threads(self, notify: Callable[[Notice], None]) -> None:
        """Several workers deliver at the same time."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(notify, example_notices() * 4))

    def test_it_leaves_the_notice_as_it_was(self, notify: Callable[[Notice], None]) -> None:
        """Other plugins take the same one."""
        for notice in example_notices():
            before = copy.deepcopy(notice)
            notify(notice)
            assert notice == before, "the plugin changed the notice"

    def test_it_tells_nobody_else(
        self,
        notify: Callable[[Notice], None],
        capfd: pytest.CaptureFixture[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Neither the output nor the log holds a name, an address, a member's id, or a link by which to answer."""
        with caplog.at_level(logging.DEBUG):
            for notice in example_notices(links=True):
                notify(notice)
        _refuse_private((*capfd.readouterr(), caplog.text))

    def test_a_desk_delivers_through_it(self, plugin: object) -> None:
        """Nothing fails, nothing is left, and whoever else sends gets the same."""
        beside = _Beside()
        with _desk(plugin, beside) as desk:
            done = desk.deliver()
            assert (done.failed, done.dead) == (0, 0), "the plugin raised"
            assert set(desk.health().behind.values()) == {0}
        assert len(beside.taken) == 2

    def test_it_forgets_whom_it_is_asked_to(self, plugin: object, notify: Callable[[Notice], None]) -> None:
        """A plugin that keeps something about people answers how much it erased: once, and nothing when asked again."""
        plugins = load_plugins([plugin], discover=False)
        for notice in example_notices():
            notify(notice)
        for key in ("q-17", "ada@example.org"):
            for answer in plugins.erase_member(key).values():
                assert isinstance(answer, Erased), "the plugin could not erase somebody whom it wrote to"
        for key in ("q-17", "ada@example.org", "q-nobody", "nobody@example.org"):
            for answer in plugins.erase_member(key).values():
                assert isinstance(answer, Erased), "the plugin could not erase somebody whom it does not know"
                assert sum(answer.counts.values()) == 0, "the plugin says that it erased what was gone"


class BrokenNotifierContract:
    """What a notification plugin must do while it cannot send; override `broken`, nothing else."""

    @pytest.fixture
    def broken(self) -> object:
        """The plugin when nobody listens at the other end, or what it writes to is not there; new for each test."""
        raise NotImplementedError("override the fixture `broken`")

    @pytest.mark.parametrize("notice", example_notices(), ids=_shape)
    def test_it_raises(self, broken: object, notice: Notice) -> None:
        """Whoever returns has sent it: what is swallowed here is lost. Tried again, it raises again."""
        (notify,) = load_plugins([broken], discover=False).notifiers.values()
        for _ in range(2):
            with pytest.raises(Exception):  # noqa: B017, PT011 - of any kind
                notify(notice)

    def test_a_desk_keeps_what_it_could_not_send(self, broken: object) -> None:
        """For later, and whoever else sends is not held up."""
        beside = _Beside()
        with _desk(broken, beside) as desk:
            desk.deliver()
            (name,) = load_plugins([broken], discover=False).notifiers
            behind = desk.health().behind
            assert behind[name] == 2, "the plugin returned as if it had sent it"
            assert behind["notify/beside"] == 0
        assert len(beside.taken) == 2

    def test_it_tells_nobody_else(
        self, broken: object, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        """What goes wrong is told without a name, an address or a member's id."""
        with caplog.at_level(logging.DEBUG), _desk(broken) as desk:
            desk.deliver()
        _refuse_private((*capfd.readouterr(), caplog.text))


def _refuse_private(told: tuple[str, ...]) -> None:
    seen = "".join(told)
    for private in _PRIVATE:
        assert private not in seen, "the plugin printed or logged who the notice is for"
    assert "/answer/" not in seen, "the plugin printed or logged a link, which is a key"
