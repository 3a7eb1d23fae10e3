"""What happens when a country changes its clocks: sessions keep their local time, which is another instant then.

Only a newer release of the zones' rules than the one that gave a session its instant ever moves it. So machines that
are not brought up to date together never move it back and forth.
"""

from collections.abc import Iterator
from datetime import datetime

from insight_sessions.commands.base import Command, Facts, Ref, Ruling
from insight_sessions.commands.difference import Cause
from insight_sessions.commands.filling import fill
from insight_sessions.commands.offering import follow
from insight_sessions.commands.reminding import rearranged
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.notices import NoticeKind, Owed, message_id
from insight_sessions.domain.project import Project
from insight_sessions.domain.session import Session, Slot
from insight_sessions.domain.state import ProjectState
from insight_sessions.domain.zone import is_newer, tzdata_version
from insight_sessions.runtime import Moment


def outdated(state: ProjectState, now: datetime) -> Iterator[Session]:
    """The sessions still ahead whose instant was made with older rules than those of this process."""
    release = tzdata_version()
    return (one for one in state.sessions.values() if one.is_open_at(now) and is_newer(release, one.tzdata))


class FollowZoneRules(Command[Project]):
    """Take note of newer rules for the clocks, in every session that is still ahead.

    Those who have a place in a session that is at another instant now, or asked for one, are told once, and so is the
    organiser. A session whose local time the clocks will skip stays at its instant, and the organiser is told.

    The desk's ``tick`` does this as soon as its process has a newer release of the rules.
    """

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """The wall clock is the truth: its instants are made anew."""
        del facts
        shifted: list[tuple[Slot, Slot]] = []
        skipped: list[Slot] = []
        for before in sorted(outdated(state, moment.now), key=lambda one: (one.begins, one.id)):
            now = _renewed(state, before, moment.now)
            if now is None:
                now = before.model_copy(update={"tzdata": tzdata_version()})
                skipped.append(Slot.of(before))
            elif now.begins != before.begins:
                shifted.append((Slot.of(before), Slot.of(now)))
            state = state.put(now)
        moved = [now.id for _, now in shifted]
        concerned = _concerned(state, set(moved))
        state = rearranged(state, moved, moment.now)
        state = fill(follow(state, moved, moment.now), moved, moment.now)
        return Ruling(
            state,
            Ref("project", state.project_id),
            tuple(_events(shifted, skipped, moment.now)),
            Cause(NoticeKind.CLOCKS_CHANGED, concerned=concerned),
            (_report(state, shifted, skipped, moment),) if shifted or skipped else (),
        )


def _renewed(state: ProjectState, session: Session, now: datetime) -> Session | None:
    """The session by the rules of this process; None when its local time is one that the clocks skip."""
    try:
        placed = session.placed(session.zone_name)
    except ValueError:
        return None
    if placed.begins == session.begins:
        return placed
    return placed.model_copy(update={"sequence": state.next_sequence(session.sequence), "changed_at": now})


def _concerned(state: ProjectState, sessions: set[str]) -> tuple[str, ...]:
    """The registrations with a place in these sessions, or a wish for one."""
    everyone = state.registrations.values() if sessions else ()
    return tuple(one.id for one in everyone if one.place in sessions or not sessions.isdisjoint(one.hopes_for))


def _events(shifted: list[tuple[Slot, Slot]], skipped: list[Slot], at: datetime) -> Iterator[Event]:
    for before, now in shifted:
        kind = EventKind.SESSION_SHIFTED
        yield Event(kind=kind, at=at, session=now.id, begins=now.starts_at, began=before.starts_at)
    for slot in skipped:
        yield Event(kind=EventKind.SESSION_SKIPPED, at=at, session=slot.id, begins=slot.starts_at)


def _report(state: ProjectState, shifted: list[tuple[Slot, Slot]], skipped: list[Slot], moment: Moment) -> Owed:
    """What the organiser is told."""
    definition = state.definition
    id = moment.mint("n-")
    return Owed(
        id=id,
        message_id=message_id(id, definition.organiser.email, state.project_id),
        at=moment.now,
        kind=NoticeKind.ZONE_RULES_CHANGED,
        registration="",
        person="",
        title=definition.title,
        shifted=tuple(shifted) or None,
        skipped=tuple(skipped) or None,
    )
