"""Where a plugin can take part: nine hooks, each with a whole plugin to copy.

A plugin is a module or an object with functions marked ``@hookimpl`` and named as one of these; they may
take fewer arguments. Hand it to ``Desk.open(url, plugins=[...])``, or install it with an entry point in the
group ``insight_sessions``: a function there is asked for the plugin, and gives None when it is not set up. What
a plugin is given is frozen. Each is called alone, in no promised order; none is async, a generator or a wrapper
around others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pluggy

from insight_sessions.domain.allocation import AllocationPolicy
from insight_sessions.domain.events import Event
from insight_sessions.domain.member import Erased, Member
from insight_sessions.domain.notices import Notice, NoticeKind, Wording
from insight_sessions.domain.project import Project
from insight_sessions.domain.session import Session
from insight_sessions.errors import Objection
from insight_sessions.runtime import Runtime
from insight_sessions.storage.port import Storage

if TYPE_CHECKING:  # importing it costs more than all the rest of this package
    import icalendar

PROJECT: Final = "insight_sessions"
"""What pluggy calls us, and the group of our plugins' entry points."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin as the answer to a hook."""


@dataclass(frozen=True, slots=True)
class StorageBackend:
    """A kind of store, by the scheme of its addresses.

    Args:
        scheme: what stands before the first ``:`` of an address, in lower case.
        open: from the whole address, and where time and randomness come from, to a store.
    """

    scheme: str
    open: Callable[[str, Runtime], Storage]


@hookspec
def insight_sessions_storage_backend() -> StorageBackend:
    """Keep projects in a store of your own, which passes `insight_sessions.testing.StorageContract`.

    Asked once, when the plugin is loaded; two plugins for one scheme are refused.

    .. code-block:: python

        from insight_sessions import Runtime, StorageBackend, hookimpl
        from insight_sessions.storage.memory import MemoryStorage
        from insight_sessions.storage.port import Storage


        def open_scratch(url: str, runtime: Runtime) -> Storage:
            return MemoryStorage(runtime.random_bytes)


        @hookimpl
        def insight_sessions_storage_backend() -> StorageBackend:
            return StorageBackend("scratch", open_scratch)

    Returns:
        The scheme and how to open a store of that kind.
    """
    raise NotImplementedError


@hookspec
def insight_sessions_find_member(key: str) -> Member | None:
    """Look a member up in your own directory.

    Two plugins that give different answers are an error, and so is one that raises.

    .. code-block:: python

        from insight_sessions import Member, hookimpl

        DIRECTORY = {"q-17": Member(id="q-17", name="Ada Osei", email="ada@example.org")}


        @hookimpl
        def insight_sessions_find_member(key: str) -> Member | None:
            by_email = {member.email: member for member in DIRECTORY.values()}
            return DIRECTORY.get(key) or by_email.get(key)

    Args:
        key: an id or an e-mail address, as somebody gave it.

    Returns:
        The member, or None when you know nobody by it.
    """


@hookspec
def insight_sessions_check_eligibility(
    member: Member, project: Project, sessions: tuple[Session, ...]
) -> Objection | None:
    """Say why somebody may not take part, if that is so.

    Everyone is asked, and one objection is enough. A check that fails counts as an objection too.

    .. code-block:: python

        from insight_sessions import Member, Objection, Project, hookimpl


        @hookimpl
        def insight_sessions_check_eligibility(member: Member, project: Project) -> Objection | None:
            if project.id == "covid-backlogs" and member.attributes.get("country") != "England":
                return Objection("not_in_england", "This project is for people who work in England.")
            return None

    Args:
        member: who asks to take part.
        project: in what.
        sessions: those they can attend.

    Returns:
        A code and a sentence for them to read, or None.
    """


@hookspec
def insight_sessions_allocation_policy() -> AllocationPolicy:
    """Decide about places together, in a way of your own.

    Asked once, when the plugin is loaded; no two share a name, and none that of a built-in policy. `Allocate` names it.
    The same seed always gives the same places. What it answers is checked: only sessions that somebody wished for, and
    no more people than there are places. A policy that keeps bounds has a second function, ``balance``, which is given
    them too and answers with a `Proposal`; without one, ``Allocate(balance=...)`` is refused.

    .. code-block:: python

        import random
        from collections.abc import Mapping, Sequence

        from insight_sessions import AllocationPolicy, Candidate, Room, hookimpl


        def ballot(candidates: Sequence[Candidate], rooms: Sequence[Room], seed: int) -> Mapping[str, str]:
            left = {room.session: room.places for room in rooms}
            given: dict[str, str] = {}
            for one in random.Random(seed).sample(candidates, len(candidates)):
                free = [wish for wish in one.wishes if left.get(wish, 0) != 0]
                if free:
                    given[one.registration] = free[0]
                    places = left[free[0]]
                    left[free[0]] = None if places is None else places - 1
            return given


        @hookimpl
        def insight_sessions_allocation_policy() -> AllocationPolicy:
            return AllocationPolicy("ballot", ballot)

    Returns:
        The policy's name, the function that decides, and the one that decides under bounds, if it has one.
    """
    raise NotImplementedError


@hookspec
def insight_sessions_prepare_invite(event: "icalendar.Event", project: Project, session: Session) -> None:
    """Add what your members' calendars should show to a session's entry.

    Change the entry in place and answer nothing. You are asked once for the invites of a session and once for
    their cancellations: what you add is the same for everybody, so nothing about a person belongs in it. What is
    not yours to say is set again afterwards: UID, sequence, times, organiser, attendee, status and method. What
    cannot be sent is an error in your plugin's name, before anything is.

    .. code-block:: python

        import icalendar

        from insight_sessions import hookimpl


        @hookimpl
        def insight_sessions_prepare_invite(event: icalendar.Event) -> None:
            event.add("categories", ["Insight project"])

    Args:
        event: the calendar entry.
        project: the project.
        session: the session the entry is for.
    """


@hookspec
def insight_sessions_wording(kind: NoticeKind, language: str) -> Wording | None:
    r"""Write to members in your own words, or in another language.

    The placeholders are those of `insight_sessions.wording.PLACEHOLDERS`; a paragraph is left out when one of
    them has nothing to show. Without words in a language, the project's is used, then plain English.

    .. code-block:: python

        from insight_sessions import NoticeKind, Wording, hookimpl


        @hookimpl
        def insight_sessions_wording(kind: NoticeKind, language: str) -> Wording | None:
            if kind is NoticeKind.PLACE_CONFIRMED and language == "de":
                return Wording(
                    subject="Ihr Platz: {project}",
                    text="Guten Tag {name},\n\nSie haben einen Platz:\n{session}\n\n{organiser}",
                )
            return None

    Args:
        kind: what is to be said.
        language: a BCP 47 tag.

    Returns:
        A subject and a text, or None to leave it to others.
    """


@hookspec
def insight_sessions_notify(notice: Notice) -> None:
    """Send a message to one person, or to wherever your team reads.

    Raise when it did not work: you are called again later, alone, and given up on after some attempts. Raise
    `insight_sessions.Undeliverable` when the address will never take it: it is given up at once, and the organiser is
    told. A notice that comes again has the same id and says the same.

    .. code-block:: python

        from insight_sessions import Notice, hookimpl

        CHANNEL: list[str] = []


        @hookimpl
        def insight_sessions_notify(notice: Notice) -> None:
            line = f"{notice.project.title}: {notice.subject} ({notice.id})"
            if line not in CHANNEL:
                CHANNEL.append(line)

    Args:
        notice: what to say, to whom, and the calendar invite that goes with it.
    """


@hookspec
def insight_sessions_on_event(event: Event) -> None:
    """Hear about everything that happens, in order within a project.

    Raise when it did not work: you are called again later, alone, and what came after waits. An event
    that comes again has the same project and number.

    .. code-block:: python

        from collections import Counter

        from insight_sessions import Event, hookimpl

        SEEN: set[tuple[str, int]] = set()
        HAPPENED: Counter[str] = Counter()


        @hookimpl
        def insight_sessions_on_event(event: Event) -> None:
            if (event.project_id, event.number) not in SEEN:
                SEEN.add((event.project_id, event.number))
                HAPPENED[event.kind] += 1

    Args:
        event: what happened, in ids.
    """


@hookspec
def insight_sessions_erase_member(member_id: str) -> Erased:
    """Forget somebody, wherever your plugin kept something about them.

    Every plugin with data of its own must answer; when one raises, the erasure is reported incomplete.

    .. code-block:: python

        from insight_sessions import Erased, hookimpl

        NICKNAMES = {"q-17": "Ada"}


        @hookimpl
        def insight_sessions_erase_member(member_id: str) -> Erased:
            gone = NICKNAMES.pop(member_id, None)
            return Erased({} if gone is None else {"nicknames": 1})

    Args:
        member_id: the host's own id of them, or an address by which they follow a project; each in a call of its own.

    Returns:
        How many things were erased, by what they are called.
    """
    raise NotImplementedError
