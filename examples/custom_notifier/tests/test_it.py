"""The example of a plugin passes the contract, and does what its README says."""

import tomllib
from pathlib import Path

import custom_notifier
import pytest

from insight_sessions.testing import BrokenNotifierContract, NotifierContract, example_notices


@pytest.fixture
def channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the team reads."""
    path = tmp_path / "channel.txt"
    monkeypatch.setenv("CUSTOM_NOTIFIER_FILE", str(path))
    return path


class TestContract(NotifierContract):
    """All that a notification plugin must do."""

    @pytest.fixture
    def plugin(self, channel: Path) -> object:
        """The plugin, writing to a file of its own."""
        return custom_notifier


class TestWithoutAPlaceToWrite(BrokenNotifierContract):
    """All that it must do while it cannot write."""

    @pytest.fixture
    def broken(self, channel: Path) -> object:
        """A folder is where the file should be."""
        channel.mkdir()
        return custom_notifier


def test_each_notice_is_one_line(channel: Path) -> None:
    """With its subject and its id, and without a name or an address."""
    notices = example_notices()
    for notice in notices:
        custom_notifier.insight_sessions_notify(notice)
    lines = channel.read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(notices)
    assert lines[1] == "2021-06-14 09:02 You have a place: Exploring COVID-19 backlogs (n-example-2)"
    assert not any("Ada" in line or "@" in line for line in lines)


def test_without_a_channel_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Installing it does no harm."""
    monkeypatch.delenv("CUSTOM_NOTIFIER_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    custom_notifier.insight_sessions_notify(example_notices()[0])
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr() == ("", "")


def test_the_entry_point_names_the_plugin() -> None:
    """Under the name that deliveries wait for."""
    settings = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["project"]["entry-points"] == {"insight_sessions": {"custom-notifier": custom_notifier.__name__}}
