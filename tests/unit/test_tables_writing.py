"""Rosters and reports as CSV and JSON."""

import csv
import json
import os
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest

from insight_sessions import (
    Allocate,
    Attendance,
    Bound,
    Member,
    NotFound,
    OfferPlace,
    RecordAttendance,
    Withdraw,
)
from insight_sessions.tables import RosterRow, roster, stream_report, stream_roster, write_report, write_roster
from tests.unit.desk_kit import P, interest, member, project, session
from tests.unit.tables_kit import Table, asking, opened

ADA = member("ada", name='=SUM("1")', attributes={"setting": "acute", "@role": "-lead"})


def rows(raw: bytes, **more: Any) -> list[dict[str, str]]:  # noqa: ANN401 - whatever is tried
    """A table as anybody reads it."""
    return list(csv.DictReader(StringIO(raw.decode(), newline=""), strict=True, **more))


def crowd(table: Table) -> None:
    """Ada has the place on Monday, Bo waits for it, Cy has one on Tuesday, and Di left."""
    agreed = {"consents": ("take-part",)}
    table.desk.do(interest(ADA, "mon", "tue", answers={"stage": "=spreading"}, **agreed))
    table.desk.do(interest("bo", "mon", **agreed))
    table.desk.do(interest("cy", "tue", **agreed))
    di = table.desk.do(interest("di", "tue", **agreed))
    table.desk.do(Withdraw(project_id=P, registration_id=di.id))


def test_a_roster_says_who_has_a_place_who_waits_and_what_they_answered() -> None:
    """One row for each registration, by arrival; no cell begins like a formula."""
    with opened() as table:
        crowd(table)
        raw = b"".join(stream_roster(table.state))
        found = rows(raw)
        assert [(row["id"], row["status"], row["place"], row["waits_for"]) for row in found] == [
            ("ada", "confirmed", "mon", ""),
            ("bo", "waiting", "", "mon"),
            ("cy", "confirmed", "tue", ""),
            ("di", "withdrawn", "", ""),
        ]
        ada = found[0]
        assert ada["name"] == '\'=SUM("1")'
        assert ada["answer:stage"] == "'=spreading"
        assert (ada["attribute:setting"], ada["attribute:@role"]) == ("acute", "'-lead")
        assert (ada["consent:take-part"], ada["consent:quotes"]) == ("yes", "no")
        assert (ada["sessions"], ada["starts"], ada["registered_at"]) == (
            "mon tue",
            "2021-07-05T10:00",
            "2021-06-14T09:00:00Z",
        )
        assert (ada["active"], ada["valid_until"], ada["arrived"]) == ("yes", "", "1")
        assert not [cell for row in found for cell in row.values() if cell[:1] in {*"=+-@\t\r\n"} - {""}]
        assert raw.count(b"\r\n") == raw.count(b"\n") == 5


def test_a_roster_of_a_session_is_of_those_it_concerns() -> None:
    """Whoever has a place, waits, or is offered one."""
    with opened(asking(fill="manual")) as table:
        crowd(table)
        assert [row["id"] for row in rows(b"".join(stream_roster(table.state, "mon")))] == ["ada", "bo"]
        bo = table.state.registration_of("bo")
        assert bo is not None
        ada = table.state.registration_of("ada")
        assert ada is not None
        table.desk.do(Withdraw(project_id=P, registration_id=ada.id))
        table.desk.do(OfferPlace(project_id=P, registration_id=bo.id, session_id="mon"))
        [offered] = rows(b"".join(stream_roster(table.state, "mon")))
        assert (offered["status"], offered["offered"], offered["place"]) == ("offered", "mon", "")
        assert offered["offered_until"].endswith("Z")
        with pytest.raises(NotFound):
            stream_roster(table.state, "wed")


def test_a_roster_is_typed_too() -> None:
    """For whoever wants no file."""
    with opened() as table:
        crowd(table)
        ada = next(roster(table.state))
        assert isinstance(ada, RosterRow)
        assert (ada.name, ada.sessions, ada.place, ada.consents) == (
            ADA.name,
            ("mon", "tue"),
            "mon",
            {"take-part": True, "quotes": False},
        )


def test_attendance_is_in_the_roster() -> None:
    """As it was recorded."""
    with opened() as table:
        crowd(table)
        table.wait(days=40)
        ada = next(roster(table.state))
        came = Attendance.ATTENDED
        table.desk.do(RecordAttendance(project_id=P, session_id="mon", attendance={ada.registration: came}))
        assert [row["attendance"] for row in rows(b"".join(stream_roster(table.state)))] == ["attended", "", "", ""]


def test_the_newest_consent_counts() -> None:
    """Wherever somebody gave another before."""
    with opened() as table:
        crowd(table)
        table.wait(days=1)
        table.desk.do(interest("di", "tue", consents=("take-part", "quotes")))
        found = rows(b"".join(stream_roster(table.state)))
        assert [row["consent:quotes"] for row in found] == ["no", "no", "no", "yes", "yes"]


def test_a_roster_as_json_keeps_every_text_as_it_is() -> None:
    """An array with an object for each, which holds lists and names as such."""
    with opened() as table:
        assert json.loads(b"".join(stream_roster(table.state, form="json"))) == []
        crowd(table)
        ada, *others = json.loads(b"".join(stream_roster(table.state, form="json")))
        assert ada["name"] == ADA.name
        assert ada["sessions"] == ["mon", "tue"]
        assert ada["attributes"] == {"setting": "acute", "@role": "-lead"}
        assert ada["answers"] == {"stage": "=spreading"}
        assert ada["consents"] == {"take-part": True, "quotes": False}
        assert [one["place"] for one in others] == [None, "tue", None]


def test_a_file_is_for_its_owner_and_may_say_that_it_is_utf8(tmp_path: Path) -> None:
    """By a mark that some spreadsheets need, and with the delimiter that others expect."""
    with opened() as table:
        crowd(table)
        path = tmp_path / "roster.csv"
        write_roster(table.state, path, "mon", bom=True, delimiter=";")
        assert path.stat().st_mode & 0o777 == 0o600 & ~_mask()
        raw = path.read_bytes()
        assert raw.startswith(b'\xef\xbb\xbf"registration";"id"')
        assert [row["id"] for row in rows(raw.removeprefix(b"\xef\xbb\xbf"), delimiter=";")] == ["ada", "bo"]
        target = BytesIO()
        write_roster(table.state, target, form="json")
        assert target.getvalue() == b"".join(stream_roster(table.state, form="json"))
        write_report(table.desk.report(P), str(path))
        assert path.read_bytes() == b"".join(stream_report(table.desk.report(P)))


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_rosters_are_written_while_they_are_read() -> None:
    """Row by row, so that a large one needs no memory."""
    with opened() as table:
        crowd(table)
        pieces = stream_roster(table.state)
        assert next(pieces).startswith(b'"registration"')
        assert next(pieces).count(b"\r\n") == 1


def test_a_report_has_every_number_in_a_row_of_its_own() -> None:
    """Of the project, of each session, of each attribute, and of what is missed of bounds."""
    sessions = (session("mon", capacity=2, minimum=1), session("tue", capacity=None))
    with opened(project(*sessions, places="allocation")) as table:
        for name, setting in (("ada", "acute"), ("bo", "acute"), ("cy", "=dental")):
            who = Member(id=name, name=name, email=f"{name}@example.org", attributes={"setting": setting})
            table.desk.do(interest(who, "mon", "tue"))
        bound = Bound(attribute="setting", value="acute", at_most=1, sessions=("mon",))
        more = Bound(attribute="setting", at_least=2)
        table.desk.do(Allocate(project_id=P, policy="balanced", seed=1, balance=(bound, more)))
        table.wait(days=40)
        one = next(row for row in roster(table.state) if row.place == "mon")
        came = Attendance.ABSENT
        table.desk.do(RecordAttendance(project_id=P, session_id="mon", attendance={one.registration: came}))
        report = table.desk.report(P)
        found = {
            (row["session"], row["attribute"], row["value"], row["bound"], row["figure"]): int(row["number"])
            for row in rows(b"".join(stream_report(report)))
        }
        assert found["", "", "", "", "registered"] == report.funnel.registered == 3
        assert found["", "", "", "", "without"] == report.satisfaction.none
        assert found["", "", "", "", "granted_1"] == report.satisfaction.granted[0]
        mon, tue = report.sessions
        assert found["mon", "", "", "", "capacity"] == 2
        assert ("tue", "", "", "", "capacity") not in found
        assert ("tue", "", "", "", "left") not in found
        assert found["mon", "", "", "", "left"] == mon.left
        assert found["mon", "", "", "", "viable"] == 1
        assert found["mon", "", "", "", "wished_1"] == 3
        assert found["mon", "", "", "", "absent"] == 1
        assert found["tue", "", "", "", "confirmed"] == tue.confirmed
        assert found["", "setting", "'=dental", "", "people"] == 1
        assert found["", "setting", "acute", "", "elsewhere"] == 0
        assert report.unmet
        for unmet in report.unmet:
            value = "'=dental" if unmet.value == "=dental" else unmet.value or ""
            assert found[unmet.session, "", value, str(unmet.bound), "missing"] == unmet.missing
            assert found[unmet.session, "", value, str(unmet.bound), "over"] == unmet.over
        whole = json.loads(b"".join(stream_report(report, form="json")))
        assert whole["funnel"]["registered"] == 3
        assert [one["session"]["id"] for one in whole["sessions"]] == ["mon", "tue"]
        assert whole["satisfaction_of"]["setting"]["=dental"]["elsewhere"] == 0
