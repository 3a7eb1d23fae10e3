"""Three calendar files, one life: an invite, its update after a switch, and its cancellation.

All three carry one UID, and a SEQUENCE that only grows: a calendar that takes them in this order shows the session
once, moves it, and takes it away. Run it with ``python examples/three_invites.py --out out/three-invites``.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from icalendar import Calendar

from insight_sessions import (
    AnnounceProject,
    Contact,
    Desk,
    Member,
    OpenCall,
    Project,
    RegisterInterest,
    Registration,
    Runtime,
    Session,
    SwitchSession,
    Withdraw,
)

PROJECT = Project(
    id="covid-backlogs",
    title="Exploring COVID-19 backlogs",
    summary="Two hours with other members, about backlogs and what helps against them.",
    timezone="Europe/London",
    organiser=Contact(name="Insight project team", email="insight@example.org"),
    sessions=(
        Session(id="mon", starts="2021-07-05T10:00", minutes=120),
        Session(id="tue", starts="2021-07-06T14:00", minutes=120),
        Session(id="thu", starts="2021-07-08T17:00", minutes=120),
    ),
)
SIAN = Member(id="q-002", name="Siân Llewelyn-Rhys", email="sian.llewelyn@example.org")


def write(desk: Desk, mine: Registration, path: Path, what: str) -> None:
    """Write somebody's current invite, and say what a calendar reads in it."""
    data = desk.invite(PROJECT.id, mine.id)
    path.write_bytes(data)
    calendar = Calendar.from_ical(data)
    [event] = calendar.walk("VEVENT")
    starts = event.decoded("dtstart")
    reads = (calendar["method"], f"sequence {event['sequence']}", event["status"], f"{starts:%A %d %B %Y, %H:%M %Z}")
    print(f"{path.name:<14}{what}\n{'':<14}{', '.join(map(str, reads))}")


def main() -> None:
    """Register, switch, withdraw; one file after each."""
    parser = argparse.ArgumentParser(description="Three calendar files: an invite, its update, its cancellation.")
    parser.add_argument("--out", type=Path, default=Path("out/three-invites"), help="where to put them")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    june = Runtime(now=lambda: datetime(2021, 6, 14, 9, tzinfo=UTC))
    with Desk.open("memory:", discover=False, runtime=june) as desk:
        desk.do(AnnounceProject(project=PROJECT))
        desk.do(OpenCall(project_id=PROJECT.id))
        mine = desk.do(RegisterInterest(project_id=PROJECT.id, member=SIAN, sessions=("mon",)))
        write(desk, mine, out / "1-invite.ics", "Siân has a place on Monday")
        desk.do(SwitchSession(project_id=PROJECT.id, registration_id=mine.id, sessions=("thu",)))
        write(desk, mine, out / "2-update.ics", "She switches to Thursday: the same entry, at another time")
        desk.do(Withdraw(project_id=PROJECT.id, registration_id=mine.id))
        write(desk, mine, out / "3-cancel.ics", "She withdraws: the entry goes")
    print(f"One UID in all three: {mine.uid}")


if __name__ == "__main__":
    main()
