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
        sessions: by id: ``capacity``, ``day``, ``starts``, ``minutes`` and ``on``.
        admits: whether the rules let a person in on a day.
    """

    policy: str
    members_only: bool
    sessions: dict[str, Part]
    admits: Callable[[str, date], bool]
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
        return capacity is None or len(self.holders(session)) < capacity

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
        return self.hoped(one) if one["accepted"] else []

    def hoped(self, one: Part) -> list[str]:
        """The sessions somebody asked for and has not, whether they wait or somebody must decide."""
        if not one["live"] or one["declined"]:
            return []
        wishes: list[str] = one["wishes"]
        if one["place"] is None:
            return wishes
        if not one["switching"]:
            return []
        return wishes[: wishes.index(one["place"])] if one["place"] in wishes else wishes

    def line(self, session: str) -> list[str]:
        """Who waits: those who lost a place first, then as they came."""
        if not self.sessions[session]["on"]:
            return []
        waiting = [one for one in self.parts.values() if session in self.wanted(one) and self.lasts(one, session)]
        return [one["id"] for one in sorted(waiting, key=lambda one: (not one["displaced"], one["number"]))]

    # Doing

    def seat(self, one: Part, session: str) -> None:
        """Give somebody a place; the one they had is free."""
        one.update(place=session, accepted=True, declined=False, displaced=False, switching=False)

    def fill(self, *freed: str | None) -> None:
        """The first in line gets a free place, and whoever moves frees one for the next."""
        todo = [session for session in freed if session is not None]
        while todo:
            session = todo.pop(0)
            while self.sessions[session]["on"] and self.room(session) and self.line(session):
                one = self.parts[self.line(session)[0]]
                if one["place"] is not None and one["place"] not in todo:
                    todo.append(one["place"])
                self.seat(one, session)

    def register(self, id: str, person: str, wishes: list[str], *, active: bool, until: date | None) -> None:
        """Somebody new, with the next number."""
        self.arrivals += 1
        one: Part = {"id": id, "person": person, "wishes": wishes, "number": self.arrivals, "place": None}
        one |= {"active": active, "until": until, "accepted": self.policy == "first-come", "live": True}
        one |= {"declined": False, "displaced": False, "switching": False}
        self.parts[id] = one
        for other in self.parts.values():
            if other["person"] == person:
                other.update(active=active, until=until)
        free = next((session for session in wishes if self.can_take(one, session)), None)
        if self.policy == "first-come" and free is not None:
            self.seat(one, free)

    def leave(self, id: str, *, declined: bool) -> None:
        """Withdraw or be declined; the place goes to the next."""
        one = self.parts[id]
        place = one["place"]
        one.update(place=None, accepted=False, switching=False, displaced=False, live=declined, declined=declined)
        self.fill(place)

    def confirm(self, id: str, session: str) -> None:
        """A place, by somebody's decision; the one they had goes to the next, or they stay where they are."""
        one = self.parts[id]
        place = one["place"]
        if place == session:
            one["wishes"] = [session, *(wish for wish in one["wishes"] if wish != session)]
        self.seat(one, session)
        self.fill(place if place != session else None)

    def switch(self, id: str, wishes: list[str]) -> None:
        """Other wishes; with a place, it is kept until there is one that they prefer."""
        one = self.parts[id]
        place, switched = one["place"], one["switching"]
        preferred = wishes[: wishes.index(place)] if place in wishes else wishes
        one.update(wishes=wishes, switching=False)
        if self.policy != "first-come":
            if place is not None:
                one.update(switching=bool(preferred), accepted=not preferred)
            self.fill(*wishes)
            return
        free = next((session for session in preferred if self.can_take(one, session)), None)
        if free is not None:
            self.seat(one, free)
            self.fill(place)
        elif place is not None and any(self.sessions[session]["on"] for session in preferred):
            one["switching"] = True
            if not switched:
                self.arrivals += 1
                one["number"] = self.arrivals

    def displace(self, people: list[Part], session: str) -> None:
        """A place that is no longer there: another of their sessions, else first in line."""
        for one in people:
            one.update(place=None, switching=False)
            others = (wish for wish in one["wishes"] if wish != session and self.can_take(one, wish))
            free = next(others, None)
            if free is None:
                one.update(displaced=True, accepted=True)
            else:
                self.seat(one, free)

    def cancel(self, session: str) -> None:
        """It does not take place."""
        self.sessions[session]["on"] = False
        self.displace(self.holders(session), session)

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
        self.fill(session)

    def stop(self) -> None:
        """The whole project does not take place."""
        self.open, self.cancelled = False, True
        for session in self.sessions.values():
            session["on"] = False
        for one in self.parts.values():
            if one["live"] and not one["declined"]:
                one.update(place=None, accepted=False, declined=True, switching=False, displaced=False)

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
    if was["live"] and not now["live"]:
        return "withdrawn"
    if now["declined"] and not was["declined"]:
        return "project_cancelled" if after.cancelled else "declined"
    if was["place"] != now["place"]:
        if was["place"] is None:
            return "place_confirmed"
        return "place_moved" if now["place"] else gone or ""
    if concerned and gone in ("session_cancelled", "session_rescheduled"):
        return gone
    if was["wishes"] == now["wishes"] and was["switching"] == now["switching"]:
        return ""
    if now["place"]:
        return "switch_waiting" if now["switching"] else ""
    return first if now["live"] and not now["declined"] else ""
