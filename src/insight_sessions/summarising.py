"""What came out of a project, for a page that anyone may read: it names nobody, and quotes those who agreed to it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from insight_sessions.domain.learning import Audience, SharedWriteUp, newest
from insight_sessions.domain.state import ProjectState


@dataclass(frozen=True, slots=True)
class Quote:
    """What somebody said who agreed to be quoted, and what was answered.

    Args:
        write_up: the id of the write-up that it is about.
        text: their words.
        answer: the organisers' words; None when there are none.
    """

    write_up: str
    text: str
    answer: str | None


@dataclass(frozen=True, slots=True)
class CaseStudy:
    """A member's work that was published with their consent.

    Args:
        title: its name.
        setting: where it was done.
        summary: what was done, and what came of it.
        link: where to read more.
    """

    title: str
    setting: str
    summary: str
    link: str | None


@dataclass(frozen=True, slots=True)
class Summary:
    """What came out of a project.

    Args:
        project_id: which.
        write_ups: the newest version of each write-up that anyone may read.
        feedback: how many people's words there are.
        answered: how many of them were answered.
        quotes: the words of those who agreed to be quoted, without their names, the oldest first.
        case_studies: published work of those who agree to that, without their names, the oldest first.
    """

    project_id: str
    write_ups: tuple[SharedWriteUp, ...]
    feedback: int
    answered: int
    quotes: tuple[Quote, ...]
    case_studies: tuple[CaseStudy, ...] = ()


def summary(state: ProjectState) -> Summary:
    """What came out of a project, as it is now."""
    given = sorted(state.feedback.values(), key=lambda one: (one.given_at, one.id))
    return Summary(
        project_id=state.project_id,
        write_ups=tuple(_public(state)),
        feedback=len(given),
        answered=sum(one.answer is not None for one in given),
        quotes=tuple(Quote(one.write_up, one.text, one.answer) for one in given if one.may_quote),
        case_studies=tuple(_case_studies(state)),
    )


def _public(state: ProjectState) -> Iterator[SharedWriteUp]:
    versions = list(state.write_ups.values())
    for id in sorted({one.id for one in versions}):
        found = newest(versions, id)
        if found is not None and found.audience is Audience.PUBLIC:
            yield replace(found, reached=None)


def _case_studies(state: ProjectState) -> Iterator[CaseStudy]:
    for one in sorted(state.works.values(), key=lambda one: (one.shared_at, one.id)):
        if one.is_public:
            yield CaseStudy(*one.content)
