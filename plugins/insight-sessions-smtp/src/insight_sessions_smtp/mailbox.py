"""Reading mails: the answers of calendars, and mails that came back, from a folder to the desk.

Each mail is moved away only after it was handled. Whoever is killed in between handles it once more, which changes
nothing: a desk takes a copy of an answer for what it is, and notes an address that takes no mail once.
"""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from insight_sessions import Reply, StorageError
from insight_sessions.calendar.reply import LARGEST
from insight_sessions_smtp.bounces import read_bounces

PROCESSED: Final = "processed"
OTHERS: Final = "others"
_log: Final = logging.getLogger(__name__)


class Kind(StrEnum):
    """What a mail was."""

    REPLY = "reply"
    BOUNCE = "bounce"
    OTHER = "other"


class Takes(Protocol):
    """What a desk does with mails."""

    def receive_reply(self, raw: bytes, trusted: bool = False) -> Reply:  # noqa: FBT001, FBT002 - as the desk has it
        """Take what a calendar answered."""
        ...

    def mail_returned(self, message_id: str, *, email: str = "", code: str = "refused") -> bool:
        """Take note of an address that takes no mail."""
        ...


class Folder(Protocol):
    """Where mails come."""

    def waiting(self) -> list[str]:
        """The names of the mails in it, oldest first."""
        ...

    def read(self, name: str) -> bytes | None:
        """A mail as it came; None when it is too large, or somebody took it away."""
        ...

    def put_away(self, name: str, kind: Kind) -> None:
        """Move a mail to where those of its kind are kept; nothing when it is not there any more."""
        ...


@dataclass(frozen=True, slots=True)
class Read:
    """What came of reading a folder, in numbers.

    Args:
        replies: answers to invites.
        bounces: mails that say that one of ours came back.
        others: anything else, for a person to read.
        failed: mails that could not be handled, and lie where they were.
    """

    replies: int = 0
    bounces: int = 0
    others: int = 0
    failed: int = 0


def read_folder(desk: Takes, folder: Folder, *, trusted: bool = False, limit: int = 1_000) -> Read:
    """Handle the mails in a folder, each once, and put each away.

    Call it from time to time, such as each minute. A mail that cannot be handled holds up no other.

    Args:
        desk: takes what they say.
        folder: where they are.
        trusted: whether the From of every mail in it is known to be true; see `Desk.receive_reply`.
        limit: how many mails at most.

    Raises:
        StorageError: the desk can take nothing now; what was not handled lies where it was.
        OSError: the folder cannot be read.
    """
    found = Read()
    for name in folder.waiting()[:limit]:
        raw = folder.read(name)
        try:
            kind = Kind.OTHER if raw is None else handle(desk, raw, trusted=trusted)
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the mails behind it must come through
            # Never its words: they may hold what is in the mail.
            _log.error("a mail could not be handled: %s", type(error).__name__)
            found = replace(found, failed=found.failed + 1)
            continue
        folder.put_away(name, kind)
        found = replace(
            found,
            replies=found.replies + (kind is Kind.REPLY),
            bounces=found.bounces + (kind is Kind.BOUNCE),
            others=found.others + (kind is Kind.OTHER),
        )
    return found


def handle(desk: Takes, raw: bytes, *, trusted: bool = False) -> Kind:
    """Give a mail to the desk, whatever it is; doing it again changes nothing.

    Args:
        desk: takes what it says.
        raw: the mail as it came.
        trusted: whether its From is known to be true.

    Raises:
        StorageError: the desk can take nothing now.
    """
    ours = receive_bounce(desk, raw)
    if ours:
        return Kind.BOUNCE
    # A bounce may cite an invite, and is never an answer.
    if ours is None and desk.receive_reply(raw, trusted).understood:
        return Kind.REPLY
    return Kind.OTHER


def receive_bounce(desk: Takes, raw: bytes) -> int | None:
    """Tell the desk of the addresses that did not take a mail, if that is what this mail says; twice changes nothing.

    Args:
        desk: tells the organiser, once for each address.
        raw: a mail as it came.

    Returns:
        How many mails of ours it says were not delivered; None when it says that of no mail at all.

    Raises:
        StorageError: the desk can take nothing now.
    """
    bounces = read_bounces(raw)
    # All of them, for a report may be of several mails.
    ours = [desk.mail_returned(one.message_id, email=one.email, code=one.code) for one in bounces]
    return sum(ours) if bounces else None


class MaildirFolder:
    """A folder in the format Maildir, as a mail server on this machine fills it.

    What was handled goes to its folder ``.processed``, anything else to ``.others``.

    Args:
        path: the folder; it has ``new`` and ``cur``.

    Raises:
        FileNotFoundError: it is none.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        for part in ("new", "cur"):
            if not (self._path / part).is_dir():
                raise FileNotFoundError(f"{path} is no Maildir: it has no folder {part}")

    def waiting(self) -> list[str]:
        """The names of the mails in it, oldest first: a name begins with its second."""
        return sorted(_names(self._path / "new") + _names(self._path / "cur"), key=_age)

    def read(self, name: str) -> bytes | None:
        """A mail as it came."""
        try:
            with (self._path / name).open("rb") as file:
                raw = file.read(LARGEST + 1)
        except FileNotFoundError:
            return None
        return raw if len(raw) <= LARGEST else None

    def put_away(self, name: str, kind: Kind) -> None:
        """Move a mail, in one step."""
        folder = self._path / f".{OTHERS if kind is Kind.OTHER else PROCESSED}"
        for part in ("cur", "new", "tmp"):
            (folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            # A person has still to read the others.
            (self._path / name).rename(folder / ("new" if kind is Kind.OTHER else "cur") / Path(name).name)
        except FileNotFoundError:
            _log.info("a mail was taken away by somebody else")


def _names(folder: Path) -> list[str]:
    return [f"{folder.name}/{entry.name}" for entry in _entries(folder) if not entry.name.startswith(".")]


def _entries(folder: Path) -> Iterator["os.DirEntry[str]"]:
    with os.scandir(folder) as entries:
        yield from (entry for entry in entries if entry.is_file(follow_symlinks=False))


def _age(name: str) -> tuple[int, str]:
    second = name.rpartition("/")[2].partition(".")[0]
    return (int(second) if second.isdecimal() and second.isascii() and len(second) < 20 else 0, name)
