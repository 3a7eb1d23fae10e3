"""What people agree to: one purpose each, with the version of the wording; never changed, only followed by another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from insight_sessions.commands.base import Command, Facts, Ref, Ruling
from insight_sessions.domain.events import Event, EventKind
from insight_sessions.domain.registration import Consent
from insight_sessions.errors import NotPossible
from insight_sessions.text import Slug

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from insight_sessions.domain.project import Project
    from insight_sessions.domain.registration import Registration
    from insight_sessions.domain.state import ProjectState
    from insight_sessions.runtime import Moment


def answered(
    project: Project, person_id: str, given: Collection[str], before: Mapping[str, Consent], moment: Moment
) -> Iterator[Consent]:
    """What somebody who registers says to each purpose that the project asks about.

    Args:
        project: what is asked.
        person_id: our id of them.
        given: the purposes they agree to.
        before: what they said last to each purpose.
        moment: when, and where ids come from.

    Raises:
        NotPossible: a purpose is unknown, or a required one is missing.
    """
    asked = project.consents
    if set(given) - {consent.purpose for consent in asked}:
        raise _unknown()
    for consent in asked:
        if consent.required and consent.purpose not in given:
            raise NotPossible("consent_missing", f"To take part, please agree to: {consent.text}")
    for consent in asked:
        said = before.get(consent.purpose)
        yield _said(person_id, consent.purpose, consent.version, said, moment, given=consent.purpose in given)


class GiveConsent(Command[Consent]):
    """Agree to a purpose that the project asks about.

    Agreeing once more to the same wording changes nothing; to a newer one it is kept as another consent.

    Args:
        registration_id: whose.
        purpose: one that the project asks about.
        version: of the wording they saw; the present one when not given.
    """

    registration_id: str
    purpose: Slug
    version: Annotated[int, Field(ge=1)] | None = None

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Kept with the version of the wording, which must be the one that the project asks by now."""
        del facts
        registration = state.registration(self.registration_id)
        asked = next((one for one in state.definition.consents if one.purpose == self.purpose), None)
        if asked is None:
            raise _unknown()
        if self.version not in {None, asked.version}:
            raise NotPossible("consent_outdated", "There is another wording of this by now; please read it first.")
        known = state.consents_of(registration.person).get(self.purpose)
        if known is not None and known.given and known.version == asked.version:
            return Ruling(state, Ref("consent", known.id))
        return _ruling(state, registration, _said(registration.person, asked.purpose, asked.version, known, moment))


class WithdrawConsent(Command[Consent]):
    """Take back what somebody agreed to, at any time; doing it once more changes nothing.

    What the project cannot do without ends by leaving: first `Withdraw`, then this.

    Args:
        registration_id: whose.
        purpose: one that the project asks about, or asked about when they agreed.
    """

    registration_id: str
    purpose: Slug

    def rule(self, state: ProjectState, facts: Facts, moment: Moment) -> Ruling:
        """Kept as another consent, one that is not given."""
        del facts
        registration = state.registration(self.registration_id)
        asked = next((one for one in state.definition.consents if one.purpose == self.purpose), None)
        known = state.consents_of(registration.person).get(self.purpose)
        if known is None:
            if asked is None:
                raise _unknown()
            no = _said(registration.person, self.purpose, asked.version, None, moment, given=False)
            return _ruling(state, registration, no)
        if not known.given:
            return Ruling(state, Ref("consent", known.id))
        latest = state.latest_of(registration.person)
        if asked is not None and asked.required and latest is not None and latest.is_live:
            raise NotPossible(
                "consent_needed", "While you take part, this is needed. Please withdraw from the project first."
            )
        no = _said(registration.person, self.purpose, known.version, known, moment, given=False)
        return _ruling(state, registration, no)


def refuse_same_version(before: Project, after: Project, said: Iterable[Consent]) -> None:
    """Who agreed to other words must not seem to have agreed to these.

    Args:
        before: what was asked.
        after: what is asked from now on.
        said: all that anybody said to any purpose.

    Raises:
        NotPossible: a purpose has another wording or version, and not a higher version than it ever had.
    """
    known = {consent.purpose: consent for consent in before.consents}
    versions = {purpose: one.version for purpose, one in known.items()}
    for one in said:  # also to purposes that were asked about before, in words that nobody knows any more
        versions[one.purpose] = max(versions.get(one.purpose, 0), one.version)
    for consent in after.consents:
        earlier = known.get(consent.purpose)
        same = earlier is not None and (earlier.text, earlier.version) == (consent.text, consent.version)
        if not same and consent.version <= versions.get(consent.purpose, 0):
            raise NotPossible("consent_version", f"Another wording of {consent.purpose!r} needs a higher version.")


def _said(
    person_id: str, purpose: str, version: int, before: Consent | None, moment: Moment, *, given: bool = True
) -> Consent:
    number = 0 if before is None else before.number + 1
    return Consent(
        id=moment.mint("c-"),
        person=person_id,
        purpose=purpose,
        version=version,
        given=given,
        at=moment.now,
        number=number,
    )


def _ruling(state: ProjectState, registration: Registration, said: Consent) -> Ruling:
    kind = EventKind.CONSENT_GIVEN if said.given else EventKind.CONSENT_WITHDRAWN
    happened = Event(
        kind=kind, at=said.at, registration=registration.id, person=registration.person, about=said.purpose
    )
    return Ruling(state.put(said), Ref("consent", said.id), (happened,))


def _unknown() -> NotPossible:
    return NotPossible("unknown_consent", "There is a consent that was not asked for.")
