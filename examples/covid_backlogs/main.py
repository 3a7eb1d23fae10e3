"""The call for participants of June 2021, end to end: announced, answered, closed, put right, held, written up.

Run it with ``./dev demo``, or ``python examples/covid_backlogs/main.py --out out``. Everybody in it is made up. Mail
goes into a folder, or with ``--smtp`` to a mail server; the clock is set by hand, and nothing needs a network.
"""

import argparse
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

import data
import report_page
import telling
from afterwards import Afterwards
from clock import Clock
from following import Following
from next_phase import NextPhase

from insight_sessions import (
    AnnounceProject,
    CancelSession,
    Desk,
    FolderNotifier,
    NotEligible,
    NotFound,
    NotPossible,
    OpenCall,
    Project,
    Refusal,
    Registration,
    Report,
    Runtime,
    Status,
)

HERE = Path(__file__).resolve().parent

# By the clock on the wall in London.
ANNOUNCED = datetime(2021, 6, 14, 9)  # noqa: DTZ001 - the clock adds the zone
OPENED = datetime(2021, 6, 14, 10)  # noqa: DTZ001 - the same
CLOSED = datetime(2021, 6, 30, 17)  # noqa: DTZ001 - the same
LOOKED_AT = datetime(2021, 7, 1, 12)  # noqa: DTZ001 - the same
HELD = datetime(2021, 7, 9, 9)  # noqa: DTZ001 - the same
CLOSE_OF_DAY = time(20)


@dataclass
class Story:
    """Everything that happens, act by act.

    Args:
        desk: where it is done.
        clock: what the desk takes for now.
        project: what it is about.
        directory: who is a member.
        asked: how often somebody asked to take part.
        refused: how often each reason to refuse was given, and what it said.
    """

    desk: Desk
    clock: Clock
    project: Project
    directory: data.Directory
    asked: int = 0
    refused: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])

    def announce(self) -> None:
        """The project becomes known, with its call as a draft."""
        self.clock.set(ANNOUNCED)
        telling.announced(self.desk.do(AnnounceProject(project=self.project)))

    def open(self) -> None:
        """Members can register."""
        self.clock.set(OPENED)
        self.desk.do(OpenCall(project_id=self.project.id))
        telling.call(OPENED, self.desk.state(self.project.id).call)

    def close(self) -> Report:
        """Nobody has to do it: the project says when, and the desk does it when it ticks."""
        telling.moved_up()
        self.clock.set(CLOSED)
        self.desk.tick()
        telling.call(CLOSED, self.desk.state(self.project.id).call)
        return self.desk.report(self.project.id)

    def take(self, sign_ups: Sequence[data.SignUp]) -> None:
        """Sign-ups in the order they came; messages go out at the end of each day."""
        telling.head()
        for day, of_the_day in groupby(sign_ups, key=lambda one: one.at.date()):
            counts: Counter[str] = Counter()
            for sign_up in of_the_day:
                self.clock.set(sign_up.at)
                counts.update(self.answer(sign_up))
            self.clock.set(datetime.combine(day, CLOSE_OF_DAY))
            telling.day(day, counts, self.desk.deliver().sent)

    def answer(self, sign_up: data.SignUp) -> list[str]:
        """Do what somebody asks for; gives what came of it, for them and for others."""
        self.asked += sign_up.action == "register"
        before = self.desk.state(self.project.id)
        member = self.directory.insight_sessions_find_member(sign_up.who)
        try:
            mine = self.desk.do(sign_up.command(self.project.id, before.registration_of(member.id) if member else None))
        except (Refusal, NotFound) as refusal:
            self.refused[why(refusal)] += 1
            return ["asked", "refused"]
        after = self.desk.state(self.project.id)
        moved = [
            old for old in before.registrations.values() if after.registration(old.id).place not in (None, old.place)
        ]
        return ["asked", outcome(sign_up, mine), *("moved up" for old in moved if old.id != mine.id)]

    def look_after_thursday(self) -> None:
        """Too few for one of the sessions: see what cancelling it would mean, then do it."""
        self.clock.set(LOOKED_AT)
        [thin] = [one.session for one in self.desk.report(self.project.id).sessions if not one.viable]
        theirs = self.desk.state(self.project.id).holders(thin.id)
        cancel = CancelSession(
            project_id=self.project.id,
            session_id=thin.id,
            reason="Too few people could make this time for a good conversation.",
        )
        telling.preview(thin, theirs, self.desk.preview(cancel).state)
        self.desk.do(cancel)
        telling.moved(self.desk.deliver().sent, len(theirs))
        for one in theirs:
            member_id = self.desk.state(self.project.id).people[one.person].member_id
            telling.explained(self.desk.explain(self.project.id, member_id))

    def hold(self) -> Report:
        """The days pass, and what was not cancelled takes place; gives the numbers before."""
        eve = self.desk.report(self.project.id)
        self.clock.set(HELD)
        self.desk.tick()
        telling.held(eve, self.desk.state(self.project.id).in_order())
        telling.refused(self.refused)
        return eve

    def leave(self, out: Path) -> None:
        """The calendar files: one for everybody with a place, and the public ones for a web page."""
        invites = out / "invites"
        invites.mkdir(mode=0o700, exist_ok=True)
        for session in self.desk.state(self.project.id).in_order():
            (invites / f"public-{session.id}.ics").write_bytes(self.desk.session_calendar(self.project.id, session.id))
            for number, (_, invite) in enumerate(self.desk.invites(self.project.id, session.id), 1):
                (invites / f"{session.id}-{number}.ics").write_bytes(invite)
        (invites / "public-feed.ics").write_bytes(self.desk.feed(self.project.id))


def why(refusal: Refusal | NotFound) -> tuple[str, str]:
    """A stable code, and the sentence that may be shown to anyone."""
    match refusal:
        case NotEligible():
            return refusal.objections[0].code, refusal.public_message
        case NotPossible():
            return refusal.reason, refusal.public_message
        case Refusal():
            return refusal.code, refusal.public_message
        case NotFound():
            return f"no_such_{refusal.kind}", f"There is no such {refusal.kind}."


def outcome(sign_up: data.SignUp, mine: Registration) -> str:
    """What somebody got who was not refused."""
    if sign_up.action == "withdraw":
        return "withdrawn"
    if mine.switching:
        return "waiting"
    return "place" if mine.status is Status.CONFIRMED else "waiting"


def start_afresh(out: Path) -> None:
    """A folder without what an earlier run left; whatever else is in it stays."""
    out.mkdir(parents=True, exist_ok=True)
    for left in ("backlogs.db*", "report.html", "invites/*.ics", "mail/*.eml", "mail/*.html"):
        for path in out.glob(left):
            path.unlink()


@contextmanager
def mailing(smtp: str | None, out: Path) -> Generator[object, None, None]:
    """The plugin that sends mails: into a folder, or by SMTP."""
    if smtp is None:
        yield FolderNotifier(out / "mail")
        return
    # Imported late: the story needs no other distribution when mails go into a folder.
    from postbox import sending  # noqa: PLC0415

    with sending(smtp, out / "mail") as notifier:
        yield notifier


def tell(out: Path, smtp: str | None = None) -> None:
    """The whole story, from the announcement to the files it leaves.

    Args:
        out: where it leaves them.
        smtp: the mail server on this machine that mails go to; ours when it is empty, a folder when it is None.
    """
    project = Project.from_toml(HERE / "project.toml")
    members, wrong_members = data.read_members(HERE / "members.csv")
    sign_ups, wrong_sign_ups = data.read_sign_ups(HERE / "signups.csv")
    telling.read(len(members), len(sign_ups), [*wrong_members, *wrong_sign_ups])
    clock = Clock(project.timezone, ANNOUNCED)
    directory = data.Directory(members)
    url, runtime = f"sqlite:///{quote(str(out / 'backlogs.db'))}", Runtime(now=clock.now)
    with (
        mailing(smtp, out) as mails,
        Desk.open(url, plugins=[directory, mails], discover=False, runtime=runtime) as desk,
    ):
        story = Story(desk, clock, project, directory)
        followers = Following(desk, clock, project.id)
        story.announce()
        followers.ask()
        story.take([one for one in sign_ups if one.at < OPENED])
        story.open()
        story.take([one for one in sign_ups if OPENED <= one.at < CLOSED])
        at_close = story.close()
        story.take([one for one in sign_ups if CLOSED <= one.at < LOOKED_AT])
        story.look_after_thursday()
        story.take([one for one in sign_ups if one.at >= LOOKED_AT])
        later = Afterwards(desk, clock, project.id)
        later.plan_joining()
        later.let_in()
        eve = story.hold()
        later.count()
        later.write_up()
        later.listen()
        followers.hear()
        last = NextPhase(desk, clock, project.id)
        last.gather()
        last.choose()
        story.leave(out)
        figures = report_page.Figures(desk.state(project.id).project, at_close, eve, story.asked, story.refused)
        (out / "report.html").write_text(report_page.page(figures), encoding="utf-8")
    telling.left(out)


def main() -> None:
    """Read where to put things, and tell the story."""
    parser = argparse.ArgumentParser(description="The call for participants of June 2021, end to end.")
    parser.add_argument("--out", type=Path, default=Path("out"), help="where to put what it leaves (default: out)")
    parser.add_argument(
        "--smtp",
        nargs="?",
        const="",
        metavar="HOST:PORT",
        help="send mails to a mail server on this machine; without an address to one of our own, which shows them",
    )
    given = parser.parse_args()
    out: Path = given.out
    start_afresh(out)
    tell(out, given.smtp)


if __name__ == "__main__":
    main()
