"""Sharing work of one's own, and deciding about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal, NoReturn

from pydantic import AfterValidator, field_validator

from insight_sessions.commands.base import Command, Facts, Ref, Ruling, refuse_cancelled
from insight_sessions.commands.places import eligible
from insight_sessions.commands.retaining import is_over
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.member import Member, Person
from insight_sessions.domain.notices import NoticeKind, Owed, message_id
from insight_sessions.domain.work import SharedWork, Work, WorkStatus
from insight_sessions.domain.zone import zone
from insight_sessions.errors import NotFound, NotPossible
from insight_sessions.text import COPIED, Line, OpaqueId, Text

if TYPE_CHECKING:
    from insight_sessions.domain.project import Project
    from insight_sessions.domain.state import ProjectState
    from insight_sessions.runtime import Moment

_FOLLOWS: Final = {
    WorkStatus.SHORTLISTED: (WorkStatus.RECEIVED, WorkStatus.DECLINED),
    WorkStatus.PUBLISHED: (WorkStatus.SHORTLISTED,),
    WorkStatus.DECLINED: (WorkStatus.RECEIVED, WorkStatus.SHORTLISTED),
}
"""Which decision can follow what."""

_SAID: Final = {
    WorkStatus.SHORTLISTED: (EventKind.WORK_SHORTLISTED, NoticeKind.WORK_SHORTLISTED),
    WorkStatus.PUBLISHED: (EventKind.WORK_PUBLISHED, NoticeKind.WORK_PUBLISHED),
    WorkStatus.DECLINED: (EventKind.WORK_DECLINED, NoticeKind.WORK_DECLINED),
}


class ShareWork(Command[SharedWork]):
    """Share work of one's own, while the project asks for it; the member is told that it was received.

    Whoever is eligible by the project's rules may share, with a registration or without. The same work once more
    changes nothing. With `work_id` they say it anew, until somebody decides about it; the consent can be given and
    taken back at any time, with the same words.

    Args:
        member: who; a `Member` is trusted, an id or an e-mail address is looked up.
        work: what they did.
        work_id: which of theirs it takes the place of.
    """

    member: Member | Line
    work: Work
    work_id: OpaqueId | None = None

    @field_validator("member")
    @classmethod
    def _whole(cls, who: Member | str) -> Member | str:
        # A copy of a member may have been changed without being checked.
        return Member.model_validate(vars(who), context=COPIED) if isinstance(who, Member) else who

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Kept and acknowledged, from whoever may share, when it is time."""
        project = state.definition
        known = self._known(state, facts)
        shared = SharedWork(
            id=moment.mint("w-") if known is None else known.id,
            person=facts.person,
            shared_at=moment.now,
            **dict(self.work),
        )
        if known is not None and known.content == shared.content:
            shared = replace(known, consent=shared.consent)  # at any time
        else:
            refuse_cancelled(project)
            _refuse_untimely(project, moment.now)
            if is_over(state, "work", moment.now):
                raise NotPossible("work_closed", "The time to share work is over: this project keeps no more of it.")
            member = eligible(project, [moment.now.astimezone(zone(project.timezone)).date()], facts)
            if known is not None and known.status is not WorkStatus.RECEIVED:
                raise NotPossible("work_decided", "This work was decided about, so it can no longer be changed.")
            state = state.put(_person(state, member, facts.person))
        result = Ref("work", shared.id)
        if shared == known:
            return Ruling(state, result)
        owed = (_owed(state, NoticeKind.WORK_RECEIVED, shared, moment),) if known is None else ()
        return Ruling(state.put(shared), result, (_happened(EventKind.WORK_SHARED, shared, moment.now),), notices=owed)

    def _known(self, state: ProjectState, facts: Facts) -> SharedWork | None:
        """What is shared anew, or once more."""
        if self.work_id is not None:
            known = state.one_of(state.works, "work", self.work_id)
            if not facts.person or known.person != facts.person:
                raise NotFound("work", self.work_id)
            return known
        given = dict(self.work)
        content = tuple(given[name] for name in ("title", "setting", "summary", "link"))
        mine = (one for one in state.works.values() if one.person == facts.person and one.content == content)
        return min(mine, key=lambda one: (one.shared_at, one.id), default=None)


def _decided(decision: WorkStatus) -> WorkStatus:
    if decision is WorkStatus.RECEIVED:
        raise ValueError("must be shortlisted, published or declined")
    return decision


class DecideWork(Command[SharedWork]):
    """Decide about shared work: shortlisted, then published as a case study; or declined. The member is told.

    The same decision again changes nothing. Work that was declined can be shortlisted later.

    Args:
        work_id: which.
        decision: ``shortlisted``, ``published`` or ``declined``.
        message: for the member to read.
    """

    work_id: str
    decision: Annotated[WorkStatus, AfterValidator(_decided)]
    message: Text = ""

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            project_id: str,
            work_id: str,
            decision: WorkStatus | Literal["shortlisted", "published", "declined"],
            message: str = "",
            id: str | None = None,
            by: str | None = None,
        ) -> None:
            """A decision may be named by its text."""

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Decided, when it follows what was decided before."""
        del facts
        known = state.one_of(state.works, "work", self.work_id)
        result = Ref("work", known.id)
        if known.status is self.decision:
            return Ruling(state, result)
        if known.status not in _FOLLOWS[self.decision]:
            _refuse_leap(known.status)
        if self.decision is WorkStatus.PUBLISHED and not known.consent:
            raise NotPossible("no_consent", "Whoever shared this work does not agree that it is published.")
        decided = replace(known, status=self.decision, decided_at=moment.now, message=self.message or None)
        event, notice = _SAID[self.decision]
        owed = _owed(state, notice, decided, moment)
        return Ruling(state.put(decided), result, (_happened(event, decided, moment.now),), notices=(owed,))


def _refuse_leap(status: WorkStatus) -> NoReturn:
    """A decision does not follow."""
    if status is WorkStatus.PUBLISHED:
        raise NotPossible("work_published", "This work is published already.")
    raise NotPossible("work_not_shortlisted", "Only work that was shortlisted can be published.")


def _refuse_untimely(project: Project, now: datetime) -> None:
    """Work can be shared for a time, if at all."""
    asked = project.work
    if asked is None:
        raise NotPossible("work_not_asked", "This project does not ask for work of your own.")
    if asked.opens_at is not None and now < asked.opens_at:
        when = _at(asked.opens_at, project.timezone)
        raise NotPossible("work_not_open", f"Work can be shared from {when} on.")
    if asked.closes_at is not None and now >= asked.closes_at:
        when = _at(asked.closes_at, project.timezone)
        raise NotPossible("work_closed", f"The time to share work was over at {when}.")


def _at(moment: datetime, name: str) -> str:
    return f"{moment.astimezone(zone(name)):%Y-%m-%d %H:%M} ({name})"


def _person(state: ProjectState, member: Member, id: str) -> Person:
    """Who shares: as they are now, unless a place hangs on what is known of them; that is for `CorrectMember`."""
    known = state.people.get(id)
    if known is None:
        return Person.of(member, id)
    one = state.latest_of(id)
    return known if one is not None and one.is_live else known.corrected(member)


def _owed(state: ProjectState, kind: NoticeKind, work: SharedWork, moment: Moment) -> Owed:
    """A notice to whoever shared, who need not have registered."""
    id = moment.mint("n-")
    definition = state.definition
    return Owed(
        id=id,
        message_id=message_id(id, definition.organiser.email, state.project_id, work.person),
        at=moment.now,
        kind=kind,
        registration="",
        person=work.person,
        title=definition.title,
        about=work.id,
    )


def _happened(kind: EventKind, work: SharedWork, now: datetime) -> Event:
    return Event(kind=kind, at=now, person=work.person, about=work.id)
