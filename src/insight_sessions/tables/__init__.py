"""Tables: rosters and reports for a spreadsheet, and sign-ups and attendance from one.

What is written can be opened in any spreadsheet without anything in it being taken for a formula, and comes back
exactly when it is read here. What is read is checked whole before anything of it is done.
"""

from insight_sessions.tables.attending import read_attendance
from insight_sessions.tables.cells import inert, plain
from insight_sessions.tables.importing import Import, Imported, Result
from insight_sessions.tables.members import read_members
from insight_sessions.tables.problems import Problem, TableError
from insight_sessions.tables.reading import Limits, Row, Table, read_table
from insight_sessions.tables.rosters import RosterRow, roster
from insight_sessions.tables.sign_ups import read_sign_ups
from insight_sessions.tables.writing import stream_report, stream_roster, write_report, write_roster

__all__ = [
    "Import",
    "Imported",
    "Limits",
    "Problem",
    "Result",
    "RosterRow",
    "Row",
    "Table",
    "TableError",
    "inert",
    "plain",
    "read_attendance",
    "read_members",
    "read_sign_ups",
    "read_table",
    "roster",
    "stream_report",
    "stream_roster",
    "write_report",
    "write_roster",
]
