"""What stands in a cell so that a spreadsheet takes it for text, and what it says."""

import re
from typing import Final

_FORMULA: Final = re.compile(r"[\s'\u200b-\u200d\u2060\ufeff]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""What a spreadsheet may take for a formula: one of ``= + - @``, their full-width forms, a tab or a line break, be it
behind spaces, apostrophes, or what nobody sees."""


def inert(text: str) -> str:
    """The cell for a text: an apostrophe before what a spreadsheet may take for a formula, else the text itself.

    The apostrophe is what a person types in a spreadsheet to say that a cell is text. A text that looks as if it had
    one already gets another, so that `plain` gives every text back exactly.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def plain(cell: str) -> str:
    """The text of a cell, whether it was made by `inert` or by somebody else."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell, 1) else cell
