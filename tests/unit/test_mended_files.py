"""Files and processes that once got in each other's way."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from insight_sessions.desk import Desk
from insight_sessions.domain.project import Project
from insight_sessions.errors import ProjectFileError, StorageError

HEAD = """\
id = "call"
title = "A call"
summary = "About it."
timezone = "Europe/London"
organiser = {name = "Team", email = "team@example.org"}
"""

FORKING = """
import faulthandler, os, sys, threading
from insight_sessions import AnnounceProject, Contact, Desk, Member, OpenCall, Project, RegisterInterest, Session

def register(desk, name):
    ada = Member(id=name, name=name, email=f"{name}@example.org")
    return desk.do(RegisterInterest(project_id="p", member=ada, sessions=("mon",)))

def work(number):
    count = 0
    while not stop.is_set():
        register(desks[number % 3], f"t{number}-{count}")
        count += 1

desks = [Desk.open("sqlite:///" + sys.argv[1], discover=False) for _ in range(3)]
stop = threading.Event()
mon = Session(id="mon", starts="2921-07-05T10:00", minutes=60)
team = Contact(name="Team", email="team@example.org")
call = Project(id="p", title="T", summary="S", timezone="UTC", organiser=team, members_only=False, sessions=(mon,))
desks[0].do(AnnounceProject(project=call))
desks[0].do(OpenCall(project_id="p"))
threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(6)]
for thread in threads:
    thread.start()
ends = []
for number in range(4):
    for desk in desks:
        register(desk, f"p{number}-{desks.index(desk)}")
    child = os.fork()
    if child == 0:
        faulthandler.dump_traceback_later(30, exit=True)
        for desk in desks:
            register(desk, f"c{number}-{desks.index(desk)}")
        os._exit(0)
    ends.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
stop.set()
for thread in threads:
    thread.join(30)
people = {one.member_id for one in desks[0].state("p").people.values()}
missing = [f"{who}{n}-{m}" for who in "pc" for n in range(4) for m in range(3) if f"{who}{n}-{m}" not in people]
print(ends, missing, [thread.is_alive() for thread in threads].count(True))
"""


def test_desks_of_a_process_that_forks_go_on_in_parent_and_child(tmp_path: Path) -> None:
    """Several on one file, while threads write: nobody waits for a lock that a fork took."""
    command = [sys.executable, "-W", "ignore", "-c", FORKING, str(tmp_path / "desk.db")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.stdout == "[0, 0, 0, 0] [] 0\n", ended.stderr


def problems(tmp_path: Path, more: str) -> tuple[str, ...]:
    """What is wrong in a project file."""
    path = tmp_path / "project.toml"
    path.write_text(HEAD + more, encoding="utf-8")
    with pytest.raises(ProjectFileError) as caught:
        Project.from_toml(path)
    return caught.value.problems


@pytest.mark.parametrize("more", ["[[sessions]]\n", '[[sessions]]\nstatus = "held"\n', "[[questions]]\n"])
def test_of_very_many_problems_the_first_are_named(tmp_path: Path, more: str) -> None:
    """Each costs a search through the file, and nobody reads thousands."""
    found = problems(tmp_path, more * 2_000)
    assert len(found) == 21
    assert re.fullmatch(r"and [0-9,]+ more", found[20])
    named = [re.sub(r"\].*", "]", one) for one in found[:20]]
    assert {one.partition("[")[0] for one in named} == {more[2:].partition("]")[0]}
    assert int(found[20].replace(",", "").split()[1]) >= 1_980


def test_twenty_problems_are_all_named(tmp_path: Path) -> None:
    """One more is counted."""
    twenty = problems(tmp_path, "".join(f"x{number} = 1\n" for number in range(20)))
    assert len(twenty) == 20
    assert not [one for one in twenty if " more" in one]
    assert problems(tmp_path, "".join(f"x{number} = 1\n" for number in range(21)))[20] == "and 1 more"


def test_a_path_that_no_file_can_have_is_an_error_of_ours() -> None:
    """A zero character, which the system refuses before it looks."""
    with pytest.raises(ProjectFileError):
        Project.from_toml("a\0b")
    with pytest.raises(StorageError):
        Desk.open("sqlite:///a%00b.db", discover=False)
