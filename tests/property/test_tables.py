"""Tables: whatever people are called and say, it comes back; whatever the bytes, they are read or refused."""

import csv
import json
from collections.abc import Iterator
from io import BytesIO, StringIO
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from insight_sessions import (
    AnnounceProject,
    Attendance,
    ConsentAsked,
    Desk,
    Member,
    OpenCall,
    ProjectState,
    Question,
    RecordAttendance,
    RegisterInterest,
)
from insight_sessions.tables import (
    Limits,
    Problem,
    TableError,
    inert,
    plain,
    read_attendance,
    read_members,
    read_sign_ups,
    read_table,
    stream_roster,
)
from insight_sessions.tables.lines import Delimiter
from insight_sessions.testing.strategies import lines, members
from insight_sessions.text import Line
from tests.unit.desk_kit import P, Rehearsal, project, session

LINE = TypeAdapter[str](Line)

signs = st.sampled_from([*"=+-@'\"\t\r\n,; |\u00a0\ufeff\u200b\uff1d\uff0b\uff0d\uff20\u2212", "'=", "''", "\r\n"])
anything = st.lists(signs | st.text(max_size=3), max_size=8).map("".join)


def as_line(text: str) -> str:
    """The text as it passes the door; something that looks like a formula where it does not."""
    try:
        return LINE.validate_python("".join(sign for sign in text if sign.isprintable()))
    except ValidationError:
        return "=Ada"


hard = lines() | anything.map(as_line)
"""What people may be called and may say; among it what looks like a formula."""


@given(anything)
def test_every_text_comes_back_from_its_cell(text: str) -> None:
    """And no cell begins with what counts, be it behind spaces or apostrophes."""
    cell = inert(text)
    assert plain(cell) == text
    looks = text.lstrip("' \u00a0\ufeff\u200b").startswith(tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"))
    assert cell.startswith("'") or not looks


@given(anything)
def test_every_cell_of_somebody_else_is_read(cell: str) -> None:
    """As it is, or without the apostrophe that made it inert."""
    assert plain(cell) in {cell, cell[1:]}
    assert plain(cell) == cell or inert(plain(cell)) == cell


@given(st.lists(st.tuples(anything, anything), max_size=5), st.sampled_from([",", ";", "\t"]))
def test_every_table_of_texts_comes_back(rows: list[tuple[str, str]], delimiter: Delimiter) -> None:
    """Written as RFC 4180 has it, by anybody."""
    written = StringIO()
    writer = csv.writer(written, delimiter=delimiter)
    writer.writerows([("a", "b"), *((inert(first), inert(second)) for first, second in rows)])
    table = read_table(
        BytesIO(written.getvalue().replace("\0", "").encode()),
        lambda cells: (cells["a"], cells["b"]),
        needed=("a", "b"),
        delimiter=delimiter,
    )
    said = [pair for pair in rows if any(inert(part).replace("\0", "").strip() for part in pair)]
    assert [row.value for row in table.rows] == [
        (first.replace("\0", ""), second.replace("\0", "")) for first, second in said
    ]
    assert table.problems == ()


people = members(ids=hard).flatmap(
    lambda one: st.builds(
        one.model_copy,
        update=st.fixed_dictionaries({"name": hard, "attributes": st.dictionaries(hard, hard, max_size=3)}),
    )
)


@st.composite
def rosters(draw: st.DrawFn) -> ProjectState:
    """A project with people who are called and say whatever they like."""
    questions = tuple(Question(id=f"q{number}", text="Why?") for number in range(2))
    consents = (ConsentAsked(purpose="quotes", text="You may quote me."),)
    some = (session("mon", capacity=1), session("tue", capacity=None))
    told = Rehearsal(project(*some, questions=questions, consents=consents, members_only=False))
    for who in draw(st.lists(people, max_size=4, unique_by=lambda one: one.id)):
        answers = draw(st.dictionaries(st.sampled_from(["q0", "q1"]), hard))
        wishes = draw(st.sampled_from([("mon", "tue"), ("tue", "mon"), ("tue",)]))
        agreed = draw(st.sampled_from([(), ("quotes",)]))
        told.do(
            RegisterInterest(
                project_id=P, member=Member(**dict(who)), sessions=wishes, answers=answers, consents=agreed
            )
        )
    return told.state


def starred() -> ProjectState:
    """A project with somebody who has an attribute called ``*``."""
    told = Rehearsal(project(session("mon"), questions=(Question(id="q0", text="Why?"),), members_only=False))
    who = Member(id="ada", name="Ada", email="ada@example.org", attributes={"*": "yes"})
    told.do(RegisterInterest(project_id=P, member=who, sessions=("mon",)))
    return told.state


@given(rosters(), st.booleans(), st.sampled_from([",", ";", "\t"]))
@example(state=starred(), bom=False, delimiter=",")
def test_a_roster_comes_back_as_the_sign_ups_that_made_it(state: ProjectState, bom: bool, delimiter: Delimiter) -> None:
    """The same members, wishes, answers and consents, whatever they hold."""
    raw = b"".join(stream_roster(state, bom=bom, delimiter=delimiter))
    table = read_sign_ups(BytesIO(raw), state, delimiter=delimiter)
    assert table.problems == ()
    registrations = sorted(state.registrations.values(), key=lambda one: one.arrived)
    assert len(table.rows) == len(registrations)
    for row, one in zip(table.rows, registrations, strict=True):
        assert isinstance(row.value, RegisterInterest)
        assert row.value.member == state.people[one.person].member
        assert row.value.sessions == one.wishes
        assert row.value.answers == state.answers[one.id].answers
        assert row.value.consents == tuple(
            consent.purpose for consent in state.consents.values() if consent.person == one.person and consent.given
        )


@given(rosters())
def test_no_cell_of_a_roster_is_taken_for_a_formula(state: ProjectState) -> None:
    """And JSON holds each text as it is."""
    raw = b"".join(stream_roster(state))
    cells = [cell for row in csv.reader(StringIO(raw.decode(), newline=""), strict=True) for cell in row]
    assert not [cell for cell in cells if cell[:1] in {*"=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"}]
    found = json.loads(b"".join(stream_roster(state, form="json")))
    assert {one["name"] for one in found} == {one.name for one in state.people.values()}


@given(rosters(), st.data())
def test_attendance_comes_back(state: ProjectState, data: st.DataObject) -> None:
    """A roster in which somebody filled in who came asks for exactly that."""
    head, *rows = csv.reader(StringIO(b"".join(stream_roster(state)).decode(), newline=""), strict=True)
    wanted = {}
    for row in rows:
        row[-1] = data.draw(st.sampled_from(["", "unset", *Attendance]))
        if row[-1] and row[head.index("place")]:
            wanted[row[0]] = row[-1]
        elif row[-1]:
            row[-1] = ""
    written = StringIO()
    csv.writer(written).writerows([head, *rows])
    table = read_attendance(BytesIO(written.getvalue().encode()), state)
    assert table.problems == ()
    asked = [row.value for row in table.rows if row.value is not None]
    assert all(isinstance(one, RecordAttendance) for one in asked)
    assert {id: mark for one in asked for id, mark in one.attendance.items()} == wanted


# Bytes from anywhere

tokens = st.sampled_from(
    [
        *(b"\r\n", b"\n", b"\r", b",", b";", b'"', b'""', b"'", b"=", b"\0", b"\xff", b"\xc3", b"\xef\xbb\xbf", b"\t"),
        *(b"id,name,email,sessions", b"\nq-1,Ada,ada@example.org,mon tue", b"attribute:", b"answer:q", b"sessions"),
        *(
            b"\nq-2,Bo",
            b"attendance",
            b"registration",
            b"member",
            b",yes",
            b"mon",
            b'\n"',
            b"consent:x",
            b"\xe2\x80\xae",
        ),
    ]
)
raws = st.lists(tokens | st.binary(max_size=6), max_size=30).map(b"".join)
headed = st.sampled_from([b"id,name,email,sessions\r\n", b"member,sessions\n", b"id,attendance\n", b""])


class Dribble:
    """A file that is read in small pieces, of any size."""

    def __init__(self, raw: bytes, size: int) -> None:
        self._file = BytesIO(raw)
        self._size = size

    def read(self, size: int) -> bytes:
        """Not more than a few bytes."""
        return self._file.read(min(size, self._size))


def outcome(read: Any, source: Any) -> tuple[list[Any], tuple[Problem, ...]]:  # noqa: ANN401 - whatever reads it
    """The rows and problems of a file; no row when it is refused."""
    try:
        found = read(source)
    except TableError as error:
        return [], error.problems
    return [(row.line, row.value) for row in found.rows], found.problems


@pytest.fixture(scope="module")
def state() -> Iterator[ProjectState]:
    """A project to import into."""
    with Desk.open("memory:", discover=False) as desk:
        desk.do(AnnounceProject(project=project()))
        desk.do(OpenCall(project_id=P))
        yield desk.state(P)


@given(headed, raws, st.integers(1, 9))
@example(b"", b"id,name\xc3", 1)
@example(b"id,name,email,sessions\r\n", b'q,"' + b"x\n" * 60_000, 9)
def test_whatever_the_bytes_they_are_read_or_refused(state: ProjectState, header: bytes, raw: bytes, size: int) -> None:
    """By line and code, without what stands in them, and the same in whatever pieces they come."""
    for read in (
        lambda source: read_sign_ups(source, state, limits=Limits(rows=5)),
        lambda source: read_attendance(source, state),
        read_members,
    ):
        found = outcome(read, BytesIO(header + raw))
        assert outcome(read, Dribble(header + raw, size)) == found
        for one in found[1]:
            assert 1 <= one.line <= raw.count(b"\n") + 2
            assert one.code.isidentifier()
            assert one.sentence.endswith(".")
            assert "\ufffd" not in str(one)


CANARY = "Zqx7"
"""Somebody's name, wherever it stands."""

written = st.sampled_from(
    [
        *(
            CANARY,
            f"{CANARY}@example.org",
            f"{CANARY}@",
            f"{CANARY}\x07",
            f"mon {CANARY}",
            f"{CANARY}?=",
            "mon",
            "yes",
            "",
        ),
        *(f"2030-01-{CANARY}", f'"{CANARY}', f'"{CANARY}"{CANARY}', f"=?utf-8?q?{CANARY}?=", "q-1", "a@example.org"),
        *(f"{CANARY}\0", CANARY * 60, f"{CANARY}\udcff", "attended", "en", "no"),
    ]
)
cells = st.lists(written, max_size=8).map(",".join)


@given(
    st.sampled_from(
        [
            "id,name,email,sessions,language,active,valid_until,attribute:setting",
            *("member,sessions", "id,attendance,place", "registration,attendance", CANARY, f"id,name,email,{CANARY}"),
        ]
    ),
    st.lists(cells, max_size=4),
)
def test_what_is_wrong_is_told_without_what_stands_there(state: ProjectState, header: str, rows: list[str]) -> None:
    """Neither in a problem nor in a refusal, wherever somebody's name stands; there the header may be missing."""
    raw = "\r\n".join([header, *rows]).encode(errors="surrogateescape")
    for read in (
        lambda source: read_sign_ups(source, state),
        lambda source: read_attendance(source, state),
        read_members,
    ):
        for problem in outcome(read, BytesIO(raw))[1]:
            assert CANARY.lower() not in repr(problem).lower()
