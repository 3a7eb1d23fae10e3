"""Joining what is kept with who it is for: notices in their words, invites in their name."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from insight_sessions.calendar.entry import Entry, Shared
from insight_sessions.calendar.event import Draft
from insight_sessions.calendar.invite import Template, template_for
from insight_sessions.domain.erasure import Farewell
from insight_sessions.domain.joining import Joining
from insight_sessions.domain.member import Person
from insight_sessions.domain.notices import Invite, Method, Notice, NoticeKind, Owed, Recipient, Wording
from insight_sessions.domain.project import Project
from insight_sessions.domain.registration import Registration
from insight_sessions.domain.session import Session, Slot
from insight_sessions.domain.state import ProjectState
from insight_sessions.errors import NotFound
from insight_sessions.hooks.manager import Plugins
from insight_sessions.text import Labels
from insight_sessions.wording import languages, told, worded
from insight_sessions.wording.learned import learned, linked

KEPT_TEMPLATES: Final = 1_000
"""How many sessions' templates are kept, some kilobytes each; the oldest are dropped."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A template, and what a plugin saw when it was made."""

    template: Template
    project: Project
    session: Session


class Correspondence:
    """Writes to people.

    Args:
        plugins: the host's words, and what it changes in calendar events.
        links: gives the links of a notice, by what they do; none when not given.
    """

    def __init__(self, plugins: Plugins, links: Callable[[Owed, ProjectState], Labels] | None = None) -> None:
        self._plugins = plugins
        self._links = links
        self._templates: OrderedDict[tuple[str, Shared], _Kept] = OrderedDict()

    def notice(self, owed: Owed, state: ProjectState) -> Notice:
        """A notice from the outbox, ready to send.

        Raises:
            NotFound: the person or their registration is gone.
            PluginError: a plugin's wording or its change of the calendar event is wrong.
        """
        person = _addressee(owed, state)
        email = _address(owed, person)
        project = state.project
        wording, language = self._wording(owed.kind, person, project)
        why, how = _reason(owed, state), _joining(owed, state)
        links = Labels() if self._links is None else self._links(owed, state)
        facts = told(owed, project, person, why, how, learned={**learned(owed, state), **linked(links)})
        subject, text = worded(owed, facts, wording)
        invite = None
        slot = owed.previous if owed.method is Method.CANCEL else owed.slot
        if owed.method is not None and slot is not None:
            entry = _entry(state, _registration(owed, state), person, owed.method, slot, owed)
            invite = Invite(owed.method, self._template(entry, state).fill(entry))
        return Notice(
            id=owed.id,
            kind=owed.kind,
            project=project,
            recipient=_recipient(person, email),
            language=language,
            subject=subject,
            text=text,
            invite=invite,
            message_id=owed.message_id,
            date=owed.at,
            links=links,
            facts=facts,
            concerns=_named(owed, state),
        )

    def invite(self, registration: Registration, state: ProjectState) -> Invite:
        """Somebody's current invite, or the cancellation of their last one.

        Raises:
            NotFound: they never had a place, so there is none.
        """
        entry = _current(state, registration)
        return Invite(entry.method, self._template(entry, state).fill(entry))

    def invites(self, state: ProjectState, session_id: str | None = None) -> Iterator[tuple[Registration, bytes]]:
        """The invites of all who have a place, by arrival."""
        # Kept while they are written, so that each session is made once however many there are.
        used: dict[Shared, Template] = {}
        for registration in sorted(state.registrations.values(), key=lambda one: one.arrived):
            if registration.place is None or session_id not in (None, registration.place):
                continue
            entry = _current(state, registration)
            template = used.get(entry.shared)
            if template is None:
                template = used[entry.shared] = self._template(entry, state)
            yield registration, template.fill(entry)

    def _wording(self, kind: NoticeKind, person: Person, project: Project) -> tuple[Wording | None, str]:
        """The host's own words in the person's language, the project's or English; None for ours."""
        for language in languages(person.language, project.language):
            found = self._plugins.wording(kind, language)
            if found is not None:
                return found, language
        return None, "en"

    def _template(self, entry: Entry, state: ProjectState) -> Template:
        """The template of an entry's session, made anew when the project or the session changed since."""
        key = (state.project_id, entry.shared)
        session = state.session(entry.slot.id)
        kept = self._templates.get(key)
        if kept is not None and kept.project is state.definition and kept.session is session:
            return kept.template
        template = self._made(entry, state)
        self._templates[key] = _Kept(template, state.definition, session)
        while len(self._templates) > KEPT_TEMPLATES:
            self._templates.popitem(last=False)
        return template

    def _made(self, entry: Entry, state: ProjectState) -> Template:
        def prepare(draft: Draft) -> None:
            self._plugins.prepare_invite(draft, state.project, state.session(entry.slot.id))

        return template_for(entry, prepare=prepare if self._plugins.prepares_invites else None)


def _addressee(owed: Owed, state: ProjectState) -> Person:
    """Who a notice is for, as they are now: a member, who need not have registered, a follower, or the organiser."""
    if not owed.person:
        project = state.definition
        contact = project.organiser
        return Person(id="", member_id="", name=contact.name, email=contact.email, language=project.language)
    if owed.kind is NoticeKind.FAREWELL:
        return _farewell(owed, state).recipient
    if owed.registration:
        state.registration(owed.registration)
    person = state.people.get(owed.person) or _follower(owed, state)
    if person is None:
        # Who never registered left or was erased; of who did, somebody is missing who should be there.
        raise NotFound("person" if owed.registration else "recipient", owed.person)
    return person


def _recipient(person: Person, email: str) -> Recipient:
    return Recipient(person.id, person.member_id, person.name, email)


def _named(owed: Owed, state: ProjectState) -> Recipient | None:
    """Whom a notice to the organiser names."""
    if owed.kind is not NoticeKind.ADDRESS_UNREACHABLE:
        return None
    person = state.person(owed.about or "")
    return _recipient(person, person.email)


def _farewell(owed: Owed, state: ProjectState) -> Farewell:
    found = state.farewells.get(owed.registration)
    if found is None:
        raise NotFound("registration", owed.registration)
    return found


def _registration(owed: Owed, state: ProjectState) -> Registration:
    """The registration a notice is about, or what is left of it for a last message."""
    if owed.kind is NoticeKind.FAREWELL:
        return _farewell(owed, state).part_in(state.project_id)
    return state.registration(owed.registration)


def _follower(owed: Owed, state: ProjectState) -> Person | None:
    """Who follows; whoever did not confirm, or not since they left, is asked whether they want to and nothing else."""
    one = state.followers.get(owed.person)
    if one is None or not (one.is_confirmed or owed.kind is NoticeKind.CONFIRM_FOLLOWING):
        return None
    return Person(id=one.id, member_id="", name=one.name, email=one.email, language=one.language)


def _address(owed: Owed, person: Person) -> str:
    """Where a notice goes: with a calendar part, to the address whose calendar it is for; else to the present one."""
    if owed.method is None and owed.kind is not NoticeKind.ADDRESS_LEFT:
        return person.email
    return _at(person, owed.address)


def _at(person: Person, number: int) -> str:
    address = person.address_at(number)
    if address is None:
        raise NotFound("address", f"{person.id}.{number}")
    return address


def _current(state: ProjectState, registration: Registration) -> Entry:
    """Somebody's entry as it is now, or as it was cancelled."""
    slot = state.slot_of(registration)
    if slot is None or registration.stamped is None:
        raise NotFound("invite", registration.id)
    method = Method.CANCEL if registration.place is None else Method.REQUEST
    person = state.people[registration.person]
    return _entry(state, registration, person, method, slot, None)


def _entry(
    state: ProjectState, registration: Registration, person: Person, method: Method, slot: Slot, owed: Owed | None
) -> Entry:
    """What goes into somebody's invite: as a notice fixed it, or as it is now."""
    told = state.description_of(registration)
    joining = _released(state, registration, slot) if method is Method.REQUEST else None
    title = told.title if owed is None else owed.title
    stamped = owed.at if owed is not None else registration.stamped or registration.registered_at
    return Entry(
        uid=registration.uid,
        sequence=registration.sequence if owed is None else owed.sequence,
        method=method,
        stamped=stamped,
        created=registration.registered_at,
        modified=stamped,
        slot=slot,
        summary=title if slot.title is None else f"{title}: {slot.title}",
        description=told.summary if joining is None else f"{told.summary}\n\n{joining.text}".strip(),
        organiser=state.organiser_of(registration),
        name=person.name,
        email=_at(person, registration.address if owed is None else owed.address),
        partstat=_answer(registration, owed),
        conference=None if joining is None else joining.link,
    )


def _released(state: ProjectState, registration: Registration, slot: Slot | None) -> Joining | None:
    """How to join a session, for who has a place in it now, once it is released."""
    joining = None if slot is None or registration.place != slot.id else state.joining.get(slot.id)
    return joining if joining is not None and joining.released is not None else None


def _joining(owed: Owed, state: ProjectState) -> str:
    """The same in words; the organiser has them already."""
    joining = _released(state, _registration(owed, state), owed.slot) if owed.registration else None
    return "" if joining is None else joining.words


def _answer(registration: Registration, owed: Owed | None) -> str | None:
    """What their calendar answered to the revision that a message carries.

    It may have come while the message waited: to send it without would undo the answer in their calendar.
    """
    if owed is None:
        return registration.partstat
    asks = owed.kind is NoticeKind.ANSWER_AGAIN or owed.method is Method.CANCEL
    return owed.partstat if asks or owed.sequence != registration.sequence else registration.partstat


def _reason(owed: Owed, state: ProjectState) -> str | None:
    """Why it is so, in the organiser's words, where there are any."""
    if owed.kind is NoticeKind.PROJECT_CANCELLED:
        return state.definition.cancelled or None
    if owed.kind is NoticeKind.DECLINED:
        found = state.reasons.get(owed.registration)
        return None if found is None else found.text or None
    return state.session(owed.cancelled.id).reason if owed.cancelled is not None else None
