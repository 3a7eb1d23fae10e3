"""Reading tables: what is refused as a whole, and what is told row by row."""

import tracemalloc
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from insight_sessions import InsightSessionsError, tables
from insight_sessions.tables import Limits, Problem, Row, TableError, inert, plain, read_members, read_table
from insight_sessions.tables.lines import MOST_IN_ROW, Delimiter
from tests.unit.tables_kit import file, told


def read(source: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever is tried
    """The rows of a table with the columns a and b."""
    return read_table(source, dict, **{"needed": ("a", "b"), **more})


def refused(source: Any, **more: Any) -> list[tuple[int, str | None, str]]:  # noqa: ANN401 - whatever is tried
    """Why a table is refused."""
    with pytest.raises(TableError) as error:
        read(source, **more)
    return told(error.value.problems)


PUBLIC = """
Import Imported Limits Problem Result RosterRow Row Table TableError inert plain read_attendance read_members
read_sign_ups read_table roster stream_report stream_roster write_report write_roster
"""


def test_the_public_names_are_these() -> None:
    """A name that is promised stays."""
    assert tables.__all__ == PUBLIC.split()
    assert all(hasattr(tables, name) for name in tables.__all__)


# Formulas


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+44 20 7946 0000", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\tplain", "\rplain", "\nplain"),
        *(" =1", "'=1", "''=1", "' =1", "\u00a0=1", "\ufeff=1", "\u200b=1"),
        *("\uff1d1", "\uff0b1", "\uff0d1", "\uff20SUM", '=cmd|"/c calc"!A1', '=HYPERLINK("https://example.org","x")'),
    ],
)
def test_what_a_spreadsheet_takes_for_a_formula_is_made_inert_and_comes_back(text: str) -> None:
    """An apostrophe stands before it, and none of the signs that count."""
    cell = inert(text)
    assert cell == f"'{text}"
    assert plain(cell) == text


@pytest.mark.parametrize(
    "text", ["", "Ada", "O'Neill", "'tis", "'", "''", "1-2", "a=b", "a\n=b", "ada@example.org", " x"]
)
def test_every_other_text_stays_as_it_is(text: str) -> None:
    """An apostrophe of its own is left alone."""
    assert inert(text) == text
    assert plain(text) == text


# The file as a whole


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", (1, None, "column_missing")),
        (b"\r\n \r\n", (1, None, "column_missing")),
        (b"a\r\n1\r\n", (1, None, "column_missing")),
        (b"a,b,c\r\n", (1, None, "column_unknown")),
        (b"a;b\r\n", (1, None, "column_unknown")),
        (b"a,b,\r\n", (1, None, "column_unknown")),
        (b"a,b,a\r\n", (1, None, "column_repeated")),
        ("a,b\r\nx,y\r\n".encode("utf-16"), (1, None, "not_utf8")),
        (b"a,b\r\n1,2\r\n\xe9,3\r\n", (3, None, "not_utf8")),
        (b"a,b\r\n1,\xc3", (2, None, "not_utf8")),
        (b"a,b\r\n1,2\0\r\n", (2, None, "nul_byte")),
        (b'a,b\r\n1,2\r\n"1,2\r\n3,4\r\n', (3, None, "row_malformed")),
        (b'a,b\r\n"1"2,3\r\n', (2, None, "row_malformed")),
        (b"a,b\r1,2\r", (1, None, "row_malformed")),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(raw: bytes, problem: tuple[int, None, str]) -> None:
    """With the line, and nothing of it is used."""
    assert refused(BytesIO(raw))[0] == problem


def test_a_header_is_told_whole_and_not_repeated() -> None:
    """Where the header is missing, somebody's name stands there."""
    with pytest.raises(TableError) as error:
        read(file("Ada Osei,ada@example.org"))
    assert told(error.value.problems) == [
        (1, None, "column_unknown"),
        (1, None, "column_unknown"),
        (1, None, "column_missing"),
    ]
    assert "Ada" not in repr(error.value)
    assert isinstance(error.value, InsightSessionsError)
    assert isinstance(error.value, ValueError)


@pytest.mark.parametrize(("sign", "delimiter"), [(";", ","), ("\t", ","), (",", ";")])
def test_another_sign_between_cells_is_recognised(sign: str, delimiter: str) -> None:
    """Many spreadsheets write semicolons; whoever reads the refusal sees what to say, and nothing of the header."""
    with pytest.raises(TableError, match=r"These columns must be there: a, b\.; line 1: Cells seem") as error:
        read(file(sign.join("ab"), sign.join("12")), delimiter=delimiter)
    assert error.value.problems[-1].sentence.endswith(f"say so with delimiter={sign!r}.")
    assert len(read(file(sign.join("ab"), sign.join("12")), delimiter=sign).rows) == 1


def test_a_header_of_one_plain_column_is_told_without_a_guess() -> None:
    """There is no sign in it."""
    assert refused(file("a")) == [(1, None, "column_missing")]


def test_a_refusal_shows_ten_problems_and_counts_the_rest() -> None:
    """However many there are."""
    few = TableError([Problem(number, "a", "x", "Wrong.") for number in range(10)])
    many = TableError([Problem(number, None, "x", "Wrong.") for number in range(12)])
    assert str(few).endswith("line 9, a: Wrong.")
    assert str(many).endswith("line 9: Wrong.; and 2 more")
    assert len(many.problems) == 12


def test_a_refusal_names_the_file_that_was_opened(tmp_path: Path) -> None:
    """Whoever reads many knows which."""
    (tmp_path / "table.csv").write_bytes(b"c")
    with pytest.raises(TableError, match=r"^table\.csv, line 1: Column 1 is none of: a, b\."):
        read(tmp_path / "table.csv")


def test_too_many_columns_are_refused() -> None:
    """Nobody has two hundred."""
    header = ",".join(f"attribute:{number}" for number in range(201))
    assert refused(file(header), known=("attribute:*",)) == [(1, None, "too_many_columns")]


def test_too_many_rows_are_refused_before_they_are_read() -> None:
    """A million of them cost no more than the limit."""
    assert refused(file("a,b", *["1,2"] * 4), limits=Limits(rows=3)) == [(5, None, "too_many_rows")]
    assert len(read(file("a,b", *["1,2"] * 3), limits=Limits(rows=3)).rows) == 3


def test_too_many_bytes_are_refused() -> None:
    """Whatever they are."""
    assert refused(BytesIO(b" " * 70_000), limits=Limits(bytes=69_999)) == [(1, None, "file_too_large")]
    assert len(read(BytesIO(b"a,b\r\n1,2\r\n"), limits=Limits(bytes=10)).rows) == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"a,b\r\n1," + b"x" * MOST_IN_ROW + b"\r\n",
        b"a,b\r\n1," + b"x" * MOST_IN_ROW,
        b'a,b\r\n1,"' + b"x\r\n" * MOST_IN_ROW,
        b'a,b\r\n1,"' + b"x" * (MOST_IN_ROW - 10) + b'\r\nyyyyyyyyyy"\r\n',
    ],
    ids=["a line", "the last line", "an open quote", "a cell of two lines"],
)
def test_a_huge_cell_is_refused(raw: bytes) -> None:
    """By what it is, for perhaps a quote is missing."""
    [(line, column, code)] = refused(BytesIO(raw))
    assert (column, code) == (None, "row_too_long")
    assert line >= 2


class Endless:
    """A million rows, made while they are read."""

    def __init__(self) -> None:
        self._left = 1_000_000
        self.given = 0

    def read(self, size: int) -> bytes:
        """Some of them."""
        rows = min(self._left, size // 8)
        self._left -= rows
        self.given += rows
        return b"1,2345\r\n" * rows if self.given > rows else b"a,b\r\n" + b"1,2345\r\n" * rows


def wrong(cells: dict[str, str]) -> object:
    """No row is right."""
    raise ValueError("Wrong.")


@pytest.mark.parametrize("row", [dict, wrong])
def test_a_million_rows_take_little_memory(row: Callable[[dict[str, str]], Any]) -> None:
    """They are refused at the limit, and no more is read than that needs."""
    source: Any = Endless()
    tracemalloc.start()
    try:
        with pytest.raises(TableError) as error:
            read_table(source, row, needed=("a", "b"), limits=Limits(rows=1_000))
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()
    assert told(error.value.problems) == [(1_002, None, "too_many_rows")]
    assert source.given < 20_000


def test_a_file_that_is_open_as_text_is_told() -> None:
    """Its bytes were read already, by whatever encoding the machine has."""
    with pytest.raises(TypeError, match="bytes"):
        read(StringIO("a,b\n"))


# Rows


def test_rows_are_told_by_the_line_they_begin_in() -> None:
    """Lines are counted as editors do, blank ones and those within a cell too."""
    table = read(file("\ufeffa,b", "", '"x', 'y",1', " , ", "'=2,'x", end="\n"))
    assert table.rows == (Row(3, {"a": "x\ny", "b": "1"}), Row(6, {"a": "=2", "b": "'x"}))
    assert table.problems == ()


def test_ragged_rows_are_told_and_the_others_read() -> None:
    """With how many cells there are."""
    table = read(file("a,b", "1", "1,2", "1,2,3"))
    assert told(table.problems) == [(2, None, "row_ragged"), (4, None, "row_ragged")]
    assert str(table.problems[1]) == "line 4: This row has 3 cells where 2 are expected."
    assert [row.line for row in table.rows] == [3]


def test_columns_may_have_other_names_and_more_columns_be_left_alone() -> None:
    """What is wrong is told by the name that the file has."""
    names = {"First": "a", "Comments": None}
    table = read(file("b,First,Comments", "1,2,anything"), names=names)
    assert table.rows == (Row(2, {"a": "2", "b": "1"}),)
    assert dict(table.titles) == {"b": "b", "a": "First"}


def test_columns_by_name_are_known_by_how_they_begin() -> None:
    """And a name must follow."""
    table = read(file("a,b,attribute:x:y", "1,2,3"), known=("attribute:*",))
    assert table.rows[0].value["attribute:x:y"] == "3"
    assert refused(file("a,b,attribute:", "1,2,3"), known=("attribute:*",)) == [(1, None, "column_unknown")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_other_delimiters_are_read(tmp_path: Path, delimiter: Delimiter) -> None:
    """As spreadsheets of many countries write them."""
    path = tmp_path / "table.csv"
    path.write_text(f"a{delimiter}b\n1{delimiter}2,3\n" if delimiter != "," else 'a,b\n1,"2,3"\n', encoding="utf-8")
    assert read(str(path), delimiter=delimiter).rows == (Row(2, {"a": "1", "b": "2,3"}),)
    assert read(path, delimiter=delimiter).rows


class Counted(BaseModel):
    """A row of one number, with a name for everything."""

    a: int
    attributes: dict[str, int]


def test_what_a_model_says_is_told_by_column_and_without_what_stands_there() -> None:
    """Every wrong cell of a row."""

    def row(cells: dict[str, str]) -> Counted:
        if cells["b"] == "no":
            raise ValueError("Never write no.")
        return Counted.model_validate({"a": cells["a"], "attributes": {"b": cells["b"]}})

    table = read_table(file("First,attribute:b,b", "Ada,,Osei", "1,,2", "1,,no"), row, **WANTED)
    assert [str(one) for one in table.problems] == [
        "line 2, First: Input should be a valid integer, unable to parse string as an integer.",
        "line 2, attribute:b: Input should be a valid integer, unable to parse string as an integer.",
        "line 4: Never write no.",
    ]
    assert {one.code for one in table.problems} == {"cell_wrong", "row_wrong"}
    assert table.rows == (Row(3, Counted(a=1, attributes={"b": 2})),)


WANTED: dict[str, Any] = {"needed": ("a", "b"), "known": ("attribute:*",), "names": {"First": "a"}}


def test_what_a_model_says_of_the_whole_has_no_column() -> None:
    """For it is about none."""
    table = read_table(file("a,b", "1,2"), lambda cells: Counted.model_validate(cells["a"]), needed=("a", "b"))
    assert told(table.problems) == [(2, None, "cell_wrong")]


# Members


def test_members_are_read() -> None:
    """With what is told about them by name; an empty cell says nothing."""
    table = read_members(
        file(
            "id,name,email,language,active,valid_until,setting",
            "q-1,'=Ada,ada@example.org,cy,no,2021-12-31,acute",
            "q-2,Bo,bo@example.org,,,,",
        ),
        names={"setting": "attribute:setting"},
    )
    ada, bo = (row.value for row in table.rows)
    assert (ada.name, ada.language, ada.active, str(ada.valid_until)) == ("=Ada", "cy", False, "2021-12-31")
    assert dict(ada.attributes) == {"setting": "acute"}
    assert (bo.language, bo.active, bo.valid_until, dict(bo.attributes)) == ("en", True, None, {})
    assert table.problems == ()


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("Q-1,Bo,bo@example.org", (3, "id", "member_repeated")),
        ("q-2,Bo,ADA@example.org", (3, "id", "member_repeated")),
        ("q-2,Bo,bo@", (3, "email", "cell_wrong")),
        ("q-2,,bo@example.org", (3, "name", "cell_wrong")),
        ("q-2,B\u202eo,bo@example.org", (3, "name", "cell_wrong")),
        (f"q-2,{'B' * 201},bo@example.org", (3, "name", "cell_wrong")),
    ],
)
def test_a_wrong_member_is_told(row: str, problem: tuple[int, str, str]) -> None:
    """And nobody is there twice."""
    table = read_members(file("id,name,email", "q-1,Ada,ada@example.org", row))
    assert told(table.problems) == [problem]
    assert [found.value.id for found in table.rows] == ["q-1"]
