"""Text as PostgreSQL takes it: all of Unicode but the character zero, which is written as two others."""

from datetime import UTC, datetime, timedelta

_ZERO, _MARK = "\x00", "\x01"


def put(text: str) -> str:
    """A text as it is stored; the order of texts stays the same."""
    if _ZERO not in text and _MARK not in text:
        return text
    return text.replace(_MARK, "\x01\x02").replace(_ZERO, "\x01\x01")


def got(text: str) -> str:
    """A text as it was before it was stored."""
    return text if _MARK not in text else text.replace("\x01\x01", _ZERO).replace("\x01\x02", _MARK)


def put_any(text: str | None) -> str | None:
    """The same for what may be no text."""
    return None if text is None else put(text)


def got_any(text: str | None) -> str | None:
    """The same for what may be no text."""
    return None if text is None else got(text)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def number(moment: datetime) -> int:
    """How a moment is stored: exact microseconds since 1970 in UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(number: int) -> datetime:
    """The moment that is stored as a number."""
    return _EPOCH + number * _MICROSECOND
