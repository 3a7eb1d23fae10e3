"""The desk: what people embed. Every method is a few lines over the writer, the courier and the rules.

Each opens the rooms it needs by itself, so that importing the desk takes no time and nobody waits for what
they never use.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from insight_sessions.errors import NotFound, Refusal, StorageError

if TYPE_CHECKING:
    from insight_sessions.commands.base import Command
    from insight_sessions.delivery import Deliveries
    from insight_sessions.domain.erasure import Erasure
    from insight_sessions.domain.events import Event
    from insight_sessions.domain.links import LinkAction, Linked
    from insight_sessions.domain.member import Member
    from insight_sessions.domain.registration import Registration
    from insight_sessions.domain.state import ProjectState
    from insight_sessions.explaining import Explanation
    from insight_sessions.health import DeadLetter, Health
    from insight_sessions.hooks.manager import Plugins
    from insight_sessions.linking import Linking
    from insight_sessions.previewing import Outcome, Preview
    from insight_sessions.replies import Reply
    from insight_sessions.reporting import Report
    from insight_sessions.runtime import Runtime
    from insight_sessions.signing import Links
    from insight_sessions.storage.port import Storage
    from insight_sessions.summarising import Summary
    from insight_sessions.writer import Request

R = TypeVar("R")


class Desk:
    """Where everything about insight sessions is done and asked.

    A desk may be used by many threads, and goes on working in a forked process. Close it, or use it
    in a ``with`` block.

    Args:
        storage: where projects are kept.
        plugins: plugin objects or modules of your own; or what `load_plugins` gave, as it is.
        discover: whether to load installed plugins too.
        block: names of plugins that are never loaded.
        runtime: time, ids and randomness; the machine's when not given.
        secret: at least 16 bytes that name people and commands; when not given, one is made and
            kept in the store.
        links: the ``https://`` address of your page behind the links in messages, or `Links`; no links when not given.

    Raises:
        ImportError: links are wanted, and ``insight-sessions[links]`` is not installed.
        PluginError: a plugin is wrong.
        StorageError: the store cannot be opened, or was made with another secret.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        plugins: Sequence[object] | Plugins = (),
        discover: bool = True,
        block: Collection[str] = (),
        runtime: Runtime | None = None,
        secret: str | bytes | None = None,
        links: str | Links | None = None,
    ) -> None:
        from insight_sessions import doing
        from insight_sessions.correspondence import Correspondence
        from insight_sessions.delivery import Courier, Heed
        from insight_sessions.eligibility import Enquiry
        from insight_sessions.erasing import Erasing
        from insight_sessions.hooks.manager import Plugins, load_plugins
        from insight_sessions.identity import identity_of
        from insight_sessions.people import ids_of, registrations_of
        from insight_sessions.runtime import Runtime
        from insight_sessions.subscriptions import Subscriptions
        from insight_sessions.upkeep import Upkeep
        from insight_sessions.writer import Request, Writer

        self._doing = doing  # each command needs these, and to import them once more takes time
        self._request_of: type[Request[Any]] = Request
        self._storage = storage
        if isinstance(storage, str):
            raise TypeError("a desk takes a store in hand; use Desk.open for a URL")
        if not isinstance(plugins, Plugins):
            plugins = load_plugins(plugins, discover=discover, block=block)
        self._plugins = plugins
        self._runtime = runtime or Runtime()
        self._identity = identity_of(storage, self._runtime, secret)
        self._writer = Writer(storage, self._runtime)
        self._enquiry = Enquiry(
            self._plugins,
            self._runtime,
            self._identity,
            state_of=self._writer.state,
            seen=self._writer.seen,
            registrations_of=partial(registrations_of, storage),
            consumers=storage.consumers,
        )
        self._ids_of = partial(ids_of, storage, self._identity)
        self._linking = None if links is None else self._linking_with(links)
        links_of = None if self._linking is None else self._linking.of_notice
        self._correspondence = Correspondence(self._plugins, links_of)
        self._erasing = Erasing(storage, self._plugins, self._runtime, self._ids_of, self.do)
        self._courier = Courier(
            storage,
            self._plugins,
            self._runtime,
            self._correspondence,
            self._writer.state,
            Heed(self._settle_farewell, self._erase_late, self._bounced),
        )
        self._upkeep = Upkeep(storage, self._writer, self._enquiry, self._runtime, self._erasing.resume)
        self._subscriptions = Subscriptions(storage, self._identity, self._runtime, self._writer.state)
        self._stop = threading.Event()
        storage.consumers(add=[*self._plugins.notifiers, *self._plugins.listeners])

    @classmethod
    def open(
        cls,
        url: str,
        *,
        plugins: Sequence[object] = (),
        discover: bool = True,
        block: Collection[str] = (),
        runtime: Runtime | None = None,
        secret: str | bytes | None = None,
        links: str | Links | None = None,
    ) -> Self:
        """A desk on the store behind a URL.

        Args:
            url: ``sqlite:///file.db``, ``memory:``, or what a storage plugin names.
            plugins: as for the class, like the other arguments.
            discover: as for the class.
            block: as for the class.
            runtime: as for the class.
            secret: as for the class.
            links: as for the class.
        """
        from insight_sessions.hooks.manager import load_plugins
        from insight_sessions.runtime import Runtime

        machine = runtime or Runtime()
        if not isinstance(url, str):  # pyright: ignore[reportUnnecessaryIsInstance] # not everybody has a type checker
            raise TypeError(f"a desk is opened by a URL such as sqlite:///file.db, not by a {type(url).__name__}")
        loaded = load_plugins(plugins, discover=discover, block=block)
        storage = loaded.open_storage(url, machine)
        try:
            return cls(storage, plugins=loaded, runtime=machine, secret=secret, links=links)
        except BaseException:
            storage.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the worker after what it is at, and let go of the store."""
        self._stop.set()
        self._storage.close()

    # Doing

    def do(self, command: Command[R]) -> R:
        """Do what a command says, durably.

        Args:
            command: give it an ``id`` to make repeating the call safe.

        Returns:
            what the command gives; for a repeated id, the same thing as it is now.

        Raises:
            Refusal: the rules say no; nothing was changed.
            NotFound: it names something that is not there.
            StorageError: nothing was changed, as far as can be known; with an ``id``, just repeat it.
            PluginError: a plugin could not be asked what the command needs.
            pydantic.ValidationError: the command would make the project wrong, such as by a second session of one id.
        """
        request = self._doing.do(command, self._request, self._writer)
        if request.error is not None:
            raise request.error
        result: R = request.result
        return result

    def do_many(self, project_id: str, commands: Sequence[Command[Any]]) -> list[Outcome[Any]]:
        """Do many commands of one project in order, committed in batches; a refusal fails only its own.

        Raises:
            ValueError: a command names another project.
        """
        _refuse_mixed(project_id, commands)
        return self._doing.do_many(project_id, commands, self._request, self._writer)

    def command_id(self, command: Command[Any]) -> str:
        """An id for a command, made of what it says: the same for the same content, and meaningless to others.

        With it, a command that may be asked for again, such as by reading a file twice, is done once.
        """
        return f"f-{self._identity.fingerprint(command)}"

    def preview(self, *commands: Command[Any]) -> Preview:
        """What commands of one project would do, one after the other; nothing is written.

        Command ids are not looked at: one that was done already is previewed as if it were new.

        Raises:
            ValueError: there is no command, or they name different projects.
        """
        from insight_sessions.domain.state import ProjectState
        from insight_sessions.previewing import preview

        if not commands:
            raise ValueError("there is nothing to preview")
        project_id = commands[0].project_id
        _refuse_mixed(project_id, commands)
        state = ProjectState(project_id=project_id)
        with suppress(NotFound):
            state = self._writer.state(project_id)
        return preview(state, commands, self._enquiry.facts, self._runtime.moment())

    def _request(self, command: Command[R]) -> Request[R]:
        facts = self._enquiry.facts(command)
        if command.id is None:
            return self._request_of(command, facts)
        return self._request_of(command, facts, command.id, self._identity.fingerprint(command))

    def correct_member(self, member: Member) -> list[str]:
        """Correct what is kept of a member, in every project that knows them.

        When their address is another one, the entries leave the calendar behind the old one, and the new one is
        invited. Called once more it does what was left, and nothing twice.

        Args:
            member: as they are now; the same id.

        Returns:
            the projects that know them.

        Raises:
            InsightSessionsError: it could not be done in a project; it was in the others.
        """
        from insight_sessions.people import correct

        return correct(self._storage, self._identity.person(member.id), member, self.do)

    def erase_member(self, member_id: str, *, farewell: bool = True) -> Erasure:
        """Erase everything about somebody, in every project and in the plugins that answer for data of their own.

        Their places go to the next in line. When an invite is out, a last message cancels it; until that is sent, and
        for a day at most, their name and address are kept. Then plugins are asked, and the store's files are cleaned.
        `tick` goes on with what could not be done at once, and so does whoever calls this once more.

        Args:
            member_id: the host's id of them, or the address of somebody who only follows.
            farewell: False writes to them no more, so that nothing has to wait; their calendar keeps its entries.

        Returns:
            What was erased, and what is left to do.

        Raises:
            StorageError: nothing was done, as far as can be known; call again.
            TypeError: the id is not text.
        """
        _refuse_other_than_text(member_id)
        return self._erasing.erase(member_id, farewell=farewell)

    def _settle_farewell(self, project_id: str, registration_id: str, consumer: str) -> None:
        from insight_sessions.commands.erasing import SettleFarewell

        with suppress(NotFound, StorageError):  # it goes by itself after a day
            self.do(SettleFarewell(project_id=project_id, registration_id=registration_id, consumer=consumer))
            self._erasing.can_go_on()

    def _erase_late(self, member_id: str) -> None:
        with suppress(StorageError):  # it was not even noted; whoever asked for the erasure may ask once more
            self._erasing.erase_late(member_id)

    def _bounced(self, project_id: str, person_id: str, email: str, code: str) -> bool:
        from insight_sessions.bounces import bounced

        return bounced(project_id, person_id, email, code, state_of=self._writer.state, do=self.do)

    # Asking

    def state(self, project_id: str) -> ProjectState:
        """Everything about a project, as it is committed; a value that never changes."""
        return self._writer.state(project_id)

    def projects(self) -> list[str]:
        """The ids of all projects."""
        return self._upkeep.projects()

    def of_member(self, member_id: str) -> list[Registration]:
        """A member's registrations in all projects, by the host's id of them."""
        from insight_sessions.people import registrations_of

        return registrations_of(self._storage, self._identity.person(member_id))

    def export_member(self, member_id: str) -> dict[str, Any]:
        """Everything that is held about somebody in the store, to give it to them: plain data, ready for JSON.

        ``projects`` has for each project the ``records`` by kind, and the ``history`` by ids; ``beside`` has what
        belongs to no project, and ``plugins`` names those that may hold more. ``format`` is 1.

        Args:
            member_id: the host's id of them, or the address of somebody who only follows.

        Raises:
            StorageError: something of it could not be read.
            TypeError: the id is not text.
        """
        from insight_sessions.exporting import export

        _refuse_other_than_text(member_id)
        ids = self._ids_of(member_id)
        return export(self._storage, member_id, ids, self._plugins.erasers, self._runtime.utc_now())

    def explain(self, project_id: str, member_id: str) -> Explanation:
        """Why a member's registration is as it is, and where they stand in line."""
        from insight_sessions.explaining import explain

        state = self.state(project_id)
        return explain(state, state.registration_of(member_id), self._runtime.utc_now())

    def report(self, project_id: str) -> Report:
        """A project in numbers."""
        from insight_sessions.reporting import report

        return report(self.state(project_id))

    def summary(self, project_id: str) -> Summary:
        """What came out of a project, for a page that anyone may read; it names nobody."""
        from insight_sessions.summarising import summary

        return summary(self.state(project_id))

    def history(self, project_id: str) -> list[Event]:
        """All that happened in a project, oldest first."""
        from insight_sessions.records import journal

        self.state(project_id)
        return list(journal(self._storage, project_id))

    # Calendars

    def invite(self, project_id: str, registration_id: str) -> bytes:
        """Somebody's current invite as .ics; after a withdrawal, the cancellation.

        Raises:
            NotFound: there is no such registration, or it never had a place.
        """
        state = self.state(project_id)
        return self._correspondence.invite(state.registration(registration_id), state).data

    def invites(self, project_id: str, session_id: str | None = None) -> Iterator[tuple[Registration, bytes]]:
        """The invites of all who have a place, in one session or in all."""
        state = self.state(project_id)
        if session_id is not None:
            state.session(session_id)
        return self._correspondence.invites(state, session_id)

    def session_calendar(self, project_id: str, session_id: str) -> bytes:
        """The public .ics of a session, for a web page; nobody's name is in it."""
        from insight_sessions.calendar.feed import session_calendar

        state = self.state(project_id)
        return session_calendar(state.project, state.session(session_id))

    def feed(self, project_id: str) -> bytes:
        """The public .ics of all sessions of a project, to subscribe to."""
        from insight_sessions.calendar.feed import feed

        state = self.state(project_id)
        return feed(state.project, state.in_order())

    def receive_reply(
        self,
        raw: bytes | bytearray | memoryview | str,
        trusted: bool = False,  # noqa: FBT001, FBT002 - promised so
    ) -> Reply:
        """Take what somebody's calendar answered to an invite, whatever it is.

        Args:
            raw: an .ics or a whole mail, as it came; 5 MB and more is not looked at.
            trusted: whether you know whom it is from. Of a mail: that its From address is true, the whole of it and not
                only its domain. It counts only when that is the one From, and the address of the attendee; not when
                somebody else answers for them, or passes the answer on. Of an .ics alone: that it is from the person
                it names, such as because they sent it while signed in. Then declining withdraws; otherwise it never
                gives a place away.

        Raises:
            StorageError: it could not be taken; nothing was changed, and it may be tried again.
            TypeError: it is neither bytes nor text.
        """
        from insight_sessions.replies import receive

        return receive(raw, trusted=trusted, state_of=self._writer.state, do=self.do)

    def feed_token(self, member_id: str) -> str:
        """The secret part of the address of a member's own feed, the same until it is revoked.

        Whoever has it sees that member's places. Show it to them alone.

        Args:
            member_id: the host's id of them, whether or not they registered for something yet.

        Raises:
            TypeError: it is not text.
        """
        return self._subscriptions.token(member_id)

    def revoke_feed(self, member_id: str) -> None:
        """Make the address of a member's own feed worthless, for good; `feed_token` gives a new one."""
        self._subscriptions.revoke(member_id)

    def personal_feed(self, token: str) -> bytes:
        """A member's places in all projects as .ics, to subscribe to; their name is not in it.

        Args:
            token: what `feed_token` gave.

        Raises:
            NotFound: it is no token, whatever else it is, or was revoked.
        """
        return self._subscriptions.calendar(token)

    # Links

    def link(self, action: LinkAction | str, project_id: str, subject_id: str, expires: datetime) -> str:
        """A link that lets somebody do one thing; their notices have those that fit already.

        Whoever has it can do it. Put it into a message to that person, and nowhere else.

        Args:
            action: what; one of `LinkAction`.
            project_id: where.
            subject_id: whose, the id of a registration or a follower.
            expires: until when, with a zone.

        Raises:
            NotFound: there is no such registration or follower.
            NotPossible: it is to answer an offer, and they have none.
            ValueError: there is no such action, or the moment has no zone.
        """
        from insight_sessions.domain.links import LinkAction

        return self._links_of_it().link(LinkAction(action), project_id, subject_id, expires)

    def peek(self, token: str) -> Linked:
        """What is behind a link, to ask whether that is what they want; nothing is done.

        Args:
            token: the end of its address.

        Raises:
            LinkNotGood: it is no link, too old, or revoked.
        """
        return self._links_of_it().peek(token, self._refusal_of)

    def redeem(
        self,
        token: str,
        *,
        sessions: Sequence[str] = (),
        answers: Mapping[str, str] | None = None,
        text: str = "",
        may_quote: bool = False,
    ) -> Command[Any]:
        """The command behind a link, ready for `do`; nothing is done yet.

        Do it when somebody has pressed a button, and never because an address was opened: programs that look into
        mails open every one. What an action does not take is not looked at.

        Args:
            token: the end of its address.
            sessions: for ``switch``, those they can attend now, in order of preference.
            answers: for ``answers``, all of them, by question id.
            text: for ``feedback``, their words.
            may_quote: for ``feedback``, whether they agree to be quoted.

        Raises:
            LinkNotGood: it is no link, too old, or revoked; or it is for their feed, which no command gives.
            pydantic.ValidationError: what they said is missing, or cannot be taken.
        """
        return self._links_of_it().redeem(token, sessions, answers or {}, text, may_quote)

    def revoke_links(self, member_id: str) -> None:
        """Make every link worthless that somebody has; what is sent to them from now on has new ones.

        Args:
            member_id: the host's id of them, or the address of somebody who only follows.

        Raises:
            TypeError: it is not text.
        """
        _refuse_other_than_text(member_id)
        self._links_of_it().revoke(member_id)

    def _linking_with(self, links: str | Links) -> Linking:
        from insight_sessions.linking import Linking
        from insight_sessions.signing import Links, Signing

        settings = Links(links) if isinstance(links, str) else links
        signing = Signing(settings, self._identity.links_key)
        return Linking(self._storage, signing, self._runtime, self._writer.state, self._ids_of)

    def _links_of_it(self) -> Linking:
        if self._linking is None:
            raise ValueError("this desk makes no links: open it with links=, the address of your page for them")
        return self._linking

    def _refusal_of(self, command: Command[Any]) -> Refusal | None:
        return self.preview(command).outcomes[0].refusal

    # Working

    def deliver(self, limit: int | None = None) -> Deliveries:
        """Deliver what is due, once around, to the plugins this desk has."""
        return self._courier.deliver(limit)

    def tick(self) -> int:
        """Do everything that is due because time passed; gives how many projects were visited.

        Raises:
            InsightSessionsError: a project could not be done; the others were.
        """
        return self._upkeep.tick()

    def worker(self, *, stop: threading.Event | None = None, every: float = 1.0) -> None:
        """Tick and deliver until told to stop, by the event or by closing the desk.

        Args:
            stop: set it to stop the worker after what it is at.
            every: seconds to rest when there is nothing to do.
        """
        from insight_sessions.upkeep import work

        until = stop or self._stop
        while not (until.is_set() or self._stop.is_set()):
            if not work(self.tick, self.deliver):
                until.wait(every)

    def dead_letters(self) -> list[DeadLetter]:
        """What could not be delivered, oldest first."""
        from insight_sessions.health import dead_letters

        return dead_letters(self._storage)

    def requeue(self, delivery_id: str) -> None:
        """Try a dead letter again, as often as a new one but for once.

        Raises:
            NotFound: there is no such dead letter.
        """
        if not self._storage.requeue(delivery_id, self._runtime.utc_now()):
            raise NotFound("dead letter", delivery_id)

    def mail_returned(self, message_id: str, *, email: str = "", code: str = "refused") -> bool:
        """Take note that a mail of ours was taken, and came back: its address takes no mail.

        Whoever it was for keeps their place, and the organiser is told once for each address. Saying it again changes
        nothing, and nor does saying it of an address that was corrected since.

        Args:
            message_id: the mail's, from which it is known whose it was.
            email: where it was to go, when that is known; else it is taken to be the address they have now.
            code: what was answered, such as ``"5.1.1"``; see `Undeliverable`.

        Returns:
            Whether it was to somebody who has or had a part in a project; nothing is noted of organisers and followers.

        Raises:
            StorageError: nothing was changed, as far as can be known; it may be tried again.
        """
        from insight_sessions.bounces import came_back

        return came_back(message_id, email, code, state_of=self._writer.state, do=self.do)

    def retire(self, consumer: str) -> None:
        """Forget a consumer of notices or events whose plugin is gone for good, with what it is owed.

        Args:
            consumer: its name in `health`, such as ``notify/console``.

        Raises:
            NotFound: no such consumer is known.
        """
        if consumer not in self._storage.consumers():
            raise NotFound("consumer", consumer)
        self._storage.consumers(retire=[consumer])

    def health(self) -> Health:
        """What is configured, and what is behind."""
        from insight_sessions.health import health

        return health(self._storage, self._plugins, len(self.projects()))


def _refuse_other_than_text(member_id: object) -> None:
    if not isinstance(member_id, str):
        raise TypeError("a member's id is text")


def _refuse_mixed(project_id: str, commands: Sequence[Command[Any]]) -> None:
    for command in commands:
        if command.project_id != project_id:
            raise ValueError(f"these commands are for {project_id!r}, and one is for {command.project_id!r}")
