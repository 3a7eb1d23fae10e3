"""Making up what people do: seeded projects, members and commands of all kinds, sensible and not."""

from collections.abc import Sequence
from datetime import time, timedelta
from random import Random
from typing import Any, Final

from insight_sessions.commands.allocation import Allocate
from insight_sessions.commands.attendance import RecordAttendance
from insight_sessions.commands.base import Command
from insight_sessions.commands.calls import AmendProject, AnnounceProject, CancelProject, CloseCall, OpenCall
from insight_sessions.commands.consolidation import Consolidate
from insight_sessions.commands.erasing import EraseMember
from insight_sessions.commands.joining import ReleaseJoiningDetails
from insight_sessions.commands.offering import AcceptOffer, OfferPlace, RefuseOffer
from insight_sessions.commands.passing import RecheckEligibility
from insight_sessions.commands.people import CorrectMember
from insight_sessions.commands.places import (
    AmendAnswers,
    ConfirmPlace,
    DeclineInterest,
    RegisterInterest,
    SwitchSession,
    Withdraw,
)
from insight_sessions.commands.replying import TakeReply
from insight_sessions.commands.sessions import AddSession, CancelSession, RescheduleSession, ResizeSession
from insight_sessions.domain.allocation import Bound
from insight_sessions.domain.member import Member
from insight_sessions.domain.offering import Offers
from insight_sessions.domain.project import Call, Contact, Project, Question
from insight_sessions.domain.registration import Attendance
from insight_sessions.domain.rules import Rule, ValidOnTheDay
from insight_sessions.domain.session import Session
from insight_sessions.domain.state import ProjectState
from insight_sessions.testing.eligible import SETTINGS, devised
from insight_sessions.testing.learned import Learner
from insight_sessions.testing.world import BEGINNING, World

PROJECT: Final = "p"
MEMBERS: Final = 7

_KINDS: Final[dict[str, float]] = {
    "register": 40,
    "switch": 24,
    "withdraw": 9,
    "confirm": 7,
    "offer": 4,
    "accept": 9,
    "refuse": 4,
    "decline": 4,
    "answer": 3,
    "reply": 8,
    "recheck": 3,
    "correct": 3,
    "add": 3,
    "reschedule": 5,
    "resize": 11,
    "cancel_session": 6,
    "release": 3,
    "consolidate": 7,
    "amend": 3,
    "open": 3,
    "close": 1.5,
    "cancel_project": 0.7,
}

_USUAL: Final = frozenset({"register", "switch", "withdraw"})
"""The kinds that every history has."""


class Deviser:
    """Makes up projects, members and commands.

    Args:
        world: whose dice and clock.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._dice = world.dice
        # Dice of their own, so that what else happens is the same with rules and without.
        self._whims = Random(f"rules {world.seed}")  # noqa: S311 - it must repeat
        self._partings = Random(f"erasures {world.seed}")  # noqa: S311 - the same
        self._ruled = self._whims.random() < 0.6
        self._together = Random(f"decided together {world.seed}")  # noqa: S311 - the same
        self._moves = Random(f"moves {world.seed}")  # noqa: S311 - the same
        # Each history has some kinds of commands only (Groce et al., "Swarm Testing", ISSTA 2012): the more kinds
        # there are, the fewer of each, and what takes three of one kind in a row would never come about.
        swarm = Random(f"kinds {world.seed}")  # noqa: S311 - the same
        self._kinds = {kind: weight for kind, weight in _KINDS.items() if kind in _USUAL or swarm.random() < 0.5}
        self._moments = Random(f"reminders {world.seed}")  # noqa: S311 - the same
        self._reminds = self._moments.random() < 0.25
        self._crowded = world.chance(0.6)
        self._replied: TakeReply | None = None
        self.members = {f"m{number}": self._member(number) for number in range(MEMBERS)}
        self._learner = Learner(world.seed, self.members)

    def _member(self, number: int) -> Member:
        ends = None
        if self._dice.random() < (0.1 if self._crowded else 0.25):
            ends = BEGINNING.date() + timedelta(days=self._dice.randint(0, 45))
        setting = self._dice.choice(SETTINGS[:2])
        return Member(
            id=f"m{number}",
            name=f"Member {number}",
            email=f"m{number}@example.org",
            active=self._dice.random() < 0.96,
            valid_until=ends,
            attributes={} if self._whims.random() < 0.2 else {"setting": setting},
        )

    def renew_somebody(self) -> None:
        """Somebody's membership changes in the host's directory."""
        number = self._dice.randrange(MEMBERS)
        self.members[f"m{number}"] = self._member(number)

    def announcement(self) -> Command[Any]:
        """A project of one to three sessions."""
        dice, sparse = self._dice, not self._crowded
        closes = BEGINNING + timedelta(days=dice.randint(3, 30)) if dice.random() < 0.2 else None
        opens = BEGINNING + timedelta(hours=dice.randint(0, 3)) if dice.random() < 0.15 else None
        project = Project(
            id=PROJECT,
            title="Waits",
            summary="What waiting does.",
            timezone=dice.choice(("Europe/London", "America/St_Johns", "Africa/Casablanca")),
            organiser=Contact(name="Team", email="team@example.org"),
            places=dice.choice(("first-come", "first-come", "review", "allocation")) if sparse else "first-come",
            members_only=dice.random() < 0.8 and not (self._ruled and self._whims.random() < 0.7),
            eligibility=self._rules(),
            recheck_days=dice.choice((None, 1, 7)) if sparse else None,
            fill=dice.choice(("confirm", "confirm", "confirm", "offer", "offer", "manual")),
            offers=self._offers(),
            reminder_hours=self._hours() or (),
            questions=(Question(id="why", text="Why?"),) if dice.random() < 0.3 else (),
            call=Call(opens_at=opens, closes_at=closes),
            sessions=tuple(self._session(f"s{number}") for number in range(dice.randint(1, 3) if sparse else 2)),
        )
        return AnnounceProject(project=self._learner.sooner(project))

    def _rules(self) -> tuple[Rule, ...]:
        """Who may take part: a rule or two in some histories."""
        if not self._ruled:
            return ()
        # What lets somebody in one session and keeps them out of the next finds more faults than the rest.
        some = (ValidOnTheDay(),) if self._whims.random() < 0.4 else ()
        return (*some, *(devised(self._whims) for _ in range(self._whims.choice((0, 1, 1, 2)))))

    def _hours(self) -> tuple[int, ...] | None:
        """When people are reminded, in some histories."""
        if not self._reminds:
            return None
        return tuple(self._moments.sample((1, 24, 48, 168, 600), self._moments.randint(0, 4)))

    def _offers(self) -> Offers:
        """Short ones, round the clock or at odd hours."""
        dice = self._dice
        window = dice.choice((1, 5, 48))
        return Offers(
            window_hours=window,
            days=dice.choice((("mon", "tue", "wed", "thu", "fri"), ("mon", "tue", "wed", "thu", "fri", "sat", "sun"))),
            opens=dice.choice((time(0), time(9))),
            closes=dice.choice((time(17), time(23, 59))),
            timezone=dice.choice((None, "America/New_York")),
            cut_off_hours=dice.choice((0, 24)),
            notice_hours=dice.choice((0, 1)),
            on_lapse=dice.choice(("requeue", "requeue", "withdraw")),
        )

    def _session(self, id: str) -> Session:
        dice = self._dice
        starts = BEGINNING.replace(tzinfo=None) + timedelta(days=dice.randint(1, 40), hours=dice.randint(0, 9))
        capacity = dice.choice((1, 1, 2) if self._crowded else (0, 1, 1, 1, 2, 2, 3, None))
        minimum = min(self._together.choice((0, 0, 1, 1, 2)), 2 if capacity is None else capacity)
        return Session(id=id, starts=starts, minutes=dice.choice((30, 120)), capacity=capacity, minimum=minimum)

    def crowd(self, state: ProjectState) -> list[Command[Any]]:
        """Most of the members at once, when they come like that."""
        if not self._crowded or state.announced is None or not state.call.is_open or state.registrations:
            return []
        return [self._register(state) for _ in range(MEMBERS)]

    def command(self, state: ProjectState) -> Command[Any]:
        """Something that somebody may do next."""
        dice = self._dice
        if state.announced is None:
            return self.announcement()
        if not state.call.is_open and state.definition.cancelled is None and dice.random() < 0.7:
            return OpenCall(project_id=PROJECT)
        begun = [one.id for one in state.in_order() if not one.is_open_at(self._world.now) and state.holders(one.id)]
        if begun and self._whims.random() < 0.15:
            return self._attendance(state, self._whims.choice(begun))
        if self._moves.random() < 0.3 and any(state.has_line(id) for id in state.sessions):
            return self._stir(state)
        rare = self._learner.command(state) or self._parting(state)
        if rare is not None:
            return rare
        moved = [one for one in state.registrations.values() if one.place is not None and one.sequence]
        if moved and dice.random() < 0.16:
            self._replied = self._reply(state)
            return self._replied
        if self._replied is not None and self._moves.random() < 0.15:
            return self._again(self._replied)
        if state.definition.places == "allocation" and self._together.random() < 0.2:
            return self._allocate()
        if len(state.registrations) > 1 and self._together.random() < 0.05:
            return self._consolidate(state)
        (kind,) = dice.choices(list(self._kinds), list(self._kinds.values())) if state.registrations else ["register"]
        made: Command[Any] = getattr(self, f"_{kind}")(state)
        return made

    def _sessions(self, state: ProjectState) -> Sequence[str]:
        known = sorted(state.sessions) or ["s0"]
        return [*known, "nowhere"] if self._dice.random() < 0.03 else known

    def _wishes(self, state: ProjectState) -> tuple[str, ...]:
        known = self._sessions(state)
        return tuple(self._dice.sample(known, self._dice.randint(1, len(known))))

    def _registration(self, state: ProjectState) -> str:
        known = sorted((one.arrived, id) for id, one in state.registrations.items() if one.is_live)
        if self._dice.random() < 0.1:
            known = sorted((one.arrived, id) for id, one in state.registrations.items())
        return "r-nobody" if not known or self._dice.random() < 0.02 else self._dice.choice(known)[1]

    def _register(self, state: ProjectState) -> Command[Any]:
        absent = [one for one in self.members.values() if one.id not in state.members]
        some = absent if absent and self._dice.random() < 0.7 else list(self.members.values())
        one = self._dice.choice(some)
        member: Member | str = one
        if self._dice.random() < 0.2:
            member = one.id if self._dice.random() < 0.9 else "stranger"
        answers = {"why": "because"} if state.definition.questions else {}
        return RegisterInterest(project_id=PROJECT, member=member, sessions=self._wishes(state), answers=answers)

    def _switch(self, state: ProjectState) -> Command[Any]:
        who, wishes = self._registration(state), self._wishes(state)
        one = state.registrations.get(who)
        if one is not None and one.place is not None and self._dice.random() < 0.5:
            # Any other one rather than theirs.
            wishes = (*(wish for wish in wishes if wish != one.place), one.place)
        return SwitchSession(project_id=PROJECT, registration_id=who, sessions=wishes)

    def _stir(self, state: ProjectState) -> Command[Any]:
        """While others wait, somebody with a place gives it up, or would rather have another one."""
        dice = self._moves
        holding = sorted((one.arrived, id) for id, one in state.registrations.items() if one.place is not None)
        who = dice.choice(holding)[1] if holding else self._registration(state)
        if dice.random() < 0.4:
            return Withdraw(project_id=PROJECT, registration_id=who)
        wishes = tuple(dice.sample(sorted(state.sessions), len(state.sessions)))
        return SwitchSession(project_id=PROJECT, registration_id=who, sessions=wishes)

    def _withdraw(self, state: ProjectState) -> Command[Any]:
        reason = self._dice.choice(("", "I am away."))
        return Withdraw(project_id=PROJECT, registration_id=self._registration(state), reason=reason)

    def _confirm(self, state: ProjectState) -> Command[Any]:
        session = self._dice.choice(self._sessions(state))
        return ConfirmPlace(project_id=PROJECT, registration_id=self._registration(state), session_id=session)

    def _offer(self, state: ProjectState) -> Command[Any]:
        session = self._dice.choice(self._sessions(state))
        return OfferPlace(project_id=PROJECT, registration_id=self._registration(state), session_id=session)

    def _offered(self, state: ProjectState) -> str:
        """Somebody who can answer, mostly."""
        asked = sorted((one.arrived, id) for id, one in state.registrations.items() if one.offer is not None)
        return self._dice.choice(asked)[1] if asked and self._dice.random() < 0.9 else self._registration(state)

    def _accept(self, state: ProjectState) -> Command[Any]:
        return AcceptOffer(project_id=PROJECT, registration_id=self._offered(state))

    def _refuse(self, state: ProjectState) -> Command[Any]:
        return RefuseOffer(project_id=PROJECT, registration_id=self._offered(state))

    def _decline(self, state: ProjectState) -> Command[Any]:
        return DeclineInterest(project_id=PROJECT, registration_id=self._registration(state), reason="Too many.")

    def _attendance(self, state: ProjectState, session: str) -> Command[Any]:
        """Somebody says who came, right or wrong, or too early."""
        whims = self._whims
        if whims.random() < 0.1:
            session = whims.choice(sorted(state.sessions))
        people = state.holders(session) if whims.random() < 0.9 else list(state.registrations.values())
        some = whims.sample(people, whims.randint(1, len(people))) if people else []
        marks = (*Attendance, Attendance.ABSENT, "unset")
        given = {one.id: whims.choice(marks) for one in some} or {"r-nobody": "unset"}
        return RecordAttendance.model_validate({"project_id": PROJECT, "session_id": session, "attendance": given})

    def _answer(self, state: ProjectState) -> Command[Any]:
        who = self._registration(state)
        return AmendAnswers(project_id=PROJECT, registration_id=who, answers={"why": "why not"})

    def _reply(self, state: ProjectState) -> TakeReply:
        """Somebody's calendar answers: newest or not, to this time or another, from them or somebody else."""
        dice = self._dice
        invited = sorted((-one.sequence, id) for id, one in state.registrations.items() if one.place is not None)
        who = invited[dice.choice((0, 0, -1))][1] if invited and dice.random() < 0.8 else self._registration(state)
        one = state.registrations.get(who)
        person = None if one is None else state.people[one.person]
        known = 0 if one is None else one.sequence
        address = "eve@example.org" if person is None or dice.random() < 0.04 else person.email
        ahead = timedelta(hours=dice.choice((-30, -3, -2, -1, -1, 0, 0, 0, 2, 9_000)))
        return TakeReply(
            project_id=PROJECT,
            registration_id=who,
            attendee=dice.choice((address, address.upper())),
            answer=dice.choice(("ACCEPTED", "TENTATIVE", "DECLINED", "DECLINED")),
            sequence=max(0, known + dice.choice((-1, -1, 0, 0) if known else (0, 0, 0, 0, 0, 0, 1))),
            # In whole hours, so that some are copies of each other.
            stamped=None if dice.random() < 0.1 else self._world.now.replace(minute=0, second=0, microsecond=0) + ahead,
            trusted=dice.random() < 0.2,
        )

    def _again(self, reply: TakeReply) -> TakeReply:
        """A calendar that answers by itself says the same again; or a mail from before, which was late, another."""
        if self._moves.random() < 0.5:
            return reply.model_copy(update={"stamped": self._world.now})
        earlier = None if reply.stamped is None else reply.stamped - timedelta(hours=1)
        return reply.model_copy(update={"answer": "DECLINED", "stamped": earlier})

    def mail(self, state: ProjectState) -> tuple[bytes, bool]:
        """The same as a calendar sends it, and whether the host knows whose it is."""
        reply = self._reply(state)
        stamp = "" if reply.stamped is None else f"DTSTAMP:{reply.stamped:%Y%m%dT%H%M%SZ}\n"
        text = (
            f"BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:{reply.registration_id}.{PROJECT}.insight-sessions\n"
            f"SEQUENCE:{reply.sequence}\n{stamp}ATTENDEE;PARTSTAT={reply.answer}:mailto:{reply.attendee}\n"
            "END:VEVENT\nEND:VCALENDAR\n"
        )
        return text.encode(), reply.trusted

    def _parting(self, state: ProjectState) -> Command[Any] | None:
        """Somebody wants to be forgotten, or one who is not known; now and then."""
        if not state.people or self._partings.random() >= 0.05:
            return None
        whose = self._partings.choice(sorted(one.member_id for one in state.people.values()))
        whose = whose if self._partings.random() < 0.95 else "stranger"
        return EraseMember(project_id=PROJECT, member_id=whose, farewell=self._partings.random() < 0.8)

    def _correct(self, state: ProjectState) -> Command[Any]:
        """Somebody has another address, for a while or for good."""
        one = self._dice.choice(list(self.members.values()))
        where = self._dice.choice(("", "", "new.", "newer."))
        corrected = one.model_copy(update={"email": f"{one.id}@{where}example.org"})
        self.members[one.id] = corrected
        return CorrectMember(project_id=PROJECT, member=corrected)

    def _recheck(self, state: ProjectState) -> Command[Any]:
        return RecheckEligibility(project_id=PROJECT, registration_id=self._registration(state))

    def _add(self, state: ProjectState) -> Command[Any]:
        return AddSession(project_id=PROJECT, session=self._session(f"s{len(state.sessions)}"))

    def _reschedule(self, state: ProjectState) -> Command[Any]:
        starts = self._session("x").starts
        return RescheduleSession(project_id=PROJECT, session_id=self._dice.choice(self._sessions(state)), starts=starts)

    def _resize(self, state: ProjectState) -> Command[Any]:
        session = self._dice.choice(self._sessions(state))
        capacity = self._dice.choice((0, 1, 1, 2, 3, None))
        return ResizeSession(project_id=PROJECT, session_id=session, capacity=capacity)

    def _release(self, state: ProjectState) -> Command[Any]:
        return ReleaseJoiningDetails(
            project_id=PROJECT,
            session_id=self._dice.choice(self._sessions(state)),
            link=f"https://meet.example.org/{self._dice.randrange(2)}",
            hours_before=self._dice.choice((None, 1, 48)),
        )

    def _cancel_session(self, state: ProjectState) -> Command[Any]:
        return CancelSession(project_id=PROJECT, session_id=self._dice.choice(self._sessions(state)), reason="Ill.")

    def _consolidate(self, state: ProjectState) -> Command[Any]:
        cancel = (self._together.choice(sorted(state.sessions)),) if self._together.random() < 0.3 else None
        return Consolidate(project_id=PROJECT, cancel=cancel, reason="Too few.")

    def _allocate(self) -> Command[Any]:
        dice = self._together
        bounds = (
            Bound(attribute="setting", at_least=1, at_most=2),
            Bound(attribute="setting", value="acute", at_most=1, hard=True),
            Bound(attribute="setting", value="dental", at_least=1, hard=True),
        )
        policy = dice.choice(("first-come", "lottery", "optimal", "balanced", "balanced", "fairest"))
        balance = dice.sample(bounds, dice.randint(0, 2)) if policy == "balanced" else ()
        return Allocate(project_id=PROJECT, policy=policy, seed=dice.randrange(100), balance=tuple(balance))

    def _amend(self, state: ProjectState) -> Command[Any]:
        title = f"Waits {self._dice.randrange(3)}"
        organiser = Contact(name="Team", email=f"team{self._dice.randrange(2)}@example.org")
        rules = self._rules() if self._ruled and self._whims.random() < 0.5 else None
        return AmendProject(
            project_id=PROJECT,
            title=title,
            organiser=organiser,
            summary="Said anew.",
            eligibility=rules,
            reminder_hours=self._hours(),
        )

    def _open(self, state: ProjectState) -> Command[Any]:
        return OpenCall(project_id=PROJECT)

    def _close(self, state: ProjectState) -> Command[Any]:
        return CloseCall(project_id=PROJECT)

    def _cancel_project(self, state: ProjectState) -> Command[Any]:
        return CancelProject(project_id=PROJECT, reason="No money.")
