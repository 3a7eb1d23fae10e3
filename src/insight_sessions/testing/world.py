"""The world of a simulated history: a clock that jumps, seeded randomness, a moody post, and what was seen."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from insight_sessions.desk import Desk
from insight_sessions.domain.events import Event
from insight_sessions.domain.member import Member
from insight_sessions.domain.notices import Notice
from insight_sessions.domain.zone import instant
from insight_sessions.errors import Undeliverable
from insight_sessions.hooks.manager import Plugins, load_plugins
from insight_sessions.hooks.specs import hookimpl
from insight_sessions.runtime import Moment, Runtime
from insight_sessions.storage.port import Delivery, Settlement, Storage, Verdict
from insight_sessions.writer import Request

BEGINNING: Final = datetime(2026, 3, 1, 9, tzinfo=UTC)
NOTIFIERS: Final = ("board", "post")
LISTENER: Final = "log"
_KEY: Final = "sixteen bytes and more"


class Broken(AssertionError):
    """Something that must always hold did not."""


def expect(holds: object, rule: str, what: str = "") -> None:
    """Make sure that a rule holds.

    Raises:
        Broken: it does not.
    """
    if not holds:
        raise Broken(f"{rule}: {what}" if what else rule)


@dataclass(slots=True)
class Attempt:
    """Everything a rule could depend on, of one try to write.

    Args:
        requests: commands and their facts.
        now: the moment.
        minted: the ids that were made.
    """

    requests: tuple[Request[Any], ...]
    now: datetime
    minted: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class Copy:
    """What one consumer got, once."""

    consumer: str
    id: str
    message_id: str
    date: datetime
    kind: str
    person: str
    subject: str
    invite: tuple[str, ...]
    address: str

    @property
    def facts(self) -> tuple[object, ...]:
        """What every copy says alike."""
        return self.message_id, self.date, self.kind, self.person, self.subject, self.invite


@dataclass(slots=True)
class World:
    """Time, chance, and what came out.

    Args:
        seed: the same seed makes the same history.
    """

    seed: int
    now: datetime = BEGINNING
    latest: datetime = BEGINNING
    calm: bool = False
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    asked: Sequence[Request[Any]] = ()
    copies: list[Copy] = field(default_factory=list[Copy])
    heard: list[int] = field(default_factory=list[int])
    tokens: dict[str, str] = field(default_factory=dict[str, str])
    ended: dict[str, Verdict] = field(default_factory=dict[str, Verdict])
    doubtful: dict[str, Verdict] = field(default_factory=dict[str, Verdict])
    poisoned: str | None = None
    stirred: bool = False
    meanwhile: Callable[[], None] = lambda: None
    crash: Callable[[], None] = lambda: None
    dice: Random = field(init=False)
    machine: Random = field(init=False)
    _refusals: Random = field(init=False)
    _refuses: float = field(init=False)

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)  # noqa: S311 - it must repeat
        self.machine = Random(f"machine {self.seed}")  # noqa: S311
        self._refusals = Random(f"refusals {self.seed}")  # noqa: S311
        self._refuses = self._refusals.choice((0.0, 0.0, 0.0, 0.1))

    def chance(self, probability: float) -> bool:
        """Whether something happens."""
        return self.dice.random() < probability

    def pass_time(self, much: timedelta) -> None:
        """Move the clock, forward or back."""
        self.now += much
        self.latest = max(self.latest, self.now)

    def runtime(self) -> Runtime:
        """Time, ids and randomness for a desk; who decides when is written down."""
        return _Witnessed(now=lambda: self.now, random_bytes=self.machine.randbytes, sleep=self._sleep, world=self)

    def _sleep(self, seconds: float) -> None:
        self.pass_time(timedelta(seconds=seconds + 0.001))

    # What consumers do

    def accept(self, copy: Copy) -> None:
        """One consumer is called: it may refuse for good, fail before or after it took the message, be slow, or die."""
        if copy.person == self.poisoned:
            raise ValueError("poison")
        if not self.calm and self._refusals.random() < self._refuses:
            raise Undeliverable("5.1.1")
        mood = 1.0 if self.calm else self.dice.random()
        if mood < 0.12:
            raise OSError("the mail server is away")
        self.copies.append(copy)
        if mood < 0.18:
            raise SystemExit("taken, and then failed")
        if mood < 0.21:
            self.crash()
        if mood < 0.30:
            self.pass_time(timedelta(minutes=11))
            self.meanwhile()

    def hear(self, event: Event) -> None:
        """The listener is called."""
        if not self.calm and self.chance(0.1):
            raise OSError("the log is away")
        self.heard.append(event.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Witnessed(Runtime):
    """A runtime that writes down each moment given and each id made for it."""

    world: World

    def moment(self) -> Moment:
        attempt = Attempt(tuple(self.world.asked), self.utc_now())
        self.world.attempts.append(attempt)

        def mint(prefix: str) -> str:
            attempt.minted.append(self.mint(prefix))
            return attempt.minted[-1]

        return Moment(attempt.now, mint)


class WitnessedDesk(Desk):
    """A desk whose commands are written down with their facts."""

    def __init__(self, storage: Storage, world: World, plugins: Plugins) -> None:
        super().__init__(storage, plugins=plugins, runtime=world.runtime(), secret=_KEY)
        self.storage = storage
        write = self._writer.do

        def do(project_id: str, requests: Sequence[Request[Any]]) -> None:
            world.asked = requests
            write(project_id, requests)

        self._writer.do = do  # type: ignore[method-assign]  # all commands pass there, those of `tick` too


@dataclass(slots=True)
class Stage:
    """Where the plugins play: loading them once serves many worlds.

    Args:
        world: the one of the history that is running.
        members: its directory.
    """

    world: World
    members: Mapping[str, Member]

    def plugins(self) -> tuple[Plugins, Plugins]:
        """All of them; and all but one of the notifiers."""
        notifiers = [Notifier(name, self) for name in NOTIFIERS]
        own = [[*some, Listener(self)] for some in (notifiers, notifiers[1:])]
        return load_plugins(own[0], discover=False), load_plugins(own[1], discover=False)


class Notifier:
    """A notifier with moods.

    Args:
        name: what it is called.
        stage: where it is.
    """

    def __init__(self, name: str, stage: Stage) -> None:
        self.name = name
        self._stage = stage

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Take a message, or not."""
        self._stage.world.accept(copy_of(f"notify/{self.name}", notice))


class Listener:
    """A listener with moods, and the host's directory of members.

    Args:
        stage: where it is.
    """

    name = LISTENER

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    @hookimpl
    def insight_sessions_on_event(self, event: Event) -> None:
        """Hear an event, or not."""
        self._stage.world.hear(event)

    @hookimpl
    def insight_sessions_find_member(self, key: str) -> Member | None:
        """Look a member up."""
        members = self._stage.members
        return members.get(key) or next((one for one in members.values() if one.email == key), None)


_LINES: Final = re.compile(r"^(METHOD|UID|SEQUENCE|DTSTAMP)[^:]*:(\S*)", re.MULTILINE)
_ATTENDEE: Final = re.compile(r"^ATTENDEE.*:mailto:(\S+)", re.MULTILINE)
_START: Final = re.compile(r"^DTSTART(?:;TZID=([^:]+))?:(\w+)", re.MULTILINE)


def copy_of(consumer: str, notice: Notice) -> Copy:
    """What must be the same in every copy of a notice."""
    invite: tuple[str, ...] = ()
    if notice.invite is not None:
        head, _, body = notice.invite.data.decode().replace("\r\n ", "").partition("BEGIN:VEVENT")
        said = {**dict(_LINES.findall(head)), **dict(_LINES.findall(body))}
        invite = (*(said[name] for name in ("METHOD", "UID", "SEQUENCE", "DTSTAMP")), _begins(body), _attendee(body))
    person = notice.recipient.person
    fixed = (notice.id, notice.message_id, notice.date, notice.kind, person, notice.subject, invite)
    return Copy(consumer, *fixed, address=notice.recipient.email)


def _attendee(event: str) -> str:
    """The address that an invite names, percent-encoded as it may be."""
    (found,) = _ATTENDEE.findall(event)
    return str(found)


def _begins(event: str) -> str:
    """When an invite says that its session begins, in UTC: a machine with other zone rules may write it otherwise."""
    (found,) = _START.findall(event)
    zone, clock = found
    if not zone:
        return str(clock)
    return f"{instant(datetime.strptime(clock, '%Y%m%dT%H%M%S'), zone):%Y%m%dT%H%M%SZ}"  # noqa: DTZ007 - a wall clock


class Overseen:
    """A store as a desk uses it, with every claim and settlement written down.

    Args:
        real: the store.
        world: where to write it down.
    """

    def __init__(self, real: Storage, world: World) -> None:
        self._real = real
        self._world = world

    def __getattr__(self, name: str) -> object:
        found: object = getattr(self._real, name)
        return found

    def claim(
        self, consumers: Collection[str], *, worker: str, now: datetime, until: datetime, limit: int
    ) -> Sequence[Delivery]:
        """As the store does; remembers the tokens."""
        self._world.stirred = True
        claimed = self._real.claim(consumers, worker=worker, now=now, until=until, limit=limit)
        self._world.tokens.update((delivery.id, delivery.token) for delivery in claimed)
        return claimed

    def settle(self, settlements: Sequence[Settlement]) -> int:
        """As the store does; a settlement with an old token must change nothing, nor what is known of another one."""
        world = self._world
        fresh = [one for one in settlements if world.tokens.get(one.delivery_id) == one.token]
        world.doubtful.update((one.delivery_id, one.verdict) for one in fresh)
        took = self._real.settle(settlements)
        expect(took <= len(fresh), "S6 settling needs the claim's token")
        for one in fresh:
            del world.doubtful[one.delivery_id]
        world.ended.update((one.delivery_id, one.verdict) for one in fresh[:took])
        return took
