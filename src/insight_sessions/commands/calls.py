"""Announcing a project, and its call: opened, closed, amended, cancelled."""

from datetime import datetime
from typing import Literal, Self, cast

from pydantic import field_validator, model_validator

from insight_sessions.commands.base import Command, Facts, Ref, Ruling, refuse_cancelled
from insight_sessions.commands.consents import refuse_same_version
from insight_sessions.commands.difference import Cause
from insight_sessions.commands.filling import fill, released
from insight_sessions.commands.reminding import rearranged
from insight_sessions.commands.telling import told_of_opening
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.offering import FillPolicy, Offers
from insight_sessions.domain.project import CallStatus, ConsentAsked, Contact, Described, Project, Rules, WorkCall
from insight_sessions.domain.registration import Decision
from insight_sessions.domain.reminding import ReminderHours
from insight_sessions.domain.retention import Retention
from insight_sessions.domain.session import Session, SessionStatus
from insight_sessions.domain.state import ProjectState
from insight_sessions.domain.thing import Organiser
from insight_sessions.errors import NotPossible
from insight_sessions.runtime import Moment
from insight_sessions.text import Line, Slug, Text, Url


def cancelled(state: ProjectState, session: Session, reason: str, now: datetime) -> Session:
    """A session that will not take place."""
    return session.model_copy(
        update={
            "status": SessionStatus.CANCELLED,
            "sequence": state.next_sequence(session.sequence),
            "reason": reason or None,
            "changed_at": now,
        }
    )


class AnnounceProject(Command[Project]):
    """Announce a project: it becomes known, with its call as a draft.

    Args:
        project: what is announced; its id is the command's ``project_id``.
    """

    project_id: Slug = ""
    project: Project

    @model_validator(mode="before")
    @classmethod
    def _named_by_its_project(cls, content: object) -> object:
        if not isinstance(content, dict):
            return content
        given = cast("dict[str, object]", content)
        project = given.get("project")
        known = project.id if isinstance(project, Project) else None
        id = cast("dict[str, object]", project).get("id") if isinstance(project, dict) else known
        return {"project_id": id, **given}

    @field_validator("project")
    @classmethod
    def _as_new(cls, project: Project) -> Project:
        fresh = {"status": SessionStatus.SCHEDULED, "sequence": 0, "reason": None}
        sessions = tuple(session.model_copy(update=fresh) for session in project.sessions)
        call = project.call.model_copy(update={"status": CallStatus.DRAFT})
        return project.model_copy(update={"sessions": sessions, "call": call, "cancelled": None})

    @model_validator(mode="after")
    def _one_id(self) -> "AnnounceProject":
        if self.project_id != self.project.id:
            raise ValueError("project_id must be the project's own id")
        return self

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Known from now on, unless there is a project of that id."""
        del facts
        if state.announced is not None:
            raise NotPossible("project_exists", "There is a project with this id already.")
        project = self.project
        state = state.put(project.model_copy(update={"sessions": ()})).put(Organiser(0, project.organiser))
        for session in project.sessions:
            state = state.put(session.model_copy(update={"changed_at": moment.now}))
        state = rearranged(state, [session.id for session in project.sessions], moment.now)
        happened = Event(kind=EventKind.PROJECT_ANNOUNCED, at=moment.now)
        return Ruling(state, Ref("project", project.id), (happened,))


class AmendProject(Command[Project]):
    """Change what is said about a project; what is not given, or None, stays.

    Args:
        title: its name; people with a place get an update of their invite.
        summary: what it is about; the same.
        organiser: who to write to; invites already sent keep the organiser they began with.
        apply_url: where people who are not members can apply.
        eligibility: the rules from now on. Places that were given stay; who waits is looked at by the new rules.
        fill: what becomes of free places from now on; places that are free now are filled that way.
        offers: how places are offered from now on; open offers stay as they are.
        reminder_hours: when people are reminded from now on; what was due before is not made up for.
        consents: what is asked for from now on; another wording needs a higher version. Those that were given stay.
        retention: how long what is held of people is kept from now on, all settings anew; what is due goes at once.
        opens_at: when the call opens by itself.
        closes_at: when it closes by itself.
        closed_message: what the call says once closed.
        work: when members can share work of their own.
        without: what to take away, of ``apply_url``, ``opens_at``, ``closes_at`` and ``work``.
    """

    title: Line | None = None
    summary: Text | None = None
    organiser: Contact | None = None
    apply_url: Url | None = None
    eligibility: Rules | None = None
    fill: FillPolicy | None = None
    offers: Offers | None = None
    reminder_hours: ReminderHours | None = None
    consents: tuple[ConsentAsked, ...] | None = None
    retention: Retention | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    closed_message: Text | None = None
    work: WorkCall | None = None
    without: tuple[Literal["apply_url", "opens_at", "closes_at", "work"], ...] = ()

    @model_validator(mode="after")
    def _not_both(self) -> Self:
        if any(getattr(self, name) is not None for name in self.without):
            raise ValueError("what is given must not be taken away")
        return self

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """As given, checked as a whole."""
        del facts
        project = state.definition
        refuse_cancelled(project)
        said = {key: getattr(self, key) for key in self.model_fields_set - _ADDRESS}
        given = {key: value for key, value in said.items() if value is not None} | dict.fromkeys(self.without)
        call = project.call.model_copy(update={key: given.pop(key) for key in _OF_THE_CALL & given.keys()})
        amended = Project.model_validate({**dict(project), **given, "call": dict(call)})
        refuse_same_version(project, amended, state.consents.values())
        state = state.put(amended)
        if amended.organiser != project.organiser:
            state = state.put(Organiser(len(state.organisers), amended.organiser))
        if any(getattr(amended, name) != getattr(project, name) for name in _PUBLISHED):
            for session in state.in_order():
                state = state.put(_republished(session, moment.now))
        cause = None
        if (amended.title, amended.summary) != (project.title, project.summary):
            state = state.put(Described(len(state.descriptions), project.title, project.summary))
            concerned = tuple(
                one.id
                for one in state.registrations.values()
                if one.place is not None and not state.has_begun(one, moment.now)
            )
            cause = Cause(NoticeKind.DETAILS_CHANGED, concerned=concerned)
        if (amended.eligibility, amended.fill) != (project.eligibility, project.fill):
            state = fill(state, [session.id for session in state.in_order()], moment.now)
        if amended.reminder_hours != project.reminder_hours:
            state = rearranged(state, [session.id for session in state.in_order()], moment.now)
        happened = Event(kind=EventKind.PROJECT_AMENDED, at=moment.now)
        return Ruling(state, Ref("project", project.id), (happened,), cause)


def _republished(session: Session, now: datetime) -> Session:
    """A session whose public entry says something else now, at the same time: its revision stays."""
    return session.model_copy(update={"changed_at": max(session.changed_at or now, now)})


_PUBLISHED = ("title", "summary", "organiser")
_ADDRESS = frozenset({"project_id", "id", "by", "without"})
_OF_THE_CALL = frozenset({"opens_at", "closes_at", "closed_message"})


def with_call(state: ProjectState, status: CallStatus, now: datetime) -> ProjectState:
    """The state with its call in that status; moments that have passed no longer apply."""
    project = state.definition
    closes_at = project.call.closes_at
    ahead = closes_at if closes_at is not None and closes_at > now else None
    call = project.call.model_copy(update={"status": status, "opens_at": None, "closes_at": ahead})
    return state.put(project.model_copy(update={"call": call}))


class OpenCall(Command[Project]):
    """Open the call, for the first time or again: members can register."""

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Open, unless it is."""
        del facts
        project = state.definition
        refuse_cancelled(project)
        if project.call.is_open:
            raise NotPossible("call_open", "This call is open already.")
        state = with_call(state, CallStatus.OPEN, moment.now)
        happened = Event(kind=EventKind.CALL_OPENED, at=moment.now)
        state, notices = told_of_opening(state, moment)
        return Ruling(state, Ref("project", project.id), (happened,), notices=notices)


class CloseCall(Command[Project]):
    """Close the call: nobody new can register; places given stay, and free ones are still filled."""

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Closed, unless it is not open."""
        del facts
        project = state.definition
        if not project.call.is_open:
            raise NotPossible("nothing_to_close", project.call.message)
        state = with_call(state, CallStatus.CLOSED, moment.now)
        return Ruling(state, Ref("project", project.id), (Event(kind=EventKind.CALL_CLOSED, at=moment.now),))


class CancelProject(Command[Project]):
    """Cancel the whole project: no session to come takes place, and everyone is told once.

    Args:
        reason: a sentence for the members.
    """

    reason: Text = ""

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """The call is closed, sessions to come are cancelled, and nobody waits any more."""
        del facts
        project = state.definition
        refuse_cancelled(project)
        state = with_call(state, CallStatus.CLOSED, moment.now)
        state = state.put(state.definition.model_copy(update={"cancelled": self.reason}))
        events = [Event(kind=EventKind.PROJECT_CANCELLED, at=moment.now)]
        for session in state.in_order():
            if session.is_open_at(moment.now):
                state = state.put(cancelled(state, session, self.reason, moment.now))
                events.append(Event(kind=EventKind.SESSION_CANCELLED, at=moment.now, session=session.id))
        for one in list(state.registrations.values()):
            stays = one.place is not None and state.session(one.place).status is not SessionStatus.CANCELLED
            if one.is_live and one.decision is not Decision.DECLINED and not stays:
                state = state.put(released(one, Decision.DECLINED))
            elif one.offer is not None:
                state = state.put(one.but(offer=None, switching=False))
        return Ruling(state, Ref("project", project.id), tuple(events), Cause(NoticeKind.PROJECT_CANCELLED))
