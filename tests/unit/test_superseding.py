from dataclasses import replace
from datetime import timedelta

import pytest

from insight_sessions.domain.notices import Method, NoticeKind, Owed
from insight_sessions.domain.registration import Offer
from insight_sessions.domain.session import Slot
from insight_sessions.superseding import current, merged

from .desk_kit import DAY, NOW, Rehearsal, project

SLOTS = Rehearsal(project()).state.slots
MON, TUE, THU = SLOTS["mon"], SLOTS["tue"], SLOTS["thu"]
LATER = replace(MON, starts=MON.starts + timedelta(hours=1), starts_at=MON.starts_at + timedelta(hours=1))


def owed(
    kind: NoticeKind,
    sequence: int = 0,
    *,
    slot: Slot | None = None,
    previous: Slot | None = None,
    cancelled: Slot | None = None,
    begins: bool = False,
    registration: str = "r-1",
) -> Owed:
    """A notice, with the calendar message that goes with its sessions."""
    method = Method.REQUEST if slot else Method.CANCEL if previous else None
    return Owed(
        id=f"n-{sequence}",
        message_id=f"<n-{sequence}@example.org>",
        at=NOW,
        kind=kind,
        registration=registration,
        person="p-ada",
        title="Backlogs",
        slot=slot,
        previous=previous,
        cancelled=cancelled,
        method=method,
        sequence=sequence,
        begins=begins,
    )


K = NoticeKind
FIRST = owed(K.PLACE_CONFIRMED, slot=MON, begins=True)
MOVED = owed(K.PLACE_MOVED, 1, slot=TUE, previous=MON)
WITHDRAWN = owed(K.WITHDRAWN, 2, previous=TUE)
RESCHEDULED = owed(K.SESSION_RESCHEDULED, 1, slot=LATER, previous=MON)
CANCELLED = owed(K.SESSION_CANCELLED, 1, previous=MON, cancelled=MON)
DETAILS = owed(K.DETAILS_CHANGED, slot=MON)
AGAIN = owed(K.ANSWER_AGAIN, 1, slot=LATER)
GIVE_UP = replace(owed(K.GIVE_UP_PLACE, 1, slot=LATER), method=None)


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (FIRST, owed(K.DECLINED)),
        (FIRST, replace(MOVED, registration="r-2")),
        (owed(K.WAITING), WITHDRAWN),
        (CANCELLED, WITHDRAWN),
        (owed(K.WAITING), owed(K.WITHDRAWN)),
        (MOVED, owed(K.SWITCH_WAITING)),
        (RESCHEDULED, GIVE_UP),
        (AGAIN, GIVE_UP),
        (GIVE_UP, owed(K.DETAILS_CHANGED, 1, slot=LATER)),
        (GIVE_UP, replace(WITHDRAWN, registration="r-2")),
    ],
    ids=range(10),
)
def test_what_says_different_things_goes_out_as_it_is(first: Owed, later: Owed) -> None:
    """Only a later calendar message of the same person's entry overtakes."""
    assert merged(first, later) is None


@pytest.mark.parametrize(
    ("first", "later", "kind", "previous"),
    [
        (FIRST, MOVED, K.PLACE_CONFIRMED, None),
        (FIRST, RESCHEDULED, K.PLACE_CONFIRMED, None),
        (FIRST, DETAILS, K.PLACE_CONFIRMED, None),
        (MOVED, owed(K.PLACE_MOVED, 2, slot=THU, previous=TUE), K.PLACE_MOVED, MON),
        (MOVED, owed(K.PLACE_MOVED, 2, slot=MON, previous=TUE), K.PLACE_CONFIRMED, None),
        (MOVED, owed(K.PLACE_MOVED, 2, slot=LATER, previous=TUE), K.SESSION_RESCHEDULED, MON),
        (RESCHEDULED, owed(K.SESSION_RESCHEDULED, 2, slot=MON, previous=LATER), K.PLACE_CONFIRMED, None),
        (RESCHEDULED, DETAILS, K.PLACE_CONFIRMED, None),
        (DETAILS, MOVED, K.PLACE_MOVED, MON),
        (CANCELLED, owed(K.PLACE_CONFIRMED, 2, slot=TUE), K.PLACE_MOVED, MON),
        (owed(K.WAITING), owed(K.PLACE_CONFIRMED, slot=MON, begins=True), K.PLACE_CONFIRMED, None),
        (owed(K.SWITCH_WAITING), MOVED, K.PLACE_MOVED, MON),
        (RESCHEDULED, AGAIN, K.SESSION_RESCHEDULED, MON),
        (FIRST, AGAIN, K.PLACE_CONFIRMED, None),
        (AGAIN, owed(K.DETAILS_CHANGED, 1, slot=LATER), K.DETAILS_CHANGED, None),
        (AGAIN, owed(K.SESSION_RESCHEDULED, 2, slot=MON, previous=LATER), K.SESSION_RESCHEDULED, LATER),
        (GIVE_UP, owed(K.PLACE_MOVED, 2, slot=TUE, previous=LATER), K.PLACE_MOVED, LATER),
        (GIVE_UP, replace(WITHDRAWN, previous=LATER), K.WITHDRAWN, LATER),
    ],
    ids=range(18),
)
def test_a_later_message_says_what_is_still_news(first: Owed, later: Owed, kind: K, previous: Slot | None) -> None:
    """Against what the person knows, not against what was never sent."""
    found = merged(first, later)
    assert found == replace(
        later,
        kind=kind,
        previous=previous,
        cancelled=later.cancelled or first.cancelled,
        begins=first.begins or later.begins,
    )


def test_a_cancelled_session_stays_news() -> None:
    """Whether they had a place in it or waited for it."""
    found = merged(CANCELLED, owed(K.PLACE_CONFIRMED, 2, slot=TUE))
    assert found is not None
    assert found.cancelled == MON
    waited = merged(owed(K.SESSION_CANCELLED, cancelled=MON), owed(K.PLACE_CONFIRMED, slot=TUE, begins=True))
    assert waited is not None
    assert (waited.cancelled, waited.begins) == (MON, True)


def test_a_cancellation_of_what_nobody_heard_of_cancels_nothing() -> None:
    """They read that they withdrew; their calendar never knew, and a place again is their first."""
    found = merged(FIRST, replace(WITHDRAWN, previous=MON))
    assert found is not None
    assert (found.kind, found.method, found.previous, found.begins) == (K.WITHDRAWN, None, None, True)
    again = merged(found, owed(K.PLACE_CONFIRMED, 3, slot=TUE))
    assert again is not None
    assert (again.kind, again.begins, again.sequence) == (K.PLACE_CONFIRMED, True, 3)


def test_a_cancellation_after_a_move_that_was_not_sent_is_of_what_they_know() -> None:
    """Their calendar still shows the first session."""
    found = merged(MOVED, WITHDRAWN)
    assert found is not None
    assert (found.kind, found.method, found.previous, found.sequence) == (K.WITHDRAWN, "CANCEL", MON, 2)


def test_a_cancellation_after_other_details_is_of_the_session_they_have() -> None:
    """There is nothing earlier to name."""
    found = merged(DETAILS, replace(WITHDRAWN, previous=MON))
    assert found is not None
    assert found.previous == MON


def test_a_copy_keeps_its_own_id_moment_and_sequence() -> None:
    """Every copy of a notice says the same to whoever gets it."""
    found = merged(FIRST, MOVED)
    assert found is not None
    assert (found.id, found.message_id, found.at, found.sequence) == ("n-1", "<n-1@example.org>", NOW, 1)


def test_a_question_that_was_never_asked_ends_with_its_place() -> None:
    """Nobody is asked to answer an invite, or to give up a place, that was taken back."""
    found = merged(AGAIN, replace(WITHDRAWN, previous=LATER))
    assert found is not None
    assert (found.kind, found.method, found.previous) == (K.WITHDRAWN, "CANCEL", LATER)
    assert merged(GIVE_UP, replace(WITHDRAWN, previous=LATER)) == replace(WITHDRAWN, previous=LATER)


OFFERED = replace(owed(K.PLACE_OFFERED), offered=MON, until=NOW + DAY)
UPDATED = replace(owed(K.SESSION_RESCHEDULED, 1, slot=TUE, previous=LATER), offered=MON, until=NOW + DAY)


@pytest.mark.parametrize(
    ("offer", "ahead", "stands"),
    [
        (Offer("mon", NOW + DAY), DAY - timedelta(microseconds=1), True),
        (Offer("mon", NOW + DAY), DAY, False),
        (Offer("mon", NOW + 2 * DAY), timedelta(0), False),
        (Offer("tue", NOW + DAY), timedelta(0), False),
        (None, timedelta(0), False),
    ],
)
def test_nobody_reads_late_of_a_place_that_is_no_longer_held(offer: Offer, ahead: timedelta, stands: bool) -> None:
    """A notice about it alone is not sent, another one says nothing of it."""
    room = Rehearsal(project())
    room.register("ada", "thu")
    mine = [replace(one, registration=room.of("ada").id) for one in (OFFERED, UPDATED)]
    state = room.state.put(room.of("ada").but(offer=offer))
    assert current(mine[0], state, NOW + ahead) == (mine[0] if stands else None)
    assert current(mine[1], state, NOW + ahead) == (mine[1] if stands else replace(mine[1], offered=None, until=None))


def test_a_notice_without_an_offer_is_sent_as_it_is() -> None:
    """Even to somebody who is gone; what becomes of it then is not for here."""
    state = Rehearsal(project()).state
    assert current(FIRST, state, NOW) is FIRST
    assert current(OFFERED, state, NOW) is None


def test_an_offer_that_was_not_sent_is_overtaken_by_the_place() -> None:
    """But not by what says nothing of a place."""
    accepted = owed(K.PLACE_CONFIRMED, slot=MON, begins=True)
    assert merged(OFFERED, accepted) == accepted
    assert merged(OFFERED, owed(K.OFFER_LAPSED)) is None
