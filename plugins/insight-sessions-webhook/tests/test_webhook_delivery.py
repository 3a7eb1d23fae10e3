"""Events of a real desk reach a real receiver over HTTPS: signed, in order, at least once, and each endpoint alone."""

import json
import logging
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import standardwebhooks
import trustme
from insight_sessions_webhook import Endpoint, Limits, Payload, Status, Transport, Webhook, body_of, new_secret, verify
from pydantic import SecretStr

from insight_sessions import (
    AnnounceProject,
    Contact,
    Desk,
    Event,
    EventKind,
    Member,
    OpenCall,
    Project,
    RegisterInterest,
    Runtime,
    Session,
)
from tests.webhook_receiver import Answering, Received, Receiver, answers, receiving

SECRET = new_secret(b"s" * 32)
HOST = "hooks.example.org"
SOON = Limits(connect=1.0, read=0.2, whole=0.3)
EVENTS_OF_A_PROJECT = 3


class Clock:
    """A clock that is put on by hand."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        """The present."""
        return self.now

    def wait(self, **time: float) -> None:
        """Some time goes by."""
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who vouches for our host."""
    return trustme.CA()


@pytest.fixture
def serve(authority: trustme.CA) -> Callable[[], ssl.SSLContext]:
    """Makes servers with a certificate for our host."""

    def make() -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(HOST).configure_cert(context)
        return context

    return make


@pytest.fixture
def receiver(serve: Callable[[], ssl.SSLContext]) -> Iterator[Receiver]:
    """A server that takes everything."""
    with receiving(serve()) as found:
        yield found


@pytest.fixture
def transport(authority: trustme.CA) -> Transport:
    """A way to what listens on loopback."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return Transport(
        allows="127.0.0.1".__eq__, resolve=lambda _host, _port: ["127.0.0.1"], context=context, limits=SOON
    )


def endpoint(receiver: Receiver, *kinds: EventKind, secret: str = SECRET) -> Endpoint:
    """Where a receiver is."""
    url = f"https://{HOST}:{receiver.port}/in?token=geheim"
    return Endpoint(url=url, secret=SecretStr(secret), events=frozenset(kinds))


def project(name: str) -> Project:
    """A project with one session."""
    return Project(
        id=name,
        title="Exploring backlogs",
        summary="What members see.",
        timezone="Europe/London",
        organiser=Contact(name="Insight team", email="insight@example.org"),
        sessions=(Session(id="mon", starts="2030-07-01T10:00", minutes=120, capacity=20),),
    )


def fill(desk: Desk, *names: str) -> None:
    """Make three events in each of some projects."""
    ada = Member(id="q-17", name="Ada Osei", email="ada@example.org")
    for name in names or ("backlogs",):
        desk.do(AnnounceProject(project=project(name)))
        desk.do(OpenCall(project_id=name))
        desk.do(RegisterInterest(project_id=name, member=ada, sessions=("mon",)))


def desk_of(*webhooks: Webhook, clock: Clock, url: str = "memory:") -> Desk:
    """A desk with these webhooks."""
    return Desk.open(url, plugins=webhooks, discover=False, runtime=Runtime(now=clock))


def numbers(requests: list[Received], name: str = "backlogs") -> list[int]:
    """The numbers of the events of one project, in the order they came."""
    data = [Payload.model_validate_json(one.body).data for one in requests]
    return [one.number for one in data if one.project_id == name]


def test_every_event_comes_signed_and_in_order(receiver: Receiver, transport: Transport, clock: Clock) -> None:
    """Which the package of the specification's authors says, and our own helper."""
    hook = Webhook("crm", endpoint(receiver), runtime=Runtime(now=clock), transport=transport)
    with desk_of(hook, clock=clock) as desk:
        fill(desk)
        assert desk.deliver().sent == EVENTS_OF_A_PROJECT
        history = desk.history("backlogs")
    theirs = standardwebhooks.Webhook(SECRET)
    for received, event in zip(receiver.requests, history, strict=True):
        assert theirs.verify(received.body, received.headers) == json.loads(body_of(event))
        assert verify(received.headers, received.body, SECRET, clock()) == received.headers["webhook-id"]
        assert received.headers["Content-Type"] == "application/json"
    assert len({one.headers["webhook-id"] for one in receiver.requests}) == EVENTS_OF_A_PROJECT
    assert hook.status == Status(taken=clock())


def test_no_message_names_anybody(receiver: Receiver, transport: Transport, clock: Clock) -> None:
    """Neither in its body nor in its headers."""
    with desk_of(Webhook("crm", endpoint(receiver), transport=transport), clock=clock) as desk:
        fill(desk)
        desk.deliver()
    sent = "".join(f"{one.headers} {one.body.decode()}" for one in receiver.requests)
    assert "registered" in sent
    for private in ("Ada", "Osei", "ada@example.org", "q-17", "Insight team"):
        assert private not in sent


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 413, 429, 500, 502, 503])
def test_what_is_not_taken_comes_again_as_it_was(
    receiver: Receiver, transport: Transport, clock: Clock, status: int
) -> None:
    """The same id and the same bytes, signed anew for the time of this attempt; what came after waits."""
    receiver.answer = answers(status, Location=f"https://127.0.0.1:{receiver.port}/")
    hook = Webhook("crm", endpoint(receiver), runtime=Runtime(now=clock), transport=transport)
    with desk_of(hook, clock=clock) as desk:
        fill(desk)
        for _ in range(3):
            assert desk.deliver().failed == 1
            clock.wait(minutes=5)
        assert hook.status.problem == "NotTaken"
        receiver.answer = answers(204)
        assert desk.deliver().sent == EVENTS_OF_A_PROJECT
    assert numbers(receiver.requests) == [1, 1, 1, 1, 2, 3]
    first, second, third, fourth = receiver.requests[:4]
    assert first.body == second.body == third.body == fourth.body
    assert len({one.headers["webhook-id"] for one in receiver.requests[:4]}) == 1
    times = [int(one.headers["webhook-timestamp"]) for one in receiver.requests[:4]]
    assert [times[0] + 300 * step for step in range(4)] == times
    assert len({one.headers["webhook-signature"] for one in receiver.requests[:4]}) == 4
    assert verify(fourth.headers, fourth.body, SECRET, clock())
    assert hook.status == Status(taken=clock())


def test_a_message_that_was_kept_is_known_by_its_id_and_its_time(
    receiver: Receiver, transport: Transport, clock: Clock
) -> None:
    """Replayed at once its id is known, later its time is over."""
    with desk_of(
        Webhook("crm", endpoint(receiver), runtime=Runtime(now=clock), transport=transport), clock=clock
    ) as desk:
        fill(desk)
        desk.deliver()
    kept = receiver.requests[0]
    known = {one.headers["webhook-id"] for one in receiver.requests}
    assert verify(kept.headers, kept.body, SECRET, clock()) in known
    with pytest.raises(ValueError, match="time"):
        verify(kept.headers, kept.body, SECRET, clock() + timedelta(minutes=6))


def test_keys_are_changed_without_a_message_lost(receiver: Receiver, transport: Transport, clock: Clock) -> None:
    """While both sign, the receiver may know either."""
    new = new_secret(b"n" * 32)
    with desk_of(
        Webhook("crm", endpoint(receiver, secret=f"{new} {SECRET}"), transport=transport), clock=clock
    ) as desk:
        fill(desk)
        desk.deliver()
    for one in receiver.requests:
        for known in (SECRET, new):
            standardwebhooks.Webhook(known).verify(one.body, one.headers)


def test_only_the_kinds_that_were_asked_for_are_sent(receiver: Receiver, transport: Transport, clock: Clock) -> None:
    """The others are done with."""
    hook = Webhook("crm", endpoint(receiver, EventKind.REGISTERED), transport=transport)
    with desk_of(hook, clock=clock) as desk:
        fill(desk)
        assert desk.deliver().sent == EVENTS_OF_A_PROJECT
        assert desk.health().behind == {"event/webhook-crm": 0}
    assert numbers(receiver.requests) == [3]


# Endpoints that are ill


def test_an_endpoint_that_is_gone_is_disabled_and_reported(
    receiver: Receiver, transport: Transport, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing more is sent to it, and nothing is lost: an organiser sees what waits, and brings it back."""
    receiver.answer = answers(410)
    hook = Webhook("crm", endpoint(receiver), runtime=Runtime(now=clock), transport=transport)
    with desk_of(hook, clock=clock) as desk:
        fill(desk)
        caplog.set_level(logging.ERROR)
        for _ in range(40):
            desk.deliver()
            clock.wait(hours=7)
        assert hook.status.disabled == "gone"
        assert [record.getMessage() for record in caplog.records] == [
            "webhook-crm is disabled: gone; nothing is sent to it until it is enabled again"
        ]
        assert len(receiver.requests) == 1
        dead = desk.dead_letters()
        assert [one.consumer for one in dead] == ["event/webhook-crm"] * EVENTS_OF_A_PROJECT
        assert {one.reason for one in dead} <= {"EndpointGone", "EndpointDisabled"}
        receiver.answer = answers(204)
        hook.enable()
        for one in dead:
            desk.requeue(one.id)
        assert desk.deliver().sent == EVENTS_OF_A_PROJECT
        assert desk.dead_letters() == []


def test_an_endpoint_that_takes_nothing_for_days_is_disabled(
    receiver: Receiver, transport: Transport, clock: Clock
) -> None:
    """Three of them, unless said otherwise; not one that took something in between."""
    receiver.answer = answers(503)
    hook = Webhook("crm", endpoint(receiver), runtime=Runtime(now=clock), transport=transport)
    event = Event(kind=EventKind.CALL_OPENED, number=1, project_id="backlogs", at=clock())

    def attempt() -> None:
        with pytest.raises(Exception, match=r"answered 503|disabled"):
            hook.insight_sessions_on_event(event)

    attempt()
    clock.wait(days=2.9)
    attempt()
    receiver.answer = answers(200)
    hook.insight_sessions_on_event(event)
    receiver.answer = answers(503)
    attempt()
    clock.wait(days=2.9)
    attempt()
    known = hook.status
    assert known.disabled is None
    assert known.failing_since == clock() - timedelta(days=2.9)
    clock.wait(days=0.1)
    attempt()
    ended = hook.status
    assert (ended.disabled, ended.problem) == ("failing", "NotTaken")
    sent = len(receiver.requests)
    attempt()
    assert len(receiver.requests) == sent


def test_what_was_under_way_does_not_enable_what_is_gone(
    receiver: Receiver, transport: Transport, clock: Clock
) -> None:
    """Two workers, and the slower one has good news from before."""
    hook = Webhook("crm", endpoint(receiver), runtime=Runtime(now=clock), transport=transport)
    event = Event(kind=EventKind.CALL_OPENED, number=1, project_id="backlogs", at=clock())

    def meanwhile(handler: Answering) -> None:
        receiver.answer = answers(410)
        with pytest.raises(Exception, match="410"):
            hook.insight_sessions_on_event(event)
        handler.say(204)

    receiver.answer = meanwhile
    hook.insight_sessions_on_event(event)
    assert hook.status.disabled == "gone"


def test_an_endpoint_does_not_stop_another(
    receiver: Receiver, transport: Transport, clock: Clock, serve: Callable[[], ssl.SSLContext]
) -> None:
    """Not one that fails, and not one that is slow: it is asked once, then left alone for a while."""

    def silent(handler: Answering) -> None:
        handler.receiver.over.wait(10)

    with receiving(serve(), answer=answers(500)) as ill, receiving(serve(), answer=silent) as slow:
        hooks = [
            Webhook(name, endpoint(where), runtime=Runtime(now=clock), transport=transport)
            for name, where in (("a", ill), ("b", slow), ("c", receiver))
        ]
        with desk_of(*hooks, clock=clock) as desk:
            names = [f"p-{number}" for number in range(4)]
            fill(desk, *names)
            desk.deliver()
            assert len(slow.requests) == 1
            for name in names:
                assert numbers(receiver.requests, name) == [1, 2, 3]
            assert desk.health().behind["event/webhook-c"] == 0
            clock.wait(seconds=31)
            with pytest.raises(Exception, match="too long"):
                hooks[1].insight_sessions_on_event(desk.history("p-0")[0])
            assert len(slow.requests) == 2


def test_a_clock_that_was_set_back_makes_nothing_rest_for_long(
    receiver: Receiver, transport: Transport, clock: Clock
) -> None:
    """A rest that would begin later is none."""

    def silent(handler: Answering) -> None:
        handler.receiver.over.wait(0.5)

    receiver.answer = silent
    hook = Webhook("crm", endpoint(receiver), runtime=Runtime(now=clock), transport=transport)
    event = Event(kind=EventKind.CALL_OPENED, number=1, project_id="backlogs", at=clock())
    with pytest.raises(Exception, match="too long"):
        hook.insight_sessions_on_event(event)
    with pytest.raises(Exception, match="too slow a moment ago"):
        hook.insight_sessions_on_event(event)
    clock.wait(days=-30)
    receiver.answer = answers(204)
    hook.insight_sessions_on_event(event)
    assert hook.status.failing_since is None


def test_nothing_private_reaches_the_log_or_an_error(
    receiver: Receiver, transport: Transport, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the secret, nor what is behind the host, nor what the endpoint answered."""
    caplog.set_level(logging.DEBUG)
    receiver.answer = answers(500, b"geheim", Geheim="geheim")
    with desk_of(Webhook("crm", endpoint(receiver), transport=transport), clock=clock) as desk:
        fill(desk)
        assert desk.deliver().failed == 1
    assert "webhook-crm did not take backlogs-1-" in caplog.text
    for private in ("geheim", HOST, SECRET, SECRET[6:], "Ada", "q-17"):
        assert private not in caplog.text


# Workers


def test_two_workers_keep_the_order_of_each_project(
    receiver: Receiver, transport: Transport, clock: Clock, tmp_path: Path
) -> None:
    """And of a receiver that fails now and then."""
    names = [f"p-{number}" for number in range(6)]
    url = f"sqlite:///{tmp_path}/desk.db"
    turn = iter(range(10_000))
    receiver.answer = lambda handler: handler.say(503 if next(turn) % 5 == 2 else 204)
    with desk_of(Webhook("crm", endpoint(receiver), transport=transport), clock=clock, url=url) as desk:
        fill(desk, *names)

    def work() -> None:
        with desk_of(Webhook("crm", endpoint(receiver), transport=transport), clock=clock, url=url) as desk:
            desk.deliver()

    for _ in range(20):
        workers = [threading.Thread(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        clock.wait(minutes=10)
    for name in names:
        came = numbers(receiver.requests, name)
        assert list(dict.fromkeys(came)) == [1, 2, 3]
        assert came == sorted(came)


KILLED = """
import os, ssl, sys
from datetime import datetime, UTC
from insight_sessions import Desk, hookimpl
from insight_sessions_webhook import Endpoint, Transport, Webhook
from pydantic import SecretStr

url, port, secret, authority = sys.argv[1:]
transport = Transport(
    allows="127.0.0.1".__eq__,
    resolve=lambda host, port: ["127.0.0.1"],
    context=ssl.create_default_context(cafile=authority),
)

class Dying(Webhook):
    @hookimpl
    def insight_sessions_on_event(self, event):
        super().insight_sessions_on_event(event)
        os._exit(9)

endpoint = Endpoint(url=f"https://hooks.example.org:{port}/in", secret=SecretStr(secret))
with Desk.open(url, plugins=[Dying("crm", endpoint, transport=transport)], discover=False) as desk:
    desk.deliver()
"""


def test_who_is_killed_between_the_answer_and_the_note_of_it_sends_it_again(
    receiver: Receiver, transport: Transport, authority: trustme.CA, clock: Clock, tmp_path: Path
) -> None:
    """At least once, and the receiver knows the copy by its id."""
    url, trusted = f"sqlite:///{tmp_path}/desk.db", tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(trusted)
    with desk_of(Webhook("crm", endpoint(receiver), transport=transport), clock=clock, url=url) as desk:
        fill(desk)
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, url, str(receiver.port), SECRET, str(trusted)], check=False
        )
        assert killed.returncode == 9
        assert numbers(receiver.requests) == [1]
        assert desk.deliver().total == 0
        clock.wait(minutes=11)
        assert desk.deliver().sent == EVENTS_OF_A_PROJECT
    assert numbers(receiver.requests) == [1, 1, 2, 3]
    first, again = receiver.requests[:2]
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    assert first.body == again.body


def test_a_loopback_endpoint_is_sent_to_on_this_machine_alone(clock: Clock) -> None:
    """Whatever its host stands for."""
    with receiving() as here:
        local = Endpoint(url=f"http://127.0.0.1:{here.port}/", secret=SecretStr(SECRET), loopback=True)
        away = Endpoint(url="http://8.8.8.8/", secret=SecretStr(SECRET), loopback=True)
        outside = Endpoint(url=f"https://127.0.0.1:{here.port}/", secret=SecretStr(SECRET))
        event = Event(kind=EventKind.CALL_OPENED, number=1, project_id="backlogs", at=clock())
        Webhook("local", local).insight_sessions_on_event(event)
        for wrong in (away, outside):
            with pytest.raises(Exception, match="to which nothing is sent"):
                Webhook("wrong", wrong).insight_sessions_on_event(event)
        assert here.connections == 1
