"""Planted faults, each of a kind that real systems of this sort have had; the simulation must catch every one."""
# ruff: noqa: ANN401, ARG005 - a planted fault stands in for something of ours and is given whatever that is given

import logging
import sqlite3
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

import pytest

from insight_sessions import delivery, upkeep, writer
from insight_sessions.commands import (
    calls,
    deciding,
    filling,
    offering,
    passing,
    places,
    reminding,
    sessions,
    telling,
    zones,
)
from insight_sessions.commands.attendance import RecordAttendance
from insight_sessions.commands.base import Ref, Ruling
from insight_sessions.commands.difference import Cause, Difference
from insight_sessions.commands.offering import OfferPlace, RefuseOffer
from insight_sessions.commands.replying import TakeReply
from insight_sessions.correspondence import Correspondence
from insight_sessions.domain.notices import Method, NoticeKind, Owed
from insight_sessions.domain.registration import Registration
from insight_sessions.domain.reply import Replied
from insight_sessions.domain.session import Session
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import LAPSED, StorageError
from insight_sessions.records import changed_records
from insight_sessions.storage import sqlite_outbox
from insight_sessions.storage.port import Change, Delivery, Receipt
from insight_sessions.storage.schema import ADD_DELIVERY, ADD_ENTRY, ADD_RECEIPT, number
from insight_sessions.storage.sqlite_hold import SQLiteHold
from insight_sessions.testing.simulation import simulate
from insight_sessions.testing.world import Broken

Plant = Callable[[pytest.MonkeyPatch], None]

PATIENCE: Final = 400
"""In how many histories a fault must be caught."""

ZOO: Final[dict[str, Plant]] = {}


def bug(plant: Plant) -> Plant:
    """One more animal; its docstring says what is wrong with it."""
    ZOO[plant.__name__] = plant
    return plant


# What one transaction should hold


def _afterwards(patch: pytest.MonkeyPatch, part: str, statement: str, rows: Callable[[Any, Change], list[Any]]) -> None:
    """Write one part of each commit in a second transaction."""
    commit = SQLiteHold.commit

    def in_two(self: Any, change: Change) -> None:
        end = self.journal_end
        left_out: dict[str, Any] = {part: ()}
        commit(self, replace(change, **left_out))
        connection = self._file._writer
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(statement, rows(self, change))
            if part == "entries":
                connection.execute("UPDATE project SET journal_end = ?", (end + len(change.entries),))
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise StorageError("the second transaction failed") from error

    patch.setattr(SQLiteHold, "commit", in_two)


@bug
def outbox_after_commit(patch: pytest.MonkeyPatch) -> None:
    """Deliveries are written when the commit is done."""
    _afterwards(
        patch,
        "deliveries",
        ADD_DELIVERY,
        lambda hold, change: [
            (hold._project_id, row.id, row.consumer, row.stream, row.body, number(row.due)) for row in change.deliveries
        ],
    )


@bug
def receipt_after_commit(patch: pytest.MonkeyPatch) -> None:
    """Receipts are written when the commit is done."""
    _afterwards(
        patch,
        "receipts",
        ADD_RECEIPT,
        lambda hold, change: [
            (hold._project_id, row.command_id, row.fingerprint, row.kind, row.result, row.version, number(row.at))
            for row in change.receipts
        ],
    )


@bug
def journal_after_commit(patch: pytest.MonkeyPatch) -> None:
    """Journal entries are written when the commit is done."""
    _afterwards(
        patch,
        "entries",
        ADD_ENTRY,
        lambda hold, change: [(hold._project_id, row.number, row.body) for row in change.entries],
    )


@bug
def only_the_named_registration_is_saved(patch: pytest.MonkeyPatch) -> None:
    """Of several registrations that a command changed, one is written."""
    encoded = changed_records

    def fewer(state: ProjectState, version: int) -> list[Any]:
        records = list(encoded(state, version))
        registrations = [record for record in records if record.kind == "registration"]
        return [record for record in records if record not in registrations[1:]]

    patch.setattr(writer, "changed_records", fewer)


# What a writer believes


@bug
def state_kept_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    """The next state is believed in before it is committed, and not dropped when that fails."""
    latest: list[Any] = []
    caught_up, change = writer.Writer._caught_up, vars(writer._Batch)["change"].fget

    def watched(self: Any, *given: Any) -> Any:
        latest[:] = [self]
        return caught_up(self, *given)

    def eager(batch: Any) -> Change | None:
        made: Change | None = change(batch)
        if made is not None:
            after = batch.state.at(version=made.version, epoch=batch._epoch, journal_end=batch.state.journal_end)
            latest[0]._keep(writer._Kept(after, made.wake_at))
        return made

    patch.setattr(writer.Writer, "_caught_up", watched)
    patch.setattr(writer._Batch, "change", property(eager))
    patch.setattr(writer.Writer, "_drop", lambda self, project_id: None)


@bug
def never_catches_up(patch: pytest.MonkeyPatch) -> None:
    """What another process wrote is not read."""
    caught_up = writer.Writer._caught_up

    def stale(self: Any, project_id: str, hold: Any) -> Any:
        kept = self._kept.get(project_id)
        return kept if kept is not None and kept.state.version else caught_up(self, project_id, hold)

    patch.setattr(writer.Writer, "_caught_up", stale)


@bug
def receipts_not_looked_up(patch: pytest.MonkeyPatch) -> None:
    """A repeated command is done again."""

    def none(self: object, command_ids: Collection[str]) -> dict[str, Receipt]:
        return {}

    patch.setattr(SQLiteHold, "receipts", none)


@bug
def journal_numbers_used_again(patch: pytest.MonkeyPatch) -> None:
    """An entry may take the number of another one."""
    patch.setattr("insight_sessions.storage.sqlite_hold.check_change", lambda *given, **named: None)
    patch.setattr("insight_sessions.storage.sqlite_hold.ADD_ENTRY", ADD_ENTRY.replace("INSERT", "INSERT OR REPLACE"))
    journalled = ProjectState.journalled
    patch.setattr(ProjectState, "journalled", lambda self, end: journalled(self, max(end - 1, 1)))


# Who gets a place


@bug
def capacity_off_by_one(patch: pytest.MonkeyPatch) -> None:
    """One place too many."""

    def has_room(self: ProjectState, session: Session) -> bool:
        left = self.places_left(session.id)
        return left is None or left >= 0

    patch.setattr(ProjectState, "has_room", has_room)


@bug
def line_ordered_by_time(patch: pytest.MonkeyPatch) -> None:
    """The clock says who came first, and clocks go back."""
    line = ProjectState.line

    def by_time(self: ProjectState, session_id: str) -> Iterator[Registration]:
        return iter(sorted(line(self, session_id), key=lambda one: (not one.displaced, one.registered_at)))

    patch.setattr(ProjectState, "line", by_time)


@bug
def displaced_people_are_not_first(patch: pytest.MonkeyPatch) -> None:
    """Whoever lost a place waits behind those who never had one."""
    line = ProjectState.line

    def by_arrival(self: ProjectState, session_id: str) -> Iterator[Registration]:
        return iter(sorted(line(self, session_id), key=lambda one: (one.displaced, one.arrived)))

    patch.setattr(ProjectState, "line", by_arrival)


@bug
def switching_gives_the_place_up_first(patch: pytest.MonkeyPatch) -> None:
    """The old place is gone before the new one is certain."""
    in_line = places._in_line

    def given_up(*given: Any) -> Registration:
        return replace(in_line(*given), place=None, switching=False)

    patch.setattr(places, "_in_line", given_up)


@bug
def switching_jumps_the_line(patch: pytest.MonkeyPatch) -> None:
    """Somebody with a place keeps their old number in the line for another."""
    in_line = places._in_line

    def in_front(state: ProjectState, before: Registration, *given: Any) -> Registration:
        return replace(in_line(state, before, *given), arrived=before.arrived)

    patch.setattr(places, "_in_line", in_front)


@bug
def freed_places_stay_empty(patch: pytest.MonkeyPatch) -> None:
    """Nobody moves up when somebody withdraws."""
    patch.setattr(places, "fill", lambda state, freed, now: state)


@bug
def chains_end_after_one_move(patch: pytest.MonkeyPatch) -> None:
    """The place of somebody who moves up is not filled in its turn."""

    def once(state: ProjectState, freed: Iterable[str], now: datetime) -> ProjectState:
        for session_id in freed:
            if state.session(session_id).is_open_at(now):
                for one in state.line(session_id):
                    if state.has_room(state.session(session_id)) and filling.is_current(one, state.definition, now):
                        state = state.put(filling.seated(one, session_id))
        return state

    for module in (places, sessions, passing):
        patch.setattr(module, "fill", once)


@bug
def membership_is_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    """A place in a session after the end of somebody's membership."""
    patch.setattr(ProjectState, "may_take", lambda self, registration, session: True)


@bug
def rules_are_looked_at_at_the_door_alone(patch: pytest.MonkeyPatch) -> None:
    """Whoever may come to one session gets a place in another."""

    def against(self: ProjectState, person_id: str, session: Session) -> tuple[Any, ...]:
        lasts = not self.definition.members_only or self.people[person_id].is_member_on(session.starts.date())
        return () if lasts else (LAPSED,)

    patch.setattr(ProjectState, "against", against)


@bug
def lines_go_on_by_the_old_rules(patch: pytest.MonkeyPatch) -> None:
    """Other rules, and the same people in line."""
    patch.setattr(ProjectState, "_in_line_again", lambda self, waiting: self)


@bug
def nobody_is_asked_again(patch: pytest.MonkeyPatch) -> None:
    """Whoever waits too long is passed over for ever."""
    patch.setattr(upkeep, "_checks", lambda state, now: iter(()))


@bug
def cancelled_sessions_keep_their_people(patch: pytest.MonkeyPatch) -> None:
    """Fewer places than people, and nobody is moved."""
    patch.setattr(sessions, "displace", lambda state, people, now: state)


@bug
def two_registrations_of_one_member(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks whether they have registered already."""
    patch.setattr(ProjectState, "latest_of", lambda self, person_id: None)


# Offers


def _while(
    patch: pytest.MonkeyPatch, command: type[Any], owner: type[Any], name: str, told: Callable[..., Any]
) -> None:
    """Let a rule be told something else than what is so, and nobody but that rule."""
    rule = command.rule

    def misled(self: Any, *given: Any) -> Any:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(owner, name, told)
            return rule(self, *given)

    patch.setattr(command, "rule", misled)


@bug
def offers_beyond_the_places(patch: pytest.MonkeyPatch) -> None:
    """An organiser offers a place that is not free."""
    _while(patch, OfferPlace, ProjectState, "has_room", lambda self, session: True)


@bug
def a_place_that_is_offered_is_free_for_others(patch: pytest.MonkeyPatch) -> None:
    """Only places that somebody has are counted."""
    patch.setattr(Registration, "holds", property(lambda self: () if self.place is None else (self.place,)))


@bug
def offers_never_lapse(patch: pytest.MonkeyPatch) -> None:
    """The deadline passes, and the place stays held."""
    patch.setattr(passing, "lapse", lambda state, late, now: state)


@bug
def an_offer_that_lapses_is_told_and_not_taken_away(patch: pytest.MonkeyPatch) -> None:
    """They read that it is gone, and hold it for another day."""
    lapse = offering.lapse

    def for_another_day(state: ProjectState, late: Iterable[Registration], now: datetime) -> ProjectState:
        some = list(late)
        state = lapse(state, some, now)
        for one in some:
            after = state.registrations[one.id]
            if one.offer is not None and after.is_live and after.offer is None:
                state = state.put(after.but(offer=replace(one.offer, until=one.offer.until + timedelta(days=1))))
        return state

    patch.setattr(passing, "lapse", for_another_day)


@bug
def who_does_not_answer_stays_first(patch: pytest.MonkeyPatch) -> None:
    """An offer that lapses goes to the same person again."""
    patch.setattr(offering, "_lapsed", lambda state, one, policy: one.but(offer=None))


@bug
def a_refused_offer_is_asked_again(patch: pytest.MonkeyPatch) -> None:
    """Saying no to a place leaves its session among the wishes."""

    def rule(self: RefuseOffer, state: ProjectState, facts: Any, moment: Any) -> Ruling:
        registration = places.live(state, self.registration_id)
        offer = offering._open(registration, moment.now)
        after = registration.but(offer=None)
        state = filling.fill(state.put(after), [offer.session, *after.waits_for], moment.now)
        return Ruling(state, Ref("registration", after.id), cause=Cause(NoticeKind.OFFER_REFUSED))

    patch.setattr(RefuseOffer, "rule", rule)


@bug
def offers_last_until_the_session(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks at the cut-off."""
    patch.setattr("insight_sessions.domain.offering.cut_off", lambda project, session, place=None: session.begins)


@bug
def an_offer_stays_where_its_session_went(patch: pytest.MonkeyPatch) -> None:
    """A session is moved, and what is offered of it keeps its old deadline."""
    patch.setattr(offering, "follow", lambda state, moved, now: state)
    for module in (sessions, zones):
        patch.setattr(module, "follow", lambda state, moved, now: state, raising=False)


# Who came


@bug
def attendance_before_the_session(patch: pytest.MonkeyPatch) -> None:
    """People were there before it began."""
    _while(patch, RecordAttendance, Session, "is_open_at", lambda self, now: False)


@bug
def attendance_of_people_without_a_place(patch: pytest.MonkeyPatch) -> None:
    """Somebody who waited is said to have stayed away."""
    rule = RecordAttendance.rule

    def anybody(self: Any, state: ProjectState, *given: Any) -> Any:
        there = {id: one.but(place=self.session_id) for id, one in state.registrations.items() if id in self.attendance}
        ruling = rule(self, replace(state, registrations=state.registrations.update(there)), *given)
        after = ruling.state
        for id in there:
            one = after.registrations[id].but(place=state.registrations[id].place)
            after = replace(after, registrations=after.registrations.insert(id, one))
        return ruling._replace(state=after)

    patch.setattr(RecordAttendance, "rule", anybody)


@bug
def attendance_is_corrected_without_a_trail(patch: pytest.MonkeyPatch) -> None:
    """What was recorded first is nowhere to be read."""
    rule = RecordAttendance.rule

    def quietly(self: Any, *given: Any) -> Any:
        ruling = rule(self, *given)
        return ruling._replace(events=tuple(event for event in ruling.events if event.corrected is None))

    patch.setattr(RecordAttendance, "rule", quietly)


@bug
def attendance_is_never_corrected(patch: pytest.MonkeyPatch) -> None:
    """What was recorded first stays."""
    rule = RecordAttendance.rule

    def once(self: Any, state: ProjectState, *given: Any) -> Any:
        ruling = rule(self, state, *given)
        after = ruling.state
        for id, one in state.registrations.items():
            if one.attendance is not None and id in self.attendance:
                after = after.put(one)
        return ruling._replace(state=after, events=())

    patch.setattr(RecordAttendance, "rule", once)


# When it is


@bug
def zone_rules_go_back_and_forth(patch: pytest.MonkeyPatch) -> None:
    """Every machine puts sessions where its own rules say, older ones too."""
    patch.setattr(zones, "is_newer", lambda release, than: release != than)


@bug
def new_zone_rules_are_not_followed(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks whether a local time is another instant now."""
    patch.setattr(upkeep, "outdated", lambda state, now: iter(()))


@bug
def nobody_is_told_of_new_zone_rules(patch: pytest.MonkeyPatch) -> None:
    """The instant moves, and calendars stay behind."""
    patch.setattr(zones, "_concerned", lambda state, sessions: ())


# What calendars answer


@bug
def an_answer_to_the_old_time_counts_for_the_new_one(patch: pytest.MonkeyPatch) -> None:
    """Which invite was answered makes no difference."""

    def noted(self: Any, registration: Registration, replied: Any, revision: int) -> Any:
        return registration.but(partstat=self.answer, replied=replied), None

    patch.setattr(TakeReply, "_noted", noted)


@bug
def anybody_can_decline_for_anybody(patch: pytest.MonkeyPatch) -> None:
    """Every reply is believed to be from whom it says."""
    rule = TakeReply.rule

    def believed(self: Any, *given: Any) -> Any:
        return rule(self.model_copy(update={"trusted": True}), *given)

    patch.setattr(TakeReply, "rule", believed)


@bug
def calendars_that_answer_by_themselves_are_asked_for_ever(patch: pytest.MonkeyPatch) -> None:
    """Nobody remembers that they were asked."""
    replied = TakeReply._replied

    def forgetful(self: Any, *given: Any) -> Any:
        return replace(replied(self, *given), asked_again=None, asked_to_leave=None)

    patch.setattr(TakeReply, "_replied", forgetful)


@bug
def the_reply_that_comes_last_counts(patch: pytest.MonkeyPatch) -> None:
    """Mails that were late overtake newer ones."""
    patch.setattr(Replied, "is_newer_than", lambda self, last: True)


# What people are told


@bug
def everybody_is_told_twice(patch: pytest.MonkeyPatch) -> None:
    """One notice for the move, and one for the place."""
    decide = deciding.decide

    def twice(state: ProjectState, command: Any, facts: Any, moment: Any, *more: Any) -> Any:
        decided = decide(state, command, facts, moment, *more)
        again = tuple(replace(owed, id=moment.mint("n-")) for owed in decided.notices)
        return decided._replace(notices=decided.notices + again)

    patch.setattr(writer, "decide", twice)
    patch.setattr("insight_sessions.testing.replaying.decide", twice)


@bug
def sequence_counted_anew(patch: pytest.MonkeyPatch) -> None:
    """Every change of an invite is revision 1."""
    patch.setattr(ProjectState, "next_sequence", lambda self, sequence: 1)


@bug
def sequence_read_at_delivery(patch: pytest.MonkeyPatch) -> None:
    """The invite carries the registration's sequence of the moment it is rendered."""
    notice = Correspondence.notice

    def late(self: Any, owed: Owed, state: ProjectState) -> Any:
        return notice(self, replace(owed, sequence=state.registration(owed.registration).sequence), state)

    patch.setattr(Correspondence, "notice", late)


@bug
def message_id_made_at_delivery(patch: pytest.MonkeyPatch) -> None:
    """Each copy is a new message."""
    notice, numbers = Correspondence.notice, count()

    def new(self: Any, owed: Owed, state: ProjectState) -> Any:
        return notice(self, replace(owed, message_id=f"<{next(numbers)}@example.org>"), state)

    patch.setattr(Correspondence, "notice", new)


@bug
def stamped_at_delivery(patch: pytest.MonkeyPatch) -> None:
    """DTSTAMP is when a copy was rendered."""
    notice, numbers = Correspondence.notice, count(1)

    def new(self: Any, owed: Owed, state: ProjectState) -> Any:
        made = notice(self, replace(owed, at=owed.at + timedelta(seconds=next(numbers))), state)
        return replace(made, date=owed.at)

    patch.setattr(Correspondence, "notice", new)


@bug
def cancellations_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A place that is lost stays in the calendar."""
    method = Difference._method

    def requests(self: Difference) -> Method | None:
        return None if self.new is None else method(self)

    patch.setattr(Difference, "_method", requests)


@bug
def a_known_place_is_superseded(patch: pytest.MonkeyPatch) -> None:
    """What a consumer took already is left out, and its cancellation with it."""
    overtaken = delivery.Courier._overtaken

    def again(self: Any, one: Delivery) -> Any:
        return overtaken(self, replace(one, attempts=1))

    patch.setattr(delivery.Courier, "_overtaken", again)


# What followers are told, and who is reminded


@bug
def news_before_anybody_confirmed(patch: pytest.MonkeyPatch) -> None:
    """Whoever was asked whether they want news gets them."""
    patch.setattr(telling, "_followers", lambda state, news: iter(state.followers.values()))


@bug
def addresses_are_kept(patch: pytest.MonkeyPatch) -> None:
    """Whoever leaves is in the journal, and in the records."""
    patch.setattr(ProjectState, "without", lambda self, kind, id: self)


@bug
def reminded_however_few_come(patch: pytest.MonkeyPatch) -> None:
    """Of a session that will not run."""
    made = reminding._made
    patch.setattr(
        reminding,
        "_made",
        lambda state, session, reminder, moment: made(
            state, session.model_copy(update={"minimum": 0}), reminder, moment
        ),
    )


@bug
def nobody_is_reminded(patch: pytest.MonkeyPatch) -> None:
    """The moment comes, and nobody looks."""
    patch.setattr(passing, "reminders_due", lambda state: iter(()))


# How it is brought to them


@bug
def lease_without_token(patch: pytest.MonkeyPatch) -> None:
    """A worker that comes back late settles the claim of another."""
    anyone = "SELECT number, consumer, stream FROM outbox WHERE id = ?1 AND ?2 IS NOT NULL"
    patch.setattr(sqlite_outbox, "_CLAIMED", anyone)


@bug
def lease_that_never_ends(patch: pytest.MonkeyPatch) -> None:
    """What a killed worker had claimed is claimed by nobody."""
    patch.setattr(delivery, "LEASE", timedelta(days=30_000))


@bug
def settled_when_claimed(patch: pytest.MonkeyPatch) -> None:
    """At most once instead of at least once."""
    claim = sqlite_outbox.claim

    def for_good(connection: Any, numbers: Any, *given: Any) -> Any:
        claimed = claim(connection, numbers, *given)
        for each in numbers:
            connection.execute("DELETE FROM outbox WHERE number = ?", (each,))
        return claimed

    patch.setattr(sqlite_outbox, "claim", for_good)


@bug
def dead_letters_are_thrown_away(patch: pytest.MonkeyPatch) -> None:
    """What cannot be delivered is gone."""
    patch.setattr(sqlite_outbox, "_BURY", "DELETE FROM outbox WHERE ?1 IS NOT NULL AND number = ?2")


@bug
def one_message_blocks_for_ever(patch: pytest.MonkeyPatch) -> None:
    """What always fails is always tried again, and what is behind it never."""
    patch.setattr(delivery, "MOST_ATTEMPTS", 10**9)
    patch.setattr(delivery.Courier, "_pause", lambda self, attempts: timedelta(hours=1))


@bug
def undecided_people_are_never_checked_again(patch: pytest.MonkeyPatch) -> None:
    """What is old stays old until somebody decides."""
    grown = upkeep._has_grown_old
    patch.setattr(upkeep, "_has_grown_old", lambda state, one, now: bool(one.waits_for) and grown(state, one, now))


@bug
def cancelled_project_keeps_its_places(patch: pytest.MonkeyPatch) -> None:
    """Everybody is told, and nothing is taken away."""
    patch.setattr(calls, "released", lambda one, decision: one)


def main(name: str) -> None:
    """Let one out, and say what the first broken history says."""
    logging.getLogger("insight_sessions").addHandler(logging.NullHandler())
    with pytest.MonkeyPatch.context() as patch:
        ZOO[name](patch)
        for seed in range(PATIENCE):
            try:
                simulate(seed)
            except Broken as broken:
                if not isinstance(broken.__cause__, Broken):
                    raise  # the plant itself is ill
                sys.stdout.write(f"{broken}\n")
                return


if __name__ == "__main__":
    main(sys.argv[1])
