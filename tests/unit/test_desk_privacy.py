import logging
import os
from datetime import datetime

import pytest

from insight_sessions.commands.calls import CancelProject
from insight_sessions.commands.places import AmendAnswers, RegisterInterest, SwitchSession, Withdraw
from insight_sessions.domain.member import Member
from insight_sessions.errors import InsightSessionsError, NotEligible
from insight_sessions.identity import FEEDS, HOUSEHOLD
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.port import Entry, Record

from .desk_kit import P, interest, member, project, session
from .desk_store import Clock, Directory, Door, Ears, Post, Shaky, desk_on, open_call

CANARY = Member(
    id="host-canary@example.org",
    name="Canary Birdsong",
    email="canary.mail@example.org",
    attributes={"setting": "canary-setting"},
)
PERSONAL = ("canary", "birdsong", "nightshift")
OWN = {"person", "answers", "reason", "consent"}


def life(desk_store: Shaky, post: Post, ears: Ears) -> None:
    """Everything that can happen to one person."""
    clock = Clock()
    directory, door = Directory(CANARY), Door()
    desk = open_call(
        desk_on(desk_store, post, ears, directory, door, clock=clock),
        project(
            session("mon"),
            session("tue"),
            questions=[{"id": "role", "text": "Role?"}],
            consents=[{"purpose": "quotes", "text": "You may quote me."}],
        ),
    )
    asked = RegisterInterest(
        project_id=P,
        member=CANARY.email,
        sessions=("mon",),
        answers={"role": "canary nightshift"},
        consents=("quotes",),
        id="k-1",
    )
    mine = desk.do(asked)
    desk.do(asked)
    for command in (asked.model_copy(update={"id": "k-2"}), asked.model_copy(update={"sessions": ("tue",)})):
        with pytest.raises(InsightSessionsError):
            desk.do(command)
    post.faults, ears.faults = 2, 1
    desk.deliver()
    clock.moves(hours=1)
    desk.deliver()
    desk.do(SwitchSession(project_id=P, registration_id=mine.id, sessions=("tue",)))
    desk.do(AmendAnswers(project_id=P, registration_id=mine.id, answers={"role": "canary"}))
    desk.do(Withdraw(project_id=P, registration_id=mine.id, reason="canary: nightshift"))
    door.broken = True
    with pytest.raises(NotEligible):
        desk.do(asked.model_copy(update={"id": "k-3"}))
    door.broken = False
    desk.do(asked.model_copy(update={"id": "k-4"}))
    assert told(desk.personal_feed(desk.feed_token(CANARY.id)).decode().replace("\r\n ", "")) == []
    desk.do(CancelProject(project_id=P))
    clock.moves(hours=1)


@pytest.fixture
def lived() -> Shaky:
    """A store in which the canary lived, with everything it wrote."""
    storage = Shaky()
    life(storage, Post(), Ears())
    return storage


def told(text: str) -> list[str]:
    """What of the canary is in a text."""
    return [word for word in PERSONAL if word in text.lower()]


def records(storage: MemoryStorage) -> list[Record]:
    """All there are."""
    return [record for project_id in storage.project_ids() for record in storage.read(project_id).records]


def test_only_records_about_a_person_hold_personal_data(lived: Shaky) -> None:
    """Each of those is found by our id of the person."""
    holding = [record for record in records(lived) if told(f"{record.kind} {record.id} {record.unique} {record.body}")]
    assert {record.kind for record in holding} == {"person", "answers", "reason"}
    assert {record.kind for record in holding} <= OWN
    assert len({record.subject for record in holding}) == 1
    found = lived.about(holding[0].subject or "")
    assert {(record.kind, record.id) for record in holding} <= {(record.kind, record.id) for record in found}
    assert told(holding[0].subject or "") == []


def test_journal_outbox_and_receipts_hold_none(lived: Shaky) -> None:
    """Of all that was ever committed; only minted ids and facts."""
    entries: list[Entry] = [entry for change in lived.commits for entry in change.entries]
    drafts = [draft for change in lived.commits for draft in change.deliveries]
    receipts = [receipt for change in lived.commits for receipt in change.receipts]
    assert min(len(entries), len(drafts), len(receipts)) > 5
    assert told(repr((entries, drafts, receipts))) == []
    assert lived.journal(P)
    assert told(repr(lived.journal(P))) == []


def test_what_comes_back_from_the_outbox_holds_none(lived: Shaky) -> None:
    """Neither waiting nor given up."""
    waiting = lived.claim(["notify/post", "event/ears"], worker="w", now=far(), until=far(), limit=100)
    assert waiting
    assert told(repr((waiting, lived.dead_letters()))) == []


def far() -> datetime:
    """After every pause."""
    clock = Clock()
    clock.moves(days=1)
    return clock.now


def test_logs_hold_none(caplog: pytest.LogCaptureFixture) -> None:
    """Although plugins failed with a name in their error."""
    caplog.set_level(logging.DEBUG)
    life(Shaky(), Post(), Ears())
    assert "check_eligibility" in caplog.text
    assert told(caplog.text) == []


def test_what_the_store_keeps_for_itself_holds_none(lived: Shaky) -> None:
    """Nor does anything lead from a person's id back to the host's."""
    for id in (HOUSEHOLD, FEEDS):
        assert lived.read(id).records
        assert told(repr(lived.read(id))) == []


def test_errors_hold_none() -> None:
    """Whatever the rules, the plugins or the door say."""
    storage = MemoryStorage(os.urandom)
    desk = open_call(desk_on(storage, Directory(CANARY)), project(questions=[{"id": "role", "text": "Role?"}]))
    desk.do(interest(CANARY, "mon"))
    lapsed = member("canary-2", valid_until="2021-01-01")
    wrong = [
        interest(CANARY, "tue"),
        interest(lapsed, "mon"),
        interest(member("canary-3"), "mon", answers={"canary": "canary"}),
        interest(member("canary-4"), "mon").model_copy(update={"member": "canary-nobody"}),
    ]
    for command in wrong:
        with pytest.raises(InsightSessionsError) as caught:
            desk.do(command)
        assert told(f"{caught.value} {caught.value!r} {caught.value.__cause__!r}") == []
