"""Call for participants, and look after everyone who answers.

Everything here is promised to embedders. A name is imported when it is first used, so importing the
package is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from insight_sessions.allocating.deciding import (
        BoundsMissed as BoundsMissed,
    )
    from insight_sessions.commands.allocation import (
        Allocate as Allocate,
    )
    from insight_sessions.commands.attendance import RecordAttendance as RecordAttendance
    from insight_sessions.commands.base import Command as Command
    from insight_sessions.commands.base import Facts as Facts
    from insight_sessions.commands.calls import (
        AmendProject as AmendProject,
    )
    from insight_sessions.commands.calls import (
        AnnounceProject as AnnounceProject,
    )
    from insight_sessions.commands.calls import (
        CancelProject as CancelProject,
    )
    from insight_sessions.commands.calls import (
        CloseCall as CloseCall,
    )
    from insight_sessions.commands.calls import (
        OpenCall as OpenCall,
    )
    from insight_sessions.commands.consents import GiveConsent as GiveConsent
    from insight_sessions.commands.consents import WithdrawConsent as WithdrawConsent
    from insight_sessions.commands.consolidation import (
        Consolidate as Consolidate,
    )
    from insight_sessions.commands.erasing import EraseMember as EraseMember
    from insight_sessions.commands.feedback import AnswerFeedback as AnswerFeedback
    from insight_sessions.commands.feedback import GiveFeedback as GiveFeedback
    from insight_sessions.commands.following import ConfirmFollowing as ConfirmFollowing
    from insight_sessions.commands.following import Follow as Follow
    from insight_sessions.commands.following import Unfollow as Unfollow
    from insight_sessions.commands.joining import ReleaseJoiningDetails as ReleaseJoiningDetails
    from insight_sessions.commands.learning import ShareWriteUp as ShareWriteUp
    from insight_sessions.commands.offering import (
        AcceptOffer as AcceptOffer,
    )
    from insight_sessions.commands.offering import (
        OfferPlace as OfferPlace,
    )
    from insight_sessions.commands.offering import (
        RefuseOffer as RefuseOffer,
    )
    from insight_sessions.commands.people import CorrectMember as CorrectMember
    from insight_sessions.commands.places import (
        AmendAnswers as AmendAnswers,
    )
    from insight_sessions.commands.places import (
        ConfirmPlace as ConfirmPlace,
    )
    from insight_sessions.commands.places import (
        DeclineInterest as DeclineInterest,
    )
    from insight_sessions.commands.places import (
        RegisterInterest as RegisterInterest,
    )
    from insight_sessions.commands.places import (
        SwitchSession as SwitchSession,
    )
    from insight_sessions.commands.places import (
        Withdraw as Withdraw,
    )
    from insight_sessions.commands.sessions import (
        AddSession as AddSession,
    )
    from insight_sessions.commands.sessions import (
        CancelSession as CancelSession,
    )
    from insight_sessions.commands.sessions import (
        RescheduleSession as RescheduleSession,
    )
    from insight_sessions.commands.sessions import (
        ResizeSession as ResizeSession,
    )
    from insight_sessions.commands.telling import PostUpdate as PostUpdate
    from insight_sessions.commands.work import DecideWork as DecideWork
    from insight_sessions.commands.work import ShareWork as ShareWork
    from insight_sessions.delivery import Deliveries as Deliveries
    from insight_sessions.desk import Desk as Desk
    from insight_sessions.domain.allocated import (
        Allocation as Allocation,
    )
    from insight_sessions.domain.allocated import (
        BoundCost as BoundCost,
    )
    from insight_sessions.domain.allocated import (
        Missed as Missed,
    )
    from insight_sessions.domain.allocated import (
        MissedReason as MissedReason,
    )
    from insight_sessions.domain.allocated import (
        OutcomeReason as OutcomeReason,
    )
    from insight_sessions.domain.allocated import (
        PersonOutcome as PersonOutcome,
    )
    from insight_sessions.domain.allocated import (
        Unmet as Unmet,
    )
    from insight_sessions.domain.allocation import (
        AllocationPolicy as AllocationPolicy,
    )
    from insight_sessions.domain.allocation import (
        Bound as Bound,
    )
    from insight_sessions.domain.allocation import (
        Candidate as Candidate,
    )
    from insight_sessions.domain.allocation import (
        Proposal as Proposal,
    )
    from insight_sessions.domain.allocation import (
        Room as Room,
    )
    from insight_sessions.domain.allocation import (
        Score as Score,
    )
    from insight_sessions.domain.consolidated import (
        Consolidation as Consolidation,
    )
    from insight_sessions.domain.consolidated import (
        ConsolidationScore as ConsolidationScore,
    )
    from insight_sessions.domain.consolidated import (
        ProposedMove as ProposedMove,
    )
    from insight_sessions.domain.erasure import Erasure as Erasure
    from insight_sessions.domain.events import Event as Event
    from insight_sessions.domain.events import EventKind as EventKind
    from insight_sessions.domain.following import Follower as Follower
    from insight_sessions.domain.following import Update as Update
    from insight_sessions.domain.learning import Audience as Audience
    from insight_sessions.domain.learning import Feedback as Feedback
    from insight_sessions.domain.learning import SharedWriteUp as SharedWriteUp
    from insight_sessions.domain.learning import WriteUp as WriteUp
    from insight_sessions.domain.links import LinkAction as LinkAction
    from insight_sessions.domain.links import Linked as Linked
    from insight_sessions.domain.member import Erased as Erased
    from insight_sessions.domain.member import Member as Member
    from insight_sessions.domain.member import Past as Past
    from insight_sessions.domain.member import Person as Person
    from insight_sessions.domain.notices import (
        Invite as Invite,
    )
    from insight_sessions.domain.notices import (
        Method as Method,
    )
    from insight_sessions.domain.notices import (
        Notice as Notice,
    )
    from insight_sessions.domain.notices import (
        NoticeKind as NoticeKind,
    )
    from insight_sessions.domain.notices import (
        Recipient as Recipient,
    )
    from insight_sessions.domain.notices import (
        Wording as Wording,
    )
    from insight_sessions.domain.offering import Offers as Offers
    from insight_sessions.domain.project import (
        Call as Call,
    )
    from insight_sessions.domain.project import (
        CallStatus as CallStatus,
    )
    from insight_sessions.domain.project import (
        ConsentAsked as ConsentAsked,
    )
    from insight_sessions.domain.project import (
        Contact as Contact,
    )
    from insight_sessions.domain.project import (
        Project as Project,
    )
    from insight_sessions.domain.project import (
        Question as Question,
    )
    from insight_sessions.domain.project import WorkCall as WorkCall
    from insight_sessions.domain.registration import Attendance as Attendance
    from insight_sessions.domain.registration import Consent as Consent
    from insight_sessions.domain.registration import Offer as Offer
    from insight_sessions.domain.registration import Registration as Registration
    from insight_sessions.domain.registration import Status as Status
    from insight_sessions.domain.reply import ReplyReason as ReplyReason
    from insight_sessions.domain.retention import Retention as Retention
    from insight_sessions.domain.rules import (
        AbsencesAtMost as AbsencesAtMost,
    )
    from insight_sessions.domain.rules import (
        ActiveMember as ActiveMember,
    )
    from insight_sessions.domain.rules import (
        AllOf as AllOf,
    )
    from insight_sessions.domain.rules import (
        AnyOf as AnyOf,
    )
    from insight_sessions.domain.rules import (
        AttributeIn as AttributeIn,
    )
    from insight_sessions.domain.rules import (
        NotOf as NotOf,
    )
    from insight_sessions.domain.rules import (
        NotTakenPartIn as NotTakenPartIn,
    )
    from insight_sessions.domain.rules import (
        Rule as Rule,
    )
    from insight_sessions.domain.rules import (
        ValidOnTheDay as ValidOnTheDay,
    )
    from insight_sessions.domain.session import Session as Session
    from insight_sessions.domain.session import SessionStatus as SessionStatus
    from insight_sessions.domain.state import ProjectState as ProjectState
    from insight_sessions.domain.work import SharedWork as SharedWork
    from insight_sessions.domain.work import Work as Work
    from insight_sessions.domain.work import WorkStatus as WorkStatus
    from insight_sessions.errors import (
        AlreadyRegistered as AlreadyRegistered,
    )
    from insight_sessions.errors import (
        CallNotOpen as CallNotOpen,
    )
    from insight_sessions.errors import (
        CommandConflict as CommandConflict,
    )
    from insight_sessions.errors import (
        InsightSessionsError as InsightSessionsError,
    )
    from insight_sessions.errors import (
        LinkNotGood as LinkNotGood,
    )
    from insight_sessions.errors import (
        NotEligible as NotEligible,
    )
    from insight_sessions.errors import (
        NotFound as NotFound,
    )
    from insight_sessions.errors import (
        NotPossible as NotPossible,
    )
    from insight_sessions.errors import (
        Objection as Objection,
    )
    from insight_sessions.errors import (
        PluginError as PluginError,
    )
    from insight_sessions.errors import (
        ProjectFileError as ProjectFileError,
    )
    from insight_sessions.errors import (
        Refusal as Refusal,
    )
    from insight_sessions.errors import (
        SessionFull as SessionFull,
    )
    from insight_sessions.errors import (
        StorageBusy as StorageBusy,
    )
    from insight_sessions.errors import (
        StorageError as StorageError,
    )
    from insight_sessions.errors import (
        Undeliverable as Undeliverable,
    )
    from insight_sessions.errors import (
        UpgradeNeeded as UpgradeNeeded,
    )
    from insight_sessions.explaining import Because as Because
    from insight_sessions.explaining import Explanation as Explanation
    from insight_sessions.health import DeadLetter as DeadLetter
    from insight_sessions.health import Health as Health
    from insight_sessions.hooks.builtin import ConsoleNotifier as ConsoleNotifier
    from insight_sessions.hooks.builtin import FolderNotifier as FolderNotifier
    from insight_sessions.hooks.specs import StorageBackend as StorageBackend
    from insight_sessions.hooks.specs import hookimpl as hookimpl
    from insight_sessions.previewing import Outcome as Outcome
    from insight_sessions.previewing import Preview as Preview
    from insight_sessions.replies import Reply as Reply
    from insight_sessions.reporting import Funnel as Funnel
    from insight_sessions.reporting import Report as Report
    from insight_sessions.reporting import Satisfaction as Satisfaction
    from insight_sessions.reporting import SessionReport as SessionReport
    from insight_sessions.runtime import Moment as Moment
    from insight_sessions.runtime import Runtime as Runtime
    from insight_sessions.signing import Links as Links
    from insight_sessions.storage.port import Storage as Storage
    from insight_sessions.summarising import CaseStudy as CaseStudy
    from insight_sessions.summarising import Quote as Quote
    from insight_sessions.summarising import Summary as Summary

_ROOMS = {
    "allocating.deciding": ("BoundsMissed",),
    "commands.allocation": ("Allocate",),
    "commands.consents": ("GiveConsent", "WithdrawConsent"),
    "commands.consolidation": ("Consolidate",),
    "domain.allocated": (
        "Allocation",
        "BoundCost",
        "Missed",
        "MissedReason",
        "OutcomeReason",
        "PersonOutcome",
        "Unmet",
    ),
    "domain.consolidated": ("Consolidation", "ConsolidationScore", "ProposedMove"),
    "commands.attendance": ("RecordAttendance",),
    "commands.base": ("Command", "Facts"),
    "commands.calls": ("AmendProject", "AnnounceProject", "CancelProject", "CloseCall", "OpenCall"),
    "commands.feedback": ("AnswerFeedback", "GiveFeedback"),
    "commands.following": ("ConfirmFollowing", "Follow", "Unfollow"),
    "commands.joining": ("ReleaseJoiningDetails",),
    "commands.offering": ("AcceptOffer", "OfferPlace", "RefuseOffer"),
    "commands.learning": ("ShareWriteUp",),
    "commands.erasing": ("EraseMember",),
    "commands.people": ("CorrectMember",),
    "commands.places": (
        "AmendAnswers",
        "ConfirmPlace",
        "DeclineInterest",
        "RegisterInterest",
        "SwitchSession",
        "Withdraw",
    ),
    "commands.sessions": ("AddSession", "CancelSession", "RescheduleSession", "ResizeSession"),
    "commands.telling": ("PostUpdate",),
    "delivery": ("Deliveries",),
    "commands.work": ("DecideWork", "ShareWork"),
    "desk": ("Desk",),
    "domain.allocation": ("AllocationPolicy", "Bound", "Candidate", "Proposal", "Room", "Score"),
    "domain.erasure": ("Erasure",),
    "domain.events": ("Event", "EventKind"),
    "domain.learning": ("Audience", "Feedback", "SharedWriteUp", "WriteUp"),
    "domain.following": ("Follower", "Update"),
    "domain.links": ("LinkAction", "Linked"),
    "domain.member": ("Erased", "Member", "Past", "Person"),
    "domain.notices": ("Invite", "Method", "Notice", "NoticeKind", "Recipient", "Wording"),
    "domain.offering": ("Offers",),
    "domain.project": ("Call", "CallStatus", "ConsentAsked", "Contact", "Project", "Question", "WorkCall"),
    "domain.retention": ("Retention",),
    "domain.registration": ("Attendance", "Consent", "Offer", "Registration", "Status"),
    "domain.reply": ("ReplyReason",),
    "domain.work": ("SharedWork", "Work", "WorkStatus"),
    "domain.rules": (
        "AbsencesAtMost",
        "ActiveMember",
        "AllOf",
        "AnyOf",
        "AttributeIn",
        "NotOf",
        "NotTakenPartIn",
        "Rule",
        "ValidOnTheDay",
    ),
    "domain.session": ("Session", "SessionStatus"),
    "domain.state": ("ProjectState",),
    "errors": (
        "AlreadyRegistered",
        "CallNotOpen",
        "CommandConflict",
        "InsightSessionsError",
        "LinkNotGood",
        "NotEligible",
        "NotFound",
        "NotPossible",
        "Objection",
        "PluginError",
        "ProjectFileError",
        "Refusal",
        "SessionFull",
        "StorageBusy",
        "StorageError",
        "Undeliverable",
        "UpgradeNeeded",
    ),
    "explaining": ("Because", "Explanation"),
    "health": ("DeadLetter", "Health"),
    "hooks.builtin": ("ConsoleNotifier", "FolderNotifier"),
    "hooks.specs": ("StorageBackend", "hookimpl"),
    "previewing": ("Outcome", "Preview"),
    "replies": ("Reply",),
    "reporting": ("Funnel", "Report", "Satisfaction", "SessionReport"),
    "runtime": ("Moment", "Runtime"),
    "signing": ("Links",),
    "storage.port": ("Storage",),
    "summarising": ("CaseStudy", "Quote", "Summary"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "AbsencesAtMost",
    "AcceptOffer",
    "ActiveMember",
    "AddSession",
    "AllOf",
    "Allocate",
    "Allocation",
    "AllocationPolicy",
    "AlreadyRegistered",
    "AmendAnswers",
    "AmendProject",
    "AnnounceProject",
    "AnswerFeedback",
    "AnyOf",
    "Attendance",
    "AttributeIn",
    "Audience",
    "Because",
    "Bound",
    "BoundCost",
    "BoundsMissed",
    "Call",
    "CallNotOpen",
    "CallStatus",
    "CancelProject",
    "CancelSession",
    "Candidate",
    "CaseStudy",
    "CloseCall",
    "Command",
    "CommandConflict",
    "ConfirmFollowing",
    "ConfirmPlace",
    "Consent",
    "ConsentAsked",
    "ConsoleNotifier",
    "Consolidate",
    "Consolidation",
    "ConsolidationScore",
    "Contact",
    "CorrectMember",
    "DeadLetter",
    "DecideWork",
    "DeclineInterest",
    "Deliveries",
    "Desk",
    "EraseMember",
    "Erased",
    "Erasure",
    "Event",
    "EventKind",
    "Explanation",
    "Facts",
    "Feedback",
    "FolderNotifier",
    "Follow",
    "Follower",
    "Funnel",
    "GiveConsent",
    "GiveFeedback",
    "Health",
    "InsightSessionsError",
    "Invite",
    "LinkAction",
    "LinkNotGood",
    "Linked",
    "Links",
    "Member",
    "Method",
    "Missed",
    "MissedReason",
    "Moment",
    "NotEligible",
    "NotFound",
    "NotOf",
    "NotPossible",
    "NotTakenPartIn",
    "Notice",
    "NoticeKind",
    "Objection",
    "Offer",
    "OfferPlace",
    "Offers",
    "OpenCall",
    "Outcome",
    "OutcomeReason",
    "Past",
    "Person",
    "PersonOutcome",
    "PluginError",
    "PostUpdate",
    "Preview",
    "Project",
    "ProjectFileError",
    "ProjectState",
    "Proposal",
    "ProposedMove",
    "Question",
    "Quote",
    "Recipient",
    "RecordAttendance",
    "Refusal",
    "RefuseOffer",
    "RegisterInterest",
    "Registration",
    "ReleaseJoiningDetails",
    "Reply",
    "ReplyReason",
    "Report",
    "RescheduleSession",
    "ResizeSession",
    "Retention",
    "Room",
    "Rule",
    "Runtime",
    "Satisfaction",
    "Score",
    "Session",
    "SessionFull",
    "SessionReport",
    "SessionStatus",
    "ShareWork",
    "ShareWriteUp",
    "SharedWork",
    "SharedWriteUp",
    "Status",
    "Storage",
    "StorageBackend",
    "StorageBusy",
    "StorageError",
    "Summary",
    "SwitchSession",
    "Undeliverable",
    "Unfollow",
    "Unmet",
    "Update",
    "UpgradeNeeded",
    "ValidOnTheDay",
    "Withdraw",
    "WithdrawConsent",
    "Wording",
    "Work",
    "WorkCall",
    "WorkStatus",
    "WriteUp",
    "__version__",
    "hookimpl",
]


if TYPE_CHECKING:
    __version__: str
else:
    # Where type checkers do not look: with this in sight they would take any name, a misspelt one too.
    def __getattr__(name: str) -> object:
        if name == "__version__":
            from importlib.metadata import version  # noqa: PLC0415 - reading metadata takes time

            return version("insight-sessions")
        if name not in _ROOM_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_ROOM_OF[name]}"), name)
        globals()[name] = value
        return value
