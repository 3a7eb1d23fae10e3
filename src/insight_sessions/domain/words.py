"""What somebody said in their own words after the sessions, found by who they are: to export it, or to erase it."""

from collections.abc import Iterator

from insight_sessions.domain.learning import Feedback
from insight_sessions.domain.state import ProjectState
from insight_sessions.domain.work import SharedWork


def words_of(state: ProjectState, person_id: str) -> Iterator[tuple[str, Feedback | SharedWork]]:
    """The feedback that somebody gave and the work that they shared, each with its kind of record.

    Args:
        state: of the project.
        person_id: our id of them.
    """
    for feedback in state.feedback.values():
        if feedback.person == person_id:
            yield "feedback", feedback
    for work in state.works.values():
        if work.person == person_id:
            yield "work", work
