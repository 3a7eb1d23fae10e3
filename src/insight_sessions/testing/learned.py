"""What comes after the sessions of a simulated history: what people do then, and what must hold of it."""

from collections import Counter
from random import Random
from typing import Any, Final

from insight_sessions.commands.base import Command
from insight_sessions.commands.deciding import Decided
from insight_sessions.commands.feedback import AnswerFeedback, GiveFeedback
from insight_sessions.commands.joining import MOST_TOLD
from insight_sessions.commands.learning import ShareWriteUp, TellMore
from insight_sessions.domain.learning import Audience, SharedWriteUp, WriteUp
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.session import SessionStatus
from insight_sessions.domain.state import ProjectState
from insight_sessions.summarising import summary
from insight_sessions.testing.world import expect

_KINDS: Final[dict[str, float]] = {"share": 2, "give": 6, "answer": 4}


class Learner:
    """Makes up what people do when a session was held, with dice of its own.

    Args:
        seed: of the history.
    """

    def __init__(self, seed: int) -> None:
        self._dice = Random(f"learned {seed}")  # noqa: S311 - it must repeat
        # In some histories only, so that the others stay as they are.
        self._often = 0.5 if self._dice.random() < 0.3 else 0.0

    def command(self, state: ProjectState) -> Command[Any] | None:
        """What somebody does about what was learned; mostly nothing, and never before a session was held."""
        held = any(one.status is SessionStatus.HELD for one in state.sessions.values())
        if not held or self._dice.random() >= self._often:
            return None
        (kind,) = self._dice.choices(list(_KINDS), list(_KINDS.values())) if state.write_ups else ["share"]
        made: Command[Any] = getattr(self, f"_{kind}")(state)
        return made

    def _share(self, state: ProjectState) -> Command[Any]:
        dice = self._dice
        known = sorted(state.sessions)
        write_up = WriteUp(
            id=dice.choice(("first", "second")),
            title="What we heard",
            text=dice.choice(("Waiting is work.", "Waiting is work for many.")),
            sessions=tuple(dice.sample(known, 1)) if dice.random() < 0.2 else (),
            audience=dice.choice(tuple(Audience)),
            feedback_until=dice.choice((None, 1, 30)),
        )
        return ShareWriteUp(project_id=state.project_id, write_up=write_up)

    def _give(self, state: ProjectState) -> Command[Any]:
        dice = self._dice
        ids = [id for _, id in sorted((one.arrived, id) for id, one in state.registrations.items())]
        return GiveFeedback(
            project_id=state.project_id,
            registration_id=dice.choice(ids or ["r-nobody"]),
            text=dice.choice(("And pharmacies?", "Thank you.")),
            may_quote=dice.random() < 0.5,
            write_up=dice.choice((None, None, "first", "third")),
        )

    def _answer(self, state: ProjectState) -> Command[Any]:
        ids = [id for _, id in sorted((one.given_at, id) for id, one in state.feedback.items())]
        text = self._dice.choice(("That is so.", "Next year."))
        return AnswerFeedback(project_id=state.project_id, feedback_id=self._dice.choice([*ids, "f-nobody"]), text=text)


def check_learned(before: ProjectState, command: Command[Any], decided: Decided) -> None:
    """Who is told of a write-up, and whose words are quoted."""
    after = decided.state
    told = Counter(owed.person for owed in decided.notices if owed.kind is NoticeKind.WRITE_UP)
    telling = isinstance(command, ShareWriteUp | TellMore)
    expect(not told or telling, "people are told of a write-up when it is shared", type(command).__name__)
    if telling:
        shared = after.find(*decided.result)
        assert isinstance(shared, SharedWriteUp)
        _check_telling(after, shared, told, new=shared.key not in before.write_ups)
    for id, known in before.write_ups.items():
        one = after.write_ups[id]
        expect(one.content == known.content, "a version stays as it was shared", id)
    _check_words(before, command, after)


def _check_telling(after: ProjectState, shared: SharedWriteUp, told: Counter[str], *, new: bool) -> None:
    readers = {one.person for one in map(after.registration, after.latest.values()) if shared.is_for(one)}
    expect(told.total() == len(told), "each reader is told once", shared.key)
    expect(readers.issuperset(told), "a write-up is for its audience", shared.key)
    everybody = len(told) == min(len(readers), MOST_TOLD)
    expect(everybody or not new, "a write-up reaches its audience", f"{shared.key}: {len(told)} of {len(readers)}")


def _check_words(before: ProjectState, command: Command[Any], after: ProjectState) -> None:
    """Nobody speaks for somebody else, and nobody is quoted who did not agree to it when they last spoke."""
    for id, one in after.feedback.items():
        known = before.feedback.get(id)
        if known is None or (one.text, one.may_quote) != (known.text, known.may_quote):
            spoken = isinstance(command, GiveFeedback) and command.registration_id == one.registration
            same = isinstance(command, GiveFeedback) and (one.text, one.may_quote) == (command.text, command.may_quote)
            expect(spoken and same, "feedback is in the words of those who give it", id)
    quotes = Counter(one.text for one in summary(after).quotes)
    agreed = Counter(one.text for one in after.feedback.values() if one.may_quote)
    expect(quotes == agreed, "a summary quotes those who agreed to it", f"{len(quotes)} and {len(agreed)}")
