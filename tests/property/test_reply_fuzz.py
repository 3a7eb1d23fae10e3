"""Replies from anybody: whatever the bytes, there is an answer or a reason, and nothing else."""

import base64
import quopri
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from insight_sessions.calendar.lines import escape, mailto, utc
from insight_sessions.calendar.reply import Answer, NotUnderstood, read_reply
from insight_sessions.domain.reply import ReplyReason
from insight_sessions.text import EmailAddress, Line, Text
from tests.property.test_invite_bytes import emails, lines, texts

FILES = [file.read_bytes() for file in sorted((Path(__file__).parents[1] / "golden" / "replies").iterdir())]
LINE, TEXT, EMAIL = (TypeAdapter[str](kind) for kind in (Line, Text, EmailAddress))
ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "8bit": bytes,
    "base64": base64.encodebytes,
    "quoted-printable": quopri.encodestring,
}
MOMENTS = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0))

tokens = st.sampled_from(
    [
        *(b"\r\n", b"\n", b"\n ", b"\n\t", b"\r", b"\n\n", b'"', b"\\", b":", b";", b"^", b"%", b"'", b"\x00", b"\xff"),
        *(b"\xef\xbb\xbf", b"\xe2\x80\xae", b"BEGIN:VEVENT\r\n", b"END:VEVENT\r\n", b"BEGIN:VCALENDAR\n", b"END:\n"),
        *(b"\nUID:x\n", b"\nSEQUENCE:99999999999\n", b"\nDTSTART;TZID=GMT Standard Time:99991231T235959\n"),
        *(b"\nDTSTAMP;TZID=Asia/Kolkata:00010101T000000\n", b";PARTSTAT=ACCEPTED", b"mailto:", b"\nMETHOD:REPLY\n"),
        *(b"Content-Type: multipart/mixed; boundary=x\n\n--x\n", b"Content-Type: message/rfc822\n\n", b"\n--outer\n"),
        *(b"; charset=utf-7", b"; charset=iso-2022-jp", b"Content-Transfer-Encoding: base64\n", b"--\n", b"=", b"=0D"),
    ]
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A reply, changed here and there."""
    raw = draw(st.sampled_from(FILES))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(raw)))
        end = draw(st.integers(start, min(len(raw), start + 200)))
        new = draw(st.one_of(st.just(b""), tokens, st.binary(max_size=8), st.just(raw[start:end] * 2)))
        raw = raw[:start] + new + raw[end:]
    return raw


def is_sound(found: Answer | NotUnderstood) -> bool:
    """Whether all of it passed the door, or a reason is given."""
    if isinstance(found, NotUnderstood):
        return found.reason in ReplyReason and not found.reason.understood
    moments = [moment for moment in (found.stamped, found.starts) if moment is not None]
    return (
        found.partstat in {"ACCEPTED", "TENTATIVE", "DECLINED"}
        and LINE.validate_python(found.uid) == found.uid
        and all(EMAIL.validate_python(one) == one for one in (found.attendee, found.sender) if one is not None)
        and (found.comment is None or TEXT.validate_python(found.comment) == found.comment != "")
        and all(moment.tzinfo is UTC for moment in moments)
        and 0 <= found.sequence < 2**31
    )


@given(mutated())
def test_a_changed_reply_is_understood_or_not(raw: bytes) -> None:
    """Nothing is raised, and nothing unchecked gets in."""
    assert is_sound(read_reply(raw))


@given(st.binary(max_size=2_000))
def test_any_bytes_are_understood_or_not(raw: bytes) -> None:
    """Also after the beginning of a file or a mail."""
    for head in (b"", b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\n", b"Content-Type: text/calendar;", FILES[0][:200]):
        assert is_sound(read_reply(head + raw))


@given(st.lists(tokens, max_size=60).map(b"".join))
def test_any_order_of_the_usual_pieces_is_understood_or_not(raw: bytes) -> None:
    """Lines, headers, boundaries and quotes where none should be."""
    for head in (b"", b"BEGIN:VCALENDAR\n", b"Content-Type: multipart/mixed; boundary=x\n\n--x\n"):
        assert is_sound(read_reply(head + raw))


@st.composite
def written(draw: st.DrawFn, text: str, sender: str | None) -> bytes:
    """A calendar as some program may send it: folded anywhere, with any line ends, in any encoding."""
    ends = draw(st.sampled_from([b"\r\n", b"\n"]))
    width = draw(st.integers(15, 80))
    blank = draw(st.sampled_from([b" ", b"\t"]))
    raw = ends.join(
        (ends + blank).join(line[at : at + width] for at in range(0, len(line), width))
        for line in text.encode().split(b"\n")
    )
    if sender is None:
        return raw
    encoding = draw(st.sampled_from(sorted(ENCODINGS)))
    kind = f"Content-Type: text/calendar; charset=utf-8\nContent-Transfer-Encoding: {encoding}"
    return f"From: {sender}\n{kind}\n\n".encode() + ENCODINGS[encoding](raw)


answers = st.builds(
    Answer,
    uid=lines,
    attendee=emails,
    partstat=st.sampled_from(["ACCEPTED", "TENTATIVE", "DECLINED"]),
    sequence=st.integers(0, 2**31 - 1),
    stamped=MOMENTS,
    starts=MOMENTS,
    comment=st.none() | texts.filter(bool),
    sender=st.none() | emails,
    is_of_sender=st.just(value=False),
)


@given(st.data(), answers)
def test_what_a_calendar_says_is_what_we_understand(data: st.DataObject, answer: Answer) -> None:
    """Any id, address, comment, moment and revision, written in any way."""
    assert answer.stamped is not None
    assert answer.starts is not None
    file = (
        f"BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:{escape(answer.uid)}\nSEQUENCE:{answer.sequence}\n"
        f"DTSTAMP:{utc(answer.stamped)}\nDTSTART:{utc(answer.starts)}\nCOMMENT:{escape(answer.comment or '')}\n"
        f"ATTENDEE;PARTSTAT={answer.partstat}:{mailto(answer.attendee)}\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    same = answer.sender is None or answer.sender.lower() == answer.attendee.lower()
    assert read_reply(data.draw(written(file, answer.sender))) == replace(answer, is_of_sender=same)
