"""Our own words for those who follow a project, in plain English. Each message says how to leave."""

from collections.abc import Mapping
from typing import Final

from insight_sessions.domain.notices import NoticeKind, Owed
from insight_sessions.wording.phrases import FOLLOWED, LEAVE, Paragraphs, Words
from insight_sessions.wording.phrases import WRITE as _WRITE


def _confirm_following(owed: Owed) -> Paragraphs:
    del owed
    return [
        "Somebody, probably you, asked us to send updates on “{project}” to this address.",
        f"If you want them, please confirm it: {_WRITE}.",
        "Or confirm it on this page:\n{follow_link}",
        "If not, you do not need to do anything. You get no updates, and after a week we forget this address.",
        f"To have it forgotten at once, {_WRITE}.",
        "Or have it forgotten on this page:\n{unfollow_link}",
    ]


def _already_following(owed: Owed) -> Paragraphs:
    del owed
    return [
        "Somebody, probably you, asked us to send updates on “{project}” to this address. You get them already.",
        f"You do not need to do anything. {LEAVE}",
    ]


def _update(owed: Owed) -> Paragraphs:
    del owed
    return ["{update}", FOLLOWED]


def _session_open(owed: Owed) -> Paragraphs:
    which = "These sessions of “{project}” are" if len(owed.opened) > 1 else "This session of “{project}” is"
    return [
        f"{which} open, and you can register your interest:\n{{opened}}",
        "If you are not a member, you can apply here: {apply_url}",
        f"You get this because you follow “{{project}}”, and have not registered. {LEAVE}",
    ]


FOLLOWING: Final[Mapping[NoticeKind, Words]] = {
    NoticeKind.CONFIRM_FOLLOWING: ("Do you want updates?", _confirm_following),
    NoticeKind.ALREADY_FOLLOWING: ("You get updates already", _already_following),
    NoticeKind.UPDATE: ("{update_title}", _update),
    NoticeKind.SESSION_OPEN: (
        lambda owed: "Sessions are open" if len(owed.opened) > 1 else "A session is open",
        _session_open,
    ),
}
