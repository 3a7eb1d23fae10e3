"""Answers of calendars: noted, asked about where that helps, and nobody's place is given away by them."""

import pickle
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from insight_sessions.commands.calls import AmendProject, CancelProject
from insight_sessions.commands.places import SwitchSession, Withdraw
from insight_sessions.commands.replying import MOST_AHEAD, MOST_DOUBTFUL, NothingChanges, TakeReply
from insight_sessions.commands.sessions import CancelSession, RescheduleSession, ResizeSession
from insight_sessions.correspondence import Correspondence
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.notices import Method, NoticeKind, Owed
from insight_sessions.domain.registration import Decision, Registration, Status
from insight_sessions.domain.reply import Replied, ReplyReason
from insight_sessions.domain.thing import RESTORE_GAP, Lineage
from insight_sessions.errors import NotFound
from insight_sessions.hooks.manager import load_plugins

from .desk_kit import NOW, P, Rehearsal, project, session

HOUR = timedelta(hours=1)
EARLIER = NOW - HOUR


def invited(*others: str, sequence: int = 0, capacity: int = 1) -> Rehearsal:
    """Ada has Monday, the others wait for it, and it was moved so often."""
    room = Rehearsal(project(session("mon", capacity=capacity), session("tue"), session("thu")))
    for who in ("ada", *others):
        room.register(who, "mon")
    for hour in range(sequence):
        move(room, f"2021-07-05T{11 + hour}:00")
    return room


def move(room: Rehearsal, starts: str) -> None:
    """Monday's session gets another time."""
    room.do(RescheduleSession(project_id=P, session_id="mon", starts=starts))


def reply(room: Rehearsal, answer: str = "ACCEPTED", sequence: int | None = None, **more: Any) -> TakeReply:  # noqa: ANN401
    """Ada's answer to her present invite, unless told otherwise, made an hour ago."""
    ada = room.of("ada")
    given: dict[str, Any] = {"attendee": "ada@example.org", "stamped": EARLIER, "registration_id": ada.id, **more}
    present = ada.sequence if sequence is None else sequence
    return TakeReply.model_validate({"project_id": P, "answer": answer, "sequence": present, **given})


def take(room: Rehearsal, answer: str = "ACCEPTED", sequence: int | None = None, **more: Any) -> Registration:  # noqa: ANN401
    """Take it."""
    return room.do(reply(room, answer, sequence, **more))


def nothing(room: Rehearsal, answer: str = "ACCEPTED", sequence: int | None = None, **more: Any) -> ReplyReason:  # noqa: ANN401
    """Why it changes nothing."""
    before = room.state
    with pytest.raises(NothingChanges) as refused:
        take(room, answer, sequence, **more)
    assert room.state is before
    assert str(refused.value) == refused.value.why.sentence
    return refused.value.why


def attendee(room: Rehearsal, owed: Owed) -> str:
    """The line of the attendee in the invite of a notice, unfolded."""
    invite = Correspondence(load_plugins([], discover=False)).notice(owed, room.state).invite
    assert invite is not None
    lines = invite.data.decode().replace("\r\n ", "").split("\r\n")
    (line,) = (line for line in lines if line.startswith("ATTENDEE"))
    return line


# Noting


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("answer", ["ACCEPTED", "TENTATIVE"])
def test_an_answer_to_the_present_invite_is_noted(answer: str, trusted: bool) -> None:
    """On the registration and in the journal; nobody needs to be told."""
    room = invited()
    mine = take(room, answer, trusted=trusted)
    assert (mine.partstat, mine.place, mine.sequence) == (answer, "mon", 0)
    assert mine.replied == Replied(answer=answer, sequence=0, stamped=EARLIER, received=NOW)  # type: ignore[arg-type]
    assert room.notices == ()
    (event,) = room.events
    assert (event.kind, event.answer, event.registration, event.person, event.session) == (
        *(EventKind.INVITE_ANSWERED, answer, mine.id, "p-ada", "mon"),
    )


def test_nothing_that_is_kept_holds_an_address() -> None:
    """The reply is noted without who sent it."""
    room = invited("ben")
    take(room, "DECLINED")
    assert "@" not in repr((room.events, room.of("ada")))
    assert "ada@" not in repr(room.notices)


@pytest.mark.parametrize("email", ["ADA@example.org", "Ada@EXAMPLE.ORG"])
def test_letters_of_an_address_may_be_small_or_capital(email: str) -> None:
    """Calendars change them."""
    assert take(invited(), attendee=email).partstat == "ACCEPTED"


@pytest.mark.parametrize(
    "wrong",
    [{"attendee": "eve@example.org"}, {"registration_id": "r-nobody"}, {"attendee": "ben@example.org"}],
    ids=["a stranger", "no registration", "another member"],
)
def test_whose_it_is_not_is_not_told(wrong: dict[str, Any]) -> None:
    """An unknown address and an unknown registration are one and the same."""
    room = invited("ben")
    before = room.state
    with pytest.raises(NotFound) as refused:
        take(room, **wrong)
    assert refused.value.kind == "registration"
    assert room.state is before


def test_a_person_who_is_gone_has_no_address() -> None:
    """Their registration may outlive them."""
    room = invited()
    room.state = room.state._with(people=room.state.people.remove("p-ada"))
    with pytest.raises(NotFound):
        room.decide(TakeReply(project_id=P, registration_id=first(room), attendee="ada@example.org", answer="DECLINED"))


def first(room: Rehearsal) -> str:
    """The id of the first registration."""
    return min(room.state.registrations.values(), key=lambda one: one.arrived).id


@pytest.mark.parametrize("wrong", [{"answer": "DELEGATED"}, {"sequence": -1}, {"attendee": "nobody"}])
def test_a_reply_that_cannot_be_is_no_command(wrong: dict[str, Any]) -> None:
    """It is refused before it gets anywhere."""
    with pytest.raises(ValidationError):
        reply(invited(), **wrong)


def test_a_moment_needs_a_zone_and_is_kept_in_utc() -> None:
    """Whichever it was said in."""
    room = invited()
    with pytest.raises(ValidationError):
        reply(room, stamped=datetime(2021, 6, 14))  # noqa: DTZ001 - the point
    mine = take(room, stamped="2021-06-14T09:30:00+01:00")
    assert mine.replied is not None
    assert mine.replied.stamped is not None
    assert mine.replied.stamped.isoformat() == "2021-06-14T08:30:00+00:00"


def test_a_revision_that_was_never_sent_is_no_answer_of_ours() -> None:
    """Whoever answers it made it up."""
    room = invited(sequence=2)
    assert nothing(room, sequence=3) is ReplyReason.NEVER_SENT
    assert nothing(room, sequence=2**31 - 1, trusted=True) is ReplyReason.NEVER_SENT
    assert not ReplyReason.NEVER_SENT.understood


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("answer", ["ACCEPTED", "DECLINED"])
def test_without_a_place_there_is_nothing_to_answer(answer: str, trusted: bool) -> None:
    """Withdrawn, cancelled, or never had."""
    room = invited("ben")
    room.do(Withdraw(project_id=P, registration_id=room.of("ada").id))
    assert nothing(room, answer, trusted=trusted) is ReplyReason.NO_PLACE
    assert nothing(room, answer, 0, trusted=trusted) is ReplyReason.NO_PLACE
    room = invited()
    room.do(CancelSession(project_id=P, session_id="mon"))
    assert nothing(room, answer, 0, trusted=trusted) is ReplyReason.NO_PLACE
    room = invited("ben")
    waiting = room.of("ben")
    assert waiting.place is None
    given = {"registration_id": waiting.id, "attendee": "ben@example.org"}
    assert nothing(room, answer, 0, trusted=trusted, **given) is ReplyReason.NO_PLACE
    room = invited()
    room.do(CancelProject(project_id=P))
    assert nothing(room, answer, 0, trusted=trusted) is ReplyReason.NO_PLACE


@pytest.mark.parametrize("answer", ["ACCEPTED", "DECLINED"])
def test_once_the_session_has_begun_it_is_too_late(answer: str) -> None:
    """Also when it can be trusted, and after it was held."""
    room = invited()
    for later in (datetime.fromisoformat("2021-07-05T09:00Z"), datetime.fromisoformat("2021-07-09T09:00Z")):
        room.now = later
        assert nothing(room, answer, trusted=True) is ReplyReason.SESSION_BEGUN


# Order


@pytest.mark.parametrize("minutes", [0, -1, -1_000_000])
def test_what_is_not_newer_changes_nothing(minutes: int) -> None:
    """Neither a copy nor an older answer that was late."""
    room = invited()
    take(room, "ACCEPTED")
    for answer in ("ACCEPTED", "TENTATIVE", "DECLINED"):
        assert nothing(room, answer, stamped=EARLIER + timedelta(minutes=minutes)) is ReplyReason.NOT_NEWER


def test_the_same_answer_given_again_is_newer() -> None:
    """An answer between the two would be late then."""
    room = invited()
    take(room, "ACCEPTED")
    take(room, "ACCEPTED", stamped=EARLIER + 2 * timedelta(minutes=1))
    assert room.happened == [EventKind.INVITE_ANSWERED]
    assert nothing(room, "TENTATIVE", stamped=EARLIER + timedelta(minutes=1)) is ReplyReason.NOT_NEWER


@pytest.mark.parametrize("stamped", [None, NOW + timedelta(days=365), datetime.max.replace(tzinfo=NOW.tzinfo)])
def test_a_moment_that_is_missing_or_cannot_be_counts_as_when_it_came(stamped: datetime | None) -> None:
    """So a clock that is wrong does not outdo every later answer."""
    room = invited()
    take(room, "TENTATIVE", stamped=NOW)
    mine = take(room, "ACCEPTED", stamped=stamped)
    assert mine.replied is not None
    assert (mine.replied.stamped, mine.replied.received) == (None, NOW)
    assert nothing(room, "ACCEPTED", stamped=stamped) is ReplyReason.NOT_NEWER
    assert nothing(room, "TENTATIVE", stamped=EARLIER) is ReplyReason.NOT_NEWER
    assert take(room, "TENTATIVE", stamped=stamped).partstat == "TENTATIVE"
    room.now += HOUR
    assert nothing(room, "TENTATIVE", stamped=stamped) is ReplyReason.NOT_NEWER
    assert take(room, "ACCEPTED", stamped=NOW + timedelta(minutes=1)).partstat == "ACCEPTED"


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("stamped", [None, NOW + HOUR / 2, NOW + MOST_AHEAD + HOUR])
def test_a_copy_changes_nothing_although_nothing_shows_when_it_was_made(
    stamped: datetime | None, *, trusted: bool
) -> None:
    """Who declined and accepted since keeps the place, however often and late the first answer comes again."""
    room = invited()
    take(room, "DECLINED", stamped=stamped)
    room.now += HOUR / 4
    ada = take(room, "ACCEPTED", stamped=room.now)
    for later in (HOUR, 2 * MOST_AHEAD):
        room.now += later
        assert nothing(room, "DECLINED", stamped=stamped, trusted=trusted) is ReplyReason.NOT_NEWER
    assert room.of("ada") == ada


def test_the_same_answer_without_a_moment_counts_again_after_a_move() -> None:
    """It is to another revision then."""
    room = invited()
    take(room, "DECLINED", stamped=None)
    take(room, "ACCEPTED", stamped=None)
    move(room, "2021-07-05T12:00")
    room.now += HOUR
    assert take(room, "DECLINED", stamped=None).partstat == "DECLINED"


def test_few_answers_are_remembered() -> None:
    """Whatever keeps answering by a clock that is ahead."""
    room = invited()
    for number in range(MOST_DOUBTFUL + 3):
        take(room, "TENTATIVE", stamped=NOW + (number + 1) * HOUR)
    replied = room.of("ada").replied
    assert replied is not None
    assert len(replied.doubtful) == MOST_DOUBTFUL
    assert nothing(room, "TENTATIVE", stamped=NOW + (MOST_DOUBTFUL + 3) * HOUR) is ReplyReason.NOT_NEWER


def test_answers_of_a_clock_that_is_a_little_ahead_keep_their_order() -> None:
    """But nothing was made after it came."""
    room = invited()
    take(room, "ACCEPTED", stamped=NOW + 2 * HOUR)
    assert nothing(room, "TENTATIVE", stamped=NOW + HOUR) is ReplyReason.NOT_NEWER
    assert take(room, "TENTATIVE", stamped=NOW + MOST_AHEAD).partstat == "TENTATIVE"
    room.now += HOUR
    assert take(room, "ACCEPTED", stamped=NOW + HOUR / 2).partstat == "ACCEPTED"


def test_the_answer_to_a_later_revision_is_newer_whenever_it_was_made() -> None:
    """Revisions come first, moments second."""
    room = invited(sequence=1)
    take(room, "ACCEPTED", stamped=EARLIER - HOUR)
    assert nothing(room, "DECLINED", 0, stamped=EARLIER) is ReplyReason.NOT_NEWER
    move(room, "2021-07-05T15:00")
    assert take(room, "TENTATIVE", stamped=EARLIER - 2 * HOUR).partstat == "TENTATIVE"


# An answer to the old time


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("answer", ["ACCEPTED", "TENTATIVE", "DECLINED"])
def test_an_answer_to_an_earlier_invite_is_kept_as_such_and_asked_again(answer: str, trusted: bool) -> None:
    """With the present invite, unanswered: the same revision, later."""
    room = invited("ben", sequence=2)
    before = room.of("ada")
    mine = take(room, answer, 1, trusted=trusted)
    assert mine.replied is not None
    assert (mine.replied.answer, mine.replied.sequence) == (answer, 1)
    assert (mine.partstat, mine.place, mine.sequence) == (None, "mon", 2)
    assert before.stamped is not None
    assert mine.stamped == before.stamped + timedelta(seconds=1)
    assert [(event.kind, event.answer) for event in room.events] == [(EventKind.EARLIER_INVITE_ANSWERED, answer)]
    assert room.told == [("ada", NoticeKind.ANSWER_AGAIN)]
    owed = room.owed_to("ada")
    assert (owed.method, owed.sequence, owed.partstat, owed.at) == (Method.REQUEST, 2, None, mine.stamped)
    assert (owed.slot and owed.slot.id, owed.previous, owed.begins) == ("mon", None, False)
    assert ";PARTSTAT=NEEDS-ACTION;" in attendee(room, owed)
    assert ";RSVP=TRUE:" in attendee(room, owed)


def test_nobody_is_asked_again_twice_about_one_revision() -> None:
    """Whatever answers by itself, for as long as it likes."""
    room = invited(sequence=2)
    take(room, "ACCEPTED", 0)
    for minute in range(1, 5):
        take(room, "DECLINED", 1, stamped=EARLIER + timedelta(minutes=minute))
        assert room.told == []
        assert room.happened == [EventKind.EARLIER_INVITE_ANSWERED]
    move(room, "2021-07-05T18:00")
    take(room, "DECLINED", 2)
    assert room.told == [("ada", NoticeKind.ANSWER_AGAIN)]


def test_an_answer_to_the_old_time_does_not_touch_one_to_the_present() -> None:
    """It was given before."""
    room = invited(sequence=1)
    take(room, "ACCEPTED")
    assert nothing(room, "DECLINED", 0, stamped=NOW, trusted=True) is ReplyReason.NOT_NEWER
    assert room.of("ada").partstat == "ACCEPTED"


def test_after_a_restore_they_are_asked_again_beyond_what_may_have_been_sent() -> None:
    """Once, for the revision that goes out then."""
    room = invited(sequence=1)
    room.state = room.state.put(Lineage("e-2", restores=1))
    mine = take(room, "ACCEPTED", 0)
    assert mine.sequence == RESTORE_GAP
    assert room.owed_to("ada").sequence == RESTORE_GAP
    take(room, "ACCEPTED", 1)
    assert room.told == []


# Declining


def test_declining_gives_no_place_away_and_asks_whether_they_want_to() -> None:
    """Anybody can send a mail in anybody's name."""
    room = invited("ben")
    mine = take(room, "DECLINED")
    assert (mine.partstat, mine.place, mine.status, mine.stamped) == ("DECLINED", "mon", Status.CONFIRMED, NOW)
    assert room.line("mon") == ["ben"]
    assert room.told == [("ada", NoticeKind.GIVE_UP_PLACE)]
    owed = room.owed_to("ada")
    assert (owed.method, owed.slot and owed.slot.id, owed.sequence, owed.at) == (None, "mon", 0, NOW)
    assert room.happened == [EventKind.INVITE_ANSWERED]


def test_they_are_asked_once_for_each_revision_whether_they_give_it_up() -> None:
    """Changing their mind is no reason to ask again, another time is."""
    room = invited()
    for minute, (answer, told) in enumerate((("DECLINED", 1), ("ACCEPTED", 0), ("DECLINED", 0), ("DECLINED", 0))):
        take(room, answer, stamped=EARLIER + timedelta(minutes=minute))
        assert len(room.told) == told
    move(room, "2021-07-05T15:00")
    take(room, "DECLINED")
    assert room.told == [("ada", NoticeKind.GIVE_UP_PLACE)]


def test_asked_again_and_then_declining_are_two_questions() -> None:
    """Each once, and then it is quiet."""
    room = invited(sequence=1)
    take(room, "DECLINED", 0)
    assert room.told == [("ada", NoticeKind.ANSWER_AGAIN)]
    mine = take(room, "DECLINED", 1)
    assert room.told == [("ada", NoticeKind.GIVE_UP_PLACE)]
    assert mine.replied is not None
    assert (mine.replied.asked_again, mine.replied.asked_to_leave) == (1, 1)


def test_declining_that_can_be_trusted_withdraws() -> None:
    """By the rule of withdrawing: the place goes to the next, and each is told once."""
    room = invited("ben", "cat")
    mine = take(room, "DECLINED", trusted=True)
    left = room.state.slots["mon"]
    assert (mine.decision, mine.place, mine.left, mine.sequence) == (Decision.WITHDRAWN, None, left, 1)
    assert (mine.partstat, mine.replied and mine.replied.answer) == (None, "DECLINED")
    assert room.places() == {"ben": "mon", "cat": None}
    assert room.told == [("ada", NoticeKind.WITHDRAWN), ("ben", NoticeKind.PLACE_CONFIRMED)]
    assert room.owed_to("ada").method is Method.CANCEL
    assert room.happened == [EventKind.INVITE_ANSWERED, EventKind.WITHDRAWN, EventKind.PLACE_GIVEN]
    assert nothing(room, "DECLINED", 0, trusted=True) is ReplyReason.NO_PLACE


@pytest.mark.parametrize("stamped", [EARLIER, None])
def test_what_was_declined_before_can_be_trusted_later(stamped: datetime | None) -> None:
    """The same reply, once the host knows whose it is; an older one is still too late."""
    room = invited()
    take(room, "DECLINED", stamped=stamped)
    assert nothing(room, "DECLINED", stamped=EARLIER - HOUR, trusted=True) is ReplyReason.NOT_NEWER
    assert nothing(room, "DECLINED", stamped=stamped) is ReplyReason.NOT_NEWER
    assert take(room, "DECLINED", stamped=stamped, trusted=True).status is Status.WITHDRAWN


def test_a_trusted_copy_of_an_answer_to_the_old_time_changes_nothing() -> None:
    """However often it comes."""
    room = invited(sequence=1)
    take(room, "DECLINED", 0, trusted=True)
    assert nothing(room, "DECLINED", 0, trusted=True) is ReplyReason.NOT_NEWER


# What follows later


def test_other_details_carry_the_answer_and_another_time_forgets_it() -> None:
    """In the invite's own bytes; and it can be changed, so an answer is always possible."""
    room = invited()
    take(room, "TENTATIVE")
    room.do(AmendProject(project_id=P, title="Another name"))
    line = attendee(room, room.owed_to("ada"))
    assert ";PARTSTAT=TENTATIVE;" in line
    assert ";RSVP=TRUE:" in line
    move(room, "2021-07-05T16:00")
    assert ";PARTSTAT=NEEDS-ACTION;" in attendee(room, room.owed_to("ada"))
    mine = room.of("ada")
    assert (mine.partstat, mine.replied and mine.replied.sequence) == (None, 0)


def test_an_answer_goes_with_its_session() -> None:
    """Who moves has answered for the old one; who has a place again, too."""
    room = invited()
    take(room, "ACCEPTED")
    room.do(SwitchSession(project_id=P, registration_id=room.of("ada").id, sessions=("tue",)))
    assert (room.of("ada").place, room.of("ada").partstat) == ("tue", None)
    assert take(room, "ACCEPTED", 0, stamped=NOW).partstat is None
    room = Rehearsal(project(session("mon"), session("tue", capacity=0)))
    room.register("ada", "mon", "tue")
    take(room, "ACCEPTED")
    room.do(CancelSession(project_id=P, session_id="mon"))
    room.do(ResizeSession(project_id=P, session_id="tue", capacity=1))
    assert (room.of("ada").place, room.of("ada").sequence, room.of("ada").partstat) == ("tue", 2, None)
    assert take(room, "TENTATIVE", 1, stamped=NOW).partstat is None
    assert take(room, "DECLINED", 2, stamped=EARLIER).partstat == "DECLINED"


def test_what_changes_nothing_can_be_carried_by_a_task_engine() -> None:
    """As every refusal can."""
    refused = pickle.loads(pickle.dumps(NothingChanges(ReplyReason.NOT_NEWER)))  # noqa: S301 - our own bytes
    assert refused.why is ReplyReason.NOT_NEWER
    assert refused.reason == "not_newer"
    assert str(refused) == ReplyReason.NOT_NEWER.sentence


def test_of_two_answers_with_moments_of_their_own_one_is_newer() -> None:
    """Never both, and neither only when they have the same."""
    told = [
        Replied(answer=answer, sequence=sequence, stamped=stamped, received=NOW)
        for answer in ("ACCEPTED", "DECLINED")
        for sequence in (0, 1)
        for stamped in (EARLIER - HOUR, EARLIER, NOW + HOUR)
    ]
    for one in told:
        for other in told:
            same = (one.sequence, one.stamped) == (other.sequence, other.stamped)
            assert one.is_newer_than(other) + other.is_newer_than(one) + same == 1
