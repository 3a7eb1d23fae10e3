"""What comes after the places are given: joining details, who came, the write-up, and what readers say to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import afterwards_told as told
from clock import Clock

from insight_sessions import (
    AnswerFeedback,
    Attendance,
    Audience,
    Desk,
    GiveFeedback,
    RecordAttendance,
    Registration,
    ReleaseJoiningDetails,
    Session,
    SessionStatus,
    ShareWriteUp,
    WriteUp,
)

# By the clock on the wall in London.
PLANNED = datetime(2021, 7, 2, 16)  # noqa: DTZ001 - the clock adds the zone
EVES = (datetime(2021, 7, 4, 10), datetime(2021, 7, 5, 14))  # noqa: DTZ001 - the same
COUNTED = datetime(2021, 7, 9, 9, 30)  # noqa: DTZ001 - the same
WRITTEN = datetime(2021, 7, 19, 12)  # noqa: DTZ001 - the same
READ = datetime(2021, 7, 22, 18)  # noqa: DTZ001 - the same
ANSWERED = datetime(2021, 8, 9, 10)  # noqa: DTZ001 - the same

HEARD = WriteUp(
    id="what-we-heard",
    title="What we heard about backlogs",
    text=(
        "Lists are counted in many ways, so that nobody can say who waits longest. Where people are asked how they are "
        "while they wait, some no longer need what they wait for, and others need it sooner."
    ),
    audience=Audience.REGISTERED,
    feedback_until=14,
)
SAID = (
    ("We ring everybody who has waited half a year. It takes two afternoons a week.", True),
    ("You left out community pharmacies.", True),
    ("My own mother waits, which is why I came.", False),
)
OUR_ANSWER = "The second version has a part on pharmacies. Thank you."


@dataclass
class Afterwards:
    """The second half of the story.

    Args:
        desk: where it is done.
        clock: what the desk takes for now.
        project_id: what it is about.
    """

    desk: Desk
    clock: Clock
    project_id: str

    def plan_joining(self) -> None:
        """Say how to join, a day before each session that runs; only those with a place will see it."""
        self.clock.set(PLANNED)
        for session in self._sessions():
            link = f"https://meet.example.org/backlogs-{session.id}"
            plan = ReleaseJoiningDetails(
                project_id=self.project_id, session_id=session.id, link=link, text="No camera needed.", hours_before=24
            )
            self.desk.do(plan)

    def let_in(self) -> None:
        """The days before come, and the joining details go out by themselves."""
        told.joining_head()
        for eve in EVES:
            self.clock.set(eve)
            self.desk.tick()
            told.joining(eve, self.desk.deliver().sent)

    def count(self) -> None:
        """The facilitators say who came."""
        self.clock.set(COUNTED)
        told.attendance_head()
        for session in self._sessions():
            people = self.desk.state(self.project_id).holders(session.id)
            given = dict(zip((one.id for one in people), _who_came(people), strict=True))
            self.desk.do(RecordAttendance(project_id=self.project_id, session_id=session.id, attendance=given))
            told.attendance(session, list(given.values()))

    def write_up(self) -> None:
        """Share what was heard with all who registered, and ask what they think of it."""
        self.clock.set(WRITTEN)
        shared = self.desk.do(ShareWriteUp(project_id=self.project_id, write_up=HEARD))
        told.shared(WRITTEN, shared, self.desk.deliver().sent)

    def listen(self) -> None:
        """Some write back; one of them hears what became of it, and the next version is for everybody."""
        self.clock.set(READ)
        came = [one for one in self._registrations() if one.attendance is Attendance.ATTENDED]
        given = [
            self.desk.do(
                GiveFeedback(project_id=self.project_id, registration_id=one.id, text=text, may_quote=may_quote)
            )
            for one, (text, may_quote) in zip(came, SAID, strict=False)
        ]
        self.clock.set(ANSWERED)
        self.desk.do(AnswerFeedback(project_id=self.project_id, feedback_id=given[1].id, text=OUR_ANSWER))
        answers = self.desk.deliver().sent
        better = HEARD.model_copy(
            update={"text": f"{HEARD.text} Pharmacies see many of them first.", "audience": Audience.PUBLIC}
        )
        shared = self.desk.do(
            ShareWriteUp(project_id=self.project_id, write_up=better.model_copy(update={"feedback_until": None}))
        )
        told.shared(ANSWERED, shared, self.desk.deliver().sent)
        told.summary(self.desk.summary(self.project_id), answers)

    def _sessions(self) -> list[Session]:
        """Those that run or ran."""
        sessions = self.desk.state(self.project_id).in_order()
        return [one for one in sessions if one.status is not SessionStatus.CANCELLED]

    def _registrations(self) -> list[Registration]:
        """All, first come first."""
        return sorted(self.desk.state(self.project_id).registrations.values(), key=lambda one: one.arrived)


def _who_came(people: Sequence[Registration]) -> list[Attendance]:
    """Nearly all."""
    missing = [Attendance.EXCUSED, Attendance.ABSENT]
    return [*(Attendance.ATTENDED for _ in people[2:]), *missing]
