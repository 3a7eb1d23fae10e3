"""Personal feeds: a member's places behind an address that is a key, and can be taken back."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

from insight_sessions import Desk
from insight_sessions.commands.calls import CancelProject
from insight_sessions.commands.places import Withdraw
from insight_sessions.commands.sessions import CancelSession, RescheduleSession
from insight_sessions.errors import NotFound, StorageError
from insight_sessions.identity import FEEDS, HOUSEHOLD, is_household
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.port import Change, Record, Storage
from insight_sessions.storage.sqlite import SQLiteStorage
from tests.calendar_client import Client, event_in, event_of, read

from .desk_kit import P, interest, member, project, session
from .desk_store import Clock, Shaky, a_desk, desk_on, open_call


def entries(desk: Desk, token: str) -> dict[str, dict[str, str]]:
    """What a feed holds, by UID: each property's own words."""
    calendar = read(desk.personal_feed(token))
    events = [part for part in calendar.parts if part.name == "VEVENT"]
    return {event.one("UID").raw: {one.name: one.raw for one in event.properties} for event in events}


def only(desk: Desk, token: str) -> dict[str, str]:
    """The one entry of a feed."""
    (entry,) = entries(desk, token).values()
    return entry


def dead(desk: Desk, token: str) -> None:
    """There is nothing at that address, and the error does not repeat it."""
    with pytest.raises(NotFound) as caught:
        desk.personal_feed(token)
    assert caught.value.kind == "personal feed"
    assert len(token) < 8 or token not in str(caught.value)
    assert "p-" not in str(caught.value)


def test_a_member_gets_an_address_that_stays() -> None:
    """Asked for twice, it is the same; nobody else's is."""
    desk = a_desk()
    ada, ben = desk.feed_token("ada"), desk.feed_token("ben")
    assert desk.feed_token("ada") == ada
    assert re.fullmatch("[0-9a-f]{64}", ada)
    assert ada != ben
    assert ada[24:] != ben[24:]


def test_a_place_is_in_the_feed() -> None:
    """With its time, its place, the organiser and the revision of the invite."""
    clock = Clock()
    desk = a_desk(clock=clock, announced=project(session("mon", where="Room 3"), session("tue")))
    mine = desk.do(interest("ada", "mon"))
    token = desk.feed_token("ada")
    entry = only(desk, token)
    assert entry["UID"] == f"feed-{mine.uid}"
    assert (entry["SEQUENCE"], entry["STATUS"], entry["TRANSP"]) == ("0", "CONFIRMED", "OPAQUE")
    assert (entry["LOCATION"], entry["ORGANIZER"]) == ("Room 3", "mailto:insight@example.org")
    assert entry["DTSTAMP"] == entry["LAST-MODIFIED"] == "20210614T090000Z"
    (event,) = [part for part in read(desk.personal_feed(token)).parts if part.name == "VEVENT"]
    assert event_in(read(desk.personal_feed(token)), event).begins == desk.state(P).session("mon").begins
    clock.moves(days=1)
    desk.do(RescheduleSession(project_id=P, session_id="mon", starts="2021-07-05T11:00"))
    moved = only(desk, token)
    assert (moved["UID"], moved["SEQUENCE"], moved["DTSTART"]) == (entry["UID"], "1", "20210705T110000")
    assert moved["DTSTAMP"] == "20210615T090000Z"


def test_the_same_facts_give_the_same_bytes() -> None:
    """A poll that finds nothing new finds the same file, whatever the clock says."""
    clock = Clock()
    desk = a_desk(clock=clock)
    desk.do(interest("ada", "mon"))
    token = desk.feed_token("ada")
    before = desk.personal_feed(token)
    clock.moves(days=3)
    desk.do(interest("ben", "tue"))
    assert desk.personal_feed(token) == before


def test_a_feed_says_what_it_is_and_how_often_to_ask() -> None:
    """RFC 7986 §5, and what readers knew before it."""
    desk = a_desk()
    calendar = read(desk.personal_feed(desk.feed_token("ada")))
    assert calendar.one("METHOD").raw == "PUBLISH"
    assert calendar.one("NAME").raw == calendar.one("X-WR-CALNAME").raw == "My insight sessions"
    assert calendar.one("REFRESH-INTERVAL").raw == calendar.one("X-PUBLISHED-TTL").raw == "PT12H"
    assert [part.name for part in calendar.parts] == ["VTIMEZONE"], "nothing yet, and still a calendar"


def test_a_feed_names_nobody_who_takes_part() -> None:
    """People share their calendars."""
    desk = a_desk(announced=project(session("mon", capacity=5)))
    for who in ("ada", "ben"):
        desk.do(interest(member(who, name=f"Canary {who}"), "mon"))
    data = desk.personal_feed(desk.feed_token("ada"))
    assert b"ATTENDEE" not in data
    assert b"CONFERENCE" not in data
    assert b"VALARM" not in data
    state = desk.state(P)
    for one in state.people.values():
        for private in (one.name, one.email, one.id, one.member_id):
            assert private.encode() not in data


def test_what_is_gone_is_marked_and_kept() -> None:
    """Or readers would never take it out."""
    desk = a_desk()
    mine = desk.do(interest("ada", "mon"))
    token = desk.feed_token("ada")
    desk.do(Withdraw(project_id=P, registration_id=mine.id))
    gone = only(desk, token)
    assert (gone["STATUS"], gone["SEQUENCE"], gone["TRANSP"]) == ("CANCELLED", "1", "TRANSPARENT")
    again = desk.do(interest("ada", "tue"))
    both = entries(desk, token)
    assert {uid: one["STATUS"] for uid, one in both.items()} == {
        f"feed-{mine.uid}": "CANCELLED",
        f"feed-{again.uid}": "CONFIRMED",
    }


def test_who_never_had_a_place_has_nothing_in_the_feed() -> None:
    """A wish is no appointment."""
    desk = a_desk()
    desk.do(interest("ada", "mon"))
    desk.do(interest("ben", "mon"))
    assert entries(desk, desk.feed_token("ben")) == {}


def test_a_feed_holds_all_projects_in_order_of_time() -> None:
    """One address for everything a member takes part in."""
    desk = a_desk()
    open_call(desk, project(session("cairo", "2021-07-01T10:00", timezone="Africa/Cairo"), id="other", title="Other"))
    desk.do(interest("ada", "tue"))
    desk.do(interest("ada", "cairo").model_copy(update={"project_id": "other"}))
    shown = entries(desk, desk.feed_token("ada"))
    assert [one["SUMMARY"] for one in shown.values()] == ["Other", "Exploring COVID-19 backlogs"]
    desk.do(CancelProject(project_id="other"))
    assert [one["STATUS"] for one in entries(desk, desk.feed_token("ada")).values()] == ["CANCELLED", "CONFIRMED"]


def test_a_calendar_with_the_invite_and_the_feed_keeps_them_apart() -> None:
    """Nobody can answer the copy; it must never stand in the way of the entry that the invite made."""
    desk = a_desk()
    mine = desk.do(interest("ada", "mon"))
    invite, token = desk.invite(P, mine.id), desk.feed_token("ada")
    client = Client()
    client.take(invite)
    assert event_of(invite).uid not in entries(desk, token)
    desk.do(CancelSession(project_id=P, session_id="mon"))
    client.take(desk.invite(P, mine.id))
    assert [entry["STATUS"] for entry in entries(desk, token).values()] == ["CANCELLED"]


def test_a_revoked_address_is_dead_for_good() -> None:
    """A new one can be had, and that is another."""
    desk = a_desk()
    desk.do(interest("ada", "mon"))
    old = desk.feed_token("ada")
    desk.revoke_feed("ada")
    dead(desk, old)
    desk.revoke_feed("ada")
    new = desk.feed_token("ada")
    assert new != old
    assert only(desk, new)["STATUS"] == "CONFIRMED"
    dead(desk, old)
    desk.revoke_feed("ada")
    third = desk.feed_token("ada")
    assert len({old, new, third}) == 3
    dead(desk, old)
    dead(desk, new)


@pytest.mark.parametrize("token", [None, b"0" * 64, 64, ["0" * 64]])
def test_what_is_no_text_is_no_address(token: Any) -> None:  # noqa: ANN401 - whatever it is
    """As when a web address lacks it."""
    with pytest.raises(NotFound, match=r"^no personal feed 'at this address'$"):
        a_desk().personal_feed(token)


@pytest.mark.parametrize("member_id", [None, b"ada", 7])
def test_a_members_id_is_text(member_id: Any) -> None:  # noqa: ANN401 - whatever it is
    """Anything else is a mistake of the program, and nothing is kept for it."""
    desk = a_desk()
    for asked in (desk.feed_token, desk.revoke_feed):
        with pytest.raises(TypeError, match=r"^a member's id is text$"):
            asked(member_id)


def test_revoking_what_is_not_there_writes_nothing() -> None:
    """It is as it was meant to be."""
    storage = Shaky()
    desk = desk_on(storage)
    before = len(storage.commits)
    desk.revoke_feed("nobody")
    assert len(storage.commits) == before


def test_revoking_one_address_leaves_the_others() -> None:
    """Each member has their own."""
    desk = a_desk()
    ada, ben = desk.feed_token("ada"), desk.feed_token("ben")
    desk.revoke_feed("ada")
    dead(desk, ada)
    assert entries(desk, ben) == {}


@pytest.mark.parametrize("size", [0, 1, 63, 65, 5_000_000])
def test_what_is_no_token_at_all_opens_nothing(size: int) -> None:
    """Whatever its length."""
    dead(a_desk(), "a" * size)


@pytest.mark.parametrize("text", ["é" * 64, "\ud800" * 64, "\x00" * 64, "' OR 1=1 --", "~feeds", "x" * 64])
def test_no_strange_text_opens_anything(text: str) -> None:
    """It never gets as far as the store."""
    dead(a_desk(), text)


def test_no_changed_token_opens_anything() -> None:
    """Not one of its letters can be another, large ones neither, and nothing can stand around it."""
    desk = a_desk()
    token = desk.feed_token("ada")
    for place, letter in enumerate(token):
        dead(desk, token[:place] + ("0" if letter != "0" else "1") + token[place + 1 :])
    for other in (token.upper(), f" {token}", f"{token}\n", token[:-1], f"{token}0", token[24:], token[:24]):
        dead(desk, other)


def test_one_members_proof_opens_nobody_elses_feed() -> None:
    """The two halves belong together."""
    desk = a_desk()
    ada, ben = desk.feed_token("ada"), desk.feed_token("ben")
    dead(desk, ada[:24] + ben[24:])
    dead(desk, ben[:24] + ada[24:])


def test_an_address_of_one_store_opens_nothing_in_another() -> None:
    """Their secrets differ, even for the same member and the same nonce."""
    one, other = desk_on(secret="a secret of sixteen"), desk_on(secret="another one of sixteen")
    token = one.feed_token("ada")
    other.feed_token("ada")
    dead(other, token)


def test_the_store_does_not_hold_the_address() -> None:
    """Nor anything else that opens it, when the host keeps the secret."""
    storage = MemoryStorage(os.urandom)
    desk = desk_on(storage, secret="a secret of the host")
    token = desk.feed_token("ada")
    (record,) = storage.read(FEEDS).records
    assert token not in repr(record)
    assert token[24:] not in repr([storage.read(id) for id in storage.project_ids()])


def test_what_is_kept_of_an_address_is_found_by_its_member() -> None:
    """So that erasing somebody finds it."""
    storage = MemoryStorage(os.urandom)
    desk = a_desk_on(storage)
    mine = desk.do(interest("ada", "mon"))
    desk.feed_token("ada")
    assert FEEDS in {record.project_id for record in storage.about(mine.person)}
    desk.revoke_feed("ada")
    assert FEEDS not in {record.project_id for record in storage.about(mine.person)}
    assert [registration.id for registration in desk.of_member("ada")] == [mine.id]


def a_desk_on(storage: Storage) -> Desk:
    """A desk with an open call, on a store of one's own."""
    return open_call(Desk(storage, discover=False, runtime=Clock().runtime))


def test_what_a_store_keeps_for_itself_is_no_project() -> None:
    """It shows nowhere, and upkeep leaves it alone."""
    desk = a_desk()
    desk.feed_token("ada")
    assert desk.projects() == [P]
    assert desk.health().projects == 1
    assert (is_household(HOUSEHOLD), is_household(FEEDS), is_household(P)) == (True, True, False)
    desk.tick()
    for name in (HOUSEHOLD, FEEDS):
        with pytest.raises(NotFound):
            desk.state(name)


@pytest.fixture(params=["memory", "sqlite"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Storage]:
    """Opens one store as often as wanted."""
    if request.param == "sqlite":
        return lambda: SQLiteStorage(tmp_path / "feeds.db", os.urandom)
    return MemoryStorage(os.urandom).reopened


def test_an_address_outlives_the_process(opened: Callable[[], Storage]) -> None:
    """The store, opened again, knows it; and knows what was revoked."""
    with a_desk_on(opened()) as desk:
        mine = desk.do(interest("ada", "mon"))
        token = desk.feed_token("ada")
        revoked = desk.feed_token("ben")
        desk.revoke_feed("ben")
    with Desk(opened(), discover=False) as again:
        assert again.feed_token("ada") == token
        assert list(entries(again, token)) == [f"feed-{mine.uid}"]
        dead(again, revoked)


def test_two_desks_agree_about_an_address(opened: Callable[[], Storage]) -> None:
    """What one makes the other gives, and what one revokes is dead for the other at once."""
    with Desk(opened(), discover=False) as one, Desk(opened(), discover=False) as other:
        token = one.feed_token("ada")
        assert other.feed_token("ada") == token
        other.revoke_feed("ada")
        dead(one, token)
        assert one.feed_token("ada") == other.feed_token("ada") != token


def test_many_who_ask_at_once_get_one_address(opened: Callable[[], Storage]) -> None:
    """And it is good."""
    desks = [Desk(opened(), discover=False) for _ in range(4)]
    start = threading.Barrier(8)
    tokens: list[str] = []

    def ask(desk: Desk) -> None:
        start.wait()
        tokens.append(desk.feed_token("ada"))

    threads = [threading.Thread(target=ask, args=(desk,)) for desk in desks * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens) == 8
    assert len(set(tokens)) == 1
    assert desks[0].personal_feed(tokens[0])
    for desk in desks:
        desk.close()


ASK = """
import sys
from insight_sessions import Desk
with Desk.open(sys.argv[1], discover=False) as desk:
    print(desk.feed_token("ada"))
"""


def test_many_processes_that_ask_at_once_get_one_address(tmp_path: Path) -> None:
    """They share nothing but the file."""
    url = f"sqlite:///{tmp_path / 'feeds.db'}"
    asked = [subprocess.Popen([sys.executable, "-c", ASK, url], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = {process.communicate(timeout=60)[0].strip() for process in asked}
    assert [process.returncode for process in asked] == [0, 0, 0]
    (token,) = told
    with Desk.open(url, discover=False) as desk:
        assert entries(desk, token) == {}


class Overtaken(MemoryStorage):
    """A store in which others are quick: something happens after each look at what is about a person."""

    def __init__(self) -> None:
        super().__init__(os.urandom)
        self.meanwhile: list[Callable[[], object]] = []

    def about(self, subject: str) -> Sequence[Record]:
        """As a store does; and then somebody else does something."""
        found = super().about(subject)
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return found


@pytest.mark.parametrize("looks", [0, 1])
def test_whoever_is_quicker_makes_the_address(looks: int) -> None:
    """Between our first look and our second, or between that and our turn."""
    storage = Overtaken()
    desk, other = desk_on(storage), desk_on(MemoryStorage.reopened(storage))
    made: list[str] = []

    def quicker() -> None:
        assert not storage.meanwhile
        made.append(other.feed_token("ada"))

    storage.meanwhile = [*[int] * looks, quicker]
    assert [desk.feed_token("ada")] == made
    assert desk.personal_feed(made[0])


def test_a_restore_while_somebody_asks_is_noticed() -> None:
    """Versions of one life of a store say nothing in another."""
    storage = Overtaken()
    desk, other = desk_on(storage), desk_on(storage.reopened())
    made: list[str] = []

    def restored() -> None:
        made.append(other.feed_token("ada"))
        storage.restored()

    for who in ("ben", "cat"):
        desk.feed_token(who)
    storage.meanwhile = [int, restored]
    assert [desk.feed_token("ada")] == made


def test_a_store_that_fails_leaves_nothing_half_done() -> None:
    """Asked again, it works; an answer that was lost is found."""
    storage = Shaky()
    desk = desk_on(storage)
    storage.refuse_commit = [StorageError("disk full")]
    with pytest.raises(StorageError, match="disk full"):
        desk.feed_token("ada")
    storage.lose_answer = [StorageError("gone")]
    with pytest.raises(StorageError, match="gone"):
        desk.feed_token("ada")
    commits = len(storage.commits)
    token = desk.feed_token("ada")
    assert len(storage.commits) == commits
    assert desk.personal_feed(token)


def test_a_registration_that_changed_meanwhile_is_shown_as_it_is_now() -> None:
    """What is about a person is read first, the projects afterwards."""
    storage = Overtaken()
    desk = a_desk_on(storage)
    mine = desk.do(interest("ada", "mon"))
    token = desk.feed_token("ada")
    storage.meanwhile = [lambda: desk.do(Withdraw(project_id=P, registration_id=mine.id))]
    assert only(desk, token)["STATUS"] == "CANCELLED"

    def erased() -> None:
        with storage.hold(P) as hold:
            version = hold.version + 1
            record = Record(P, "registration", mine.id, version, subject=None, unique=None, body=None)
            hold.commit(Change(version=version, records=[record]))

    storage.meanwhile = [erased]
    assert entries(desk, token) == {}


def test_icalendar_reads_it() -> None:
    """As others wrote it."""
    desk = a_desk(announced=project(session("mon"), session("tue")))
    desk.do(interest("ada", "mon"))
    calendar = Calendar.from_ical(desk.personal_feed(desk.feed_token("ada")))
    assert isinstance(calendar, Calendar)
    (event,) = calendar.events
    mon = desk.state(P).session("mon")
    assert (event.start, event.end) == (mon.begins, mon.ends)


def test_who_has_left_keeps_the_time_they_left() -> None:
    """Under one revision an entry says one thing, whatever becomes of the session afterwards."""
    desk = a_desk()
    mine = desk.do(interest("ada", "mon"))
    token = desk.feed_token("ada")
    desk.do(Withdraw(project_id=P, registration_id=mine.id))
    fed, cancelled = desk.personal_feed(token), desk.invite(P, mine.id)
    desk.do(RescheduleSession(project_id=P, session_id="mon", starts="2021-07-05T15:00"))
    assert desk.personal_feed(token) == fed
    assert desk.invite(P, mine.id) == cancelled
