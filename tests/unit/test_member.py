from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from insight_sessions.domain.member import Erased, Member, Person
from insight_sessions.text import Labels

from .desk_kit import member, until


@pytest.mark.parametrize(
    ("more", "day", "expected"),
    [
        ({}, "2021-07-05", True),
        ({"active": False}, "2021-07-05", False),
        (until("2021-07-05"), "2021-07-05", True),
        (until("2021-07-05"), "2021-07-06", False),
        ({"active": False, **until("2021-07-05")}, "2021-07-01", False),
    ],
)
def test_a_membership_lasts_to_its_last_day(more: dict[str, Any], day: str, expected: bool) -> None:
    """That day included; the same for a member and for the person we keep."""
    known = member(**more)
    assert known.is_member_on(date.fromisoformat(day)) is expected
    assert Person.of(known, "p-1").is_member_on(date.fromisoformat(day)) is expected


def test_a_person_keeps_what_the_host_said() -> None:
    """Under an id of our own, and it can be turned back."""
    known = member(language="cy", attributes={"setting": "acute"}, **until("2021-12-31"))
    person = Person.of(known, "p-1")
    assert person.id == "p-1"
    assert person.member_id == "ada"
    assert person.member == known


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "ca\nnary"},
        {"name": "canary\u202e"},
        {"name": "canary" * 50},
        {"email": "canary"},
        {"language": "canary-"},
        {"active": "canary"},
        {"valid_until": "canary"},
        {"attributes": {"setting": "canary\x00"}},
        {"nickname": "canary"},
    ],
)
def test_a_wrong_member_is_refused_without_a_word_of_it(wrong: dict[str, Any]) -> None:
    """What people entered is theirs, in errors too."""
    with pytest.raises(ValidationError) as caught:
        member(**wrong)
    assert "canary" not in str(caught.value)
    assert next(iter(wrong)) in str(caught.value)


def test_a_member_is_frozen() -> None:
    """A plugin cannot change who somebody is."""
    known = member(attributes={"setting": "acute"})
    with pytest.raises(ValidationError):
        known.name = "Eve"  # type: ignore[misc]  # refused at run time too
    assert isinstance(known.attributes, Labels)
    assert hash(known) == hash(member(attributes={"setting": "acute"}))


def test_a_member_id_may_be_an_address() -> None:
    """Hosts choose their own ids."""
    assert Member(id="ada@example.org", name="Ada", email="ada@example.org").id == "ada@example.org"


def test_erased_counts_by_name() -> None:
    """What a plugin answers when somebody is forgotten."""
    assert Erased({"nicknames": 1}).counts == {"nicknames": 1}
