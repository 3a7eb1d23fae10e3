"""What can go wrong on the way to an endpoint, and what is wrong with a message that came.

The name of each class is the reason that `insight_sessions.Desk.dead_letters` shows. No message holds an address
that somebody wrote, a secret, or what an endpoint answered.
"""

from insight_sessions import InsightSessionsError


class WebhookError(InsightSessionsError):
    """An event was not taken; it is tried again later."""


class AddressNotAllowed(WebhookError):
    """The host has an address where nothing is sent to, such as one of a private network."""


class HostUnknown(WebhookError):
    """The host has no address."""


class NotConnected(WebhookError):
    """Nobody listens there, or the connection broke before there was an answer."""


class CertificateRefused(WebhookError):
    """There is no safe connection: the certificate is not trusted, too old, or for another host."""


class TooSlow(WebhookError):
    """It took too long."""


class AnswerBroken(WebhookError):
    """What came back is no answer in HTTP, or too long a one."""


class NotTaken(WebhookError):
    """The endpoint answered, and did not take it.

    Args:
        status: what it answered, such as 503; a redirect is not followed and counts as such an answer.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"the endpoint answered {status}")
        self.status = status
        self.args = (status,)

    def __str__(self) -> str:
        return f"the endpoint answered {self.status}"


class EndpointResting(WebhookError):
    """The endpoint was too slow a moment ago, and is left alone for a while."""


class EndpointGone(WebhookError):
    """The endpoint answered 410: it wants nothing any more, and is disabled."""


class EndpointDisabled(WebhookError):
    """The endpoint took nothing for days, or is gone; nothing is sent until it is enabled again."""


class NotAuthentic(InsightSessionsError, ValueError):
    """A message that came is not from whom it should be, was changed, or is too old.

    Args:
        reason: a stable code: ``headers``, ``time`` or ``signature``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
