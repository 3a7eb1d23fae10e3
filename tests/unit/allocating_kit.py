"""People and sessions to allocate, made up, and what the best is by trying everything."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import product

from hypothesis import strategies as st

from insight_sessions.domain.allocation import Bound, Candidate, Room, Score

SESSIONS = ("mon", "thu", "tue")
SETTINGS = ("acute", "dental")


def candidate(number: int, wishes: str, **attributes: str) -> Candidate:
    """Somebody who came as number so and so, with wishes as in ``"mon tue"``."""
    return Candidate(f"r-{number}", tuple(wishes.split()), number, attributes)


def rooms(**places: int | None) -> list[Room]:
    """Sessions with so many places each."""
    return [Room(session, number, 0) for session, number in places.items()]


def every_allocation(candidates: Sequence[Candidate], offered: Sequence[Room]) -> Iterator[dict[str, str]]:
    """Every way to give people one of their wishes, or nothing, with no session over its places."""
    left = {room.session: room.places for room in offered}
    choices = [[*(wish for wish in dict.fromkeys(one.wishes) if wish in left), None] for one in candidates]
    for chosen in product(*choices):
        if all(places is None or chosen.count(session) <= max(0, places) for session, places in left.items()):
            yield {
                one.registration: session
                for one, session in zip(candidates, chosen, strict=True)
                if session is not None
            }


def score_of(
    places: Mapping[str, str], candidates: Sequence[Candidate], offered: Sequence[Room], bounds: Sequence[Bound] = ()
) -> Score:
    """How good an allocation is, worked out by counting heads."""
    hard = soft = 0
    for bound in bounds:
        for value in values_of(bound, candidates, offered):
            for room in offered:
                if bound.sessions and room.session not in bound.sessions:
                    continue
                heads = [one for one in candidates if places.get(one.registration) == room.session]
                number = sum(one.attributes.get(bound.attribute) == value for one in heads)
                number += sum(one.get(bound.attribute) == value for one in room.seated)
                missed = max(0, bound.at_least - number)
                missed += 0 if bound.at_most is None else max(0, number - bound.at_most)
                hard, soft = (hard + missed, soft) if bound.hard else (hard, soft + missed)
    given = [one for one in candidates if one.registration in places]
    rank = sum(one.wishes.index(places[one.registration]) for one in given)
    return Score(hard, len(candidates) - len(given), soft, rank)


def values_of(bound: Bound, candidates: Sequence[Candidate], offered: Sequence[Room]) -> set[str]:
    """The values that a bound counts."""
    if bound.value is not None:
        return {bound.value}
    everybody = [one.attributes for one in candidates] + [one for room in offered for one in room.seated]
    return {one[bound.attribute] for one in everybody if bound.attribute in one}


def best_score(candidates: Sequence[Candidate], offered: Sequence[Room], bounds: Sequence[Bound] = ()) -> Score:
    """The best there is, by trying everything."""
    return min(score_of(places, candidates, offered, bounds) for places in every_allocation(candidates, offered))


# For properties

people_values = st.fixed_dictionaries(
    {}, optional={"setting": st.sampled_from(SETTINGS), "country": st.sampled_from(["Wales", "Eire"])}
)
"""What two attributes may say of somebody."""

candidate_lists = st.lists(
    st.tuples(st.lists(st.sampled_from([*SESSIONS, "gone"]), max_size=3), people_values), max_size=5
).map(
    lambda drawn: [
        Candidate(f"r-{number}", tuple(wishes), number // 2, values) for number, (wishes, values) in enumerate(drawn)
    ]
)
"""Up to five people; some arrived at the same time, some wish for nothing or for one session twice."""

room_lists = st.tuples(
    *(
        st.builds(
            Room,
            st.just(session),
            st.none() | st.integers(-1, 3),
            st.just(0),
            st.lists(people_values, max_size=2).map(tuple),
        )
        for session in SESSIONS
    )
).map(list)
"""Three sessions, some with people in them already."""


@st.composite
def bounds(draw: st.DrawFn, attribute: str | None = None) -> Bound:
    """A bound, hard or not, on an attribute."""
    least = draw(st.integers(0, 2))
    most = draw(st.none() | st.integers(least, 3))
    name = attribute or draw(st.sampled_from(["setting", "country"]))
    values = SETTINGS if name == "setting" else ("Wales", "Eire")
    return Bound(
        attribute=name,
        value=draw(st.none() | st.sampled_from(values)),
        at_least=least if least or most is not None else 1,
        at_most=most,
        sessions=tuple(draw(st.sets(st.sampled_from(SESSIONS), max_size=2))),
        hard=draw(st.booleans()),
    )


# For many people


def many(number: int, sessions: int, places: int | None, wishes: int = 4) -> tuple[list[Candidate], list[Room]]:
    """So many people with wishes and attributes, of which some are rarer; the same on every machine."""
    names = [f"s{at:02}" for at in range(sessions)]
    people: list[Candidate] = []
    for at in range(number):
        dice = sha256(f"person {at}".encode()).digest()
        favourites = sorted(range(sessions), key=lambda one: (one + 2) * sha256(f"{at} {one}".encode()).digest()[0])
        values = {
            "setting": ("acute", "acute", "acute", "community", "dental")[dice[0] % 5],
            "country": ("England", "England", "England", "Wales")[dice[1] % 4],
            "role": ("nurse", "doctor", "manager")[dice[2] % 3],
        }
        people.append(Candidate(f"r-{at}", tuple(names[one] for one in favourites[:wishes]), at, values))
    return people, [Room(name, places, 0) for name in names]
