"""What members' calendars answer to their invites.

Anybody can send a reply, and its sender proves nothing. So an answer is noted and shown, and changes
nobody's place unless the host says that it can be trusted.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from pydantic import AwareDatetime, Field

from insight_sessions.commands.base import Command, Facts, Ref, Ruling
from insight_sessions.commands.difference import Cause
from insight_sessions.commands.places import Withdraw
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.registration import Registration
from insight_sessions.domain.reply import Partstat, Replied, ReplyReason
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import NotFound, NotPossible
from insight_sessions.runtime import Moment
from insight_sessions.text import EmailAddress

MOST_AHEAD: Final = timedelta(days=1)
"""How far the moment of a reply may lie ahead of our clock; beyond, it says nothing."""


MOST_DOUBTFUL: Final = 8
"""How many answers to one revision are remembered whose copies could not be told from newer answers."""


class NothingChanges(NotPossible):
    """A reply that changes nothing.

    Args:
        why: what is the matter with it.
    """

    def __init__(self, why: ReplyReason) -> None:
        super().__init__(why, why.sentence)
        self.why = why
        self.args = (why,)


class TakeReply(Command[Registration]):
    """Take note of what somebody's calendar answered.

    The newest answer counts, by the revision it is to and the moment it was made; a copy changes nothing. One to an
    earlier revision says nothing about the present time, so they are asked again. Who declines is asked whether they
    give up their place; both at most once for each revision, whatever keeps answering.

    Args:
        registration_id: whose, by the UID of the calendar entry.
        attendee: the address it is from; it must be theirs.
        answer: what it says.
        sequence: the revision of the invite that it answers.
        stamped: when it was made; None when it does not say.
        trusted: whether the host knows that it is theirs; then declining withdraws.
    """

    registration_id: str
    attendee: EmailAddress
    answer: Partstat
    sequence: Annotated[int, Field(strict=True, ge=0)] = 0
    stamped: AwareDatetime | None = None
    trusted: bool = False

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Refuse what is not about the present place, or not newer; note the rest, and ask where that helps."""
        registration = self.registration_in(state)
        if self.sequence > registration.sequence:
            raise NothingChanges(ReplyReason.NEVER_SENT)
        if registration.place is None:
            raise NothingChanges(ReplyReason.NO_PLACE)
        if state.has_begun(registration, moment.now):
            raise NothingChanges(ReplyReason.SESSION_BEGUN)
        last = registration.replied
        replied = self._replied(last, moment.now)
        leaves = self.trusted and self.answer == "DECLINED" and self.sequence == registration.sequence
        if last is not None and not (self._is_newer(replied, last) or (leaves and replied.repeats(last))):
            raise NothingChanges(ReplyReason.NOT_NEWER)
        after, asked = self._noted(registration, replied, state.least_sequence(registration.sequence))
        state = state.put(after)
        happened = self._event(registration, moment.now)
        if leaves:
            leaving = Withdraw(project_id=self.project_id, registration_id=registration.id)
            return leaving.rule(state, facts, moment)._replace(events=(happened,))
        cause = None if asked is None else Cause(asked, concerned=(registration.id,))
        return Ruling(state, Ref("registration", registration.id), (happened,), cause)

    def registration_in(self, state: ProjectState) -> Registration:
        """The registration that is answered for.

        Raises:
            NotFound: there is none, or the address is not theirs; nobody can tell which.
        """
        registration = state.registration(self.registration_id)
        person = state.people.get(registration.person)
        if person is None or not person.has_address(self.attendee):
            raise NotFound("registration", self.registration_id)
        return registration

    def _is_newer(self, replied: Replied, last: Replied) -> bool:
        """Whether it counts and not the last one, and is no copy of one that counted before."""
        return replied.is_newer_than(last) and self._mark not in self._doubtful(last)

    @property
    def _mark(self) -> str:
        """What a copy of it has, too."""
        return self.answer if self.stamped is None else f"{self.answer} {self.stamped.isoformat()}"

    def _doubtful(self, last: Replied | None) -> tuple[str, ...]:
        """The marks of earlier answers to the same revision whose order does not follow from when they were made."""
        return last.doubtful if last is not None and last.sequence == self.sequence else ()

    def _replied(self, last: Replied | None, now: datetime) -> Replied:
        """The reply as it is kept."""
        doubtful = self._doubtful(last)
        if self.stamped is None or self.stamped > now:
            doubtful = (*doubtful, self._mark)[-MOST_DOUBTFUL:]
        return Replied(
            answer=self.answer,
            sequence=self.sequence,
            received=now,
            stamped=None if self.stamped is None or self.stamped > now + MOST_AHEAD else self.stamped.astimezone(UTC),
            asked_again=None if last is None else last.asked_again,
            asked_to_leave=None if last is None else last.asked_to_leave,
            doubtful=doubtful,
        )

    def _noted(
        self, registration: Registration, replied: Replied, revision: int
    ) -> tuple[Registration, NoticeKind | None]:
        """The registration with the reply, and what they must be asked because of it.

        Args:
            registration: theirs.
            replied: the reply.
            revision: that of their invite, should it be sent again.
        """
        if self.sequence < registration.sequence:
            asked = None if replied.asked_again == revision else NoticeKind.ANSWER_AGAIN
            return registration.but(replied=replace(replied, asked_again=revision)), asked
        if self.answer != "DECLINED" or self.trusted:
            return registration.but(partstat=self.answer, replied=replied), None
        asked = None if replied.asked_to_leave == self.sequence else NoticeKind.GIVE_UP_PLACE
        replied = replace(replied, asked_to_leave=self.sequence)
        return registration.but(partstat=self.answer, replied=replied), asked

    def _event(self, registration: Registration, now: datetime) -> Event:
        """What happened; nothing of what they wrote, and not from which address."""
        present = self.sequence == registration.sequence
        return Event(
            kind=EventKind.INVITE_ANSWERED if present else EventKind.EARLIER_INVITE_ANSWERED,
            at=now,
            registration=registration.id,
            person=registration.person,
            session=registration.place,
            answer=self.answer,
        )
