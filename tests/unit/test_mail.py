"""A notice as a mail: its layout, its headers, and names that try to be more than names."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.header import Header, decode_header, make_header
from email.message import EmailMessage
from email.policy import compat32, default
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight_sessions.domain.notices import Invite, Method, Notice, NoticeKind
from insight_sessions.domain.project import Contact
from insight_sessions.hooks.headers import headers, list_headers
from insight_sessions.hooks.mail import mail
from insight_sessions.testing import example_notices
from tests.unit.lines import lines

CONFIRMED, WITHOUT_INVITE = example_notices()[1:3]
HEADERS = ["From", "Reply-To", "To", "Subject", "Date", "Message-ID", "Content-Language", "Auto-Submitted"]

invites = st.builds(Invite, st.sampled_from(Method), st.binary(min_size=1, max_size=2_000))


def read(notice: Notice) -> EmailMessage:
    """The mail as another program reads it."""
    message = message_from_bytes(mail(notice), policy=default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def to(notice: Notice, **changes: str) -> Notice:
    """The same notice to somebody else."""
    return replace(notice, recipient=replace(notice.recipient, **changes))


def by(notice: Notice, name: str, email: str = "insight@example.org") -> Notice:
    """The same notice from another organiser."""
    organiser = Contact(name=name, email=email)
    return replace(notice, project=notice.project.model_copy(update={"organiser": organiser}))


def addresses(message: EmailMessage, header: str) -> list[tuple[str, str]]:
    """Names and addresses in a header."""
    found: Any = message[header]
    return [(one.display_name, one.addr_spec) for one in found.addresses]


def mailbox(notice: Notice, header: str) -> tuple[str, str]:
    """The name and the address in a header, by the standard library's older way of reading."""
    raw = message_from_bytes(mail(notice), policy=compat32)[header]
    name, email = parseaddr(raw.replace("\r\n", ""))
    return str(make_header(decode_header(name))), email


def plain(message: EmailMessage) -> str:
    """The text, with line ends as we write them."""
    body = message.get_body(("plain",))
    assert body is not None
    content: str = body.get_content()
    return content.replace("\r\n", "\n")


def test_the_whole_mail_without_an_invite() -> None:
    """Byte for byte."""
    notice = replace(
        WITHOUT_INVITE,
        subject="Ein Platz für Sie",
        text="Hallo Zoë,\n\nbis bald = gleich.\n.\nFrom here on",
        language="de",
    )
    assert mail(notice) == (
        b'From: "Q insight team" <insight@example.org>\r\n'
        b'Reply-To: "Q insight team" <insight@example.org>\r\n'
        b'To: "Ada Osei" <ada@example.org>\r\n'
        b"Subject: =?utf-8?q?Ein_Platz_f=C3=BCr_Sie?=\r\n"
        b"Date: Mon, 14 Jun 2021 09:03:00 +0000\r\n"
        b"Message-ID: <n-example-3@example.org>\r\n"
        b"Content-Language: de\r\n"
        b"Auto-Submitted: auto-generated\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n"
        b"\r\n"
        b"Hallo Zo=C3=AB,\r\n"
        b"\r\n"
        b"bis bald =3D gleich.\r\n"
        b"=2E\r\n"
        b"From here on\r\n"
    )


def test_an_invite_is_the_last_alternative_and_a_file() -> None:
    """As calendars expect it (RFC 6047); both copies are the same bytes."""
    message = read(CONFIRMED)
    assert CONFIRMED.invite is not None
    alternative, file = message.iter_parts()
    text, calendar = alternative.iter_parts()
    kinds = [part.get_content_type() for part in (message, alternative, text, calendar, file)]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/calendar", "application/ics"]
    assert plain(message) == CONFIRMED.text + "\n"
    assert dict(calendar["Content-Type"].params) == {"method": "REQUEST", "charset": "utf-8"}
    assert calendar.get_content_disposition() is None
    assert dict(file["Content-Type"].params) == {"name": "invite.ics"}
    assert (file.get_content_disposition(), file.get_filename()) == ("attachment", "invite.ics")
    for part in (calendar, file):
        assert part.get_payload(decode=True) == CONFIRMED.invite.data


@pytest.mark.parametrize("notice", example_notices(), ids=lambda notice: notice.id)
def test_every_notice_has_the_same_headers(notice: Notice) -> None:
    """To that person only, from the organiser, and told apart from mail that people write."""
    message = read(notice)
    assert message.keys()[:8] == HEADERS
    assert set(message.keys()[8:]) <= {"MIME-Version", "Content-Type", "Content-Transfer-Encoding"}
    to_team = notice.kind in {NoticeKind.ZONE_RULES_CHANGED, NoticeKind.BELOW_MINIMUM, NoticeKind.ADDRESS_UNREACHABLE}
    team, ada = ("Q insight team", "insight@example.org"), ("Ada Osei", "ada@example.org")
    assert addresses(message, "To") == [team if to_team else ada]
    assert addresses(message, "From") == addresses(message, "Reply-To") == [("Q insight team", "insight@example.org")]
    assert message["Subject"] == notice.subject
    assert message["Date"].datetime == notice.date
    assert message["Message-ID"] == notice.message_id
    assert message["Content-Language"] == "en"
    assert message["Auto-Submitted"] == "auto-generated"


@given(lines(), lines(), lines(), st.text(st.characters(exclude_categories=["Cs"]), max_size=500), st.none() | invites)
def test_whatever_people_are_called_it_stays_a_name(
    name: str, organiser: str, subject: str, text: str, invite: Invite | None
) -> None:
    """No header, recipient or part comes of it, and every reader sees it as it was written."""
    notice = replace(by(to(CONFIRMED, name=name), organiser), subject=subject, text=text, invite=invite)
    produced = mail(notice)
    assert produced.isascii()
    assert produced.count(b"\n") == produced.count(b"\r\n") == produced.count(b"\r")
    assert max(map(len, produced.split(b"\r\n"))) < 320
    message = read(notice)
    assert message.keys()[:8] == HEADERS
    assert mailbox(notice, "To") == (name, "ada@example.org")
    assert mailbox(notice, "From") == mailbox(notice, "Reply-To") == (organiser, "insight@example.org")
    for header, expected in {"To": (name, "ada@example.org"), "From": (organiser, "insight@example.org")}.items():
        ((shown, email),) = addresses(message, header)
        # Between two encoded words this reader keeps a space that is not there (RFC 2047 §6.2); others it leaves out.
        assert ("".join(shown.split()), email) == ("".join(expected[0].split()), expected[1])
    assert message["Subject"] == subject
    assert plain(message) == text.replace("\r\n", "\n").replace("\r", "\n") + "\n"
    assert [part.get_payload(decode=True) for part in message.walk() if part.get_content_type() == "text/calendar"] == (
        [] if invite is None else [invite.data]
    )


@given(st.text(max_size=20), st.binary(max_size=300))
def test_every_copy_is_the_same_to_the_byte(id: str, data: bytes) -> None:
    """Also in another process; another notice has another boundary."""
    notice = replace(CONFIRMED, id=id, invite=Invite(Method.REQUEST, data))
    assert mail(notice) == mail(replace(notice))
    other = mail(replace(notice, id=id + "x"))
    assert read(notice).get_boundary() != message_from_bytes(other).get_boundary()


def test_a_text_cannot_end_its_part() -> None:
    """Even when it knows the boundary."""
    boundary = read(CONFIRMED).get_boundary()
    text = f"--{boundary}--\n\n--{boundary}\nContent-Type: text/html\n\n<p>"
    message = read(replace(CONFIRMED, text=text))
    assert plain(message) == text + "\n"
    assert len(list(message.walk())) == 5


@pytest.mark.parametrize("moment", [datetime(2021, 6, 14, 11, tzinfo=timezone(timedelta(hours=2)))])
def test_the_date_is_the_notices(moment: datetime) -> None:
    """In the zone it is given in."""
    assert read(replace(CONFIRMED, date=moment))["Date"].datetime == datetime(2021, 6, 14, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "bad", ["a\nBcc: x@example.org", "a\r\nBcc: x", "a\rb", "a\x00b", "a\x85b", "a\u2028b", "a\x0bb"]
)
@pytest.mark.parametrize("where", ["subject", "recipient", "organiser", "language", "message_id"])
def test_a_line_break_in_a_header_is_refused(where: str, bad: str) -> None:
    """Names are checked when they come in; whatever still gets here goes no further, and is not repeated."""
    notice = {
        "subject": replace(CONFIRMED, subject=bad),
        "recipient": to(CONFIRMED, name=bad),
        "organiser": replace(
            CONFIRMED,
            project=CONFIRMED.project.model_copy(
                update={"organiser": Contact.model_construct(name=bad, email="insight@example.org")}
            ),
        ),
        "language": replace(CONFIRMED, language=bad),
        "message_id": replace(CONFIRMED, message_id=f"<{bad}@example.org>"),
    }[where]
    with pytest.raises(ValueError, match="what is meant for") as found:
        mail(notice)
    assert bad not in str(found.value)


@pytest.mark.parametrize(
    "email",
    [
        *("ada", "ada@example.org, eve@example.org", "a da@example.org", "<ada@example.org>", "ada@bücher.example"),
        *("ada@x>y", "=?utf-8?q?x?=@example.org", "ada@example.org\r\nBcc: eve@example.org", ""),
    ],
)
def test_an_address_is_one_address(email: str) -> None:
    """Of characters that need no quoting."""
    with pytest.raises(ValueError, match="what is meant for To cannot stand there"):
        mail(to(CONFIRMED, email=email))


@pytest.mark.parametrize(
    "email", ["ann?bcc=x@example.org", "o'b+x@example.org", "{a}|b@example.org", "a/b@example.org"]
)
def test_every_address_that_comes_in_can_be_written_to(email: str) -> None:
    """Odd ones, too."""
    assert addresses(read(to(CONFIRMED, email=email)), "To") == [("Ada Osei", email)]


@pytest.mark.parametrize("subject", ["=?utf-8?q?Hi=0D=0ABcc:_x@example.org?=", "x =?utf-8?b?SGk=?= y", "=?"])
def test_what_looks_encoded_is_shown_as_it_is(subject: str) -> None:
    """It is encoded once more, so that nobody decodes it (CVE-2024-6923)."""
    message = read(by(to(replace(CONFIRMED, subject=subject), name=subject), "Q"))
    assert message.keys()[:8] == HEADERS
    assert message["Subject"] == subject
    assert addresses(message, "To") == [(subject, "ada@example.org")]


def test_a_mail_with_a_header_that_is_not_ours_is_never_given_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the standard library fail us again."""
    encoded = replace(CONFIRMED, subject="Ein Platz für Sie")
    monkeypatch.setattr(Header, "encode", lambda *_, **__: "Hi\r\nBcc: eve@example.org")
    with pytest.raises(ValueError, match="a header that is not ours"):
        mail(encoded)
    monkeypatch.setattr(Header, "encode", lambda *_, **__: "Hi\r\n\r\nand so on")
    with pytest.raises(ValueError, match="a header that is not ours"):
        mail(encoded)


@pytest.mark.parametrize("length", [1, 20, 50, 51, 300, 960])
def test_the_address_to_leave_a_list_is_never_folded(length: int) -> None:
    """A fold inside it would break it for the programs that offer to leave by one click (RFC 8058)."""
    url = f"https://example.org/leave?t={'x.Y_z-'[: length % 7] + 'a' * length}"
    written = list_headers(url)
    raw = "".join(f"{name}: {value}\r\n" for name, value in written.items()) + "\r\n"
    assert max(map(len, raw.split("\r\n"))) <= 998
    read_again = message_from_bytes(raw.encode("ascii"), policy=default)
    assert read_again["List-Unsubscribe"].strip() == f"<{url}>"
    assert read_again["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    "url",
    ["http://example.org/x", "https://example.org/a b", "https://example.org/>, <mailto:x", "https://x\r\nBcc: y", ""],
)
def test_only_a_web_address_leaves_a_list(url: str) -> None:
    """One, without anything that could end it."""
    with pytest.raises(ValueError, match="what is meant for List-Unsubscribe cannot stand there"):
        list_headers(url)


def test_an_address_that_fits_no_line_is_refused() -> None:
    """A line of a mail has at most 998 characters (RFC 5322 §2.1.1)."""
    fits = "https://example.org/" + "a" * 975
    assert list_headers(fits)["List-Unsubscribe"] == f"\r\n <{fits}>"
    with pytest.raises(ValueError, match="too long for a line"):
        list_headers(fits + "a")


def test_somebody_else_may_send_for_the_organiser() -> None:
    """Answers still go to the organiser."""
    written = headers(CONFIRMED, Contact(name="Sessions", email="no-reply@example.org"))
    assert written["From"] == '"Sessions" <no-reply@example.org>'
    assert written["Reply-To"] == '"Q insight team" <insight@example.org>'


def test_every_kind_can_be_sent_to_every_language() -> None:
    """Tags are ASCII."""
    for kind in NoticeKind:
        assert read(replace(CONFIRMED, kind=kind, language="zh-Hant-TW"))["Content-Language"] == "zh-Hant-TW"
