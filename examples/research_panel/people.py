"""Three hundred made-up people and what they do: all of it follows from one seed, so every run is the same."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from insight_sessions import Bound, Contact, Member, Project, Session

SEED = 2032
"""Fixed in the call, before anybody registered: it decides the draw."""

PEOPLE = 300
BEGINS = datetime(2032, 3, 1, 9, tzinfo=UTC)

SETTINGS = {"acute": 29, "primary care": 23, "community": 18, "mental health": 15, "ambulance": 15}
COUNTRIES = {"England": 58, "Scotland": 16, "Wales": 14, "Northern Ireland": 12}

BALANCE = (Bound(attribute="setting", at_least=3), Bound(attribute="country", at_least=1))
"""What every session should hold: at least three people of each setting, and somebody from each country."""

DAYS = (("mon", 7), ("tue", 8), ("wed", 9), ("thu", 10))
HOURS = (("am", 10), ("pm", 14), ("eve", 18))
LIKED = {"am": 5, "pm": 3, "eve": 2}
"""How often people wish for a time of day: mornings are popular, and that is what makes it hard."""

LEAVE = {"am": 0.2, "pm": 0.38, "eve": 0.62}
"""How likely somebody is to find that they cannot come after all."""


def project() -> Project:
    """Twelve sessions: three on each of four days."""
    return Project(
        id="research-panel",
        title="What would make follow-up visits worth their while?",
        summary="A panel of members from all settings and countries talks about follow-up visits, twelve times.",
        timezone="Europe/London",
        organiser=Contact(name="Insight panel team", email="panel@example.org"),
        places="allocation",
        sessions=tuple(
            Session(
                id=f"{day}-{part}",
                starts=f"2032-06-{number:02}T{hour}:00",
                minutes=90,
                capacity=24,
                minimum=15,
            )
            for day, number in DAYS
            for part, hour in HOURS
        ),
    )


def members() -> Iterator[tuple[datetime, Member, tuple[str, ...]]]:
    """When each member registers, who they are, and the sessions they can attend, best first."""
    dice = Random(SEED)  # noqa: S311 - it must repeat
    ids = [f"{day}-{part}" for day, _ in DAYS for part, _ in HOURS]
    for number in range(PEOPLE):
        weights = {id: LIKED[id.partition("-")[2]] * dice.uniform(0.5, 1.5) for id in ids}
        wishes = sorted(ids, key=lambda id: dice.random() ** (1 / weights[id]), reverse=True)
        member = Member(
            id=f"panel-{number:03}",
            name=f"Member {number:03}",
            email=f"panel-{number:03}@example.org",
            attributes={"setting": _one_of(dice, SETTINGS), "country": _one_of(dice, COUNTRIES)},
        )
        yield BEGINS + timedelta(minutes=37 * number), member, tuple(wishes[: dice.randint(2, 5)])


def leaves(dice: Random, session_id: str) -> bool:
    """Whether somebody finds that they cannot come to their session."""
    return dice.random() < LEAVE[session_id.partition("-")[2]]


def _one_of(dice: Random, shares: dict[str, int]) -> str:
    (found,) = dice.choices(list(shares), list(shares.values()))
    return found
