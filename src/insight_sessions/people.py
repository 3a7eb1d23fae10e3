"""One person across all projects of a store."""

from collections.abc import Callable

from insight_sessions.commands.people import CorrectMember
from insight_sessions.domain.member import Member, Person
from insight_sessions.domain.registration import Registration
from insight_sessions.errors import NotFound
from insight_sessions.identity import Identity
from insight_sessions.records import decode
from insight_sessions.storage.port import Storage


def registrations_of(storage: Storage, person_id: str) -> list[Registration]:
    """Somebody's registrations in all projects, by project and arrival.

    Args:
        storage: where projects are kept.
        person_id: our id of them.
    """
    found = [thing for thing in decode(storage.about(person_id)).things if isinstance(thing, Registration)]
    return sorted(found, key=lambda one: (one.project_id, one.arrived))


def ids_of(storage: Storage, identity: Identity, member_id: str) -> tuple[str, ...]:
    """Our ids under which anything may be held about a member: their own, and those of their addresses as a follower.

    Args:
        storage: where projects are kept.
        identity: names people.
        member_id: the host's id of them, or the address of somebody who only follows.
    """
    person = identity.person(member_id)
    known = (thing for thing in decode(storage.about(person)).things if isinstance(thing, Person))
    addresses = {address for one in known for address in (*one.former, one.email) if address}
    followers = sorted({identity.follower(address) for address in (*addresses, member_id)})
    return person, *followers


def correct(storage: Storage, person_id: str, member: Member, do: Callable[[CorrectMember], Member]) -> list[str]:
    """Correct what is kept of a member, project by project.

    Args:
        storage: where projects are kept.
        person_id: our id of them.
        member: as they are now.
        do: does a command.

    Returns:
        the projects that know them.

    Raises:
        InsightSessionsError: it could not be done in a project; it was in the others.
    """
    known = sorted({record.project_id for record in storage.about(person_id) if record.kind == "person"})
    corrected: list[str] = []
    failed: list[Exception] = []
    for project_id in known:
        try:
            do(CorrectMember(project_id=project_id, member=member))
        except NotFound:
            continue  # they were erased meanwhile
        except Exception as error:  # noqa: BLE001 - one project must not keep the others from theirs
            failed.append(error)
        else:
            corrected.append(project_id)
    for fault in failed:
        raise fault
    return corrected
