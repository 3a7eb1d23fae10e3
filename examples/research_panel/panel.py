"""A research panel: 300 ranked answers, 12 sessions, a fair mix in each, and what to do when some stay too small.

Run it with ``python examples/research_panel/panel.py --out out``. Everybody in it is made up, the clock is set by hand,
and the same seed gives the same page every time. Nothing needs a network.
"""

import argparse
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import people
import results

from insight_sessions import (
    Allocate,
    Allocation,
    AnnounceProject,
    CloseCall,
    Consolidate,
    Consolidation,
    Desk,
    OpenCall,
    Preview,
    RegisterInterest,
    Runtime,
    Withdraw,
)

POLICIES = ("first-come", "lottery", "optimal", "balanced")
PROJECT = people.project()


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.shows = people.BEGINS - timedelta(hours=1)

    def now(self) -> datetime:
        """What it shows."""
        return self.shows


def register(desk: Desk, clock: Clock) -> None:
    """The call opens, everybody answers, and it closes."""
    desk.do(AnnounceProject(project=PROJECT))
    desk.do(OpenCall(project_id=PROJECT.id))
    for at, member, wishes in people.members():
        clock.shows = at
        desk.do(RegisterInterest(project_id=PROJECT.id, member=member, sessions=wishes))
    desk.do(CloseCall(project_id=PROJECT.id))
    print(f"{people.PEOPLE} members registered, each with two to five sessions in order of preference.")


def compare(desk: Desk) -> list[results.Way]:
    """What each policy would come to: previews write nothing, so all of them can be looked at."""
    print("\nWhat each way of deciding would come to:")
    ways: list[results.Way] = []
    for policy in POLICIES:
        seen = desk.preview(allocate(policy))
        found = allocated(seen)
        way = results.Way(policy, found, seen.report())
        ways.append(way)
        firsts = found.ranks[0]
        print(
            f"  {policy:<11} first wish {firsts:>3}, no place {found.unplaced:>2}, mix missed by {way.missed:>3} people"
        )
    return ways


def allocate(policy: str) -> Allocate:
    """The command, with bounds for the policy that keeps them."""
    balance = people.BALANCE if policy == "balanced" else ()
    return Allocate(project_id=PROJECT.id, policy=policy, seed=people.SEED, balance=balance)


def allocated(seen: Preview) -> Allocation:
    """What a preview of an allocation came to."""
    result = seen.outcomes[0].result
    if not isinstance(result, Allocation):
        raise TypeError("the preview was refused")
    return result


def leave(desk: Desk, clock: Clock) -> int:
    """Weeks pass, and some cannot come after all; who waits moves up."""
    dice, gone = Random(people.SEED + 1), 0  # noqa: S311 - it must repeat
    state = desk.state(PROJECT.id)
    for one in sorted(state.registrations.values(), key=lambda one: one.arrived):
        clock.shows += timedelta(hours=3)
        if one.place is not None and people.leaves(dice, one.place):
            desk.do(Withdraw(project_id=PROJECT.id, registration_id=one.id))
            gone += 1
    print(f"\n{gone} people find that they cannot come. Places go to those who wait.")
    return gone


def consolidate(desk: Desk) -> tuple[Consolidation, int]:
    """See which sessions to give up, and then do it; with how many messages that took."""
    command = Consolidate(project_id=PROJECT.id, reason="Too few people could make this time for a good conversation.")
    seen = desk.preview(command)
    found = desk.do(command)
    lost = found.score.lost
    print(
        f"\nGiven up: {', '.join(found.given_up)}. {len(found.moves) - lost} people are moved, {lost} lose their place,"
    )
    print(f"in {len(seen.notices)} messages. Proven to be the best: {'yes' if found.is_best else 'no'}.")
    return found, len(seen.notices)


def explain(desk: Desk, chosen: Allocation) -> None:
    """What somebody can read who did not get their first wish."""
    state = desk.state(PROJECT.id)
    second = next(
        state.people[state.registrations[one.registration].person]
        for one in chosen.people
        if one.missed and one.session is not None and state.registrations[one.registration].place == one.session
    )
    print("\nWhat somebody who did not get their first wish can read:")
    for reason in desk.explain(PROJECT.id, second.member_id).reasons:
        print(f"  {reason.sentence}")


def tell(out: Path) -> None:
    """The whole story, and its page."""
    clock, dice = Clock(), Random(people.SEED)  # noqa: S311 - it must repeat
    runtime = Runtime(now=clock.now, random_bytes=dice.randbytes)
    with Desk.open("memory:", discover=False, runtime=runtime) as desk:
        register(desk, clock)
        ways = compare(desk)
        chosen = desk.do(allocate("balanced"))
        after_allocation = desk.report(PROJECT.id)
        withdrawn = leave(desk, clock)
        before = desk.report(PROJECT.id)
        consolidation, messages = consolidate(desk)
        told = results.Results(
            project=PROJECT,
            ways=ways,
            chosen=chosen,
            allocated=after_allocation,
            withdrawn=withdrawn,
            before=before,
            consolidation=consolidation,
            messages=messages,
            after=desk.report(PROJECT.id),
        )
        explain(desk, chosen)
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.html").write_text(results.page(told), encoding="utf-8")
    print(f"\nThe results are in {out / 'results.html'}.")


def main() -> None:
    """Read where to put the page, and tell the story."""
    parser = argparse.ArgumentParser(description="A research panel: allocated, balanced, consolidated.")
    parser.add_argument("--out", type=Path, default=Path("out"), help="where to put the page (default: out)")
    tell(parser.parse_args().out)


if __name__ == "__main__":
    main()
