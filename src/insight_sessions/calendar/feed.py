"""What is published: a session's own file, a project's feed, and a feed for each member (RFC 5546 §3.2.1, RFC 7986)."""

from collections.abc import Iterable, Iterator
from typing import Final

from insight_sessions.calendar.publishing import Published, published
from insight_sessions.domain.project import Project
from insight_sessions.domain.registration import Registration
from insight_sessions.domain.session import Session, SessionStatus, Slot
from insight_sessions.domain.state import ProjectState

_OWN: Final = "My insight sessions"


def session_calendar(project: Project, session: Session) -> bytes:
    """One session as a file to put on a page; the same entry as in the feed.

    Args:
        project: it is part of.
        session: announced, so that it has a zone, an instant and a time of its last change.

    Raises:
        ValueError: the session was not announced.
    """
    return published([_public(project, session)])


def feed(project: Project, sessions: Iterable[Session]) -> bytes:
    """All sessions of a project as a calendar to subscribe to, the cancelled ones marked as such.

    Args:
        project: whose.
        sessions: announced, in the order in which they are to be listed.

    Raises:
        ValueError: a session was not announced.
    """
    return published((_public(project, session) for session in sessions), project.title)


def personal_feed(places: Iterable[tuple[ProjectState, Registration]]) -> bytes:
    """One member's places as a calendar to subscribe to, those that are gone marked as cancelled.

    It names neither the member nor anyone else who takes part: people share their calendars.

    Args:
        places: their registrations, each with the project it is part of.
    """
    entries = (entry for state, registration in places for entry in _personal(state, registration))
    return published(sorted(entries, key=lambda entry: (entry.slot.starts_at, entry.uid)), _OWN)


def _public(project: Project, session: Session) -> Published:
    if session.changed_at is None:
        raise ValueError(f"session {session.id!r} has no public entry before it is announced")
    return Published(
        uid=f"{project.id}.{session.id}.insight-sessions",
        sequence=session.sequence,
        changed=session.changed_at,
        project=project,
        slot=Slot.of(session),
        organiser=project.organiser,
        cancelled=session.status is SessionStatus.CANCELLED,
        # Who looks at the sessions is not busy; a place, and with it the time, comes with the invite.
        busy=False,
    )


def _personal(state: ProjectState, registration: Registration) -> Iterator[Published]:
    """The place somebody has in a project, or the last one they had; nothing for those who never had one."""
    slot = state.slot_of(registration)
    if slot is None or registration.stamped is None:
        return
    told = state.description_of(registration)
    yield Published(
        # Not the invite's UID: a reader that knows both would take this copy, which nobody can answer, for the entry
        # that the invite made, or refuse the invite's next update because a copy with its revision is there already.
        uid=f"feed-{registration.uid}",
        sequence=registration.sequence,
        changed=registration.stamped,
        project=state.definition.model_copy(update={"title": told.title, "summary": told.summary}),
        slot=slot,
        organiser=state.organiser_of(registration),
        cancelled=registration.place is None,
        busy=registration.place is not None,
    )
