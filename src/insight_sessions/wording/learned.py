"""What a notice about news, or the time after the sessions, tells, joined with it when it is sent."""

from collections.abc import Mapping

from insight_sessions.domain.learning import SharedWriteUp
from insight_sessions.domain.notices import NoticeKind, Owed
from insight_sessions.domain.state import ProjectState
from insight_sessions.wording.times import at


def learned(owed: Owed, state: ProjectState) -> Mapping[str, str]:
    """What stands for the placeholders that are about what a notice is about; nothing when it is about a place.

    Raises:
        NotFound: it is gone.
    """
    if owed.about is None:
        return {}
    match owed.kind:
        case NoticeKind.ADDRESS_UNREACHABLE:
            person = state.one_of(state.people, "recipient", owed.about)
            bounce = state.one_of(state.bounces, "bounce", owed.about)
            return {"whom": f"{person.name} <{person.email}>", "refusal": bounce.code}
        case NoticeKind.FEEDBACK_ANSWERED:
            feedback = state.one_of(state.feedback, "feedback", owed.about)
            return {"feedback": feedback.text, "answer": feedback.answer or ""}
        case NoticeKind.UPDATE:
            update = state.one_of(state.updates, "update", owed.about)
            return {"update_title": update.title, "update": update.text.strip()}
        case NoticeKind.WRITE_UP:
            return _write_up(owed, state.one_of(state.write_ups, "write_up", owed.about), state.definition.timezone)
        case _:
            work = state.one_of(state.works, "work", owed.about)
            said = "" if owed.kind is NoticeKind.WORK_RECEIVED else work.message or ""
            return {"work": work.title, "reason": said}


def linked(links: Mapping[str, str]) -> Mapping[str, str]:
    """What stands for the placeholders of links, by what they do."""
    return {f"{action}_link": link for action, link in links.items()}


def _write_up(owed: Owed, one: SharedWriteUp, timezone: str) -> Mapping[str, str]:
    # A later version may come when the time for feedback is over.
    until = one.feedback_until if one.is_open_at(owed.at) else None
    return {
        "write_up": one.title,
        "version": str(one.version) if one.version > 1 else "",
        "write_up_text": one.words,
        "feedback_until": "" if until is None else at(until, timezone),
    }
