"""Sign-ups from a table: one `RegisterInterest` for each row."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict

from insight_sessions.commands.places import RegisterInterest
from insight_sessions.domain.member import Member
from insight_sessions.domain.project import Project
from insight_sessions.domain.registration import Registration, Status
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import AlreadyRegistered
from insight_sessions.tables.importing import UNCHANGED, Import, Told
from insight_sessions.tables.lines import Delimiter, Limits, Source
from insight_sessions.tables.members import MORE_OF_MEMBER, OF_MEMBER, by_name, member_of
from insight_sessions.tables.problems import WrongCells
from insight_sessions.tables.reading import Columns, Once, read_with
from insight_sessions.tables.rosters import ABOUT_A_PLACE
from insight_sessions.text import Line

if TYPE_CHECKING:
    from insight_sessions.previewing import Outcome

_YES: Final = frozenset({"yes", "y", "true", "1", "on"})
_NO: Final = frozenset({"no", "n", "false", "0", "off"})

_SENTENCES: Final = {
    Status.CONFIRMED: "They have a place.",
    Status.OFFERED: "A place is offered to them.",
    Status.WAITING: "They wait for a place.",
    Status.INTERESTED: "Their interest is received.",
}


class _Key(BaseModel):
    """By what somebody is looked up."""

    model_config = ConfigDict(defer_build=True, frozen=True, hide_input_in_errors=True)

    member: Line


def read_sign_ups(
    source: Source,
    state: ProjectState,
    *,
    names: Mapping[str, str | None] | None = None,
    delimiter: Delimiter = ",",
    limits: Limits | None = None,
) -> Import[RegisterInterest, Registration]:
    """Read sign-ups for a project; nothing is done before `Import.apply`.

    The columns are ``sessions``, with the ids of sessions in order of preference; either ``member``, an id or an
    e-mail address that the host's directory knows, or ``id``, ``name`` and ``email``, and if you like ``language``,
    ``active``, ``valid_until`` and ``attribute:…``; and ``answer:…`` and ``consent:…`` for what the project asks. A
    roster is such a table too.

    Args:
        source: a path, or a file that is open for reading bytes.
        state: the project.
        names: what the file calls columns, and what we call them; None for those to leave alone.
        delimiter: what stands between cells.
        limits: how much it may hold.

    Raises:
        TableError: the file as a whole cannot be used.
    """
    known = ("member", *OF_MEMBER, *MORE_OF_MEMBER, *_asked(state.definition), *ABOUT_A_PLACE)
    columns = Columns(("sessions",), known, names or {}, either=(("member",), OF_MEMBER))
    table = read_with(source, _Reader(state), columns, delimiter, limits)
    titles = {
        "member": table.titles.get("member") or table.titles["id"],
        "session": table.titles["sessions"],
    }
    return Import(state.project_id, table.rows, table.problems, _told, titles, _once=True)


def _asked(project: Project) -> tuple[str, ...]:
    """The columns for what a project asks."""
    answers = (f"answer:{question.id}" for question in project.questions)
    return (*answers, *(f"consent:{consent.purpose}" for consent in project.consents))


def _told(
    command: RegisterInterest, outcome: "Outcome[Registration]", before: ProjectState
) -> Told[Registration] | None:
    """What came of a sign-up; nothing when it was refused, unless it was taken before."""
    mine = outcome.result
    if isinstance(outcome.refusal, AlreadyRegistered):
        mine = _as_asked(command, before.registrations.get(outcome.refusal.registration_id), before)
    if mine is None:
        return None
    known = mine.id in before.registrations
    code, sentence = UNCHANGED if known else (mine.status.value, _SENTENCES[mine.status])
    return code, sentence, mine


def _as_asked(command: RegisterInterest, mine: Registration | None, state: ProjectState) -> Registration | None:
    """The registration that somebody has, when it is what a row asks for."""
    if mine is None or mine.wishes != command.sessions:
        return None
    answers = state.answers.get(mine.id)
    same = dict(command.answers) == ({} if answers is None else dict(answers.answers))
    known = state.people[mine.person].member
    return mine if same and (isinstance(command.member, str) or command.member == known) else None


class _Reader:
    """Makes commands of rows.

    Args:
        state: the project.
    """

    def __init__(self, state: ProjectState) -> None:
        self._state = state
        self._once = Once()

    def __call__(self, cells: dict[str, str]) -> RegisterInterest:
        """What a row asks for.

        Raises:
            WrongCells: some of them are wrong.
            pydantic.ValidationError: the same.
        """
        sessions = tuple(one for one in re.split(r"[\s,;]+", cells["sessions"]) if one)
        project = self._state.definition
        wrong = [
            *self._against_sessions(sessions),
            *_against_answers(project, cells),
            *_against_consents(project, cells),
        ]
        if wrong:
            raise WrongCells(wrong)
        command = RegisterInterest(
            project_id=project.id,
            member=_who(cells),
            sessions=sessions,
            answers=by_name(cells, "answer"),
            consents=tuple(purpose for purpose, cell in by_name(cells, "consent").items() if _word(cell) in _YES),
        )
        if self._once.is_again(cells.values()):
            raise WrongCells([("", "row_repeated", "An earlier row says the same.")])
        return command

    def _against_sessions(self, sessions: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
        if not sessions:
            yield "sessions", "cell_empty", "Name at least one session."
        elif any(one not in self._state.sessions for one in sessions):
            yield "sessions", "no_such_session", "There is no such session."


def _who(cells: Mapping[str, str]) -> Member | str:
    return _Key.model_validate({"member": cells["member"]}).member if "member" in cells else member_of(cells)


def _against_answers(project: Project, cells: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """What is wrong with the answers, by column; the rules would say no to them, too."""
    for question in project.questions:
        column = f"answer:{question.id}"
        answer = cells.get(column, "")
        if question.required and not answer:
            yield column, "answer_missing", "This must be answered."
        elif answer and question.choices and answer not in question.choices:
            yield column, "answer_unknown", "This is none of the answers to choose from."


def _against_consents(project: Project, cells: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """The same for consents."""
    for consent in project.consents:
        column = f"consent:{consent.purpose}"
        word = _word(cells.get(column, ""))
        if word and word not in _YES | _NO:
            yield column, "not_yes_or_no", "Write yes or no."
        elif consent.required and word not in _YES:
            yield column, "consent_missing", "Nobody can take part without this."


def _word(cell: str) -> str:
    return cell.strip().lower()
