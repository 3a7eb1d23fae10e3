"""Sign-ups from a table: every row is told before anything is done, and the same file is done once."""

from io import BytesIO
from pathlib import Path

import pytest

from insight_sessions import AnnounceProject, CloseCall, DeclineInterest, Desk, OpenCall, Runtime, Withdraw
from insight_sessions.commands.base import Command
from insight_sessions.tables import Result, TableError, read_sign_ups
from tests.unit.desk_kit import NOW, P, project, session
from tests.unit.tables_kit import HEADER, Directory, asking, file, opened, told

ASKED = f"{HEADER},answer:stage,consent:take-part"


def codes(rows: "tuple[Result[object], ...]") -> list[tuple[int, str]]:
    """What came of which line."""
    return [(row.line, row.code) for row in rows]


def test_a_dry_run_tells_every_row_and_changes_nothing() -> None:
    """Then it is done, row by row, as it was told."""
    with opened() as table:
        sign_ups = read_sign_ups(
            file(
                ASKED,
                "q-1,'=Ada,ada@example.org,mon tue,'=spreading,yes",
                'q-2,Bo,bo@example.org,"tue; mon",,TRUE',
                "q-3,Cy,cy@example.org,mon,an idea,1",
                "q-1,'=Ada,ada@example.org,tue,,y",
            ),
            table.state,
        )
        before = table.state
        dry = sign_ups.preview(table.desk)
        assert table.state is before
        done = sign_ups.apply(table.desk)
        for imported in (dry, done):
            assert codes(imported.rows) == [(2, "confirmed"), (3, "confirmed"), (4, "waiting")]
            assert [str(one) for one in imported.problems] == [
                "line 5, id: They are registered for this project already."
            ]
        ada = table.state.registration_of("q-1")
        assert ada is not None
        assert ada == done.rows[0].thing
        assert table.state.people[ada.person].name == "=Ada"
        assert table.state.answers[ada.id].answers == {"stage": "=spreading"}
        assert {one.purpose: one.given for one in table.state.consents.values() if one.person == ada.person} == {
            "take-part": True,
            "quotes": False,
        }


def test_the_same_file_twice_changes_nothing() -> None:
    """Not even for somebody who left meanwhile, or was declined; and the dry run says so."""
    with opened() as table:
        lines = (ASKED, *(f"q-{number},Ada,q{number}@example.org,tue,,yes" for number in range(4)))
        first = read_sign_ups(file(*lines), table.state).apply(table.desk)
        mine = [row.thing.id for row in first.rows if row.thing is not None]
        table.desk.do(Withdraw(project_id=P, registration_id=mine[0]))
        table.desk.do(DeclineInterest(project_id=P, registration_id=mine[1]))
        before, events = table.state, len(table.desk.history(P))
        sign_ups = read_sign_ups(file(*lines), before)
        assert codes(sign_ups.apply(table.desk).rows) == [(line, "unchanged") for line in range(2, 6)]
        assert len(table.desk.history(P)) == events
        assert table.state.registrations == before.registrations
        # Nobody looks into receipts when nothing is written: who left could register again.
        assert codes(sign_ups.preview(table.desk).rows)[1:] == [(line, "unchanged") for line in range(3, 6)]


def test_the_same_file_is_known_to_the_next_process(tmp_path: Path) -> None:
    """For the secret that ids are made with is the store's; another store gives other ids."""
    url, ids = f"sqlite:///{tmp_path / 'kept.db'}", set[str]()
    rows = file(HEADER, "q-1,Ada,ada@example.org,mon").getvalue()
    for number in range(2):
        with Desk.open(url, discover=False, runtime=Runtime(now=lambda: NOW)) as desk:
            if not number:
                desk.do(AnnounceProject(project=project()))
                desk.do(OpenCall(project_id=P))
            sign_ups = read_sign_ups(BytesIO(rows), desk.state(P))
            [row] = sign_ups.apply(desk).rows
            assert row.code == ("unchanged" if number else "confirmed")
            assert row.thing is not None
            if not number:
                desk.do(Withdraw(project_id=P, registration_id=row.thing.id))
            ids.update(desk.command_id(one.value) for one in sign_ups.rows if one.value is not None)
    with opened(project()) as table:
        elsewhere = read_sign_ups(BytesIO(rows), table.state).rows[0].value
        assert elsewhere is not None
        assert len({*ids, table.desk.command_id(elsewhere)}) == 2


def test_a_row_that_says_something_else_is_told() -> None:
    """Importing is no way to change a registration."""
    with opened() as table:
        read_sign_ups(file(ASKED, "q-1,Ada,ada@example.org,tue,an idea,yes"), table.state).apply(table.desk)
        others = file(
            ASKED,
            "q-1,Ada,ada@example.org,tue mon,an idea,yes",
            "q-1,Ada,ada@example.org,tue,,yes",
            "q-1,Ada O.,ada@example.org,tue,an idea,yes",
        )
        again = read_sign_ups(others, table.state).apply(table.desk)
        assert told(again.problems) == [(line, "id", "already_registered") for line in (2, 3, 4)]


def test_nothing_of_a_wrong_file_is_done_unless_it_is_said() -> None:
    """Then the good rows are."""
    with opened() as table:
        lines = (ASKED, "q-1,Ada,ada@example.org,tue,,yes", "q-2,Bo,bo@,tue,,yes", "q-3,Cy")
        sign_ups = read_sign_ups(file(*lines), table.state)
        assert told(sign_ups.problems) == [(3, "email", "cell_wrong"), (4, None, "row_ragged")]
        with pytest.raises(TableError) as error:
            sign_ups.apply(table.desk)
        assert error.value.problems == sign_ups.problems
        assert ["leave_out=True" in note for note in error.value.__notes__] == [True]
        assert not table.state.registrations
        done = sign_ups.apply(table.desk, leave_out=True)
        assert codes(done.rows) == [(2, "confirmed")]
        assert done.problems == sign_ups.problems


@pytest.mark.parametrize(
    ("row", "problems"),
    [
        (",Ada,ada@example.org,tue,,yes", [("id", "cell_wrong")]),
        ("q-1,,ada@,tue,,yes", [("name", "cell_wrong"), ("email", "cell_wrong")]),
        ("q-1,Ada,ada@example.org, ,,yes", [("sessions", "cell_empty")]),
        ("q-1,Ada,ada@example.org,tue wed,,yes", [("sessions", "no_such_session")]),
        ("q-1,Ada,ada@example.org,tue,nearly,yes", [("answer:stage", "answer_unknown")]),
        ("q-1,Ada,ada@example.org,tue,,no", [("consent:take-part", "consent_missing")]),
        ("q-1,Ada,ada@example.org,tue,,", [("consent:take-part", "consent_missing")]),
        ("q-1,Ada,ada@example.org,tue,,perhaps", [("consent:take-part", "not_yes_or_no")]),
        (
            "q-1,Ada,ada@example.org,,nearly,",
            [("sessions", "cell_empty"), ("answer:stage", "answer_unknown"), ("consent:take-part", "consent_missing")],
        ),
    ],
)
def test_a_wrong_row_is_told_cell_by_cell(row: str, problems: list[tuple[str, str]]) -> None:
    """Before anything is asked of the rules."""
    with opened() as table:
        sign_ups = read_sign_ups(file(ASKED, row), table.state)
        assert told(sign_ups.problems) == [(2, column, code) for column, code in problems]
        assert sign_ups.rows == ()
        assert sign_ups.preview(table.desk).problems == sign_ups.problems


def test_a_question_that_must_be_answered_is_told() -> None:
    """By its column, be it there or not."""
    asked = asking().questions[0].model_copy(update={"required": True})
    with opened(project(questions=(asked,))) as table:
        for header, row in ((HEADER, "q-1,Ada,ada@example.org,mon"), (f"{HEADER},answer:stage", "q-1,A,a@b.org,mon,")):
            sign_ups = read_sign_ups(file(header, row), table.state)
            assert told(sign_ups.problems) == [(2, "answer:stage", "answer_missing")]


def test_a_row_that_is_there_twice_is_told() -> None:
    """The first counts."""
    with opened(project()) as table:
        sign_ups = read_sign_ups(file(HEADER, *["q-1,Ada,ada@example.org,mon"] * 2), table.state)
        assert told(sign_ups.problems) == [(3, None, "row_repeated")]
        assert len(sign_ups.rows) == 1


def test_columns_may_have_the_organisers_own_names() -> None:
    """Problems are told by them."""
    names = {"E-mail": "email", "Which sessions?": "sessions", "How far?": "answer:stage", "OK?": "consent:take-part"}
    with opened() as table:
        header = "id,name,E-mail,Which sessions?,How far?,OK?"
        sign_ups = read_sign_ups(
            file(header, "q-1,Ada,ada@,mon,,yes", "q-2,Bo,bo@example.org,wed,far,yes"), table.state, names=names
        )
        assert told(sign_ups.problems) == [
            (2, "E-mail", "cell_wrong"),
            (3, "Which sessions?", "no_such_session"),
            (3, "How far?", "answer_unknown"),
        ]


@pytest.mark.parametrize("header", ["sessions", "id,name,sessions", "id,name,email", "member,sessions,answer:else"])
def test_people_are_named_in_one_of_two_ways(header: str) -> None:
    """And only what the project asks is answered."""
    with opened() as table, pytest.raises(TableError):
        read_sign_ups(file(header), table.state)


def test_members_are_looked_up() -> None:
    """By id or address; whoever is not found is not eligible, and that is told by its column."""
    with opened(project(), Directory()) as table:
        sign_ups = read_sign_ups(
            file("Who,sessions", "ada,mon", "eve@example.org,mon", f"{'x' * 201},mon"),
            table.state,
            names={"Who": "member"},
        )
        assert told(sign_ups.problems) == [(4, "Who", "cell_wrong")]
        assert told(sign_ups.preview(table.desk).problems) == [(3, "Who", "not_a_member"), (4, "Who", "cell_wrong")]
        done = sign_ups.apply(table.desk, leave_out=True)
        assert codes(done.rows) == [(2, "confirmed")]
        again = read_sign_ups(file("member,sessions", "ada,mon"), table.state)
        assert codes(again.preview(table.desk).rows) == [(2, "unchanged")]


def test_a_desk_that_knows_no_members_cannot_look_them_up() -> None:
    """Which is told by row, as a fault of the desk and not of the file."""
    with opened(project()) as table:
        sign_ups = read_sign_ups(file("member,sessions", "ada,mon"), table.state)
        assert told(sign_ups.preview(table.desk).problems) == [(2, None, "not_done")]


def test_what_the_rules_say_is_told_by_row() -> None:
    """With the column, where it is about one."""
    with opened(project()) as table:
        sign_ups = read_sign_ups(file(HEADER, "q-1,Ada,ada@example.org,mon"), table.state)
        table.wait(days=60)
        assert told(sign_ups.preview(table.desk).problems) == [(2, "sessions", "session_held")]


def test_what_is_gone_from_the_project_is_told_by_row() -> None:
    """Such as when the file was read for another one."""
    with opened(project()) as table, opened(project(session("wed"))) as other:
        sign_ups = read_sign_ups(file(HEADER, "q-1,Ada,ada@example.org,wed"), other.state)
        assert told(sign_ups.preview(table.desk).problems) == [(2, None, "no_such_session")]


def test_a_call_that_closed_refuses_every_row() -> None:
    """It has no column."""
    with opened(project()) as table:
        table.desk.do(CloseCall(project_id=P))
        sign_ups = read_sign_ups(file(HEADER, "q-1,Ada,ada@example.org,mon"), table.state)
        assert told(sign_ups.apply(table.desk).problems) == [(2, None, "call_not_open")]


def test_thousands_of_rows_are_done_in_batches() -> None:
    """And each has its outcome."""
    with opened(asking(questions=(), consents=())) as table:
        lines = [f"q-{number},Ada,q{number}@example.org,tue" for number in range(1_201)]
        done = read_sign_ups(file(HEADER, *lines), table.state).apply(table.desk)
        assert codes(done.rows) == [(line, "confirmed") for line in range(2, 1_203)]
        assert done.problems == ()
        assert len(table.state.registrations) == 1_201


def test_an_empty_file_is_done_at_once() -> None:
    """There is nothing to preview."""
    with opened() as table:
        sign_ups = read_sign_ups(file(ASKED), table.state)
        assert sign_ups.preview(table.desk) == sign_ups.apply(table.desk)


def test_an_id_made_of_a_command_says_nothing_and_stays_the_same() -> None:
    """Whoever asked, and whatever id it had."""
    with opened(project()) as table:
        row = read_sign_ups(file(HEADER, "q-1,Ada,ada@example.org,mon"), table.state).rows[0].value
        assert isinstance(row, Command)
        id = table.desk.command_id(row)
        assert id == table.desk.command_id(row.model_copy(update={"id": "x", "by": "y"}))
        assert id != table.desk.command_id(row.model_copy(update={"sessions": ("tue",)}))
        assert id.startswith("f-")
        assert "q-1" not in id
