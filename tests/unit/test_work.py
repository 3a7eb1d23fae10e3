"""Work that members share, what is decided about it, and the case studies that come of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from insight_sessions import (
    AmendProject,
    AttributeIn,
    CaseStudy,
    DecideWork,
    EventKind,
    GiveFeedback,
    Member,
    NotEligible,
    NotFound,
    NoticeKind,
    Project,
    ProjectFileError,
    ShareWork,
    Work,
    WorkCall,
)
from insight_sessions.commands.calls import CancelProject
from insight_sessions.commands.places import Withdraw
from insight_sessions.domain.thing import subject_of
from insight_sessions.domain.work import SharedWork, WorkStatus
from insight_sessions.errors import Objection
from insight_sessions.hooks.specs import hookimpl
from insight_sessions.records import decode, encode
from insight_sessions.summarising import summary
from insight_sessions.wording.learned import learned

from .desk_kit import DAY, NOW, P, Rehearsal, interest, member, project, session, until
from .desk_store import Clock, Post, a_desk
from .learning_kit import after, refused, share

OPENS, CLOSES = NOW + 30 * DAY, NOW + 60 * DAY
TITLE, SAID, THANKS = "A phone line", "We ring people back.", "We liked the numbers."


def work(**more: Any) -> Work:  # noqa: ANN401 - whatever is tried
    """What somebody did."""
    return Work(**{"title": TITLE, "setting": "General practice", "summary": SAID, **more})


def sharing(who: str | Member = "ada", work_id: str | None = None, **more: Any) -> ShareWork:  # noqa: ANN401 - the same
    """Share it."""
    known = member(who) if isinstance(who, str) else who
    return ShareWork(project_id=P, member=known, work=work(**more), work_id=work_id)


def decision(one: SharedWork, status: str, message: str = "") -> DecideWork:
    """What the organisers decide about it."""
    return DecideWork.model_validate({"project_id": P, "work_id": one.id, "decision": status, "message": message})


def asking(**more: Any) -> Rehearsal:  # noqa: ANN401 - whatever is tried
    """A project that asks for work, at a moment when it is welcome."""
    room = Rehearsal(project(session("mon"), work=WorkCall(opens_at=OPENS, closes_at=CLOSES), **more))
    room.now = OPENS
    return room


# Sharing it


def test_a_member_shares_their_work() -> None:
    """Though they never registered; it is acknowledged, and the journal knows no words."""
    room = asking()
    shared = room.do(sharing(link="https://example.org/line", consent=True))
    assert shared == SharedWork(
        id=shared.id,
        person="p-ada",
        title=TITLE,
        setting="General practice",
        summary=SAID,
        link="https://example.org/line",
        consent=True,
        shared_at=OPENS,
    )
    assert room.told == [("ada", NoticeKind.WORK_RECEIVED)]
    assert (room.notices[0].about, room.notices[0].registration) == (shared.id, "")
    (event,) = room.events
    assert (event.kind, event.person, event.about) == (EventKind.WORK_SHARED, "p-ada", shared.id)
    assert TITLE not in repr(event)


def test_the_same_work_again_changes_nothing() -> None:
    """Whenever it comes; other work is other work."""
    room = asking()
    first = room.do(sharing())
    room.now = CLOSES
    assert room.do(sharing()) == first
    assert (room.told, room.happened) == ([], [])
    room.now = OPENS
    other = room.do(sharing(title="Another line"))
    bens = room.do(sharing("ben"))
    assert {one.id for one in room.state.works.values()} == {first.id, other.id, bens.id}


@pytest.mark.parametrize(
    ("at", "reason", "said"),
    [
        (OPENS - timedelta(seconds=1), "work_not_open", "Work can be shared from 2021-07-14 10:00 (Europe/London) on."),
        (OPENS, None, ""),
        (CLOSES - timedelta(seconds=1), None, ""),
        (CLOSES, "work_closed", "The time to share work was over at 2021-08-13 10:00 (Europe/London)."),
    ],
)
def test_work_is_welcome_for_a_time(at: datetime, reason: str | None, said: str) -> None:
    """Whoever is early or late is told when that is."""
    room = asking()
    room.now = at
    if reason is None:
        assert room.do(sharing()).status is WorkStatus.RECEIVED
        return
    assert refused(room, sharing()) == reason
    assert str(_refusal(room, sharing())) == said
    assert not room.state.works


def _refusal(room: Rehearsal, command: Any) -> Exception:  # noqa: ANN401 - any command
    with pytest.raises(Exception, match="ork") as caught:
        room.do(command)
    return caught.value


def test_a_project_asks_for_work_or_does_not() -> None:
    """With dates or without; an organiser can say so later, give more time, and stop."""
    room = Rehearsal(project(session("mon")))
    assert refused(room, sharing()) == "work_not_asked"
    room.do(AmendProject(project_id=P, work=WorkCall()))
    assert room.do(sharing()).shared_at == NOW
    room.do(AmendProject(project_id=P, work=WorkCall(closes_at=NOW + DAY)))
    room.now += DAY
    assert refused(room, sharing("ben")) == "work_closed"
    room.do(AmendProject(project_id=P, work=WorkCall(closes_at=NOW + 2 * DAY)))
    room.do(sharing("ben"))
    room.do(AmendProject(project_id=P, without=("work",)))
    assert refused(room, sharing("cat")) == "work_not_asked"
    room.do(AmendProject(project_id=P, work=WorkCall()))
    room.do(CancelProject(project_id=P))
    assert refused(room, sharing("cat")) == "project_cancelled"


@pytest.mark.parametrize(
    "who",
    [
        member("ada", active=False),
        member("ada", **until("2021-07-13")),
        member("ada", attributes={"setting": "acute"}),
    ],
    ids=["no member", "not any more", "against a rule"],
)
def test_whoever_may_not_take_part_may_not_share(who: Member) -> None:
    """Looked at on the day on which they share, by the project's rules."""
    room = asking(eligibility=(AttributeIn(name="setting", values=("community",)),))
    with pytest.raises(NotEligible):
        room.do(sharing(who))
    assert not room.state.works
    assert not room.state.people
    room.do(sharing(member("ada", attributes={"setting": "community"}, **until("2021-07-14"))))


def test_the_hosts_own_checks_count() -> None:
    """As they do for a place."""
    room, command = asking(), sharing()
    with pytest.raises(NotEligible):
        room.do(command, room.facts(command, Objection("busy", "You are busy.")))


def test_a_stranger_is_refused() -> None:
    """As is whoever says that something of somebody else's is theirs."""
    room = asking()
    with pytest.raises(NotEligible):
        room.do(ShareWork(project_id=P, member="stranger", work=work()))
    first = room.do(sharing())
    for command in (sharing("ben", first.id), ShareWork(project_id=P, member="stranger", work=work(), work_id="w-9")):
        with pytest.raises(NotFound, match="work"):
            room.do(command)
    with pytest.raises(NotFound, match="work"):
        room.do(ShareWork(project_id=P, member="stranger", work=work(), work_id=first.id))


def test_anyone_may_share_where_anyone_may_take_part() -> None:
    """If the project is not for members only."""
    room = asking(members_only=False)
    assert room.do(sharing(member("ada", active=False))).person == "p-ada"


def test_work_can_be_said_anew_until_somebody_decides() -> None:
    """Nobody is told of that, and late it is too late."""
    room = asking()
    first = room.do(sharing())
    second = room.do(sharing(work_id=first.id, title="Our phone line"))
    assert (second.id, second.title, room.told) == (first.id, "Our phone line", [])
    assert room.happened == [EventKind.WORK_SHARED]
    room.now = CLOSES
    assert refused(room, sharing(work_id=first.id)) == "work_closed"
    room.now = OPENS
    room.do(decision(first, "shortlisted"))
    assert refused(room, sharing(work_id=first.id)) == "work_decided"


def test_the_consent_is_theirs_at_any_time() -> None:
    """Late, and after a decision, with the same words."""
    room = asking()
    first = room.do(sharing())
    room.do(decision(first, "shortlisted"))
    room.now = CLOSES + DAY
    agreed = room.do(sharing(consent=True))
    assert (agreed.consent, agreed.status, agreed.shared_at) == (True, WorkStatus.SHORTLISTED, first.shared_at)
    assert (room.told, room.happened) == ([], [EventKind.WORK_SHARED])
    room.do(decision(first, "published"))
    assert summary(room.state).case_studies == (CaseStudy(TITLE, "General practice", SAID, None),)
    room.do(sharing(work_id=first.id))
    assert summary(room.state).case_studies == ()


@pytest.mark.parametrize(
    "bad",
    [
        {"title": ""},
        {"setting": ""},
        {"summary": " "},
        {"summary": "x" * 10_001},
        {"link": "http://example.org"},
        {"consent": "perhaps"},
        {"status": "published"},
    ],
)
def test_wrong_work_stays_outside(bad: dict[str, Any]) -> None:
    """It is refused before anybody holds the project, and the refusal does not repeat it."""
    with pytest.raises(ValidationError) as caught:
        sharing(**bad)
    assert "perhaps" not in str(caught.value)
    assert "xxx" not in str(caught.value)


def test_a_copy_of_a_member_is_looked_at_again() -> None:
    """It may have been changed without being checked."""
    with pytest.raises(ValidationError):
        sharing(member().model_copy(update={"email": "nowhere"}))


# Who they are


def test_sharing_corrects_what_is_known_of_whoever_has_no_place_at_stake() -> None:
    """A registration that counts keeps its address until `CorrectMember` moves the invite along."""
    room = asking()
    room.now = NOW
    mine = room.register("ada", "mon")
    room.now = OPENS
    elsewhere = member("ada", email="ada@new.example.org")
    room.do(sharing(elsewhere))
    assert room.state.people["p-ada"].email == "ada@example.org"
    room.now = NOW
    room.do(Withdraw(project_id=P, registration_id=mine.id))
    room.now = OPENS
    room.do(sharing(elsewhere, title="Another"))
    assert room.state.people["p-ada"].email == "ada@new.example.org"
    assert room.do(sharing("ben")).person == "p-ben"
    room.do(sharing(member("ben", name="Ben O."), title="Another"))
    assert room.state.people["p-ben"].name == "Ben O."


# Deciding about it


def test_work_becomes_a_case_study_step_by_step() -> None:
    """Each decision is told with the organisers' words."""
    room = asking()
    shared = room.do(sharing(consent=True))
    for status, kind, event in (
        ("shortlisted", NoticeKind.WORK_SHORTLISTED, EventKind.WORK_SHORTLISTED),
        ("published", NoticeKind.WORK_PUBLISHED, EventKind.WORK_PUBLISHED),
    ):
        room.now += DAY
        decided = room.do(decision(shared, status, THANKS))
        assert (decided.status, decided.decided_at, decided.message) == (status, room.now, THANKS)
        assert (room.told, room.happened) == ([("ada", kind)], [event])
        assert (room.notices[0].about, room.events[0].about) == (shared.id, shared.id)
        assert learned(room.notices[0], room.state) == {"work": TITLE, "reason": THANKS}
        assert room.do(decision(shared, status)) == decided
        assert (room.told, room.happened) == ([], [])


def test_work_that_was_declined_can_be_taken_up_again() -> None:
    """After another thought, and through the shortlist."""
    room = asking()
    shared = room.do(sharing(consent=True))
    room.do(decision(shared, "declined"))
    assert room.told == [("ada", NoticeKind.WORK_DECLINED)]
    assert learned(room.notices[0], room.state) == {"work": TITLE, "reason": ""}
    assert refused(room, decision(shared, "published")) == "work_not_shortlisted"
    room.do(decision(shared, "shortlisted"))
    room.do(decision(shared, "declined"))
    assert room.state.works[shared.id].status is WorkStatus.DECLINED


def test_what_does_not_follow_is_refused() -> None:
    """And nothing is published against the member's will."""
    room = asking()
    shared = room.do(sharing())
    assert refused(room, decision(shared, "published")) == "work_not_shortlisted"
    room.do(decision(shared, "shortlisted"))
    assert refused(room, decision(shared, "published")) == "no_consent"
    room.do(sharing(consent=True))
    room.do(decision(shared, "published"))
    for status in ("shortlisted", "declined"):
        assert refused(room, decision(shared, status)) == "work_published"
    with pytest.raises(NotFound, match="work"):
        room.do(decision(replace(shared, id="w-nobody"), "declined"))
    for wrong in ("received", "lost"):
        with pytest.raises(ValidationError, match=r"shortlisted.*published.*or.*declined"):
            decision(shared, wrong)


# What they read, and where it is kept


def test_members_hear_what_became_of_their_work() -> None:
    """A decision that another one overtook is left out."""
    post, clock = Post(), Clock()
    desk = a_desk(post, clock=clock, announced=project(session("mon"), work=WorkCall()))
    shared = desk.do(sharing(consent=True))
    desk.deliver()
    for status in ("shortlisted", "declined", "shortlisted", "published"):
        clock.moves(minutes=1)
        desk.do(decision(shared, status, f"For {status}."))
    desk.deliver()
    assert post.said == [("ada", NoticeKind.WORK_RECEIVED), ("ada", NoticeKind.WORK_PUBLISHED)]
    first, last = post.taken
    assert first.subject == "We have received your work: Exploring COVID-19 backlogs"
    assert f"with “Exploring COVID-19 backlogs”.\n\nYour work:\n{TITLE}\n\n" in first.text
    assert f"as a case study.\n\nYour work:\n{TITLE}\n\nIn the organisers' words: For published.\n\n" in last.text
    assert all(said not in repr(desk.history(P)) for said in (TITLE, SAID, "For published."))
    assert desk.of_member("ada") == []
    assert desk.summary(P).case_studies == (CaseStudy(TITLE, "General practice", SAID, None),)


@pytest.mark.parametrize("status", ["shortlisted", "declined"])
def test_every_decision_goes_out(status: str) -> None:
    """With words of our own."""
    post = Post()
    desk = a_desk(post, announced=project(session("mon"), work=WorkCall()))
    shared = desk.do(sharing())
    desk.do(decision(shared, status, THANKS))
    desk.deliver()
    assert post.said == [("ada", NoticeKind.WORK_RECEIVED), ("ada", NoticeKind(f"work_{status}"))]
    assert f"{TITLE}\n\nIn the organisers' words: {THANKS}" in post.taken[1].text


def test_a_member_is_looked_up_and_checked() -> None:
    """By the host's directory and its checks, with no sessions to look at."""

    class Directory:
        """Knows ada, and asks about everybody."""

        asked: list[int]

        @hookimpl
        def insight_sessions_find_member(self, key: str) -> Member | None:
            """Ada alone."""
            return member("ada") if key == "ada" else None

        @hookimpl
        def insight_sessions_check_eligibility(self, member: Member, project: Project, sessions: Any) -> None:  # noqa: ANN401 - as given
            """Nothing speaks against anybody."""
            del member, project
            self.asked.append(len(sessions))

    directory = Directory()
    directory.asked = []
    desk = a_desk(directory, announced=project(session("mon"), work=WorkCall()))
    command = ShareWork(project_id=P, member="ada", work=work())
    assert desk.preview(command).notices[0].kind is NoticeKind.WORK_RECEIVED
    assert desk.do(command).title == TITLE
    assert set(directory.asked) == {0}
    with pytest.raises(NotEligible):
        desk.do(ShareWork(project_id=P, member="ben", work=work()))


def test_work_is_kept_with_the_person_who_shared_it() -> None:
    """So that it can be found with them, and erased."""
    kept = SharedWork(id="w-1", person="p-1", title=TITLE, setting="S", summary=SAID, shared_at=NOW)
    record = encode(P, "work", kept.id, 1, kept)
    assert record.subject == "p-1"
    assert decode([record]).things == [kept]


def test_all_of_somebodys_words_are_found_with_them() -> None:
    """Feedback and work, and nobody else's."""
    room = after()
    room.do(AmendProject(project_id=P, work=WorkCall()))
    room.do(share(feedback_until=14))
    for who in ("ada", "ben"):
        room.do(GiveFeedback(project_id=P, registration_id=room.of(who).id, text=SAID))
        room.do(sharing(who))
    person = room.of("ada").person
    found = [(kind, id) for kind, id in room.state.about(person) if kind in {"feedback", "work"}]
    assert [kind for kind, _ in found] == ["feedback", "work"]
    assert {subject_of(room.state.kept_as(kind)[id]) for kind, id in found} == {person}


@pytest.mark.parametrize("registered", [True, False])
def test_an_erasure_takes_all_of_somebodys_words_away(registered: bool) -> None:
    """The page quotes them no more, and what they were to hear of them is not sent; others keep theirs."""
    post, clock = Post(), Clock()
    desk = a_desk(post, clock=clock, announced=project(session("mon", capacity=2), work=WorkCall()))
    readers = [desk.do(interest(who, "mon")) for who in (("ada", "ben") if registered else ("ben",))]
    clock.now = desk.state(P).session("mon").ends
    desk.do(share(audience="public", feedback_until=14))
    for one in readers:
        desk.do(GiveFeedback(project_id=P, registration_id=one.id, text=SAID, may_quote=True))
    for who in ("ada", "ben"):
        shared = desk.do(sharing(who, consent=True))
        desk.do(decision(shared, "shortlisted"))
        desk.do(decision(shared, "published"))
    assert TITLE in repr(desk.export_member("ada"))
    desk.erase_member("ada")
    state, page = desk.state(P), desk.summary(P)
    assert {one.person for one in state.feedback.values()} == {one.person for one in state.works.values()}
    assert (len(state.works), len(page.quotes), len(page.case_studies)) == (1, 1, 1)
    desk.deliver()
    told = {who for who, kind in post.said if kind is NoticeKind.WORK_PUBLISHED}
    assert told == {"ben"}


# In a project file


def test_a_project_file_says_when_work_is_welcome(tmp_path: Any) -> None:  # noqa: ANN401 - a path
    """By the clocks of the project."""
    path = tmp_path / "project.toml"
    text = (
        'id = "p"\ntitle = "T"\nsummary = "S"\ntimezone = "Europe/London"\n'
        '[organiser]\nname = "Team"\nemail = "team@example.org"\n'
        "[work]\nopens_at = 2021-07-14T10:00:00\ncloses_at = {}\n"
    )
    path.write_text(text.format("2021-08-13T10:00:00Z"))
    assert Project.from_toml(path).work == WorkCall(
        opens_at=OPENS.astimezone(UTC), closes_at=datetime(2021, 8, 13, 10, tzinfo=UTC)
    )
    path.write_text(text.format("2021-07-14T10:00:00"))
    with pytest.raises(ProjectFileError, match="the time to share work must not close before it opens"):
        Project.from_toml(path)
    path.write_text(text.format("2021-08-13T10:00:00\nends_at = 1"))
    with pytest.raises(ProjectFileError, match=r"work\.ends_at \(line 11\)"):
        Project.from_toml(path)
