"""What importing the library costs, without a clock: what it opens and loads, and that models are built late."""

import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module

from pydantic import BaseModel

import insight_sessions

NAMES = "from insight_sessions import Desk, Project, RegisterInterest"
PYDANTIC = "import pydantic\nclass Model(pydantic.BaseModel):\n    id: int"

ROOMS = """
commands commands.base commands.filling commands.places desk domain domain.member domain.offering domain.personal
domain.project domain.registration domain.reminding domain.reply domain.retention domain.session domain.zone errors text
values
"""
"""Those that a program opens before it does anything; each more is some of everybody's first second."""

TOGETHER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from insight_sessions import Member, RegisterInterest

sys.setswitchinterval(1e-6)

def made(number):
    ada = Member(id="ada", name="Ada", email="ada@example.org")
    return RegisterInterest(project_id="p", member=ada, sessions=("mon", "mon")).sessions

with ThreadPoolExecutor(8) as pool:
    print(set(pool.map(made, range(100))))
"""


def told(program: str) -> str:
    """What a fresh interpreter prints; without our environment, so that nothing is measured or loaded before it."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env={})
    return done.stdout


def loaded(program: str) -> set[str]:
    """The modules that a program leaves behind."""
    return set(told(f"{program}\nimport sys\nprint(*sys.modules)").split())


def models() -> Iterator[type[BaseModel]]:
    """Every model of the library."""
    for found in pkgutil.walk_packages(insight_sessions.__path__, "insight_sessions."):
        if not found.name.startswith("insight_sessions.testing"):
            import_module(found.name)
    known: list[type[BaseModel]] = [BaseModel]
    for one in known:
        known.extend(one.__subclasses__())
    return (one for one in known if one.__module__.startswith("insight_sessions."))


def test_the_first_names_open_only_these_rooms() -> None:
    """Stores, hooks, calendars and what follows from a command come with the first desk."""
    ours = {name.partition(".")[2] for name in loaded(NAMES) if name.startswith("insight_sessions.")}
    assert sorted(ours) == sorted(ROOMS.split())


def test_the_first_names_load_hardly_more_than_pydantic() -> None:
    """No other package of the six, and none of the slow ones of Python."""
    more = {name.partition(".")[0] for name in loaded(NAMES) - loaded(PYDANTIC)}
    assert more - sys.stdlib_module_names == {"insight_sessions", "tzdata"}
    assert more & sys.stdlib_module_names <= {"unicodedata"}


def test_what_signs_links_is_loaded_by_a_desk_that_makes_some_and_by_no_other() -> None:
    """It belongs to an extra, which need not be installed."""
    desk = "from insight_sessions import Desk\nDesk.open('memory:', discover=False{}).close()"
    rooms = {"itsdangerous", "insight_sessions.linking", "insight_sessions.signing"}
    assert not rooms & loaded(desk.format(""))
    assert rooms <= loaded(desk.format(", links='https://example.org/'"))


def test_importing_builds_no_model() -> None:
    """It takes half a millisecond each, and most programs use few of them."""
    ours = (
        "[name for name, one in vars(places).items() if isinstance(one, type(Project)) and one.__pydantic_complete__]"
    )
    assert told(f"{NAMES}\nfrom insight_sessions.commands import places\nprint({ours})") == "[]\n"


def test_every_model_can_be_built() -> None:
    """A definition that is wrong is found here, and not by whoever is the first to use it."""
    found = list(models())
    assert len(found) > 20
    for model in found:
        model.model_rebuild()
        assert model.__pydantic_complete__, model
        assert model.model_config.get("defer_build"), model


def test_threads_can_build_a_model_together() -> None:
    """The first requests of a web process come at the same moment."""
    assert told(TOGETHER) == "{('mon',)}\n"
