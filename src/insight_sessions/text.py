"""The one door for untrusted text.

Everything that came from a person passes one of these types when it enters; nothing behind the
door checks again. Names and titles end up in mail headers and calendar lines, so a `Line` refuses
what could start a header or a property of its own, reorder what a reader sees, or decode to such
later (RFC 2047 encoded words, CVE-2024-6923).
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Never
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    GetCoreSchemaHandler,
    GetPydanticSchema,
    StringConstraints,
    ValidationInfo,
)
from pydantic_core import CoreSchema, core_schema

LINE_LENGTH = 200
TEXT_LENGTH = 10_000
EMAIL_LENGTH = 254

_DATE_AND_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d")
_ENCODED_WORD = re.compile(r"=\?[^?\s]*\?[^?\s]*\?")
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSEEN = frozenset({"Cf", "Zs", "Mn", "Me"})
_LINE_BREAKS = frozenset("\u2028\u2029")


def refuse_controls(value: str, allowed: str = "") -> None:
    """Refuse text that holds what could break a line, hide, or reorder what a reader sees.

    Args:
        value: the text.
        allowed: control characters that may stand in it.

    Raises:
        ValueError: says which kind of character.
    """
    if value.isprintable():
        return
    for character in value:
        if character in allowed:
            continue
        if unicodedata.category(character) in {"Cc", "Cs"} or character in _LINE_BREAKS:
            raise ValueError("control characters are not allowed")
        if character in _BIDI_CONTROLS:
            raise ValueError("characters that change the direction of text are not allowed")


def normal(value: str) -> str:
    """Text in the form in which a `Line` is kept, for looking it up; never refused."""
    return unicodedata.normalize("NFC", value).strip(" ")


def _line(value: str) -> str:
    if not value.isascii():
        value = unicodedata.normalize("NFC", value)
    value = value.strip(" ")
    refuse_controls(value)
    if not value or not (value[0].isascii() or any(unicodedata.category(one) not in _UNSEEN for one in value)):
        raise ValueError("must not be empty")
    if len(value) > LINE_LENGTH:
        raise ValueError(f"must not be longer than {LINE_LENGTH} characters")
    if "=?" in value and _ENCODED_WORD.search(value):
        raise ValueError("mail-encoded words (=?…?=) are not allowed")
    return value


def _text(value: str) -> str:
    value = unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip()
    refuse_controls(value, allowed="\n\t")
    if len(value) > TEXT_LENGTH:
        raise ValueError(f"must not be longer than {TEXT_LENGTH} characters")
    return value


def _email_address(value: str) -> str:
    # Imported late: it is needed only when an address enters, and costs a tenth of our import time.
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

    if len(value) > EMAIL_LENGTH:
        raise ValueError(f"must not be longer than {EMAIL_LENGTH} characters")
    if "=?" in value:
        raise ValueError("mail-encoded words (=?…?=) are not allowed")
    try:
        checked = validate_email(value, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        # The library's own message quotes the address, which must not reach a log.
        raise ValueError("not an e-mail address we can send to") from None
    # The domain in ASCII: what goes into a calendar line or a header must be.
    return checked.ascii_email or checked.normalized


def web_address(value: str) -> str:
    """The same, when it is a web address: https, a host, no credentials.

    Raises:
        ValueError: it is not; the message does not repeat it.
    """
    refuse_controls(value)
    if len(value) > 2_000 or any(character.isspace() or character in '<>"\\' for character in value):
        raise ValueError("not a web address")
    try:
        parts = urlsplit(value)
    except ValueError:
        # Its message quotes what stands before the host, a password too.
        raise ValueError("not a web address") from None
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError("must begin with https:// and name a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user name or password")
    return value


def _local(value: object) -> object:
    if isinstance(value, str) and not _DATE_AND_TIME.match(value):
        raise ValueError("must be a date and a time, such as 2021-07-05T10:00")
    if not isinstance(value, str | datetime):
        raise ValueError("must be a date and a time, such as 2021-07-05T10:00")  # noqa: TRY004
    return value


def _zoneless(value: datetime) -> datetime:
    if value.tzinfo is not None:
        raise ValueError("must be local time without a zone: the zone is the session's")
    if value.second or value.microsecond:
        raise ValueError("must be a full minute")
    return value.replace(fold=0)


class Labels(dict[str, str]):
    """Text by name, which cannot be changed after it is made."""

    def _refuse(self, *_: Any, **__: Any) -> Never:  # noqa: ANN401 - whatever was wanted
        raise TypeError("labels cannot be changed")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse  # pyright: ignore[reportAssignmentType] # all refuse alike

    def __hash__(self) -> int:  # type: ignore[override]  # frozen, so it may be a key
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type["Labels"], tuple[dict[str, str]]]:
        return Labels, (dict(self),)


STORED = {"stored": True}
"""The validation context of what comes back from a store."""


COPIED = {"copied": True}
"""The validation context of a copy of something valid, which may have been changed since without being checked."""

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def _entering(check: Callable[[str], str]) -> AfterValidator:
    """Check a value when it enters; what comes back from a store was checked by the rules of its day."""

    def at_the_door(value: str, info: ValidationInfo) -> str:
        if info.context is STORED:
            return value
        if info.context is COPIED and check is _email_address and "=?" not in value and _ADDRESS.fullmatch(value):
            return value  # parsing it again would cost more than the rest of a registration
        return check(value)

    return AfterValidator(at_the_door)


def labels(value: Mapping[str, str]) -> Labels:
    """The same text by name, frozen."""
    return value if isinstance(value, Labels) else Labels(value)


KeptLabels = Annotated[dict[str, str], AfterValidator(labels)]
"""Text by name, frozen, as it comes back from a store."""


def _moment_schema(source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - as pydantic has it
    # Left to itself, pydantic makes a zone of its own for every moment, all of which the garbage collector must walk.
    read = core_schema.no_info_after_validator_function(datetime.fromisoformat, core_schema.str_schema())
    written = core_schema.simple_ser_schema("datetime")
    return core_schema.json_or_python_schema(read, handler(source), serialization=written)


KeptMoment = Annotated[datetime, GetPydanticSchema(_moment_schema)]
"""A moment, as it comes back from a store: in the one UTC that Python has."""

Line = Annotated[str, _entering(_line)]
"""One line for people: NFC, 1 to 200 characters, nothing that hides, breaks or decodes."""

Text = Annotated[str, _entering(_text)]
"""Several lines for people: NFC, up to 10,000 characters."""

Said = Annotated[Text, StringConstraints(min_length=1)]
"""The same, with something in it."""

EmailAddress = Annotated[str, _entering(_email_address)]
"""An ASCII address we can send to, normalised; checked when it enters and never again."""

Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
"""A short id that is safe in a URL, a file name and a calendar UID."""

OpaqueId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")]
"""An id from outside that goes into the journal: no ``@``, so an address cannot slip in."""

Language = Annotated[str, StringConstraints(max_length=35, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
"""A language tag (BCP 47), such as ``en`` or ``cy``."""

Url = Annotated[str, _entering(web_address)]
"""A web address: https, a host, no credentials."""

LocalStart = Annotated[datetime, BeforeValidator(_local), AfterValidator(_zoneless)]
"""A wall-clock date and time without a zone, such as ``2021-07-05T10:00``."""

Attributes = Annotated[dict[Line, Line], AfterValidator(labels)]
"""Free text by name, frozen."""
