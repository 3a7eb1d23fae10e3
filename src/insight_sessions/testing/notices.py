"""Notices to made-up people, for the tests of notification plugins."""

from typing import Final

from insight_sessions.samples import EXAMPLE_MOMENT, EXAMPLE_PROJECT, example_notices

__all__ = ["EXAMPLE_MOMENT", "EXAMPLE_PROJECT", "ODD_NAMES", "example_notices"]

ODD_NAMES: Final = (
    "Zoë 🎈 Ó Briain",
    "עדה לוי",
    "李小龙",
    'Ada "first" Osei, <b@example.org>; \\',
    "{name} {0} %s %(name)s $name",
    "=HYPERLINK(1)",
    "W" * 200,
)
"""Names that real people have, or that somebody may try."""
