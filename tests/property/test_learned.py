"""Who is told of a write-up, and what is kept of what they say, against plain sets and dicts."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from insight_sessions.commands import learning
from insight_sessions.commands.feedback import AnswerFeedback, GiveFeedback
from insight_sessions.commands.learning import TellMore, tellings
from insight_sessions.commands.passing import LetTimePass
from insight_sessions.commands.places import SwitchSession, Withdraw
from insight_sessions.commands.work import DecideWork, ShareWork
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.domain.project import WorkCall
from insight_sessions.domain.work import Work, WorkStatus
from insight_sessions.errors import NotFound, Refusal
from insight_sessions.summarising import summary
from tests.unit.desk_kit import DAY, NOW, P, Rehearsal, member, project, session
from tests.unit.learning_kit import share

NAMES = tuple("abcdefg")
names = st.sampled_from(NAMES)


def held() -> Rehearsal:
    """Everybody but the last two registered for Monday, which is over, or for Thursday, which lies ahead."""
    room = Rehearsal(project(session("mon", capacity=3), session("thu", capacity=3)))
    for number, name in enumerate(NAMES[:-2]):
        room.register(name, "thu" if number % 2 else "mon")
    room.now = room.state.session("mon").ends
    room.do(LetTimePass(project_id=P))
    return room


def tried(room: Rehearsal, command: Any) -> bool:  # noqa: ANN401 - any command
    """Do it, if the rules let it."""
    try:
        room.do(command)
    except Refusal:
        return False
    return True


def come_and_go(room: Rehearsal, act: str, who: str) -> None:
    """Somebody registers, withdraws or asks for the other session, if they can."""
    known = room.state.members.get(f"{who}")
    one = None if known is None else room.state.latest_of(known)
    if act == "register":
        try:
            room.register(who, "thu")
        except Refusal:
            return
    elif one is not None and act == "withdraw":
        tried(room, Withdraw(project_id=P, registration_id=one.id))
    elif one is not None:
        tried(room, SwitchSession(project_id=P, registration_id=one.id, sessions=("thu", "mon")))


acts = st.tuples(st.sampled_from(("register", "withdraw", "switch", "tell", "tell", "again")), names)


@given(st.integers(1, 3), st.sampled_from(("confirmed", "registered", "public")), st.lists(acts, max_size=20))
def test_each_reader_is_told_of_a_version_once(at_once: int, audience: str, course: list[tuple[str, str]]) -> None:
    """However many are told at once, and whoever comes and goes in between; those who stay are all told."""
    room = held()
    told: dict[str, list[str]] = {}

    def note() -> None:
        for owed in room.notices:
            if owed.kind is NoticeKind.WRITE_UP:
                told.setdefault(owed.about or "", []).append(owed.person)

    def readers() -> set[str]:
        (newest,) = [one for one in room.state.write_ups.values() if one.version == len(room.state.write_ups)]
        registrations = map(room.state.registration, room.state.latest.values())
        return {one.person for one in registrations if newest.is_for(one)}

    with patch.object(learning, "MOST_TOLD", at_once):
        room.do(share(audience=audience))
        note()
        stayed = readers()
        for number, (act, who) in enumerate([*course, *[("tell", "a")] * len(NAMES)]):
            left = list(tellings(room.state))
            if act == "again":
                room.do(share(audience=audience, text=f"Version {number}."))
                note()
                stayed = readers()
            elif act == "tell" and left:
                room.do(TellMore(project_id=P, write_up=left[0][1]))
                note()
            elif act != "tell":
                come_and_go(room, act, who)
                stayed &= readers()
    assert list(tellings(room.state)) == []
    assert all(len(set(people)) == len(people) for people in told.values())
    assert stayed <= set(told.get(f"write-up.{len(room.state.write_ups)}", []))


words = st.sampled_from(("One.", "Two."))
ops = st.one_of(
    st.tuples(st.just("give"), st.sampled_from("ab"), words, st.booleans()),
    st.tuples(st.just("answer"), st.sampled_from("ab"), words, st.just(value=False)),
    st.tuples(st.just("wait"), st.just("a"), st.just(""), st.just(value=False)),
)


@given(st.lists(ops, max_size=30))
def test_what_is_kept_is_what_they_said_last(course: list[tuple[str, str, str, bool]]) -> None:
    """While it is welcome; a consent can be taken back later, and never given."""
    room = held()
    room.do(share(audience="registered", feedback_until=2))
    until = room.now + 2 * DAY
    plain: dict[str, list[Any]] = {}
    for op, who, text, may_quote in course:
        id = room.of(who).id
        if op == "wait":
            room.now += timedelta(hours=13)
        elif op == "answer":
            known = plain.get(who)
            if known is not None:
                news = known[2] != text
                room.do(AnswerFeedback(project_id=P, feedback_id=f"f-{id}.write-up", text=text))
                assert room.told == ([(who, NoticeKind.FEEDBACK_ANSWERED)] if news else [])
                known[2] = text
        else:
            known = plain.get(who, ["", False, None])
            same = known[0] == text
            may = room.now < until or (same and (known[1] or not may_quote))
            assert tried(room, GiveFeedback(project_id=P, registration_id=id, text=text, may_quote=may_quote)) == may
            if may:
                plain[who] = [text, may_quote, known[2] if same else None]
    kept = {room.state.people[one.person].member_id: one for one in room.state.feedback.values()}
    assert {who: [one.text, one.may_quote, one.answer] for who, one in kept.items()} == plain
    page = summary(room.state)
    assert sorted(one.text for one in page.quotes) == sorted(said for said, agreed, _ in plain.values() if agreed)
    assert (page.feedback, page.answered) == (len(plain), sum(answer is not None for *_, answer in plain.values()))


DECISIONS = (WorkStatus.SHORTLISTED, WorkStatus.PUBLISHED, WorkStatus.DECLINED)
LADDER = {
    (WorkStatus.RECEIVED, WorkStatus.SHORTLISTED),
    (WorkStatus.DECLINED, WorkStatus.SHORTLISTED),
    (WorkStatus.SHORTLISTED, WorkStatus.PUBLISHED),
    (WorkStatus.RECEIVED, WorkStatus.DECLINED),
    (WorkStatus.SHORTLISTED, WorkStatus.DECLINED),
}
titles = st.sampled_from(("One", "Two"))
steps = st.one_of(
    st.tuples(st.just("share"), st.sampled_from("ab"), titles, st.booleans(), st.booleans()),
    st.tuples(st.just("decide"), st.sampled_from("ab"), titles, st.sampled_from(DECISIONS), st.just(value=None)),
    st.tuples(st.just("wait"), *[st.just(value=None)] * 4),
)


@given(st.lists(steps, max_size=40))
def test_work_is_what_they_shared_and_what_was_decided(course: list[tuple[Any, ...]]) -> None:
    """In time, by its owner, one step after the other, and public with consent alone."""
    room = Rehearsal(project(session("mon"), work=WorkCall(opens_at=NOW + DAY, closes_at=NOW + 3 * DAY)))
    plain: dict[str, list[Any]] = {}

    def named(who: str, title: str) -> str | None:
        same = [(at, id) for id, (owner, said, *_, at) in plain.items() if (owner, said) == (who, title)]
        return min(same)[1] if same else None

    for step, who, title, given_, anew in course:
        open_ = NOW + DAY <= room.now < NOW + 3 * DAY
        if step == "wait":
            room.now += timedelta(hours=7)
            continue
        if step == "decide":
            id = named(who, title)
            if id is None:
                continue
            kept = plain[id]
            again = kept[2] is given_
            may = again or ((kept[2], given_) in LADDER and (given_ is not WorkStatus.PUBLISHED or kept[3]))
            assert tried(room, DecideWork(project_id=P, work_id=id, decision=given_)) == may
            if may:
                assert room.told == ([] if again else [(who, NoticeKind(f"work_{given_}"))])
                kept[2] = given_
            continue
        work = Work(title=title, setting="Here", summary="This.", consent=given_)
        mine = [id for id, one in plain.items() if one[0] == who]
        id = mine[0] if anew and mine else named(who, title)
        command = ShareWork(project_id=P, member=member(who), work=work, work_id=id if anew and mine else None)
        if id is None:
            assert tried(room, command) == open_
            if open_:
                (new,) = room.state.works.keys() - plain.keys()
                plain[new] = [who, title, WorkStatus.RECEIVED, given_, room.now]
                assert room.told == [(who, NoticeKind.WORK_RECEIVED)]
            continue
        kept = plain[id]
        may = kept[1] == title or (open_ and kept[2] is WorkStatus.RECEIVED)
        assert tried(room, command) == may
        if may:
            kept[1:] = [title, kept[2], given_, kept[4] if kept[1] == title else room.now]
            assert room.told == []
    kept_now = {
        id: [one.person[2:], one.title, one.status, one.consent, one.shared_at] for id, one in room.state.works.items()
    }
    assert kept_now == plain
    public = sorted(said for _, said, status, agreed, _ in plain.values() if agreed and status is WorkStatus.PUBLISHED)
    assert sorted(one.title for one in summary(room.state).case_studies) == public


@given(st.sampled_from("ab"), st.booleans())
def test_nobody_changes_somebody_elses_work(who: str, consent: bool) -> None:
    """Nor learns that it is there."""
    room = Rehearsal(project(session("mon"), work=WorkCall()))
    other = {"a": "b", "b": "a"}[who]
    mine = room.do(ShareWork(project_id=P, member=member(who), work=Work(title="A", setting="B", summary="C")))
    theirs = Work(title="X", setting="B", summary="C", consent=consent)
    try:
        room.do(ShareWork(project_id=P, member=member(other), work=theirs, work_id=mine.id))
    except NotFound:
        assert list(room.state.works.values()) == [mine]
    else:
        raise AssertionError("it was changed")
