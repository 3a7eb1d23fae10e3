"""What readers say about a write-up, what is answered, and the page about it all."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from insight_sessions import AnswerFeedback, EventKind, Feedback, GiveFeedback, NotFound, NoticeKind, Quote
from insight_sessions.commands.passing import LetTimePass
from insight_sessions.records import decode, encode
from insight_sessions.summarising import summary
from insight_sessions.wording.learned import learned

from .desk_kit import DAY, NOW, P, Rehearsal, interest
from .desk_store import Clock, Post, a_desk
from .learning_kit import after, refused, share

SAID = "You left out pharmacies."
DONE = "The second version has them."


def say(room: Rehearsal, who: str = "ada", text: str = SAID, **more: Any) -> GiveFeedback:  # noqa: ANN401 - whatever is tried
    """Somebody's feedback."""
    return GiveFeedback(project_id=P, registration_id=room.of(who).id, text=text, **more)


def answer(feedback: Feedback, text: str = DONE) -> AnswerFeedback:
    """What is said to it."""
    return AnswerFeedback(project_id=P, feedback_id=feedback.id, text=text)


def shared(**more: Any) -> Rehearsal:  # noqa: ANN401 - whatever is tried
    """A write-up was shared with ada, ben and cat, and feedback is welcome for two weeks."""
    room = after()
    room.do(share(feedback_until=14, **more))
    return room


# Giving it


def test_a_reader_says_what_they_think() -> None:
    """It is kept with the version they had; the journal knows no words."""
    room = shared()
    given = room.do(say(room, may_quote=True))
    ada = room.of("ada")
    assert given == Feedback(
        id=f"f-{ada.id}.write-up",
        registration=ada.id,
        person=ada.person,
        write_up="write-up",
        version=1,
        text=SAID,
        may_quote=True,
        given_at=room.now,
    )
    assert room.told == []
    (event,) = room.events
    assert (event.kind, event.registration, event.person, event.about) == (
        EventKind.FEEDBACK_GIVEN,
        ada.id,
        ada.person,
        given.id,
    )
    assert SAID not in repr(event)


def test_the_same_again_changes_nothing() -> None:
    """Nor does it make another event."""
    room = shared()
    first = room.do(say(room))
    room.now += DAY
    assert room.do(say(room)) == first
    assert room.happened == []


def test_the_last_words_count() -> None:
    """There is one feedback of each reader, and an answer to other words is gone with them."""
    room = shared()
    first = room.do(say(room))
    room.do(answer(first))
    room.now += DAY
    second = room.do(say(room, text="And dentists."))
    assert (second.id, second.text, second.given_at, second.answer) == (first.id, "And dentists.", room.now, None)
    assert list(room.state.feedback) == [first.id]


def test_a_consent_leaves_an_answer_as_it_is() -> None:
    """For the words are the same."""
    room = shared()
    answered = room.do(answer(room.do(say(room))))
    room.now += DAY
    agreed = room.do(say(room, may_quote=True))
    assert (agreed.answer, agreed.given_at, agreed.may_quote) == (DONE, answered.given_at, True)


def test_a_consent_can_be_taken_back_when_the_time_is_over() -> None:
    """But nothing else can be done then."""
    room = shared()
    room.do(say(room, may_quote=True))
    room.now += 15 * DAY
    assert refused(room, say(room, text="More.")) == "feedback_closed"
    assert not room.do(say(room)).may_quote
    assert room.happened == [EventKind.FEEDBACK_GIVEN]
    assert refused(room, say(room, may_quote=True)) == "feedback_closed"


@pytest.mark.parametrize(("late", "reason"), [(timedelta(seconds=-1), None), (timedelta(0), "feedback_closed")])
def test_feedback_is_welcome_until_its_time_is_over(late: timedelta, reason: str | None) -> None:
    """To the moment."""
    room = shared()
    room.now += 14 * DAY + late
    if reason is None:
        assert room.do(say(room)).text == SAID
    else:
        assert refused(room, say(room)) == reason


def test_feedback_that_was_not_asked_for_is_refused() -> None:
    """Before there is a write-up, when none is welcome, and from those who do not have it."""
    room = after()
    assert refused(room, say(room)) == "no_write_up"
    room.do(share())
    assert refused(room, say(room)) == "feedback_not_asked"
    room.do(share(feedback_until=14))
    assert refused(room, say(room, "dan")) == "not_for_them"
    with pytest.raises(NotFound, match="write_up"):
        room.do(say(room, write_up="other"))
    with pytest.raises(NotFound, match="registration"):
        room.do(GiveFeedback(project_id=P, registration_id="r-nobody", text=SAID))


def test_feedback_is_about_the_write_up_that_was_shared_last_or_the_one_that_is_named() -> None:
    """And each has its own."""
    room = shared()
    room.now += DAY
    room.do(share(id="long", feedback_until=14))
    last, named = room.do(say(room)), room.do(say(room, write_up="write-up"))
    assert (last.write_up, named.write_up) == ("long", "write-up")
    room.do(share(text="Other."))
    assert room.do(say(room, text="Better.", write_up="write-up")).version == 2
    assert len(room.state.feedback) == 2


@pytest.mark.parametrize("text", ["", "  ", "x" * 10_001])
def test_wrong_words_stay_outside(text: str) -> None:
    """They are refused before anybody holds the project, and the refusal does not repeat them."""
    with pytest.raises(ValidationError) as given:
        GiveFeedback(project_id=P, registration_id="r-1", text=text)
    with pytest.raises(ValidationError) as answered:
        AnswerFeedback(project_id=P, feedback_id="f-1", text=text)
    assert "xxx" not in f"{given.value} {answered.value}"


# Answering it


def test_an_answer_is_told_once() -> None:
    """The same once more changes nothing; another one is news."""
    room = shared()
    given = room.do(say(room))
    answered = room.do(answer(given))
    assert (answered.answer, answered.answered_at, answered.text) == (DONE, room.now, SAID)
    assert room.told == [("ada", NoticeKind.FEEDBACK_ANSWERED)]
    assert room.notices[0].about == given.id
    assert [(event.kind, event.about) for event in room.events] == [(EventKind.FEEDBACK_ANSWERED, given.id)]
    room.now += 30 * DAY
    assert room.do(answer(given)) == answered
    assert (room.told, room.happened) == ([], [])
    room.do(answer(given, "Now it has."))
    assert room.told == [("ada", NoticeKind.FEEDBACK_ANSWERED)]


def test_an_answer_to_nothing_is_not_found() -> None:
    """Whatever was shared."""
    with pytest.raises(NotFound, match="feedback"):
        shared().do(AnswerFeedback(project_id=P, feedback_id="f-nobody", text=DONE))


@pytest.mark.parametrize("again", ["another answer", "other words", "nothing"])
def test_readers_hear_what_was_said_to_their_words(again: str) -> None:
    """What did not go out yet and is no longer so is left out."""
    post, clock = Post(), Clock()
    desk = a_desk(post, clock=clock)
    ada = desk.do(interest("ada", "mon"))
    clock.now = desk.state(P).session("mon").ends
    desk.do(share(feedback_until=14))
    desk.deliver()
    given = desk.do(GiveFeedback(project_id=P, registration_id=ada.id, text=SAID))
    desk.do(answer(given, "First."))
    clock.moves(minutes=1)
    if again == "another answer":
        desk.do(answer(given))
    if again == "other words":
        desk.do(GiveFeedback(project_id=P, registration_id=ada.id, text="And dentists."))
    desk.deliver()
    told = [notice for notice in post.taken if notice.kind is NoticeKind.FEEDBACK_ANSWERED]
    expected = {"another answer": [DONE], "other words": [], "nothing": ["First."]}[again]
    assert [notice.text.partition("Our answer:\n")[2].partition("\n")[0] for notice in told] == expected
    assert all(f"You said:\n{SAID}\n" in notice.text for notice in told)
    assert all(words not in repr(desk.history(P)) for words in (SAID, DONE, "First."))


def test_an_answer_that_is_gone_is_never_put_into_words() -> None:
    """As when the words were erased."""
    room = shared()
    given = room.do(say(room))
    room.do(answer(given))
    (owed,) = room.notices
    assert learned(owed, room.state) == {"feedback": SAID, "answer": DONE}
    room.do(say(room, text="And dentists."))
    assert learned(owed, room.state) == {"feedback": "And dentists.", "answer": ""}
    with pytest.raises(NotFound, match="feedback"):
        learned(owed, after().state)


def test_feedback_is_kept_with_the_person_who_gave_it() -> None:
    """So that it can be found with them, and erased."""
    given = Feedback(
        id="f-r-1.write-up", registration="r-1", person="p-1", write_up="write-up", version=1, text=SAID, given_at=NOW
    )
    record = encode(P, "feedback", given.id, 1, given)
    assert record.subject == "p-1"
    assert decode([record]).things == [given]


# The page about it


def test_a_summary_quotes_with_consent_only() -> None:
    """And names nobody; the others are counted."""
    room = shared(audience="public")
    quoted = room.do(say(room, may_quote=True))
    room.now += DAY
    room.do(say(room, "ben", "Nobody may read this."))
    room.do(answer(quoted))
    page = summary(room.state)
    assert (page.project_id, page.feedback, page.answered) == (P, 2, 1)
    assert page.quotes == (Quote("write-up", SAID, DONE),)
    room.do(say(room))
    assert summary(room.state).quotes == ()


def test_a_summary_shows_the_newest_version_of_what_is_public() -> None:
    """A version for fewer people takes the write-up off the page."""
    room = after()
    room.do(share(audience="registered"))
    assert summary(room.state).write_ups == ()
    room.do(share(audience="public", text="More."))
    room.do(share(audience="public", id="a", text="A."))
    assert [one.key for one in summary(room.state).write_ups] == ["a.1", "write-up.2"]
    room.do(share(audience="confirmed", id="a", text="A."))
    assert [one.key for one in summary(room.state).write_ups] == ["write-up.2"]


def test_a_desk_gives_the_summary() -> None:
    """Of a project as it is committed."""
    clock = Clock()
    desk = a_desk(clock=clock)
    desk.do(interest("ada", "mon"))
    clock.now = desk.state(P).session("mon").ends
    one = desk.do(share(audience="public"))
    assert desk.summary(P).write_ups == (one,)


def test_time_alone_changes_no_feedback() -> None:
    """When its time is over nothing needs to be done."""
    room = shared()
    given = room.do(say(room))
    room.now += 15 * DAY
    room.do(LetTimePass(project_id=P))
    assert room.state.feedback[given.id] == given
