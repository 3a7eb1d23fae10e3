"""What is owed to people: notices, as they are kept and as they are sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from insight_sessions.domain.project import Project
from insight_sessions.domain.session import Slot
from insight_sessions.text import KeptMoment, Labels


class NoticeKind(StrEnum):
    """Everything we write to a member or the organiser about; the wording follows the status, never ahead of it."""

    INTEREST_RECEIVED = "interest_received"
    """We have your interest; nothing is decided."""
    PLACE_CONFIRMED = "place_confirmed"
    """You have a place."""
    PLACE_OFFERED = "place_offered"
    """A place is held for you until you answer, or until the deadline."""
    OFFER_REFUSED = "offer_refused"
    """You said no to the place that was held for you."""
    OFFER_LAPSED = "offer_lapsed"
    """You did not answer in time, so the place is no longer held for you."""
    WAITING = "waiting"
    """Every place you could take is taken; you are on the waiting list."""
    NO_PLACE_YET = "no_place_yet"
    """Places were decided about together, and there is none for you yet; you are on the waiting list."""
    SWITCH_WAITING = "switch_waiting"
    """You keep your place while you wait for the session you asked for."""
    PLACE_MOVED = "place_moved"
    """Your place is in another session now."""
    SESSION_RESCHEDULED = "session_rescheduled"
    """Your session has another time."""
    CLOCKS_CHANGED = "clocks_changed"
    """Your session keeps its local time; by new rules of its time zone, that is another instant."""
    DETAILS_CHANGED = "details_changed"
    """Your session has the same time, and other details."""
    JOINING_DETAILS = "joining_details"
    """This is how to join your session."""
    ADDRESS_CORRECTED = "address_corrected"
    """We write to you at this address from now on; you keep your place."""
    ADDRESS_LEFT = "address_left"
    """We no longer write to you at this address; the calendar entry goes with you."""
    ANSWER_AGAIN = "answer_again"
    """You answered an earlier invite; please answer the present one."""
    GIVE_UP_PLACE = "give_up_place"
    """Your calendar declined; do you want to give up your place?"""
    SESSION_CANCELLED = "session_cancelled"
    """A session you had a place in, or waited for, will not take place."""
    PROJECT_CANCELLED = "project_cancelled"
    """The project will not take place."""
    DECLINED = "declined"
    """There is no place for you this time."""
    WITHDRAWN = "withdrawn"
    """You have withdrawn."""
    WRITE_UP = "write_up"
    """What came out of the sessions, or a new version of it."""
    FEEDBACK_ANSWERED = "feedback_answered"
    """This is what we say to your feedback."""
    CONFIRM_FOLLOWING = "confirm_following"
    """Somebody asked us to write to this address; is that what you want?"""
    ALREADY_FOLLOWING = "already_following"
    """You follow the project already."""
    UPDATE = "update"
    """News of the project, in the organisers' words."""
    SESSION_OPEN = "session_open"
    """Sessions of a project you follow are open."""
    REMINDER = "reminder"
    """Your session is soon."""
    BELOW_MINIMUM = "below_minimum"
    """Too few people have a place for a session to run; this goes to the organiser."""
    WORK_RECEIVED = "work_received"
    """We have received your work."""
    WORK_SHORTLISTED = "work_shortlisted"
    """Your work may become a case study."""
    WORK_PUBLISHED = "work_published"
    """Your work is published as a case study."""
    WORK_DECLINED = "work_declined"
    """Your work does not become a case study."""
    FAREWELL = "farewell"
    """What we kept about you was deleted, and a place you had is given up; this is the last message."""
    ADDRESS_UNREACHABLE = "address_unreachable"
    """Somebody's address takes no mail; this goes to the organiser."""
    ZONE_RULES_CHANGED = "zone_rules_changed"
    """The new rules of a time zone concern some sessions; this goes to the organiser."""


class Method(StrEnum):
    """What a calendar message asks for (RFC 5546 §1.4)."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


@dataclass(slots=True, kw_only=True)  # each command makes one, and frozen it would take three times as long
class Owed:
    """A notice as it is kept in the outbox: ids and facts, no personal data.

    Everything that must be the same in every copy is fixed here. Name, address and language are
    joined when it is rendered.

    Args:
        id: ours; the same for every consumer.
        message_id: for the mail header (RFC 5322 §3.6.4).
        at: the mail's date and the invite's DTSTAMP.
        kind: what it says.
        registration: whose; empty when it is for the organiser, or about nobody's part in the project.
        person: our id of the person, or of the follower; empty when it is for the organiser.
        title: the project's title.
        slot: the place it is about.
        previous: the place they had before.
        waits: the sessions they wait for now, or hope for.
        undecided: an organiser is still to decide about what they hope for.
        cancelled: the session that will not take place.
        others_cancelled: more of theirs that will not take place.
        offered: the session in which a place is held for them.
        until: the deadline by which they can take it.
        released: the session in which a place was held for them, and is no more.
        method: what the calendar part asks for, or None without one.
        sequence: the calendar part's revision.
        address: the number of the address that the calendar part is for.
        partstat: what their calendar answered to this revision so far.
        begins: no earlier calendar message of this UID was ever taken by this consumer.
        shifted: for the organiser, sessions whose instant is another one now, each as it was and as it is.
        skipped: for the organiser, sessions whose local time the clocks will skip.
        about: the id of the write-up's version, the feedback, the work or the news that it is about; for the organiser,
            our id of the person.
        opened: the sessions that are open.
        people: for the organiser, how many have a place.
        minimum: for the organiser, below how many it is not worth running.
    """

    id: str
    message_id: str
    at: datetime
    kind: NoticeKind
    registration: str
    person: str
    title: str
    slot: Slot | None = None
    previous: Slot | None = None
    waits: tuple[Slot, ...] = ()
    undecided: bool = False
    cancelled: Slot | None = None
    others_cancelled: tuple[Slot, ...] = ()
    method: Method | None = None
    sequence: int = 0
    address: int = 0
    partstat: str | None = None
    begins: bool = False
    shifted: tuple[tuple[Slot, Slot], ...] | None = None
    skipped: tuple[Slot, ...] | None = None
    offered: Slot | None = None
    until: KeptMoment | None = None
    released: Slot | None = None
    about: str | None = None
    opened: tuple[Slot, ...] = ()
    people: int | None = None
    minimum: int | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who a notice is for; personal data, joined when it is sent.

    Args:
        person: our id of the person, or of the follower; empty for the organiser.
        member_id: the host's id of them; empty for the organiser and for a follower.
        name: what to call them.
        email: where to write to them.
    """

    person: str
    member_id: str
    name: str
    email: str

    @property
    def follower(self) -> str:
        """The id of a follower, for a link with which they confirm or leave; empty for everybody else."""
        return "" if self.member_id else self.person


@dataclass(frozen=True, slots=True)
class Invite:
    """A calendar message: its method and its bytes."""

    method: Method
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message to one person, ready to send.

    Args:
        id: ours; a notice that is sent again has the same.
        kind: what it says.
        project: the project it is about.
        recipient: who it is for.
        language: the BCP 47 tag of the words.
        subject: one line.
        text: the plain-text body.
        invite: the calendar message that goes with it, if any.
        message_id: for the mail header; the same in every copy.
        date: for the mail header; the same in every copy.
        links: the addresses by which the person can answer, by what they do, such as ``"accept"``; empty on a desk
            without ``links``. They are keys: put them into the message, and nowhere else.
        facts: what the placeholders of `Wording` stand for, by name; empty where there is nothing to say.
        concerns: for the organiser, the person whom it names. Whoever keeps it forgets it with them.
    """

    id: str
    kind: NoticeKind
    project: Project
    recipient: Recipient
    language: str
    subject: str
    text: str
    invite: Invite | None
    message_id: str
    date: datetime
    links: Mapping[str, str] = Labels()
    facts: Mapping[str, str] = Labels()
    concerns: Recipient | None = None


def message_id(id: str, organiser: str, project_id: str, whose: str = "") -> str:
    """What names a mail for good (RFC 5322 §3.6.4), and says whose it was when it comes back after we forgot it.

    Args:
        id: the notice's.
        organiser: the address of the project's organiser, in whose domain it is.
        project_id: the project's.
        whose: the registration it is about, or our id of a person without one; empty when it comes to nobody's account.
    """
    part = f".{whose}" if whose else ""
    return f"<{id}{part}.{project_id}@{organiser.rpartition('@')[2]}>"


@dataclass(frozen=True, slots=True)
class Wording:
    """Words for one kind of notice in one language.

    Args:
        subject: one line; ``{project}`` and the other names of `insight_sessions.wording` are
            replaced by plain text.
        text: the body, in the same way.
    """

    subject: str
    text: str
