"""What a type checker lets an embedder write; the checks of this project read this file too."""

import ast
from pathlib import Path

import insight_sessions
from insight_sessions import Attendance, Audience, DecideWork, RecordAttendance, WorkStatus, WriteUp

FILE = Path(insight_sessions.__file__)


def test_type_checkers_see_no_attribute_of_any_name() -> None:
    """They take a module's own getattr for a promise of every name, and would let a misspelt one pass."""
    body = ast.parse(FILE.read_text(encoding="utf-8")).body
    assert [one.name for one in body if isinstance(one, ast.FunctionDef)] == []
    hidden = [one for block in body if isinstance(block, ast.If) for one in block.orelse]
    assert [one.name for one in hidden if isinstance(one, ast.FunctionDef)] == ["__getattr__"]


def test_an_audience_may_be_named_by_its_text() -> None:
    """As in the manual; what is kept is the same."""
    write_up = WriteUp(title="What we heard", text="A lot.", audience="followers", feedback_until=14)
    assert write_up.audience is Audience.FOLLOWERS
    assert WriteUp(title="What we heard", text="A lot.").audience is Audience.CONFIRMED


def test_a_decision_about_work_may_be_named_by_its_text() -> None:
    """And by the status that it leads to."""
    by_text = DecideWork(project_id="backlogs", work_id="w-1", decision="shortlisted")
    assert by_text == DecideWork(project_id="backlogs", work_id="w-1", decision=WorkStatus.SHORTLISTED)
    assert by_text.decision is WorkStatus.SHORTLISTED


def test_attendance_may_be_named_by_its_text() -> None:
    """A mapping of texts, such as a form or a file gives, or of the names that we have."""
    marks = {"r-1": "attended", "r-2": "unset"}
    by_text = RecordAttendance(project_id="backlogs", session_id="mon", attendance=marks)
    assert by_text.attendance == {"r-1": Attendance.ATTENDED, "r-2": "unset"}
    assert by_text.attendance["r-1"] is Attendance.ATTENDED
    by_name = {"r-1": Attendance.EXCUSED}
    assert RecordAttendance(project_id="backlogs", session_id="mon", attendance=by_name).attendance == by_name
