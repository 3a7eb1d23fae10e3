"""The notifiers that come with the library: the terminal, and a folder of mails."""

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from insight_sessions.domain.member import Erased
from insight_sessions.hooks.builtin import ConsoleNotifier, FolderNotifier
from insight_sessions.hooks.mail import mail
from insight_sessions.testing import BrokenNotifierContract, NotifierContract, example_notices

CONFIRMED, WITHOUT_INVITE = example_notices()[1:3]
WHOSE = "-5794f5b21650351c"
"""How the names of mails to Ada Osei end: by a hash of her id."""


class TestConsoleNotifier(NotifierContract):
    """The contract; what it prints goes where it is told."""

    @pytest.fixture
    def plugin(self) -> object:
        """Printing to a stream of its own."""
        return ConsoleNotifier(io.StringIO())


class TestFolderNotifier(NotifierContract):
    """The contract."""

    @pytest.fixture
    def plugin(self, tmp_path: Path) -> object:
        """Writing to a folder of its own."""
        return FolderNotifier(tmp_path / "mails")


class TestClosedConsole(BrokenNotifierContract):
    """The contract of one that cannot print."""

    @pytest.fixture
    def broken(self) -> object:
        """Its stream is closed."""
        stream = io.StringIO()
        stream.close()
        return ConsoleNotifier(stream)


class TestFolderThatIsNone(BrokenNotifierContract):
    """The contract of one that cannot write."""

    @pytest.fixture
    def broken(self, tmp_path: Path) -> object:
        """Something else is there."""
        (tmp_path / "mails").write_text("not a folder", encoding="utf-8")
        return FolderNotifier(tmp_path / "mails")


# the terminal


def test_the_console_shows_one_block_for_each_notice(capsys: pytest.CaptureFixture[str]) -> None:
    """On the standard output of the moment, in the way a person reads it."""
    notifier = ConsoleNotifier()
    assert notifier.name == "console"
    notifier.insight_sessions_notify(replace(CONFIRMED, text="Hello Ada Osei,\n\nsee you."))
    rule = "-" * 72
    assert CONFIRMED.invite is not None
    assert (
        capsys.readouterr().out
        == f"""\
{rule}
Notice:  n-example-2 (place_confirmed)
To:      Ada Osei <ada@example.org>
Subject: You have a place: Exploring COVID-19 backlogs

Hello Ada Osei,

see you.

Invite:  REQUEST, {len(CONFIRMED.invite.data)} bytes
{rule}
"""
    )


def test_the_console_says_nothing_of_an_invite_that_is_not_there() -> None:
    """Not even a line."""
    stream = io.StringIO()
    ConsoleNotifier(stream).insight_sessions_notify(WITHOUT_INVITE)
    assert "Invite:" not in stream.getvalue()
    assert WITHOUT_INVITE.text in stream.getvalue()


def test_a_terminal_that_cannot_show_a_name_shows_its_code_points() -> None:
    """It does not fail for ever because of somebody's name."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    notice = replace(CONFIRMED, recipient=replace(CONFIRMED.recipient, name="Zoë 🎈"))
    ConsoleNotifier(stream).insight_sessions_notify(notice)
    assert b"To:      Zo\\xeb \\U0001f388 <ada@example.org>\n" in raw.getvalue()


# the folder


def files(folder: Path) -> dict[str, bytes]:
    """Everything in a folder, hidden files too."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_each_notice_is_a_whole_mail_in_a_file_named_by_date_and_id(tmp_path: Path) -> None:
    """So that a folder sorts as they were written."""
    notifier = FolderNotifier(str(tmp_path / "out" / "mails"))
    assert notifier.name == "folder"
    for notice in (WITHOUT_INVITE, CONFIRMED):
        notifier.insight_sessions_notify(notice)
    assert files(tmp_path / "out" / "mails") == {
        f"20210614T090200Z-n-example-2{WHOSE}.eml": mail(CONFIRMED),
        f"20210614T090300Z-n-example-3{WHOSE}.eml": mail(WITHOUT_INVITE),
    }


def test_a_mail_to_the_organiser_is_nobodys(tmp_path: Path) -> None:
    """Its name says no member, and no erasure takes it."""
    notifier = FolderNotifier(tmp_path)
    team = replace(CONFIRMED.recipient, member_id="", person="")
    notifier.insight_sessions_notify(replace(CONFIRMED, recipient=team))
    assert list(files(tmp_path)) == ["20210614T090200Z-n-example-2.eml"]
    assert notifier.insight_sessions_erase_member("") == Erased({"mails": 0})
    assert list(files(tmp_path)) == ["20210614T090200Z-n-example-2.eml"]


def test_the_mails_to_a_follower_go_with_the_member_of_that_address(tmp_path: Path) -> None:
    """Or with the address itself, when nobody is a member; those to another address stay."""
    notifier = FolderNotifier(tmp_path)
    to = CONFIRMED.recipient
    for number, email in enumerate(("Ada@Example.org", "eve@example.org", "kim@example.org")):
        follower = replace(to, person=f"f-{number}", member_id="", email=email)
        notifier.insight_sessions_notify(replace(WITHOUT_INVITE, id=f"n-{number}", recipient=follower))
    notifier.insight_sessions_notify(replace(CONFIRMED, id="n-9"))
    assert notifier.insight_sessions_erase_member(to.member_id) == Erased({"mails": 2})
    assert notifier.insight_sessions_erase_member("eve@example.org") == Erased({"mails": 1})
    assert [name[17:20] for name in files(tmp_path)] == ["n-2"]


def test_the_mails_to_somebody_who_is_erased_are_deleted(tmp_path: Path) -> None:
    """However their id is written, with what a crash left of one; those to others stay, and once more finds none."""
    notifier = FolderNotifier(tmp_path / "mails")
    assert notifier.insight_sessions_erase_member("zoe\u0301") == Erased({"mails": 0})
    theirs, other = (replace(CONFIRMED.recipient, member_id=id) for id in ("zo\u00e9", "ada"))
    for number in (1, 2):
        notifier.insight_sessions_notify(replace(CONFIRMED, id=f"n-{number}", recipient=theirs))
    notifier.insight_sessions_notify(replace(CONFIRMED, id="n-3", recipient=other))
    name = next(iter(files(tmp_path / "mails")))
    (tmp_path / "mails" / f".{name}.123.7").write_bytes(b"half of it")
    assert notifier.insight_sessions_erase_member("zoe\u0301") == Erased({"mails": 2})
    assert [name[17:20] for name in files(tmp_path / "mails")] == ["n-3"]
    assert notifier.insight_sessions_erase_member("zoe\u0301") == Erased({"mails": 0})


def test_a_notice_that_comes_again_is_the_same_file(tmp_path: Path) -> None:
    """With the same bytes, whatever zone its date is given in."""
    notifier = FolderNotifier(tmp_path)
    notifier.insight_sessions_notify(CONFIRMED)
    before = files(tmp_path)
    notifier.insight_sessions_notify(CONFIRMED)
    assert files(tmp_path) == before
    elsewhere = CONFIRMED.date.astimezone(timezone(timedelta(hours=9)))
    notifier.insight_sessions_notify(replace(CONFIRMED, date=elsewhere))
    assert files(tmp_path).keys() == before.keys()


def test_only_its_own_user_can_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder and the files, whatever the umask says."""
    before = os.umask(0)
    try:
        FolderNotifier(tmp_path / "mails").insight_sessions_notify(CONFIRMED)
    finally:
        os.umask(before)
    (path,) = (tmp_path / "mails").iterdir()
    assert stat.S_IMODE((tmp_path / "mails").stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("id", ["../../etc/passwd", "a/b", "", ".", "n\x00", "x" * 101, "é", "a b", "\ud800"])
def test_an_odd_id_never_leaves_the_folder(tmp_path: Path, id: str) -> None:
    """It is replaced by its digest."""
    FolderNotifier(tmp_path / "mails").insight_sessions_notify(replace(CONFIRMED, id=id))
    assert [path.name for path in tmp_path.iterdir()] == ["mails"]
    ((name, content),) = files(tmp_path / "mails").items()
    assert len(name) == len("20210614T090200Z-.eml") + 64 + len(WHOSE)
    assert content.endswith(b"--\r\n")


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full nothing is left behind, and what was there stays."""
    notifier = FolderNotifier(tmp_path)
    notifier.insight_sessions_notify(CONFIRMED)
    before = files(tmp_path)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for notice in (replace(CONFIRMED, text="changed"), WITHOUT_INVITE):
            with pytest.raises(OSError, match="No space left"):
                notifier.insight_sessions_notify(notice)
    assert files(tmp_path) == before


def test_a_file_is_durable_before_it_has_its_name_and_its_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash leaves no empty mail."""
    steps: list[str] = []
    fsync, rename = os.fsync, Path.replace

    def noted(handle: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def renamed(path: Path, target: Path) -> Path:
        steps.append("name")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(Path, "replace", renamed)
    FolderNotifier(tmp_path).insight_sessions_notify(CONFIRMED)
    assert steps == ["file", "name", "folder"]


def test_a_link_in_the_way_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing outside the folder is written to."""
    aside = tmp_path / "aside"
    aside.write_text("untouched", encoding="utf-8")
    folder = tmp_path / "mails"
    with _known_draft(folder, monkeypatch) as draft:
        draft.symlink_to(aside)
        with pytest.raises(OSError, match="symbolic link"):
            FolderNotifier(folder).insight_sessions_notify(CONFIRMED)
    assert aside.read_text(encoding="utf-8") == "untouched"


@contextmanager
def _known_draft(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder.mkdir()
    monkeypatch.setattr("insight_sessions.hooks.builtin.threading.get_ident", lambda: 7)
    yield folder / f".20210614T090200Z-n-example-2{WHOSE}.eml.{os.getpid()}.7"
