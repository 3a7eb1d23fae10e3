"""Replies from anybody, in any order: the newest counts, and what is not understood changes nothing."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from insight_sessions import NoticeKind, ReplyReason
from insight_sessions.calendar.reply import LARGEST
from insight_sessions.commands.replying import NothingChanges, TakeReply
from insight_sessions.commands.sessions import RescheduleSession
from insight_sessions.domain.registration import Registration
from tests.property.test_reply_fuzz import mutated, tokens
from tests.unit.desk_kit import NOW, P, Rehearsal, project, session
from tests.unit.desk_store import Shaky
from tests.unit.test_replies import ID, Invited, answer

PRESENT = 2
"""The revision of the invite that is answered."""


def moved_twice() -> Rehearsal:
    """Ada has a place whose session was moved twice."""
    room = Rehearsal(project(session("mon", capacity=1)))
    room.register("ada", "mon")
    for hour in (11, 12):
        room.do(RescheduleSession(project_id=P, session_id="mon", starts=f"2021-07-05T{hour}:00"))
    return room


replies = st.lists(
    st.builds(
        TakeReply,
        project_id=st.just(P),
        registration_id=st.just("r-1"),
        attendee=st.sampled_from(["ada@example.org", "Ada@Example.org"]),
        answer=st.sampled_from(["ACCEPTED", "TENTATIVE", "DECLINED"]),
        sequence=st.integers(0, PRESENT),
        # Also a little ahead of our clock.
        stamped=st.integers(-500, 60).map(lambda minutes: NOW + timedelta(minutes=minutes)),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda reply: (reply.sequence, reply.stamped),
)


def is_taken(room: Rehearsal, reply: TakeReply) -> bool:
    """Whether a reply is newer than those before it; there is no other reason for it to change nothing."""
    why: ReplyReason | None = None
    try:
        room.do(reply)
    except NothingChanges as nothing:
        why = nothing.why
    assert why in {None, ReplyReason.NOT_NEWER}
    return why is None


def taken(order: Sequence[TakeReply]) -> tuple[Registration, list[NoticeKind]]:
    """What is so after these replies, and what was asked."""
    room = moved_twice()
    asked: list[NoticeKind] = []
    for reply in order:
        if is_taken(room, reply):
            asked += [kind for _, kind in room.told]
    return room.of("ada"), asked


@given(st.data(), replies)
def test_in_whatever_order_replies_come_and_however_often_the_newest_counts(
    data: st.DataObject, sent: list[TakeReply]
) -> None:
    """By revision, then by when it was made; and nobody is asked the same twice."""
    copies = data.draw(st.lists(st.sampled_from(sent), max_size=4))
    order = data.draw(st.permutations([*sent, *copies]))
    newest = max(sent, key=lambda reply: (reply.sequence, reply.stamped or NOW))
    mine, asked = taken(order)
    assert mine.partstat == (newest.answer if newest.sequence == PRESENT else None)
    assert mine.replied is not None
    assert (mine.replied.answer, mine.replied.sequence, mine.replied.stamped) == (
        *(newest.answer, newest.sequence, newest.stamped),
    )
    assert (mine.place, mine.sequence) == ("mon", PRESENT)
    assert len(asked) == len(set(asked))
    assert set(asked) <= {NoticeKind.ANSWER_AGAIN, NoticeKind.GIVE_UP_PLACE}
    assert NoticeKind.GIVE_UP_PLACE in asked or newest.answer != "DECLINED" or newest.sequence != PRESENT
    assert NoticeKind.ANSWER_AGAIN in asked or newest.sequence == PRESENT


@given(st.data(), replies)
def test_while_time_goes_on_the_newest_counts_too(data: st.DataObject, sent: list[TakeReply]) -> None:
    """When each comes after it was made, as most do."""
    room = moved_twice()
    room.now += timedelta(hours=1)
    for reply in data.draw(st.permutations(sent)):
        room.now += timedelta(minutes=data.draw(st.integers(0, 90)))
        is_taken(room, reply)
    newest = max(sent, key=lambda reply: (reply.sequence, reply.stamped or NOW))
    assert room.of("ada").partstat == (newest.answer if newest.sequence == PRESENT else None)


without_moments = st.lists(
    st.tuples(
        st.sampled_from(["ACCEPTED", "TENTATIVE", "DECLINED"]),
        st.integers(0, PRESENT),
        st.one_of(st.none(), st.integers(-90, 90), st.just(60 * 48)),
        st.integers(0, 90),
    ),
    min_size=1,
    max_size=6,
)


@given(without_moments, st.integers(0, 10_000), st.booleans())
def test_no_copy_of_a_reply_that_counted_changes_anything(
    sent: list[tuple[str, int, int | None, int]], later: int, trusted: bool
) -> None:
    """Whether it names a moment, past or to come, or none; unless it is the last word, and can be trusted now."""
    room, copies = moved_twice(), list[TakeReply]()
    for partstat, sequence, ahead, minutes in sent:
        room.now += timedelta(minutes=minutes)
        stamped = None if ahead is None else room.now + timedelta(minutes=ahead)
        reply = TakeReply.model_validate(
            {
                "project_id": P,
                "registration_id": "r-1",
                "attendee": "ada@example.org",
                "answer": partstat,
                "sequence": sequence,
                "stamped": stamped,
            }
        )
        if is_taken(room, reply):
            copies.append(reply)
    before = room.state
    room.now += timedelta(minutes=later)
    replied = room.of("ada").replied
    assert replied is not None
    for copy in copies:
        last_word = (copy.answer, copy.sequence) == (replied.answer, replied.sequence)
        assert not is_taken(room, copy.model_copy(update={"trusted": trusted and not last_word}))
    assert room.state is before


def sent_to_a_desk(raw: bytes, *, trusted: bool) -> None:
    """What is not understood changes nothing; what is understood changes one registration, and never adds one."""
    room = Invited(Shaky(), sequence=1)
    before = room.desk.state(P)
    reply = room.desk.receive_reply(raw, trusted)
    after = room.desk.state(P)
    assert reply.understood == reply.reason.understood == (reply.registration is not None)
    unchanged = {ReplyReason.NOT_NEWER, ReplyReason.NO_PLACE, ReplyReason.SESSION_BEGUN}
    if not reply.understood or reply.reason in unchanged:
        assert after is before
        return
    assert after.registration(ID) == reply.registration
    assert (after.people, set(after.registrations)) == (before.people, set(before.registrations))
    left = reply.reason is ReplyReason.WITHDRAWN
    assert (after.registration(ID).place is None) == left
    assert trusted or not left


@given(mutated(), st.booleans())
def test_what_is_not_understood_changes_nothing(raw: bytes, trusted: bool) -> None:
    """Whatever somebody did to a reply."""
    sent_to_a_desk(raw, trusted=trusted)


@st.composite
def altered(draw: st.DrawFn) -> bytes:
    """A reply to an invite of ours, with other lines in it."""
    raw = answer(draw(st.sampled_from(["ACCEPTED", "DECLINED", "DELEGATED"])), draw(st.integers(0, 2)))
    at = draw(st.integers(0, raw.count(b"\n")))
    lines = raw.split(b"\n")
    return b"\n".join([*lines[:at], draw(tokens), *lines[at:]])


@given(altered(), st.booleans())
def test_a_reply_with_something_odd_in_it_is_taken_whole_or_not_at_all(raw: bytes, trusted: bool) -> None:
    """In any of its lines."""
    sent_to_a_desk(raw, trusted=trusted)


@given(st.text(max_size=400) | st.binary(max_size=400))
def test_anything_at_all_is_no_reply(raw: str | bytes) -> None:
    """As text or as bytes; and padded until it is too large it is not looked at."""
    room = Invited(Shaky())
    before = room.desk.state(P)
    for sent in (raw, raw * (LARGEST // max(len(raw), 1) + 1)):
        reply = room.desk.receive_reply(sent, trusted=True)
        assert (reply.understood, reply.registration) == (False, None)
    assert room.desk.state(P) is before
