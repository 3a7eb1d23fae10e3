"""The plugins that come with the library: two stores, and two simple ways to see what was sent."""

import os
import re
import sys
import threading
from collections.abc import Mapping
from datetime import UTC
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Final, TextIO

from insight_sessions.domain.member import Erased
from insight_sessions.domain.notices import Notice
from insight_sessions.hooks.specs import StorageBackend, hookimpl
from insight_sessions.runtime import Runtime
from insight_sessions.storage.port import Storage
from insight_sessions.text import normal

_RULE: Final = "-" * 72
_SAFE_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")


def _open_memory(url: str, runtime: Runtime) -> Storage:
    del url
    # Imported late: a process needs one kind of store.
    from insight_sessions.storage.memory import MemoryStorage  # noqa: PLC0415

    return MemoryStorage(runtime.random_bytes)


def _open_sqlite(url: str, runtime: Runtime) -> Storage:
    from insight_sessions.storage.sqlite import open_sqlite  # noqa: PLC0415

    return open_sqlite(url, runtime.random_bytes)


class Store:
    """A kind of store as a plugin.

    Args:
        backend: its scheme, and how to open it.
    """

    def __init__(self, backend: StorageBackend) -> None:
        self.name = backend.scheme
        self._backend = backend

    @hookimpl
    def insight_sessions_storage_backend(self) -> StorageBackend:
        """The scheme and how to open a store of that kind."""
        return self._backend


BUILT_IN: Final[Mapping[str, object]] = MappingProxyType(
    {
        "memory": Store(StorageBackend("memory", _open_memory)),
        "sqlite": Store(StorageBackend("sqlite", _open_sqlite)),
    }
)
"""What every desk has, by name."""


class ConsoleNotifier:
    """Show each message on the terminal instead of sending it.

    It prints names, addresses and everything else a message says: that is what it is for. Use it while you
    try things out, not where output is kept.

    Args:
        stream: where to print; the standard output of the moment when not given.
    """

    name = "console"

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Print one block."""
        stream = sys.stdout if self._stream is None else self._stream
        to = notice.recipient
        lines = [
            _RULE,
            f"Notice:  {notice.id} ({notice.kind})",
            f"To:      {to.name} <{to.email}>",
            f"Subject: {notice.subject}",
            "",
            notice.text,
            "",
            *([] if notice.invite is None else [f"Invite:  {notice.invite.method}, {len(notice.invite.data)} bytes"]),
            _RULE,
            "",
        ]
        # A terminal that cannot show a name shows its code points; one write, so that threads do not mix.
        encoding = stream.encoding or "utf-8"
        stream.write("\n".join(lines).encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()


class FolderNotifier:
    """Put each message into a folder as a whole mail, one ``.eml`` file each.

    A mail program opens them, and another program may send them. The names sort by date. A message that comes
    again replaces its own file with the same bytes. Only the user it runs as can read them. When a member is erased,
    the mails to them are deleted; their names end in a hash of the member's id.

    Args:
        folder: where; it is made when the first message comes.
    """

    name = "folder"

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Write one file, whole or not at all."""
        # Imported late: the email package takes longer to import than all the rest of this one.
        from insight_sessions.hooks.mail import mail  # noqa: PLC0415

        content = mail(notice)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        to = notice.recipient
        # A member by the host's id; who only follows by their address; the team by nothing, or by whom it is told of.
        whose = _whose(to.member_id) if to.member_id else _follows(to.email) if to.person else ""
        if notice.concerns is not None:
            whose = _names(notice.concerns.member_id)
        name = f"{notice.date.astimezone(UTC):%Y%m%dT%H%M%SZ}-{_safe(notice.id)}{whose}.eml"
        # In the same folder, or it could not be put in place in one step; one for each thread.
        draft = self._folder / f".{name}.{os.getpid()}.{threading.get_ident()}"
        try:
            _write(draft, content)
            draft.replace(self._folder / name)
        finally:
            draft.unlink(missing_ok=True)
        _sync(self._folder)

    @hookimpl
    def insight_sessions_erase_member(self, member_id: str) -> Erased:
        """Delete every mail to a member, also as a follower at an address of theirs, and what a crash left of one."""
        mails = list(self._folder.glob(f"*{_whose(member_id)}.eml"))
        addresses = {_to(file) for file in mails} | {member_id}
        # Last those by which the addresses are known, so that a crash leaves them to be found again.
        ends = [*sorted(map(_follows, addresses)), _names(member_id), _whose(member_id)]
        mails = [file for end in ends for file in self._folder.glob(f"*{end}.eml")]
        drafts = [file for end in ends for file in self._folder.glob(f".*{end}.eml.*")]
        for file in (*drafts, *mails):
            file.unlink(missing_ok=True)
        if mails:
            _sync(self._folder)
        return Erased({"mails": len(mails)})


def _to(file: Path) -> str:
    """The address that a mail went to."""
    from email.parser import BytesHeaderParser  # noqa: PLC0415 - takes longer to import than all the rest
    from email.utils import parseaddr  # noqa: PLC0415 - the same

    return parseaddr(str(BytesHeaderParser().parsebytes(file.read_bytes())["To"]))[1]


def _follows(email: str) -> str:
    """How the names of files end that went to a follower; no member's end like it."""
    return _whose(f"mailto:{email.lower()}")


def _names(member_id: str) -> str:
    """How the names of files end that went to the team and name a member; neither a member's nor a follower's do."""
    return _whose(f"\0{member_id}")


def _whose(member_id: str) -> str:
    """How the names of a member's files end."""
    return f"-{sha256(normal(member_id).encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _safe(id: str) -> str:
    return id if _SAFE_NAME.fullmatch(id) else sha256(id.encode("utf-8", "surrogatepass")).hexdigest()


def _write(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Make a new name in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
