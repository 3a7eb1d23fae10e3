"""What can go wrong, under one root.

A *refusal* is not a fault: it is the rules saying no, with a sentence that may be shown to anyone.
Messages never hold a name, an address or a member's own id.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


class InsightSessionsError(Exception):
    """The root of every error this library raises on purpose."""


@dataclass(frozen=True, slots=True)
class Objection:
    """One reason why somebody is not eligible.

    Args:
        code: stable and machine-readable, such as ``"membership_lapsed"``.
        sentence: the same for a person to read.
    """

    code: str
    sentence: str


NOT_A_MEMBER = Objection("not_a_member", "We could not find an active membership.")
LAPSED = Objection("membership_lapsed", "The membership ends before the session.")
CHECK_FAILED = Objection(
    "check_failed", "We could not check whether you can take part. Please try again later, or write to the organisers."
)
MEMBERSHIP_CODES = frozenset({NOT_A_MEMBER.code, LAPSED.code})
"""The objections whose difference tells who is a member, and so is told to nobody."""


class Refusal(InsightSessionsError):
    """The rules said no.

    Args:
        code: stable and machine-readable.
        public_message: one or two sentences that may be shown to anyone.
    """

    def __init__(self, code: str, public_message: str) -> None:
        super().__init__(code, public_message)
        self.code = code
        self.public_message = public_message

    def __str__(self) -> str:
        return self.public_message


class CallNotOpen(Refusal):
    """The call for participants takes no registrations now."""

    def __init__(self, public_message: str) -> None:
        super().__init__("call_not_open", public_message)
        self.args = (public_message,)


class NotEligible(Refusal):
    """The person may not take part, and where to apply to become a member.

    The public message is the same for a stranger and for somebody whose membership ended, so that
    it tells nobody who is a member. The objections say more, to a caller that may know.
    """

    def __init__(self, objections: Sequence[Objection], apply_url: str | None) -> None:
        others = [objection.sentence for objection in objections if objection.code not in MEMBERSHIP_CODES]
        message = " ".join(others)
        if not others:
            message = "These sessions are for members, and we could not match you to a membership that covers them."
            if apply_url is not None:
                message = f"{message} You can apply at {apply_url}"
        super().__init__("not_eligible", message)
        self.objections = tuple(objections)
        self.apply_url = apply_url
        self.args = (self.objections, apply_url)


class AlreadyRegistered(Refusal):
    """One member has at most one live registration in a project."""

    def __init__(self, registration_id: str) -> None:
        super().__init__("already_registered", "You have already registered for this project.")
        self.registration_id = registration_id
        self.args = (registration_id,)


class SessionFull(Refusal):
    """Every place of the session is taken."""

    def __init__(self, session_id: str) -> None:
        super().__init__("session_full", "Every place in this session is taken.")
        self.session_id = session_id
        self.args = (session_id,)


class NotPossible(Refusal):
    """The command does not fit the state of things.

    Args:
        reason: a stable code, such as ``"session_cancelled"``.
        public_message: the same for a person to read.
    """

    def __init__(self, reason: str, public_message: str) -> None:
        super().__init__("not_possible", public_message)
        self.reason = reason
        self.args = (reason, public_message)


class CommandConflict(Refusal):
    """A command id was used before, with other content."""

    def __init__(self, command_id: str) -> None:
        super().__init__("command_conflict", "This request was sent before with other content. Please start again.")
        self.command_id = command_id
        self.args = (command_id,)


class LinkNotGood(Refusal):
    """A link cannot be used.

    It says the same of a link that somebody made up, altered, or got from another store, whoever it names.

    Args:
        reason: ``"link_unknown"`` when we did not make it, ``"link_expired"`` when its time is over, and
            ``"link_revoked"`` when it was taken back, or whoever it was for has left, was erased or has a new address.
    """

    def __init__(self, reason: Literal["link_unknown", "link_expired", "link_revoked"]) -> None:
        super().__init__("link_not_good", _OF_LINKS[reason])
        self.reason = reason
        self.args = (reason,)


_OF_LINKS: Final = {
    "link_unknown": "This link does not work. Please see that all of it is there, and open it once more.",
    "link_expired": "This link is too old. A newer message may have another one, or write to the organisers.",
    "link_revoked": "This link is no longer good. A newer message may have another one, or write to the organisers.",
}


class NotFound(InsightSessionsError, LookupError):
    """There is no such thing.

    Args:
        kind: ``"project"``, ``"session"``, ``"registration"``, ``"delivery"`` …
        id: the id that was asked for; never a member's own id or address.
    """

    def __init__(self, kind: str, id: str) -> None:
        super().__init__(kind, id)
        self.kind = kind
        self.id = id

    def __str__(self) -> str:
        return f"no {self.kind} {self.id!r}"


class ProjectFileError(InsightSessionsError, ValueError):
    """A project file is wrong; nothing was changed.

    Args:
        path: the file.
        problems: one ``key: reason`` each, with the line where it is known.
    """

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        super().__init__(path, problems)
        self.path = path
        self.problems = tuple(problems)
        self.args = (path, self.problems)

    def __str__(self) -> str:
        return f"{self.path}: " + "; ".join(self.problems)


class Undeliverable(InsightSessionsError):
    """An address takes no messages, and trying again will not help.

    A plugin raises it from ``insight_sessions_notify``. That delivery is given up at once, the person keeps what they
    have, and the organiser is told once for each address.

    Args:
        code: what was answered, such as ``"5.1.1"``: letters, digits, dots, ``-`` and ``_``, 40 at most; never an
            address, a name or a whole sentence. Anything else is replaced by ``"refused"``.
    """

    def __init__(self, code: str = "refused") -> None:
        super().__init__(refusal_code(code))
        self.code = refusal_code(code)

    def __str__(self) -> str:
        return f"the address takes no messages: {self.code}"


def refusal_code(code: str) -> str:
    """What was answered as a code, or ``"refused"`` when it is none."""
    return code if _CODE.fullmatch(code) else "refused"


class StorageError(InsightSessionsError):
    """The storage cannot do what was asked; the driver's error is the ``__cause__``."""


class StorageBusy(StorageError):
    """Somebody else holds what is needed; the same call may succeed later."""


class UpgradeNeeded(StorageError):
    """A newer release wrote this project; this one can read it but must not write it."""


class PluginError(InsightSessionsError):
    """A plugin is wrong, or did not do what its hook promises.

    Args:
        plugin: the plugin's name.
        message: what is wrong and what to do.
    """

    def __init__(self, plugin: str, message: str) -> None:
        super().__init__(plugin, message)
        self.plugin = plugin
        self.message = message

    def __str__(self) -> str:
        return f"plugin {self.plugin!r}: {self.message}"
