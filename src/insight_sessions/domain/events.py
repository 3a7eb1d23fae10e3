"""What happened, in ids: the journal."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EventKind(StrEnum):
    """Everything that can happen."""

    PROJECT_ANNOUNCED = "project_announced"
    PROJECT_AMENDED = "project_amended"
    PROJECT_CANCELLED = "project_cancelled"
    CALL_OPENED = "call_opened"
    CALL_CLOSED = "call_closed"
    SESSION_ADDED = "session_added"
    SESSION_RESCHEDULED = "session_rescheduled"
    SESSION_RESIZED = "session_resized"
    SESSION_OVERFULL = "session_overfull"
    SESSION_CANCELLED = "session_cancelled"
    JOINING_PLANNED = "joining_planned"
    JOINING_RELEASED = "joining_released"
    SESSION_HELD = "session_held"
    SESSION_SHIFTED = "session_shifted"
    SESSION_SKIPPED = "session_skipped"
    REGISTERED = "registered"
    PLACE_GIVEN = "place_given"
    PLACE_MOVED = "place_moved"
    PLACE_LOST = "place_lost"
    OFFER_MADE = "offer_made"
    OFFER_REFUSED = "offer_refused"
    OFFER_LAPSED = "offer_lapsed"
    OFFER_WITHDRAWN = "offer_withdrawn"
    WISHES_CHANGED = "wishes_changed"
    ANSWERS_AMENDED = "answers_amended"
    INVITE_ANSWERED = "invite_answered"
    EARLIER_INVITE_ANSWERED = "earlier_invite_answered"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    ATTENDANCE_RECORDED = "attendance_recorded"
    ELIGIBILITY_CHECKED = "eligibility_checked"
    MEMBER_CORRECTED = "member_corrected"
    ADDRESS_UNREACHABLE = "address_unreachable"
    FOLLOWING_ASKED = "following_asked"
    FOLLOWING_CONFIRMED = "following_confirmed"
    UNFOLLOWED = "unfollowed"
    FOLLOWER_FORGOTTEN = "follower_forgotten"
    UPDATE_POSTED = "update_posted"
    SESSION_REMINDED = "session_reminded"
    SESSION_BELOW_MINIMUM = "session_below_minimum"
    CONSENT_GIVEN = "consent_given"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    RETENTION_APPLIED = "retention_applied"
    MEMBER_ERASED = "member_erased"
    FAREWELL_SETTLED = "farewell_settled"
    ALLOCATED = "allocated"
    CONSOLIDATED = "consolidated"
    WRITE_UP_SHARED = "write_up_shared"
    FEEDBACK_GIVEN = "feedback_given"
    FEEDBACK_ANSWERED = "feedback_answered"
    WORK_SHARED = "work_shared"
    WORK_SHORTLISTED = "work_shortlisted"
    WORK_PUBLISHED = "work_published"
    WORK_DECLINED = "work_declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened; ids that we minted, never personal data.

    Args:
        number: its place in the project's journal, from 1 without a gap.
        project_id: where.
        kind: what.
        at: when, in UTC.
        command: the id of the command that did it; None when time did.
        by: who asked, as the host names them.
        registration: whose part in the project it concerns.
        person: our id of that person, or of the follower.
        session: the session it concerns, of the place they have now or of the one that is or was offered.
        previous: the place they had before.
        answer: what their calendar answered (RFC 5545 §3.2.12).
        begins: the instant at which the session begins now, when newer zone rules concern it.
        began: the instant at which it would have begun by the rules before.
        attendance: what was recorded of them on the day; None when that was taken back.
        corrected: what was recorded before, if anything.
        outcome: the id of the allocation, the consolidation or the erasure that it came to.
        policy: the name of the policy that allocated.
        seed: what its draw began with.
        until: the deadline of an offer.
        about: the id of the write-up version, feedback, work or news that it concerns, or the purpose of a
            consent.
        counts: how many records of each kind went, when their time was over.
    """

    number: int = 0
    project_id: str = ""
    kind: EventKind
    at: datetime
    command: str | None = None
    by: str | None = None
    registration: str | None = None
    person: str | None = None
    session: str | None = None
    previous: str | None = None
    answer: str | None = None
    begins: datetime | None = None
    began: datetime | None = None
    attendance: str | None = None
    corrected: str | None = None
    outcome: str | None = None
    policy: str | None = None
    seed: int | None = None
    until: datetime | None = None
    about: str | None = None
    counts: tuple[tuple[str, int], ...] = ()
