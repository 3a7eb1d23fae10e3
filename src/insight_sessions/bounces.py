"""Mail that does not arrive: whose address it was, and what the project is told of it."""

import re
from collections.abc import Callable
from typing import Final

from insight_sessions.commands.bounces import RecordBounce
from insight_sessions.domain.member import Person
from insight_sessions.domain.project import Project
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import NotFound, refusal_code

_OURS: Final = re.compile(r"<?n-[A-Za-z0-9-]+\.([A-Za-z0-9-]+)\.([A-Za-z0-9][A-Za-z0-9_-]{0,63})@[^@<>\s]+>?")

Do = Callable[[RecordBounce], Project]


def bounced(
    project_id: str, person_id: str, email: str, code: str, *, state_of: Callable[[str], ProjectState], do: Do
) -> bool:
    """Take note that an address of somebody took no mail.

    Args:
        project_id: in which project.
        person_id: our id of them; of the organiser and of followers nothing is noted.
        email: the address; one that was never theirs stands for the one they have now, to which it may belong.
        code: what was answered.
        state_of: gives the committed state of a project.
        do: does a command.

    Returns:
        Whether it is somebody with a part in the project.

    Raises:
        StorageError: nothing was changed, as far as can be known.
    """
    try:
        person = state_of(project_id).people.get(person_id)
        if person is None:
            return False
        do(
            RecordBounce(
                project_id=project_id, person_id=person_id, address=_number(person, email), code=refusal_code(code)
            )
        )
    except NotFound:
        return False  # they were erased meanwhile
    return True


def came_back(message_id: str, email: str, code: str, *, state_of: Callable[[str], ProjectState], do: Do) -> bool:
    """Take note that a mail which was taken came back later.

    Args:
        message_id: of the mail.
        email: where it was to go, as far as that is known.
        code: what was answered.
        state_of: gives the committed state of a project.
        do: does a command.

    Returns:
        Whether it was a mail of ours, to somebody with a part in a project.

    Raises:
        StorageError: nothing was changed, as far as can be known; it may be tried again.
    """
    named = _OURS.fullmatch(message_id.strip())
    if named is None:
        return False
    whose, project_id = named.groups()
    try:
        registration = state_of(project_id).registrations.get(whose)
    except NotFound:
        return False
    person_id = whose if registration is None else registration.person
    return bounced(project_id, person_id, email, code, state_of=state_of, do=do)


def _number(person: Person, email: str) -> int:
    """Which address of theirs it is: the newest that is the same, or the present one when none is."""
    for number in range(person.address, -1, -1):
        known = person.address_at(number)
        if known is not None and known.lower() == email.lower():
            return number
    return person.address
