"""Replies: what members' calendars send back is understood, or said not to be, and never harms."""

import base64
import logging
import quopri
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import email_validator
import icalendar
import pytest

from insight_sessions.calendar.reply import LARGEST, Answer, NotUnderstood, read_reply
from insight_sessions.domain.member import Person
from insight_sessions.domain.reply import ReplyReason as Reason
from tests.unit.desk_kit import member

REPLIES = Path(__file__).parents[1] / "golden" / "replies"
UID = "r-6f1d2c3b4a5968778695a4b3.covid-backlogs.insight-sessions"
STARTS = datetime(2021, 7, 6, 13, tzinfo=UTC)

HEAD = "BEGIN:VCALENDAR\nMETHOD:REPLY\n"
EVENT = "BEGIN:VEVENT\n"
PERSON = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.org\n"
TAIL = "END:VEVENT\nEND:VCALENDAR\n"
OURS = f"UID:{UID}\n{PERSON}"


def reply(lines: str = OURS, before: str = "") -> bytes:
    """A reply with these lines in its event, and these before it."""
    return f"{HEAD}{before}{EVENT}{lines}{TAIL}".encode()


def answered(raw: bytes) -> Answer:
    found = read_reply(raw)
    assert isinstance(found, Answer), found
    return found


def refused(raw: bytes) -> Reason:
    found = read_reply(raw)
    assert isinstance(found, NotUnderstood), found
    return found.reason


def mail(headers: str, body: bytes = b"") -> bytes:
    return headers.encode("latin-1") + b"\n\n" + body


def multipart(*parts: bytes, boundary: str = "b", end: bytes = b"--b--\n") -> bytes:
    inner = b"".join(b"--b\n" + part + b"\n" for part in parts)
    return mail(f"Content-Type: multipart/mixed; boundary={boundary}", b"preamble\n" + inner + end)


def calendar_part(body: bytes, more: str = "") -> bytes:
    return mail(f"Content-Type: text/calendar; method=REPLY{more}", body)


ADAS = Answer(
    uid=UID,
    attendee="ada@example.org",
    partstat="ACCEPTED",
    sequence=0,
    stamped=None,
    starts=STARTS,
    comment=None,
    sender="ada@example.org",
    is_of_sender=True,
)


def june(clock: str) -> datetime:
    return datetime.fromisoformat(f"2021-06-15T{clock}Z")


LATE = replace(ADAS, stamped=june("08:15:02"), comment="I may be five minutes late, sorry.")
CAPITALS = replace(ADAS, stamped=june("14:15:16"), attendee="ADA@example.org")
BIRTHDAY = "Zoë\N{RIGHT SINGLE QUOTATION MARK}s birthday \N{EN DASH} sorry!"


@pytest.mark.parametrize(
    ("file", "answer"),
    [
        ("apple-declined.eml", replace(ADAS, partstat="DECLINED", stamped=june("11:12:13"), comment=BIRTHDAY)),
        ("exchange-accepted.eml", replace(LATE, sender="Ada@example.org")),
        ("forwarded-accepted.eml", replace(LATE, sender="desk@example.org", is_of_sender=False)),
        ("google-accepted.eml", replace(ADAS, stamped=june("10:11:12"), comment='Looking forward, Ada "Ace"')),
        ("groupware-declined.eml", replace(ADAS, partstat="DECLINED", starts=None, comment="Je suis désolée.")),
        ("nextcloud-accepted.eml", replace(CAPITALS, sender="cloud@example.org", is_of_sender=False)),
        ("nextcloud-accepted.ics", replace(CAPITALS, sender=None)),
        ("outlook-declined.ics", replace(ADAS, partstat="DECLINED", sequence=1, stamped=june("09:00:00"), sender=None)),
        (
            "zimbra-tentative.eml",
            replace(ADAS, partstat="TENTATIVE", stamped=june("13:14:15"), comment="Perhaps; it depends on the trains."),
        ),
    ],
)
def test_a_reply_of_each_calendar_is_understood(file: str, answer: Answer) -> None:
    """Made up in the manner of each, quirks and all; every one is Ada's answer to the same entry."""
    found = answered((REPLIES / file).read_bytes())
    assert found == answer
    assert Person.of(member("ada"), "p-1").has_address(found.attendee)


def test_thunderbird_answers_for_an_address_with_a_plus() -> None:
    """Percent-encoded, as RFC 6068 §2 has it."""
    found = answered((REPLIES / "thunderbird-accepted.eml").read_bytes())
    assert (found.attendee, found.sender) == ("chloe+insight@example.org", "chloe+insight@example.org")
    assert (found.partstat, found.sequence, found.starts) == ("ACCEPTED", 2, STARTS)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("bounce.eml", Reason.NOT_A_REPLY),
        ("exchange-counter.ics", Reason.COUNTER),
        ("notes-delegated.ics", Reason.DELEGATED),
        ("out-of-office.eml", Reason.NO_CALENDAR),
    ],
)
def test_what_is_no_answer_is_not_taken_for_one(file: str, reason: Reason) -> None:
    """Our own invite coming back, another time proposed, somebody else sent, an automatic mail."""
    assert refused((REPLIES / file).read_bytes()) is reason


def test_every_file_of_a_calendar_is_tried() -> None:
    """A file that no test names would prove nothing."""
    source = Path(__file__).read_text(encoding="utf-8")
    assert [file.name for file in REPLIES.iterdir() if f'"{file.name}"' not in source] == []


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r\r\n"])
@pytest.mark.parametrize("file", sorted(REPLIES.iterdir()), ids=lambda file: file.name)
def test_line_ends_change_nothing(file: Path, ends: bytes) -> None:
    """Gateways convert them, some twice."""
    raw = file.read_bytes().replace(b"\r\n", b"\n")
    if file.suffix == ".eml" and ends == b"\r\r\n":
        ends = b"\r\n"
    assert read_reply(raw.replace(b"\n", ends)) == read_reply(file.read_bytes())


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", Reason.NO_CALENDAR),
        (b"\xff\x00\xfe", Reason.NO_CALENDAR),
        (mail("Content-Type: text/plain", reply()), Reason.NO_CALENDAR),
        (mail("Content-Type: multipart/mixed", reply()), Reason.NO_CALENDAR),
        (b"BEGIN:VCALENDAR\nMETHOD:REPLY\n", Reason.BROKEN),
        (b"BEGIN:VCALENDAR\nEND:VEVENT\n", Reason.BROKEN),
        (b"BEGIN:VCALENDAR\nEND:VCALENDAR\nEND:\n", Reason.BROKEN),
        (calendar_part(b"nothing"), Reason.BROKEN),
        (mail("Content-Type: text/calendar\nContent-Transfer-Encoding: base64", b"QUJDR"), Reason.BROKEN),
        (reply().replace(b"METHOD:REPLY\n", b""), Reason.NOT_A_REPLY),
        (reply().replace(b"REPLY", b"REQUEST"), Reason.NOT_A_REPLY),
        (reply().replace(b"REPLY", b"CANCEL"), Reason.NOT_A_REPLY),
        (reply(before="METHOD:COUNTER\n"), Reason.NOT_A_REPLY),
        (reply().replace(b"REPLY", b" counter "), Reason.COUNTER),
        (reply().replace(b"VEVENT", b"VTODO"), Reason.NO_EVENT),
        (reply(f"{OURS}END:VEVENT\n{EVENT}{OURS}"), Reason.SEVERAL_EVENTS),
        (reply() * 2, Reason.SEVERAL_EVENTS),
        (reply(PERSON), Reason.NO_UID),
        (reply(f"UID: \n{PERSON}"), Reason.NO_UID),
        (reply(f"UID:a\x00b\n{PERSON}"), Reason.BAD_UID),
        (reply(f"UID:a\\nb\n{PERSON}"), Reason.BAD_UID),
        (reply(f"UID:a\x1b[2Jb\n{PERSON}"), Reason.BAD_UID),
        (reply(f"UID:{'x' * 201}\n{PERSON}"), Reason.BAD_UID),
        (reply(f"UID:other\n{OURS}"), Reason.BAD_UID),
        (reply(f"UID:{UID}\n"), Reason.NO_ATTENDEE),
        (reply(f"UID:{UID}\nATTENDEE;PARTSTAT=ACCEPTED:invalid:nomail\n"), Reason.NO_ATTENDEE),
        (reply(f"UID:{UID}\nATTENDEE;PARTSTAT=ACCEPTED:mailto:'\n"), Reason.NO_ATTENDEE),
        (reply(f"UID:{UID}\nATTENDEE;PARTSTAT=ACCEPTED:mailto:a%0D%0Ab@example.org\n"), Reason.NO_ATTENDEE),
        (reply(f"UID:{UID}\nBEGIN:VALARM\n{PERSON}END:VALARM\n"), Reason.NO_ATTENDEE),
        (reply(OURS + PERSON.replace("ada", "ben")), Reason.SEVERAL_ATTENDEES),
        (reply(OURS + PERSON.replace("ACCEPTED", "DECLINED")), Reason.SEVERAL_ATTENDEES),
        (reply(OURS.replace("ACCEPTED", "delegated")), Reason.DELEGATED),
        (reply(OURS.replace("ACCEPTED", "NEEDS-ACTION")), Reason.NO_ANSWER),
        (reply(OURS.replace("ACCEPTED", "X-PERHAPS")), Reason.NO_ANSWER),
        (reply(OURS.replace(";PARTSTAT=ACCEPTED", "")), Reason.NO_ANSWER),
    ],
)
def test_what_is_not_understood_says_why(raw: bytes, reason: Reason) -> None:
    """A code for the host, a sentence for a person."""
    assert refused(raw) is reason


def test_every_reason_has_a_sentence_of_its_own() -> None:
    """Each says one thing, and holds nothing of the message."""
    sentences = [reason.sentence for reason in Reason]
    assert len(set(sentences)) == len(Reason)
    assert all(sentence.startswith("The ") and sentence.endswith(".") for sentence in sentences)
    assert not any(":" in sentence for sentence in sentences)


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbf" + reply(),
        b"\r\n " + reply(),
        reply().lower(),
        reply().replace(b"METHOD:REPLY", b"method:Reply "),
        reply().replace(b"\n", b"\n\n"),
        reply("this is no line\n;nor:this\n" + OURS),
        reply("X-LONG:" + "x" * 30_000 + f"\n{OURS}"),
        reply(OURS.replace("insight", "ins\r\n\tig\n ht")),
        reply(OURS + OURS),
        reply(f"{OURS}BEGIN:VALARM\n{PERSON.replace('ada', 'ben')}END:VALARM\n"),
        reply(OURS.replace("mailto:", "MailTo:").replace("ada@", "a%64a@")),
        reply(OURS.replace("@example.org", "@example.org?subject=x")),
        reply(OURS.replace("PARTSTAT", 'CN="Osei: Ada; \'x, y";X-A="a","b";partstat')),
        reply(OURS.replace("ACCEPTED", '"accepted"')),
        reply(before="BEGIN:VTIMEZONE\nTZID:A\nEND:VTIMEZONE\nBEGIN:VTIMEZONE\nEND:VTIMEZONE\n"),
        b"X-BEFORE:it\n" + calendar_part(reply()),
        calendar_part(b"\xef\xbb\xbf" + reply()),
        calendar_part(base64.b64encode(reply()), "\nContent-Transfer-Encoding: BASE64"),
        calendar_part(base64.encodebytes(reply()).replace(b"=", b""), "\nContent-Transfer-Encoding: base64"),
        calendar_part(quopri.encodestring(reply()), "\nContent-Transfer-Encoding: Quoted-Printable"),
        mail("content-type:\n\tTEXT/CALENDAR", reply()),
        mail("Content-Type: application/ics", reply()),
        mail("Content-Type: application/octet-stream; name*0=x; name=Reply.ICS", reply()),
        mail('Content-Disposition: attachment; filename="re\\ply.ics"', reply()),
        multipart(calendar_part(reply()), calendar_part(reply())),
        multipart(calendar_part(reply()), end=b""),
        multipart(calendar_part(reply()), boundary='"b "'),
        multipart(multipart(calendar_part(reply())).replace(b"--b", b"--c").replace(b"=b", b"=c")),
        multipart(calendar_part(reply().replace(b"REPLY", b"REQUEST")), calendar_part(reply())),
        multipart(calendar_part(b"broken"), calendar_part(reply()), calendar_part(reply("UID:other\n"))),
        multipart(b"\nplain text", calendar_part(reply())),
        mail("Content-Type: message/rfc822", calendar_part(reply())),
    ],
)
def test_it_is_the_same_answer_however_it_is_written(raw: bytes) -> None:
    """Line ends, folds, letters, encodings, copies, unknown lines and properties."""
    found = answered(raw)
    assert (found.uid, found.attendee, found.partstat) == (UID, "ada@example.org", "ACCEPTED")
    assert (found.sequence, found.stamped, found.starts, found.comment) == (0, None, None, None)


def test_the_first_reply_with_one_event_decides() -> None:
    """What follows it cannot change it, whether it is an answer or not."""
    other = reply(OURS.replace("ACCEPTED", "DECLINED"))
    assert answered(multipart(calendar_part(reply()), calendar_part(other))).partstat == "ACCEPTED"
    delegated = reply(OURS.replace("ACCEPTED", "DELEGATED"))
    assert refused(multipart(calendar_part(delegated), calendar_part(other))) is Reason.DELEGATED
    assert refused(multipart(calendar_part(b"broken"), calendar_part(b"BEGIN:VCALENDAR"))) is Reason.BROKEN


def test_nothing_after_the_end_of_a_multipart_is_read() -> None:
    """Its epilogue is no part (RFC 2046 §5.1.1)."""
    after = multipart(b"Content-Type: text/plain\n\nHello") + b"--b\n" + calendar_part(reply())
    assert refused(after) is Reason.NO_CALENDAR


@pytest.mark.parametrize(
    ("charset", "written"),
    [
        ("", "utf-8"),
        ("; charset=utf-8", "utf-8"),
        ("; charset=us-ascii", "utf-8"),
        ('; charset="ISO-8859-1"', "latin-1"),
        ("; charset=windows-1252", "cp1252"),
        ("; charset=utf-8", "latin-1"),
        ("; charset=iso-8859-12", "latin-1"),
        ("; charset=punycode", "utf-8"),
        ("; charset=unicode_escape", "utf-8"),
        ("; charset=../x", "utf-8"),
    ],
)
def test_a_comment_is_read_in_its_charset(charset: str, written: str) -> None:
    """Also when the mail says another, or one that we do not let decode anything."""
    raw = f"{HEAD}{EVENT}{OURS}COMMENT:désolée\n{TAIL}".encode(written)
    assert answered(calendar_part(raw, charset)).comment == "désolée"


@pytest.mark.parametrize(
    ("lines", "comment"),
    [
        ("COMMENT:a\\, b\\; c\\\\n\\nd\\Ne\n", "a, b; c\\n\nd\ne"),
        ("COMMENT;LANGUAGE=en:\\n \\n\n", None),
        ("COMMENT:\nCOMMENT:two\n", "two"),
        ("COMMENT:a\x00b\n", None),
        ("COMMENT:a\N{RIGHT-TO-LEFT OVERRIDE}b\n", None),
        (f"COMMENT:{'x' * 10_001}\n", None),
        ("", None),
    ],
)
def test_a_comment_passes_the_door_or_is_left_out(lines: str, comment: str | None) -> None:
    """What text.py refuses is not kept; the answer still counts."""
    assert answered(reply(OURS + lines)).comment == comment


@pytest.mark.parametrize(
    ("lines", "sequence"),
    [
        ("", 0),
        ("SEQUENCE:7\n", 7),
        ("SEQUENCE: 7 \nSEQUENCE:7\n", 7),
        ("SEQUENCE:+7\n", 7),
        (f"SEQUENCE:{'0' * 5_000}7\n", 7),
        ("SEQUENCE:9999999999\n", 2**31 - 1),
        (f"SEQUENCE:{'9' * 5_000}\n", 2**31 - 1),
    ],
)
def test_a_revision_that_is_not_told_is_the_first(lines: str, sequence: int) -> None:
    """So it is at most an answer to the old time; a number beyond all others was never sent."""
    assert answered(reply(OURS + lines)).sequence == sequence


@pytest.mark.parametrize(
    "lines",
    [
        "SEQUENCE:\n",
        "SEQUENCE:-7\n",
        "SEQUENCE:+\n",
        "SEQUENCE:x\n",
        "SEQUENCE:7.0\n",
        "SEQUENCE:\N{ARABIC-INDIC DIGIT SEVEN}\n",
        "SEQUENCE:0\nSEQUENCE:1\n",
    ],
)
def test_a_revision_that_cannot_be_read_is_not_the_first(lines: str) -> None:
    """Nobody knows what was answered, so nobody's place hangs on it."""
    assert refused(reply(OURS + lines)) is Reason.BAD_SEQUENCE


@pytest.mark.parametrize("written", [":", ":later", ":20210615", ":20211306T130000Z", ":20210615T096000Z", ":2021Z"])
def test_a_moment_that_cannot_be_read_is_not_the_present_one(written: str) -> None:
    """Or an old answer whose moment was damaged would be the newest."""
    assert refused(reply(f"{OURS}DTSTAMP{written}\n")) is Reason.BAD_STAMP


@pytest.mark.parametrize("written", [":20210615T090000", ";TZID=Nowhere:20210615T090000"])
def test_a_moment_in_no_known_zone_is_none(written: str) -> None:
    """Some calendars forget the zone."""
    assert answered(reply(f"{OURS}DTSTAMP{written}\n")).stamped is None


WINTER = "BEGIN:STANDARD\nDTSTART:16010101T020000\n%sTZOFFSETTO:%s\nEND:STANDARD\n"


def zone(observances: str) -> str:
    return f"BEGIN:VTIMEZONE\nTZID:Other\nEND:VTIMEZONE\nBEGIN:VTIMEZONE\nTZID:Custom\n{observances}END:VTIMEZONE\n"


@pytest.mark.parametrize(
    ("written", "starts"),
    [
        (":20210706T130000Z", STARTS),
        (":20210706t130000z", STARTS),
        (";TZID=Europe/London:20210706T140000", STARTS),
        (";TZID=Europe/London:20210706T130000Z", STARTS),
        (";TZID=America/Argentina/Buenos_Aires:20210706T100000", STARTS),
        (";TZID=/example.org/20050126_1/Europe/London:20210706T140000", STARTS),
        (";TZID=/example.org/America/Argentina/Buenos_Aires:20210706T100000", STARTS),
        (";TZID=GMT Standard Time:20210706T140000", STARTS),
        (";TZID=Eastern Standard Time:20210706T090000", STARTS),
        (";VALUE=DATE:20210706", None),
        (":20210706T140000", None),
        (";TZID=:20210706T140000", None),
        (";TZID=Nowhere:20210706T140000", None),
        (";TZID=Europe/London:20210328T013000", None),
        (":20211306T130000Z", None),
        (":00000101T000000Z", None),
        (":20210706T130060Z", None),
        (":2021-07-06T13:00:00Z", None),
        (":\N{ARABIC-INDIC DIGIT TWO}0210706T130000Z", None),
        (";TZID=Europe/London:00010101T000000", datetime(1, 1, 1, 0, 1, 15, tzinfo=UTC)),
        (";TZID=Asia/Kolkata:00010101T000000", None),
    ],
)
def test_the_time_that_was_answered_is_an_instant_or_nothing(written: str, starts: datetime | None) -> None:
    """A day, a time without a zone and a zone that nobody explains are no instants; nothing is guessed."""
    assert answered(reply(f"{OURS}DTSTART{written}\n")).starts == starts
    stamped = read_reply(reply(f"{OURS}DTSTAMP{written}\n"))
    if starts is not None or stamped != NotUnderstood(Reason.BAD_STAMP):
        assert isinstance(stamped, Answer)
        assert stamped.stamped == starts


@pytest.mark.parametrize(
    ("rule", "offset", "hour"),
    [
        ("", "+0100", 12),
        ("", "-0530", 18.5),
        ("", "+010000", 12),
        ("RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\n", "+0200", 11),
        ("RRULE:FREQ=YEARLY;WKST=MO;INTERVAL=1;BYDAY=2MO\n", "+0200", 11),
        ("RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-2SU\n", "+0200", None),
        ("RRULE:FREQ=YEARLY;BYMONTH=13;BYDAY=1SU\n", "+0200", None),
        ("RRULE:FREQ=YEARLY;BYMONTH=x;BYDAY=1SU\n", "+0200", None),
        ("RRULE:FREQ=SECONDLY\n", "+0200", None),
        ("RRULE:FREQ=YEARLY;INTERVAL=2;BYMONTH=3;BYDAY=1SU\n", "+0200", None),
        ("RRULE:FREQ=YEARLY;UNTIL=20200101T000000Z;BYMONTH=3;BYDAY=1SU\n", "+0200", None),
        ("RDATE:20200101T000000\n", "+0200", None),
        ("", "later", None),
        ("", "+9999", 13 - 99 - 99 / 60),
    ],
)
def test_a_zone_without_a_known_name_goes_by_the_rules_in_the_file(rule: str, offset: str, hour: float | None) -> None:
    """Outlook names zones as it likes; only plain yearly rules are believed (RFC 5545 §3.6.5)."""
    lines = f"{OURS}DTSTART;TZID=Custom:20210706T130000\n"
    starts = answered(reply(lines, before=zone(WINTER % (rule, offset)))).starts
    assert (None if starts is None else (starts - datetime(2021, 7, 6, tzinfo=UTC)).total_seconds() / 3600) == (
        None if hour is None else pytest.approx(hour)
    )


@pytest.mark.parametrize(
    "observances",
    ["", WINTER.replace("16010101", "20220101") % ("", "+0100"), "BEGIN:STANDARD\nTZOFFSETTO:+0100\nEND:STANDARD\n"],
)
def test_rules_that_do_not_reach_the_time_say_nothing(observances: str) -> None:
    """None, or a beginning after it, or no beginning."""
    found = answered(reply(f"{OURS}DTSTART;TZID=Custom:20210706T130000\n", before=zone(observances)))
    assert found.starts is None


@pytest.mark.parametrize(("day", "hour"), [("20210106", 13), ("20210706", 12), ("20210328", 12), ("20211231", 13)])
def test_summer_and_winter_are_told_apart_by_the_files_rules(day: str, hour: int) -> None:
    """As Exchange writes London."""
    text = (REPLIES / "outlook-declined.ics").read_bytes().replace(b"\r\n\t", b"")
    text = text.replace(b"20210706T140000", f"{day}T130000".encode())
    assert answered(text).starts == datetime.strptime(f"{day}{hour}+0000", "%Y%m%d%H%z")


@pytest.mark.parametrize(
    ("person", "attendee"),
    [
        ("mailto:Ada@EXAMPLE.org", "Ada@example.org"),
        ("mailto:'ada@example.org'", "ada@example.org"),
        ("mailto: ada@example.org ", "ada@example.org"),
        ("mailto:o'neill@example.org", "o'neill@example.org"),
        ("mailto:ann%3Fbcc%3Dx@example.org", "ann?bcc=x@example.org"),
    ],
)
def test_an_address_is_read_as_we_keep_it(person: str, attendee: str) -> None:
    """Normalised as when it entered; the letters of its first part stay as they came."""
    found = answered(reply(f"UID:x\nATTENDEE;PARTSTAT=ACCEPTED:{person}\n"))
    assert found.attendee == attendee
    theirs = Person.of(member(email=attendee.swapcase()), "p-1")
    assert theirs.has_address(found.attendee)
    assert not theirs.has_address(f"x{found.attendee}")


@pytest.mark.parametrize(
    ("headers", "sender"),
    [
        ("From: ada@example.org", "ada@example.org"),
        ("FROM :\n\t<Ada@EXAMPLE.org>", "Ada@example.org"),
        ('From: "<eve@example.org>" <ada@example.org>', "ada@example.org"),
        ('From: "a\\"b" (c) <ada@example.org>', "ada@example.org"),
        ("From: ada@example.org (Ada)", "ada@example.org"),
        ("From: =?utf-8?q?eve=40example=2Eorg?= <ada@example.org>", "ada@example.org"),
        ("From: ada@example.org, eve@example.org", None),
        ("From: <ada@example.org>, eve@example.org", None),
        ("From: eve@example.org, <ada@example.org>", None),
        ("From: eve@example.org <ada@example.org>", None),
        ("From: ada@example.org" + " " * 2_000 + ", eve@example.org", None),
        ("From: ada@example.org\nX-Long: " + "x" * 199_000 + "\nFrom: eve@example.org", None),
        ("X: x\rFrom: eve@example.org\nFrom: ada@example.org", None),
        ("From: Ada <ada@example.org>, Eve <eve@example.org>", None),
        ("From: ada@example.org\nFrom: eve@example.org", None),
        ("From:", None),
        ("From: " + "(" * 5_000, None),
        ("To: ada@example.org", None),
    ],
)
def test_the_mails_sender_is_told_when_it_is_one(headers: str, sender: str | None) -> None:
    """It proves nothing; the host may know more."""
    assert answered(mail(f"{headers}\nContent-Type: text/calendar", reply())).sender == sender


FROM_ADA = "From: ada@example.org\nContent-Type: text/calendar"


@pytest.mark.parametrize(
    ("raw", "trustworthy"),
    [
        (reply(), True),
        (reply(OURS.replace("ATTENDEE", 'ATTENDEE;SENT-BY="mailto:eve@example.org"')), True),
        (mail(FROM_ADA, reply()), True),
        (mail(FROM_ADA.replace("ada@", "ADA@"), reply()), True),
        (mail(f"{FROM_ADA}\nSender: calendar@example.org", reply()), True),
        (mail(FROM_ADA, reply(OURS.replace("ATTENDEE", 'ATTENDEE;SENT-BY="mailto:eve@example.org"'))), False),
        (mail(FROM_ADA, reply(OURS.replace("ATTENDEE", "ATTENDEE;SENT-BY="))), False),
        (mail(FROM_ADA.replace("ada@", "eve@"), reply()), False),
        (mail(f"{FROM_ADA}\nFrom: eve@example.org", reply()), False),
        (mail(f"From: eve@example.org\n{FROM_ADA}", reply()), False),
        (mail("Content-Type: text/calendar", reply()), False),
        (mail("From: ada@example.org\nContent-Type: message/rfc822", mail(FROM_ADA, reply())), False),
        (mail("From: ada@example.org\nContent-Type: message/global", calendar_part(reply())), False),
        (
            mail("From: ada@example.org\nContent-Type: message/rfc822", multipart(calendar_part(reply()))),
            False,
        ),
        (b"From: ada@example.org\n" + multipart(calendar_part(reply())), True),
        (f"BEGIN:VCALENDAR\nFrom: eve@example.org\n{reply().decode()[16:]}".encode(), False),
    ],
    ids=range(16),
)
def test_trust_in_a_mail_is_trust_in_an_answer_only_when_both_are_of_one_person(raw: bytes, trustworthy: bool) -> None:
    """A signature proves a sender, and anybody can answer in another's name, or pass on what a third one wrote."""
    assert answered(raw).is_of_sender is trustworthy


@pytest.mark.parametrize("host", ["example.org", "b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example"])
def test_addresses_are_checked_once_however_many_a_reply_has(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """A reply has one attendee (RFC 5546 §3.2.3); each check takes a tenth of a millisecond, or several."""
    checked: list[str] = []
    check = email_validator.validate_email

    def counting(address: str, **settings: bool) -> email_validator.ValidatedEmail:
        checked.append(address)
        return check(address, **settings)  # type: ignore[arg-type]  # whatever it was

    monkeypatch.setattr(email_validator, "validate_email", counting)
    person = PERSON.replace("example.org", host)
    raw = reply(f"UID:{UID}\n{person * 5_000}")
    assert answered(raw).attendee.startswith("ada@")
    assert len(checked) == 1
    several = "".join(person.replace("ada", f"a{number}") for number in range(5_000))
    assert refused(reply(f"UID:{UID}\n{several}")) is Reason.SEVERAL_ATTENDEES
    assert len(checked) <= 2


def test_headers_are_read_as_far_as_any_mails_go() -> None:
    """Two hundred kilobytes."""
    for size, kind in ((150_000, Answer), (250_000, NotUnderstood)):
        assert isinstance(read_reply(mail(f"X-Long: {'x' * size}\nContent-Type: text/calendar", reply())), kind)


def test_no_bytes_of_a_message_reach_a_log_or_a_refusal(caplog: pytest.LogCaptureFixture) -> None:
    """What people send us is theirs."""
    with caplog.at_level(logging.DEBUG):
        for raw in (reply(f"UID:secret\x00\n{PERSON}"), calendar_part(b"secret"), reply("UID:secret\n")):
            found = read_reply(raw)
            assert isinstance(found, NotUnderstood)
            assert "secret" not in repr(found) + found.reason.sentence
    assert caplog.records == []


def test_the_zones_of_one_message_do_not_reach_the_next() -> None:
    """Why icalendar does not read replies: it keeps a zone that a file defines, for everybody."""
    observance = (WINTER % ("TZOFFSETFROM:+0900\n", "+0900")).replace("16010101", "19700101")
    before = f"BEGIN:VTIMEZONE\nTZID:Leaking\n{observance}END:VTIMEZONE\n"
    lines = f"{OURS}DTSTART;TZID=Leaking:20210706T130000\n"
    assert answered(reply(lines, before)).starts == datetime(2021, 7, 6, 4, tzinfo=UTC)
    assert answered(reply(lines)).starts is None
    icalendar.Calendar.from_ical(reply(lines, before))
    assert icalendar.Calendar.from_ical(reply(lines)).walk("VEVENT")[0].decoded("DTSTART").tzinfo is not None
    assert answered(reply(lines)).starts is None


BODY = reply()[: -len(TAIL)]
HOSTILE: dict[str, tuple[bytes, bytes, bytes]] = {
    "empty lines": (BODY, b"\n", b""),
    "short lines": (BODY, b"A:b\n", TAIL.encode()),
    "components": (b"", b"BEGIN:VCALENDAR\n", b""),
    "parameters": (BODY + b"ATTENDEE", b";A=b", b":x\n" + TAIL.encode()),
    "lines of parameters": (BODY, PERSON.encode().replace(b";", b";A=b" * 4_000 + b";"), TAIL.encode()),
    "lines of quotes": (BODY, b"ATTENDEE;A=" + b'"' * 19_001 + b":x\n", TAIL.encode()),
    "lines of odd quotes": (BODY, b"ATTENDEE" + b';=";A="b"' * 2_000 + b":x\n", TAIL.encode()),
    "lines of escapes": (BODY, b"COMMENT:" + b"\\" * 19_000 + b"\n", TAIL.encode()),
    "percent signs": (BODY, b"ATTENDEE:mailto:" + b"%41" * 6_000 + b"\n", TAIL.encode()),
    "folds": (BODY + b"COMMENT:", b"\r\n ", TAIL.encode()),
    "carriage returns": (BODY + b"COMMENT:", b"\r", TAIL.encode()),
    "no headers": (b"x", b"\r", b""),
    "nested parts": (b"", b"Content-Type: multipart/mixed; boundary=a\n\n--a\n", b""),
    "nested mails": (b"", b"Content-Type: message/rfc822\n\n", b""),
    "parts": (b"Content-Type: multipart/mixed; boundary=b\n\n", b"--b\n", b""),
    "almost parts": (b"Content-Type: multipart/mixed; boundary=b\n\n", b"--b" + b" " * 900 + b"x\n", b""),
    "one long header": (b"Content-Type: text/calendar", b';a="b', b"\n\n"),
    "a sender without end": (b"From: ", b'("<', b"\n\n"),
    "folded headers": (b"From: ", b"\n ", b"\n\n"),
    "headers": (b"", b"From: a@example.org\n", b"\n"),
    "base64": (b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n", b"QUFB\n", b""),
    "quoted-printable": (b"Content-Type: text/calendar\nContent-Transfer-Encoding: quoted-printable\n\n", b"=", b""),
    "zones": (
        BODY + b"DTSTART;TZID=A:20210706T130000\nEND:VEVENT\nBEGIN:VTIMEZONE\nTZID:A\n",
        (WINTER % ("RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=1SU\n", "+0100")).encode(),
        b"END:VTIMEZONE\nEND:VCALENDAR\n",
    ),
}


def hostile(name: str, size: int) -> bytes:
    head, piece, tail = HOSTILE[name]
    return head + piece * ((size - len(head) - len(tail)) // len(piece)) + tail


def steps(work: Callable[[], object]) -> int:
    """How many calls something makes, in Python and into C."""
    count = 0

    def tally(_frame: FrameType, _event: str, _argument: object) -> None:
        nonlocal count
        count += 1

    known = sys.getprofile()
    sys.setprofile(tally)
    try:
        work()
    finally:
        sys.setprofile(known)
    return count


@pytest.mark.parametrize("name", HOSTILE)
def test_the_largest_hostile_message_is_read_to_the_end(name: str) -> None:
    """Five megabytes of each: a quadratic step anywhere, also within a pattern, would take hours."""
    assert isinstance(read_reply(hostile(name, LARGEST)), Answer | NotUnderstood)


@pytest.mark.parametrize("name", HOSTILE)
def test_twice_the_size_takes_at_most_twice_the_steps(name: str) -> None:
    """Counted, not timed; and bounded, however large the message is."""
    small, large = hostile(name, 200_000), hostile(name, 400_000)
    few = steps(lambda: read_reply(small))
    many = steps(lambda: read_reply(large))
    assert many <= 2 * few + 1_000
    assert many <= 300_000


def test_quadratic_work_would_be_counted() -> None:
    """The check above can fail."""
    few, many = (steps(lambda n=n: [abs(1) for _ in range(n) for _ in range(n)]) for n in (100, 200))  # type: ignore[misc]  # mypy cannot infer a lambda's default
    assert many > 3 * few


@pytest.mark.parametrize("size", [LARGEST + 1, 50_000_000])
def test_what_is_too_large_is_not_looked_at(size: int) -> None:
    """Not one byte of it."""
    raw = bytes(size)
    assert read_reply(raw) == NotUnderstood(Reason.TOO_LARGE)
    assert steps(lambda: read_reply(raw)) < 20


@pytest.mark.parametrize(
    ("name", "size"),
    [("empty lines", 20_000), ("components", 200), ("nested parts", 4_000), ("nested mails", 600), ("parts", 400)],
)
def test_more_lines_parts_or_levels_than_a_reply_can_have_are_too_much(name: str, size: int) -> None:
    """Ten thousand lines, fifty parts, ten levels."""
    assert refused(hostile(name, size)) is Reason.TOO_MUCH


def test_many_small_parts_in_many_levels_are_too_much() -> None:
    """They are counted together."""
    inner = multipart(*[b"Content-Type: text/plain\n\n"] * 20)
    inner = inner.replace(b"--b", b"--c").replace(b"=b", b"=c")
    assert refused(multipart(inner, inner, inner)) is Reason.TOO_MUCH
    assert refused(multipart(inner, inner)) is Reason.NO_CALENDAR
