import re
from pathlib import Path
from typing import Any

import pytest

from insight_sessions import Desk, Notice, OpenCall, PluginError, StorageError, hookimpl

from .desk_kit import P, interest
from .desk_store import a_desk


@pytest.mark.parametrize("url", [Path("x.db"), None, 3])
def test_a_desk_is_opened_by_a_url(url: Any) -> None:  # noqa: ANN401 - whatever it is
    """Anything else is said to be so, and not found out later."""
    with pytest.raises(TypeError, match="URL such as sqlite:///file"):
        Desk.open(url)


def test_a_url_is_no_store() -> None:
    """The class takes a store in hand."""
    store: Any = "memory:"
    with pytest.raises(TypeError, match=r"Desk\.open"):
        Desk(store)


def test_one_plugin_alone_is_no_list() -> None:
    """It is easily forgotten."""
    plugins: Any = object()
    with pytest.raises(PluginError, match="as a list"):
        Desk.open("memory:", plugins=plugins)
    with pytest.raises(PluginError, match="plugin 'mail': names to block are given as a list"):
        Desk.open("memory:", block="mail")


def test_sqlite_in_memory_is_not_a_file_of_that_name() -> None:
    """As other libraries write it."""
    with pytest.raises(StorageError, match="memory:"):
        Desk.open("sqlite:///:memory:")


def test_a_failing_plugin_is_logged_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    """Which delivery, what kind of fault and where, so that a typo is found today."""

    class Mistaken:
        name = "mistaken"

        @hookimpl
        def insight_sessions_notify(self, notice: Notice) -> None:
            """Cannot."""
            raise RuntimeError(notice.recipient.email)

    desk = a_desk(Mistaken())
    desk.do(interest("ada", "mon"))
    assert desk.deliver().failed == 1
    [said] = [record.getMessage() for record in caplog.records if record.name == "insight_sessions.delivery"]
    assert "notify/mistaken failed: RuntimeError at" in said
    assert "test_front_door.py" in said
    assert "ada" not in re.findall(r"\w+", said)  # and not as part of an id


@pytest.mark.parametrize("wrong", [OpenCall, "open", None])
def test_what_is_no_command_is_no_riddle(wrong: Any) -> None:  # noqa: ANN401 - whatever is tried
    """A class without its brackets, say."""
    desk = a_desk()
    before = desk.history(P)
    with pytest.raises(TypeError, match=r"this is no command; hand over an object of one"):
        desk.do(wrong)
    assert desk.history(P) == before
