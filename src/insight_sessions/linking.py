"""Links in messages: made for a notice or for the host, looked at, redeemed and revoked.

To redeem a link gives a command and changes nothing: that is for the host to do, when somebody presses a button. What
was signed stays good until it expires, unless what it is marked with is no more so: the number of the address that it
was sent to, and a nonce that is kept for those alone whose links were revoked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final

from pydantic_core import from_json, to_json

from insight_sessions.commands.base import Command
from insight_sessions.domain.links import Aim, LinkAction, Linked, aims
from insight_sessions.domain.notices import Owed
from insight_sessions.domain.registration import Registration
from insight_sessions.domain.session import Session
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import LinkNotGood, NotFound, NotPossible, Refusal
from insight_sessions.identity import LINKS
from insight_sessions.runtime import Runtime
from insight_sessions.signing import Signing
from insight_sessions.storage.port import Change, Record, Storage
from insight_sessions.text import Labels

_KIND: Final = "links"
_BY: Final = "link"
"""Who asked, as the journal says it."""

_OF_AN_OFFER: Final = frozenset({LinkAction.ACCEPT, LinkAction.REFUSE})

_TURNS: Final = 20
"""How often one place may be offered to somebody until the same moment, and each answer be done once only."""


class Linking:
    """Makes links, and knows what is behind them.

    Args:
        storage: where it is kept that somebody's links were revoked.
        signing: makes tokens.
        runtime: the time, and randomness.
        state_of: gives the committed state of a project.
        ids_of: gives our ids under which a member is known, by the host's id of them.
    """

    def __init__(
        self,
        storage: Storage,
        signing: Signing,
        runtime: Runtime,
        state_of: Callable[[str], ProjectState],
        ids_of: Callable[[str], tuple[str, ...]],
    ) -> None:
        self._storage = storage
        self._signing = signing
        self._runtime = runtime
        self._state_of = state_of
        self._ids_of = ids_of

    def of_notice(self, owed: Owed, state: ProjectState) -> Labels:
        """The links of a notice by action; the same in every copy."""
        found = list(aims(owed, state))
        if not found:
            return Labels()
        # With a calendar part it goes to the address of that, which may be a former one by now.
        number = _number(state, owed.person) if owed.method is None else owed.address
        mark = self._mark(owed.person, number)
        return Labels({one.action.value: self._signing.link(replace(one, mark=mark)) for one in found})

    def link(self, action: LinkAction, project_id: str, subject: str, expires: datetime) -> str:
        """A link for the host to use; see `Desk.link`."""
        if expires.tzinfo is None:
            raise ValueError("a link expires at a date-time with a zone")
        state = self._state_of(project_id)
        about = ""
        if action.is_for_followers:
            if subject not in state.followers:
                raise NotFound("follower", subject)
            person, number = subject, 0
        else:
            registration = state.registration(subject)
            person, number = registration.person, _number(state, registration.person)
            if action in _OF_AN_OFFER:
                if registration.offer is None:
                    raise NotPossible(
                        "no_offer", "No place is held for this registration; an offer ends at its deadline."
                    )
                about = registration.offer.session
        mark = self._mark(person, number)
        return self._signing.link(Aim(action, state.project_id, subject, about, expires.astimezone(UTC), mark))

    def redeem(
        self,
        token: object,
        sessions: Sequence[str],
        answers: Mapping[str, str],
        text: str,
        may_quote: bool,  # noqa: FBT001 - as the command has it
    ) -> Command[Any]:
        """The command behind a link; see `Desk.redeem`."""
        aim, _ = self._good(token)
        match aim.action:
            case LinkAction.SWITCH:
                from insight_sessions.commands.places import SwitchSession  # noqa: PLC0415 - only who redeems needs it

                wanted = tuple(sessions)
                return SwitchSession(project_id=aim.project_id, registration_id=aim.subject, sessions=wanted, by=_BY)
            case LinkAction.ANSWERS:
                from insight_sessions.commands.places import AmendAnswers  # noqa: PLC0415 - the same

                said = dict(answers)
                return AmendAnswers(project_id=aim.project_id, registration_id=aim.subject, answers=said, by=_BY)
            case LinkAction.FEEDBACK:
                from insight_sessions.commands.feedback import GiveFeedback  # noqa: PLC0415 - the same

                return GiveFeedback(
                    project_id=aim.project_id,
                    registration_id=aim.subject,
                    text=text,
                    may_quote=may_quote,
                    write_up=aim.about or None,
                    by=_BY,
                )
            case LinkAction.FEED:
                raise LinkNotGood("link_unknown")  # it leads to an address, and changes nothing
            case _:
                return _plain(aim, self._id(aim, str(token)))

    def peek(self, token: object, refusal_of: Callable[[Command[Any]], Refusal | None]) -> Linked:
        """What is behind a link; see `Desk.peek`.

        Args:
            token: the end of its address.
            refusal_of: why a command would be refused, if it would be.
        """
        aim, state = self._good(token)
        if aim.action.is_for_followers:
            return Linked(aim.action, state.project, aim.expires)
        registration = state.registrations[aim.subject]
        certain = aim.action in {*_OF_AN_OFFER, LinkAction.WITHDRAW}
        return Linked(
            aim.action,
            state.project,
            aim.expires,
            registration,
            _session(aim, registration, state),
            refusal_of(_plain(aim)) if certain else None,
            state.people[registration.person].member_id,
        )

    def revoke(self, member_id: str) -> None:
        """Make every link worthless that somebody has; see `Desk.revoke_links`."""
        nonce = self._runtime.random_bytes(4).hex()
        body = to_json({"format": 1, "nonce": nonce}).decode()
        ids = [id for id in self._ids_of(member_id) if self._storage.about(id)]
        if not ids:
            return
        with self._storage.hold(LINKS) as hold:
            version = hold.version + 1
            records = [Record(LINKS, _KIND, id, version, subject=id, unique=None, body=body) for id in ids]
            hold.commit(Change(version=version, records=records))

    def _good(self, token: object) -> tuple[Aim, ProjectState]:
        """What a good link is for, and the project as it is."""
        aim = self._signing.read(token)
        if self._runtime.utc_now() >= aim.expires:
            raise LinkNotGood("link_expired")
        try:
            state = self._state_of(aim.project_id)
        except NotFound:
            raise LinkNotGood("link_revoked") from None
        if aim.action.is_for_followers:
            # Who is not there any more has left, and may say so once more.
            there = aim.action is LinkAction.UNFOLLOW or aim.subject in state.followers
            person, number = aim.subject, 0
        else:
            registration = state.registrations.get(aim.subject)
            there = registration is not None and registration.person in state.people
            person = "" if registration is None else registration.person
            number = _number(state, person)
        if not there or aim.mark != self._mark(person, number):
            raise LinkNotGood("link_revoked")
        return aim, state

    def _id(self, aim: Aim, token: str) -> str | None:
        """The id of what a link does: pressed twice, it is done once. Of the token itself, nothing can be told from it.

        A place may be offered again until the same moment, and then the links are the same: so an answer to an offer
        that is open has an id that nothing was done under, and any other the one under which it was done last.
        """
        id = f"l-{blake2b(token.encode(), digest_size=12).hexdigest()}"
        if aim.action not in _OF_AN_OFFER:
            return id
        ids = [id, *(f"{id}-{turn}" for turn in range(1, _TURNS))]
        with self._storage.hold(aim.project_id) as hold:
            done = hold.receipts(ids)
        # Looked at afterwards: whoever pressed at the same time is found in one of the two.
        registration = self._state_of(aim.project_id).registrations.get(aim.subject)
        offer = None if registration is None else registration.offer
        if offer is not None and offer.session == aim.about:
            return next((one for one in ids if one not in done), None)
        return next((one for one in reversed(ids) if one in done), id)

    def _mark(self, person: str, number: int) -> str:
        """What must be so for a link to be good; for most people, who never moved or revoked any, nothing."""
        nonce = ""
        for record in self._storage.about(person):
            if record.project_id == LINKS and record.body is not None:
                nonce = from_json(record.body)["nonce"]
        return f"{number:x}-{nonce}" if number or nonce else ""


def _number(state: ProjectState, person_id: str) -> int:
    """The number of the address that somebody has."""
    person = state.people.get(person_id)
    return 0 if person is None else person.address


def _session(aim: Aim, registration: Registration, state: ProjectState) -> Session | None:
    """The session that a link is about: one that is offered, or their own."""
    id = aim.about if aim.action in _OF_AN_OFFER else registration.place
    return None if id is None else state.sessions.get(id)


def _plain(aim: Aim, id: str | None = None) -> Command[Any]:
    """The command of a link with which nothing needs to be said."""
    if aim.action.is_for_followers:
        from insight_sessions.commands.following import ConfirmFollowing, Unfollow  # noqa: PLC0415 - the same

        # Without an id: who left and came back may leave again by the same link.
        kind = ConfirmFollowing if aim.action is LinkAction.FOLLOW else Unfollow
        return kind(project_id=aim.project_id, follower_id=aim.subject, by=_BY)
    if aim.action is LinkAction.WITHDRAW:
        from insight_sessions.commands.places import Withdraw  # noqa: PLC0415 - the same

        return Withdraw(project_id=aim.project_id, registration_id=aim.subject, id=id, by=_BY)
    from insight_sessions.commands.offering import AcceptOffer, RefuseOffer  # noqa: PLC0415 - the same

    answer = AcceptOffer if aim.action is LinkAction.ACCEPT else RefuseOffer
    return answer(project_id=aim.project_id, registration_id=aim.subject, session_id=aim.about, id=id, by=_BY)
