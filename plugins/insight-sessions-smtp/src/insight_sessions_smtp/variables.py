"""What stands in a template: the facts of a notice, and what is made of them."""

from collections.abc import Mapping
from typing import Final

from insight_sessions import Notice, NoticeKind
from insight_sessions.wording import PLACEHOLDERS
from insight_sessions_smtp.actions import LEAVE, actions
from insight_sessions_smtp.blocks import blocks, parted

OWN: Final[Mapping[str, str]] = {
    "kind": "the kind of the notice, such as `place_confirmed`",
    "language": "the language of its words, such as `en`",
    "direction": "in which direction that language is written: `ltr` or `rtl`",
    "subject": "the subject of the mail",
    "heading": "the same without the project's title at its end",
    "text": "all words, as they are without a template",
    "opening": "the words up to the signature",
    "blocks": "the same in pieces: each has `shape`, `lines`, the same as `text`, `leads` and perhaps an `action`",
    "closing": "the signature, if there is one",
    "actions": "what else the reader can do: each has `name`, `label`, `url`, the `language` of its label, and `asked`",
    "leave": "the same for a follower who wants no more mails, or nothing where the words have it",
    "links": "where each action leads, by its name; `links.accept` and so on, only those that the notice has",
    "method": "`REQUEST` with an invite, `CANCEL` with the end of one, or empty",
    "tone": "`good`, `ask`, `wait`, `news` or `end`: of which colour a page is",
}
"""What a template gets besides the placeholders of the words, by name."""

VARIABLES: Final[Mapping[str, str]] = {**PLACEHOLDERS, **OWN}
"""Everything that a template gets, by name. All of it is always there, and empty where there is nothing to say."""

_KIND: Final = NoticeKind
TONES: Final[Mapping[NoticeKind, str]] = {
    **dict.fromkeys((_KIND.PLACE_CONFIRMED, _KIND.JOINING_DETAILS, _KIND.WORK_PUBLISHED, _KIND.REMINDER), "good"),
    **dict.fromkeys((_KIND.PLACE_OFFERED, _KIND.GIVE_UP_PLACE, _KIND.ANSWER_AGAIN, _KIND.CONFIRM_FOLLOWING), "ask"),
    **dict.fromkeys(
        (
            *(_KIND.INTEREST_RECEIVED, _KIND.WAITING, _KIND.NO_PLACE_YET, _KIND.SWITCH_WAITING),
            *(_KIND.WORK_RECEIVED, _KIND.WORK_SHORTLISTED, _KIND.BELOW_MINIMUM, _KIND.ADDRESS_UNREACHABLE),
        ),
        "wait",
    ),
    **dict.fromkeys(
        (
            *(_KIND.PLACE_MOVED, _KIND.SESSION_RESCHEDULED, _KIND.CLOCKS_CHANGED, _KIND.DETAILS_CHANGED),
            *(_KIND.ADDRESS_CORRECTED, _KIND.ADDRESS_LEFT, _KIND.WRITE_UP, _KIND.FEEDBACK_ANSWERED),
            *(_KIND.ALREADY_FOLLOWING, _KIND.UPDATE, _KIND.SESSION_OPEN, _KIND.ZONE_RULES_CHANGED),
        ),
        "news",
    ),
    **dict.fromkeys(
        (
            *(_KIND.OFFER_REFUSED, _KIND.OFFER_LAPSED, _KIND.SESSION_CANCELLED, _KIND.PROJECT_CANCELLED),
            *(_KIND.DECLINED, _KIND.WITHDRAWN, _KIND.WORK_DECLINED, _KIND.FAREWELL),
        ),
        "end",
    ),
}
"""Of which colour the page of each kind is; the colour says nothing that the words do not."""

_RIGHT_TO_LEFT: Final = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi"})
_SCRIPTS: Final[Mapping[str, str]] = {"arab": "rtl", "hebr": "rtl", "syrc": "rtl", "thaa": "rtl", "latn": "ltr"}


def variables(notice: Notice, labels: Mapping[str, tuple[str, str]]) -> dict[str, object]:
    """What a template gets for a notice.

    Args:
        notice: what to say, and to whom.
        labels: what stands on the links, and in which language, by the name of the action.

    Raises:
        ValueError: one of its links cannot be shown.
    """
    facts = {name: notice.facts.get(name, "") for name in PLACEHOLDERS}
    opening, closing = parted(notice.text, facts)
    offered = tuple(actions(notice.links, labels))
    shown = blocks(opening, facts, offered)
    said = {block.action for block in shown}
    others = {action.name: action for action in offered if action not in said}
    leave = others.pop(LEAVE, None)
    return {
        **facts,
        "kind": str(notice.kind),
        "language": notice.language,
        "direction": direction(notice.language),
        "subject": notice.subject,
        "heading": heading(notice.subject, facts["project"]),
        "text": notice.text,
        "opening": opening,
        "blocks": shown,
        "closing": closing,
        "actions": tuple(others.values()),
        "leave": leave,
        "links": notice.links,
        "method": "" if notice.invite is None else str(notice.invite.method),
        "tone": TONES.get(notice.kind, "news"),  # a later release of the library may know more kinds
    }


def heading(subject: str, title: str) -> str:
    """A subject without the project's title at its end, which stands elsewhere on a page."""
    if not title or not subject.endswith(title):
        return subject
    found = subject.removesuffix(title).rstrip()
    return found.removesuffix(":").rstrip() if found.endswith((":", "?")) and len(found) > 1 else subject


def direction(language: str) -> str:
    """In which direction a language is written, by its script where its tag names one: ``ltr`` or ``rtl``."""
    first, *others = language.lower().split("-")
    script = next((_SCRIPTS[one] for one in others if one in _SCRIPTS), None)
    return script or ("rtl" if first in _RIGHT_TO_LEFT else "ltr")
