"""The table of what is kept: it is complete, and a state has everything where the table says."""

from dataclasses import fields, is_dataclass
from typing import get_args

import pytest

from insight_sessions.domain.project import Project
from insight_sessions.domain.state import ProjectState
from insight_sessions.domain.thing import KIND_OF, KINDS, Kind, Lineage, Thing, can_go


def test_every_thing_is_of_one_kind() -> None:
    """And every kind is of things."""
    assert set(get_args(Thing)) == {kind.type for kind in KINDS.values()}
    assert sorted(KINDS) == sorted(kind.name for kind in KIND_OF.values())


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_state_has_things_where_the_table_says(kind: Kind) -> None:
    """By an id that each of them has; of projects and lineages it has one."""
    if not kind.place:
        assert kind.type in {Project, Lineage}
        return
    assert len(ProjectState().kept_as(kind.name)) == 0
    names = [field.name for field in fields(kind.type)] if is_dataclass(kind.type) else kind.type.model_fields
    assert kind.id in names or isinstance(getattr(kind.type, kind.id), property)


def test_what_a_project_is_made_of_stays() -> None:
    """And nothing is known of what a newer release keeps."""
    assert {name for name in KINDS if not can_go(name)} == {"project", "lineage", "session", "update", "opening"}
    assert not can_go("rumour")
