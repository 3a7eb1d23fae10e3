"""A store restored from a backup has forgotten what it sent since."""

from datetime import UTC, datetime

from insight_sessions import (
    AnnounceProject,
    Contact,
    Desk,
    Member,
    OpenCall,
    Project,
    RegisterInterest,
    Runtime,
    Session,
    SwitchSession,
)
from insight_sessions.domain.thing import RESTORE_GAP
from insight_sessions.storage.memory import MemoryStorage


def test_after_a_restore_no_sequence_number_is_used_again() -> None:
    """An invite sent after the backup and before the restore must not share its number with a later one."""
    runtime = Runtime(now=lambda: datetime(2021, 6, 14, 9, tzinfo=UTC))
    storage = MemoryStorage(runtime.random_bytes)
    project = Project(
        id="call",
        title="A call",
        summary="About it.",
        timezone="Europe/London",
        organiser=Contact(name="Team", email="team@example.org"),
        sessions=(
            Session(id="mon", starts="2021-07-05T10:00", minutes=120),
            Session(id="tue", starts="2021-07-06T10:00", minutes=120),
        ),
    )
    with Desk(storage, discover=False, runtime=runtime) as desk:
        desk.do(AnnounceProject(project=project))
        desk.do(OpenCall(project_id="call"))
        ada = Member(id="a", name="Ada", email="ada@example.org")
        mine = desk.do(RegisterInterest(project_id="call", member=ada, sessions=("mon",)))
        again = SwitchSession(project_id="call", registration_id=mine.id, sessions=("tue",))
        assert desk.do(again).sequence == 1

        storage.restored()
        back = SwitchSession(project_id="call", registration_id=mine.id, sessions=("mon",))
        assert desk.do(back).sequence == RESTORE_GAP
        assert desk.do(again).sequence == RESTORE_GAP + 1
        assert desk.state("call").lineage.restores == 1
