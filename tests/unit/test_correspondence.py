from collections import Counter
from typing import Any

import pytest

from insight_sessions import Desk, Runtime, hookimpl
from insight_sessions import correspondence as correspondence_module
from insight_sessions.calendar.feed import personal_feed
from insight_sessions.commands.calls import AmendProject, AnnounceProject, CancelProject, OpenCall
from insight_sessions.commands.places import DeclineInterest, SwitchSession, Withdraw
from insight_sessions.commands.sessions import CancelSession, RescheduleSession
from insight_sessions.correspondence import Correspondence
from insight_sessions.domain.notices import Notice, NoticeKind, Wording
from insight_sessions.domain.project import Contact
from insight_sessions.errors import NotFound, PluginError
from insight_sessions.hooks.manager import load_plugins
from insight_sessions.wording import PLACEHOLDERS

from .desk_kit import NOW, P, Rehearsal, interest, member, project, session


class Words:
    """Words in some languages."""

    def __init__(self, *languages: str) -> None:
        self.name = "words"
        self.languages = languages

    @hookimpl
    def insight_sessions_wording(self, kind: NoticeKind, language: str) -> Wording | None:
        """The same for every kind."""
        if language in self.languages:
            return Wording(subject=f"{language}: {{project}}", text=f"{language} {{name}}")
        return None


class Marks:
    """Puts a mark on every calendar entry, or a wrong one."""

    def __init__(self, name: str = "X-MARK") -> None:
        self.name = "marks"
        self.mark = name
        self.sessions: list[str] = []

    @hookimpl
    def insight_sessions_prepare_invite(self, event: Any, session: Any) -> None:  # noqa: ANN401 - whatever is tried
        """Mark it."""
        self.sessions.append(session.id)
        event.add(self.mark, "yes")


class Notified:
    """Keeps which calendar messages came."""

    name = "notified"

    def __init__(self) -> None:
        self.methods: list[str] = []

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Keep it."""
        assert notice.invite is not None
        assert b"X-MARK:yes" in notice.invite.data
        self.methods.append(notice.invite.method)


def writing(*plugins: object) -> Correspondence:
    """Somebody who writes to people, with these plugins."""
    return Correspondence(load_plugins(plugins, discover=False))


def letter(room: Rehearsal, who: str = "ada", *plugins: object) -> Notice:
    """The notice that somebody gets by the last command."""
    return writing(*plugins).notice(room.owed_to(who), room.state)


def lines(data: bytes) -> list[str]:
    """The lines of a calendar file, unfolded."""
    return data.decode().replace("\r\n ", "").split("\r\n")


def test_a_notice_joins_what_is_kept_with_who_it_is_for() -> None:
    """Name, address, words and calendar part."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon")
    owed, notice = room.owed_to("ada"), letter(room)
    assert (notice.id, notice.message_id, notice.date, notice.kind) == (owed.id, owed.message_id, owed.at, owed.kind)
    assert (notice.recipient.person, notice.recipient.member_id) == (ada.person, "ada")
    assert (notice.recipient.name, notice.recipient.email) == ("Ada", "ada@example.org")
    assert notice.project == room.state.project
    assert notice.language == "en"
    assert "Ada" in notice.text
    assert notice.invite is not None
    said = lines(notice.invite.data)
    assert {"METHOD:REQUEST", "SEQUENCE:0", f"UID:{ada.uid}", "DTSTAMP:20210614T090000Z"} <= set(said)
    assert any(line.startswith("ATTENDEE") and line.endswith("mailto:ada@example.org") for line in said)


def test_a_notice_brings_the_facts_that_its_words_are_made_of() -> None:
    """By the names of the placeholders, every one of them; empty where there is nothing to say."""
    room = Rehearsal(project())
    room.register("ada", "mon")
    notice = letter(room)
    assert notice.facts.keys() == PLACEHOLDERS.keys()
    assert (notice.facts["name"], notice.facts["previous"]) == ("Ada", "")
    assert notice.facts["session"]
    assert notice.facts["session"] in notice.text
    with pytest.raises(TypeError):
        notice.facts["name"] = "Eve"  # type: ignore[index]  # pyright: ignore[reportIndexIssue]


def test_a_notice_without_a_place_has_no_calendar_part() -> None:
    """Waiting is no appointment."""
    room = Rehearsal(project())
    room.register("ada", "mon")
    room.register("ben", "mon")
    assert letter(room, "ben").invite is None


def test_a_cancellation_is_of_the_session_they_had() -> None:
    """Under the same UID, with its times."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon")
    room.do(Withdraw(project_id=P, registration_id=ada.id))
    invite = letter(room).invite
    assert invite is not None
    assert invite.method == "CANCEL"
    assert {"METHOD:CANCEL", "STATUS:CANCELLED", "SEQUENCE:1", f"UID:{ada.uid}"} <= set(lines(invite.data))
    assert b"20210705T100000" in invite.data


def test_one_revision_says_one_thing() -> None:
    """Whoever is told of no amendment, as the session has begun or the place is gone, has the invite they were sent."""
    room = Rehearsal(project(session("mon"), session("tue"), session("thu")))
    ada, ben, cat = room.register("ada", "mon"), room.register("ben", "tue"), room.register("cat", "thu")
    room.do(AmendProject(project_id=P, title="Second name"))
    room.do(Withdraw(project_id=P, registration_id=ben.id))
    room.now = room.state.session("mon").begins
    sent = {one.id: writing().invite(room.of(one.person[2:]), room.state).data for one in (ada, ben, cat)}
    room.do(AmendProject(project_id=P, title="Third name", summary="Said anew."))
    room.do(AmendProject(project_id=P, summary="Said once more."))
    assert [who for who, _ in room.told] == ["cat"]
    assert {one.id: data for one, data in writing().invites(room.state)}[ada.id] == sent[ada.id]
    assert writing().invite(room.of("ben"), room.state).data == sent[ben.id]
    assert "SUMMARY:Second name" in lines(sent[ada.id])
    fresh = writing().invite(room.of("cat"), room.state).data
    assert fresh != sent[cat.id]
    assert {"SUMMARY:Third name", "DESCRIPTION:Said once more."} <= set(lines(fresh))
    dan = room.register("dan", "tue")
    assert "SUMMARY:Third name" in lines(writing().invite(dan, room.state).data)


def test_a_feed_of_ones_own_says_what_ones_invite_says() -> None:
    """It carries the same revision."""
    room = Rehearsal(project(session("mon")))
    room.register("ada", "mon")
    room.now = room.state.session("mon").begins
    before = personal_feed([(room.state, room.of("ada"))])
    room.do(AmendProject(project_id=P, title="Second name"))
    assert personal_feed([(room.state, room.of("ada"))]) == before


@pytest.mark.parametrize(
    ("person", "project_language", "known", "expected"),
    [
        ("cy", "de", ("cy", "de", "en"), "cy"),
        ("cy", "de", ("de", "en"), "de"),
        ("cy", "de", ("en",), "en"),
        ("cy", "de", (), "en"),
        ("en", "en", ("fr",), "en"),
    ],
)
def test_words_are_in_the_persons_language_else_the_projects_else_english(
    person: str, project_language: str, known: tuple[str, ...], expected: str
) -> None:
    """The host's own, and ours where it has none."""
    room = Rehearsal(project(language=project_language))
    room.register(member(language=person), "mon")
    notice = letter(room, "ada", Words(*known))
    assert notice.language == expected
    host = expected in known
    assert notice.subject.startswith(f"{expected}: ") is host
    assert (notice.text == f"{expected} Ada") is host


def test_a_plugin_may_mark_the_entry_of_a_session_once_for_everybody() -> None:
    """It is asked once for each session, and for each change of it."""
    marks = Marks()
    writer = writing(marks)
    room = Rehearsal(project(session("mon", capacity=2), session("tue")))
    for who, place in (("ada", "mon"), ("ben", "mon"), ("cat", "tue")):
        room.register(who, place)
        invite = writer.notice(room.owed_to(who), room.state).invite
        assert invite is not None
        assert "X-MARK:yes" in lines(invite.data)
    assert marks.sessions == ["mon", "tue"]
    room.do(RescheduleSession(project_id=P, session_id="mon", starts="2021-07-05T11:00"))
    assert (
        writer.notice(room.owed_to("ada"), room.state).invite != writer.notice(room.owed_to("ben"), room.state).invite
    )
    assert marks.sessions == ["mon", "tue", "mon"]


@pytest.mark.parametrize("withdraws", [False, True], ids=["REQUEST", "CANCEL"])
def test_a_plugin_that_spoils_the_entry_is_named(withdraws: bool) -> None:
    """With the property, and without a word of what is in it; the notice is tried again when it was mended."""
    room = Rehearsal(project())
    ada = room.register("ada", "mon")
    if withdraws:
        room.do(Withdraw(project_id=P, registration_id=ada.id))
    with pytest.raises(PluginError, match=r"^plugin 'marks': its calendar entry cannot be sent: X-BAD…: not the name"):
        letter(room, "ada", Marks("X-BAD\nNAME"))
    with pytest.raises(PluginError, match=r"^plugin 'marks': its calendar entry cannot be sent"):
        writing(Marks("X-BAD\nNAME")).invite(room.of("ada"), room.state)
    assert letter(room, "ada", Marks("X-MENDED")).invite is not None


@pytest.mark.parametrize("sessions", [3, 100])
def test_a_plugin_is_asked_once_for_each_session_and_method_however_many_people_there_are(sessions: int) -> None:
    """Invites, notices and cancellations of a thousand."""
    ids = [f"s{number}" for number in range(sessions)]
    marks, notified = Marks(), Notified()
    clock = Runtime(now=lambda: NOW)
    with Desk.open("memory:", plugins=[marks, notified], discover=False, runtime=clock) as desk:
        desk.do(AnnounceProject(project=project(*(session(id, capacity=None) for id in ids))))
        desk.do(OpenCall(project_id=P))
        desk.do_many(P, [interest(f"m{number}", ids[number % sessions]) for number in range(1_000)])
        assert len(list(desk.invites(P))) == 1_000
        assert sorted(marks.sessions) == sorted(ids)
        assert sum(1 for _ in desk.invites(P, ids[0])) == -(-1_000 // sessions)
        desk.deliver()
        assert sorted(marks.sessions) == sorted(ids)
        desk.do(CancelProject(project_id=P))
        gone = [desk.invite(P, one.id) for one in desk.state(P).registrations.values()]
        desk.deliver()
    assert sorted(marks.sessions) == sorted(ids * 2)
    assert all(b"METHOD:CANCEL" in data and b"X-MARK:yes" in data for data in gone)
    assert Counter(notified.methods) == {"REQUEST": 1_000, "CANCEL": 1_000}


def test_only_so_many_templates_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest are made again when they are needed."""
    monkeypatch.setattr(correspondence_module, "KEPT_TEMPLATES", 1)
    marks = Marks()
    writer = writing(marks)
    room = Rehearsal(project())
    ada, ben = room.register("ada", "mon"), room.register("ben", "tue")
    first = writer.invite(ada, room.state)
    writer.invite(ben, room.state)
    assert writer.invite(ada, room.state) == first
    assert marks.sessions == ["mon", "tue", "mon"]


def test_all_invites_are_written_with_one_template_for_each_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few are kept, and in whatever order people came."""
    monkeypatch.setattr(correspondence_module, "KEPT_TEMPLATES", 1)
    marks = Marks()
    room = Rehearsal(project(session("mon", capacity=2), session("tue", capacity=2)))
    for who, place in (("ada", "mon"), ("ben", "tue"), ("cat", "mon"), ("dan", "tue")):
        room.register(who, place)
    assert len(list(writing(marks).invites(room.state))) == 4
    assert marks.sessions == ["mon", "tue"]


def test_somebodys_current_invite_is_as_things_are_now() -> None:
    """After a withdrawal, it is the cancellation of what they had."""
    room = Rehearsal(project(session("mon", title="Backlogs"), session("tue")))
    ada = room.register("ada", "mon")
    room.do(AmendProject(project_id=P, title="Another name"))
    invite = writing().invite(room.of("ada"), room.state)
    assert (invite.method, "SUMMARY:Another name: Backlogs" in lines(invite.data)) == ("REQUEST", True)
    room.do(SwitchSession(project_id=P, registration_id=ada.id, sessions=("tue",)))
    room.do(Withdraw(project_id=P, registration_id=ada.id))
    gone = writing().invite(room.of("ada"), room.state)
    assert gone.method == "CANCEL"
    assert {"SEQUENCE:2", "STATUS:CANCELLED", f"UID:{ada.uid}"} <= set(lines(gone.data))
    assert b"20210706T140000" in gone.data


def test_somebody_who_never_had_a_place_has_no_invite() -> None:
    """There is nothing to show or to cancel."""
    room = Rehearsal(project())
    room.register("ada", "mon")
    ben = room.register("ben", "mon")
    with pytest.raises(NotFound, match="no invite"):
        writing().invite(ben, room.state)


def test_an_invite_keeps_the_organiser_it_began_with() -> None:
    """Calendars take updates from nobody else."""
    room = Rehearsal(project(session(capacity=2)))
    room.register("ada", "mon")
    room.do(AmendProject(project_id=P, organiser=Contact(name="New", email="new@example.net"), title="New"))
    invite = letter(room).invite
    assert invite is not None
    assert b"insight@example.org" in invite.data
    assert b"new@example.net" not in invite.data
    room.register("ben", "mon")
    other = letter(room, "ben").invite
    assert other is not None
    assert b"new@example.net" in other.data


def test_the_invites_of_all_who_have_a_place_come_by_arrival() -> None:
    """Of one session or of all."""
    room = Rehearsal(project(session("mon", capacity=2), session("tue")))
    for who, place in (("cat", "tue"), ("ada", "mon"), ("ben", "mon"), ("dan", "tue")):
        room.register(who, place)
    everyone = [one.person for one, _ in writing().invites(room.state)]
    assert everyone == ["p-cat", "p-ada", "p-ben"]
    monday = dict(writing().invites(room.state, "mon"))
    assert [one.person for one in monday] == ["p-ada", "p-ben"]
    assert all(data.startswith(b"BEGIN:VCALENDAR") for data in monday.values())


def test_a_notice_to_somebody_unknown_is_not_found() -> None:
    """Neither a registration nor a person is made up."""
    room = Rehearsal(project())
    room.register("ada", "mon")
    owed = room.owed_to("ada")
    nobody = Rehearsal(project()).state
    with pytest.raises(NotFound, match="no registration"):
        writing().notice(owed, nobody)
    with pytest.raises(NotFound, match="no person 'p-ada'"):
        writing().notice(owed, room.state._with(people=nobody.people))


def test_people_read_why_in_the_organisers_words() -> None:
    """Of a cancelled session or project, and of a decline; and nothing where there are none."""
    room = Rehearsal(project(places="review"))
    ada = room.register("ada", "mon")
    room.do(DeclineInterest(project_id=P, registration_id=ada.id, reason="Too many from one place."))
    assert "Too many from one place." in letter(room).text
    ben = room.register("ben", "mon")
    room.do(DeclineInterest(project_id=P, registration_id=ben.id))
    assert "None" not in letter(room, "ben").text

    first = Rehearsal(project())
    first.register("ada", "mon")
    first.register("ben", "tue")
    first.do(CancelSession(project_id=P, session_id="mon", reason="The room is gone."))
    assert "The room is gone." in letter(first).text
    first.do(CancelProject(project_id=P, reason="No funding."))
    assert "No funding." in letter(first, "ben").text
