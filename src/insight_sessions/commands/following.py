"""Following a project: asked for, confirmed by whoever has the address, and ended by one click."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from insight_sessions.commands.base import Command, Facts, Ref, Ruling, refuse_cancelled
from insight_sessions.commands.owing import owed_to
from insight_sessions.commands.retaining import is_over
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.following import ASKED_AGAIN_AFTER, Follower
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.project import Project
from insight_sessions.errors import NotPossible
from insight_sessions.text import EmailAddress, Language, Line, OpaqueId

if TYPE_CHECKING:
    from insight_sessions.domain.state import ProjectState
    from insight_sessions.runtime import Moment

MOST_FORGOTTEN: Final = 500
"""How many addresses are forgotten in one step."""


class Follow(Command[Follower]):
    """Ask to hear of a project, with an address that is yours or is not.

    Whoever has the address gets one notice that asks them to confirm, and nothing else before they do. Asked
    again, they get one more a day at most. What the caller gets is the same whether or not they follow already.

    Args:
        email: where to write to.
        name: what to call them.
        language: a BCP 47 tag, for their messages; the project's when not given.
    """

    email: EmailAddress
    name: Line
    language: Language | None = None

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Asked to confirm, unless that was a moment ago; who follows already is told so."""
        project = state.definition
        refuse_cancelled(project)
        if is_over(state, "follower", moment.now):
            raise NotPossible("following_over", "This project is over and takes no more followers.")
        result = Ref("following", facts.person)
        known = state.followers.get(facts.person)
        if known is not None and known.asked is not None and moment.now - known.asked < ASKED_AGAIN_AFTER:
            return Ruling(state, result)
        if known is not None and known.is_confirmed:
            told = owed_to(state, moment, NoticeKind.ALREADY_FOLLOWING, known.id)
            return Ruling(state.put(replace(known, asked=moment.now)), result, notices=(told,))
        language = self.language or project.language
        asked = Follower(id=facts.person, name=self.name, email=self.email, language=language, asked=moment.now)
        told = owed_to(state, moment, NoticeKind.CONFIRM_FOLLOWING, asked.id)
        return Ruling(
            state.put(asked), result, (_of(EventKind.FOLLOWING_ASKED, asked.id, moment.now),), notices=(told,)
        )


class ConfirmFollowing(Command[Follower]):
    """Confirm that updates are welcome, as whoever has the address; once more changes nothing.

    Args:
        follower_id: whose; it came with the notice that asked them.
    """

    follower_id: OpaqueId

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """They follow from now on."""
        known = state.followers.get(self.follower_id)
        if known is None:
            raise state.missing("follower", self.follower_id)
        result = Ref("follower", known.id)
        if known.is_confirmed:
            return Ruling(state, result)
        member = False if facts.objections else (None if facts.member is None else True)
        # A number of the journal orders them whatever the clock does, and comes once only.
        state = state.put(replace(known, confirmed=moment.now, number=state.journal_end + 1, member=member))
        return Ruling(state, result, (_of(EventKind.FOLLOWING_CONFIRMED, known.id, moment.now),))


class Unfollow(Command[Follower]):
    """Leave: nothing is sent from now on, and nothing of it is kept. Whoever is not there any more has left.

    Args:
        follower_id: whose.
    """

    follower_id: OpaqueId

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Gone at once, confirmed or not."""
        del facts
        result = Ref("following", self.follower_id)
        if state.announced is None:
            raise state.missing("follower", self.follower_id)
        if self.follower_id not in state.followers:
            return Ruling(state, result)
        happened = _of(EventKind.UNFOLLOWED, self.follower_id, moment.now)
        return Ruling(state.without("follower", self.follower_id), result, (happened,))


class ForgetUnconfirmed(Command[Project]):
    """Forget the addresses that nobody confirmed in time; time itself does this, some hundred in a step."""

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Those whose hour has come."""
        del facts
        late = state.following.unconfirmed(moment.now)[:MOST_FORGOTTEN]
        for id in late:
            state = state.without("follower", id)
        events = tuple(_of(EventKind.FOLLOWER_FORGOTTEN, id, moment.now) for id in late)
        return Ruling(state, Ref("project", state.project_id), events)


def _of(kind: EventKind, follower_id: str, now: datetime) -> Event:
    return Event(kind=kind, at=now, person=follower_id)
