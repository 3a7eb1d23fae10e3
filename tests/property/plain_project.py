"""A project told in plain dicts and lists: what the rules must come to, written from the words of the manual.

Nothing here calls the library. It is slow, holds everything in the open, and works everything out anew.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Part = dict[str, Any]


@dataclass
class PlainProject:
    """One project.

    Args:
        policy: how places are given.
        members_only: whether memberships count.
        fill: what becomes of free places.
        on_lapse: what becomes of who did not answer.
        sessions: by id: ``capacity``, ``day``, ``starts``, ``minutes`` and ``on``.
        admits: whether the rules let a person in on a day.
    """

    policy: str
    members_only: bool
    sessions: dict[str, Part]
    admits: Callable[[str, date], bool]
    fill_by: str = "confirm"
    on_lapse: str = "requeue"
    hours: int = 0
    open: bool = False
    cancelled: bool = False
    parts: dict[str, Part] = field(default_factory=dict[str, Part])
    arrivals: int = 0

    # Asking

    def live(self, person: str) -> Part | None:
        """The part in the project that somebody has now."""
        return next((one for one in self.parts.values() if one["person"] == person and one["live"]), None)

    def room(self, session: str) -> bool:
        """Whether there is a free place."""
        capacity = self.sessions[session]["capacity"]
        offered = [one for one in self.parts.values() if one["offer"] and one["offer"][0] == session]
        return capacity is None or len(self.holders(session)) + len(offered) < capacity

    def holders(self, session: str) -> list[Part]:
        """Who has a place, first come first."""
        return sorted((one for one in self.parts.values() if one["place"] == session), key=lambda one: one["number"])

    def lasts(self, one: Part, session: str) -> bool:
        """Whether somebody's membership lasts until the day, and no rule keeps them out."""
        until: date | None = one["until"]
        if not self.admits(one["person"], self.sessions[session]["day"]):
            return False
        return not self.members_only or (one["active"] and (until is None or self.sessions[session]["day"] <= until))

    def can_take(self, one: Part, session: str) -> bool:
        """Whether there is a place in it for them."""
        return self.sessions[session]["on"] and self.room(session) and self.lasts(one, session)

    def wanted(self, one: Part) -> list[str]:
        """The sessions in which somebody waits for a place."""
        return self.hoped(one) if one["accepted"] and not one["offer"] else []

    def hoped(self, one: Part) -> list[str]:
        """The sessions somebody asked for and has not, whether they wait or somebody must decide."""
        if not one["live"] or one["declined"]:
            return []
        wishes: list[str] = one["wishes"]
        if one["place"] is None:
            return wishes
        hoped = self.better(one) if one["switching"] else []
        return hoped if not one["offer"] or one["offer"][0] in hoped else [*hoped, one["offer"][0]]

    def better(self, one: Part) -> list[str]:
        """The wishes that somebody would rather have than their place."""
        wishes: list[str] = one["wishes"]
        return wishes[: wishes.index(one["place"])] if one["place"] in wishes else wishes

    def unclaimed(self, one: Part, wishes: list[str]) -> str | None:
        """The first session with a place for somebody who asks now, and nobody before them."""
        queued = (session for session in wishes if self.fill_by == "confirm" or not self.line(session))
        return next((session for session in queued if self.can_take(one, session)), None)

    def line(self, session: str) -> list[str]:
        """Who waits: those who lost a place first, then as they came."""
        if not self.sessions[session]["on"]:
            return []
        waiting = [one for one in self.parts.values() if session in self.wanted(one) and self.lasts(one, session)]
        return [one["id"] for one in sorted(waiting, key=lambda one: (not one["displaced"], one["number"]))]

    # Doing

    def seat(self, one: Part, session: str) -> None:
        """Give somebody a place; the one they had is free."""
        one.update(place=session, offer=None, accepted=True, declined=False, displaced=False, switching=False)

    def hold(self, one: Part, session: str) -> None:
        """Hold a place for somebody for a day."""
        one.update(offer=(session, self.hours + 24), accepted=True, declined=False)

    def let_go(self, one: Part) -> str | None:
        """Hold nothing for somebody any more; the session in which something was."""
        offer = one["offer"]
        one.update(offer=None)
        return offer[0] if offer else None

    def fill(self, *freed: str | None) -> None:
        """The first in line gets a free place, and whoever moves frees one for the next."""
        todo = [session for session in freed if session is not None and self.fill_by != "manual"]
        while todo:
            session = todo.pop(0)
            while self.sessions[session]["on"] and self.room(session) and self.line(session):
                one = self.parts[self.line(session)[0]]
                if self.fill_by == "offer":
                    self.hold(one, session)
                    continue
                if one["place"] is not None and one["place"] not in todo:
                    todo.append(one["place"])
                self.seat(one, session)

    def register(self, id: str, person: str, wishes: list[str], *, active: bool, until: date | None) -> None:
        """Somebody new, with the next number."""
        self.arrivals += 1
        one: Part = {"id": id, "person": person, "wishes": wishes, "number": self.arrivals, "place": None}
        one |= {"active": active, "until": until, "accepted": False, "live": True}
        one |= {"declined": False, "displaced": False, "switching": False, "offer": None}
        self.parts[id] = one
        for other in self.parts.values():
            if other["person"] == person:
                other.update(active=active, until=until)
        free = self.unclaimed({**one, "accepted": False}, wishes) if self.policy == "first-come" else None
        if self.policy == "first-come":
            one.update(accepted=True)
        if free is not None:
            self.seat(one, free)

    def leave(self, id: str, *, declined: bool) -> None:
        """Withdraw or be declined; the place goes to the next."""
        one = self.parts[id]
        place, held = one["place"], self.let_go(one)
        one.update(place=None, accepted=False, switching=False, displaced=False, live=declined, declined=declined)
        self.fill(place, held)

    def confirm(self, id: str, session: str) -> None:
        """A place, by somebody's decision; the one they had goes to the next, or they stay where they are."""
        one = self.parts[id]
        place, held = one["place"], self.let_go(one)
        if place == session:
            one.update(wishes=[session, *(wish for wish in one["wishes"] if wish != session)])
        self.seat(one, session)
        self.fill(*(freed for freed in (place, held) if freed != session))

    def offer(self, id: str, session: str) -> None:
        """A place is held, by somebody's decision; what was held elsewhere goes to the next."""
        one = self.parts[id]
        if one["offer"] and one["offer"][0] == session:
            return
        held = self.let_go(one)
        self.hold(one, session)
        self.fill(held)

    def refuse(self, id: str) -> None:
        """Somebody says no to what is held for them, and to its session."""
        one = self.parts[id]
        held = self.let_go(one)
        wishes = [wish for wish in one["wishes"] if wish != held]
        if one["place"] is None and not wishes:
            one.update(live=False, accepted=False, switching=False, displaced=False)
        else:
            one.update(wishes=wishes or [one["place"]])
            if one["place"]:
                one.update(switching=one["switching"] and bool(self.better(one)))
        self.fill(held, *self.wanted(one))

    def later(self, hours: int) -> None:
        """Time passes, and what nobody answered lapses."""
        self.hours += hours
        late = [one for one in self.parts.values() if one["offer"] and one["offer"][1] <= self.hours]
        freed: list[str | None] = []
        for one in sorted(late, key=lambda one: (one["offer"][1], one["number"])):
            freed.append(self.let_go(one))
            if self.on_lapse == "withdraw":
                one.update(switching=False)
                if one["place"] is None:
                    one.update(live=False, accepted=False, displaced=False)
                continue
            one.update(displaced=False)
            if self.wanted(one):
                self.arrivals += 1
                one["number"] = self.arrivals
            freed += self.wanted(one)
        self.fill(*freed)

    def switch(self, id: str, wishes: list[str]) -> None:
        """Other wishes; with a place, it is kept until there is one that they prefer."""
        one = self.parts[id]
        place, switched = one["place"], one["switching"]
        preferred = wishes[: wishes.index(place)] if place in wishes else wishes
        before = deepcopy(self)
        one.update(wishes=wishes, switching=False)
        given_up = self.let_go(one) if one["offer"] and one["offer"][0] not in preferred else None
        if self.policy != "first-come":
            if place is not None:
                one.update(switching=bool(preferred), accepted=not preferred)
            self.fill(given_up, *wishes)
            return
        free = before.unclaimed(one, preferred)
        if free is not None:
            held = given_up or self.let_go(one)
            self.seat(one, free)
            self.fill(*(freed for freed in (place, held) if freed != free))
        elif place is not None and any(self.sessions[session]["on"] for session in preferred):
            one["switching"] = True
            if not switched:
                self.arrivals += 1
                one["number"] = self.arrivals
            self.fill(given_up)
        else:
            self.fill(given_up)

    def displace(self, people: list[Part], session: str) -> None:
        """A place that is no longer there: another of their sessions, else first in line."""
        freed: list[str | None] = []
        for one in people:
            one.update(place=None, switching=False)
            held = one["offer"][0] if one["offer"] else None
            others = (wish for wish in one["wishes"] if wish != session)
            theirs = (wish for wish in others if (wish == held and self.lasts(one, wish)) or self.can_take(one, wish))
            free = next(theirs, None)
            if free is None:
                one.update(displaced=True, accepted=True)
            else:
                self.seat(one, free)
                freed.append(held if held != free else None)
        self.fill(*freed)

    def take_back(self, people: list[Part]) -> None:
        """Hold nothing for these people any more; they wait where they stood."""
        freed = [session for one in people for session in (self.let_go(one), *self.wanted(one))]
        self.fill(*freed)

    def offered(self, session: str) -> list[Part]:
        """For whom a place is held there, first come first."""
        asked = [one for one in self.parts.values() if one["offer"] and one["offer"][0] == session]
        return sorted(asked, key=lambda one: one["number"])

    def cancel(self, session: str) -> None:
        """It does not take place."""
        self.sessions[session]["on"] = False
        offered = self.offered(session)
        self.displace(self.holders(session), session)
        self.take_back(offered)

    def resize(self, session: str, capacity: int | None) -> None:
        """More places are filled; with fewer, everybody keeps theirs."""
        self.sessions[session]["capacity"] = capacity
        self.fill(session)

    def rule(self) -> None:
        """Other rules: everybody keeps the place, and others may now come in."""
        self.fill(*sorted(self.sessions, key=lambda id: (self.sessions[id]["starts"], id)))

    def move(self, session: str, starts: str, minutes: int, day: date) -> None:
        """Another time: everybody keeps the place, and memberships may now last."""
        self.sessions[session].update(starts=starts, minutes=minutes, day=day)
        self.take_back([one for one in self.offered(session) if not self.lasts(one, session)])
        self.fill(session)

    def stop(self) -> None:
        """The whole project does not take place."""
        self.open, self.cancelled = False, True
        for session in self.sessions.values():
            session["on"] = False
        for one in self.parts.values():
            if one["live"] and not one["declined"]:
                one.update(place=None, offer=None, accepted=False, declined=True, switching=False, displaced=False)

    # Who must be told

    def told(self, change: Callable[[], None], *, about: str = "", gone: str | None = None) -> dict[str, str]:
        """Make a change; whoever must be told of it, and what.

        Args:
            change: the change.
            about: the session that the change is about: whoever had or hoped for a place there is concerned.
            gone: what those are told who lose their place by it.
        """
        before = deepcopy(self)
        concerned = {
            id for id, one in before.parts.items() if about and (one["place"] == about or about in before.hoped(one))
        }
        change()
        told = {id: _notice(before, self, id, gone, concerned=id in concerned) for id in self.parts}
        return {id: kind for id, kind in told.items() if kind}


def _notice(before: PlainProject, after: PlainProject, id: str, gone: str | None, *, concerned: bool) -> str:
    now = after.parts[id]
    first = {True: "waiting", False: "interest_received"}[now["accepted"]]
    if id not in before.parts:
        return "place_confirmed" if now["place"] else first
    was = before.parts[id]
    over = was["offer"] and was["offer"] != now["offer"] and was["offer"][0] != now["place"]
    if was["live"] and not now["live"]:
        return gone if over and gone else "withdrawn"
    if now["declined"] and not was["declined"]:
        return "project_cancelled" if after.cancelled else "declined"
    if was["place"] != now["place"]:
        if was["place"] is None:
            return "place_confirmed"
        return "place_moved" if now["place"] else gone or ""
    if concerned and gone in ("session_cancelled", "session_rescheduled"):
        return gone
    if now["offer"] and now["offer"] != was["offer"]:
        return "place_offered"
    return gone if over and gone else _answered(was, now, first, over=bool(over))


def _answered(was: Part, now: Part, first: str, *, over: bool) -> str:
    """What somebody is told who asked for something else, or gave an offer up by that."""
    asked = (was["wishes"], was["switching"]) != (now["wishes"], now["switching"])
    if asked and not now["place"] and now["live"] and not now["declined"]:
        return "place_offered" if now["offer"] else first
    if asked and now["place"] and now["switching"]:
        return "switch_waiting"
    return "offer_refused" if over else ""
