"""Attendance from a table: a roster comes back with a column filled in."""

from io import BytesIO

import pytest

from insight_sessions import Attendance, NotFound, RecordAttendance, Session
from insight_sessions.tables import Result, TableError, read_attendance, stream_roster
from tests.unit.desk_kit import P, interest, project, session
from tests.unit.tables_kit import Table, file, opened, told


def crowd(table: Table) -> list[str]:
    """Two with a place on Tuesday, and one who waits for Monday behind another."""
    wishes = (("ada", "tue"), ("bo", "tue"), ("cy", "mon"), ("di", "mon"))
    return [table.desk.do(interest(name, day)).id for name, day in wishes]


def codes(rows: tuple[Result[Session], ...]) -> list[tuple[int, str]]:
    """What came of which line."""
    return [(row.line, row.code) for row in rows]


WEEK = project(session("mon"), session("tue", capacity=None))


def test_a_roster_that_is_filled_in_records_who_came() -> None:
    """Row by row, after a dry run; rows that say nothing are left alone."""
    with opened(WEEK) as table:
        ids = crowd(table)
        text = b"".join(stream_roster(table.state, "tue")).decode()
        table.wait(days=40)
        head, ada, bo, *_ = text.split("\r\n")
        filled = read_attendance(file(head, f'{ada[:-2]}"Late cancel "', bo), table.state)
        before = table.state
        dry = filled.preview(table.desk)
        assert table.state is before
        assert codes(dry.rows) == [(2, "late_cancel"), (3, "nothing_said")]
        assert dry.problems == ()
        assert filled.apply(table.desk).rows == dry.rows
        assert table.state.registration(ids[0]).attendance is Attendance.LATE_CANCEL
        assert table.state.registration(ids[1]).attendance is None


def test_the_same_file_twice_changes_nothing_and_a_corrected_one_corrects() -> None:
    """A file says how it is: back and forth, and taken back."""
    with opened(WEEK) as table:
        ada, *_ = crowd(table)
        table.wait(days=40)

        def record(mark: str) -> list[tuple[int, str]]:
            rows = file("id,attendance", f"ada,{mark}")
            return codes(read_attendance(rows, table.state, session_id="tue").apply(table.desk).rows)

        assert record("absent") == [(2, "absent")]
        events = len(table.desk.history(P))
        assert record("absent") == [(2, "unchanged")]
        assert len(table.desk.history(P)) == events
        assert record("attended") == [(2, "attended")]
        assert record("absent") == [(2, "absent")]
        assert record("unset") == [(2, "unset")]
        assert record("unset") == [(2, "unchanged")]
        assert table.state.registration(ada).attendance is None


def test_nobody_attends_before_the_session() -> None:
    """Each row is refused, and one of a session that was held is done."""
    with opened(WEEK) as table:
        crowd(table)
        table.wait(days=21, hours=2)
        rows = read_attendance(file("id,attendance,place", "cy,attended,mon", "ada,attended,tue"), table.state)
        dry = rows.preview(table.desk)
        assert codes(dry.rows) == [(2, "attended")]
        assert told(dry.problems) == [(3, "place", "session_not_begun")]
        assert codes(rows.apply(table.desk).rows) == [(2, "attended")]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (",ada,came,", ("attendance", "attendance_unknown")),
        (",eve,attended,", ("id", "no_such_registration")),
        ("r-nobody,ada,attended,", ("registration", "no_such_registration")),
        (",di,attended,", ("id", "no_place_there")),
        (",ada,attended,wed", ("place", "no_such_session")),
    ],
)
def test_a_wrong_row_is_told(row: str, problem: tuple[str, str]) -> None:
    """With the column, and without what stands there."""
    with opened(WEEK) as table:
        crowd(table)
        table.wait(days=40)
        rows = read_attendance(file("registration,id,attendance,place", row), table.state)
        assert told(rows.problems) == [(2, *problem)]
        assert rows.rows == ()


def test_somebody_with_a_place_elsewhere_did_not_attend() -> None:
    """Which the rules say, without a column when the file has none for it."""
    with opened(WEEK) as table:
        ada, *_ = crowd(table)
        table.wait(days=40)
        rows = read_attendance(file("registration,attendance", f"{ada},attended"), table.state, session_id="mon")
        assert told(rows.preview(table.desk).problems) == [(2, None, "no_place_there")]


def test_nobody_is_there_twice() -> None:
    """By id or by registration."""
    with opened(WEEK) as table:
        ada, *_ = crowd(table)
        rows = read_attendance(
            file("registration,id,attendance", f"{ada},,attended", ",ada,absent", ",ada,"), table.state
        )
        assert told(rows.problems) == [(3, "id", "row_repeated")]
        assert [(row.line, isinstance(row.value, RecordAttendance)) for row in rows.rows] == [(2, True), (4, False)]


def test_a_file_without_the_columns_is_refused() -> None:
    """Somebody must be named, and a session be there."""
    with opened(WEEK) as table:
        for header in ("attendance", "id", "id,attendance,came"):
            with pytest.raises(TableError):
                read_attendance(file(header), table.state)
        with pytest.raises(NotFound):
            read_attendance(BytesIO(), table.state, session_id="wed")
