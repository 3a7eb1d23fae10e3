"""Links in messages: what they let somebody do, to whom they belong, and which message holds which."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from insight_sessions.domain.following import CONFIRMED_WITHIN
from insight_sessions.domain.notices import NoticeKind, Owed
from insight_sessions.domain.project import Project
from insight_sessions.domain.registration import Registration
from insight_sessions.domain.session import Session
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import Refusal

GOOD_FOR: Final = timedelta(days=90)
"""How long the links of a message are good, or until the session begins, if that is later."""

TO_LEAVE_FOR: Final = timedelta(days=730)
"""How long a link is good with which a follower leaves."""


class LinkAction(StrEnum):
    """What a link lets somebody do, and nothing else."""

    ACCEPT = "accept"
    """Take the place that is held for them."""
    REFUSE = "refuse"
    """Say no to that place."""
    SWITCH = "switch"
    """Ask for other sessions."""
    WITHDRAW = "withdraw"
    """Give up their place, or stop waiting."""
    ANSWERS = "answers"
    """Change what they answered to the project's questions."""
    FOLLOW = "follow"
    """Confirm that they want to follow the project."""
    UNFOLLOW = "unfollow"
    """Stop following it."""
    FEEDBACK = "feedback"
    """Say what they think of a write-up."""
    FEED = "feed"
    """Get the address of their own calendar feed."""

    @property
    def is_for_followers(self) -> bool:
        """Whether it belongs to a follower, and not to a registration."""
        return self in {LinkAction.FOLLOW, LinkAction.UNFOLLOW}

    @property
    def needs(self) -> tuple[str, ...]:
        """What the person has to say with it, by the names that `Desk.redeem` takes."""
        return _NEEDS.get(self, ())


_NEEDS: Final = {
    LinkAction.SWITCH: ("sessions",),
    LinkAction.ANSWERS: ("answers",),
    LinkAction.FEEDBACK: ("text", "may_quote"),
}


@dataclass(frozen=True, slots=True)
class Aim:
    """What a link is for: ids of ours and of the project's things, and no personal data.

    Args:
        action: what it does.
        project_id: where.
        subject: whose, a registration or a follower.
        about: the session that is offered, or the write-up; else empty.
        expires: until when it is good, in UTC and full seconds.
        mark: what must still be so, or it was revoked.
    """

    action: LinkAction
    project_id: str
    subject: str
    about: str
    expires: datetime
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Linked:
    """What is behind a link, to show it before anything is done. It names nobody.

    Args:
        action: what it does.
        project: the project it is about.
        expires: until when it is good.
        registration: whose it is, as they are now; None when it is a follower's.
        session: the session that it gives, refuses or gives up a place in, if there is one.
        refusal: why it would be refused if it was redeemed now, as far as that is known without what they say.
        member_id: the host's id of whom it belongs to; empty for a follower.
    """

    action: LinkAction
    project: Project
    expires: datetime
    registration: Registration | None = None
    session: Session | None = None
    refusal: Refusal | None = None
    member_id: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        """What the person has to say with it, by the names that `Desk.redeem` takes."""
        return self.action.needs


_NO_MORE: Final = frozenset(
    {
        NoticeKind.ADDRESS_LEFT,
        NoticeKind.DECLINED,
        NoticeKind.FAREWELL,
        NoticeKind.FEEDBACK_ANSWERED,
        NoticeKind.PROJECT_CANCELLED,
        NoticeKind.WITHDRAWN,
        NoticeKind.WORK_DECLINED,
        NoticeKind.WORK_PUBLISHED,
        NoticeKind.WORK_RECEIVED,
        NoticeKind.WORK_SHORTLISTED,
    }
)
"""What is written to members of whom nothing is asked."""

_TO_FOLLOWERS: Final = frozenset(
    {
        NoticeKind.ALREADY_FOLLOWING,
        NoticeKind.CONFIRM_FOLLOWING,
        NoticeKind.SESSION_OPEN,
        NoticeKind.UPDATE,
        NoticeKind.WRITE_UP,
    }
)
"""What is written to followers, whenever it is not to somebody who registered."""

_MAY_BE_THE_END: Final = frozenset({NoticeKind.OFFER_LAPSED, NoticeKind.OFFER_REFUSED})
"""After which they are out of the project, unless they have or wait for something."""

_ASK: Final = frozenset({NoticeKind.INTEREST_RECEIVED, NoticeKind.PLACE_CONFIRMED, NoticeKind.WAITING})
"""Which may be the first that somebody reads after they registered."""


def aims(owed: Owed, state: ProjectState) -> Iterator[Aim]:
    """What somebody may want to do who reads a notice, by its own facts, so that each copy says the same."""
    if owed.registration:
        yield from _of_member(owed, state)
    elif owed.kind in _TO_FOLLOWERS:
        if owed.kind is NoticeKind.CONFIRM_FOLLOWING:
            yield _aim(LinkAction.FOLLOW, owed, state, owed.at + CONFIRMED_WITHIN)
        yield _aim(LinkAction.UNFOLLOW, owed, state, owed.at + TO_LEAVE_FOR)


def _of_member(owed: Owed, state: ProjectState) -> Iterator[Aim]:
    if owed.kind is NoticeKind.WRITE_UP and owed.about is not None:
        about = state.one_of(state.write_ups, "write_up", owed.about)
        if about.feedback_until is not None and about.is_open_at(owed.at):
            yield _aim(LinkAction.FEEDBACK, owed, state, about.feedback_until, about.id)
    if owed.kind in _NO_MORE or owed.kind is NoticeKind.WRITE_UP:
        return
    if owed.offered is not None and owed.until is not None:
        yield _aim(LinkAction.ACCEPT, owed, state, owed.until, owed.offered.id)
        yield _aim(LinkAction.REFUSE, owed, state, owed.until, owed.offered.id)
    if owed.kind in _MAY_BE_THE_END and not (owed.slot or owed.offered or owed.waits):
        return
    until = owed.at + GOOD_FOR
    if owed.slot is not None:
        until = max(until, owed.slot.starts_at)
    if owed.slot is None or owed.at < owed.slot.starts_at:
        yield _aim(LinkAction.SWITCH, owed, state, until)
        yield _aim(LinkAction.WITHDRAW, owed, state, until)
    if owed.kind in _ASK and state.definition.questions:
        yield _aim(LinkAction.ANSWERS, owed, state, until)
    if owed.slot is not None:
        yield _aim(LinkAction.FEED, owed, state, until)


def _aim(action: LinkAction, owed: Owed, state: ProjectState, expires: datetime, about: str = "") -> Aim:
    return Aim(action, state.project_id, owed.registration or owed.person, about, expires)
