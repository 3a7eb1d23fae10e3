"""Notices to made-up people: for tests of notification plugins, and for plugins that must see what they will show."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, TypedDict, Unpack

from insight_sessions.calendar.entry import Entry
from insight_sessions.calendar.invite import invite
from insight_sessions.domain.learning import Audience, SharedWriteUp
from insight_sessions.domain.links import aims
from insight_sessions.domain.member import Member, Person
from insight_sessions.domain.notices import Invite, Method, Notice, NoticeKind, Owed, Recipient
from insight_sessions.domain.project import Contact, Project, Question
from insight_sessions.domain.session import Session, Slot
from insight_sessions.domain.state import ProjectState
from insight_sessions.text import Labels
from insight_sessions.wording import told, worded
from insight_sessions.wording.learned import linked

_LINK: Final = "https://meet.example.org/backlogs"
_LEARNED: Final = {
    "write_up": "What we heard about backlogs",
    "version": "2",
    "write_up_text": "Waiting is work: for those who wait, and for those who keep lists.\n\nhttps://example.org/write-up",
    "feedback_until": "Sunday 1 August 2021, 17:00 (London time, BST)",
    "feedback": "You left out the pharmacies.",
    "answer": "That is so. The second version has them.",
    "update_title": "What we heard",
    "update": "Read our blog.",
    "work": "A phone line for those who wait",
}
_AT: Final = datetime(2021, 6, 14, 9, tzinfo=UTC)
_PROJECT: Final = Project(
    id="covid-backlogs",
    title="Exploring COVID-19 backlogs",
    summary="Members' experiences of backlogs, and promising work to address them.",
    timezone="Europe/London",
    organiser=Contact(name="Q insight team", email="insight@example.org"),
    sessions=(
        Session(id="mon", starts="2021-07-05T10:00", minutes=120),
        Session(id="tue", starts="2021-07-06T14:00", minutes=120, where="Online"),
        Session(id="thu", starts="2021-07-08T17:00", minutes=120, title="Evening session"),
    ),
)
_SHARED: Final = SharedWriteUp(
    id="write-up",
    version=1,
    title="What we heard about backlogs",
    audience=Audience.FOLLOWERS,
    shared_at=_AT,
    feedback_until=_AT + timedelta(days=30),
)
_ASKED: Final = _PROJECT.model_copy(update={"questions": (Question(id="work", text="What do you do?"),)})
_STATE: Final = ProjectState(project_id=_PROJECT.id).put(_ASKED).put(_SHARED)
_MON, _TUE, _THU = (Slot.of(session) for session in _PROJECT.sessions)
_EARLIER: Final = replace(_TUE, starts_at=_TUE.starts_at - timedelta(hours=1))
_UNTIL: Final = _AT + timedelta(days=2)
_TEAM: Final = Person(id="", member_id="", name=_PROJECT.organiser.name, email=_PROJECT.organiser.email)

EXAMPLE_PROJECT: Final = _PROJECT
"""What the example notices are about."""

EXAMPLE_MOMENT: Final = _AT
"""About when they are sent."""


def example_notices(name: str = "Ada Osei", *, links: bool = False) -> tuple[Notice, ...]:
    """One notice of each kind and shape, with and without an invite, in the words that people get.

    Those of the kinds that say so are for the organiser, some for a follower, the others for a member.

    Args:
        name: what the made-up person at example.org is called.
        links: whether the notices have links, which lead nowhere.
    """
    member = Person.of(Member(id="q-17", name=name, email="ada@example.org"), "p-17")
    follower = Person(id="f-17", member_id="", name=name, email="ada@example.org")
    known = {one.id: one for one in (member, follower, _TEAM)}
    return tuple(
        _notice(owed, known[owed.person], _links(owed) if links else Labels(), known.get(owed.about or "-"))
        for owed in _all_owed()
    )


def _links(owed: Owed) -> Labels:
    """The links that fit, as long as real ones are."""
    about = _SHARED.key if owed.kind is NoticeKind.WRITE_UP else owed.about
    signed = "x" * 43
    return Labels(
        {
            aim.action.value: f"https://example.org/answer/{aim.project_id}.{aim.subject}.-.60d9d4c0.-.{signed}{aim.action}"
            for aim in aims(replace(owed, about=about), _STATE)
        }
    )


def _all_owed() -> Iterator[Owed]:
    kind = NoticeKind
    facts = (
        _owed(kind.INTEREST_RECEIVED),
        _owed(kind.PLACE_CONFIRMED, slot=_TUE, method=Method.REQUEST, begins=True),
        _owed(kind.PLACE_CONFIRMED, slot=_TUE),
        _owed(kind.PLACE_OFFERED, offered=_TUE, until=_UNTIL, waits=(_TUE,)),
        _owed(kind.PLACE_OFFERED, offered=_TUE, until=_UNTIL, waits=(_TUE,), slot=_MON),
        _owed(kind.OFFER_REFUSED, released=_TUE, waits=(_THU,)),
        _owed(kind.OFFER_LAPSED, released=_TUE, waits=(_TUE,)),
        _owed(kind.OFFER_LAPSED, released=_TUE),
        _owed(kind.WAITING, waits=(_MON, _TUE)),
        _owed(kind.NO_PLACE_YET, waits=(_MON, _TUE)),
        _owed(kind.SWITCH_WAITING, slot=_TUE, waits=(_THU,)),
        _owed(kind.PLACE_MOVED, slot=_THU, previous=_TUE, method=Method.REQUEST),
        _owed(kind.PLACE_MOVED, slot=_TUE, previous=_MON, cancelled=_MON, method=Method.REQUEST),
        _owed(kind.SESSION_RESCHEDULED, slot=_TUE, previous=_MON, method=Method.REQUEST),
        _owed(kind.CLOCKS_CHANGED, slot=_TUE, previous=_EARLIER, method=Method.REQUEST),
        _owed(kind.CLOCKS_CHANGED, waits=(_TUE,)),
        _owed(kind.DETAILS_CHANGED, slot=_THU, method=Method.REQUEST),
        _owed(kind.JOINING_DETAILS, slot=_THU, method=Method.REQUEST),
        _owed(kind.ADDRESS_CORRECTED, slot=_THU, method=Method.REQUEST, begins=True),
        _owed(kind.ADDRESS_LEFT, previous=_THU, method=Method.CANCEL),
        _owed(kind.ANSWER_AGAIN, slot=_TUE, method=Method.REQUEST),
        _owed(kind.GIVE_UP_PLACE, slot=_TUE),
        _owed(kind.SESSION_CANCELLED, previous=_MON, cancelled=_MON, waits=(_TUE,), method=Method.CANCEL),
        _owed(kind.SESSION_CANCELLED, cancelled=_MON),
        _owed(kind.SESSION_CANCELLED, cancelled=_MON, others_cancelled=(_THU,), waits=(_TUE,)),
        _owed(kind.PROJECT_CANCELLED, previous=_TUE, method=Method.CANCEL),
        _owed(kind.DECLINED),
        _owed(kind.WITHDRAWN, previous=_TUE, method=Method.CANCEL),
        _owed(kind.WITHDRAWN),
        _owed(kind.WRITE_UP),
        _owed(kind.FEEDBACK_ANSWERED),
        _owed(kind.REMINDER, slot=_TUE),
        *_to_followers(),
        replace(_owed(kind.BELOW_MINIMUM, slot=_THU), registration="", person="", people=2, minimum=6),
        _owed(kind.WORK_RECEIVED),
        _owed(kind.WORK_SHORTLISTED),
        _owed(kind.WORK_PUBLISHED),
        _owed(kind.WORK_DECLINED),
        _owed(kind.FAREWELL, previous=_TUE, method=Method.CANCEL),
        _owed(kind.FAREWELL),
        replace(_owed(kind.ADDRESS_UNREACHABLE), registration="", person="", about="p-17"),
        _report(shifted=((_EARLIER, _TUE),), skipped=(_THU,)),
    )
    for number, owed in enumerate(facts, 1):
        id = f"n-example-{number}"
        at = _AT + timedelta(minutes=number)
        yield replace(owed, id=id, message_id=f"<{id}@example.org>", at=at, sequence=number)


class _Facts(TypedDict, total=False):
    """What a notice may tell."""

    slot: Slot
    previous: Slot
    cancelled: Slot
    others_cancelled: tuple[Slot, ...]
    waits: tuple[Slot, ...]
    method: Method
    begins: bool
    offered: Slot
    until: datetime
    released: Slot


def _owed(kind: NoticeKind, **facts: Unpack[_Facts]) -> Owed:
    return Owed(
        id="",
        message_id="",
        at=_AT,
        kind=kind,
        registration="r-17",
        person="p-17",
        title=_PROJECT.title,
        **facts,
    )


def _to_followers() -> Iterator[Owed]:
    """What somebody who follows is told."""
    kind = NoticeKind
    for owed in (
        _owed(kind.CONFIRM_FOLLOWING),
        _owed(kind.ALREADY_FOLLOWING),
        _owed(kind.UPDATE),
        _owed(kind.WRITE_UP),
        replace(_owed(kind.SESSION_OPEN), opened=(_TUE,)),
        replace(_owed(kind.SESSION_OPEN), opened=(_MON, _THU)),
    ):
        yield replace(owed, registration="", person="f-17")


def _report(shifted: tuple[tuple[Slot, Slot], ...], skipped: tuple[Slot, ...]) -> Owed:
    """What the organiser is told."""
    owed = _owed(NoticeKind.ZONE_RULES_CHANGED)
    return replace(owed, registration="", person="", shifted=shifted, skipped=skipped)


def _whom(named: Person | None) -> dict[str, str]:
    """Whom a notice to the organiser names."""
    return {} if named is None else {"whom": f"{named.name} <{named.email}>", "refusal": "5.1.1"}


def _recipient(person: Person) -> Recipient:
    return Recipient(person.id, person.member_id, person.name, person.email)


def _notice(owed: Owed, person: Person, links: Labels, named: Person | None) -> Notice:
    joining = _LINK if owed.kind is NoticeKind.JOINING_DETAILS else ""
    facts = told(owed, _PROJECT, person, joining=joining, learned={**_LEARNED, **linked(links), **_whom(named)})
    subject, text = worded(owed, facts)
    return Notice(
        id=owed.id,
        kind=owed.kind,
        project=_PROJECT,
        recipient=_recipient(person),
        language="en",
        subject=subject,
        text=text,
        invite=_invite(owed, person),
        message_id=owed.message_id,
        date=owed.at,
        concerns=None if named is None else _recipient(named),
        links=links,
        facts=facts,
    )


def _invite(owed: Owed, person: Person) -> Invite | None:
    slot = owed.slot or owed.previous
    if owed.method is None or slot is None:
        return None
    return Invite(owed.method, invite(_entry(owed, owed.method, slot, person)))


def _entry(owed: Owed, method: Method, slot: Slot, person: Person) -> Entry:
    return Entry(
        uid="r-17.insight-sessions",
        sequence=owed.sequence,
        method=method,
        stamped=owed.at,
        created=_AT,
        modified=owed.at,
        slot=slot,
        summary=owed.title,
        description=_PROJECT.summary,
        organiser=_PROJECT.organiser,
        name=person.name,
        email=person.email,
        conference=_LINK if owed.kind is NoticeKind.JOINING_DETAILS else None,
    )
