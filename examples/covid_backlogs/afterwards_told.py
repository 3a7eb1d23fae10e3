"""What the second half of the story prints."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import telling
from telling import WIDTH

from insight_sessions import Attendance, Session, SharedWriteUp, Summary


def joining_head() -> None:
    """What goes out on the days before."""
    telling.heading("The day before each session, the joining details")


def joining(when: datetime, sent: int) -> None:
    """To how many people they went."""
    print(f"  {when:%a} {when.day} {when:%B}, {when:%H.%M}   {sent} messages, each with the link in its invite")


def attendance_head() -> None:
    """Who came, and who did not."""
    telling.heading("Who came")


def attendance(session: Session, answers: Sequence[Attendance]) -> None:
    """One session in numbers."""
    counts = ", ".join(f"{count} {answer}" for answer, count in Counter(answers).most_common())
    print(f"  {telling.spoken(session):<34}{counts}")


def shared(when: datetime, write_up: SharedWriteUp, sent: int) -> None:
    """A version of the write-up, and for how many it was."""
    telling.heading(f"{when.day} {when:%B}: “{write_up.title}”, version {write_up.version}")
    print(textwrap.fill(write_up.text, WIDTH, initial_indent="  ", subsequent_indent="  "))
    print(f"  {sent} messages.")
    if write_up.feedback_until is not None and write_up.feedback_until > write_up.shared_at:
        print(f"  Feedback is welcome until {write_up.feedback_until.day} {write_up.feedback_until:%B}.")


def summary(said: Summary, sent: int) -> None:
    """What a page that anyone may read shows, and how many were told of an answer."""
    telling.heading(f"{said.feedback} people said something, {len(said.quotes)} may be quoted")
    for quote in said.quotes:
        print(f"  “{quote.text}”")
        if quote.answer is not None:
            print(f"    We answered: {quote.answer}")
    print(f"  {sent} message with an answer.")
