"""Chains of calendar messages, taken as mail clients take them: in any order, and twice."""

import os
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from insight_sessions import Desk, NotFound, Notice, Refusal, Runtime, hookimpl
from insight_sessions.commands.base import Command
from insight_sessions.commands.calls import AmendProject, AnnounceProject, OpenCall
from insight_sessions.commands.people import CorrectMember
from insight_sessions.commands.places import RegisterInterest, SwitchSession, Withdraw
from insight_sessions.commands.sessions import CancelSession, RescheduleSession
from insight_sessions.storage.memory import MemoryStorage
from tests.calendar_client import Client
from tests.unit.desk_kit import NOW, P, member, project, session

ADDRESSES = ("ada@example.org", "ada@new.example.org", "ada@home.example.org")
WISHES = st.permutations(["mon", "tue"]).map(tuple)


class Mail:
    """Takes messages to each address, now and then."""

    name = "mail"

    def __init__(self) -> None:
        self.to: dict[str, list[bytes]] = defaultdict(list)

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Keep its calendar part."""
        if notice.invite is not None:
            self.to[notice.recipient.email].append(notice.invite.data)


def steps(desk: Desk) -> st.SearchStrategy[Command[Any]]:
    """What may happen to Ada's place."""
    mine = desk.state(P).registration_of("ada")
    id = "r-0" if mine is None else mine.id
    ada = st.sampled_from(ADDRESSES).map(lambda email: member("ada", email=email))
    session = st.sampled_from(["mon", "tue"])
    starts = st.sampled_from(["2021-07-05T10:00", "2021-07-07T15:00", "2021-10-31T01:30"])
    return st.one_of(
        st.builds(CorrectMember, project_id=st.just(P), member=ada),
        st.builds(CorrectMember, project_id=st.just(P), member=ada),
        st.builds(RegisterInterest, project_id=st.just(P), member=ada, sessions=WISHES),
        st.builds(SwitchSession, project_id=st.just(P), registration_id=st.just(id), sessions=WISHES),
        st.builds(Withdraw, project_id=st.just(P), registration_id=st.just(id)),
        st.builds(RescheduleSession, project_id=st.just(P), session_id=session, starts=starts),
        st.builds(AmendProject, project_id=st.just(P), title=st.sampled_from(["One", "Two"])),
        st.builds(CancelSession, project_id=st.just(P), session_id=session),
    )


@given(data=st.data())
def test_chains_end_in_the_right_calendars(data: st.DataObject) -> None:
    """Her place is behind her present address as it is now, and nothing of it behind any other."""
    mail, now = Mail(), [NOW]
    desk = Desk(MemoryStorage(os.urandom), plugins=[mail], discover=False, runtime=Runtime(now=lambda: now[0]))
    desk.do(AnnounceProject(project=project(session("mon"), session("tue"))))
    desk.do(OpenCall(project_id=P))
    desk.do(RegisterInterest(project_id=P, member=member("ada"), sessions=data.draw(WISHES)))
    for _ in range(data.draw(st.integers(1, 8))):
        now[0] += timedelta(seconds=data.draw(st.sampled_from([0, 1, 3_600])))
        if data.draw(st.booleans()):
            desk.deliver()
        try:
            desk.do(data.draw(steps(desk)))
        except (Refusal, NotFound):
            continue
    desk.deliver()
    shown = {address: calendar(data, mail.to[address]) for address in ADDRESSES}
    state = desk.state(P)
    expected: set[tuple[str, str, object]] = set()
    for one in desk.of_member("ada"):
        slot = state.slot_of(one)
        if one.place is not None and slot is not None:
            expected.add((state.people[one.person].email, one.uid, slot.starts_at))
    found = {
        (address, uid, event.begins)
        for address, client in shown.items()
        for uid, event in client.events.items()
        if event.status != "CANCELLED"
    }
    assert found == expected


def calendar(data: st.DataObject, messages: Sequence[bytes]) -> Client:
    """What a calendar shows that took all these messages, some twice, in some order."""
    client = Client()
    again = data.draw(st.lists(st.sampled_from(messages), max_size=3)) if messages else []
    for message in data.draw(st.permutations([*messages, *again])):
        client.take(message)
    return client
