"""The plugin passes the contracts, and does what its README says."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from plugin_template import Chat, NotSent, plugin
from pydantic import SecretStr, ValidationError

from insight_sessions import Desk
from insight_sessions.testing import BrokenNotifierContract, NotifierContract, example_notices

TOKEN = SecretStr("made up")


class Server(ThreadingHTTPServer):
    """A chat on this machine."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Posted)
        self.lines: list[tuple[str | None, dict[str, str]]] = []

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self.server_port}/team"


class Posted(BaseHTTPRequestHandler):
    """One line."""

    def do_POST(self) -> None:
        """Keep it."""
        chat = self.server
        assert isinstance(chat, Server)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        chat.lines.append((self.headers["Authorization"], json.loads(body)))
        self.send_response_only(chat.status)
        self.end_headers()


@pytest.fixture
def chat() -> Iterator[Server]:
    """A chat that takes everything."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class TestContract(NotifierContract):
    """All that a notification plugin must do."""

    @pytest.fixture
    def plugin(self, chat: Server) -> object:
        """The plugin, posting to a chat of its own."""
        return Chat(chat.url, TOKEN)


class TestBroken(BrokenNotifierContract):
    """All that it must do while the chat does not answer as it should."""

    @pytest.fixture(params=["refuses", "is away"])
    def broken(self, request: pytest.FixtureRequest, chat: Server) -> object:
        """The plugin with a chat that takes nothing, or with none."""
        chat.status = 503
        return Chat(chat.url if request.param == "refuses" else "http://127.0.0.1:1/", TOKEN)


def test_each_notice_is_one_line_without_a_name(chat: Server) -> None:
    """With its id, so that the chat can leave out what it has."""
    for notice in example_notices():
        Chat(chat.url, TOKEN).insight_sessions_notify(notice)
    assert chat.lines[1] == (
        "Bearer made up",
        {"id": "n-example-2", "text": "Exploring COVID-19 backlogs: You have a place: Exploring COVID-19 backlogs"},
    )
    assert not any("Ada" in line["text"] or "@" in line["text"] for _, line in chat.lines)


def test_what_goes_wrong_shows_no_secret(chat: Server) -> None:
    """Only what was answered."""
    chat.status = 401
    with pytest.raises(NotSent, match=r"^the chat answered 401$"):
        Chat(chat.url, TOKEN).insight_sessions_notify(example_notices()[0])


def test_it_takes_part_once_it_is_set_up(chat: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed alone it is no consumer, so that nothing waits for it."""
    monkeypatch.delenv("PLUGIN_TEMPLATE_URL", raising=False)
    with Desk.open("memory:") as desk:
        assert "notify/plugin-template" not in desk.health().behind
    monkeypatch.setenv("PLUGIN_TEMPLATE_URL", chat.url)
    with Desk.open("memory:") as desk:
        assert "notify/plugin-template" in desk.health().behind


@pytest.mark.parametrize("url", ["geheim", "http://chat.example.org/geheim", "https://", "https://a b geheim"])
def test_a_wrong_setting_is_told_without_showing_it(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """When a desk is opened."""
    monkeypatch.setenv("PLUGIN_TEMPLATE_URL", url)
    with pytest.raises(ValidationError) as wrong:
        plugin()
    assert "geheim" not in str(wrong.value)
