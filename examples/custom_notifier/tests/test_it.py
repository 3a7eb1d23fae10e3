"""The example of a plugin passes the contracts, and does what its README says."""

import tomllib
from pathlib import Path

import custom_notifier
import pytest
from custom_notifier import Channel

from insight_sessions import Desk
from insight_sessions.testing import BrokenNotifierContract, NotifierContract, example_notices


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    """The file that the team reads."""
    return tmp_path / "channel.txt"


class TestContract(NotifierContract):
    """All that a notification plugin must do."""

    @pytest.fixture
    def plugin(self, channel: Path) -> object:
        """The plugin, writing to a file of its own."""
        return Channel(channel)


class TestWithoutAPlaceToWrite(BrokenNotifierContract):
    """All that it must do while it cannot write."""

    @pytest.fixture
    def broken(self, channel: Path) -> object:
        """A folder is where the file should be."""
        channel.mkdir()
        return Channel(channel)


def test_each_notice_is_one_line(channel: Path) -> None:
    """With its subject and its id, and without a name or an address."""
    notices = example_notices()
    for notice in notices:
        Channel(channel).insight_sessions_notify(notice)
    lines = channel.read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(notices)
    assert lines[1] == "2021-06-14 09:02 You have a place: Exploring COVID-19 backlogs (n-example-2)"
    assert not any("Ada" in line or "@" in line for line in lines)


def test_it_takes_part_once_it_is_set_up(channel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed alone it is no consumer, so that nothing waits for it."""
    monkeypatch.delenv("CUSTOM_NOTIFIER_FILE", raising=False)
    with Desk.open("memory:") as desk:
        assert "notify/custom-notifier" not in desk.health().behind
    monkeypatch.setenv("CUSTOM_NOTIFIER_FILE", str(channel))
    with Desk.open("memory:") as desk:
        assert "notify/custom-notifier" in desk.health().behind


def test_the_entry_point_names_the_plugin() -> None:
    """Under the name that deliveries wait for, handed over or found."""
    settings = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["project"]["entry-points"] == {"insight_sessions": {Channel.name: "custom_notifier:plugin"}}
    assert callable(custom_notifier.plugin)
