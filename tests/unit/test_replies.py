"""A desk takes what calendars send back: from the bytes of a mail on a file to what became of it."""

import base64
import email
import email.policy
import logging
import quopri
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from insight_sessions import Desk, NotFound, NoticeKind, Registration, Reply, ReplyReason, Runtime, Status, StorageError
from insight_sessions.calendar.reply import LARGEST
from insight_sessions.commands.calls import AmendProject
from insight_sessions.commands.places import Withdraw
from insight_sessions.commands.sessions import RescheduleSession
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import StorageBusy
from insight_sessions.replies import receive
from insight_sessions.storage.sqlite import SQLiteStorage

from .desk_kit import NOW, P, Rehearsal, interest, member, project, session
from .desk_store import Clock, Ears, Post, Shaky, a_desk, desk_on, open_call

FILES = Path(__file__).parents[1] / "golden" / "replies"
ID = "r-6f1d2c3b4a5968778695a4b3"
CHLOE = member("chloe", email="chloe+insight@example.org")


class Known(Clock):
    """A clock with which the first registration gets the id that the files name."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[str] = []

    @property
    def runtime(self) -> Runtime:
        """For a desk."""

        @dataclass(frozen=True, slots=True, kw_only=True)
        class Naming(Runtime):
            drawn: list[str]

            def _mint_in(self, second: str, prefix: str) -> str:
                """The id of the files, once."""
                if prefix != "r-" or self.drawn:
                    return Runtime._mint_in(self, second, prefix)
                self.drawn.append(ID)
                return ID

        known = super().runtime
        return Naming(now=known.now, random_bytes=known.random_bytes, sleep=known.sleep, drawn=self.drawn)


class Invited:
    """A project in which Ada, or Chloe, has Tuesday, and Ben waits for it; two days before their calendars answer."""

    def __init__(self, storage: SQLiteStorage | Shaky, *, sequence: int = 0, chloe: bool = False) -> None:
        self.post, self.ears, self.clock = Post(), Ears(), Known()
        self.desk = desk_on(storage, self.post, self.ears, clock=self.clock)
        open_call(self.desk, project(session("mon"), session("tue")))
        self.mine = self.desk.do(interest(CHLOE if chloe else "ada", "tue"))
        self.desk.do(interest("ben", "tue"))
        for minute in range(1, sequence + 1):
            self.desk.do(RescheduleSession(project_id=P, session_id="tue", starts=f"2021-07-06T13:0{minute}"))
        self.desk.deliver()
        self.post.taken.clear()
        self.clock.moves(days=2)

    @property
    def registration(self) -> Registration:
        """Hers, as it is now."""
        return self.desk.state(P).registration(self.mine.id)

    def said(self) -> list[tuple[str, NoticeKind]]:
        """What goes out now."""
        self.post.taken.clear()
        self.desk.deliver()
        return self.post.said


def store(folder: Path) -> SQLiteStorage:
    """A file."""
    return SQLiteStorage(folder / "store.db", lambda size: b"x" * size)


def calendar_in(raw: bytes) -> bytes:
    """The first calendar of a mail, or the file itself; read by Python's own parser."""
    if raw[:15].upper() == b"BEGIN:VCALENDAR":
        return raw
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    for part in message.walk():
        body = part.get_payload(decode=True)
        if isinstance(body, bytes) and b"VCALENDAR" in body.upper():
            return body
    raise AssertionError("no calendar in it")


def answer(
    partstat: str, sequence: int = 0, *, clock: str = "20210615T090000", uid: str | None = None, whose: str = "ada"
) -> bytes:
    """A short reply."""
    return (
        f"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nUID:{uid or f'{ID}.{P}.insight-sessions'}\r\n"
        f"SEQUENCE:{sequence}\r\nDTSTAMP:{clock}Z\r\nCOMMENT:canary in the comment\r\n"
        f"ATTENDEE;PARTSTAT={partstat}:mailto:{whose}@example.org\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    ).encode()


# What every calendar sends

UNDERSTOOD = {
    "apple-declined.eml": ("DECLINED", 0),
    "exchange-accepted.eml": ("ACCEPTED", 0),
    "forwarded-accepted.eml": ("ACCEPTED", 0),
    "google-accepted.eml": ("ACCEPTED", 0),
    "groupware-declined.eml": ("DECLINED", 0),
    "nextcloud-accepted.eml": ("ACCEPTED", 0),
    "nextcloud-accepted.ics": ("ACCEPTED", 0),
    "outlook-declined.ics": ("DECLINED", 1),
    "thunderbird-accepted.eml": ("ACCEPTED", 2),
    "zimbra-tentative.eml": ("TENTATIVE", 0),
}
OTHERS = {
    "bounce.eml": ReplyReason.NOT_A_REPLY,
    "exchange-counter.ics": ReplyReason.COUNTER,
    "notes-delegated.ics": ReplyReason.DELEGATED,
    "out-of-office.eml": ReplyReason.NO_CALENDAR,
}


def encoded(name: str, encode: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """A mail with one calendar in that transfer encoding."""
    head = f"Content-Type: text/calendar; method=REPLY\r\nContent-Transfer-Encoding: {name}\r\n\r\n".encode()
    return lambda raw: head + encode(calendar_in(raw))


def inside(kind: str, wrapped: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """The same deeper in a mail."""
    head = f"From: ada@example.org\r\nContent-Type: {kind}\r\n\r\n".encode()
    if kind == "message/rfc822":
        return lambda raw: head + wrapped(raw)
    boundary = kind.partition("boundary=")[2].encode()
    plain = b"Content-Type: text/plain\r\n\r\nHello\r\n--" + boundary + b"\r\n"
    return lambda raw: head + b"--" + boundary + b"\r\n" + plain + wrapped(raw) + b"\r\n--" + boundary + b"--\r\n"


BASE64 = encoded("base64", base64.encodebytes)
WAYS: dict[str, Callable[[bytes], bytes]] = {
    "as it came": bytes,
    "8bit": encoded("8bit", bytes),
    "binary": encoded("BINARY", bytes),
    "quoted-printable": encoded("Quoted-Printable", quopri.encodestring),
    "base64": BASE64,
    "in parts": inside("multipart/mixed; boundary=a", inside("multipart/alternative; boundary=b", BASE64)),
    "in a mail": inside("multipart/mixed; boundary=a", inside("message/rfc822", BASE64)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("file", UNDERSTOOD)
def test_what_each_calendar_sends_is_kept_in_a_file_and_shown(tmp_path: Path, file: str, way: str) -> None:
    """In every transfer encoding and at any depth; a copy changes nothing, and another process sees it."""
    partstat, sequence = UNDERSTOOD[file]
    on_a_file = way == "as it came" or file.startswith("google")
    room = Invited(store(tmp_path) if on_a_file else Shaky(), sequence=sequence, chloe=file.startswith("thunderbird"))
    raw = WAYS[way]((FILES / file).read_bytes())
    reply = room.desk.receive_reply(raw)
    kept = ReplyReason.PLACE_KEPT if partstat == "DECLINED" else ReplyReason.RECORDED
    assert (reply.understood, reply.reason) == (True, kept)
    assert reply.registration == room.registration
    assert (room.registration.partstat, room.registration.place, room.registration.sequence) == (
        *(partstat, "tue", sequence),
    )
    state = room.desk.state(P)
    assert room.desk.receive_reply(raw) == replaced(reply, ReplyReason.NOT_NEWER)
    assert room.desk.state(P) is state
    declined = [(room.desk.state(P).people[room.mine.person].member_id, NoticeKind.GIVE_UP_PLACE)]
    assert room.said() == (declined if partstat == "DECLINED" else [])
    room.desk.close()
    if on_a_file:
        with desk_on(store(tmp_path), clock=room.clock) as later:
            assert later.state(P).registration(ID).partstat == partstat


def replaced(reply: Reply, reason: ReplyReason) -> Reply:
    """The same with another reason."""
    return Reply(reply.understood, reason, reply.registration, reply.comment)


@pytest.mark.parametrize("file", OTHERS)
def test_what_is_no_answer_changes_nothing(tmp_path: Path, file: str) -> None:
    """Our own invite coming back, another time proposed, somebody else sent, an automatic mail."""
    room = Invited(store(tmp_path))
    state = room.desk.state(P)
    for trusted in (False, True):
        assert room.desk.receive_reply((FILES / file).read_bytes(), trusted) == Reply(
            understood=False, reason=OTHERS[file]
        )
    assert room.desk.state(P) is state
    room.desk.close()


def test_every_file_is_tried() -> None:
    """A file that no test names would prove nothing."""
    assert {file.name for file in FILES.iterdir()} == {*UNDERSTOOD, *OTHERS}


# What becomes of it


def test_an_answer_is_shown_by_the_state_and_explained(tmp_path: Path) -> None:
    """In a code and a plain sentence, which ends as one."""
    room = Invited(store(tmp_path))
    for clock, (partstat, words) in enumerate(
        {"ACCEPTED": "you mean to come", "TENTATIVE": "may come", "DECLINED": "until you give it up"}.items()
    ):
        room.desk.receive_reply(answer(partstat, clock=f"20210615T09000{clock}"))
        assert room.desk.state(P).registration(ID).partstat == partstat
        (_, because) = room.desk.explain(P, "ada").reasons
        assert because.code == "calendar_answered"
        assert partstat in because.sentence
        assert words in because.sentence
        assert ":" not in because.sentence
    room.desk.do(RescheduleSession(project_id=P, session_id="tue", starts="2021-07-06T16:00"))
    assert [because.code for because in room.desk.explain(P, "ada").reasons] == ["has_place", "earlier_invite_answered"]
    room.desk.close()


def test_an_answer_to_the_old_time_brings_the_present_invite_once_more(tmp_path: Path) -> None:
    """Unanswered, the same revision, later; and once."""
    room = Invited(store(tmp_path), sequence=1)
    reply = room.desk.receive_reply(answer("ACCEPTED"))
    assert (reply.reason, reply.registration) == (ReplyReason.EARLIER_INVITE, room.registration)
    assert room.registration.partstat is None
    assert room.said() == [("ada", NoticeKind.ANSWER_AGAIN)]
    (notice,) = room.post.taken
    assert notice.invite is not None
    unfolded = notice.invite.data.replace(b"\r\n ", b"")
    for line in (b"METHOD:REQUEST", b"SEQUENCE:1", b"DTSTAMP:20210616T090000Z", b"PARTSTAT=NEEDS-ACTION", b"RSVP=TRUE"):
        assert line in unfolded
    assert notice.invite.data == room.desk.invite(P, ID)
    again = room.desk.receive_reply(answer("DECLINED", clock="20210615T100000"), trusted=True)
    assert (again.reason, room.registration.place) == (ReplyReason.EARLIER_INVITE, "tue")
    assert room.said() == []
    room.desk.close()


def test_declining_asks_once_and_gives_up_the_place_only_when_it_can_be_trusted(tmp_path: Path) -> None:
    """The same mail, once the host has checked it."""
    room = Invited(store(tmp_path))
    assert room.desk.receive_reply(answer("DECLINED")).reason is ReplyReason.PLACE_KEPT
    assert room.said() == [("ada", NoticeKind.GIVE_UP_PLACE)]
    (notice,) = room.post.taken
    assert notice.invite is None
    assert "Your place is still yours. To give it up, write to " in notice.text
    reply = room.desk.receive_reply(answer("DECLINED"), trusted=True)
    assert reply.reason is ReplyReason.WITHDRAWN
    assert reply.registration is not None
    assert reply.registration.status is Status.WITHDRAWN
    assert room.said() == [("ada", NoticeKind.WITHDRAWN), ("ben", NoticeKind.PLACE_CONFIRMED)]
    gone = room.desk.receive_reply(answer("DECLINED"), trusted=True)
    assert (gone.understood, gone.reason, gone.registration) == (True, ReplyReason.NO_PLACE, room.registration)
    assert room.said() == []
    room.desk.close()


def sent(raw: bytes, *senders: str) -> bytes:
    """A mail with that calendar, from these."""
    headers = "".join(f"From: {sender}@example.org\r\n" for sender in senders)
    return f"{headers}Content-Type: text/calendar; method=REPLY\r\n\r\n".encode() + raw


DECLINED = answer("DECLINED")
NOT_HERS: dict[str, bytes] = {
    "a stranger's mail": sent(DECLINED, "eve"),
    "a secretary's mail": sent(DECLINED.replace(b"ATTENDEE", b'ATTENDEE;SENT-BY="mailto:ben@example.org"'), "ben"),
    "a secretary's answer": sent(DECLINED.replace(b"ATTENDEE", b'ATTENDEE;SENT-BY="mailto:ben@example.org"'), "ada"),
    "two senders": sent(DECLINED, "ada", "eve"),
    "no sender": sent(DECLINED),
    "passed on by her": b"From: ada@example.org\r\nContent-Type: message/rfc822\r\n\r\n" + sent(DECLINED, "ada"),
    "a mail like a file": DECLINED.replace(b"METHOD", b"From: eve@example.org\r\nMETHOD"),
}


@pytest.mark.parametrize("name", NOT_HERS)
def test_trust_in_a_mail_that_is_not_from_the_attendee_gives_no_place_away(name: str) -> None:
    """The host knows who sent it, and that is not who answers."""
    room = Invited(Shaky())
    assert room.desk.receive_reply(NOT_HERS[name], trusted=True).reason is ReplyReason.PLACE_KEPT
    assert (room.registration.place, room.registration.partstat) == ("tue", "DECLINED")
    assert room.said() == [("ada", NoticeKind.GIVE_UP_PLACE)]


def test_trust_in_a_mail_from_the_attendee_counts() -> None:
    """Whatever the case of its letters; and without it, the same mail gives no place away."""
    room = Invited(Shaky())
    assert room.desk.receive_reply(sent(DECLINED, "Ada")).reason is ReplyReason.PLACE_KEPT
    assert room.desk.receive_reply(sent(DECLINED, "Ada"), trusted=True).reason is ReplyReason.WITHDRAWN


@pytest.mark.parametrize(
    ("line", "damaged", "reason"),
    [
        ("SEQUENCE:0", "SEQUENCE:-7", ReplyReason.BAD_SEQUENCE),
        ("SEQUENCE:0", "SEQUENCE:abc", ReplyReason.BAD_SEQUENCE),
        ("SEQUENCE:0", "SEQUENCE:", ReplyReason.BAD_SEQUENCE),
        ("SEQUENCE:0", "SEQUENCE:12345678901", ReplyReason.NEVER_SENT),
        ("DTSTAMP:20210615T090000Z", "DTSTAMP:20210615T096000Z", ReplyReason.BAD_STAMP),
        ("DTSTAMP:20210615T090000Z", "DTSTAMP:", ReplyReason.BAD_STAMP),
    ],
)
def test_what_is_damaged_gives_no_place_away(line: str, damaged: str, reason: ReplyReason) -> None:
    """Also when the host knows whose it is: nobody can tell what was answered."""
    room = Invited(Shaky())
    raw = DECLINED.replace(line.encode(), damaged.encode())
    assert room.desk.receive_reply(raw, trusted=True) == Reply(understood=False, reason=reason)
    assert (room.registration.place, room.registration.replied) == ("tue", None)


def test_a_later_update_carries_the_answer(tmp_path: Path) -> None:
    """Whatever else changes about the session at the same time."""
    room = Invited(store(tmp_path))
    room.desk.receive_reply(answer("TENTATIVE"))
    room.desk.do(AmendProject(project_id=P, title="Another name"))
    room.said()
    notice = next(notice for notice in room.post.taken if notice.recipient.member_id == "ada")
    assert notice.invite is not None
    assert b"PARTSTAT=TENTATIVE" in notice.invite.data.replace(b"\r\n ", b"")
    assert b"PARTSTAT=TENTATIVE" in room.desk.invite(P, ID).replace(b"\r\n ", b"")
    room.desk.close()


def test_an_answer_that_comes_while_an_update_waits_is_in_it(tmp_path: Path) -> None:
    """Or the update would undo it in their calendar."""
    room = Invited(store(tmp_path))
    room.desk.do(AmendProject(project_id=P, title="Another name"))
    room.desk.receive_reply(answer("ACCEPTED"))
    room.said()
    (notice,) = (one for one in room.post.taken if one.recipient.member_id == "ada")
    assert notice.invite is not None
    assert b"PARTSTAT=ACCEPTED" in notice.invite.data.replace(b"\r\n ", b"")
    room.desk.close()


def test_after_the_session_began_or_the_place_went_an_answer_is_understood_and_nothing_else(tmp_path: Path) -> None:
    """Each says why."""
    room = Invited(store(tmp_path))
    room.clock.now = datetime(2021, 7, 6, 13, tzinfo=UTC)
    begun = room.desk.receive_reply(answer("DECLINED"), trusted=True)
    assert (begun.understood, begun.reason, begun.registration) == (True, ReplyReason.SESSION_BEGUN, room.registration)
    room.clock.now = NOW
    room.desk.do(Withdraw(project_id=P, registration_id=ID))
    gone = room.desk.receive_reply(answer("ACCEPTED"))
    assert (gone.understood, gone.reason, gone.registration) == (True, ReplyReason.NO_PLACE, room.registration)
    room.desk.close()


# What is nobody's


@pytest.mark.parametrize(
    "raw",
    [
        answer("DECLINED", whose="eve"),
        answer("DECLINED", whose="ben"),
        answer("DECLINED", 99, whose="eve"),
        answer("DECLINED", uid=f"r-nobody.{P}.insight-sessions"),
        answer("DECLINED", uid=f"{ID}.another.insight-sessions"),
        answer("DECLINED", uid=f"{ID}.~store.insight-sessions"),
        answer("DECLINED", uid=f"{ID}.insight-sessions"),
        answer("DECLINED", uid=f"{ID}.{P}.insight-sessions.x"),
        answer("DECLINED", uid=f"{ID.upper()}.{P}.insight-sessions"),
        answer("DECLINED", uid="040000008200E00074C5B7101A82E008"),
    ],
    ids=range(10),
)
@pytest.mark.parametrize("trusted", [False, True])
def test_an_unknown_address_is_like_an_unknown_entry(raw: bytes, trusted: bool) -> None:
    """Nobody learns which ids there are, nobody is added, and nobody else has to wait."""
    held: list[str] = []
    storage = Shaky()
    room = Invited(storage)
    state = room.desk.state(P)
    storage.holding = lambda: held.append("held")
    assert room.desk.receive_reply(raw, trusted) == Reply(understood=False, reason=ReplyReason.UNKNOWN)
    assert room.desk.state(P) is state
    assert held == []
    assert len(state.people) == 2


def test_a_revision_that_was_never_sent_is_not_understood() -> None:
    """And not held against its person."""
    room = Invited(Shaky())
    assert room.desk.receive_reply(answer("DECLINED", 1), trusted=True) == Reply(False, ReplyReason.NEVER_SENT)
    assert room.desk.receive_reply(answer("ACCEPTED")).reason is ReplyReason.RECORDED


def test_somebody_who_goes_meanwhile_is_not_known_any_more() -> None:
    """Between looking them up and taking their reply."""
    room = Rehearsal(project())
    mine = room.register("ada", "mon")

    def gone(_: object) -> Registration:
        raise NotFound("registration", mine.id)

    def state_of(_: str) -> ProjectState:
        return room.state

    found = receive(answer("ACCEPTED", uid=mine.uid), trusted=False, state_of=state_of, do=gone)
    assert found == Reply(understood=False, reason=ReplyReason.UNKNOWN)


# Whatever it is


def test_text_will_do_and_so_will_anything_in_it() -> None:
    """As a web framework may hand it on."""
    room = Invited(Shaky())
    assert room.desk.receive_reply(answer("ACCEPTED").decode()).reason is ReplyReason.RECORDED
    assert room.desk.receive_reply("").reason is ReplyReason.NO_CALENDAR
    assert room.desk.receive_reply("\udcff\ud800 \x00 ☃").reason is ReplyReason.NO_CALENDAR


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_bytes_will_do(kind: Callable[[bytes], bytes | bytearray | memoryview]) -> None:
    """As a socket may hand them on."""
    room = Invited(Shaky())
    assert room.desk.receive_reply(kind(answer("ACCEPTED"))).reason is ReplyReason.RECORDED


@pytest.mark.parametrize("raw", [None, 5_000_001, ["BEGIN:VCALENDAR"]])
def test_what_is_neither_bytes_nor_text_is_a_mistake_of_the_program(raw: Any) -> None:  # noqa: ANN401 - whatever it is
    """And not of who sent it."""
    with pytest.raises(TypeError, match=r"^a reply is the bytes or the text of a calendar file or of a whole mail$"):
        Invited(Shaky()).desk.receive_reply(raw)


@pytest.mark.parametrize("clock", ["00010101T000000", "99991231T235959"])
def test_a_moment_that_cannot_be_does_no_harm(tmp_path: Path, clock: str) -> None:
    """It is kept, or left out, and a later answer counts."""
    room = Invited(store(tmp_path))
    assert room.desk.receive_reply(answer("ACCEPTED", clock=clock)).reason is ReplyReason.RECORDED
    room.desk.close()
    with desk_on(store(tmp_path), clock=room.clock) as later:
        room.clock.moves(hours=1)
        assert later.receive_reply(answer("TENTATIVE", clock="20210616T093000")).reason is ReplyReason.RECORDED
        assert later.state(P).registration(ID).partstat == "TENTATIVE"


PARTS = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n"
LARGE: dict[str, tuple[bytes | str, ReplyReason]] = {
    "a large file": (answer("DECLINED").ljust(5_000_000), ReplyReason.TOO_LARGE),
    "a large text": ("x" * 5_000_000, ReplyReason.TOO_LARGE),
    "a text that is larger as bytes": ("☃" * 2_000_000, ReplyReason.TOO_LARGE),
    "a huge file": (bytes(50_000_000), ReplyReason.TOO_LARGE),
    "a file that is just not too large": (answer("DECLINED").ljust(LARGEST, b"\n"), ReplyReason.TOO_MUCH),
    "deep parts": (PARTS * 80_000 + answer("DECLINED"), ReplyReason.TOO_MUCH),
    "deep mails": (b"Content-Type: message/rfc822\r\n\r\n" * 150_000 + answer("DECLINED"), ReplyReason.TOO_MUCH),
    "deep components": (b"BEGIN:VCALENDAR\r\n" * 9_000 + answer("DECLINED"), ReplyReason.TOO_MUCH),
}


@pytest.mark.parametrize("name", LARGE)
def test_what_is_too_large_or_too_deep_changes_nothing(name: str) -> None:
    """It is told apart before it is read, or bounded while it is."""
    raw, reason = LARGE[name]
    room = Invited(Shaky())
    state = room.desk.state(P)
    assert room.desk.receive_reply(raw, trusted=True) == Reply(understood=False, reason=reason)
    assert room.desk.state(P) is state


def test_a_store_that_fails_is_the_only_thing_that_is_raised() -> None:
    """Nothing was taken, and the same mail may come again."""
    storage = Shaky()
    room = Invited(storage)
    storage.refuse_commit = [StorageError("gone")]
    with pytest.raises(StorageError):
        room.desk.receive_reply(answer("ACCEPTED"))
    assert room.registration.partstat is None
    storage.refuse_commit = [StorageBusy("busy")]
    storage.lose_answer = [StorageError("lost")]
    assert room.desk.receive_reply(answer("ACCEPTED")).reason is ReplyReason.RECORDED
    assert room.registration.partstat == "ACCEPTED"


def test_no_word_of_a_reply_is_kept_logged_or_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever gives it to us gets the comment back, and can pass it on."""
    room = Invited(store(tmp_path), sequence=1)
    with caplog.at_level(logging.DEBUG):
        first = room.desk.receive_reply(answer("ACCEPTED"))
        second = room.desk.receive_reply(answer("DECLINED", 1))
        room.desk.deliver()
    assert first.comment == second.comment == "canary in the comment"
    assert "canary" not in repr((first, second, room.ears.heard, room.post.taken)) + caplog.text
    room.desk.close()
    assert not [file for file in tmp_path.iterdir() if b"canary" in file.read_bytes()]


def test_listeners_hear_what_was_answered() -> None:
    """With whose answer it is, in ids."""
    room = Invited(Shaky(), sequence=1)
    room.desk.receive_reply(answer("ACCEPTED"))
    room.desk.receive_reply(answer("TENTATIVE", 1))
    room.desk.deliver()
    assert [(event.kind, event.answer) for event in room.ears.heard[-2:]] == [
        ("earlier_invite_answered", "ACCEPTED"),
        ("invite_answered", "TENTATIVE"),
    ]
    assert {event.registration for event in room.ears.heard[-2:]} == {ID}


def test_a_desk_without_plugins_takes_replies_too() -> None:
    """Nobody is told then, and the answer is kept."""
    desk: Desk = a_desk()
    mine = desk.do(interest("ada", "tue"))
    assert desk.receive_reply(answer("DECLINED", uid=mine.uid, clock="20210614T080000")).understood
    assert desk.state(P).registration(mine.id).partstat == "DECLINED"
