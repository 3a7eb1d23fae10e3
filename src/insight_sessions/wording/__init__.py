"""What we say to people: plain English for every kind of notice, and how words are filled in.

The words follow the status exactly. Interest that was received never sounds like a place, and only
those who are on it read of a waiting list. Names are data: whatever they hold, they are shown as they are.
"""

import re
from collections.abc import Mapping
from typing import Final

from insight_sessions.domain.member import Person
from insight_sessions.domain.notices import Owed, Wording
from insight_sessions.domain.project import Project
from insight_sessions.domain.session import Slot
from insight_sessions.text import Labels
from insight_sessions.wording.english import default_wording
from insight_sessions.wording.times import at, when

SUBJECT_LENGTH: Final = 200

PLACEHOLDERS: Final[Mapping[str, str]] = {
    "name": "what to call the person",
    "project": "the project's title",
    "session": "the session they have a place in: title, date, time and zone",
    "where": "where that session is",
    "joining": "how to join that session, once it is released: the link and what goes with it",
    "previous": "the session they had a place in before",
    "waiting_for": "the sessions they wait for, one on each line",
    "cancelled": "the session that will not take place; of several, one on each line",
    "offered": "the session in which a place is held for them",
    "until": "the deadline by which they can take that place",
    "released": "the session in which a place was held for them, and is no more",
    "reason": "why, in the organiser's words",
    "organiser": "the organiser's name",
    "organiser_email": "where to write to the organiser",
    "apply_url": "where people who are not members can apply",
    "update_title": "the title of the news",
    "update": "what the news say",
    "opened": "the sessions that are open, one on each line",
    "people": "for the organiser: how many people have a place in the session",
    "minimum": "for the organiser: below how many people the session is not worth running",
    "shifted": "for the organiser: sessions that are at another instant now, each with what it was before",
    "skipped": "for the organiser: sessions whose local time the clocks will skip",
    "write_up": "the title of the write-up",
    "version": "the number of the write-up's version, from the second on",
    "write_up_text": "the write-up itself, or the link to it",
    "feedback_until": "until when feedback on the write-up is welcome",
    "feedback": "what the person said about the write-up",
    "answer": "what the organisers answer to that",
    "work": "the title of the work that the person shared",
    "whom": "for the organiser: the person whom mail does not reach, and at which address",
    "refusal": "for the organiser: what the mail server answered, as a code",
    "accept_link": "the link by which they take the place that is offered",
    "refuse_link": "the link by which they say no to it",
    "switch_link": "the link by which they ask for other sessions",
    "withdraw_link": "the link by which they give up their place, or stop waiting",
    "answers_link": "the link by which they change their answers",
    "feed_link": "the link by which they get the address of their own calendar feed",
    "follow_link": "the link by which somebody confirms that they want to follow",
    "unfollow_link": "the link by which they stop following",
    "feedback_link": "the link by which they say what they think of the write-up",
}
"""What may stand in braces in a `Wording`, and what it is replaced by."""

_NOTHING: Final = dict.fromkeys(PLACEHOLDERS, "")
_ALWAYS: Final = frozenset({"name", "project", "organiser", "organiser_email"})
_PLACEHOLDER: Final = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")
_BRACES: Final = re.compile(r"\{[^{}]*\}|[{}]")
_BLANK_LINES: Final = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


def say(
    owed: Owed,
    project: Project,
    person: Person,
    wording: Wording | None = None,
    reason: str | None = None,
    joining: str = "",
    *,
    learned: Mapping[str, str] | None = None,
) -> tuple[str, str]:
    """Put a notice into words.

    Args:
        owed: the facts.
        project: whose organiser signs.
        person: who it is for.
        wording: the host's own words; ours in plain English when there are none.
        reason: why, in the organiser's words, if there is anything to say.
        joining: how to join their session, if they may know it.
        learned: the same for what it is about, such as a write-up or news, and for links; see
            `insight_sessions.wording.learned`.

    Returns:
        The subject, one line of at most 200 characters, and the text.
    """
    return worded(owed, told(owed, project, person, reason, joining, learned=learned), wording)


def told(
    owed: Owed,
    project: Project,
    person: Person,
    reason: str | None = None,
    joining: str = "",
    *,
    learned: Mapping[str, str] | None = None,
) -> Labels:
    """What every placeholder stands for in a notice; the arguments are those of `say`."""
    facts = _facts(owed, project, person, reason)
    return Labels({**_NOTHING, **facts, "joining": joining, **(learned or {})})


def worded(owed: Owed, facts: Mapping[str, str], wording: Wording | None = None) -> tuple[str, str]:
    """A notice in words, from what its placeholders stand for; see `say`."""
    words = default_wording(owed) if wording is None else wording
    subject = " ".join(_filled(words.subject, facts).split()) or owed.title
    if len(subject) > SUBJECT_LENGTH:
        subject = subject[: SUBJECT_LENGTH - 1].rstrip() + "…"
    paragraphs = (_filled(text, facts) for text in _BLANK_LINES.split(words.text.strip()) if _has_all(text, facts))
    return subject, "\n\n".join(paragraphs)


def problem_with(wording: Wording) -> str | None:
    """What is wrong with somebody's words, in a sentence; None when they can be used."""
    for part, words in (("subject", wording.subject), ("text", wording.text)):
        unknown = [found for found in _BRACES.findall(words) if not _PLACEHOLDER.fullmatch(found)]
        if unknown:
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            return f"its {part} holds {unknown[0]}, which is not one of {known}"
    if "\n" in wording.subject or "\r" in wording.subject:
        return "its subject has more than one line"
    if not _PLACEHOLDER.sub(_or_nothing, wording.subject).strip():
        return "its subject may be empty"
    if not any(text.strip() and _names(text) <= _ALWAYS for text in _BLANK_LINES.split(wording.text)):
        return "its text may be empty: it needs a paragraph without a placeholder that may have nothing to show"
    return None


def languages(person: str, project: str) -> tuple[str, ...]:
    """The languages to look for words in, best first: theirs, the project's, English.

    ``languages("pt-BR", "cy")`` gives ``("pt-BR", "pt", "cy", "en")``.
    """
    wanted: dict[str, None] = {}
    for tag in (person, project, "en"):
        while tag:
            wanted[tag] = None
            tag = tag.rpartition("-")[0]  # noqa: PLW2901 - from the narrow to the broad
    return tuple(wanted)


def _or_nothing(found: re.Match[str]) -> str:
    return found[0] if found[1] in _ALWAYS else ""


def _names(text: str) -> set[str]:
    return set(_PLACEHOLDER.findall(text))


def _has_all(text: str, facts: Mapping[str, str]) -> bool:
    return all(facts[name] for name in _names(text))


def _filled(text: str, facts: Mapping[str, str]) -> str:
    """One pass, so that braces in a name or a title stay as they are."""
    return _PLACEHOLDER.sub(lambda found: facts[found[1]], text)


def _facts(owed: Owed, project: Project, person: Person, reason: str | None) -> dict[str, str]:
    return {
        "name": person.name,
        "project": owed.title,
        "session": _named(owed.slot),
        "where": (owed.slot and owed.slot.where) or "",
        "previous": _named(owed.previous),
        "waiting_for": "\n".join(_named(slot) for slot in owed.waits),
        "cancelled": "\n".join(_named(slot) for slot in _gone(owed)),
        "offered": _named(owed.offered),
        "until": at(owed.until, owed.offered.timezone) if owed.offered and owed.until else "",
        "released": _named(owed.released),
        "people": "" if owed.people is None else str(owed.people),
        "minimum": "" if owed.minimum is None else str(owed.minimum),
        "opened": "\n".join(_named(slot) for slot in owed.opened),
        "reason": (reason or "").strip(),
        "organiser": project.organiser.name,
        "organiser_email": project.organiser.email,
        "apply_url": project.apply_url or "",
        "shifted": "\n".join(f"{_named(now)}\n  before: {_named(before)}" for before, now in owed.shifted or ()),
        "skipped": "\n".join(_named(slot) for slot in owed.skipped or ()),
    }


def _gone(owed: Owed) -> tuple[Slot, ...]:
    return () if owed.cancelled is None else (owed.cancelled, *owed.others_cancelled)


def _named(slot: Slot | None) -> str:
    if slot is None:
        return ""
    return when(slot) if slot.title is None else f"{slot.title}: {when(slot)}"
