"""The bodies that are put together from strings, against the serializer's, to the byte."""

from dataclasses import MISSING, fields
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from insight_sessions.domain.registration import Registration
from insight_sessions.domain.session import Slot
from insight_sessions.text import Labels
from insight_sessions.usual import USUAL

HARD = (
    "",
    "mon",
    'a "quoted" word',
    "back\\slash",
    "tab\tline\nend\r",
    "\x00\b\f\x1f\x7f",
    "Zoë 李 \U0001f600",
    "</p>\u2028",
)
ZONES = (UTC, timezone(timedelta(0), "GMT"), timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=3)))
WALL = st.datetimes(datetime(1971, 1, 1), datetime(2105, 12, 31)) | st.just(datetime(2021, 7, 5, 9))  # noqa: DTZ001
FORMS: Final[dict[type[Any], TypeAdapter[Any]]] = {kind: TypeAdapter(kind) for kind in USUAL}

PLAIN: Final[dict[Any, st.SearchStrategy[Any]]] = {
    str: st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(HARD),
    int: st.integers(0, 2**40),
    bool: st.booleans(),
    date: st.dates(),
    # The same moments again and again, for what is written of one is kept for the next that equals it.
    datetime: st.builds(lambda wall, zone: wall.replace(tzinfo=UTC).astimezone(zone), WALL, st.sampled_from(ZONES)),
    type(None): st.none(),
}


SPECIAL: Final[dict[type[Any], dict[str, st.SearchStrategy[Any]]]] = {Slot: {"starts": WALL}}
"""What holds no other value than these."""


def values(hint: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - whatever a field holds
    """Values of a type, as far as our dataclasses need any."""
    if hint in PLAIN:
        return PLAIN[hint]
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) in (Union, UnionType):
        return st.one_of(*map(values, get_args(hint)))
    if get_origin(hint) is dict:
        return st.dictionaries(values(str), values(str), max_size=3).map(Labels)
    if get_origin(hint) is tuple:
        first, *others = get_args(hint)
        many = st.lists(values(first), max_size=3).map(tuple)
        return many if others == [...] else st.tuples(*map(values, get_args(hint)))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    return like_most(hint)


@st.composite
def like_most(draw: st.DrawFn, kind: type[Any]) -> Any:  # noqa: ANN401 - of that kind
    """A value of which some fields are not as they are by default."""
    hints = get_type_hints(kind)
    asked = {one.name for one in fields(kind) if one.default is MISSING}
    named = asked | draw(st.sets(st.sampled_from(sorted(hints)), max_size=5))
    special = SPECIAL.get(kind, {})
    return kind(**{name: draw(special[name] if name in special else values(hints[name])) for name in sorted(named)})


@pytest.mark.parametrize("kind", USUAL, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_what_is_usual_is_written_as_the_serializer_writes_it(kind: type[Any], data: st.DataObject) -> None:
    """Whatever its fields hold; and whatever is not usual is left to the serializer."""
    value = data.draw(like_most(kind))
    said = USUAL[kind](value)
    if said is not None:
        assert "{" + said == FORMS[kind].dump_json(value, exclude_none=True, exclude_defaults=True).decode()


@pytest.mark.parametrize("kind", USUAL, ids=lambda kind: kind.__name__)
def test_each_field_is_written_or_makes_it_unusual(kind: type[Any]) -> None:
    """No field is forgotten: another value of it is another body, or none that we write."""
    hints = get_type_hints(kind)

    @given(data=st.data())
    def differs(data: st.DataObject) -> None:
        asked = [one.name for one in fields(kind) if one.default is MISSING]
        name = data.draw(st.sampled_from(sorted(hints)))
        known = {one: data.draw(values(hints[one])) for one in sorted({*asked, name})}
        other = {**known, name: data.draw(values(hints[name]).filter(lambda found: found != known[name]))}
        first, second = (USUAL[kind](kind(**found)) for found in (known, other))
        assert first is None or first != second

    differs()


def test_the_serializer_is_asked_for_what_is_not_usual() -> None:
    """Such as a lost place."""
    at = datetime(2021, 7, 5, 9, 30, tzinfo=UTC)
    lost = Registration(
        id="r-1",
        project_id="p",
        person="p-1",
        wishes=("mon",),
        arrived=1,
        registered_at=at,
        checked_at=at,
        displaced=True,
    )
    assert USUAL[Registration](lost) is None
    assert USUAL[Registration](lost.but(displaced=False)) is not None
