"""Hypothesis strategies for authors of plugins: members, sessions, projects, and commands that fit a project."""

from datetime import date, datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st

from insight_sessions.commands.base import Command
from insight_sessions.commands.calls import AmendProject, CancelProject, CloseCall, OpenCall
from insight_sessions.commands.offering import AcceptOffer, OfferPlace, RefuseOffer
from insight_sessions.commands.places import (
    ConfirmPlace,
    DeclineInterest,
    RegisterInterest,
    SwitchSession,
    Withdraw,
)
from insight_sessions.commands.sessions import AddSession, CancelSession, RescheduleSession, ResizeSession
from insight_sessions.domain.member import Member
from insight_sessions.domain.offering import Day, Offers
from insight_sessions.domain.project import Contact, PlacesPolicy, Project
from insight_sessions.domain.rules import (
    AbsencesAtMost,
    ActiveMember,
    AllOf,
    AnyOf,
    AttributeIn,
    NotOf,
    NotTakenPartIn,
    Rule,
    ValidOnTheDay,
)
from insight_sessions.domain.session import Session
from insight_sessions.domain.state import ProjectState

FIRST_DAY = datetime(2030, 1, 1)  # noqa: DTZ001 - wall-clock time
POLICIES: tuple[PlacesPolicy, ...] = ("first-come", "review", "allocation")
ZONES = ("Europe/London", "America/St_Johns", "Africa/Casablanca", "Asia/Kathmandu", "UTC")


def lines() -> st.SearchStrategy[str]:
    """One line that people might write, in any script, with what mail and calendars find hard."""
    hard = st.sampled_from(
        ["Ada Osei", "Zoë; Müller, \\n", 'A "quoted" name', "李 小龙", "e\u0301mile", "=HYPERLINK(1)"]
    )
    letters = st.characters(exclude_categories=("C", "Z"), exclude_characters="=\u2028\u2029")
    # Marks alone, with nothing to stand on, are no line.
    seen = st.characters(exclude_categories=("C", "Z", "M"), exclude_characters="=\u2028\u2029")
    return hard | st.builds("{}{}".format, seen, st.text(letters, max_size=39))


def members(ids: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[Member]:
    """Members of a host's community.

    Args:
        ids: the host's own ids; a handful when not given, so that people come again.
    """
    few = st.integers(1, 12).map(lambda number: f"m-{number}")
    ends = st.none() | st.dates(date(2029, 12, 1), date(2030, 3, 1))
    return st.builds(
        Member,
        id=few if ids is None else ids,
        name=lines(),
        email=st.integers(0, 99).map(lambda number: f"member{number}@example.org"),
        language=st.sampled_from(["en", "cy", "fr-CA"]),
        active=st.sampled_from([True, True, True, False]),
        valid_until=ends,
        attributes=st.dictionaries(st.sampled_from(["setting", "country", "role"]), lines(), max_size=3),
    )


def sessions(ids: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[Session]:
    """Sessions in the first weeks of 2030, small ones mostly.

    Args:
        ids: their ids; ``s0`` to ``s9`` when not given.
    """
    starts = st.integers(0, 60 * 24).map(lambda halves: FIRST_DAY + timedelta(days=1, minutes=30 * halves))
    capacities = st.none() | st.integers(0, 3)
    return st.builds(
        Session,
        id=st.integers(0, 9).map(lambda number: f"s{number}") if ids is None else ids,
        starts=starts,
        minutes=st.sampled_from([30, 120]),
        capacity=capacities,
        title=st.none() | lines(),
        where=st.none() | lines(),
    )


def offers() -> st.SearchStrategy[Offers]:
    """How places may be offered: hours to weeks, in the daytime or around the clock."""
    weekdays: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri")
    return st.builds(
        Offers,
        window_hours=st.sampled_from([24, 48, 400]),
        days=st.sampled_from([weekdays, (*weekdays, "sat", "sun"), ("thu",)]),
        opens=st.sampled_from([time(0), time(9, 30)]),
        closes=st.sampled_from([time(17), time(23, 59)]),
        timezone=st.none() | st.sampled_from(ZONES),
        cut_off_hours=st.sampled_from([0, 24, 72]),
        notice_hours=st.sampled_from([0, 12]),
        on_lapse=st.sampled_from(["requeue", "withdraw"]),
    )


def projects(policies: tuple[PlacesPolicy, ...] = POLICIES, id: str = "p") -> st.SearchStrategy[Project]:
    """Projects with one to four sessions.

    Args:
        policies: how places may be given.
        id: the project's id.
    """
    some = st.lists(sessions(), min_size=1, max_size=4, unique_by=lambda session: session.id)
    return st.builds(
        Project,
        id=st.just(id),
        title=lines(),
        summary=lines(),
        timezone=st.sampled_from(ZONES),
        organiser=st.builds(Contact, name=lines(), email=st.just("team@example.org")),
        places=st.sampled_from(policies),
        fill=st.sampled_from(["confirm", "offer", "manual"]),
        offers=offers(),
        members_only=st.booleans(),
        eligibility=st.just(()) | st.lists(rules(), max_size=2).map(tuple),
        sessions=some.map(tuple),
    )


def rules(deep: int = 2) -> st.SearchStrategy[Rule]:
    """Rules of eligibility, of every kind and in each other.

    Args:
        deep: how deep they may stand in each other.
    """
    said = st.none() | st.just("Not for you.")
    names = st.sampled_from(["setting", "country"])
    some = st.lists(st.sampled_from(["acute", "community", "Wales"]), min_size=1, max_size=2).map(tuple)
    elsewhere = st.lists(st.sampled_from(["pilot", "survey"]), min_size=1, max_size=2).map(tuple)
    plain: st.SearchStrategy[Rule] = st.one_of(
        st.builds(ActiveMember, objection=said),
        st.builds(ValidOnTheDay, objection=said),
        st.builds(AttributeIn, name=names, values=some, objection=said),
        st.builds(AbsencesAtMost, most=st.integers(0, 3), objection=said),
        st.builds(NotTakenPartIn, projects=elsewhere, objection=said),
    )
    if not deep:
        return plain
    inner = st.deferred(lambda: rules(deep - 1))
    several = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return plain | st.one_of(
        st.builds(AllOf, of=several, objection=said),
        st.builds(AnyOf, of=several, objection=said),
        st.builds(NotOf, of=inner, objection=st.just("Not for you.")),
    )


def commands(state: ProjectState) -> st.SearchStrategy[Command[Any]]:
    """What somebody may do next in a project, sensible or not.

    Args:
        state: the project as it is, announced already.
    """
    project_id = st.just(state.project_id)
    session_ids = st.sampled_from([*sorted(state.sessions), "nowhere"])
    wishes = st.lists(session_ids, min_size=1, max_size=3).map(tuple)
    known = sorted(state.registrations.values(), key=lambda one: one.arrived)
    whose = st.sampled_from([*(one.id for one in known), "r-nobody"])
    new = st.just(f"s{len(state.sessions) + 10}")
    of = {"project_id": project_id}
    registering: st.SearchStrategy[Command[Any]] = st.builds(RegisterInterest, **of, member=members(), sessions=wishes)
    others: list[st.SearchStrategy[Command[Any]]] = [
        st.builds(SwitchSession, **of, registration_id=whose, sessions=wishes),
        st.builds(Withdraw, **of, registration_id=whose, reason=lines() | st.just("")),
        st.builds(ConfirmPlace, **of, registration_id=whose, session_id=session_ids),
        st.builds(OfferPlace, **of, registration_id=whose, session_id=session_ids),
        st.builds(AcceptOffer, **of, registration_id=whose),
        st.builds(RefuseOffer, **of, registration_id=whose),
        st.builds(DeclineInterest, **of, registration_id=whose, reason=lines()),
        st.builds(AddSession, **of, session=sessions(new)),
        st.builds(RescheduleSession, **of, session_id=session_ids, starts=sessions().map(lambda one: one.starts)),
        st.builds(ResizeSession, **of, session_id=session_ids, capacity=st.none() | st.integers(0, 4)),
        st.builds(CancelSession, **of, session_id=session_ids, reason=lines()),
        st.builds(AmendProject, **of, title=st.none() | lines(), summary=st.none() | lines()),
        st.builds(OpenCall, **of),
        st.builds(CloseCall, **of),
        st.builds(CancelProject, **of, reason=lines()),
    ]
    return registering | registering | st.one_of(others)
