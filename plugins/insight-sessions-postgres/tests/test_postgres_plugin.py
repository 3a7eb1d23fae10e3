"""The plugin as it is found and loaded, and its README."""

import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from importlib.metadata import entry_points
from pathlib import Path

import insight_sessions_postgres
import pytest
from hypothesis import given
from hypothesis import strategies as st
from insight_sessions_postgres import Limits, PostgresStorage
from insight_sessions_postgres.letters import got, put

from insight_sessions import Desk, Runtime
from insight_sessions.hooks.manager import load_plugins
from insight_sessions.testing.place import thing, write

README = Path(__file__).parents[1] / "README.md"
TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\x00\x01\x02"))


def test_it_is_found_by_its_entry_point(url: str) -> None:
    (found,) = (each for each in entry_points(group="insight_sessions") if each.name == "postgres")
    assert found.load() is insight_sessions_postgres
    with Desk.open(url) as desk:
        assert "insight-sessions-postgres" in desk.health().plugins or "postgres" in desk.health().plugins


def test_the_shorter_scheme_names_the_same_store(url: str) -> None:
    """Hosting services write ``postgres:`` into the environment."""
    with closing(load_plugins().open_storage(url, Runtime())) as storage:
        write(storage, "p", thing("a"))
    with closing(load_plugins().open_storage(url.replace("postgresql:", "postgres:", 1), Runtime())) as storage:
        assert storage.project_ids() == ["p"]


def test_the_driver_is_loaded_when_a_store_is_opened() -> None:
    """Not by every process that has the plugin installed."""
    program = (
        "import sys; from insight_sessions import Desk; Desk.open('memory:').close();"
        "assert 'insight_sessions_postgres' in sys.modules; print('psycopg' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"


def test_its_names() -> None:
    assert insight_sessions_postgres.PostgresStorage is PostgresStorage
    assert insight_sessions_postgres.Limits is Limits
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        vars(insight_sessions_postgres)["__getattr__"]("Nothing")


@given(texts=st.lists(TEXT, min_size=2, max_size=2))
def test_any_text_comes_back_in_the_same_order(texts: list[str]) -> None:
    """PostgreSQL takes no character zero, so it is written as others."""
    stored = [put(text) for text in texts]
    assert not any("\x00" in text for text in stored)
    assert [got(text) for text in stored] == texts
    assert sorted(stored) == [put(text) for text in sorted(texts)]


def test_the_example_of_the_readme_works_as_printed(
    database: str, capsys: pytest.CaptureFixture[str], opened: Callable[[str], PostgresStorage]
) -> None:
    """Pasted as it is, but for the address."""
    pasted = "".join(re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL))
    assert pasted.count("postgresql:///insight") == 2
    exec(pasted.replace("postgresql:///insight", database), {})  # noqa: S102 - it is ours
    assert f"It prints `{capsys.readouterr().out.strip()}`" in README.read_text(encoding="utf-8")
    with Desk.open(database) as desk:
        (mine,) = desk.state("backlogs").registrations.values()
    assert mine.status == "withdrawn"
