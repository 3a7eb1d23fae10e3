"""The words follow the status: what each notice says, and how words are filled in."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TypedDict, Unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight_sessions.domain.links import LinkAction
from insight_sessions.domain.member import Person
from insight_sessions.domain.notices import Method, NoticeKind, Owed, Wording
from insight_sessions.domain.project import Contact
from insight_sessions.domain.session import Slot
from insight_sessions.wording import PLACEHOLDERS, SUBJECT_LENGTH, languages, problem_with, say
from insight_sessions.wording.english import default_wording
from insight_sessions.wording.english_following import FOLLOWING
from insight_sessions.wording.times import when
from tests.unit.desk_kit import NOW, member, project, session
from tests.unit.lines import lines

PROJECT = project(session("mon"), session("tue", where="Online"), session("thu", title="Evening"))
MON, TUE, THU = (Slot.of(one) for one in PROJECT.sessions)
EARLIER = replace(TUE, starts_at=TUE.starts_at - timedelta(hours=1))
MON_WHEN = "Monday 5 July 2021, 10:00 to 12:00 (London time, BST)"
TUE_WHEN = "Tuesday 6 July 2021, 14:00 to 16:00 (London time, BST)"
THU_WHEN = "Evening: Thursday 8 July 2021, 17:00 to 19:00 (London time, BST)"
ADA = Person.of(member("ada", name="Ada Osei"), "p-1")
WRITE = "write to Q insight team at insight@example.org"
K = NoticeKind
UNTIL = datetime(2021, 6, 16, 9, tzinfo=UTC)
UNTIL_WHEN = "Wednesday 16 June 2021, 10:00 (London time, BST)"
OVER = {K.OFFER_LAPSED, K.OFFER_REFUSED}
LEARNED = {
    "update_title": "What we say",
    "update": "Read on.",
    "write_up": "What we heard",
    "version": "2",
    "write_up_text": "Waiting is work.",
    "feedback_until": "Sunday",
    "feedback": "And pharmacies?",
    "answer": "They come next.",
    "work": "A phone line",
    "whom": "Ben Ode <ben@example.org>",
    "refusal": "5.1.1",
}
LINKS = {f"{action}_link": f"https://example.org/{action}" for action in LinkAction}
NEVER_WITH_A_CALENDAR = {*FOLLOWING, K.REMINDER, K.BELOW_MINIMUM, K.ADDRESS_UNREACHABLE}


class Facts(TypedDict, total=False):
    """What may come together in a notice."""

    slot: Slot | None
    previous: Slot | None
    cancelled: Slot | None
    waits: tuple[Slot, ...]
    method: Method | None
    begins: bool
    shifted: tuple[tuple[Slot, Slot], ...] | None
    skipped: tuple[Slot, ...] | None
    offered: Slot | None
    until: datetime | None
    released: Slot | None
    opened: tuple[Slot, ...]
    people: int | None
    minimum: int | None


def owed(kind: NoticeKind, **facts: Unpack[Facts]) -> Owed:
    """A notice with these facts."""
    return Owed(
        id="n-1",
        message_id="<n-1@example.org>",
        at=NOW,
        kind=kind,
        registration="r-1",
        person="p-1",
        title=PROJECT.title,
        **facts,
    )


def said(kind: NoticeKind, reason: str | None = None, **facts: Unpack[Facts]) -> str:
    """What Ada reads, subject first."""
    return "\n\n".join(say(owed(kind, **facts), PROJECT, ADA, reason=reason))


every_owed = st.builds(
    owed,
    st.sampled_from(NoticeKind),
    slot=st.sampled_from([None, MON, TUE, THU]),
    previous=st.sampled_from([None, MON, TUE]),
    cancelled=st.sampled_from([None, MON, THU]),
    others_cancelled=st.sampled_from([(), (TUE,), (TUE, THU)]),
    waits=st.sampled_from([(), (TUE,), (MON, THU)]),
    method=st.sampled_from([None, *Method]),
    begins=st.booleans(),
    shifted=st.sampled_from([None, ((EARLIER, TUE),), ((EARLIER, TUE), (MON, MON))]),
    skipped=st.sampled_from([None, (MON,), (TUE, THU)]),
    offered=st.sampled_from([None, None, TUE]),
    until=st.sampled_from([None, UNTIL]),
    released=st.sampled_from([None, MON, TUE]),
    opened=st.sampled_from([(), (TUE,), (MON, THU)]),
    people=st.sampled_from([None, 0, 2]),
    minimum=st.sampled_from([None, 3]),
)
"""Any facts at all, those that never come together too."""


def test_a_confirmed_place_reads_as_a_person_would_write_it() -> None:
    """The whole message, once."""
    subject, text = say(owed(K.PLACE_CONFIRMED, slot=TUE, method=Method.REQUEST, begins=True), PROJECT, ADA)
    assert subject == "You have a place: Exploring COVID-19 backlogs"
    assert (
        text
        == f"""\
Hello Ada Osei,

Good news: you have a place in “Exploring COVID-19 backlogs”.

{TUE_WHEN}
Where: Online

A calendar invite comes with this message.

What happens next: we will be in touch with anything else you need to know before the session.

If you can no longer come, please {WRITE} as soon as you can, so that somebody else can have your place.

With best wishes,
Q insight team
insight@example.org"""
    )


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        (
            said(K.INTEREST_RECEIVED),
            [
                "We have received your interest: ",
                "This is not a place yet.",
                "the organisers decide who can join",
                WRITE,
            ],
        ),
        (
            said(K.PLACE_CONFIRMED, slot=THU, previous=MON, method=Method.REQUEST),
            [
                THU_WHEN,
                f"You no longer have your place in this session:\n{MON_WHEN}",
                "brings your calendar up to date",
            ],
        ),
        (
            said(K.PLACE_CONFIRMED, "Too few came forward.", slot=TUE, previous=MON, cancelled=MON),
            [
                f"{TUE_WHEN}\nWhere: Online",
                f"The session you had a place in will not take place:\n{MON_WHEN}",
                "In the organisers' words: Too few came forward.",
            ],
        ),
        (
            said(K.WAITING, waits=(MON, THU)),
            [
                "You are on the waiting list: ",
                "There is no place for you at the moment in the sessions you can attend.",
                f"You are on the waiting list for:\n{MON_WHEN}\n{THU_WHEN}",
                "as soon as there is a place for you, we write to you",
                "You do not need to do anything.",
            ],
        ),
        (
            said(K.WAITING),
            [
                "No place is free at the moment: ",
                "There is no open session among those",
                "we have no place for you now",
            ],
        ),
        (
            said(K.SWITCH_WAITING, slot=TUE, waits=(THU,)),
            [
                "You keep your place: ",
                "No place is free there yet",
                TUE_WHEN,
                THU_WHEN,
                "Until then your place is certain",
            ],
        ),
        (said(K.SWITCH_WAITING, slot=TUE), ["We cannot offer you one now, so you keep the place you have:", TUE_WHEN]),
        (
            said(K.PLACE_MOVED, slot=THU, previous=TUE, method=Method.REQUEST),
            ["is in another session now:", THU_WHEN, f"You no longer have your place in this session:\n{TUE_WHEN}"],
        ),
        (
            said(K.PLACE_MOVED, "Too few.", slot=TUE, previous=MON, cancelled=MON),
            [
                f"We are sorry: this session of “Exploring COVID-19 backlogs” will not take place:\n{MON_WHEN}",
                "In the organisers' words: Too few.",
                "You have a place in another session that you told us you can attend:",
                TUE_WHEN,
                "If this session does not suit you",
            ],
        ),
        (
            said(K.SESSION_RESCHEDULED, slot=TUE, previous=MON, method=Method.REQUEST),
            ["Your session has a new time: ", TUE_WHEN, f"Before, it was:\n{MON_WHEN}", "You keep your place."],
        ),
        (
            said(K.SESSION_RESCHEDULED, slot=TUE, waits=(THU,)),
            ["A session has a new time: ", "Your own place has not changed:", TUE_WHEN, THU_WHEN],
        ),
        (
            said(K.SESSION_RESCHEDULED, waits=(THU,)),
            ["that you asked for has a new time", f"You are on the waiting list for:\n{THU_WHEN}"],
        ),
        (
            said(K.CLOCKS_CHANGED, slot=TUE, previous=EARLIER, waits=(THU,), method=Method.REQUEST),
            [
                "Your session keeps its local time: ",
                f"It stays at the same local time:\n\n{TUE_WHEN}\nWhere: Online",
                "it was:\nTuesday 6 July 2021, 14:00 to 16:00 (London time, UTC+02:00)",
                "You keep your place.",
                THU_WHEN,
                "brings your calendar up to date",
            ],
        ),
        (
            said(K.CLOCKS_CHANGED, slot=TUE, waits=(THU,)),
            ["A session keeps its local time: ", "Your own place has not changed:", TUE_WHEN, THU_WHEN],
        ),
        (
            said(K.CLOCKS_CHANGED, waits=(THU,)),
            ["that you asked for. It stays at the same local time.", f"You are on the waiting list for:\n{THU_WHEN}"],
        ),
        (
            said(K.DETAILS_CHANGED, slot=TUE, method=Method.REQUEST),
            [
                "Some details have changed: ",
                TUE_WHEN,
                "The date and the time stay as they were, and you keep your place.",
            ],
        ),
        (said(K.DETAILS_CHANGED), ["Some details of “Exploring COVID-19 backlogs” have changed."]),
        (
            said(K.DETAILS_CHANGED, slot=TUE, previous=MON),
            [f"You no longer have your place in this session:\n{MON_WHEN}"],
        ),
        (
            said(K.ANSWER_AGAIN, slot=TUE, method=Method.REQUEST),
            [
                "Please answer the new invite: ",
                "It was to an earlier invite to “Exploring COVID-19 backlogs”",
                f"You keep your place. This is your session now:\n\n{TUE_WHEN}\nWhere: Online",
                "Please answer once more: accept or decline the new invite.",
                "brings your calendar up to date",
            ],
        ),
        (
            said(K.GIVE_UP_PLACE, slot=MON, waits=(THU,)),
            [
                "Your place is still yours: ",
                f"says that you will not come to this session of “Exploring COVID-19 backlogs”:\n\n{MON_WHEN}",
                f"Your place is still yours. To give it up, {WRITE}, so that somebody else can have it.",
                "If you want to keep it, or if that answer was not yours, you do not need to do anything.",
                f"As soon as there is a place for you here, we write to you:\n{THU_WHEN}",
            ],
        ),
        (
            said(K.SESSION_CANCELLED, "Too few.", previous=MON, cancelled=MON, waits=(TUE,), method=Method.CANCEL),
            [
                "A session will not take place: ",
                f"will not take place:\n{MON_WHEN}",
                "In the organisers' words: Too few.",
                "This means that you have no place at the moment.",
                "you come before everybody who has not had one yet",
                f"You are on the waiting list for:\n{TUE_WHEN}",
            ],
        ),
        (
            said(K.SESSION_CANCELLED, previous=MON, cancelled=MON),
            ["There is no other open session among those you told us you can attend", "we will see what is possible"],
        ),
        (said(K.SESSION_CANCELLED, cancelled=MON, waits=(TUE,)), ["You had asked for it.", TUE_WHEN]),
        (
            said(K.SESSION_CANCELLED, cancelled=MON, slot=TUE, waits=(THU,)),
            [
                "Your own place has not changed:",
                TUE_WHEN,
                f"As soon as there is a place for you here, we write to you:\n{THU_WHEN}",
            ],
        ),
        (
            said(K.SESSION_CANCELLED, previous=MON, cancelled=MON, slot=TUE),
            [MON_WHEN, f"You have a place in this session:\n\n{TUE_WHEN}"],
        ),
        (said(K.SESSION_CANCELLED), ["We are sorry: a session of “Exploring COVID-19 backlogs” will not take place."]),
        (
            said(K.PLACE_OFFERED, offered=TUE, until=UNTIL, waits=(TUE, THU)),
            [
                "A place is held for you: ",
                "Good news: there is a place for you",
                f"in this session until you answer:\n{TUE_WHEN}",
                f"by this time whether you want it:\n{UNTIL_WHEN}\nTo say yes or no, write to",
                "somebody else can have it",
            ],
        ),
        (
            said(K.PLACE_OFFERED, offered=TUE, until=UNTIL, slot=MON, released=THU),
            [
                f"We no longer hold a place for you in this session:\n{THU_WHEN}",
                "Until you have said yes, you keep the place you have.",
                f"This is the place you have now:\n\n{MON_WHEN}",
            ],
        ),
        (
            said(K.OFFER_REFUSED, released=TUE, waits=(THU,)),
            ["You said no to a place: ", f"Somebody else can have it now:\n{TUE_WHEN}", f"list for:\n{THU_WHEN}"],
        ),
        (
            said(K.OFFER_REFUSED, released=TUE, slot=MON),
            [f"You keep the place that you have:\n\n{MON_WHEN}", "If you can no longer come"],
        ),
        (
            said(K.OFFER_REFUSED, released=TUE),
            ["You are not waiting for any other session.", "If you would like to take part after all"],
        ),
        (
            said(K.OFFER_LAPSED, released=TUE, waits=(TUE, THU)),
            [
                "The place is no longer held for you: ",
                "have not heard from you in time",
                "You are at the end of the line again.",
                f"waiting list for:\n{TUE_WHEN}\n{THU_WHEN}",
            ],
        ),
        (said(K.OFFER_LAPSED, released=TUE), [TUE_WHEN, "You are not waiting for any other session."]),
        (
            said(K.OFFER_LAPSED, released=TUE, slot=MON, waits=(TUE,)),
            [f"You keep the place that you have:\n\n{MON_WHEN}", f"we write to you:\n{TUE_WHEN}"],
        ),
        (
            said(K.SESSION_RESCHEDULED, offered=TUE, until=UNTIL, waits=(TUE,)),
            ["A session has a new time: ", f"We hold a place for you in this session until you answer:\n{TUE_WHEN}"],
        ),
        (
            said(K.SESSION_RESCHEDULED, released=TUE, waits=(TUE,)),
            [f"We no longer hold a place for you in this session:\n{TUE_WHEN}", "You are on the waiting list"],
        ),
        (
            said(K.SESSION_CANCELLED, cancelled=MON, released=MON, offered=TUE, until=UNTIL),
            ["will not take place", f"until you answer:\n{TUE_WHEN}"],
        ),
        (
            said(K.PROJECT_CANCELLED, "The team is needed elsewhere.", previous=TUE, method=Method.CANCEL),
            [
                "We are sorry: “Exploring COVID-19 backlogs” will not take place.",
                "In the organisers' words: The team is needed elsewhere.",
                f"Your place in this session is cancelled with it:\n{TUE_WHEN}",
                "takes the session out of your calendar",
            ],
        ),
        (
            said(K.DECLINED, "We had many more people than places."),
            [
                "We cannot offer you a place this time: ",
                "In the organisers' words: We had many more people than places.",
            ],
        ),
        (
            said(K.REMINDER, slot=TUE),
            ["Your session is soon: ", "This is a reminder. You have a place in", f":\n\n{TUE_WHEN}\nWhere: Online"],
        ),
        (
            said(K.WITHDRAWN, "my own reason", previous=TUE),
            ["You have withdrawn: ", f"Your place in this session is free for somebody else now:\n{TUE_WHEN}"],
        ),
    ],
    ids=[
        *("interest", "confirmed-after-moving", "confirmed-after-cancelling", "waiting", "waiting-for-nothing"),
        *("switching", "switching-to-nothing", "moved", "moved-after-cancelling"),
        *("rescheduled", "rescheduled-other", "rescheduled-waiting", "clocks", "clocks-other"),
        *("clocks-waiting", "details"),
        *("details-without-a-place", "details-and-moved", "answer-again", "give-up"),
        *("cancelled-waiting", "cancelled-for-nothing"),
        *(
            "cancelled-wish",
            "cancelled-kept",
            "cancelled-and-moved",
            "cancelled-bare",
            *("offered", "offered-with-a-place", "refused", "refused-with-a-place", "refused-all", "lapsed"),
            *("lapsed-and-out", "lapsed-with-a-place", "moved-and-offered", "moved-and-released", "gone-and-offered"),
            "project",
            "declined",
            "reminder",
            "withdrawn",
        ),
    ],
)
def test_each_notice_says_what_is_so_what_is_next_and_what_to_do(text: str, phrases: list[str]) -> None:
    """For every kind, whatever came together in it."""
    for phrase in phrases:
        assert phrase in text
    assert "Hello Ada Osei,\n\n" in text
    assert text.endswith("With best wishes,\nQ insight team\ninsight@example.org")
    assert WRITE in text
    assert not re.search(r"[{}]|None|\n\n\n", text)


@given(every_owed)
def test_only_those_who_wait_read_of_a_waiting_list(owed: Owed) -> None:
    """Nobody with a place, nobody undecided, nobody who is out."""
    text = "\n".join(say(owed, PROJECT, ADA, reason="Because.")).lower()
    waiting = {K.WAITING, K.NO_PLACE_YET, K.SESSION_CANCELLED, K.SESSION_RESCHEDULED, K.CLOCKS_CHANGED, *OVER}
    if owed.kind not in waiting or not owed.waits or (owed.offered and owed.kind not in {K.WAITING, K.NO_PLACE_YET}):
        assert "waiting list" not in text
    if owed.kind in waiting - {K.WAITING, K.NO_PLACE_YET} and owed.slot is not None:
        assert "waiting list" not in text


@given(every_owed)
def test_interest_that_was_received_never_sounds_like_a_place(owed: Owed) -> None:
    """Nor does a refusal."""
    for kind in (K.INTEREST_RECEIVED, K.WAITING, K.NO_PLACE_YET, K.PROJECT_CANCELLED, K.DECLINED, K.WITHDRAWN):
        text = "\n".join(say(replace(owed, kind=kind), PROJECT, ADA)).lower()
        assert not re.search(r"you have a place|good news|confirmed|you keep|your place is certain", text)


@given(every_owed)
def test_whatever_the_facts_our_own_words_leave_no_gap(owed: Owed) -> None:
    """They pass the check that a plugin's words must pass, and what a sentence announces follows."""
    assert problem_with(default_wording(owed)) is None
    never = {K.PLACE_CONFIRMED, K.PLACE_MOVED, K.SWITCH_WAITING, K.ANSWER_AGAIN, K.GIVE_UP_PLACE}
    never |= {K.JOINING_DETAILS, K.ADDRESS_CORRECTED, K.REMINDER, K.BELOW_MINIMUM}
    if owed.slot is None and owed.kind in never:
        return  # never without a place
    _, text = say(owed, PROJECT, ADA)
    assert not re.search(r":\n(?!\n?(Evening: )?[MTW]\w+day \d)|^Where: $", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("method", "begins", "sentence"),
    [
        (Method.REQUEST, True, "A calendar invite comes with this message."),
        (Method.REQUEST, False, "The calendar invite that comes with this message brings your calendar up to date."),
        (Method.CANCEL, False, "The calendar message that comes with this one takes the session out of your calendar."),
    ],
    ids=["first", "update", "cancel"],
)
def test_the_text_says_what_the_calendar_part_does(method: Method, begins: bool, sentence: str) -> None:
    """And nothing about one that is not there; what never comes with one has no such sentence."""
    for kind in set(NoticeKind) - NEVER_WITH_A_CALENDAR:
        facts = owed(kind, slot=TUE, previous=MON)
        assert sentence in say(replace(facts, method=method, begins=begins), PROJECT, ADA)[1]
        assert "calendar" not in say(facts, PROJECT, ADA)[1]


# times


def _slot(starts: str, minutes: int, timezone: str) -> Slot:
    placed = session("x", starts, minutes=minutes, timezone=timezone).placed(timezone)
    return Slot.of(placed)


@pytest.mark.parametrize(
    ("slot", "expected"),
    [
        (_slot("2021-07-06T14:00", 120, "Europe/London"), TUE_WHEN),
        (
            _slot("2021-12-01T09:05", 30, "Europe/London"),
            "Wednesday 1 December 2021, 09:05 to 09:35 (London time, GMT)",
        ),
        (
            _slot("2021-07-06T22:30", 120, "America/New_York"),
            "Tuesday 6 July 2021, 22:30 to 00:30 on Wednesday 7 July 2021 (New York time, EDT)",
        ),
        (
            _slot("2021-10-31T00:30", 120, "Europe/London"),
            "Sunday 31 October 2021, 00:30 BST to 01:30 GMT (London time, the clocks change)",
        ),
        (_slot("2021-07-06T14:00", 60, "UTC"), "Tuesday 6 July 2021, 14:00 to 15:00 (UTC)"),
        (_slot("2021-07-06T14:00", 60, "Etc/GMT+5"), "Tuesday 6 July 2021, 14:00 to 15:00 (UTC-05:00)"),
        (
            _slot("2021-07-06T14:00", 60, "Asia/Kathmandu"),
            "Tuesday 6 July 2021, 14:00 to 15:00 (Kathmandu time, UTC+05:45)",
        ),
    ],
    ids=["summer", "winter", "midnight", "change", "utc", "fixed", "offset"],
)
def test_times_are_written_so_that_nobody_can_misread_them(slot: Slot, expected: str) -> None:
    """With the day of the week, the year, the place and what its clocks show."""
    assert when(slot) == expected


# filling in


def test_every_placeholder_is_filled() -> None:
    """With facts that are all there."""
    words = Wording("{session}", "\n".join(f"{name}: {{{name}}}" for name in PLACEHOLDERS))
    facts = owed(
        K.PLACE_MOVED,
        slot=TUE,
        previous=MON,
        cancelled=THU,
        waits=(MON, THU),
        shifted=((EARLIER, TUE), (MON, MON)),
        skipped=(THU,),
        offered=THU,
        until=UNTIL,
        released=MON,
        opened=(MON, TUE),
        people=0,
        minimum=3,
    )
    assert say(facts, PROJECT, ADA, words, " Because.\n", "https://meet.example.org", learned={**LEARNED, **LINKS}) == (
        TUE_WHEN,
        f"""\
name: Ada Osei
project: Exploring COVID-19 backlogs
session: {TUE_WHEN}
where: Online
joining: https://meet.example.org
previous: {MON_WHEN}
waiting_for: {MON_WHEN}
{THU_WHEN}
cancelled: {THU_WHEN}
offered: {THU_WHEN}
until: {UNTIL_WHEN}
released: {MON_WHEN}
reason: Because.
organiser: Q insight team
organiser_email: insight@example.org
apply_url: https://example.org/apply
update_title: What we say
update: Read on.
opened: {MON_WHEN}
{TUE_WHEN}
people: 0
minimum: 3
shifted: {TUE_WHEN}
  before: Tuesday 6 July 2021, 14:00 to 16:00 (London time, UTC+02:00)
{MON_WHEN}
  before: {MON_WHEN}
skipped: {THU_WHEN}
"""
        + "\n".join(f"{name}: {shown}" for name, shown in LEARNED.items() if "update" not in name)
        + "\n"
        + "\n".join(f"{name}: {LINKS[name]}" for name in PLACEHOLDERS if name in LINKS),
    )


def test_a_paragraph_without_its_facts_is_left_out() -> None:
    """The others close up."""
    words = Wording("To {name}{session}", "One.\n\nWhy: {reason}\n \nMore at {apply_url}\nand on.\n\n\nTwo.\nThree.\n")
    bare = PROJECT.model_copy(update={"apply_url": None})
    assert say(owed(K.WITHDRAWN), bare, ADA, words) == ("To Ada Osei", "One.\n\nTwo.\nThree.")


def test_an_empty_subject_becomes_the_projects_title() -> None:
    """No mail goes out without one."""
    assert say(owed(K.WAITING), PROJECT, ADA, Wording("{reason}", "Hello"))[0] == PROJECT.title


@given(lines(), lines(), lines(), st.sampled_from(NoticeKind))
def test_names_are_shown_as_they_are(name: str, title: str, organiser: str, kind: NoticeKind) -> None:
    """Braces, percent signs and backslashes in them mean nothing."""
    person = replace(ADA, name=name)
    signed = PROJECT.model_copy(update={"organiser": Contact(name=organiser, email="insight@example.org")})
    subject, text = say(replace(owed(kind, slot=TUE, previous=MON), title=title), signed, person)
    assert text.startswith(f"Hello {name},\n\n")
    assert text.endswith(f"With best wishes,\n{organiser}\ninsight@example.org")
    assert title in text
    assert 0 < len(subject) <= SUBJECT_LENGTH
    assert len(subject.splitlines()) == 1


@given(st.sampled_from([f"{{{name}}}" for name in PLACEHOLDERS]))
def test_a_placeholder_in_a_name_is_not_filled(name: str) -> None:
    """Words are filled in once."""
    words = Wording("{name}", "{name} {project}")
    assert say(owed(K.WAITING), PROJECT, replace(ADA, name=name), words) == (name, f"{name} {PROJECT.title}")


def test_a_long_subject_is_cut() -> None:
    """At 200 characters, and one can see that."""
    subject, _ = say(replace(owed(K.WAITING), title="long " * 40), PROJECT, ADA)
    assert len(subject) == SUBJECT_LENGTH
    assert subject.endswith("long lo…")


def test_a_subject_is_one_line_whatever_is_filled_in() -> None:
    """A reason has several, and so has a list of sessions."""
    words = Wording("{reason} {waiting_for}", "Hello")
    subject, _ = say(owed(K.WAITING, waits=(MON, TUE)), PROJECT, ADA, words, "One\n\tTwo")
    assert subject == f"One Two {MON_WHEN} {TUE_WHEN}"


# checking a plugin's words


@pytest.mark.parametrize(
    ("subject", "text", "problem"),
    [
        ("{projekt}", "Hello", "its subject holds {projekt}, which is not one of {name}, {project}, "),
        ("Hello", "Dear {Name},", "its text holds {Name}, "),
        ("Hello", "{ name }", "its text holds { name }, "),
        ("Hello", "{name", "its text holds {, "),
        ("Hello", "{{name}}", "its text holds {, "),
        ("Hello", "{name!r}", "its text holds {name!r}, "),
        ("Hello", "{0.__class__}", "its text holds {0.__class__}, "),
        ("One\nTwo", "Hello", "its subject has more than one line"),
        ("One\rTwo", "Hello", "its subject has more than one line"),
        (" {reason} ", "Hello", "its subject may be empty"),
        ("", "Hello", "its subject may be empty"),
        ("Hello", " \n\n ", "its text may be empty"),
        ("Hello", "{reason}\n\n{name} in {session}", "its text may be empty"),
    ],
)
def test_words_that_cannot_be_used_are_told_apart(subject: str, text: str, problem: str) -> None:
    """With what is wrong, and the placeholders there are."""
    assert (problem_with(Wording(subject, text)) or "").startswith(problem)


def test_words_that_can_be_used_have_no_problem() -> None:
    """All placeholders, and a paragraph that is always there."""
    every = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    assert problem_with(Wording(f"{{name}} {every}", f"Hello\n\n{every}")) is None


@pytest.mark.parametrize(
    ("person", "of_project", "expected"),
    [
        ("pt-BR", "cy", ("pt-BR", "pt", "cy", "en")),
        ("en", "en", ("en",)),
        ("zh-Hant-TW", "zh", ("zh-Hant-TW", "zh-Hant", "zh", "en")),
        ("cy", "en-GB", ("cy", "en-GB", "en")),
    ],
)
def test_words_are_looked_for_from_the_narrow_to_the_broad(
    person: str, of_project: str, expected: tuple[str, ...]
) -> None:
    """The person's language, the project's, English."""
    assert languages(person, of_project) == expected


def test_every_kind_has_words_for_every_mixture_of_facts() -> None:
    """None of them raises, and none is empty."""
    slots: list[Slot | None] = [None, TUE]
    for kind, slot, previous, cancelled, waits in product(NoticeKind, slots, slots, slots, [(), (THU,)]):
        facts = owed(kind, slot=slot, previous=previous, cancelled=cancelled, waits=waits)
        subject, text = say(facts, PROJECT, ADA)
        assert subject.endswith((": Exploring COVID-19 backlogs", "? Exploring COVID-19 backlogs"))
        assert text.count("\n\n") >= 2
