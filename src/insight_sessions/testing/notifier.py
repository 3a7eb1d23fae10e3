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
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from insight_sessions.domain.notices import Notice
from insight_sessions.hooks.manager import load_plugins
from insight_sessions.testing.notices import ODD_NAMES, example_notices


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
        seen = "".join((*capfd.readouterr(), caplog.text))
        for private in ("Ada Osei", "ada@example.org", "q-17"):
            assert private not in seen, "the plugin printed or logged who the notice is for"
        assert "/answer/" not in seen, "the plugin printed or logged a link, which is a key"
