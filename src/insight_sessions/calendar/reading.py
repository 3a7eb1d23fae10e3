"""Reading what other calendars wrote: content lines as a tree, with bounds (RFC 5545 §3.1).

Not read by icalendar: it keeps the zones that a file defines for the whole process, under names
that the sender chose; it takes 65 µs for a line, which is a minute for 5 MB; a text with a byte
order mark makes it raise, and lower-case names make it read a time as text.
"""

import re
from dataclasses import dataclass, field
from typing import Final

_LINES: Final = 10_000
_LONGEST: Final = 20_000
_DEPTH: Final = 10
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
# Every repetition is possessive or bounded, so that no line takes more than one pass.
_FOLD: Final = re.compile(rb"\r{0,2}\n[ \t]")
_LINE: Final = re.compile(r'([A-Za-z0-9-]++)((?:;(?:[^":]++|"[^"]*+")*+)?):(.*+)', re.DOTALL)
_PARAMETER: Final = re.compile(r';([A-Za-z0-9-]++)=((?:[^";]++|"[^"]*+")*+)')
_ESCAPED: Final = re.compile(r"\\(.)")
_CARET: Final = re.compile(r"\^([n'^])")
_CARETS: Final = {"n": "\n", "'": '"', "^": "^"}
# Not whatever Python can decode: punycode takes quadratic time, unicode_escape warns.
_CHARSET: Final = re.compile(
    r"utf-?8|iso-8859-\d{1,2}|windows-125\d|koi8-[ru]|shift_jis|euc-(?:jp|kr)|iso-2022-jp|gb(?:2312|k|18030)|big5",
    re.IGNORECASE | re.ASCII,
)


class Broken(ValueError):
    """What came is no calendar that can be read."""


class TooMuch(ValueError):
    """What came has more lines, more parts or more levels than any reply."""


@dataclass(frozen=True, slots=True)
class Property:
    """One line: its name in capitals, its parameters as they were written, its value."""

    name: str
    head: str
    value: str

    @property
    def text(self) -> str:
        """The value as a text, with its escapes undone (RFC 5545 §3.3.11)."""
        return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], self.value)

    @property
    def token(self) -> str:
        """The value as one of a list of words, in capitals."""
        return self.value.strip().upper()

    def parameter(self, name: str) -> str | None:
        """A parameter's value without its quotes, with its carets undone (RFC 6868 §3.2)."""
        for one in _PARAMETER.finditer(self.head):
            if one[1].upper() == name:
                return _CARET.sub(lambda found: _CARETS[found[1]], one[2].replace('"', "")).strip()
        return None


@dataclass(frozen=True, slots=True)
class Component:
    """What stands between a BEGIN and its END."""

    name: str
    properties: list[Property] = field(default_factory=list[Property])
    parts: list["Component"] = field(default_factory=list["Component"])

    def all(self, name: str) -> list[Property]:
        """The properties of that name."""
        return [one for one in self.properties if one.name == name]

    def first(self, name: str) -> Property | None:
        """The first property of that name, if there is one."""
        return next((one for one in self.properties if one.name == name), None)

    def inner(self, name: str) -> list["Component"]:
        """The components of that name directly in it."""
        return [part for part in self.parts if part.name == name]


def read(data: bytes, charset: str | None = None) -> list[Component]:
    """The components of a file, whoever wrote it: any line ends, folds and letter case.

    What is no property is passed over, and so are lines of more than 20,000 characters.

    Args:
        data: as it came, its transfer encoding undone.
        charset: what the mail says of it; UTF-8 is tried without, and when that is wrong.

    Raises:
        Broken: a BEGIN has no END, or an END no BEGIN.
        TooMuch: it has more than 10,000 lines or 10 levels.
    """
    if data.count(b"\n") > _LINES:
        raise TooMuch
    # Unfolded first: some break a line within a character.
    unfolded = _FOLD.sub(b"", data.removeprefix(_BYTE_ORDER_MARK))
    root = Component("")
    open_ones = [root]
    for line in _decoded(unfolded, charset).split("\n"):
        # Nothing that is looked for is longer; a description may be.
        found = _LINE.fullmatch(line.strip("\r \t")) if len(line) <= _LONGEST else None
        if found is not None:
            _take(Property(found[1].upper(), found[2], found[3]), open_ones)
    if len(open_ones) > 1:
        raise Broken
    return root.parts


def _take(line: Property, open_ones: list[Component]) -> None:
    """Put a line where it belongs; `open_ones` are the components around it, the innermost last."""
    if line.name == "BEGIN":
        if len(open_ones) > _DEPTH:
            raise TooMuch
        part = Component(line.token)
        open_ones[-1].parts.append(part)
        open_ones.append(part)
    elif line.name == "END":
        if open_ones.pop().name != line.token or not open_ones:
            raise Broken
    else:
        open_ones[-1].properties.append(line)


def _decoded(data: bytes, charset: str | None) -> str:
    declared = charset if charset is not None and _CHARSET.fullmatch(charset) else "utf-8"
    for name in (declared, "utf-8"):
        try:
            return data.decode(name)
        except (UnicodeError, LookupError):
            continue
    return data.decode("latin-1")
