"""The example of a page behind links, on a real server: who opens links changes nothing, who presses buttons does."""

import re
import threading
from collections.abc import Iterator
from contextlib import closing
from email import message_from_bytes
from http.client import HTTPConnection
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.validate import validator

import pytest

from insight_sessions import Desk, FolderNotifier, Follow, Question, ShareWriteUp, Withdraw, WriteUp
from insight_sessions.storage.memory import MemoryStorage
from tests.unit.desk_kit import P, interest, project, session
from tests.unit.desk_store import Clock, open_call

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "answer_page.py"
page = import_module("examples.answer_page").page
LINK = re.compile(r"http://\S+/answer/(\S+)")


class Answer(NamedTuple):
    """What the server said."""

    status: int
    body: str
    headers: dict[str, str]


class Site:
    """A host with a project, a folder of mails, and the page on a server of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock, self.errors = folder / "mails", Clock(), list[str]()
        self.server = make_server("127.0.0.1", 0, lambda *_: [], handler_class=Silent)
        self.port = self.server.server_port
        self.storage = MemoryStorage(lambda size: b"x" * size)
        self.desk = Desk(
            self.storage,
            plugins=[FolderNotifier(self.folder)],
            discover=False,
            runtime=self.clock.runtime,
            links=f"http://127.0.0.1:{self.port}/answer",
        )
        # It refuses whatever a server or a page may not do (PEP 3333).
        self.server.set_app(validator(page(self.desk)))
        asked = (Question(id="role", text="What do you do?"),)
        open_call(self.desk, project(session("mon"), session("tue"), session("thu"), fill="offer", questions=asked))

    def mails(self) -> list[tuple[str, dict[str, str]]]:
        """For whom each mail is, and its links by the words above them."""
        self.desk.deliver()
        found: list[tuple[str, dict[str, str]]] = []
        for path in sorted(self.folder.glob("*.eml")):
            mail = message_from_bytes(path.read_bytes())
            (text,) = (part for part in mail.walk() if part.get_content_type() == "text/plain")
            raw: Any = text.get_payload(decode=True)
            lines = raw.decode().splitlines()
            links = {above: link for above, link in pairwise(lines) if LINK.fullmatch(link)}
            found.append((str(mail["To"]).partition('"')[2].partition('"')[0], links))
        return found

    def mail(self, who: str) -> dict[str, str]:
        """The links in the newest mail to somebody."""
        return [links for name, links in self.mails() if name == who][-1]

    def ask(self, method: str, link: str, **said: Any) -> Answer:  # noqa: ANN401 - whatever is filled in
        """What a browser does, or a program that looks into mails."""
        body = urlencode(said, doseq=True) if method == "POST" else None
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request(method, "/" + link.split("/", 3)[3], body)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode(), dict(answer.getheaders()))

    @property
    def all_of_it(self) -> object:
        """Everything that is kept."""
        state = self.desk.state(P)
        outbox = self.storage.shelf.outbox
        return (state, state.version, state.journal_end, self.desk.history(P), repr(outbox), self.storage.project_ids())


class Silent(WSGIRequestHandler):
    """A server that keeps no log: the addresses are keys."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - it is called so
        """Nothing."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Ada has Monday, Ben is offered Tuesday, Fay was asked whether she wants to follow."""
    made = Site(tmp_path)
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        made.desk.do(interest("ada", "mon", answers={"role": "nurse"}))
        cat = made.desk.do(interest("cat", "tue"))
        assert made.desk.do(interest("ben", "tue")).place is None
        made.desk.do(Withdraw(project_id=P, registration_id=cat.id))
        made.desk.do(Follow(project_id=P, email="fay@example.org", name="Fay"))
        yield made
    finally:
        made.server.shutdown()
        thread.join()
        made.server.server_close()


def test_the_page_is_short() -> None:
    """Short enough to read, and to type in."""
    assert len([line for line in EXAMPLE.read_text(encoding="utf-8").splitlines() if line.strip()]) <= 40


def test_each_answer_comes_whole_from_a_server_that_adds_headers(site: Site) -> None:
    """Such as how long it is: what one answer was told, the next one must not say."""
    site.server.set_app(page(site.desk))  # for the validator keeps the server from learning the length
    mail = site.mail("Ada")
    for link in (*mail.values(), f"http://{site.port}/answer/x", *mail.values()):
        answer = site.ask("GET", link)
        assert answer.headers["Content-Length"] == str(len(answer.body.encode()))


def test_a_program_that_opens_every_link_changes_nothing(site: Site) -> None:
    """As the scanners of mail servers do, often more than once."""
    links = [link for _, mail in site.mails() for link in mail.values()]
    before = site.all_of_it
    assert len(links) >= 10
    for link in links:
        for method in ("GET", "HEAD", "OPTIONS", "GET"):
            answer = site.ask(method, link)
            assert answer.status == 200
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert "example.org" not in answer.body
            assert ('<form method="post">' in answer.body) == bool(answer.body)
    assert site.all_of_it == before


def test_pressing_the_buttons_of_a_mail_does_what_they_say(site: Site) -> None:
    """Once, however often."""
    mail = site.mail("Ada")
    assert list(mail) == [
        "Or give up your place on this page:",
        "To ask for another session, open this page:",
        "To change your answers, open this page:",
        "To see all your sessions in your own calendar, open this page:",
    ]
    leave, switch, answers, feed = mail.values()
    assert site.ask("POST", answers, role="doctor").body == "Thank you. It is done."
    (ada,) = site.desk.of_member("ada")
    assert site.desk.state(P).answers[ada.id].answers == {"role": "doctor"}
    told = site.ask("POST", feed).body
    assert ada.uid.encode() in site.desk.personal_feed(told.rpartition("/")[2])
    assert 'type="checkbox" value="thu"' in site.ask("GET", switch).body
    assert site.ask("POST", switch, sessions=["nowhere"]).status == 409
    assert site.ask("POST", switch) == (409, "Please fill in what is missing.", site.ask("POST", switch).headers)
    assert site.ask("POST", switch, sessions=["thu", "mon"]).status == 200
    assert site.desk.of_member("ada")[0].wishes == ("thu", "mon")
    for _ in range(2):
        assert site.ask("POST", leave).body == "Thank you. It is done."
    assert site.desk.of_member("ada")[0].place is None
    assert site.ask("GET", leave).body == "This registration was withdrawn."


def test_an_offer_is_taken_by_pressing(site: Site) -> None:
    """And refused by the other button afterwards no more."""
    mail = site.mail("Ben")
    yes, no = mail["Or say yes on this page:"], mail["Or say no on this page:"]
    assert site.ask("POST", yes).status == 200
    (ben,) = site.desk.of_member("ben")
    assert ben.place == "tue"
    refused = site.ask("POST", no)
    assert (refused.status, "No place is held" in refused.body) == (409, True)
    assert site.desk.of_member("ben") == [ben]


def test_somebody_follows_and_leaves_by_pressing(site: Site) -> None:
    """Twice does no harm."""
    join, leave = site.mail("Fay").values()
    for link, following in ((join, 1), (join, 1), (leave, 0), (leave, 0)):
        assert site.ask("POST", link).status == 200
        assert len(site.desk.state(P).followers) == following
    assert site.ask("GET", join).status == 409


def test_feedback_is_given_by_pressing(site: Site) -> None:
    """With what they say."""
    site.clock.moves(days=30)
    site.desk.tick()
    written = WriteUp(title="Heard", text="Much.", feedback_until=7)
    site.desk.do(ShareWriteUp(project_id=P, write_up=written))
    (link,) = site.mail("Ada").values()
    assert site.ask("POST", link).status == 409
    assert site.ask("POST", link, text="Well <b>done</b>.", may_quote="yes").status == 200
    (said,) = site.desk.state(P).feedback.values()
    assert (said.text, said.may_quote) == ("Well <b>done</b>.", True)


@pytest.mark.parametrize("path", ["", "x", "%00", "%C3%A9", "..%2F..", "a" * 5_000, "<script>"])
def test_whatever_else_is_asked_for_is_refused_alike(site: Site, path: str) -> None:
    """With a sentence that anybody may read."""
    before = site.all_of_it
    answers = [site.ask(method, f"http://127.0.0.1/answer/{path}") for method in ("GET", "POST")]
    assert {(one.status, one.body) for one in answers} == {
        (409, "This link does not work. Please see that all of it is there, and open it once more.")
    }
    assert site.all_of_it == before


@pytest.mark.parametrize("length", [None, "", "-1", "many", "99999999"])
def test_a_request_may_say_nothing_or_nonsense_of_its_length(tmp_path: Path, length: str | None) -> None:
    """No more is read than a page needs, and never without an end."""
    made = Site(tmp_path)
    made.server.server_close()
    made.desk.do(interest("ada", "mon"))
    (leave, *_) = made.mail("Ada").values()
    read: list[int] = []

    class Body:
        """A body that does not end."""

        def read(self, size: int) -> bytes:
            """As much as is asked for."""
            read.append(size)
            assert 0 <= size < 100_000
            return b"x" * size

    said: list[str] = []
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": leave.partition("127.0.0.1")[2], "wsgi.input": Body()}
    environ |= {} if length is None else {"CONTENT_LENGTH": length}
    (body,) = page(made.desk)(environ, lambda status, _: said.append(status))
    assert (said, len(read)) == (["200 OK" if length != "many" else "409 Conflict"], int(length != "many"))
    assert (body == b"Thank you. It is done.") == (length != "many")
