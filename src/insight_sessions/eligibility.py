"""What is asked of the host's plugins before a project is held: who somebody is, and what speaks against them."""

from collections.abc import Callable
from typing import Any

from insight_sessions.commands.base import Command, Facts
from insight_sessions.commands.filling import RecheckEligibility
from insight_sessions.commands.places import NOT_A_MEMBER, RegisterInterest, SwitchSession
from insight_sessions.domain.member import Member, Person
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import NotFound, Objection, PluginError
from insight_sessions.hooks.manager import Plugins
from insight_sessions.runtime import Runtime


class Enquiry:
    """Finds out the facts of a command.

    Args:
        plugins: the host's directory and checks.
        runtime: the time, which facts carry.
        person_id: our id of a person, from the host's id of them.
        state_of: gives the committed state of a project, or raises `NotFound`.
    """

    def __init__(
        self,
        plugins: Plugins,
        runtime: Runtime,
        person_id: Callable[[str], str],
        state_of: Callable[[str], ProjectState],
    ) -> None:
        self._plugins = plugins
        self._runtime = runtime
        self._person_id = person_id
        self._state_of = state_of

    def facts(self, command: Command[Any]) -> Facts:
        """What is true now of whom a command is about.

        Raises:
            PluginError: a member was named by id and no plugin knows members, or two disagree.
        """
        now = self._runtime.utc_now()
        match command:
            case RegisterInterest():
                member = self._member(command.member)
                if member is None:
                    return Facts(now)
                found = self._objections(member, command.project_id, command.sessions)
                return Facts(now, member, self._person_id(member.id), found)
            case SwitchSession() if self._plugins.checks_eligibility:
                return self._facts_of(command.project_id, command.registration_id, command.sessions)
            case RecheckEligibility():
                return self._facts_again(command)
            case _:
                return Facts(now)

    def _member(self, who: Member | str) -> Member | None:
        if isinstance(who, Member):
            return who
        if not self._plugins.has_directory:
            raise PluginError(
                "insight_sessions_find_member",
                "a member was named by id, and no plugin knows members; pass a Member, or add a plugin with this hook",
            )
        return self._plugins.find_member(who)

    def _objections(self, member: Member, project_id: str, sessions: tuple[str, ...]) -> tuple[Objection, ...]:
        if not self._plugins.checks_eligibility:
            return ()
        try:
            state = self._state_of(project_id)
        except NotFound:
            return ()  # the rule will say so
        wished = [state.sessions[one] for one in dict.fromkeys(sessions) if one in state.sessions]
        return self._plugins.objections(member, state.project, tuple(wished))

    def _facts_of(self, project_id: str, registration_id: str, sessions: tuple[str, ...]) -> Facts:
        person = self._person(project_id, registration_id)
        now = self._runtime.utc_now()
        if person is None:
            return Facts(now)
        member = as_member(person)
        return Facts(now, member, person.id, self._objections(member, project_id, sessions))

    def _facts_again(self, command: RecheckEligibility) -> Facts:
        person = self._person(command.project_id, command.registration_id)
        now = self._runtime.utc_now()
        if person is None:
            return Facts(now)
        known = self._plugins.find_member(person.member_id) if self._plugins.has_directory else as_member(person)
        if known is None or known.id != person.member_id:
            return Facts(now, None, person.id, (NOT_A_MEMBER,))
        wishes = self._state_of(command.project_id).registration(command.registration_id).wishes
        return Facts(now, known, person.id, self._objections(known, command.project_id, wishes))

    def _person(self, project_id: str, registration_id: str) -> Person | None:
        try:
            state = self._state_of(project_id)
            return state.people[state.registration(registration_id).person]
        except NotFound:
            return None  # the rule will say so


def as_member(person: Person) -> Member:
    """The member behind a person we keep; checked when they registered, and not again."""
    return Member.model_construct(
        id=person.member_id,
        name=person.name,
        email=person.email,
        language=person.language,
        active=person.active,
        valid_until=person.valid_until,
        attributes=person.attributes,
    )
