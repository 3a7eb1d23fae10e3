"""Erasing somebody everywhere: project by project, plugins, files; whatever goes wrong, it is gone on with."""

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from insight_sessions import Desk, Erased, Erasure, FolderNotifier, Notice, Registration, hookimpl
from insight_sessions.commands.erasing import EraseMember
from insight_sessions.commands.following import Follow
from insight_sessions.commands.places import Withdraw
from insight_sessions.commands.work import ShareWork
from insight_sessions.delivery import Deliveries
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.work import Work
from insight_sessions.erasing import RESUMED_EVERY
from insight_sessions.errors import NotFound, StorageBusy, StorageError
from insight_sessions.identity import ERASURES, FEEDS
from insight_sessions.storage.port import Record, Scrub
from insight_sessions.testing.faults import Crash

from .desk_kit import P, interest, member, project, session
from .desk_store import Clock, Post, Shaky, desk_on, open_call

OTHER = "other"
ON_ITS_WAY = {"farewell": "A last message is on its way to them."}


class Archive:
    """A plugin with data of its own, which fails as often as it is told to."""

    def __init__(self, faults: int = 0) -> None:
        self.name = "archive"
        self.faults = faults
        self.asked: list[str] = []
        self.once: Callable[[], object] | None = None

    @hookimpl
    def insight_sessions_erase_member(self, member_id: str) -> Erased:
        """Forget them, or fail."""
        self.asked.append(member_id)
        once, self.once = self.once, None
        if once is not None:
            once()
        if self.faults:
            self.faults -= 1
            raise ConnectionError("canary")
        return Erased({"letters": 3})


class Unclean(Shaky):
    """A store whose files cannot be cleaned for a while."""

    def __init__(self, *answers: Scrub | Exception) -> None:
        super().__init__()
        self.answers = list(answers)
        self.scrubbed = 0
        self.meanwhile: Callable[[], object] | None = None

    def scrub(self) -> Scrub:
        """As told, then clean."""
        self.scrubbed += 1
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        answer = self.answers.pop(0) if self.answers else Scrub(clean=True)
        if isinstance(answer, Exception):
            raise answer
        return answer


def two_projects(desk: Desk) -> Desk:
    """Ada has a place in one, waits in the other, and has a feed; Ben is next in line in the first."""
    open_call(desk, project(session("mon")))
    open_call(desk, project(session("mon"), id=OTHER))
    for who, where in (("ada", P), ("ben", P), ("cat", OTHER), ("ada", OTHER)):
        desk.do(interest(who, "mon").model_copy(update={"project_id": where}))
    desk.feed_token("ada")
    return desk


def left(storage: Shaky, desk: Desk) -> list[tuple[str, str]]:
    """What the store still has about Ada."""
    assert desk.of_member("ada") == []
    return sorted((one.project_id, one.kind) for one in storage.about(_ada(desk)))


def _ada(desk: Desk) -> str:
    return desk._identity.person("ada")


def intents(storage: Shaky) -> list[Record]:
    """What is left to do."""
    return [record for record in storage.read(ERASURES).records if record.body is not None]


def test_somebody_is_erased_everywhere_and_their_places_are_given_away() -> None:
    """First the projects; the rest when their last messages were taken."""
    storage, post, archive = Shaky(), Post(), Archive()
    desk = two_projects(desk_on(storage, post, archive))
    token = desk.feed_token("ada")
    desk.deliver()
    post.taken.clear()
    erasure = desk.erase_member("ada")
    assert (erasure.projects, erasure.freed) == ((P, OTHER), (f"{P}/mon",))
    assert erasure.records == {"feed": 1, "person": 2, "registration": 2}
    assert (erasure.plugins, erasure.pending, erasure.complete) == ({}, ON_ITS_WAY, False)
    assert (archive.asked, left(storage, desk)) == ([], [(P, "farewell"), (OTHER, "farewell"), (ERASURES, "erasing")])
    with pytest.raises(NotFound, match="personal feed"):
        desk.personal_feed(token)
    desk.deliver()
    assert sorted(post.said) == [
        ("ada", NoticeKind.FAREWELL),
        ("ada", NoticeKind.FAREWELL),
        ("ben", NoticeKind.PLACE_CONFIRMED),
    ]
    desk.tick()
    assert (archive.asked, left(storage, desk), intents(storage)) == (["ada"], [], [])
    assert {id: len(desk.state(id).registrations) for id in (P, OTHER)} == {P: 1, OTHER: 1}


def test_who_is_not_written_to_is_erased_at_once() -> None:
    """Everything in one call; what was on its way to them is left out."""
    storage, post, archive = Shaky(), Post(), Archive()
    desk = two_projects(desk_on(storage, post, archive))
    erasure = desk.erase_member("ada", farewell=False)
    assert erasure.complete
    assert erasure.plugins == {"archive": {"letters": 3}}
    assert (left(storage, desk), intents(storage)) == ([], [])
    assert desk.deliver().superseded == 3  # Ben no longer waits either
    assert {who for who, _ in post.said} == {"ben", "cat"}
    again = desk.erase_member("ada", farewell=False)
    assert (again.complete, again.projects, again.records) == (True, (), {})


def test_a_last_message_that_nobody_takes_is_dropped_after_a_day() -> None:
    """The erasure goes on then, and what is brought later is for nobody."""
    clock, storage, archive = Clock(), Shaky(), Archive()
    post = Post(faults=1000)
    desk = two_projects(desk_on(storage, post, archive, clock=clock))
    desk.erase_member("ada")
    desk.deliver()
    clock.moves(hours=23)
    desk.tick()
    assert archive.asked == []
    clock.moves(hours=2)
    desk.tick()
    assert (archive.asked, left(storage, desk), intents(storage)) == (["ada"], [], [])
    post.faults = 0
    clock.moves(days=30)
    desk.deliver()
    assert "ada" not in {who for who, _ in post.said}


def test_a_last_message_that_is_given_up_is_a_dead_letter_for_nobody() -> None:
    """Requeued, it is left out."""
    clock, storage, archive = Clock(), Shaky(), Archive()
    post = Post(faults=1000)
    desk = two_projects(desk_on(storage, post, archive, clock=clock))
    desk.deliver()
    desk.erase_member("ada")
    for _ in range(40):
        desk.deliver()
        clock.moves(hours=7)
    desk.tick()
    assert left(storage, desk) == []
    post.faults = 0
    dead = desk.dead_letters()
    assert dead
    for letter in dead:
        desk.requeue(letter.id)
    desk.deliver()
    assert ("ada", NoticeKind.FAREWELL) not in post.said


def test_a_plugin_that_fails_is_asked_again() -> None:
    """An hour later; until then the erasure is not complete, and the intent says whom to ask about."""
    clock, storage, archive = Clock(), Shaky(), Archive(faults=1)
    desk = two_projects(desk_on(storage, archive, clock=clock))
    desk.tick()
    erasure = desk.erase_member("ada")
    assert erasure.pending == {"plugin archive": "It failed, or did not answer with an Erased."}
    assert left(storage, desk) == [(ERASURES, "erasing")]
    desk.tick()
    assert len(archive.asked) == 1
    clock.moves(seconds=RESUMED_EVERY.total_seconds())
    desk.tick()
    assert (archive.asked, left(storage, desk), intents(storage)) == (["ada", "ada"], [], [])


def test_a_clock_that_went_back_holds_nothing_up() -> None:
    """What was to be tried in an hour is tried now."""
    clock, storage, archive = Clock(), Shaky(), Archive(faults=1)
    desk = two_projects(desk_on(storage, archive, clock=clock))
    desk.tick()
    desk.erase_member("ada")
    clock.moves(hours=-2)
    desk.tick()
    assert intents(storage) == []


def test_a_project_that_fails_is_done_the_next_time() -> None:
    """The others are done; calling once more goes on, and says all that was done."""
    storage, archive = Shaky(), Archive()
    desk = two_projects(desk_on(storage, archive))
    failing = desk.do

    def do(command: EraseMember) -> Erasure:
        if command.project_id == P and faults.pop():
            raise StorageBusy("away")
        return failing(command)

    faults = [False, True]
    desk._erasing._do = do
    erasure = desk.erase_member("ada")
    assert erasure.pending == {f"project {P}": "StorageBusy"}
    assert (erasure.projects, archive.asked) == ((OTHER,), ["ada"])
    again = desk.erase_member("ada")
    assert again.complete
    assert again.projects == (P, OTHER)
    assert again.records == {"feed": 1, "person": 2, "registration": 2}
    assert again.freed == (f"{P}/mon",)


@pytest.mark.parametrize("farewell", [True, False])
@pytest.mark.parametrize("fault", [StorageError("disk full"), Crash()], ids=["error", "crash"])
@pytest.mark.parametrize("when", ["refuse_commit", "lose_answer"])
@pytest.mark.parametrize("at", range(8))
def test_wherever_it_stops_it_is_gone_on_with(at: int, when: str, fault: BaseException, farewell: bool) -> None:
    """After any commit, and where a commit failed: another desk finishes, and everything was done once."""
    clock, storage, post, archive = Clock(), Shaky(), Post(), Archive()
    desk = two_projects(desk_on(storage, post, archive, clock=clock))
    desk.deliver()
    post.taken.clear()
    faults = Countdown(at, fault)
    setattr(storage, when, faults)
    try:
        desk.erase_member("ada", farewell=farewell)
        desk.deliver()
        desk.tick()
    except (StorageError, Crash):
        pass
    setattr(storage, when, [])
    asked = bool(intents(storage)) or not desk.of_member("ada")
    desk = desk_on(storage, post, archive, clock=clock)
    if not asked:
        # Nothing was noted, so whoever asked knows that they must ask again.
        desk.erase_member("ada", farewell=farewell)
    for _ in range(10):
        clock.moves(hours=3)
        desk.tick()
        desk.deliver()
    assert (left(storage, desk), intents(storage)) == ([], [])
    assert archive.asked
    assert [who for who, _ in post.said].count("ada") == (2 if farewell else 0)
    assert post.said.count(("ben", NoticeKind.PLACE_CONFIRMED)) == 1
    assert {id: len(desk.state(id).registrations) for id in (P, OTHER)} == {P: 1, OTHER: 1}


class Countdown(list[BaseException]):
    """A fault at one commit, the first of them being 0."""

    def __init__(self, at: int, fault: BaseException) -> None:
        super().__init__([fault])
        self.at = at

    def __bool__(self) -> bool:
        """Whether it is now."""
        self.at -= 1
        return self.at == -1


def test_files_that_cannot_be_cleaned_yet_are_cleaned_later() -> None:
    """The erasure says why; nothing else waits for it."""
    clock = Clock()
    busy = Scrub(clean=False, reason="somebody still reads")
    storage = Unclean(busy, StorageError("away"))
    desk = two_projects(desk_on(storage, clock=clock))
    desk.tick()
    erasure = desk.erase_member("ada")
    assert erasure.pending == {"scrub": "somebody still reads"}
    assert [record.kind for record in intents(storage)] == ["scrub"]
    for _ in range(2):
        clock.moves(hours=1)
        desk.tick()
    assert (storage.scrubbed, intents(storage)) == (3, [])
    clock.moves(hours=1)
    desk.tick()
    assert storage.scrubbed == 3


def test_a_fault_while_cleaning_is_told_by_its_kind() -> None:
    """Its words may say anything."""
    desk = two_projects(desk_on(Unclean(StorageError("canary"))))
    assert desk.erase_member("ada").pending == {"scrub": "StorageError"}


def test_what_is_deleted_while_files_are_cleaned_is_for_the_next_time() -> None:
    """It may have come too late for this one."""
    storage = Unclean()
    desk = two_projects(desk_on(storage))

    def meanwhile() -> None:
        storage.answers[:] = [Scrub(clean=False, reason="busy"), Scrub(clean=True)]
        desk.erase_member("cat")

    storage.meanwhile = meanwhile
    desk.erase_member("ada")
    assert [record.kind for record in intents(storage)] == ["scrub"]


def test_an_erasure_that_was_begun_anew_is_finished_by_the_newer_one() -> None:
    """The older one notes nothing any more."""
    storage, archive = Shaky(), Archive(faults=1)
    desk = two_projects(desk_on(storage, archive))
    archive.once = lambda: desk.erase_member("ada", farewell=False)
    desk.erase_member("ada", farewell=False)
    assert archive.asked == ["ada", "ada"]
    assert [record.kind for record in intents(storage)] == ["erasing"]
    archive.once = lambda: desk.erase_member("ada", farewell=False)
    assert desk.erase_member("ada", farewell=False).complete
    assert intents(storage) == []


def test_whoever_is_erased_elsewhere_meanwhile_is_not_missed() -> None:
    """A project that knows them no more has nothing to do."""
    storage = Shaky()
    desk = two_projects(desk_on(storage))
    done = desk.do

    def gone(command: EraseMember) -> Erasure:
        done(command.model_copy(update={"id": None}))
        return done(command)

    desk._erasing._do = gone
    erasure = desk.erase_member("ada")
    assert (erasure.complete, erasure.projects) == (True, (P, OTHER))
    assert erasure.records == {"feed": 1}


def test_a_store_that_is_away_can_be_asked_again() -> None:
    """Nothing was noted."""
    storage = Shaky()
    desk = two_projects(desk_on(storage))
    storage.refuse_hold = [StorageError("away")]
    with pytest.raises(StorageError, match="away"):
        desk.erase_member("ada")
    assert intents(storage) == []
    assert len(desk.of_member("ada")) == 2


def test_only_text_is_an_id() -> None:
    """Anything else would be nobody."""
    with pytest.raises(TypeError, match="a member's id is text"):
        desk_on().erase_member(17)  # type: ignore[arg-type]


def test_a_last_message_that_cannot_be_settled_is_settled_by_time() -> None:
    """The message was sent; the store failed after it."""
    clock, storage, post = Clock(), Shaky(), Post()
    desk = two_projects(desk_on(storage, post, clock=clock))
    desk.deliver()
    desk.erase_member("ada")
    settle = storage.settle

    def settled(settlements: object) -> int:
        found = settle(settlements)  # type: ignore[arg-type]
        storage.refuse_hold = [StorageError("away")]
        return found

    storage.settle = settled  # type: ignore[method-assign]
    desk.deliver()
    storage.refuse_hold = []
    assert (P, "farewell") in left(storage, desk)
    clock.moves(days=1, hours=1)
    desk.tick()
    assert left(storage, desk) == []


def test_the_plan_is_a_preview() -> None:
    """What would go and who would be told, in one project; nothing is written."""
    storage = Shaky()
    desk = two_projects(desk_on(storage, Post()))
    before = len(storage.commits)
    seen = desk.preview(EraseMember(project_id=P, member_id="ada"))
    plan = seen.outcomes[0].result
    assert isinstance(plan, Erasure)
    assert plan.records == {"person": 1, "registration": 1}
    assert plan.freed == ("mon",)
    assert [owed.kind for owed in seen.notices] == [NoticeKind.PLACE_CONFIRMED, NoticeKind.FAREWELL]
    assert len(storage.commits) == before
    assert len(desk.of_member("ada")) == 2


def test_one_project_forgets_alone() -> None:
    """By its command; a repeated id gives the same erasure, and the feed stays."""
    storage, post = Shaky(), Post()
    desk = two_projects(desk_on(storage, post))
    command = EraseMember(project_id=P, member_id="ada", id="k-erase")
    first = desk.do(command)
    assert desk.do(command) == first
    desk.deliver()
    assert desk.do(command).complete
    assert [one.project_id for one in desk.of_member("ada")] == [OTHER]
    assert (FEEDS, "feed") in {(one.project_id, one.kind) for one in storage.about(_ada(desk))}


def test_another_process_that_had_them_in_memory_returns_nothing() -> None:
    """It takes what is gone out of what it knows, and need not read the project anew."""
    storage = Shaky()
    desk = two_projects(desk_on(storage))
    other = desk_on(storage)
    known = other.state(P)
    ada = known.registration_of("ada")
    assert ada is not None
    desk.erase_member("ada")
    now = other.state(P)
    assert (now.registration_of("ada"), now.people.get(ada.person), now.registrations.get(ada.id)) == (None, None, None)
    assert now == desk.state(P)
    with pytest.raises(NotFound):
        other.invite(P, ada.id)
    with pytest.raises(NotFound):
        other.do(Withdraw(project_id=P, registration_id=ada.id))


def test_a_project_may_be_called_like_a_last_message() -> None:
    """It settles nothing."""
    post = Post()
    desk = open_call(desk_on(None, post), project(session("mon"), title="farewell"))
    desk.do(interest("ada", "mon"))
    assert desk.deliver().sent == 1
    assert post.said == [("ada", NoticeKind.PLACE_CONFIRMED)]


def test_who_follows_too_is_erased_everywhere_they_follow() -> None:
    """By every address that a project knows of them, in projects that know nothing else; and by an address alone."""
    storage = Shaky()
    desk = two_projects(desk_on(storage))
    open_call(desk, project(session("mon"), id="third"))
    for email in ("ada@example.org", "ada@new.example.org", "eve@example.org"):
        desk.do(Follow(project_id="third", email=email, name="Somebody"))
    desk.correct_member(member("ada", email="ada@new.example.org"))
    export = desk.export_member("ada")
    assert [one["email"] for one in export["projects"]["third"]["records"]["follower"]]
    assert len(export["projects"]["third"]["records"]["follower"]) == 2
    erasure = desk.erase_member("ada")
    assert (erasure.records["follower"], erasure.projects) == (2, (P, OTHER, "third"))
    assert [one.email for one in desk.state("third").followers.values()] == ["eve@example.org"]
    assert desk.export_member("eve@example.org")["projects"].keys() == {"third"}
    assert desk.erase_member("eve@example.org").records == {"follower": 1}
    assert not desk.state("third").followers


def test_a_project_that_is_not_there_knows_nobody() -> None:
    """Neither by its command nor in a preview of it."""
    desk = desk_on()
    command = EraseMember(project_id="nowhere", member_id="ada")
    with pytest.raises(NotFound):
        desk.do(command)
    assert isinstance(desk.preview(command).outcomes[0].error, NotFound)


def test_what_was_on_its_way_to_whoever_never_registered_is_left_out() -> None:
    """Nothing went wrong, so no organiser finds a dead letter that nobody can ever deliver."""
    post = Post()
    desk = open_call(desk_on(Shaky(), post), project(session("mon"), work={}))
    work = Work(title="A line", setting="A ward", summary="We ring.")
    desk.do(ShareWork(project_id=P, member=member("ada"), work=work))
    desk.do(Follow(project_id=P, email="fay@example.org", name="Fay"))
    assert desk.erase_member("ada").complete
    assert desk.erase_member("fay@example.org").complete
    assert desk.deliver() == Deliveries(superseded=2)
    assert (post.tried, desk.dead_letters()) == ([], [])


class Slow(Post):
    """A notifier that keeps what it takes, at the very end of taking it."""

    def __init__(self, faults: int = 0) -> None:
        super().__init__(faults=faults)
        self.kept: list[Notice] = []

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Keep it, and fail after that if told to."""
        self._tell()
        self.kept.append(notice)
        if self.faults:
            self.faults -= 1
            raise self.fault

    @hookimpl
    def insight_sessions_erase_member(self, member_id: str) -> Erased:
        """Forget them, as a member or by their address."""
        self.kept = [one for one in self.kept if member_id not in {one.recipient.member_id, one.recipient.email}]
        return Erased({})


@pytest.mark.parametrize("faults", [0, 1])
def test_nothing_is_kept_by_a_plugin_that_was_taking_it_when_they_were_erased(faults: int) -> None:
    """Another process erased them and was done, before this one handed over what it held; be it taken or refused."""
    storage, slow = Shaky(), Slow(faults)
    desk, elsewhere = (desk_on(storage, slow) for _ in "ab")
    open_call(desk, project(session("mon", capacity=9)))
    desk.do(interest("ada", "mon"))
    desk.do(interest("ben", "mon"))
    slow.once = lambda: assert_complete(elsewhere.erase_member("ada", farewell=False))
    assert desk.deliver() == Deliveries(sent=2 - faults, failed=faults)
    assert [one.recipient.member_id for one in slow.kept] == ["ben"]
    assert intents(storage) == []


def test_nothing_is_kept_of_a_follower_either() -> None:
    """By their address, for nobody knows of another id."""
    storage, slow = Shaky(), Slow()
    desk, elsewhere = (desk_on(storage, slow) for _ in "ab")
    open_call(desk).do(Follow(project_id=P, email="fay@example.org", name="Fay"))
    slow.once = lambda: assert_complete(elsewhere.erase_member("fay@example.org"))
    assert desk.deliver() == Deliveries(sent=1)
    assert (slow.kept, intents(storage)) == ([], [])


def test_who_is_known_elsewhere_loses_nothing_because_one_project_forgot_them() -> None:
    """Nor does anybody when something else happens meanwhile."""
    storage, slow = Shaky(), Slow()
    desk = two_projects(desk_on(storage, slow))
    slow.once = lambda: assert_complete(desk.do(EraseMember(project_id=P, member_id="ada", farewell=False)))
    desk.deliver()
    assert {one.recipient.member_id for one in slow.kept} == {"ada", "ben", "cat"}
    assert [one.project_id for one in desk.of_member("ada")] == [OTHER]
    desk.do(interest("dot", "mon"))
    slow.once = lambda: assert_waiting(desk.do(interest("eve", "mon")))
    desk.deliver()
    assert {one.recipient.member_id for one in slow.kept} == {"ada", "ben", "cat", "dot", "eve"}


def test_a_store_that_is_away_then_changes_nothing_about_what_was_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The notice is settled; that it could not be looked whether somebody was erased is no reason to send it again."""
    storage, slow = Shaky(), Slow()
    desk, elsewhere = (desk_on(storage, slow) for _ in "ab")
    open_call(desk).do(interest("ada", "mon"))

    def away(*_: object, **__: object) -> NoReturn:
        raise StorageBusy("away")

    def erased() -> None:
        elsewhere.erase_member("ada", farewell=False)
        monkeypatch.setattr(storage, "journal", away)

    slow.once = erased
    assert desk.deliver() == Deliveries(sent=1)
    monkeypatch.undo()
    desk.do(interest("ben", "tue"))
    slow.once = lambda: erase_and_refuse(elsewhere, storage)
    assert desk.deliver() == Deliveries(sent=1)


def erase_and_refuse(desk: Desk, storage: Shaky) -> None:
    """Ben is erased, and nothing can be written after that but that his notice was sent."""
    desk.erase_member("ben", farewell=False)
    storage.refuse_hold.append(StorageBusy("away"))


def assert_waiting(one: Registration) -> None:
    """They are in line."""
    assert one.status == "waiting"


def assert_complete(erasure: Erasure) -> None:
    """Nothing is left to do."""
    assert erasure.complete


def test_plugins_are_asked_by_the_addresses_too_by_which_somebody_followed(tmp_path: Path) -> None:
    """A notifier that never wrote to them as a member does not know whose address that was; again until all is done."""
    storage, archive, clock = Shaky(), Archive(), Clock()
    open_call(desk_on(storage, clock=clock)).do(interest("ada", "mon"))
    desk = desk_on(storage, FolderNotifier(tmp_path / "mails"), archive, clock=clock)
    desk.do(Follow(project_id=P, email="ada@example.org", name="Ada"))
    assert desk.deliver() == Deliveries(sent=1)
    archive.once = lambda: setattr(archive, "faults", 1)
    assert desk.erase_member("ada", farewell=False).pending.keys() == {"plugin archive"}
    assert list((tmp_path / "mails").iterdir()) == []
    erasure = desk.erase_member("ada", farewell=False)
    assert archive.asked == ["ada", "ada@example.org"] * 2
    assert (erasure.complete, erasure.plugins) == (True, {"folder": {}, "archive": {"letters": 6}})


def test_somebody_with_another_address_in_every_project_is_erased_in_all_of_them() -> None:
    """However many addresses that makes, of which they follow by few."""
    desk = desk_on(Shaky())
    for number in range(101):
        project_id = f"p-{number}"
        open_call(desk, project(session("mon"), id=project_id))
        ada = member("ada", email=f"ada{number}@example.org")
        desk.do(interest(ada, "mon").model_copy(update={"project_id": project_id}))
    desk.do(Follow(project_id="p-3", email="ada7@example.org", name="Ada"))
    erasure = desk.erase_member("ada", farewell=False)
    assert (erasure.complete, len(erasure.projects)) == (True, 101)
    assert erasure.records == {"follower": 1, "person": 101, "registration": 101}
