"""The kit for notification plugins is itself tested: broken plugins fail in the right test."""

import os
import re
import subprocess
import sys
from typing import Final

import pytest
from pydantic import TypeAdapter

from insight_sessions.testing import BrokenNotifierContract, NotifierContract, example_notices
from insight_sessions.testing.notices import ODD_NAMES
from insight_sessions.text import Line

KIT: Final = """
import logging
from insight_sessions.hooks.specs import hookimpl
from insight_sessions import Erased
from insight_sessions.testing import BrokenNotifierContract, NotifierContract
import pytest

class Notifier:
    name = "notifier"
    seen = ()

    @hookimpl
    def insight_sessions_notify(self, notice):
        self.act(notice)

    def act(self, notice):
        pass

class Deaf:
    @hookimpl
    def insight_sessions_on_event(self, event):
        pass

class Picky(Notifier):
    def act(self, notice):
        if notice.invite is None:
            raise ValueError("no invite")

class Ascii(Notifier):
    def act(self, notice):
        notice.recipient.name.encode("ascii")

class Strict(Notifier):
    def act(self, notice):
        if notice.id in self.seen:
            raise ValueError("again")
        self.seen = (*self.seen, notice.id)

class Changing(Notifier):
    def act(self, notice):
        object.__setattr__(notice, "subject", notice.subject + "!")

class Printing(Notifier):
    def act(self, notice):
        print(notice.recipient.name)

class Logging(Notifier):
    def act(self, notice):
        logging.getLogger("notifier").info("to %s", notice.recipient.email)

class Linking(Notifier):
    def act(self, notice):
        logging.getLogger("notifier").info("links %s", dict(notice.links))

class Ordered(Notifier):
    def act(self, notice):
        if notice.id == "n-example-2":
            self.seen = ("n-example-2",)
        elif notice.id == "n-example-3" and not self.seen:
            raise ValueError("late")

class Stranger(Notifier):
    def act(self, notice):
        if not notice.id.startswith("n-example-"):
            raise ValueError("no example")

class Keeping(Notifier):
    erased = 0

    @hookimpl
    def insight_sessions_erase_member(self, member_id):
        return self.answer(member_id)

    def answer(self, member_id):
        return Erased({})

class Forgetful(Keeping):
    def answer(self, member_id):
        raise KeyError(member_id)

class Boasting(Keeping):
    def answer(self, member_id):
        return Erased({"letters": 1})

class Down(Notifier):
    def act(self, notice):
        raise OSError("nobody listens")

class Quiet(Notifier):
    pass

class Moody(Notifier):
    def act(self, notice):
        if notice.id not in self.seen:
            self.seen = (*self.seen, notice.id)
            raise OSError("nobody listens")

class Chatty(Notifier):
    def act(self, notice):
        logging.getLogger("notifier").error("cannot send to %s", notice.recipient.email)
        raise OSError("nobody listens")

def broken(kind):
    class Contract(BrokenNotifierContract):
        @pytest.fixture
        def broken(self):
            return kind()

    return Contract

TestDown = broken(Down)
TestQuiet = broken(Quiet)
TestMoody = broken(Moody)
TestChatty = broken(Chatty)

class TestLeftOut(BrokenNotifierContract):
    pass

def contract(kind):
    class Contract(NotifierContract):
        @pytest.fixture
        def plugin(self):
            return kind()

    return Contract

TestFine = contract(Notifier)
TestDeaf = contract(Deaf)
TestPicky = contract(Picky)
TestAscii = contract(Ascii)
TestStrict = contract(Strict)
TestChanging = contract(Changing)
TestPrinting = contract(Printing)
TestLogging = contract(Logging)
TestLinking = contract(Linking)

TestOrdered = contract(Ordered)
TestStranger = contract(Stranger)
TestKeeping = contract(Keeping)
TestForgetful = contract(Forgetful)
TestBoasting = contract(Boasting)

class TestForgotten(NotifierContract):
    pass
"""

EXPECTED: Final = {
    "Deaf": {
        *("a_desk_lets_it_in_as_a_consumer_of_notices", "it_takes_every_kind_of_notice", "it_takes_every_name"),
        *("it_takes_a_notice_again", "it_takes_notices_in_many_threads", "it_leaves_the_notice_as_it_was"),
        *("it_tells_nobody_else", "it_takes_notices_in_any_order", "it_forgets_whom_it_is_asked_to"),
    },
    "Picky": {
        *("it_takes_every_kind_of_notice", "it_takes_every_name", "it_takes_a_notice_again"),
        *("it_takes_notices_in_many_threads", "it_leaves_the_notice_as_it_was", "it_tells_nobody_else"),
        *("it_takes_notices_in_any_order", "it_forgets_whom_it_is_asked_to"),
    },
    "Ascii": {"it_takes_every_name"},
    "Strict": {"it_takes_a_notice_again", "it_takes_notices_in_many_threads"},
    "Changing": {"it_leaves_the_notice_as_it_was"},
    "Printing": {"it_tells_nobody_else"},
    "Logging": {"it_tells_nobody_else"},
    "Linking": {"it_tells_nobody_else"},
    "Ordered": {"it_takes_notices_in_any_order", "it_takes_every_kind_of_notice"},
    "Stranger": {"a_desk_delivers_through_it"},
    "Forgetful": {"it_forgets_whom_it_is_asked_to"},
    "Boasting": {"it_forgets_whom_it_is_asked_to"},
    "Quiet": {"it_raises", "a_desk_keeps_what_it_could_not_send"},
    "Moody": {"it_raises"},
    "Chatty": {"it_tells_nobody_else"},
}


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Which tests failed for which plugin, when its author runs them."""
    folder = tmp_path_factory.mktemp("author")
    (folder / "test_plugins.py").write_text(KIT, encoding="utf-8")
    environment = {**os.environ, "PYTEST_ADDOPTS": "", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=line", "-p", "no:randomly", str(folder)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, set[str]] = {}
    for plugin, test in re.findall(r"^(?:FAILED|ERROR) \S+::Test(\w+)::test_(\w+)", run.stdout, re.MULTILINE):
        found.setdefault(plugin, set()).add(test)
    assert "NotImplementedError: override the fixture `plugin`" in run.stdout
    assert "NotImplementedError: override the fixture `broken`" in run.stdout
    return found


def test_a_plugin_that_does_as_it_should_passes(failed: dict[str, set[str]]) -> None:
    """Whatever the others do."""
    assert not {"Fine", "Keeping", "Down"} & set(failed)


@pytest.mark.parametrize("plugin", EXPECTED)
def test_a_broken_plugin_fails_where_it_is_broken(failed: dict[str, set[str]], plugin: str) -> None:
    """And nowhere else."""
    assert failed[plugin] == EXPECTED[plugin]


def test_an_author_who_forgets_the_fixture_is_told(failed: dict[str, set[str]]) -> None:
    """In every test."""
    for forgotten, kit in (("Forgotten", NotifierContract), ("LeftOut", BrokenNotifierContract)):
        tests = {name.removeprefix("test_") for name in vars(kit) if name.startswith("test_")}
        assert failed[forgotten] == tests


def test_the_examples_are_of_every_kind_and_can_be_told_apart() -> None:
    """Made-up people at example.org, with and without invites."""
    notices = example_notices()
    assert len({notice.id for notice in notices}) == len({notice.message_id for notice in notices}) == len(notices)
    assert {notice.kind for notice in notices} == {*type(notices[0].kind)}
    assert {notice.invite and notice.invite.method for notice in notices} == {None, "REQUEST", "CANCEL"}
    assert all(notice.recipient.email.endswith("@example.org") for notice in notices)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_the_odd_names_are_names_that_people_may_have(name: str) -> None:
    """They pass the door, so a plugin will meet them."""
    assert TypeAdapter(Line).validate_python(name) == name
    assert example_notices(name)[0].recipient.name == name
