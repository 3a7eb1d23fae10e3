"""What is asked of the host's plugins before a project is held: who somebody is, and what speaks against them."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, Protocol

from insight_sessions.commands.base import Command, Facts
from insight_sessions.commands.erasing import EraseMember
from insight_sessions.commands.following import ConfirmFollowing, Follow
from insight_sessions.commands.passing import RecheckEligibility
from insight_sessions.commands.people import CorrectMember
from insight_sessions.commands.places import RegisterInterest, SwitchSession
from insight_sessions.commands.work import ShareWork
from insight_sessions.domain.member import Member, Past
from insight_sessions.domain.registration import Registration
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import CHECK_FAILED, NOT_A_MEMBER, NotFound, Objection, PluginError
from insight_sessions.hooks.manager import NOTIFY, Plugins
from insight_sessions.runtime import Runtime
from insight_sessions.values import maker

_facts: Final = maker(Facts)


class Names(Protocol):
    """Who names people."""

    def person(self, member_id: str) -> str:
        """Our id of a member, from the host's."""
        ...

    def follower(self, email: str) -> str:
        """Our id of somebody of whom nothing but an address is known."""
        ...


class Enquiry:
    """Finds out the facts of a command.

    Args:
        plugins: the host's directory and checks.
        runtime: the time, which facts carry.
        names: gives our ids of people.
        state_of: gives the committed state of a project, or raises `NotFound`.
        seen: gives the state of a project as it was when it was last needed here, if it was, at no cost.
        registrations_of: gives somebody's registrations in all projects, by our id of them.
        consumers: gives the names of all consumers that the store knows.
    """

    def __init__(
        self,
        plugins: Plugins,
        runtime: Runtime,
        names: Names,
        *,
        state_of: Callable[[str], ProjectState],
        seen: Callable[[str], ProjectState | None],
        registrations_of: Callable[[str], Sequence[Registration]],
        consumers: Callable[[], Iterable[str]],
    ) -> None:
        self._plugins = plugins
        self._runtime = runtime
        self._person_id = names.person
        self._follower_id = names.follower
        self._state_of = state_of
        self._seen = seen
        self._registrations_of = registrations_of
        self._consumers = consumers

    def facts(self, command: Command[Any], state: ProjectState | None = None) -> Facts:
        """What is true now of whom a command is about, or what was worked out for it.

        Args:
            command: the command.
            state: what to work it out on; the committed state when not given.

        Raises:
            PluginError: a member was named by id and no plugin knows members, or two disagree.
        """
        now = self._runtime.utc_now()
        match command:
            case RegisterInterest() | ShareWork():
                member = self._member(command.member)
                if member is None:
                    return Facts(now)
                person, project_id = self._person_id(member.id), command.project_id
                sessions = command.sessions if isinstance(command, RegisterInterest) else ()
                found = self._objections(member, project_id, sessions)
                # What was seen may be behind: then the rule asks for more, and so does the desk.
                past = self._past(person, self._seen(project_id) or self._state(project_id))
                return _facts(now, member, person, found, past=past)
            case SwitchSession() | RecheckEligibility():
                asked = command.sessions if isinstance(command, SwitchSession) else None
                return self._again(command.project_id, command.registration_id, asked, now)
            case CorrectMember():
                return Facts(now, command.member, self._person_id(command.member.id))
            case Follow():
                return Facts(now, person=self._follower_id(command.email))
            case ConfirmFollowing():
                return self._confirming(command, now)
            case EraseMember():
                return self._of_the_erased(command, now, state)
            case Command() if command.works_out:
                return self._worked_out(command, state or self._state(command.project_id), now)
            case Command():
                return Facts(now)
            case _:
                raise TypeError("this is no command; hand over an object of one, such as OpenCall(project_id=…)")

    def _worked_out(self, command: Command[Any], state: ProjectState | None, now: datetime) -> Facts:
        from insight_sessions.proposing import proposed  # noqa: PLC0415 - few processes ever work anything out

        if state is None:
            return Facts(now)  # the rule will say that there is no such project
        return Facts(now, proposed=proposed(command, state, lambda: self._plugins.allocation_policies, now))

    def _member(self, who: Member | str) -> Member | None:
        if isinstance(who, Member):
            return who
        if not self._plugins.has_directory:
            raise PluginError(
                "insight_sessions_find_member",
                "a member was named by text, and no plugin knows members; pass a Member, or a plugin with this hook",
            )
        return self._plugins.find_member(who)

    def _of_the_erased(self, command: EraseMember, now: datetime, state: ProjectState | None) -> Facts:
        """Under which ids they are known, and who brings the last message to them."""
        person = self._person_id(command.member_id)
        with suppress(NotFound):
            state = state or self._state_of(command.project_id)
        known = None if state is None else state.people.get(person)
        addresses = [] if known is None else [one for one in (*known.former, known.email) if one]
        also = {self._follower_id(one) for one in (command.member_id, *addresses)}.union(command.followers)
        notifiers = sorted(name for name in self._consumers() if name.startswith(NOTIFY))
        return Facts(now, person=person, also=tuple(sorted(also)), notifiers=tuple(notifiers))

    def _again(self, project_id: str, registration_id: str, sessions: tuple[str, ...] | None, now: datetime) -> Facts:
        """What is true now of somebody who registered: for these sessions, or for those they hope for."""
        state = self._state(project_id)
        registration = None if state is None else state.registrations.get(registration_id)
        if state is None or registration is None:
            return Facts(now)  # the rule will say so
        person = state.people[registration.person]
        known = self._plugins.find_member(person.member_id) if self._plugins.has_directory else None
        if known is None or known.id != person.member_id:
            if self._plugins.has_directory and state.definition.members_only:
                return Facts(now, None, person.id, (NOT_A_MEMBER,))
            known = person.member
            if self._plugins.has_directory and state.definition.asks_membership:
                known = known.model_copy(update={"active": False})  # whoever is in the directory no more is no member
        found = self._objections(known, project_id, sessions or registration.hopes_for)
        return Facts(now, known, person.id, found, past=self._past(person.id, state))

    def _confirming(self, command: ConfirmFollowing, now: datetime) -> Facts:
        """Whether the host knows a follower as a member, where only members can take part."""
        state = self._state(command.project_id)
        follower = None if state is None else state.followers.get(command.follower_id)
        if state is None or follower is None or not (state.definition.members_only and self._plugins.has_directory):
            return Facts(now)
        found = self._plugins.find_member(follower.email)
        return Facts(now, found, objections=() if found is not None and found.active else (NOT_A_MEMBER,))

    def _past(self, person_id: str, state: ProjectState | None) -> Past | None:
        """What somebody did before, if the project asks for it."""
        if state is None or state.announced is None or not state.announced.asks_past:
            return None
        return past_of(self._registrations_of(person_id), state.project_id)

    def _objections(self, member: Member, project_id: str, sessions: tuple[str, ...]) -> tuple[Objection, ...]:
        if not self._plugins.checks_eligibility:
            return ()
        state = self._state(project_id)
        if state is None:
            # With no project yet nobody can be asked; if there is none at all, the rule says that first.
            return (CHECK_FAILED,)
        wished = tuple(state.sessions[one] for one in sessions if one in state.sessions)
        return self._plugins.objections(member, state.project, wished)

    def _state(self, project_id: str) -> ProjectState | None:
        try:
            return self._state_of(project_id)
        except NotFound:
            return None


def past_of(registrations: Iterable[Registration], project_id: str) -> Past:
    """What somebody did before, and in projects other than this one."""
    known = list(registrations)
    projects = {one.project_id for one in known if one.takes_part}
    return Past(sum(one.was_absent for one in known), tuple(sorted(projects - {project_id})))
