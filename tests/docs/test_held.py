"""What is held of people is told in full: no field of a record about somebody without a word on what it is and why."""

from dataclasses import dataclass, fields
from typing import Annotated

import pytest

from insight_sessions.domain import personal
from insight_sessions.domain.personal import Held
from insight_sessions.domain.retention import Blanks, Drops, Forgets, Retention, rules
from insight_sessions.domain.thing import KINDS

from .held import NOBODYS, PAGE, about_people, page, tags


@pytest.mark.parametrize("kind", about_people())
def test_every_field_about_somebody_is_tagged(kind: str) -> None:
    """With what it holds and why; a new kind of record is about people until it is said that it is not."""
    untagged = [name for name, tag in tags(about_people()[kind]).items() if tag is None]
    assert untagged == [], f"say in the type of these what they hold of people: {untagged}"


def test_what_is_about_nobody_names_nobody() -> None:
    """No record without a subject has a person in it."""
    assert KINDS.keys() >= NOBODYS
    for kind in NOBODYS - {"project", "session"}:  # these two are models, and their fields are in project files
        named = {field.name for field in fields(KINDS[kind].type)}
        assert not named & {"person", "member_id", "name", "email"}, kind


def test_a_field_without_a_tag_is_found() -> None:
    """A control."""

    @dataclass
    class Careless:
        person: Annotated[str, personal.OURS]
        shoe_size: int
        at: Annotated[str, "not a tag"]

    assert [name for name, tag in tags(Careless).items() if tag is None] == ["shoe_size", "at"]


def test_every_tag_says_what_and_why() -> None:
    """Those for our own ids alone say nothing."""
    told = {name: tag for name, tag in vars(personal).items() if isinstance(tag, Held)}
    assert [name for name, tag in told.items() if not (tag.what and tag.why)] == ["OURS"]
    used = {tag for kind in about_people().values() for tag in tags(kind).values()}
    assert used == set(told.values()), "what nothing holds is not said to be held"


def test_every_setting_of_retention_is_about_something_that_is_held() -> None:
    """A misspelt kind or field would keep it for ever."""
    assert {name for name, _ in rules()} == set(Retention.model_fields)
    for _, goes in rules():
        if isinstance(goes, Drops):
            assert goes.kind in about_people()
        elif isinstance(goes, Blanks):
            assert set(goes.fields) <= tags(about_people()[goes.kind]).keys()
        else:
            assert goes == Forgets()


def test_the_page_is_as_the_tags_say() -> None:
    """Write it anew with ``./dev python -m tests.docs.held``."""
    assert PAGE.read_text(encoding="utf-8") == page()
