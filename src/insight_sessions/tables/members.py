"""Members from a table, and what stands in its cells about one."""

from collections.abc import Mapping
from typing import Final

from insight_sessions.domain.member import Member
from insight_sessions.tables.lines import Delimiter, Limits, Source
from insight_sessions.tables.problems import WrongCells
from insight_sessions.tables.reading import Columns, Table, read_with

OF_MEMBER: Final = ("id", "name", "email")
"""The columns without which nobody is known."""

_FIELDS: Final = ("language", "active", "valid_until")
MORE_OF_MEMBER: Final = (*_FIELDS, "attribute:*")
"""Those that may be there as well."""


def member_of(cells: Mapping[str, str]) -> Member:
    """The member in a row; an empty cell says nothing.

    Raises:
        pydantic.ValidationError: something in it is wrong.
    """
    given: dict[str, object] = {name: cells[name] for name in OF_MEMBER if cells[name]}
    given |= {name: cell for name in _FIELDS if (cell := cells.get(name, "").strip())}
    return Member.model_validate({**given, "attributes": by_name(cells, "attribute")})


def by_name(cells: Mapping[str, str], kind: str) -> dict[str, str]:
    """What stands in the columns ``kind:name``, by name; an empty cell says nothing."""
    start = f"{kind}:"
    return {name.removeprefix(start): cell for name, cell in cells.items() if name.startswith(start) and cell}


def read_members(
    source: Source,
    *,
    names: Mapping[str, str | None] | None = None,
    delimiter: Delimiter = ",",
    limits: Limits | None = None,
) -> Table[Member]:
    """Read members, such as for a directory of them.

    The columns are ``id``, ``name``, ``email``, and if you like ``language``, ``active``, ``valid_until`` and
    ``attribute:…``. Nobody may be in it twice, by id or address, however it is written.

    Args:
        source: a path, or a file that is open for reading bytes.
        names: what the file calls columns, and what we call them; None for those to leave alone.
        delimiter: what stands between cells.
        limits: how much it may hold.

    Raises:
        TableError: the file as a whole cannot be used.
    """
    seen: set[str] = set()

    def new_member(cells: Mapping[str, str]) -> Member:
        member = member_of(cells)
        keys = {member.id.casefold(), member.email.casefold()}
        if not seen.isdisjoint(keys):
            sentence = "The id or the e-mail address stands in an earlier row too."
            raise WrongCells([("id", "member_repeated", sentence)])
        seen.update(keys)
        return member

    return read_with(source, new_member, Columns(OF_MEMBER, MORE_OF_MEMBER, names or {}), delimiter, limits)
