"""What the last part of the story prints."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import telling
from telling import WIDTH

from insight_sessions import SharedWork, Summary


def shared(when: datetime, works: Sequence[SharedWork], sent: int) -> None:
    """What came, and how many of those agree already that it is published."""
    telling.heading(f"{when.day} {when:%B}: {len(works)} members have shared work of their own")
    for setting, number in sorted(Counter(one.setting for one in works).items()):
        print(f"  {number:>3}  {setting}")
    print(f"  {sent} messages. {sum(one.consent for one in works)} may be published.")


def late(when: datetime, said: str) -> None:
    """Somebody was too late."""
    print(f"  {when.day} {when:%B}, one more: {said}")


def read(when: datetime, works: Sequence[SharedWork], sent: int) -> None:
    """What the organisers decided."""
    counts = ", ".join(f"{count} {status}" for status, count in Counter(one.status for one in works).most_common())
    print(f"  {when.day} {when:%B}: {counts}. {sent} messages.")


def decided(when: datetime, sent: int, summary: Summary) -> None:
    """What became of it."""
    studies = summary.case_studies
    telling.heading(f"{when.day} {when:%B}: {len(studies)} case study, for anyone to read")
    for one in studies:
        print(f"  {one.title} ({one.setting})")
        print(textwrap.fill(one.summary, WIDTH, initial_indent="    ", subsequent_indent="    "))
    print(f"  {sent} message.")
