"""What calendars send back: from the bytes of a mail to what became of it.

Nothing in it is believed beyond what it says. Whatever it is, there is a `Reply`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from insight_sessions.calendar.reply import LARGEST, NotUnderstood, read_reply
from insight_sessions.commands.base import Command
from insight_sessions.commands.replying import NothingChanges, TakeReply
from insight_sessions.domain.registration import Registration, Status
from insight_sessions.domain.reply import ReplyReason
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import NotFound

_UID: Final = re.compile(r"([^.]+)\.([A-Za-z0-9][A-Za-z0-9_-]{0,63})\.insight-sessions")


StateOf = Callable[[str], ProjectState]
Do = Callable[[Command[Registration]], Registration]


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a calendar reply.

    Args:
        understood: whether it was somebody's answer to an invite of ours.
        reason: what became of it, or why it was not understood.
        registration: theirs, as it is now; None when it was not understood.
        comment: what they wrote with it. It is personal data and kept nowhere: pass it on to whom it is for.
    """

    understood: bool
    reason: ReplyReason
    registration: Registration | None = None
    comment: str | None = field(default=None, repr=False)


def receive(
    raw: object,
    *,
    trusted: bool,
    state_of: StateOf,
    do: Do,
) -> Reply:
    """Take a reply.

    Args:
        raw: a calendar file or a whole mail, as it came, in bytes or as text.
        trusted: whether the host knows that it is from the person it says; for a mail, from whom it says it is.
        state_of: gives the committed state of a project, or raises `NotFound`.
        do: does a command.

    Raises:
        StorageError: it could not be taken; nothing was changed.
        TypeError: it is neither bytes nor text.
    """
    if isinstance(raw, memoryview):
        raw = raw.tobytes()
    elif isinstance(raw, bytearray):
        raw = bytes(raw)
    if not isinstance(raw, bytes | str):
        raise TypeError("a reply is the bytes or the text of a calendar file or of a whole mail")
    if len(raw) > LARGEST:
        return Reply(understood=False, reason=ReplyReason.TOO_LARGE)
    answer = read_reply(raw.encode(errors="surrogatepass") if isinstance(raw, str) else raw)
    if isinstance(answer, NotUnderstood):
        return Reply(understood=False, reason=answer.reason)
    named = _UID.fullmatch(answer.uid)
    if named is None:
        return Reply(understood=False, reason=ReplyReason.UNKNOWN)
    command = TakeReply(
        project_id=named[2],
        registration_id=named[1],
        attendee=answer.attendee,
        answer=answer.partstat,
        sequence=answer.sequence,
        stamped=answer.stamped,
        trusted=answer.is_of_sender and trusted,
    )
    try:
        reason, registration = _taken(command, state_of, do)
    except NotFound:
        return Reply(understood=False, reason=ReplyReason.UNKNOWN)
    if not reason.understood:
        return Reply(understood=False, reason=reason)
    return Reply(understood=True, reason=reason, registration=registration, comment=answer.comment)


def _taken(command: TakeReply, state_of: StateOf, do: Do) -> tuple[ReplyReason, Registration]:
    """What becomes of a reply that was read, and the registration it is about, as it is then."""
    # Looked up without holding the project first: whoever sends nonsense holds nobody up.
    command.registration_in(state_of(command.project_id))
    try:
        registration = do(command)
    except NothingChanges as nothing:
        # Time has passed for the project all the same, and may have changed it.
        return nothing.why, command.registration_in(state_of(command.project_id))
    if registration.status is Status.WITHDRAWN:
        return ReplyReason.WITHDRAWN, registration
    if command.sequence < registration.sequence:
        return ReplyReason.EARLIER_INVITE, registration
    return ReplyReason.PLACE_KEPT if command.answer == "DECLINED" else ReplyReason.RECORDED, registration
