"""What comes after the write-up: members show work of their own, and some of it becomes a case study."""

from dataclasses import dataclass
from datetime import datetime

import next_phase_told as told
from clock import Clock

from insight_sessions import (
    Attendance,
    DecideWork,
    Desk,
    Member,
    NotPossible,
    ShareWork,
    Work,
    WorkStatus,
)

# By the clock on the wall in London.
SHARED = datetime(2021, 9, 14, 17)  # noqa: DTZ001 - the clock adds the zone
LATE = datetime(2021, 10, 1, 8)  # noqa: DTZ001 - the same
READ = datetime(2021, 10, 11, 15)  # noqa: DTZ001 - the same
AGREED = datetime(2021, 10, 18, 9)  # noqa: DTZ001 - the same
PUBLISHED = datetime(2021, 10, 25, 12)  # noqa: DTZ001 - the same

WORKS = (
    Work(
        title="Two afternoons on the phone",
        setting="acute hospital",
        summary="We ring everybody who has waited half a year. One in nine no longer needs what they wait for.",
    ),
    Work(
        title="One list for three clinics",
        setting="community",
        summary="Three clinics share one list, and whoever is free first sees the next person.",
        link="https://example.org/one-list",
        consent=True,
    ),
    Work(title="A plan", setting="primary care", summary="We mean to begin next year.", consent=True),
)
TOO_LATE = Work(title="Weekend clinics", setting="acute hospital", summary="They are open on Sundays too.")


@dataclass
class NextPhase:
    """The last part of the story.

    Args:
        desk: where it is done.
        clock: what the desk takes for now.
        project_id: what it is about.
    """

    desk: Desk
    clock: Clock
    project_id: str

    def gather(self) -> None:
        """Some who came share what they do, and one of them is too late."""
        came = self._came()
        self.clock.set(SHARED)
        for member, work in zip(came, WORKS, strict=False):
            self.desk.do(ShareWork(project_id=self.project_id, member=member.id, work=work))
        told.shared(SHARED, [*self.desk.state(self.project_id).works.values()], self.desk.deliver().sent)
        self.clock.set(LATE)
        try:
            self.desk.do(ShareWork(project_id=self.project_id, member=came[len(WORKS)].id, work=TOO_LATE))
        except NotPossible as refusal:
            told.late(LATE, refusal.public_message)

    def choose(self) -> None:
        """Two are on the shortlist. One of them is published when its owner has agreed to that."""
        ids = {one.title: id for id, one in self.desk.state(self.project_id).works.items()}
        phone, shared_list, plan = (ids[work.title] for work in WORKS)
        self.clock.set(READ)
        self._decide(phone, WorkStatus.SHORTLISTED, "May we publish it? Please say so in the form where you shared it.")
        self._decide(shared_list, WorkStatus.SHORTLISTED)
        self._decide(plan, WorkStatus.DECLINED, "We would like to hear of it when you have begun.")
        told.read(READ, [*self.desk.state(self.project_id).works.values()], self.desk.deliver().sent)
        self.clock.set(AGREED)
        agreed = WORKS[0].model_copy(update={"consent": True})
        self.desk.do(ShareWork(project_id=self.project_id, member=self._came()[0].id, work=agreed))
        self.clock.set(PUBLISHED)
        self._decide(phone, WorkStatus.PUBLISHED)
        told.decided(PUBLISHED, self.desk.deliver().sent, self.desk.summary(self.project_id))

    def _decide(self, work_id: str, decision: WorkStatus, message: str = "") -> None:
        self.desk.do(DecideWork(project_id=self.project_id, work_id=work_id, decision=decision, message=message))

    def _came(self) -> list[Member]:
        """Those who were there, first come first."""
        state = self.desk.state(self.project_id)
        registrations = sorted(state.registrations.values(), key=lambda one: one.arrived)
        return [state.people[one.person].member for one in registrations if one.attendance is Attendance.ATTENDED]
