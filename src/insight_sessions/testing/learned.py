"""What comes after the sessions of a simulated history: what people do then, and what must hold of it."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any, Final

from insight_sessions.commands.base import Command
from insight_sessions.commands.calls import AmendProject
from insight_sessions.commands.deciding import Decided
from insight_sessions.commands.feedback import AnswerFeedback, GiveFeedback
from insight_sessions.commands.joining import MOST_TOLD
from insight_sessions.commands.learning import ShareWriteUp, TellMore
from insight_sessions.commands.work import DecideWork, ShareWork
from insight_sessions.domain.learning import Audience, SharedWriteUp, WriteUp
from insight_sessions.domain.member import Member
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.project import Project, WorkCall
from insight_sessions.domain.session import SessionStatus
from insight_sessions.domain.state import ProjectState
from insight_sessions.domain.work import Work, WorkStatus
from insight_sessions.summarising import summary
from insight_sessions.testing.world import BEGINNING, expect

_ABOUT_WORK: Final = frozenset(
    {
        *(NoticeKind.WORK_RECEIVED, NoticeKind.WORK_SHORTLISTED),
        *(NoticeKind.WORK_PUBLISHED, NoticeKind.WORK_DECLINED),
    }
)


class Learner:
    """Makes up what people do when a session was held, with dice of its own.

    Args:
        seed: of the history.
        members: the host's directory, by id; it may change.
    """

    def __init__(self, seed: int, members: Mapping[str, Member]) -> None:
        self._members = members
        self._dice = Random(f"learned {seed}")  # noqa: S311 - it must repeat
        # In some histories only, so that the others stay as they are.
        self._often = 0.9 if self._dice.random() < 0.2 else 0.0

    def sooner(self, project: Project) -> Project:
        """The same project; its first session begins on the first day when there is something to learn."""
        if not self._often:
            return project
        first, *others = project.sessions
        starts = BEGINNING.replace(tzinfo=None) + timedelta(hours=self._dice.randint(1, 3))
        return project.model_copy(update={"sessions": (first.model_copy(update={"starts": starts}), *others)})

    def command(self, state: ProjectState) -> Command[Any] | None:
        """What somebody does about what was learned; mostly nothing, and never before a session was held."""
        held = any(one.status is SessionStatus.HELD for one in state.sessions.values())
        if not held or self._dice.random() >= self._often:
            return None
        kinds = _likely(state)
        (kind,) = self._dice.choices(list(kinds), list(kinds.values()))
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
            feedback_until=dice.choice((None, 1, 30, 30)),
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

    def _ask(self, state: ProjectState) -> Command[Any]:
        """Work is asked for, or not any more."""
        dice = self._dice
        if dice.random() < 0.1:
            return AmendProject(project_id=state.project_id, without=("work",))
        held = max(one.ends for one in state.sessions.values() if one.status is SessionStatus.HELD)
        opens = held + timedelta(days=dice.choice((0, 0, 0, 5)))
        closes = opens + timedelta(days=dice.choice((2, 60)))
        return AmendProject(project_id=state.project_id, work=WorkCall(opens_at=opens, closes_at=closes))

    def _work(self, state: ProjectState) -> Command[Any]:
        dice = self._dice
        known = sorted((one.shared_at, id) for id, one in state.works.items())
        again = bool(known) and dice.random() < 0.4
        id = dice.choice(known)[1] if again else None
        person = state.people.get(state.works[id].person) if id is not None else None
        known_as = dice.choice(sorted(self._members)) if person is None or dice.random() < 0.1 else person.member_id
        work = Work(
            title=dice.choice(("A phone line", "A list")),
            setting="General practice",
            summary="We ring people back.",
            consent=dice.random() < 0.7,
        )
        return ShareWork(
            project_id=state.project_id, member=self._members.get(known_as, known_as), work=work, work_id=id
        )

    def _decide(self, state: ProjectState) -> Command[Any]:
        dice = self._dice
        known = sorted((one.shared_at, id) for id, one in state.works.items())
        id = dice.choice([*(id for _, id in known), "w-nobody"])
        decision = dice.choice((WorkStatus.SHORTLISTED, WorkStatus.PUBLISHED, WorkStatus.DECLINED))
        return DecideWork(project_id=state.project_id, work_id=id, decision=decision, message="We read it.")


def _likely(state: ProjectState) -> dict[str, float]:
    """How likely each kind of command is; what has nothing to be about comes up as well."""
    return {
        "share": 1.5 if state.write_ups else 4,
        "give": 6 if state.write_ups else 0.3,
        "answer": 6 if state.feedback else 0.2,
        "ask": 0.5 if state.definition.work else 3,
        "work": 5 if state.definition.work else 0.3,
        "decide": 6 if state.works else 0.2,
    }


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
    _check_works(before, command, decided)


def _check_telling(after: ProjectState, shared: SharedWriteUp, told: Counter[str], *, new: bool) -> None:
    readers = {one.person for one in map(after.registration, after.latest.values()) if shared.is_for(one)}
    if shared.audience in {Audience.FOLLOWERS, Audience.PUBLIC}:
        addresses = {after.people[id].email.lower() for id in readers}
        strangers = (one for one in after.followers.values() if one.email.lower() not in addresses)
        readers |= {one.id for one in strangers if one.is_confirmed}
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


def _check_works(before: ProjectState, command: Command[Any], decided: Decided) -> None:
    """Work is in the words of whoever shared it, published with their consent, and each decision told once."""
    after = decided.state
    told = Counter(owed.about for owed in decided.notices if owed.kind in _ABOUT_WORK)
    for id, one in after.works.items():
        known = before.works.get(id)
        if known == one:
            continue
        own = isinstance(command, ShareWork) and (one.content, one.consent) == _content(command)
        if known is None or (one.content, one.consent) != (known.content, known.consent):
            expect(own, "work is in the words of whoever shared it", id)
        news = known is None or one.status is not known.status
        expect(told[id] == news, "whoever shared work is told once of what becomes of it", id)
        published = one.status is WorkStatus.PUBLISHED and (known is None or known.status is not one.status)
        expect(one.consent or not published, "work is published with consent", id)
    expect(set(told) <= after.works.keys(), "people are told of work that is there", str(told))
    studies = Counter(one.title for one in summary(after).case_studies)
    agreed = Counter(one.title for one in after.works.values() if one.status is WorkStatus.PUBLISHED and one.consent)
    expect(studies == agreed, "a summary shows the work of those who agreed to it", f"{studies} and {agreed}")


def _content(command: ShareWork) -> tuple[tuple[str, str, str, str | None], bool]:
    work = command.work
    return (work.title, work.setting, work.summary, work.link), work.consent
