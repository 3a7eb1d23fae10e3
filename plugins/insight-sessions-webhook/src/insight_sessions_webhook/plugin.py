"""The plugin: each event goes to one endpoint, signed, in order, until it is taken."""

import logging
import re
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from insight_sessions import Event, Runtime, hookimpl
from insight_sessions_webhook.addresses import is_loopback
from insight_sessions_webhook.endpoint import Endpoint, WebhookSettings
from insight_sessions_webhook.errors import (
    EndpointDisabled,
    EndpointGone,
    EndpointResting,
    NotTaken,
    TooSlow,
    WebhookError,
)
from insight_sessions_webhook.payload import body_of, message_id
from insight_sessions_webhook.signing import signed
from insight_sessions_webhook.transport import Transport

GIVEN_UP_AFTER: Final = timedelta(days=3)
"""After how long without anything taken an endpoint is disabled."""

REST: Final = timedelta(seconds=30)
"""How long an endpoint that was too slow is left alone, so that others need not wait for it again and again."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)
_ABOUT: Final = {
    "Content-Type": "application/json",
    "User-Agent": "insight-sessions-webhook",
    "Accept-Encoding": "identity",
    "Connection": "close",
}
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Status:
    """How an endpoint does, as this process knows it.

    Args:
        taken: when something was last taken.
        failing_since: since when nothing was; None when all is well.
        problem: the kind of the last failure since then.
        disabled: why nothing is sent any more: ``gone`` or ``failing``; None while it is.
    """

    taken: datetime | None = None
    failing_since: datetime | None = None
    problem: str | None = None
    disabled: str | None = None


class Webhook:
    """Sends each event to one endpoint.

    Give each endpoint a webhook of its own: none waits for another.

    Args:
        name: of the endpoint, for good: events wait for it under ``event/webhook-`` and this name.
        endpoint: where to.
        runtime: the time.
        transport: how; by default to public addresses, or to those of this machine for a loopback endpoint.
        given_up_after: how long it may take nothing until it is disabled.

    Raises:
        ValueError: the name has other letters than a to z, digits, ``-`` and ``_``, or too many.
    """

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        *,
        runtime: Runtime | None = None,
        transport: Transport | None = None,
        given_up_after: timedelta = GIVEN_UP_AFTER,
    ) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError("the name of an endpoint is 1 to 40 of a to z, digits, - and _")
        self.name: Final = f"webhook-{name}"
        self._endpoint = endpoint
        self._runtime = runtime or Runtime()
        self._transport = transport or (Transport(allows=is_loopback) if endpoint.loopback else Transport())
        self._given_up_after = given_up_after
        self._lock = threading.Lock()
        self._status = Status()
        self._rests_until: datetime | None = None

    @property
    def status(self) -> Status:
        """How the endpoint does, as this process knows it."""
        return self._status

    def enable(self) -> None:
        """Send to it again, after it was disabled; `insight_sessions.Desk.requeue` brings back what it missed."""
        with self._lock:
            self._status = Status(taken=self._status.taken)
            self._rests_until = None

    @hookimpl
    def insight_sessions_on_event(self, event: Event) -> None:
        """Send one event; gives back when it was taken.

        Raises:
            WebhookError: it was not taken.
        """
        if self._endpoint.events and event.kind not in self._endpoint.events:
            return
        self._refuse_idle()
        body = body_of(event)
        with self._watched(message_id(event)) as name:
            now = self._runtime.utc_now()
            self._send({**_ABOUT, **signed(self._endpoint.keys, name, now, body)}, body)

    def _send(self, headers: Mapping[str, str], body: bytes) -> None:
        status = self._transport.post(self._endpoint.parts, headers, body)
        if status == 410:
            raise EndpointGone("the endpoint answered 410")
        if not 200 <= status < 300:
            raise NotTaken(status)

    def _refuse_idle(self) -> None:
        """Leave alone what is disabled, and what rests."""
        if self._status.disabled is not None:
            raise EndpointDisabled("the endpoint is disabled")
        until = self._rests_until
        # A clock that was set back must not make it rest for long.
        if until is not None and timedelta(0) < until - self._runtime.utc_now() <= REST:
            raise EndpointResting("the endpoint was too slow a moment ago")

    @contextmanager
    def _watched(self, name: str) -> Generator[str]:
        """Keep account of what comes of a message."""
        try:
            yield name
        except WebhookError as error:
            _log.warning("%s did not take %s: %s", self.name, name, error)
            self._failed(error)
            raise
        with self._lock:
            if self._status.disabled is None:
                self._status = Status(taken=self._runtime.utc_now())
                self._rests_until = None

    def _failed(self, error: WebhookError) -> None:
        now = self._runtime.utc_now()
        with self._lock:
            known = self._status
            since = known.failing_since or now
            why = known.disabled
            if isinstance(error, EndpointGone):
                why = "gone"
            elif why is None and now - since >= self._given_up_after:
                why = "failing"
            self._status = replace(known, failing_since=since, problem=type(error).__name__, disabled=why)
            if isinstance(error, TooSlow):
                self._rests_until = now + REST
        if why != known.disabled:
            _log.error("%s is disabled: %s; nothing is sent to it until it is enabled again", self.name, why)


def webhooks_from_environment(runtime: Runtime | None = None) -> list[Webhook]:
    """A webhook for each endpoint that the environment names; none when it names none.

    Installing this distribution makes no consumer: hand these over to `insight_sessions.Desk.open`.

    Args:
        runtime: the time.

    Raises:
        pydantic.ValidationError: an endpoint is wrong, without saying what it is.
        ValueError: the name of one is none.
    """
    named = WebhookSettings().webhooks
    return [Webhook(name, endpoint, runtime=runtime) for name, endpoint in sorted(named.items())]
