"""I3, I4, I5 and I10: every notice that was owed is accounted for, and every copy of it says the same."""

from collections import Counter
from dataclasses import dataclass, field

from insight_sessions.domain.notices import NoticeKind, Owed
from insight_sessions.domain.registration import Registration
from insight_sessions.domain.state import ProjectState
from insight_sessions.hooks.manager import NOTIFY
from insight_sessions.storage.port import Storage, Verdict
from insight_sessions.testing.replaying import Replay
from insight_sessions.testing.world import LISTENER, NOTIFIERS, Copy, World, expect

ASKED_ONCE = frozenset({NoticeKind.ANSWER_AGAIN, NoticeKind.GIVE_UP_PLACE})
TOLD_ONCE = frozenset({NoticeKind.WRITE_UP, NoticeKind.UPDATE})
FINAL = frozenset({Verdict.SENT, Verdict.SUPERSEDED})


@dataclass(slots=True)
class Mailbox:
    """What was owed, and what came.

    Args:
        world: where copies and settlements are written down.
    """

    world: World
    owed: dict[str, Owed] = field(default_factory=dict[str, Owed])
    due: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    buried: set[str] = field(default_factory=set[str])
    _asked: set[tuple[str, str, int]] = field(default_factory=set[tuple[str, str, int]])
    _told: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    _erased: set[str] = field(default_factory=set[str])
    _seen: int = 0
    _heard: int = 0
    _known: int = 0
    _first: dict[tuple[str, str], Copy] = field(default_factory=dict[tuple[str, str], Copy])
    _sequences: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])

    def expect_more(self, replay: Replay) -> None:
        """Whatever the newest steps owe is due to every consumer."""
        for number, name in enumerate(NOTIFIERS):
            self.due.setdefault(f"notify/{name}", set()).update(f"{owed.id}.{number}" for owed in replay.owed)
        ids = (f"e-{event.project_id}-{event.number}.0" for event in replay.events)
        self.due.setdefault(f"event/{LISTENER}", set()).update(ids)
        for step in replay.steps:
            after = step.decided.state.registrations
            self._erased.update(id for id in step.before.registrations if id not in after)
        for owed in replay.owed:
            expect(owed.id not in self.owed, "each notice has an id of its own", owed.id)
            self.owed[owed.id] = owed
            if owed.kind in ASKED_ONCE:
                asked = (owed.kind, owed.registration, owed.sequence)
                expect(asked not in self._asked, "nobody is asked twice about one revision", str(asked))
                self._asked.add(asked)
            for news in (owed.about,) if owed.kind in TOLD_ONCE else (slot.id for slot in owed.opened):
                told = (owed.person, f"{owed.kind} {news}")
                expect(told not in self._told, "nobody is told twice of one version, nor of other news", str(told))
                self._told.add(told)

    def check_copies(self) -> None:
        """Everything that came since the last time says what was committed, and what the others said."""
        self._check_heard()
        new, self._seen = self.world.copies[self._seen :], len(self.world.copies)
        for copy in new:
            owed = self.owed.get(copy.id)
            expect(owed is not None, "a notice that comes was committed", copy.id)
            assert owed is not None
            said = owed.registration not in self._erased or owed.kind is NoticeKind.FAREWELL
            expect(said, "I12 nothing but a farewell is sent to whoever was erased", copy.id)
            first = self._first.get((copy.consumer, copy.id))
            if first is not None:
                expect(first.facts == copy.facts, "I5 every copy says the same", f"{first} {copy}")
                continue
            self._first[copy.consumer, copy.id] = copy
            expect((copy.message_id, copy.date) == (owed.message_id, owed.at), "I5 fixed when committed", copy.id)
            if copy.invite:
                self._check_invite(copy, owed)

    def _check_invite(self, copy: Copy, owed: Owed) -> None:
        _, uid, sequence, stamp, _, address = copy.invite
        said = (uid.partition(".")[0], sequence, stamp)
        fixed = (owed.registration, str(owed.sequence), f"{owed.at:%Y%m%dT%H%M%SZ}")
        expect(said == fixed, "I5 UID, SEQUENCE and DTSTAMP are fixed when committed", f"{said} {fixed}")
        last = self._sequences.get((copy.consumer, uid), 0)
        late = any(id.partition(".")[0] == copy.id for id in self.buried)
        expect(late or int(sequence) >= last, "I10 a sequence never falls for a UID", f"{uid}: {sequence} after {last}")
        self._sequences[copy.consumer, uid] = max(last, int(sequence))
        expect(address == copy.address, "a calendar message goes to the address it is for", copy.id)

    def _check_heard(self) -> None:
        """Events come in order, none left out, some again."""
        for number in self.world.heard[self._heard :]:
            expect(number <= self._known + 1, "events are heard in order", f"{number} after {self._known}")
            self._known = max(self._known, number)
        self._heard = len(self.world.heard)

    def check_outbox(self, storage: Storage) -> None:
        """Nothing that is due has gone from the outbox but what was sent or superseded."""
        letters = [delivery for delivery, _ in storage.dead_letters()]
        dead = Counter(delivery.consumer for delivery in letters)
        self.buried.update(delivery.id for delivery in letters)
        backlog = storage.backlog()
        for consumer, ids in self.due.items():
            ended = {id for id in ids if self.world.ended.get(id) in FINAL}
            unsure = {id for id in ids - ended if self.world.doubtful.get(id) in FINAL}
            there, gone = backlog[consumer] + dead[consumer], len(ids) - len(ended)
            accounted = gone - len(unsure) <= there <= gone
            expect(accounted, "I4 every delivery ends sent, superseded or dead, never gone", f"{consumer}: {there}")

    def check_end(self, state: ProjectState, storage: Storage) -> None:
        """Everything went out, and everybody's calendar shows what is so."""
        waiting = {consumer: number for consumer, number in storage.backlog().items() if number}
        expect(not waiting, "everything due is delivered in the end", str(waiting))
        dead = {delivery.id for delivery, _ in storage.dead_letters()}
        expect(self._known == state.journal_end, "every event is heard in the end", str(self._known))
        for number, name in enumerate(NOTIFIERS):
            consumer = f"notify/{name}"
            for owed in self.owed.values():
                id = f"{owed.id}.{number}"
                ends = {self.world.ended.get(id), self.world.doubtful.get(id)}
                came = (consumer, owed.id) in self._first
                expect(came or id in dead or Verdict.SUPERSEDED in ends, "I5 sent at least once", id)
            unheard = {self.owed[id.partition(".")[0]].registration for id in dead if id.endswith(f".{number}")}
            for registration in state.registrations.values():
                if registration.id not in unheard:
                    self._check_calendar(consumer, registration, state)

    def _check_calendar(self, consumer: str, one: Registration, state: ProjectState) -> None:
        """What somebody's calendars show, having taken every message of the newest sequence."""
        everywhere = [copy.invite for (by, _), copy in self._first.items() if by == consumer and one.uid in copy.invite]
        address = state.people[one.person].address_at(one.address)
        came = [invite for invite in everywhere if invite[5] == address]
        elsewhere = {invite[5]: invite for invite in sorted(everywhere, key=lambda invite: int(invite[2]))}
        over = all(invite[0] == "CANCEL" for where, invite in elsewhere.items() if where != address)
        expect(over, "the entry is in no calendar behind a former address", f"{consumer} {one.id}")
        newest = max((int(invite[2]) for invite in came), default=0)
        shown = next((invite for invite in reversed(came) if int(invite[2]) == newest), None)
        if one.place is None:
            gone = shown is None or shown[0] == "CANCEL"
            expect(gone, "whoever lost a place is told, and has it in no calendar", f"{consumer} {one.id} {shown}")
            kept_from = self._was_kept_from(consumer, one)
            expect(
                shown is None or kept_from or came[0][0] == "REQUEST",
                "nobody is told of the end of what they never had",
                one.id,
            )
            return
        session = state.session(one.place)
        begins = (f"{session.starts:%Y%m%dT%H%M%S}", f"{session.begins:%Y%m%dT%H%M%SZ}")
        told = shown is not None and (shown[0], shown[2]) == ("REQUEST", str(one.sequence)) and shown[4] in begins
        expect(told, "whoever has a place has it in the calendar", f"{consumer} {one.id} {shown} {begins}")

    def _was_kept_from(self, consumer: str, one: Registration) -> bool:
        """Whether a place came and went before a notice without a calendar part said so, or one of it was given up.

        What follows cannot know whether every calendar had the place, so its end is told to be safe.
        """
        copies = (copy for (by, _), copy in self._first.items() if by == consumer and not copy.invite)
        number = NOTIFIERS.index(consumer.removeprefix(NOTIFY))
        notices = [self.owed[copy.id] for copy in copies]
        notices += [owed for owed in self.owed.values() if f"{owed.id}.{number}" in self.buried]
        return any(owed.registration == one.id and owed.method for owed in notices)
