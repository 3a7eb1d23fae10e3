"""After any history, erasing anybody leaves nothing of them, and takes nothing from anybody else."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from insight_sessions import AnnounceProject, Desk, Notice, OpenCall, Project, Runtime, hookimpl
from insight_sessions.errors import NotFound, Refusal
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.port import Record
from insight_sessions.testing.replaying import differences
from insight_sessions.testing.strategies import commands, projects

P = "p"


class Post:
    """Takes notices, and says to whom they were."""

    name = "post"

    def __init__(self) -> None:
        self.people: list[str] = []

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Keep whom it is for."""
        self.people.append(notice.recipient.person)


class Place:
    """A desk on a store in memory, with a clock of its own."""

    def __init__(self) -> None:
        self.now = datetime(2029, 12, 15, tzinfo=UTC)
        self.storage = MemoryStorage(Random(2).randbytes)  # noqa: S311 - it must repeat
        self.post = Post()
        self.desk = self.opened(Random(1))  # noqa: S311 - the same

    def opened(self, chance: Random) -> Desk:
        """A desk that knows nothing yet."""
        runtime = Runtime(now=lambda: self.now, random_bytes=chance.randbytes)
        return Desk(self.storage, plugins=[self.post], discover=False, runtime=runtime, secret="s" * 16)

    def records(self) -> list[Record]:
        """All that lives."""
        found = [record for id in self.storage.project_ids() for record in self.storage.read(id).records]
        return [record for record in found if record.body is not None]


@settings(max_examples=50)
@given(st.data(), projects(), st.booleans())
def test_nothing_of_them_is_left_and_nobody_else_loses_anything(
    data: st.DataObject, project: Project, farewell: bool
) -> None:
    """In no record, in no other process, in no message after the last one; the state is what its records say."""
    place = Place()
    desk = place.desk
    desk.do(AnnounceProject(project=project.model_copy(update={"id": P})))
    desk.do(OpenCall(project_id=P))
    for _ in range(data.draw(st.integers(1, 15))):
        command = data.draw(commands(desk.state(P)))
        place.now += timedelta(hours=data.draw(st.sampled_from([0, 0, 1, 30, 400])))
        try:
            desk.do(command)
        except (Refusal, NotFound, ValueError):
            continue
        if data.draw(st.booleans()):
            desk.deliver()
    before = desk.state(P)
    known = sorted(before.people.values(), key=lambda one: one.id)
    if not known:
        return
    who = data.draw(st.sampled_from(known))
    elsewhere = place.opened(Random(3))  # noqa: S311 - it must repeat
    assert elsewhere.state(P).people[who.id] == who

    desk.erase_member(who.member_id, farewell=farewell)
    after = desk.state(P)
    for one in before.registrations.values():
        if one.person != who.id:
            now = after.registrations[one.id]
            assert now.arrived == one.arrived
            assert one.place is None or now.place is not None
    place.post.people.clear()
    desk.deliver()
    theirs = sum(one.person == who.id for one in before.registrations.values())
    assert place.post.people.count(who.id) <= (theirs if farewell else 0)
    place.now += timedelta(hours=25)
    desk.tick()
    desk.tick()
    assert [record for record in place.records() if who.id in f"{record.id} {record.subject} {record.body}"] == []
    fresh = place.opened(Random(4))  # noqa: S311 - the same
    for other in (desk, elsewhere, fresh):
        state = other.state(P)
        assert other.of_member(who.member_id) == []
        assert state.registration_of(who.member_id) is None
        assert not any(one.person == who.id for one in state.registrations.values())
        assert differences(state, fresh.state(P)) == []
