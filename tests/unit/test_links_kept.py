"""Links stand in messages alone: not in a calendar, the store, the journal, the outbox, a log or an export."""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import closing
from email import message_from_bytes
from pathlib import Path

import pytest

from insight_sessions import Desk, FolderNotifier, LinkNotGood, Notice, hookimpl
from insight_sessions.storage.port import Storage
from insight_sessions.storage.sqlite import SQLiteStorage
from insight_sessions.testing import example_notices

from .links_kit import ADDRESS
from .test_canary import CANARY, World, live, second_life


class Kept:
    """Keeps whatever comes."""

    name = "kept"

    def __init__(self) -> None:
        self.taken: list[Notice] = []

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """As it comes."""
        self.taken.append(notice)


class LinkedWorld(World):
    """The same world, with links."""

    def __init__(self, folder: Path, storage: Storage) -> None:
        self.post = Kept()
        super().__init__(folder, storage)

    def opened(self) -> Desk:
        """One more desk on the same store."""
        plugins = (FolderNotifier(self.folder / "mails"), self.flaky, self.door, self.directory, self.post)
        runtime = self.clock.runtime
        return Desk(self.storage, plugins=plugins, discover=False, runtime=runtime, links=ADDRESS)

    def calendars(self) -> Iterator[bytes]:
        """Every calendar file that there is."""
        yield from (one.invite.data for one in self.post.taken if one.invite is not None)
        yield self.desk.personal_feed(self.desk.feed_token(CANARY.id))
        for id in self.desk.projects():
            yield self.desk.feed(id)
            yield from (self.desk.session_calendar(id, session) for session in self.desk.state(id).sessions)
            yield from (data for _, data in self.desk.invites(id))

    def told(self) -> Iterator[object]:
        """What a desk says of itself and of people."""
        yield self.desk.export_member(CANARY.id)
        yield (self.desk.health(), self.desk.dead_letters())
        for id in self.desk.projects():
            yield (self.desk.state(id), self.desk.history(id), self.desk.report(id), self.desk.explain(id, CANARY.id))
            yield self.storage.journal(id)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LinkedWorld]:
    """On a file, with everything it logs beside it."""
    handler = logging.FileHandler(tmp_path / "log.txt", encoding="utf-8")
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    with closing(handler), closing(SQLiteStorage(tmp_path / "store.db", os.urandom)) as storage:
        yield LinkedWorld(tmp_path, storage)
        root.removeHandler(handler)
        root.setLevel(level)


def press_all(world: LinkedWorld) -> int:
    """Look at every link and do what it says, as far as that can be done; how many there are."""
    links = {link for notice in world.post.taken for link in notice.links.values()}
    for link in sorted(links):
        token = link.removeprefix(f"{ADDRESS}/")
        try:
            world.desk.peek(token)
            world.desk.do(world.desk.redeem(token, sessions=["tue"], answers={"role": "x"}, text="Gut."))
        except LinkNotGood as error:
            with (world.folder / "errors.txt").open("a", encoding="utf-8") as file:
                file.write(f"{error!r} {error} {error.args} {vars(error)}\n")
        except Exception as error:  # noqa: BLE001 - whatever is said must not hold it
            with (world.folder / "errors.txt").open("a", encoding="utf-8") as file:
                file.write(f"{error!r} {error} {error.__cause__!r}\n")
    return len(links)


def test_no_link_is_kept_or_told_anywhere_but_in_messages(world: LinkedWorld) -> None:
    """After a life in which everything happened, and every link was pressed."""
    live(world)
    second_life(world)
    world.flaky.broken = True
    assert press_all(world) > 20
    world.desk.revoke_links(CANARY.id)
    world.later(hours=1)
    links = {link for notice in world.post.taken for link in notice.links.values()}
    signed = {link.removeprefix(f"{ADDRESS}/")[-44:-1].encode() for link in links}
    assert len(signed) > 30
    assert len({notice.kind for notice in world.post.taken if notice.links}) >= 8

    mails = b"".join(path.read_bytes() for path in (world.folder / "mails").rglob("*") if path.is_file())
    unfolded = mails.replace(b"=\r\n", b"")
    assert sum(one in unfolded for one in signed) > 20, "they were there to be found"

    files = [path for path in world.folder.rglob("*") if path.is_file() and path.parent.name != "mails"]
    assert {"store.db", "log.txt", "errors.txt", "desk"} <= {path.name for path in files}
    kept = b"".join(path.read_bytes() for path in files)
    kept += json.dumps([repr(one) for one in world.told()]).encode()
    kept += b"".join(world.calendars()).replace(b"\r\n ", b"")
    assert [one for one in signed if one in kept] == []
    assert b"example.org/answer" not in kept
    world.storage.close()
    assert [one for one in signed if one in (world.folder / "store.db").read_bytes()] == []


def test_a_link_names_nobody() -> None:
    """Not the member, not the host's id of them, not even ours of the person."""
    for notice in example_notices(links=True):
        for link in notice.links.values():
            assert not {"ada", "q-17", "p-17", "@"} & set(link.lower().split("."))


@pytest.mark.parametrize("notice", example_notices(links=True), ids=lambda one: one.id)
def test_a_mail_has_links_in_its_words_and_not_in_its_calendar(notice: Notice, tmp_path: Path) -> None:
    """As every mail program reads it."""
    FolderNotifier(tmp_path).insight_sessions_notify(notice)
    (path,) = tmp_path.rglob("*.eml")
    for part in message_from_bytes(path.read_bytes()).walk():
        body = part.get_payload(decode=True)
        if isinstance(body, bytes) and part.get_content_type() != "text/plain":
            assert b"/answer/" not in body.replace(b"\r\n ", b"")
        if part.get_content_type() == "text/plain":
            assert isinstance(body, bytes)
            assert (b"/answer/" in body) == ("/answer/" in notice.text)
    assert not any("/answer/" in value for value in message_from_bytes(path.read_bytes()).values())
