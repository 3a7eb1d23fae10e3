"""Every example does what it says, with no network and no warning."""

import ast
import csv
import email
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path

import pytest
import vobject
from icalendar import Calendar

from insight_sessions import Desk, EventKind, ProjectState, SessionStatus, Status
from tests.servers.smtp import MailServer

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
STORY = EXAMPLES / "covid_backlogs"
LOOKED_AT = datetime(2021, 7, 1, 11, tzinfo=UTC)
MESSAGES = 152

# By name, for a type checker knows the program's folder by its own root.
data = import_module("examples.covid_backlogs.data")

# The audit hook is Python's own: it sees every connection, whoever makes it.
ALONE = """
import runpy, sys
def refuse(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
        raise SystemExit(f"an example went to the network: {event}")
sys.addaudithook(refuse)
program, *sys.argv[1:] = sys.argv[1:]
sys.argv[0], sys.path[0] = program, program.rpartition("/")[0]
runpy.run_path(program, run_name="__main__")
"""

REFUSED = {
    "not_a_member": 6,
    "membership_lapsed": 5,
    "call_not_open": 5,
    "already_registered": 4,
    "consent_missing": 1,
    "answer_unknown": 1,
    "no_such_session": 1,
    "no_such_registration": 1,
    "withdrawn": 1,
}


def run(program: Path, folder: Path, *arguments: str) -> str:
    """What an example prints, run by itself in a folder."""
    command = [sys.executable, "-W", "error", "-X", "utf8", "-c", ALONE, str(program), *arguments]
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the story was told."""
    return tmp_path_factory.mktemp("story")


@pytest.fixture(scope="module")
def printed(folder: Path) -> str:
    """What the story printed."""
    return run(STORY / "main.py", folder)


@pytest.fixture
def out(printed: str, folder: Path) -> Path:
    """What the story left."""
    return folder / "out"


@pytest.fixture
def state(out: Path) -> Iterator[ProjectState]:
    """The project, as the story left it."""
    with Desk.open(f"sqlite:///{out / 'backlogs.db'}?mode=rw", discover=False) as desk:
        yield desk.state("covid-backlogs")


@pytest.fixture
def mails(out: Path) -> list[EmailMessage]:
    """Every message, oldest first."""
    return [parsed(path) for path in sorted((out / "mail").iterdir())]


def parsed(path: Path) -> EmailMessage:
    """A mail as a mail program reads it."""
    message = email.message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    return message


def to(message: EmailMessage) -> str:
    """The one address a mail is for."""
    [header] = message.get_all("To", [])
    [address] = header.addresses
    return str(address.addr_spec)


def plain(message: EmailMessage) -> str:
    """What a mail says."""
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def calendars(folder: Path) -> dict[str, Calendar]:
    """Calendar files by name, each read by two libraries."""
    found = {}
    for path in sorted(folder.iterdir()):
        found[path.name] = Calendar.from_ical(path.read_bytes())
        assert not found[path.name].errors
        vobject.readOne(path.read_bytes().decode())
    return found


# The story


def test_two_sessions_ran_with_fourteen_people(state: ProjectState, printed: str) -> None:
    """As it really was."""
    assert "2 sessions ran, with 14 people" in printed
    statuses = {session.id: session.status for session in state.in_order()}
    assert statuses == {"mon": SessionStatus.HELD, "tue": SessionStatus.HELD, "thu": SessionStatus.CANCELLED}
    assert [len(state.holders(name)) for name in statuses] == [7, 7, 0]
    assert Counter(one.status for one in state.registrations.values()) == {
        Status.CONFIRMED: 14,
        Status.WAITING: 4,
        Status.WITHDRAWN: 13,
    }


def test_the_call_closes_with_its_own_words(state: ProjectState, printed: str) -> None:
    """The sentence stands in what is printed, and in what somebody late is told."""
    assert "Wed 30 June, 17.00: This opportunity is now closed." in printed
    assert state.call.message == "This opportunity is now closed."


def test_people_of_a_cancelled_session_are_told_once(out: Path, state: ProjectState, mails: list[EmailMessage]) -> None:
    """Each was moved or waits, and got exactly one message about it."""
    with Desk.open(f"sqlite:///{out / 'backlogs.db'}?mode=rw", discover=False) as desk:
        events = [one for one in desk.history("covid-backlogs") if one.at == LOOKED_AT and one.previous == "thu"]
    assert Counter((one.kind, one.session) for one in events) == {
        (EventKind.PLACE_MOVED, "mon"): 2,
        (EventKind.PLACE_LOST, None): 2,
    }
    theirs = [state.people[one.person or ""].email for one in events]
    told = [message for message in mails if message["Date"].datetime == LOOKED_AT]
    assert sorted(map(to, told)) == sorted(theirs)
    assert all("Thursday 8 July 2021, 17:00 to 19:00" in plain(message) for message in told)


def test_who_lost_a_place_gets_the_next_one(state: ProjectState) -> None:
    """Before three people who had waited longer."""
    displaced = state.registration_of("q-019")
    assert displaced is not None
    assert displaced.place == "tue"
    waiting = [one for one in state.registrations.values() if one.status is Status.WAITING and "tue" in one.wishes]
    assert len([one for one in waiting if one.registered_at < LOOKED_AT and not one.displaced]) == 3


def test_joining_details_go_to_those_with_a_place_the_day_before(
    state: ProjectState, mails: list[EmailMessage]
) -> None:
    """In an invite that brings their calendar up to date; nobody else ever sees a link."""
    for name, eve in (("mon", datetime(2021, 7, 4, 9, tzinfo=UTC)), ("tue", datetime(2021, 7, 5, 13, tzinfo=UTC))):
        link = f"https://meet.example.org/backlogs-{name}"
        told = [message for message in mails if link in plain(message)]
        assert {message["Date"].datetime for message in told} == {eve}
        assert sorted(map(to, told)) == sorted(state.people[one.person].email for one in state.holders(name))
        for message in told:
            [invite] = [part.get_content() for part in message.walk() if part.get_content_type() == "text/calendar"]
            assert link in str(Calendar.from_ical(invite).walk("VEVENT")[0]["conference"])


def test_who_came_is_recorded(state: ProjectState, printed: str) -> None:
    """Five of seven, twice."""
    assert printed.count("5 attended, 1 excused, 1 absent") == 2
    marks = Counter(one.attendance for one in state.registrations.values())
    assert marks == {"attended": 10, "excused": 2, "absent": 2, None: 17}


def test_the_write_up_is_answered_and_quoted_with_consent_only(
    state: ProjectState, printed: str, mails: list[EmailMessage]
) -> None:
    """Two versions went out, one of three is told what became of their words, and one wants no quotation."""
    assert {one.version: one.audience for one in state.write_ups.values()} == {1: "registered", 2: "public"}
    told = Counter(to(message) for message in mails if message["Subject"].startswith("What came out of the sessions"))
    assert {one.email: told.pop(one.email) for one in state.people.values()} == dict.fromkeys(
        (one.email for one in state.people.values()), 2
    )
    assert set(told.values()) == {1}  # those who follow, of the second version
    assert len(told) == 3
    sent = re.findall(r"version \d\n-+\n(?:  .+\n)+?  (\d+) messages\.", printed)
    assert list(map(int, sent)) == [len(state.people), len(state.people) + 3]
    [answer] = [message for message in mails if message["Subject"].startswith("You said, we answer")]
    assert "You left out community pharmacies." in plain(answer)
    assert "3 people said something, 2 may be quoted" in printed
    assert [one.text in printed for one in state.feedback.values()].count(False) == 1


def test_work_of_their_own_becomes_a_case_study_with_consent(
    state: ProjectState, printed: str, mails: list[EmailMessage]
) -> None:
    """Three shared some in time, and each hears what became of it; the fourth reads when it was over."""
    assert Counter(one.status for one in state.works.values()) == {"published": 1, "shortlisted": 1, "declined": 1}
    told = Counter(message["Subject"].partition(":")[0] for message in mails if message["Date"].datetime.month > 8)
    assert told == {
        "We have received your work": 3,
        "Your work is on our shortlist": 2,
        "Your work was not chosen": 1,
        "Your work is a case study": 1,
    }
    assert "The time to share work was over at 2021-09-30 17:00 (Europe/London)." in printed
    assert "Two afternoons on the phone (acute hospital)" in printed
    assert not [one for one in state.works.values() if one.title in printed and one.status != "published"]


def test_followers_are_asked_and_one_is_told_that_sessions_are_open(
    state: ProjectState, mails: list[EmailMessage], printed: str
) -> None:
    """Three confirmed, of whom one left; the only member heard of the sessions; whoever was silent is forgotten."""
    assert "4 messages ask whether it was really them. 3 say yes." in printed
    assert sorted(one.email for one in state.followers.values()) == ["efua@example.org", "ingrid.lovland@example.org"]
    opened = [to(message) for message in mails if message["Subject"].startswith("Sessions are open")]
    assert opened == ["ingrid.lovland@example.org"]
    news = [message for message in mails if message["Subject"].startswith("The next phase")]
    assert len(news) == 3
    assert [to(message) for message in mails].count("tom@example.org") == 1


def test_every_no_is_counted_by_its_reason(printed: str) -> None:
    """And those who are no members read where they can apply."""
    found: Counter[str] = Counter()
    for times, code in re.findall(r"^ +(\d+)  ([a-z]+(?:_[a-z]+)*) {2,}[A-Z]", printed, re.MULTILINE):
        found[code] += int(times)
    assert found == REFUSED
    assert f"{sum(REFUSED.values())} times the answer was no" in printed
    assert "You can apply at https://example.org/apply" in printed


def test_wrong_rows_are_named_by_line_and_not_repeated(printed: str) -> None:
    """What stands in them may be somebody's name, or a trick."""
    lines = re.findall(r"^  (members|signups)\.csv, line (\d+)[:,] \S", printed, re.MULTILINE)
    assert lines == [(name, line) for name, lines in WRONG.items() for line in lines]
    for name, numbers in WRONG.items():
        rows = list(csv.reader((STORY / f"{name}.csv").read_text(encoding="utf-8").splitlines()))
        for number in numbers:
            assert not [cell for cell in rows[int(number) - 1][:3] if "register" not in cell and cell in printed]


WRONG = {"members": ["49", "50", "51"], "signups": ["46", "56", "58"]}


def test_everybody_with_a_place_has_one_invite(out: Path, state: ProjectState) -> None:
    """One file each, which names nobody else; the public files name nobody."""
    found = calendars(out / "invites")
    personal = {name: calendar for name, calendar in found.items() if not name.startswith("public-")}
    assert len(personal) == 14
    events = [event for calendar in personal.values() for event in calendar.walk("VEVENT")]
    assert {str(event["uid"]) for event in events} == {one.uid for one in state.registrations.values() if one.place}
    assert all(not isinstance(event["attendee"], list) for event in events)
    public = {name: calendar.walk("VEVENT") for name, calendar in found.items() if name.startswith("public-")}
    assert {name: len(events) for name, events in public.items()} == {
        "public-feed.ics": 3,
        "public-mon.ics": 1,
        "public-thu.ics": 1,
        "public-tue.ics": 1,
    }
    assert not [event for events in public.values() for event in events if "attendee" in event]
    assert public["public-thu.ics"][0]["status"] == "CANCELLED"


def test_every_message_is_a_whole_mail_to_one_person(mails: list[EmailMessage], printed: str) -> None:
    """With one recipient, no hidden one, and a calendar part that can be read."""
    assert len(mails) == MESSAGES
    assert f"{len(mails)}  mail/*.eml" in printed
    assert len({message["Message-ID"] for message in mails}) == len(mails)
    for message in mails:
        assert to(message).endswith("@example.org")
        assert not {"cc", "bcc"} & {name.lower() for name in message.keys()}  # noqa: SIM118 - not a dict
        assert not [part for part in message.walk() if part.defects]
        for part in message.walk():
            if part.get_content_type() == "text/calendar":
                assert Calendar.from_ical(part.get_content())["method"] == part.get_param("method")


def by_smtp(folder: Path, *arguments: str) -> str:
    """What the story prints when its mails go by SMTP, which needs this machine's own network."""
    command = [sys.executable, "-W", "error", "-X", "utf8", str(STORY / "main.py"), *arguments]
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False, encoding="utf-8"
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_its_mails_can_come_by_smtp_and_be_looked_at(tmp_path: Path, mails: list[EmailMessage]) -> None:
    """The same messages to the same people, with pages, and a page of all of them."""
    told = by_smtp(tmp_path, "--smtp")
    box = tmp_path / "out" / "mail"
    assert f"To look at them: {Path('out', 'mail', 'index.html')}" in told
    came = [email.message_from_bytes(file.read_bytes(), policy=default) for file in sorted(box.glob("*.eml"))]
    assert len(came) == MESSAGES
    sent, got = (Counter((one["To"], one["Subject"]) for one in those) for those in (mails, came))
    assert got == sent
    index = (box / "index.html").read_text(encoding="utf-8")
    for number, message in enumerate(came, 1):
        page = (box / f"{number:03}.html").read_text(encoding="utf-8")
        assert page.startswith("<!doctype html>")
        assert f'href="{number:03}.html"' in index
        assert message["Auto-Submitted"] == "auto-generated"
    assert index.count("<td>REQUEST</td>") + index.count("<td>CANCEL</td>") > 20


def test_its_mails_can_go_to_a_server_of_ones_own(tmp_path: Path) -> None:
    """Such as one that shows them by itself."""
    with MailServer("none") as server:
        told = by_smtp(tmp_path, "--smtp", f"localhost:{server.port}")
        assert len(server.arrived) == MESSAGES
    assert f"The mails went to localhost:{server.port}" in told
    assert not (tmp_path / "out" / "mail").exists()


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("localhost", "'localhost' is not an address such as localhost:1025\n"),
        ("localhost:x", "'localhost:x' is not an address such as localhost:1025\n"),
        ("localhost:1", "Mail server localhost:1: "),
    ],
)
def test_a_server_that_is_not_there_is_told_before_the_story_begins(tmp_path: Path, address: str, problem: str) -> None:
    """In plain words."""
    command = [sys.executable, str(STORY / "main.py"), "--smtp", address]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(problem)
    assert "Traceback" not in done.stderr


def test_telling_it_again_starts_afresh(tmp_path: Path, printed: str) -> None:
    """What an earlier run left is replaced; what others put there stays."""
    (tmp_path / "out" / "mail").mkdir(parents=True)
    (tmp_path / "out" / "mail" / "old.eml").write_text("old", encoding="utf-8")
    (tmp_path / "out" / "mine.txt").write_text("keep", encoding="utf-8")
    (tmp_path / "out" / "backlogs.db").write_bytes(b"no store at all")
    assert run(STORY / "main.py", tmp_path) == printed
    assert len(list((tmp_path / "out" / "mail").iterdir())) == MESSAGES
    assert (tmp_path / "out" / "mine.txt").read_text(encoding="utf-8") == "keep"


# The page of figures


class Page(HTMLParser):
    """Reads a page strictly: every element is closed in its turn."""

    VOID = frozenset({"meta", "br"})
    EMPTY = frozenset({"rect", "path"})  # of SVG, closed where they open

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it, and that it is open."""
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            assert tag not in self.EMPTY
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        assert tag in self.EMPTY
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """It must be the one that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """What a person reads, but for the style."""
        if "style" not in self.open:
            self.said += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every such element."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def text(out: Path) -> str:
    """The page as it stands in the file."""
    return (out / "report.html").read_text(encoding="utf-8")


def test_the_page_is_well_formed_and_asks_for_nothing(text: str) -> None:
    """No element is left open, and nothing is loaded from anywhere."""
    page = Page(text)
    assert page.open == []
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.elements}
    for _, attributes in page.elements:
        assert not {"src", "href", "style"} & attributes.keys()
        assert not [value for name, value in attributes.items() if name.startswith("on") or "//" in (value or "")]
    assert not re.search(r"@import|url\(\s*['\"]?(?!#)", text)


def test_the_page_can_be_read_in_the_dark_and_on_paper(text: str) -> None:
    """The colours of both schemes stand apart enough (WCAG 2.2, 1.4.3 and 1.4.11)."""
    assert "@media print" in text
    light, dark, *_ = (
        dict(re.findall(r"--(\w+): (#\w{6});", block)) for block in re.findall(r":root \{(.*?)\}", text, re.DOTALL)
    )
    assert text.index("prefers-color-scheme: dark") < text.index(dark["paper"])
    for colours in (light, dark):
        for ground in (colours["paper"], colours["card"]):
            assert all(contrast(colours[name], ground) >= 4.5 for name in ("ink", "quiet"))
            assert all(contrast(colours[name], ground) >= 3 for name in ("taken", "queue", "free"))


def contrast(one: str, other: str) -> float:
    """How far two colours stand apart, from 1 to 21."""

    def luminance(colour: str) -> float:
        parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_every_picture_is_told_in_words(text: str) -> None:
    """Each has a title and a description, and a table says the same."""
    page = Page(text)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    pictures = [one for one in page.named("svg") if one.get("aria-hidden") != "true"]
    assert len(pictures) == 3
    for picture in pictures:
        assert picture["role"] == "img"
        named = (picture["aria-labelledby"] or "").split()
        assert [name.rpartition("-")[2] for name in named] == ["title", "desc"]
        assert set(named) <= set(ids)
    assert len(page.named("title")) == 1 + len(pictures)
    assert len(page.named("table")) == len(page.named("caption")) == 4
    for words in ("7 of 7, 3 waiting", "4 of 7, needs 5", "This opportunity is now closed.", "13 withdrew"):
        assert words in page.said


def test_the_page_names_nobody(text: str) -> None:
    """Not by name, address or id."""
    members, wrong = data.read_members(STORY / "members.csv")
    assert len(members) == 47
    assert len(wrong) == 3
    said = Page(text).said.casefold()
    assert not [one.id for one in members if any(word.casefold() in said for word in (one.name, one.email, one.id))]


# Files from outside


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"id,name\n1,Ada\n", "line 1: These columns must be there: id, name, email"),
        (b"", "line 1: These columns must be there:"),
        (b"\xff\xfe\x00", "not UTF-8 text"),
        (
            b'id,name,email,language,active,valid_until,setting,country,role\n"open',
            "line 2: The quotes or line breaks of this row are wrong.",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_as_a_whole(tmp_path: Path, content: bytes, problem: str) -> None:
    """With its name and what is wrong."""
    (tmp_path / "members.csv").write_bytes(content)
    with pytest.raises(ValueError, match=r"^members\.csv") as refused:
        data.read_members(tmp_path / "members.csv")
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("q-2,Bo,BO@example.org,en,yes,,,,", None),
        ("Q-1,Bo,bo@example.org,en,yes,,,,", ", id: The id or the e-mail address stands in an earlier row too."),
        ("q-2,Bo,bo@example.org,en,maybe,,,,", ", active: "),
        ("q-2,Bo,bo@example.org,en,yes", ": This row has 5 cells where 9 are expected."),
        ("q-2,Bo,bo@example.org,en,yes,,,,,,", ": This row has 11 cells where 9 are expected."),
        ("q-2,,bo@example.org,en,yes,,,,", ", name: "),
        ("q-2,B\u202eo,bo@example.org,en,yes,,,,", ", name: "),
    ],
)
def test_a_wrong_member_is_left_out_and_named_by_line(tmp_path: Path, row: str, problem: str | None) -> None:
    """The others are read."""
    head = "id,name,email,language,active,valid_until,setting,country,role"
    good = "q-1,Ada,ada@example.org,en,yes,2021-12-31,acute,,"
    (tmp_path / "members.csv").write_text(f"\ufeff{head}\r\n{good}\r\n{row}\r\n", encoding="utf-8", newline="")
    members, wrong = data.read_members(tmp_path / "members.csv")
    assert members[0].name == "Ada"
    assert len(members) == (1 if problem else 2)
    assert [str(one).startswith(f"members.csv, line 3{problem}") for one in wrong] == ([True] if problem else [])


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    """Nobody can fill the memory."""
    (tmp_path / "signups.csv").write_bytes(b"\n" * (data.LIMITS.bytes + 1))
    with pytest.raises(ValueError, match=r"^signups\.csv, line \d+: The file is too large"):
        data.read_sign_ups(tmp_path / "signups.csv")


# The small ones


def test_an_example_that_goes_to_the_network_is_noticed(tmp_path: Path) -> None:
    """The guard around every run can fail."""
    (tmp_path / "calling.py").write_text(
        "import socket\nsocket.create_connection(('127.0.0.1', 9))\n", encoding="utf-8"
    )
    with pytest.raises(AssertionError, match="went to the network"):
        run(tmp_path / "calling.py", tmp_path)


def test_the_quickstart_is_short_and_works(tmp_path: Path) -> None:
    """One place, one message, and no more than fifteen statements."""
    text = (EXAMPLES / "embed.py").read_text(encoding="utf-8")
    assert sum(isinstance(node, ast.stmt) for node in ast.walk(ast.parse(text))) <= 15
    printed = run(EXAMPLES / "embed.py", tmp_path)
    assert printed.endswith("confirmed: a place on mon\n")
    assert "To:      Ada Osei <ada@example.org>" in printed
    assert "Invite:  REQUEST" in printed
    assert list(tmp_path.iterdir()) == []


def test_three_invites_are_one_entry_in_a_calendar(tmp_path: Path) -> None:
    """One UID, a growing sequence, and a cancellation at the end."""
    printed = run(EXAMPLES / "three_invites.py", tmp_path, "--out", "three")
    found = calendars(tmp_path / "three")
    assert list(found) == ["1-invite.ics", "2-update.ics", "3-cancel.ics"]
    assert all(name in printed for name in found)
    events = [calendar.walk("VEVENT")[0] for calendar in found.values()]
    assert len({str(event["uid"]) for event in events}) == 1
    assert [event["sequence"] for event in events] == [0, 1, 2]
    assert [calendar["method"] for calendar in found.values()] == ["REQUEST", "REQUEST", "CANCEL"]
    assert [f"{event.decoded('dtstart'):%d %H:%M}" for event in events] == ["05 10:00", "08 17:00", "08 17:00"]
