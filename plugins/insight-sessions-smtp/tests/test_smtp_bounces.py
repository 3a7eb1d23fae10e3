"""Reports of other mail servers are read whatever they look like, and nothing makes reading them fail or slow."""

import base64
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insight_sessions_smtp.bounces import Bounce, read_bounces

REPLIES = Path(__file__).parents[3] / "tests" / "golden" / "replies"
OURS = "<r-6f1d.0a1b.covid-backlogs@example.org>"
FAILED = "Final-Recipient: rfc822; ada@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n"


def report(*groups: str, cited: str = "message/rfc822", message_id: str = OURS) -> bytes:
    """A report as servers make them (RFC 6522)."""
    status = "\r\n".join(("Reporting-MTA: dns; mx.example.net\r\n", *groups))
    original = f"From: insight@example.org\r\nTo: ada@example.org\r\nMessage-ID: {message_id}\r\n\r\nHello\r\n"
    parts = (
        "text/plain\r\n\r\nNot delivered.",
        f"message/delivery-status\r\n\r\n{status}",
        f"{cited}\r\n\r\n{original}",
    )
    return (
        "From: MAILER-DAEMON@example.net\r\nMessage-ID: <report@example.net>\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b-1"\r\n\r\n'
        + "".join(f"--b-1\r\nContent-Type: {part}\r\n" for part in parts)
        + "--b-1--\r\n"
    ).encode()


def passed_on(raw: bytes) -> bytes:
    """A mail in a mail, in base64."""
    return b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(raw)


@pytest.mark.parametrize("cited", ["message/rfc822", "text/rfc822-headers"])
@pytest.mark.parametrize("ends", [b"\r\n", b"\n"])
def test_a_report_names_the_mail_the_address_and_the_answer(cited: str, ends: bytes) -> None:
    """With the whole mail brought along, or its headers alone."""
    raw = report(FAILED, cited=cited).replace(b"\r\n", ends)
    assert read_bounces(raw) == [Bounce(OURS, "ada@example.org", "5.1.1")]


def test_where_we_sent_it_counts_and_not_where_it_was_passed_on() -> None:
    """When the report says both."""
    raw = report(
        "Original-Recipient: rfc822;ada@example.org\r\nFinal-Recipient: rfc822; x@y.example.net\r\nAction: failed\r\n"
    )
    assert read_bounces(raw) == [Bounce(OURS, "ada@example.org", "refused")]


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded", "", "FAILED-not"])
def test_a_mail_that_is_late_or_arrived_is_no_bounce(action: str) -> None:
    """Only one that failed."""
    assert read_bounces(report(FAILED.replace("failed", action))) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ("Status: 4.4.7 (expired)", "4.4.7"),
        ("status:5.7.1", "5.7.1"),
        ("Diagnostic-Code: smtp; 550 5.2.2 Mailbox full", "5.2.2"),
        ("Status: Ada Osei", "refused"),
        ("Status: 5.1.1.1.1", "refused"),
    ],
)
def test_the_answer_is_a_code_and_nothing_else(fields: str, code: str) -> None:
    """Its words may name somebody."""
    raw = report(f"Final-Recipient: rfc822; ada@example.org\r\nAction: Failed (bounced)\r\n{fields}\r\n")
    assert [one.code for one in read_bounces(raw)] == [code]


def test_several_addresses_are_told_apart() -> None:
    """Each once."""
    other = FAILED.replace("ada@", "ben@")
    found = read_bounces(report(FAILED, other, FAILED, FAILED.replace("failed", "delayed")))
    assert [one.email for one in found] == ["ada@example.org", "ben@example.org"]


def test_a_report_that_was_passed_on_is_read() -> None:
    """Such as by whoever reads the organiser's mail; also twice, and encoded."""
    found = read_bounces(passed_on(passed_on(report(FAILED))))
    assert Bounce(OURS, "ada@example.org", "5.1.1") in found
    assert {one.message_id for one in found} <= {OURS, "<report@example.net>"}


def test_mails_that_are_none_say_nothing() -> None:
    """Answers of calendars, absences, and text that looks like a report."""
    for path in sorted(REPLIES.glob("*")):
        if path.name != "bounce.eml":
            assert read_bounces(path.read_bytes()) == []
    assert read_bounces(FAILED.encode()) == []


def test_a_report_without_the_mails_id_says_nothing() -> None:
    """Nobody could tell whose it was."""
    assert read_bounces((REPLIES / "bounce.eml").read_bytes()) == []
    assert read_bounces(report(FAILED, message_id="not an id")) == []


@settings(deadline=None)
@given(st.data())
def test_a_damaged_report_never_raises(data: st.DataObject) -> None:
    """Cut, changed or doubled anywhere."""
    raw = bytearray(report(FAILED))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(raw) - 1))
        match data.draw(st.integers(0, 2)):
            case 0:
                raw[at] = data.draw(st.integers(0, 255))
            case 1:
                del raw[at : at + data.draw(st.integers(1, 200))]
            case _:
                raw[at:at] = raw[at : at + data.draw(st.integers(1, 200))]
        raw += b"x"
    for one in read_bounces(bytes(raw)):
        assert one.message_id.startswith("<")
        assert one.email == "" or "@" in one.email


@settings(deadline=None)
@given(st.binary(max_size=500))
def test_whatever_comes_never_raises(raw: bytes) -> None:
    """It need not be a mail."""
    assert read_bounces(raw) == []


HOSTILE = {
    "groups": report(*[FAILED] * 50_000),
    "a long group": report("X: y\r\n" * 500_000),
    "a long line": report(FAILED + "X" * 4_500_000),
    "folds": report("Action:" + "\r\n " * 1_000_000 + "failed"),
    "empty lines": report("\r\n \t" * 1_000_000),
    "parts": (b"Content-Type: multipart/report; boundary=x\r\n\r\n" + b"--x\r\n\r\n" * 500_000),
    "depth": b"Content-Type: message/rfc822\r\n\r\n" * 150_000,
    "ids": report(FAILED, message_id="<" + "a" * 4_000_000),
    "statuses": report("Action: failed\r\nStatus: " + "5.1." * 1_000_000),
    "too large": report(FAILED) + b"x" * 5_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_mail_that_is_made_to_take_long_does_not(name: str) -> None:
    """5 MB in less than a second of work, whatever is in them."""
    raw = HOSTILE[name][:4_999_999] if name != "too large" else HOSTILE[name]
    taken: list[float] = []
    found: list[Bounce] = []
    for _ in range(3):
        begun = time.process_time()
        found = read_bounces(raw)
        taken.append(time.process_time() - begun)
    assert min(taken) < 1
    assert len(found) <= 100
