"""What is held of people, and why: every field of a record about somebody says it, in a tag of its type."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Held:
    """What a field holds of somebody.

    Args:
        what: in a few words; empty for what says nothing about them, such as our own ids.
        why: what for.
    """

    what: str
    why: str = ""


OURS: Final = Held("")
"""An id or a number of ours, which means nothing outside the store."""

PART: Final = Held(
    "which sessions they asked for, what was decided, and when", "to give places fairly, and to explain it"
)
INVITED: Final = Held("the revision and time of their invite, and which address it went to", "to update it in place")
REPLIED: Final = Held("what their calendar answered, and when", "to see who will come")
ATTENDED: Final = Held("whether they came", "to know whom a write-up is for, and for rules about absences")
CALLED: Final = Held("what to call them", "to write to them")
REACHED: Final = Held("where to write to", "to write to them")
FORMER: Final = Held("addresses they had before", "to cancel what is in the calendar behind them")
LANGUAGE: Final = Held("their language", "to write to them in it")
YOURS: Final = Held("your own id of them", "to look them up, and to ask plugins about them")
MEMBER: Final = Held("whether and until when they are a member", "to let members in only")
ATTRIBUTES: Final = Held(
    "what your directory says of them, such as a setting", "for rules of eligibility and for a good mix"
)
PAST: Final = Held(
    "how often they were absent, and where else they take part", "for rules of eligibility that ask for it"
)
ANSWERED: Final = Held("what they answered to the project's questions", "to prepare the sessions")
REASON: Final = Held("why they withdrew or were declined", "for the organisers, or for them, to read")
AGREED: Final = Held("what they agreed to, in which wording, and when", "to prove it")
SAID: Final = Held("what they said about a write-up, and the answer", "to learn from it, and to quote it if they agree")
WORKED: Final = Held("work of their own that they shared, and what was decided about it", "to publish it if they agree")
FOLLOWS: Final = Held("that they want to hear of the project, and since when", "to send them news that they asked for")
UNREACHED: Final = Held(
    "that mail to one of their addresses was refused, with which code, and when", "to tell the organiser once"
)
PARTING: Final = Held("where a last message goes", "to take an entry out of their calendar after an erasure")
LEAVING: Final = Held(
    "that they are being erased, how far that is, and what was known of them in numbers", "to finish it"
)
