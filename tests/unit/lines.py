"""Names as people and attackers may write them."""

from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from insight_sessions.text import Line

_LINE: TypeAdapter[str] = TypeAdapter(Line)
_TRICKY = ("{name}", "%s", "=?", "?=", "@", "<", ">", ",", ";", ":", '"', "\\", "(", ")", ".", "\u00a0", "é", "🎈", "ש")


def _is_line(text: str) -> bool:
    try:
        return _LINE.validate_python(text) == text
    except ValidationError:
        return False


def lines() -> st.SearchStrategy[str]:
    """Whatever passes the door for one line of text."""
    characters = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))
    pieces = st.lists(st.one_of(st.sampled_from(_TRICKY), st.text(characters, max_size=20)), min_size=1, max_size=12)
    return pieces.map(lambda parts: "".join(parts)[:200]).filter(_is_line)
