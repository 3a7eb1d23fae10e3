"""Public calendar files: a session's own, and a project's feed (RFC 5546 §3.2.1, RFC 7986 §5).

They name nobody but the organiser, hold no joining link, and the same facts give the same bytes.
They never replace invites: Google asks for a feed once in 12 to 24 hours.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from insight_sessions.calendar.lines import PRODID, escape, fold, mailto, parameter, utc
from insight_sessions.calendar.times import Times, times
from insight_sessions.calendar.zones import vtimezone
from insight_sessions.domain.project import Project
from insight_sessions.domain.session import Session, SessionStatus

_ASK_AGAIN: Final = "PT12H"


def session_calendar(project: Project, session: Session) -> bytes:
    """One session as a file to put on a page; the same entry as in the feed.

    Args:
        project: it is part of.
        session: announced, so that it has a zone, an instant and a time of its last change.

    Raises:
        ValueError: the session was not announced.
    """
    return _calendar(project, [session], ())


def feed(project: Project, sessions: Iterable[Session]) -> bytes:
    """All sessions of a project as a calendar to subscribe to, the cancelled ones marked as such.

    Args:
        project: whose.
        sessions: announced, in the order in which they are to be listed.

    Raises:
        ValueError: a session was not announced.
    """
    title = escape(project.title)
    # Both names and both intervals, since each is the only one that some readers know.
    about = (
        f"NAME:{title}",
        f"X-WR-CALNAME:{title}",
        f"REFRESH-INTERVAL;VALUE=DURATION:{_ASK_AGAIN}",
        f"X-PUBLISHED-TTL:{_ASK_AGAIN}",
    )
    return _calendar(project, sessions, about)


def _calendar(project: Project, sessions: Iterable[Session], about: tuple[str, ...]) -> bytes:
    listed = [(session, _times(session)) for session in sessions]
    rules = _rules([when for _, when in listed])
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODID}", "CALSCALE:GREGORIAN", "METHOD:PUBLISH", *about)
    parts = [fold(line) for line in head]
    parts += [rule for rule in rules.values() if rule is not None]
    for session, when in listed:
        # One set of rules serves a zone; where none is right for all its sessions, they go in UTC.
        known = when if when.timezone is None or rules[when.timezone] is not None else when.in_utc()
        parts += [fold(line) for line in _event(project, session, known)]
    return b"".join([*parts, b"END:VCALENDAR\r\n"])


def _times(session: Session) -> Times:
    return times(session.starts, session.begins, session.minutes, session.zone_name)


def _rules(listed: Sequence[Times]) -> dict[str, bytes | None]:
    """Each zone's rules from its first session on, by name."""
    names = sorted({when.timezone for when in listed if when.timezone is not None})
    first = {name: min(when.starts.year for when in listed if when.timezone == name) for name in names}
    return {name: vtimezone(name, year) for name, year in first.items()}


def _event(project: Project, session: Session, when: Times) -> Iterator[str]:
    if session.changed_at is None:
        raise ValueError(f"session {session.id!r} has no public entry before it is announced")
    changed = utc(session.changed_at)
    title = project.title if session.title is None else f"{project.title}: {session.title}"
    organiser = project.organiser
    yield "BEGIN:VEVENT"
    yield f"SUMMARY:{escape(title)}"
    yield from when.lines()
    yield f"DTSTAMP:{changed}"
    yield f"UID:{project.id}.{session.id}.insight-sessions"
    yield f"SEQUENCE:{session.sequence}"
    if project.summary:
        yield f"DESCRIPTION:{escape(project.summary)}"
    yield f"LAST-MODIFIED:{changed}"
    if session.where is not None:
        yield f"LOCATION:{escape(session.where)}"
    yield f"ORGANIZER;CN={parameter(organiser.name)}:{mailto(organiser.email)}"
    yield "STATUS:CANCELLED" if session.status is SessionStatus.CANCELLED else "STATUS:CONFIRMED"
    # Who looks at the sessions is not busy; a place, and with it the time, comes with the invite.
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"
