"""A notice as a mail: how it is laid out, its headers, and what people are called that would be more than a name."""

import subprocess
import sys
from dataclasses import replace
from email import message_from_bytes
from email.header import Header
from email.message import EmailMessage
from email.policy import default
from functools import cache
from hashlib import sha256
from typing import Any

import mailparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from insight_sessions_smtp.letters import Letters
from insight_sessions_smtp.showing import LINKS

from insight_sessions import (
    AmendProject,
    AnnounceProject,
    CancelSession,
    ConfirmFollowing,
    Contact,
    Desk,
    Follow,
    Invite,
    Member,
    Method,
    Notice,
    NoticeKind,
    OpenCall,
    PostUpdate,
    Project,
    RegisterInterest,
    ReleaseJoiningDetails,
    Session,
    hookimpl,
)
from insight_sessions.samples import example_notices
from tests.unit.lines import lines
from tests.unit.mail_pages import Page, flat

unhurried = settings(deadline=None)
LETTERS = Letters()
OTHERS = Letters()
NOTICES = example_notices(links=True)
CONFIRMED, WITHOUT_INVITE = NOTICES[1:3]
UPDATE = next(one for one in NOTICES if one.kind is NoticeKind.UPDATE)
HEADERS = ["From", "Reply-To", "To", "Subject", "Date", "Message-ID", "Content-Language", "Auto-Submitted"]
LEAVE_HEADERS = ["List-Unsubscribe", "List-Unsubscribe-Post"]
STRUCTURE = ["MIME-Version", "Content-Type"]

MARKUP = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></style></head><body onload=alert(1)>",
    "<!-- --><!--[if mso]><p>",
    "{{ 7*7 }}{% raw %}{# #}{project}",
    "&lt;b&gt;&#60;i&#62;&amp;",
    "javascript:alert(1)",
    "<a href='https://evil.example'>x</a>",
    "[x](https://evil.example) **b** `c`",
    "' onmouseover=' alert(1) ]]> <?php ?>",
)
SMUGGLED = (
    "=?utf-8?q?Hi=0D=0ABcc:_x@example.org?=",
    "x =?utf-8?b?SGkNCkJjYzogeEBleGFtcGxlLm9yZw==?= y",
    "=?",
    "Bcc: x@example.org",
    "a, b@example.org, <c@example.org>;",
    "BEGIN:VEVENT",
    "ATTENDEE:mailto:x@example.org",
    "\\n\\nATTENDEE;CN=x:mailto:x@example.org",
)
BREAKS = ("a\nBcc: x@example.org", "a\r\nBcc: x", "a\rb", "a\x00b", "a\x85b", "a\u2028b", "a\x0bb")


def read(raw: bytes) -> EmailMessage:
    """The mail as another program reads it."""
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    assert not any(part.defects for part in message.walk())
    return message


def part(message: EmailMessage, kind: str) -> str:
    """The text, or the page."""
    (found,) = (one for one in message.walk() if one.get_content_type() == f"text/{kind}")
    assert isinstance(found, EmailMessage)
    content: str = found.get_content()
    return content.replace("\r\n", "\n")


def kinds(message: EmailMessage) -> list[str]:
    """What the mail consists of, from the outside in."""
    return [one.get_content_type() for one in message.walk()]


def test_an_invite_is_the_last_alternative_and_a_file() -> None:
    """As calendars expect it (RFC 6047); both copies are the same bytes."""
    message = read(LETTERS.build(CONFIRMED))
    assert CONFIRMED.invite is not None
    assert message.get_content_type() == "multipart/mixed"
    alternative, file = message.iter_parts()
    assert alternative.get_content_type() == "multipart/alternative"
    shown = list(alternative.iter_parts())
    assert [one["Content-Type"] for one in shown] == [
        'text/plain; charset="utf-8"',
        'text/html; charset="utf-8"',
        'text/calendar; charset="utf-8"; method="REQUEST"',
    ]
    assert all(one.get_content_disposition() is None and one.get_filename() is None for one in shown)
    assert file["Content-Type"] == 'application/ics; name="invite.ics"'
    assert (file.get_content_disposition(), file.get_filename()) == ("attachment", "invite.ics")
    for copy in (shown[2], file):
        assert copy.get_payload(decode=True) == CONFIRMED.invite.data
    assert b"text/calendar; charset=utf-8; method=REQUEST\r\n" in LETTERS.build(CONFIRMED)


@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: f"{notice.id}-{notice.kind}")
def test_every_kind_is_a_whole_mail(notice: Notice) -> None:
    """To that person only, and told apart from mail that people write."""
    raw = LETTERS.build(notice)
    assert raw.isascii()
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
    assert max(map(len, raw.split(b"\r\n"))) < 998
    message = read(raw)
    alternative = ["multipart/alternative", "text/plain", "text/html"]
    invited = ["multipart/mixed", *alternative, "text/calendar", "application/ics"]
    assert kinds(message) == (alternative if notice.invite is None else invited)
    leaves = bool(notice.recipient.follower)
    assert message.keys() == [*HEADERS, *(LEAVE_HEADERS if leaves else []), *STRUCTURE]
    assert [one.addr_spec for one in message["To"].addresses] == [notice.recipient.email]
    assert message["Subject"] == notice.subject
    assert (message["Date"].datetime, message["Message-ID"]) == (notice.date, notice.message_id)
    assert (message["Auto-Submitted"], message["Content-Language"]) == ("auto-generated", "en")
    letter = LETTERS.write(notice)
    assert part(message, "plain") == letter.text + "\n"
    assert part(message, "html") == letter.html.strip("\n") + "\n"
    if notice.invite is not None:
        (calendar,) = (one for one in message.walk() if one.get_content_type() == "text/calendar")
        assert calendar.get_param("method") == notice.invite.method


def test_another_reader_finds_the_same() -> None:
    """One that shares no line with the standard library's modern headers."""
    for notice in (CONFIRMED, replace(UPDATE, subject="Über die Hälfte ist da ✓")):
        raw = LETTERS.build(notice)
        found: Any = mailparser.parse_from_bytes(raw)
        assert found.to == [(notice.recipient.name, notice.recipient.email)]
        assert found.from_ == found.reply_to == [("Q insight team", "insight@example.org")]
        assert (found.subject, found.message_id) == (notice.subject, notice.message_id)
        assert not found.defects
        letter = LETTERS.write(notice)
        assert [one.replace("\r\n", "\n").strip() for one in found.text_plain] == [letter.text]
        assert [flat(one) for one in found.text_html] == [flat(letter.html)]
        files = [one["filename"] for one in found.attachments if one["filename"]]
        assert ("invite.ics" in files) is (notice.invite is not None)


@pytest.mark.parametrize("length", [1, 49, 50, 51, 76, 200, 900])
def test_a_follower_leaves_by_one_click(length: int) -> None:
    """By the same address as in the text; no reader finds a gap in it, however long its token is."""
    url = "https://sessions.example.org/do/" + ("eyJh_-." * length)[:length]
    raw = LETTERS.build(replace(UPDATE, links={"unfollow": url}))
    message = read(raw)
    assert message["List-Unsubscribe"].strip() == f"<{url}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert url in part(message, "plain").splitlines()
    found: Any = mailparser.parse_from_bytes(raw)
    assert found.headers["List-Unsubscribe"].strip() == f"<{url}>"
    # Not even one that looks at nothing but bytes.
    assert f"<{url}>".encode() in raw.partition(b"\r\n\r\n")[0]


def test_whoever_follows_nothing_has_no_list_to_leave() -> None:
    """Even if a link for it should come along."""
    assert not set(read(LETTERS.build(replace(CONFIRMED, links=LINKS))).keys()) & set(LEAVE_HEADERS)
    assert not set(read(LETTERS.build(replace(UPDATE, links={}))).keys()) & set(LEAVE_HEADERS)


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_links_to_the_page_of_this_machine(host: str) -> None:
    """As a desk takes them, for trying things out: they stand on the page, and no mail program is told of them."""
    links = {name: f"http://{host}/answer/{name}" for name in UPDATE.links}
    message = read(LETTERS.build(replace(UPDATE, links=links)))
    assert not set(message.keys()) & set(LEAVE_HEADERS)
    assert f'href="http://{host}/answer/unfollow"' in LETTERS.write(replace(UPDATE, links=links)).html


def test_somebody_else_may_send_for_the_organiser() -> None:
    """Answers still go to the organiser."""
    message = read(Letters(Contact(name="Sessions", email="no-reply@example.org")).build(CONFIRMED))
    assert message["From"] == "Sessions <no-reply@example.org>"
    assert message["Reply-To"] == "Q insight team <insight@example.org>"


@unhurried
@given(st.text(max_size=20), st.binary(max_size=300), st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_every_copy_is_the_same_to_the_byte(id: str, data: bytes, text: str) -> None:
    """Another notice has another boundary, and no text is one."""
    notice = replace(CONFIRMED, id=id, text=text or "x", invite=Invite(Method.REQUEST, data))
    assert LETTERS.build(notice) == OTHERS.build(replace(notice))
    message = read(LETTERS.build(notice))
    assert message.get_boundary() != read(LETTERS.build(replace(notice, id=id + "x"))).get_boundary()
    assert len(kinds(message)) == 6


def test_every_process_writes_the_same() -> None:
    """Whatever the seed of its hashes."""
    program = (
        "from hashlib import sha256; from insight_sessions.samples import example_notices;"
        "from insight_sessions_smtp.letters import Letters;"
        "print(sha256(b''.join(Letters().build(one) for one in example_notices(links=True))).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONHASHSEED": "7"}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == sha256(b"".join(LETTERS.build(one) for one in NOTICES)).hexdigest()


def test_a_text_cannot_end_its_part() -> None:
    """Even when it knows the boundary."""
    boundary = read(LETTERS.build(CONFIRMED)).get_boundary()
    text = f"--{boundary}--\n\n--{boundary}\nContent-Type: text/html\n\n<p>"
    message = read(LETTERS.build(replace(CONFIRMED, text=text, links={})))
    assert part(message, "plain") == text + "\n"
    assert len(kinds(message)) == 6


@pytest.mark.parametrize("text", ["短い文です。" * 20, "Zoë ging heim. " * 20, "a" * 2000, ".\n..\nFrom here\n a \n"])
def test_every_text_arrives_as_it_was_written(text: str) -> None:
    """Encoded one way or the other, whichever is shorter."""
    raw = LETTERS.build(replace(CONFIRMED, text=text, links={}))
    assert part(read(raw), "plain") == text.strip() + "\n"
    plain = next(one for one in read(raw).walk() if one.get_content_type() == "text/plain")
    assert plain["Content-Transfer-Encoding"] == ("base64" if text.startswith("短") else "quoted-printable")


@unhurried
@given(lines(), lines(), lines())
def test_whatever_people_are_called_it_stays_a_name(name: str, organiser: str, subject: str) -> None:
    """No header, recipient or part comes of it."""
    project = CONFIRMED.project.model_copy(update={"organiser": Contact(name=organiser, email="insight@example.org")})
    recipient = replace(CONFIRMED.recipient, name=name)
    message = read(LETTERS.build(replace(CONFIRMED, project=project, recipient=recipient, subject=subject)))
    assert message.keys() == [*HEADERS, *STRUCTURE]
    assert [one.addr_spec for one in message["To"].addresses] == ["ada@example.org"]
    assert [one.addr_spec for one in message["From"].addresses] == ["insight@example.org"]
    assert message["Subject"] == subject
    Page(part(message, "html"))


@pytest.mark.parametrize("bad", BREAKS)
@pytest.mark.parametrize("where", ["subject", "name", "sender", "language", "message_id", "email"])
def test_a_line_break_in_a_header_is_refused(where: str, bad: str) -> None:
    """Names are checked when they come in; whatever still gets here goes no further, and is not repeated."""
    letters, notice = LETTERS, CONFIRMED
    if where == "sender":
        letters = Letters(Contact.model_construct(name=bad, email="no-reply@example.org"))
    elif where in {"name", "email"}:
        notice = replace(CONFIRMED, recipient=replace(CONFIRMED.recipient, **{where: bad}))
    else:
        changes: dict[str, Any] = {where: bad}
        notice = replace(CONFIRMED, **changes)
    with pytest.raises(ValueError, match="what is meant for") as found:
        letters.build(notice)
    assert bad not in str(found.value)


@pytest.mark.parametrize("subject", SMUGGLED)
def test_what_looks_encoded_is_shown_as_it_is(subject: str) -> None:
    """It is encoded once more, so that nobody decodes it (CVE-2024-6923)."""
    recipient = replace(CONFIRMED.recipient, name=subject)
    message = read(LETTERS.build(replace(CONFIRMED, subject=subject, recipient=recipient)))
    assert message.keys() == [*HEADERS, *STRUCTURE]
    assert message["Subject"] == subject
    assert [one.addr_spec for one in message["To"].addresses] == ["ada@example.org"]


def test_a_mail_with_a_header_that_is_not_ours_is_never_given_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the standard library fail us."""
    encoded = replace(CONFIRMED, subject="Ein Platz für Sie")
    for smuggled in ("Hi\r\nBcc: eve@example.org", "Hi\r\n\r\nand so on"):
        monkeypatch.setattr(Header, "encode", lambda *_, found=smuggled, **__: found)
        with pytest.raises(ValueError, match="a header that is not ours"):
            LETTERS.build(encoded)


class Kept:
    """A plugin that keeps what is sent."""

    name = "kept"

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """One more."""
        self.notices.append(notice)


@cache
def everything(said: str, text: str) -> tuple[Notice, ...]:
    """What a desk sends when somebody puts words into every field there is."""
    kept = Kept()
    sessions = [
        Session(id=id, starts=f"2030-07-0{day}T10:00", minutes=60, capacity=1, title=said, where=said)
        for day, id in enumerate(("mon", "tue"), 1)
    ]
    organiser = Contact(name=said, email="insight@example.org")
    project = Project(
        id="backlogs", title=said, summary=text, timezone="Europe/London", organiser=organiser, sessions=tuple(sessions)
    )
    with Desk.open("memory:", plugins=[kept], discover=False) as desk:
        desk.do(AnnounceProject(project=project))
        follower = desk.do(Follow(project_id="backlogs", email="eve@example.org", name=said))
        desk.do(ConfirmFollowing(project_id="backlogs", follower_id=follower.id))
        desk.do(OpenCall(project_id="backlogs"))
        for who in ("ada", "ben"):
            member = Member(id=who, name=said, email=f"{who}@example.org")
            desk.do(RegisterInterest(project_id="backlogs", member=member, sessions=("mon",)))
        desk.deliver()
        link = "https://meet.example.org/backlogs"
        desk.do(ReleaseJoiningDetails(project_id="backlogs", session_id="mon", link=link, text=text))
        desk.do(PostUpdate(project_id="backlogs", title=said, text=text))
        desk.deliver()
        desk.do(AmendProject(project_id="backlogs", summary=text + "."))
        desk.do(CancelSession(project_id="backlogs", session_id="mon", reason=text))
        desk.deliver()
    return tuple(kept.notices)


@pytest.mark.parametrize("said", [*MARKUP, *SMUGGLED[3:]])
def test_what_people_say_changes_no_page_no_header_and_no_calendar(said: str) -> None:
    """Names, titles, places, reasons and news: each mail has the bones of one in which everything is harmless."""
    plain, odd = (everything(one, one) for one in ("Harmless", said))
    assert len(plain) == len(odd) >= 8
    assert {one.kind for one in odd} >= {
        NoticeKind.PLACE_CONFIRMED,
        NoticeKind.WAITING,
        NoticeKind.JOINING_DETAILS,
        NoticeKind.UPDATE,
        NoticeKind.SESSION_CANCELLED,
        NoticeKind.CONFIRM_FOLLOWING,
    }
    for harmless, notice in zip(plain, odd, strict=True):
        other, message = (read(LETTERS.build(one)) for one in (harmless, notice))
        assert message.keys() == other.keys()
        assert kinds(message) == kinds(other)
        assert message["Subject"] == notice.subject
        assert len(message["To"].addresses) == len(message["From"].addresses) == 1
        shown, expected = (Page(part(one, "html")) for one in (message, other))
        assert shown.skeleton == expected.skeleton
        assert shown.style == expected.style
        assert flat(said) in shown.text
        assert said in part(message, "plain")
        if notice.invite is not None:
            assert harmless.invite is not None
            ours, theirs = (Calendar.from_ical(one.data) for one in (notice.invite, harmless.invite))
            assert [one.name for one in ours.walk()] == [one.name for one in theirs.walk()]
            assert [sorted(one.keys()) for one in ours.walk()] == [sorted(one.keys()) for one in theirs.walk()]
            (event,) = ours.walk("VEVENT")
            assert said in str(event["SUMMARY"])
            assert event["ATTENDEE"] == f"mailto:{notice.recipient.email}"


@pytest.mark.parametrize("said", [*SMUGGLED[:2], *BREAKS])
def test_what_could_become_a_header_does_not_come_in(said: str) -> None:
    """The door refuses it, without repeating it."""
    with pytest.raises(ValueError, match="not allowed") as found:
        everything(said, "Harmless")
    assert said not in str(found.value)
