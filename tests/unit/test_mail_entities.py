"""A mail is taken apart within bounds, mails within it too."""

import base64

import pytest

from insight_sessions.calendar.mail import entities, header, headers_of
from insight_sessions.calendar.reading import TooMuch

INNER = b"Content-Type: text/plain\r\nMessage-ID: <a@example.org>\r\n\r\nHello\r\n"
WHOLE = (
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nplain\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + base64.encodebytes(INNER)
    + b"--b--\r\n"
)


def test_every_part_comes_once_in_its_order() -> None:
    """With whether it lies in a mail that was passed on, and whether there is more in it."""
    found = [(one.kind, one.passed_on, one.is_leaf) for one in entities(WHOLE)]
    assert found == [
        ("multipart/mixed", False, False),
        ("", False, True),
        ("message/rfc822", False, False),
        ("text/plain", True, True),
    ]


def test_a_part_is_read_without_its_transfer_encoding() -> None:
    """And a mail's headers without the mail."""
    _, plain, message, _ = entities(WHOLE)
    assert plain.plain().strip() == b"plain"
    assert message.plain() == INNER
    assert header(headers_of(message.plain()), "message-id") == "<a@example.org>"
    assert header(headers_of(INNER), "Subject") == ""


def test_more_than_any_mail_has_is_refused() -> None:
    """Whoever asks gets as far as the bound."""
    with pytest.raises(TooMuch):
        list(entities(b"Content-Type: message/rfc822\r\n\r\n" * 12))
