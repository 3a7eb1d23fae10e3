"""What the story prints: short lines for a person at a terminal."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from insight_sessions import Call, Explanation, Project, ProjectState, Registration, Report, Session, SessionStatus

WIDTH = 100
COLUMNS = ("asked", "place", "waiting", "withdrawn", "refused", "moved up")


def heading(text: str) -> None:
    """A line with air above it."""
    print(f"\n{text}\n{'-' * len(text)}")


def spoken(session: Session) -> str:
    """When a session is, as the call says it."""
    day = f"{session.starts:%A} {session.starts.day} {session.starts:%B}"
    minutes = session.starts.hour * 60 + session.starts.minute + session.minutes
    return f"{day}, {session.starts:%H.%M} - {minutes // 60 % 24:02}.{minutes % 60:02}"


def read(members: int, sign_ups: int, wrong: Sequence[object]) -> None:
    """What came out of the CSV files."""
    print(f"Read {members} members and {sign_ups} sign-ups. Left out {len(wrong)} rows:")
    for row in wrong:
        print(f"  {row}")


def announced(project: Project) -> None:
    """The project and its sessions."""
    heading(project.title)
    for session in project.sessions:
        print(f"  {session.id}  {spoken(session):<32} {session.capacity} places, at least {session.minimum} people")


def call(when: datetime, call: Call) -> None:
    """What the call says of itself."""
    heading(f"{when:%a} {when.day} {when:%B}, {when:%H.%M}: {call.message}")


def head() -> None:
    """The head of the table of days."""
    print(f"\n  {'':<12}" + "".join(f"{name:>10}" for name in (*COLUMNS, "messages")))


def day(on: date, counts: Counter[str], sent: int) -> None:
    """A day in numbers; nothing is shown for none."""
    numbers = [counts[name] for name in COLUMNS]
    line = f"  {f'{on:%a} {on.day} {on:%B}':<12}" + "".join(f"{number or '':>10}" for number in (*numbers, sent))
    print(line.rstrip())


def moved_up() -> None:
    """What the last column but one means."""
    print("\n  Moved up: people who were waiting, and got a place that somebody else gave back or left.")


def following(when: datetime, asked: int, confirmed: int) -> None:
    """Some people want to hear more."""
    heading(f"{when:%a} {when.day} {when:%B}, {when:%H.%M}: {asked} people ask for updates")
    print(f"  {asked} messages ask whether it was really them. {confirmed} say yes.")


def news(when: datetime, title: str, sent: int, forgotten: int, left: int) -> None:
    """What followers hear of, and who is left of them."""
    heading(f"{when.day} {when:%B}, for those who follow: “{title}”")
    print(f"  {sent} messages. {forgotten} address that nobody confirmed was forgotten after a week.")
    print(f"  One has heard enough: {left} follow now.")


def preview(thin: Session, theirs: Sequence[Registration], state: ProjectState) -> None:
    """What would become of the people of a session."""
    heading(f"{spoken(thin)}: {len(theirs)} people, where it needs {thin.minimum}")
    print("  If it were cancelled:")
    for one in theirs:
        after = state.registration(one.id)
        waits = [id for id in after.waits_for if any(other.id == one.id for other in state.waiting(id))]
        if after.place is not None:
            fate = f"moves to {after.place}"
        elif waits:
            fate = f"waits for {', '.join(waits)}, before everyone who never had a place"
        else:
            fate = "has nothing else to wait for"
        print(f"    somebody who can come on {' or '.join(one.wishes):<10} {fate}")


def moved(sent: int, people: int) -> None:
    """That it was done."""
    print(f"  So it was cancelled: {sent} messages for {people} people. What the desk says of each now:")


def explained(explanation: Explanation) -> None:
    """Why somebody's registration is as it is."""
    reasons = " ".join(reason.sentence for reason in explanation.reasons)
    print(textwrap.fill(reasons, WIDTH, initial_indent="    - ", subsequent_indent="      "))


def held(eve: Report, sessions: Sequence[Session]) -> None:
    """The sessions: who had a place on the eve of the first, and what became of each."""
    became = {session.id: session.status for session in sessions}
    ran = [one.confirmed for one in eve.sessions if became[one.session.id] is SessionStatus.HELD]
    heading(f"{len(ran)} sessions ran, with {sum(ran)} people")
    print(f"  {'session':<34}{'capacity':>10}{'confirmed':>12}{'waiting':>10}   status")
    for one in eve.sessions:
        capacity = "no limit" if one.session.capacity is None else one.session.capacity
        print(
            f"  {spoken(one.session):<34}{capacity:>10}{one.confirmed:>12}{one.waiting:>10}   {became[one.session.id]}"
        )
    funnel = eve.funnel
    print(
        f"\n  {funnel.registered} registrations: {funnel.confirmed} with a place, {funnel.waiting} still waiting, "
        f"{funnel.withdrawn} withdrawn"
    )


def refused(reasons: Counter[tuple[str, str]]) -> None:
    """Why people were refused, and what they were told."""
    heading(f"{sum(reasons.values())} times the answer was no")
    for (code, sentence), times in reasons.most_common():
        lead = f"  {times:>3}  {code:<22}"
        print(textwrap.fill(sentence, WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead)))


def left(out: Path) -> None:
    """What lies in the folder now."""
    heading(f"Left in {out}")
    kinds = {
        "backlogs.db": "the desk's store",
        "invites/*.ics": "one invite for everybody with a place, public files, and a feed to subscribe to",
        "mail/*.eml": "every message that was sent; a mail program opens them",
        "report.html": "the figures, for a browser",
    }
    for pattern, what in kinds.items():
        count = len(list(out.glob(pattern)))
        if count:
            print(f"  {count:>3}  {pattern:<16}{what}")
