"""A call for participants in a few lines: announce, open, register, deliver."""

from insight_sessions import (
    AnnounceProject,
    ConsoleNotifier,
    Contact,
    Desk,
    Member,
    OpenCall,
    Project,
    RegisterInterest,
    Session,
)

team = Contact(name="Insight project team", email="insight@example.org")
monday = Session(id="mon", starts="2031-07-07T10:00", minutes=120, capacity=20, minimum=6)
project = Project(
    id="backlogs",
    title="Exploring backlogs",
    summary="What members see, and what they try.",
    timezone="Europe/London",
    organiser=team,
    sessions=(monday,),
)
ada = Member(id="q-17", name="Ada Osei", email="ada@example.org")

with Desk.open("memory:", plugins=[ConsoleNotifier()]) as desk:
    desk.do(AnnounceProject(project=project))
    desk.do(OpenCall(project_id="backlogs"))
    mine = desk.do(RegisterInterest(project_id="backlogs", member=ada, sessions=("mon",)))
    desk.deliver()
    print(f"{mine.status}: a place on {mine.place}")
