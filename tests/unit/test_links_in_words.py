"""Links in our own words: each message has those that fit, and without links no word is another one."""

import re
from collections.abc import Mapping

import pytest

from insight_sessions import Notice, NoticeKind, Wording, hookimpl
from insight_sessions.testing import example_notices

from .desk_kit import project, session
from .links_kit import Linked

K = NoticeKind
MINE = {"switch", "withdraw"}
ANY: Mapping[NoticeKind, tuple[set[str], ...]] = {
    K.INTEREST_RECEIVED: ({*MINE, "answers"},),
    K.PLACE_CONFIRMED: ({*MINE, "answers", "feed"},),
    K.PLACE_OFFERED: ({"accept", "refuse"},),
    K.OFFER_REFUSED: (MINE,),
    K.OFFER_LAPSED: (MINE, set()),
    K.WAITING: ({*MINE, "answers"},),
    K.NO_PLACE_YET: (MINE,),
    K.SWITCH_WAITING: (MINE,),
    K.PLACE_MOVED: (MINE,),
    K.SESSION_RESCHEDULED: (MINE,),
    K.CLOCKS_CHANGED: (MINE,),
    K.DETAILS_CHANGED: (MINE,),
    K.JOINING_DETAILS: (MINE,),
    K.ADDRESS_CORRECTED: (MINE,),
    K.ANSWER_AGAIN: (MINE,),
    K.GIVE_UP_PLACE: ({"withdraw"},),
    K.SESSION_CANCELLED: (MINE,),
    K.WRITE_UP: ({"feedback"}, {"unfollow"}),
    K.REMINDER: (MINE,),
    K.CONFIRM_FOLLOWING: ({"follow", "unfollow"},),
    K.ALREADY_FOLLOWING: ({"unfollow"},),
    K.UPDATE: ({"unfollow"},),
    K.SESSION_OPEN: ({"unfollow"},),
}
"""Which links the words of a kind hold, by the shapes of its facts; none for those that are not here."""

PLAIN = example_notices()
WITH = example_notices(links=True)


@pytest.mark.parametrize(("plain", "linked"), [*zip(PLAIN, WITH, strict=True)], ids=[one.id for one in PLAIN])
def test_a_message_holds_the_links_that_fit_each_once(plain: Notice, linked: Notice) -> None:
    """Each on a line of its own, below what it is for; the rest of the words is the same."""
    shown = {action for action, link in linked.links.items() if link in linked.text}
    assert shown in ANY.get(linked.kind, (set(),))
    assert linked.text.count("https://example.org/answer/") == len(shown)
    paragraphs = linked.text.split("\n\n")
    about = [one for one in paragraphs if "https://example.org/answer/" in one]
    assert [one for one in paragraphs if one not in about] == plain.text.split("\n\n")
    for one in about:
        assert re.fullmatch(r"[A-Z][^\n]*:\n\S+", one), one
    assert (plain.links, plain.subject, plain.invite) == ({}, linked.subject, linked.invite)


def test_every_kind_that_could_hold_links_was_looked_at() -> None:
    """In each of its shapes."""
    seen = {(one.kind, frozenset(action for action, link in one.links.items() if link in one.text)) for one in WITH}
    assert {(kind, frozenset(shown)) for kind, shapes in ANY.items() for shown in shapes} <= seen


@pytest.mark.parametrize("notice", WITH, ids=[one.id for one in WITH])
def test_what_a_plugin_gets_fits_too(notice: Notice) -> None:
    """Nothing is asked of whom it is over for, or of the organiser."""
    over = {K.WITHDRAWN, K.DECLINED, K.FAREWELL, K.PROJECT_CANCELLED, K.ADDRESS_LEFT, K.FEEDBACK_ANSWERED}
    if notice.kind in over or not notice.recipient.person or notice.kind.startswith("work_"):
        assert notice.links == {}
    if notice.kind is K.OFFER_LAPSED:
        assert bool(notice.links) == ("You are not waiting" not in notice.text)
    if notice.recipient.follower:
        assert notice.links.keys() <= {"follow", "unfollow"}
        assert "unfollow" in notice.links
    if "accept" in notice.links:
        assert {"accept", "refuse", *MINE} <= notice.links.keys()
    assert all(link.startswith("https://example.org/answer/") for link in notice.links.values())


class Words:
    """A host's own words."""

    name = "words"

    @hookimpl
    def insight_sessions_wording(self, kind: NoticeKind, language: str) -> Wording | None:
        """One paragraph with a link, and one with a link that is not there."""
        text = "Hello\n\nTo leave: {withdraw_link}\n\nTo accept: {accept_link}"
        return Wording("Yours", text) if kind is K.PLACE_CONFIRMED and language == "en" else None


def test_the_hosts_words_may_hold_links() -> None:
    """A paragraph whose link is not there is left out."""
    room = Linked(project(session("mon")), plugins=[Words()])
    room.register("ada")
    notice = room.notice("ada", K.PLACE_CONFIRMED)
    assert notice.text == f"Hello\n\nTo leave: {notice.links['withdraw']}"
