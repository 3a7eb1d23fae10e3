"""The rules against a project told in plain dicts: who has which place, who waits where, who is told what."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from insight_sessions.commands.base import Command, Facts
from insight_sessions.commands.calls import AmendProject, AnnounceProject, CancelProject, CloseCall, OpenCall
from insight_sessions.commands.deciding import Decided, decide
from insight_sessions.commands.offering import AcceptOffer, OfferPlace, RefuseOffer
from insight_sessions.commands.passing import LetTimePass
from insight_sessions.commands.places import ConfirmPlace, DeclineInterest, RegisterInterest, SwitchSession, Withdraw
from insight_sessions.commands.sessions import CancelSession, RescheduleSession, ResizeSession
from insight_sessions.domain.member import Member, Past
from insight_sessions.domain.offering import Day, FillPolicy, LapsePolicy, Offers
from insight_sessions.domain.project import Contact, PlacesPolicy, Project
from insight_sessions.domain.registration import Decision
from insight_sessions.domain.rules import Rule
from insight_sessions.domain.session import Session
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import Refusal
from insight_sessions.runtime import Moment
from insight_sessions.testing.eligible import holds
from insight_sessions.testing.strategies import rules
from tests.property.plain_project import PlainProject

PROVING = os.environ.get("INSIGHT_SESSIONS_PROVE") == "1"
NOW = datetime(2030, 1, 1, tzinfo=UTC)
NAMES = ("a", "b", "c")
EVERY_DAY: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FILLS: tuple[FillPolicy, ...] = ("confirm", "offer", "offer", "manual")
LAPSES: tuple[LapsePolicy, ...] = ("requeue", "withdraw")
MOST_HOURS = 24 * 20
"""No session begins, and no cut-off comes, before that."""

POLICIES: tuple[PlacesPolicy, ...] = ("first-come", "first-come", "review")
DAYS = {"a": date(2030, 2, 1), "b": date(2030, 2, 10), "c": date(2030, 2, 20)}
PEOPLE = tuple(f"m{number}" for number in range(8))
people = st.sampled_from(PEOPLE)
wishes_of = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)
capacities = st.sampled_from([1, 1, 1, 2, 0, 3, None])
settings_of = st.sampled_from([{}, {"setting": "acute"}, {"setting": "acute"}, {"setting": "community"}])
pasts = st.sampled_from([Past(), Past(), Past(1), Past(2, ("pilot",)), Past(0, ("pilot", "survey"))])
ruled = st.lists(rules(), max_size=2).map(tuple)
memberships = st.sampled_from([None, None, None, date(2030, 2, 5), date(2030, 2, 15)])


class RulesMachine(RuleBasedStateMachine):
    """Does the same to both, and compares."""

    @initialize(
        policy=st.sampled_from(POLICIES),
        filling=st.tuples(st.sampled_from(FILLS), st.sampled_from(LAPSES)),
        members_only=st.booleans(),
        sizes=st.tuples(capacities, capacities, capacities),
        eligibility=st.just(()) | ruled,
        crowd=st.lists(st.tuples(people, wishes_of, memberships, settings_of, pasts), min_size=5, max_size=10),
    )
    def announce(
        self,
        policy: PlacesPolicy,
        filling: tuple[FillPolicy, LapsePolicy],
        members_only: bool,
        sizes: tuple[int | None, ...],
        eligibility: tuple[Rule, ...],
        crowd: list[tuple[str, list[str], date | None, dict[str, str], Past]],
    ) -> None:
        """A project of three sessions, its call open, and more people than places."""
        self.ids = count(1)
        self.now = NOW
        self.sequences: dict[str, int] = {}
        self.eligibility = eligibility
        self.known: dict[str, tuple[Member, Past]] = {}
        self.state = ProjectState(project_id="p")
        known: dict[str, dict[str, Any]] = {}
        for name, capacity in zip(NAMES, sizes, strict=True):
            starts = f"{DAYS[name]}T10:00"
            known[name] = {"capacity": capacity, "day": DAYS[name], "starts": starts, "minutes": 60, "on": True}

        def admits(person: str, day: date) -> bool:
            return all(holds(one, *self.known[person], day) for one in self.eligibility)

        self.plain = PlainProject(policy, members_only, known, admits, *filling)
        project = Project(
            id="p",
            title="Waits",
            summary="What waiting does.",
            timezone="Europe/London",
            organiser=Contact(name="Team", email="team@example.org"),
            places=policy,
            members_only=members_only,
            eligibility=eligibility,
            fill=filling[0],
            offers=Offers(
                window_hours=24,
                days=EVERY_DAY,
                opens=time(0),
                closes=time(23, 59),
                cut_off_hours=0,
                notice_hours=0,
                on_lapse=filling[1],
            ),
            sessions=tuple(
                Session(id=name, starts=one["starts"], minutes=60, capacity=one["capacity"])
                for name, one in known.items()
            ),
        )
        self.decided(AnnounceProject(project=project))
        self.decided(OpenCall(project_id="p"))
        self.plain.open = True
        for person, wishes, until, attributes, past in crowd:
            self.register(person, wishes, True, until, attributes, past)

    def decided(self, command: Command[Any], member: Member | None = None, past: Past | None = None) -> Decided:
        """What the rules say; their state is ours from now on."""
        facts = Facts(self.now, member, f"p-{member.id}" if member else "", past=past)
        decided = decide(self.state, command, facts, Moment(self.now, lambda prefix: f"{prefix}{next(self.ids)}"))
        self.state = decided.state
        return decided

    def refused(self, command: Command[Any], member: Member | None = None, past: Past | None = None) -> None:
        """The rules must say no, and nothing may change."""
        before = self.state
        try:
            self.decided(command, member, past)
        except Refusal:
            assert self.state is before
            return
        raise AssertionError(f"{command!r} was not refused")

    def same(
        self,
        command: Command[Any],
        change: Callable[[], None],
        *,
        about: str = "",
        gone: str | None = None,
        also: Mapping[str, str] | None = None,
    ) -> None:
        """The rules and the plain project tell the same people the same."""
        before = {id: (one["place"], self.slot(one["place"])) for id, one in self.plain.parts.items()}
        decided = self.decided(command)
        told = self.plain.told(change, about=about, gone=gone)
        self.compare(decided, {**told, **(also or {})}, before)

    def slot(self, session: str | None) -> tuple[Any, ...]:
        """When a session is."""
        return () if session is None else (self.plain.sessions[session]["starts"],)

    def compare(self, decided: Decided, told: dict[str, str], before: dict[str, tuple[Any, ...]]) -> None:
        """Exactly one notice each, of the right kind, with the right calendar message and sequence."""
        assert sorted(owed.registration for owed in decided.notices) == sorted(told)
        for owed in decided.notices:
            one = self.plain.parts[owed.registration]
            assert owed.kind == told[owed.registration]
            old = before.get(owed.registration, (None, ()))
            new = (one["place"], self.slot(one["place"]))
            method = None if old == new else "CANCEL" if one["place"] is None else "REQUEST"
            assert owed.method == method
            if method is not None:
                known = self.sequences.get(owed.registration)
                self.sequences[owed.registration] = 0 if known is None else known + 1
            assert owed.sequence == self.sequences.get(owed.registration, 0)
            assert (owed.slot.id if owed.slot else None) == one["place"]
            until = None if owed.until is None else (owed.until - NOW) // timedelta(hours=1)
            assert (owed.offered.id, until) == one["offer"] if owed.offered else one["offer"] is None
            hoped = [session for session in self.plain.hoped(one) if self.plain.sessions[session]["on"]]
            assert [slot.id for slot in owed.waits] == [session for session in hoped if self.plain.lasts(one, session)]

    def part_of(self, person: str) -> dict[str, Any] | None:
        """What somebody has in the project, or what nobody has."""
        return self.plain.live(f"p-{person}")

    # What members do

    @rule(
        person=people,
        wishes=wishes_of,
        active=st.sampled_from([True, True, True, False]),
        until=memberships,
        attributes=settings_of,
        past=pasts,
    )
    def register(
        self,
        person: str,
        wishes: list[str],
        active: bool,
        until: date | None,
        attributes: dict[str, str],
        past: Past,
    ) -> None:
        """Somebody registers, or may not."""
        plain, before = self.plain, self.known.get(f"p-{person}")
        member = Member(
            id=person,
            name="Ada",
            email="ada@example.org",
            active=active,
            valid_until=until,
            attributes=attributes,
        )
        command = RegisterInterest(project_id="p", member=member, sessions=tuple(wishes))
        self.known[f"p-{person}"] = member, past
        new = {"person": f"p-{person}", "active": active, "until": until}
        may = plain.open and self.part_of(person) is None and any(plain.lasts(new, one) for one in wishes)
        if not may or not any(plain.sessions[one]["on"] for one in wishes):
            self.refused(command, member, past)
            if before is not None:
                self.known[f"p-{person}"] = before
            return
        decided = self.decided(command, member, past)
        id = decided.result.id
        told = plain.told(lambda: plain.register(id, f"p-{person}", wishes, active=active, until=until))
        self.compare(decided, told, {})

    @rule(person=people)
    def withdraw(self, person: str) -> None:
        """Somebody withdraws, when they have something to withdraw."""
        self.leave(person, declined=False)

    @rule(person=people)
    def decline(self, person: str) -> None:
        """Somebody is declined, once."""
        self.leave(person, declined=True)

    def leave(self, person: str, *, declined: bool) -> None:
        """Somebody's part ends."""
        one = self.part_of(person)
        if one is None:
            return
        kind = DeclineInterest if declined else Withdraw
        command = kind(project_id="p", registration_id=one["id"])
        if one["declined"] or self.plain.cancelled:
            self.refused(command)
            return
        self.same(command, lambda: self.plain.leave(one["id"], declined=declined))

    @rule(person=people, session=st.sampled_from(NAMES))
    def confirm(self, person: str, session: str) -> None:
        """Somebody is given a place, if there is one that they want."""
        one, plain = self.part_of(person), self.plain
        if one is None:
            return
        command = ConfirmPlace(project_id="p", registration_id=one["id"], session_id=session)
        stays = one["place"] == session
        has = stays and one["accepted"]
        held = one["offer"] is not None and one["offer"][0] == session
        may = stays or (session in one["wishes"] and (held or plain.room(session)))
        if plain.cancelled or not plain.sessions[session]["on"] or not (has or (may and plain.lasts(one, session))):
            self.refused(command)
        elif has:
            self.same(command, lambda: None)
        else:
            also = {one["id"]: "place_confirmed"} if stays else {}
            self.same(command, lambda: plain.confirm(one["id"], session), also=also)

    @rule(person=people, session=st.sampled_from(NAMES))
    def offer(self, person: str, session: str) -> None:
        """Somebody is offered a place, if there is one that they want."""
        one, plain = self.part_of(person), self.plain
        if one is None:
            return
        command = OfferPlace(project_id="p", registration_id=one["id"], session_id=session)
        held = one["offer"] is not None and one["offer"][0] == session
        may = session in one["wishes"] and session != one["place"] and plain.room(session) and plain.lasts(one, session)
        if plain.cancelled or not plain.sessions[session]["on"] or not (held or may):
            self.refused(command)
        else:
            self.same(command, lambda: plain.offer(one["id"], session))

    @rule(pick=st.integers(0, 20), accepts=st.sampled_from([True, True, False]))
    def answer(self, pick: int, accepts: bool) -> None:
        """Somebody says yes or no to what is held for them, or to nothing."""
        plain = self.plain
        asked = [one for one in plain.parts.values() if one["offer"]] or [
            one for one in plain.parts.values() if one["live"]
        ]
        if not asked:
            return
        one = asked[pick % len(asked)]
        kind = AcceptOffer if accepts else RefuseOffer
        command = kind(project_id="p", registration_id=one["id"])
        shut_out = one["offer"] and accepts and not plain.lasts(one, one["offer"][0])  # by rules that came later
        if plain.cancelled or not one["offer"] or shut_out:
            self.refused(command)
        elif accepts:
            self.same(command, lambda: plain.confirm(one["id"], one["offer"][0]))
        else:
            self.same(command, lambda: plain.refuse(one["id"]), gone="offer_refused")

    @precondition(lambda self: self.plain.hours < MOST_HOURS)
    @rule(hours=st.sampled_from([1, 12, 24]))
    def wait(self, hours: int) -> None:
        """Time passes, and offers lapse."""
        self.now += timedelta(hours=hours)
        self.same(LetTimePass(project_id="p"), lambda: self.plain.later(hours), gone="offer_lapsed")

    @rule(person=people, wishes=wishes_of)
    def switch(self, person: str, wishes: list[str]) -> None:
        """Somebody wants other sessions."""
        one, plain = self.part_of(person), self.plain
        if one is None:
            return
        command = SwitchSession(project_id="p", registration_id=one["id"], sessions=tuple(wishes))
        some = any(plain.sessions[session]["on"] for session in wishes)
        lasts = any(plain.lasts(one, session) for session in wishes)
        if plain.cancelled or one["declined"] or not some or not lasts:
            self.refused(command)
            return
        self.same(command, lambda: plain.switch(one["id"], wishes))

    @rule(pick=st.integers(0, 20))
    def wait_for_a_full_session(self, pick: int) -> None:
        """Somebody with a place would rather have one where there is none: they keep theirs and wait."""
        full = [session for session in NAMES if not self.plain.room(session)]
        holders = [one for one in self.plain.parts.values() if one["place"] and any(s != one["place"] for s in full)]
        if holders:
            one = holders[pick % len(holders)]
            wishes = [*(session for session in full if session != one["place"]), one["place"]]
            self.switch(one["person"].removeprefix("p-"), wishes)

    @rule(pick=st.integers(0, 20))
    def give_up_a_wanted_place(self, pick: int) -> None:
        """Somebody withdraws for whose place others wait."""
        holders = [one for one in self.plain.parts.values() if one["place"] and self.plain.line(one["place"])]
        if holders:
            self.leave(holders[pick % len(holders)]["person"].removeprefix("p-"), declined=False)

    # What organisers do

    @rule(session=st.sampled_from(NAMES), capacity=capacities)
    def resize(self, session: str, capacity: int | None) -> None:
        """More places, or fewer."""
        command = ResizeSession(project_id="p", session_id=session, capacity=capacity)
        if not self.plain.sessions[session]["on"]:
            self.refused(command)
            return
        self.same(command, lambda: self.plain.resize(session, capacity))

    @rule(eligibility=ruled)
    def amend_the_rules(self, eligibility: tuple[Rule, ...]) -> None:
        """Other people may take part from now on; whoever has a place keeps it."""
        command = AmendProject(project_id="p", eligibility=eligibility)
        if self.plain.cancelled:
            self.refused(command)
            return
        self.eligibility = eligibility
        self.same(command, self.plain.rule)

    @rule(session=st.sampled_from(NAMES), days=st.integers(-5, 8))
    def reschedule(self, session: str, days: int) -> None:
        """Another day."""
        plain = self.plain
        day = DAYS[session] + timedelta(days=days)
        starts = f"{day}T10:00"
        command = RescheduleSession(
            project_id="p", session_id=session, starts=datetime.fromisoformat(starts), minutes=60
        )
        if not plain.sessions[session]["on"]:
            self.refused(command)
            return
        moves = plain.sessions[session]["starts"] != starts
        about, gone = (session, "session_rescheduled") if moves else ("", None)
        self.same(command, lambda: plain.move(session, starts, 60, day) if moves else None, about=about, gone=gone)

    @precondition(lambda self: sum(one["on"] for one in self.plain.sessions.values()) > 1)
    @rule(session=st.sampled_from(NAMES))
    def cancel(self, session: str) -> None:
        """A session will not take place."""
        command = CancelSession(project_id="p", session_id=session)
        if not self.plain.sessions[session]["on"]:
            self.refused(command)
            return
        self.same(command, lambda: self.plain.cancel(session), about=session, gone="session_cancelled")

    @precondition(lambda self: len(self.plain.parts) > 5)
    @rule()
    def stop(self) -> None:
        """The project will not take place."""
        if self.plain.cancelled:
            self.refused(CancelProject(project_id="p"))
        else:
            self.same(CancelProject(project_id="p"), self.plain.stop, gone="project_cancelled")

    @rule(opens=st.sampled_from([True, True, False]))
    def call(self, opens: bool) -> None:
        """The call closes, or opens again."""
        plain = self.plain
        if plain.open == opens or (opens and plain.cancelled):
            self.refused(OpenCall(project_id="p") if opens else CloseCall(project_id="p"))
        else:
            self.same(OpenCall(project_id="p") if opens else CloseCall(project_id="p"), lambda: None)
            plain.open = opens

    # What must be so

    @invariant()
    def everybody_has_and_waits_for_the_same(self) -> None:
        """Places, lines, room and live registrations."""
        if not hasattr(self, "plain"):
            return
        plain, state = self.plain, self.state
        for session in NAMES:
            holders = [one["id"] for one in plain.holders(session)]
            assert [one.id for one in state.holders(session)] == holders
            assert [one.id for one in state.waiting(session)] == plain.line(session)
            assert state.has_room(state.session(session)) == plain.room(session)
        for id, one in plain.parts.items():
            kept = state.registrations[id]
            assert (list(kept.wishes), kept.place, kept.is_live) == (one["wishes"], one["place"], one["live"])
            assert (kept.decision is Decision.DECLINED) == one["declined"]
            offer = None if kept.offer is None else (kept.offer.session, (kept.offer.until - NOW) // timedelta(hours=1))
            assert offer == one["offer"]
            assert kept.sequence == self.sequences.get(id, 0)

    @invariant()
    def no_place_is_empty_while_somebody_waits_for_it(self) -> None:
        """I6, worked out from the plain project alone."""
        if hasattr(self, "plain") and self.plain.fill_by != "manual":
            assert [one for one in NAMES if self.plain.room(one) and self.plain.line(one)] == []


TestRules = RulesMachine.TestCase
TestRules.settings = settings(max_examples=3_000 if PROVING else 150, stateful_step_count=60 if PROVING else 40)
