"""What a reader can do with one click, in plain words."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

LEAVE: Final = "unfollow"
"""The action that stands apart, at the end of a mail, and in its header."""

FORGET: Final = "forget"
"""What stands on that link for somebody who has not confirmed yet."""

LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "accept": "Yes, I take this place",
        "refuse": "No, somebody else can have it",
        "switch": "Ask for another session",
        "withdraw": "I can no longer take part",
        "answers": "Change my answers",
        "feedback": "Say what you think of it",
        "follow": "Yes, send me updates",
        "feed": "Get my sessions in my calendar",
        "unfollow": "Stop these messages",
        FORGET: "No, forget this address",
    }
)
"""What stands on a link, in English, by the name of the action, in the order in which they are shown."""

ASKED: Final = frozenset({"accept", "follow", "feedback"})
"""What a notice is about, where it offers it; a page shows it before all else."""


# As `insight_sessions.Links` takes them: a host that tries things out may have its page on its own machine.
_WEB: Final = re.compile(r"https://|http://(?:localhost|127\.0\.0\.1|\[::1\])(?=[:/])")


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a reader can do.

    Args:
        name: such as ``accept``.
        label: what stands on the link.
        url: where it leads.
        language: of the label.
        asked: it is what the notice is about.
    """

    name: str
    label: str
    url: str
    language: str
    asked: bool


def actions(links: Mapping[str, str], labels: Mapping[str, tuple[str, str]]) -> Iterator[Action]:
    """The actions of a notice, in the order of `LABELS`; those that have no label stand in its words only.

    Args:
        links: where each leads, by its name.
        labels: what stands on it and in which language, by its name.

    Raises:
        ValueError: one leads elsewhere than to a web address.
    """
    for name in LABELS:
        if name in links and name != FORGET:
            on = FORGET if name == LEAVE and "follow" in links else name
            yield Action(name, labels[on][0], _checked(name, links[name]), labels[on][1], name in ASKED)


def _checked(name: str, url: str) -> str:
    """A web address, or nothing a page may lead to.

    Raises:
        ValueError: it is something else.
    """
    if not _WEB.match(url) or not url.isprintable() or " " in url:
        raise ValueError(f"the link for {name!r} is not a web address")
    return url
