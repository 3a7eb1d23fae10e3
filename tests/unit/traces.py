"""Finds words in bytes, however they may have been written: plain, in other cases and forms, encoded or folded."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from quopri import encodestring
from unicodedata import normalize
from urllib.parse import quote

FOLDED = (rb"\r?\n[ \t]", rb"=\r?\n", rb"\r?\n")
"""How lines are broken: in calendars and headers, in quoted-printable, and in base64."""


def traces(haystack: bytes, words: Iterable[str]) -> set[str]:
    """The words of which there is a trace.

    Args:
        haystack: whatever was written somewhere.
        words: what must not be there; each of more than five letters, so that nothing is found by chance.
    """
    hay = {haystack, *(re.sub(fold, b"", haystack) for fold in FOLDED)}
    small = {one.lower() for one in hay}
    found: set[str] = set()
    for word in words:
        assert len(word) > 5, word
        exact, any_case = set(_base64(word)), {one.lower() for one in _written(word)}
        if any(one in straw for one in exact for straw in hay) or any(
            one in straw for one in any_case for straw in small
        ):
            found.add(word)
    return found


def _forms(word: str) -> Iterator[str]:
    for one in {word, word.lower(), word.upper(), word.title(), word.capitalize()}:
        yield from (normalize("NFC", one), normalize("NFD", one))


def _written(word: str) -> Iterator[bytes]:
    """In every way in which letters stay letters; upper and lower case are not told apart."""
    for one in _forms(word):
        raw = one.encode()
        printable = encodestring(raw, quotetabs=False).replace(b"=\n", b"")
        yield from (raw, one.encode("utf-16-le"), one.encode("utf-16-be"), raw.hex().encode())
        yield from (printable, printable.replace(b" ", b"_"), printable.replace(b" ", b"=20"))
        yield from (quote(one).encode(), quote(one, safe="").encode(), one.replace(" ", "+").encode())
        yield from (json.dumps(one)[1:-1].encode(), ascii(one)[1:-1].encode())
        yield one.encode("ascii", "xmlcharrefreplace")
        yield from (one.replace(" ", gap).encode() for gap in ("-", "_", "."))


def _base64(word: str) -> Iterator[bytes]:
    """At each of the three places in a group of letters where it may begin, without what its neighbours change."""
    for one in _forms(word):
        raw = one.encode()
        for before in range(3):
            skip = -(-before * 8 // 6)
            keep = (before + len(raw)) * 8 // 6
            for encoded in (b64encode, urlsafe_b64encode):
                yield encoded(b"\0" * before + raw)[skip:keep]


def under(folder: Path) -> bytes:
    """The names and contents of all files below a folder."""
    found = sorted(folder.rglob("*"))
    return b"\n".join(
        f"{path.relative_to(folder)}\n".encode() + (path.read_bytes() if path.is_file() else b"") for path in found
    )
