"""What is owed to somebody besides what follows from a change of their registration."""

from datetime import UTC, datetime
from typing import Final

from insight_sessions.domain.notices import NoticeKind, Owed, message_id
from insight_sessions.domain.state import ProjectState
from insight_sessions.runtime import Moment

AT_ONCE: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When something is due that was begun: long ago, so that a clock that is set back does not hold it up."""


def owed_to(state: ProjectState, moment: Moment, kind: NoticeKind, person: str = "", registration: str = "") -> Owed:
    """A notice without a calendar part.

    Args:
        state: the project.
        moment: when, and where its id comes from.
        kind: what it says.
        person: our id of a person or a follower; empty for the organiser.
        registration: theirs, when they get it as one who registered.
    """
    definition = state.definition
    id = moment.mint("n-")
    return Owed(
        id=id,
        message_id=message_id(id, definition.organiser.email, state.project_id, registration),
        at=moment.now,
        kind=kind,
        registration=registration,
        person=person,
        title=definition.title,
        sequence=state.registration(registration).sequence if registration else 0,
    )
