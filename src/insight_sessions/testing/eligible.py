"""Rules of eligibility made up, and whether they hold, worked out once more from the words of the manual."""

from datetime import date, datetime
from random import Random
from typing import Final

from insight_sessions.domain.member import Member, Past, Person
from insight_sessions.domain.project import Project
from insight_sessions.domain.registration import Registration, Status
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
from insight_sessions.domain.state import ProjectState
from insight_sessions.testing.world import expect

SETTINGS: Final = ("acute", "dental", "community")
ELSEWHERE: Final = ("pilot", "survey")


def devised(dice: Random, deep: int = 2) -> Rule:
    """A rule that somebody may make up.

    Args:
        dice: chance.
        deep: how deep rules may stand in it.
    """
    inner = deep - 1
    match dice.choice(("member", "day", "day", "setting", "setting", "absences", "new", "all", "any", "not")):
        case "all" if deep:
            return AllOf(of=(devised(dice, inner), devised(dice, inner)))
        case "any" if deep:
            return AnyOf(of=(devised(dice, inner), devised(dice, inner)))
        case "not" if deep:
            return NotOf(of=devised(dice, inner), objection="Not for you.")
        case "member":
            return ActiveMember()
        case "day":
            return ValidOnTheDay()
        case "absences":
            return AbsencesAtMost(most=dice.randint(0, 1))
        case "new":
            return NotTakenPartIn(projects=(dice.choice(ELSEWHERE),))
        case _:
            return AttributeIn(name="setting", values=tuple(dice.sample(SETTINGS, dice.randint(1, 2))))


def holds(rule: Rule, who: Member | Person, past: Past, day: date) -> bool:
    """Whether a rule lets somebody in on a day."""
    match rule:
        case ActiveMember():
            return who.active
        case ValidOnTheDay():
            return who.active and not (who.valid_until is not None and who.valid_until < day)
        case AttributeIn():
            return rule.name in who.attributes and any(who.attributes[rule.name] == value for value in rule.values)
        case AbsencesAtMost():
            return not past.absences > rule.most
        case NotTakenPartIn():
            return not any(project in past.projects for project in rule.projects)
        case AllOf():
            return False not in [holds(one, who, past, day) for one in rule.of]
        case AnyOf():
            return True in [holds(one, who, past, day) for one in rule.of]
        case _:
            return not holds(rule.of, who, past, day)


def lets_in(project: Project, who: Person, day: date) -> bool:
    """Whether a project gives somebody a place in a session of that day."""
    if project.members_only and not (who.active and (who.valid_until is None or day <= who.valid_until)):
        return False
    if project.asks_past and who.past is None:
        return False
    return all(holds(rule, who, who.past or Past(), day) for rule in project.eligibility)


def is_old(state: ProjectState, one: Registration, now: datetime) -> bool:
    """Whether somebody's last check is older than the project allows."""
    days = None if state.announced is None else state.announced.recheck_days
    return days is not None and (now - one.checked_at).total_seconds() > days * 86_400


def is_to_be_checked(state: ProjectState, one: Registration, now: datetime) -> bool:
    """Whether a tick has forgotten somebody who waits, or who may still be given a place by a decision."""
    ahead = any(session.is_open_at(now) for session in state.sessions.values())
    if not ahead or not is_old(state, one, now):
        return False
    hoped = (state.sessions[wish] for wish in one.wishes)
    undecided = one.status is Status.INTERESTED and any(each.is_open_at(now) for each in hoped)
    return undecided or one.status is Status.WAITING


def check_allocated(before: ProjectState, after: ProjectState, now: datetime) -> None:
    """Nobody is given a place by an allocation whose last check is older than the project allows."""
    for id, allocation in after.allocations.items():
        if id not in before.allocations:
            old = [one for one in allocation.places if is_old(before, before.registrations[one], now)]
            expect(not old, "nobody is allocated a place by an old check", str(old))
