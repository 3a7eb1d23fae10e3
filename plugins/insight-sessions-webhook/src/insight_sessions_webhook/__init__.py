"""The events of insight-sessions as signed webhooks."""

from insight_sessions_webhook.addresses import Policy, Resolver, is_loopback, is_public
from insight_sessions_webhook.endpoint import Endpoint, WebhookSettings
from insight_sessions_webhook.errors import (
    AddressNotAllowed,
    AnswerBroken,
    CertificateRefused,
    EndpointDisabled,
    EndpointGone,
    EndpointResting,
    HostUnknown,
    NotAuthentic,
    NotConnected,
    NotTaken,
    TooSlow,
    WebhookError,
)
from insight_sessions_webhook.payload import Data, Payload, body_of, message_id, payload_of, schema
from insight_sessions_webhook.plugin import Status, Webhook, webhooks_from_environment
from insight_sessions_webhook.signing import new_secret, signed, verify
from insight_sessions_webhook.transport import Limits, Transport

__all__ = [
    "AddressNotAllowed",
    "AnswerBroken",
    "CertificateRefused",
    "Data",
    "Endpoint",
    "EndpointDisabled",
    "EndpointGone",
    "EndpointResting",
    "HostUnknown",
    "Limits",
    "NotAuthentic",
    "NotConnected",
    "NotTaken",
    "Payload",
    "Policy",
    "Resolver",
    "Status",
    "TooSlow",
    "Transport",
    "Webhook",
    "WebhookError",
    "WebhookSettings",
    "body_of",
    "is_loopback",
    "is_public",
    "message_id",
    "new_secret",
    "payload_of",
    "schema",
    "signed",
    "verify",
    "webhooks_from_environment",
]
