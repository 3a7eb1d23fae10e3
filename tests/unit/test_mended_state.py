"""What enters and what is kept, where it once went wrong."""

import os
import re
import traceback
from typing import Any

import pytest
from pydantic import ValidationError

from insight_sessions.commands.base import Command
from insight_sessions.commands.calls import AmendProject, AnnounceProject
from insight_sessions.commands.places import ConfirmPlace, SwitchSession
from insight_sessions.commands.sessions import AddSession, RescheduleSession
from insight_sessions.domain.member import Member
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.project import Project
from insight_sessions.domain.session import Session
from insight_sessions.domain.thing import RESTORE_GAP
from insight_sessions.errors import PluginError, StorageError
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.port import Change, Entry

from .desk_kit import P, Rehearsal, interest, member, project, session
from .desk_store import Clock, Directory, Post, a_desk, desk_on, open_call

DECOMPOSED = "zoe\u0308"
HEADER = "Eve\r\nX-Canary: 1"


def sequence(data: bytes) -> int:
    """The revision of a calendar message."""
    found = re.search(rb"\r\nSEQUENCE:(\d+)\r\n", data)
    assert found is not None
    return int(found[1])


def stamp(data: bytes) -> bytes:
    """When a calendar message says that it was written; as text these sort by time."""
    found = re.search(rb"\r\nDTSTAMP:(\d{8}T\d{6}Z)\r\n", data)
    assert found is not None
    return found[1]


def test_after_a_restore_a_first_invite_leaves_the_gap_too() -> None:
    """Another first invite may have gone out between the backup and the restore."""
    storage = MemoryStorage(os.urandom)
    desk = open_call(desk_on(storage), project(places="review"))
    ada = desk.do(interest("ada", "mon", "tue"))
    storage.restored()
    desk.do(ConfirmPlace(project_id=P, registration_id=ada.id, session_id="tue"))
    assert sequence(desk.invite(P, ada.id)) >= RESTORE_GAP


def test_after_a_restore_other_details_leave_the_gap_too() -> None:
    """So did other words for the same time, which count on from the place."""
    storage, post = MemoryStorage(os.urandom), Post()
    desk = open_call(desk_on(storage, post))
    ada = desk.do(interest("ada", "mon"))
    desk.deliver()
    storage.restored()
    desk.do(AmendProject(project_id=P, title="Another name"))
    desk.deliver()
    notice = post.taken[-1]
    assert notice.kind is NoticeKind.DETAILS_CHANGED
    assert notice.invite is not None
    assert sequence(notice.invite.data) >= RESTORE_GAP
    assert sequence(desk.invite(P, ada.id)) == sequence(notice.invite.data)


def test_each_message_of_a_chain_is_stamped_after_the_one_before() -> None:
    """Even in the same second, or when the clock went back: clients drop what seems older."""
    clock, post = Clock(), Post()
    desk = a_desk(post, clock=clock)
    ada = desk.do(interest("ada", "mon"))
    commands: list[Command[Any]] = [
        AmendProject(project_id=P, title="Another name"),
        SwitchSession(project_id=P, registration_id=ada.id, sessions=("tue",)),
        RescheduleSession(project_id=P, session_id="tue", starts="2021-07-06T16:00"),
    ]
    for command, hours in zip(commands, (-2, 0, -1), strict=True):
        desk.deliver()
        clock.moves(hours=hours)
        desk.do(command)
    clock.moves(days=1)
    desk.deliver()
    stamps = [stamp(notice.invite.data) for notice in post.taken if notice.invite is not None]
    assert len(stamps) == 4
    assert stamps == sorted(set(stamps))
    assert stamp(desk.invite(P, ada.id)) == stamps[-1]


@pytest.mark.parametrize("starts", ["0001-01-01T00:00", "1969-12-30T10:00", "9001-01-02T10:00", "9999-12-31T23:30"])
def test_a_session_outside_the_years_anybody_can_count_with_is_refused(starts: str) -> None:
    """Its end, or its time in another zone, might not exist at all."""
    with pytest.raises(ValidationError):
        project(session("mon", starts))
    room = Rehearsal(project())
    with pytest.raises(ValidationError):
        room.do(AddSession(project_id=P, session=session("new", starts)))
    with pytest.raises(ValidationError):
        room.do(RescheduleSession(project_id=P, session_id="mon", starts=starts))


@pytest.mark.parametrize("starts", ["1970-01-03T00:00", "8999-12-30T23:30"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_session_within_those_years_has_a_calendar(starts: str, zone: str) -> None:
    """In every zone, and its end too."""
    desk = a_desk(announced=project(session("mon", starts, minutes=1440), timezone=zone))
    assert b"BEGIN:VEVENT" in desk.session_calendar(P, "mon")
    assert desk.tick() in {0, 1}


@pytest.mark.parametrize(
    "update",
    [
        {"id": "e\r\nv"},
        {"name": HEADER},
        {"email": "eve@example.org\r\nX-Canary: 1"},
        {"email": "eve@example.org,Canary@example.org"},
        {"name": "=?utf-8?q?=0D=0AX-Canary?="},
        {"name": None},
        {"language": "en\r\n"},
        {"attributes": {"role": HEADER}},
    ],
    ids=["id", "name", "header", "addresses", "encoded", "none", "language", "attributes"],
)
def test_a_member_that_was_altered_unchecked_is_checked_at_the_door(update: dict[str, object]) -> None:
    """Pydantic's model_copy looks at nothing, and an invite would carry a line of theirs."""
    desk = a_desk()
    altered = member("eve").model_copy(update=update)
    with pytest.raises(ValidationError) as caught:
        desk.do(interest(altered, "mon"))
    assert "Canary" not in str(caught.value)
    assert len(desk.state(P).people) == 0


def altered_session() -> Session:
    """One whose title is two lines."""
    return session("mon").model_copy(update={"title": HEADER})


@pytest.mark.parametrize(
    "altered",
    [
        project().model_copy(update={"title": HEADER}),
        project().model_copy(update={"sessions": (altered_session(),)}),
        Project.model_construct(**{**dict(project()), "title": HEADER}),
        Project.model_construct(**{**dict(project()), "recheck_days": 10**9}),
    ],
    ids=["title", "session", "made", "days"],
)
def test_a_project_that_was_altered_unchecked_is_checked_at_the_door(altered: Project) -> None:
    """Its title stands in the subject of every mail."""
    desk = desk_on()
    with pytest.raises(ValidationError) as caught:
        desk.do(AnnounceProject(project=altered))
    assert "Canary" not in str(caught.value)
    assert desk.projects() == []


def test_sessions_put_into_a_project_unchecked_get_their_instant() -> None:
    """Being checked again, they become part of it like any others."""
    desk = desk_on()
    desk.do(AnnounceProject(project=project().model_copy(update={"sessions": (session("new"),)})))
    assert desk.state(P).session("new").begins.hour == 9


def test_a_session_that_was_altered_unchecked_cannot_be_added() -> None:
    """The same door."""
    desk = a_desk()
    with pytest.raises(ValidationError):
        desk.do(AddSession(project_id=P, session=altered_session().model_copy(update={"id": "new"})))


def test_what_a_directory_answers_is_checked_too() -> None:
    """The error names the plugin and nobody's data."""
    eve = Member.model_construct(**{**dict(member("eve")), "name": HEADER})
    desk = a_desk(Directory(eve))
    with pytest.raises(PluginError) as caught:
        desk.do(interest_by_id("eve"))
    assert caught.value.plugin == "directory"
    said = "".join(traceback.format_exception(caught.value))
    assert "Canary" not in said
    assert "eve@example.org" not in said


def interest_by_id(key: str) -> Command[Any]:
    """Somebody named by the host's id of them."""
    return interest(member("x"), "mon").model_copy(update={"member": key})


def test_a_member_is_found_by_their_id_however_it_is_composed() -> None:
    """An id is kept in one normal form, and the host may hold it in another."""
    desk = a_desk()
    desk.do(interest(member(DECOMPOSED, email="zoe@example.org"), "mon"))
    for key in (DECOMPOSED, "zo\xeb"):
        assert len(desk.of_member(key)) == 1
        assert desk.explain(P, key).status == "confirmed"
        assert desk.state(P).registration_of(key) is not None


def test_half_a_character_finds_nobody() -> None:
    """Nobody can have such an id."""
    desk = a_desk()
    assert desk.of_member("\ud800") == []
    assert desk.explain(P, "\ud800").status is None
    assert desk.state(P).registration_of("\ud800") is None


@pytest.mark.parametrize("body", ['{"format":1,"canary":', '{"format":1,"kind":"canary"}', '{"format":9}'])
def test_a_line_of_the_journal_that_cannot_be_read_is_an_error_without_it(body: str) -> None:
    """As for every other record."""
    storage = MemoryStorage(os.urandom)
    desk = open_call(desk_on(storage))
    with storage.hold(P) as hold:
        hold.commit(Change(version=hold.version + 1, entries=[Entry(P, hold.journal_end + 1, body)]))
    with pytest.raises(StorageError) as caught:
        desk.history(P)
    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_a_language_tag_has_at_most_35_characters() -> None:
    """RFC 5646 section 4.4.1: each part of it is tried when words are looked for."""
    longest = "en" + "-abcdefgh" * 3 + "-abcde"
    assert member(language=longest).language == longest
    for wrong in (longest + "f", "en" + "-abcdefgh" * 2000):
        with pytest.raises(ValidationError):
            member(language=wrong)
        with pytest.raises(ValidationError):
            project(language=wrong)
