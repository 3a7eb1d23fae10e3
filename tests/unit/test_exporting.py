"""What is held about somebody, given to them: all of it, nothing of others, and no key."""

import json
import os

import pytest

from insight_sessions import Desk, Erased, hookimpl
from insight_sessions.commands.feedback import AnswerFeedback, GiveFeedback
from insight_sessions.commands.learning import ShareWriteUp
from insight_sessions.commands.people import CorrectMember
from insight_sessions.commands.places import Withdraw
from insight_sessions.domain.learning import WriteUp
from insight_sessions.errors import StorageError, UpgradeNeeded
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.port import Change, Record

from .desk_kit import P, interest, member, project, session
from .desk_store import Clock, desk_on, open_call

OTHER = "other"


class Notes:
    """A plugin with data of its own."""

    name = "notes"

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken

    @hookimpl
    def insight_sessions_erase_member(self, member_id: str) -> Erased:
        """It has nothing, or is out of order."""
        if self.broken:
            raise ConnectionError(member_id)
        return Erased({})


def lived(*, broken: bool = False) -> tuple[Desk, MemoryStorage]:
    """Ada in two projects, with everything; Ben beside her."""
    storage, clock = MemoryStorage(os.urandom), Clock()
    desk = desk_on(storage, Notes(broken=broken), clock=clock)
    asks = {
        "questions": [{"id": "role", "text": "Role?"}],
        "consents": [{"purpose": "quotes", "text": "You may quote me.", "version": 3}],
    }
    for id in (P, OTHER):
        open_call(desk, project(session("mon", capacity=3), id=id, **asks))
    ada = member("ada", attributes={"setting": "acute"})
    desk.do(interest("ben", "mon", by="staff-7"))
    mine = desk.do(interest(ada, "mon", answers={"role": "Nurse"}, consents=("quotes",), by="staff-7", id="k-1"))
    theirs = desk.do(interest(ada, "mon").model_copy(update={"project_id": OTHER}))
    desk.do(CorrectMember(project_id=P, member=ada.model_copy(update={"email": "ada@new.example.org"})))
    desk.do(Withdraw(project_id=OTHER, registration_id=theirs.id, reason="On call."))
    desk.feed_token("ada")
    clock.moves(days=30)
    desk.tick()
    desk.do(ShareWriteUp(project_id=P, write_up=WriteUp(title="Found", text="This.", feedback_until=30)))
    said = desk.do(GiveFeedback(project_id=P, registration_id=mine.id, text="Well said.", may_quote=True))
    desk.do(AnswerFeedback(project_id=P, feedback_id=said.id, text="Thank you."))
    return desk, storage


def test_everything_about_somebody_is_in_it() -> None:
    """Every record that the store finds by our id of them, in full; and what happened, by ids."""
    desk, storage = lived()
    export = desk.export_member("ada")
    assert (export["format"], export["member_id"], export["plugins"]) == (1, "ada", ["notes"])
    records = [record for record in storage.about(export["person"]) if not record.project_id.startswith("~")]
    assert {
        (id, kind, len(kept)) for id, one in export["projects"].items() for kind, kept in one["records"].items()
    } == {
        (id, kind, sum((one.project_id, one.kind) == (id, kind) for one in records))
        for id, kind in {(one.project_id, one.kind) for one in records}
    }
    here = export["projects"][P]
    (person,) = here["records"]["person"]
    assert (person["email"], person["former"], person["attributes"]) == (
        "ada@new.example.org",
        ["ada@example.org"],
        {"setting": "acute"},
    )
    assert person["language"] == "en", "defaults as well"
    assert here["records"]["answers"][0]["answers"] == {"role": "Nurse"}
    (consent,) = here["records"]["consent"]
    assert (consent["purpose"], consent["version"], consent["given"]) == ("quotes", 3, True)
    (feedback,) = here["records"]["feedback"]
    assert (feedback["text"], feedback["answer"], feedback["may_quote"]) == ("Well said.", "Thank you.", True)
    assert export["projects"][OTHER]["records"]["reason"][0]["text"] == "On call."
    kinds = [event["kind"] for event in here["history"]]
    assert kinds[0] == "registered"
    assert {"member_corrected", "feedback_given", "feedback_answered"} <= set(kinds)
    assert [event["number"] for event in here["history"]] == sorted(event["number"] for event in here["history"])


def test_it_is_ready_for_json_and_comes_back() -> None:
    """Texts, numbers, lists and maps alone."""
    export = lived()[0].export_member("ada")
    assert json.loads(json.dumps(export)) == export


def test_nothing_of_others_and_no_key_is_in_it() -> None:
    """Neither who asked for her, nor what makes the address of her feed."""
    desk, storage = lived()
    ben = desk.state(P).members["ben"]
    (feed,) = [record for record in storage.about(desk.state(P).members["ada"]) if record.kind == "feed"]
    nonce = json.loads(feed.body or "")["nonce"]
    export = desk.export_member("ada")
    text = json.dumps(export)
    assert export["beside"] == {"feed": [{}]}
    assert not any(one in text for one in (ben, "ben@", "staff-7", nonce))
    assert "staff-7" in repr(desk.history(P))


def test_nobody_is_found_who_is_not_there() -> None:
    """It looks the same for whoever never came and for whoever was erased."""
    desk, _ = lived()
    desk.erase_member("ben")
    empty = {"projects": {}, "beside": {}, "plugins": ["notes"]}
    for who in ("ben", "eve"):
        assert desk.export_member(who).items() >= empty.items()


def test_an_erasure_that_is_going_on_is_in_it() -> None:
    """Until it is complete, something is held."""
    desk, _ = lived(broken=True)
    desk.erase_member("ada")
    export = desk.export_member("ada")
    assert export["projects"] == {}
    assert [one["member_id"] for one in export["beside"]["erasing"]] == ["ada"]


def test_long_histories_are_read_to_the_end() -> None:
    """A thousand entries at a time."""
    desk, _ = lived()
    for number in range(1001):
        name = f"Ada {number}"
        desk.do(CorrectMember(project_id=P, member=member("ada", name=name, email="ada@new.example.org")))
    assert len(desk.export_member("ada")["projects"][P]["history"]) > 1001


def test_what_a_newer_release_keeps_is_given_as_it_is_written() -> None:
    """It is held, so it is said."""
    desk, storage = lived()
    person = desk.state(P).members["ada"]
    _add(storage, Record(P, "hologram", "h-1", 0, subject=person, unique=None, body='{"format":2,"light":"blue"}'))
    assert desk.export_member("ada")["projects"][P]["records"]["hologram"] == [{"light": "blue"}]


@pytest.mark.parametrize(("written", "error"), [(1, StorageError), (2, UpgradeNeeded)])
def test_what_cannot_be_read_is_not_left_out_quietly(written: int, error: type[StorageError]) -> None:
    """The error names the record and says nothing of what is in it."""
    desk, storage = lived()
    person = desk.state(P).members["ada"]
    body = f'{{"format":{written},"canary":1}}'
    _add(storage, Record(P, "reason", "r-x", 0, subject=person, unique=None, body=body))
    with pytest.raises(error, match="reason 'r-x'") as caught:
        desk.export_member("ada")
    assert "canary" not in str(caught.value)


def _add(storage: MemoryStorage, record: Record) -> None:
    with storage.hold(record.project_id) as hold:
        version = hold.version + 1
        hold.commit(Change(version=version, records=[record._replace(version=version)]))


def test_only_text_is_an_id() -> None:
    """Anything else would be nobody."""
    with pytest.raises(TypeError, match="a member's id is text"):
        desk_on().export_member(17)  # type: ignore[arg-type]
