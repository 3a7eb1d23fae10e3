"""Attendance from a table: one `RecordAttendance` for each row."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from insight_sessions.commands.attendance import RecordAttendance
from insight_sessions.domain.registration import Attendance, Registration
from insight_sessions.domain.session import Session
from insight_sessions.domain.state import ProjectState
from insight_sessions.tables.importing import UNCHANGED, Import, Told
from insight_sessions.tables.lines import Delimiter, Limits, Source
from insight_sessions.tables.problems import WrongCells
from insight_sessions.tables.reading import Columns, Once, read_with
from insight_sessions.tables.rosters import EVERY_COLUMN

if TYPE_CHECKING:
    from insight_sessions.previewing import Outcome

_MARKS: Final = frozenset({*(mark.value for mark in Attendance), "unset"})


def read_attendance(
    source: Source,
    state: ProjectState,
    *,
    session_id: str | None = None,
    names: Mapping[str, str | None] | None = None,
    delimiter: Delimiter = ",",
    limits: Limits | None = None,
) -> Import[RecordAttendance, Session]:
    """Read who came; nothing is done before `Import.apply`.

    The columns are ``attendance`` and ``registration`` or ``id``; all others of a roster may be there, and of them
    only ``place`` counts: it says in which session, unless you do. A row in which ``attendance`` is empty says nothing.

    Args:
        source: a path, or a file that is open for reading bytes.
        state: the project.
        session_id: which session it was; else the row says it, or each person's own place.
        names: what the file calls columns, and what we call them; None for those to leave alone.
        delimiter: what stands between cells.
        limits: how much it may hold.

    Raises:
        TableError: the file as a whole cannot be used.
        NotFound: there is no such session.
    """
    if session_id is not None:
        state.session(session_id)
    columns = Columns(("attendance",), EVERY_COLUMN, names or {}, either=(("registration",), ("id",)))
    table = read_with(source, _Reader(state, session_id), columns, delimiter, limits)
    titles = {"session": table.titles.get("place", table.titles["attendance"])}
    return Import(state.project_id, table.rows, table.problems, _told, titles, _once=False)


def _told(command: RecordAttendance, outcome: "Outcome[Session]", before: ProjectState) -> Told[Session] | None:
    """What came of a mark; nothing when it was refused."""
    if outcome.result is None:
        return None
    [(id, mark)] = command.attendance.items()
    code, sentence = (str(mark), "This is recorded.") if mark != "unset" else ("unset", "What was recorded is gone.")
    if (before.registrations[id].attendance or "unset") == mark:
        code, sentence = UNCHANGED
    return code, sentence, outcome.result


class _Reader:
    """Makes commands of rows.

    Args:
        state: the project.
        session_id: which session it was, if all rows are about one.
    """

    def __init__(self, state: ProjectState, session_id: str | None) -> None:
        self._state = state
        self._session = session_id
        self._once = Once()

    def __call__(self, cells: dict[str, str]) -> RecordAttendance | None:
        """What a row asks for; nothing when it does not say whether they came.

        Raises:
            WrongCells: some of them are wrong.
        """
        mark = cells["attendance"].strip().lower().replace(" ", "_")
        if not mark:
            return None
        if mark not in _MARKS:
            raise WrongCells([("attendance", "attendance_unknown", f"Write one of: {', '.join(sorted(_MARKS))}.")])
        key, one = self._found(cells)
        session = self._session or cells.get("place", "").strip() or one.place
        if session is None:
            raise WrongCells([(key, "no_place_there", "They have no place in a session.")])
        if session not in self._state.sessions:
            raise WrongCells([("place", "no_such_session", "There is no such session.")])
        if self._once.is_again([one.id]):
            raise WrongCells([(key, "row_repeated", "An earlier row is about the same registration.")])
        return RecordAttendance.model_validate(
            {"project_id": self._state.project_id, "session_id": session, "attendance": {one.id: mark}}
        )

    def _found(self, cells: Mapping[str, str]) -> tuple[str, Registration]:
        """Whom a row is about, and the column that says it."""
        named = cells.get("registration", "").strip()
        key = "registration" if named or "id" not in cells else "id"
        found = self._state.registrations.get(named) if named else self._state.registration_of(cells.get("id", ""))
        if found is None:
            raise WrongCells([(key, "no_such_registration", "There is no such registration.")])
        return key, found
